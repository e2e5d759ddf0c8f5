"""The memory of a run machine: where every step run, lease and alarm stands, and the commands of one event."""

import heapq
from collections import deque
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from headrace.core.failures import Failure
from headrace.core.states import State
from headrace.core.values import Value
from headrace.definition.graph import Binding, Graph
from headrace.engine.commands import Command, Note
from headrace.engine.identities import step_run_id
from headrace.engine.options import MachineOptions
from headrace.engine.steps import Lease, StepRun
from headrace.plan.bindings import needs_in
from headrace.plan.selection import Chosen
from headrace.ports.story import EventType


class Alarm(Struct, frozen=True):
    """What is to happen at a time: an item is tried again, held keys are asked for again, an attempt is overdue."""

    kind: Literal["retry", "held", "overdue"]
    position: int = 0
    index: int = 0
    attempt_id: str = ""


class Board:
    """Everything that the parts of a machine share. Only they write to it."""

    def __init__(
        self, graph: Graph, parameters: Mapping[str, Value], chosen: Chosen, *, options: MachineOptions
    ) -> None:
        self.graph, self.parameters, self.chosen, self.options = graph, parameters, chosen, options
        self.steps = [
            StepRun(node, position, step_run_id(options.run_id, node.name), node.is_map)
            for position, node in enumerate(graph.nodes)
        ]
        self.by_name = {step.name: step for step in self.steps}
        self.leases: dict[str, Lease] = {}
        self.arrived: deque[StepRun] = deque()
        self.changed_steps: dict[str, StepRun] = {}
        self.changed_leases: dict[str, Lease] = {}
        self.lost: list[Lease] = []
        self.expansions: dict[str, Value | Failure] = {}
        self.out: list[Command] = []
        self.now = 0.0
        self.unfinished = len(self.steps)
        self.state = State.PENDING
        self.output: Value | None = None
        self.failure: Failure | None = None
        self.failed: list[StepRun] = []
        self.taken: set[str] = set()
        self.is_halted = self.is_cancelling = self.is_restored = self.is_resumed = False
        self.is_output_sound = self.is_output_asked = False
        self.lost_output: Failure | None = None
        self.partial_wanted = _partial_wanted(graph, chosen)
        self._offered: list[int] = []
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._alarm_number = 0
        self._connect()

    def _connect(self) -> None:
        for step in self.steps:
            upstream = [self.by_name[name] for name in step.node.upstream]
            step.waiting = len(upstream)
            for earlier in upstream:
                earlier.followers.append(step)

    def note(self, type_: EventType, node: str = "", data: Mapping[str, object] | None = None) -> None:
        """Add a line to the run's story."""
        self.out.append(Note(self.now, type_, node, data or {}))

    def touch(self, step: StepRun) -> None:
        """Have a step run recorded at the end of the turn."""
        step.changed += 1
        self.changed_steps[step.name] = step

    def touch_lease(self, lease: Lease) -> None:
        """Have an attempt recorded at the end of the turn."""
        self.changed_leases[lease.attempt_id] = lease

    def offer(self, step: StepRun) -> None:
        """Look at this step again when there is room for attempts."""
        if step.can_launch:
            heapq.heappush(self._offered, step.position)

    def next_ready(self) -> StepRun | None:
        """The first step in the graph's order that can launch an item now, if there is room at all."""
        if len(self.leases) >= self.options.capacity:
            return None
        while self._offered:
            step = self.steps[self._offered[0]]
            if step.can_launch:
                return step
            heapq.heappop(self._offered)
        return None

    def set_alarm(self, at: float, alarm: Alarm) -> None:
        """Have something happen at a time."""
        self._alarm_number += 1
        heapq.heappush(self._alarms, (at, self._alarm_number, alarm))

    def put_off(self, seconds: float) -> None:
        """Let everything that is to happen at a time happen so much later."""
        self._alarms = [(at + seconds, number, alarm) for at, number, alarm in self._alarms]
        for lease in self.leases.values():
            if lease.deadline is not None:
                lease.deadline += seconds

    def next_alarm(self) -> float | None:
        """When the first alarm is due."""
        return self._alarms[0][0] if self._alarms else None

    def due(self) -> Alarm | None:
        """Take one alarm that is due by now."""
        if self._alarms and self._alarms[0][0] <= self.now:
            return heapq.heappop(self._alarms)[2]
        return None

    def value_of(self, step: StepRun) -> Value | None:
        """The value that others see of a step: None if it has none, NONE if its branch was not taken."""
        if step.state is State.SKIPPED and step.root:
            return None
        return step.output if step.state.is_final else None


def _partial_wanted(graph: Graph, chosen: Chosen) -> frozenset[str]:
    """The maps of which somebody takes those items that succeeded."""
    bindings: list[Binding] = [graph.output]
    for node in graph.nodes:
        if node.name in chosen.included:
            bindings += (binding for _, binding in node.arguments)
            bindings += (guard.condition for guard in node.guards)
    return frozenset(name for binding in bindings for name, is_lenient in needs_in(binding) if is_lenient)
