"""An artifact store in memory: values as pickled bytes by digest. For tests; it forgets everything with its process."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from headrace.core.canonical import NotCanonicalError, canonical, make_record, record_state, restore
from headrace.core.digests import digest_bytes
from headrace.core.errors import ArtifactError
from headrace.core.symbols import qualified_name, resolve
from headrace.core.values import (
    CompositeKind,
    CompositeValue,
    InlineValue,
    ObjectValue,
    Value,
    objects_in,
    sequence_of,
    value_from_json,
    value_to_json,
)

_INLINE_BYTES = 8192
_CARRIED_MEMBERS = 1000


class MemoryArtifactStore:
    """Values in this process; see the port ArtifactStore for the contract.

    Plain data lies inline, containers are composites, everything else is one pickle. `contents` holds the objects'
    bytes by digest: tests may damage or remove them.
    """

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def put(self, value: object, annotation: object = None, *, owner: str = "") -> Value:
        """Store a Python object and refer to it."""
        text = _text_of(value)
        if text is not None:
            if len(text) <= _INLINE_BYTES:
                return InlineValue(text)
            length = len(value) if isinstance(value, list | tuple) else None
            return self._keep("json", text.encode("ascii"), length)
        taken_apart = _members_of(value)
        if taken_apart is None:
            return self._keep("pickle", _dumps(value))
        kind, items, python_type = taken_apart
        members = tuple((name, self.put(item, annotation, owner=owner)) for name, item in items.items())
        return self._carried(CompositeValue(kind, members, python_type))

    def get(self, value: Value) -> object:
        """The Python object, made anew."""
        match value:
            case InlineValue():
                return restore(value.text)
            case CompositeValue():
                return self._compose(value)
            case ObjectValue(format="refs" | "json"):
                return self.get(self.expand(value))
            case ObjectValue():
                return _loads(self.open_bytes(value))

    def check(self, value: Value, *, content: bool = True) -> None:
        """Verify that every object is there, with its content or its size only."""
        for one in objects_in(value):
            self._bytes_of(one, content=content)
            if one.format == "refs":
                self.check(self.expand(one), content=content)

    def expand(self, value: ObjectValue) -> CompositeValue | InlineValue:
        """A container that was stored as one object, as its members; raises TypeError if it is none."""
        if value.format == "refs":
            found = value_from_json(json.loads(self.open_bytes(value)))
            assert isinstance(found, CompositeValue)
            return found
        if value.format == "json":
            return InlineValue(self.open_bytes(value).decode("ascii"))
        raise TypeError(f"an object of format {value.format!r} is not a list, tuple, dict or record")

    def gather(self, kind: Literal["list", "tuple"], members: Sequence[Value]) -> Value:
        """A list over values; above 1,000 members one object."""
        return self._carried(sequence_of(members, kind))

    def open_bytes(self, value: ObjectValue) -> bytes:
        """The raw, verified bytes of one object."""
        return self._bytes_of(value, content=True)

    def _carried(self, value: CompositeValue) -> Value:
        if len(value.members) <= _CARRIED_MEMBERS:
            return value
        content = json.dumps(value_to_json(value), ensure_ascii=True, separators=(",", ":")).encode("ascii")
        return self._keep("refs", content, len(value.members) if value.kind in ("list", "tuple") else None)

    def _keep(self, format_: str, content: bytes, length: int | None = None) -> ObjectValue:
        digest = digest_bytes(content)
        self.contents[digest] = content
        return ObjectValue(format_, digest, len(content), length)

    def _bytes_of(self, value: ObjectValue, *, content: bool) -> bytes:
        found = self.contents.get(value.digest)
        if found is None:
            raise MissingInMemoryError(value)
        if len(found) != value.size_bytes or (content and digest_bytes(found) != value.digest):
            raise DamagedInMemoryError(value)
        return found

    def _compose(self, value: CompositeValue) -> object:
        members = [self.get(member) for _, member in value.members]
        names = [name for name, _ in value.members]
        match value.kind:
            case "list":
                return members
            case "tuple":
                return tuple(members)
            case "dict":
                return dict(zip(map(restore, names), members, strict=True))
            case "record":
                return make_record(cast("Any", resolve(value.python_type)), dict(zip(names, members, strict=True)))


class MissingInMemoryError(ArtifactError):
    """An object is not there."""

    code = "artifact.missing"

    def __init__(self, value: ObjectValue) -> None:
        self.value = value
        super().__init__(f"Object {value.digest[:12]} (format {value.format!r}) is not in this memory; store it again.")


class DamagedInMemoryError(ArtifactError):
    """An object's bytes were altered."""

    code = "artifact.damaged"

    def __init__(self, value: ObjectValue) -> None:
        self.value = value
        super().__init__(f"Object {value.digest[:12]} (format {value.format!r}) was altered in memory; store it again.")


def _text_of(value: object) -> str | None:
    try:
        return canonical(value)
    except (NotCanonicalError, RecursionError, ValueError):
        return None


def _members_of(value: object) -> tuple[CompositeKind, Mapping[str, object], str] | None:
    kind = type(value)
    if kind is list or kind is tuple:
        items = cast("Sequence[object]", value)
        return ("list" if kind is list else "tuple"), {str(index): item for index, item in enumerate(items)}, ""
    if kind is dict:
        keyed = {_text_of(key): item for key, item in cast("dict[object, object]", value).items()}
        return None if None in keyed else ("dict", cast("dict[str, object]", keyed), "")
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return "record", cast("Any", value)._asdict(), qualified_name(kind)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        state = record_state(value)
        return None if state is None else ("record", state, qualified_name(kind))
    return None


def _dumps(value: object) -> bytes:
    import cloudpickle  # slow to import, and most tests' values are plain

    content: bytes = cloudpickle.dumps(value, protocol=5)
    return content


def _loads(content: bytes) -> object:
    import cloudpickle  # as above

    made: object = cloudpickle.loads(content)
    return made
