"""The states of runs, step runs and attempts, and the kinds of failure: the same words in every place."""

from enum import StrEnum


class State(StrEnum):
    """Where a run, a step run, a map item or an attempt stands."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    REUSED = "reused"

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow this state."""
        return self in _FINAL

    @property
    def has_value(self) -> bool:
        """Whether a step in this state has given its value."""
        return self in (State.SUCCEEDED, State.REUSED)


_FINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.SKIPPED, State.REUSED})


class FailureKind(StrEnum):
    """Why an attempt failed. Retries are counted per kind."""

    USER_ERROR = "user_error"
    OUT_OF_MEMORY = "out_of_memory"
    INFRASTRUCTURE = "infrastructure"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
