"""What this process has imported beside the files that a plan was made from: which files are compared."""

import importlib
import importlib.abc
import importlib.util
import os
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from headrace.app.projects.fresh_look import FreshLook
from headrace.app.projects.settings import read_settings
from headrace.code.errors import EditedAfterImportError
from headrace.code.reader import StaticCodeReader
from headrace.code.staleness import LiveSources, process_start
from headrace.core.symbols import Symbol

SOURCE = "LIMIT = 1\n\n\ndef limit(x: int = 0) -> int:\n    return LIMIT + x\n"


class Memo:
    """Keeps everything."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def recall(self, key: str) -> str | None:
        return self.kept.get(key)

    def keep(self, key: str, text: str) -> None:
        self.kept[key] = text


class Place:
    """A project with one module, and what a plan asks about it."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, name
        self.file = root / f"{name}.py"
        self.memo = Memo()

    def check(self) -> None:
        code = StaticCodeReader(self.root, self.memo).code_of(Symbol(self.name, "limit", str(self.file)))
        LiveSources(self.root, self.memo, FreshLook(read_settings(self.root))).check([code])

    def load(self) -> ModuleType:
        importlib.invalidate_caches()
        return importlib.import_module(self.name)

    def write(self, text: str, *, changed_at: float | None = None) -> None:
        self.file.write_text(text)
        if changed_at is not None:
            os.utime(self.file, (changed_at, changed_at))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Place]:
    # each test has a module of its own, because a process remembers what it has found
    name = "live_" + "".join(letter for letter in request.node.name if letter.isalnum())
    made = Place(tmp_path, name)
    made.write(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield made
    sys.modules.pop(name, None)


def test_an_edit_before_the_first_plan_is_refused(place: Place):
    place.load()
    place.write(SOURCE.replace("= 1", "= 22"))
    with pytest.raises(EditedAfterImportError, match=f"`LIMIT` in {place.name}.py was edited after this process"):
        place.check()


def test_an_edit_whose_time_was_set_back_is_refused(place: Place):
    place.load()
    place.write(SOURCE.replace("LIMIT + x", "LIMIT - x"), changed_at=process_start() - 3600)
    with pytest.raises(EditedAfterImportError, match="`limit`"):
        place.check()


def test_an_edit_between_two_plans_is_refused_whatever_its_time_until_the_module_is_reloaded(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # Python would take it for that of the edited file
    module = place.load()
    place.check()
    stat = place.file.stat()
    place.write(SOURCE.replace("= 1", "= 2"), changed_at=stat.st_mtime)
    for _ in range(2):
        with pytest.raises(EditedAfterImportError, match="`LIMIT`"):
            place.check()
    importlib.reload(module)
    place.check()


def test_an_edit_that_is_taken_back_is_none(place: Place):
    place.load()
    place.check()
    place.write(SOURCE.replace("= 1", "= 22"))
    with pytest.raises(EditedAfterImportError):
        place.check()
    place.write(SOURCE)
    place.check()


def test_a_reload_of_an_edit_that_is_taken_back_is_refused(place: Place):
    module = place.load()
    place.check()
    place.write(SOURCE.replace("= 1", "= 22"))
    importlib.reload(module)
    place.write(SOURCE)
    with pytest.raises(EditedAfterImportError):
        place.check()


def test_a_file_that_changed_before_it_was_imported_is_as_planned(place: Place):
    place.write(SOURCE.replace("= 1", "= 22"))
    assert place.file.stat().st_mtime > process_start()
    place.load()
    place.check()


def test_what_is_not_imported_may_be_edited(place: Place):
    place.check()
    place.write(SOURCE.replace("= 1", "= 22"))
    place.check()


def test_a_project_behind_a_link_is_compared(place: Place, monkeypatch: pytest.MonkeyPatch):
    link = place.root.parent / "link"
    link.symlink_to(place.root)
    monkeypatch.syspath_prepend(str(link))
    assert str(place.load().__file__).startswith(str(link))
    place.write(SOURCE.replace("= 1", "= 22"))
    with pytest.raises(EditedAfterImportError):
        place.check()


class Rewriting(SourceFileLoader):
    """Puts code of its own into what it loads, as pytest does with assertions."""

    def source_to_code(self, data, path, *, _optimize=-1):  # type: ignore[no-untyped-def]
        return compile(bytes(data).replace(b"return LIMIT", b"return 0 + LIMIT"), path, "exec", dont_inherit=True)


def test_what_an_import_hook_has_rewritten_is_judged_by_contents_only(place: Place):
    spec = importlib.util.spec_from_loader(place.name, Rewriting(place.name, str(place.file)))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[place.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    place.check()
    place.write(SOURCE.replace("LIMIT + x", "LIMIT - x"))
    with pytest.raises(EditedAfterImportError, match="`limit`"):
        place.check()


def test_a_lazy_module_is_not_woken(place: Place, tmp_path: Path):
    (tmp_path / "lazy_and_asleep.py").write_text("raise RuntimeError('woken')\n")
    spec = importlib.util.find_spec("lazy_and_asleep")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    sys.modules["lazy_and_asleep"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        place.load()
        place.check()
    finally:
        del sys.modules["lazy_and_asleep"]
