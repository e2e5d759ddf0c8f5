"""Objects by digest in an object store, with copies on this machine in front of it: formats map files, and content is
hashed before its name is known."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from headrace.artifacts.copies import Copies
from headrace.artifacts.errors import ArtifactDamagedError, ArtifactMissingError, ArtifactUnwritableError
from headrace.artifacts.local_folder import FileSource
from headrace.artifacts.objects import RawBytes, Sink
from headrace.artifacts.remote_objects import PIECE_BYTES, RemoteObjects
from headrace.core.values import ObjectValue

_TRIES = 5
"""How often a copy may go before it is opened: others may be making room."""

T = TypeVar("T")


class RemoteFolder:
    """Objects that live in an object store; see ObjectFolder for the contract.

    Every object becomes a copy first and is there, under its digest, before `commit` returns: small ones are put where
    none is, large ones in parts where none of their size is. `check` asks the object store; `open` takes a whole
    copy, and else fetches and verifies one. Bytes that are not those of their digest are remembered on this machine,
    and whoever makes the object again replaces them.
    """

    def __init__(self, remote: RemoteObjects, copies: Copies) -> None:
        self._remote, self._copies = remote, copies

    @property
    def root(self) -> str:
        """The folder on this machine."""
        return self._copies.root

    def open_sink(self) -> Sink:
        """Begin to write an object whose digest is not known yet."""
        return self._copies.open_sink()

    def commit(self, sink: Sink) -> str:
        """Make the object of a sink here and there; gives its digest."""
        digest = self._copies.commit(sink)
        try:
            if sink.size_bytes <= PIECE_BYTES:
                self._put(digest, sink)
            else:
                self._upload(digest, sink.size_bytes)
        except OSError as error:
            raise ArtifactUnwritableError(self._place(digest), error.strerror or str(error)) from error
        self._copies.clear(digest)
        return digest

    def abort(self, sink: Sink) -> None:
        """Leave nothing of a sink behind."""
        self._copies.abort(sink)

    def check(self, value: ObjectValue) -> object:
        """Look at presence and size in the object store."""
        size = self._remote.size_of(key_of(value.digest))
        if size is None:
            raise ArtifactMissingError(value, self._place(value.digest))
        if size != value.size_bytes:
            raise self._damaged(value, size)
        return size

    def open(self, value: ObjectValue) -> "CopySource":
        """The bytes of an object, verified, as a file on this machine."""
        return CopySource(self, value, self.copy_of(value))

    def copy_of(self, value: ObjectValue) -> FileSource:
        """A verified copy; fetched if there is none."""
        found = self._copies.find(value)
        if found is not None:
            return found
        if value.size_bytes <= PIECE_BYTES:
            return self._fetch(value)
        with self._copies.alone(value.digest):
            return self._copies.find(value) or self._fetch(value)

    def link(self, value: ObjectValue, target: str) -> None:
        """Give the file of an object's copy a second name."""
        self.copy_of(value)
        self._copies.link(value, target)

    def _place(self, digest: str) -> str:
        return f"{key_of(digest)} in {self._remote.place}"

    def _damaged(self, value: ObjectValue, found_bytes: int) -> ArtifactDamagedError:
        self._copies.suspect(value.digest)
        return ArtifactDamagedError(value, self._place(value.digest), found_bytes)

    def _put(self, digest: str, sink: Sink) -> None:
        key = key_of(digest)
        content = sink.held if sink.held is not None else self._copies.place_of(digest).read_bytes()
        is_suspect = self._copies.is_suspect(digest)
        if is_suspect or not (self._remote.create(key, content) or self._remote.size_of(key) == sink.size_bytes):
            self._remote.replace(key, content)

    def _upload(self, digest: str, size: int) -> None:
        key = key_of(digest)
        if self._copies.is_suspect(digest) or self._remote.size_of(key) != size:
            self._remote.upload(key, self._copies.place_of(digest), size)

    def _fetch(self, value: ObjectValue) -> FileSource:
        # a second time, as bytes may also be altered on their way
        found_bytes = self._download(value)
        if found_bytes >= 0:
            found_bytes = self._download(value)
        if found_bytes >= 0:
            raise self._damaged(value, found_bytes)
        return FileSource(str(self._copies.place_of(value.digest)), value.size_bytes)

    def _download(self, value: ObjectValue) -> int:
        """Make a copy; the size of what was found instead, or -1."""
        sink = self._copies.open_sink()
        try:
            self._receive(value, sink)
            if self._copies.commit_as(sink, value.digest):
                return -1
            return sink.size_bytes
        finally:
            self._copies.abort(sink)

    def _receive(self, value: ObjectValue, sink: Sink) -> None:
        key = key_of(value.digest)
        if value.size_bytes <= PIECE_BYTES:
            content = self._remote.whole(key)
            if content is None:
                raise ArtifactMissingError(value, self._place(value.digest))
            sink.write(content)
            return
        self.check(value)
        for piece in self._remote.pieces(key, value.size_bytes):
            sink.write(piece)


class CopySource:
    """The verified bytes of a copy; fetched again if it was left out to make room before it was opened."""

    def __init__(self, folder: RemoteFolder, value: ObjectValue, copy: FileSource) -> None:
        self._folder, self._value, self._copy = folder, value, copy

    @property
    def path(self) -> str:
        """The file of the copy, read-only."""
        if not Path(self._copy.path).exists():
            self._copy = self._folder.copy_of(self._value)
        return self._copy.path

    def read(self) -> bytes:
        """All bytes."""
        return self._taken(FileSource.read)

    def map(self, *, private: bool = False) -> RawBytes:
        """The copy mapped into memory; small ones are read."""
        return self._taken(lambda copy: copy.map(private=private))

    def _taken(self, take: Callable[[FileSource], T]) -> T:
        for _ in range(_TRIES):
            try:
                return take(self._copy)
            except FileNotFoundError:
                self._copy = self._folder.copy_of(self._value)
        return take(self._copy)


def key_of(digest: str) -> str:
    """Where an object lies in the object store."""
    return f"objects/{digest[:2]}/{digest[2:]}"
