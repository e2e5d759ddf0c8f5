"""One step of a stored run again: in the foreground, under the debugger, as a test, and its inputs in Python."""

import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project

pytestmark = pytest.mark.slow

FLOW = """
import os
from dataclasses import dataclass
from pathlib import Path
import headrace as hr
import polars as pl


@dataclass(frozen=True)
class Line:
    slope: float


@hr.step
def load(n: int, place: Path) -> pl.DataFrame:
    return pl.DataFrame({"x": list(range(n)), "y": [int(place.read_text())] * n})


@hr.step
def parts(table: pl.DataFrame) -> list[int]:
    return table["x"].to_list()


@hr.step
def fit(x: int, /, line: Line, *, table: pl.DataFrame) -> float:
    print("fitting", x)
    hr.log_metric("x", x)
    if x == 2:
        raise ValueError(f"{x} is too much for {len(table)} rows")
    return x * line.slope


@hr.step(secrets=["TOKEN"])
def total(xs: list[float]) -> str:
    return f"{sum(xs)} {len(os.environ['TOKEN'])}"


@hr.pipeline
def flow(n: int = 2, place: Path = Path("y.txt")) -> str:
    table = load(n, place)
    return total(fit.map(hr.each(parts(table)), line=Line(0.5), table=table))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "flows"\nversion = "0"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "y.txt").write_text("7")
    (tmp_path / ".env").write_text("TOKEN=secret\n")
    return Project(tmp_path)


def test_a_step_is_called_again_with_its_inputs_and_compared_with_what_the_run_has(project: Project):
    project.ok("run", "flow:flow")
    before = len(project.ok("runs", "--json").data)
    item = project.ok("replay", "last", "fit", "--item", "1")
    assert item.out == "fitting 1\noutput: 0.5\nequal to the value that the run has\n"
    assert "equal to the value" in project.ok("replay", "last", "load").out
    assert project.ok("replay", "last", "total").out.startswith("output: '0.5 6'\n")
    project.edit("flow.py", "x * line.slope", "x * line.slope * 3")
    assert project.ok("replay", "last", "fit", "--item", "1").out.endswith(
        "output: 1.5\ndifferent from the value that the run has\n"
    )
    assert len(project.ok("runs", "--json").data) == before


def test_of_a_map_the_first_item_that_failed_is_called_and_its_error_shown(project: Project):
    assert project.headrace("run", "flow:flow", "-p", "n=4").status == 1
    answer = project.headrace("replay", "last", "fit")
    assert answer.status == 1
    assert "replaying fit item 2 of run" in answer.err
    assert 'raise ValueError(f"{x} is too much for {len(table)} rows")' in answer.err
    assert answer.err.endswith("ValueError: 2 is too much for 4 rows\n")
    assert "headrace/worker" not in answer.err


def test_a_step_is_stepped_through_under_the_debugger(project: Project):
    project.ok("run", "flow:flow")
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "replay", "last", "fit", "--pdb"],
        cwd=project.folder,
        env=ENVIRONMENT,
        input="p x + 40\nc\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "40" in done.stdout
    assert '-> print("fitting", x)' in done.stdout


def test_what_never_had_its_inputs_or_is_no_item_is_told(project: Project):
    assert project.headrace("run", "flow:flow", "-p", "n=4").status == 1
    skipped = project.headrace("replay", "last", "total")
    assert skipped.status == 2
    assert "'fit', which gives one of them, is failed" in skipped.err
    outside = project.headrace("replay", "last", "fit", "--item", "9")
    assert outside.status == 2
    assert "has items 0 to 3, no 9" in outside.err


def test_a_test_case_holds_the_inputs_and_passes_until_the_step_changes(project: Project):
    project.ok("run", "flow:flow")
    written = project.ok("test-case", "last", "fit", "--item", "1").out.splitlines()
    assert written[0].startswith("tests/test_fit_1_")
    for kept in (".headrace", "y.txt"):
        subprocess.run(["rm", "-r", kept], cwd=project.folder, check=True)
    assert project.script("-m", "pytest", "-q", "-p", "no:cacheprovider", written[0]).status == 0
    project.edit("flow.py", "x * line.slope", "x * line.slope * 3")
    failed = project.script("-m", "pytest", "-q", "-p", "no:cacheprovider", written[0])
    assert failed.status == 1
    assert "assert CASE.is_output(result), result" in failed.out


def test_a_test_case_of_a_failed_step_fails_until_it_is_mended(project: Project):
    assert project.headrace("run", "flow:flow", "-p", "n=4").status == 1
    [file, _] = project.ok("test-case", "last", "fit", "--into", "cases").out.splitlines()
    assert "2 is too much for 4 rows" in (project.folder / file).read_text()
    assert project.script("-m", "pytest", "-q", file).status == 1
    again = project.headrace("test-case", "last", "fit", "--into", "cases")
    assert again.status == 2
    assert "is there already" in again.err
    project.edit("flow.py", "if x == 2:", "if x == 3:")
    assert project.script("-m", "pytest", "-q", file).status == 0


def test_python_gives_the_inputs_of_a_step_and_of_an_item(project: Project):
    assert project.headrace("run", "flow:flow", "-p", "n=4").status == 1
    code = "import headrace as hr\nstep = hr.get_run().step('fit')\ngiven = step.inputs()\n"
    code += "print(given['x'], given['line'].slope, given['table'].shape, step.inputs(item=3)['x'])\n"
    assert project.python(code).out == "2 0.5 (4, 2) 3\n"


def test_a_test_case_that_cannot_be_written_leaves_nothing_and_can_be_tried_again(project: Project):
    project.ok("run", "flow:flow")
    (project.folder / "tests").mkdir()
    (project.folder / "tests" / "cases").write_text("no folder")
    refused = project.headrace("test-case", "last", "fit", "--item", "1")
    assert refused.status == 2
    assert list((project.folder / "tests").iterdir()) == [project.folder / "tests" / "cases"]
    (project.folder / "tests" / "cases").unlink()
    [file, _] = project.ok("test-case", "last", "fit", "--item", "1").out.splitlines()
    assert project.script("-m", "pytest", "-q", file).status == 0
