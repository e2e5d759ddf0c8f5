"""How the command line shows small values, and exports files under their own names."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

FLOW = """
from collections.abc import Sequence
from pathlib import Path

import headrace as hr


@hr.step
def double(x: int) -> int:
    return 2 * x


@hr.step
def write(x: int) -> Path:
    path = Path("made") / "report.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text("all well")
    return path


@hr.step
def folder(x: int) -> Path:
    path = Path("site")
    (path / "css").mkdir(parents=True, exist_ok=True)
    (path / "index.html").write_text("<p>")
    (path / "css" / "main.css").write_text("p {}")
    if not (path / "home.html").exists():
        (path / "home.html").symlink_to("index.html")
    return path


@hr.pipeline
def mapped(xs: Sequence[int] = (1, 2, 3)) -> list[int]:
    return double.map(hr.each(xs))


@hr.pipeline
def composed() -> dict[str, int]:
    return {"a": double(1), "b": double(2)}


@hr.step
def raw() -> bytes:
    return b"qqq\\xff"


@hr.pipeline
def pair() -> tuple[int, list[int], bytes]:
    return double(1), double.map(hr.each([1])), raw()


@hr.pipeline
def files() -> Path:
    folder(1)
    return write(1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "values"\nversion = "0"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    return Project(tmp_path)


def test_a_short_list_that_a_map_gives_is_printed_item_by_item(project: Project):
    assert "output: [2, 4, 6]" in project.ok("run", "flow.py:mapped").out


def test_a_long_list_is_told_by_its_length(project: Project):
    many = ",".join(str(number) for number in range(300))
    assert "output: list of 300" in project.ok("run", "flow.py:mapped", "-p", f"xs={many}").out


def test_containers_that_a_pipeline_composes_are_shown_as_data(project: Project):
    assert "output: {'a': 2, 'b': 4}\n" in project.ok("run", "flow.py:composed").out
    assert project.ok("run", "flow.py:composed", "--json").data["output"] == {"a": 2, "b": 4}
    assert "output: (2, [2], b'qqq\\xff')\n" in project.ok("run", "flow.py:pair").out
    assert project.ok("run", "flow.py:pair", "--json").data["output"] == [2, [2], "b'qqq\\xff'"]
    assert "b'qqq\\xff'" in project.ok("artifacts").out


def test_stored_files_and_folders_are_listed_and_exported_under_their_own_names(project: Project, tmp_path: Path):
    assert "output: report.txt, 8 bytes" in project.ok("run", "flow.py:files").out
    listed = {(one["step"], one["name"]): one["value"] for one in project.ok("artifacts", "--json").data}
    assert listed == {("write", ""): "report.txt, 8 bytes", ("folder", ""): "site, 7 bytes"}
    out = tmp_path / "out"
    project.ok("artifacts", "last", "--export", str(out))
    assert (out / "write" / "output" / "report.txt").read_text() == "all well"
    assert (out / "folder" / "output" / "site" / "css" / "main.css").read_text() == "p {}"
    assert (out / "folder" / "output" / "site" / "home.html").read_text() == "<p>"
