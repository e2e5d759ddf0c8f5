"""Reading lists, sets, tuples, mappings and records for parameters, each member at its own place."""

import collections
import collections.abc as abc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from itertools import islice
from typing import Any, cast

from headrace.definition.examples import Mode, said, shown
from headrace.definition.generics import is_namedtuple, parts, record_names, record_types, tuple_items, view_as
from headrace.definition.hints import class_hints
from headrace.definition.misfits import Misfit, Place, count_of, nearest
from headrace.definition.structural_types import is_required_key
from headrace.definition.text_forms import read_json, split_items, split_pairs

_PLAIN = (int, float, bool)

# What is built; None: a tuple stays a tuple, a set a set (where the type has no order), all others become a list. From
# text and JSON it is a tuple, as the default in a signature has to be: the same value is to have the same key.
_SEQUENCES: dict[Any, Any] = {
    list: list,
    abc.MutableSequence: list,
    collections.deque: collections.deque,
    **dict.fromkeys((abc.Sequence, abc.Iterable, abc.Collection, abc.Reversible, abc.Container)),
}
_UNORDERED = (abc.Iterable, abc.Collection, abc.Container)
_SETS: dict[Any, Any] = {set: set, abc.MutableSet: set, frozenset: frozenset, abc.Set: None}
_MAPPINGS: dict[Any, Any] = {
    dict: dict,
    abc.Mapping: dict,
    abc.MutableMapping: dict,
    collections.OrderedDict: collections.OrderedDict,
}


def container_reader(origin: Any) -> Callable[[Any, Any, Place], Any] | None:
    """What reads values of this class; None if it is no container that is built from its members."""
    if origin is tuple:
        return fit_tuple
    if origin in _SEQUENCES:
        return fit_sequence
    if origin in _SETS:
        return fit_set
    return fit_mapping if origin in _MAPPINGS else None


def fit_sequence(value: Any, annotation: Any, place: Place) -> Any:
    """A list or other sequence; from text `a,b` or JSON."""
    origin = parts(annotation)[0]
    element = (*(view_as(annotation, abc.Iterable) or view_as(annotation, abc.Container) or ()), Any)[0]
    items, mode = _items(value, annotation, place, is_ordered=origin not in _UNORDERED)
    fitted = _each(items, element, place.to_mode(mode))
    build = _SEQUENCES[origin]
    if build is None:
        is_fixed = isinstance(value, tuple) or place.mode != "python"
        build = tuple if is_fixed else set if isinstance(value, abc.Set) else list
    return fitted if build is list else build(fitted)


def fit_set(value: Any, annotation: Any, place: Place) -> Any:
    """A set; a list is taken if nothing stands in it twice."""
    origin, arguments = parts(annotation)
    items, mode = _items(value, annotation, place, is_ordered=False)
    build = _SETS[origin] or (frozenset if isinstance(value, frozenset) else set)
    members: set[Any] = set()
    for index, item in enumerate(_each(items, (*arguments, Any)[0], place.to_mode(mode))):
        try:
            is_new = item not in members
        except TypeError:
            raise Misfit(item, annotation, place, why=f"{type(item).__name__} cannot be in a set") from None
        if not is_new:
            raise Misfit(value, annotation, place, why=f"{shown(items[index])} stands in it twice")
        members.add(item)
    return build(members)


def fit_tuple(value: Any, annotation: Any, place: Place) -> tuple[Any, ...]:
    """A tuple of fixed or any length."""
    types, rest = tuple_items(annotation)
    items, mode = _items(value, annotation, place, is_ordered=True)
    if rest is not None:
        return tuple(_each(items, rest, place.to_mode(mode)))
    if len(items) != len(types):
        raise Misfit(value, annotation, place, why=f"it has {count_of(items)}, not {len(types)}")
    return tuple(
        place.inside(f"[{index}]", mode).fit(item, hint)
        for index, (item, hint) in enumerate(zip(items, types, strict=True))
    )


def _each(items: list[Any], element: Any, place: Place) -> list[Any]:
    if place.mode == "exact":
        items = items[: _looked_at(place)]
    if element in _PLAIN and place.mode != "text" and all(type(item) is element for item in items):
        return items
    return [place.inside(f"[{index}]", place.mode).fit(item, element) for index, item in enumerate(items)]


def _looked_at(place: Place) -> int:
    """How many members of a container are looked at where nothing is converted: time must not grow with the value."""
    return 1000 if not place.path else 10


def _items(value: Any, annotation: Any, place: Place, *, is_ordered: bool) -> tuple[list[Any], Mode]:
    if place.mode == "text":
        return _items_of_text(value, annotation, place)
    if isinstance(value, str | bytes | bytearray):
        raise Misfit(value, annotation, place, why="a text is not a list of texts; put it into brackets")
    if isinstance(value, abc.Set) and is_ordered:
        raise Misfit(value, annotation, place, why="a set has no order; sort it into a list")
    if isinstance(value, abc.Sequence | abc.Set | abc.ValuesView):
        return list(cast("Iterable[Any]", value)), place.mode
    way = next((name for name in ("tolist", "to_list") if hasattr(type(value), name)), "")
    remedy = f"; call its .{way}()" if way else ""
    raise Misfit(value, annotation, place, why=f"{type(value).__name__} is not a list{remedy}")


def _items_of_text(text: str, annotation: Any, place: Place) -> tuple[list[Any], Mode]:
    if not text.lstrip().startswith("["):
        return list(split_items(text)), "text"
    data = _json(text, annotation, place)
    if not isinstance(data, list):
        raise Misfit(text, annotation, place, why="it is no JSON list")
    return data, "json"


def _json(text: str, annotation: Any, place: Place) -> object:
    try:
        return read_json(text)
    except ValueError as error:
        raise Misfit(text, annotation, place, why=str(error)) from None


def fit_mapping(value: Any, annotation: Any, place: Place) -> Any:
    """A dict; from text `a=1,b=2` or a JSON object, whose keys are texts and read as such."""
    key_type, value_type = (*(view_as(annotation, abc.Mapping) or ()), Any, Any)[:2]
    given, mode = _pairs(value, annotation, place)
    found: dict[Any, Any] = {}
    for key, item in islice(given.items(), _looked_at(place) if mode == "exact" else None):
        at = place.inside(f"[{shown(key)}]", mode)
        key_place = at.to_mode("text") if mode in ("json", "text") else at
        fitted = key if key_type is Any else key_place.fit(key, key_type)
        if fitted in found:
            raise Misfit(value, annotation, place, why=f"the key {shown(fitted)} stands in it twice")
        found[fitted] = at.fit(item, value_type)
    return _MAPPINGS[parts(annotation)[0]](found)


def _pairs(value: Any, annotation: Any, place: Place) -> tuple[Mapping[Any, Any], Mode]:
    if place.mode != "text":
        if isinstance(value, abc.Mapping):
            return value, place.mode
        raise Misfit(value, annotation, place, why=f"{type(value).__name__} is not a dict")
    if value.lstrip().startswith("{"):
        return cast("dict[str, Any]", _json(value, annotation, place)), "json"
    try:
        return split_pairs(value), "text"
    except ValueError as error:
        raise Misfit(value, annotation, place, why=str(error)) from None


def fit_typeddict(value: Any, annotation: Any, place: Place) -> dict[str, Any]:
    """A TypedDict: exactly the declared keys, those not required may be missing."""
    given, mode = _pairs(value, annotation, place)
    cls = parts(annotation)[0]
    hints = class_hints(cls)
    required = [key for key in hints if is_required_key(cls, key)]
    return _members(given, hints, required, at=(annotation, place, mode))


def fit_record(value: Any, annotation: Any, place: Place) -> Any:
    """A dataclass or named tuple: one that is there already, or a dict of its fields (a named tuple also a list)."""
    cls, arguments = parts(annotation)
    if isinstance(value, cls):
        return value
    types = record_types(cls, arguments)
    given, mode = _fields_given(value, annotation, place)
    required = [name for name in record_names(cls) if name not in _defaults(cls)]
    members = _members(given, types, required, at=(annotation, place, mode))
    try:
        return cls(**members)
    except Exception as error:
        why = f"{cls.__name__} refuses it: {said(error)}"
        raise Misfit(value, annotation, place, why=why) from error


def _fields_given(value: Any, annotation: Any, place: Place) -> tuple[Mapping[Any, Any], Mode]:
    cls = parts(annotation)[0]
    if not is_namedtuple(cls) or not _is_list(value, place):
        return _pairs(value, annotation, place)
    items, mode = _items(value, annotation, place, is_ordered=True)
    names = record_names(cls)
    if len(items) != len(names):
        raise Misfit(value, annotation, place, why=f"it has {count_of(items)}, not {len(names)}")
    return dict(zip(names, items, strict=True)), mode


def _is_list(value: Any, place: Place) -> bool:
    if place.mode != "text":
        return isinstance(value, list | tuple)
    return value.lstrip()[:1] == "[" or not set(value) & {"=", "{"}


def _defaults(cls: Any) -> set[str]:
    if is_namedtuple(cls):
        return set(cls._field_defaults)
    return {each.name for each in fields(cls) if (each.default, each.default_factory) != (MISSING, MISSING)}


def _members(
    given: Mapping[Any, Any], types: Mapping[str, Any], required: list[str], *, at: tuple[Any, Place, Mode]
) -> dict[str, Any]:
    annotation, place, mode = at
    for name in given:
        if name not in types:
            why = f"it has no field {shown(name)}{nearest(name, list(types))}"
            raise Misfit(dict(given), annotation, place, why=why)
    for name in required:
        if name not in given:
            raise Misfit(dict(given), annotation, place, why=f"its field {name!r} is missing")
    return {name: place.inside(f".{name}", mode).fit(item, types[name]) for name, item in given.items()}
