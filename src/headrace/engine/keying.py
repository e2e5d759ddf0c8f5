"""Keys of step runs and items: from what a step is (its basis) and what it gets (its arguments)."""

from collections.abc import Mapping

from msgspec import Struct

from headrace.core.digests import digest_parts
from headrace.core.errors import SourceError
from headrace.core.values import Value, classes_in
from headrace.definition.graph import Node
from headrace.engine.commands import Arguments
from headrace.plan.keys import KeyParts, argument_digest, paths_in, step_key
from headrace.plan.plan import StepBasis
from headrace.ports.code import CodeReader, FileDigests


class Keyed(Struct, frozen=True):
    """The key of an item and what is behind it.

    `paths` pairs each path among the arguments with the content's digest that entered the key. Without a key the item
    is neither reused nor stored, and `problem` says why. `stored_under` is the key of its result, where that is
    another one; empty if its result is not stored.
    """

    key: str = ""
    parts: KeyParts | None = None
    paths: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    stored_under: str | None = None

    @property
    def result_key(self) -> str:
        """The key under which results are stored and looked for; empty for none."""
        return self.key if self.stored_under is None else self.stored_under


class _Argument(Struct, frozen=True):
    digest: str
    classes: tuple[tuple[str, str], ...]
    paths: tuple[tuple[str, str], ...]


def private_key(run_id: str, node: str, item: int) -> str:
    """A key that no other run has: under it, a run finds again what it made of an item that nobody else may reuse."""
    return digest_parts(("private", run_id, node, str(item)))


class Keys:
    """Makes keys. Digests of classes are read once; files are read at each look-up."""

    def __init__(self, bases: Mapping[str, StepBasis], code: CodeReader, files: FileDigests) -> None:
        self._bases, self._code, self._files = bases, code, files
        self._class_digests: dict[str, str] = {}

    def of_batch(self, node: Node, batch: tuple[Arguments, ...]) -> list[Keyed]:
        """The keys of several items of one node; what they share is digested once."""
        basis = self._bases.get(node.name)
        if basis is None:
            return [Keyed(problem="its code was not read")] * len(batch)
        other = _other_parts(node, basis)
        seen: dict[int, _Argument] = {}
        return [self._of_item(node, arguments, (basis, other, seen)) for arguments in batch]

    def _of_item(
        self,
        node: Node,
        arguments: Arguments,
        shared: tuple[StepBasis, tuple[tuple[str, str], ...], dict[int, _Argument]],
    ) -> Keyed:
        basis, other, seen = shared
        digests: list[tuple[str, str]] = []
        classes: dict[str, str] = {}
        paths: list[tuple[str, str]] = []
        try:
            for name, value in arguments:
                if name in node.step.cache.ignore:
                    continue
                argument = seen.get(id(value))
                if argument is None:
                    argument = seen[id(value)] = self._argument(value)
                digests.append((name, argument.digest))
                classes.update(argument.classes)
                paths += argument.paths
        except SourceError as error:
            return Keyed(problem=str(error))
        parts = KeyParts(basis.code, basis.environment, tuple(digests), tuple(sorted(classes.items())), other)
        return Keyed(step_key(parts), parts, tuple(paths))

    def _argument(self, value: Value) -> _Argument:
        found = paths_in(value)
        placed = tuple(map(self._placed, found))
        digests = [self._files.digest_of(path) for path in placed]
        names = sorted(classes_in(value))
        classes = tuple((name, digest) for name in names if (digest := self._class_digest(name)))
        digest = argument_digest(value, dict(zip(found, digests, strict=True)))
        return _Argument(digest, classes, tuple(zip(placed, digests, strict=True)))

    def _placed(self, path: str) -> str:
        """A path of the user's as touched files are named: a relative one starts from the working directory."""
        if path.startswith("/"):
            return self._files.name_of(path)
        here = self._files.here()
        return path if here == "." or path.startswith("~") else f"{here}/{path}"

    def _class_digest(self, name: str) -> str:
        if name not in self._class_digests:
            self._class_digests[name] = self._code.class_digest(name)
        return self._class_digests[name]


def _other_parts(node: Node, basis: StepBasis) -> tuple[tuple[str, str], ...]:
    salt = node.step.cache.salt
    if salt and all(name != "salt" for name, _ in basis.other):
        return (*basis.other, ("salt", salt))
    return basis.other
