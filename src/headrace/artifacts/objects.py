"""The seam under the store: immutable objects by digest, wherever they lie. Formats see sinks and sources only; what
the place is made of (files, an object store) is known to its adapter alone."""

import io
import threading
from collections.abc import Callable
from mmap import mmap
from typing import Any, Protocol

from blake3 import blake3

from headrace.core.values import ObjectValue

RawBytes = bytes | bytearray | memoryview | mmap
"""What a source gives: anything that numpy and Arrow take as a buffer."""

_FLUSH_BYTES = 4 << 20
_OVERLAP_BYTES = 1 << 20
"""From this size on, hashing in a second thread costs less than it saves (a thread starts in some 50 µs)."""


class Sink(io.RawIOBase):
    """Where a format writes: a file-like object that hashes what passes through.

    Bytes are hashed and written at the same time, each once. `bytes` objects may be kept for a moment; any other
    buffer is done with when `write` returns. Up to 4 MiB are held in memory until the end, so that an object that is
    there already costs no writing. The folder that gave it makes the object of it.
    """

    def __init__(self, write_out: Callable[[list[Any]], None]) -> None:
        super().__init__()
        self._write_out = write_out
        self._hasher = blake3()
        self._pieces: list[Any] = []
        self._waiting = 0
        self.size_bytes = 0
        self.is_new = False
        """Whether `commit` made an object that was not there before."""
        self.held: bytes | None = None
        """All bytes, once `finish` has found them to be few."""

    def writable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """How many bytes were written."""
        return self.size_bytes

    def close(self) -> None:
        """Do nothing: writers close what they are given, and the store has still to commit it."""

    def write(self, data: Any, /) -> int:
        """Take bytes-like data of any kind and shape."""
        piece = data if type(data) is bytes else memoryview(data).cast("B")
        size = len(piece)
        if size == 0:
            return 0
        self.size_bytes += size
        if type(piece) is bytes or size < _OVERLAP_BYTES:
            self._pieces.append(piece if type(piece) is bytes else bytes(piece))
            self._waiting += size
            if self._waiting >= _FLUSH_BYTES:
                self._flush()
        else:
            self._flush()
            self._pass_on([piece], size)
        return size

    def finish(self) -> str:
        """Pass on what is waiting, or hold it if that is all there is; gives the digest of everything written."""
        if self._waiting == self.size_bytes:
            self.held = b"".join(self._pieces)
            self._hasher.update(self.held)
        else:
            self._flush()
        return self._hasher.hexdigest()

    def _flush(self) -> None:
        pieces, size = self._pieces, self._waiting
        self._pieces, self._waiting = [], 0
        if pieces:
            self._pass_on(pieces, size)

    def _pass_on(self, pieces: list[Any], size: int) -> None:
        if size < _OVERLAP_BYTES:
            self._hash(pieces, [])
            self._write_out(pieces)
            return
        hashed: list[bool] = []
        hashing = threading.Thread(target=self._hash, args=(pieces, hashed), name="headrace-hash")
        hashing.start()
        try:
            self._write_out(pieces)
        finally:
            hashing.join()
        if not hashed:
            raise MemoryError("a piece of a value could not be hashed")

    def _hash(self, pieces: list[Any], hashed: list[bool]) -> None:
        for piece in pieces:
            self._hasher.update(piece)
        hashed.append(True)


class ObjectSource(Protocol):
    """The verified bytes of one object, for a format to read."""

    def read(self) -> bytes:
        """All bytes."""
        ...

    def map(self, *, private: bool = False) -> RawBytes:
        """All bytes without copying where the place allows it.

        Read-only; with `private` writable, and what is written reaches nobody else.
        """
        ...

    @property
    def path(self) -> str:
        """A read-only file on this machine with these bytes."""
        ...


class ObjectFolder(Protocol):
    """Immutable objects by digest.

    Any thread, any number of processes. An object is there whole or not at all; a torn write is never seen under its
    name. Reading verifies: size and content, the latter once per process and unaltered file. Objects that are there
    are kept; one that is damaged is replaced by a writer of the right bytes.
    """

    def open_sink(self) -> Sink:
        """Begin to write an object whose digest is not known yet."""
        ...

    def commit(self, sink: Sink) -> str:
        """Make the object of a sink; gives its digest."""
        ...

    @property
    def root(self) -> str:
        """A folder on this machine that the store may use beside its objects."""
        ...

    def link(self, value: ObjectValue, target: str) -> None:
        """Give the verified, read-only file of an object a second name on this machine."""
        ...

    def abort(self, sink: Sink) -> None:
        """Leave nothing of a sink behind."""
        ...

    def check(self, value: ObjectValue) -> object:
        """Look at presence and size only; raises like `open`."""
        ...

    def open(self, value: ObjectValue) -> ObjectSource:
        """The bytes of an object, verified; raises ArtifactMissingError or ArtifactDamagedError."""
        ...
