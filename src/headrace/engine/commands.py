"""What the run machine wants done: a closed union of frozen commands, carried out by the conductor.

Questions are answered by one event each; launches by the messages of an attempt; the rest is written down.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from headrace.core.failures import Failure
from headrace.core.states import State
from headrace.core.values import ObjectValue, Value
from headrace.ports.records import AttemptRecord, StepRunRecord
from headrace.ports.story import EventType

Arguments = tuple[tuple[str, Value], ...]


class Expand(Struct, frozen=True):
    """Answer with the members of an object (Expanded); `node` is empty for the run's output."""

    node: str
    value: ObjectValue


class Gather(Struct, frozen=True):
    """Answer with one value for a list of members (Gathered)."""

    node: str
    members: tuple[Value, ...]


class LookUp(Struct, frozen=True):
    """Answer whether stored results may stand for these items (LookedUp).

    `whole` are the arguments of the step run with whole lists for `each`; empty if they were asked for before.
    `refresh` forbids results of other runs.
    """

    node: str
    items: tuple[tuple[int, Arguments], ...]
    whole: Arguments = ()
    refresh: bool = False


class Verify(Struct, frozen=True):
    """Answer whether the objects of these values are there and whole (Verified).

    They are what item `index` of a node gets; with an empty `node`, the run's output.
    """

    node: str
    index: int
    values: tuple[Value, ...]


Questions = Expand | Gather | LookUp | Verify


class LaunchAttempt(Struct, frozen=True):
    """Start an attempt once everything before it is written.

    `is_wary`: an earlier attempt took its process with it, so the calling process may not run this one.
    """

    attempt_id: str
    node: str
    item: int
    number: int
    fence: int
    arguments: Arguments
    is_wary: bool = False


class StopAttempt(Struct, frozen=True):
    """Ask an attempt to end."""

    attempt_id: str
    grace_s: float


class WakeAt(Struct, frozen=True):
    """Send TimePassed at this time; replaces the time asked for before. None: nothing is waited for."""

    at: float | None


Deeds = LaunchAttempt | StopAttempt | WakeAt


class ItemEnded(Struct, frozen=True):
    """An item (or a step run that is no map) that had been looked up is final; its claim can be given back.

    With an output, it was computed by this attempt, and the result is to be stored.
    """

    node: str
    item: int
    state: State
    attempt_id: str = ""
    output: Value | None = None


class ItemReused(Struct, frozen=True):
    """An item of a map takes the value that this attempt of another run has made."""

    node: str
    item: int
    made_by: str
    made_in: str


class Reopened(Struct, frozen=True):
    """A step that had its value computes it again: what it was reused from is not shown any more."""

    node: str


class RecordStep(Struct, frozen=True):
    """A step run as it stands now."""

    record: StepRunRecord


class RecordAttempt(Struct, frozen=True):
    """An attempt as it stands now."""

    record: AttemptRecord


class Note(Struct, frozen=True):
    """A line of the run's story."""

    at: float
    type: EventType
    node: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


class FinishRun(Struct, frozen=True):
    """The run is final; nothing follows but the records of the turn."""

    at: float
    state: State
    output: Value | None = None
    failure: Failure | None = None


Records = ItemEnded | ItemReused | Reopened | RecordStep | RecordAttempt | Note | FinishRun

Command = Questions | Deeds | Records
