"""Which folders hold project code and which hold libraries, and what stands in them. Reads folders, never files."""

# ruff: noqa: PTH100, PTH109, PTH112, PTH118, PTH120, PTH123 - pathlib costs more than the work itself here

import ast
import os
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_STANDARD = os.path.dirname(os.path.abspath(os.__file__)).replace(os.sep, "/") + "/"
_LIBRARY_PARTS = ("/site-packages", "/dist-packages")
PRODUCT = "headrace"
"""The package that never counts as project code or as a distribution: what it means is in the key's own format."""


class Listing(NamedTuple):
    """The names in a folder: sub-folders, files, and extension modules by module name."""

    folders: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    extensions: tuple[tuple[str, str], ...] = ()

    def extension(self, module: str) -> str:
        """The file name of an extension module; empty if there is none."""
        return next((file for name, file in self.extensions if name == module), "")


class Listings:
    """What stands in folders, each looked at once."""

    def __init__(self) -> None:
        self._known: dict[str, Listing] = {}

    def of(self, folder: str) -> Listing:
        """The listing of a folder; an empty one if it cannot be read."""
        found = self._known.get(folder)
        if found is None:
            found = self._known[folder] = _read_listing(folder)
        return found


def _read_listing(folder: str) -> Listing:
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                (folders if entry.is_dir() else files).append(entry.name)
    except OSError:
        return Listing()
    extensions = sorted((name.partition(".")[0], name) for name in files if name.endswith((".so", ".pyd")))
    return Listing(frozenset(folders), frozenset(files), tuple(extensions))


def is_library(folder: str) -> bool:
    """Whether a folder of `sys.path` belongs to the standard library or to installed distributions."""
    path = folder.replace(os.sep, "/").rstrip("/")
    if any(path.endswith(part) or f"{part}/" in path for part in _LIBRARY_PARTS):
        return True
    return f"{path}/".startswith(_STANDARD) or (".zip" in path and _is_in_archive(path))


def _is_in_archive(path: str) -> bool:
    """Whether a path is a zip file that modules are imported from, or in one; any other zip file is somebody's data."""
    for entry in sys.path:
        archive, mark, _ = f"{os.path.abspath(entry)}/".replace(os.sep, "/").partition(".zip/")
        if mark and f"{path}/".startswith(archive + mark) and not os.path.isdir(f"{archive}.zip"):
            return True
    return False


def project_folders(root: str, path: Sequence[str] | None = None) -> list[str]:
    """The folders that project modules are imported from, in the order of Python's search.

    `src` and the root itself come first where `sys.path` does not have them yet, as the command line adds them.
    """
    entries = [os.path.abspath(entry or os.getcwd()) for entry in (sys.path if path is None else path)]
    found = [entry for entry in entries if not is_library(entry) and os.path.isdir(entry)]
    source = os.path.join(root, "src")
    first = [folder for folder in (source, root) if folder not in found and os.path.isdir(folder)]
    return list(dict.fromkeys([*first, *found]))


def library_folders(path: Sequence[str] | None = None) -> list[str]:
    """The folders of `sys.path` that hold installed distributions."""
    entries = [os.path.abspath(entry) for entry in (sys.path if path is None else path) if entry]
    return [entry for entry in dict.fromkeys(entries) if is_library(entry) and not entry.endswith(".zip")]


def editable_modules(folders: Iterable[str], listings: Listings) -> dict[str, str]:
    """Modules of editable installs that are found by an import hook: name and file or folder.

    setuptools writes `__editable___NAME_finder.py` with a table of them; a plain `.pth` stands in `sys.path` already.
    """
    found: dict[str, str] = {}
    for folder in folders:
        for name in sorted(listings.of(folder).files):
            if name.startswith("__editable__") and name.endswith("_finder.py"):
                found.update(_mapping_of(os.path.join(folder, name)))
    return found


def _mapping_of(path: str) -> dict[str, str]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("MAPPING"):
                return _read_mapping(line.partition("=")[2].strip())
    return {}


def _read_mapping(text: str) -> dict[str, str]:
    tree = compile(text, "<mapping>", "eval", ast.PyCF_ONLY_AST)
    value = ast.literal_eval(tree)
    return {str(name): str(place) for name, place in value.items()} if isinstance(value, dict) else {}
