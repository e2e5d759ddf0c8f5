"""Whether what this process holds in memory does the same as the files that a plan was made from, as far as the plan's
code reaches. Compares; imports and changes nothing.
"""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CellType, FunctionType, ModuleType
from typing import Any, NamedTuple, cast

from headrace.code.errors import EditedAfterImportError
from headrace.code.expected import ExpectedSource
from headrace.code.indexing import index_source
from headrace.code.loads import LOADS, real_path
from headrace.code.pieces import INDEX_FORMAT, FileIndex, read_index
from headrace.core.symbols import Symbol
from headrace.plan.explain import AT_IMPORT
from headrace.ports.code import Code
from headrace.ports.stores import MemoStore

MAIN = "__main__"
_WRAPPED = ("function", "__wrapped__", "func", "py_func")
"""Where steps, pipelines and well-behaved decorators keep what they stand for."""
_MODULE = "reload the module or start again"
_SCRIPT = "start again"
_EITHER = (
    "reload the module or start again; if nobody has edited it, this process has given it another value, which should "
    "be a parameter of the pipeline"
)
"""Where no load was seen, the file may be as it was."""
_OTHER = "`{}` still holds the old one, so reload that, too, or start again"
_NOTEBOOK = "this session still holds the old one, so import it again or start again"
_GIVEN = "the pipeline that was given is the old one, so import it again or start again"


class Suspect(NamedTuple):
    """A file whose modules may hold older code: real path, name in the project, digest as planned and as loaded (None
    if no load was seen), and the modules."""

    path: str
    file: str
    digest: str
    loaded: str | None
    modules: list[ModuleType]


class Comparison:
    """One comparison of suspect files with memory. Names that imports set are no constants; `is_as_imported` says of a
    module's binding whether importing the file as it is now makes the same of it."""

    def __init__(
        self,
        suspects: Sequence[Suspect],
        codes: Iterable[Code],
        memo: MemoStore,
        *,
        set_at_import: Collection[str],
        is_as_imported: Callable[[ModuleType, str], bool],
    ) -> None:
        self._is_as_imported = is_as_imported
        self._suspects = {one.path: one for one in suspects}
        self._memo, self._set_at_import = memo, set_at_import
        self._reached: dict[str, set[str]] = {}
        self._expected: dict[str, ExpectedSource | None] = {}
        files = {one.file for one in suspects}
        for row in (row for code in codes for row in code.rows):
            module, _, name = row.symbol.partition(":")
            place = MAIN if module == MAIN else row.file
            if place == MAIN or place in files:
                self._reached.setdefault(place, set()).add(name.partition(".")[0])

    def find_edit(
        self, modules: Iterable[ModuleType], given: tuple[Symbol, object] | None
    ) -> EditedAfterImportError | None:
        """The first thing that is another one in memory; None if all does the same.

        A module that was loaded with a known content is judged by what both contents mean to a key; any other by the
        live functions and constants. Functions that other modules (or `given`) took from it before are looked at, too.
        """
        if given is not None:
            self._reach_given(given[0])
        for suspect in self._suspects.values():
            name = self._edited_by_index(suspect)
            if name:
                return _error(name, suspect)
        for module in modules:
            error = self._edit_in_module(module)
            if error is not None:
                return error
        return self._edit_in_notebook() or (self._edit_in(given[1], _GIVEN) if given is not None else None)

    def _reach_given(self, symbol: Symbol) -> None:
        suspect = self._suspects.get(real_path(symbol.file)) if symbol.file else None
        if suspect is not None:
            self._reached.setdefault(suspect.file, set()).add(symbol.qualname.partition(".")[0])

    # By the index of the content that was loaded

    def _edited_by_index(self, suspect: Suspect) -> str:
        if suspect.loaded is None or suspect.loaded == suspect.digest:
            return ""
        if not suspect.path.endswith(".py"):
            return suspect.file
        text = self._memo.recall(f"{INDEX_FORMAT}:{suspect.loaded}")
        if text is None:
            return ""
        if not LOADS.is_loaded_again(suspect.path):
            self._expected[suspect.path] = None  # all that counts is known: no need to look at live objects
        old, new = read_index(text), index_source(Path(suspect.path).read_bytes())
        names = sorted(self._reached.get(suspect.file, ()))
        changed = next((name for name in names if _prints(old, name) != _prints(new, name)), "")
        return "what it does when it is imported" if changed == AT_IMPORT else changed

    # By live objects

    def _edit_in_module(self, module: ModuleType) -> EditedAfterImportError | None:
        own = next((one for one in self._suspects.values() if module in one.modules), None)
        expected = self._expected_of(own) if own is not None else None
        for name, value in list(vars(module).items()):
            error = self._edit_in(value, _OTHER.format(module.__name__), own)
            if error is not None:
                return error
            if own is not None and expected is not None and name in self._reached.get(own.file, ()):
                changed = expected.changed_constant(name, value)
                if changed and name not in self._set_at_import and not self._is_as_imported(module, changed):
                    error = _error(changed, own)
                    return error if own.loaded else EditedAfterImportError(changed, own.file, remedy=_EITHER)
        return None

    def _edit_in_notebook(self) -> EditedAfterImportError | None:
        """What a notebook took from modules, by the names that its reached functions use."""
        main = vars(sys.modules[MAIN])
        names = set(self._reached.get(MAIN, ())) if "__file__" not in main else set[str]()
        for name in list(names):
            for function in _functions_in(main.get(name), {MAIN}):
                names.update(function.__code__.co_names)
        errors = (self._edit_in(main[name], _NOTEBOOK) for name in sorted(names & main.keys()))
        return next((error for error in errors if error is not None), None)

    def _edit_in(self, value: object, remedy: str, own: Suspect | None = None) -> EditedAfterImportError | None:
        modules = {module.__name__ for one in self._suspects.values() for module in one.modules}
        for function in _functions_in(value, modules):
            suspect = self._suspects.get(_path_of(function))
            if suspect is None or _top_name(function) not in self._reached.get(suspect.file, ()):
                continue
            expected = self._expected_of(suspect)
            if expected is not None and expected.differs(function):
                return _error(function.__qualname__, suspect, remedy="" if suspect is own else remedy)
        return None

    def _expected_of(self, suspect: Suspect) -> ExpectedSource | None:
        """What the file says; None where live objects cannot be compared, as an import hook has rewritten them."""
        if suspect.path not in self._expected:
            is_plain = all(_is_plain(vars(one).get("__loader__")) for one in suspect.modules)
            content = Path(suspect.path).read_bytes() if is_plain else b""
            self._expected[suspect.path] = ExpectedSource(content, suspect.path) if is_plain else None
        return self._expected[suspect.path]


def _error(name: str, suspect: Suspect, *, remedy: str = "") -> EditedAfterImportError:
    is_script = any(module.__name__ == MAIN for module in suspect.modules)
    return EditedAfterImportError(name, suspect.file, remedy=_SCRIPT if is_script else remedy or _MODULE)


def _is_plain(loader: object) -> bool:
    """Whether a loader takes the source as it is; pytest and others put code of their own into what they load."""
    parts = ("source_to_code", "get_code", "exec_module")
    return all(getattr(type(loader), part, None) is getattr(SourceFileLoader, part) for part in parts)


def _path_of(function: FunctionType) -> str:
    name = function.__code__.co_filename
    return name if name.startswith("<") else real_path(name)


def _top_name(function: FunctionType) -> str:
    return function.__code__.co_qualname.partition(".")[0]


def _prints(index: FileIndex, name: str) -> list[object]:
    if name == AT_IMPORT:
        return [(effect.mode, index.piece(effect.piece).fingerprint) for effect in index.effects]
    return [
        (piece.kind, piece.fingerprint, piece.imports, [(one.name, one.fingerprint) for one in piece.members])
        for piece in index.pieces_of(name)
    ]


def _functions_in(value: object, modules: set[str]) -> Iterator[FunctionType]:
    """The functions that an object is made of: under decorators, in closures, in classes of these modules."""
    pending: list[object] = [value]
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if id(one) in seen or isinstance(one, ModuleType):
            continue
        seen.add(id(one))
        if isinstance(one, FunctionType):
            yield one
        pending += _parts_of(one, modules)


def _parts_of(value: object, modules: set[str]) -> Iterable[object]:
    if isinstance(value, FunctionType):
        cells: tuple[CellType, ...] = value.__closure__ or ()
        return [*(_content(cell) for cell in cells), vars(value).get("__wrapped__")]
    if isinstance(value, staticmethod | classmethod):
        return [cast("Any", value).__func__]
    if isinstance(value, property):
        return [value.fget, value.fset, value.fdel]
    if isinstance(value, partial):
        return [cast("Any", value).func]
    if isinstance(value, type):
        return list(vars(value).values()) if value.__module__ in modules else ()
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return ()
    return [own[name] for name in _WRAPPED if name in own] if isinstance(own, dict) else ()


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None
