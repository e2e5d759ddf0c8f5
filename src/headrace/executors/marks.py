"""Signs of life across process numbers: a byte of one file, locked by a process as long as it lives."""

import fcntl
import os
import threading
from pathlib import Path

_BITS = 62
"""Of a mark: the offset of a byte in a file may have 63."""


class _Open:
    """The file as one process has it open. It is never closed: closing would give up every lock of the process."""

    __slots__ = ("descriptor", "mark", "pid", "place")

    def __init__(self, descriptor: int) -> None:
        self.pid, self.descriptor, self.mark = os.getpid(), descriptor, 0
        status = os.fstat(descriptor)
        self.place = (status.st_dev, status.st_ino)


_OPEN: dict[str, _Open] = {}
_TURN = threading.Lock()


class LifeMarks:
    """Marks in one file, which every process that uses the store reaches.

    A lock on a byte (POSIX, exclusive) ends with its process, whatever ends it, is not inherited by children, and is
    seen from other containers, where a process number says nothing. The store's database needs such locks to reach all
    who use it, so a mark that nobody holds belongs to nobody who lives.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def own(self) -> int:
        """This process's mark, taken at the first call; 0 where the file cannot be written or locked."""
        with _TURN:
            opened = self._opened(os.O_RDWR | os.O_CREAT)
            if opened is not None and not opened.mark:
                opened.mark = _locked(opened.descriptor)
            return opened.mark if opened is not None else 0

    def is_held(self, mark: int) -> bool:
        """Whether another process holds this mark now."""
        with _TURN:
            opened = self._opened(os.O_RDWR) or self._opened(os.O_RDONLY)
            if opened is None:
                return False
            if mark == opened.mark:
                return True
            try:
                # shared, because that is possible without a right to write
                fcntl.lockf(opened.descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, mark)
            except OSError:
                return True
            fcntl.lockf(opened.descriptor, fcntl.LOCK_UN, 1, mark)
            return False

    def _opened(self, flags: int) -> _Open | None:
        found = _OPEN.get(self._path)
        try:
            if found is not None and found.pid == os.getpid():
                status = Path(self._path).stat()
                if found.place == (status.st_dev, status.st_ino):
                    return found
            _OPEN[self._path] = opened = _Open(os.open(self._path, flags | os.O_CLOEXEC, 0o644))
        except OSError:
            return None
        return opened


def _locked(descriptor: int) -> int:
    """A byte that is locked from now on; 0 if the file system knows no locks."""
    mark = int.from_bytes(os.urandom(8), "big") >> (64 - _BITS) | 1
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, mark)
    except OSError:
        return 0
    return mark
