"""Stand-ins for values that are known only when a pipeline runs. They know their declared fields and nothing else."""

from collections.abc import Iterator
from typing import Any, Protocol

from headrace.core.errors import DefinitionError, near
from headrace.definition.annotations import describe, field_type, fields_of
from headrace.definition.errors import UnknownFieldError, UnknownValueError
from headrace.definition.generics import unwrap
from headrace.definition.modes import is_tracing, place
from headrace.definition.refusals import Refusing

MARK = "<headrace value: "
"""Begins the repr of every reference; a text constant that contains it holds a value's repr by mistake."""

_COMPARED = ("`==` with", "`!=` with", "`<` with", "`<=` with", "`>` with", "`>=` with")
_REMEDIES = {
    **dict.fromkeys(_COMPARED, "Compare inside a step; hr.when takes its output as a condition."),
    "counting with": "Use hr.each with .map to work on every element, or count inside a step.",
    "the truth of": "Use hr.when to branch on it, or decide inside a step.",
    "`len` of": "Use hr.each with .map to work on every element, or count inside a step.",
    "iterating over": "Use hr.each with .map to work on every element, or iterate inside a step.",
    "`in` with": "Search inside a step.",
    "formatting": "Make the text inside a step.",
    "`str` of": "Make the text inside a step.",
    "calling": "Call it inside a step that gets it as an argument.",
    "indexing": "Take the element inside a step, or return a NamedTuple, whose fields are values of their own.",
    "isinstance of": "Decide inside a step, or use hr.when_some if it may be None.",
    "hashing": (
        "Use lists, tuples and dict values to hold values of steps, not sets and dict keys, and put @hr.step on top of "
        "@functools.cache."
    ),
    "making an array of": "Compute inside a step.",
}
_SHAPING = (
    *_COMPARED,
    "the truth of",
    "counting with",
    "`len` of",
    "iterating over",
    "`in` with",
    "formatting",
    "`str` of",
)
"""What a body does with a parameter that is to shape the graph."""


class Owner(Protocol):
    """What made a reference: one trace."""

    def part_of(self, binding: Any, name: str) -> Any:
        """The binding of a named part of what a binding stands for."""
        ...


class Source:
    """What a reference stands for: its binding, declared type, words for messages, and the branch it was made in.

    The binding is one of `graph.py`, which plain calls never load. `orders` are nodes that `after` means by this value
    beyond those in the binding (a nested pipeline without output).
    """

    __slots__ = ("annotation", "binding", "guards", "orders", "owner", "path", "words")

    def __init__(self, owner: Owner, binding: Any, annotation: Any, *, words: str) -> None:
        self.owner = owner
        self.binding = binding
        self.annotation = annotation
        self.words = words
        self.path = ""
        self.guards: tuple[Any, ...] = ()
        self.orders: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """This value in a sentence: `the output of 'fit'`, `'train' of the output of 'split'`."""
        return f"{self.path!r} of {self.words}" if self.path else self.words

    def part(self, name: str) -> "Source":
        """The same for a declared field."""
        found = Source(
            self.owner, self.owner.part_of(self.binding, name), field_type(self.annotation, name), words=self.words
        )
        found.path = f"{self.path}.{name}" if self.path else name
        found.guards = self.guards
        return found


class Reference(Refusing):
    """A value of a pipeline that is being defined, typed as what it will be."""

    __slots__ = ("headrace_source",)
    headrace_source: Source

    def __init__(self, source: Source) -> None:
        object.__setattr__(self, "headrace_source", source)

    def __getattr__(self, name: str) -> "Reference":
        if name in fields_of(self.headrace_source.annotation) and not name.isdigit():
            return Reference(self.headrace_source.part(name))
        if name.startswith("_"):
            raise AttributeError(
                f"{self.headrace_source.label} is not known while the pipeline is defined: no {name!r}"
            )
        raise unknown_field(self.headrace_source, name)

    def __iter__(self) -> Iterator["Reference"]:
        if not is_tuple(self.headrace_source.annotation):
            raise self._refusal("iterating over")
        return iter([Reference(self.headrace_source.part(name)) for name in fields_of(self.headrace_source.annotation)])

    def __getitem__(self, key: object) -> "Reference":
        names = fields_of(self.headrace_source.annotation) if is_tuple(self.headrace_source.annotation) else ()
        if type(key) is int and -len(names) <= key < len(names):
            return Reference(self.headrace_source.part(names[key]))
        raise self._refusal("indexing")

    @property  # type: ignore[misc]  # isinstance asks for it where `type` says no
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]
        if is_tracing():
            raise self._refusal("isinstance of")
        return Reference

    def __repr__(self) -> str:
        return f"{MARK}{self.headrace_source.label}>"

    def __str__(self) -> str:
        if is_tracing():
            raise self._refusal("`str` of")
        return repr(self)

    def _refusal(self, action: str) -> DefinitionError:
        remedy = _REMEDIES.get(action, "Do it inside a step.")
        if action in _SHAPING and self.headrace_source.words.startswith("parameter "):
            remedy += " Declared as hr.Static[…], a parameter is a plain value in the body: it is fixed by the plan."
        return UnknownValueError(action, self.headrace_source.label, place=place(), remedy=remedy)


def source_of(reference: Reference) -> Source:
    """What a reference stands for."""
    return reference.headrace_source


def is_reference(value: object) -> bool:
    """Whether this is a reference (isinstance would raise for one)."""
    return type(value) is Reference


def is_tuple(annotation: Any) -> bool:
    """Whether a type is a named tuple or a tuple of fixed length, which unpack."""
    annotation = unwrap(annotation)
    kind = getattr(annotation, "__origin__", annotation)
    return isinstance(kind, type) and issubclass(kind, tuple) and bool(fields_of(annotation))


def unknown_field(source: Source, name: str) -> UnknownFieldError:
    """The error for an attribute that the declared type does not have as a field."""
    fields = [field for field in fields_of(source.annotation) if not field.isdigit()]
    declared = describe(source.annotation)
    if source.annotation is Any:
        why = "it has no annotation. Declare a NamedTuple or dataclass to name its parts, or take it inside a step."
    elif fields:
        why = f"{declared} declares {', '.join(fields)}{near(name, fields) if _is_close(name, fields) else ''}."
    else:
        why = f"it is declared {declared}. Use its attributes and methods inside a step."
    return UnknownFieldError(source.label, name, place=place(), why=why)


def _is_close(name: str, fields: list[str]) -> bool:
    return "did you mean" in near(name, fields)
