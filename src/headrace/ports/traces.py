"""The port to what an attempt touches beside its arguments (KEYS.md of the design: the trace)."""

from collections.abc import Sequence
from typing import Protocol

from headrace.ports.code import Touched


class Tracer(Protocol):
    """Watches one attempt at a time in this process; costs nothing between attempts."""

    def start(self, closure: Sequence[str]) -> None:
        """Begin to watch; `closure` are the project's files (relative to the root) that the key covers already."""
        ...

    def note_read(self, kind: str, name: str, token: str) -> None:
        """Something was read through `hr.` (a model's alias, a table).

        Its kind, name and the token of its content.
        """
        ...

    def finish(self) -> Touched:
        """End watching.

        Files read (not those the step wrote itself) with their digests, and project modules loaded outside the
        closure.
        """
        ...
