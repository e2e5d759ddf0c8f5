"""Reading the code of steps and classes statically, for keys: the adapter of the port to source code."""

# ruff: noqa: PTH100, PTH113 - pathlib costs more than the work itself here

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from headrace.code.collecting import collection_paused
from headrace.code.effects import Effects
from headrace.code.errors import SourceMissingError, UnknownBindingError
from headrace.code.expanding import Expander
from headrace.code.manifests import code_digest
from headrace.code.modules import Module, ProjectModules
from headrace.code.notebooks import MAIN, NotebookSource
from headrace.code.reaching import Reach, imported_from, project_imports
from headrace.code.resolving import Resolver
from headrace.core.digests import digest_parts
from headrace.core.symbols import Symbol
from headrace.ports.code import Code, CodeRow
from headrace.ports.stores import MemoStore


class StaticCodeReader:
    """Reads code from its syntax trees; nothing of the user's is imported.

    `root` is the project's folder, `path` the search path of modules (default: `sys.path`), `notebook` the live
    namespace for steps that no file defines (default: that of `__main__`). One reader serves one
    planning in one thread: it sees each file once. A script that runs as `__main__` counts as the module that its file
    is.
    """

    def __init__(
        self,
        root: Path | str,
        memo: MemoStore,
        path: Sequence[str] | None = None,
        *,
        notebook: NotebookSource | None = None,
    ) -> None:
        self._modules = ProjectModules(str(root), memo, None if path is None else list(path))
        resolver = Resolver(self._modules)
        self._expander = Expander(self._modules, resolver)
        self._notebook = notebook
        self._effects = Effects(self._modules, resolver)
        self._entries: dict[Symbol, Module] = {}
        self._beside: tuple[Module, ...] = ()
        self._codes: dict[tuple[str, str], Code] = {}

    def begin(self, entries: Sequence[Symbol]) -> None:
        """Say which modules the process of a run imports in any case; see the port."""
        found = {entry: module for entry in entries if (module := self._module_of(entry)) is not None}
        self._entries = found
        self._beside = imported_from(self._modules, dict.fromkeys(found.values()))
        self._codes.clear()

    def code_of(self, symbol: Symbol) -> Code:
        """The code of a step's function and all project code that it reaches; raises SourceError."""
        module = self._module_of(symbol)
        if module is None:
            return self._library_code(symbol)
        return self._code(module, symbol)

    def class_digest(self, name: str) -> str:
        """The digest of a project class or function (`module:Qual.name`) or of all of a module (`module:`); see the
        port. Empty for a library's.
        """
        module_name, _, qualname = name.partition(":")
        symbol = Symbol(module_name, qualname)
        try:
            module = self._module_of(symbol)
            return "" if module is None else self._code(module, symbol).digest
        except (SourceMissingError, UnknownBindingError):
            # A stored value may outlive its class; what was computed from it then is not found again by any key.
            return digest_parts(("missing", name))

    def files_of(self, module_name: str, file: str = "") -> tuple[tuple[str, str], ...]:
        """The project's files that importing a module reads, and all that this reader has read, with their digests.

        Asked last, it covers everything that a plan was made from.
        """
        module = self._module_of(Symbol(module_name, "", file))
        if module is not None:
            self._reach().enter(module)
        return self._modules.files_read()

    def _code(self, module: Module, symbol: Symbol) -> Code:
        name = symbol.qualname.partition(".")[0]
        known = self._codes.get((module.path, name))
        if known is not None:
            return known
        index = self._modules.index_of(module)
        if name and name not in index.bindings:
            raise UnknownBindingError(name, module.file, known=index.bindings)
        with collection_paused():
            reach = self._reach()
            reach.start(module, name)
            rows = [self._in_its_cell(row, module) for row in reach.rows()]
        code = Code(
            code_digest(f"{module.label}:{name}", rows),
            tuple(rows),
            self._files(reach),
            tuple(sorted(reach.distributions)),
            tuple(reach.notes),
            self._leans_on(reach),
            tuple(sorted(reach.paths)),
        )
        self._codes[module.path, name] = code
        return code

    def _reach(self) -> Reach:
        return Reach(self._expander, self._effects, self._beside)

    def _leans_on(self, reach: Reach) -> tuple[Symbol, ...]:
        found: list[Symbol] = []
        for entry, module in self._entries.items() if reach.leans_on_entries else ():
            if reach.runs_effects_of(module):
                found.append(entry)
            else:  # a script that runs its pipeline whenever it is loaded is no use to a worker
                found += [Symbol(one.name, "") for one in project_imports(self._modules, module)]
        return tuple(dict.fromkeys(found))

    def _files(self, reach: Reach) -> tuple[tuple[str, str], ...]:
        found = {one.file: self._modules.digest_of(one) for one in reach.modules if one.kind in {"source", "binary"}}
        return tuple(sorted(found.items()))

    def _module_of(self, symbol: Symbol) -> Module | None:
        path = os.path.abspath(symbol.file) if symbol.file else ""
        if symbol.module == MAIN:
            script = path if os.path.isfile(path) else self._script()
            return self._modules.of_file(script) if script else self._live_module(symbol)
        found = self._modules.find(symbol.module)
        if found is not None and (not path or found.path == path):
            return found
        return self._modules.of_file(path) if os.path.isfile(path) else found

    def _script(self) -> str:
        """The file that runs as `__main__`; empty in a notebook."""
        file = getattr(sys.modules[MAIN], "__file__", None) if self._notebook is None else None
        return os.path.abspath(file) if file and os.path.isfile(file) else ""

    def _live_module(self, symbol: Symbol) -> Module:
        if self._notebook is None:
            self._notebook = NotebookSource(vars(sys.modules[MAIN]))
        name = symbol.qualname.partition(".")[0]
        if name not in self._notebook:
            raise SourceMissingError(str(symbol), "it stands in no file, and the running session does not know it.")
        return self._modules.notebook(self._notebook.place_of(name), name, self._notebook)

    def _in_its_cell(self, row: CodeRow, module: Module) -> CodeRow:
        """What a notebook defines stands in the cell that defined it, not in that of the step."""
        label, _, qualname = row.symbol.partition(":")
        if module.kind != "live" or self._notebook is None or label != module.label:
            return row
        return replace(row, file=self._notebook.place_of(qualname.partition(".")[0]))

    def _library_code(self, symbol: Symbol) -> Code:
        """A step that an installed distribution brings: it counts by that distribution's version."""
        top = self._modules.external_name(symbol.module)
        row = CodeRow(str(symbol), f"import {symbol.module}:{symbol.qualname}", symbol.module, 0, 0)
        return Code(code_digest(str(symbol), [row]), (row,), (), (top,) if top else ())
