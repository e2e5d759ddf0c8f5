"""`each`, `product` and `succeeded`: which arguments of a `.map` run over the elements of a sequence, and how."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from types import NoneType
from typing import Any, TypeVar, cast, get_args, overload

from headrace.core.errors import DefinitionError
from headrace.definition.annotations import describe, element_type
from headrace.definition.errors import MapError
from headrace.definition.generics import is_union, parts, unwrap, without_newtype
from headrace.definition.modes import MODE, place
from headrace.definition.references import Reference, is_reference, source_of
from headrace.definition.refusals import Refusing

T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")


class TextIsNotAList:
    """What `each("text")` is for a type checker: no input takes it."""


class Crossing:
    """One `product`: how many sequences it crosses."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count


class Each(Refusing):
    """One element of a sequence, typed as that: an argument of `.map` and nothing else."""

    __slots__ = ("headrace_each",)
    headrace_each: tuple[object, int, Crossing | None]

    def __init__(self, source: object, axis: int = 0, crossing: Crossing | None = None) -> None:
        object.__setattr__(self, "headrace_each", (source, axis, crossing))

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(f"hr.each(…) has no {name!r}")
        raise self._refusal(f"taking {name!r} from")

    def __repr__(self) -> str:
        return "<headrace value: one element of hr.each(…)>"

    def _refusal(self, action: str) -> DefinitionError:
        return MapError(
            f"{place()}{action} hr.each(…): it stands for an element only as an argument of .map, as in "
            f"fit.map(hr.each(xs)). Work on the element inside the step."
        )


def is_each(value: object) -> bool:
    """Whether this is what `each` or `product` give."""
    return type(value) is Each


def source_of_each(value: object) -> object:
    """The sequence behind an `each`."""
    return cast("Each", value).headrace_each[0]


def axis_of(value: object) -> int:
    """The axis of an `each`: those of one axis run in step."""
    return cast("Each", value).headrace_each[1]


@overload
def each(values: str | bytes, /) -> TextIsNotAList: ...
@overload
def each(values: Sequence[T], /) -> T: ...
def each(values: Sequence[object] | str | bytes, /) -> object:
    """One element of a list, tuple or other sequence at a time, as an argument of `.map`.

    Several `each` in one `.map` run in step and must have the same length; `product` crosses them. Raises MapError
    for texts, sets, tables and whatever else has no order of elements.
    """
    refuse_no_sequence(values, "hr.each")
    return Each(values)


@overload
def product(xs: Sequence[T], ys: Sequence[U], /) -> tuple[T, U]: ...
@overload
def product(xs: Sequence[T], ys: Sequence[U], zs: Sequence[V], /) -> tuple[T, U, V]: ...
def product(*sequences: Sequence[object]) -> tuple[object, ...]:
    """Every combination of two or three sequences, as arguments of one `.map`; the last one runs fastest.

    `fit.map(*hr.product(models, folds))` computes `len(models) * len(folds)` items. Raises MapError.
    """
    for values in sequences:
        refuse_no_sequence(values, "hr.product")
    crossing = Crossing(len(sequences))
    return tuple(Each(values, axis, crossing) for axis, values in enumerate(sequences))


def succeeded(values: Sequence[T], /) -> list[T]:
    """The items of a map that succeeded, in order, where a step that takes the map itself would fail with it.

    `values` is the output of a `.map` in the same pipeline. Raises MapError for anything else while tracing.
    """
    mode = MODE.get()
    if mode is None:
        refuse_no_sequence(values, "hr.succeeded")
        return list(values)
    return cast("list[T]", mode.succeeded(values))


def refuse_no_sequence(values: object, word: str) -> None:
    """Raise MapError for what cannot be taken element by element."""
    if is_reference(values):
        source = source_of(cast("Reference", values))
        if _is_sequence_or_none(source.annotation):
            raise MapError(
                f"{place()}{word} takes a list, but {source.label} is {describe(source.annotation)}: it may be None. "
                f"Map in the branch where there is one: hr.when_some(xs, lambda xs: fit.map(hr.each(xs)))."
            )
        if element_type(source.annotation) is None or _is_set(source.annotation):
            raise MapError(_not_a_sequence(word, f"{source.label} is {describe(source.annotation)}"))
        return
    if is_each(values):
        raise MapError(f"{place()}{word} gets hr.each(…): an element of an element. Flatten the list in a step.")
    if hasattr(type(values), "headrace_failure"):
        raise cast("Any", values).headrace_failure
    if not isinstance(values, Sequence) or isinstance(values, str | bytes | bytearray | memoryview):
        raise MapError(_not_a_sequence(word, f"it gets {describe(type(values))}"))


def _is_sequence_or_none(annotation: Any) -> bool:
    annotation = without_newtype(annotation)
    members = get_args(annotation) if is_union(annotation) else ()
    some = [one for one in members if unwrap(one) is not NoneType]
    return len(some) < len(members) and all(element_type(one) is not None and not _is_set(one) for one in some)


def _is_set(annotation: Any) -> bool:
    kind = parts(without_newtype(annotation))[0]
    return isinstance(kind, type) and issubclass(kind, AbstractSet)


def _not_a_sequence(word: str, what: str) -> str:
    return (
        f"{place()}{word} takes a list, tuple or other sequence, but {what}. Texts, sets, dicts and tables "
        f"have no elements in order: return a list from a step."
    )


def axes_of(step: str, eaches: Iterable[object]) -> int:
    """How many axes the arguments of one `.map` have; raises MapError where they cannot go together."""
    marks = [cast("Each", each).headrace_each for each in eaches]
    if not marks:
        raise MapError(
            f"{place()}{step}.map(…) runs over nothing: mark what it runs over, as in {step}.map(hr.each(xs)), or call "
            f"{step}(…)."
        )
    crossings = {id(crossing): crossing for _, _, crossing in marks}
    if len(crossings) > 1:
        raise MapError(
            f"{place()}{step}.map(…) mixes hr.product with another hr.product or hr.each: it is not clear which run in "
            f"step. Put all sequences into one hr.product, or zip them in a step."
        )
    crossing = marks[0][2]
    axes = {axis for _, axis, _ in marks}
    if crossing is not None and len(axes) != crossing.count:
        raise MapError(
            f"{place()}{step}.map(…) uses {len(axes)} of the {crossing.count} elements of its hr.product. Use all of "
            f"them in the same .map."
        )
    return len(axes)


def refuse_unequal(step: str, lengths: Sequence[tuple[str, int]]) -> None:
    """Raise MapError if sequences that run in step have different lengths; `lengths` pairs names with them."""
    if len({length for _, length in lengths}) > 1:
        shown = ", ".join(f"{name!r} has {length}" for name, length in lengths)
        raise MapError(
            f"{place()}The inputs of {step}.map(…) run in step but differ in length: {shown}. Use hr.product to cross "
            f"them."
        )


def outside_map(step: str) -> MapError:
    """The error for `hr.each` as an argument of a plain call."""
    return MapError(
        f"{place()}{step}(…) gets hr.each(…): only .map takes elements. Write {step}.map(…), or pass the whole list."
    )
