"""What a single binding leads to and is written down as, worked out once for all keys of a planning."""

from collections.abc import Iterable, Sequence

from headrace.code.modules import Module, ProjectModules
from headrace.code.pieces import Piece
from headrace.code.resolving import Resolver, absolute_name
from headrace.code.rows import Place, Reading, binding_rows, reads_docstrings
from headrace.ports.code import CodeRow


class Expansion:
    """One binding, or one statement that runs at import.

    `bindings` are the bindings that its names mean, `wholes` the modules that count whole, `entered` those that it
    imports, `distributions` the libraries. `words` are those of strings in constants, `reads_docs` that it looks at
    docstrings, `documented` that a library may look at its own.
    """

    __slots__ = (
        *("_plain", "bindings", "computed", "distributions", "documented", "entered", "locals", "pieces", "place"),
        *("reads_docs", "wholes", "words"),
    )

    def __init__(self, place: Place, pieces: Sequence[Piece]) -> None:
        self.place, self.pieces = place, pieces
        self.bindings: dict[tuple[Module, str], None] = {}
        self.wholes: dict[Module, None] = {}
        self.entered: dict[Module, None] = {}
        self.distributions: set[str] = set()
        self.computed = [computed for piece in pieces for computed in piece.computed]
        self.words = frozenset(word for piece in pieces for word in piece.words)
        self.locals = frozenset(name for piece in pieces for name in _locals_of(piece))
        self.reads_docs = any(piece.reads_docs for piece in pieces)
        self.documented = False
        self._plain: list[CodeRow] | None = None

    def rows(self, reading: Reading) -> list[CodeRow]:
        """The binding's rows as this key reads them."""
        docs = reading.docs or self.documented
        if not docs and reading.words.isdisjoint(self.locals):
            if self._plain is None:
                self._plain = binding_rows(self.place, self.pieces, Reading())
            return self._plain
        return binding_rows(self.place, self.pieces, Reading(reading.words, docs))


class Expander:
    """Expands bindings and statements; remembers them. One serves one planning."""

    def __init__(self, modules: ProjectModules, resolver: Resolver) -> None:
        self.modules = modules
        self.resolver = resolver
        self._bindings: dict[tuple[str, str], Expansion] = {}

    def binding(self, module: Module, name: str) -> Expansion:
        """A binding, whose own imports lead nowhere: whoever refers to it has been led on to what they mean."""
        known = self._bindings.get((module.path, name))
        if known is None:
            pieces = self.modules.index_of(module).pieces_of(name)
            known = self._bindings[module.path, name] = self._expand(Place(module, name), pieces)
        return known

    def statement(self, place: Place, piece: Piece) -> Expansion:
        """A statement that runs at import."""
        return self._expand(place, [piece])

    def _expand(self, place: Place, pieces: Sequence[Piece]) -> Expansion:
        found = Expansion(place, pieces)
        module = place.module
        for piece in pieces:
            if piece.kind == "import":
                continue
            for reference in piece.references:
                self._take(found, reference, piece)
            for level, name in piece.import_statements:
                self._take_import(found, absolute_name(module, level, name))
            if piece.doc_readers:
                readers = [hit for one in piece.doc_readers for hit in self.resolver.resolve(module, one)]
                found.documented = found.documented or reads_docstrings(readers)
        return found

    def _take(self, found: Expansion, reference: str, piece: Piece) -> None:
        for kind, hit, name in self.resolver.resolve(found.place.module, reference, piece):
            if hit is None:
                found.distributions.update(self.distribution(name))
                continue
            found.entered.setdefault(hit)
            if kind == "binding":
                found.bindings.setdefault((hit, name))
            else:
                found.wholes.setdefault(hit)

    def _take_import(self, found: Expansion, name: str) -> None:
        module = self.modules.find(name) if name else None
        if module is not None:
            found.entered.setdefault(module)
        else:
            found.distributions.update(self.distribution(name))

    def distribution(self, dotted: str) -> Iterable[str]:
        """The distribution behind an import of a library, if it is one."""
        name = self.modules.external_name(dotted)
        return (name,) if name else ()


def _locals_of(piece: Piece) -> list[str]:
    return [*piece.locals, *(name for member in piece.members for name in member.locals)]
