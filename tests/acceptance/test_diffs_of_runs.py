"""`diff` holds two runs against each other and says what has changed and which results that invalidates."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

FLOW = """
from pathlib import Path

import headrace as hr

LIMIT = 3


@hr.step
def scaled(factor: int) -> int:
    return factor * 2 + LIMIT


@hr.step
def counted() -> int:
    return len(Path("words.txt").read_text().split())


@hr.step
def squared(x: int) -> int:
    return x * x


@hr.step
def summed(left: int, right: int) -> int:
    hr.log_metric("sum", left + right)
    return left + right


@hr.pipeline
def working(factor: int = 1, label: str = "plain") -> int:
    squared.map(hr.each([1, 2, 3]))
    return summed(scaled(factor), counted())
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "words.txt").write_text("one two three\n")
    made = Project(tmp_path)
    made.ok("run", "flow:working", "-q", "--name", "first")
    return made


def second(project: Project, *parameters: str) -> str:
    project.ok("run", "flow:working", "-q", "--name", "second", *parameters)
    return project.ok("diff", "first", "second").out


def test_runs_of_the_same_do_not_differ(project: Project):
    told = second(project)
    assert "Nothing invalidates a result: all 4 steps" in told
    data = project.ok("diff", "first", "second", "--json").data
    assert [name for name, found in data.items() if isinstance(found, list) and found] == []


def test_the_lines_that_changed_are_shown_as_a_patch_with_the_steps_that_reach_them(project: Project):
    project.edit("flow.py", "factor * 2", "factor * 5")
    project.edit("flow.py", "LIMIT = 3", "LIMIT = 4")
    told = second(project)
    assert "    @@ -10,2 +10,2 @@\n     def scaled" in told
    assert "    -    return factor * 2 + LIMIT\n    +    return factor * 5 + LIMIT\n" in told
    assert "    -LIMIT = 3\n    +LIMIT = 4\n" in told
    assert "(scaled)" in told
    assert "▲ summed: input 'left': the output of scaled differs" in told
    assert "2 of the 4 steps" in told
    code = project.ok("diff", "first", "second", "--json").data["code"]
    assert [(one["symbol"], one["steps"]) for one in code] == [("flow:scaled", ["scaled"]), ("flow:LIMIT", ["scaled"])]


def test_moved_lines_and_comments_are_no_difference(project: Project):
    project.edit("flow.py", "LIMIT = 3", "# how far\n\n\nLIMIT = 3  # a limit")
    assert "Nothing invalidates a result" in second(project)


def test_an_edit_of_a_map_is_shown_and_invalidates_it(project: Project):
    project.edit("flow.py", "x * x", "x * x * x")
    told = second(project)
    assert "+    return x * x * x" in told
    assert "▲ squared: changed: `squared`" in told


def test_parameters_files_metrics_and_options_stand_side_by_side(project: Project):
    (project.folder / "words.txt").write_text("one two\n")
    project.edit("flow.py", "@hr.step\ndef counted", "@hr.step(retries=2)\ndef counted")
    told = second(project, "-p", "factor=10", "-p", "label=\x1b[31mred")
    assert "factor: 1 → 10" in told
    assert r"label: plain → \x1b[31mred" in told
    assert "counted.retry: default → times=2" in told
    assert "sum: 8 → 25  (+17)" in told
    assert "words.txt: " in told
    assert "(8 B)  (counted)" in told
    assert "▲ counted: changed: the content of `words.txt`" in told
    file = project.ok("diff", "first", "second", "--json").data["inputs"][0]
    assert (file["path"], file["before_bytes"], file["after_bytes"]) == ("words.txt", None, 8)
    assert len(file["before"]) == len(file["after"]) == 64


def test_steps_that_came_went_and_are_wired_otherwise_are_told(project: Project):
    project.edit("flow.py", "summed(scaled(factor), counted())", "summed(squared(factor), scaled(factor))")
    told = second(project)
    assert "- counted" in told
    assert "+ squared-2(x=parameter factor)" in told
    assert "~ summed.left: scaled → squared-2" in told


def test_without_the_older_text_the_place_is_told(project: Project):
    project.edit("flow.py", "factor * 2", "factor * 5")
    second(project)
    with closing(sqlite3.connect(project.folder / ".headrace" / "headrace.db")) as database, database:
        assert database.execute("DELETE FROM documents WHERE content LIKE 'def scaled%'").rowcount == 2
    told = project.ok("diff", "first", "second").out
    assert "~ `scaled` in `flow.py`, lines 10\u201311  (scaled)" in told
    assert "@@" not in told


def test_a_text_is_kept_although_the_run_was_planned_before(project: Project):
    project.edit("flow.py", "factor * 2", "factor * 5")
    project.ok("plan", "flow:working")
    assert "+    return factor * 5 + LIMIT" in second(project)


def test_the_same_is_had_from_python(project: Project):
    second(project, "-p", "factor=2")
    script = (
        "import headrace as hr\n"
        "found = hr.get_run('first').diff('second')\n"
        "print(found.parameters[0].after, [one.step for one in found.invalidated], found == "
        "hr.get_run('first').diff(hr.get_run('second')))\n"
    )
    assert project.python(script).out.strip() == "2 ['scaled', 'summed'] True"
