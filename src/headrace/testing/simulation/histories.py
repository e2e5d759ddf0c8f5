"""A history as data: a graph, the runs of it, and all that goes wrong. The same history always goes the same way.

Everything that chance decides follows from the seed and from what it is about, so that a history from which something
was taken away still goes as before where that had no part in it.
"""

from enum import StrEnum

from msgspec import Struct

from headrace.definition.graph import Graph


class FaultKind(StrEnum):
    """What can go wrong; `GROUPS` says what its number counts."""

    MESSAGE_LOST = "message lost"
    MESSAGE_LATE = "message late"
    MESSAGE_TWICE = "message twice"
    WORKER_DIES = "worker dies"
    WORKER_SILENT = "worker says nothing"
    WORKER_SLOW = "worker is slow"
    WORKER_DEAF = "worker ignores a stop"
    LAUNCH_REFUSED = "launch refused"
    WRITE_FAILS = "write fails"
    WRITE_ANSWER_LOST = "write is applied, its answer lost"
    WRITE_SLOW = "write is slow"
    CRASH_BEFORE_WRITE = "crash before a write"
    CRASH_AFTER_WRITE = "crash after a write"
    REPLACED_BEFORE_WRITE = "replaced before a write"
    CALL_FAILS = "store call fails"
    CALL_SLOW = "store call is slow"
    CRASH_AT_CALL = "crash at a call"
    GATHER_FAILS = "gather fails"
    EXPAND_FAILS = "expand fails"
    CHECK_FAILS = "check fails"
    OBJECT_LOST = "object lost"
    CLOCK_JUMPS = "clock jumps"
    CANCELLED = "cancelled"
    KILLED = "killed"
    FROZEN = "frozen and replaced"
    RENAMED = "renamed"


class Group(StrEnum):
    """What the number of a fault counts, over the whole history; TIME: seconds since its begin."""

    MESSAGE = "message"
    LAUNCH = "launch"
    WRITE = "write"
    CALL = "call"
    GATHER = "gather"
    EXPAND = "expand"
    CHECK = "check"
    TIME = "time"


_BY_GROUP = {
    Group.MESSAGE: "MESSAGE_LOST MESSAGE_LATE MESSAGE_TWICE",
    Group.LAUNCH: "WORKER_DIES WORKER_SILENT WORKER_SLOW WORKER_DEAF LAUNCH_REFUSED",
    Group.WRITE: "WRITE_FAILS WRITE_ANSWER_LOST WRITE_SLOW CRASH_BEFORE_WRITE CRASH_AFTER_WRITE REPLACED_BEFORE_WRITE",
    Group.CALL: "CALL_FAILS CALL_SLOW CRASH_AT_CALL",
    Group.GATHER: "GATHER_FAILS OBJECT_LOST",
    Group.EXPAND: "EXPAND_FAILS",
    Group.CHECK: "CHECK_FAILS",
    Group.TIME: "CLOCK_JUMPS CANCELLED KILLED FROZEN RENAMED",
}
GROUPS = {FaultKind[name]: group for group, names in _BY_GROUP.items() for name in names.split()}
"""Which group a kind of fault belongs to."""


class Fault(Struct, frozen=True):
    """One thing that goes wrong: at the n-th message, launch, write …, or at a time.

    `run` is the number of the run that is meant, `amount` seconds: of delay, of slowness, of a jump.
    """

    kind: FaultKind
    at: float
    run: int = 0
    amount: float = 0.0

    def __str__(self) -> str:
        group = GROUPS[self.kind]
        place = f"at {self.at:.2f} s, run {self.run + 1}" if group is Group.TIME else f"at {group} {self.at:.0f}"
        return f"{self.kind} ({place}{f', {self.amount:+.2f} s' if self.amount else ''})"


class SimulatedRun(Struct, frozen=True):
    """One run: its parameter, its begin in seconds, and how it is conducted."""

    parameter: int
    begins_at: float = 0.0
    capacity: int = 2
    fail_fast: bool = False


class History(Struct, frozen=True):
    """All that is decided before a history begins.

    `bad` are (position of a node, sum of what it gets, modulo 4) that fail at every attempt; `flaky` are positions of
    nodes with retries whose first attempt fails. With `strays`, workers outlive their conductor and report to the next.
    `skew_s` is how far the clock of workers is ahead.
    """

    seed: int
    graph: Graph
    runs: tuple[SimulatedRun, ...]
    faults: tuple[Fault, ...]
    bad: frozenset[tuple[int, int]] = frozenset()
    flaky: frozenset[int] = frozenset()
    strays: bool = False
    skew_s: float = 0.0

    def chance(self, *about: int) -> float:
        """A number from 0 to 1 that depends on nothing but the seed and these numbers."""
        return (hash((self.seed, *about)) & 0xFFFFFF) / 0x1000000
