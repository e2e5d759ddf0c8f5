"""Failures, crashes, kills and Ctrl-C: a cause in plain words, never a hang, nothing lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project

pytestmark = pytest.mark.slow

STEPS = """
import ctypes, os, signal, sys, time
from pathlib import Path
import headrace as hr

@hr.step
def first() -> int:
    return 1

@hr.step
def slow(x: int) -> int:
    Path("slow-started").touch()
    time.sleep(60)
    return x

@hr.step
def leaves(x: int) -> int:
    sys.exit(3)

@hr.step(timeout=30)
def crashes(x: int) -> int:
    print("about to crash", flush=True)
    ctypes.string_at(0)
    return x

@hr.step(timeout=0.5)
def lasts(x: int) -> int:
    time.sleep(60)
    return x

@hr.step(retries=hr.Retry(2, on=ValueError, delay=0.01))
def third_time(x: int) -> int:
    count = len(list(Path(".").glob("try-*")))
    Path(f"try-{count}").touch()
    if count < 2:
        raise ValueError(f"try {count} failed")
    return count

@hr.step
def after(x: int) -> int:
    return x

@hr.step
def beside() -> int:
    return 7

@hr.pipeline
def slowly() -> int:
    return after(slow(first()))

@hr.pipeline
def leaving() -> tuple[int, int]:
    return after(leaves(first())), beside()

@hr.pipeline
def crashing() -> int:
    return after(crashes(first()))

@hr.pipeline
def lasting() -> int:
    return after(lasts(first()))

@hr.pipeline
def retrying() -> int:
    return third_time(first())
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "endings"\nversion = "0"\n')
    (tmp_path / "endings.py").write_text(STEPS)
    return Project(tmp_path)


def states(project: Project) -> dict[str, str]:
    return {one["step"]: one["state"] for one in project.ok("show", "last", "--json").data["steps"]}


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "headrace", *arguments],
        cwd=project.folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (project.folder / "slow-started").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


def test_a_step_that_exits_fails_and_what_does_not_need_it_still_runs(project: Project):
    answer = project.headrace("run", "endings:leaving")
    assert answer.status == 1
    assert states(project) == {"first": "succeeded", "leaves": "failed", "after": "skipped", "beside": "succeeded"}
    shown = project.ok("show").out
    assert "exit" in shown.lower()
    assert "upstream" in shown or "leaves failed" in shown


def test_fail_fast_stops_at_the_first_failure(project: Project):
    answer = project.headrace("run", "endings:leaving", "--fail-fast", "--lanes", "1")
    assert answer.status == 1
    assert states(project)["leaves"] == "failed"


def test_a_step_with_a_limit_that_crashes_its_worker_is_a_failed_attempt_with_its_cause(project: Project):
    answer = project.headrace("run", "endings:crashing")
    assert answer.status == 1
    assert "SIGSEGV" in answer.err
    assert "about to crash" in project.ok("logs", "last", "crashes").out
    assert states(project) == {"first": "succeeded", "crashes": "failed", "after": "skipped"}


def test_a_step_that_lasts_too_long_is_ended_at_its_timeout(project: Project):
    answer = project.headrace("run", "endings:lasting")
    assert answer.status == 1
    assert "0.5 s" in answer.err


def test_a_failure_of_the_named_kind_is_tried_again(project: Project):
    answer = project.ok("run", "endings:retrying")
    assert answer.err.count("again in") == 2
    step = next(one for one in project.ok("show", "last", "--json").data["steps"] if one["step"] == "third_time")
    assert step["attempts"] == 3


def test_a_killed_run_is_found_dead_by_whoever_looks_and_its_results_are_reused(project: Project):
    process = start(project, "run", "endings:slowly")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert project.ok("runs", "--json").data[0]["state"] == "failed"
    shown = project.ok("show", "last").out
    assert "ended without a word" in shown
    assert states(project)["slow"] == "failed"
    (project.folder / "endings.py").write_text(
        STEPS.replace("time.sleep(60)\n    return x\n\n@hr.step\ndef leaves", "return x\n\n@hr.step\ndef leaves")
    )
    project.ok("run", "endings:slowly")
    assert states(project) == {"first": "reused", "slow": "succeeded", "after": "succeeded"}


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(project: Project):
    process = start(project, "run", "endings:slowly")
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, out + err
    assert "cancelled" in err
    assert "next: headrace resume" in err
    assert "Traceback" not in err
    assert states(project)["slow"] == "cancelled"
    assert states(project)["first"] == "succeeded"


def test_a_run_is_cancelled_from_another_terminal(project: Project):
    process = start(project, "run", "endings:slowly")
    assert "cancelled" in project.ok("cancel", "last").out
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert "already" in project.ok("cancel", "last").out


def test_the_log_of_a_running_step_can_be_followed(project: Project):
    (project.folder / "endings.py").write_text(
        STEPS.replace('Path("slow-started").touch()', 'print("tick", flush=True); Path("slow-started").touch()')
    )
    process = start(project, "run", "endings:slowly")
    assert "tick" in project.ok("logs", "last", "slow").out
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert "tick" in project.ok("logs", "last", "slow", "-f").out
