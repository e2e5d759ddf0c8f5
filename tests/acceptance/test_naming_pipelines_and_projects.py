"""How pipelines and projects are named by those who type: what is short works, what cannot work says what to type."""

import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project

pytestmark = pytest.mark.slow

FLOW = """
import headrace as hr


@hr.step
def one() -> int:
    return 1


@hr.pipeline
def churn() -> int:
    return one()
"""
SECOND = "\n\n@hr.pipeline(tags=['x'])\ndef second() -> int:\n    return one()\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    settings = '[project]\nname = "x"\nversion = "0"\n[tool.headrace.pipelines]\nnightly = "flows/churn.py:churn"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "flows" / "deep").mkdir(parents=True)
    (tmp_path / "flows" / "churn.py").write_text(FLOW)
    return Project(tmp_path)


def refused(project: Project, *arguments: str) -> str:
    answer = project.headrace(*arguments)
    assert answer.status == 2, answer.out + answer.err
    return answer.err.removesuffix("\n")


@pytest.mark.parametrize("typed", ["flows/churn.py", "flows.churn", "nightly", "flows/churn.py:churn"])
def test_a_file_or_module_with_one_pipeline_means_that_pipeline(project: Project, typed: str):
    assert project.ok("run", "-q", typed).out == "output: 1\n"


def test_a_pipeline_of_the_settings_is_found_from_every_folder_of_the_project(project: Project):
    deep = Project(project.folder / "flows" / "deep")
    assert deep.ok("run", "-q", "nightly").out == "output: 1\n"
    assert deep.ok("run", "-q", "../churn.py").out == "output: 1\n"
    assert not (deep.folder / ".headrace").exists()


def test_a_file_with_several_pipelines_is_answered_with_the_commands(project: Project):
    (project.folder / "flows" / "churn.py").write_text(FLOW + SECOND)
    assert refused(project, "run", "flows/churn.py") == (
        "error[usage]: flows/churn.py defines several pipelines; say which: `headrace run flows/churn.py:churn`, "
        "`headrace run flows/churn.py:second`."
    )


def test_a_file_without_a_pipeline_says_so(project: Project):
    (project.folder / "bare.py").write_text("x = 1\n")
    assert refused(project, "run", "bare.py") == (
        "error[usage]: bare.py defines no pipeline: put @hr.pipeline over a function at its top level."
    )


@pytest.mark.parametrize("typed", ["later.py", "later.py:churn", "later"])
def test_a_coroutine_under_pipeline_is_refused_as_one(project: Project, typed: str):
    (project.folder / "later.py").write_text(FLOW.replace("def churn", "async def churn"))
    told = refused(project, "run", typed)
    assert told.endswith(
        "'churn' cannot be a pipeline: a pipeline is no coroutine. Write def, and call asyncio.run inside."
    )


def test_a_pipeline_that_a_call_makes_is_found_and_its_steps_keep_their_options(project: Project):
    code = "import headrace as hr\n\ndef raw(n: int) -> int:\n    return n + 1\n\ndef body(n: int = 1) -> int:\n    return add(n)\n"
    code += "\nadd = hr.step(raw, name='plus', cache=False)\nwhole = hr.pipeline(body, name='whole')\n"
    (project.folder / "made.py").write_text(code)
    assert project.ok("run", "-q", "made.py").out == "output: 2\n"
    again = project.ok("run", "made.py", "--json").data
    assert (again["pipeline"], again["steps"]) == ("whole", {"plus": "succeeded"})


def test_a_file_with_a_mistake_in_its_syntax_says_where(project: Project):
    (project.folder / "bare.py").write_text("import headrace as hr\n\n@hr.pipeline\ndef p() -> int\n    return 1\n")
    assert refused(project, "run", "bare.py") == (
        "error[usage]: bare.py is no valid Python: expected ':', line 4. Nothing was started."
    )


def test_a_bare_name_that_stands_in_a_file_is_answered_with_its_place(project: Project):
    told = refused(project, "run", "churn")
    assert told.endswith("There is one of this name in the project; say `headrace run flows/churn.py:churn`.")


@pytest.mark.parametrize("typed", ["secrets.py", "secrets:churn", "statistics.py:churn", "random"])
def test_a_module_called_as_one_of_python_s_own_is_refused_clearly(project: Project, typed: str):
    name = typed.partition(":")[0].removesuffix(".py")
    (project.folder / f"{name}.py").write_text(FLOW)
    assert refused(project, "run", typed) == (
        f"error[usage.standard-name]: {name}.py has the name of Python's own module `{name}`: which of the two "
        f"`import {name}` gives depends on what was imported before. Rename it, for example to `my_{name}`."
    )


def test_a_module_called_as_one_of_python_s_own_that_a_step_reaches_is_refused_too(project: Project):
    (project.folder / "random.py").write_text("def mine() -> int:\n    return 4\n")
    project.edit("flows/churn.py", "    return 1", "    import random\n\n    return random.mine()")
    assert "random.py has the name of Python's own module `random`" in refused(project, "run", "nightly")


def test_in_a_folder_without_a_project_the_project_is_named(project: Project, tmp_path: Path):
    project.ok("run", "-q", "nightly")
    (tmp_path / "pyproject.toml").unlink()
    below = Project(tmp_path / "flows")
    hint = (
        f"There is no pyproject.toml in {tmp_path / 'flows'} or above it, but a store in {tmp_path}: start headrace "
        "there, or put a pyproject.toml there, so that it is found from every folder below."
    )
    for arguments in (["runs"], ["run", "nightly"]):
        assert refused(below, *arguments).endswith(hint)
    (tmp_path / "empty" / "mine").mkdir(parents=True)
    (tmp_path / ".headrace" / "headrace.db").unlink()
    (tmp_path / "empty" / "mine" / "pyproject.toml").write_text("[tool.headrace]\n")
    assert refused(Project(tmp_path / "empty"), "runs").endswith("did you mean the project in mine?")
    assert refused(Project(tmp_path / "empty"), "run", "training").endswith("did you mean the project in mine?")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("class", "it is a word of Python's grammar"),
        ("numpy", "a package `numpy` is installed, and this one would hide it"),
        ("random", "Python has a module `random` of its own, and one would hide the other"),
        ("1abc", "Python cannot import a name like that (letters, digits and _, and no digit first)"),
        ("data", "the project has a folder data/ for something else"),
    ],
)
def test_a_project_that_python_could_not_import_is_not_begun(tmp_path: Path, name: str, reason: str):
    assert refused(Project(tmp_path), "init", name) == (
        f"error[usage]: The project's package cannot be called {name!r}: {reason}. Nothing was written; give it another "
        f"name, such as `headrace init {name} --name my_{name}`."
    )
    assert not (tmp_path / name).exists()
    Project(tmp_path).ok("init", name, "--name", f"my_{name}")
    assert Project(tmp_path / name).ok("run", "-q", "training").status == 0


def test_the_commands_that_init_tells_can_be_typed(tmp_path: Path):
    told = Project(tmp_path).ok("init", "my proj").out.splitlines()[-1]
    assert told == "Now: cd 'my proj' && headrace run training"
    assert (tmp_path / "my proj" / "my_proj").is_dir()
    refusal = refused(Project(tmp_path), "init", "a b", "--name", "class")
    assert refusal.endswith("such as `headrace init 'a b' --name my_class`.")


def test_a_pipeline_under_another_decorator_is_told_to_lie_on_top(project: Project):
    project.edit("flows/churn.py", "@hr.pipeline", "@functools.cache\n@hr.pipeline")
    project.edit("flows/churn.py", "import headrace", "import functools\n\nimport headrace")
    assert refused(project, "run", "nightly") == (
        "error[usage]: flows.churn:churn is a pipeline under another decorator (functools._lru_cache_wrapper). Put "
        "@hr.pipeline on top of all others."
    )


@pytest.mark.parametrize("how", ["-c", "-"])
def test_steps_that_were_typed_into_python_are_told_to_live_in_a_file(tmp_path: Path, how: str):
    code = FLOW + "\nhr.run(churn)\n"
    command = [sys.executable, how, *([code] if how == "-c" else [])]
    done = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT, input=code, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr.splitlines()[-1].endswith(
        "NoFileError: Step 'one' was typed into `python -c` or standard input, where nobody can read its code again. "
        "Steps have to live in a file: put them into one, such as flow.py, and say `headrace run flow.py:churn`."
    )
