"""Whether something that a module does when it is imported counts, and whose state it changes. Reads indexes only."""

from collections.abc import Iterable

from headrace.code.computed import is_mutating_name
from headrace.code.folders import PRODUCT
from headrace.code.modules import Module, ProjectModules
from headrace.code.pieces import ATTRIBUTES, SETTING, Effect, Piece
from headrace.code.resolving import Hit, Resolver

LIBRARIES = "<libraries>"
"""Stands among changed modules for what libraries keep: the state of a random generator, a setting."""
_EFFECT_WORDS = ("set", "use", "register", "enable", "disable", "seed", "patch", "install", "config", "init", "filter")
_NO_SETTINGS = (PRODUCT, "logging", "warnings")
"""What is changed in these changes no result."""
_FURTHER_WORDS = ("manual_seed", "environ", "putenv")


class Effects:
    """Judges effects; one serves one planning."""

    def __init__(self, modules: ProjectModules, resolver: Resolver) -> None:
        self._modules = modules
        self._resolver = resolver
        self._changed: dict[tuple[str, Effect], frozenset[str]] = {}

    def counts(self, module: Module, effect: Effect) -> bool:
        """Whether an effect of a module that a step imports counts for the step."""
        if effect.mode == "always":
            return True
        if effect.mode == "subclass":
            return any(self._registers_subclasses(hit, set()) for _, hit in self._hits(module, effect))
        reads = effect.mode == "reads"
        return any(
            _is_attribute_of_function(reference, hit, self._pieces_of(hit))
            or self._touches_state(hit, set(), reads=reads)
            for reference, hit in self._hits(module, effect)
        )

    def bases_of(self, module: Module, effect: Effect) -> Iterable[str]:
        """The symbols of the project's classes that a class derives from."""
        return [f"{hit.module.label}:{hit.name}" for _, hit in self._hits(module, effect) if hit.module is not None]

    def changed_by(self, module: Module, effect: Effect) -> frozenset[str]:
        """The paths of the modules whose state an effect changes, as far as names say so; LIBRARIES among them for
        theirs. Empty if it does not count.
        """
        key = (module.path, effect)
        if key not in self._changed:
            found = self._changes_of(module, effect) if self.counts(module, effect) else set[str]()
            self._changed[key] = frozenset(found)
        return self._changed[key]

    def _changes_of(self, module: Module, effect: Effect) -> set[str]:
        changed: set[str] = set()
        if effect.mode != "always":
            for reference, hit in self._hits(module, effect):
                if hit.module is not None and _is_attribute_of_function(reference, hit, self._pieces_of(hit)):
                    changed.add(hit.module.path)
                self._follow(hit, set(), changed, reads=effect.mode == "reads")
            return changed
        piece = self._modules.index_of(module).piece(effect.piece)
        self._add_mutated((module, ""), piece, changed)
        seen: set[tuple[str, str]] = set()
        for reference in piece.references:
            for hit in self._resolver.resolve(module, reference, piece):
                if hit.module is not None and (hit.kind == "module" or self._is_mutable(hit)):
                    changed.add(hit.module.path)  # given to a call, or its method called
                self._follow(hit, seen, changed)
        return changed

    def _follow(self, hit: Hit, seen: set[tuple[str, str]], changed: set[str], *, reads: bool = False) -> None:
        """What running this changes; with `reads`, the state that it reads, too."""
        if hit.module is None:
            if _is_setting(hit.name):
                changed.add(LIBRARIES)
            return
        place = (hit.module.path, hit.name)
        if hit.kind == "module" or place in seen:
            return
        seen.add(place)
        for piece in self._pieces_of(hit):
            self._add_mutated((hit.module, hit.name), piece, changed)
            if reads and self._is_mutable(hit):
                changed.add(hit.module.path)
            for reference in piece.references:
                for one in self._resolver.resolve(hit.module, reference, piece):
                    self._follow(one, seen, changed, reads=reads)

    def _add_mutated(self, place: tuple[Module, str], piece: Piece, changed: set[str]) -> None:
        module, name = place
        for root in set(piece.mutates) - {name, ATTRIBUTES}:
            is_setting = root[0] == SETTING
            for hit in self._resolver.resolve(module, root.strip(f"{SETTING}."), piece):
                if hit.module is None:
                    changed.update((LIBRARIES,) if is_setting and _holds_settings(hit.name, root) else ())
                elif not is_setting and not self._is_import(hit):
                    changed.add(hit.module.path)

    def _is_mutable(self, hit: Hit) -> bool:
        return hit.kind == "binding" and any(
            piece.kind in {"mutable", "other"} and hit.module is not None and not self._is_ours(hit.module, piece)
            for piece in self._pieces_of(hit)
        )

    def _is_import(self, hit: Hit) -> bool:
        pieces = self._pieces_of(hit)
        return bool(pieces) and all(piece.kind == "import" for piece in pieces)

    def _hits(self, module: Module, effect: Effect) -> list[tuple[str, Hit]]:
        return [(one, hit) for one in effect.references for hit in self._resolver.resolve(module, one)]

    def _pieces_of(self, hit: Hit) -> list[Piece]:
        if hit.module is None or hit.kind != "binding":
            return []
        return self._modules.index_of(hit.module).pieces_of(hit.name)

    def _touches_state(self, hit: Hit, seen: set[tuple[str, str]], *, reads: bool) -> bool:
        """Whether calling this may change state that outlives the call (or, stricter, `reads` it)."""
        if hit.module is None:
            words = hit.name.rpartition(".")[2].lower()
            return bool(self._modules.external_name(hit.name)) and words.startswith(_EFFECT_WORDS)
        place = (hit.module.path, hit.name)
        if hit.kind == "module" or place in seen:
            return False
        seen.add(place)
        for piece in self._pieces_of(hit):
            if set(piece.mutates) - {hit.name, *(() if reads else (ATTRIBUTES,))}:
                return True
            if reads and piece.kind in {"mutable", "other"} and not self._is_ours(hit.module, piece):
                return True
            for reference in piece.references:
                if any(
                    self._touches_state(one, seen, reads=reads)
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


def _is_attribute_of_function(reference: str, hit: Hit, pieces: Iterable[Piece]) -> bool:
    """Whether a decorator is an attribute of a function (`area.register` of `functools.singledispatch`) or a mutating
    method of a class: it changes what that is, wherever it stands."""
    last = reference.rpartition(".")[2]
    if "." not in reference or last == hit.name:
        return False
    kinds = {piece.kind for piece in pieces}
    return "function" in kinds or ("class" in kinds and is_mutating_name(last))


def _holds_settings(name: str, root: str) -> bool:
    """Whether what is set of a library may change a result: not with `sys.path.insert(…)` or `np.sort(…)`."""
    return name.partition(".")[0] not in (*_NO_SETTINGS, "sys") and (root.endswith(".") or "." in name)


def _is_setting(name: str) -> bool:
    words = name.lower().split(".")
    if words[0] in _NO_SETTINGS:
        return False
    return words[-1].startswith(_EFFECT_WORDS) or any(word in _FURTHER_WORDS for word in words)
