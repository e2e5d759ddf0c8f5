"""What the run machine is told: a closed union of frozen events, each with the time at which it happened.

Three families: about the run, answers to the machine's own questions, and messages about attempts.
"""

from dataclasses import dataclass, field

from headrace.core.failures import Failure
from headrace.core.values import Value
from headrace.plan.keys import KeyParts
from headrace.ports.executors import Usage, WorkerIdentity


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run begins, or goes on after `Machine.restore`."""

    at: float


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody wants the run to end."""

    at: float


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Time has gone on; whatever was to happen by now happens."""

    at: float


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """All that came together has been handled: the machine hands out the records that changed."""

    at: float


RunEvents = RunStarted | CancelRequested | TimePassed | TurnEnded


@dataclass(frozen=True, slots=True)
class Expanded:
    """Answer to Expand: the members of the object with this digest, or why they cannot be had."""

    at: float
    node: str
    digest: str
    outcome: Value | Failure


@dataclass(frozen=True, slots=True)
class Gathered:
    """Answer to Gather: the list over a map's items, or why it cannot be stored."""

    at: float
    node: str
    outcome: Value | Failure


@dataclass(frozen=True, slots=True)
class Reuse:
    """A stored result may stand for the item: its value, the attempt that made it and that attempt's run."""

    key: str
    output: Value
    made_by: str
    made_in: str


@dataclass(frozen=True, slots=True)
class Missing:
    """No stored result may stand for the item, for this reason."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """The same is being computed by run `run_id` (this one, if another of its steps has the same key)."""

    key: str
    run_id: str


Answer = Reuse | Missing | Held


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Answer to LookUp: one answer an item, and the parts of the step run's key (None if there are none to tell)."""

    at: float
    node: str
    answers: tuple[tuple[int, Answer], ...]
    parts: KeyParts | None = None


@dataclass(frozen=True, slots=True)
class ClaimFreed:
    """Items that were held by another step of this run can be looked up again."""

    at: float
    node: str
    items: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """Answer to Verify: the digests of those objects that are damaged or gone, and what is wrong with the first."""

    at: float
    node: str
    index: int
    damaged: tuple[str, ...] = ()
    message: str = ""


Answers = Expanded | Gathered | LookedUp | ClaimFreed | Verified


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """A worker has begun an attempt."""

    at: float
    attempt_id: str
    fence: int
    worker: WorkerIdentity


@dataclass(frozen=True, slots=True)
class AttemptSucceeded:
    """An attempt has stored its output."""

    at: float
    attempt_id: str
    fence: int
    output: Value
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt has ended without an output."""

    at: float
    attempt_id: str
    fence: int
    failure: Failure
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The process of an attempt is gone and will not report."""

    at: float
    attempt_id: str
    fence: int
    message: str


AttemptEvents = AttemptStarted | AttemptSucceeded | AttemptFailed | WorkerLost

Event = RunEvents | Answers | AttemptEvents
