"""Functions that keep what they read for later calls: caches, memos, state of modules. Judged by live code, because a
cached value is read once in a process and used by every attempt after that.
"""

# ruff: noqa: PTH100, PTH120 - pathlib costs more than the work itself here

import builtins
import os
import sys
from collections.abc import Iterable, Iterator
from opcode import opmap
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any, cast

from headrace.code.loads import is_no_project
from headrace.code.stores import Name, Stores
from headrace.core.import_reads import CODE_FILES, Status

MOST_READS = 1000
"""A module that keeps more files than this is told as such, not file by file: each attempt would carry them all."""
_PRODUCT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_CONTAINERS = (dict, list, set)
_CACHE_WORDS = ("cache", "memo", "once", "registry")
_FLAT = (str, bytes, int, float, complex, bool, type(None), os.PathLike)
_FUNCTIONS = (FunctionType, BuiltinFunctionType)
_ABSENT = object()
_REACHING = (globals, locals, vars)
_STORE_GLOBAL, _STORE_ATTRIBUTE = opmap["STORE_GLOBAL"], opmap["STORE_ATTR"]


class KeptReads:
    """By module file: what functions of it have read that keep it; each file with its state at that moment and whether
    its name was relative. Filled by the hook from any thread.
    """

    def __init__(self) -> None:
        self._reads: dict[str, dict[str, tuple[Status, bool]]] = {}
        self._stores: dict[CodeType, tuple[bool, bool, Stores]] = {}

    def of(self, module_file: str) -> dict[str, tuple[Status, bool]]:
        """What functions of the module of this file have read and may have kept."""
        return self._reads.get(module_file, {})

    def note(self, path: str, read: tuple[Status, bool], frame: FrameType | None) -> None:
        """A file was opened by the code of this frame; those of libraries and of code are none that is kept."""
        if is_no_project(path) or path.endswith(CODE_FILES):
            return
        for file in {keeper.f_code.co_filename for keeper in _project_frames(frame) if self._keeps(keeper)}:
            self._reads.setdefault(os.path.abspath(file), {})[path] = read

    def _keeps(self, frame: FrameType) -> bool:
        code = frame.f_code
        if code not in self._stores:
            operations = set(code.co_code[::2])
            self._stores[code] = (_STORE_GLOBAL in operations, _STORE_ATTRIBUTE in operations, Stores(code))
        stores_global, stores_attribute, stores = self._stores[code]
        return (
            stores_global
            or any(_outlives(name, frame) for name in stores.names)
            or (not stores.is_clear and _uses_container(frame))
            or (stores_attribute and not stores.is_clear and _belongs_to_module(frame))
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


def _outlives(name: Name, frame: FrameType) -> bool:
    """Whether a container that comes from what a name means, or is it, may be there when the function has ended."""
    if name.kind == "free" and name.name not in frame.f_code.co_freevars:  # a local that functions inside share
        return _uses_container(frame)
    if name.kind == "global":
        value = frame.f_globals.get(name.name, getattr(builtins, name.name, _ABSENT))
        return _may_give(value, name)
    value = frame.f_locals.get(name.name, _ABSENT)
    if value is _ABSENT:
        return name.kind == "free"
    if callable(value) or isinstance(value, ModuleType):
        return _may_give(value, name)
    if name.kind == "local" or any(name.name in one.f_code.co_cellvars for one in _project_frames(frame)):
        return _is_held(value, frame)
    return _may_give(value, name)


def _may_give(value: object, name: Name) -> bool:
    """Whether a thing of a module is a container, or gives one that it keeps."""
    if isinstance(value, _FLAT) or (
        isinstance(value, list | tuple) and value and not name.is_first and _is_flat(value)
    ):
        return False
    if isinstance(value, ModuleType):
        return not is_no_project(getattr(value, "__file__", None) or os.__file__)
    if isinstance(value, type):
        return name.has_attribute and (value in _CONTAINERS or not _is_of_library(value))
    return value in _REACHING if isinstance(value, _FUNCTIONS) and _is_of_library(value) else True


def _is_flat(values: Iterable[object]) -> bool:
    return all(isinstance(one, _FLAT) for one in values)


def _is_of_library(value: Any) -> bool:
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    return module is not None and is_no_project(getattr(module, "__file__", None) or os.__file__)


def _is_held(value: object, frame: FrameType) -> bool:
    """Whether a module of the functions that led here holds an object, or something that it holds does."""
    if isinstance(value, _FLAT):
        return False
    if isinstance(value, tuple):
        return any(_is_held(one, frame) for one in cast("tuple[object, ...]", value))
    spaces = {id(one.f_globals): one.f_globals for one in _project_frames(frame)}.values()
    held = [one for space in spaces for one in list(space.values()) if not _is_unheld(one)]
    return any(value is one or any(value is inner for inner in _contents(one)) for one in held)


def _is_unheld(value: object) -> bool:
    if isinstance(value, ModuleType):
        return is_no_project(getattr(value, "__file__", None) or os.__file__)
    return isinstance(value, _FLAT)


def _contents(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[object, object]", value).values())
    if isinstance(value, list | tuple | set):
        return list(cast("list[object]", value))
    inner: list[object] = list(getattr(value, "__dict__", {}).values())
    for one in (value, *inner) if isinstance(value, type) else (value,):
        if isinstance(one, FunctionType):  # `def get(name, cache={})`
            inner += [*(one.__defaults__ or ()), *(one.__kwdefaults__ or {}).values()]
    return inner


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
