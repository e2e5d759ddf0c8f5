"""What a run of a plan would do, step by step, and why: starts nothing, writes nothing."""

import time
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from headrace.core.errors import ArtifactError
from headrace.core.values import NONE, ObjectValue, Value
from headrace.definition.graph import Binding, EachOf, Node
from headrace.engine.events import Reuse
from headrace.engine.keying import Keys
from headrace.engine.ports import Ports
from headrace.engine.reuse import Reuser, Shelves, why_never
from headrace.plan.bindings import Known, MapItems, UnequalLengthsError, is_guarded_out, map_items
from headrace.plan.plan import Action, Forecast, Plan
from headrace.plan.selection import Chosen, choose
from headrace.ports.stores import RunDetails

LOOKUP_BATCH = 1000


class _UnknownError(Exception):
    """A value is not known before another step has run; `node` is that step."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(node)


class _DoomedError(Exception):
    """A value will not be there, because `node` cannot but fail."""

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(node)


def forecast(
    plan: Plan, ports: Ports, details: RunDetails, *, clock: Callable[[], float] = time.time
) -> list[Forecast]:
    """One forecast for each node, in the graph's order.

    Where a step has to run, what follows from its output is unknown: an unchanged output stops the wave. Raises
    UnknownNameError and SelectionError for the plan's selection.
    """
    seer = _Seer(plan, ports, durations=details.durations(plan.graph.pipeline), now=clock())
    return [seer.foresee(node) for node in plan.graph.nodes]


class _Seer:
    def __init__(self, plan: Plan, ports: Ports, *, durations: Mapping[str, float], now: float) -> None:
        self._plan, self._ports, self._durations, self._now = plan, ports, durations, now
        self._chosen: Chosen = choose(plan.graph, plan.selection)
        self._keys = Keys(plan.bases, ports.code, ports.files)
        self._reuser = Reuser(Shelves(ports.results, ports.artifacts, ports.files, ports.tokens), run_id="")
        self._values: dict[str, Value] = {}
        self._doomed: dict[str, str] = {}
        self._known = Known(plan.parameters, self._output, self._output, self._expand)

    def foresee(self, node: Node) -> Forecast:
        """What would happen to a node, once all before it have been foreseen."""
        if node.name not in self._chosen.included:
            return Forecast(node.name, Action.SKIP, "not selected")
        try:
            return self._foresee_guarded(node)
        except _DoomedError as doomed:
            self._doomed[node.name] = doomed.node
            return Forecast(node.name, Action.SKIP, f"upstream {doomed.node} will fail")
        except (KeyError, TypeError, UnequalLengthsError) as error:
            self._doomed[node.name] = node.name
            return self._run(node, f"it will fail: {error}")

    def _foresee_guarded(self, node: Node) -> Forecast:
        try:
            if is_guarded_out(node.guards, self._known):
                self._values[node.name] = NONE
                return Forecast(node.name, Action.SKIP, "its branch is not taken")
        except _UnknownError as unknown:
            return self._unknown(node, f"whether it runs is known once {unknown.node} has run")
        for name in node.after:
            if name in self._doomed:
                raise _DoomedError(self._doomed[name])
        return self._foresee_taken(node)

    def _foresee_taken(self, node: Node) -> Forecast:
        never = why_never(node.step)
        refreshed = "refresh asked" if node.name in self._chosen.refreshed else ""
        try:
            arguments = map_items(node, self._known)
        except _UnknownError as unknown:
            items = self._count(node)
            if never or refreshed:
                return self._run(node, never or refreshed, items=items)
            return self._unknown(node, f"its key is known once {unknown.node} has run", items=items)
        if never or refreshed:
            return self._run(node, never or refreshed, items=len(arguments) if node.is_map else None)
        return self._look(node, arguments)

    def _look(self, node: Node, arguments: MapItems) -> Forecast:
        count = len(arguments)
        found: list[Value] = []
        reason = ""
        for first in range(0, count, LOOKUP_BATCH):
            batch = tuple(arguments.arguments(item) for item in range(first, min(first + LOOKUP_BATCH, count)))
            for answer in self._reuser.find(node.step, self._keys.of_batch(node, batch), self._now):
                if isinstance(answer, Reuse):
                    found.append(answer.output)
                else:
                    reason = reason or answer.reason
        items = count if node.is_map else None
        if len(found) == count:
            return self._reuse(node, found, items)
        if node.name in self._chosen.required:
            reason = f"it has to be in the store, and is not: {reason}"
        run = self._run(node, reason, items=items, reused_items=len(found) if node.is_map else 0)
        whole = arguments.whole if node.is_map else arguments.arguments(0)
        return replace(run, parts=self._keys.of_batch(node, (whole,))[0].parts)

    def _reuse(self, node: Node, found: list[Value], items: int | None) -> Forecast:
        if not node.is_map:
            self._values[node.name] = found[0]
            return Forecast(node.name, Action.REUSE, "same code, inputs and environment", 0.0)
        # the ports of a forecast write nothing: a long list gets the reference that a run would store it under
        try:
            self._values[node.name] = self._ports.artifacts.gather("list", found)
        except ArtifactError:
            return self._run(node, "the list of its items cannot be read", items=items, reused_items=len(found))
        return Forecast(node.name, Action.REUSE, "same code, inputs and environment", 0.0, items, items or 0)

    def _run(self, node: Node, reason: str, *, items: int | None = None, reused_items: int = 0) -> Forecast:
        return Forecast(node.name, Action.RUN, reason, self._estimate(node, items, reused_items), items, reused_items)

    def _unknown(self, node: Node, reason: str, *, items: int | None = None) -> Forecast:
        return Forecast(node.name, Action.UNKNOWN, reason, self._estimate(node, items, 0), items)

    def _estimate(self, node: Node, items: int | None, reused_items: int) -> float | None:
        seconds = self._durations.get(node.name)
        if seconds is None or items is None:
            return seconds
        return seconds * (items - reused_items)

    def _count(self, node: Node) -> int | None:
        """How many items a map has, if its lists are known although another input is not."""
        if not node.is_map:
            return None
        lists: tuple[tuple[str, Binding], ...] = tuple(
            (name, binding) for name, binding in node.arguments if isinstance(binding, EachOf)
        )
        try:
            return len(map_items(Node(node.name, node.step, lists), self._known))
        except (_UnknownError, _DoomedError, KeyError, TypeError, UnequalLengthsError):
            return None

    def _output(self, name: str) -> Value:
        if name in self._doomed:
            raise _DoomedError(self._doomed[name])
        if name not in self._values:
            raise _UnknownError(name)
        return self._values[name]

    def _expand(self, value: Value) -> Value:
        if not isinstance(value, ObjectValue):
            return value
        try:
            return self._ports.artifacts.expand(value)
        except ArtifactError as error:
            raise TypeError(str(error)) from error
