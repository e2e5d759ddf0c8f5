"""The rules of `simulation.violations`, held against every write and every launch.

It sees what the stores are asked for and what they say afterwards, and knows nothing of what a conductor thinks.
"""

from collections.abc import Collection

from headrace.core.errors import ArtifactError
from headrace.core.states import FailureKind, State
from headrace.core.symbols import qualified_name
from headrace.core.values import Value
from headrace.definition.graph import Binding, Graph
from headrace.engine.attempts import MAX_TOLD
from headrace.plan.bindings import needs_in
from headrace.ports.executors import AttemptSpec
from headrace.ports.records import AttemptRecord, RunEvent, RunRecord, StepRunRecord
from headrace.ports.stores import RunChange
from headrace.ports.story import EventType
from headrace.testing.simulation.timeline import Timeline
from headrace.testing.simulation.violations import Rule, ViolationError

Unit = tuple[str, str, int]
"""A run, a node and an item."""
_ENDS = {f"step.{state}": state for state in State if state.is_final}
_STARTS = (EventType.RUN_STARTED, EventType.RUN_RESUMED)


class RunLedger:
    """What has been written of one run, as far as the rules need it."""

    def __init__(self, graph: Graph, done: Collection[str], timeline: Timeline) -> None:
        self._graph, self._done, self._timeline = graph, done, timeline
        self._launched: dict[str, float] = {}
        self._late_s = 0.0
        self._lenient = _lenient(graph)
        self._steps: dict[str, tuple[State, Value | None, int]] = {}
        self.attempts: dict[str, AttemptRecord] = {}
        self._successes: dict[tuple[str, int], int] = {}
        self._damages: dict[str, int] = {}
        self._causes: dict[str, FailureKind] = {}
        self.is_resumed = False
        self._told: dict[str, State] = {}
        self._told_run = ""
        self._is_halted = False
        self._told_failures: set[tuple[str, object, object]] = set()
        self._fences: dict[str, int] = {}
        self._conducted_by = -1
        self._sequence = 0
        self.version = 0

    def wrote(self, change: RunChange, before: RunRecord, after: RunRecord, *, process: int, late_s: float) -> None:
        """A change was applied by this process, whose turn has taken `late_s` that have not passed for others yet."""
        self._late_s = late_s
        self._check_version(change, before, after)
        self._check_writer(process)
        self._tell(change.events)
        for attempt in change.attempts:
            self._attempt(attempt, change)
        for step in change.steps:
            self._step(step, process)
        self._check_story(change)
        if after.state.is_final:
            self._check_end(after)

    def _check_version(self, change: RunChange, before: RunRecord, after: RunRecord) -> None:
        is_next = change.run.version == before.version and after.version == before.version + 1
        if not is_next or after.version <= self.version:
            versions = f"{change.run.version} was written over {before.version} and left {after.version}"
            raise ViolationError(Rule.VERSIONS, f"version {versions}")
        if before.state.is_final:
            raise ViolationError(Rule.FINAL, f"the run was {before.state} and was written again")
        self.version = after.version

    def _check_writer(self, process: int) -> None:
        if process < self._conducted_by:
            raise ViolationError(Rule.REPLACED, f"process {process} wrote after process {self._conducted_by} had")
        self._conducted_by = process

    def renamed(self, version: int) -> None:
        """Somebody has written that is no conductor."""
        self.version = version

    # ------------------------------------------------------------------ the story

    def _tell(self, events: "Collection[RunEvent]") -> None:
        for event in events:
            self._sequence += 1
            if event.sequence != self._sequence:
                raise ViolationError(Rule.STORY, f"event {self._sequence} has the number {event.sequence}")
            self._tell_one(event)

    def _tell_one(self, event: RunEvent) -> None:
        if event.type in _ENDS:
            self._told[event.node] = _ENDS[event.type]
        elif event.type == EventType.STEP_DAMAGED:
            self._told.pop(event.node, None)
            self._damages[event.node] = self._damages.get(event.node, 0) + 1
            self._steps.pop(event.node, None)
        elif event.type in (EventType.ATTEMPT_FAILED, EventType.ATTEMPT_LOST):
            self._told_failures.add((event.node, event.data["item"], event.data["number"]))
        elif event.type.startswith("run."):
            self._tell_run(event)

    def _tell_run(self, event: RunEvent) -> None:
        if event.type in _STARTS and (event.type == EventType.RUN_STARTED) != (self._told_run == ""):
            raise ViolationError(Rule.STORY, f"{event.type} follows {self._told_run or 'nothing'}")
        if self._told_run == "" and event.type not in _STARTS:
            raise ViolationError(Rule.STORY, f"the story begins with {event.type}")
        self._is_halted = self._is_halted or event.type == EventType.RUN_CANCEL_REQUESTED
        self._told_run = event.type

    def _check_story(self, change: RunChange) -> None:
        for event in change.events:
            state = self._steps.get(event.node, (State.PENDING,))[0]
            if event.type in _ENDS and event.node in self._told and state is not self._told[event.node]:
                raise ViolationError(Rule.STORY, f"{event.node} is told to be {event.type}, its row says {state}")

    # ------------------------------------------------------------------ rows

    def _step(self, step: StepRunRecord, process: int) -> None:
        old, output, by = self._steps.get(step.node, (State.PENDING, None, process))
        if old.is_final and (step.state is not old or (old.has_value and step.output != output)):
            may_differ = by != process and self._may_start_anew(step.node, old)
            if not may_differ:
                rule = Rule.NOTHING_LOST if old.has_value else Rule.FINAL
                raise ViolationError(rule, f"step {step.node} was {old} and is written as {step.state}")
        if step.state.is_final and self._told.get(step.node) is not step.state:
            told = self._told.get(step.node, "nothing")
            raise ViolationError(Rule.STORY, f"step {step.node} is written as {step.state}, told is {told}")
        self._steps[step.node] = (step.state, step.output, process)
        if step.failure is not None:
            self._causes[step.node] = step.failure.kind

    def _may_start_anew(self, node: str, old: State) -> bool:
        """What the next conductor of a run begins again: what was given up only because something else had ended."""
        is_own = self._causes.get(node) is FailureKind.USER_ERROR
        may_fail_anew = node in self._lenient or (self.is_resumed and not is_own)
        return old in (State.CANCELLED, State.SKIPPED) or (old is State.FAILED and may_fail_anew)

    def _attempt(self, attempt: AttemptRecord, change: RunChange) -> None:
        old = self.attempts.get(attempt.id)
        name = f"attempt {attempt.number} of {attempt.node}[{attempt.item}]"
        if old is not None and old.state.is_final and attempt.state is not old.state:
            rule = Rule.NOTHING_LOST if old.state is State.SUCCEEDED else Rule.FINAL
            raise ViolationError(rule, f"{name} was {old.state} and is written as {attempt.state}")
        self.attempts[attempt.id] = attempt
        if attempt.state is State.SUCCEEDED and (old is None or old.state is not State.SUCCEEDED):
            self._success(attempt, change, name)
        if attempt.state is State.FAILED and not self._is_told(attempt):
            raise ViolationError(Rule.STORY, f"{name} failed, and no event says so")
        if attempt.failure is not None and attempt.failure.kind is FailureKind.TIMEOUT:
            self._check_limit(attempt, name)

    def _check_limit(self, attempt: AttemptRecord, name: str) -> None:
        limit = self._graph.node(attempt.node).step.timeout_s or 0.0
        lasted = self._timeline.seconds + self._late_s - self._launched[attempt.id]
        if lasted < limit:
            raise ViolationError(Rule.LIMITS, f"{name} was ended for its limit of {limit:g} s after {lasted:.2f} s")

    def _is_told(self, attempt: AttemptRecord) -> bool:
        # what failed at a stored value waits for that to be looked at, and may be mended without another word
        failures = [one for one in self.attempts.values() if one.node == attempt.node and one.state is State.FAILED]
        if len(failures) > MAX_TOLD:
            return True
        is_suspect = attempt.failure is not None and qualified_name(ArtifactError) in attempt.failure.error_types
        return is_suspect or (attempt.node, attempt.item, attempt.number) in self._told_failures

    def _success(self, attempt: AttemptRecord, change: RunChange, name: str) -> None:
        unit = (attempt.node, attempt.item)
        self._successes[unit] = self._successes.get(unit, 0) + 1
        if self._successes[unit] > 1 + self._damages.get(attempt.node, 0):
            raise ViolationError(Rule.COMPLETED_ONCE, f"{name} succeeded, and so had another one")
        if attempt.id not in self._done:
            raise ViolationError(Rule.COMPLETED_ONCE, f"{name} is written as succeeded, its worker never was done")
        node = self._graph.node(attempt.node)
        is_stored = node.is_map or node.step.is_reusable
        if is_stored and all(result.attempt_id != attempt.id for result in change.results):
            raise ViolationError(Rule.NOTHING_LOST, f"{name} succeeded, and its result is not stored with that")

    # ------------------------------------------------------------------ launches and ends

    def launching(self, spec: AttemptSpec, *, process: int) -> None:
        """An attempt is about to be launched by this process."""
        name = f"attempt {spec.number} of {spec.node}[{spec.item}]"
        row = self.attempts.get(spec.attempt_id)
        if process != self._conducted_by:
            raise ViolationError(Rule.REPLACED, f"process {process} launches {name} in a run that is another's")
        if row is None or row.state.is_final or row.fence != spec.fence:
            raise ViolationError(Rule.LAUNCHES, f"{name} is launched, and stands as {row.state if row else 'nothing'}")
        if spec.fence <= self._fences.get(spec.node, 0):
            raise ViolationError(Rule.LAUNCHES, f"{name} has the fence {spec.fence} again")
        self._fences[spec.node] = spec.fence
        self._launched[spec.attempt_id] = self._timeline.seconds
        unit = (spec.node, spec.item)
        open_ = [one for one in self.open_attempts() if (one.node, one.item) == unit and one.id != spec.attempt_id]
        if open_:
            raise ViolationError(Rule.LAUNCHES, f"{name} is launched, and attempt {open_[0].number} is open")
        if self._successes.get(unit, 0) > self._damages.get(spec.node, 0):
            raise ViolationError(Rule.COMPLETED_ONCE, f"{name} is launched, and an earlier one had succeeded")

    def open_attempts(self) -> list[AttemptRecord]:
        """The attempts that stand as not ended."""
        return [one for one in self.attempts.values() if not one.state.is_final]

    def _check_end(self, run: RunRecord) -> None:
        if self._told_run != f"run.{run.state}":
            raise ViolationError(Rule.STORY, f"the run is {run.state}, told is {self._told_run}")
        for attempt in self.open_attempts():
            name = f"attempt {attempt.number} of {attempt.node}[{attempt.item}]"
            raise ViolationError(Rule.CLOSED, f"the run is {run.state}, and {name} is {attempt.state}")
        for node in self._graph.nodes:
            state = self._steps.get(node.name, (State.PENDING,))[0]
            if not state.is_final:
                raise ViolationError(Rule.CLOSED, f"the run is {run.state}, and step {node.name} is {state}")

    @property
    def has_only_own_failures(self) -> bool:
        """Whether nothing has failed in the end but what fails for its arguments, and nothing was cut short."""
        states = [state for state, _, _ in self._steps.values()]
        last: dict[tuple[str, int], AttemptRecord] = {}
        for attempt in self.attempts.values():
            unit = (attempt.node, attempt.item)
            if unit not in last or last[unit].number < attempt.number:
                last[unit] = attempt
        others = (one for one in last.values() if one.failure and one.failure.kind is not FailureKind.USER_ERROR)
        return not self._is_halted and State.CANCELLED not in states and not any(others)


def _lenient(graph: Graph) -> frozenset[str]:
    """The maps of which somebody takes those items that succeeded: the rest of them may be tried again."""
    bindings: list[Binding] = [graph.output]
    for node in graph.nodes:
        bindings += (binding for _, binding in node.arguments)
        bindings += (guard.condition for guard in node.guards)
    return frozenset(name for binding in bindings for name, is_lenient in needs_in(binding) if is_lenient)
