"""`--json` of every command that reads: JSON by the letter, with data where the value is data."""

from pathlib import Path
from typing import Any

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

FLOW = """
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import headrace as hr


@dataclass(frozen=True)
class Range:
    low: float
    high: float


@hr.step
def odd(limits: Range, days: Sequence[date], word: str) -> dict[str, float]:
    hr.log_metric("infinite", math.inf)
    hr.log_metric("below", -math.inf)
    hr.log_metric("none", math.nan)
    hr.log_param("depth", {"max": 3, "of": math.nan})
    print("said \\x1b[31mred")
    return {"a": 1.5, "b": math.inf}


@hr.pipeline
def odds(
    limits: Range = Range(0.0, math.inf), days: Sequence[date] = (date(2013, 4, 1),), word: str = "'quoted'"
) -> dict[str, float]:
    return odd(limits, days, word)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "odds"\nversion = "0"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    return Project(tmp_path)


PARAMETERS: dict[str, Any] = {
    "limits": {"low": 0.0, "high": "Infinity"},
    "days": ["2013-04-01"],
    "word": "'quoted'",
}
METRICS = {"infinite": "Infinity", "below": "-Infinity", "none": "NaN"}


def test_every_answer_is_json_by_the_letter_and_parameters_are_data(project: Project):
    run = project.ok("run", "flow:odds", "--json").data
    assert run["parameters"] == PARAMETERS
    assert run["metrics"] == METRICS
    assert run["output"] == {"a": 1.5, "b": "Infinity"}
    (listed,) = project.ok("runs", "--json").data
    assert (listed["parameters"], listed["metrics"]) == (PARAMETERS, METRICS)
    shown = project.ok("show", "--json").data
    assert shown["parameters"] == PARAMETERS
    assert {one["name"]: one["value"] for one in shown["metrics"]} == METRICS
    stored = {(one["kind"], one["name"]): one["value"] for one in project.ok("artifacts", "--json").data}
    assert stored == {("output", ""): {"a": 1.5, "b": "Infinity"}, ("parameter", "depth"): {"max": 3, "of": "NaN"}}
    assert project.ok("logs", "--json").data["text"] == "said \x1b[31mred"
    (planned,) = project.ok("plan", "flow:odds", "--json").data
    assert planned["action"] == "reuse"
    assert project.ok("why", "last", "odd", "--json").data["state"] == "succeeded"
    assert {"verdict", "what", "text", "mend"} == set(project.headrace("doctor", "--json").data[0])


def test_a_failure_is_told_in_json_too(project: Project):
    project.edit("flow.py", 'return {"a": 1.5', 'raise ValueError("no\\nway"); return {"a": 1.5')
    answer = project.headrace("run", "flow:odds", "--json")
    assert answer.status == 1
    assert answer.data["failure"]["message"].startswith("Step 'odd' failed: ValueError: no")
    assert answer.data["output"] is None


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (("show", "nothing"), "usage.unknown-name", 2),
        (("run", "flow:odds", "-p", "wrod=x"), "definition.unknown-parameter", 2),
        (("runs", "--where", "auc"), "usage.condition", 2),
        (("plan", "flow:odds", "--hurry"), "usage", 2),
    ],
)
def test_an_error_is_told_in_json_and_on_standard_error(
    project: Project, words: tuple[str, ...], code: str, status: int
):
    project.ok("run", "-q", "flow:odds")
    answer = project.headrace(*words, "--json")
    assert answer.status == status
    assert answer.data["error"]["code"] == code
    assert answer.err.startswith(f"error[{code}]: {answer.data['error']['message'].splitlines()[0]}")


def test_a_list_of_runs_tells_what_differs_and_why_one_failed(project: Project):
    project.ok("run", "-q", "flow:odds", "--name", "first", "--tag", "nightly")
    assert "word" not in project.ok("runs").out
    project.edit("flow.py", 'return {"a": 1.5', 'raise ValueError("no way"); return {"a": 1.5')
    project.headrace("run", "-q", "flow:odds", "-p", "word=other")
    _, second, first = project.ok("runs").out.splitlines()
    assert first.endswith("first  #nightly  word=\"'quoted'\"")
    assert second.endswith("word='other'  Step 'odd' failed: ValueError: no way")


def test_a_quiet_run_that_fails_says_why(project: Project):
    project.edit("flow.py", 'return {"a": 1.5', 'raise ValueError("no way"); return {"a": 1.5')
    answer = project.headrace("run", "-q", "flow:odds")
    assert answer.status == 1
    assert answer.err.startswith("error[run.failed]: Run ")
    assert "of odds failed: Step 'odd' failed: ValueError: no way" in answer.err
    assert "headrace show" in answer.err
