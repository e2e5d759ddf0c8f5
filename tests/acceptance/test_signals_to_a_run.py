"""Ctrl-C, SIGTERM, SIGHUP and SIGKILL to a run: an end that is told and recorded, and no process that stays."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project
from acceptance.terminal import CTRL_BACKSLASH, CTRL_C, Terminal

STEPS = """
import hashlib, os, sys, time
from pathlib import Path
import headrace as hr

def begin() -> None:
    Path("pid").write_text(str(os.getpid()))
    Path("begun").touch()

@hr.step
def first() -> int:
    return 1

@hr.step
def naps(x: int) -> int:
    begin()
    time.sleep(60)
    return x

@hr.step
def refuses(x: int) -> int:
    begin()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            time.sleep(1)
        except BaseException:
            Path("refused").touch()
    return x

@hr.step
def cleans_up(x: int) -> int:
    begin()
    try:
        time.sleep(60)
    finally:
        time.sleep(1.5)
        Path("clean").touch()
    return x

@hr.step
def stops_early(x: int) -> int:
    begin()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        return -1
    return x

@hr.step
def swallows(x: int) -> int:
    begin()
    try:
        time.sleep(60)
    finally:
        return -1

@hr.step
def answers_with_an_error(x: int) -> int:
    begin()
    try:
        time.sleep(60)
    except BaseException:
        raise ValueError("stopped") from None

@hr.step
def computes(x: int) -> int:
    begin()
    hashlib.pbkdf2_hmac("sha256", b"a", b"b", 200_000_000)
    return x

@hr.step
def holds_the_interpreter(x: int) -> int:
    begin()
    return sum(range(20_000_000_000))

@hr.pipeline
def napping() -> int:
    return naps(first())

@hr.pipeline
def refusing() -> int:
    return refuses(first())

@hr.pipeline
def starting() -> int:
    return first()

@hr.pipeline
def cleaning() -> int:
    return cleans_up(first())

@hr.pipeline
def stopping() -> int:
    return stops_early(first())

@hr.pipeline
def swallowing() -> int:
    return swallows(first())

@hr.pipeline
def answering() -> int:
    return answers_with_an_error(first())

@hr.pipeline
def computing() -> int:
    return computes(first())

@hr.pipeline
def holding() -> int:
    return holds_the_interpreter(first())

if __name__ == "__main__":
    hr.run(globals()[sys.argv[1]])
"""
HEADRACE = [sys.executable, "-m", "headrace", "run"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "signals"\nversion = "0"\n')
    (tmp_path / "signals.py").write_text(STEPS)
    return Project(tmp_path)


def terminal(project: Project, *arguments: str) -> Terminal:
    shown = Terminal(project.folder, arguments)
    shown.wait_for_file(project.folder / "begun")
    return shown


def states(project: Project) -> tuple[str, dict[str, str]]:
    run = project.ok("show", "last", "--json").data
    return run["state"], {one["step"]: one["state"] for one in run["steps"]}


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        arguments,
        cwd=project.folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 60
    while not (project.folder / "begun").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    return process


def is_gone(pid: int) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("pipeline", ["stopping", "swallowing", "answering"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_step_makes_of_its_stop_is_no_value(project: Project, pipeline: str, number: signal.Signals):
    process = start(project, *HEADRACE, f"signals:{pipeline}")
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 130
    state, steps = states(project)
    assert state == "cancelled"
    assert "succeeded" not in list(steps.values())[1:]
    planned = {one["step"]: one["action"] for one in project.ok("plan", f"signals:{pipeline}", "--json").data}
    assert [action for step, action in planned.items() if step != "first"] == ["run"]


def test_ctrl_c_in_a_terminal_stops_the_step_and_says_how_to_go_on(project: Project):
    shown = terminal(project, *HEADRACE, "signals:napping")
    shown.press(CTRL_C)
    assert shown.end() == 130
    assert "stopping … press Ctrl-C again to end now" in shown.text
    assert "next: headrace resume" in shown.text
    assert "Traceback" not in shown.text
    assert states(project) == ("cancelled", {"first": "succeeded", "naps": "cancelled"})


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", ["refusing", "computing", "holding"])
def test_a_second_ctrl_c_ends_a_step_that_does_not_stop(project: Project, pipeline: str):
    shown = terminal(project, *HEADRACE, f"signals:{pipeline}")
    shown.press(CTRL_C)
    shown.wait_for("stopping … press Ctrl-C again to end now")
    time.sleep(0.3)  # what comes at once is taken for the same press
    shown.press(CTRL_C)
    pressed = time.monotonic()
    assert shown.end() == 130
    assert time.monotonic() - pressed < 8, "sooner than after one press"
    assert "next: headrace resume" in shown.text
    state, steps = states(project)
    assert (state, set(steps.values())) == ("cancelled", {"succeeded", "cancelled"})
    assert is_gone(int((project.folder / "pid").read_text()))


@pytest.mark.slow
@pytest.mark.parametrize("pipeline", ["refusing", "computing"])
def test_a_second_ctrl_c_ends_a_script_whose_step_does_not_stop(project: Project, pipeline: str):
    shown = terminal(project, sys.executable, "signals.py", pipeline)
    shown.press(CTRL_C)
    shown.wait_for("stopping … press Ctrl-C again to end now")
    time.sleep(0.3)
    shown.press(CTRL_C)
    assert shown.end() == 130
    assert "next: headrace resume" in shown.text
    assert states(project)[0] == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_to_the_command_cancels_its_run(project: Project, number: signal.Signals):
    process = start(project, *HEADRACE, "signals:napping")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "next: headrace resume" in err
    assert states(project) == ("cancelled", {"first": "succeeded", "naps": "cancelled"})


def test_a_signal_to_the_whole_group_is_one_request(project: Project):
    process = start(project, *HEADRACE, "signals:napping")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.count("stopping") == 1
    assert states(project) == ("cancelled", {"first": "succeeded", "naps": "cancelled"})


def test_the_same_signal_twice_at_once_is_one_request_and_the_step_may_clean_up(project: Project):
    process = start(project, *HEADRACE, "signals:cleaning")
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert (project.folder / "clean").exists()


def test_a_command_whose_parent_ignored_the_deaths_of_children_notices_that_of_its_own(project: Project):
    command = ["sh", "-c", 'trap "" CHLD; exec "$@"', "sh", *HEADRACE, "signals:starting"]
    ended = subprocess.run(
        command, cwd=project.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "output: 1\n")


def test_a_terminal_that_is_closed_cancels_the_run(project: Project):
    shown = terminal(project, *HEADRACE, "signals:napping")
    shown.hang_up()
    assert shown.end() == 130
    assert states(project)[0] == "cancelled"


def test_ctrl_backslash_ends_the_run_at_once(project: Project):
    shown = terminal(project, *HEADRACE, "signals:refusing")
    shown.press(CTRL_BACKSLASH)
    assert shown.end() == 130
    assert states(project) == ("cancelled", {"first": "succeeded", "refuses": "cancelled"})


def test_under_nohup_a_hang_up_changes_nothing(project: Project):
    process = start(project, "nohup", *HEADRACE, "signals:napping")
    os.killpg(process.pid, signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    assert "cancelled" in process.communicate(timeout=60)[1]


@pytest.mark.parametrize("pipeline", ["napping", "holding"])
def test_when_the_command_is_killed_the_process_that_runs_steps_dies_with_it(project: Project, pipeline: str):
    process = start(project, *HEADRACE, f"signals:{pipeline}")
    pid = int((project.folder / "pid").read_text())
    assert pid != process.pid
    process.kill()
    process.communicate()
    assert is_gone(pid)
    assert states(project)[0] == "failed"


def test_sigterm_to_a_script_ends_it_as_before_but_its_run_is_recorded_as_cancelled(project: Project):
    process = start(project, sys.executable, "signals.py", "napping")
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert states(project) == ("cancelled", {"first": "succeeded", "naps": "cancelled"})


FORKING = """
import multiprocessing, os, signal, time
import headrace as hr

def sleep() -> None:
    time.sleep(60)

@hr.step
def forks() -> list[int]:
    context = multiprocessing.get_context("fork")
    codes = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        child = context.Process(target=sleep)
        child.start()
        os.kill(child.pid, number)
        child.join(30)
        codes.append(child.exitcode)
    with context.Pool(2) as pool:
        return codes + pool.map(abs, [-1, -2])

@hr.pipeline
def forking() -> list[int]:
    return forks()

if __name__ == "__main__":
    print(hr.run(forking).output)
"""


@pytest.mark.parametrize("how", ["command", "script"])
def test_processes_that_a_step_forks_off_get_their_signals_and_the_run_does_not(project: Project, how: str):
    (project.folder / "forking.py").write_text(FORKING)
    if how == "command":
        assert project.ok("run", "forking:forking", "--lanes", "1", "--json").data["output"] == [-15, -1, 1, 2]
    else:
        assert project.run_file("forking.py").out == "[-15, -1, 1, 2]\n"
