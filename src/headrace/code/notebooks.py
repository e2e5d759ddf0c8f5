"""The code of a notebook or an interactive session: for each name that a step uses, the source of the cell that defined
the live object, or the object's value.

Looks at the live `__main__`, because a notebook has no other truth: cells are edited, run again and out of order.
"""

import ast
import linecache
import pickle
import re
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any, cast

from headrace.code.errors import ValueWithoutFormError
from headrace.code.indexing import index_source
from headrace.code.pieces import FileIndex, Piece, plain_piece
from headrace.code.scopes import names_bound
from headrace.code.trees import FINGERPRINT_LENGTH
from headrace.core.canonical import NotCanonicalError, canonical
from headrace.core.digests import digest_bytes, digest_parts

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
        value = _unwrapped(self._namespace[name])
        if isinstance(value, ModuleType):
            return [_import_piece(name, value.__name__, "")]
        if isinstance(value, FunctionType | type):
            module, own_name = value.__module__, value.__qualname__.partition(".")[0]
            if module != MAIN:
                return [_import_piece(name, module, own_name)]
            pieces = self._defined(self._live_source(value), own_name) or self._last_binding(own_name)
            if pieces:
                return pieces + _closure_pieces(value)
        return self._value_pieces(name, self._namespace[name])

    def _value_pieces(self, name: str, value: object) -> list[Piece]:
        text = _value_text(value)
        if text is None:
            found = self._last_binding(name)
            if not found:
                raise ValueWithoutFormError(name, f"{type(value).__module__}.{type(value).__qualname__}")
            return found
        print_ = digest_parts(["value", text])[:FINGERPRINT_LENGTH]
        return [Piece("constant", print_, 0, 0, words=tuple(sorted(_words_in(text))))]

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
        value = _unwrapped(value)
        if isinstance(value, type):
            own = [one for one in vars(value).values() if isinstance(one, FunctionType)]
            sources = [self._source_of(one.__code__.co_filename) for one in own]
            return next((source for source in sources if f"class {value.__name__}" in source), "")
        return self._source_of(value.__code__.co_filename) if isinstance(value, FunctionType) else ""

    def _ran(self) -> list[str]:
        cells = self._namespace.get(_CELLS)
        return [str(cell) for cell in cast("list[object]", cells)] if isinstance(cells, list) else []


def _cached_source(file_name: str) -> str:
    return "".join(linecache.getlines(file_name))


def _unwrapped(value: object) -> object:
    """What stands under steps and other decorators that say what they wrap."""
    seen: set[int] = set()
    while hasattr(value, "__wrapped__") and id(value) not in seen:
        seen.add(id(value))
        value = cast("Any", value).__wrapped__
    return value


def _import_piece(name: str, module: str, part: str) -> Piece:
    return Piece("import", "", 0, 0, imports=((name, 0, module, part),))


def _names_bound_in(cell: str) -> set[str]:
    try:
        return set(names_bound(ast.parse(cell).body, has_walrus=":=" in cell).names)
    except (SyntaxError, ValueError):
        return set()


def _value_text(value: object) -> str | None:
    """The canonical text of a value; of an array its type, shape and bytes. None if it has none."""
    try:
        return canonical(value)
    except NotCanonicalError:
        pass
    array = cast("Any", value)
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "dtype") and not array.dtype.hasobject:
        content = digest_bytes(array.tobytes())
        return f"array {array.dtype.str} {array.dtype.descr} {array.shape} {content}"
    return _pickled_text(value)


def _pickled_text(value: object) -> str | None:
    """The digest of what pickle makes of a value, large arrays in it uncopied; None if it cannot be pickled.

    Equal values may have different pickles: then a step is computed again, which is the better mistake.
    """
    buffers: list[pickle.PickleBuffer] = []
    try:
        plain = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        parts = [digest_bytes(plain), *(digest_bytes(cast("bytes", one.raw())) for one in buffers)]
    except Exception:  # noqa: BLE001 - pickling runs code of whoever wrote the class
        return None
    return f"{type(value).__module__}.{type(value).__qualname__} {digest_parts(parts)}"


def _closure_pieces(value: object) -> list[Piece]:
    """What a function made by another one holds of it: `make(2)` and `make(3)` are two functions of one source."""
    cells = cast("tuple[Any, ...]", getattr(value, "__closure__", None) or ())
    texts: list[str] = []
    for cell in cells:
        try:
            texts.append(_value_text(cell.cell_contents) or "")
        except ValueError:  # not filled yet
            texts.append("")
    print_ = digest_parts(["closure", *texts])[:FINGERPRINT_LENGTH]
    return [Piece("constant", print_, 0, 0)] if any(texts) else []


def _words_in(text: str) -> set[str]:
    return set(_WORD.findall(text[:_WORDS_UP_TO]))
