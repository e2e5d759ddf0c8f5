"""Evaluating bindings: from parameters and finished outputs to the value that an argument gets. Pure."""

from collections.abc import Callable, Iterator, Mapping
from math import prod

from msgspec import Struct

from headrace.core.parts import is_none, is_true, members_of, part_of
from headrace.core.values import CompositeValue, InlineValue, Value
from headrace.definition.graph import (
    Binding,
    ChoiceOf,
    Constant,
    EachOf,
    Gather,
    Guard,
    Node,
    OutputOf,
    ParameterOf,
    SucceededOf,
    outputs_in,
)

_SETS = ('{"$":"set"', '{"$":"frozenset"')


class UnequalLengthsError(Exception):
    """Several `each` of one map run in step but have different lengths; `lengths` pairs inputs with them."""

    def __init__(self, lengths: tuple[tuple[str, int], ...]) -> None:
        self.lengths = lengths
        super().__init__(", ".join(f"{name} has {length}" for name, length in lengths))


class Known(Struct, frozen=True):
    """What is known when a node's arguments are evaluated.

    `output(node)` gives a finished node's value (None-value for a skipped one); `succeeded(node)` of a map those
    items that succeeded. `expand` turns an object that holds a container into its members.
    """

    parameters: Mapping[str, Value]
    output: Callable[[str], Value]
    succeeded: Callable[[str], Value]
    expand: Callable[[Value], Value]


def evaluate(binding: Binding, known: Known) -> Value:
    """The value of a binding; an EachOf gives its whole source. Raises KeyError for a part that is not there."""
    match binding:
        case Constant():
            return binding.value
        case ParameterOf():
            return _part(known.parameters[binding.name], binding.path, known)
        case OutputOf():
            return _part(known.output(binding.node), binding.path, known)
        case Gather():
            members = tuple((name, evaluate(member, known)) for name, member in binding.members)
            return CompositeValue(binding.kind, members, binding.python_type)
        case EachOf():
            return evaluate(binding.source, known)
        case ChoiceOf():
            return evaluate(binding.then if holds(binding.condition, binding.test, known) else binding.otherwise, known)
        case SucceededOf():
            return _succeeded(binding.source, known)


def holds(condition: Binding, test: str, known: Known) -> bool:
    """Whether a condition is true (test "true") or not None (test "some")."""
    value = evaluate(condition, known)
    return not is_none(value) if test == "some" else is_true(value)


def is_guarded_out(guards: tuple[Guard, ...], known: Known) -> bool:
    """Whether a node's guards say that it is skipped.

    Guards are tried outermost first; a failing one hides those within.
    """
    return any(holds(guard.condition, guard.test, known) is not guard.expected for guard in guards)


class MapItems(Struct, frozen=True):
    """The arguments of every item of a map, made when asked for: what is kept does not grow with crossing.

    `whole` pairs each input with its value, an `each` with its whole list; `axes` hold, per axis, the elements by
    input. A node that is no map is one item without axes.
    """

    whole: tuple[tuple[str, Value], ...]
    axes: tuple[Mapping[str, tuple[Value, ...]], ...]
    lengths: tuple[int, ...]

    def __len__(self) -> int:
        return prod(self.lengths)

    def arguments(self, item: int) -> tuple[tuple[str, Value], ...]:
        """What item number `item` gets, by input, in the order of the signature."""
        if not self.axes:
            return self.whole
        picked: dict[str, Value] = {}
        for columns, length in zip(reversed(self.axes), reversed(self.lengths), strict=True):
            item, row = divmod(item, length)
            picked.update((name, column[row]) for name, column in columns.items())
        return tuple((name, picked.get(name, value)) for name, value in self.whole)


def map_items(node: Node, known: Known) -> MapItems:
    """The arguments of a node's items, in order; raises UnequalLengthsError, TypeError for an `each` over no list.

    Items of one axis run in step; axes are crossed, the last one fastest.
    """
    # all values first: one that an earlier failure withholds hides an `each` that would fit nothing
    whole = tuple([(name, evaluate(binding, known)) for name, binding in node.arguments])
    axes: dict[int, dict[str, tuple[Value, ...]]] = {}
    for (name, binding), (_, value) in zip(node.arguments, whole, strict=True):
        if isinstance(binding, EachOf):
            axes.setdefault(binding.axis, {})[name] = _elements(name, known.expand(value))
    ordered = tuple(axes[axis] for axis in sorted(axes))
    return MapItems(whole, ordered, tuple(_length_of_axis(columns) for columns in ordered))


def _elements(name: str, value: Value) -> tuple[Value, ...]:
    if isinstance(value, InlineValue) and value.text.startswith(_SETS):
        raise TypeError(f"hr.each for {name!r} gets a set, which has no elements in order")
    try:
        return members_of(value)
    except TypeError as error:
        raise TypeError(f"hr.each for {name!r} takes a list, tuple or other sequence, but {error}") from error


def _length_of_axis(columns: Mapping[str, tuple[Value, ...]]) -> int:
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise UnequalLengthsError(tuple((name, len(column)) for name, column in columns.items()))
    return lengths.pop()


def _part(value: Value, path: tuple[str, ...], known: Known) -> Value:
    for name in path:
        value = part_of(known.expand(value), (name,))
    return value


def _succeeded(source: Binding, known: Known) -> Value:
    match source:
        case OutputOf(path=()):
            return known.succeeded(source.node)
        case ChoiceOf():
            taken = source.then if holds(source.condition, source.test, known) else source.otherwise
            return _succeeded(taken, known)
        case _:
            return evaluate(source, known)


def needs_in(binding: Binding) -> Iterator[tuple[str, bool]]:
    """The nodes inside a binding, each with whether failed items of it are let pass (`hr.succeeded`)."""
    match binding:
        case SucceededOf():
            lists = set(_lists_of(binding.source))
            yield from ((output.node, output.node in lists) for output in outputs_in(binding.source))
        case OutputOf():
            yield binding.node, False
        case EachOf():
            yield from needs_in(binding.source)
        case Gather():
            yield from (need for _, member in binding.members for need in needs_in(member))
        case ChoiceOf():
            parts = (binding.condition, binding.then, binding.otherwise)
            yield from (need for part in parts for need in needs_in(part))
        case Constant() | ParameterOf():
            return


def _lists_of(source: Binding) -> Iterator[str]:
    match source:
        case OutputOf(path=()):
            yield source.node
        case ChoiceOf():
            yield from _lists_of(source.then)
            yield from _lists_of(source.otherwise)
        case _:
            return
