"""The flights training, killed at random moments and resumed, comes to the values of a run that nobody disturbed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from acceptance.command_line import ENVIRONMENT, Project
from flights_project import PROJECT, raw_flights

pytestmark = [pytest.mark.slow, pytest.mark.minutes]

TRAINING = ("run", "training", "-p", "until=2013-02-12")
KILLS = 10


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with six weeks of flights."""
    folder = tmp_path_factory.mktemp("flights") / "flights"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(".headrace", "__pycache__"))
    weeks = [raw_flights(month=1, days=range(1, 32)), raw_flights(month=2, days=range(1, 16))]
    pl.concat(weeks).write_parquet(folder / "data" / "flights.parquet")
    return folder


def copy_of(example: Path, place: Path) -> Project:
    return Project(Path(shutil.copytree(example, place)))


def values(project: Project) -> dict[tuple[str, str], str]:
    """What the steps of the last run gave, by step, name and digest; what they log holds how long things took."""
    stored = project.ok("artifacts", "last", "--json").data
    return {(one["step"], one["name"]): one["digest"] for one in stored if one["kind"] == "output"}


def killed(project: Project, *command: str, after_s: float) -> bool:
    """Run a command, kill it and all that it has started after so many seconds; whether it was still under way."""
    started = subprocess.Popen(
        [sys.executable, "-m", "headrace", *command],
        cwd=project.folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert started.wait(after_s) == 0
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        return True
    return False


def completed(project: Project) -> dict[str, int]:
    """The finished steps of the last run, and how often each was tried."""
    steps = project.ok("show", "last", "--json").data["steps"]
    return {one["step"]: one["attempts"] for one in steps if one["state"] in ("succeeded", "reused")}


def test_a_training_that_is_killed_ten_times_gives_what_an_undisturbed_one_gives(example: Path, tmp_path: Path):
    chance = random.Random(20130412)
    undisturbed = copy_of(example, tmp_path / "undisturbed")
    began = time.monotonic()
    undisturbed.ok(*TRAINING)
    lasts_s = time.monotonic() - began
    expected = values(undisturbed)
    assert len(expected) > 10

    kills, rounds = 0, 0
    while kills < KILLS:
        rounds += 1
        project = copy_of(example, tmp_path / f"round-{rounds}")
        command, before = TRAINING, dict[str, int]()
        while killed(project, *command, after_s=chance.uniform(0.3, lasts_s * 0.8)):
            runs = project.headrace("runs", "--json")
            if runs.status == 0 and runs.data:
                [state] = [one["state"] for one in runs.data]
                if state == "succeeded":  # it was ending already
                    break
                assert state == "failed"
                after = completed(project)
                assert {step: after[step] for step in before} == before, "a finished step was tried again"
                command, before = ("resume", "last"), after
            kills += 1
            if kills == KILLS:
                project.ok(*command)
                break
        found = values(project)
        assert {place for place in expected if found[place] != expected[place]} == set()
        project.ok("doctor", "--deep")
        assert [one["state"] for one in project.ok("runs", "--json").data] == ["succeeded"]
