"""The rows behind a code key: what is written down of a reached binding, when docstrings and names of locals count."""

import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

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


class Place(NamedTuple):
    """A name of a module."""

    module: Module
    name: str

    @property
    def symbol(self) -> str:
        """`module:name`."""
        return f"{self.module.label}:{self.name}"


class Reading(NamedTuple):
    """With what else a key reads its code: words of strings that may name locals, and whether docstrings count."""

    words: frozenset[str] = frozenset()
    docs: bool = False


def reads_docstrings(readers: Iterable[Hit]) -> bool:
    """Whether one of these decorators or bases is a library's that may look at docstrings."""
    tops = [hit.name.partition(".")[0] for hit in readers if hit.module is None]
    return any(top not in _NO_DOC_READERS and top not in sys.stdlib_module_names for top in tops)


def binding_rows(place: Place, pieces: Sequence[Piece], reading: Reading) -> list[CodeRow]:
    """The rows of a binding: one for the name, one for each method of a class. What led to it is still left out."""
    file = place.module.file
    parts = list(dict.fromkeys(text for piece in pieces for text in _texts(place, piece, reading)))
    rows = [CodeRow(place.symbol, combined(parts), file, pieces[0].first_line, pieces[0].last_line)]
    members: dict[str, list[CodeRow]] = {}
    for piece in pieces:
        for one in piece.members:
            print_ = _member_print(one, reading)
            row = CodeRow(f"{place.symbol}.{one.name}", print_, file, one.first_line, one.last_line)
            members.setdefault(one.name, []).append(row)
    for same in members.values():
        print_ = combined([row.fingerprint for row in same])
        rows.append(replace(same[0], fingerprint=print_) if len(same) > 1 else same[0])
    return rows


def piece_print(piece: Piece, reading: Reading) -> str:
    """The fingerprint of a statement."""
    doc = [f"doc {piece.doc}"] if piece.doc and reading.docs else []
    return combined([piece.fingerprint, *_named(piece.locals, reading), *doc])


def combined(parts: Sequence[str]) -> str:
    """One fingerprint of several."""
    return parts[0] if len(parts) == 1 else digest_parts(parts)[:FINGERPRINT_LENGTH]


def _texts(place: Place, piece: Piece, reading: Reading) -> list[str]:
    if piece.kind != "import":
        return [piece_print(piece, reading)]
    condition = f" if {piece.fingerprint}" if piece.fingerprint else ""
    texts: list[str] = []
    for alias, level, imported, part in piece.imports:
        if alias == place.name:
            absolute = absolute_name(place.module, level, imported)
            texts.append(f"import {absolute}{':' if part else ''}{part}{condition}")
    return texts


def _named(names: tuple[str, ...], reading: Reading) -> list[str]:
    """The locals that a string in a reached constant names: a query kept apart from the function that runs it."""
    if reading.words.isdisjoint(names):
        return []
    return [f"{number}={name}" for number, name in enumerate(names) if name in reading.words]


def _member_print(member: Member, reading: Reading) -> str:
    doc = [f"doc {member.doc}"] if member.doc and reading.docs else []
    return combined([member.fingerprint, *_named(member.locals, reading), *doc])
