"""Sources that were edited after their import: a plan would cover the new text, and the old code would run. Says which
files may be such ones; `comparing` says whether they are.
"""

# ruff: noqa: PTH100, PTH113, PTH116, PTH123 - pathlib costs more than the work itself here

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from headrace.code.comparing import Comparison, Suspect
from headrace.code.in_memory import Finding, changed_bindings, names_set_at_import
from headrace.code.loads import LOADS, content_digest, drop_stale_bytecode, is_no_project, real_path
from headrace.code.portraits import ABSENT, portrait
from headrace.code.watching import install
from headrace.core.symbols import Symbol
from headrace.ports.code import Code, FreshProcess
from headrace.ports.stores import MemoStore

_SETTLED: dict[tuple[str, str], str] = {}
"""By module and path: the portraits of bindings that are what importing the module, or a step, has made of them."""
_CLOCK_TICK_S = 0.05
"""Times of files and of processes come from clocks of the kernel that advance in steps; this is more than one step."""


class LiveSources:
    """Satisfies `ports.code.LiveCode`. What it has found to be as planned is remembered for the whole process.

    A file may have been edited if its content is not the one that its module was loaded with or that an earlier plan
    saw; or, before the first plan, if it changed after this process began. Only such files are compared.
    """

    def __init__(self, root: Path | str, memo: MemoStore, fresh: FreshProcess) -> None:
        self._root = os.path.abspath(root)
        self._memo, self._fresh = memo, fresh
        self._reached: tuple[Code, ...] = ()

    def check(
        self, codes: Iterable[Code], *, given: tuple[Symbol, object] | None = None, is_fresh: bool = False
    ) -> None:
        """Raise EditedAfterImportError if this process holds other code than the plan covers; see the port."""
        install()
        reached = self._reached = tuple(codes)
        asked = self._asked(reached, given)
        live = _IMPORTED.of(asked)
        suspects = [
            Suspect(path, *asked[path], LOADS.digest_of(path), modules)
            for path, modules in live.items()
            if _may_be_edited(path, asked[path][1], modules)
        ]
        if suspects:
            modules = [module for group in live.values() for module in group]
            names = names_set_at_import(reached, asked)
            comparison = Comparison(
                suspects, reached, self._memo, set_at_import=names, is_as_imported=self._is_as_imported
            )
            error = comparison.find_edit(modules, given)
            if error is not None:
                raise error
        for path in live:
            LOADS.settle(path, asked[path][1])
        if not is_fresh:
            self._refuse_changed(list(self._changed(live, asked)))

    def settle(self) -> None:
        """What steps have changed in memory is theirs, and no reason to refuse the next run; see the port."""
        asked = self._asked(self._reached, None)
        for one in (one for one in self._changed(_IMPORTED.of(asked), asked) if not one.is_certain):
            _SETTLED[one.module.__name__, one.path] = portrait(one.module, one.path)

    def _changed(self, live: Mapping[str, list[ModuleType]], asked: Mapping[str, tuple[str, str]]) -> Iterator[Finding]:
        files = {path: asked[path] for path in live}
        for one in changed_bindings(live, files, codes=self._reached, memo=self._memo):
            if one.is_certain or _SETTLED.get((one.module.__name__, one.path)) != portrait(one.module, one.path):
                yield one

    def _refuse_changed(self, found: Sequence[Finding]) -> None:
        """Raise for the first of these that a process that has just imported its module holds otherwise."""
        for one in found:
            if one.is_certain:
                raise one.error
        if not found:
            return
        wanted = [(one.module.__name__, one.path) for one in found]
        fresh = self._portraits(wanted)
        for one, place in zip(found, wanted, strict=True):
            if fresh.get(place, ABSENT) != portrait(one.module, one.path):
                raise one.error
            _SETTLED[place] = fresh[place]

    def _is_as_imported(self, module: ModuleType, path: str) -> bool:
        return self._portraits([(module.__name__, path)]).get((module.__name__, path)) == portrait(module, path)

    def _portraits(self, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        first = dict.fromkeys(symbol.module for code in self._reached for symbol in code.leans_on)
        return self._fresh.portraits(wanted, first=list(first))

    def _asked(self, codes: Iterable[Code], given: tuple[Symbol, object] | None) -> dict[str, tuple[str, str]]:
        """The files by real path, as they are called in the project, with the planned digests."""
        files: dict[str, str] = {}
        for code in codes:
            files.update(code.files)
        asked = {real_path(f"{self._root}{os.sep}{file}"): (file, digest) for file, digest in files.items()}
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


class _Imported:
    """The project's imported modules by real path, each looked at once. A script that was imported, too, is two."""

    def __init__(self) -> None:
        self._seen: dict[str, object] = {}
        self._names: dict[str, set[str]] = {}

    def of(self, paths: Iterable[str]) -> dict[str, list[ModuleType]]:
        """Those of these files, as they are imported now."""
        for name, module in list(sys.modules.items()):
            if self._seen.get(name) is not module:
                self._seen[name] = module
                path = _path_of(module)
                if path:
                    self._names.setdefault(path, set()).add(name)
        found: dict[str, list[ModuleType]] = {}
        for path in paths:
            modules = {name: sys.modules.get(name) for name in self._names.get(path, ())}
            own = {id(one): one for one in modules.values() if isinstance(one, ModuleType) and _path_of(one) == path}
            if own:
                found[path] = list(own.values())
        return found


_IMPORTED = _Imported()


def _path_of(module: object) -> str:
    """The real path of a module of the project; empty for any other. Wakes no lazy module."""
    try:
        file: Any = object.__getattribute__(module, "__dict__").get("__file__")
    except AttributeError:
        return ""
    return real_path(file) if isinstance(file, str) and not is_no_project(file) else ""


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
