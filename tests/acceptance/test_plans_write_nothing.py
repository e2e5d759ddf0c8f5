"""A plan starts nothing and writes nothing but notes of what it has read from the sources; and it foresees all the same."""

import sqlite3
from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

STEPS = """
import headrace as hr
import numpy as np

@hr.step
def halves(n: int) -> list[int]:
    return list(range(n // 2))

@hr.step
def square(x: int) -> int:
    return x * x

@hr.step
def joined(xs: list[int]) -> int:
    return sum(xs)

@hr.step
def later(x: int, plus: int) -> int:
    return x + plus

@hr.pipeline
def wide(n: int = 2002, plus: int = 1) -> int:
    squares = square.map(hr.each(halves(n)))
    later.map(hr.each(squares), plus)
    return joined(squares)

@hr.step
def total(frame: np.ndarray) -> float:
    return float(frame.sum())

@hr.pipeline
def of_frame(frame: np.ndarray) -> float:
    return total(frame)
"""
FRAME = """
import headrace as hr
import numpy as np
import plans
print(hr.{verb}(plans.of_frame, np.arange(100_000.0)))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "plans"\nversion = "0"\n')
    (tmp_path / "plans.py").write_text(STEPS)
    return Project(tmp_path)


def content(project: Project) -> tuple[dict[str, bytes], dict[str, list[tuple[object, ...]]]]:
    """Every file of the store but the database's, and every row of the database but the memos."""
    folder = project.folder / ".headrace"
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("headrace.db")
    }
    with sqlite3.connect(folder / "headrace.db") as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in tables if name != "memos"}
    database.close()
    return files, rows


def actions(project: Project, *options: str) -> dict[str, str]:
    return {one["step"]: one["action"] for one in project.ok("plan", "plans:wide", *options, "--json").data}


def test_a_plan_leaves_store_and_objects_as_they_are(project: Project):
    project.ok("run", "plans:wide")
    before = content(project)
    assert set(actions(project).values()) == {"reuse"}
    project.edit("plans.py", "x + plus", "x + plus + 0")
    assert actions(project)["later"] == "run"
    assert content(project) == before


def test_a_long_list_that_no_run_has_made_is_foreseen_without_being_stored(project: Project):
    """The items are there, the list of all of them is not."""
    project.ok("run", "plans:wide", "-p", "n=2002")
    before = content(project)
    project.ok("run", "plans:wide", "-p", "n=2022")
    lists = {path for path, data in content(project)[0].items() if len(data) > 10_000} - set(before[0])
    assert lists
    for path in lists:
        (project.folder / ".headrace" / path).unlink()
    with sqlite3.connect(project.folder / ".headrace" / "headrace.db") as database:
        database.execute("DELETE FROM results WHERE node NOT IN ('halves', 'square')")
    database.close()
    before = content(project)
    after = actions(project, "-p", "n=2022")
    assert (after["square"], after["later"]) == ("reuse", "run")
    assert content(project) == before


def test_a_frame_that_is_handed_to_a_plan_is_not_stored(project: Project):
    assert "total  run" in project.python(FRAME.format(verb="plan")).out
    assert not (project.folder / ".headrace" / "objects").exists()
    assert project.python(FRAME.format(verb="run")).status == 0
    before = content(project)
    assert "total  reuse" in project.python(FRAME.format(verb="plan")).out
    assert content(project) == before
