"""What a script changes in modules before it starts a run: no key sees it, so it is refused with what to do."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

CONFIG = "LR = 1\nOPTIONS = {'depth': 3}\nNAMES = []\n\n\ndef learn(name):\n    NAMES.append(name)\n"
CONFIG += "\n\ndef scale(x):\n    return x\n\n\nclass Unit:\n    def of(self, x):\n        return x\n"
SCRIPT = """
import sys

import config
import headrace as hr

RATE = 1
CACHE = {}


@hr.step
def compute(x: int) -> str:
    CACHE[x] = x
    return f"{RATE} {config.LR} {config.OPTIONS['depth']} {config.NAMES}"


@hr.step
def convert(x: int) -> int:
    return shift(config.Unit().of(config.scale(x)))


def shift(x):
    return x


def other(x):
    return x + 1


def by_method(unit, x):
    return x + 1


@hr.pipeline
def computing(x: int = 1) -> str:
    return compute(convert(x))


def main():
    print(hr.run(computing).output)


if __name__ == "__main__":
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "memory"\nversion = "0"\n')
    (tmp_path / "config.py").write_text(CONFIG)
    return Project(tmp_path)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("RATE = int('5')", "`RATE` of script.py"),
        ("RATE = 5", "`RATE` of script.py"),
        ("config.LR = 5", "`LR` of config.py"),
        ("setattr(config, 'LR', 5)", "`LR` of config.py"),
        ("config.OPTIONS['depth'] = 5", "`OPTIONS` of config.py"),
        ("config.OPTIONS.update(depth=5)", "`OPTIONS` of config.py"),
    ],
)
def test_a_constant_that_the_script_changes_is_refused_before_anything_runs(project: Project, line: str, name: str):
    answer = project.python(f"{SCRIPT}    {line}\n    main()\n")
    assert answer.status == 1
    assert f"{name} was edited after" in answer.err.replace(" in ", " of ") or f"A step uses {name}" in answer.err
    assert "a parameter of the pipeline" in answer.err
    assert project.headrace("show", "last").status == 2, "no run was made"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("config.scale = lambda x: x + 1", "`scale` of config.py"),
        ("config.scale = int", "`scale` of config.py"),
        ("config.scale = other", "`scale` of config.py"),
        ("config.Unit.of = by_method", "`Unit.of` of config.py"),
        ("shift = other", "`shift` of script.py"),
        ("import functools; config.scale = functools.wraps(config.scale)(lambda x: x + 1)", "`scale` of config.py"),
    ],
)
def test_a_function_that_the_script_replaces_is_refused_before_anything_runs(project: Project, line: str, name: str):
    answer = project.python(f"{SCRIPT}    {line}\n    main()\n")
    assert answer.status == 1
    assert f"A step uses {name}" in answer.err
    assert "a parameter that chooses" in answer.err
    assert project.headrace("show", "last").status == 2, "no run was made"


@pytest.mark.parametrize(
    "line",
    [
        "import functools; config.scale = functools.lru_cache(config.scale)",
        "config.unused = other",
        "config.Unit.more = other",
    ],
)
def test_what_replaces_no_function_runs(project: Project, line: str):
    answer = project.python(f"{SCRIPT}    {line}\n    main()\n")
    assert answer.status == 0, answer.err


@pytest.mark.parametrize(
    "line", ["pass", "config.LR = 1", "RATE = 1", "unused = 5", "config.learn('a')", "CACHE[7] = 7"]
)
def test_what_changes_no_constant_runs(project: Project, line: str):
    answer = project.python(f"{SCRIPT}    {line}\n    main()\n")
    assert answer.status == 0, answer.err
    assert answer.out.startswith("1 1 3 [")


def test_a_script_that_is_imported_keeps_what_stands_under_its_guard_to_itself(project: Project):
    (project.folder / "script.py").write_text(f"{SCRIPT}    RATE = 5\n    main()\n")
    assert project.ok("run", "script.py:computing", "--json").data["output"] == "1 1 3 []"
