"""Pickles are never silent, and mistakes in settings are named with what was probably meant."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

PICKLING = """
import headrace as hr

class Odd:
    def __init__(self, x):
        self.x = x

@hr.step
def odd(x: int) -> Odd:
    return Odd(x)

@hr.step
def pair(x: int) -> tuple[int, Odd]:
    return x, Odd(x)

@hr.pipeline
def pickling() -> Odd:
    return odd(1)

@hr.pipeline
def pairing() -> tuple[int, Odd]:
    return pair(1)

@hr.step
def plain() -> int:
    return 1

@hr.pipeline
def plainly() -> int:
    return plain()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    (tmp_path / "odds.py").write_text(PICKLING)
    configure(made, "")
    return made


def configure(project: Project, settings: str) -> None:
    head = '[project]\nname = "odds"\nversion = "0"\n\n[tool.headrace]\n'
    (project.folder / "pyproject.toml").write_text(head + settings)


def refused(project: Project, *arguments: str, **environment: str) -> str:
    answer = project.headrace(*arguments, **environment)
    assert answer.status == 2, answer.out + answer.err
    assert answer.err.startswith("error[settings"), answer.err
    assert "Traceback" not in answer.err
    assert not (project.folder / ".headrace").exists(), "nothing was started"
    return answer.err


def test_a_pickled_value_is_told_of_with_step_and_class_while_it_runs_and_in_the_log(project: Project):
    answer = project.ok("run", "odds:pickling")
    warning = "the output of step 'odd' is a odds.Odd, stored as a pickle"
    assert warning in answer.err
    assert "PickledArtifactWarning" in answer.err
    assert warning in project.ok("logs", "last", "odd").out
    assert "#!" not in answer.err, "no line of any other file is shown with it"


def test_the_part_of_an_output_that_is_a_pickle_is_named(project: Project):
    assert "the output of step 'pair'[1] is a odds.Odd" in project.ok("run", "odds:pairing").err


def test_a_project_that_allows_pickles_hears_nothing_of_them(project: Project):
    configure(project, 'pickles = "allow"')
    assert "pickle" not in project.ok("run", "odds:pickling").err.replace("pickling", "")


def test_a_project_that_forbids_pickles_gets_an_error_that_says_what_to_return(project: Project):
    configure(project, 'pickles = "forbid"')
    answer = project.headrace("run", "odds:pickling")
    assert answer.status == 1
    assert "the output of step 'odd' is a odds.Odd, which only a pickle can hold" in answer.err
    assert 'pickles = "forbid"' in answer.err
    assert "Return a dataclass, table, array" in answer.err
    assert project.ok("run", "odds:plainly").status == 0


def test_the_environment_comes_before_the_file(project: Project):
    answer = project.headrace("run", "odds:pickling", HEADRACE_PICKLES="forbid")
    assert answer.status == 1
    assert "only a pickle can hold" in answer.err


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('pickels = "warn"', ["'pickels'", "did you mean 'pickles'", "pyproject.toml"]),
        ('pickles = "never"', ["`pickles` is 'never'", "allow or warn or forbid"]),
        ('pickles = "forbit"', ["did you mean 'forbid'"]),
        ("lanes = -1", ["`lanes` is -1", "whole number"]),
        ('lanes = "many"', ["`lanes` is 'many'", "whole number"]),
        ("lanes = true", ["`lanes` is True", "whole number"]),
        ('durability = "ful"', ["`durability` is 'ful'", "did you mean 'full'"]),
        ('pipelines = "odds:pickling"', ["[tool.headrace.pipelines]", "table"]),
        ("pipelines = {train = 3}", ["train", "module:name"]),
        ('pipelines = {train = "odds"}', ["train", "'odds'", "module:name"]),
        ('trusted = "numpy.dtype"', ["`trusted`", "list"]),
        ('strict = "yes"', ["`strict`", "true or false"]),
        ("store = 3", ["`store` is 3", "folder"]),
        ("lanes = 1\nlanes = 2", ["pyproject.toml", "TOML"]),
    ],
)
def test_a_mistake_in_the_project_s_settings_is_named(project: Project, settings: str, words: list[str]):
    configure(project, settings)
    message = refused(project, "run", "odds:plainly")
    for word in words:
        assert word in message, message


def test_a_setting_that_is_no_table_is_named(project: Project):
    (project.folder / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "0"\n[tool]\nheadrace = 3\n')
    assert "[tool.headrace]" in refused(project, "run", "odds:plainly")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"HEADRACE_PICKLES": "maybe"}, ["HEADRACE_PICKLES", "'maybe'", "allow or warn or forbid"]),
        ({"HEADRACE_LANES": "two"}, ["HEADRACE_LANES", "'two'", "whole number"]),
        ({"HEADRACE_DURABILITY": "fully"}, ["HEADRACE_DURABILITY", "did you mean 'full'"]),
        ({"HEADRACE_LANE": "2"}, ["'HEADRACE_LANE'", "did you mean 'HEADRACE_LANES'"]),
    ],
)
def test_a_mistake_in_a_variable_is_named(project: Project, environment: dict[str, str], words: list[str]):
    message = refused(project, "run", "odds:plainly", **environment)
    for word in words:
        assert word in message, message


def test_another_store_can_be_named_by_a_variable(project: Project, tmp_path: Path):
    assert project.headrace("run", "odds:plainly", HEADRACE_HOME=str(tmp_path / "elsewhere")).status == 0
    assert (tmp_path / "elsewhere" / "headrace.db").exists()
    assert not (project.folder / ".headrace").exists()
