"""Copies of remote objects in a folder on this machine: verified, mapped, and bounded in size by leaving out what was
not used for longest."""

import fcntl
import os
import random
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from headrace.artifacts.local_folder import FileSource, LocalFolder
from headrace.artifacts.objects import Sink
from headrace.core.errors import ArtifactError
from headrace.core.values import ObjectValue

_GRACE_S = 60.0
"""What was used this recently stays: somebody may be about to open the file of what he was given."""
_NOTED_S = 20.0
_LOOKS = 64
"""The folder is looked through once in about every 64th of its limit that is added."""
_KEPT = 0.9


class Copies:
    """Objects of an object store as files, at most about `limit_bytes` of them.

    Any thread, any number of processes. When an object was used last stands as the time of an empty file in `used/`,
    because the times of the objects' own files say that they are unaltered.
    """

    def __init__(self, folder: LocalFolder, limit_bytes: int, *, grace_s: float = _GRACE_S) -> None:
        self._folder, self._limit, self._grace_s = folder, limit_bytes, grace_s
        self._noted: dict[str, float] = {}

    @property
    def root(self) -> str:
        """The folder."""
        return self._folder.root

    def open_sink(self) -> Sink:
        """Begin to write a copy."""
        return self._folder.open_sink()

    def commit(self, sink: Sink) -> str:
        """Make a copy of what was written; gives its digest."""
        digest = self._folder.commit(sink)
        self._note(digest)
        self._make_room(sink.size_bytes)
        return digest

    def commit_as(self, sink: Sink, digest: str) -> bool:
        """Make a copy if these bytes have that digest; whether they do."""
        if not self._folder.commit_as(sink, digest):
            return False
        self._note(digest)
        self._make_room(sink.size_bytes)
        return True

    def abort(self, sink: Sink) -> None:
        """Leave nothing of a sink behind."""
        self._folder.abort(sink)

    def find(self, value: ObjectValue) -> FileSource | None:
        """The verified copy of an object, if there is one."""
        try:
            source = self._folder.open(value)
        except (ArtifactError, FileNotFoundError):
            return None
        self._note(value.digest)
        return source

    def link(self, value: ObjectValue, target: str) -> None:
        """Give the file of a copy a second name."""
        self._folder.link(value, target)

    def place_of(self, digest: str) -> Path:
        """The file of a copy."""
        return Path(self._folder.place_of(digest))

    @contextmanager
    def alone(self, digest: str) -> Generator[None, None, None]:
        """For one at a time of those who would fetch this object, in whatever process."""
        locks = Path(self.root) / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / digest[:2]).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def suspect(self, digest: str) -> None:
        """Note that the object store has other bytes under this digest."""
        mark = self._mark(digest)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()

    def is_suspect(self, digest: str) -> bool:
        """Whether other bytes were found there."""
        return self._mark(digest).exists()

    def clear(self, digest: str) -> None:
        """The right bytes are there again."""
        self._mark(digest).unlink(missing_ok=True)

    def _mark(self, digest: str) -> Path:
        return Path(self.root) / "suspect" / digest

    def _used(self, digest: str) -> Path:
        return Path(self.root) / "used" / digest[:2] / digest[2:]

    def _note(self, digest: str) -> None:
        now = time.monotonic()
        if now - self._noted.get(digest, -_NOTED_S) < min(_NOTED_S, self._grace_s):
            return
        self._noted[digest] = now
        mark = self._used(digest)
        try:
            os.utime(mark)
        except FileNotFoundError:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()

    def _make_room(self, added: int) -> None:
        # by chance, so that many short processes look as often as one that adds as much, and share no counter
        if random.random() * self._limit < added * _LOOKS:  # noqa: S311 - a share of cases
            self.shrink()

    def shrink(self) -> int:
        """Remove what was not used for longest until the rest fits; gives the bytes that are left."""
        found = sorted(self._all())
        total = sum(size for _, size, _ in found)
        if total <= self._limit:
            return total
        recent = time.time() - self._grace_s
        for _, size, digest in found:
            # looked at again: it may have been used since
            if total <= self._limit * _KEPT or self._used_at(digest) > recent:
                break
            self._used(digest).unlink(missing_ok=True)
            self.place_of(digest).unlink(missing_ok=True)
            self._noted.pop(digest, None)
            total -= size
        return total

    def _all(self) -> list[tuple[float, int, str]]:
        found: list[tuple[float, int, str]] = []
        for folder in _folders(self.root):
            with os.scandir(folder) as entries:
                for entry in entries:
                    digest = folder.name + entry.name
                    try:
                        found.append((self._used_at(digest), entry.stat().st_size, digest))
                    except FileNotFoundError:  # another process has removed it
                        continue
        return found

    def _used_at(self, digest: str) -> float:
        try:
            return self._used(digest).stat().st_mtime
        except FileNotFoundError:
            return 0.0


def _folders(root: str) -> list[Path]:
    try:
        return [one for one in Path(root).iterdir() if len(one.name) == 2]
    except FileNotFoundError:
        return []
