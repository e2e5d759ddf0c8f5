"""Matching a pattern of paths below one folder, with a bound on how much is looked at. Knows nothing of code."""

# ruff: noqa: PTH112, PTH113, PTH116, PTH118, PTH208 - pathlib costs more than the work itself here

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

WILDCARD = "*"
_BULKY = {"venv", "env", "node_modules", "site-packages", "dist-packages", "__pycache__"}


class TooManyEntriesError(Exception):
    """More was to be looked at than allowed; what was found until then is not all."""


class Budget:
    """How many entries of folders may still be looked at."""

    def __init__(self, entries: int) -> None:
        self._left = entries

    def spend(self) -> None:
        """One more was looked at. Raises TooManyEntriesError."""
        self._left -= 1
        if self._left < 0:
            raise TooManyEntriesError


def is_bulky(name: str) -> bool:
    """Whether a folder of this name holds what tools put there: it is hidden, or an environment."""
    return name.startswith(".") or name in _BULKY


class Matches:
    """The `files` below a folder that a pattern's parts match (`**` for any number of folders), and the `folders` that
    were looked at. A folder that several links lead to is looked at once.

    Making one raises TooManyEntriesError.
    """

    def __init__(self, folder: str, parts: list[str], budget: Budget) -> None:
        self.files: list[str] = []
        self.folders: list[str] = []
        self._budget = budget
        self._seen: set[tuple[int, int, int]] = set()
        self._find(folder, [*parts, WILDCARD] if parts[-1] == "**" else parts)

    def _find(self, folder: str, parts: list[str]) -> None:
        first, rest = parts[0], parts[1:]
        if WILDCARD not in first:
            self._take(os.path.join(folder, first), rest)
            return
        if first == "**":
            self._find(folder, rest)
        if not self._is_new(folder, len(parts)):
            return
        self.folders.append(folder)
        for name in self._names(folder):
            path = os.path.join(folder, name)
            if first != "**" and fnmatchcase(name, first) and not (rest and is_bulky(name)):
                self._take(path, rest)
            elif first == "**" and not is_bulky(name) and os.path.isdir(path):
                self._find(path, parts)

    def _take(self, path: str, rest: list[str]) -> None:
        if rest and os.path.isdir(path):
            self._find(path, rest)
        elif not rest and os.path.isfile(path):
            self.files.append(path)

    def _names(self, folder: str) -> Iterator[str]:
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return
        for name in names:
            self._budget.spend()
            if not name.startswith("."):
                yield name

    def _is_new(self, folder: str, depth: int) -> bool:
        try:
            found = os.stat(folder)
        except OSError:
            return False
        place = (found.st_dev, found.st_ino, depth)
        if place in self._seen:
            return False
        self._seen.add(place)
        return True
