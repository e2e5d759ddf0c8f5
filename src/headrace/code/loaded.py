"""Whether modules of this process still are what their files say: a source edited after its import would be keyed by
the new text and computed by the old code.
"""

# ruff: noqa: PTH100, PTH116, PTH118, PTH123 - pathlib costs more than the work itself here

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

_PROC = "/proc/self/stat"


class LoadedSources:
    """Remembers with which content each loaded module was first seen. One per process; not thread-safe."""

    def __init__(self, root: Path | str) -> None:
        self._root = os.path.abspath(root)
        self._seen: dict[str, tuple[int, str]] = {}
        self._started = _process_start()

    def edited_since_import(self, files: Iterable[tuple[str, str]]) -> list[str]:
        """Those of these files (path relative to the root, digest) that this process has loaded with another content.

        A module that was reloaded counts as loaded anew. An edit before the first look is found where the file changed
        after the process began and the bytecode beside it was not made from it; without bytecode, only later edits are.
        """
        loaded = _loaded_files()
        edited: list[str] = []
        for file, digest in files:
            path = os.path.normpath(os.path.join(self._root, file))
            module = loaded.get(path)
            if module is not None and self._is_edited(path, digest, module):
                edited.append(file)
        return edited

    def _is_edited(self, path: str, digest: str, module: ModuleType) -> bool:
        load = id(getattr(module, "__spec__", None) or module)
        seen = self._seen.get(path)
        if seen is None or seen[0] != load:
            if seen is None and self._changed_before_first_look(path, module):
                return True
            self._seen[path] = (load, digest)
            return False
        return seen[1] != digest

    def _changed_before_first_look(self, path: str, module: ModuleType) -> bool:
        status = os.stat(path)
        if max(status.st_mtime, status.st_ctime) < self._started:
            return False
        header = _bytecode_header(getattr(module, "__cached__", None))
        if len(header) < 16 or header[4:8] != b"\0\0\0\0":
            return False
        made_from = (int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little"))
        return made_from != (int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)


def _loaded_files() -> dict[str, ModuleType]:
    found: dict[str, ModuleType] = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            found[os.path.abspath(file)] = module
    return found


def _bytecode_header(path: str | None) -> bytes:
    """Format, flags, time and size of the source that a `.pyc` was made from (PEP 552); empty if there is none."""
    try:
        with open(path or "", "rb") as file:
            return file.read(16)
    except OSError:
        return b""


def _process_start() -> float:
    """When this process began, in unix seconds; 0 where the platform does not say."""
    try:
        with open(_PROC, encoding="ascii", errors="replace") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        with open("/proc/stat", encoding="ascii") as file:
            booted = next(int(line.split()[1]) for line in file if line.startswith("btime"))
    except (OSError, ValueError, IndexError, StopIteration):
        return 0.0
    # The kernel counts in hundredths and from a rounded start, so allow a second: a file of that moment is looked at.
    return booted + ticks / os.sysconf("SC_CLK_TCK") - 1.0
