"""The flights example as a user runs it: by the command line from files to a model, again, and after a change."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from acceptance.command_line import Answer, Project
from flights_project import PROJECT, raw_flights

pytestmark = pytest.mark.slow

TRAINING = ("run", "training", "-p", "until=2013-02-12")
BEFORE = 'rates = train.group_by("carrier").agg(rate=pl.col("late").mean())'
AFTER = 'rates = train.group_by("carrier").agg(rate=(pl.col("late").sum() + 20) / (pl.len() + 100))'
PLAIN = """
import numpy as np
import headrace as hr
from datetime import date
from flights.methods import predict
from flights.pipelines import features, training

until = date(2013, 2, 12)
table = features().features.tail(3000)
ran = hr.run(training, until=until).output
plain = training(until)
assert (ran.algorithm, ran.columns) == (plain.algorithm, plain.columns)
assert np.array_equal(predict(ran, table), predict(plain, table))
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Answer]:
    """The example with six weeks of flights, and its first training run."""
    folder = tmp_path_factory.mktemp("flights") / "flights"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(".headrace", "__pycache__"))
    weeks = [raw_flights(month=1, days=range(1, 32)), raw_flights(month=2, days=range(1, 16))]
    pl.concat(weeks).write_parquet(folder / "data" / "flights.parquet")
    project = Project(folder)
    return project, project.ok(*TRAINING)


@pytest.fixture
def project(first: tuple[Project, Answer], tmp_path: Path) -> Project:
    """A copy of the example after its first run."""
    shutil.copytree(first[0].folder, tmp_path / "flights")
    return Project(tmp_path / "flights")


def states(project: Project) -> dict[str, str]:
    return {one["step"]: one["state"] for one in project.ok("show", "last", "--json").data["steps"]}


def test_training_runs_from_files_to_a_model_without_a_pickle(first):
    _, answer = first
    assert "15 computed, 0 reused" in answer.err
    assert "pickle" not in answer.err


def test_a_second_training_computes_nothing(project):
    project.ok(*TRAINING)
    assert set(states(project).values()) == {"reused"}


def test_another_day_reuses_all_features(project):
    project.ok("run", "training", "-p", "until=2013-02-14")
    assert {step: state for step, state in states(project).items() if state == "reused"}.keys() == {
        *(f"features/{name}" for name in ("read_tables", "check_tables", "build_timeline", "join_features")),
        *(f"features/{name}_features" for name in ("timetable", "weather", "departure", "arrival", "aircraft")),
    }


def test_a_changed_rule_computes_the_comparison_and_no_model(project):
    project.edit("flights/evaluation.py", BEFORE, AFTER)
    project.ok(*TRAINING)
    computed = {step for step, state in states(project).items() if state != "reused"}
    assert computed == {"evaluate_baseline", "choose", "describe"}
    assert "`carrier_rates` in `flights/evaluation.py`" in project.ok("why", "last", "evaluate_baseline").out


def test_a_plain_call_gives_the_model_that_the_run_gives(project):
    answer = project.python(PLAIN)
    assert answer.status == 0, answer.err
