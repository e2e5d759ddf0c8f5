"""Behind Tab: pipelines, parameters, runs, steps and options, asked for as the shells ask, without importing anything."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project

pytestmark = pytest.mark.slow

FLOW = """
import headrace as hr

print("imported")


@hr.step
def fit(share: float) -> float:
    return share


@hr.step
def score(fitted: float) -> float:
    return fitted


@hr.pipeline
def training(share: float = 0.5, rounds: int = 3) -> float:
    return score(fit(share))


@hr.pipeline(name="other")
def scoring() -> float:
    return score(1.0)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    settings = '[project]\nname = "flows"\nversion = "0"\n[tool.headrace.pipelines]\ntrain = "flows/main.py:training"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "main.py").write_text(FLOW)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "hidden.py").write_text(FLOW)
    (tmp_path / "broken.py").write_text("import headrace as hr\n@hr.pipeline\ndef (")
    return Project(tmp_path)


def offered(project: Project, *words: str) -> list[str]:
    """What bash is offered for the last of these words."""
    typed = {"_HEADRACE_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    answer = project.headrace(**typed)
    assert answer.err == ""
    return [line.removeprefix("plain,") for line in answer.out.splitlines() if line]


def test_pipelines_are_offered_by_their_names_and_places(project: Project):
    assert offered(project, "headrace", "run", "") == ["train", "flows/main.py:training", "flows/main.py:scoring"]
    assert offered(project, "headrace", "plan", "flows/main.py:s") == ["flows/main.py:scoring"]


def test_commands_and_options_are_offered(project: Project):
    assert offered(project, "headrace", "ru") == ["run", "runs"]
    assert "--fail-fast" in offered(project, "headrace", "run", "train", "--f")
    assert "--version" in offered(project, "headrace", "--")
    assert offered(project, "headrace", "runs", "--state", "f") == ["failed"]


def test_parameters_of_the_pipeline_are_offered(project: Project):
    assert offered(project, "headrace", "run", "train", "-p", "") == ["share=", "rounds="]
    assert offered(project, "headrace", "run", "flows/main.py:training", "-p", "r") == ["rounds="]


def test_runs_and_their_steps_are_offered(project: Project):
    project.ok("run", "-q", "train", "--name", "first", "--tag", "nightly")
    project.ok("run", "-q", "flows/main.py:scoring")
    runs = [one["id"][-8:] for one in project.ok("runs", "--json").data]
    assert offered(project, "headrace", "show", "") == ["last", runs[0], runs[1], "first"]
    assert offered(project, "headrace", "why", "first", "") == ["fit", "score"]
    assert offered(project, "headrace", "logs", runs[0], "") == ["score"]
    assert offered(project, "headrace", "run", "train", "--until", "f") == ["fit"]
    assert offered(project, "headrace", "run", "train", "-o", "fit.t") == ["fit.timeout="]
    assert offered(project, "headrace", "runs", "--tag", "") == ["nightly"]
    assert offered(project, "headrace", "runs", "--before", "fi") == ["first"]


def test_nothing_is_offered_where_there_is_nothing_and_nothing_is_complained_of(project: Project):
    assert offered(project, "headrace", "why", "last", "") == []
    (project.folder / "pyproject.toml").write_text("[tool.headrace\n")
    assert offered(project, "headrace", "run", "") == []


@pytest.mark.services
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_by_the_script_that_is_printed_for_it(project: Project):
    program = f"{sys.executable} -m headrace"
    script = project.ok("completion", "bash").out.replace("$1)", f"{program})")
    (project.folder / "complete.bash").write_text(
        f"{script}\nCOMP_WORDS=(headrace run flows/main.py:t)\nCOMP_CWORD=2\n_headrace_completion headrace\n"
        'printf "%s\\n" "${COMPREPLY[@]}" "$COMP_WORDBREAKS"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "complete.bash"],
        cwd=project.folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    first, _, breaks = done.stdout.partition("\n")
    assert first == "flows/main.py:training"
    assert not {":", "="} & set(breaks)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_get_their_scripts(project: Project, shell: str):
    assert "_HEADRACE_COMPLETE" in project.ok("completion", shell).out
