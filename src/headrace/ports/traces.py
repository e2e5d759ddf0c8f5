"""The port to what an attempt touches beside its arguments (KEYS.md of the design: the trace)."""

from collections.abc import Sequence
from typing import Protocol

from headrace.ports.code import Touched


class Tracer(Protocol):
    """Watches one attempt at a time in this process, and notes all the time with which content the project's modules
    are loaded; costs next to nothing between attempts.

    A `closure` are the project's files that the key covers already: path relative to the root, digest of the planned
    content.
    """

    def start(self, closure: Sequence[tuple[str, str]], paths: Sequence[str] = ()) -> None:
        """Begin to watch an attempt whose key covers these files.

        `paths` are texts that may name files which native code reads: those that do, and that the attempt does not
        write, count as read.
        """
        ...

    def note_returned(self, paths: Sequence[str]) -> None:
        """The attempt returns these paths: storing them reads the files and folders that it did not make."""
        ...

    def finish(self) -> Touched:
        """End watching.

        Files read (not those the step wrote itself) with their digests, and project modules loaded outside the
        closure.
        """
        ...

    def settled(self, touched: Touched) -> Touched:
        """What `finish` gave, once the output is stored: what was returned and has changed meanwhile is unstable."""
        ...

    def edited(self, closure: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """The files of a closure whose module this process has loaded with another content than was planned.

        A file that was edited after its module had been loaded is none of them: the planned code is in memory.
        """
        ...

    def reread(self, closure: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """The files that modules of a closure read when this process imported them, and that have changed since."""
        ...
