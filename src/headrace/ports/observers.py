"""The port to whoever watches a run live: a terminal, a notebook, a server's stream."""

from typing import Protocol

from headrace.ports.executors import LogLines, Progress
from headrace.ports.records import RunEvent, RunRecord


class Observer(Protocol):
    """Told by the conductor, in its thread, after the store has it. Must return quickly and not raise."""

    def on_event(self, event: RunEvent) -> None:
        """A line of the run's story."""
        ...

    def on_lines(self, node: str, item: int, lines: LogLines) -> None:
        """Output of an attempt."""
        ...

    def on_progress(self, node: str, item: int, progress: Progress) -> None:
        """How far an attempt is."""
        ...

    def on_end(self, run: RunRecord) -> None:
        """The run is final."""
        ...
