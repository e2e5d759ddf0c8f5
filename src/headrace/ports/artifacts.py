"""The port to stored values."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol

from headrace.core.values import CompositeValue, InlineValue, ObjectValue, Value


class ArtifactStore(Protocol):
    """Immutable, content-addressed values.

    Threads: every method may be called from any thread and from several processes on one store. Writes are atomic: an
    object is there whole or not at all, and is on its way to disk before `put` returns. Reads verify: damaged content
    raises ArtifactDamagedError, naming the object; a missing one ArtifactMissingError. Nothing is ever altered or
    removed here: that is for an `ObjectSweep`.
    """

    def put(self, value: object, annotation: object = None, *, owner: str = "") -> Value:
        """Store a Python object and refer to it.

        `annotation` is its declared type (if any), `owner` names step and output in messages.
        """
        ...

    def get(self, value: Value) -> object:
        """The Python object, fresh or immutable: nobody else can see a change made to it (rule 17)."""
        ...

    def check(self, value: Value, *, content: bool = True) -> None:
        """Verify that every object of this value is there with the right content; raises as reading it would.

        `content=False` looks at presence and size only: microseconds an object, whatever its size.
        """
        ...

    def expand(self, value: ObjectValue) -> CompositeValue | InlineValue:
        """A list, tuple or record that was stored as one object, as its members; raises TypeError if it is none."""
        ...

    def gather(self, kind: Literal["list", "tuple"], members: Sequence[Value]) -> Value:
        """A list over values.

        Above a size that is costly to carry about, stored as one object that `expand` gives back.
        """
        ...

    def open_bytes(self, value: ObjectValue) -> bytes:
        """The raw, verified bytes of one object (a figure, a text) for those who show or export it."""
        ...


class ObjectSweep(Protocol):
    """Removing objects that nobody needs, beside processes that put and get others. Times are unix seconds."""

    def stored(self) -> Iterator[tuple[str, int, float]]:
        """Digest, size in bytes and time of the last `put` of each object: of some puts of what was there already, up
        to ten minutes earlier."""
        ...

    def remove(self, digest: str, *, before: float) -> bool:
        """Remove an object, unless it was put again since `before`; whether it is gone."""
        ...

    def leftovers(self, *, before: float) -> Iterator[tuple[Path, int]]:
        """Temporary files on this machine that nobody has written to since `before`, with their sizes."""
        ...
