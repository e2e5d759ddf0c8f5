"""Stored values that somebody has deleted, cut or altered: noticed, named, and computed again in the same run."""

import json
import shutil
from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

STEPS = """
import headrace as hr
import numpy as np

@hr.step
def numbers(n: int) -> np.ndarray:
    with open("ran", "a") as file:
        file.write("numbers ")
    hr.log_metric("count", n)
    hr.log_text("told", "x" * 20_000)
    return np.arange(n * 1000)

@hr.step
def squares(xs: np.ndarray) -> np.ndarray:
    with open("ran", "a") as file:
        file.write("squares ")
    return xs * xs

@hr.step
def total(xs: np.ndarray, power: int) -> float:
    with open("ran", "a") as file:
        file.write("total ")
    return float((xs ** power).sum())

@hr.step(effect=True)
def sent(xs: np.ndarray) -> np.ndarray:
    return xs + 1

@hr.pipeline
def sums(n: int = 5, power: int = 1) -> float:
    return total(squares(numbers(n)), power)

@hr.pipeline
def arrays(n: int = 5) -> np.ndarray:
    return squares(numbers(n))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "damaged"\nversion = "0"\n')
    (tmp_path / "damaged.py").write_text(STEPS)
    return Project(tmp_path)


def objects(project: Project) -> list[Path]:
    folder = project.folder / ".headrace" / "objects"
    return sorted(path for path in folder.glob("??/*") if path.is_file())


def alter(path: Path) -> None:
    """Other bytes of the same number, as a failing disk leaves them."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:100])


def ran(project: Project) -> list[str]:
    """What has run since the last time that somebody asked."""
    file = project.folder / "ran"
    words = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return words


@pytest.mark.parametrize("damage", [alter, cut, Path.unlink])
@pytest.mark.parametrize("lanes", ["1", "2"])
def test_a_damaged_input_is_computed_again_in_the_same_run(project: Project, damage, lanes):
    project.ok("run", "damaged:sums")
    ran(project)
    for path in objects(project):
        damage(path)
    answer = project.ok("run", "damaged:sums", "-p", "power=2", "--lanes", lanes)
    assert "output: 6.24688e+17" in answer.out
    words = ran(project)
    assert words[-1] == "total"
    assert {"squares", "numbers"} <= set(words)
    if damage is alter:
        assert "its stored value is not whole, so it is computed again: Object" in answer.err
    assert project.ok("run", "damaged:sums", "-p", "power=2").out == answer.out
    assert ran(project) == []


@pytest.mark.parametrize("damage", [alter, cut])
def test_a_damaged_output_is_computed_again_before_the_run_is_over(project: Project, damage):
    project.ok("run", "damaged:arrays")
    ran(project)
    for path in objects(project):
        damage(path)
    assert project.ok("run", "damaged:arrays").status == 0
    assert ran(project)[-1] == "squares"
    read = "import headrace as hr\nprint(hr.get_run().output.sum(), hr.get_run().metrics)\n"
    assert project.python(read).out.strip() == "41654167500 {'count': 5.0}"


def test_without_any_object_a_run_computes_everything_and_old_runs_say_that_their_values_are_gone(project: Project):
    project.ok("run", "damaged:arrays")
    ran(project)
    old = [one["id"] for one in project.ok("runs", "--json").data]
    shutil.rmtree(project.folder / ".headrace" / "objects")
    for run in old:
        for command in (("show", run), ("why", run, "squares")):
            answer = project.ok(*command)
            assert "Traceback" not in answer.err + answer.out
        listed = project.ok("artifacts", run, "--json").data
        assert {(one["step"], one["kind"]): one["is_there"] for one in listed} == {
            ("numbers", "output"): False,
            ("numbers", "text"): False,
            ("squares", "output"): False,
        }
        assert project.ok("artifacts", run).out.count(" gone\n") == 3
        exported = project.headrace("artifacts", run, "--export", str(project.folder / f"out-{run}"))
        assert exported.status == 3
        assert "error[artifact.missing]: " in exported.err
        assert "is not in the store" in exported.err
    project.ok("run", "damaged:arrays")
    assert ran(project) == ["numbers", "squares"]
    shown = project.ok("show", "last", "--json").data
    assert {one["step"]: one["state"] for one in shown["steps"]} == {"numbers": "succeeded", "squares": "succeeded"}
    assert all("stored value cannot be had" in one["why"] for one in shown["steps"])
    project.ok("artifacts", old[0], "--export", str(project.folder / "again"))


def test_reading_a_run_whose_object_is_damaged_names_it_and_its_step(project: Project):
    project.ok("run", "damaged:arrays")
    for path in objects(project):
        alter(path)
    read = """
import headrace as hr
from headrace.core.errors import ArtifactError
for get in (lambda: hr.get_run().output, lambda: hr.get_run().step("numbers").output(),
            lambda: hr.get_run().step("numbers").logged("text", "told")):
    try:
        get()
    except ArtifactError as error:
        print(error.code, *getattr(error, "__notes__", ()))
"""
    out = project.python(read).out.splitlines()
    assert [line.split()[0] for line in out] == ["artifact.damaged"] * 3
    assert "the output of run" in out[0]
    assert "step numbers" in out[1]
    assert "'told' of step numbers" in out[2]


def test_a_plan_says_that_what_is_gone_will_be_computed(project: Project):
    project.ok("run", "damaged:arrays")
    shutil.rmtree(project.folder / ".headrace" / "objects")
    plan = project.ok("plan", "damaged:arrays", "--json").data
    rows = plan["steps"] if isinstance(plan, dict) else plan
    assert "its stored value cannot be had" in json.dumps(rows)


@pytest.mark.parametrize("replacement", ["", "; Path('.headrace').mkdir(); Path('.headrace/headrace.db').touch()"])
def test_a_store_that_is_removed_while_a_run_goes_on_is_no_success(tmp_path: Path, replacement: str):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "gone"\nversion = "0"\n')
    (tmp_path / "flow.py").write_text(
        "import shutil\nfrom pathlib import Path\nimport headrace as hr\n\n@hr.step\ndef remove() -> int:\n"
        f"    shutil.rmtree('.headrace'){replacement}\n    return 1\n\n@hr.pipeline\ndef flow() -> int:\n    return remove()\n"
    )
    answer = Project(tmp_path).headrace("run", "flow.py:flow")
    assert answer.status == 3
    assert "error[store.gone]" in answer.err
    assert answer.err.count("error[") == 1
