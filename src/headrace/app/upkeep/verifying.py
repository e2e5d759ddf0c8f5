"""Every digest and every reference of a store, compared: `verify`, and the deep part of the doctor.

Changes nothing. Goes through the rows page by page, so that memory does not grow with the number of runs.
"""

import shlex
import time
from collections.abc import Callable, Iterator

from headrace.app.rooms import Rooms
from headrace.app.upkeep.findings import Finding
from headrace.app.upkeep.marks import Marks
from headrace.core.errors import ArtifactError, HeadraceError, UnknownNameError
from headrace.core.ids import short_id
from headrace.core.values import InlineValue, ObjectValue, objects_in
from headrace.definition.graph_json import graph_from_json
from headrace.stores.errors import StoreDamagedError
from headrace.stores.inspection import Named, SqlInspection

SHOWN = 10
"""Damaged objects that are told one by one."""
_EVERY_S = 0.2
Progress = Callable[[int, int], None]
"""Is told how many objects, and how many bytes of them, were looked at so far."""


def verify(rooms: Rooms, *, is_reached: bool = True, progress: Progress | None = None) -> Iterator[Finding]:
    """Every page and index of the database, every reference of every row, the bytes of every object that rows name.

    Without the last, if the place of objects was not `is_reached`.
    """
    try:
        inspection = SqlInspection(rooms.stores.database)
        yield database_finding(rooms, inspection, deep=True)
        yield from references(rooms, inspection)
        if is_reached:
            yield from objects(rooms, inspection, deep=True, progress=progress)
    except StoreDamagedError as error:
        yield damaged(rooms, error)


def database_finding(rooms: Rooms, inspection: SqlInspection, *, deep: bool) -> Finding:
    """What the database itself finds wrong with it."""
    if rooms.settings.database:
        begun = time.perf_counter()
        inspection.faults()
        answered = f"a PostgreSQL server keeps it and answers within {(time.perf_counter() - begun) * 1000:.1f} ms"
        return Finding("database", "ok", answered)
    faults = inspection.faults(deep=deep)
    if not faults:
        return Finding("database", "ok", "every page and index is sound" if deep else "every page is sound")
    text = f"{rooms.stores.place} is damaged: {faults[0]}" + (f" and {len(faults) - 1} more" if len(faults) > 1 else "")
    return Finding("database", "problem", text, recovery(rooms))


def recovery(rooms: Rooms) -> str:
    """The command that saves what can be read of a damaged database."""
    place = rooms.stores.place
    return f"sqlite3 {place} .recover | sqlite3 {place}.mended"


def references(rooms: Rooms, inspection: SqlInspection) -> Iterator[Finding]:
    """Rows that contradict each other, or name what is not there."""
    is_well = True
    for one in inspection.broken():
        is_well = False
        more = f" ({one.count} rows)" if one.count > 1 else ""
        yield Finding("rows", "problem", f"run {short_id(one.run_id)} {one.text}{more}", _mend(rooms, one.run_id))
    if is_well:
        yield Finding("rows", "ok", "every reference leads to what it names, events have no gaps, states fit")


def _mend(rooms: Rooms, run_id: str) -> str:
    """Computes the run's results again, where its pipeline is still known: a run is not mended, it is replaced."""
    try:
        return " ".join(_command(rooms, run_id))
    except HeadraceError:
        return ""


def objects(
    rooms: Rooms, inspection: SqlInspection, *, deep: bool, progress: Progress | None = None
) -> Iterator[Finding]:
    """Every object that a row names: it has to be there with its size; `deep` reads it and compares its digest."""
    seen = Marks()
    size = count = bad = 0
    told_at = time.monotonic()
    for value in inspection.values():
        for one in objects_in(value):
            if not seen.add(one.digest):
                continue
            count, size = count + 1, size + one.size_bytes
            problem = _problem(rooms, one, deep=deep)
            bad += bool(problem)
            if problem and bad <= SHOWN:
                yield _told(rooms, inspection.named(one.digest), problem)
            if progress is not None and time.monotonic() - told_at > _EVERY_S:
                told_at = time.monotonic()
                progress(count, size)
    if bad > SHOWN:
        yield Finding("objects", "problem", f"and {bad - SHOWN} more of {count} objects are damaged or gone")
    if not bad:
        how = "their content is what was stored" if deep else "there, with the size that they had (--deep reads them)"
        yield Finding("objects", "ok", f"{count} objects, {size / 1e6:,.1f} MB: {how}")


def _problem(rooms: Rooms, one: ObjectValue, *, deep: bool) -> str:
    try:
        rooms.artifacts.check(one, content=False)  # where it lives: its content may be that of a copy on this machine
        if deep:
            rooms.artifacts.check(one)
    except ArtifactError as error:
        return str(error).partition(". ")[0]
    return ""


def _told(rooms: Rooms, named: Iterator[Named], problem: str) -> Finding:
    """The first step that names an object mends it for all."""
    first = next(named, None)
    return Finding("objects", "problem", problem) if first is None else _finding(rooms, first, problem)


def _finding(rooms: Rooms, named: Named, problem: str) -> Finding:
    where = f"step {named.node} of {named.pipeline}" if named.node else f"pipeline {named.pipeline}"
    others = f" and {named.count - 1} more" if named.count > 1 else ""
    text = f"{problem}. It is the {named.what} of {where}, run {short_id(named.last_run)}{others}"
    # the next run of the pipeline notices it by itself where it needs the value; this computes it in any case
    refresh = ["--refresh", named.node] if named.node else []
    try:
        command = " ".join([*_command(rooms, named.last_run), *refresh])
    except UnknownNameError:
        command = ""
    return Finding("objects", "problem", text, command)


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


def damaged(rooms: Rooms, error: StoreDamagedError) -> Finding:
    """A database that cannot be read."""
    return Finding("database", "problem", str(error), recovery(rooms))
