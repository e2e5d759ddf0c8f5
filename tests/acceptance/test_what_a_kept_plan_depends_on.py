"""A plan is kept for the next time: what it depends on beside the project's files is asked again each time."""

import os
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project
from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

READ = "@hr.step{options}\ndef use(path: Path) -> str:\n    return path.read_text()\n\n"


def both(folder: Path, files: dict[str, str]) -> tuple[Project, Project]:
    """A project and its folder `below`, each with an `a.txt` of its own."""
    return project_of(folder, {**files, "a.txt": "above", "below/a.txt": "below"}), Project(folder / "below")


def test_a_path_that_the_module_makes_absolute_is_that_of_the_working_directory(tmp_path: Path):
    work = HEAD + "PLACE = Path('a.txt').absolute()\n\n" + READ.format(options="")
    above, below = both(tmp_path, {"work.py": work + "@hr.pipeline\ndef pipe() -> str:\n    return use(PLACE)\n"})
    assert [run(where)[0] for where in (above, below, above)] == ["above", "below", "above"]


def test_a_module_of_another_folder_on_the_path_is_another_one(tmp_path: Path):
    work = HEAD + "import rate\n\n@hr.step\ndef use() -> int:\n    return rate.RATE\n\n"
    project = project_of(tmp_path, {"work.py": work + "@hr.pipeline\ndef pipe() -> int:\n    return use()\n"})
    for name, number in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rate.py").write_text(f"RATE = {number}\n")
    found = []
    for name in ("a", "b", "a"):
        path = f"{ENVIRONMENT['PYTHONPATH']}{os.pathsep}{tmp_path / name}"
        found.append(project.headrace("run", "work:pipe", "--json", PYTHONPATH=path).data["output"])
    assert found == [1, 2, 1]


def test_another_lock_file_is_another_environment_for_a_kept_plan(tmp_path: Path):
    work = HEAD + "@hr.step\ndef use() -> int:\n    return 1\n\n@hr.pipeline\ndef pipe() -> int:\n    return use()\n"
    project = project_of(tmp_path, {"work.py": work, "uv.lock": "version = 1\n"})
    run(project)
    assert run(project)[1] == {"use": "reused"}
    (tmp_path / "uv.lock").write_text("version = 1\nrevision = 2\n")
    assert run(project)[1] == {"use": "succeeded"}


def test_a_relative_parameter_means_the_callers_file_in_a_worker_too(tmp_path: Path):
    work = HEAD + READ.format(options="(timeout=60)")
    files = {"work.py": work + "@hr.pipeline\ndef pipe(path: Path) -> str:\n    return use(path)\n"}
    above, below = both(tmp_path, files)
    assert [run(where, "work:pipe", "-p", "path=a.txt")[0] for where in (below, above)] == ["below", "above"]
