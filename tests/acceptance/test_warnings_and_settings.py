"""Pickles are never silent, and mistakes in settings are named with what was probably meant."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

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
    refusal = (
        "the output of step 'odd' is a odds.Odd, which only a pickle can hold (no format knows its type), and the "
    )
    assert refusal + 'project\'s setting `pickles = "forbid"` refuses pickles; ' in answer.err
    assert "Return a dataclass, table, array" in answer.err
    assert project.ok("run", "odds:plainly").status == 0


def test_the_environment_comes_before_the_file(project: Project):
    answer = project.headrace("run", "odds:pickling", HEADRACE_PICKLES="forbid")
    assert answer.status == 1
    assert "only a pickle can hold" in answer.err


WHOLE = "it has to be a whole number (0: one lane a core)."
PLACE = 'write "module:name" or "file.py:name".'
KNOWN = (
    "database, durability, lanes, object_copies, objects, pickles, pipelines, store, strict, trust_file_system, trusted"
)
LIST = 'it has to be a list of classes and modules, such as ["models:Blend"].'


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            'pickels = "warn"',
            "[tool.headrace] in FILE has no setting 'pickels'; did you mean 'pickles' or 'pipelines'.",
        ),
        ('color = "blue"', f"[tool.headrace] in FILE has no setting 'color'; there is {KNOWN}."),
        ('pickles = "never"', "`pickles` in [tool.headrace] of FILE is 'never'; it can be allow or warn or forbid."),
        (
            'pickles = "forbit"',
            "`pickles` in [tool.headrace] of FILE is 'forbit'; it can be allow or warn or forbid; did you mean 'forbid'.",
        ),
        ("pickles = 3", "`pickles` in [tool.headrace] of FILE is 3; it can be allow or warn or forbid."),
        ("lanes = -1", f"`lanes` in [tool.headrace] of FILE is -1; {WHOLE}"),
        ("lanes = 1.5", f"`lanes` in [tool.headrace] of FILE is 1.5; {WHOLE}"),
        ('lanes = "many"', f"`lanes` in [tool.headrace] of FILE is 'many'; {WHOLE}"),
        ("lanes = true", f"`lanes` in [tool.headrace] of FILE is true; {WHOLE}"),
        (
            'durability = "ful"',
            "`durability` in [tool.headrace] of FILE is 'ful'; it can be normal or full; did you mean 'full'.",
        ),
        (
            'pipelines = "odds:pickling"',
            "`pipelines` in [tool.headrace] of FILE has to be a table of names, each with its `module:name`.",
        ),
        ("pipelines = {train = 3}", f"`pipelines` in [tool.headrace] of FILE: 'train' is 3; {PLACE}"),
        ('pipelines = {train = "odds"}', f"`pipelines` in [tool.headrace] of FILE: 'train' is 'odds'; {PLACE}"),
        ('trusted = "numpy.dtype"', f"`trusted` in [tool.headrace] of FILE is 'numpy.dtype'; {LIST}"),
        ("trusted = [1]", f"`trusted` in [tool.headrace] of FILE is [1]; {LIST}"),
        ('strict = "yes"', "`strict` in [tool.headrace] of FILE is 'yes'; it has to be true or false."),
        ("trust_file_system = 1", "`trust_file_system` in [tool.headrace] of FILE is 1; it has to be true or false."),
        (
            "store = 3",
            '`store` in [tool.headrace] of FILE is 3; it has to be the path of a folder, such as ".headrace".',
        ),
        (
            'store = ""',
            "`store` in [tool.headrace] of FILE is ''; it has to be the path of a folder, such as \".headrace\".",
        ),
    ],
)
def test_a_mistake_in_the_project_s_settings_is_named(project: Project, settings: str, message: str):
    configure(project, settings)
    told = message.replace("FILE", str(project.folder / "pyproject.toml"))
    assert refused(project, "run", "odds:plainly") == f"error[settings]: {told}\n"


def test_a_file_that_is_no_toml_is_named_with_the_place(project: Project):
    configure(project, "lanes = 1\nlanes = 2")
    told = refused(project, "run", "odds:plainly")
    assert told.startswith(f"error[settings]: {project.folder / 'pyproject.toml'} cannot be read as TOML: ")
    assert told.endswith("Mend that line; nothing was started.\n")


def test_a_setting_that_is_no_table_is_named(project: Project):
    (project.folder / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "0"\n[tool]\nheadrace = 3\n')
    assert "[tool.headrace]" in refused(project, "run", "odds:plainly")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("HEADRACE_PICKLES", "maybe", "HEADRACE_PICKLES is 'maybe'; it can be allow or warn or forbid."),
        ("HEADRACE_LANES", "two", f"HEADRACE_LANES is 'two'; {WHOLE}"),
        (
            "HEADRACE_DURABILITY",
            "fully",
            "HEADRACE_DURABILITY is 'fully'; it can be normal or full; did you mean 'full'.",
        ),
        (
            "HEADRACE_LANE",
            "2",
            "There is no variable 'HEADRACE_LANE'; did you mean 'HEADRACE_LANES'. Unset it or mend its name.",
        ),
    ],
)
def test_a_mistake_in_a_variable_is_named(project: Project, name: str, value: str, message: str):
    assert refused(project, "run", "odds:plainly", **{name: value}) == f"error[settings]: {message}\n"


def test_another_store_can_be_named_by_a_variable(project: Project, tmp_path: Path):
    assert project.headrace("run", "odds:plainly", HEADRACE_HOME=str(tmp_path / "elsewhere")).status == 0
    assert (tmp_path / "elsewhere" / "headrace.db").exists()
    assert not (project.folder / ".headrace").exists()
