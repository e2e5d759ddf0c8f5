"""The port to processes that share a store: who am I, and is that one still alive."""

from typing import Protocol

from headrace.ports.executors import WorkerIdentity


class Processes(Protocol):
    """Life is pid and start time (rule 19): no heartbeat, no clock."""

    def me(self) -> WorkerIdentity:
        """This process."""
        ...

    def is_alive(self, who: WorkerIdentity) -> bool:
        """Whether that process lives, also if the machine or a container has another name by now, or was restarted."""
        ...
