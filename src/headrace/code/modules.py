"""Finding the project's modules by name, and reading each file once. Imports nothing of the user's."""

# ruff: noqa: PTH100, PTH112, PTH118, PTH119, PTH122, PTH123, PTH206 - pathlib costs more than the work itself here

import os
import sys
from typing import Literal, NamedTuple

from headrace.code.errors import SourceUnreadableError
from headrace.code.folders import PRODUCT, Listings, editable_modules, library_folders, project_folders
from headrace.code.indexing import index_source
from headrace.code.notebooks import MAIN, NotebookSource
from headrace.code.pieces import INDEX_FORMAT, FileIndex, read_index
from headrace.core.digests import digest_bytes
from headrace.ports.stores import MemoStore

ModuleKind = Literal["source", "binary", "namespace", "live"]

_STANDARD = sys.stdlib_module_names | frozenset(sys.builtin_module_names)


class Module(NamedTuple):
    """A module of the project.

    `name` is the one it is imported by, `label` the one that keys and people see (its place in the project, the same
    on every machine and however it was started), `file` its path relative to the root, `locations` the folders of its
    submodules.
    """

    name: str
    label: str
    path: str
    file: str
    kind: ModuleKind
    locations: tuple[str, ...] = ()

    @property
    def has_index(self) -> bool:
        """Whether there is source to look at."""
        return self.kind in {"source", "live"}

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.locations else self.name.rpartition(".")[0]


class ProjectModules:
    """The project's modules, found as Python would find them and read once, at one moment. Not thread-safe.

    Project code is what lies outside the standard library and site-packages, editable installs included.
    """

    def __init__(self, root: str, memo: MemoStore, path: list[str] | None = None) -> None:
        self.root = os.path.abspath(root)
        self._memo = memo
        self._listings = Listings()
        self._folders = project_folders(self.root, path)
        self._libraries = library_folders(path)
        self._editable = editable_modules(self._libraries, self._listings)
        self._found: dict[str, Module | None] = {}
        self._contents: dict[str, tuple[bytes, str]] = {}
        self._indexes: dict[str, FileIndex] = {}
        self._external: dict[str, str] = {}

    def find(self, name: str) -> Module | None:
        """A module of the project by its dotted name; None for libraries and for what does not exist."""
        if name not in self._found:
            self._found[name] = self._search(name)
        return self._found[name]

    def of_file(self, path: str) -> Module | None:
        """The module that a file is, by its place in the project's folders; None for a library's file."""
        path = os.path.abspath(path)
        for folder in self._folders:
            if path.startswith(folder + os.sep):
                parts = os.path.splitext(os.path.relpath(path, folder))[0].split(os.sep)
                name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
                found = self.find(name)
                if found is not None and found.path == path:
                    return found
        if not path.startswith(self.root + os.sep) or any(path.startswith(one + os.sep) for one in self._libraries):
            return None
        name = os.path.splitext(os.path.basename(path))[0]
        return Module(name, self._label(path, name), path, self.relative(path), "source")

    def relative(self, path: str) -> str:
        """A path relative to the root, with `/`."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def notebook(self, label: str, root: str, source: NotebookSource) -> Module:
        """The live notebook as a module that holds what one of its names reaches; `label` is where that is defined."""
        module = Module(MAIN, MAIN, f"<{MAIN}:{root}>", label, "live")
        self._indexes[module.path] = source.index_for(root)
        return module

    def digest_of(self, module: Module) -> str:
        """The digest of a module's file."""
        return self._read(module)[1]

    def files_read(self) -> tuple[tuple[str, str], ...]:
        """All files read so far: path relative to the root, digest."""
        return tuple(sorted((self.relative(path), digest) for path, (_, digest) in self._contents.items()))

    def index_of(self, module: Module) -> FileIndex:
        """The index of a module's file; raises SourceUnreadableError."""
        found = self._indexes.get(module.path)
        if found is None:
            found = self._indexes[module.path] = self._index(module)
        return found

    def external_name(self, dotted: str) -> str:
        """What of an import of a library names its distribution: the first part, or more below a namespace package.

        Empty for the standard library and for Headrace itself.
        """
        if dotted not in self._external:
            self._external[dotted] = self._external_name(dotted)
        return self._external[dotted]

    def _external_name(self, dotted: str) -> str:
        parts = dotted.split(".")
        if parts[0] in _STANDARD or parts[0] == PRODUCT or not parts[0]:
            return ""
        taken = 1
        folders = self._libraries
        while taken < len(parts):
            inside = [os.path.join(folder, parts[taken - 1]) for folder in folders]
            inside = [
                folder for folder in inside if self._listings.of(folder).folders | self._listings.of(folder).files
            ]
            if not inside or any("__init__.py" in self._listings.of(folder).files for folder in inside):
                break
            folders, taken = inside, taken + 1
        return ".".join(parts[:taken])

    def submodules(self, module: Module) -> list[Module]:
        """All modules below a package, in order."""
        found: list[Module] = []
        for name in sorted(self._child_names(module)):
            child = self.find(f"{module.name}.{name}" if module.name else name)
            if child is not None:
                found += [child, *self.submodules(child)]
        return found

    def _child_names(self, module: Module) -> set[str]:
        names: set[str] = set()
        for folder in module.locations:
            listing = self._listings.of(folder)
            names |= {name[:-3] for name in listing.files if name.endswith(".py") and name != "__init__.py"}
            names |= {name for name, _ in listing.extensions}
            names |= {name for name in listing.folders if "__init__.py" in self._listings.of(f"{folder}/{name}").files}
        return {name for name in names if name.isidentifier()}

    # Searching

    def _search(self, name: str) -> Module | None:
        parent, _, last = name.rpartition(".")
        if parent:
            package = self.find(parent)
            return self._in_folders(name, last, package.locations) if package is not None else None
        if not last or os.sep in last or last == PRODUCT or last in sys.builtin_module_names:
            return None
        found = self._in_folders(name, last, tuple(self._folders))
        if found is not None and (found.kind != "namespace" or not self._is_installed(last)):
            return found
        return self._from_editable(last)

    def _is_installed(self, name: str) -> bool:
        # A folder of data called `datasets` in the project hides no library: Python takes regular packages first.
        if name in _STANDARD:
            return True
        for folder in self._libraries:
            listing = self._listings.of(folder)
            if f"{name}.py" in listing.files or listing.extension(name) or name in listing.folders:
                return True
        return False

    def _in_folders(self, name: str, last: str, folders: tuple[str, ...]) -> Module | None:
        spaces: list[str] = []
        for folder in folders:
            listing = self._listings.of(folder)
            inside = f"{folder}{os.sep}{last}"
            if last in listing.folders:
                if "__init__.py" in self._listings.of(inside).files:
                    return self._module(name, f"{inside}{os.sep}__init__.py", locations=(inside,))
                spaces.append(inside)
            if listing.extensions and listing.extension(last):
                return self._module(name, f"{folder}{os.sep}{listing.extension(last)}", "binary")
            if f"{last}.py" in listing.files:
                return self._module(name, f"{inside}.py")
        return self._module(name, spaces[0], "namespace", locations=tuple(spaces)) if spaces else None

    def _from_editable(self, name: str) -> Module | None:
        place = self._editable.get(name)
        if place is None:
            return None
        if os.path.isdir(place):
            return self._module(name, os.path.join(place, "__init__.py"), locations=(place,))
        return self._module(name, place if place.endswith(".py") else f"{place}.py")

    def _module(self, name: str, path: str, kind: ModuleKind = "source", *, locations: tuple[str, ...] = ()) -> Module:
        return Module(name, self._label(path, name), path, self.relative(path), kind, locations)

    def _label(self, path: str, name: str) -> str:
        for folder in (os.path.join(self.root, "src"), self.root):
            if path.startswith(folder + os.sep):
                parts = path[len(folder) + 1 :].split(os.sep)
                parts[-1] = parts[-1].partition(".")[0]
                return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        return name

    # Reading

    def _read(self, module: Module) -> tuple[bytes, str]:
        found = self._contents.get(module.path)
        if found is None:
            try:
                with open(module.path, "rb") as file:
                    content = file.read()
            except OSError as error:
                raise SourceUnreadableError(module.file, error.strerror or error) from error
            found = self._contents[module.path] = (content, digest_bytes(content))
        return found

    def _index(self, module: Module) -> FileIndex:
        content, digest = self._read(module)
        key = f"{INDEX_FORMAT}:{digest}"
        text = self._memo.recall(key)
        if text is not None:
            return read_index(text)
        try:
            index = index_source(content)
        except SyntaxError as error:
            raise SourceUnreadableError(module.file, f"line {error.lineno}: {error.msg}") from error
        except ValueError as error:
            raise SourceUnreadableError(module.file, error) from error
        self._memo.keep(key, index.to_text())
        return index
