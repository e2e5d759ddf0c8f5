"""What a run and its steps tell from Python: times, logs, reasons, frames of runs, and items of a map that has failed."""

import re
from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

PIPELINES = """
import os
from collections.abc import Sequence
import headrace as hr

FACTOR = 2

@hr.step
def grow(x: int) -> int:
    print("growing", x)
    if x == int(os.environ.get("BAD", "-1")):
        raise ValueError("too much")
    return x * FACTOR

@hr.step(cache=False)
def total(xs: list[int]) -> int:
    hr.log_metric("total", sum(xs))
    return sum(xs)

@hr.step(cache=False)
def draw(x: int) -> int:
    return 10 // x

@hr.pipeline
def drawing(rows: Sequence[int]) -> list[int]:
    return draw.map(hr.each(rows))

def cube(x: int) -> int:
    return x**3

@hr.step
def give() -> object:
    return cube

@hr.step
def call(function: object) -> int:
    return function(2)

@hr.pipeline
def calling() -> int:
    return call(give())

@hr.pipeline
def inner(rows: Sequence[int]) -> list[int]:
    return grow.map(hr.each(rows))

@hr.pipeline
def growing(rows: Sequence[int] = (1, 2, 3)) -> int:
    return total(inner(rows))

@hr.pipeline
def twice() -> tuple[list[int], list[int]]:
    return inner((1, 2)), inner((7, 8))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "0"\n')
    (tmp_path / "flows.py").write_text(PIPELINES)
    return Project(tmp_path)


def told(project: Project, code: str) -> list[str]:
    answer = project.python(f"import datetime as dt\nimport headrace as hr\nimport flows\n{code}")
    assert answer.status == 0, answer.err
    return answer.out.splitlines()


FAILED = """
import os
os.environ["BAD"] = "2"
run = hr.Session(check=False, quiet=True).run(flows.growing)
step = run.step("inner/grow")
"""


def test_items_that_succeeded_in_a_map_that_failed_are_there_to_read(project: Project):
    ask = """
print(step.output(item=0), step.output(2))
for wrong in (None, 1, 7):
    try:
        step.output(wrong)
    except hr.UsageError as error:
        print(error)
"""
    values, whole, failed, beyond = told(project, FAILED + ask)
    assert values == "2 6"
    assert "Step 'inner/grow'" in whole
    assert "is failed and has no value. Of its 3 items items 0, 2 have one: output(item=0)." in whole
    assert "Item 1 of step 'inner/grow'" in failed
    assert "There is no item 7" in beyond
    assert "inner/grow has items 0 to 2" in beyond
    rows = [line.split()[:3] for line in project.ok("artifacts", "last", "grow").out.splitlines()[1:]]
    assert rows == [["inner/grow", "output[0]", "output"], ["inner/grow", "output[2]", "output"]]


def test_items_of_a_map_that_is_never_reused_are_there_too(project: Project):
    ask = """
session = hr.Session(check=False, quiet=True)
print(session.run(flows.drawing, (1, 2, 5)).step("draw").output(item=2))
print(session.run(flows.drawing, (2, 0)).step("draw").output(item=0))
"""
    assert told(project, ask) == ["2", "5"]


def test_items_of_a_failed_map_that_have_a_value_are_counted_at_the_end(project: Project):
    answer = project.headrace("run", "flows.py:growing", BAD="2")
    assert ": 0 computed, 0 reused, 2 of 3 items of inner/grow\n" in answer.err
    again = project.headrace("run", "flows.py:growing")
    assert again.err.splitlines()[-1].endswith(": 2 computed, 0 reused")
    values = (
        "run = hr.get_run()\nprint([run.step('grow').output(item) for item in range(3)], run.step('grow').output())"
    )
    assert told(project, values) == ["[2, 4, 6] [2, 4, 6]"]


def test_runs_and_steps_tell_their_times_logs_and_reasons(project: Project):
    ask = """
first = hr.Session(quiet=True, tags=["a"], note="first").run(flows.growing)
flows_again = hr.Session(quiet=True, name="second").run(flows.growing)
run = hr.get_run("second")
print(run.created_at <= run.started_at <= dt.datetime.now(dt.UTC), run.seconds > 0)
grow, total = run.step("inner/grow"), run.step("total")
print(first.step("total").seconds >= 0, grow.seconds, first.step("grow").attempts, grow.attempts, total.attempts)
print(repr(grow.logs()), repr(grow.logs(1)), repr(total.logs()))
print(grow.why())
print(total.why())
frame = hr.runs().to_frame()
print(frame["name"].to_list(), frame["tags"].to_list(), frame["note"].to_list())
print(all(column in frame.columns for column in ("created", "started", "duration")))
print(frame["created"].to_list() == [run.created_at, first.created_at])
"""
    lines = told(project, ask)
    assert lines[:3] == [
        "True True",
        "True None 1 0 1",
        repr("growing 1\ngrowing 2\ngrowing 3\n") + " 'growing 2\\n' ''",
    ]
    assert lines[3] == "Reused: earlier runs have computed all 3 items under the same keys."
    assert lines[4].startswith("Computed")
    assert lines[-3:] == ["['second', ''] [[], ['a']] ['', 'first']", "True", "True"]


def test_why_tells_in_python_what_the_command_prints(project: Project):
    project.ok("run", "flows.py:growing")
    project.edit("flows.py", "FACTOR = 2", "FACTOR = 33")
    project.ok("run", "flows.py:growing")
    printed = project.ok("why", "last", "grow").out.splitlines()
    lines = told(project, "print(hr.get_run().step('grow').why())")
    assert [line.replace("▲ ", "") for line in printed[1:] if "key" not in line and "input" not in line][
        : len(lines)
    ] == lines
    assert any("FACTOR" in line for line in lines)


def test_the_last_part_of_a_steps_name_is_enough_where_one_step_has_it(project: Project):
    project.ok("run", "flows.py:growing")
    assert "inner/grow in run" in project.ok("why", "last", "grow").out
    assert "growing 1" in project.ok("logs", "last", "grow").out
    assert "inner/grow" in project.ok("artifacts", "last", "grow").out
    project.ok("run", "flows.py:twice")
    several = project.headrace("logs", "last", "grow")
    assert several.status == 2
    assert "'grow' means several steps: " in several.err
    assert "There is no step 'row'" in project.headrace("why", "last", "row").err


def test_a_run_cannot_be_called_last_and_a_name_of_several_runs_asks_for_an_id(project: Project):
    refused = project.headrace("run", "flows.py:growing", "--name", "last")
    assert refused.status == 2
    assert "A run cannot be called `last`" in refused.err
    for _ in range(2):
        project.ok("run", "flows.py:growing", "--name", "tuned")
    several = project.headrace("show", "tuned")
    assert several.status == 2
    assert re.search(r"'tuned' means several runs: \w{8} \(growing, succeeded\), .*Use the id of the one", several.err)


def test_code_in_an_input_value_is_called_neither_class_nor_function(project: Project):
    warned = project.ok("run", "flows.py:calling").err
    assert "give | PickledArtifactWarning: the output of step 'give'" in warned
    project.edit("flows.py", "x**3", "x**4")
    project.ok("run", "flows.py:calling")
    assert "changed: `flows.cube`, whose code an input value needs" in project.ok("why", "last", "call").out
