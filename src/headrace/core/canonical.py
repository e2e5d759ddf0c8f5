"""Canonical text of small values: equal values give equal text, different types different text, in every process and
on every day.

JSON with tags: 1, 1.0, true and "1" differ; the order of a dict is kept, a set is sorted; dates, enums, dataclasses,
tuples and the like are `{"$": tag, …}`. `restore` gives back an equal value; it imports the module of an enum or
dataclass, and of nothing else.
"""

import base64
import dataclasses
import datetime as dt
import enum
import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any, cast
from uuid import UUID

from headrace.core.symbols import qualified_name, resolve

_PLAIN = (str, bool, int, type(None))


class NotCanonicalError(Exception):
    """A value has no canonical text; `python_type` says which one, `where` the path to it inside the value."""

    def __init__(self, python_type: type, where: str) -> None:
        self.python_type, self.where = python_type, where
        name = f"{python_type.__module__}.{python_type.__qualname__}"
        super().__init__(f"{name} at {where or 'the value itself'} has no canonical text")


def canonical(value: object) -> str:
    """The canonical text of a value; raises NotCanonicalError where there is none."""
    return json.dumps(_encode(value, ""), ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def restore(text: str) -> object:
    """The value that `canonical` wrote."""
    return _decode(json.loads(text))


def _encode(value: object, where: str) -> object:  # noqa: C901 - one flat table of types, most frequent first
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is float:
        number = cast("float", value)
        return number if math.isfinite(number) else {"$": "float", "v": repr(number)}
    if kind is list:
        return [_encode(item, f"{where}[{index}]") for index, item in enumerate(cast("list[object]", value))]
    if kind is dict:
        return _encode_dict(cast("dict[object, object]", value), where)
    if isinstance(value, enum.Enum):
        return {"$": "enum", "c": qualified_name(kind), "v": value.name}
    if kind is tuple:
        return {
            "$": "tuple",
            "v": [_encode(item, f"{where}[{index}]") for index, item in enumerate(cast("tuple[object, ...]", value))],
        }
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        names = cast("tuple[str, ...]", cast("Any", value)._fields)
        return {
            "$": "record",
            "c": qualified_name(kind),
            "v": [[n, _encode(v, f"{where}.{n}")] for n, v in zip(names, value, strict=True)],
        }
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [
            [f.name, _encode(getattr(value, f.name), f"{where}.{f.name}")] for f in dataclasses.fields(value) if f.init
        ]
        return {"$": "record", "c": qualified_name(kind), "v": fields}
    if kind in (set, frozenset):
        members = sorted((_encode(item, f"{where}{{}}") for item in cast("set[object]", value)), key=_sort_key)
        return {"$": kind.__name__, "v": members}
    if isinstance(value, PurePath):
        return {"$": "path", "v": str(value)}
    return _encode_atom(value, kind, where)


def _sort_key(data: object) -> str:
    return json.dumps(data, sort_keys=True)


def _encode_dict(value: Mapping[object, object], where: str) -> object:
    if all(type(key) is str for key in value) and "$" not in value:
        return {str(key): _encode(item, f"{where}[{key!r}]") for key, item in value.items()}
    return {
        "$": "dict",
        "v": [[_encode(key, where), _encode(item, f"{where}[{key!r}]")] for key, item in value.items()],
    }


def _encode_atom(value: object, kind: type, where: str) -> object:
    atom = _ATOMS.get(kind)
    if atom is not None:
        return {"$": atom[0], "v": atom[1](value)}
    raise NotCanonicalError(kind, where)


def _decode(data: object) -> object:
    if isinstance(data, list):
        return [_decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    tag = data.get("$")
    if tag is None:
        return {key: _decode(item) for key, item in data.items()}
    read = _ATOM_READERS.get(cast("str", tag))
    return read(data["v"]) if read is not None else _DECODERS[cast("str", tag)](data)


def _decode_record(data: Mapping[str, object]) -> object:
    cls = cast("Callable[..., object]", resolve(cast("str", data["c"])))
    return cls(**{name: _decode(item) for name, item in cast("list[tuple[str, object]]", data["v"])})


def _decode_enum(data: Mapping[str, object]) -> object:
    return cast("type[enum.Enum]", resolve(cast("str", data["c"])))[cast("str", data["v"])]


def _members(data: Mapping[str, object]) -> list[object]:
    return [_decode(item) for item in cast("list[object]", data["v"])]


def _encode_duration(span: dt.timedelta) -> list[int]:
    return [span.days, span.seconds, span.microseconds]


def _encode_bytes(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _encode_range(span: range) -> list[int]:
    return [span.start, span.stop, span.step]


def _decode_range(parts: object) -> range:
    return range(*cast("list[int]", parts))


def _decode_duration(value: object) -> dt.timedelta:
    days, seconds, microseconds = cast("list[int]", value)
    return dt.timedelta(days, seconds, microseconds)


_ATOMS: dict[type, tuple[str, Callable[..., object], Callable[..., object]]] = {
    dt.date: ("date", dt.date.isoformat, dt.date.fromisoformat),
    dt.datetime: ("datetime", dt.datetime.isoformat, dt.datetime.fromisoformat),
    dt.time: ("time", dt.time.isoformat, dt.time.fromisoformat),
    dt.timedelta: ("timedelta", _encode_duration, _decode_duration),
    bytes: ("bytes", _encode_bytes, base64.b64decode),
    complex: ("complex", repr, complex),
    Decimal: ("decimal", str, Decimal),
    Fraction: ("fraction", str, Fraction),
    UUID: ("uuid", str, UUID),
    range: ("range", _encode_range, _decode_range),
}


_DECODERS: dict[str, Callable[[Mapping[str, object]], object]] = {
    "float": lambda data: float(cast("str", data["v"])),
    "tuple": lambda data: tuple(_members(data)),
    "set": lambda data: set(_members(data)),
    "frozenset": lambda data: frozenset(_members(data)),
    "dict": lambda data: {_decode(key): _decode(item) for key, item in cast("list[tuple[object, object]]", data["v"])},
    "record": _decode_record,
    "enum": _decode_enum,
    "path": lambda data: Path(cast("str", data["v"])),
}
_ATOM_READERS: dict[str, Callable[..., object]] = {tag: read for tag, _, read in _ATOMS.values()}
