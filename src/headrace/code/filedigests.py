"""Content digests of files and folders that results depend on. Reads; what it may remember, it remembers by the
file's identity and times, and never for sources or small files.
"""

# ruff: noqa: PTH100, PTH109, PTH111, PTH116, PTH118, PTH123, PTH208 - pathlib costs more than the work itself here

import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from blake3 import blake3

from headrace.code.errors import SourceUnreadableError
from headrace.core.digests import digest_bytes, digest_parts
from headrace.ports.stores import MemoStore

REMEMBERED_FROM_BYTES = 1 << 20
"""Smaller files are read each time: that costs less than a doubt."""
SETTLED_AFTER_S = 2.0
"""Times of files are no finer than this on old file systems: what changed later than this before it was read may change
again without showing it (git calls such an entry "racily clean")."""
NAMES_ONLY = "/"
"""A path that ends with this stands for the names in a folder, not for what its files contain."""
_CHUNK_BYTES = 4 << 20
_FORMAT = "headrace-file-1"


class ContentFileDigests:
    """Digests of files and folders by content.

    A file's digest is that of its bytes; a folder's covers the names and contents of everything in it, links followed;
    the empty text says that nothing is there. Large files, and folders that are large together, are remembered by
    path, size, inode, and times of change of content and of inode (which no program can set back), if all of those are
    older than two seconds when reading begins and still the same when it ends. Sources never are: `sources` says what
    counts as one. Any thread.
    """

    def __init__(
        self,
        root: Path | str,
        memo: MemoStore | None = None,
        *,
        clock: Callable[[], float] = time.time,
        remembered_from: int = REMEMBERED_FROM_BYTES,
    ) -> None:
        self._root = os.path.abspath(root)
        self._memo = memo
        self._clock = clock
        self._remembered_from = remembered_from

    def digest_of(self, path: str) -> str:
        """The digest of a file or folder; `folder/` stands for its names only. Raises SourceUnreadableError."""
        absolute = os.path.join(self._root, os.path.expanduser(path))
        try:
            if path.endswith(NAMES_ONLY) and len(path) > 1:
                return _digest_of_names(absolute)
            return self._digest(absolute)
        except FileNotFoundError:
            return ""
        except NotADirectoryError:
            return ""
        except OSError as error:
            raise SourceUnreadableError(path, error.strerror or error) from error

    def name_of(self, path: str) -> str:
        """A path as touched files are named; see the port."""
        return name_inside(self._root, os.path.normpath(path))

    def here(self) -> str:
        """The working directory; see the port."""
        return name_inside(self._root, os.getcwd())

    def _digest(self, path: str) -> str:
        status = os.stat(path)
        if stat.S_ISREG(status.st_mode):
            return self._digest_of_file(path, status)
        if stat.S_ISDIR(status.st_mode):
            return self._digest_of_folder(path)
        return digest_parts([_FORMAT, "special", str(stat.S_IFMT(status.st_mode))])

    def _digest_of_file(self, path: str, status: os.stat_result) -> str:
        if self._memo is None or status.st_size < self._remembered_from or path.endswith((".py", ".so")):
            return _digest_of_content(path)
        return self._remembered(
            [path, *_identity(status)],
            lambda: _digest_of_content(path),
            lambda: _identity(os.stat(path)) == _identity(status),
            newest=_newest(status),
        )

    def _digest_of_folder(self, path: str) -> str:
        entries = list(_walk(path, ()))
        total = sum(status.st_size for _, _, status in entries if stat.S_ISREG(status.st_mode))
        if self._memo is None or total < self._remembered_from:
            return _digest_of_entries(entries, lambda file, _status: _digest_of_content(file))
        seen = _identities(entries)
        return self._remembered(
            [path, digest_parts(seen)],
            lambda: _digest_of_entries(entries, self._digest_of_file),
            lambda: _identities(_walk(path, ())) == seen,
            newest=max(_newest(status) for _, _, status in entries),
        )

    def _remembered(
        self, identity: list[str], compute: Callable[[], str], is_same: Callable[[], bool], *, newest: float
    ) -> str:
        assert self._memo is not None
        key = f"{_FORMAT}:{json.dumps(identity)}"
        found = self._memo.recall(key)
        if found is not None:
            return found
        is_settled = newest + SETTLED_AFTER_S < self._clock()
        digest = compute()
        if is_settled and is_same():
            self._memo.keep(key, digest)
        return digest


def name_inside(root: str, path: str) -> str:
    """An absolute path as it is written down: relative to the root if it is inside it, `.` for the root itself."""
    if path == root or path.startswith(root + os.sep):
        return os.path.relpath(path, root).replace(os.sep, "/")
    return path


_Entry = tuple[str, str, os.stat_result]
"""Name inside the folder, path, status."""


def _walk(folder: str, above: tuple[tuple[int, int], ...], prefix: str = "") -> Iterator[_Entry]:
    """Everything below a folder, by name; links are followed, but not in circles."""
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        try:
            status = entry.stat()
        except FileNotFoundError:  # a link to nothing, or gone since it was listed
            status = entry.stat(follow_symlinks=False)
        name = f"{prefix}{entry.name}"
        yield name, entry.path, status
        place = (status.st_dev, status.st_ino)
        if stat.S_ISDIR(status.st_mode) and place not in above:
            yield from _walk(entry.path, (*above, place), f"{name}/")


def _digest_of_entries(entries: list[_Entry], digest_file: Callable[[str, os.stat_result], str]) -> str:
    parts = [_FORMAT, "folder"]
    for name, path, status in entries:
        is_file = stat.S_ISREG(status.st_mode)
        parts += [name, digest_file(path, status) if is_file else str(stat.S_IFMT(status.st_mode))]
    return digest_parts(parts)


def _digest_of_names(folder: str) -> str:
    try:
        return digest_parts([_FORMAT, "names", *sorted(os.listdir(folder))])
    except NotADirectoryError:
        return ""


def _digest_of_content(path: str) -> str:
    # Not mapped into memory: a file that shrinks while it is mapped ends the process.
    with open(path, "rb", buffering=0) as file:
        content = file.read(_CHUNK_BYTES)
        if len(content) < _CHUNK_BYTES:
            rest = file.read(_CHUNK_BYTES)
            if not rest:
                return digest_bytes(content)
            content += rest
        hasher = blake3(content, max_threads=blake3.AUTO)
        while chunk := file.read(_CHUNK_BYTES):
            hasher.update(chunk)
    return hasher.hexdigest()


def _identity(status: os.stat_result) -> list[str]:
    parts = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)
    return [str(part) for part in parts]


def _identities(entries: Iterator[_Entry] | list[_Entry]) -> list[str]:
    return [part for name, _, status in entries for part in (name, str(status.st_mode), *_identity(status))]


def _newest(status: os.stat_result) -> float:
    return max(status.st_mtime, status.st_ctime)
