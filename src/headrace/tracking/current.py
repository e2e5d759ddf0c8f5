"""Which attempt this process is in, for user code that asks or logs. One attempt at a time, for all threads."""

from msgspec import Struct

from headrace.core.ids import new_id
from headrace.ports.executors import NO_ITEM
from headrace.tracking.buffer import TrackingBuffer


class CurrentRun(Struct, frozen=True):
    """Where user code stands.

    `item` is the position in a map (None outside one), `attempt` counts from 1. `idempotency_key` is the same over
    all attempts of a step run (or of an item): send it along with effects. Outside a run, `is_run` is False, texts are
    empty, and the key is a new one each time, so that two plain calls are never taken for one.
    """

    run_id: str
    pipeline: str
    step: str
    item: int | None
    attempt: int
    idempotency_key: str

    @property
    def is_run(self) -> bool:
        """Whether this is a step of a run."""
        return bool(self.run_id)


class _Here:
    buffer: TrackingBuffer | None = None


def current_run() -> CurrentRun:
    """The run, step and attempt that this code is part of."""
    buffer = _Here.buffer
    if buffer is None:
        return CurrentRun("", "", "", None, 0, new_id())
    spec = buffer.spec
    item = None if spec.item == NO_ITEM else spec.item
    key = spec.idempotency_key
    return CurrentRun(spec.run_id, spec.pipeline, spec.node, item, spec.number, key)


def current_buffer() -> TrackingBuffer | None:
    """Where calls of this process log to; None outside an attempt."""
    return _Here.buffer


def enter_attempt(buffer: TrackingBuffer) -> None:
    """From now on, calls in this process belong to this attempt."""
    _Here.buffer = buffer


def leave_attempt() -> None:
    """From now on, calls in this process belong to no attempt and do nothing."""
    _Here.buffer = None
