"""What the machine keeps of a step run and of an attempt's lease while they are under way."""

import heapq

from msgspec import Struct, field
from msgspec.structs import replace

from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.core.values import Value
from headrace.definition.graph import Node
from headrace.engine.identities import log_path
from headrace.engine.items import NO_ITEMS, ItemStates
from headrace.plan.bindings import MapItems
from headrace.plan.keys import KeyParts
from headrace.ports.executors import NO_ITEM, Usage, WorkerIdentity
from headrace.ports.records import AttemptRecord, StepRunRecord


class Tries(Struct, eq=False):
    """What is behind an item that did not succeed at once: its attempts, its failures by kind, whether one of them was
    lost with its process, and (`spent`) the failure after which it is not tried again."""

    attempts: int = 0
    is_lost: bool = False
    spent: Failure | None = None
    failures: dict[FailureKind, int] = field(default_factory=dict)

    def count(self, kind: FailureKind) -> int:
        """Count one more failure of this kind; returns how many there are by now."""
        self.failures[kind] = self.failures.get(kind, 0) + 1
        self.is_lost = self.is_lost or kind is FailureKind.INFRASTRUCTURE
        return self.failures[kind]


class StepRun(Struct, eq=False):
    """One step of the run. A node that is no map has one item, number 0 in here and NO_ITEM outside.

    `waiting` counts the nodes that have to be final first. `output` is the value that others see; `partial` the list
    of those items of a failed map that succeeded; `root` the failed step that hinders this one;
    `mending` the last attempts of items whose inputs are damaged (`verifying`: may be), `mendings` how often its own
    value was (`damaged`: the objects); `held_by` the run that is waited for; `is_wary` if an attempt has taken its
    process with it.
    """

    node: Node
    position: int
    id: str
    is_map: bool
    waiting: int = 0
    followers: list["StepRun"] = field(default_factory=list)
    state: State = State.PENDING
    reason: str = ""
    failure: Failure | None = None
    root: str = ""
    output: Value | None = None
    partial: Value | None = None
    key: str = ""
    parts: KeyParts | None = None
    made_by: str = ""
    made_in: str = ""
    started_at: float | None = None
    finished_at: float | None = None
    arguments: MapItems | None = None
    items: ItemStates = NO_ITEMS
    outputs: list[Value | None] = field(default_factory=list)
    cursor: int = 0
    looking: int = 0
    open: int = 0
    is_gathering: bool = False
    ready: list[int] = field(default_factory=list)
    held_here: set[int] = field(default_factory=set)
    held_elsewhere: set[int] = field(default_factory=set)
    held_rounds: int = 0
    held_by: str = ""
    tries: dict[int, Tries] = field(default_factory=dict)
    mending: dict[int, "Lease"] = field(default_factory=dict)
    verifying: set[int] = field(default_factory=set)
    mendings: int = 0
    damaged: set[str] = field(default_factory=set)
    fence: int = 0
    told: int = 0
    is_wary: bool = False
    changed: int = 0
    recorded_at: float = 0.0

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.name

    @property
    def can_launch(self) -> bool:
        """Whether an item is ready and the step's own limit lets it start."""
        limit = self.node.step.max_parallel
        return bool(self.ready) and (limit is None or self.open < limit)

    @property
    def is_cut_short(self) -> bool:
        """Whether it, or any of its items, was cancelled."""
        return self.state is State.CANCELLED or self.items.count(State.CANCELLED) > 0

    def number_of(self, index: int) -> int:
        """The number by which the outside knows an item."""
        return index if self.is_map else NO_ITEM

    def offer(self, index: int) -> None:
        """Put an item among those that are ready."""
        heapq.heappush(self.ready, index)

    def take(self) -> int:
        """The ready item with the lowest number."""
        return heapq.heappop(self.ready)

    def release_memory(self) -> None:
        """Forget what only a step run under way needs."""
        self.arguments = None
        self.mending = {}
        self.verifying = set()
        self.outputs = []
        self.ready = []
        self.tries = {}

    def record(self, run_id: str) -> StepRunRecord:
        """This step run as it is stored."""
        return StepRunRecord(
            id=self.id,
            run_id=run_id,
            node=self.node.name,
            state=self.state,
            position=self.position,
            key=self.key,
            parts=self.parts,
            output=self.output,
            items=self.items.block() if self.is_map and self.items is not NO_ITEMS else None,
            made_by=self.made_by,
            made_in=self.made_in,
            failure=self.failure,
            reason=self.reason,
            started_at=self.started_at,
            finished_at=self.finished_at,
        )


class Lease(Struct, eq=False):
    """An open attempt: who may report, under which fencing number, and why it is being stopped, if it is."""

    attempt_id: str
    step: StepRun
    index: int
    number: int
    fence: int
    created_at: float
    state: State = State.QUEUED
    worker: WorkerIdentity | None = None
    started_at: float | None = None
    finished_at: float | None = None
    usage: Usage = field(default_factory=Usage)
    failure: Failure | None = None
    stopping: FailureKind | None = None
    deadline: float | None = None

    def record(self, run_id: str) -> AttemptRecord:
        """This attempt as it is stored."""
        return AttemptRecord(
            id=self.attempt_id,
            run_id=run_id,
            step_run_id=self.step.id,
            node=self.step.name,
            item=self.step.number_of(self.index),
            number=self.number,
            fence=self.fence,
            state=self.state,
            created_at=self.created_at,
            worker=self.worker,
            started_at=self.started_at,
            finished_at=self.finished_at,
            usage=self.usage,
            failure=self.failure,
            log_path=log_path(run_id, self.attempt_id),
        )


def failure_of_step(step: StepRun, failure: Failure) -> Failure:
    """The failure of a run that this step's failure caused."""
    return replace(failure, message=f"Step {step.name!r} failed: {failure.message}")


def failure_of_map(step: StepRun) -> Failure:
    """The failure of a map some of whose items failed: the first one's, with how many there are."""
    index, first = min(step.items.errors, key=lambda error: error[0])
    failed, width = step.items.count(State.FAILED), len(step.items)
    return replace(first, message=f"{failed} of {width} items failed; item {index}: {first.message}")
