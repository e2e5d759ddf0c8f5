"""From the names that a person selects to the nodes that take part in a run (SEMANTICS rule 26). Pure."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from headrace.core.errors import UnknownNameError
from headrace.definition.graph import Graph, Node, nodes_in
from headrace.plan.errors import SelectionError
from headrace.plan.plan import Selection


class Chosen(Struct, frozen=True):
    """What a selection means for one graph, by node names.

    `included` take part; `refreshed` are computed whatever is stored; `required` must be found in the store, because
    they are not to be computed.
    """

    included: frozenset[str]
    refreshed: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()


def choose(graph: Graph, selection: Selection) -> Chosen:
    """The nodes that a selection names; raises UnknownNameError, and SelectionError where it contradicts itself.

    A name is that of a node, of a group (everything inside), or of a step (every call of it).
    """
    everything = frozenset(node.name for node in graph.nodes)
    if selection.only:
        return _choose_only(graph, selection)
    included = everything
    if selection.until:
        included = _reach(graph, _named(graph, selection.until), lambda node: node.upstream)
    followers = _followers(graph, _named(graph, selection.from_))
    refreshed = _named(graph, selection.refresh)
    for option, names in (("from", selection.from_), ("refresh", selection.refresh)):
        _refuse_outside(option, _named(graph, names) - included, selection)
    return Chosen(included, (followers | refreshed) & included)


def _choose_only(graph: Graph, selection: Selection) -> Chosen:
    if selection.until or selection.from_:
        raise SelectionError("`only` names the steps to compute; it cannot be combined with `until` or `from`.")
    wanted = _named(graph, selection.only)
    included = _reach(graph, wanted, _data_upstream)
    refreshed = _named(graph, selection.refresh)
    _refuse_outside("refresh", refreshed - wanted, selection)
    return Chosen(included, refreshed, included - wanted)


def _refuse_outside(option: str, names: frozenset[str], selection: Selection) -> None:
    if names:
        shown = ", ".join(repr(name) for name in sorted(names))
        limits = ", ".join(repr(name) for name in (selection.only or selection.until))
        word = "only" if selection.only else "until"
        raise SelectionError(f"`{option}` asks for {shown}, but `{word}` {limits} leaves it out. Drop one of the two.")


def _named(graph: Graph, names: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        found |= _matches(graph, name)
    return frozenset(found)


def _matches(graph: Graph, name: str) -> set[str]:
    exact = {node.name for node in graph.nodes if node.name == name}
    inside = {node.name for node in graph.nodes if node.name.startswith(name.rstrip("/") + "/")}
    calls = {node.name for node in graph.nodes if node.step.name == name}
    matches = exact or inside or calls
    if not matches:
        raise UnknownNameError("step", name, known=_known_names(graph), hint=f"It would be in {graph.pipeline!r}.")
    return matches


def _known_names(graph: Graph) -> set[str]:
    names = {node.name for node in graph.nodes}
    groups = {node.name.rpartition("/")[0] for node in graph.nodes}
    return names | {group for group in groups if group}


def _data_upstream(node: Node) -> frozenset[str]:
    found = {name for _, binding in node.arguments for name in nodes_in(binding)}
    return frozenset(found | {name for guard in node.guards for name in nodes_in(guard.condition)})


def _reach(graph: Graph, start: frozenset[str], upstream: Callable[[Node], frozenset[str]]) -> frozenset[str]:
    reached = set(start)
    for node in reversed(graph.nodes):
        if node.name in reached:
            reached |= upstream(node)
    return frozenset(reached)


def _followers(graph: Graph, start: frozenset[str]) -> frozenset[str]:
    reached = set(start)
    for node in graph.nodes:
        if node.upstream & reached:
            reached.add(node.name)
    return frozenset(reached)
