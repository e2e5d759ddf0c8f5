"""The port to the code that this process holds in memory, to be compared with the sources that a plan was made from."""

from collections.abc import Iterable
from typing import Protocol

from headrace.core.symbols import Symbol
from headrace.ports.code import Code


class LiveCode(Protocol):
    """Compares modules of this process with their files."""

    def check(self, codes: Iterable[Code], *, given: tuple[Symbol, object] | None = None) -> None:
        """Raise SourceError if something that these codes reach was edited after this process had imported it.

        `given` is an object that the caller holds beside its modules, a pipeline, with its symbol. Modules that are not
        imported, and those that were reloaded, are as their files say.
        """
        ...
