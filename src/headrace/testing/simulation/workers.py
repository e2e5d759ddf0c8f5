"""Simulated workers: an executor whose attempts take simulated time, and whose messages may not arrive as sent."""

from typing import Protocol

from msgspec import Struct

from headrace.core.errors import ArtifactError, InfrastructureError
from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.core.symbols import qualified_name
from headrace.ports.code import Touched
from headrace.ports.executors import (
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    AttemptSpec,
    LoggedMetric,
    TrackingBatch,
    Usage,
    WorkerIdentity,
    WorkerMessage,
)
from headrace.testing.simulation.histories import FaultKind, Group, History
from headrace.testing.simulation.ports import Objects
from headrace.testing.simulation.steps import inline, total_of, work
from headrace.testing.simulation.timeline import Timeline

UNHEARD_S = 12.0
"""After this time an executor says of an attempt that it has not heard of it, unless the attempt has a time limit."""
USUAL_S = 1.5
"""An attempt takes up to this long."""
SLOW_S = 15.0
"""How much longer a slow one takes."""
LOGGING = 0.2
"""How many attempts log a metric before they end."""
_BEGIN, _LAST, _STOP, _SEND, _LOG = range(5)
_SLOW, _DEAF, _SILENT, _DIES = (
    FaultKind.WORKER_SLOW,
    FaultKind.WORKER_DEAF,
    FaultKind.WORKER_SILENT,
    FaultKind.WORKER_DIES,
)


class Places:
    """Where the nodes of a graph stand, and which items fail."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.position = {node.name: place for place, node in enumerate(history.graph.nodes)}

    def fails(self, name: str, _item: int, arguments: object) -> bool:
        """Whether an item fails for good: that follows from what it gets, as equal inputs have equal keys."""
        assert isinstance(arguments, dict)
        return (self.position[name], total_of(arguments) % 4) in self._history.bad

    def is_flaky(self, name: str) -> bool:
        """Whether the first attempt of each item fails: only where another one follows."""
        return self.position[name] in self._history.flaky and self._history.graph.node(name).step.retry.times > 0


class Shop(Struct, frozen=True):
    """What all workers of a history share. `done` are the attempts whose workers have come to a value."""

    history: History
    places: Places
    timeline: Timeline
    objects: Objects
    done: set[str]


class Boss(Protocol):
    """The process that an executor is in. `run` is the number of the run that it conducts."""

    run: int

    def enter(self) -> None:
        """Begin a call; raises Killed if the process is dead."""
        ...

    def launching(self, spec: AttemptSpec) -> None:
        """An attempt is about to be launched; raises Killed."""
        ...

    def deliver(self, message: WorkerMessage) -> None:
        """A message has arrived."""
        ...


class _Try(Struct, eq=False):
    spec: AttemptSpec
    faults: frozenset[FaultKind]
    is_open: bool = True
    is_known: bool = True

    @property
    def is_watched(self) -> bool:
        """Whether the conductor itself asks for an end: it knows of a beginning, and of a limit."""
        return self.is_known and self.spec.timeout_s is not None


class SimulatedExecutor:
    """The port `Executor` of one process. `deliver` gets the messages as they arrive."""

    def __init__(self, shop: Shop, process: Boss, capacity: int) -> None:
        self._shop, self._process, self._capacity = shop, process, capacity
        self._tries: dict[str, _Try] = {}
        self.is_closed = False

    @property
    def capacity(self) -> int:
        """How many attempts can run at once."""
        return self._capacity

    def launch(self, spec: AttemptSpec) -> None:
        """Start an attempt; it goes as its fate has it."""
        self._process.launching(spec)
        kinds = frozenset(fault.kind for fault in self._shop.timeline.struck(Group.LAUNCH))
        if FaultKind.LAUNCH_REFUSED in kinds:
            raise InfrastructureError("no worker can be started")
        one = self._tries[spec.attempt_id] = _Try(spec, kinds)
        begin = 0.01 + 0.05 * self._chance(spec, _BEGIN)
        self._shop.timeline.after(begin, self._begin, one)

    def stop(self, attempt_id: str, *, grace_s: float) -> None:
        """Ask an attempt to end: some do at once, some when they are killed after the grace, some never."""
        self._process.enter()
        one = self._tries.get(attempt_id)
        if one is None or not one.is_open:
            return
        if _DEAF in one.faults:
            one.is_open = False
            return
        is_slow = self._chance(one.spec, _STOP) < 0.3
        self._shop.timeline.after(grace_s if is_slow else 0.05, self._stopped, one)

    def close(self) -> None:
        """The process is over: its workers are, unless they are strays."""
        self.is_closed = True

    def _begin(self, one: _Try) -> None:
        if not one.is_open or self._is_gone():
            return
        spec = one.spec
        worker = WorkerIdentity("worker", 10_000 + spec.fence, self._now())
        self._send(one, AttemptBegan(spec.attempt_id, spec.fence, worker, self._now()))
        lasts = 0.05 + USUAL_S * self._chance(spec, _LAST) ** 2
        if _SILENT in one.faults:
            self._fall_silent(one)
        elif _DIES in one.faults:
            self._shop.timeline.after(lasts / 2, self._died, one)
        else:
            lasts += SLOW_S if _SLOW in one.faults else 0.0
            limit = spec.timeout_s
            is_late = limit is not None and lasts > limit
            self._shop.timeline.after(
                limit if is_late and limit else lasts, self._timed_out if is_late else self._end, one
            )

    def _fall_silent(self, one: _Try) -> None:
        if not one.is_watched:
            self._shop.timeline.after(UNHEARD_S, self._unheard, one)

    def _end(self, one: _Try) -> None:
        if not one.is_open or self._is_gone():
            return
        one.is_open = False
        spec, shop = one.spec, self._shop
        try:
            arguments = {name: shop.objects.plain(value) for name, value in spec.arguments}
        except ArtifactError as error:
            kind, types = FailureKind.INFRASTRUCTURE, (qualified_name(ArtifactError),)
            self._break(one, Failure(kind, str(error), error_types=types))
            return
        if shop.places.fails(spec.node, spec.item, arguments):
            self._break(one, Failure(FailureKind.USER_ERROR, "It fails for these arguments."))
        elif shop.places.is_flaky(spec.node) and spec.number == 1:
            self._break(one, Failure(FailureKind.USER_ERROR, "It fails the first time."))
        else:
            shop.done.add(spec.attempt_id)
            if self._chance(spec, _LOG) < LOGGING:
                entry = LoggedMetric("worth", 1.0, None, self._now())
                self._process.deliver(TrackingBatch(spec.attempt_id, spec.fence, (entry,)))
            output, usage = inline(work(spec.node, arguments)), Usage(wall_s=0.1)
            self._send(one, AttemptDone(spec.attempt_id, spec.fence, output, Touched(), usage, self._now()))

    def _stopped(self, one: _Try) -> None:
        self._end_with(one, FailureKind.CANCELLED, "The attempt was stopped.")

    def _died(self, one: _Try) -> None:
        self._end_with(one, FailureKind.INFRASTRUCTURE, "The worker was killed.")

    def _timed_out(self, one: _Try) -> None:
        self._end_with(one, FailureKind.TIMEOUT, "The attempt took too long.")

    def _unheard(self, one: _Try) -> None:
        self._end_with(one, FailureKind.INFRASTRUCTURE, "Nothing was heard of the worker.")

    def _end_with(self, one: _Try, kind: FailureKind, message: str) -> None:
        if one.is_open and not self._is_gone():
            one.is_open = False
            self._break(one, Failure(kind, message))

    def _break(self, one: _Try, failure: Failure) -> None:
        self._send(one, AttemptBroke(one.spec.attempt_id, one.spec.fence, failure, Usage(), self._now()))

    def _send(self, one: _Try, message: AttemptBegan | AttemptDone | AttemptBroke) -> None:
        timeline, deliver = self._shop.timeline, self._process.deliver
        delay = 0.002 * self._chance(one.spec, _SEND)
        for fault in timeline.struck(Group.MESSAGE):
            match fault.kind:
                case FaultKind.MESSAGE_LOST:
                    self._lose(one, message)
                    return
                case FaultKind.MESSAGE_LATE:
                    delay += fault.amount
                case _:
                    timeline.after(delay + 0.5, deliver, message)
        timeline.after(delay, deliver, message)

    def _lose(self, one: _Try, message: AttemptBegan | AttemptDone | AttemptBroke) -> None:
        """An executor owes an end of each attempt: where no limit makes the conductor ask, it tells of the silence."""
        if isinstance(message, AttemptBegan):
            one.is_known = False
            return
        if one.is_watched:
            return
        failure = Failure(FailureKind.INFRASTRUCTURE, "Nothing was heard of the worker.")
        broke = AttemptBroke(message.attempt_id, message.fence, failure, Usage(), self._now() + UNHEARD_S)
        self._shop.timeline.after(UNHEARD_S, self._process.deliver, broke)

    def _is_gone(self) -> bool:
        return self.is_closed and not self._shop.history.strays

    def _now(self) -> float:
        return self._shop.timeline.clock + self._shop.history.skew_s

    def _chance(self, spec: AttemptSpec, what: int) -> float:
        place = self._shop.places.position[spec.node]
        return self._shop.history.chance(what, self._process.run, place, spec.item, spec.number)
