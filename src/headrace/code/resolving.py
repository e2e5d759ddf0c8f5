"""From a reference in a module to the bindings that it means, over imports, aliases, re-exports and stars.

Follows names only; what a binding itself refers to is the business of `reaching.py`.
"""

from typing import Literal, NamedTuple

from headrace.code.computed import IMPORTED, QUOTED
from headrace.code.modules import Module, ProjectModules
from headrace.code.pieces import Piece
from headrace.code.scopes import ImportTarget

_ONLY_ABOUT_THE_MODULE = {
    *("__name__", "__file__", "__path__", "__package__", "__spec__", "__version__", "__loader__", "__cached__"),
    "__doc__",
}


class Hit(NamedTuple):
    """What a reference means: a binding of a project module, a whole project module, or a name in a library."""

    kind: Literal["binding", "module", "external"]
    module: Module | None
    name: str = ""


class Resolver:
    """Resolves references; remembers what it has resolved. One serves one planning."""

    def __init__(self, modules: ProjectModules) -> None:
        self._modules = modules
        self._known: dict[tuple[str, str], tuple[Hit, ...]] = {}

    def resolve(self, module: Module, reference: str, piece: Piece | None = None) -> tuple[Hit, ...]:
        """Everything that a reference in a piece of a module means."""
        if reference[0] == IMPORTED:
            alias, *rest = reference[1:].split(".")
            search = _Search(self._modules)
            for target in piece.imports if piece is not None else ():
                if target[0] == alias:
                    search.target(module, target, tuple(rest))
            return tuple(search.hits)
        key = (module.path, reference)
        if key not in self._known:
            search = _Search(self._modules)
            if reference[0] == QUOTED:
                search.quoted(reference[1:])
            else:
                root, *rest = reference.split(".")
                search.name(module, root, tuple(rest))
            self._known[key] = tuple(search.hits)
        return self._known[key]

    def module_of(self, module: Module, level: int, name: str) -> str:
        """The absolute name of an imported module."""
        return absolute_name(module, level, name)


def absolute_name(module: Module, level: int, name: str) -> str:
    """The absolute name of a module imported in another one."""
    if level == 0:
        return name
    package = module.package
    for _ in range(level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{name}" if package and name else package or name


class _Search:
    """One resolution: collects hits; remembers where it is, because re-exports may be circular."""

    def __init__(self, modules: ProjectModules) -> None:
        self._modules = modules
        self._seen: set[tuple[str, str, tuple[str, ...]]] = set()
        self.hits: dict[Hit, None] = {}

    def _hit(self, kind: Literal["binding", "module", "external"], module: Module | None, name: str = "") -> None:
        self.hits.setdefault(Hit(kind, module, name))

    def name(self, module: Module, root: str, rest: tuple[str, ...]) -> bool:
        """A name of a module's scope, with attributes of it; False if the module does not bind it."""
        place = (module.path, root, rest)
        if place in self._seen:
            return False
        self._seen.add(place)
        index = self._modules.index_of(module)
        pieces = index.pieces_of(root)
        # also where the name is bound here: which of the two comes last is decided by statements and conditions
        found = [self._star(absolute_name(module, *star), (root, *rest)) for star in index.stars]
        if not pieces:
            return any(found)
        targets = [target for piece in pieces for target in piece.imports if target[0] == root]
        followed = [self.target(module, target, rest) for target in dict.fromkeys(targets)]
        if targets and not any(followed) and all(piece.kind == "import" for piece in pieces):
            return False
        self._hit("binding", module, root)
        return True

    def target(self, module: Module, target: ImportTarget, rest: tuple[str, ...]) -> bool:
        """What an import statement binds, with attributes of it."""
        _, level, name, part = target
        absolute = absolute_name(module, level, name)
        found = self._modules.find(absolute) if absolute else None
        if found is None:
            self._hit("external", None, f"{absolute}.{part}" if part else ".".join([absolute, *rest]))
            return True
        return self.attribute(found, (part, *rest) if part else rest)

    def attribute(self, module: Module, chain: tuple[str, ...]) -> bool:
        """An attribute of a project module, with attributes of that; without any, the whole module."""
        if not chain or module.kind == "binary":
            self._hit("module", module)
            return True
        if module.kind == "source" and self.name(module, chain[0], chain[1:]):
            return True
        child = self._modules.find(f"{module.name}.{chain[0]}")
        if child is not None:
            return self.attribute(child, chain[1:])
        if chain[0] in _ONLY_ABOUT_THE_MODULE:
            return True
        if module.kind == "source" and self._modules.index_of(module).pieces_of("__getattr__"):
            self._hit("binding", module, "__getattr__")
            return True
        if (module.path, chain[0], chain[1:]) not in self._seen or not self._is_circular(module, chain[0]):
            self._hit("module", module)
        return True

    def _is_circular(self, module: Module, name: str) -> bool:
        return module.kind == "source" and bool(self._modules.index_of(module).pieces_of(name))

    def _star(self, starred: str, chain: tuple[str, ...]) -> bool:
        found = self._modules.find(starred)
        if found is None:
            self._hit("external", None, starred)
            return False
        if found.kind == "source" and self.name(found, chain[0], chain[1:]):
            return True
        child = self._modules.find(f"{starred}.{chain[0]}")  # `__all__` may name submodules
        return child is not None and self.attribute(child, chain[1:])

    def quoted(self, text: str) -> None:
        """`package.module:Name` or `package.module.Name` in a string, if there is such a thing in the project."""
        parts = text.replace(":", ".").split(".")
        for length in range(len(parts) - 1, 0, -1):
            found = self._modules.find(".".join(parts[:length]))
            if found is not None:
                if found.kind == "source" and self._modules.index_of(found).pieces_of(parts[length]):
                    self.name(found, parts[length], tuple(parts[length + 1 :]))
                return
