"""Several processes on one project at once: what two of them need is computed once, and no run is lost."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project

STEPS = """
import os
import time
from pathlib import Path

import headrace as hr

@hr.step
def slow(n: int) -> int:
    with Path("executions").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(2)
    return n * 2

@hr.step
def after(x: int) -> int:
    return x + 1

@hr.pipeline
def slowly(n: int = 1) -> int:
    return after(slow(n))

@hr.step
def crashing(n: int) -> int:
    with Path("executions").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(1)
    if not Path("mended").exists():
        Path("mended").touch()
        os.kill(os.getppid(), 9)
        os.kill(os.getpid(), 9)
    return n

@hr.pipeline
def crashing_once(n: int = 1) -> int:
    return after(crashing(n))
"""
SHORT = """
import sys

import headrace as hr

@hr.step
def around(n: int) -> list[int]:
    return [n, n + 1, n + 2]

@hr.step
def double(n: int) -> int:
    hr.log_metric("doubled", n * 2)
    return n * 2

@hr.step
def total(xs: list[int]) -> int:
    return sum(xs)

@hr.pipeline
def short(n: int) -> int:
    return total(double.map(hr.each(around(n))))

if __name__ == "__main__":
    first = int(sys.argv[1])
    for n in range(first, first + 25):
        assert hr.Session(quiet=True, lanes=1).run(short, n).output == 6 * n + 6
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "together"\nversion = "0"\n')
    (tmp_path / "together.py").write_text(STEPS)
    (tmp_path / "short.py").write_text(SHORT)
    return Project(tmp_path)


def start(project: Project, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=project.folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    found = []
    for process in processes:
        out, err = process.communicate(timeout=300)
        found.append((process.returncode, out, err))
    return found


def executions(project: Project) -> int:
    return len((project.folder / "executions").read_text().splitlines())


@pytest.mark.slow
def test_two_runs_at_once_compute_a_step_once(project: Project):
    together = ends([start(project, "-m", "headrace", "run", "together:slowly") for _ in range(2)])
    assert [status for status, _, _ in together] == [0, 0], together
    assert all("output: 3" in out for _, out, _ in together)
    assert executions(project) == 1
    runs = [project.ok("show", one["id"], "--json").data for one in project.ok("runs", "--json").data]
    states = [{one["step"]: one["state"] for one in run["steps"]} for run in runs]
    assert sorted(one["slow"] for one in states) == ["reused", "succeeded"]


@pytest.mark.slow
def test_when_the_one_that_computes_dies_the_other_computes(project: Project):
    together = ends(
        [start(project, "-m", "headrace", "run", "together:crashing_once", "--lanes", "1") for _ in range(2)]
    )
    assert sorted(status for status, _, _ in together) == [-9, 0], together
    assert executions(project) == 2
    assert {one["state"] for one in project.ok("runs", "--json").data} == {"failed", "succeeded"}


CONTAINER = (
    "unshare",
    *(() if os.getuid() == 0 else ("-r",)),
    "-u",
    "-p",
    "-f",
    "--mount-proc",
    "--kill-child",
    "sh",
    "-c",
)


def renamed(project: Project, name: str) -> subprocess.Popen[str]:
    """A run on a machine of this name, with process numbers of its own: what a container is."""
    command = f"hostname {name} && exec {sys.executable} -m headrace run together:slowly --lanes 1"
    return subprocess.Popen(
        [*CONTAINER, command],
        cwd=project.folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_killed_container_keeps_no_other_waiting_whatever_their_names(project: Project):
    if sys.platform != "linux" or subprocess.run([*CONTAINER, "true"], check=False, capture_output=True).returncode:
        pytest.skip("namespaces of process numbers cannot be made here")
    first = renamed(project, "morning")
    until((project.folder / "executions").exists)
    second = renamed(project, "evening")
    lines = iter(second.stderr.readline, "")
    waiting = next(line for line in lines if "waits for" in line)
    assert executions(project) == 1
    first.send_signal(signal.SIGKILL)
    first.communicate()
    out, err = second.communicate(timeout=60)
    assert (second.returncode, executions(project)) == (0, 2), err
    assert "output: 3" in out
    runs = {one["state"]: one["id"] for one in project.ok("runs", "--json").data}
    assert runs["failed"][-8:] in waiting
    assert f"run {runs['failed'][-8:]} has ended without a value: computed here" in err


@pytest.mark.slow
def test_what_a_killed_run_has_claimed_is_free_although_the_machine_was_renamed(project: Project):
    killed = start(project, "-m", "headrace", "run", "together:slowly", "--lanes", "1")
    until((project.folder / "executions").exists)
    killed.kill()
    killed.communicate()
    with sqlite3.connect(project.folder / ".headrace" / "headrace.db") as database:
        assert database.execute("SELECT COUNT(*) FROM claims").fetchone() == (1,)
        for table, column in (("claims", "holder"), ("runs", "runner")):
            database.execute(f"UPDATE {table} SET {column} = REPLACE({column}, ?, 'elsewhere')", (os.uname().nodename,))
    database.close()
    assert "output: 3" in project.ok("run", "together:slowly").out
    assert [one["state"] for one in project.ok("runs", "--json").data] == ["succeeded", "failed"]


def until(holds) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
def test_eight_processes_with_twenty_five_runs_each_lose_nothing(project: Project):
    processes = [start(project, "short.py", str(1000 * number)) for number in range(8)]
    problems = [err for status, _, err in ends(processes) if status or err]
    assert problems == []
    runs = project.ok("runs", "--json", "-n", "1000").data
    assert len(runs) == len({one["id"] for one in runs}) == 200
    assert {one["state"] for one in runs} == {"succeeded"}
    numbers = sorted(int(one["parameters"]["n"]) for one in runs)
    assert numbers == sorted(1000 * number + n for number in range(8) for n in range(25))
    assert all("doubled" in one["metrics"] for one in runs)
