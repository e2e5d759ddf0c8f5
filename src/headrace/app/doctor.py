"""Looks at machine, project and store and says what would irritate later. Changes nothing."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from headrace.app.loading import load
from headrace.app.project import locate
from headrace.app.rooms import Rooms
from headrace.core.errors import HeadraceError

LEAST_FREE_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `ok`, `note` (works, but…) or `problem`, and what to do."""

    what: str
    verdict: Literal["ok", "note", "problem"]
    text: str


def examine(rooms: Rooms) -> Iterator[Finding]:
    """Everything looked at, in order; goes on after a problem."""
    yield _python()
    yield _machine()
    yield from _project(rooms)
    yield from _store(rooms)
    yield from _pipelines(rooms)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.dont_write_bytecode or os.environ.get("PYTHONDONTWRITEBYTECODE"):
        text = f"{version}, but bytecode is not written: every start compiles anew. Unset PYTHONDONTWRITEBYTECODE."
        return Finding("python", "note", text)
    return Finding("python", "ok", f"{version} at {sys.executable}")


def _machine() -> Finding:
    cores = os.cpu_count() or 1
    if sys.platform == "darwin":
        return Finding("machine", "note", f"{cores} cores; macOS cannot enforce memory limits of steps")
    if sys.platform != "linux":
        return Finding("machine", "problem", f"{sys.platform} is not supported; use Linux, macOS or WSL")
    return Finding("machine", "ok", f"{cores} cores, so {cores} lanes")


def _project(rooms: Rooms) -> Iterator[Finding]:
    root = rooms.settings.root
    if not (root / "pyproject.toml").is_file():
        yield Finding("project", "note", f"no pyproject.toml at or above {root}; `headrace init` makes a project")
    else:
        yield Finding("project", "ok", str(root))


def _store(rooms: Rooms) -> Iterator[Finding]:
    folder = rooms.settings.store
    place = folder if folder.exists() else rooms.settings.root
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE_BYTES:
        yield Finding("disk", "problem", f"{free / 1e9:.1f} GB free at {place}; results need room")
    else:
        yield Finding("disk", "ok", f"{free / 1e9:.0f} GB free")
    if not folder.exists():
        yield Finding("store", "note", f"none yet; the first run makes {folder}")
        return
    try:
        yield Finding("store", "ok", f"opens at {rooms.stores.place}")
    except HeadraceError as error:
        yield Finding("store", "problem", f"{error}")


def _pipelines(rooms: Rooms) -> Iterator[Finding]:
    for name, place in rooms.settings.pipelines.items():
        try:
            load(locate(name, rooms.settings), rooms.settings)
            yield Finding(f"pipeline {name}", "ok", place)
        except Exception as error:  # noqa: BLE001 - importing a user's module can raise anything; all of it is a finding
            yield Finding(f"pipeline {name}", "problem", f"{place}: {type(error).__name__}: {error}")
