"""Source code, read only where the store does not remember it: a run that reuses everything parses nothing."""

from collections.abc import Callable
from pathlib import Path

from headrace.code.stamps import ClosureMemo
from headrace.core.symbols import Symbol
from headrace.ports.code import Code, CodeReader
from headrace.ports.stores import MemoStore


class LateCodeReader:
    """Satisfies `ports.code.CodeReader`; makes the real reader when something has to be read.

    Digests of classes are kept in the store, under a stamp of the files that they reach.
    """

    def __init__(self, root: Path, memos: MemoStore, make: Callable[[], CodeReader]) -> None:
        self._memo = ClosureMemo(root, memos)
        self._make = make
        self._reader: CodeReader | None = None

    def code_of(self, symbol: Symbol) -> Code:
        """The code of a step's function; see the port."""
        return self._real().code_of(symbol)

    def class_digest(self, name: str) -> str:
        """The digest of a project class; see the port."""
        asked = f"class {name}"
        kept = self._memo.recall(asked)
        if kept is not None:
            return kept
        digest = self._real().class_digest(name)
        module, _, qualname = name.partition(":")
        if digest and module != "__main__":
            self._memo.keep(asked, self._real().code_of(Symbol(module, qualname)).files, digest)
        return digest

    def files_of(self, module_name: str, file: str = "") -> tuple[tuple[str, str], ...]:
        """The project's files that importing a module reads; see the port."""
        return self._real().files_of(module_name, file)

    def _real(self) -> CodeReader:
        if self._reader is None:
            self._reader = self._make()
        return self._reader
