"""Source code, read only where the store does not remember it: a run that reuses everything parses nothing."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from headrace.code.stamps import ClosureMemo
from headrace.core.errors import SourceError
from headrace.core.symbols import Symbol
from headrace.ports.code import Code, CodeReader
from headrace.ports.stores import MemoStore


class LateCodeReader:
    """Satisfies `ports.code.CodeReader`; makes the real reader when something has to be read.

    Digests of classes and functions in values are kept in the store, under a stamp of the files that they reach.
    """

    def __init__(self, root: Path, memos: MemoStore, make: Callable[[], CodeReader]) -> None:
        self._memo = ClosureMemo(root, memos)
        self._make = make
        self._reader: CodeReader | None = None
        self._entries: tuple[Symbol, ...] = ()

    def begin(self, entries: Sequence[Symbol]) -> None:
        """Say which modules the process of a run imports in any case; see the port."""
        self._entries = tuple(entries)
        if self._reader is not None:
            self._reader.begin(entries)

    def code_of(self, symbol: Symbol) -> Code:
        """The code of a step's function; see the port."""
        return self._real().code_of(symbol)

    def class_digest(self, name: str) -> str:
        """The digest of a project class; see the port."""
        asked = f"class {name} beside {' '.join(map(str, self._entries))}"
        kept = self._memo.recall(asked)
        if kept is not None:
            return kept
        digest = self._real().class_digest(name)
        module, _, qualname = name.partition(":")
        if digest and module != "__main__":
            with suppress(SourceError):  # it is gone: what it was computed from was an older project
                self._memo.keep(asked, self._files_behind(Symbol(module, qualname)), digest)
        return digest

    def files_of(self, module_name: str, file: str = "") -> tuple[tuple[str, str], ...]:
        """The project's files that importing a module reads; see the port."""
        return self._real().files_of(module_name, file)

    def _files_behind(self, symbol: Symbol) -> tuple[tuple[str, str], ...]:
        found = dict(self._real().code_of(symbol).files)
        for entry in self._entries:  # another one of their modules may change what is reached
            found.update(self._real().files_of(entry.module, entry.file))
        return tuple(sorted(found.items()))

    def _real(self) -> CodeReader:
        if self._reader is None:
            self._reader = self._make()
            self._reader.begin(self._entries)
        return self._reader
