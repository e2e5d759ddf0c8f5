"""A history that breaks a rule, made as small as it can be while it still breaks it: the story that a person reads."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from headrace.definition.graph import (
    Binding,
    ChoiceOf,
    Constant,
    EachOf,
    Gather,
    Graph,
    Node,
    OutputOf,
    RetryRule,
    SucceededOf,
)
from headrace.testing.simulation.histories import History
from headrace.testing.simulation.steps import Plain, inline

MOST_TRIES = 600
"""How many smaller histories are tried at most."""
_STANDING_IN: dict[str, Plain] = {"flag": True, "list": [1, 2], "map": [1, 2], "number": 1}


def shrink(history: History, breaks: Callable[[History], bool]) -> History:
    """The smallest history that is found by taking things away, one after the other, while it still breaks."""
    tries = 0
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for smaller in _smaller(history):
            tries += 1
            if tries > MOST_TRIES:
                return history
            if breaks(smaller):
                history, is_smaller = smaller, True
                break
    return history


def _smaller(history: History) -> Iterator[History]:
    for place in range(len(history.runs) - 1, 0, -1):
        faults = tuple(fault for fault in history.faults if fault.run != place)
        if place == len(history.runs) - 1:
            yield replace(history, runs=history.runs[:place], faults=faults)
    for place in range(len(history.faults)):
        yield replace(history, faults=history.faults[:place] + history.faults[place + 1 :])
    for node in reversed(history.graph.nodes):
        if len(history.graph.nodes) > 1:
            yield _without(history, node)
    yield from _simpler(history)
    for place in range(len(history.graph.nodes)):
        for node in _simpler_nodes(history.graph.nodes[place]):
            nodes = (*history.graph.nodes[:place], node, *history.graph.nodes[place + 1 :])
            yield replace(history, graph=replace(history.graph, nodes=nodes))


def _simpler(history: History) -> Iterator[History]:
    if history.bad:
        yield replace(history, bad=frozenset())
    if history.flaky:
        yield replace(history, flaky=frozenset())
    if history.strays or history.skew_s:
        yield replace(history, strays=False, skew_s=0.0)
    for place, run in enumerate(history.runs):
        plainer = replace(run, begins_at=0.0, fail_fast=False)
        if plainer != run:
            yield replace(history, runs=(*history.runs[:place], plainer, *history.runs[place + 1 :]))


def _simpler_nodes(node: Node) -> Iterator[Node]:
    if node.guards:
        yield replace(node, guards=())
    if node.after:
        yield replace(node, after=())
    if node.step.retry.times:
        yield replace(node, step=replace(node.step, retry=RetryRule()))
    if node.step.timeout_s is not None or node.step.max_parallel is not None:
        yield replace(node, step=replace(node.step, timeout_s=None, max_parallel=None))
    for place, (name, binding) in enumerate(node.arguments):
        simple = _simple(binding)
        if simple != binding:
            yield replace(node, arguments=(*node.arguments[:place], (name, simple), *node.arguments[place + 1 :]))


def _simple(binding: Binding) -> Binding:
    if isinstance(binding, EachOf):
        return binding if isinstance(binding.source, Constant) else EachOf(Constant(inline([1, 2])), binding.axis)
    return binding if isinstance(binding, Constant | OutputOf) else Constant(inline(1))


def _without(history: History, gone: Node) -> History:
    """The same without a node; a constant stands in for its output."""
    graph = history.graph
    place = graph.nodes.index(gone)
    nodes = tuple(_mended(node, gone.name) for node in graph.nodes if node is not gone)
    output = OutputOf(nodes[-1].name) if gone.name in _names(graph.output) else graph.output
    # what fails, and where chance falls, follows from the position of a node
    moved = {old: old - (old > place) for old in range(len(graph.nodes)) if old != place}
    return replace(
        history,
        graph=Graph(graph.pipeline, graph.symbol, graph.parameters, nodes, output),
        bad=frozenset((moved[position], total) for position, total in history.bad if position in moved),
        flaky=frozenset(moved[position] for position in history.flaky if position in moved),
    )


def _names(binding: Binding) -> set[str]:
    match binding:
        case OutputOf():
            return {binding.node}
        case SucceededOf():
            return _names(binding.source)
        case _:
            return set()


def _mended(node: Node, gone: str) -> Node:
    return replace(
        node,
        arguments=tuple((name, _put_in(binding, gone)) for name, binding in node.arguments),
        guards=tuple(replace(guard, condition=_put_in(guard.condition, gone)) for guard in node.guards),
        after=tuple(name for name in node.after if name != gone),
    )


def _put_in(binding: Binding, gone: str) -> Binding:
    match binding:
        case OutputOf() if binding.node == gone:
            return Constant(inline(_STANDING_IN[gone.rstrip("0123456789")]))
        case Gather():
            return replace(binding, members=tuple((name, _put_in(one, gone)) for name, one in binding.members))
        case EachOf() | SucceededOf():
            return replace(binding, source=_put_in(binding.source, gone))
        case ChoiceOf():
            return replace(
                binding,
                condition=_put_in(binding.condition, gone),
                then=_put_in(binding.then, gone),
                otherwise=_put_in(binding.otherwise, gone),
            )
        case _:
            return binding
