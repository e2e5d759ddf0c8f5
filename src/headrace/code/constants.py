"""Constants and functions of imported modules that something has changed in memory: a key covers what the file says, a
step in this process would see something else.
"""

# ruff: noqa: PTH123 - pathlib costs more than the work itself here

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import FunctionType, ModuleType

from headrace.code.errors import ChangedInMemoryError, ReplacedInMemoryError
from headrace.code.expected import WrittenBindings, unsteady_names
from headrace.code.indexing import index_source
from headrace.code.pieces import INDEX_FORMAT, read_index
from headrace.plan.explain import AT_IMPORT
from headrace.ports.code import Code, CodeRow
from headrace.ports.stores import MemoStore

_READ: dict[tuple[str, str], WrittenBindings] = {}
"""By path and digest: what this process has read."""
_WORD = re.compile(r"[^\W\d]\w*")


def refuse_changed_bindings(
    live: Mapping[str, Sequence[ModuleType]],
    files: Mapping[str, tuple[str, str]],
    *,
    codes: Iterable[Code],
    memo: MemoStore,
) -> None:
    """Raise ChangedInMemoryError for the first constant that a code reaches and that has another value in memory, and
    ReplacedInMemoryError for the first function.

    `live` are imported modules by the path of their file, `files` gives its name in the project and its digest. What
    the file's own functions change is its state, and no constant.
    """
    reached: dict[str, set[str]] = {}
    words_of: dict[CodeRow, set[str]] = {}  # steps share most of what they reach
    for code in codes:
        set_at_import = _set_at_import(code, files, words_of)
        for row in code.rows:
            name = row.symbol.partition(":")[2].partition(".")[0]
            if name not in set_at_import:
                reached.setdefault(row.file, set()).add(name)
    for path, modules in live.items():
        file, digest = files[path]
        for module in modules if path.endswith(".py") else ():
            held = {name: vars(module)[name] for name in reached.get(file, ()) if name in vars(module)}
            _refuse(held, module, written=_written(path, digest, memo), file=file)


def _refuse(held: Mapping[str, object], module: ModuleType, *, written: WrittenBindings, file: str) -> None:
    in_script = module is sys.modules["__main__"]
    for name, value in sorted(held.items()):
        replaced = written.replaced(name, value, vars(module))
        if replaced:
            raise ReplacedInMemoryError(replaced, file)
        is_code = isinstance(value, type | FunctionType)
        if not is_code and written.is_changed(name, value, in_script=in_script):
            raise ChangedInMemoryError(name, file)


def _set_at_import(code: Code, files: Mapping[str, tuple[str, str]], words_of: dict[CodeRow, set[str]]) -> set[str]:
    """The words in what importing the code's modules does: what that sets (`conf.LIMIT = 5`), the key covers."""
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
    return set(_WORD.findall("\n".join(lines)))


def _written(path: str, digest: str, memo: MemoStore) -> WrittenBindings:
    if (path, digest) not in _READ:
        with open(path, "rb") as file:
            content = file.read()
        text = memo.recall(f"{INDEX_FORMAT}:{digest}")
        index = read_index(text) if text else index_source(content)
        _READ[path, digest] = WrittenBindings(content, unsteady_names(index))
    return _READ[path, digest]
