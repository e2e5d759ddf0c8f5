"""Looking for pipelines by reading a project's files: which folders are searched, and what is passed over."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.app.projects import looks
from headrace.app.projects.settings import read_settings, where_the_project_is

FLOW = "import headrace as hr\n\n\n@hr.pipeline\ndef {name}() -> int:\n    return 1\n"


@pytest.fixture
def public_place() -> Iterator[Path]:
    """A folder that other users can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def as_nobody(code: str, folder: Path) -> str:
    """What a program prints that is no superuser's: root may search every folder."""
    drop = "import os; os.setgid(65534); os.setuid(65534)" if os.getuid() == 0 else ""
    imports = "from headrace.app.projects import looks, static_look, settings"
    command = [sys.executable, "-c", f"{imports}\n{drop}\n{code}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


SEEN = "print([place for place, _ in looks.sightings(settings.read_settings())])"


def test_folders_and_files_that_may_not_be_read_are_passed_over(public_place: Path):
    (public_place / "pyproject.toml").touch()
    for name in ("locked", "listed", "open"):
        (public_place / name).mkdir()
        (public_place / name / "flow.py").write_text(FLOW.format(name=name))
    (public_place / "open" / "secret.py").write_text(FLOW.format(name="secret"))
    (public_place / "open" / "secret.py").chmod(0o000)
    (public_place / "locked").chmod(0o000)
    (public_place / "listed").chmod(0o444)
    assert as_nobody(SEEN, public_place) == "['open/flow.py:open']\n"


def test_outside_a_project_only_the_folder_s_own_files_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "flow.py").write_text(FLOW.format(name="mine"))
    (tmp_path / "sub" / "flow.py").write_text(FLOW.format(name="theirs"))
    monkeypatch.chdir(tmp_path)
    assert looks.places_of("mine", read_settings()) == ["flow.py:mine"]
    assert looks.places_of("theirs", read_settings()) == []
    (tmp_path / "pyproject.toml").touch()
    assert looks.places_of("theirs", read_settings()) == ["sub/flow.py:theirs"]


def test_outside_a_project_unreadable_projects_are_not_offered(public_place: Path):
    for name in ("locked", "mine"):
        (public_place / name).mkdir()
        (public_place / name / "pyproject.toml").write_text("[tool.headrace]\n")
    (public_place / "locked" / "pyproject.toml").chmod(0o000)
    told = as_nobody("print(settings.where_the_project_is(settings.read_settings()))", public_place)
    assert told.endswith("did you mean the project in mine?\n")


def test_a_crowd_of_projects_is_not_offered(tmp_path: Path):
    for number in range(6):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "pyproject.toml").write_text("[tool.headrace]\n")
    told = where_the_project_is(read_settings(tmp_path))
    assert told.endswith("so this folder is taken for the project: start headrace in yours.")
