"""References to stored values: small trees that say where a value lies and what its content is, without holding it.

A value is *inline* (small JSON-like data, as canonical text), an *object* (bytes in the artifact store under their
digest) or a *composite* (a list, tuple, dict or record whose members are values themselves). Everything that crosses
a process, enters a key or stands in the database is one of these; Python objects exist only inside a step.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Literal

from msgspec import Struct

from headrace.core.digests import digest_parts

CompositeKind = Literal["list", "tuple", "dict", "record"]


class InlineValue(Struct, frozen=True):
    """A small value as its canonical text (`core.canonical`)."""

    text: str

    @property
    def digest(self) -> str:
        """The digest of the content."""
        return _inline_digest(self.text)


class ObjectValue(Struct, frozen=True):
    """Bytes in the artifact store.

    `format` names the artifact format that wrote them, `digest` is the BLAKE3 of the bytes, `length` the number of
    elements if the value can be iterated by `each`, `classes` the project's classes and functions (`module:Qual.name`;
    `module:` for a whole module) whose code is part of it, `python_type` the class to give back (`module:Qual.name`,
    empty if the format alone decides).
    """

    format: str
    digest: str
    size_bytes: int
    length: int | None = None
    python_type: str = ""
    classes: tuple[str, ...] = ()


class CompositeValue(Struct, frozen=True, dict=True):
    """A container whose members are values: `members` pairs a key (field name, dict key as canonical text, or
    position) with each.

    `python_type` is the record's class (`module:Qual.name`) for kind "record" (dataclasses and named tuples).
    """

    kind: CompositeKind
    members: tuple[tuple[str, "Value"], ...]
    python_type: str = ""

    @cached_property
    def digest(self) -> str:
        """The digest of the content: of the kind, the class and each member's name and digest."""
        parts = [self.kind, self.python_type]
        for name, member in self.members:
            parts += (name, value_digest(member))
        return digest_parts(parts)


Value = InlineValue | ObjectValue | CompositeValue

NONE = InlineValue("null")


@lru_cache(maxsize=4096)
def _inline_digest(text: str) -> str:
    return digest_parts(("inline", text))


def value_digest(value: Value) -> str:
    """What identifies a value: for an object, its format, class and content."""
    if isinstance(value, ObjectValue):
        return digest_parts(("object", value.format, value.python_type, value.digest))
    return value.digest


def sequence_of(members: Iterable[Value], kind: CompositeKind = "list") -> CompositeValue:
    """A list (or tuple) of values."""
    return CompositeValue(kind, tuple((str(index), member) for index, member in enumerate(members)))


def objects_in(value: Value) -> Iterator[ObjectValue]:
    """Every object that this value needs from the artifact store, in order."""
    match value:
        case ObjectValue():
            yield value
        case CompositeValue():
            for _, member in value.members:
                yield from objects_in(member)
        case InlineValue():
            return


def classes_in(value: Value) -> set[str]:
    """The classes (`module:Qual.name`) that reading this value back needs."""
    match value:
        case InlineValue():
            return _classes_in_text(value.text) if '"c":"' in value.text else set()
        case ObjectValue():
            return {name for name in (value.python_type, *value.classes) if name}
        case CompositeValue():
            found = {value.python_type} if value.python_type else set[str]()
            for _, member in value.members:
                found |= classes_in(member)
            return found


def _classes_in_text(text: str) -> set[str]:
    found: set[str] = set()

    def note(data: dict[str, object]) -> dict[str, object]:
        if data.get("$") in ("record", "enum", "flag"):
            found.add(str(data["c"]))
        return data

    json.loads(text, object_hook=note)
    return found


def size_of(value: Value) -> int:
    """Bytes that this value takes in the store (inline text counts by its length)."""
    match value:
        case InlineValue():
            return len(value.text)
        case ObjectValue():
            return value.size_bytes
        case CompositeValue():
            return sum(size_of(member) for _, member in value.members)


def value_to_json(value: Value) -> object:
    """Plain JSON data: `["i", text]`, `["o", …]` or `["c", …]`."""
    match value:
        case InlineValue():
            return ["i", value.text]
        case ObjectValue():
            return [
                "o",
                value.format,
                value.digest,
                value.size_bytes,
                value.length,
                value.python_type,
                list(value.classes),
            ]
        case CompositeValue():
            return [
                "c",
                value.kind,
                value.python_type,
                [[name, value_to_json(member)] for name, member in value.members],
            ]


def value_from_json(data: object) -> Value:
    """The value that `value_to_json` wrote."""
    match data:
        case ["i", str(text)]:
            return InlineValue(text)
        case ["o", str(format_), str(digest), int(size), length, str(python_type), list(classes)]:
            count = length if isinstance(length, int) else None
            return ObjectValue(format_, digest, size, count, python_type, tuple(str(name) for name in classes))
        case ["c", ("list" | "tuple" | "dict" | "record") as kind, str(python_type), list(members)]:
            return CompositeValue(
                kind, tuple((str(name), value_from_json(member)) for name, member in members), python_type
            )
        case _:
            raise ValueError(f"not a value: {str(data)[:80]}")


def dump_value(value: Value) -> str:
    """A value as JSON text."""
    return json.dumps(value_to_json(value), ensure_ascii=False, separators=(",", ":"))


def load_value(text: str) -> Value:
    """The value that `dump_value` wrote."""
    return value_from_json(json.loads(text))


def dump_values(values: Mapping[str, Value]) -> str:
    """Named values as JSON text."""
    items = {name: value_to_json(value) for name, value in values.items()}
    return json.dumps(items, ensure_ascii=False, separators=(",", ":"))


def load_values(text: str) -> dict[str, Value]:
    """The values that `dump_values` wrote."""
    return {name: value_from_json(data) for name, data in json.loads(text).items()}
