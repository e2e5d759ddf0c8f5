"""Files that code names in so many words: what native code reads of them is seen by nobody, so they count as read."""

# ruff: noqa: PTH100, PTH111, PTH110, PTH112, PTH113, PTH118, PTH119, PTH120, PTH122, PTH208 - pathlib costs more than the work itself here

import os
import re
import time
from collections.abc import Iterator, Sequence
from stat import S_ISDIR, S_ISLNK

from headrace.code.patterns import WILDCARD, Budget, Matches, TooManyEntriesError, is_bulky
from headrace.core.import_reads import Status, status_of

MOST_ENTRIES = 10_000
"""A pattern or folder that takes a look at more entries than this is not followed."""
MOST_BYTES = 1 << 30
"""A folder without an ending that holds more than this counts by its names alone."""
_AGAIN_AFTER_S = 1.0
"""Items of a map ask for the same names in quick succession."""
_MOST_FOLDERS = 50
_FILES = re.compile(r"(?:\w[\w.-]+\*[\w.*-]*|[\w-]*\*[\w.*-]*\.[A-Za-z][A-Za-z0-9]*)")
"""A pattern that is meant for files and nothing else: it begins with a literal or has an ending."""
_TABLES = (".parquet", ".pq", ".arrow", ".feather", ".ipc", ".orc", ".avro")
_FOR_ALL = {"/tmp", "/var/tmp", "/dev/shm", os.environ.get("TMPDIR", "").rstrip("/")}  # noqa: S108 - nothing is made there


class NamedFiles:
    """Finds the files that texts name: absolute, or from one of some places (the working directory, the root, the
    modules' folders), or from a folder that others of the texts name (`DATA / "raw" / "flights.csv"`).

    A pattern that begins with the name of a folder (`data/*.csv`, `/mnt/data/**/*.csv`) is what it matches, with the
    names in the folders where it looked. One that begins with a wildcard (`*.csv`) is looked for in the folders that
    others of the texts name, else, if it can only mean files (`*.csv`, `part-*`), in the places; never below those.
    A folder is data if its name has an ending (`table.parquet`), or if its text has a `/` (`data/events`) and it holds
    tables of a kind that native code alone reads; the folder of text files that Python opens one by one is none. Nor
    is one that holds one of the places. Hidden folders and environments are not looked into.
    """

    def __init__(self) -> None:
        self._asked: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._paths: list[str] = []
        self._until = 0.0

    def of(self, texts: Sequence[str], folders: Sequence[str]) -> dict[str, Status]:
        """The files with their state now; names in a folder as `folder/`."""
        asked = (tuple(texts), tuple(dict.fromkeys(folders)))
        if asked != self._asked or time.monotonic() > self._until:
            self._asked, self._paths = asked, list(dict.fromkeys(_Search(*asked).found()))
            self._until = time.monotonic() + _AGAIN_AFTER_S
        return {path: status_of(path) for path in self._paths}


class _Search:
    """One look for what texts name."""

    def __init__(self, texts: tuple[str, ...], places: tuple[str, ...]) -> None:
        self._texts = [os.path.expanduser(text) for text in texts]
        self._places = places
        self._above = {above for place in places for above in _above(place)}
        self._named = self._folders_named()

    def found(self) -> Iterator[str]:
        """Absolute paths of files and folders; names in a folder as `folder/`."""
        names = [text for text in self._texts if WILDCARD not in text and ("/" in text or "." in text)]
        for place in (*self._places, *self._named):
            for text, path in _inside(place, names):
                if os.path.isfile(path):
                    yield from (path,) if os.access(path, os.R_OK) else ()
                elif self._may_be_data(text, path):
                    yield from _folder(path)
        for text in self._texts:
            if WILDCARD in text:
                yield from self._matches(text.removeprefix("./"))

    def _folders_named(self) -> list[str]:
        """The folders that texts name from the places, or from one another."""
        found: dict[str, None] = {}
        waiting = list(self._places)
        while waiting:
            for _, path in _inside(waiting.pop(0), self._texts):
                if (
                    len(found) < _MOST_FOLDERS
                    and path not in found
                    and path not in self._places
                    and os.path.isdir(path)
                ):
                    found[path] = None
                    if path not in self._above:
                        waiting.append(path)
        return [path for path in found if path != "/"]

    def _may_be_data(self, text: str, path: str) -> bool:
        name = os.path.basename(path)
        if is_bulky(name) or path in self._above or path in _FOR_ALL:
            return False
        return ("/" in text or "." in name) and os.path.isdir(path)

    def _is_hidden(self, path: str) -> bool:
        """Whether a folder lies in one that is not looked into, as seen from the places."""
        while path not in self._above:
            if is_bulky(os.path.basename(path)):
                return True
            path = os.path.dirname(path)
        return False

    def _matches(self, text: str) -> set[str]:
        parts = text.split("/")
        if any(part.startswith(".") and WILDCARD in part for part in parts):  # an expression like `.*`, no name
            return set()
        start = next(place for place, part in enumerate(parts) if WILDCARD in part)
        literal, rest = "/".join(parts[:start]), parts[start:]
        if literal:
            bases = [path for place in (*self._places, *self._named) for _, path in _inside(place, [literal])]
            bases = [path for path in bases if not ("**" in rest and path in self._above) and not self._is_hidden(path)]
        elif start == 0:
            bases = [path for path in self._named if path not in self._above]
            if not bases and _FILES.fullmatch(text):
                bases = list(self._places)
        else:  # from the file system's root
            bases = []
        return _matched(dict.fromkeys(bases), rest)


def _matched(bases: dict[str, None], parts: list[str]) -> set[str]:
    """The files, and the folders whose names say which those are; nothing if that takes too long."""
    found: set[str] = set()
    budget = Budget(MOST_ENTRIES)
    try:
        for base in bases:
            matches = Matches(base, parts, budget) if os.path.isdir(base) else None
            if matches is not None and matches.files:
                found.update(path for path in matches.files if os.access(path, os.R_OK))
                found.update(f"{folder}/" for folder in matches.folders)
    except TooManyEntriesError:
        return set()
    return found


def _above(path: str) -> Iterator[str]:
    """A path, and the folders that it is in."""
    yield path
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        yield path


def _folder(path: str) -> Iterator[str]:
    """A folder as data: whole, or by its names if it cannot be read whole and in reasonable time; nothing if it is
    no data."""
    has_ending, has_tables, is_whole, size = bool(os.path.splitext(path)[1]), False, True, 0
    try:
        for name, status in _entries(path):
            has_tables = has_tables or name.endswith(_TABLES)
            size += status.st_size
    except (OSError, TooManyEntriesError):
        is_whole = False
    if has_ending or has_tables:
        yield path if is_whole and (has_ending or size <= MOST_BYTES) else f"{path}/"


def _entries(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """All that is below a folder, each folder once. Raises TooManyEntriesError, or OSError if something is closed."""
    budget = Budget(MOST_ENTRIES)
    waiting, seen = [folder], set[tuple[int, int]]()
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                budget.spend()
                status = entry.stat() if os.path.exists(entry.path) else entry.stat(follow_symlinks=False)
                if not S_ISLNK(status.st_mode) and not os.access(entry.path, os.R_OK):
                    raise PermissionError(entry.path)
                if S_ISDIR(status.st_mode) and (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    waiting.append(entry.path)
                yield entry.name, status


def _inside(folder: str, texts: list[str]) -> Iterator[tuple[str, str]]:
    """Those of these texts that may be there, with their absolute paths: the folder is looked at once for all."""
    try:
        there = {"", ".", "..", *os.listdir(folder)}
    except OSError:
        return
    for text in texts:
        if text.partition("/")[0] in there:
            yield text, os.path.abspath(os.path.join(folder, text))
