"""The port between an executor and its workers: what a worker can do, and what they say to each other over a pipe."""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from headrace.ports.executors import (
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    AttemptSpec,
    LogLines,
    TrackingBatch,
    WorkerIdentity,
    WorkerMessage,
)

COMMANDS_FD = 3
"""Where a worker process reads frames from its executor."""
REPORTS_FD = 4
"""Where a worker process writes frames to its executor."""
OUT_FD = 5
"""The reading end of the pipe that is the worker's descriptor 1."""
ERR_FD = 6
"""The reading end of the pipe that is the worker's descriptor 2."""
LIFE_FD = 7
"""A pipe that nobody writes to: it closes when the executor's process dies."""

Report = Callable[[WorkerMessage], None]
Lines = Sequence[tuple[float, str, str]]


class RunAttempt(Struct, frozen=True):
    """To a worker that is free: run this attempt."""

    spec: AttemptSpec


class WorkerReady(Struct, frozen=True):
    """From a worker process, once: it can take attempts."""

    worker: WorkerIdentity


class WorkerFree(Struct, frozen=True):
    """From a worker process after each attempt.

    `residue` says what the attempt left behind (rule 21); a worker with a residue has to be ended.
    """

    attempt_id: str
    residue: str = ""


Frame = RunAttempt | WorkerReady | WorkerFree | AttemptBegan | AttemptDone | AttemptBroke | TrackingBatch | LogLines


class FrameDecoder(Protocol):
    """Cuts a stream of bytes into frames."""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that these bytes complete, in order; raises WireError for bytes that are none."""
        ...


class Wire(Protocol):
    """Frames as bytes: what `encode` writes, a decoder gives back exactly."""

    def encode(self, frame: Frame) -> bytes:
        """One frame as bytes, with its length in front."""
        ...

    def decoder(self) -> FrameDecoder:
        """A decoder for a new stream."""
        ...


class Worker(Protocol):
    """Runs attempts in the process that it is in, one at a time."""

    def run(self, spec: AttemptSpec, report: Report) -> None:
        """Run an attempt to its end.

        Reports AttemptBegan, batches, and exactly one AttemptDone or AttemptBroke; then KeyboardInterrupt passes on
        if somebody pressed Ctrl-C meanwhile. Nothing else is raised.
        """
        ...

    def interrupt(self, attempt_id: str) -> None:
        """Ask the attempt to end: its code gets a KeyboardInterrupt at its next return to Python. From any thread."""
        ...

    def finish_log(self, spec: AttemptSpec, left: Lines, *, told: int) -> Lines:
        """Complete the log of an attempt whose process died: add the lines that were left in its pipes.

        Returns the last lines (at most a thousand) after the first `told`: those that nobody has been told of.
        """
        ...
