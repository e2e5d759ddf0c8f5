"""With which content this process has loaded the project's modules: noted by the audit hook at the moment when a
module's code is about to run, because its file may be another one a second later.
"""

# ruff: noqa: PTH100, PTH108, PTH116, PTH120, PTH123 - pathlib costs more than the work itself here

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from types import CodeType, ModuleType
from typing import Any

from headrace.core.digests import digest_bytes

OTHER = "not what the file holds"
"""Stands for the digest of content that nobody can read any more: equal to none."""
_PRODUCT_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_OTHERS = (_STANDARD, _PRODUCT_FOLDER)
_SITE, _DIST = f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}"
_HEADER = slice(4, 16)
_FOUR_BYTES = 0xFFFFFFFF


class Loads:
    """The project's modules by real path, each with the digest of the content that was loaded last. Filled by the hook
    from any thread.
    """

    def __init__(self) -> None:
        self._digests: dict[str, str] = {}
        self._again: set[str] = set()

    def digest_of(self, path: str) -> str | None:
        """The digest of the content that a file's module was loaded with; None if no load of it was seen."""
        return self._digests.get(path)

    def is_loaded_again(self, path: str) -> bool:
        """Whether a module was loaded anew since it was settled: others may still hold what it defined before."""
        return path in self._again

    def settle(self, path: str, digest: str) -> None:
        """What was loaded is known to do the same as the content with this digest."""
        self._digests[path] = digest
        self._again.discard(path)

    def executed(self, arguments: tuple[Any, ...]) -> None:
        """`exec`: (code,); a module's own code is called `<module>`."""
        code = arguments[0]
        if isinstance(code, CodeType) and code.co_name == "<module>":
            self._loaded(code.co_filename)

    def imported(self, arguments: tuple[Any, ...]) -> None:
        """`import`: (module, file, …); the file is told of extension modules only."""
        if isinstance(arguments[1], str):
            self._loaded(arguments[1])

    def _loaded(self, file: str) -> None:
        if file.startswith("<") or is_no_project(file):
            return
        path = real_path(file)
        if path in self._digests:
            self._again.add(path)
        self._digests[path] = OTHER if drop_stale_bytecode(path, cache_from_source(path)) else content_digest(path)


LOADS = Loads()
"""Those of this process."""


def is_no_project(file: str) -> bool:
    """Whether a module's file belongs to the standard library, an installed distribution or Headrace."""
    return file.startswith(_OTHERS) or _SITE in file or _DIST in file


def real_path(path: str) -> str:
    """An absolute path whose folders are no links: a project is often entered through one. Found once a process."""
    return _real_path(path if path.startswith(os.sep) else os.path.abspath(path))


@cache
def _real_path(path: str) -> str:
    folder, name = os.path.split(path)
    return f"{_real_folder(folder)}{os.sep}{name}"


@cache
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder).rstrip(os.sep)


def drop_stale_bytecode(path: str, cached: str) -> bool:
    """Remove bytecode that Python would take for a source that it was not made from; whether there was any.

    Python compares size and whole seconds, so an edit that keeps the size, in the second in which the bytecode was
    written, would never run in any process.
    """
    try:
        made, written = os.stat(cached), os.stat(path)
        if made.st_mtime_ns >= written.st_mtime_ns:
            return False
        with open(cached, "rb", buffering=0) as file:
            header = file.read(16)[_HEADER]
    except OSError:
        return False
    seconds, size = int(written.st_mtime) & _FOUR_BYTES, written.st_size & _FOUR_BYTES
    if header != bytes(4) + seconds.to_bytes(4, "little") + size.to_bytes(4, "little"):
        return False
    with suppress(OSError):
        os.unlink(cached)
    return True


def content_digest(path: str) -> str:
    """The digest of a file's content now; `OTHER` if it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            return digest_bytes(file.read())
    except OSError:
        return OTHER


def hand_on(wrapped: Mapping[int, Callable[..., Any]]) -> None:
    """Put wrapped functions into modules of the project that took them by name (`from polars import read_csv`)."""
    modules: list[tuple[str, object]] = list(sys.modules.items())
    for name, module in modules:
        space = (
            object.__getattribute__(module, "__dict__") if isinstance(module, ModuleType) else {}
        )  # wakes no lazy one
        file = space.get("__file__")
        if name == "__main__" or (isinstance(file, str) and not is_no_project(file)):
            space.update({known: wrapped[id(value)] for known, value in list(space.items()) if id(value) in wrapped})
