"""Small projects of several files, run before and after one of them is edited."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acceptance.command_line import Project

PYPROJECT = '[project]\nname = "edits"\nversion = "0"\n[tool.headrace]\npickles = "allow"\n'
HEAD = "import functools\nfrom pathlib import Path\nimport headrace as hr\n\n"
ONE_STEP = "@hr.pipeline\ndef pipe() -> object:\n    return use()\n"


def project_of(folder: Path, files: Mapping[str, str]) -> Project:
    """A project with these files."""
    for name, text in {"pyproject.toml": PYPROJECT, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Project(folder)


def run(project: Project, target: str = "work:pipe", *options: str) -> tuple[object, dict[str, str]]:
    """The output of a run, and how its steps ended."""
    data: Any = project.ok("run", target, "--json", *options).data
    return data["output"], data["steps"]


def assert_noticed(project: Project, file: str, before: str, after: str) -> None:
    """An edit that changes what the last step gives: reused before it, computed after it."""
    first, _ = run(project)
    again, steps = run(project)
    assert (again, set(steps.values())) == (first, {"reused"})
    project.edit(file, before, after)
    second, steps = run(project)
    assert second != first
    assert steps["use"] == "succeeded"
