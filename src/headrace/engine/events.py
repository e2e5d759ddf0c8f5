"""What the run machine is told: a closed union of frozen events, each with the time at which it happened.

Three families: about the run, answers to the machine's own questions, and messages about attempts.
"""

from msgspec import Struct, field

from headrace.core.failures import Failure
from headrace.core.values import Value
from headrace.plan.keys import KeyParts
from headrace.ports.executors import Usage, WorkerIdentity


class RunStarted(Struct, frozen=True):
    """The run begins, or goes on after `Machine.restore`."""

    at: float


class CancelRequested(Struct, frozen=True):
    """Somebody wants the run to end."""

    at: float


class TimePassed(Struct, frozen=True):
    """Time has gone on; whatever was to happen by now happens."""

    at: float


class ClockLeapt(Struct, frozen=True):
    """The clock has gone on by this without the time: the machine has slept, or somebody has set it."""

    at: float
    by_s: float


class TurnEnded(Struct, frozen=True):
    """All that came together has been handled: the machine hands out the records that changed."""

    at: float


RunEvents = RunStarted | CancelRequested | TimePassed | ClockLeapt | TurnEnded


class Expanded(Struct, frozen=True):
    """Answer to Expand: the members of the object with this digest, or why they cannot be had."""

    at: float
    node: str
    digest: str
    outcome: Value | Failure


class Gathered(Struct, frozen=True):
    """Answer to Gather: the list over a map's items, or why it cannot be stored."""

    at: float
    node: str
    outcome: Value | Failure


class Reuse(Struct, frozen=True):
    """A stored result may stand for the item: its value, the attempt that made it and that attempt's run."""

    key: str
    output: Value
    made_by: str
    made_in: str


class Missing(Struct, frozen=True):
    """No stored result may stand for the item, for this reason."""

    key: str
    reason: str


class Held(Struct, frozen=True):
    """The same is being computed by run `run_id` (this one, if another of its steps has the same key)."""

    key: str
    run_id: str


Answer = Reuse | Missing | Held


class LookedUp(Struct, frozen=True):
    """Answer to LookUp: one answer an item, and the parts of the step run's key (None if there are none to tell)."""

    at: float
    node: str
    answers: tuple[tuple[int, Answer], ...]
    parts: KeyParts | None = None


class ClaimFreed(Struct, frozen=True):
    """Items that were held by another step of this run can be looked up again."""

    at: float
    node: str
    items: tuple[int, ...]


class Verified(Struct, frozen=True):
    """Answer to Verify: the digests of those objects that are damaged or gone, and what is wrong with the first."""

    at: float
    node: str
    index: int
    damaged: tuple[str, ...] = ()
    message: str = ""


Answers = Expanded | Gathered | LookedUp | ClaimFreed | Verified


class AttemptStarted(Struct, frozen=True):
    """A worker has begun an attempt: at that time by its clock, heard of at this one by that of the conductor."""

    at: float
    attempt_id: str
    fence: int
    worker: WorkerIdentity
    heard_at: float = 0.0


class AttemptSucceeded(Struct, frozen=True):
    """An attempt has stored its output."""

    at: float
    attempt_id: str
    fence: int
    output: Value
    usage: Usage = field(default_factory=Usage)


class AttemptFailed(Struct, frozen=True):
    """An attempt has ended without an output."""

    at: float
    attempt_id: str
    fence: int
    failure: Failure
    usage: Usage = field(default_factory=Usage)


class WorkerLost(Struct, frozen=True):
    """The process of an attempt is gone and will not report."""

    at: float
    attempt_id: str
    fence: int
    message: str


AttemptEvents = AttemptStarted | AttemptSucceeded | AttemptFailed | WorkerLost

Event = RunEvents | Answers | AttemptEvents
