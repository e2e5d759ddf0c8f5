"""Formats of installed plug-ins are found by their entry points."""

import sys
from pathlib import Path

import pytest

from headrace.artifacts.errors import ArtifactUnreadableError
from headrace.artifacts.plugins import entry_points
from headrace.artifacts.store import LocalArtifactStore

PLUG_IN = """
from headrace.artifacts.formats import Draft


class Tally:
    def __init__(self, count):
        self.count = count


class TallyFormat:
    name, is_canonical = "tally", True

    def __init__(self, settings):
        pass

    def draft(self, value):
        if isinstance(value, Tally):
            return Draft("tally", lambda sink: sink.write(b"|" * value.count), length=value.count)

    def read(self, source, value):
        return Tally(len(source.read()))
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    info = tmp_path / "tally-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(
        "[console_scripts]\ntally = tally_format:main\n\n"
        "[headrace.artifact_formats]\n# ours\ntally = tally_format:TallyFormat\n"
    )
    (tmp_path / "tally_format.py").write_text(PLUG_IN)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("tally_format", None)


def test_an_installed_format_writes_and_reads_its_values(site, tmp_path):
    from tally_format import Tally

    store = LocalArtifactStore(tmp_path / "objects")
    value = store.put([Tally(5)])
    assert value.members[0][1].format == "tally"
    assert store.get(value)[0].count == 5


def test_an_object_of_a_format_that_is_gone_is_told_as_such(site, tmp_path):
    from tally_format import Tally

    value = LocalArtifactStore(tmp_path / "objects").put(Tally(5))
    with pytest.raises(
        ArtifactUnreadableError, match="'tally' cannot be read here: no format of that name is installed"
    ):
        LocalArtifactStore(tmp_path / "objects", plug_ins=dict).get(value)


def test_only_the_group_s_own_entries_count_and_the_first_on_the_path_wins(site, tmp_path):
    other = tmp_path / "later" / "tally-0.9.dist-info"
    other.mkdir(parents=True)
    (other / "entry_points.txt").write_text("[headrace.artifact_formats]\ntally = old:Old\nmore = old:More [extra]\n")
    folders = [str(site), str(site / "later"), str(site / "nothing")]
    assert entry_points("headrace.artifact_formats", folders) == {
        "tally": "tally_format:TallyFormat",
        "more": "old:More",
    }
    assert entry_points("headrace.executors", folders) == {}


def test_a_folder_on_the_path_that_is_no_folder_is_passed_over():
    assert entry_points("headrace.artifact_formats", [str(Path(__file__))]) == {}
