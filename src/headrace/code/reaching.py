"""From one binding to everything of the project that running it may run: the rows behind a code key.

Breadth first, so that each row is known by a shortest way to it. Reads indexes only; imports nothing of the user's.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from headrace.code.effects import LIBRARIES, Effects
from headrace.code.expanding import Expander, Expansion
from headrace.code.modules import Module, ProjectModules
from headrace.code.pieces import Effect, Piece
from headrace.code.resolving import Hit, absolute_name
from headrace.code.rows import Place, Reading, combined, piece_print
from headrace.code.trees import FINGERPRINT_LENGTH
from headrace.core.digests import digest_parts
from headrace.plan.explain import AT_IMPORT, BINARY, ORDER
from headrace.ports.code import CodeRow


def imported_from(modules: ProjectModules, entries: Iterable[Module]) -> tuple[Module, ...]:
    """What importing these modules imports, they included."""
    found: dict[str, Module] = {}
    pending = [*entries]
    while pending:
        module = pending.pop()
        if module.path not in found:
            found[module.path] = module
            parent = modules.find(module.name.rpartition(".")[0]) if "." in module.name else None
            pending += [parent] if parent is not None else []
            pending += project_imports(modules, module) if module.has_index else []
    return tuple(found.values())


def project_imports(modules: ProjectModules, module: Module) -> list[Module]:
    """The modules of the project that a module imports itself, at its head."""
    found: list[Module] = []
    for level, name, part in modules.index_of(module).imports:
        absolute = absolute_name(module, level, name)
        one = modules.find(absolute) if absolute else None
        if one is not None:
            found.append(one)
            child = modules.find(f"{absolute}.{part}") if part and one.locations else None
            found += [child] if child is not None else []
    return found


class Reach:
    """What one symbol reaches. `start` once, then read `rows()`, `modules`, `distributions`, `notes`.

    `beside` are modules that the process of a run imports in any case: the pipeline's, the script, and all that they
    import. What they do to a library or to a module that the symbol reaches counts, even if it imports none of them;
    `leans_on_entries` says so.
    """

    def __init__(self, expander: Expander, effects: Effects, beside: Iterable[Module] = ()) -> None:
        self._modules = expander.modules
        self._resolver = expander.resolver
        self._expander = expander
        self._judge = effects
        self._beside = beside
        self._root = ""
        self.leans_on_entries = False
        self._queue: deque[Expansion] = deque()
        self._through: dict[str, str] = {}
        self._entered: dict[str, Module] = {}
        self._subclassed = False
        self._whole: set[str] = set()
        self._reached: list[Expansion] = []
        self._effects: dict[str, list[tuple[Piece, str]]] = {}
        self._words: set[str] = set()
        self._reads_docs = False
        self.distributions: set[str] = set()
        self.paths: set[str] = set()
        self.notes: dict[str, None] = {}

    @property
    def modules(self) -> list[Module]:
        """The modules whose files were looked at."""
        return [*self._entered.values(), *(self._outside() if self.leans_on_entries else ())]

    def runs_effects_of(self, module: Module) -> bool:
        """Whether something that importing a module does counts."""
        return bool(self._effects.get(module.path))

    def start(self, module: Module, name: str) -> None:
        """Follow everything from one binding, or from all of a module."""
        self._root = f"{module.label}:{name}"
        if name:
            self._reach(module, name, "")
        else:
            self._reach_whole(module, "")
        self._enter(module, f"{module.label}:{name}")
        while True:
            self._follow_all()
            if self._subclassed:
                self._reach_subclasses()
            if not self._queue and not self._changed_from_outside():
                return

    def enter(self, module: Module) -> None:
        """Follow only what importing a module does."""
        self._enter(module, "")

    def rows(self) -> list[CodeRow]:
        """The rows of all that was reached, by symbol."""
        reading = Reading(frozenset(self._words), self._reads_docs)
        through = self._through
        found = {row.symbol: row for row in self._other_rows(reading)}
        for expansion in self._reached:
            via = through[expansion.place.symbol]
            for row in expansion.rows(reading):
                found[row.symbol] = CodeRow(row.symbol, row.fingerprint, row.file, row.first_line, row.last_line, via)
        return [found[symbol] for symbol in sorted(found)]

    def _other_rows(self, reading: Reading) -> Iterator[CodeRow]:
        """What importing modules does and in which order, their docstrings where read, and extension modules."""
        yield from self._order()
        for module in self.modules:
            path = module.path
            effects = self._effects.get(path)
            if effects:
                symbol = f"{module.label}:{AT_IMPORT}"
                parts = [name or piece_print(piece, reading) for piece, name in effects]
                first = min(piece.first_line for piece, _ in effects)
                last = max(piece.last_line for piece, _ in effects)
                yield CodeRow(symbol, combined(parts), module.file, first, last, self._through[symbol])
            if reading.docs and module.has_index and path in self._entered:
                doc = self._modules.index_of(module).doc
                yield CodeRow(f"{module.label}:__doc__", doc, module.file, 1, 1)
            if path in self._whole and module.kind == "binary":
                symbol = f"{module.label}:{BINARY}"
                digest = self._modules.digest_of(module)[:FINGERPRINT_LENGTH]
                yield CodeRow(symbol, digest, module.file, 0, 0, self._through[symbol])

    def _order(self) -> Iterator[CodeRow]:
        """Which of the modules that do something when they are imported does it first: the last one wins a name, and a
        list of registered things is in this order. Nothing where it is one module.
        """
        if sum(map(bool, self._effects.values())) < 2:  # most code: spare it the walk
            return
        first, done, ran = next(iter(self._entered.values()), None), set[str](), list[str]()
        pending = [(module, False) for module in reversed(self._entered.values())]
        while pending:
            module, are_imports_done = pending.pop()
            if are_imports_done:
                ran += [module.label] if self._effects.get(module.path) else []
            elif module.path not in done:
                done.add(module.path)
                pending.append((module, True))
                imported = project_imports(self._modules, module) if module.has_index else []
                pending += [(one, False) for one in reversed(imported) if one.path in self._entered]
        if first is not None and len(ran) > 1:
            symbol = f"{first.label}:{ORDER}"
            self._through.setdefault(symbol, self._root)
            yield CodeRow(symbol, digest_parts(ran)[:FINGERPRINT_LENGTH], first.file, 0, 0, self._root)

    def _follow_all(self) -> None:
        while self._queue:
            expansion = self._queue.popleft()
            self._reached.append(expansion)
            self._follow(expansion)

    def _reach(self, module: Module, name: str, through: str) -> None:
        symbol = f"{module.label}:{name}"
        if symbol not in self._through:
            self._through[symbol] = through
            self._queue.append(self._expander.binding(module, name))

    def _follow(self, expansion: Expansion, through: str = "") -> None:
        through = through or expansion.place.symbol
        self._words |= expansion.words
        self.paths.update(path for piece in expansion.pieces for path in piece.paths)
        self._reads_docs = self._reads_docs or expansion.reads_docs
        self.distributions |= expansion.distributions
        for module in expansion.entered:
            if module.path not in self._entered:
                self._enter(module, through)
        for module, name in expansion.bindings:
            self._reach(module, name, through)
        for module in expansion.wholes:
            if module.has_index and module.path not in self._whole:
                self._note(f"`{module.label}` is used as a value by `{through.rpartition(':')[2]}`", "all of it")
            self._reach_whole(module, through)
        for computed in expansion.computed:
            self._follow_computed(expansion.place.module, computed, through)

    # Computed names

    def _follow_computed(self, module: Module, computed: tuple[str, str, int], through: str) -> None:
        kind, text, line = computed
        where = f"{module.file}, line {line}"
        if kind == "subclasses":
            self._subclassed = True
        elif kind == "module":
            self._note(f"`{text}` in {where}", f"all of `{module.label}`")
            self._reach_whole(module, through)
        elif kind == "import":
            found = self._modules.find(absolute_name(module, len(text) - len(text.lstrip(".")), text.lstrip(".")))
            if found is not None:
                self._enter(found, through)
                self._note(f"`import_module({text!r})` in {where}", f"all of `{found.label}`")
                self._reach_whole(found, through)
            elif not text.startswith("."):
                self.distributions.update(self._expander.distribution(text))
        else:
            self._reach_package(module, computed, through)

    def _reach_package(self, module: Module, computed: tuple[str, str, int], through: str) -> None:
        _, prefix, line = computed
        cause = f"a computed import in {module.file}, line {line}"
        level = len(prefix) - len(prefix.lstrip("."))
        name = absolute_name(module, level, prefix.lstrip(".")) or module.package.partition(".")[0]
        package = self._modules.find(name) if name else None
        if package is None:
            self._note(cause, f"all of `{module.label}`")
            self._reach_whole(module, through)
            return
        self._note(cause, f"all of the package `{package.label}`")
        for one in (package, *self._modules.submodules(package)):
            self._enter(one, through)
            self._reach_whole(one, through)

    def _reach_whole(self, module: Module, through: str) -> None:
        if module.path in self._whole:
            return
        self._whole.add(module.path)
        if module.kind == "binary":
            self._through[f"{module.label}:{BINARY}"] = through
        elif module.has_index:
            for name in self._modules.index_of(module).bindings:
                self._reach(module, name, through)
                for hit in self._resolver.resolve(module, name):
                    self._reach_imported(hit, through)

    def _reach_imported(self, hit: Hit, through: str) -> None:
        """What a module that counts whole imports counts as far as it is a binding; modules only if they are used."""
        if hit.module is None:
            self.distributions.update(self._expander.distribution(hit.name))
        elif hit.kind == "binding":
            self._reach(hit.module, hit.name, through)

    def _note(self, cause: str, what: str) -> None:
        self.notes.setdefault(f"{cause}: names are computed, so {what} counts.")

    def _reach_subclasses(self) -> None:
        for module in list(self._entered.values()):
            if not module.has_index:
                continue
            for effect in self._modules.index_of(module).effects:
                if effect.mode == "subclass" and any(
                    f"{hit.module.label}:{hit.name}" in self._through
                    for reference in effect.references
                    for hit in self._resolver.resolve(module, reference)
                    if hit.module is not None and hit.kind == "binding"
                ):
                    self._reach(module, effect.name, f"{module.label}:{AT_IMPORT}")

    # What importing does

    def _enter(self, module: Module, through: str) -> None:
        """A module is imported, and with it its packages and all that it imports itself."""
        pending = [module]
        while pending:
            current = pending.pop()
            if current.path in self._entered:
                continue
            self._entered[current.path] = current
            parent = self._modules.find(current.name.rpartition(".")[0]) if "." in current.name else None
            if parent is not None:
                pending.append(parent)
            if current.has_index:
                pending += self._imported_by(current)
                self._run_effects(current, through)

    def _imported_by(self, module: Module) -> list[Module]:
        if not module.locations:
            for level, name, part in self._modules.index_of(module).unused:
                absolute = absolute_name(module, level, name)
                if self._modules.find(absolute) is None:
                    self.distributions.update(self._expander.distribution(f"{absolute}.{part}" if part else absolute))
        return project_imports(self._modules, module)

    def _run_effects(self, module: Module, through: str) -> None:
        for effect in self._modules.index_of(module).effects:
            if self._judge.counts(module, effect):
                self._run_effect(module, effect, through)

    def _run_effect(self, module: Module, effect: Effect, through: str) -> bool:
        """Let an effect count; whether it did not before."""
        place = Place(module, AT_IMPORT)
        piece = self._modules.index_of(module).piece(effect.piece)
        effects = self._effects.setdefault(module.path, [])
        if (piece, effect.name) in effects:
            return False
        self._through.setdefault(place.symbol, through)
        effects.append((piece, effect.name))
        if effect.name:
            self._reach(module, effect.name, place.symbol)
        else:
            self._follow(self._expander.statement(place, piece))
        return True

    # What other modules of the process do to those that were entered

    def _outside(self) -> list[Module]:
        return [module for module in self._beside if module.path not in self._entered]

    def _changed_from_outside(self) -> bool:
        """Let count what modules that are imported beside do to what is reached; whether anything came with it."""
        ran = False
        for module in self._outside():
            for effect in self._modules.index_of(module).effects if module.has_index else ():
                if self._is_changed_by(module, effect):
                    ran = self._run_effect(module, effect, self._root) or ran
        self.leans_on_entries = self.leans_on_entries or ran
        return ran

    def _is_changed_by(self, module: Module, effect: Effect) -> bool:
        if effect.mode == "subclass":
            is_known = any(symbol in self._through for symbol in self._judge.bases_of(module, effect))
            return is_known and (self._subclassed or self._judge.counts(module, effect))
        changed = self._judge.changed_by(module, effect)
        return LIBRARIES in changed or not changed.isdisjoint(self._entered)
