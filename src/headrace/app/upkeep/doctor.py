"""Looks at machine, project and store and says what would irritate later. Changes nothing."""

import os
import sys
from collections.abc import Iterator

from headrace.app.projects.loading import load
from headrace.app.projects.targets import locate
from headrace.app.rooms import Rooms
from headrace.app.upkeep.checkup import examine_store
from headrace.app.upkeep.findings import Finding
from headrace.executors.processes import cores


def examine(rooms: Rooms, *, deep: bool = False) -> Iterator[Finding]:
    """Everything looked at, in order; goes on after a problem. `deep` reads every stored object."""
    yield _python()
    yield _machine()
    yield from _project(rooms)
    yield from examine_store(rooms, deep=deep)
    yield from _pipelines(rooms)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.dont_write_bytecode or os.environ.get("PYTHONDONTWRITEBYTECODE"):
        text = f"{version}, but bytecode is not written: every start compiles anew. Unset PYTHONDONTWRITEBYTECODE."
        return Finding("python", "note", text)
    return Finding("python", "ok", f"{version} at {sys.executable}")


def _machine() -> Finding:
    count = cores()
    if sys.platform == "darwin":
        return Finding("machine", "note", f"{count} cores; macOS cannot enforce memory limits of steps")
    if sys.platform != "linux":
        return Finding("machine", "problem", f"{sys.platform} is not supported; use Linux, macOS or WSL")
    return Finding("machine", "ok", f"{count} cores, so {count} lanes")


def _project(rooms: Rooms) -> Iterator[Finding]:
    root = rooms.settings.root
    if not (root / "pyproject.toml").is_file():
        yield Finding("project", "note", f"no pyproject.toml at or above {root}; `headrace init` makes a project")
    else:
        yield Finding("project", "ok", str(root))


def _pipelines(rooms: Rooms) -> Iterator[Finding]:
    for name, place in rooms.settings.pipelines.items():
        try:
            load(locate(name, rooms.settings), rooms.settings)
            yield Finding(f"pipeline {name}", "ok", place)
        except Exception as error:  # noqa: BLE001 - importing a user's module can raise anything; all of it is a finding
            yield Finding(f"pipeline {name}", "problem", f"{place}: {type(error).__name__}: {error}")
