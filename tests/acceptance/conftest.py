"""Projects to run commands in."""

from pathlib import Path

import pytest

from acceptance.command_line import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new project as `headrace init` writes it."""
    made = Project(tmp_path)
    made.ok("init", "deliveries")
    return Project(tmp_path / "deliveries")
