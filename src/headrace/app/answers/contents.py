"""What a run has printed and stored: log lines as they come, values with their sizes, and values as files."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict, replace

from headrace.app.answers.value_texts import PATH, value_data, value_text
from headrace.app.rooms import Rooms
from headrace.core.canonical import restore
from headrace.core.errors import ArtifactError, UsageError
from headrace.core.values import CompositeValue, InlineValue, ObjectValue, Value, objects_in, size_of, value_digest
from headrace.worker.logs import read_log

SUFFIXES = {
    "text": ".txt",
    "bytes": ".bin",
    "polars": ".arrow",
    "pandas": ".arrow",
    "lightgbm": ".txt",
    "pickle": ".pkl",
}
"""Where a file's ending is not the format's name."""


class LogLine(Struct, frozen=True):
    """One line of an attempt's log: unix time, `out`, `err` or `log`, text."""

    step: str
    item: int
    attempt: int
    at: float
    stream: str
    text: str

    def to_json(self) -> dict[str, object]:
        """The line as plain JSON data."""
        return asdict(self)


class LogReader:
    """Reads the logs of a run's attempts on from where it last stopped.

    For a reused step: those of the attempt that made its value.
    """

    def __init__(self, rooms: Rooms, run_id: str, *, step: str = "", item: int | None = None) -> None:
        self._rooms, self._run_id, self._step, self._item = rooms, run_id, step, item
        self._offsets: dict[tuple[str, str, int], int] = {}

    def read(self) -> list[LogLine]:
        """The lines that have come since the last call, in order of time."""
        lines = [line for attempt in self._attempts() for line in attempt]
        return sorted(lines, key=lambda line: line.at)

    def _attempts(self) -> Iterator[list[LogLine]]:
        details = self._rooms.stores.details
        for attempt in details.attempts(self._run_id, self._step) + details.makers(self._run_id, self._step):
            if self._item in (None, attempt.item):
                path = self._rooms.settings.store / attempt.log_path
                place = (attempt.id, attempt.node, attempt.item)  # several items may reuse what one attempt has made
                page = read_log(path, self._offsets.get(place, 0), is_final=attempt.state.is_final)
                self._offsets[place] = page.after
                yield [LogLine(attempt.node, attempt.item, attempt.number, *line) for line in page.lines]


class StoredValue(Struct, frozen=True):
    """A value of a run.

    Which step and item of a map (-1: the whole step), under which name, what kind (`output`, `figure`, `text`, `table`,
    `parameter`), where; `is_there` unless an object of it is gone or cut short.
    """

    step: str
    item: int
    name: str
    kind: str
    size_bytes: int
    digest: str
    shown: str
    value: Value
    is_there: bool = True

    @property
    def called(self) -> str:
        """Its name, with the item that has logged it."""
        return self.name if self.item < 0 else f"{self.name or self.kind}[{self.item}]"

    def to_json(self) -> dict[str, object]:
        """The value's description as plain data."""
        return {
            "step": self.step,
            "item": None if self.item < 0 else self.item,
            "name": self.name,
            "kind": self.kind,
            "size_bytes": self.size_bytes,
            "digest": self.digest,
            "value": value_data(self.value),
            "is_there": self.is_there,
        }


def stored_values(rooms: Rooms, run_id: str, step: str = "") -> list[StoredValue]:
    """Outputs of a run's steps (of a map that has none, those of its items) and what they have logged, in the order of
    the graph.

    Of one step only if it is named.
    """
    found: list[StoredValue] = []
    logged = rooms.stores.tracking.logged(run_id)
    for record in rooms.stores.details.steps(run_id):
        if step not in ("", record.node):
            continue
        if record.output is not None:
            outputs = _outputs(record.output)
            found += [_stored((record.node, -1), name, "output", value=value) for name, value in outputs]
        elif record.items is not None:
            kept = rooms.stores.details.item_outputs(run_id, record.node)
            found += [_stored((record.node, item), "", "output", value=value) for item, value in kept.items()]
        own = (one for one in logged if one.node == record.node)
        found += [_stored((one.node, one.item), one.name, one.kind, value=one.value) for one in own]
    return [one if _is_there(rooms, one.value) else replace(one, is_there=False) for one in found]


def _is_there(rooms: Rooms, value: Value) -> bool:
    if next(objects_in(value), None) is None:
        return True
    try:
        rooms.artifacts.check(value, content=False)
    except ArtifactError:
        return False
    return True


def export(rooms: Rooms, stored: Sequence[StoredValue], folder: Path) -> Iterator[Path]:
    """Write values as files into a new or empty folder: objects by their bytes, small ones as JSON, files as they were.

    What would have the name of another value's file gets a number: `losses.png`, `losses-2.png`. Yields each path.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; name a new folder, so that nothing there is overwritten.")
    names = _Names()
    for one in stored:
        place = folder / names.of("", one.step)
        own: dict[str, str] = {}
        for (first, *rest), value in _files(one.called or "output", one.value):
            own[first] = own.get(first) or names.of(one.step, first, of_value=one)
            path = place.joinpath(own[first], *(_safe(part) for part in rest))
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(value, ObjectValue):
                path.write_bytes(rooms.artifacts.open_bytes(value))
            elif isinstance(value, Path):
                path.symlink_to(value)
            else:
                path.write_text(_text_of(value), errors="surrogatepass")
            yield path


def _stored(place: tuple[str, int], name: str, kind: str, *, value: Value) -> StoredValue:
    return StoredValue(*place, name, kind, size_of(value), value_digest(value), value_text(value), value)


def _outputs(output: Value) -> list[tuple[str, Value]]:
    if isinstance(output, CompositeValue) and output.kind == "record" and output.python_type != PATH:
        return list(output.members)
    return [("", output)]


def _files(name: str, value: Value) -> Iterator[tuple[list[str], InlineValue | ObjectValue | Path]]:
    """The files that a value becomes: the parts of each path, and its content (for a link: where it leads)."""
    match value:
        case CompositeValue(python_type=kind) if kind == PATH:
            yield from _files_of_path(name, value)
        case CompositeValue():
            for member, inner in value.members:
                yield from _files(f"{name}.{member}", inner)
        case InlineValue():
            yield [name + (".txt" if value.text[0] == '"' else ".json")], value
        case ObjectValue():
            yield [name + SUFFIXES.get(value.format, f".{value.format}")], value


def _files_of_path(name: str, value: CompositeValue) -> Iterator[tuple[list[str], ObjectValue | Path]]:
    """A stored file or folder under its own name."""
    own = value.members[0][1]
    assert isinstance(own, InlineValue)
    for where, entry in value.members[1:]:
        parts = [name, str(restore(own.text)), *(part for part in where.split("/") if part)]
        if isinstance(entry, ObjectValue):
            yield parts, entry
        elif isinstance(entry, InlineValue) and entry.text != "null":
            yield parts, Path(str(restore(entry.text)))


def _text_of(value: InlineValue) -> str:
    """What a small value's file holds: a text itself, whatever its length, anything else as JSON."""
    data = json.loads(value.text)
    return data if isinstance(data, str) else json.dumps(data, indent=2) + "\n"


class _Names:
    """Gives each thing in a folder a name that no other one has, also where case does not count."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str, int], str] = {}
        self._taken: set[tuple[str, str]] = set()

    def of(self, folder: str, name: str, *, of_value: object = None) -> str:
        """The name for a thing, the same whenever that thing is asked for again."""
        thing = (folder, name, id(of_value))
        if thing not in self._given:
            safe = _safe(name)
            stem, dot, ending = safe.partition(".")
            tries = (safe, *(f"{stem}-{number}{dot}{ending}" for number in range(2, len(self._taken) + 3)))
            free = next(one for one in tries if (folder, one.casefold()) not in self._taken)
            self._taken.add((folder, free.casefold()))
            self._given[thing] = free
        return self._given[thing]


def _safe(name: str) -> str:
    """A name as one part of a path: whatever user code called its values, nothing leaves the folder."""
    cleaned = "".join(c if c.isalnum() or c in "-_.[]" else "_" for c in name).lstrip(".")
    return cleaned[:120] or "_"
