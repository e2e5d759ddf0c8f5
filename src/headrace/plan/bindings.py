"""Evaluating bindings: from parameters and finished outputs to the value that an argument gets. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

from headrace.core.parts import is_none, is_true, members_of, part_of
from headrace.core.values import CompositeValue, Value
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
)


class UnequalLengthsError(Exception):
    """Several `each` of one map run in step but have different lengths; `lengths` pairs inputs with them."""

    def __init__(self, lengths: tuple[tuple[str, int], ...]) -> None:
        self.lengths = lengths
        super().__init__(", ".join(f"{name} has {length}" for name, length in lengths))


@dataclass(frozen=True, slots=True)
class Known:
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


def map_items(node: Node, known: Known) -> list[tuple[tuple[str, Value], ...]]:
    """The arguments of each item of a map, in order; raises UnequalLengthsError.

    Items of one axis run in step; axes are crossed, the last one fastest.
    """
    fixed: dict[str, Value] = {}
    axes: dict[int, dict[str, tuple[Value, ...]]] = {}
    for name, binding in node.arguments:
        value = evaluate(binding, known)
        if isinstance(binding, EachOf):
            axes.setdefault(binding.axis, {})[name] = members_of(known.expand(value))
        else:
            fixed[name] = value
    rows = [_zip_axis(columns) for _, columns in sorted(axes.items())]
    items: list[tuple[tuple[str, Value], ...]] = []
    for combination in product(*rows):
        values = dict(fixed)
        for row in combination:
            values.update(row)
        items.append(tuple((name, values[name]) for name, _ in node.arguments))
    return items


def _zip_axis(columns: Mapping[str, tuple[Value, ...]]) -> list[dict[str, Value]]:
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise UnequalLengthsError(tuple((name, len(column)) for name, column in columns.items()))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _part(value: Value, path: tuple[str, ...], known: Known) -> Value:
    for name in path:
        value = part_of(known.expand(value), (name,))
    return value


def _succeeded(source: Binding, known: Known) -> Value:
    if isinstance(source, OutputOf) and not source.path:
        return known.succeeded(source.node)
    return evaluate(source, known)
