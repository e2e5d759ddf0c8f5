"""Importing a project's modules from their sources as they are now, never from bytecode that may be older.

Python takes bytecode for current if the source's size and the whole second of its change are the same. An edit of one
character right after a run would then run the old code under the new source's key. Bytecode that was written within two
seconds of its source's change is therefore neither read nor written for the project's files.
"""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType
from typing import Protocol


class PathEntry(Protocol):
    """What finds the modules of one folder; as `importlib.abc.PathEntryFinder`, which loads tempfile and shutil."""

    def find_spec(self, fullname: str, target: ModuleType | None = ..., /) -> ModuleSpec | None:
        """How to load a module of the folder; None if it is not there."""
        ...


RACY_S = 2.0
"""How close to its source's change bytecode may have been written and still be of the text before."""


class FreshSourceLoader(SourceFileLoader):
    """Loads a source file; its bytecode only where that cannot be of an earlier text."""

    def path_stats(self, path: str) -> Mapping[str, float]:
        """The stats by which bytecode is judged; raises OSError, which means: compile, and keep nothing."""
        stats = super().path_stats(path)
        if _is_racy(path, float(stats["mtime"])):
            raise OSError
        return stats


Finder = Callable[[str], PathEntry]
_INSTALLED: set[str] = set()


def import_fresh(folders: Iterable[str]) -> None:
    """Let modules below these folders be imported fresh in this process, site-packages excepted."""
    new = {_as_folder(folder) for folder in folders} - _INSTALLED
    if not new:
        return
    _INSTALLED.update(new)
    finder = FileFinder.path_hook((ExtensionFileLoader, EXTENSION_SUFFIXES), (FreshSourceLoader, SOURCE_SUFFIXES))
    sys.path_hooks.insert(0, _only_below(tuple(new), finder))
    for place in list(sys.path_importer_cache):
        if _as_folder(place).startswith(tuple(new)):
            del sys.path_importer_cache[place]


def _only_below(folders: tuple[str, ...], finder: Finder) -> Finder:
    def hook(place: str) -> PathEntry:
        path = _as_folder(place)
        if not path.startswith(folders) or "site-packages" in path:
            raise ImportError
        return finder(place)

    return hook


def _as_folder(path: str) -> str:
    return f"{Path(path).absolute()}/"


def _is_racy(path: str, changed_at: float) -> bool:
    if time.time() - changed_at < RACY_S:
        return True
    try:
        return Path(cache_from_source(path)).stat().st_mtime - changed_at < RACY_S
    except (OSError, NotImplementedError):
        return False
