"""What a parameter takes, in words and with an example that works: the last sentence of every parameter's error."""

import reprlib
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args

from headrace.definition.annotations import describe, element_type
from headrace.definition.generics import (
    is_typeddict,
    is_union,
    parts,
    record_names,
    record_types,
    tuple_items,
    view_as,
    without_newtype,
)
from headrace.definition.hints import class_hints
from headrace.definition.scalars import scalar_of, scalar_parent

Mode = Literal["python", "json", "text", "exact"]
"""How a value is given: as a Python object, as data read from JSON, as text on a command line; or as it has to stay."""

_DEEPEST = 3
_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = _SHOWN.maxlong = 80
_MOST_CHOICES = 12
_LONGEST = 160


def shown(value: object) -> str:
    """A value as short text, whatever its own `repr` does."""
    try:
        text = _printable(" ".join(_SHOWN.repr(value).split()) if not isinstance(value, str) else _SHOWN.repr(value))
    except Exception:  # noqa: BLE001 - a repr is the user's code, and that of very long integers raises
        return f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def said(error: BaseException) -> str:
    """What an exception says, as one short printable line."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the same for its text
        text = ""
    return _printable(" ".join(text.split())[:200]) or type(error).__name__


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def takes(annotation: Any, mode: Mode) -> str:
    """What is accepted, in words: "a date, for example 2013-04-01"."""
    annotation = without_newtype(annotation)
    origin = parts(annotation)[0]
    if origin is Literal or _is_enum(origin):
        return _choices(origin, annotation, mode)
    scalar = scalar_of(origin)
    words = scalar.words if scalar else describe(annotation)
    if mode == "text" and is_union(annotation) and NoneType in get_args(annotation):
        words += " (None is written none)"
    example = example_of(annotation, mode)
    return f"{words}, for example {example}" if example else words


def choices_of(annotation: Any) -> list[str]:
    """The texts that stand for the values of a Literal or an enum."""
    annotation = without_newtype(annotation)
    origin = parts(annotation)[0]
    if _is_enum(origin):
        return [text for member in origin for text in (str(member.value), member.name)]
    return [str(value.value if isinstance(value, Enum) else value) for value in get_args(annotation)]


def _choices(origin: Any, annotation: Any, mode: Mode) -> str:
    show: Callable[[Any], str] = str if mode == "text" else repr
    if origin is Literal:
        return f"one of {_listed(show(value) for value in get_args(annotation))}"
    if not len(origin):
        return f"{describe(annotation)}, which has no members"
    names, values = _listed(member.name for member in origin), _listed(show(member.value) for member in origin)
    if all(isinstance(member.value, str) for member in origin):
        return f"one of {values}, or by name {names}"
    return f"one of {names}, or by value {values}"


def _listed(texts: Any) -> str:
    found = list(texts)
    return ", ".join(found[:_MOST_CHOICES]) + (f" and {len(found) - _MOST_CHOICES} more" if len(found) > 12 else "")


def example_of(annotation: Any, mode: Mode, *, position: int = 0, depth: int = 0) -> str:
    """One value of this type as it would be written; "" if there is no way to write one. `position` picks another."""
    annotation = without_newtype(annotation)
    origin = parts(annotation)[0]
    parent = None if scalar_of(origin) else scalar_parent(origin)
    scalar = scalar_of(parent or origin)
    if scalar is not None:
        text = _scalar(scalar.texts[position % 2], scalar.literals[position % 2], mode)
        return f"{origin.__name__}({text})" if parent and mode == "python" else text
    if is_union(annotation) or origin is Literal:
        return _first_option(annotation, mode, depth)
    if _is_enum(origin):
        members = list(origin)
        return _option(members[position % len(members)], mode) if members else ""
    return "" if depth >= _DEEPEST or not isinstance(origin, type) else _compound(annotation, mode, depth + 1)


def _scalar(text: str, literal: str, mode: Mode) -> str:
    if mode == "json":
        return literal if literal[:1].isdigit() else {"True": "true", "False": "false"}.get(literal, f'"{text}"')
    return text if mode == "text" else literal


def _first_option(annotation: Any, mode: Mode, depth: int) -> str:
    arguments = get_args(annotation)
    if not is_union(annotation):
        return _option(arguments[0], mode)
    examples = [example_of(each, mode, depth=depth) for each in arguments if each is not NoneType]
    return next((example for example in examples if example), "")


def _option(value: Any, mode: Mode) -> str:
    if isinstance(value, Enum):
        if mode == "python":
            return f"{type(value).__name__}.{value.name}"
        value = value.value
    if mode == "text":
        return str(value)
    text = repr(value)
    return f'"{value}"' if mode == "json" and isinstance(value, str) else text


def _compound(annotation: Any, mode: Mode, depth: int) -> str:
    origin, arguments = parts(annotation)
    if record_names(origin):
        return _record(origin, record_types(origin, arguments), mode, depth)
    if is_typeddict(origin):
        return _mapping([(name, hint) for name, hint in class_hints(origin).items()], mode, depth)
    if issubclass(origin, tuple):
        items, rest = tuple_items(annotation)
        return _sequence(list(items) or [rest, rest], "()", mode, depth=depth)
    if issubclass(origin, Mapping):
        return _dict(annotation, mode, depth)
    element = element_type(annotation)
    brackets = "{}" if issubclass(origin, AbstractSet) else "[]"
    return "" if element is None else _sequence([element, element], brackets, mode, depth=depth)


def _sequence(elements: list[Any], brackets: str, mode: Mode, *, depth: int) -> str:
    texts = [example_of(each, mode, position=index, depth=depth) for index, each in enumerate(elements)]
    if not all(texts):
        return ""
    if mode == "text" and any(set(text) & set(',[]{}"=') for text in texts):
        texts, mode = (
            [example_of(each, "json", position=index, depth=depth) for index, each in enumerate(elements)],
            "json",
        )
    if mode == "text":
        return ",".join(texts)
    opening, closing = (brackets[0], brackets[1]) if mode == "python" else ("[", "]")
    comma = "," if brackets == "()" and len(texts) == 1 and mode == "python" else ""
    return f"{opening}{', '.join(texts)}{comma}{closing}"


def _mapping(pairs: list[tuple[str, Any]], mode: Mode, depth: int) -> str:
    inner: Mode = "json" if mode == "text" and depth > 1 else mode
    texts = [(name, example_of(hint, inner, position=index, depth=depth)) for index, (name, hint) in enumerate(pairs)]
    if not all(text for _, text in texts):
        return ""
    if inner == "text" and not any(set(text) & set(',[]{}"=') for _, text in texts):
        return ",".join(f"{name}={text}" for name, text in texts)
    if inner == "text":
        return _mapping(pairs, "json", depth)
    quote = '"' if inner == "json" else "'"
    return f"{{{', '.join(f'{quote}{name}{quote}: {text}' for name, text in texts)}}}"


def _dict(annotation: Any, mode: Mode, depth: int) -> str:
    key, value = (*(view_as(annotation, Mapping) or ()), str, Any)[:2]
    if mode != "python":
        return _mapping([(example_of(key, "text", depth=depth) or "a", value)], mode, depth)
    texts = example_of(key, mode, depth=depth), example_of(value, mode, depth=depth)
    return f"{{{texts[0]}: {texts[1]}}}" if all(texts) else ""


def _record(cls: type, types: dict[str, Any], mode: Mode, depth: int) -> str:
    if mode != "python":
        return _mapping(list(types.items()), mode, depth)
    texts = [
        f"{name}={example_of(hint, mode, position=index, depth=depth)}"
        for index, (name, hint) in enumerate(types.items())
    ]
    return "" if any(text.endswith("=") for text in texts) else f"{cls.__name__}({', '.join(texts)})"


def _is_enum(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, Enum)
