"""Errors of the executors.

InfrastructureError
└── WorkerStartError         a worker process could not be started
UsageError
└── ExecutorClosedError      an attempt was given to an executor that is closed
"""

from headrace.core.errors import InfrastructureError, UsageError


class WorkerStartError(InfrastructureError):
    """A worker process could not be started."""

    code = "executors.worker-start"

    def __init__(self, command: str, reason: str) -> None:
        self.command, self.reason = command, reason
        super().__init__(f"A worker process could not be started: {reason} (its command was: {command})")


class ExecutorClosedError(UsageError):
    """An attempt was given to an executor that is closed."""

    code = "executors.closed"

    def __init__(self) -> None:
        super().__init__("This executor is closed and takes no attempts; make a new one for the next run.")
