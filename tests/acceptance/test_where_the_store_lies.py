"""The store's folder: as the settings say, and as the environment says over them."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

FLOW = """
import headrace as hr


@hr.step
def one() -> int:
    return 1


@hr.pipeline
def ones() -> int:
    return one()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "flow.py").write_text(FLOW)
    return Project(folder)


def settle(project: Project, line: str) -> None:
    (project.folder / "pyproject.toml").write_text(f'[project]\nname = "p"\nversion = "0"\n[tool.headrace]\n{line}\n')


def test_the_setting_is_relative_to_the_project(project: Project):
    settle(project, 'store = "../elsewhere"')
    project.ok("run", "flow.py:ones")
    assert (project.folder.parent / "elsewhere" / "headrace.db").is_file()


def test_the_environment_counts_more_than_the_setting(project: Project):
    settle(project, 'store = "../elsewhere"')
    answer = project.headrace("run", "flow.py:ones", HEADRACE_HOME="../home")
    assert answer.status == 0, answer.err
    assert (project.folder.parent / "home" / "headrace.db").is_file()
    assert not (project.folder.parent / "elsewhere").exists()


def test_a_folder_that_is_no_text_is_told(project: Project):
    settle(project, "store = 3")
    answer = project.headrace("run", "flow.py:ones")
    assert answer.status == 2
    assert answer.err.startswith("error[settings]: `store` in [tool.headrace] of ")
    assert "is 3; it has to be the path of a folder" in answer.err
