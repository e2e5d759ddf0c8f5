"""Readers in native code, whose opening of files no audit event tells: their functions and methods are wrapped, so that
they tell it. What is read below them, or with one that an object has kept from before, is not seen.
"""

# ruff: noqa: PTH110, PTH111, PTH112, PTH113, PTH118, PTH207 - pathlib costs more than the work itself here

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import wraps
from glob import glob
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from headrace.code.loads import hand_on

headrace_calls_for_others = True
"""See `core.import_reads.TRANSPARENT`."""
_FORMATS = ("avro", "csv", "delta", "excel", "ipc", "ipc_stream", "json", "lines", "ndjson", "ods", "parquet")
_READERS: dict[str, tuple[str, ...]] = {
    "polars": (
        *(f"{verb}_{form}" for verb in ("read", "scan") for form in _FORMATS),
        *("read_ipc_schema", "read_parquet_metadata", "read_parquet_schema"),
        *("DataFrame.deserialize", "LazyFrame.deserialize", "SQLContext.execute"),
    ),
    "pyarrow": ("OSFile", "input_stream", "memory_map"),
    "pyarrow.csv": ("read_csv", "open_csv"),
    "pyarrow.dataset": ("dataset", "parquet_dataset"),
    "pyarrow.feather": ("read_feather", "read_table", "FeatherDataset.__init__"),
    "pyarrow.ipc": ("RecordBatchFileReader.__init__", "RecordBatchStreamReader.__init__"),
    "pyarrow.json": ("read_json", "open_json"),
    "pyarrow.orc": ("read_table", "ORCFile.__init__"),
    "pyarrow.parquet": (
        *("read_table", "read_pandas", "read_metadata", "read_schema"),
        *("ParquetFile.__init__", "ParquetDataset.__init__"),
    ),
}
"""By module: functions, native classes, and methods of Python's classes. Their first argument names files, or is a
query that does."""
_SOURCES = ("source", "input_file", "path_or_paths", "where", "path", "metadata_path", "query")
_WITH_MODE = ("OSFile", "memory_map")
_QUERIES = ("SQLContext.execute",)
_NO_TEXT = r"""(?s)--[^\n]*|/\*.*?\*/|"[^"]*"|('(?:[^']|'')*')"""
"""Comments and quoted identifiers of SQL, which may hold an apostrophe; or a text. Compiled by who needs it only."""
_QUOTED = r"'((?:[^']|'')*)'"
_READ_IN_QUERY = r"(?i)\b(?:read|scan)_\w+\s*\(((?:[^')]|'(?:[^']|'')*')*)"
_MARK = "headrace_tells"


def tell_of_reads() -> None:
    """Wrap the readers of what is imported now, and of what will be."""
    for name in _READERS:
        module = sys.modules.get(name)
        if module is not None:
            _wrap(module)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds nothing of its own: lets the module be wrapped as soon as it is loaded."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec that Python would find, with a loader that wraps the module's readers at its end."""
        if name not in _READERS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        loader: Any = None if spec is None else spec.loader
        if loader is None or not hasattr(loader, "exec_module"):
            return None
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            with suppress(Exception):  # a library that cannot be wrapped is used as it is
                _wrap(module)

        loader.exec_module = exec_module
        return spec


def _wrap(module: ModuleType) -> None:
    wrapped: dict[int, Callable[..., Any]] = {}
    for name in _READERS[module.__name__]:
        if "." in name:
            _wrap_method(module, name)
            continue
        reader = vars(module).get(name)
        if reader is None or hasattr(reader, _MARK):
            continue
        if type(reader) is type:
            telling_class = wrapped[id(reader)] = _telling_class(reader, module.__name__)
            setattr(module, name, telling_class)  # there alone: compiled modules look for the class itself in its home
            continue
        telling = wrapped[id(reader)] = _telling(reader, name)
        setattr(module, name, telling)
        home = sys.modules.get(reader.__module__)  # where pickles look for it
        if home is not None and vars(home).get(name) is reader:
            setattr(home, name, telling)
    if wrapped:
        hand_on(wrapped)


def _wrap_method(module: ModuleType, name: str) -> None:
    """Wrap a method in its class, which stays what it is to everybody."""
    cls, _, attribute = name.partition(".")
    holder = vars(module).get(cls)
    method: Any = vars(holder).get(attribute) if isinstance(holder, type) else None
    function = method.__func__ if isinstance(method, classmethod) else method
    if callable(function) and not hasattr(function, _MARK):
        telling = _telling(function, name)
        setattr(holder, attribute, classmethod(telling) if isinstance(method, classmethod) else telling)


def _telling_class(native: type, home: str) -> type:
    """A class that tells what its objects are made of, and takes all objects of the one that it stands for as its own:
    a native class lets nobody put a method into it."""
    make = _telling(type.__call__, f"type.{native.__name__}")

    class Telling(type):
        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            return make(cls, *args, **kwargs)

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, native) if cls is told else super().__instancecheck__(instance)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, native) if cls is told else super().__subclasscheck__(subclass)

    space = {
        "__doc__": native.__doc__,
        "__module__": home,
        "__qualname__": native.__name__,
        "__slots__": (),
        _MARK: True,
    }
    told = Telling(native.__name__, (native,), space)
    return told


def _telling(reader: Callable[..., Any], name: str) -> Callable[..., Any]:
    files = _files_in_query if name in _QUERIES else _files
    first, word = name.count("."), name.rpartition(".")[2]  # the first behind the object or class of a method

    @wraps(reader)
    def telling(*args: Any, **kwargs: Any) -> Any:
        with suppress(Exception):  # what the reader says of a bad name is for the step to hear
            given = args[first:]
            source = given[0] if given else next((kwargs[name] for name in _SOURCES if name in kwargs), None)
            mode = kwargs.get("mode", given[1] if len(given) > 1 else "r") if word in _WITH_MODE else "rb"
            for path in files(source):
                sys.audit("open", path, mode, 0)
        return reader(*args, **kwargs)

    setattr(telling, _MARK, True)
    return telling


def _files_in_query(query: object) -> Iterator[str]:
    """The files that a text in SQL names: what its reading functions are given, and other quoted names of files."""
    if not isinstance(query, str):
        return
    plain = re.sub(_NO_TEXT, lambda found: found[1] or " ", query)
    given = {text for call in re.findall(_READ_IN_QUERY, plain) for text in re.findall(_QUOTED, call)}
    for text in re.findall(_QUOTED, plain):
        name = text.replace("''", "'")
        if text in given or os.path.isfile(name):
            yield from _files(name)


def _files(source: object) -> Iterator[str]:
    """The files that a reader's argument names: a path, a pattern, a folder, or several of them. No address."""
    if isinstance(source, list | tuple):
        for one in source:  # pyright: ignore[reportUnknownVariableType]
            yield from _files(one)  # pyright: ignore[reportUnknownArgumentType]
        return
    if not isinstance(source, str | os.PathLike):
        return
    text = os.path.expanduser(os.fsdecode(source))
    if os.path.isdir(text):
        for folder, _, names in os.walk(text):
            yield from (os.path.join(folder, name) for name in names)
    elif any(mark in text for mark in "*?[") and not os.path.exists(text):
        yield from (path for path in glob(text, recursive=True) if os.path.isfile(path))
    elif "://" not in text:
        yield text
