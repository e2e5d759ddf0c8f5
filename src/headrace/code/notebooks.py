"""The code of a notebook or an interactive session: for each name that a step uses, the source of the cell that defined
the live object, or the object's value.

Looks at the live `__main__`, because a notebook has no other truth: cells are edited, run again and out of order.
"""

import ast
import linecache
import re
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, ModuleType
from typing import cast

from headrace.code.computed import IMPORTED
from headrace.code.errors import ValueWithoutFormError
from headrace.code.indexing import index_source
from headrace.code.live_forms import Definition, code_text, form_of, held_by, names_in, registered_on, set_on, unwrapped
from headrace.code.pieces import FileIndex, Piece, plain_piece
from headrace.code.scopes import ImportTarget, names_bound
from headrace.code.trees import FINGERPRINT_LENGTH
from headrace.core.digests import digest_parts

MAIN = "__main__"
_CELLS = "In"
_WORDS_UP_TO = 1 << 16
_WORD = re.compile(r"[^\W\d]\w*")


class NotebookSource:
    """Finds what the names of a live namespace mean.

    `namespace` is that of `__main__`; `source_of` gives the text of a cell by the file name in its code objects, as
    IPython and Python's own prompt keep it in `linecache`; cells that ran are also looked for in IPython's `In`.
    """

    def __init__(self, namespace: Mapping[str, object], source_of: Callable[[str], str] | None = None) -> None:
        self._namespace = namespace
        self._source_of = source_of or _cached_source
        self._cells: dict[str, FileIndex] = {}
        self._open: set[int] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._namespace

    def index_for(self, root: str) -> FileIndex:
        """An index of what a name reaches in the namespace; raises ValueWithoutFormError."""
        pieces: list[Piece] = []
        bindings: dict[str, list[int]] = {}
        pending = [root]
        while pending:
            name = pending.pop()
            if name in bindings or name not in self._namespace:
                continue
            found = self._pieces_of(name)
            bindings[name] = list(range(len(pieces), len(pieces) + len(found)))
            pieces += found
            pending += [reference.partition(".")[0] for piece in found for reference in piece.references]
        imports = [(0, value.__name__, "") for value in self._namespace.values() if isinstance(value, ModuleType)]
        return FileIndex([bindings, [], sorted(imports), [], [], "", [plain_piece(piece) for piece in pieces]])

    def place_of(self, name: str) -> str:
        """Where a name is defined, for people: `In[3]`, or `notebook`."""
        source = self._live_source(self._namespace.get(name)) or self._last_cell(name)
        cells = self._ran()
        numbers = [number for number, cell in enumerate(cells) if cell.strip() and cell.strip() == source.strip()]
        return f"In[{numbers[-1]}]" if numbers else "notebook"

    def _pieces_of(self, name: str) -> list[Piece]:
        value = unwrapped(self._namespace[name])
        if isinstance(value, ModuleType):
            return [_import_piece(name, value.__name__, "")]
        if isinstance(value, FunctionType | type):
            if value.__module__ != MAIN and (isinstance(value, type) or "<" not in value.__qualname__):
                return [_import_piece(name, value.__module__, value.__qualname__.partition(".")[0])]
            return [*self.definition(value, name), *_Seen(self).pieces_of_all(registered_on(self._namespace[name]))]
        return self._value_pieces(name, self._namespace[name])

    def _value_pieces(self, name: str, value: object) -> list[Piece]:
        seen = _Seen(self)
        text = seen.text_of(value)
        if text is None:
            found = self._last_binding(name)
            if not found:
                raise ValueWithoutFormError(name, f"{type(value).__module__}.{type(value).__qualname__}")
            return [*found, *seen.pieces("")]
        return seen.pieces(digest_parts(["value", text]), words=_words_in(text))

    def definition(self, value: Definition, name: str = "") -> list[Piece]:
        """What a function or class counts as: its source, what it holds and what was set on it."""
        if id(value) in self._open:
            return []
        self._open.add(id(value))
        try:
            return self._class(value) if isinstance(value, type) else self._function(value, name)
        finally:
            self._open.discard(id(value))

    def _class(self, cls: type) -> list[Piece]:
        seen, name = _Seen(self), cls.__qualname__.partition(".")[0]
        found = self._defined(self._live_source(cls), name) or self._last_binding(name)
        return [*found, *seen.pieces_of_all(set_on(cls, self._written_in(cls) if found else None))]

    def _function(self, function: FunctionType, name: str) -> list[Piece]:
        seen, module, own_name = _Seen(self), function.__module__, function.__qualname__.partition(".")[0]
        code, source, found = function.__code__, self._live_source(function), list[Piece]()
        if module == MAIN:
            found = self._defined(source, own_name)
        else:
            seen.imports[_target(module, own_name)] = None
        texts: list[str] = []
        if not found or "<" in function.__qualname__:  # no name in a source says which of the functions there it is
            found = found or (self._defined(source, name) if module == MAIN else [])
            seen.references |= names_in(code) if module == MAIN else set()
            texts = [code_text(code, function.__doc__)]
        return [*found, *seen.pieces_of_all(held_by(function), texts)]

    def is_live(self, name: str, value: object) -> bool:
        """Whether a name stands for this function or class, decorated or not."""
        return name in self._namespace and unwrapped(self._namespace[name]) is value

    def _written_in(self, cls: type) -> Callable[[FunctionType], bool]:
        def is_written(function: FunctionType) -> bool:
            code = function.__code__
            text = self._source_of(code.co_filename)
            is_made_for_it = not text and function.__name__.startswith("__")  # by `dataclass` and the like
            return is_made_for_it or (
                code.co_qualname.startswith(f"{cls.__qualname__}.") and f"class {cls.__name__}" in text
            )

        return is_written

    def _defined(self, source: str, name: str) -> list[Piece]:
        return self._index(source).pieces_of(name) if source else []

    def _last_binding(self, name: str) -> list[Piece]:
        return self._defined(self._last_cell(name), name)

    def _last_cell(self, name: str) -> str:
        cells = (cell for cell in reversed(self._ran()) if name in cell and name in _names_bound_in(cell))
        return next(cells, "")

    def _index(self, source: str) -> FileIndex:
        if source not in self._cells:
            self._cells[source] = index_source(source.encode("utf-8", "surrogatepass"))
        return self._cells[source]

    def _live_source(self, value: object) -> str:
        value = unwrapped(value)
        if isinstance(value, type):
            own = [one for one in vars(value).values() if isinstance(one, FunctionType)]
            sources = [self._source_of(one.__code__.co_filename) for one in own]
            return next((source for source in sources if f"class {value.__name__}" in source), "")
        return self._source_of(value.__code__.co_filename) if isinstance(value, FunctionType) else ""

    def _ran(self) -> list[str]:
        cells = self._namespace.get(_CELLS)
        return [str(cell) for cell in cast("list[object]", cells)] if isinstance(cells, list) else []


class _Seen:
    """Collects what live objects are made of: names of the session, definitions without a name, and modules' code."""

    def __init__(self, source: NotebookSource) -> None:
        self._source = source
        self._nameless: list[Piece] = []
        self.imports: dict[ImportTarget, None] = {}
        self.references: set[str] = set()

    def text_of(self, value: object) -> str | None:
        """The text of a value; None if it has none."""
        form = form_of(value, self._text_of_definition)
        self.imports.update(dict.fromkeys(_target(module, part) for module, part in form.outside))
        return form.text

    def pieces_of_all(self, held: Iterable[object], texts: Iterable[str] = ()) -> list[Piece]:
        """One piece for several values; one that has no text counts by the source that made it."""
        found = [*texts, *(self.text_of(one) or "" for one in held)]
        return self.pieces(digest_parts(["held", *found]) if any(found) else "")

    def pieces(self, text: str, words: Iterable[str] = ()) -> list[Piece]:
        """One piece for all that was seen, with those of the definitions that no name stands for; none for nothing."""
        imported = [f"{IMPORTED}{target[0]}" for target in self.imports]
        if not (text or imported or self.references):
            return self._nameless
        print_ = digest_parts([text])[:FINGERPRINT_LENGTH]
        references = (*sorted(self.references), *imported)
        found = Piece("constant", print_, 0, 0, references, tuple(self.imports), words=tuple(sorted(words)))
        return [found, *self._nameless]

    def _text_of_definition(self, value: Definition) -> str | None:
        name = value.__qualname__
        if value.__module__ != MAIN and (isinstance(value, type) or "<" not in name):
            return None
        if self._source.is_live(name, value):
            self.references.add(name)
            return f"name {name}"
        pieces = self._source.definition(value)
        self._nameless += pieces
        prints = (
            print_ for piece in pieces for print_ in (piece.fingerprint, *(one.fingerprint for one in piece.members))
        )
        return digest_parts(["code", *prints])


def _target(module: str, part: str) -> ImportTarget:
    return f"{module}:{part}".replace(".", "/"), 0, module, part


def _cached_source(file_name: str) -> str:
    return "".join(linecache.getlines(file_name))


def _import_piece(name: str, module: str, part: str) -> Piece:
    return Piece("import", "", 0, 0, imports=((name, 0, module, part),))


def _names_bound_in(cell: str) -> set[str]:
    try:
        return set(names_bound(ast.parse(cell).body, has_walrus=":=" in cell).names)
    except (SyntaxError, ValueError):
        return set()


def _words_in(text: str) -> set[str]:
    return set(_WORD.findall(text[:_WORDS_UP_TO]))
