"""Whatever a step does to the process that runs it, its run is told and recorded: never silence, never a hang."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

STEPS = """
import ctypes, os, signal, sys, time
from pathlib import Path
import headrace as hr

def die(how: str) -> None:
    if how == "exit 0": os._exit(0)
    if how == "exit 3": os._exit(3)
    if how == "exit of C": ctypes.CDLL(None).exit(4)
    if how == "segmentation fault": ctypes.string_at(0)
    if how == "abort": os.abort()
    if how == "kill": os.kill(os.getpid(), signal.SIGKILL)

def count(name: str) -> None:
    with Path(name).open("a") as file:
        file.write(f"{os.getpid()}\\n")

@hr.step
def first() -> int:
    count("first")
    return 1

@hr.step(retries=hr.Retry(0, delay=0.01))
def dies(x: int, how: str) -> int:
    count("dies")
    print("about to die", flush=True)
    die(how)
    return x

@hr.step(retries=hr.Retry(0, delay=0.01))
def dies_once(x: int, how: str) -> int:
    count("dies_once")
    if not Path("died").exists():
        Path("died").touch()
        die(how)
    return x

@hr.step
def after(x: int) -> int:
    return x

@hr.step
def beside(x: int) -> int:
    return 7

@hr.pipeline
def dying(how: str) -> tuple[int, int]:
    x = first()
    return after(dies(x, how)), beside(x)

@hr.pipeline
def dying_once(how: str) -> int:
    return after(dies_once(first(), how))

@hr.step
def dies_at(x: int) -> int:
    if x == 1 and not Path("died").exists():
        Path("died").touch()
        die("abort")
    return x

@hr.pipeline
def mapped() -> list[int]:
    return dies_at.map(hr.each([0, 1, 2, 3]))

if __name__ == "__main__":
    print(hr.run(globals()[sys.argv[1]], how=sys.argv[2]).output)
"""
WAYS = {
    "exit 0": "ended itself with exit code 0",
    "exit 3": "ended itself with exit code 3",
    "exit of C": "ended itself with exit code 4",
    "segmentation fault": "crashed (SIGSEGV)",
    "abort": "crashed (SIGABRT)",
    "kill": "was killed from outside (SIGKILL)",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "dying"\nversion = "0"\n')
    (tmp_path / "deaths.py").write_text(STEPS)
    return Project(tmp_path)


def states(project: Project) -> dict[str, str]:
    return {one["step"]: one["state"] for one in project.ok("show", "last", "--json").data["steps"]}


def pids(project: Project, name: str) -> list[str]:
    return (project.folder / name).read_text().split()


@pytest.mark.parametrize("how", WAYS)
def test_the_command_says_which_step_died_of_what_and_runs_what_does_not_need_it(project: Project, how: str):
    answer = project.headrace("run", "deaths:dying", "-p", f"how={how}", "--lanes", "1")
    assert answer.status == 1, answer
    [line] = [line for line in answer.err.splitlines() if line.startswith("✕ dies ")]
    assert WAYS[how] in line
    assert "headrace show" in answer.err.splitlines()[-1]
    assert states(project) == {"first": "succeeded", "dies": "failed", "after": "skipped", "beside": "succeeded"}
    assert project.ok("runs", "--json").data[0]["state"] == "failed"
    assert WAYS[how] in project.ok("show").out
    assert len(pids(project, "first")) == 1


@pytest.mark.parametrize("how", WAYS)
def test_a_script_that_dies_with_its_step_is_found_dead_and_survives_the_next_time(project: Project, how: str):
    script = [str(project.folder / "deaths.py"), "dying", how]
    died = project.script(*script)
    assert "Traceback" not in died.err
    [run] = project.ok("runs", "--json").data
    assert run["state"] == "failed"
    assert states(project)["dies"] == "failed"
    assert "ended without a word while" in project.ok("show").out
    again = project.script(*script)
    assert again.status == 1
    assert f"RunFailed: Run {project.ok('runs', '--json').data[0]['id'][-8:]} of dying failed" in again.err
    assert WAYS[how] in again.err
    assert states(project) == {"first": "reused", "dies": "failed", "after": "skipped", "beside": "succeeded"}


def test_a_script_that_nobody_looked_at_survives_the_next_time_too(project: Project):
    script = [str(project.folder / "deaths.py"), "dying_once", "exit 0"]
    died = project.script(*script)
    assert (died.status, died.out) == (0, "")
    assert project.script(*script).out == "1\n"
    here, there = pids(project, "dies_once")
    assert here == pids(project, "first")[0] != there


def test_a_step_that_crashes_once_is_tried_again_in_a_worker_and_the_run_goes_on(project: Project):
    answer = project.ok("run", "deaths:dying_once", "-p", "how=segmentation fault", "--lanes", "1")
    assert "attempt 1 failed: The step's process crashed (SIGSEGV). The run goes on in a new process." in answer.err
    assert "Fatal Python error: Segmentation fault" in answer.err
    assert " in dies_once" in answer.err
    assert "3 computed, 0 reused" in answer.err
    assert states(project) == {"first": "succeeded", "dies_once": "succeeded", "after": "succeeded"}
    shown = {one["step"]: one["attempts"] for one in project.ok("show", "--json").data["steps"]}
    assert shown == {"first": 1, "dies_once": 2, "after": 1}
    assert len(pids(project, "first")) == 1
    assert len(set(pids(project, "dies_once"))) == 2
    assert len(project.ok("runs", "--json").data) == 1


def test_an_item_that_crashes_keeps_the_others_of_its_map_out_of_the_calling_process(project: Project):
    answer = project.ok("run", "deaths:mapped", "--lanes", "1", "--json")
    assert answer.data["output"] == [0, 1, 2, 3]


def test_with_json_a_crash_leaves_one_object_on_standard_output(project: Project):
    answer = project.headrace("run", "deaths:dying", "-p", "how=segmentation fault", "--json")
    assert answer.status == 1
    assert answer.data["state"] == "failed"
    assert "SIGSEGV" in answer.data["failure"]["message"]


@pytest.mark.parametrize("line", ["os._exit(0)", "sys.exit(0)", "os.abort()"])
def test_a_module_that_ends_the_process_while_it_is_imported_is_a_mistake_and_no_success(project: Project, line: str):
    (project.folder / "leaving.py").write_text(f"import os, sys\n{line}\n")
    answer = project.headrace("run", "leaving:training")
    assert answer.status == 2, answer
    assert "Nothing was started." in answer.err


def test_what_steps_and_their_children_write_to_the_terminal_is_no_part_of_the_json(project: Project):
    (project.folder / "loud.py").write_text("""
import ctypes, os, subprocess
import headrace as hr

print("imported")

@hr.step
def loud() -> int:
    print("printed")
    os.write(1, b"written\\n")
    subprocess.run(["echo", "echoed"], check=True)
    ctypes.CDLL(None).puts(b"put")
    return 5

@hr.pipeline
def loudly() -> int:
    return loud()
""")
    answer = project.ok("run", "loud:loudly", "--json")
    assert answer.data["output"] == 5
    assert {"written", "echoed"} <= set(answer.err.split())
    assert "printed" in project.ok("logs", "last", "loud").out
    quiet = project.ok("run", "loud:loudly", "--quiet", "--refresh", "loud")
    assert quiet.out == "output: 5\n"


def test_what_a_step_has_printed_stands_before_the_line_of_its_end(project: Project):
    (project.folder / "talking.py").write_text("""
import headrace as hr

@hr.step
def talks() -> int:
    for n in range(3):
        print("line", n)
    return 5

@hr.pipeline
def talking() -> int:
    return talks()
""")
    lines = project.ok("run", "talking:talking").err.splitlines()
    assert [line.split()[:2] for line in lines] == [["talks", "|"]] * 3 + [["●", "talks"], ["●", "run"]]


def test_a_store_that_breaks_under_a_run_is_told_once(project: Project):
    (project.folder / "breaking.py").write_text("""
from pathlib import Path
import headrace as hr

@hr.step
def breaks() -> int:
    for path in Path(".headrace").glob("headrace.db*"):
        path.write_bytes(b"no database" * 1000)
    return 1

@hr.pipeline
def breaking() -> int:
    return breaks()
""")
    answer = project.headrace("run", "breaking:breaking")
    assert answer.status == 3, answer
    assert answer.err.count("error[store") == 1


def test_a_run_that_ends_with_an_error_is_recorded_as_failed(project: Project):
    (project.folder / "breaking.py").write_text("""
import sqlite3
import headrace as hr

@hr.step
def breaks() -> int:
    with sqlite3.connect(".headrace/headrace.db") as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON results BEGIN SELECT RAISE(ABORT, 'no room'); END")
    return 1

@hr.pipeline
def breaking() -> int:
    return breaks()
""")
    answer = project.headrace("run", "breaking:breaking")
    assert answer.status == 3, answer
    assert project.ok("runs", "--json").data[0]["state"] == "failed"
    assert "ended with an error before the run was over" in project.ok("show").out
