"""A notebook that defines steps and a pipeline in its cells, in a real kernel."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.command_line import Project

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

pytestmark = [
    pytest.mark.slow,
    # the kernel's client is not ours to mend
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

IMPORTS = "%matplotlib inline\nimport headrace as hr\nfrom dataclasses import dataclass"
HELPERS = """
FACTOR = 2

@dataclass(frozen=True)
class Line:
    slope: float

def scale(x: int) -> float:
    return float(x * FACTOR)
"""
STEPS = """
@hr.step
def load(n: int) -> list[int]:
    print("loading", n)
    return list(range(n))

@hr.step
def fit(x: int) -> Line:
    return Line(scale(x))

@hr.step
def total(lines: list[Line]) -> float:
    hr.log_metric("total", sum(line.slope for line in lines))
    return sum(line.slope for line in lines)
"""
PIPELINE = """
@hr.pipeline
def adding(n: int = 4) -> float:
    return total(fit.map(hr.each(load(n))))
"""
STATES = "run = hr.Session(quiet=True).run(adding)\nprint({one.name: one.state.value for one in run.steps}, run.output)"
DEFINITIONS = (IMPORTS, HELPERS, STEPS, PIPELINE)

Notebook = Callable[..., list[str]]


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """Runs cells in a new kernel; gives what each has shown: printed text, results as text and HTML."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "cells"\nversion = "0"\n')
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)

    def run(*cells: str) -> list[str]:
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        place = {"metadata": {"path": str(tmp_path)}}
        nbclient.NotebookClient(made, timeout=60, kernel_name="python3", resources=place).execute(env=dict(os.environ))
        return ["\n".join(shown(output) for output in cell.outputs) for cell in made.cells]

    return run


def shown(output) -> str:
    if output.output_type == "stream":
        return output.text
    return "\n".join(output.data.get(kind, "") for kind in ("text/plain", "text/html"))


def test_a_pipeline_of_cells_is_planned_run_and_shown(notebook: Notebook):
    *_, plan, run, runs = notebook(*DEFINITIONS, "hr.plan(adding)", "hr.run(adding)", "hr.runs()")
    assert "<td>load</td><td>run</td>" in plan
    assert "load | loading 4" in run
    assert "3 computed, 0 reused" in run
    assert "<td>fit</td><td>succeeded</td>" in run
    assert "total = 12" in run
    assert "<th>metrics.total</th>" in runs
    assert "<td>adding</td>" in runs


def test_a_cell_that_was_run_again_unchanged_or_in_a_new_kernel_reuses(notebook: Notebook):
    first = notebook(*DEFINITIONS, STATES)[-1]
    assert "'fit': 'succeeded'" in first
    again = notebook(*DEFINITIONS, HELPERS + "\n# the same\n", STEPS.replace("lines: list", "lines:  list"), STATES)[-1]
    assert again == first.replace("succeeded", "reused")


def test_an_edited_cell_computes_what_it_reaches_and_the_cell_is_named(notebook: Notebook):
    outputs = notebook(
        *(*DEFINITIONS, STATES),
        *(HELPERS.replace("x * FACTOR", "x * FACTOR + 1"), "print(hr.plan(adding))", STATES),
        *("FACTOR = 3", "print(hr.plan(adding))", STATES),
    )
    assert re.search(r"changed: `scale` in `In\[6\]`, lines 7\D8, reached through `fit` → `scale`", outputs[6])
    assert "{'load': 'reused', 'fit': 'succeeded', 'total': 'succeeded'} 16.0" in outputs[7]
    assert "changed: `FACTOR` in `In[9]`, reached through `fit` → `scale` → `FACTOR`" in outputs[9]
    assert "{'load': 'reused', 'fit': 'succeeded', 'total': 'succeeded'} 22.0" in outputs[10]


def test_a_class_that_is_edited_and_an_attribute_that_is_set_are_noticed(notebook: Notebook):
    scaler = "class Scaler:\n    k = 2\n    def apply(self, x): return x * self.k\nscaler = Scaler()"
    step = """
@hr.step
def apply(x: int) -> int:
    return scaler.apply(x)

@hr.pipeline
def scaling() -> int:
    return apply(10)
"""
    asked = STATES.replace("adding", "scaling")
    shown = notebook(
        *(IMPORTS, scaler, step, asked, scaler + "\n# the same", asked),
        *(scaler.replace("x *", "x +"), asked, "Scaler.k = 7", asked),
    )
    states = [shown[at].strip() for at in (3, 5, 7, 9)]
    assert states == [
        f"{{'apply': '{word}'}} {got}"
        for word, got in zip(("succeeded", "reused", "succeeded", "succeeded"), (20, 20, 12, 17), strict=True)
    ]


def test_items_of_a_map_run_in_the_calling_process_whatever_the_lanes(notebook: Notebook):
    where = """
import os, time

@hr.step
def where(x: int) -> int:
    time.sleep(0.1)
    return os.getpid()

@hr.pipeline
def places() -> list[int]:
    return where.map(hr.each([1, 2, 3, 4]))
"""
    asked = "print(set(hr.Session(lanes=3, quiet=True).run(places).output) == {os.getpid()})"
    assert notebook(IMPORTS, where, asked)[-1].strip() == "True"


def test_limits_that_need_a_worker_are_refused_with_what_to_do(notebook: Notebook):
    timed = """
@hr.step(timeout=5)
def quick() -> int:
    return 1

@hr.pipeline
def timing() -> int:
    return quick()
"""
    asked = "run = hr.Session(check=False, quiet=True).run(timing)\nprint(run.failure.message, run.failure.remedy)\nrun"
    text = notebook(IMPORTS, timed, asked)[-1]
    assert "defined in a notebook or console, which only this process can run" in text
    assert "Put the step into a module, or leave the limit out." in text
    assert "timing</b>" in text


def test_steps_of_modules_run_in_lanes_beside_a_notebook(notebook: Notebook, tmp_path: Path):
    (tmp_path / "beside.py").write_text(
        "import headrace as hr\nimport os\n\n@hr.step(timeout=30)\ndef pid() -> int:\n    return os.getpid()\n\n"
        "@hr.pipeline\ndef elsewhere() -> int:\n    return pid()\n"
    )
    asked = "import beside, os\nprint(hr.Session(quiet=True).run(beside.elsewhere).output != os.getpid())"
    assert notebook(IMPORTS, asked)[-1].strip() == "True"


def test_a_failed_run_is_retried_by_the_notebook_that_defines_it_and_by_nobody_else(notebook: Notebook, tmp_path: Path):
    breaks = STEPS.replace(
        "return list(range(n))",
        "if not Path('ready').exists(): raise ValueError('not ready')\n    return list(range(n))",
    )
    failing = "hr.Session(quiet=True, check=False).run(adding)"
    retry = "Path('ready').touch()\nagain = hr.Session(quiet=True).retry()\nprint(again.output, len(hr.runs()))"
    outputs = notebook(IMPORTS + "\nfrom pathlib import Path", HELPERS, breaks, PIPELINE, failing, retry, failing)
    assert outputs[5] == "12.0 2\n"
    (tmp_path / "ready").unlink()
    notebook(IMPORTS + "\nfrom pathlib import Path", HELPERS, breaks + "# other", PIPELINE, failing + ".state")
    answer = Project(tmp_path).headrace("retry", "last")
    assert answer.status == 2, answer
