"""Objects in an object store (S3, GCS, Azure …) through obstore, with a folder on this machine in front of it: formats
map files, and content is hashed before its name is known."""

from pathlib import Path
from typing import Any

from headrace.artifacts.errors import ArtifactDamagedError, ArtifactMissingError, ArtifactUnwritableError
from headrace.artifacts.local_folder import FileSource, LocalFolder
from headrace.artifacts.objects import Sink
from headrace.core.errors import ArtifactError
from headrace.core.values import ObjectValue

_PIECE_BYTES = 8 << 20


class RemoteFolder:
    """Objects that live in an object store; see ObjectFolder for the contract.

    `remote` is a store of obstore, whose puts are atomic. Every object is written to the folder first and uploaded
    under its digest before `commit` returns, unless the folder had it and the store has one of its size. Reads take the
    folder's copy if it is whole, and else download one.
    """

    def __init__(self, remote: Any, cache: LocalFolder) -> None:
        self._remote, self._cache = remote, cache

    @property
    def root(self) -> str:
        """The folder on this machine."""
        return self._cache.root

    def open_sink(self) -> Sink:
        """Begin to write an object whose digest is not known yet."""
        return self._cache.open_sink()

    def commit(self, sink: Sink) -> str:
        """Make the object of a sink here and there; gives its digest."""
        digest = self._cache.commit(sink)
        if sink.is_new or self._size_of(digest) != sink.size_bytes:
            self._upload(digest)
        return digest

    def abort(self, sink: Sink) -> None:
        """Leave nothing of a sink behind."""
        self._cache.abort(sink)

    def check(self, value: ObjectValue) -> object:
        """Look at presence and size in the object store."""
        size = self._size_of(value.digest)
        if size is None:
            raise ArtifactMissingError(value, key_of(value.digest))
        if size != value.size_bytes:
            raise ArtifactDamagedError(value, key_of(value.digest), size)
        return size

    def open(self, value: ObjectValue) -> FileSource:
        """The bytes of an object, verified, as a file of the folder."""
        self.check(value)
        try:
            return self._cache.open(value)
        except ArtifactError:
            self._download(value)
        return self._cache.open(value)

    def link(self, value: ObjectValue, target: str) -> None:
        """Give the folder's file of an object a second name."""
        self.open(value)
        self._cache.link(value, target)

    def _size_of(self, digest: str) -> int | None:
        import obstore  # costs 13 ms, and only remote stores need it

        try:
            size: int = obstore.head(self._remote, key_of(digest))["size"]
        except FileNotFoundError:
            return None
        return size

    def _upload(self, digest: str) -> None:
        import obstore  # as above

        with Path(self._cache.place_of(digest)).open("rb") as file:
            try:
                obstore.put(self._remote, key_of(digest), file)
            except Exception as error:
                raise ArtifactUnwritableError(key_of(digest), str(error)) from error

    def _download(self, value: ObjectValue) -> None:
        import obstore  # as above

        sink = self._cache.open_sink()
        try:
            for piece in obstore.get(self._remote, key_of(value.digest)).stream(min_chunk_size=_PIECE_BYTES):
                sink.write(bytes(piece))
            digest = self._cache.commit(sink)
        except BaseException:
            self._cache.abort(sink)
            raise
        if digest != value.digest:
            raise ArtifactDamagedError(value, key_of(value.digest), sink.size_bytes)


def key_of(digest: str) -> str:
    """Where an object lies in the object store."""
    return f"objects/{digest[:2]}/{digest[2:]}"
