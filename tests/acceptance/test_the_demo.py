"""`headrace demo`, as a newcomer sees it."""

import re
from pathlib import Path

import pytest

from acceptance.command_line import Project

METHODS = ("logistic", "forest", "boosting", "carrier's mean rate")
WIDEST = 100


@pytest.mark.slow
def test_the_demo_trains_compares_reuses_and_explains(tmp_path: Path):
    answer = Project(tmp_path, patience_s=900).ok("demo", "--folder", "flights")
    table = {name: re.search(rf"^   {name} +(0\.\d+) +(0\.\d+) ", answer.out, re.M) for name in METHODS}
    rule = float(table["carrier's mean rate"][1])
    assert all(float(table[name][1]) > rule + 0.1 for name in METHODS[:-1]), "every method beats the rule by far"
    assert "changed: `carrier_rates` in `flights/evaluation.py`" in answer.out
    assert "Reused: earlier runs have computed all 3 items" in answer.out
    own_lines = [line for line in answer.out.splitlines() if "▲" not in line]
    assert max(map(len, own_lines)) <= WIDEST

    project = Project(tmp_path / "flights")
    third, second, first = (one["id"] for one in project.ok("runs", "--json").data)
    assert states(project, first) == {"succeeded"}
    assert states(project, second) == {"reused"}
    computed = {one["step"] for one in steps(project, third) if one["state"] == "succeeded"}
    assert computed == {"evaluate_baseline", "choose", "describe"}


def steps(project: Project, run: str):
    return project.ok("show", run, "--json").data["steps"]


def states(project: Project, run: str) -> set[str]:
    return {one["state"] for one in steps(project, run)}


def test_without_the_example_s_libraries_the_demo_says_what_to_install(tmp_path: Path):
    answer = Project(tmp_path).python(
        "import sys\nsys.modules['lightgbm'] = None\n"
        "from headrace.cli.main import exit_code\nsys.exit(exit_code(['demo']))\n"
    )
    assert answer.status == 2
    assert answer.err.startswith("error[usage]: The demo needs lightgbm, too.")
    assert "pip install 'headrace[demo]'" in answer.err
    assert answer.out == ""
