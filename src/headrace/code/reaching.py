"""From one binding to everything of the project that running it may run: the rows behind a code key.

Breadth first, so that each row is known by a shortest way to it. Reads indexes only; imports nothing of the user's.
"""

from collections import deque
from collections.abc import Iterator

from headrace.code.expanding import Expander, Expansion
from headrace.code.folders import PRODUCT
from headrace.code.modules import Module, ProjectModules
from headrace.code.pieces import ATTRIBUTES, Effect, Piece
from headrace.code.resolving import Hit, Resolver, absolute_name
from headrace.code.rows import Place, Reading, combined, piece_print
from headrace.code.trees import FINGERPRINT_LENGTH
from headrace.plan.explain import AT_IMPORT, BINARY
from headrace.ports.code import CodeRow

_EFFECT_WORDS = ("set", "use", "register", "enable", "disable", "seed", "patch", "install", "config", "init", "filter")


class Reach:
    """What one symbol reaches. `start` once, then read `rows()`, `modules`, `distributions`, `notes`."""

    def __init__(self, modules: ProjectModules, resolver: Resolver, expander: Expander) -> None:
        self._modules = modules
        self._resolver = resolver
        self._expander = expander
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
        self.notes: dict[str, None] = {}

    @property
    def modules(self) -> list[Module]:
        """The modules whose files were looked at."""
        return list(self._entered.values())

    def start(self, module: Module, name: str) -> None:
        """Follow everything from one binding."""
        self._reach(module, name, "")
        self._enter(module, f"{module.label}:{name}")
        while self._queue:
            while self._queue:
                expansion = self._queue.popleft()
                self._reached.append(expansion)
                self._follow(expansion)
            if self._subclassed:
                self._reach_subclasses()

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
        """What importing modules does, their docstrings where they are read, and extension modules."""
        for path, module in self._entered.items():
            effects = self._effects.get(path)
            if effects:
                symbol = f"{module.label}:{AT_IMPORT}"
                parts = [name or piece_print(piece, reading) for piece, name in effects]
                first = min(piece.first_line for piece, _ in effects)
                last = max(piece.last_line for piece, _ in effects)
                yield CodeRow(symbol, combined(parts), module.file, first, last, self._through[symbol])
            if reading.docs and module.has_index:
                doc = self._modules.index_of(module).doc
                yield CodeRow(f"{module.label}:__doc__", doc, module.file, 1, 1)
            if path in self._whole and module.kind == "binary":
                symbol = f"{module.label}:{BINARY}"
                digest = self._modules.digest_of(module)[:FINGERPRINT_LENGTH]
                yield CodeRow(symbol, digest, module.file, 0, 0, self._through[symbol])

    def _reach(self, module: Module, name: str, through: str) -> None:
        symbol = f"{module.label}:{name}"
        if symbol not in self._through:
            self._through[symbol] = through
            self._queue.append(self._expander.binding(module, name))

    def _follow(self, expansion: Expansion, through: str = "") -> None:
        through = through or expansion.place.symbol
        self._words |= expansion.words
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
        index = self._modules.index_of(module)
        found: list[Module] = []
        for level, name, part in index.imports:
            absolute = absolute_name(module, level, name)
            one = self._modules.find(absolute) if absolute else None
            if one is not None:
                found.append(one)
                child = self._modules.find(f"{absolute}.{part}") if part and one.locations else None
                found += [child] if child is not None else []
        if not module.locations:
            for level, name, part in index.unused:
                absolute = absolute_name(module, level, name)
                if self._modules.find(absolute) is None:
                    self.distributions.update(self._expander.distribution(f"{absolute}.{part}" if part else absolute))
        return found

    def _run_effects(self, module: Module, through: str) -> None:
        index = self._modules.index_of(module)
        place = Place(module, AT_IMPORT)
        for effect in index.effects:
            if not self._counts(module, effect):
                continue
            self._through.setdefault(place.symbol, through)
            effects = self._effects.setdefault(module.path, [])
            piece = index.piece(effect.piece)
            if (piece, effect.name) in effects:
                continue
            effects.append((piece, effect.name))
            if effect.name:
                self._reach(module, effect.name, place.symbol)
            else:
                self._follow(self._expander.statement(place, piece))

    def _counts(self, module: Module, effect: Effect) -> bool:
        if effect.mode == "always":
            return True
        hits = [hit for reference in effect.references for hit in self._resolver.resolve(module, reference)]
        if effect.mode == "subclass":
            return any(self._registers_subclasses(hit, set()) for hit in hits)
        return any(self._touches_state(hit, effect.mode == "reads", set()) for hit in hits)

    def _touches_state(self, hit: Hit, reads: bool, seen: set[tuple[str, str]]) -> bool:
        """Whether calling this may change state that outlives the call (or, stricter, `reads` it)."""
        if hit.module is None:
            words = hit.name.rpartition(".")[2].lower()
            return bool(self._modules.external_name(hit.name)) and words.startswith(_EFFECT_WORDS)
        place = (hit.module.path, hit.name)
        if hit.kind == "module" or place in seen:
            return False
        seen.add(place)
        for piece in self._modules.index_of(hit.module).pieces_of(hit.name):
            if set(piece.mutates) - {hit.name, *(() if reads else (ATTRIBUTES,))}:
                return True
            if reads and piece.kind in {"mutable", "other"} and not self._is_ours(hit.module, piece):
                return True
            for reference in piece.references:
                if any(
                    self._touches_state(one, reads, seen)
                    for one in self._resolver.resolve(hit.module, reference, piece)
                ):
                    return True
        return False

    def _is_ours(self, module: Module, piece: Piece) -> bool:
        """Whether a value is Headrace's own decorator with options given beforehand: `step = partial(hr.step, …)`."""
        hits = [hit for reference in piece.references for hit in self._resolver.resolve(module, reference, piece)]
        tops = {hit.name.partition(".")[0] if hit.module is None else "" for hit in hits if hit.kind != "binding"}
        others = [
            one for one in hits if one.module is not None and one.kind == "binding" and one.module.path != module.path
        ]
        return PRODUCT in tops and tops <= {PRODUCT, "functools"} and not others

    def _registers_subclasses(self, hit: Hit, seen: set[tuple[str, str]]) -> bool:
        if hit.module is None or hit.kind == "module" or (hit.module.path, hit.name) in seen:
            return False
        seen.add((hit.module.path, hit.name))
        index = self._modules.index_of(hit.module)
        for piece in index.pieces_of(hit.name):
            if any(member.name in {"__init_subclass__", "__new__", "__prepare__"} for member in piece.members):
                return True
        bases = [one for one in index.effects if one.name == hit.name and one.mode == "subclass"]
        return any(
            self._registers_subclasses(further, seen)
            for effect in bases
            for reference in effect.references
            for further in self._resolver.resolve(hit.module, reference)
        )
