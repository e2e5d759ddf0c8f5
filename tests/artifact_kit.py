"""Formats without a store: written into memory and read from there."""

from headrace.artifacts.formats import FormatRegistry, FormatSettings
from headrace.artifacts.objects import Sink
from headrace.core.values import ObjectValue


class MemorySource:
    """Bytes in memory, as a format sees an object."""

    path = "/nowhere"

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self) -> bytes:
        return self.content

    def map(self, *, private: bool = False) -> bytes | bytearray:
        return bytearray(self.content) if private else self.content


def written(value, *, name: str = "", trusted: tuple[str, ...] = ()) -> tuple[bytes, ObjectValue]:
    """What a value's first format (or the one of this name) writes, and how it is referred to."""
    registry = FormatRegistry(FormatSettings(trusted), dict)
    form = registry.by_name(name) if name else next(registry.candidates(value))
    draft = form.draft(value)
    assert draft is not None
    pieces: list[bytes] = []
    sink = Sink(lambda some: pieces.extend(bytes(piece) for piece in some))
    draft.write(sink)
    digest = sink.finish()
    content = b"".join(pieces) if sink.held is None else sink.held
    assert len(content) == sink.size_bytes
    return content, ObjectValue(draft.format, digest, sink.size_bytes, draft.length, draft.python_type, draft.classes)


def read(content: bytes, value: ObjectValue, *, trusted: tuple[str, ...] = ()):
    """The Python object that a format makes of these bytes."""
    return FormatRegistry(FormatSettings(trusted), dict).by_name(value.format).read(MemorySource(content), value)


def round_trip(value, *, trusted: tuple[str, ...] = ()):
    """What comes back of a value."""
    return read(*written(value, trusted=trusted), trusted=trusted)
