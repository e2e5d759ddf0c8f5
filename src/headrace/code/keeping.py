"""Functions that keep what they read for later calls: caches, memos, state of modules. Judged by live code, because a
cached value is read once in a process and used by every attempt after that.
"""

# ruff: noqa: PTH100, PTH120 - pathlib costs more than the work itself here

import os
from collections.abc import Iterator
from opcode import opmap
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, cast

from headrace.code.loads import is_no_project
from headrace.core.import_reads import Status

MOST_READS = 1000
"""A module that keeps more files than this is told as such, not file by file: each attempt would carry them all."""
_PRODUCT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_CONTAINERS = (dict, list, set)
_CODE = (".py", ".pyc", ".so", ".pth", ".pyd")
_CACHE_WORDS = ("cache", "memo", "once", "registry")
_CHANGING = {"append", "appendleft", "add", "update", "setdefault", "extend", "insert", "push", "put", "__setitem__"}
_STORE_GLOBAL, _STORE_ITEM, _STORE_ATTRIBUTE = (opmap[name] for name in ("STORE_GLOBAL", "STORE_SUBSCR", "STORE_ATTR"))


class KeptReads:
    """By module file: what functions of it have read that keep it; each file with its state at that moment and whether
    its name was relative. Filled by the hook from any thread.
    """

    def __init__(self) -> None:
        self._reads: dict[str, dict[str, tuple[Status, bool]]] = {}
        self._stores: dict[CodeType, tuple[bool, bool, bool]] = {}

    def of(self, module_file: str) -> dict[str, tuple[Status, bool]]:
        """What functions of the module of this file have read and may have kept."""
        return self._reads.get(module_file, {})

    def note(self, path: str, read: tuple[Status, bool], frame: FrameType | None) -> None:
        """A file was opened by the code of this frame; those of libraries and of code are none that is kept."""
        if is_no_project(path) or path.endswith(_CODE):
            return
        for file in {keeper.f_code.co_filename for keeper in _project_frames(frame) if self._keeps(keeper)}:
            self._reads.setdefault(os.path.abspath(file), {})[path] = read

    def _keeps(self, frame: FrameType) -> bool:
        code = frame.f_code
        if code not in self._stores:
            operations = set(code.co_code[::2])
            changes = _STORE_ITEM in operations or not _CHANGING.isdisjoint(code.co_names)
            self._stores[code] = (_STORE_GLOBAL in operations, changes, _STORE_ATTRIBUTE in operations)
        stores_global, changes, stores_attribute = self._stores[code]
        return (
            stores_global
            or (changes and _uses_container(frame))
            or (stores_attribute and _belongs_to_module(frame))
            or _is_wrapped_by_cache(frame)
        )


KEPT_READS = KeptReads()
"""Those of this process."""


def _project_frames(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames of the project's code that led here, as far as the step itself."""
    while frame is not None and not frame.f_code.co_filename.startswith(_PRODUCT):
        if not frame.f_code.co_filename.startswith("<") and not is_no_project(frame.f_code.co_filename):
            yield frame
        frame = frame.f_back


def _uses_container(frame: FrameType) -> bool:
    """Whether a function names a container of its module, or holds one in its closure."""
    code = frame.f_code
    if any(isinstance(frame.f_globals.get(name), _CONTAINERS) for name in code.co_names):
        return True
    return any(isinstance(frame.f_locals.get(name), _CONTAINERS) for name in code.co_freevars)


def _belongs_to_module(frame: FrameType) -> bool:
    """Whether a function stores attributes of something that outlives it: a class, a module, a module's object."""
    names = frame.f_code.co_varnames[:1] + frame.f_code.co_names
    objects = [frame.f_locals.get(name, frame.f_globals.get(name)) for name in names]
    if any(isinstance(one, type | ModuleType) for one in objects[:1]):
        return True
    if objects and any(value is objects[0] and value is not None for value in frame.f_globals.values()):
        return True
    return any(isinstance(one, type) and not is_no_project(_file_of(one)) for one in objects[1:])


def _file_of(cls: type) -> str:
    functions = (one for one in vars(cls).values() if isinstance(one, FunctionType))
    return next((one.__code__.co_filename for one in functions), os.__file__)


def _is_wrapped_by_cache(frame: FrameType) -> bool:
    """Whether what a function's name means is something around it that looks like a cache."""
    found: Any = None
    parts = frame.f_code.co_qualname.split(".")
    if "<locals>" not in parts:
        found = frame.f_globals.get(parts[0])
        for part in parts[1:]:
            found = vars(found).get(part) if isinstance(found, type) else None
    if found is None or getattr(found, "__code__", None) is frame.f_code or hasattr(type(found), "headrace_word"):
        return False
    cells = cast("tuple[Any, ...]", getattr(found, "__closure__", None) or ())
    kept = [_content(cell) for cell in cells]
    return _looks_like_cache(found) or any(isinstance(one, _CONTAINERS) or _looks_like_cache(one) for one in kept)


def _looks_like_cache(value: object) -> bool:
    names = [type(value).__name__, *dir(type(value)), *getattr(value, "__dict__", ())]
    return any(word in name.lower() for name in names for word in _CACHE_WORDS)


def _content(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None
