"""`hr.run` without `if __name__ == "__main__":`: fine in a program of its own, refused wherever the file is only loaded."""

import pytest

from acceptance.command_line import Project

HEAD = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
import headrace as hr

def square(x: int) -> int:
    return x * x

@hr.step
def here(x: int) -> int:
    return square(x)

@hr.step(timeout=60)
def elsewhere(x: int) -> int:
    return square(x)

@hr.step
def spawning(x: int) -> int:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(square, x).result()

@hr.pipeline
def quick(x: int = 3) -> int:
    return here(x)

@hr.pipeline
def timed(x: int = 3) -> int:
    return elsewhere(x)

@hr.pipeline
def parallel(x: int = 3) -> int:
    return spawning(x)
"""
TOLD = "script.py calls hr.run whenever it is loaded"
REMEDY = 'Put what starts it under `if __name__ == "__main__":`'


def run(name: str) -> str:
    return f"print(hr.Session(quiet=True).run({name}).output)\n"


def test_a_script_needs_no_guard_as_long_as_nobody_else_loads_it(project: Project):
    answer = project.python(HEAD + run("quick"))
    assert (answer.status, answer.out) == (0, "9\n"), answer.err


def test_a_worker_process_loads_the_script_as_far_as_it_had_come_and_starts_nothing(project: Project):
    answer = project.python(HEAD + run("timed") + "print(len('after'))\n")
    assert (answer.status, answer.out) == (0, "9\n5\n"), answer.err
    assert len(project.ok("runs", "--json").data) == 1


def test_a_step_that_a_script_defines_after_a_run_is_told_what_to_do(project: Project):
    late = "\n@hr.step(timeout=60)\ndef late() -> int:\n    return 1\n\n@hr.pipeline\ndef second() -> int:\n    return late()\n\n"
    answer = project.python(HEAD + run("quick") + late + run("second"))
    assert answer.status == 1
    assert TOLD in answer.err
    assert REMEDY in answer.err
    assert len(project.ok("runs", "--json").data) == 2


def test_a_process_that_a_step_spawns_starts_nothing(project: Project):
    answer = project.python(HEAD + run("parallel"))
    assert answer.status == 1
    assert "BrokenProcessPool" in answer.err
    assert len(project.ok("runs", "--json").data) == 1
    assert TOLD in answer.err


@pytest.mark.parametrize("pipeline", ["quick", "timed"])
@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_command_that_loads_the_file_starts_nothing_else(project: Project, command: str, pipeline: str):
    (project.folder / "script.py").write_text(HEAD + run(pipeline))
    answer = project.headrace(command, f"script.py:{pipeline}")
    assert answer.status == 2
    assert TOLD in answer.err
    assert REMEDY in answer.err
    assert not (project.folder / ".headrace").exists() or project.ok("runs", "--json").data == []


def test_a_module_that_a_step_loads_starts_nothing(project: Project):
    (project.folder / "script.py").write_text(HEAD + run("quick"))
    (project.folder / "outer.py").write_text(
        "import headrace as hr\n\n@hr.step\ndef late() -> int:\n    import script\n    return script.square(2)\n\n"
        "@hr.pipeline\ndef lazy() -> int:\n    return late()\n"
    )
    answer = project.headrace("run", "outer:lazy")
    assert answer.status == 1
    assert TOLD in answer.err


@pytest.mark.parametrize("pipeline", ["quick", "timed", "parallel"])
def test_with_the_guard_all_of_them_run(project: Project, pipeline: str):
    answer = project.python(HEAD + 'if __name__ == "__main__":\n    ' + run(pipeline))
    assert (answer.status, answer.out) == (0, "9\n"), answer.err


def test_a_script_that_catches_all_errors_of_its_run_is_not_run_on_in_a_worker(project: Project):
    code = HEAD + "try:\n    " + run("timed") + "\nexcept Exception:\n    pass\nopen('after', 'a').write('x')\n"
    answer = project.python(code)
    assert (answer.status, answer.out) == (0, "9\n"), answer.err
    assert (project.folder / "after").read_text() == "x"
