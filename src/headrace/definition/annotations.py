"""Annotations as Headrace reads them: their text, their named parts, their elements, and the mark of `Static`."""

import collections.abc as abc
import sys
import typing
from enum import Enum
from types import NoneType
from typing import Annotated, Any, Final, ForwardRef, Literal, Never, NewType, NoReturn, TypeVar, get_args, get_origin

from headrace.definition.generics import (
    follow_alias,
    is_alias,
    is_namedtuple,
    is_union,
    parts,
    record_names,
    record_types,
    tuple_items,
    union_of,
    unwrap,
    view_as,
    without_newtype,
)
from headrace.definition.hints import hints_of

__all__ = [
    "Static",
    "describe",
    "element_type",
    "field_type",
    "fields_of",
    "hints_of",
    "is_static",
    "returns_nothing",
    "strip_static",
]

T = TypeVar("T")


class _StaticMark:
    """What `Static[T]` adds to `T`; there is one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "headrace.Static"


_STATIC: Final = _StaticMark()

Static = Annotated[T, _STATIC]
"""A parameter that is fixed when the run is planned: inside the pipeline it is a plain value of type T, and it becomes
part of the graph (`for k in range(folds)` works)."""


def is_static(annotation: Any) -> bool:
    """Whether this is `Static[T]`, also inside a union (`Static[int] | None`) or a type alias."""
    if is_alias(annotation):
        return is_static(follow_alias(annotation))
    if is_union(annotation):
        return any(is_static(member) for member in get_args(annotation))
    return get_origin(annotation) is Annotated and any(mark is _STATIC for mark in annotation.__metadata__)


def strip_static(annotation: Any) -> Any:
    """The annotation without the mark of `Static`; other metadata stays."""
    if not is_static(annotation):
        return annotation
    if is_alias(annotation):
        return strip_static(follow_alias(annotation))
    if is_union(annotation):
        return union_of(strip_static(member) for member in get_args(annotation))
    marks = tuple(mark for mark in annotation.__metadata__ if mark is not _STATIC)
    inner = get_args(annotation)[0]
    return Annotated[(inner, *marks)] if marks else inner


def returns_nothing(annotation: Any) -> bool:
    """Whether a function with this output gives no value: None, or never any."""
    return unwrap(annotation) in (NoneType, Never, NoReturn)


def fields_of(annotation: Any) -> tuple[str, ...]:
    """The named parts of an output: a NamedTuple's or dataclass's fields, "0", "1", … of a fixed tuple, else ()."""
    annotation = without_newtype(annotation)
    origin = parts(annotation)[0]
    names = record_names(origin)
    if names or not _is_tuple(origin) or is_namedtuple(origin):
        return names
    return tuple(str(index) for index in range(len(tuple_items(annotation)[0])))


def field_type(annotation: Any, name: str) -> Any:
    """The type of one named part; raises KeyError for a name that `fields_of` does not give."""
    annotation = without_newtype(annotation)
    origin, arguments = parts(annotation)
    if record_names(origin):
        return record_types(origin, arguments)[name]
    return dict(zip(fields_of(annotation), tuple_items(annotation)[0] if _is_tuple(origin) else (), strict=False))[name]


def element_type(annotation: Any) -> Any | None:
    """What `each` gives for a value of this type; None if its elements cannot be taken one by one.

    Lists, tuples, sets and other sequences have elements. Texts and bytes have none (they are one value), mappings
    none (their order of keys is no list), and neither has a class that merely can be iterated, such as a DataFrame.
    """
    annotation = without_newtype(annotation)
    if annotation is Any:
        return Any
    if is_union(annotation):
        return _union_element(get_args(annotation))
    origin = parts(annotation)[0]
    if not isinstance(origin, type) or issubclass(origin, str | bytes | bytearray | memoryview | abc.Mapping):
        return None
    elements = view_as(annotation, abc.Iterable)
    if elements is None:
        return Any if issubclass(origin, abc.Sequence | abc.Set) else None
    return elements[0] if elements else Any


def _union_element(members: tuple[Any, ...]) -> Any | None:
    elements = [element_type(member) for member in members]
    return None if any(element is None for element in elements) else union_of(elements)


def _is_tuple(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, tuple)


def describe(annotation: Any) -> str:
    """Short text for people: `list[float]`, `polars.DataFrame`, `LateFlightModel | None`.

    Classes of installed libraries are shown under the shortest public name, all others by their own name.
    """
    if is_union(annotation):
        members = sorted(get_args(annotation), key=lambda member: member is NoneType)
        return " | ".join(describe(member) for member in members)
    origin, arguments = parts(annotation)
    if origin is Annotated:
        return describe(arguments[0])
    if origin is Literal:
        return f"Literal[{', '.join(_literal(value) for value in arguments)}]"
    if isinstance(annotation, list):  # the parameters of a Callable
        return f"[{', '.join(describe(item) for item in annotation)}]"
    if origin is not annotation and getattr(origin, "__module__", "") == "numpy" and origin.__name__ == "ndarray":
        return f"NDArray[{describe((*get_args(arguments[-1]), arguments[-1])[0])}]"
    if origin is tuple and not arguments and annotation is not tuple:
        return "tuple[()]" if annotation is not typing.Tuple else "tuple"  # noqa: UP006 - the spelling to recognise
    if arguments:
        return f"{_name(origin)}[{', '.join(describe(item) for item in arguments)}]"
    return _name(origin)


def _literal(value: object) -> str:
    return f"{type(value).__name__}.{value.name}" if isinstance(value, Enum) else repr(value)


def _name(annotation: Any) -> str:
    if annotation is NoneType or annotation is None:
        return "None"
    if annotation is Ellipsis:
        return "..."
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__
    if isinstance(annotation, type) and not isinstance(annotation, NewType):
        return _public_name(annotation)
    name = getattr(annotation, "__name__", None) or getattr(annotation, "_name", None)
    return name or repr(annotation).removeprefix("typing.")


def _public_name(cls: type) -> str:
    steps = cls.__module__.split(".")
    top = sys.modules.get(steps[0])
    file = getattr(top, "__file__", None) or ""
    if "site-packages" not in file and "dist-packages" not in file:
        return cls.__qualname__
    for length in range(1, len(steps) + 1):
        module = sys.modules.get(".".join(steps[:length]))
        if getattr(module, cls.__name__, None) is cls:
            return f"{'.'.join(steps[:length])}.{cls.__qualname__}"
    return f"{cls.__module__}.{cls.__qualname__}"
