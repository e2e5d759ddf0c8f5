"""`why`, `plan` and `show` compare a step with the nearest earlier run that has a value of it, and name what changed."""

import re
from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

FLOW = """
from pathlib import Path

import headrace as hr


@hr.step
def scaled(factor: int) -> int:
    return factor * 2


@hr.step
def counted() -> int:
    return len(Path("words.txt").read_text().split())


@hr.step
def summed(path: Path, left: int, right: int) -> int:
    return len(path.read_text()) + left + right


@hr.pipeline
def working(factor: int = 1, path: Path = Path("data.txt")) -> int:
    return summed(path, scaled(factor), counted())


@hr.step
def lower(x: int) -> int:
    return x - 1


@hr.step
def higher(x: int) -> int:
    return x + 1


@hr.step
def both(left: int, right: int) -> int:
    return left * right


@hr.pipeline
def parting(factor: int = 1) -> int:
    x = scaled(factor)
    return both(lower(x), higher(x))


@hr.step
def noisy() -> int:
    return 1


@hr.pipeline
def loud() -> int:
    return noisy()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "work"\nversion = "0"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "words.txt").write_text("one two")
    (tmp_path / "data.txt").write_text("data")
    return Project(tmp_path)


def planned(project: Project, *arguments: str) -> dict[str, str]:
    return {one["step"]: one["reason"] for one in project.ok("plan", "flow:working", "--json", *arguments).data}


def shown(project: Project) -> dict[str, str]:
    return {one["step"]: one["why"] for one in project.ok("show", "--json").data["steps"]}


def last_run(project: Project) -> str:
    return project.ok("runs", "--json", "-n", "1").data[0]["id"][-8:]


def test_the_nearest_run_is_the_one_that_differs_in_the_fewest_parts_of_any_kind(project: Project):
    project.ok("run", "flow:working")
    first = last_run(project)
    project.edit("flow.py", "@hr.step\ndef scaled", '@hr.step(cache=hr.Cache(salt="2"))\ndef scaled')
    assert planned(project)["scaled"] == "the salt of its cache setting"
    project.ok("run", "flow:working")
    project.edit("flow.py", '@hr.step(cache=hr.Cache(salt="2"))\ndef scaled', "@hr.step\ndef scaled")
    assert planned(project)["scaled"] == "same code, inputs and environment"
    project.ok("run", "flow:working", "-p", "factor=2")
    told = project.ok("why", "last", "scaled", "--json").data
    assert told["changes"] == ["parameter 'factor': 1 → 2"]
    assert f"since run {first}" in project.ok("why", "last", "scaled").out


def test_a_cause_that_reaches_a_step_on_two_ways_is_told_once(project: Project):
    project.ok("run", "flow:parting")
    project.edit("flow.py", "return factor * 2", "return factor * 3")
    project.ok("run", "flow:parting")
    [cause] = project.ok("why", "last", "both", "--json").data["behind"]
    assert cause.startswith("scaled: changed: `scaled` in `flow.py`")


def test_a_first_run_has_no_cause_to_tell(project: Project):
    assert planned(project)["scaled"] == "first run of this step"
    project.ok("run", "flow:working")
    assert shown(project) == {"scaled": "", "counted": "", "summed": ""}
    told = project.ok("why", "last", "scaled").out
    assert "Computed: no earlier run of this pipeline has come to this step." in told


def test_after_trying_parameters_to_and_fro_an_edit_is_named_alone(project: Project):
    project.ok("run", "flow:working")
    first = last_run(project)
    project.ok("run", "flow:working", "-p", "factor=2")
    project.edit("flow.py", "return factor * 2", "return factor * 3")
    assert planned(project)["scaled"].startswith("changed: `scaled` in `flow.py`")
    project.ok("run", "flow:working")
    told = project.ok("why", "last", "scaled").out
    assert f"since run {first}, the nearest one that has a value of it:" in told
    assert "parameter" not in told


def test_why_climbs_to_the_step_whose_change_made_the_inputs_differ(project: Project):
    project.ok("run", "flow:working")
    project.edit("flow.py", "return factor * 2", "return factor * 3")
    (project.folder / "words.txt").write_text("one two three")
    project.ok("run", "flow:working")
    told = project.ok("why", "last", "summed", "--json").data
    assert told["changes"] == [
        "input 'left': the output of scaled differs",
        "input 'right': the output of counted differs",
    ]
    counted, scaled = told["behind"]
    assert scaled.startswith("scaled: changed: `scaled` in `flow.py`")
    assert counted == "counted: file `words.txt`, which it read, changed"
    assert scaled in project.ok("why", "last", "summed").out


def test_why_passes_over_runs_that_failed_and_names_them(project: Project):
    project.ok("run", "flow:working")
    good = last_run(project)
    project.edit("flow.py", "return factor * 2", "return factor / 0")
    assert project.headrace("run", "flow:working").status == 1
    bad = last_run(project)
    project.edit("flow.py", "return factor / 0", "return factor * 3")
    cause = "changed: `scaled` in `flow.py`, lines 8–9"  # noqa: RUF001 - a span of lines
    assert planned(project)["scaled"] == cause
    project.ok("run", "flow:working")
    assert shown(project)["scaled"] == cause
    told = project.ok("why", "last", "scaled").out
    since = f"Computed, because this has changed since run {good}, the last one that has a value of it (in run {bad} it failed):"
    assert since in told
    assert cause in told


def test_a_step_that_has_never_succeeded_is_compared_with_where_it_failed(project: Project):
    project.edit("flow.py", "return factor * 2", "return factor / 0")
    assert project.headrace("run", "flow:working").status == 1
    bad = last_run(project)
    assert project.headrace("run", "flow:working").status == 1
    same = project.ok("why", "last", "scaled").out
    assert f"Tried: there is no value of it yet. Nothing has changed since run {bad}, where it failed." in same
    project.edit("flow.py", "return factor / 0", "return factor * 3")
    assert planned(project)["scaled"].startswith("no value yet: it failed in run ")
    project.ok("run", "flow:working")
    told = project.ok("why", "last", "scaled").out
    assert re.search(
        r"Computed: there is no value of it yet\. This has changed since run \w{8}, where it failed:\n  ▲ changed: `scaled`",
        told,
    )


def test_a_file_that_a_step_read_is_named_by_plan_show_and_why(project: Project):
    project.ok("run", "flow:working")
    (project.folder / "words.txt").write_text("one two three")
    (project.folder / "data.txt").write_text("other")
    reason = "file `words.txt`, which it read, changed"
    assert planned(project)["counted"] == reason
    project.ok("run", "flow:working")
    assert shown(project)["counted"] == reason
    assert reason in project.ok("why", "last", "counted").out
    summed = project.ok("why", "last", "summed").out
    assert "  ▲ changed: the content of `data.txt` (parameter 'path')" in summed
    assert "  ▲ input 'right': the output of counted differs" in summed


def test_a_parameter_is_told_with_both_values(project: Project):
    project.ok("run", "flow:working")
    assert planned(project, "-p", "factor=3")["scaled"] == "parameter 'factor': 1 → 3"
    project.ok("run", "flow:working", "-p", "factor=3")
    assert shown(project)["scaled"] == "parameter 'factor': 1 → 3"


def test_a_step_that_was_asked_for_again_says_so_and_what_changed_besides(project: Project):
    project.ok("run", "flow:working")
    project.ok("run", "flow:working", "--refresh", "scaled")
    told = project.ok("why", "last", "scaled").out
    assert "Computed, although code, inputs and environment are those of run" in told
    assert told.splitlines()[1].endswith(": refresh asked.")
    project.ok("run", "flow:working", "--refresh", "scaled", "-p", "factor=2")
    told = project.ok("why", "last", "scaled").out
    assert "Computed: refresh asked. This has changed since run" in told
    assert "parameter 'factor': 1 → 2" in told


def test_a_class_that_goes_with_its_values_is_not_called_changed(project: Project):
    code = "from dataclasses import dataclass\n\n\n@dataclass(frozen=True)\nclass Row:\n    x: int\n\n\n" + FLOW
    code += "\n\n@hr.step\ndef rows(n: int) -> list[Row]:\n    return [Row(one) for one in range(n)]\n"
    code += "\n\n@hr.step\ndef total(rows: list[Row]) -> int:\n    return sum(row.x for row in rows)\n"
    code += "\n\n@hr.pipeline\ndef adding(n: int = 2) -> int:\n    return total(rows(n))\n"
    (project.folder / "flow.py").write_text(code)
    project.ok("run", "flow:adding")
    project.ok("run", "flow:adding", "-p", "n=0")
    told = project.ok("why", "last", "total", "--json").data
    assert told["changes"] == ["input 'rows': the output of rows differs"]
    project.edit("flow.py", "    x: int\n", "    x: int\n    y: int = 1\n")
    project.ok("run", "flow:adding", "-p", "n=0")
    assert any(
        one.startswith("changed: `Row` in `flow.py`")
        for one in project.ok("why", "last", "rows", "--json").data["changes"]
    )
