"""A store looked over: room and rights, the database, runs and claims of the dead, every object that is named.

Changes nothing; says which step and run a fault affects, and the command that mends it.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from headrace.app.rooms import Rooms
from headrace.app.upkeep.findings import Finding
from headrace.app.upkeep.verifying import damaged, database_finding, objects, verify
from headrace.artifacts.buckets import open_bucket
from headrace.core.errors import HeadraceError, UsageError
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.ports.records import RunFilter, RunRecord
from headrace.stores.errors import StoreDamagedError
from headrace.stores.filesystems import network_type
from headrace.stores.inspection import Claimed, SqlInspection

LEAST_FREE_BYTES = 2 << 30
_OPEN_STATES = (State.PENDING, State.QUEUED, State.RUNNING)
_SHOWN = 10
_LISTED = 10_000
_PATIENCE_S = 5.0
"""Whoever looks for a fault wants to know soon."""


def examine_store(rooms: Rooms, *, deep: bool = False) -> Iterator[Finding]:
    """Everything about the project's store, in order; goes on after a problem as far as it can.

    `deep` verifies every reference and the bytes of every object; otherwise presence and size are looked at.
    """
    folder = rooms.settings.store
    yield _room(folder if folder.exists() else rooms.settings.root)
    reached = True
    if rooms.settings.objects:
        found = _object_store(rooms)
        reached = found.verdict != "problem"
        yield found
    if not folder.exists() and not rooms.settings.database:
        yield Finding("store", "note", f"none yet; the first run makes {folder}")
        return
    yield from _rights(folder)
    if not rooms.settings.database:
        yield from _file_system(rooms, folder)
    try:
        inspection = SqlInspection(rooms.stores.database)
        yield Finding("store", "ok", f"opens at {rooms.stores.place}, schema {inspection.schema}")
        yield from _runs(rooms)
        yield _claims(rooms, inspection.claimed())
        yield from verify(rooms, is_reached=reached) if deep else _glance(rooms, inspection, is_reached=reached)
    except StoreDamagedError as error:
        yield damaged(rooms, error)
    except UsageError as error:
        yield Finding("store", "note", str(error))
    except HeadraceError as error:
        yield Finding("store", "problem", str(error))


def _glance(rooms: Rooms, inspection: SqlInspection, *, is_reached: bool) -> Iterator[Finding]:
    yield database_finding(rooms, inspection, deep=False)
    if is_reached:
        yield from objects(rooms, inspection, deep=False)


def _room(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE_BYTES:
        return Finding("disk", "problem", f"{free / 1e9:.1f} GB free at {place}; results need room")
    return Finding("disk", "ok", f"{free / 1e9:.0f} GB free")


def _rights(folder: Path) -> Iterator[Finding]:
    places = [folder, *sorted(folder.glob("headrace.db*")), folder / "objects", folder / "logs"]
    closed = [str(place) for place in places if place.exists() and not os.access(place, os.W_OK)]
    if closed:
        text = f"this user cannot write {', '.join(closed)}: runs can be looked at, but not made"
        yield Finding("permissions", "problem", text, f"chown -R {os.getuid()}:{os.getgid()} {folder}")
    else:
        yield Finding("permissions", "ok", "the store can be written")


def _file_system(rooms: Rooms, folder: Path) -> Iterator[Finding]:
    kind = network_type(str(folder))
    if kind and rooms.settings.trust_file_system:
        text = f"{folder} is on a network file system ({kind}), which the settings trust: its locks have to reach all"
        yield Finding("file system", "note", text)
    elif not kind:
        yield Finding("file system", "ok", "on a disk of this machine")


def _object_store(rooms: Rooms) -> Finding:
    try:
        remote = open_bucket(rooms.settings.objects, patience_s=_PATIENCE_S)
        took = remote.try_out()
    except HeadraceError as error:
        return Finding("object store", "problem", str(error))
    text = f"{remote.place} answers: written, read and removed within {took * 1000:.0f} ms"
    return Finding("object store", "ok", text)


def _runs(rooms: Rooms) -> Iterator[Finding]:
    running = rooms.stores.runs.list(RunFilter(states=_OPEN_STATES, limit=_LISTED))
    dead = [one for one in running if not _is_conducted(rooms, one)]
    for one in dead[:_SHOWN]:
        text = f"run {short_id(one.id)} of {one.pipeline} is {one.state.value}, but its process is gone"
        yield Finding("runs", "note", text, f"headrace show {short_id(one.id)}")
    if not dead:
        yield Finding("runs", "ok", f"{len(running)} under way, each with its process" if running else "none under way")


def _is_conducted(rooms: Rooms, run: RunRecord) -> bool:
    return run.runner is not None and rooms.processes.is_alive(run.runner)


def _claims(rooms: Rooms, claimed: Iterable[Claimed]) -> Finding:
    held = free = 0
    for one in claimed:
        is_open = one.state in ("", *(state.value for state in _OPEN_STATES))
        if is_open and one.holder is not None and rooms.processes.is_alive(one.holder):
            held += one.count
        else:
            free += one.count
    left = f"; {free} left by runs that are over or dead, which the next run that wants them takes" if free else ""
    return Finding("claims", "ok", f"{held} held by runs under way{left}")
