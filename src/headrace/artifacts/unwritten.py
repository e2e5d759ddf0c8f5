"""Objects that are only foreseen: hashed as they would be stored, kept in memory for a while, never written."""

import io
from typing import Any

from headrace.artifacts.errors import ArtifactMissingError
from headrace.artifacts.objects import ObjectFolder, ObjectSource, RawBytes, Sink
from headrace.core.values import ObjectValue

_HELD_BYTES = 64 << 20
"""Larger objects are hashed and forgotten: what a forecast reads are lists of references and of plain data."""


class _HashingSink(Sink):
    """A sink that keeps a copy of what passes through, up to a size."""

    def __init__(self) -> None:
        super().__init__(self._keep)
        self._kept = io.BytesIO()

    def _keep(self, pieces: list[Any]) -> None:
        for piece in pieces:
            if self._kept.tell() <= _HELD_BYTES:
                self._kept.write(piece)

    def content(self) -> bytes | None:
        """All bytes, None if they were too many."""
        if self.held is not None:
            return self.held
        return self._kept.getvalue() if self.size_bytes <= _HELD_BYTES else None


class UnwrittenFolder:
    """A folder's objects, and beside them those that were put in this process alone; see ObjectFolder for the rest."""

    def __init__(self, folder: ObjectFolder) -> None:
        self._folder = folder
        self._held: dict[str, bytes] = {}

    @property
    def root(self) -> str:
        """The folder on this machine."""
        return self._folder.root

    def open_sink(self) -> Sink:
        """Begin to hash an object."""
        return _HashingSink()

    def commit(self, sink: Sink) -> str:
        """The digest that the object would have."""
        assert isinstance(sink, _HashingSink)
        digest = sink.finish()
        content = sink.content()
        if content is not None:
            self._held[digest] = content
        return digest

    def abort(self, sink: Sink) -> None:
        """Nothing was written."""

    def link(self, value: ObjectValue, target: str) -> None:
        """Give the file of an object that is there a second name."""
        self._folder.link(value, target)

    def check(self, value: ObjectValue) -> object:
        """Look at presence and size only; what is merely foreseen is not there."""
        return self._folder.check(value)

    def open(self, value: ObjectValue) -> ObjectSource:
        """The bytes of an object."""
        content = self._held.get(value.digest)
        return self._folder.open(value) if content is None else _HeldSource(value, content)


class _HeldSource:
    """Bytes in memory."""

    def __init__(self, value: ObjectValue, content: bytes) -> None:
        self._value, self._content = value, content

    def read(self) -> bytes:
        """All bytes."""
        return self._content

    def map(self, *, private: bool = False) -> RawBytes:
        """All bytes, writable copies with `private`."""
        return bytearray(self._content) if private else self._content

    @property
    def path(self) -> str:
        """There is no file; raises ArtifactMissingError."""
        raise ArtifactMissingError(self._value, "memory")
