"""What becomes of a run that broke off or failed: `resume` goes on with it, `retry` makes a new one of what it left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project

pytestmark = pytest.mark.slow

FLOW = '''
"""A flow that counts how often each step was entered, and breaks where the folder says so."""

import os, signal, time
from pathlib import Path
import headrace as hr


def count(name: str) -> None:
    with Path(f"{name}.count").open("a") as file:
        file.write(f"{os.getpid()}\\n")


def factor() -> int:
    return 3


@hr.step
def load(n: int) -> list[int]:
    count("load")
    return list(range(n))


@hr.step(cache=hr.Cache(enabled=False))
def sample(xs: list[int]) -> list[int]:
    count("sample")
    return xs


@hr.step(effect=True)
def announce(xs: list[int]) -> None:
    count("announce")


@hr.step
def part(x: int) -> int:
    count("part")
    if Path(f"break-{x}").exists():
        raise ValueError(f"part {x} is broken")
    return x * factor()


@hr.step
def total(xs: list[int]) -> int:
    count("total")
    if Path("wait").exists():
        Path("waits").touch()
        time.sleep(60)
    if Path("kill").exists():
        Path("kill").unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    if Path("break").exists():
        raise ValueError("total is broken")
    return sum(xs)


@hr.pipeline
def flow(n: int = 4) -> int:
    xs = sample(load(n))
    announce(xs)
    return total(part.map(x=hr.each(xs)))


if __name__ == "__main__":
    print(hr.run(flow, n=5).output)
'''


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "flows"\nversion = "0"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    return Project(tmp_path)


def counts(project: Project) -> dict[str, int]:
    return {path.stem: len(path.read_text().split()) for path in sorted(project.folder.glob("*.count"))}


def states(project: Project, run: str = "last") -> dict[str, str]:
    return {one["step"]: one["state"] for one in project.ok("show", run, "--json").data["steps"]}


def killed_in_total(project: Project, *options: str) -> str:
    """Start a run, kill all its processes while `total` runs; returns the run's id."""
    (project.folder / "wait").touch()
    started = subprocess.Popen(
        [sys.executable, "-m", "headrace", "run", "flow:flow", "-p", "n=4", *options],
        cwd=project.folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 60
    while not (project.folder / "waits").exists():
        assert time.monotonic() < until
        assert started.poll() is None
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    for name in ("wait", "waits"):
        (project.folder / name).unlink()
    return project.ok("runs", "--json").data[0]["id"]


def test_a_killed_run_is_told_as_failed_and_how_it_goes_on(project: Project):
    run = killed_in_total(project)
    [row] = project.ok("runs", "--json").data
    assert row["state"] == "failed"
    assert f"headrace resume {run[-8:]}" in project.ok("show").out


def test_resume_goes_on_with_the_same_run_and_repeats_no_finished_step(project: Project):
    run = killed_in_total(project)
    before = counts(project)
    answer = project.ok("resume", run[-8:])
    assert answer.out == "output: 18\n"
    assert counts(project) == {**before, "total": before["total"] + 1}
    [row] = project.ok("runs", "--json").data
    assert (row["id"], row["state"]) == (run, "succeeded")
    assert set(states(project).values()) == {"succeeded"}
    [attempts] = [one["attempts"] for one in project.ok("show", "--json").data["steps"] if one["step"] == "total"]
    assert attempts == 2


def test_a_step_that_took_its_process_with_it_is_resumed_in_a_worker(project: Project):
    killed_in_total(project, "--lanes", "1")
    project.ok("resume", "last", "--lanes", "1")
    here, there = (project.folder / "total.count").read_text().split()
    assert here == (project.folder / "load.count").read_text().split()[0] != there


def test_a_run_may_be_killed_and_resumed_many_times(project: Project):
    run = killed_in_total(project)
    for _ in range(4):
        (project.folder / "wait").touch()
        resumed = subprocess.Popen(
            [sys.executable, "-m", "headrace", "resume", run],
            cwd=project.folder,
            env=ENVIRONMENT,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not (project.folder / "waits").exists():
            assert resumed.poll() is None
            time.sleep(0.02)
        os.killpg(resumed.pid, signal.SIGKILL)
        resumed.wait()
        (project.folder / "waits").unlink()
    (project.folder / "wait").unlink()
    assert project.ok("resume", run).out == "output: 18\n"
    assert counts(project) == {"announce": 1, "load": 1, "part": 4, "sample": 1, "total": 6}


def test_of_two_that_resume_at_once_one_does_and_the_other_says_who(project: Project):
    run = killed_in_total(project)
    (project.folder / "wait").touch()
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "headrace", "resume", run],
            cwd=project.folder,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for _ in range(2)
    ]
    until = time.monotonic() + 60
    while all(one.poll() is None for one in both) or not (project.folder / "waits").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    [second] = [one for one in both if one.poll() is not None]
    [first] = [one for one in both if one is not second]
    _, said = second.communicate()
    assert second.returncode == 2, said
    assert f"run {run[-8:]} is under way in process" in said.lower()
    assert project.ok("runs", "--json").data[0]["state"] == "running"
    os.killpg(first.pid, signal.SIGTERM)
    first.communicate()


def test_what_nobody_broke_off_is_not_resumed_and_told_what_to_do(project: Project):
    project.ok("run", "flow:flow")
    done = project.headrace("resume", "last")
    assert done.status == 2
    assert "has succeeded" in done.err
    (project.folder / "break").touch()
    project.headrace("run", "flow:flow", "-p", "n=3")
    failed = project.headrace("resume", "last")
    assert failed.status == 2
    assert "failed by itself" in failed.err
    assert f"headrace retry {project.ok('runs', '--json').data[0]['id'][-8:]}" in failed.err
    assert len(project.ok("runs", "--json").data) == 2


def test_resume_refuses_other_code_and_names_it(project: Project):
    run = killed_in_total(project)
    project.edit("flow.py", "return 3", "return 5")
    answer = project.headrace("resume", run)
    assert answer.status == 2
    assert "the code or the libraries of part have changed" in answer.err
    assert f"headrace retry {run[-8:]}" in answer.err
    assert project.ok("runs", "--json").data[0]["state"] == "failed"


def test_a_cancelled_run_can_be_resumed(project: Project):
    (project.folder / "wait").touch()
    started = subprocess.Popen(
        [sys.executable, "-m", "headrace", "run", "flow:flow"],
        cwd=project.folder,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (project.folder / "waits").exists():
        assert started.poll() is None
        time.sleep(0.02)
    started.terminate()
    _, said = started.communicate()
    assert started.returncode == 130
    assert "headrace resume" in said
    (project.folder / "wait").unlink()
    before = counts(project)
    assert project.ok("resume", "last").out == "output: 18\n"
    assert counts(project) == {**before, "total": before["total"] + 1}


def test_retry_makes_a_new_run_that_keeps_what_succeeded_effects_and_uncached_steps_too(project: Project):
    (project.folder / "break").touch()
    assert project.headrace("run", "flow:flow", "-p", "n=4", "--tag", "night").status == 1
    (project.folder / "break").unlink()
    answer = project.ok("retry", "last")
    assert answer.out == "output: 18\n"
    assert counts(project) == {"announce": 1, "load": 1, "part": 4, "sample": 1, "total": 2}
    assert states(project) == {
        "load": "reused",
        "sample": "reused",
        "announce": "reused",
        "part": "reused",
        "total": "succeeded",
    }
    second, first = project.ok("runs", "--json").data
    assert (second["state"], first["state"]) == ("succeeded", "failed")
    assert second["tags"] == ["night"]
    assert f"retry of {first['id'][-8:]}" in project.ok("show").out


def test_retry_computes_only_the_failed_items_of_a_map(project: Project):
    (project.folder / "break-2").touch()
    assert project.headrace("run", "flow:flow").status == 1
    (project.folder / "break-2").unlink()
    project.ok("retry", "last")
    assert counts(project)["part"] == 5


def test_retry_with_changed_code_computes_what_reaches_it_and_says_so(project: Project):
    (project.folder / "break").touch()
    assert project.headrace("run", "flow:flow").status == 1
    (project.folder / "break").unlink()
    project.edit("flow.py", "return 3", "return 5")
    answer = project.ok("retry", "last")
    assert answer.out == "output: 30\n"
    assert "changed since: part" in answer.err
    assert counts(project) == {"announce": 1, "load": 1, "part": 8, "sample": 1, "total": 2}


def test_a_retry_of_a_retry_keeps_what_both_have_computed(project: Project):
    (project.folder / "break").touch()
    assert project.headrace("run", "flow:flow").status == 1
    assert project.headrace("retry", "last").status == 1
    (project.folder / "break").unlink()
    project.ok("retry", "last")
    assert counts(project) == {"announce": 1, "load": 1, "part": 4, "sample": 1, "total": 3}


def test_a_retry_keeps_the_selection_and_options_of_the_run(project: Project):
    (project.folder / "break").touch()
    options = ("--refresh", "load", "-o", "total.timeout=50", "--until", "total")
    assert project.headrace("run", "flow:flow", *options).status == 1
    (project.folder / "break").unlink()
    project.ok("retry", "last")
    assert counts(project)["load"] == 1
    third = project.ok("run", "flow:flow", *options)
    assert third.out == "output: 18\n"
    assert counts(project)["load"] == 2


def test_parameters_are_those_of_the_run_wherever_it_is_retried_from(project: Project):
    (project.folder / "break").touch()
    assert project.headrace("run", "flow:flow", "-p", "n=6").status == 1
    (project.folder / "break").unlink()
    inside = project.folder / "inside"
    inside.mkdir()
    assert Project(inside).ok("retry", "last").out == "output: 45\n"
    assert counts(project)["load"] == 1


def test_what_succeeded_or_runs_is_not_retried(project: Project):
    project.ok("run", "flow:flow")
    answer = project.headrace("retry", "last")
    assert answer.status == 2
    assert "has succeeded" in answer.err
    assert len(project.ok("runs", "--json").data) == 1


def test_a_script_s_run_is_resumed_from_the_command_line_and_from_python(project: Project):
    (project.folder / "break").touch()
    assert project.run_file("flow.py").status == 1
    again = project.headrace("retry", "last", "--json")
    assert again.status == 1
    assert "total is broken" in json.loads(again.out)["failure"]["message"]
    (project.folder / "break").unlink()
    answer = project.python("import headrace as hr\nif __name__ == '__main__':\n    print(hr.retry('last').output)\n")
    assert answer.out == "30\n", answer.err
    assert counts(project) == {"announce": 1, "load": 1, "part": 5, "sample": 1, "total": 3}


def test_python_resumes_a_killed_run_too(project: Project):
    run = killed_in_total(project)
    before = counts(project)
    code = "import headrace as hr\nif __name__ == '__main__':\n    run = hr.resume('last')\n    print(run.id, run.output)\n"
    assert project.python(code).out == f"{run} 18\n"
    assert counts(project) == {**before, "total": before["total"] + 1}


@pytest.mark.parametrize("command", ["resume", "retry"])
def test_a_step_that_kills_its_process_under_these_commands_is_tried_again_and_nothing_else_is(
    project: Project, command: str
):
    if command == "resume":
        killed_in_total(project)
    else:
        (project.folder / "break").touch()
        assert project.headrace("run", "flow:flow").status == 1
        (project.folder / "break").unlink()
    before = counts(project)
    (project.folder / "kill").touch()
    answer = project.ok(command, "last", "--lanes", "1")
    assert answer.out == "output: 18\n"
    assert counts(project) == {**before, "total": before["total"] + 2}
    assert project.ok("runs", "--json").data[0]["state"] == "succeeded"
