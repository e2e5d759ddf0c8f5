"""Constants and functions of imported modules that something has changed in memory: a key covers what the file says, a
step in this process would see something else.
"""

# ruff: noqa: PTH123 - pathlib costs more than the work itself here

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

from headrace.code.errors import ChangedInMemoryError, ReplacedInMemoryError
from headrace.code.indexing import index_source
from headrace.code.pieces import INDEX_FORMAT, read_index
from headrace.code.written import Taken, WrittenBindings, is_foreign
from headrace.core.errors import SourceError
from headrace.plan.explain import AT_IMPORT
from headrace.ports.code import Code, CodeRow
from headrace.ports.stores import MemoStore

_READ: dict[tuple[str, str], WrittenBindings] = {}
"""By path and digest: what this process has read."""
_WORD = re.compile(r"[^\W\d]\w*")
_CONSTANT = re.compile(r"^[^\W\d]\w*(?=\s*(?::[^=]*)?=[^=])")


class Finding(NamedTuple):
    """A binding of a module, by its path in it, that is not what the file seems to say, and the error for it.

    `is_certain`: whatever importing the module makes of it.
    """

    module: ModuleType
    path: str
    error: SourceError
    is_certain: bool = False


def changed_bindings(
    live: Mapping[str, Sequence[ModuleType]],
    files: Mapping[str, tuple[str, str]],
    *,
    codes: Iterable[Code],
    memo: MemoStore,
) -> Iterator[Finding]:
    """The constants that a code reaches and that seem to have another value in memory (ChangedInMemoryError), and the
    functions that seem to be others (ReplacedInMemoryError). What importing the file does, it may have done itself.

    `live` are imported modules by the path of their file, `files` gives its name in the project and its digest. What
    the file's own functions change is its state, and no constant.
    """
    rows = _rows_by_file(codes, files)

    def known(module: ModuleType) -> WrittenBindings | None:
        return next((_written(path, files[path][1], memo) for path, group in live.items() if module in group), None)

    stored = _stored_in([_written(path, files[path][1], memo) for path in live if path.endswith(".py")])
    for path, modules in live.items():
        file, digest = files[path]
        for module in modules if path.endswith(".py") else ():
            written = _written(path, digest, memo)
            names = {row.symbol.partition(":")[2].partition(".")[0] for row in rows.get(file, ())}
            yield from _found(names, module, written=written, file=file, stored=stored)
            replaced = {name for name in written.taken if _is_replaced(name, module, written.taken[name], known=known)}
            used = {word for row in rows.get(file, ()) for word in _words_at(row, path)} if replaced else set[str]()
            for name in sorted(replaced & used):
                yield Finding(module, name, ReplacedInMemoryError(name, file))


def names_set_at_import(codes: Iterable[Code], files: Mapping[str, tuple[str, str]]) -> set[str]:
    """The names that importing the modules of codes may set in each other; `files` as in `refuse_changed_bindings`."""
    words_of: dict[CodeRow, set[str]] = {}
    return {name for code in codes for name in _set_at_import(code, files, words_of)}


def _rows_by_file(codes: Iterable[Code], files: Mapping[str, tuple[str, str]]) -> dict[str, dict[CodeRow, None]]:
    """What codes reach, without what the import of a module sets itself: that a key covers."""
    found: dict[str, dict[CodeRow, None]] = {}
    words_of: dict[CodeRow, set[str]] = {}  # steps share most of what they reach
    for code in codes:
        set_at_import = _set_at_import(code, files, words_of)
        for row in code.rows:
            if row.symbol.partition(":")[2].partition(".")[0] not in set_at_import:
                found.setdefault(row.file, {})[row] = None
    return found


def _stored_in(files: Iterable[WrittenBindings]) -> frozenset[str] | None:
    """The attributes that functions of any of these files set; None: maybe any."""
    found: set[str] = set()
    for one in files:
        if one.stored is None:
            return None
        found |= one.stored
    return frozenset(found)


def _found(
    names: Iterable[str], module: ModuleType, *, written: WrittenBindings, file: str, stored: frozenset[str] | None
) -> Iterator[Finding]:
    space, in_script = vars(module), module is sys.modules["__main__"]
    for name in sorted(names):
        if name in space:
            replaced = written.replaced(name, space[name], space)
            if replaced:
                yield Finding(module, replaced, ReplacedInMemoryError(replaced, file))
            if in_script and written.is_swept(name, space[name]):
                yield Finding(module, name, ChangedInMemoryError(name, file), is_certain=True)
            changed = written.changed(name, space[name], space, stored=stored, in_script=in_script)
            if changed:
                yield Finding(module, changed, ChangedInMemoryError(changed, file))


def _is_replaced(
    name: str, module: ModuleType, taken: Taken, *, known: Callable[[ModuleType], WrittenBindings | None]
) -> bool:
    """Whether something stands in for what a module took from another one (`from shop import fetch, RATE`)."""
    space = vars(module)
    source = taken.source(space)
    there = None if source is None else vars(source).get(taken.name)
    if source is None or there is None or name not in space or space[name] is there:
        return False
    written, live = known(source), space[name]
    if written is None:
        return is_foreign(live)
    changed = written.changed(taken.name, live, vars(source), stored=written.stored)
    return bool(changed or written.replaced(taken.name, live, vars(source)))


def _set_at_import(code: Code, files: Mapping[str, tuple[str, str]], words_of: dict[CodeRow, set[str]]) -> set[str]:
    """The words in what importing the code's modules does: what that sets (`conf.LIMIT = 5`), the key covers. Not the
    names of constants that stand between."""
    paths = {file: path for path, (file, _) in files.items()}
    words: set[str] = set()
    for row in code.rows:
        if row.symbol.endswith(f":{AT_IMPORT}") and row.file in paths:
            if row not in words_of:
                words_of[row] = _words_at(row, paths[row.file])
            words |= words_of[row]
    return words


def _words_at(row: CodeRow, path: str) -> set[str]:
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()[row.first_line - 1 : row.last_line]
    return set(_WORD.findall("\n".join(_CONSTANT.sub("", line) for line in lines)))


def _written(path: str, digest: str, memo: MemoStore) -> WrittenBindings:
    if (path, digest) not in _READ:
        with open(path, "rb") as file:
            content = file.read()
        text = memo.recall(f"{INDEX_FORMAT}:{digest}")
        index = read_index(text) if text else index_source(content)
        _READ[path, digest] = WrittenBindings(content, index)
    return _READ[path, digest]
