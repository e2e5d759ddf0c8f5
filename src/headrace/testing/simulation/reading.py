"""What a pipeline has to come to, worked out in the plainest way: step by step, in the order of its nodes, where
nothing is parallel, stored, tried again or reused.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from headrace.core.values import InlineValue
from headrace.definition.graph import (
    Binding,
    ChoiceOf,
    Constant,
    EachOf,
    Gather,
    Graph,
    Node,
    OutputOf,
    ParameterOf,
    SucceededOf,
)
from headrace.testing.simulation.steps import Plain, plain, work

Fails = Callable[[str, int, Mapping[str, Plain]], bool]
"""Whether an item of a node (-1 where it is no map) fails, given its arguments."""


class Outcome(Struct, frozen=True):
    """What a pipeline comes to: the words of its steps' states by node, its own, and its output."""

    states: Mapping[str, str]
    state: str
    output: Plain


class FailedError(Exception):
    """A step has failed, or cannot have what it needs."""


class HinderedError(Exception):
    """A value is needed that a failed step did not give."""


class Reading:
    """One reading of one graph."""

    def __init__(self, graph: Graph, fails: Fails, parameters: Mapping[str, Plain] | None = None) -> None:
        self._graph, self._fails, self._parameters = graph, fails, parameters or {}
        self._states: dict[str, str] = {}
        self._values: dict[str, Plain] = {}
        self._partial: dict[str, list[Plain]] = {}
        self._let_pass: set[str] = set()
        self._hindering: set[str] = set()
        self._roots: dict[str, str] = {}

    def outcome(self) -> Outcome:
        """Read the graph to its end."""
        for node in self._graph.nodes:
            self._states[node.name] = self._state_of(node)
        output, hindered_by = None, ""
        try:
            output = self._evaluate(self._graph.output)
        except HinderedError as hindered:
            hindered_by = str(hindered)
        failed = [name for name, state in self._states.items() if state == "failed"]
        is_good = all(name in self._let_pass and name not in {*self._hindering, hindered_by} for name in failed)
        return Outcome(self._states, "succeeded" if is_good else "failed", output if is_good else None)

    def _state_of(self, node: Node) -> str:
        try:
            for guard in node.guards:
                if self._holds(guard.condition, guard.test) is not guard.expected:
                    self._values[node.name] = None
                    return "skipped"
            for name in node.after:
                self._output(name)
            arguments = {name: self._evaluate(binding) for name, binding in node.arguments}
            return self._run_map(node, arguments) if node.is_map else self._run_one(node, arguments)
        except HinderedError as hindered:
            root = self._roots[node.name] = self._root(str(hindered))
            self._hindering.add(root)
            return "skipped"
        except FailedError:
            return "failed"

    def _root(self, name: str) -> str:
        return self._roots.get(name, name)

    def _run_one(self, node: Node, arguments: dict[str, Plain]) -> str:
        if self._fails(node.name, -1, arguments):
            raise FailedError
        self._values[node.name] = work(node.name, arguments)
        return "succeeded"

    def _run_map(self, node: Node, arguments: dict[str, Plain]) -> str:
        items = [{**arguments, **row} for row in _rows(node, arguments)]
        done = [work(node.name, given) for item, given in enumerate(items) if not self._fails(node.name, item, given)]
        if len(done) < len(items):
            self._partial[node.name] = done
            return "failed"
        self._values[node.name] = done
        return "succeeded"

    def _output(self, name: str) -> Plain:
        if name not in self._values:
            raise HinderedError(self._root(name))
        return self._values[name]

    def _holds(self, condition: Binding, test: str) -> bool:
        value = self._evaluate(condition)
        if test == "some":
            return value is not None
        if type(value) is not bool:
            raise FailedError
        return value

    def _evaluate(self, binding: Binding) -> Plain:
        match binding:
            case Constant(InlineValue() as written):
                return plain(written)
            case OutputOf(name):
                return self._output(name)
            case ParameterOf(name):
                return self._parameters[name]
            case Gather(_, members):
                return [self._evaluate(member) for _, member in members]
            case EachOf(source):
                return self._evaluate(source)
            case ChoiceOf(condition, test, then, otherwise):
                return self._evaluate(then if self._holds(condition, test) else otherwise)
            case SucceededOf(source):
                return self._succeeded(source)
            case _:
                raise NotImplementedError(binding)

    def _succeeded(self, source: Binding) -> Plain:
        if isinstance(source, OutputOf) and source.node in self._partial:
            self._let_pass.add(source.node)
            return self._partial[source.node]
        return self._evaluate(source)


def _rows(node: Node, arguments: Mapping[str, Plain]) -> list[dict[str, Plain]]:
    axes: dict[int, dict[str, list[Plain]]] = {}
    for name, binding in node.arguments:
        if isinstance(binding, EachOf):
            value = arguments[name]
            if not isinstance(value, list):
                raise FailedError
            axes.setdefault(binding.axis, {})[name] = value
    rows: list[dict[str, Plain]] = [{}]
    for _, columns in sorted(axes.items()):
        if len({len(column) for column in columns.values()}) > 1:
            raise FailedError
        zipped = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        rows = [{**row, **extra} for row in rows for extra in zipped]
    return rows
