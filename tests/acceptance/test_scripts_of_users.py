"""Pipelines that a script defines and runs itself: worker lanes, classes of the script, the command line beside it."""

import ast
from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

SCRIPT = '''
import os
from dataclasses import dataclass
from enum import Enum

import headrace as hr


class Colour(Enum):
    RED = 1


@dataclass(frozen=True)
class Point:
    x: int
    colour: Colour = Colour.RED


class Odd:
    """Nothing but a pickle holds it."""

    def __init__(self, x: int) -> None:
        self.x = x


def shifted(x: int) -> int:
    return x + 1


@hr.step(timeout=60)
def make(n: int) -> list[Point]:
    return [Point(shifted(i)) for i in range(n)]


@hr.step(timeout=60)
def look(point: Point) -> int:
    assert isinstance(point, Point)
    assert point.colour is Colour.RED
    return os.getpid()


@hr.step
def here(points: list[Point]) -> Point:
    assert all(isinstance(point, Point) for point in points)
    return Point(sum(point.x for point in points))


@hr.step
def both(pids: list[int], point: Point) -> tuple[list[int], Point]:
    return pids, point


@hr.pipeline
def pointing(n: int = 4) -> tuple[list[int], Point]:
    points = make(n)
    return both(look.map(hr.each(points)), here(points))


@hr.step(timeout=60)
def odd(x: int) -> Odd:
    return Odd(x)


@hr.step
def even(x: Odd) -> int:
    assert isinstance(x, Odd)
    return x.x


@hr.pipeline
def pickling() -> int:
    return even(odd(2))


if __name__ == "__main__":
    run = hr.Session(quiet=True).run(pointing)
    pids, point = run.output
    print([one.state.value for one in run.steps])
    print(os.getpid() in pids, isinstance(point, Point), point.x)
    run = hr.Session(quiet=True).run(pickling)
    print([one.state.value for one in run.steps], run.output)
'''


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "scripts"\nversion = "0"\n\n[tool.headrace]\npickles = "allow"\n'
    )
    return Project(tmp_path)


def states(answer) -> list[str]:
    return ast.literal_eval(answer.out.splitlines()[0])


def test_steps_of_a_script_run_in_worker_processes_with_the_script_s_own_classes(project: Project):
    answer = project.python(SCRIPT)
    assert answer.status == 0, answer.err
    assert answer.out.splitlines() == [
        "['succeeded', 'succeeded', 'succeeded', 'succeeded']",
        "False True 10",
        "['succeeded', 'succeeded'] 2",
    ]


@pytest.mark.parametrize("place", ["script.py", "jobs/train-model.py"])
def test_what_a_script_made_the_command_line_reuses(project: Project, place: str):
    path = project.folder / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(SCRIPT)
    first = project.run_file(place)
    assert first.status == 0, first.err
    for name in ("pointing", "pickling"):
        answer = project.ok("run", f"{place}:{name}")
        assert "0 computed" in answer.err
    assert "output: 2" in answer.out


def test_what_the_command_line_made_a_script_reuses(project: Project):
    (project.folder / "script.py").write_text(SCRIPT)
    project.ok("run", "script.py:pointing")
    project.ok("run", "script:pickling")
    answer = project.run_file("script.py")
    assert answer.status == 0, answer.err
    assert answer.out.splitlines()[0] == str(["reused"] * 4)
    assert answer.out.splitlines()[2] == "['reused', 'reused'] 2"


def test_the_working_directory_is_no_part_of_a_script_s_keys(project: Project, tmp_path: Path):
    folder = project.folder / "jobs"
    folder.mkdir()
    (folder / "script.py").write_text(SCRIPT)
    assert states(project.run_file("jobs/script.py")) == ["succeeded"] * 4
    assert states(Project(folder).run_file("script.py")) == ["reused"] * 4


def test_a_changed_method_of_a_script_s_class_computes_what_takes_it(project: Project):
    project.python(SCRIPT)
    again = project.python(
        SCRIPT.replace("colour: Colour = Colour.RED", "colour: Colour = Colour.RED\n    kept: int = 0")
    )
    assert again.status == 0, again.err
    assert states(again) == ["succeeded"] * 4


def test_values_of_classes_of_a_script_without_a_guard_reach_its_workers(project: Project):
    head, _, _ = SCRIPT.partition("if __name__")
    answer = project.python(head + "hr.run(pickling)\n")
    assert answer.status == 0, answer.err
    assert len(project.ok("runs", "--json").data) == 1


def test_a_failure_of_the_script_s_own_kind_is_tried_again_in_workers_too(project: Project):
    answer = project.python("""
import headrace as hr
from pathlib import Path

class Busy(Exception):
    pass

@hr.step(timeout=60, retries=hr.Retry(2, on=Busy, delay=0.01))
def third_time() -> int:
    with Path("tries").open("a") as file:
        file.write("x")
    if len(Path("tries").read_text()) < 3:
        raise Busy
    return 3

@hr.pipeline
def retrying() -> int:
    return third_time()

if __name__ == "__main__":
    print(hr.Session(quiet=True).run(retrying).output)
""")
    assert answer.out.strip() == "3", answer.err
