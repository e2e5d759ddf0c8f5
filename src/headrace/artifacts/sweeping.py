"""Removing objects from a folder on this machine, beside processes that write to it. Decides nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

_PAST_S = 1.0
"""How far behind the clock the folder dates what it writes."""


class FolderSweep:
    """The objects of a `LocalFolder` as files. Satisfies `ports.artifacts.ObjectSweep`."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = Path(root)
        self._incoming = self._root / "incoming"

    def stored(self) -> Iterator[tuple[str, int, float]]:
        """Digest, size in bytes and time of the last writing of each object."""
        for folder in sorted(self._root.glob("[0-9a-f][0-9a-f]")):
            for entry in os.scandir(folder):
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                yield folder.name + entry.name, status.st_size, status.st_mtime + _PAST_S

    def remove(self, digest: str, *, before: float) -> bool:
        """Remove an object, unless somebody has written it again since `before`; whether it is gone.

        Its name goes first: a writer who comes then finds nothing and writes it anew; one who came before has left a
        time that is seen here.
        """
        place = self._root / digest[:2] / digest[2:]
        self._incoming.mkdir(parents=True, exist_ok=True)
        away = self._incoming / f"{os.getpid()}-{os.urandom(8).hex()}"
        try:
            place.rename(away)
        except FileNotFoundError:
            return False
        if away.stat().st_mtime + _PAST_S >= before:
            away.rename(place)
            return False
        away.unlink()
        return True

    def leftovers(self, *, before: float) -> Iterator[tuple[Path, int]]:
        """Temporary files that nobody has written to since `before`, with their sizes."""
        if self._incoming.is_dir():
            for entry in os.scandir(self._incoming):
                status = entry.stat(follow_symlinks=False)
                if entry.is_file(follow_symlinks=False) and status.st_ctime < before:
                    yield Path(entry.path), status.st_size
