"""The index of one file as plain data: pieces (statements that bind, mutate or do something at import) by name.

Depends on the file's content alone, so it can be kept by its digest and read back from JSON.
"""

import json
import sys
from dataclasses import dataclass, field
from typing import Any, Literal

from headrace.code.scopes import ImportTarget

INDEX_FORMAT = f"headrace-index-1-{sys.version_info.major}.{sys.version_info.minor}"
"""Names what an index means; raised when that changes. Python's minor version, because its parser makes the tree."""

ATTRIBUTES = "<attributes>"
"""Among what a class mutates: it holds lists, dicts or sets of its own that all its instances share."""

Kind = Literal["function", "class", "import", "constant", "mutable", "logger", "other"]
Mode = Literal["always", "reads", "mutates", "subclass"]


@dataclass(frozen=True, slots=True)
class Member:
    """A method of a class with its own fingerprint."""

    name: str
    fingerprint: str
    doc: str
    first_line: int
    last_line: int
    locals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A statement at the head of a module (also inside an `if` there).

    `fingerprint` is the tree without docstrings (`doc` is their digest) and with numbers for `locals`. `words` are
    those of the strings in a constant. `imports` are the import targets bound in it, at the module's level or inside
    functions; `import_statements` the modules that functions in it import. `computed` as in `Findings`. `doc_readers`
    are the decorators and bases over it that may read its docstrings, `reads_docs` that it looks at docstrings itself.
    `mutates` are names of the module's scope that running it changes (ATTRIBUTES: those of a class).
    """

    kind: Kind
    fingerprint: str
    first_line: int
    last_line: int
    references: tuple[str, ...] = ()
    imports: tuple[ImportTarget, ...] = ()
    import_statements: tuple[tuple[int, str], ...] = ()
    locals: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    doc: str = ""
    doc_readers: tuple[str, ...] = ()
    reads_docs: bool = False
    mutates: tuple[str, ...] = ()
    computed: tuple[tuple[str, str, int], ...] = ()
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that importing the module does.

    `mode`: always; or if what `references` name reads or mutates module state ("reads", "mutates"); or if they name a
    class that registers its subclasses ("subclass"). `piece` is the statement's number, `name` the function or class
    that it registers (empty for a plain statement).
    """

    mode: Mode
    piece: int
    name: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileIndex:
    """What a file binds and does at import.

    `bindings` give for each name the numbers of the pieces that bind or mutate it, in order. `imports` are the import
    statements that run at import (level, module, name or empty); `stars` those with `*`; `unused` the imports that
    nothing in the file refers to (made for what they do).
    """

    bindings: dict[str, tuple[int, ...]]
    effects: tuple[Effect, ...]
    imports: tuple[tuple[int, str, str], ...]
    stars: tuple[tuple[int, str], ...]
    unused: tuple[tuple[int, str, str], ...]
    doc: str
    raw_pieces: list[Any]
    _pieces: dict[int, Piece] = field(default_factory=dict, compare=False, repr=False)

    def piece(self, number: int) -> Piece:
        """A piece by its number."""
        found = self._pieces.get(number)
        if found is None:
            found = self._pieces[number] = _read_piece(self.raw_pieces[number])
        return found

    def pieces_of(self, name: str) -> list[Piece]:
        """The pieces that bind or mutate a name, in the order of the source."""
        return [self.piece(number) for number in self.bindings.get(name, ())]

    def to_text(self) -> str:
        """This index as JSON."""
        effects = [[one.mode, one.piece, one.name, one.references] for one in self.effects]
        parts = [self.bindings, effects, self.imports, self.stars, self.unused, self.doc, self.raw_pieces]
        return json.dumps(parts, separators=(",", ":"))


def read_index(text: str) -> FileIndex:
    """The index that `to_text` wrote."""
    bindings, effects, imports, stars, unused, doc, pieces = json.loads(text)
    return FileIndex(
        {name: tuple(numbers) for name, numbers in bindings.items()},
        tuple(Effect(mode, piece, name, tuple(references)) for mode, piece, name, references in effects),
        tuple((level, module, name) for level, module, name in imports),
        tuple((level, module) for level, module in stars),
        tuple((level, module, name) for level, module, name in unused),
        doc,
        pieces,
    )


def plain_piece(piece: Piece) -> list[Any]:
    """A piece as JSON data; what is empty at its end is left out."""
    members = [[one.name, one.fingerprint, one.doc, one.first_line, one.last_line, one.locals] for one in piece.members]
    parts: list[Any] = [
        *(piece.kind, piece.fingerprint, piece.first_line, piece.last_line, piece.references, piece.imports),
        *(piece.import_statements, piece.locals, piece.words, piece.doc, piece.doc_readers, int(piece.reads_docs)),
        *(piece.mutates, piece.computed, members),
    ]
    while not parts[-1]:
        parts.pop()
    return parts


def _read_piece(parts: list[Any]) -> Piece:
    kind, fingerprint, first, last, *more = parts
    more += [()] * (11 - len(more))
    references, imports, statements, names, words, doc, readers, reads, mutates, computed, members = more
    return Piece(
        kind,
        fingerprint,
        first,
        last,
        tuple(references),
        tuple((alias, level, module, name) for alias, level, module, name in imports or ()),
        tuple((level, module) for level, module in statements or ()),
        tuple(names or ()),
        tuple(words or ()),
        doc or "",
        tuple(readers or ()),
        bool(reads),
        tuple(mutates or ()),
        tuple((what, name, line) for what, name, line in computed or ()),
        tuple(
            Member(name, print_, doc_, start, end, tuple(own)) for name, print_, doc_, start, end, own in members or ()
        ),
    )
