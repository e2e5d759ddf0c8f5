"""What a step of a stored run was given: its arguments, found again from the run's graph, parameters and outputs."""

from headrace.app.rooms import Rooms
from headrace.core.errors import UsageError
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.values import CompositeValue, ObjectValue, Value
from headrace.definition.graph import Node
from headrace.definition.graph_json import graph_from_json
from headrace.plan.bindings import Known, MapItems, map_items
from headrace.ports.records import RunRecord, StepRunRecord


class NoInputsError(UsageError):
    """A step of a run has never had its inputs, or has no such item."""

    code = "usage.no-inputs"


class Inputs:
    """The arguments of one run's steps."""

    def __init__(self, rooms: Rooms, run: RunRecord) -> None:
        self._rooms, self._run = rooms, run
        self._graph = graph_from_json(rooms.stores.details.document(run.graph_digest))
        self._steps = {one.node: one for one in rooms.stores.details.steps(run.id)}

    def node(self, name: str) -> Node:
        """A step of the graph."""
        return self._graph.node(name)

    def arguments(self, name: str, item: int | None) -> dict[str, Value]:
        """What a step, or an item of a map (the first that failed, or the first), got; raises NoInputsError."""
        items = self._items(name)
        if not self._graph.node(name).is_map:
            return dict(items.arguments(0))
        number = self._first_of_interest(self._steps[name]) if item is None else item
        if not 0 <= number < len(items):
            raise NoInputsError(f"Step {name!r} of run {self._short} has items 0 to {len(items) - 1}, no {number}.")
        return dict(items.arguments(number))

    def item(self, name: str, item: int | None) -> int:
        """The item that is meant; -1 for a step that is no map."""
        if not self._graph.node(name).is_map:
            return -1
        return self._first_of_interest(self._steps[name]) if item is None else item

    @property
    def _short(self) -> str:
        return short_id(self._run.id)

    def _items(self, name: str) -> MapItems:
        known = Known(self._run.parameters, self._output, self._succeeded, self._expand)
        return map_items(self._graph.node(name), known)

    def _output(self, name: str) -> Value:
        step = self._steps[name]
        if step.output is None:
            raise NoInputsError(
                f"The step has never had its inputs in run {self._short}: {name!r}, which gives one of them, is "
                f"{step.state.value}."
            )
        return step.output

    def _succeeded(self, name: str) -> Value:
        step = self._steps[name]
        if step.state is not State.FAILED:
            return self._output(name)
        made = self._rooms.stores.details.item_outputs(self._run.id, name)
        return CompositeValue("list", tuple((str(place), made[item]) for place, item in enumerate(sorted(made))))

    def _expand(self, value: Value) -> Value:
        return self._rooms.artifacts.expand(value) if isinstance(value, ObjectValue) else value

    @staticmethod
    def _first_of_interest(step: StepRunRecord) -> int:
        errors = step.items.errors if step.items is not None else ()
        return min((item for item, _ in errors), default=0)
