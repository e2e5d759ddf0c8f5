"""Sources that were edited after their import: a plan would cover the new text, and the old code would run. Says which
files may be such ones; `comparing` says whether they are.
"""

# ruff: noqa: PTH100, PTH113, PTH116, PTH118, PTH123 - pathlib costs more than the work itself here

import os
import sys
import time
from collections.abc import Container, Iterable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from headrace.code.comparing import Comparison, Suspect
from headrace.code.loads import LOADS, content_digest, drop_stale_bytecode, real_path
from headrace.code.watching import install
from headrace.core.symbols import Symbol
from headrace.ports.code import Code
from headrace.ports.stores import MemoStore

_CLOCK_TICK_S = 0.05
"""Times of files and of processes come from clocks of the kernel that advance in steps; this is more than one step."""


class LiveSources:
    """Satisfies `ports.live_code.LiveCode`. What it has found to be as planned is remembered for the whole process.

    A file may have been edited if its content is not the one that its module was loaded with or that an earlier plan
    saw; or, before the first plan, if it changed after this process began. Only such files are compared.
    """

    def __init__(self, root: Path | str, memo: MemoStore) -> None:
        self._root = os.path.abspath(root)
        self._memo = memo

    def check(self, codes: Iterable[Code], *, given: tuple[Symbol, object] | None = None) -> None:
        """Raise EditedAfterImportError if this process holds other code than the plan covers; see the port."""
        install()
        reached = list(codes)
        asked = self._asked(reached, given)
        live = _live_modules(asked)
        suspects = [
            Suspect(path, *asked[path], LOADS.digest_of(path), modules)
            for path, modules in live.items()
            if _may_be_edited(path, asked[path][1], modules)
        ]
        if suspects:
            modules = [module for group in live.values() for module in group]
            error = Comparison(suspects, reached, self._memo).find_edit(modules, given)
            if error is not None:
                raise error
        for path in live:
            LOADS.settle(path, asked[path][1])

    def _asked(self, codes: Iterable[Code], given: tuple[Symbol, object] | None) -> dict[str, tuple[str, str]]:
        """The files by real path, as they are called in the project, with the planned digests."""
        files: dict[str, str] = {}
        for code in codes:
            files.update(code.files)
        asked = {real_path(os.path.normpath(os.path.join(self._root, file))): (file, files[file]) for file in files}
        path = real_path(given[0].file) if given is not None and given[0].file else ""
        if path and path not in asked and os.path.isfile(path):
            asked[path] = (os.path.relpath(path, self._root).replace(os.sep, "/"), content_digest(path))
        return asked


def _may_be_edited(path: str, digest: str, modules: list[ModuleType]) -> bool:
    known = LOADS.digest_of(path)
    if known is not None:
        return known != digest or LOADS.is_loaded_again(path)
    cached = [getattr(getattr(module, "__spec__", None), "cached", None) for module in modules]
    if any(drop_stale_bytecode(path, one) for one in cached if isinstance(one, str)):
        return True
    try:
        status = os.stat(path)
    except OSError:
        return True
    return max(status.st_mtime, status.st_ctime) > process_start() - _CLOCK_TICK_S


def _live_modules(paths: Container[str]) -> dict[str, list[ModuleType]]:
    """The imported modules of these files. A script that was imported, too, is two modules."""
    found: dict[str, list[ModuleType]] = {}
    for module in list(sys.modules.values()):
        try:
            file: Any = object.__getattribute__(module, "__dict__").get("__file__")  # wakes no lazy module
        except AttributeError:
            continue
        if isinstance(file, str):
            path = real_path(file)
            if path in paths and module not in found.get(path, ()):
                found.setdefault(path, []).append(module)
    return found


@cache
def process_start() -> float:
    """When this process began, in unix seconds."""
    if sys.platform == "linux":
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    import subprocess  # the only way to ask macOS, and dear to import where nobody needs it

    told = subprocess.run(
        ["/bin/ps", "-o", "etime=", "-p", str(os.getpid())], capture_output=True, text=True, check=True
    )
    days, _, clock = told.stdout.strip().rpartition("-")
    seconds = 0
    for part in clock.split(":"):
        seconds = seconds * 60 + int(part)
    return time.time() - int(days or 0) * 86400 - seconds - 1.0
