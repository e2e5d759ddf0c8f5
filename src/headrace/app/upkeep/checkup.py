"""A store looked over: room and rights, the database, runs and claims of the dead, every object that is named.

Changes nothing; says which step and run a fault affects, and the command that mends it.
"""

import os
import shlex
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from headrace.app.rooms import Rooms
from headrace.app.upkeep.findings import Finding
from headrace.artifacts.buckets import open_bucket
from headrace.core.errors import ArtifactError, HeadraceError, UsageError
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.values import InlineValue, ObjectValue, objects_in
from headrace.definition.graph_json import graph_from_json
from headrace.ports.records import RunFilter, RunRecord
from headrace.stores.errors import StoreDamagedError
from headrace.stores.filesystems import network_type
from headrace.stores.inspection import Claimed, Named, SqlInspection
from headrace.stores.opening import FILE_NAME

LEAST_FREE_BYTES = 2 << 30
_OPEN_STATES = (State.PENDING, State.QUEUED, State.RUNNING)
_SHOWN = 10
_LISTED = 10_000
_PATIENCE_S = 5.0
"""Whoever looks for a fault wants to know soon."""


def examine_store(rooms: Rooms, *, deep: bool = False) -> Iterator[Finding]:
    """Everything about the project's store, in order; goes on after a problem as far as it can.

    `deep` reads every object and compares its digest; otherwise presence and size are looked at.
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
        yield from _database(rooms, inspection.faults(deep=deep), deep=deep)
        yield from _runs(rooms)
        yield _claims(rooms, inspection.claimed())
        if reached:
            yield from _objects(rooms, inspection.named(), deep=deep)
    except StoreDamagedError as error:
        yield Finding("database", "problem", str(error), _recovery(rooms))
    except UsageError as error:
        yield Finding("store", "note", str(error))
    except HeadraceError as error:
        yield Finding("store", "problem", str(error))


def _recovery(rooms: Rooms) -> str:
    place = rooms.settings.store / FILE_NAME
    return f"sqlite3 {place} .recover | sqlite3 {place}.mended"


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


def _database(rooms: Rooms, faults: Sequence[str], *, deep: bool) -> Iterator[Finding]:
    if rooms.settings.database:
        begun = time.perf_counter()
        rooms.stores.database.faults()
        answered = f"a PostgreSQL server keeps it and answers within {(time.perf_counter() - begun) * 1000:.1f} ms"
        yield Finding("database", "ok", answered)
        return
    if not faults:
        yield Finding("database", "ok", "every page and index is sound" if deep else "every page is sound")
        return
    text = f"{rooms.stores.place} is damaged: {faults[0]}" + (f" and {len(faults) - 1} more" if len(faults) > 1 else "")
    yield Finding("database", "problem", text, _recovery(rooms))


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


def _objects(rooms: Rooms, values: Iterable[Named], *, deep: bool) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    size = shown = 0
    bad: set[str] = set()
    for named in values:
        for one in objects_in(named.value):
            if one.digest not in seen:
                seen[one.digest] = _problem(rooms, one, deep=deep)
                size += one.size_bytes
            if not seen[one.digest] or one.digest in bad:
                continue
            bad.add(one.digest)
            shown += 1
            if shown <= _SHOWN:
                yield _finding(rooms, named, seen[one.digest])
    if len(bad) > _SHOWN:
        yield Finding("objects", "problem", f"and {len(bad) - _SHOWN} more of {len(seen)} objects are damaged or gone")
    if not bad:
        how = "their content is what was stored" if deep else "there, with the size that they had (--deep reads them)"
        yield Finding("objects", "ok", f"{len(seen)} objects, {size / 1e6:,.1f} MB: {how}")


def _problem(rooms: Rooms, one: ObjectValue, *, deep: bool) -> str:
    try:
        rooms.artifacts.check(one, content=False)  # where it lives: its content may be that of a copy on this machine
        if deep:
            rooms.artifacts.check(one)
    except ArtifactError as error:
        return str(error).partition(". ")[0]
    return ""


def _finding(rooms: Rooms, named: Named, problem: str) -> Finding:
    where = f"step {named.node} of {named.pipeline}" if named.node else f"pipeline {named.pipeline}"
    others = f" and {named.count - 1} more" if named.count > 1 else ""
    text = f"{problem}. It is the {named.what} of {where}, run {short_id(named.last_run)}{others}"
    # the next run of the pipeline notices it by itself where it needs the value; this computes it in any case
    refresh = ["--refresh", named.node] if named.node else []
    return Finding("objects", "problem", text, " ".join([*_command(rooms, named.last_run), *refresh]))


def _command(rooms: Rooms, run_id: str) -> list[str]:
    """What runs a run's pipeline again with the same parameters, as far as a command line can say them."""
    run = rooms.stores.runs.get(run_id)
    symbol = graph_from_json(rooms.stores.details.document(run.graph_digest)).symbol
    place = f"{symbol.file}:{symbol.qualname}" if symbol.module == "__main__" else str(symbol)
    names = [name for name, target in rooms.settings.pipelines.items() if target == place]
    command = ["headrace", "run", names[0] if names else place]
    for name, value in run.parameters.items():
        if isinstance(value, InlineValue) and value.text[0] not in "[{":
            plain = value.text.strip('"') if value.text[0] == '"' else value.text
            command += ["-p", shlex.quote(f"{name}={plain}")]
    return command
