"""Mistakes that newcomers make, answered with what, which, why and what now, and with the right exit code."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

GOOD = "import headrace as hr\n\n@hr.step\ndef one() -> int:\n    return 1\n\n@hr.pipeline\ndef pipe() -> int:\n    return one()\n"


COLOURED = """
from enum import Enum

import headrace as hr


class Colour(Enum):
    RED = 1
    BLUE = 2


@hr.step
def paint(colour: Colour) -> str:
    return colour.name


@hr.pipeline
def painting(colour: Colour) -> str:
    return paint(colour)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "mistakes"\nversion = "0"\n')
    (tmp_path / "good.py").write_text(GOOD)
    return Project(tmp_path)


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("x = (\n" + GOOD, "SyntaxError"),
        ("import nosuchlibrary\n" + GOOD, "No module named 'nosuchlibrary'"),
        (GOOD + "\n1 / 0\n", "ZeroDivisionError at"),
        (GOOD.replace("return one()", "return onee()"), "onee"),
    ],
    ids=["syntax", "missing-library", "error-at-import", "misspelt-step"],
)
def test_an_error_in_the_projects_own_code_is_told_with_its_place(project: Project, code: str, answer: str):
    (project.folder / "bad.py").write_text(code)
    refused = project.headrace("run", "bad:pipe")
    assert refused.status == 2, refused.err
    assert answer in refused.err
    assert "bad.py, line" in refused.err or "nosuch" in refused.err
    assert "Headrace itself" not in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["run", "good:pip"], "did you mean 'pipe'"),
        (["run", "nowhere:pipe"], "There is no module 'nowhere'"),
        (["run", "missing.py:pipe"], "There is no file 'missing.py'"),
        (["run", "good:one"], "is a Step, not a pipeline"),
        (["run", "good:pipe", "-p", "x"], "-p name=value"),
        (["run", "good:pipe", "--params", "none.toml"], "There is no parameters' file none.toml"),
        (["run", "good:pipe", "--until", "on"], "did you mean 'one'"),
        (["show", "zzz"], "There is no"),
        (["rum"], "did you mean run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_starts_nothing_and_says_what_to_type(project: Project, arguments: list[str], answer: str):
    refused = project.headrace(*arguments)
    assert refused.status == 2, refused.err
    assert answer in refused.err
    assert "pipe" not in project.headrace("runs").out


def test_a_pipeline_that_calls_no_step_is_planned_in_words(project: Project):
    project.edit("good.py", "return one()", "return 1")
    assert project.ok("plan", "good:pipe").out == (
        "This pipeline has no steps: its body calls none. Nothing was started.\n"
    )


def test_numbers_that_are_none_and_texts_that_no_terminal_has_are_shown(project: Project):
    (project.folder / "odd.py").write_text(
        "import headrace as hr\n\n@hr.step\ndef log() -> int:\n    hr.log_metric('loss', float('inf'))\n    hr.log_metric('other', float('nan'))\n"
        "    return 1\n\n@hr.step\ndef fail(x: int) -> int:\n    raise ValueError('\\ud800')\n\n@hr.pipeline\ndef pipe() -> int:\n    return fail(log())\n"
    )
    assert project.headrace("run", "odd:pipe").status == 1
    assert "inf" in project.ok("show").out
    assert "ud800" in project.ok("show").out
    assert "nan" in project.ok("runs").out


def test_an_option_that_is_refused_while_a_module_is_imported_is_told_with_its_line(project: Project):
    for option in ("timeout=-1", 'retries="often"'):
        (project.folder / "flow.py").write_text(
            f"import headrace as hr\n\n\n@hr.step({option})\ndef work() -> int:\n    return 1\n"
        )
        answer = project.headrace("plan", "flow.py:work")
        assert answer.status == 2
        assert answer.err.startswith("error[definition.option]: flow.py, line 4: ")


def test_a_name_in_the_wrong_case_is_near(project: Project):
    (project.folder / "flow.py").write_text(COLOURED)
    answer = project.headrace("plan", "flow.py:painting", "-p", "colour=red")
    assert "did you mean 'RED'?" in answer.err
    assert "one of RED, BLUE, or by value 1, 2" in answer.err


def test_a_missing_file_of_parameters_is_said_to_be_missing(project: Project):
    (project.folder / "flow.py").write_text(COLOURED)
    answer = project.headrace("plan", "flow.py:painting", "--params", "nowhere.yaml")
    assert "There is no parameters' file nowhere.yaml. It is TOML or JSON" in answer.err


@pytest.mark.parametrize(("file", "text"), [("p.toml", "rate = 1e400\n"), ("p.json", '{"rate": -1e400}')])
def test_a_number_of_a_file_that_no_float_holds_is_refused(project: Project, file: str, text: str):
    rated = GOOD.replace("def pipe()", "def pipe(rate: float = 1.0)")
    (project.folder / "rated.py").write_text(rated)
    (project.folder / file).write_text(text)
    answer = project.headrace("run", "rated:pipe", "--params", file)
    assert answer.status == 2
    assert "1e400: a float holds no more than 1.8e308; for infinity write inf" in answer.err
