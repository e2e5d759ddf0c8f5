"""The index of one file as plain data: pieces (statements that bind, mutate or do something at import) by name.

Depends on the file's content alone, so it can be kept by its digest and read back from JSON. Named tuples, because a
plan reads thousands of them and they are made several times faster than frozen dataclasses.
"""

import json
import sys
from typing import Any, Literal, NamedTuple

from headrace.code.scopes import ImportTarget

INDEX_FORMAT = f"headrace-index-6-{sys.version_info.major}.{sys.version_info.minor}"
"""Names what an index means; raised when that changes. Python's minor version, because its parser makes the tree."""

ATTRIBUTES = "<attributes>"
"""Among what a class mutates: it holds lists, dicts or sets of its own that all its instances share."""

SETTING = "="
"""Begins, among what a piece mutates, the name of an import that it sets something of: with a dot at its end an
attribute or item, without one the thing itself, by a method."""

Kind = Literal["function", "class", "import", "constant", "mutable", "logger", "other"]
Mode = Literal["always", "reads", "mutates", "subclass"]


class Member(NamedTuple):
    """A method of a class with its own fingerprint."""

    name: str
    fingerprint: str
    doc: str
    first_line: int
    last_line: int
    locals: tuple[str, ...] = ()


class Piece(NamedTuple):
    """A statement at the head of a module (also inside an `if` there).

    `fingerprint` is the tree without docstrings (`doc` is their digest) and with numbers for `locals`. `words` are
    those of the strings in a constant. `imports` are the import targets bound in it, at the module's level or inside
    functions; `import_statements` the modules that functions in it import. `computed` as in `Findings`. `doc_readers`
    are the decorators and bases over it that may read its docstrings, `reads_docs` that it looks at docstrings itself.
    `mutates` are names of the module's scope that running it changes (ATTRIBUTES: those of a class; with SETTING: those
    of what is imported). `paths` are the strings in it that may name files.
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
    paths: tuple[str, ...] = ()


class Effect(NamedTuple):
    """Something that importing the module does.

    `mode`: always; or if what `references` name reads or mutates module state ("reads", "mutates"); or if they name a
    class that registers its subclasses ("subclass"). `piece` is the statement's number, `name` the function or class
    that it registers (empty for a plain statement).
    """

    mode: Mode
    piece: int
    name: str = ""
    references: tuple[str, ...] = ()


class FileIndex:
    """What a file binds and does at import.

    `bindings` give for each name the numbers of the pieces that bind or mutate it, in order. `imports` are the import
    statements that run at import (level, module, name or empty); `stars` those with `*`; `unused` the imports that
    nothing in the file refers to (made for what they do).
    """

    __slots__ = ("_pieces", "_raw", "bindings", "doc", "effects", "imports", "stars", "unused")

    def __init__(self, parts: list[Any]) -> None:
        bindings, effects, imports, stars, unused, self.doc, self._raw = parts
        self.bindings: dict[str, list[int]] = bindings
        self.effects = [Effect(mode, piece, name, tuple(references)) for mode, piece, name, references in effects]
        self.imports: list[tuple[int, str, str]] = [(level, module, name) for level, module, name in imports]
        self.stars: list[tuple[int, str]] = [(level, module) for level, module in stars]
        self.unused: list[tuple[int, str, str]] = [(level, module, name) for level, module, name in unused]
        self._pieces: dict[int, Piece] = {}

    def piece(self, number: int) -> Piece:
        """A piece by its number."""
        found = self._pieces.get(number)
        if found is None:
            found = self._pieces[number] = _read_piece(self._raw[number])
        return found

    def pieces_of(self, name: str) -> list[Piece]:
        """The pieces that bind or mutate a name, in the order of the source."""
        return [self.piece(number) for number in self.bindings.get(name, ())]

    def to_text(self) -> str:
        """This index as JSON."""
        parts = [self.bindings, self.effects, self.imports, self.stars, self.unused, self.doc, self._raw]
        return json.dumps(parts, separators=(",", ":"))


_EMPTY: list[Any] = [None] * 4 + list(Piece._field_defaults.values())


def read_index(text: str) -> FileIndex:
    """The index that `to_text` wrote."""
    return FileIndex(json.loads(text))


def plain_piece(piece: Piece) -> list[Any]:
    """A piece as JSON data; what is empty at its end is left out."""
    parts = list(piece)
    while not parts[-1]:
        parts.pop()
    return parts


def _read_piece(parts: list[Any]) -> Piece:
    made: list[Any] = [tuple(part) if type(part) is list else part for part in parts]
    piece = Piece._make(made + _EMPTY[len(made) :])
    return piece._replace(
        imports=tuple((alias, level, module, name) for alias, level, module, name in piece.imports),
        import_statements=tuple((level, module) for level, module in piece.import_statements),
        computed=tuple((what, name, line) for what, name, line in piece.computed),
        members=tuple(Member(*one[:5], tuple(one[5])) for one in piece.members),
    )
