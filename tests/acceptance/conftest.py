"""Projects to run commands in."""

import shutil
from pathlib import Path

import pytest

from acceptance.command_line import Project


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `headrace init` writes, once for all tests of a process."""
    folder = tmp_path_factory.mktemp("initialised")
    Project(folder).ok("init", "deliveries")
    return folder / "deliveries"


@pytest.fixture
def project(initialised: Path, tmp_path: Path) -> Project:
    """A new project as `headrace init` writes it."""
    return Project(Path(shutil.copytree(initialised, tmp_path / "deliveries")))
