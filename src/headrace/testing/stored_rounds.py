"""One execution of a graph in this process, every value sent through its format, in an order that somebody chooses.

No database, no keys, no reuse, no other process: what is left of a run when only its values count.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from headrace.artifacts.formats import FormatRegistry, FormatSettings
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.errors import ArtifactError
from headrace.core.values import NONE, ObjectValue, Value, objects_in, sequence_of, value_digest
from headrace.definition.graph import Graph, Node
from headrace.definition.maps import refuse_unequal
from headrace.plan.bindings import Known, MapItems, UnequalLengthsError, evaluate, is_guarded_out, map_items, needs_in
from headrace.plan.keys import paths_in
from headrace.testing.live_graphs import LiveGraph
from headrace.worker.functions import call

Unit = tuple[int, int]
"""Position of a node in its graph, and number of the item (0 for what is no map)."""
Choice = Callable[[Sequence[Unit]], Unit]
"""Which of the units that are ready comes next."""
Pickles = Literal["allow", "warn", "forbid"]
_CONTAINERS = frozenset({"refs", "json", "file"})


def in_order(ready: Sequence[Unit]) -> Unit:
    """The order of the pipeline's body."""
    return min(ready)


class Shelf:
    """Values in a folder, by the project's formats. `digest` measures live objects, silently about pickles."""

    def __init__(self, folder: Path, *, pickles: Pickles = "warn", trusted: Sequence[str] = ()) -> None:
        self._kept = LocalArtifactStore(folder, pickles=pickles, trusted=trusted)
        self._measured = LocalArtifactStore(folder, pickles="allow", trusted=trusted)
        self._formats = FormatRegistry(FormatSettings(tuple(trusted)))
        self.put, self.get = self._kept.put, self._kept.get

    def digest(self, value: object) -> str:
        """The digest of what would be stored of this object now; the reason if nothing can be."""
        try:
            return value_digest(self._measured.put(value))
        except ArtifactError as error:
            return str(error)

    def comparable(self, value: object) -> str:
        """The digest that equal objects share; empty if a format cannot promise that."""
        stored = self._measured.put(value)
        return value_digest(stored) if self.is_canonical(stored) else ""

    def is_canonical(self, value: Value) -> bool:
        """Whether equal values have equal digests."""
        names = {one.format for one in objects_in(value)} - _CONTAINERS
        return all(self._formats.by_name(name).is_canonical for name in names)

    def expand(self, value: Value) -> Value:
        """The members of a container that was stored as one object."""
        return self._kept.expand(value) if isinstance(value, ObjectValue) else value


@dataclass(slots=True)
class _Open:
    """A node under way."""

    items: MapItems
    outputs: list[Value | None]
    failures: dict[int, Exception] = field(default_factory=dict)
    left: int = 0


class StoredRound:
    """One round; `run` gives the pipeline's output.

    `outputs` has the value of every node that was not skipped (of a map with failed items: of the others), `altered`
    the inputs that a step changed in place, `order` the units as they ran.
    """

    def __init__(self, live: LiveGraph, parameters: Mapping[str, Value], shelf: Shelf, *, choice: Choice) -> None:
        self._graph: Graph = live.traced
        self._functions = live.functions
        self._shelf, self._choice = shelf, choice
        self._known = Known(parameters, self._output, self._succeeded, shelf.expand)
        self._open: dict[int, _Open] = {}
        self._ready: list[Unit] = []
        self._ended: set[str] = set()
        self._failures: dict[str, Exception] = {}
        self._answered: set[str] = set()
        self._lenient = _lenient(self._graph)
        self._skipped: set[str] = set()
        self.outputs: dict[str, Value] = {}
        self.altered: dict[tuple[str, str], None] = {}
        self.order: list[Unit] = []

    def run(self) -> Value:
        """Run every step that is not skipped; raises what a step raises, with a note that names it."""
        while self._open_nodes() or self._ready:
            if self._ready:
                unit = self._choice(self._ready)
                self._ready.remove(unit)
                self._run_unit(unit)
        output = evaluate(self._graph.output, self._known)
        for name, failure in self._failures.items():
            if name not in self._answered:
                raise failure
        return output

    def _open_nodes(self) -> bool:
        """Open what waits for nothing any more; whether there was anything."""
        found = False
        for position, node in enumerate(self._graph.nodes):
            if position not in self._open and node.name not in self._ended and node.upstream <= self._ended:
                found = True
                self._open_node(position, node)
        return found

    def _open_node(self, position: int, node: Node) -> None:
        if is_guarded_out(node.guards, self._known):
            self._skipped.add(node.name)
            self._ended.add(node.name)
            return
        for name in node.after:
            self._output(name)
        try:
            items = map_items(node, self._known)
        except UnequalLengthsError as error:
            refuse_unequal(node.step.name, error.lengths)
            raise
        self._open[position] = _Open(items, [None] * len(items), left=len(items))
        self._ready += [(position, item) for item in range(len(items))]
        if not len(items):
            self._close(position, node)

    def _run_unit(self, unit: Unit) -> None:
        position, item = unit
        node, under_way = self._graph.nodes[position], self._open[position]
        self.order.append(unit)
        try:
            under_way.outputs[item] = self._compute(node, under_way.items.arguments(item))
        except Exception as error:
            error.add_note(f"in step {node.name!r}{f', item {item}' if node.is_map else ''}")
            if not node.is_map:
                raise
            under_way.failures[item] = error
        under_way.left -= 1
        if not under_way.left:
            self._close(position, node)

    def _compute(self, node: Node, arguments: Sequence[tuple[str, Value]]) -> Value:
        live = {name: self._shelf.get(value) for name, value in arguments}
        # a path that the pipeline was given is not read: it may be a folder of any size, and it has no copy here
        watched = [name for name, value in arguments if not paths_in(value)]
        before = {name: self._shelf.digest(live[name]) for name in watched}
        try:
            result = call(self._functions[node.name], dict(live))
        finally:
            changed = (name for name in watched if self._shelf.digest(live[name]) != before[name])
            self.altered.update(dict.fromkeys((node.name, name) for name in changed))
        return self._shelf.put(result, owner=f"the output of step {node.name!r}")

    def _close(self, position: int, node: Node) -> None:
        under_way = self._open[position]
        done = [output for output in under_way.outputs if output is not None]
        self.outputs[node.name] = sequence_of(done) if node.is_map else done[0]
        self._ended.add(node.name)
        if under_way.failures:
            first = self._failures[node.name] = under_way.failures[min(under_way.failures)]
            if node.name not in self._lenient:
                raise first

    def _output(self, name: str) -> Value:
        if name in self._failures:
            raise self._failures[name]
        return NONE if name in self._skipped else self.outputs[name]

    def _succeeded(self, name: str) -> Value:
        self._answered.add(name)
        return NONE if name in self._skipped else self.outputs[name]


def _lenient(graph: Graph) -> frozenset[str]:
    """The maps of which somebody takes those items that succeeded."""
    bindings = [graph.output, *(binding for node in graph.nodes for _, binding in node.arguments)]
    return frozenset(name for binding in bindings for name, is_lenient in needs_in(binding) if is_lenient)
