"""Objects as files in a folder: `ab/cdef…`, written beside and renamed. Plain system calls: objects are
mapped, linked and synced here, which obstore's local store does not offer, and its import would cost every run."""

import mmap
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blake3 import blake3

from headrace.artifacts.errors import ArtifactDamagedError, ArtifactMissingError, ArtifactUnwritableError
from headrace.artifacts.objects import RawBytes, Sink
from headrace.core.digests import digest_bytes
from headrace.core.values import ObjectValue

_READ_ONLY = 0o444
_MAP_FROM_BYTES = 128 << 10
"""Smaller objects are read: a mapping costs a page and one of the kernel's 65,530 map entries a process."""
_SLICE_BYTES = 64 << 20
_SETTLED_NS = 20_000_000
"""Two ticks of the slowest kernel clock: a file younger than this might change without a new time stamp."""
_RENEWED_NS = 600 * 10**9
"""An object that is put again gets a new time at most this often: who has verified it has to do so again."""
_STALE_S = 24 * 3600
_MAX_PIECES = 512

Stamp = tuple[int, int, int, int]


class FileSink(Sink):
    """A sink into a file without a name of its own yet; the file is made when there is more than memory should hold."""

    def __init__(self, make_place: Callable[[], str]) -> None:
        super().__init__(self.write_pieces)
        self._make_place = make_place
        self.temporary = ""
        self.descriptor = -1

    def write_pieces(self, pieces: list[Any]) -> None:
        """Append these buffers to the file."""
        if self.descriptor < 0:
            self.temporary = f"{self._make_place()}/{os.getpid()}-{os.urandom(8).hex()}"
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            self.descriptor = os.open(self.temporary, flags, _READ_ONLY)
        write_pieces(self.descriptor, pieces)

    def discard(self) -> None:
        """Close and remove the file, if there is one."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
            Path(self.temporary).unlink(missing_ok=True)


class LocalFolder:
    """Objects as read-only files; see ObjectFolder for the contract.

    Durable against the death of any process; with `sync` against a loss of power too (file and folder are synced).
    Without it, a loss of power can leave a short file: reading finds it by its size.
    """

    def __init__(self, root: str, *, sync: bool = False) -> None:
        self.root, self._sync = root, sync
        self._incoming = f"{root}/incoming"
        self._verified: dict[str, Stamp] = {}
        self._synced: set[str] = set()
        self._is_swept = False

    def place_of(self, digest: str) -> str:
        """The file of an object."""
        return f"{self.root}/{digest[:2]}/{digest[2:]}"

    def open_sink(self) -> FileSink:
        """Begin to write an object whose digest is not known yet."""
        return FileSink(self._incoming_folder)

    def commit(self, sink: Sink) -> str:
        """Make the object of a sink; gives its digest."""
        assert isinstance(sink, FileSink)
        try:
            digest = sink.finish()
            self._keep(sink, digest)
        except OSError as error:
            sink.discard()
            raise ArtifactUnwritableError(self.root, error.strerror or str(error)) from error
        return digest

    def commit_as(self, sink: Sink, digest: str) -> bool:
        """Make the object of a sink if its bytes have that digest; whether they do. What has not is discarded."""
        assert isinstance(sink, FileSink)
        try:
            is_right = sink.finish() == digest
            if is_right:
                self._keep(sink, digest)
            else:
                sink.discard()
        except OSError as error:
            sink.discard()
            raise ArtifactUnwritableError(self.root, error.strerror or str(error)) from error
        return is_right

    def abort(self, sink: Sink) -> None:
        """Leave nothing of a sink behind."""
        assert isinstance(sink, FileSink)
        sink.discard()

    def check(self, value: ObjectValue) -> Stamp:
        """Look at presence and size only."""
        place = self.place_of(value.digest)
        try:
            status = Path(place).stat()
        except FileNotFoundError:
            raise ArtifactMissingError(value, place) from None
        if status.st_size != value.size_bytes:
            raise ArtifactDamagedError(value, place, status.st_size)
        return stamp_of(status)

    def open(self, value: ObjectValue) -> "FileSource":
        """The bytes of an object, verified."""
        stamp = self.check(value)
        place = self.place_of(value.digest)
        if self._verified.get(value.digest) != stamp and not self._verify(value.digest, place):
            raise ArtifactDamagedError(value, place, value.size_bytes)
        return FileSource(place, value.size_bytes)

    def link(self, value: ObjectValue, target: str) -> None:
        """Give an object's file a second name; the file stays the same, so what was verified stays verified."""
        source = self.open(value)
        was_verified = value.digest in self._verified
        Path(target).hardlink_to(source.path)
        if was_verified:
            self._verified[value.digest] = stamp_of(Path(source.path).stat())

    def _incoming_folder(self) -> str:
        incoming = Path(self._incoming)
        incoming.mkdir(parents=True, exist_ok=True)
        if not self._is_swept:
            self._is_swept = True
            stale = time.time() - _STALE_S
            for left in os.scandir(incoming):
                if left.is_file(follow_symlinks=False) and left.stat().st_mtime < stale:
                    Path(left.path).unlink(missing_ok=True)
        return self._incoming

    def _keep(self, sink: FileSink, digest: str) -> None:
        if self._is_whole(digest, sink.size_bytes) and self._renew(digest):
            sink.discard()
            self._sync_existing(digest)
            return
        if sink.held is not None:
            sink.write_pieces([sink.held])
        self._publish(sink, digest)

    def _publish(self, sink: FileSink, digest: str) -> None:
        if self._sync:
            os.fsync(sink.descriptor)
        # A modification time in the past: whoever writes to the file, even within the same tick of the kernel's clock,
        # gives it another one, and the stamp below no longer fits.
        now = time.time_ns()
        os.utime(sink.descriptor, ns=(now, now - 1_000_000_000))
        place = Path(self.place_of(digest))
        try:
            Path(sink.temporary).rename(place)
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            Path(sink.temporary).rename(place)
            if self._sync:
                sync_path(self.root)
        sink.is_new = True
        self._verified[digest] = stamp_of(os.fstat(sink.descriptor))
        os.close(sink.descriptor)
        sink.descriptor = -1
        if self._sync:
            sync_path(str(place.parent))
            self._synced.add(digest)

    def _is_whole(self, digest: str, size: int) -> bool:
        place = self.place_of(digest)
        try:
            status = Path(place).stat()
        except OSError:
            return False
        if status.st_size != size:
            return False
        try:
            return self._verified.get(digest) == stamp_of(status) or self._verify(digest, place)
        except FileNotFoundError:  # removed meanwhile, as copies are
            return False

    def _renew(self, digest: str) -> bool:
        """Let the time of an object say that it was put again, so that it is not taken for old; False if it is gone."""
        place = self.place_of(digest)
        now = time.time_ns()
        try:
            if now - Path(place).stat().st_mtime_ns > _RENEWED_NS:
                os.utime(place, ns=(now, now - 1_000_000_000))
                self._verified[digest] = stamp_of(Path(place).stat())
        except FileNotFoundError:
            return False
        except PermissionError:
            pass  # another user's: whoever removes objects has to be that one
        return True

    def _verify(self, digest: str, place: str) -> bool:
        before = Path(place).stat()
        if before.st_size < _MAP_FROM_BYTES:
            found = digest_bytes(Path(place).read_bytes())
        else:
            found = blake3(max_threads=blake3.AUTO).update_mmap(place).hexdigest()
        stamp = stamp_of(Path(place).stat())
        if found != digest:
            return False
        if stamp == stamp_of(before) and time.time_ns() - before.st_mtime_ns > _SETTLED_NS:
            self._verified[digest] = stamp
        return True

    def _sync_existing(self, digest: str) -> None:
        """Another process may have stored it without syncing."""
        if self._sync and digest not in self._synced:
            place = self.place_of(digest)
            sync_path(place)
            sync_path(str(Path(place).parent))
            self._synced.add(digest)


class FileSource:
    """The verified bytes of a file."""

    def __init__(self, path: str, size_bytes: int) -> None:
        self._path, self._size_bytes = path, size_bytes

    @property
    def path(self) -> str:
        """The file itself, read-only."""
        return self._path

    def read(self) -> bytes:
        """All bytes."""
        return Path(self._path).read_bytes()

    def map(self, *, private: bool = False) -> RawBytes:
        """The file mapped into memory; small ones are read."""
        if self._size_bytes < _MAP_FROM_BYTES:
            return bytearray(self.read()) if private else self.read()
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # Private pages come from the file until somebody writes to one, which then is his alone.
            access = mmap.ACCESS_COPY if private else mmap.ACCESS_READ
            return mmap.mmap(descriptor, 0, access=access)
        finally:
            os.close(descriptor)


def stamp_of(status: os.stat_result) -> Stamp:
    """What changes when a file is written to, renamed over or replaced."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def sync_path(path: str) -> None:
    """Bring a file's or folder's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_pieces(descriptor: int, pieces: list[Any]) -> None:
    """Write all of these buffers, in order."""
    if len(pieces) > 1:
        for start in range(0, len(pieces), _MAX_PIECES):
            _write_all(descriptor, b"".join(pieces[start : start + _MAX_PIECES]))
    else:
        _write_all(descriptor, pieces[0])


def _write_all(descriptor: int, data: Any) -> None:
    view = memoryview(data)
    done = 0
    while done < len(view):
        done += os.write(descriptor, view[done : done + _SLICE_BYTES])
