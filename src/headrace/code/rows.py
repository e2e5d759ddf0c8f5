"""The rows behind a code key, and which docstrings and names of locals count in them."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace

from headrace.code.modules import Module
from headrace.code.pieces import Member, Piece
from headrace.code.resolving import Hit, absolute_name
from headrace.code.trees import FINGERPRINT_LENGTH
from headrace.core.digests import digest_parts
from headrace.ports.code import CodeRow

_NO_DOC_READERS = {
    *("headrace", "numpy", "pandas", "polars", "pyarrow", "scipy", "sklearn", "torch", "numba", "joblib", "lightgbm"),
    *("xgboost", "catboost", "attr", "attrs", "pytest", "tqdm", "narwhals", "skops"),
}
"""Libraries known not to look at the docstrings of what they decorate or are the base of."""


@dataclass(frozen=True, slots=True)
class Place:
    """A reached name of a module, and the symbol that led to it."""

    module: Module
    name: str
    through: str

    @property
    def symbol(self) -> str:
        """`module:name`."""
        return f"{self.module.label}:{self.name}"


class RowWriter:
    """Collects what has been reached, and writes rows once all of it is known."""

    def __init__(self) -> None:
        self._bindings: list[tuple[Place, list[Piece]]] = []
        self._effects: dict[str, tuple[Place, list[tuple[Piece, str]]]] = {}
        self._binaries: list[CodeRow] = []
        self._docs: list[CodeRow] = []
        self._words: set[str] = set()
        self._reads_docs = False
        self._documented: set[int] = set()

    def add_binding(self, place: Place, pieces: list[Piece]) -> None:
        """A reached name with the statements that bind or mutate it."""
        self._bindings.append((place, pieces))
        self._look_at(pieces)

    def add_effect(self, place: Place, piece: Piece, registered: str) -> None:
        """A statement that importing a module runs, or the definition of the name that it registers."""
        _, effects = self._effects.setdefault(place.symbol, (place, []))
        if (piece, registered) not in effects:
            effects.append((piece, registered))
            self._look_at([piece])

    def add_binary(self, module: Module, digest: str, through: str) -> None:
        """An extension module of the project: all of its bytes."""
        symbol = f"{module.label}:<binary>"
        self._binaries.append(CodeRow(symbol, digest[:FINGERPRINT_LENGTH], module.file, 0, 0, through))

    def add_docstring(self, module: Module, doc: str, through: str) -> None:
        """A module's docstring, which counts where docstrings are read."""
        self._docs.append(CodeRow(f"{module.label}:__doc__", doc, module.file, 1, 1, through))

    def note_doc_readers(self, piece: Piece, readers: Iterable[Hit]) -> None:
        """Decide whether a library may read the docstrings of a piece."""
        for hit in readers:
            top = hit.name.partition(".")[0]
            if hit.module is None and top not in _NO_DOC_READERS and not _is_standard(top):
                self._documented.add(id(piece))

    def rows(self) -> list[CodeRow]:
        """All rows, by symbol."""
        found: dict[str, CodeRow] = {row.symbol: row for row in self._binaries}
        for place, pieces in self._bindings:
            found.update((row.symbol, row) for row in self._rows_of(place, pieces))
        if self._reads_docs:
            found.update((row.symbol, row) for row in self._docs)
        for symbol, (place, effects) in self._effects.items():
            parts = [name or self._fingerprint(piece) for piece, name in effects]
            first = min(piece.first_line for piece, _ in effects)
            last = max(piece.last_line for piece, _ in effects)
            found[symbol] = CodeRow(symbol, _combined(parts), place.module.file, first, last, place.through)
        return [row for _, row in sorted(found.items())]

    def _look_at(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            self._words.update(piece.words)
            self._reads_docs = self._reads_docs or piece.reads_docs

    def _rows_of(self, place: Place, pieces: list[Piece]) -> list[CodeRow]:
        file, through = place.module.file, place.through
        parts = list(dict.fromkeys(text for piece in pieces for text in self._texts(place, piece)))
        own = CodeRow(place.symbol, _combined(parts), file, pieces[0].first_line, pieces[0].last_line, through)
        members: dict[str, list[CodeRow]] = {}
        for piece in pieces:
            for one in piece.members:
                symbol = f"{place.symbol}.{one.name}"
                print_ = self._member_fingerprint(piece, one)
                row = CodeRow(symbol, print_, file, one.first_line, one.last_line, through)
                members.setdefault(symbol, []).append(row)
        return [own, *(_joined(same) for same in members.values())]

    def _texts(self, place: Place, piece: Piece) -> list[str]:
        if piece.kind != "import":
            return [self._fingerprint(piece)]
        condition = f" if {piece.fingerprint}" if piece.fingerprint else ""
        texts: list[str] = []
        for alias, level, imported, part in piece.imports:
            if alias == place.name:
                absolute = absolute_name(place.module, level, imported)
                texts.append(f"import {absolute}{':' if part else ''}{part}{condition}")
        return texts

    def _fingerprint(self, piece: Piece) -> str:
        parts = [piece.fingerprint, *self._named(piece.locals)]
        if piece.doc and self._doc_counts(piece):
            parts.append(f"doc {piece.doc}")
        return _combined(parts)

    def _named(self, names: tuple[str, ...]) -> list[str]:
        """The locals that a string in a reached constant names: a query kept apart from the function that runs it."""
        return [f"{number}={name}" for number, name in enumerate(names) if name in self._words]

    def _member_fingerprint(self, piece: Piece, member: Member) -> str:
        doc = [f"doc {member.doc}"] if member.doc and self._doc_counts(piece) else []
        return _combined([member.fingerprint, *self._named(member.locals), *doc])

    def _doc_counts(self, piece: Piece) -> bool:
        return self._reads_docs or id(piece) in self._documented


def _is_standard(top: str) -> bool:
    return top in sys.stdlib_module_names


def _combined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else digest_parts(parts)[:FINGERPRINT_LENGTH]


def _joined(rows: list[CodeRow]) -> CodeRow:
    return replace(rows[0], fingerprint=_combined([row.fingerprint for row in rows]))
