"""`hr.run` where another run is under way: in a thread beside it, in a body, in a step; refused, with what to do instead."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

FLOW = """
import threading
import time

import headrace as hr


@hr.step
def slow(x: int) -> int:
    time.sleep(0.5)
    return x


@hr.step
def starts(x: int) -> int:
    return hr.run(running).output


@hr.pipeline
def running(x: int = 1) -> int:
    return slow(x)


@hr.pipeline
def outer() -> int:
    return slow(hr.run(running).output)


@hr.pipeline
def inside() -> int:
    return starts(1)


def caught(pipeline, **given):
    try:
        print(hr.Session(quiet=True).run(pipeline, **given).output)
    except hr.HeadraceError as error:
        print(error.code)


if __name__ == "__main__":
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "beside"\nversion = "0"\n')
    return Project(tmp_path)


def test_of_two_threads_one_runs_and_the_other_is_told_why_not(project: Project):
    code = "threads = [threading.Thread(target=caught, args=[running], kwargs={'x': x}) for x in (1, 2)]\n"
    code += "    for thread in threads:\n        thread.start()\n    for thread in threads:\n        thread.join()\n"
    code += "    caught(running, x=3)\n"
    answer = project.python(f"{FLOW}    {code}")
    assert answer.status == 0, answer.err
    first, *rest = answer.out.split()
    assert first == "usage.run-under-way"
    assert rest in (["1", "3"], ["2", "3"])
    assert len(project.ok("runs", "--json").data) == 2


def test_a_body_that_starts_a_run_is_refused_and_starts_none(project: Project):
    answer = project.python(f"{FLOW}    caught(outer)\n")
    assert answer.out.split() == ["usage.run-in-body"]
    assert project.headrace("show", "last").status == 2, "no run was made"


def test_a_step_that_starts_a_run_fails(project: Project):
    (project.folder / "flow.py").write_text(f"{FLOW}    pass\n")
    answer = project.headrace("run", "flow.py:inside")
    assert answer.status == 1
    assert "hr.run was called inside a step" in answer.err
