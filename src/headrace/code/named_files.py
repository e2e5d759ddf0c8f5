"""Files that code names in so many words: what native code reads of them is seen by nobody, so they count as read."""

# ruff: noqa: PTH100, PTH111, PTH112, PTH113, PTH118, PTH119, PTH120, PTH207, PTH208 - pathlib costs more than the work itself here

import os
import time
from collections.abc import Iterator, Sequence
from glob import glob

from headrace.core.import_reads import Status, status_of

_AGAIN_AFTER_S = 1.0
"""Items of a map ask for the same names in quick succession."""
_MOST_FOLDERS = 50


class NamedFiles:
    """Finds the files that texts name: absolute, or from one of some folders, or from a folder that another of the
    texts names (`DATA / "flights.csv"`); patterns (`data/*.csv`) by what they match, with the names in their folder,
    and folders whose name has an ending (`table.parquet`) as data.
    """

    def __init__(self) -> None:
        self._asked: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._paths: list[str] = []
        self._until = 0.0

    def of(self, texts: Sequence[str], folders: Sequence[str]) -> dict[str, Status]:
        """The files with their state now; names in a folder as `folder/`."""
        asked = (tuple(texts), tuple(dict.fromkeys(folders)))
        if asked != self._asked or time.monotonic() > self._until:
            self._asked, self._paths = asked, list(dict.fromkeys(_found(*asked)))
            self._until = time.monotonic() + _AGAIN_AFTER_S
        return {path: status_of(path) for path in self._paths}


def _found(texts: tuple[str, ...], folders: tuple[str, ...]) -> Iterator[str]:
    expanded = [os.path.expanduser(text) for text in texts]
    inner = [path for base in folders for path in _inside(base, expanded) if os.path.isdir(path)]
    names = [text for text in expanded if "/" in text or "." in text]
    for place in [*folders, *list(dict.fromkeys(inner))[:_MOST_FOLDERS]]:
        for path in _inside(place, names):
            if "*" in path:
                matches = glob(path, recursive=True)
                yield from filter(os.path.isfile, matches)
                yield from {f"{os.path.dirname(one)}/" for one in matches}
            elif os.path.isfile(path) or ("." in os.path.basename(path) and os.path.isdir(path)):
                yield path


def _inside(folder: str, texts: list[str]) -> Iterator[str]:
    """The absolute paths of those of these texts that may be there: the folder is looked at once for all."""
    try:
        there = {"", ".", "..", *os.listdir(folder)}
    except OSError:
        return
    for text in texts:
        first = text.partition("/")[0]
        if first in there or "*" in first:
            yield os.path.abspath(os.path.join(folder, text))
