"""Looking into references without reading objects.

Members, named parts, length, truth. What needs the store's bytes raises NeedsContentError.
"""

import json
from collections.abc import Iterable
from typing import cast

from headrace.core.values import CompositeValue, InlineValue, ObjectValue, Value


class NeedsContentError(Exception):
    """The answer lies in an object's bytes: the caller has to expand it through the artifact store first."""

    def __init__(self, value: ObjectValue) -> None:
        self.value = value
        super().__init__(f"object {value.digest[:12]} of format {value.format} has to be read first")


def members_of(value: Value) -> tuple[Value, ...]:
    """The elements of a list, tuple or set, in order; raises TypeError for a value that has none."""
    match value:
        case CompositeValue(kind="list" | "tuple" | "record"):
            return tuple(member for _, member in value.members)
        case InlineValue():
            return tuple(_inline(item) for item in _elements(json.loads(value.text)))
        case ObjectValue():
            raise NeedsContentError(value)
        case _:
            raise TypeError("a dict has no order of elements")


def part_of(value: Value, path: Iterable[str]) -> Value:
    """The part at a path of field names or positions; raises KeyError where there is none."""
    for name in path:
        value = _part(value, name)
    return value


def is_none(value: Value) -> bool:
    """Whether the value is None."""
    return isinstance(value, InlineValue) and value.text == "null"


def is_true(value: Value) -> bool:
    """The truth of a bool; raises TypeError for anything else, as a plain call does."""
    if isinstance(value, InlineValue) and value.text in ("true", "false"):
        return value.text == "true"
    raise TypeError("hr.when needs a bool; compare in a step, or use hr.when_some to ask whether it is None")


def comparable(value: Value) -> tuple[float | None, str | None]:
    """The number and the text that a search compares a value with: both None for containers and objects.

    Truth is 1 and `true`, None is `none`; dates, times, paths and the like are their text, an enum its member's name.
    """
    data: object = json.loads(value.text) if isinstance(value, InlineValue) else None
    if isinstance(data, dict):
        tag, content = data.get("$"), data.get("v")
        if tag == "decimal":
            return float(str(content)), str(content)
        data = content if tag in _TEXT_TAGS else None
    if isinstance(data, bool):
        return float(data), "true" if data else "false"
    if isinstance(data, int | float):
        return (float(data) if abs(data) < _BEYOND_FLOATS else None), None
    if isinstance(value, InlineValue) and value.text == "null":
        return None, "none"
    return None, data if isinstance(data, str) else None


_TEXT_TAGS = frozenset({"date", "datetime", "time", "fraction", "uuid", "path", "enum", "float", "numpy"})
_BEYOND_FLOATS = 10**308


def _inline(data: object) -> InlineValue:
    return InlineValue(json.dumps(data, ensure_ascii=True, separators=(",", ":")))


def _elements(data: object) -> list[object]:
    if isinstance(data, list):
        return cast("list[object]", data)
    if isinstance(data, dict):
        inner = data.get("v")
        if data.get("$") in ("tuple", "set", "frozenset"):
            return cast("list[object]", inner)
        if data.get("$") == "record":
            return [item for _, item in cast("list[tuple[str, object]]", inner)]
        if data.get("$") == "range":
            return list(range(*cast("list[int]", inner)))
    raise TypeError("this value has no elements")


def _part(value: Value, name: str) -> Value:
    match value:
        case CompositeValue():
            for key, member in value.members:
                if key == name:
                    return member
            if name.isdigit() and int(name) < len(value.members):
                return value.members[int(name)][1]
            raise KeyError(name)
        case InlineValue():
            return _inline(_inline_part(json.loads(value.text), name))
        case ObjectValue():
            raise NeedsContentError(value)


def _inline_part(data: object, name: str) -> object:
    if isinstance(data, dict) and data.get("$") == "record":
        fields = cast("list[tuple[str, object]]", data["v"])
        for key, item in fields:
            if key == name:
                return item
    if isinstance(data, dict) and "$" not in data:
        return cast("dict[str, object]", data)[name]
    if name.isdigit():
        try:
            return _elements(data)[int(name)]
        except (IndexError, TypeError):
            raise KeyError(name) from None
    raise KeyError(name)
