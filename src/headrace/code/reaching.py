"""From one binding to everything of the project that running it may run: the rows behind a code key.

Breadth first, so that each row is known by a shortest way to it. Reads indexes only; imports nothing of the user's.
"""

from collections import deque
from collections.abc import Iterable

from headrace.code.modules import Module, ProjectModules
from headrace.code.pieces import ATTRIBUTES, Effect, Piece
from headrace.code.resolving import Hit, Resolver, absolute_name
from headrace.code.rows import Place, RowWriter

_AT_IMPORT = "<import>"
_EFFECT_WORDS = ("set", "use", "register", "enable", "disable", "seed", "patch", "install", "config", "init", "filter")


class Reach:
    """What one symbol reaches. `start` once, then read `rows`, `modules`, `distributions`, `notes`."""

    def __init__(self, modules: ProjectModules, resolver: Resolver) -> None:
        self._modules = modules
        self._resolver = resolver
        self._queue: deque[tuple[Module, str]] = deque()
        self._through: dict[str, str] = {}
        self._entered: dict[str, Module] = {}
        self._subclassed = False
        self._whole: set[str] = set()
        self.rows = RowWriter()
        self.distributions: set[str] = set()
        self.notes: dict[str, None] = {}

    @property
    def modules(self) -> list[Module]:
        """The modules whose files were looked at."""
        return list(self._entered.values())

    def start(self, module: Module, name: str) -> None:
        """Follow everything from one binding."""
        symbol = f"{module.label}:{name}"
        self._reach(module, name, "")
        self._enter(module, symbol)
        while self._queue:
            while self._queue:
                self._process(*self._queue.popleft())
            if self._subclassed:
                self._reach_subclasses()

    def enter(self, module: Module) -> None:
        """Follow only what importing a module does."""
        self._enter(module, "")

    def _reach(self, module: Module, name: str, through: str) -> None:
        symbol = f"{module.label}:{name}"
        if symbol not in self._through:
            self._through[symbol] = through
            self._queue.append((module, name))

    def _process(self, module: Module, name: str) -> None:
        symbol = f"{module.label}:{name}"
        pieces = self._modules.index_of(module).pieces_of(name)
        self.rows.add_binding(Place(module, name, self._through[symbol]), pieces)
        for piece in pieces:
            if piece.kind == "import":
                continue  # whoever refers to it has been led on to what it means
            self._follow(module, piece, symbol)

    def _follow(self, module: Module, piece: Piece, through: str) -> None:
        for reference in piece.references:
            self._take(self._resolver.resolve(module, reference, piece), through)
        for level, name in piece.import_statements:
            self._enter_named(absolute_name(module, level, name), through)
        for computed in piece.computed:
            self._follow_computed(module, computed, through)
        readers = [hit for one in piece.doc_readers for hit in self._resolver.resolve(module, one)]
        self.rows.note_doc_readers(piece, readers)

    def _take(self, hits: Iterable[Hit], through: str) -> None:
        for hit in hits:
            if hit.module is None:
                self._add_distribution(hit.name)
                continue
            self._enter(hit.module, through)
            if hit.kind == "binding":
                self._reach(hit.module, hit.name, through)
            else:
                self._reach_whole(hit.module, through, "")

    def _add_distribution(self, dotted: str) -> None:
        name = self._modules.external_name(dotted)
        if name:
            self.distributions.add(name)

    # Computed names

    def _follow_computed(self, module: Module, computed: tuple[str, str, int], through: str) -> None:
        kind, text, line = computed
        where = f"{module.file}, line {line}"
        if kind == "subclasses":
            self._subclassed = True
        elif kind == "module":
            self._reach_whole(module, through, f"`{text}` in {where}")
        elif kind == "import":
            found = self._modules.find(absolute_name(module, len(text) - len(text.lstrip(".")), text.lstrip(".")))
            if found is not None:
                self._enter(found, through)
                self._reach_whole(found, through, f"`import_module({text!r})` in {where}")
            elif not text.startswith("."):
                self._add_distribution(text)
        else:
            self._reach_package(module, computed, through)

    def _reach_package(self, module: Module, computed: tuple[str, str, int], through: str) -> None:
        _, prefix, line = computed
        cause = f"a computed import in {module.file}, line {line}"
        level = len(prefix) - len(prefix.lstrip("."))
        name = absolute_name(module, level, prefix.lstrip(".")) or module.package.partition(".")[0]
        package = self._modules.find(name) if name else None
        if package is None:
            self._reach_whole(module, through, cause)
            return
        self._note(cause, f"all of the package `{package.label}`")
        for one in (package, *self._modules.submodules(package)):
            self._enter(one, through)
            self._reach_whole(one, through, "")

    def _reach_whole(self, module: Module, through: str, cause: str) -> None:
        if cause:
            self._note(cause, f"all of `{module.label}`")
        elif module.kind == "source" and module.path not in self._whole:
            self._note(f"`{module.label}` is used as a value by `{through.rpartition(':')[2]}`", "all of it")
        if module.path in self._whole:
            return
        self._whole.add(module.path)
        if module.kind == "binary":
            self.rows.add_binary(module, self._modules.digest_of(module), through)
        elif module.kind == "source":
            for name in self._modules.index_of(module).bindings:
                self._reach(module, name, through)
                self._take(self._resolver.resolve(module, name), through)

    def _note(self, cause: str, what: str) -> None:
        self.notes.setdefault(f"{cause}: names are computed, so {what} counts.")

    def _reach_subclasses(self) -> None:
        for module in list(self._entered.values()):
            if module.kind != "source":
                continue
            for effect in self._modules.index_of(module).effects:
                if effect.mode == "subclass" and any(
                    f"{hit.module.label}:{hit.name}" in self._through
                    for reference in effect.references
                    for hit in self._resolver.resolve(module, reference)
                    if hit.module is not None and hit.kind == "binding"
                ):
                    self._reach(module, effect.name, f"{module.label}:{_AT_IMPORT}")

    # What importing does

    def _enter_named(self, name: str, through: str) -> None:
        found = self._modules.find(name) if name else None
        if found is not None:
            self._enter(found, through)
        elif name:
            self._add_distribution(name)

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
            if current.kind == "source":
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
                    self._add_distribution(f"{absolute}.{part}" if part else absolute)
        return found

    def _run_effects(self, module: Module, through: str) -> None:
        index = self._modules.index_of(module)
        self.rows.add_docstring(module, index.doc, through)
        symbol = f"{module.label}:{_AT_IMPORT}"
        for effect in index.effects:
            if not self._counts(module, effect):
                continue
            piece = index.piece(effect.piece)
            self.rows.add_effect(Place(module, _AT_IMPORT, through), piece, effect.name)
            self._through.setdefault(symbol, through)
            if effect.name:
                self._reach(module, effect.name, symbol)
            else:
                self._follow(module, piece, symbol)

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
            if reads and piece.kind in {"mutable", "other"}:
                return True
            for reference in piece.references:
                if any(
                    self._touches_state(one, reads, seen)
                    for one in self._resolver.resolve(hit.module, reference, piece)
                ):
                    return True
        return False

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
