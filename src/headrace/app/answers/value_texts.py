"""Stored values for those who look: in a few words for people, as plain data for programs. Reads no object's bytes."""

import binascii
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from headrace.core.values import CompositeValue, InlineValue, Value, objects_in, size_of

PATH = "pathlib:Path"
"""The class of a stored file or folder: its first member is its name, the others are its entries."""


def value_text(value: Value, limit: int = 60) -> str:
    """A value in a few words: small ones as Python writes them, others by kind and size."""
    if isinstance(value, InlineValue):
        text = _plain(json.loads(value.text))
    elif isinstance(value, CompositeValue):
        text = _small_text(value, limit) or _container_text(value)
    else:
        text = f"{value.python_type.partition(':')[2] or value.format}, {value.size_bytes} bytes"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def value_data(value: Value) -> Any:
    """A value as the plain data that JSON knows: numbers, texts, true, false, null, lists, objects.

    Tuples and sets are lists, dataclasses, named tuples and dicts with texts as keys are objects, other dicts lists of
    pairs; dates, paths, enums, decimals and bytes texts. Whatever is no small plain value (tables, arrays, models,
    files) is told in a few words.
    """
    if isinstance(value, InlineValue):
        return _data(json.loads(value.text))
    if not isinstance(value, CompositeValue) or not _is_small(value):
        return value_text(value)
    if value.kind in ("list", "tuple"):
        return [value_data(member) for _, member in value.members]
    if value.kind == "record":
        return {name: value_data(member) for name, member in value.members}
    return _dict_data([(_data(json.loads(name)), value_data(member)) for name, member in value.members])


def _is_small(value: CompositeValue) -> bool:
    """Whether there is nothing but plain values inside."""
    return value.python_type != PATH and all(
        _is_small(member) if isinstance(member, CompositeValue) else isinstance(member, InlineValue)
        for _, member in value.members
    )


def _data(plain: Any) -> Any:
    """Canonical data without its tags."""
    if isinstance(plain, list):
        return [_data(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    tag = plain.get("$")
    if tag is None:
        return {key: _data(item) for key, item in plain.items()}
    return _READ.get(tag, str)(plain["v"])


def _dict_data(pairs: list[tuple[Any, Any]]) -> Any:
    return dict(pairs) if all(isinstance(key, str) for key, _ in pairs) else [list(pair) for pair in pairs]


def _container_text(value: CompositeValue) -> str:
    if value.python_type == PATH:
        _, name = value.members[0]
        assert isinstance(name, InlineValue)
        return f"{json.loads(name.text)}, {sum(size_of(one) for one in objects_in(value))} bytes"
    name_of_kind = value.python_type.partition(":")[2] or value.kind
    return f"{name_of_kind} of {len(value.members)}, {size_of(value)} bytes"


def _small_text(value: CompositeValue, limit: int) -> str:
    """A short container of small values as Python writes it, such as the output of a map; else empty."""
    if size_of(value) > _TEXT_A_CHARACTER * limit or not _is_small(value):
        return ""
    text = _composite(value)
    return text if len(text) <= limit else ""


_TEXT_A_CHARACTER = 5
"""How much longer than what is shown canonical text may be: a date is shown by a third of it."""


def _composite(value: Value) -> str:
    if isinstance(value, InlineValue):
        return _plain(json.loads(value.text))
    assert isinstance(value, CompositeValue)
    members = [(name, _composite(member)) for name, member in value.members]
    if value.kind == "record":
        return f"{_last_name(value.python_type)}({', '.join(f'{name}={text}' for name, text in members)})"
    if value.kind == "dict":
        return "{" + ", ".join(f"{_plain(json.loads(name))}: {text}" for name, text in members) + "}"
    texts = [text for _, text in members]
    return f"[{', '.join(texts)}]" if value.kind == "list" else _tuple_text(texts)


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
    return _ATOM_TEXTS[tag](inner) if tag in _ATOM_TEXTS else str(inner)


def _tuple_text(texts: list[str]) -> str:
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"


def _set_text(texts: list[str]) -> str:
    return "{" + ", ".join(texts) + "}" if texts else "set()"


_ATOM_TEXTS: dict[str, Callable[[Any], str]] = {
    "bytes": lambda inner: repr(binascii.a2b_base64(inner)),
    "range": lambda inner: repr(range(*inner)),
    "timedelta": lambda inner: str(dt.timedelta(*inner)),
}
"""Atoms whose canonical text is not what people write."""

_READ: dict[str, Callable[[Any], Any]] = {
    **_ATOM_TEXTS,
    **dict.fromkeys(("tuple", "set", "frozenset"), _data),
    "record": lambda inner: {key: _data(item) for key, item in inner},
    "dict": lambda inner: _dict_data([(_data(key), _data(item)) for key, item in inner]),
    "float": float,
    "numpy": _data,
}

_WRITTEN: dict[str, Callable[[Any, Any], str]] = {
    "record": lambda data, inner: f"{_class_name(data)}({', '.join(f'{key}={_plain(item)}' for key, item in inner)})",
    "enum": lambda data, inner: f"{_class_name(data)}.{inner}",
    "dict": lambda _, inner: "{" + ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in inner) + "}",
    "tuple": lambda _, inner: _tuple_text([_plain(item) for item in inner]),
    "set": lambda _, inner: _set_text([_plain(item) for item in inner]),
    "frozenset": lambda _, inner: f"frozenset({_set_text([_plain(item) for item in inner]) if inner else ''})",
    "numpy": lambda _, inner: _plain(inner),
}


def _class_name(data: Any) -> str:
    return _last_name(str(data["c"]))


def _last_name(python_type: str) -> str:
    return python_type.rpartition(":")[2]
