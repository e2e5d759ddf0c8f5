"""Containers taken apart into named members, and put together again."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, cast

from headrace.core.canonical import NotCanonicalError, canonical, make_record, record_state, restore
from headrace.core.symbols import qualified_name, resolve
from headrace.core.values import CompositeKind

LOCAL = "<locals>"
"""In the name of a class that only its function knows: no other process can find it."""

Members = tuple[CompositeKind, list[tuple[str, str, object]], str]


def members_of(value: object) -> Members | None:
    """Kind, members (name, label for messages, item) and class of a container that can be taken apart."""
    kind = type(value)
    if kind is list or kind is tuple:
        items = cast("list[object]", value)
        named = [(str(index), f"[{index}]", item) for index, item in enumerate(items)]
        return ("list" if kind is list else "tuple"), named, ""
    if kind is dict:
        return _members_of_dict(cast("dict[object, object]", value))
    if LOCAL in kind.__qualname__:
        return None
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        names = cast("tuple[str, ...]", cast("Any", value)._fields)
        fields = zip(names, cast("tuple[object, ...]", value), strict=True)
        return "record", [(name, f".{name}", item) for name, item in fields], qualified_name(kind)
    if dataclasses.is_dataclass(value):
        state = record_state(value)
        if state is not None:
            return "record", [(name, f".{name}", item) for name, item in state.items()], qualified_name(kind)
    return None


def compose(kind: CompositeKind, members: Sequence[tuple[str, object]], python_type: str) -> object:
    """The container with these members; imports the class of a record."""
    match kind:
        case "list":
            return [item for _, item in members]
        case "tuple":
            return tuple(item for _, item in members)
        case "dict":
            return {restore(name): item for name, item in members}
        case "record":
            return make_record(cast("Any", resolve(python_type)), dict(members))


def _members_of_dict(value: Mapping[object, object]) -> Members | None:
    members: list[tuple[str, str, object]] = []
    for key, item in value.items():
        try:
            members.append((canonical(key), f"[{key!r}]", item))
        except NotCanonicalError:
            return None
    return "dict", members, ""
