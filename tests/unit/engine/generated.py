"""Pipelines as Hypothesis draws them, and what each of them has to come to, worked out in the plainest way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from headrace.core.canonical import restore
from headrace.core.values import InlineValue
from headrace.definition.graph import (
    Binding,
    ChoiceOf,
    Constant,
    EachOf,
    Gather,
    Graph,
    Guard,
    Node,
    OutputOf,
    RetryRule,
    SucceededOf,
)
from unit.engine.worlds import const, graph, node, out

NUMBERS = st.integers(0, 5)
LISTS = st.lists(NUMBERS, max_size=4)


def conditions(flags: list[str]) -> st.SearchStrategy[Binding]:
    known = st.booleans().map(const)
    return known | st.sampled_from(flags).map(out) if flags else known


def numbers(before: dict[str, list[str]], flags: st.SearchStrategy[Binding]) -> st.SearchStrategy[Binding]:
    plain = NUMBERS.map(const)
    if before["number"]:
        plain |= st.sampled_from(before["number"]).map(out)
    return plain | st.builds(ChoiceOf, flags, st.sampled_from(["true", "some"]), plain, plain | st.just(const(None)))


def sequences(before: dict[str, list[str]], one: st.SearchStrategy[Binding]) -> st.SearchStrategy[Binding]:
    whole = LISTS.map(const) | st.lists(one, max_size=3).map(
        lambda members: Gather("list", tuple((str(place), member) for place, member in enumerate(members)))
    )
    if before["map"]:
        whole |= st.sampled_from(before["map"]).map(out)
        whole |= st.sampled_from(before["map"]).map(out).map(SucceededOf)
    return whole


@st.composite
def nodes_after(draw: st.DrawFn, before: dict[str, list[str]], number: int) -> Node:
    kind = draw(st.sampled_from(["number", "flag", "map", "map"]))
    flags = conditions(before["flag"])
    one = numbers(before, flags)
    lists = sequences(before, one)
    arguments: dict[str, Binding] = {"x": draw(one | lists)}
    if kind == "map":
        arguments["y"] = EachOf(draw(lists), 0)
        if draw(st.booleans()):
            arguments["z"] = EachOf(draw(lists), draw(st.sampled_from([0, 1, 1])))
    guards = draw(st.lists(st.builds(Guard, flags, st.sampled_from(["true", "some"]), st.booleans()), max_size=2))
    everything = [name for names in before.values() for name in names]
    after = draw(st.lists(st.sampled_from(everything), max_size=1)) if everything else []
    retry = RetryRule(draw(st.integers(0, 2)), delay_s=0.01)
    limit = draw(st.sampled_from([None, None, 1, 2]))
    name = f"{kind}{number}"
    before[kind].append(name)
    return node(name, after=after, guards=guards, spec={"retry": retry, "max_parallel": limit}, **arguments)


@st.composite
def graphs(draw: st.DrawFn, most: int = 7) -> Graph:
    before: dict[str, list[str]] = {"number": [], "flag": [], "map": []}
    found = [draw(nodes_after(before, number)) for number in range(draw(st.integers(1, most)))]
    name = draw(st.sampled_from([one.name for one in found]))
    is_list = found[[one.name for one in found].index(name)].is_map
    output = SucceededOf(out(name)) if is_list and draw(st.booleans()) else out(name)
    return graph(*found, output=output)


def work(name: str, arguments: dict[str, Any]) -> Any:
    """What every step computes, as plain Python."""
    total = 1 + sum(leaves(list(arguments.values())))
    return total % 2 == 0 if name.startswith("flag") else total


def leaves(value: Any) -> list[int]:
    if isinstance(value, list):
        return [leaf for member in value for leaf in leaves(member)]
    return [value] if type(value) is int else []


class Failed(Exception):
    """A step of the reference has failed, or cannot have what it needs."""


class Hindered(Exception):
    """A value is needed that a failed step did not give."""


@dataclass
class Outcome:
    """What a pipeline comes to: states by node, the run's state and its output."""

    states: dict[str, str]
    state: str
    output: Any


class Interpreter:
    """A graph read step by step, in the order of its nodes: nothing is parallel, stored, retried or reused."""

    def __init__(self, graph_: Graph, fails: Callable[[str, int, dict[str, Any]], bool]) -> None:
        self.graph, self.fails = graph_, fails
        self.states: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.partial: dict[str, list[Any]] = {}
        self.let_pass: set[str] = set()
        self.hindering: set[str] = set()
        self.roots: dict[str, str] = {}

    def interpret(self) -> Outcome:
        for one in self.graph.nodes:
            self.states[one.name] = self.state_of(one)
        output, hindered_by = None, None
        try:
            output = self.evaluate(self.graph.output)
        except Hindered as hindered:
            hindered_by = str(hindered)
        failed = [name for name, state in self.states.items() if state == "failed"]
        pardoned = [name for name in failed if name in self.let_pass and name not in self.hindering | {hindered_by}]
        is_good = failed == pardoned
        return Outcome(self.states, "succeeded" if is_good else "failed", output if is_good else None)

    def state_of(self, one: Node) -> str:
        try:
            for guard in one.guards:
                if self.holds(guard.condition, guard.test) is not guard.expected:
                    self.values[one.name] = None
                    return "skipped"
            for name in one.after:
                self.output(name)
            arguments = {name: self.evaluate(binding) for name, binding in one.arguments}
            return self.run_map(one, arguments) if one.is_map else self.run_one(one, arguments)
        except Hindered as hindered:
            self.hindering.add(self.root(str(hindered)))
            self.roots[one.name] = self.root(str(hindered))
            return "skipped"
        except Failed:
            return "failed"

    def root(self, name: str) -> str:
        return self.roots.get(name, name)

    def run_one(self, one: Node, arguments: dict[str, Any]) -> str:
        if self.fails(one.name, -1, arguments):
            raise Failed
        self.values[one.name] = work(one.name, arguments)
        return "succeeded"

    def run_map(self, one: Node, arguments: dict[str, Any]) -> str:
        axes: dict[int, list[str]] = {}
        for name, binding in one.arguments:
            if isinstance(binding, EachOf):
                axes.setdefault(binding.axis, []).append(name)
                if not isinstance(arguments[name], list):
                    raise Failed
        rows: list[dict[str, Any]] = [{}]
        for axis in sorted(axes):
            names = axes[axis]
            if len({len(arguments[name]) for name in names}) > 1:
                raise Failed
            columns = zip(*(arguments[name] for name in names), strict=True)
            zipped = [dict(zip(names, row, strict=True)) for row in columns]
            rows = [{**row, **extra} for row in rows for extra in zipped]
        items = [{**arguments, **row} for row in rows]
        done = [work(one.name, given) for item, given in enumerate(items) if not self.fails(one.name, item, given)]
        if len(done) < len(rows):
            self.partial[one.name] = done
            return "failed"
        self.values[one.name] = done
        return "succeeded"

    def output(self, name: str) -> Any:
        if name not in self.values:
            raise Hindered(self.root(name))
        return self.values[name]

    def holds(self, condition: Binding, test: str) -> bool:
        value = self.evaluate(condition)
        if test == "some":
            return value is not None
        if type(value) is not bool:
            raise Failed
        return value

    def evaluate(self, binding: Binding) -> Any:
        match binding:
            case Constant(InlineValue(written)):
                return restore(written)
            case OutputOf(name):
                return self.output(name)
            case Gather(_, members):
                return [self.evaluate(member) for _, member in members]
            case EachOf(source):
                return self.evaluate(source)
            case ChoiceOf(condition, test, then, otherwise):
                return self.evaluate(then if self.holds(condition, test) else otherwise)
            case SucceededOf(OutputOf(name)) if name in self.partial:
                self.let_pass.add(name)
                return self.partial[name]
            case SucceededOf(source):
                return self.evaluate(source)
            case _:
                raise NotImplementedError
