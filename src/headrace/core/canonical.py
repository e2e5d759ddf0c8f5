"""Canonical text of small values: equal values give equal text, different types different text, in every process and
on every day.

JSON with tags: 1, 1.0, true and "1" differ; the order of a dict is kept, a set is sorted; dates, enums, dataclasses,
tuples, NumPy scalars and the like are `{"$": tag, …}`. `restore` gives back an equal value; it imports the module of
an enum or dataclass (NumPy for its scalars), and nothing else.
"""

import binascii
import dataclasses
import datetime as dt
import enum
import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any, cast
from uuid import UUID

from headrace.core.symbols import qualified_name, resolve

_PLAIN = (str, bool, int, type(None))
_NUMPY_TEXTS = ("str_", "bytes_")
_LEAF_KINDS = frozenset({*_PLAIN, float})
_PLAIN_KINDS = frozenset(_PLAIN)
_PURE_PATHS = {kind.__name__: kind for kind in (PurePosixPath, PureWindowsPath)}
"""Paths that name no place of this machine; every other one comes back as a Path."""


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
        return _encode_items(cast("list[object]", value), where)
    if kind is dict:
        return _encode_dict(cast("dict[object, object]", value), where)
    if isinstance(value, enum.Enum):
        return _encode_enum(value, where)
    if kind is tuple:
        return {"$": "tuple", "v": _encode_items(cast("tuple[object, ...]", value), where)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        names = cast("tuple[str, ...]", cast("Any", value)._fields)
        return {
            "$": "record",
            "c": qualified_name(kind),
            "v": [[n, _encode(v, f"{where}.{n}")] for n, v in zip(names, value, strict=True)],
        }
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        state = record_state(value)
        if state is None:
            raise NotCanonicalError(kind, where)
        fields = [[name, _encode(item, f"{where}.{name}")] for name, item in state.items()]
        return {"$": "record", "c": qualified_name(kind), "v": fields}
    if kind in (set, frozenset):
        members = sorted((_encode(item, f"{where}{{}}") for item in cast("set[object]", value)), key=_sort_key)
        return {"$": kind.__name__, "v": members}
    if isinstance(value, PurePath):
        return {"$": "path", **({"c": kind.__name__} if kind in _PURE_PATHS.values() else {}), "v": str(value)}
    return _encode_atom(value, kind, where)


def record_state(value: Any) -> dict[str, object] | None:
    """The fields of a dataclass with their values; None if they are not all there is to it.

    Attributes beside the fields, an `__init__` of its own or an InitVar could not be given back (`functools`' cached
    properties do not count: they come again).
    """
    cls = type(value)
    names = [field.name for field in dataclasses.fields(value)]
    hidden = set(getattr(value, "__dict__", ())) - set(names)
    if any(not isinstance(getattr(cls, name, None), cached_property) for name in hidden):
        return None
    has_own_init = not cls.__dataclass_params__.init or any(
        pseudo.name not in names and "InitVar" in str(pseudo.type) for pseudo in cls.__dataclass_fields__.values()
    )
    if has_own_init or not all(hasattr(value, name) for name in names):
        return None
    return {name: getattr(value, name) for name in names}


def make_record(cls: Any, fields: Mapping[str, object]) -> object:
    """A dataclass or named tuple with these fields; those that its `__init__` does not take are set afterwards."""
    make: Callable[..., object] = cls
    if not dataclasses.is_dataclass(cls):
        return make(**fields)
    taken = {field.name for field in dataclasses.fields(cls) if field.init}
    made: object = make(**{name: value for name, value in fields.items() if name in taken})
    for name, value in fields.items():
        if name not in taken:
            object.__setattr__(made, name, value)
    return made


def _encode_items(items: list[object] | tuple[object, ...], where: str) -> list[object]:
    kinds = set(map(type, items))
    if kinds <= _PLAIN_KINDS or (kinds == {float} and all(map(math.isfinite, cast("list[float]", items)))):
        return list(items)  # some twenty times quicker than one by one
    return [_encode(item, f"{where}[{index}]") for index, item in enumerate(items)]


def _encode_enum(value: enum.Enum, where: str) -> object:
    kind = type(value)
    if isinstance(value, enum.Flag) and value.name not in kind.__members__:
        return {"$": "flag", "c": qualified_name(kind), "v": _encode(value.value, where)}
    return {"$": "enum", "c": qualified_name(kind), "v": value.name}


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
    if kind.__module__ == "numpy" and hasattr(kind, "dtype") and getattr(value, "shape", None) == ():
        return _encode_numpy(value, kind, where)
    raise NotCanonicalError(kind, where)


def _encode_numpy(value: Any, kind: type, where: str) -> object:
    if kind.__name__ != "ndarray" and value.dtype.kind in "Mm":
        return {"$": "numpy", "c": value.dtype.name, "v": int(value.view("int64"))}
    item = value.item()
    if kind.__name__ in _NUMPY_TEXTS:
        return {"$": "numpy", "c": kind.__name__, "v": _encode(item, where)}
    if kind.__name__ == "ndarray" or type(item) not in (bool, int, float, complex):
        raise NotCanonicalError(kind, where)
    return {"$": "numpy", "c": value.dtype.name, "v": _encode(item, where)}


def _decode(data: object) -> object:
    if isinstance(data, list):
        return data if set(map(type, data)) <= _LEAF_KINDS else [_decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    tag = data.get("$")
    if tag is None:
        return {key: _decode(item) for key, item in data.items()}
    read = _ATOM_READERS.get(cast("str", tag))
    return read(data["v"]) if read is not None else _DECODERS[cast("str", tag)](data)


def _decode_record(data: Mapping[str, object]) -> object:
    fields = {name: _decode(item) for name, item in cast("list[tuple[str, object]]", data["v"])}
    return make_record(resolve(cast("str", data["c"])), fields)


def _decode_enum(data: Mapping[str, object]) -> object:
    return cast("type[enum.Enum]", resolve(cast("str", data["c"])))[cast("str", data["v"])]


def _decode_flag(data: Mapping[str, object]) -> object:
    return cast("type[enum.Flag]", resolve(cast("str", data["c"])))(_decode(data["v"]))


def _decode_numpy(data: Mapping[str, object]) -> object:
    if data["c"] in _NUMPY_TEXTS:
        return cast("Any", resolve(f"numpy:{data['c']}"))(_decode(data["v"]))
    dtype = cast("Any", resolve("numpy:dtype"))(data["c"])
    if dtype.kind in "Mm":
        return cast("Any", resolve("numpy:int64"))(data["v"]).view(dtype)
    return dtype.type(_decode(data["v"]))


def _members(data: Mapping[str, object]) -> list[object]:
    return [_decode(item) for item in cast("list[object]", data["v"])]


def _encode_time(value: Any) -> str:
    """ISO 8601, with the name of a time zone as in RFC 9557: `2013-07-01T12:00:00+02:00[Europe/Berlin]`.

    A name that somebody has given to a mere offset stands behind `=`: `2013-07-01T12:00:00+05:30[=IST]`.
    """
    zone = value.tzinfo
    if zone is None or zone is dt.UTC:
        return str(value.isoformat())
    if type(zone) is dt.timezone:
        name, offset = zone.tzname(None), zone.utcoffset(None)
        return f"{value.isoformat()}[={name}]" if name != dt.timezone(offset).tzname(None) else str(value.isoformat())
    if type(zone).__module__ != "zoneinfo" or not zone.key:  # of no other kind is it known what makes it again
        raise NotCanonicalError(type(zone), "its time zone")
    return f"{value.isoformat()}[{zone.key}]"


def _decode_datetime(text: object) -> dt.datetime:
    plain, _, key = cast("str", text).removesuffix("]").partition("[")
    moment = dt.datetime.fromisoformat(plain)
    if not key:
        return moment
    if key[0] == "=":
        return moment.replace(tzinfo=_named(moment.utcoffset(), key))
    found = moment.replace(tzinfo=_zone(key))
    return found if found.utcoffset() == moment.utcoffset() else found.replace(fold=1)


def _decode_time(text: object) -> dt.time:
    plain, _, key = cast("str", text).removesuffix("]").partition("[")
    found = dt.time.fromisoformat(plain)
    if key[:1] == "=":
        return found.replace(tzinfo=_named(found.utcoffset(), key))
    return found.replace(tzinfo=_zone(key)) if key else found


def _named(offset: dt.timedelta | None, key: str) -> dt.timezone:
    return dt.timezone(cast("dt.timedelta", offset), key[1:])


def _zone(key: str) -> dt.tzinfo:
    make = cast("Callable[[str], dt.tzinfo]", resolve("zoneinfo:ZoneInfo"))
    return make(key)


def _encode_duration(span: dt.timedelta) -> list[int]:
    return [span.days, span.seconds, span.microseconds]


def _encode_bytes(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def _encode_range(span: range) -> list[int]:
    return [span.start, span.stop, span.step]


def _decode_range(parts: object) -> range:
    return range(*cast("list[int]", parts))


def _decode_duration(value: object) -> dt.timedelta:
    days, seconds, microseconds = cast("list[int]", value)
    return dt.timedelta(days, seconds, microseconds)


_ATOMS: dict[type, tuple[str, Callable[..., object], Callable[..., object]]] = {
    dt.date: ("date", dt.date.isoformat, dt.date.fromisoformat),
    dt.datetime: ("datetime", _encode_time, _decode_datetime),
    dt.time: ("time", _encode_time, _decode_time),
    dt.timedelta: ("timedelta", _encode_duration, _decode_duration),
    bytes: ("bytes", _encode_bytes, binascii.a2b_base64),
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
    "flag": _decode_flag,
    "numpy": _decode_numpy,
    "path": lambda data: _PURE_PATHS.get(cast("str", data.get("c")), Path)(cast("str", data["v"])),
}
_ATOM_READERS: dict[str, Callable[..., object]] = {tag: read for tag, _, read in _ATOMS.values()}
