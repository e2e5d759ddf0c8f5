"""Stored values for those who look: in a few words for people, as plain data for programs. Reads no object's bytes."""

import json
from collections.abc import Callable
from typing import Any

from headrace.core.values import CompositeValue, InlineValue, Value, objects_in, size_of

PATH = "pathlib:Path"
"""The class of a stored file or folder: its first member is its name, the others are its entries."""


def value_text(value: Value, limit: int = 60) -> str:
    """A value in a few words: small ones as they are, others by kind and size."""
    if isinstance(value, InlineValue):
        text = _plain(json.loads(value.text))
    elif isinstance(value, CompositeValue):
        text = _list_text(value, limit) or _container_text(value)
    else:
        text = f"{value.python_type.partition(':')[2] or value.format}, {value.size_bytes} bytes"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def value_data(value: Value) -> Any:
    """A value as the plain data that JSON knows: numbers, texts, true, false, null, lists, objects.

    Tuples and sets are lists, dataclasses, named tuples and dicts with texts as keys are objects, dates, paths, enums
    and decimals texts. Whatever is no small plain value (tables, arrays, models, files) is told in a few words.
    """
    if isinstance(value, InlineValue):
        return _data(json.loads(value.text))
    if isinstance(value, CompositeValue) and value.kind != "dict" and value.python_type != PATH and _is_small(value):
        members = [(name, value_data(member)) for name, member in value.members]
        return [item for _, item in members] if value.kind in ("list", "tuple") else dict(members)
    return value_text(value)


def _is_small(value: CompositeValue) -> bool:
    """Whether there is nothing but plain values inside."""
    return all(
        _is_small(member) if isinstance(member, CompositeValue) else isinstance(member, InlineValue)
        for _, member in value.members
    )


def _data(plain: Any) -> Any:
    """Canonical data without its tags."""
    if isinstance(plain, list):
        return [_data(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    tag, inner = plain.get("$"), plain.get("v", ())
    if tag is None:
        return {key: _data(item) for key, item in plain.items()}
    if tag in ("tuple", "set", "frozenset"):
        return [_data(item) for item in inner]
    if tag == "record":
        return {key: _data(item) for key, item in inner}
    if tag == "dict":
        pairs = [(_data(key), _data(item)) for key, item in inner]
        return dict(pairs) if all(isinstance(key, str) for key, _ in pairs) else [list(pair) for pair in pairs]
    if tag == "float":
        return float(inner)
    return _data(inner) if tag == "numpy" else str(inner)


def _container_text(value: CompositeValue) -> str:
    if value.python_type == PATH:
        _, name = value.members[0]
        assert isinstance(name, InlineValue)
        return f"{json.loads(name.text)}, {sum(size_of(one) for one in objects_in(value))} bytes"
    name_of_kind = value.python_type.partition(":")[2] or value.kind
    return f"{name_of_kind} of {len(value.members)}, {size_of(value)} bytes"


def _list_text(value: CompositeValue, limit: int) -> str:
    """The items of a short list of small values, such as the output of a map; else empty."""
    if value.kind not in ("list", "tuple") or size_of(value) > limit:
        return ""
    texts = [member.text for _, member in value.members if isinstance(member, InlineValue)]
    if len(texts) < len(value.members):
        return ""
    text = ", ".join(_plain(json.loads(one)) for one in texts)
    text = f"[{text}]" if value.kind == "list" else f"({text})"
    return text if len(text) <= limit else ""


def _plain(data: Any) -> str:
    """Canonical data as people write it: `2013-04-01`, `('a', 'b')`, `Line(slope=2.09)`; imports nothing."""
    if isinstance(data, list):
        return f"[{', '.join(_plain(item) for item in data)}]"
    if not isinstance(data, dict):
        return f"{data:.6g}" if isinstance(data, float) else repr(data)
    tag, inner = data.get("$"), data.get("v")
    if tag is None:
        return "{" + ", ".join(f"{key!r}: {_plain(item)}" for key, item in data.items()) + "}"
    if tag in _WRITTEN:
        return _WRITTEN[tag](data, inner)
    return str(inner)


def _written_sequence(_data: Any, inner: Any) -> str:
    return f"({', '.join(_plain(item) for item in inner)})"


_WRITTEN: dict[str, Callable[[Any, Any], str]] = {
    "record": lambda data, inner: f"{_class_name(data)}({', '.join(f'{key}={_plain(item)}' for key, item in inner)})",
    "enum": lambda data, inner: f"{_class_name(data)}.{inner}",
    "dict": lambda _, inner: "{" + ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in inner) + "}",
    "tuple": _written_sequence,
    "set": _written_sequence,
    "frozenset": _written_sequence,
}


def _class_name(data: Any) -> str:
    return str(data["c"]).rpartition(":")[2]
