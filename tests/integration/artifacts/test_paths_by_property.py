"""Whatever files and folders a step gives away: names, contents and links come back, and equal trees have one digest."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.artifacts.store import LocalArtifactStore

NAMES = st.text("abAé漢 .-_'\"\\\n", min_size=1, max_size=12).filter(lambda name: name.strip(". ") != "")
CONTENTS = st.binary(max_size=200)
TREES = st.recursive(CONTENTS, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=8).filter(
    lambda tree: isinstance(tree, dict)
)


def lay(tree: object, place: Path) -> None:
    if isinstance(tree, bytes):
        place.write_bytes(tree)
        return
    assert isinstance(tree, dict)
    place.mkdir()
    for name, inner in tree.items():
        lay(inner, place / name)


def seen(place: Path) -> object:
    if place.is_dir():
        return {path.name: seen(path) for path in place.iterdir()}
    return place.read_bytes()


@settings(max_examples=40)
@given(TREES)
def test_a_folder_comes_back_as_it_was(tree: dict[str, object]):
    with tempfile.TemporaryDirectory() as folder:
        given_away = Path(folder) / "given"
        lay(tree, given_away)
        store = LocalArtifactStore(Path(folder) / "objects")
        value = store.put(given_away)
        shutil.rmtree(given_away)
        assert seen(store.get(value)) == tree
        lay(dict(reversed(tree.items())), given_away)
        assert store.put(given_away).digest == value.digest


@settings(max_examples=40)
@given(NAMES, CONTENTS)
def test_a_file_comes_back_under_its_name(name: str, content: bytes):
    with tempfile.TemporaryDirectory() as folder:
        given_away = Path(folder) / name
        given_away.write_bytes(content)
        store = LocalArtifactStore(Path(folder) / "the objects")
        back = store.get(store.put(given_away))
        assert (back.name, back.read_bytes()) == (name, content)
