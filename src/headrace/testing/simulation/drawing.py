"""From a seed to a history: pipelines of every shape that means something, and faults of every kind."""

from random import Random

from headrace.core.symbols import Symbol
from headrace.definition.graph import (
    Binding,
    CacheRule,
    ChoiceOf,
    Constant,
    EachOf,
    Gather,
    Graph,
    Guard,
    InputSpec,
    Node,
    OutputOf,
    ParameterOf,
    ParameterSpec,
    RetryRule,
    StepSpec,
    SucceededOf,
)
from headrace.testing.simulation.histories import GROUPS, Fault, FaultKind, Group, History, SimulatedRun
from headrace.testing.simulation.steps import inline

PARAMETER = "n"
"""The name of the one parameter that the pipelines have."""
_KINDS = ("number", "flag", "list", "map", "map")
_RETRIES = (RetryRule(), RetryRule(), RetryRule(1, delay_s=0.01), RetryRule(2, delay_s=0.5))
_SPREAD = {Group.MESSAGE: 24, Group.LAUNCH: 10, Group.WRITE: 16, Group.CALL: 24, Group.CHECK: 1, Group.EXPAND: 2}
"""Up to which number a fault of a group is drawn: about as many as a history of middling size has."""


def draw(seed: int) -> History:
    """The history of a seed."""
    chance = Random(seed)  # noqa: S311 - histories, no secrets
    graph = _Drawer(chance).graph()
    runs = tuple(_run(chance, number) for number in range(chance.choice((1, 1, 1, 1, 2, 2, 3))))
    faults = tuple(_fault(chance, len(runs)) for _ in range(chance.choice((0, 1, 2, 2, 3, 4, 5, 7))))
    positions = range(len(graph.nodes))
    bad = frozenset((chance.choice(positions), chance.randrange(4)) for _ in range(chance.choice((0, 0, 1, 2))))
    flaky = frozenset(place for place in positions if graph.nodes[place].step.retry.times and chance.random() < 0.3)
    skew = chance.choice((0.0, 0.0, 0.0, 0.4, -0.4, 3600.0, -3600.0))
    return History(seed, graph, runs, faults, bad, flaky, chance.random() < 0.3, skew)


def _run(chance: Random, number: int) -> SimulatedRun:
    begins_at = number * chance.choice((0.0, 0.3, 1.5))
    return SimulatedRun(chance.choice((1, 1, 2)), begins_at, chance.choice((1, 2, 2, 3)), chance.random() < 0.15)


def _fault(chance: Random, runs: int) -> Fault:
    kind = chance.choice(tuple(FaultKind))
    group = GROUPS[kind]
    at = chance.uniform(0, 3) if group is Group.TIME else chance.randrange(_SPREAD.get(group, 3))
    amount = 0.0
    if kind is FaultKind.CLOCK_JUMPS:
        amount = chance.choice((-3600.0, -30.0, -1.0, 1.0, 30.0, 3600.0))
    elif kind is FaultKind.RENAMED or kind is FaultKind.FROZEN:
        amount = chance.choice((0.0, 0.2, 3.0))
    elif "late" in kind or "slow" in kind:
        amount = chance.choice((0.01, 0.3, 2.0, 15.0))
    return Fault(kind, at, chance.randrange(runs), amount)


class _Drawer:
    """Draws nodes one after the other; what has been drawn can be used by what follows."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._drawn: dict[str, list[str]] = {"number": [], "flag": [], "list": [], "map": []}

    def graph(self) -> Graph:
        """A whole pipeline; its output is that of one of its last nodes."""
        chance = self._chance
        nodes = tuple(self._node(position) for position in range(chance.choice((1, 2, 2, 3, 4, 5))))
        last = chance.choice(nodes[-2:])
        output: Binding = OutputOf(last.name)
        if last.is_map and chance.random() < 0.4:
            output = SucceededOf(output)
        return Graph("simulated", Symbol("simulated", "pipeline"), (ParameterSpec(PARAMETER, "int"),), nodes, output)

    def _node(self, position: int) -> Node:
        chance = self._chance
        kind = chance.choice(_KINDS)
        name = f"{kind}{position}"
        arguments = self._arguments(kind)
        guards = tuple(self._guard() for _ in range(chance.choice((0, 0, 0, 1, 2))))
        earlier = [one for names in self._drawn.values() for one in names]
        after = (chance.choice(earlier),) if earlier and chance.random() < 0.15 else ()
        node = Node(name, self._spec(name, arguments), arguments, after, guards)
        self._drawn[kind].append(name)
        return node

    def _arguments(self, kind: str) -> tuple[tuple[str, Binding], ...]:
        chance = self._chance
        given: list[tuple[str, Binding]] = [("x", self._number() if chance.random() < 0.6 else self._list())]
        if kind == "map":
            given.append(("y", EachOf(self._list(), 0)))
            if chance.random() < 0.25:
                given.append(("z", EachOf(self._list(), chance.choice((0, 1, 1)))))
        return tuple(given)

    def _spec(self, name: str, arguments: tuple[tuple[str, Binding], ...]) -> StepSpec:
        chance = self._chance
        return StepSpec(
            name,
            Symbol("simulated", name),
            tuple(InputSpec(given, "int") for given, _ in arguments),
            "int",
            retry=chance.choice(_RETRIES),
            cache=CacheRule(enabled=chance.random() > 0.15),
            timeout_s=chance.choice((None, 5.0)),
            effect=chance.random() < 0.1,
            max_parallel=chance.choice((None, None, None, 1)),
        )

    def _guard(self) -> Guard:
        return Guard(self._condition(), self._chance.choice(("true", "some")), self._chance.random() < 0.6)

    def _condition(self) -> Binding:
        flags = self._drawn["flag"]
        if flags and self._chance.random() < 0.7:
            return OutputOf(self._chance.choice(flags))
        return Constant(inline(self._chance.random() < 0.7))

    def _number(self) -> Binding:
        chance, numbers = self._chance, self._drawn["number"]
        match chance.randrange(5):
            case 0:
                return Constant(inline(chance.randrange(6)))
            case 1:
                return ParameterOf(PARAMETER)
            case 2:
                otherwise = Constant(inline(None)) if chance.random() < 0.5 else self._number()
                return ChoiceOf(self._condition(), "true", self._number(), otherwise)
            case _:
                return OutputOf(chance.choice(numbers)) if numbers else Constant(inline(chance.randrange(6)))

    def _list(self) -> Binding:
        chance = self._chance
        lists = self._drawn["map"] + self._drawn["list"]
        match chance.randrange(6):
            case 0:
                return Gather("list", tuple((str(place), self._number()) for place in range(chance.randrange(4))))
            case 1 | 2:
                return Constant(inline([chance.randrange(6) for _ in range(chance.choice((0, 1, 2, 3, 4)))]))
            case 3 if self._drawn["map"]:
                return SucceededOf(OutputOf(chance.choice(self._drawn["map"])))
            case _ if lists:
                return OutputOf(chance.choice(lists))
            case _:
                return Constant(inline([1, 2, 3]))
