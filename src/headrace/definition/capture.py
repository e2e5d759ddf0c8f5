"""Values of a pipeline's body as bindings: references, containers with references inside, and constants, each checked
against the type that is declared where it goes.
"""

from collections.abc import Mapping
from types import NoneType
from typing import Any, cast, get_args

from headrace.core.canonical import NotCanonicalError, canonical
from headrace.core.parts import part_of as part_of_value
from headrace.core.symbols import qualified_name
from headrace.core.values import NONE, CompositeKind, InlineValue
from headrace.definition.annotations import describe, element_type, field_type, fields_of
from headrace.definition.coercion import conforms
from headrace.definition.compatibility import explain_mismatch, is_assignable
from headrace.definition.errors import BranchError, ConstantError, EdgeTypeError, StrayValueError
from headrace.definition.generics import is_namedtuple, is_union, union_of, unwrap, view_as, without_newtype
from headrace.definition.graph import (
    Binding,
    ChoiceOf,
    Constant,
    EachOf,
    Gather,
    Guard,
    OutputOf,
    ParameterOf,
    SucceededOf,
)
from headrace.definition.maps import is_each
from headrace.definition.modes import place
from headrace.definition.references import MARK, Reference, Source, is_reference, source_of

NOTHING = Constant(NONE)
MAX_CONSTANT_BYTES = 1_000_000
"""A larger constant would be copied into every stored graph of the pipeline: it belongs into a parameter or a step."""


class Target:
    """Where a value goes: the type declared there, and words for it (`input 'train' of step 'fit'`)."""

    __slots__ = ("annotation", "owner", "words")

    def __init__(self, annotation: Any, words: str, owner: str) -> None:
        self.annotation = annotation
        self.words = words
        self.owner = owner

    def inner(self, annotation: Any) -> "Target":
        """A member of the value."""
        return Target(annotation, self.words, self.owner)


class Capture:
    """Turns values into bindings for one trace. `guards` are those of the branch that the body is in now."""

    def __init__(self) -> None:
        self.guards: tuple[Guard, ...] = ()
        self._checked: set[tuple[Any, Any]] = set()

    def binding(self, value: object, target: Target) -> Binding:
        """The binding of a value; raises where it does not fit, cannot be stored or was made elsewhere."""
        if is_reference(value):
            source = self.admit(cast("Reference", value))
            self.check(source.annotation, target, source.label)
            return cast("Binding", source.binding)
        if is_each(value):
            raise EdgeTypeError(_each_elsewhere(target))
        if not holds_reference(value):
            return self._constant(value, target)
        self.check(annotation_of(value, deep=False), target, f"a {type(value).__name__}")
        kind, members = _members(value, target.annotation)
        gathered = tuple((key, self.binding(member, target.inner(inner))) for key, member, inner in members)
        return Gather(kind, gathered, qualified_name(type(value)) if kind == "record" else "")

    def admit(self, reference: Reference) -> Source:
        """What a reference stands for; raises if it belongs to another trace or to a branch that was left."""
        source = source_of(reference)
        if source.owner is not self:
            raise StrayValueError(_sentence(source.label), place())
        if source.guards != self.guards[: len(source.guards)]:
            raise BranchError(
                f"{place()}{_sentence(source.label)} is made inside a branch of hr.when, which may not be taken, and "
                f"used outside. Use the value that hr.when returns."
            )
        return source

    def reference(self, binding: Binding, annotation: Any, words: str) -> Reference:
        """A new reference, to be used in this branch."""
        source = Source(self, binding, annotation, words=words)
        source.guards = self.guards
        return Reference(source)

    def part_of(self, binding: Binding, name: str) -> Binding:
        """The binding of a named part of what a binding stands for."""
        return part_of(binding, name)

    def some(self, source: Source) -> Reference:
        """The same value where it is known not to be None."""
        found = Source(source.owner, source.binding, without_none(source.annotation), words=source.words)
        found.path, found.guards = source.path, source.guards
        return Reference(found)

    def check(self, annotation: Any, target: Target, label: str) -> None:
        """Raise EdgeTypeError if a declared type does not fit another one."""
        pair = (annotation, target.annotation)
        try:
            if pair in self._checked:
                return
        except TypeError:  # an annotation that cannot be hashed
            if is_assignable(annotation, target.annotation):
                return
        else:
            if is_assignable(annotation, target.annotation):
                self._checked.add(pair)
                return
        declared, given = describe(target.annotation), describe(annotation)
        why = explain_mismatch(annotation, target.annotation)
        because = f": {why}" if why and why != f"{given} is not {declared}" else ""
        raise EdgeTypeError(
            f"{place()}{_sentence(target.words)} is declared {declared}, but it gets {label}, declared {given}"
            f"{because}. Change one of the two annotations, or convert the value in a step between."
        )

    def _constant(self, value: object, target: Target) -> Constant:
        if value is None and target.annotation is Any:
            return NOTHING
        try:
            text = canonical(value)
        except NotCanonicalError as error:
            raise ConstantError(_not_canonical(error, target)) from None
        if MARK in text:
            raise ConstantError(
                f"{place()}{target.owner} gets a text that contains the repr of a value that is not known while the "
                f"pipeline is defined. Make the text inside a step."
            )
        if len(text) > MAX_CONSTANT_BYTES:
            raise ConstantError(
                f"{place()}{target.owner} gets a constant of {len(text):,} bytes, which would be copied into every "
                f"stored graph. Make it a parameter of the pipeline, or make it inside a step."
            )
        self._check_constant(value, target)
        return Constant(InlineValue(text))

    def _check_constant(self, value: object, target: Target) -> None:
        if not conforms(value, target.annotation):
            raise EdgeTypeError(
                f"{place()}{_sentence(target.words)} is declared {describe(target.annotation)}, but it gets the "
                f"constant {_shown(value)}. Constants are not converted: write a value of that type."
            )


def part_of(binding: Binding, name: str) -> Binding:
    """The binding of a named part of what a binding stands for."""
    match binding:
        case OutputOf():
            return OutputOf(binding.node, (*binding.path, name))
        case ParameterOf():
            return ParameterOf(binding.name, (*binding.path, name))
        case ChoiceOf(condition, test, then, otherwise):
            return ChoiceOf(condition, test, part_of(then, name), part_of(otherwise, name))
        case Gather():
            members = dict(binding.members)
            return members[name] if name in members else binding.members[int(name)][1]
        case Constant():
            return Constant(part_of_value(binding.value, (name,)))
        case EachOf() | SucceededOf():
            raise AssertionError("elements and maps have no named parts")


def without_none(annotation: Any) -> Any:
    """The annotation without None: `T` of `T | None`."""
    annotation = without_newtype(annotation)
    if not is_union(annotation):
        return annotation
    return union_of(member for member in get_args(annotation) if unwrap(member) is not NoneType)


def holds_reference(value: object) -> bool:
    """Whether a value is a reference (or an `each`), or a container with one inside."""
    kind = type(value)
    if kind in (str, int, float, bool, NoneType):
        return False
    if kind is Reference or is_each(value):
        return True
    if isinstance(value, list | tuple):
        return any(map(holds_reference, cast("list[object]", value)))
    if isinstance(value, dict):
        return any(map(holds_reference, cast("dict[object, object]", value).values()))
    return hasattr(kind, "__dataclass_fields__") and any(map(holds_reference, _fields(value).values()))


def annotation_of(value: object, *, deep: bool = True) -> Any:
    """The type of a value of the body, with what its references declare (for containers: inside, if `deep`)."""
    kind = type(value)
    if kind is Reference:
        return source_of(cast("Reference", value)).annotation
    if not deep or kind not in (list, tuple, dict):
        return kind if kind not in (list, tuple, dict) else _bare(value)
    inner = [annotation_of(item) for item in (value.values() if isinstance(value, dict) else cast("list[Any]", value))]
    if kind is tuple:
        return tuple[tuple(inner)] if inner else tuple[()]  # type: ignore[misc]  # known at run time only
    return list[union_of(inner)] if kind is list else dict[Any, union_of(inner)]  # type: ignore[misc]


def _bare(value: object) -> Any:
    if isinstance(value, tuple):
        return tuple[(Any,) * len(value)] if value else tuple[()]  # type: ignore[misc]
    return list[Any] if isinstance(value, list) else dict[Any, Any]


def _fields(value: object) -> dict[str, object]:
    names = cast("Mapping[str, Any]", type(value).__dataclass_fields__)  # type: ignore[attr-defined]
    return {name: getattr(value, name) for name, field in names.items() if field.init and hasattr(value, name)}


def _members(value: object, target: Any) -> tuple[CompositeKind, list[tuple[str, object, Any]]]:
    kind = type(value)
    if isinstance(value, dict):
        inner = _dict_values(target)
        return "dict", [(_key(key), member, inner) for key, member in cast("dict[object, object]", value).items()]
    if isinstance(value, list | tuple) and not is_namedtuple(kind):
        items = list(enumerate(cast("list[object]", value)))
        return ("list" if isinstance(value, list) else "tuple"), [
            (str(index), item, _item_type(target, str(index))) for index, item in items
        ]
    named = value._asdict() if is_namedtuple(kind) else _fields(value)  # type: ignore[attr-defined]
    return "record", [(name, member, field_type(kind, name)) for name, member in named.items()]


def _dict_values(target: Any) -> Any:
    arguments = view_as(without_none(target), Mapping)
    return arguments[1] if arguments and len(arguments) == 2 else Any


def _item_type(target: Any, index: str) -> Any:
    target = without_none(target)
    if index in fields_of(target):
        return field_type(target, index)
    element = element_type(target)
    return Any if element is None or fields_of(target) else element


def _key(key: object) -> str:
    try:
        return canonical(key)
    except NotCanonicalError:
        raise ConstantError(
            f"{place()}A dict has a key of type {type(key).__qualname__}, which has no canonical bytes. Use texts or "
            f"numbers as keys."
        ) from None


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _each_elsewhere(target: Target) -> str:
    return (
        f"{place()}{_sentence(target.words)} gets hr.each(…). An element exists only as an argument of .map: write it "
        f"as an argument of its own, not inside a list, and give the whole list everywhere else."
    )


def _not_canonical(error: NotCanonicalError, target: Target) -> str:
    kind = error.python_type
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if hasattr(kind, "headrace_word"):
        return f"{place()}{target.owner} gets a {kind.headrace_word} itself. Call it, and pass what it gives."
    at = f", at {error.where}" if error.where else ""
    return (
        f"{place()}{target.owner} gets a constant of type {name}{at}, which has no canonical bytes and may hide a "
        f"step's result. Make it a parameter of the pipeline, or make it inside a step."
    )
