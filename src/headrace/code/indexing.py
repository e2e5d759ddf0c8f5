"""From a file's source to its index: pure, looking at no other file, importing nothing of the user's."""

import ast
import builtins
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from headrace.code.classes import write_class
from headrace.code.computed import IMPORTED, QUOTED
from headrace.code.folders import PRODUCT
from headrace.code.pieces import SETTING, Effect, FileIndex, Kind, Mode, Piece, plain_piece
from headrace.code.scopes import (
    Bound,
    chain_of,
    import_targets,
    is_main_guard,
    names_bound,
    root_of,
    targets_in,
    what_is_asked,
)
from headrace.code.trees import FINGERPRINT_LENGTH, TreeWriter, fingerprint_of, kept_locals
from headrace.code.values import kind_of_value
from headrace.core.digests import digest_parts

_DEEPEST_TREE = 20_000
_LONGEST_CHAIN = 6
_BUILTINS = frozenset(dir(builtins))
_DATA = {"constant", "mutable", "other"}
_DEFINITIONS = {"function", "class"}
_HARMLESS_ROOTS = {"print", "logging"}


class Context(Struct, frozen=True):
    """The conditions under which a statement at the head of a module runs.

    `tests` are (expression, whether it has to hold); `is_main` marks `if __name__ == "__main__"`, `type_only` what
    stands under `TYPE_CHECKING`.
    """

    tests: tuple[tuple[ast.expr, bool], ...] = ()
    is_main: bool = False
    type_only: bool = False

    @property
    def runs_at_import(self) -> bool:
        """Whether importing the module may run it."""
        return not (self.is_main or self.type_only)


def index_source(source: bytes) -> FileIndex:
    """The index of a module's source; raises SyntaxError or ValueError if it is no Python."""
    tree = ast.parse(source)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEPEST_TREE))  # a chain of four hundred `elif` is deep, not endless
    try:
        return _ModuleIndexer(tree, has_walrus=b":=" in source).index()
    finally:
        sys.setrecursionlimit(limit)


def flatten(statements: list[ast.stmt], context: Context | None = None) -> Iterator[tuple[ast.stmt, Context]]:
    """The statements at the head of a module, those inside `if` included, each with its conditions."""
    context = context or Context()
    for statement in statements:
        if not isinstance(statement, ast.If):
            yield statement, context
        elif is_main_guard(statement.test):
            yield from flatten(statement.body, replace(context, is_main=True))
            yield from flatten(statement.orelse, context)
        elif (chain_of(statement.test) or [""])[-1] == "TYPE_CHECKING":
            yield from flatten(statement.body, replace(context, type_only=True))
            yield from flatten(statement.orelse, context)
        else:
            test = statement.test
            yield from flatten(statement.body, replace(context, tests=(*context.tests, (test, True))))
            yield from flatten(statement.orelse, replace(context, tests=(*context.tests, (test, False))))


class _ModuleIndexer:
    def __init__(self, tree: ast.Module, *, has_walrus: bool) -> None:
        self._tree = tree
        self._has_walrus = has_walrus
        self._statements = list(flatten(tree.body))
        self._kinds = self._kinds_of_names()
        self._pieces: list[Piece] = []
        self._bindings: dict[str, list[int]] = {}
        self._effects: list[Effect] = []
        self._imports: list[tuple[int, str, str]] = []
        self._plain_imports: list[tuple[str, tuple[int, str, str]]] = []
        self._stars: list[tuple[int, str]] = []
        self._ours = self._roots_of_headrace()
        self._writer = TreeWriter(headrace=self._names_of_headrace(), has_walrus=has_walrus)

    def index(self) -> FileIndex:
        for statement, context in self._statements:
            handle = _INDEXERS.get(type(statement), _ModuleIndexer.add_statement)
            handle(self, statement, context)
        pieces = [piece._replace(references=self._trimmed(piece)) for piece in self._pieces]
        return FileIndex(
            [
                {name: list(dict.fromkeys(numbers)) for name, numbers in self._bindings.items()},
                self._effects,
                list(dict.fromkeys(self._imports)),
                self._stars,
                self._unused(pieces),
                digest_parts([ast.get_docstring(self._tree, clean=False) or ""])[:FINGERPRINT_LENGTH],
                [plain_piece(piece) for piece in pieces],
            ]
        )

    # What the names of the module are

    def _kinds_of_names(self) -> dict[str, Kind]:
        kinds: dict[str, Kind] = {}
        for statement, _ in self._statements:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                kinds[statement.name] = "function"
            elif isinstance(statement, ast.ClassDef):
                kinds[statement.name] = "class"
            elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                kind = kind_of_value(statement.value)
                kinds.update((name, kind) for target in targets for name in targets_in(target))
            else:
                bound = names_bound([statement], has_walrus=self._has_walrus)
                imported = {alias for alias, *_ in bound.imports}
                kinds.update((name, "import" if name in imported else "other") for name in bound.names)
        return kinds

    def _names_of_headrace(self) -> frozenset[str]:
        """The names of Headrace's own decorators here, those with options given beforehand included."""
        names: set[str] = set()
        for statement, _ in self._statements:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                for alias, level, module, name in import_targets(statement):
                    if level == 0 and module.partition(".")[0] == PRODUCT:
                        names |= {f"{alias}.step", f"{alias}.pipeline"} if not name else {alias}
            elif isinstance(statement, ast.Assign) and _is_made_of(statement.value, names):
                names.update(name for target in statement.targets for name in targets_in(target))
        return frozenset(names)

    def _roots_of_headrace(self) -> frozenset[str]:
        """The names under which Headrace is imported, and those of what its calls give, such as a run: nothing that is
        called on them changes what a step could see."""
        names: set[str] = set()
        for statement, _ in self._statements:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                targets = import_targets(statement)
                names |= {
                    alias for alias, level, module, _ in targets if not level and module.partition(".")[0] == PRODUCT
                }
            elif isinstance(statement, ast.Assign) and root_of(statement.value) in names:
                names.update(name for target in statement.targets for name in targets_in(target))
        return frozenset(names)

    # One statement

    def _begin(self, context: Context) -> None:
        self._writer.begin()
        for test, holds in context.tests:
            self._writer.out.append("if" if holds else "unless")
            self._writer.write(test)

    def _finish(self, statement: ast.stmt, kind: Kind, bound: Bound | None = None) -> int:
        """Keep what the writer has written as a piece; gives its number."""
        writer, found = self._writer, self._writer.found
        is_data = kind in _DATA
        imports = (*found.imports, *(bound.imports if bound is not None else ()))
        piece = Piece(
            kind,
            fingerprint_of(writer.out, kept_locals(writer.names.locals, found)),
            statement.lineno,
            statement.end_lineno or statement.lineno,
            references=tuple(found.references),
            imports=tuple(sorted(set(imports))),
            import_statements=tuple(sorted(set(found.import_statements))),
            locals=tuple(writer.names.locals),
            words=tuple(sorted(word for word in found.words() if not word[0].isdigit())) if is_data else (),
            doc=digest_parts(found.docs)[:FINGERPRINT_LENGTH] if found.docs else "",
            reads_docs=found.reads_docs,
            mutates=tuple(sorted(found.mutated | self._changeable(found.passed) | self._of_libraries(found.settings))),
            computed=tuple(found.computed),
            paths=tuple(sorted(found.paths)),
        )
        self._pieces.append(piece)
        return len(self._pieces) - 1

    def _bind(self, name: str, number: int) -> None:
        self._bindings.setdefault(name, []).append(number)

    def _effect(self, mode: Mode, number: int, references: Sequence[str] = (), *, name: str = "") -> None:
        self._effects.append(Effect(mode, number, name, tuple(sorted(set(references)))))

    def add_import(self, statement: ast.Import | ast.ImportFrom, context: Context) -> None:
        if isinstance(statement, ast.ImportFrom):
            targets = [(statement.level, statement.module or "", one.name) for one in statement.names]
            if targets[0][2] == "*":
                self._stars.append(targets[0][:2])
                targets = [(*targets[0][:2], "")]
        else:
            targets = [(0, one.name, "") for one in statement.names]
        if context.runs_at_import:
            self._imports += targets
        for target, bound in zip(targets, import_targets(statement), strict=False):
            self._begin(context)
            number = self._finish(statement, "import")
            condition = self._pieces[number].fingerprint if context.tests else ""
            self._pieces[number] = self._pieces[number]._replace(fingerprint=condition, imports=(bound,))
            self._bind(bound[0], number)
            if context.runs_at_import:
                self._plain_imports.append((bound[0], target))

    def add_function(self, statement: ast.FunctionDef | ast.AsyncFunctionDef, context: Context) -> None:
        self._begin(context)
        self._writer.write(statement)
        number = self._finish(statement, "function")
        self._define(statement, number, context)

    def add_class(self, statement: ast.ClassDef, context: Context) -> None:
        self._begin(context)
        parts = write_class(self._writer, statement)
        number = self._finish(statement, "class")
        piece = self._pieces[number]
        self._pieces[number] = piece._replace(members=tuple(parts.members), mutates=(*piece.mutates, *parts.mutates))
        self._define(statement, number, context)
        if not context.runs_at_import:
            return
        bases = [*statement.bases, *(keyword.value for keyword in statement.keywords)]
        references = [
            ".".join(chain_of(what_is_asked(one))) or root_of(one) for one in bases if root_of(one) in self._kinds
        ]
        if references:
            self._effect("subclass", number, references, name=statement.name)
        if any(isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) for one in statement.body):
            self._effect("always", number, name=statement.name)

    def _define(
        self, statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, number: int, context: Context
    ) -> None:
        """Bind a function or class; its decorators may register it."""
        self._bind(statement.name, number)
        decorators = [one for one in statement.decorator_list if not self._writer.is_ours(one)]
        readers = [*decorators, *(statement.bases if isinstance(statement, ast.ClassDef) else ())]
        chains = [".".join(chain_of(one.func if isinstance(one, ast.Call) else one)) for one in readers]
        first = min([one.lineno for one in decorators] or [statement.lineno])
        self._pieces[number] = self._pieces[number]._replace(
            first_line=first, doc_readers=tuple(chain for chain in chains if chain)
        )
        if context.runs_at_import:
            for decorator in decorators:
                self._decorate(decorator, number, statement.name)

    def _decorate(self, decorator: ast.expr, number: int, name: str) -> None:
        chain = chain_of(decorator.func if isinstance(decorator, ast.Call) else decorator)
        root = root_of(decorator)
        kind = self._kinds.get(root)
        if kind is None and not self._has_stars():
            return
        if kind not in _DATA:
            if kind in _DEFINITIONS and len(chain) > 1:
                self._bind(root, number)
            self._effect("reads", number, [".".join(chain) or root], name=name)
        else:
            self._bind(root, number)
            self._effect("mutates", number, [root], name=name)

    def _has_stars(self) -> bool:
        return bool(self._stars)

    def add_statement(self, statement: ast.stmt, context: Context) -> None:
        self._begin(context)
        self._writer.write(statement)
        bound = names_bound([statement], has_walrus=self._has_walrus)
        kind: Kind = "other"
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            kind = kind_of_value(statement.value)
        mutated = self._writer.found.mutated | self._changeable(self._writer.found.passed)
        number = self._finish(statement, kind, bound)
        for name in bound.names:
            self._bind(name, number)
        self._stars += bound.stars
        if context.runs_at_import:
            self._imports += [(level, module, name) for _, level, module, name in bound.imports]
            self._imports += [(level, module, "") for level, module in self._writer.found.import_statements]
        self._mutations(number, mutated, context)
        if context.runs_at_import:
            self._calls(number, statement)

    def _of_libraries(self, names: set[str]) -> set[str]:
        return {
            SETTING + name for name in names if name[0] == IMPORTED or self._kinds.get(name.rstrip(".")) == "import"
        }

    def _changeable(self, names: set[str]) -> set[str]:
        return {name for name in names if self._kinds.get(name) in {"mutable", "other"}}

    def _mutations(self, number: int, mutated: set[str], context: Context) -> None:
        for root in sorted(mutated):
            kind = self._kinds.get(root)
            if kind is None or kind == "import":
                if context.runs_at_import and root not in _HARMLESS_ROOTS and root not in self._ours:
                    self._effect("always", number)
            elif kind != "logger":
                self._bind(root, number)

    def _calls(self, number: int, statement: ast.stmt) -> None:
        """What a plain or compound statement calls while the module is imported."""
        for call, is_statement in _calls_in(statement):
            root = root_of(call.func)
            kind = self._kinds.get(root)
            chain = chain_of(call.func)
            is_known = (kind in _DATA and len(chain) != 1) or (kind in _DEFINITIONS and len(chain) > 1)
            if kind == "logger" or root in _HARMLESS_ROOTS or root in self._ours:
                continue
            if is_statement and not is_known:
                self._effect("always", number)
            elif root and (kind is not None or self._has_stars()):
                self._effect("mutates", number, [".".join(chain) if kind == "import" and chain else root])

    # At the end

    def _trimmed(self, piece: Piece) -> tuple[str, ...]:
        """References as far as they can mean something: builtins go, attributes of what is no module go."""
        kept: set[str] = set()
        for reference in piece.references:
            if reference[0] in (IMPORTED, QUOTED):
                kept.add(reference)
                continue
            parts = reference.split(".")
            kind = self._kinds.get(parts[0])
            if kind in {"import", "other"} or (kind is None and (self._stars or parts[0] not in _BUILTINS)):
                kept.add(".".join(parts[:_LONGEST_CHAIN]))
            elif kind is not None:
                kept.add(parts[0])
        return tuple(sorted(kept))

    def _unused(self, pieces: list[Piece]) -> list[tuple[int, str, str]]:
        used = {reference.partition(".")[0] for piece in pieces for reference in piece.references}
        for piece in pieces:
            used.update(piece.words)  # `__all__` says what a module gives on
        return [target for alias, target in self._plain_imports if alias not in used]


def _is_made_of(value: ast.expr, names: set[str]) -> bool:
    """Whether a value is one of these names, called or not: `hr.step`, `hr.step(retries=2)`, `partial(hr.step, …)`."""
    if isinstance(value, ast.Call):
        return any(_is_made_of(part, names) for part in (value.func, *value.args[:1]))
    return ".".join(chain_of(value)) in names


def _calls_in(statement: ast.stmt) -> Iterator[tuple[ast.Call, bool]]:
    """The calls that running a statement makes, each with whether it stands as a statement of its own."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        is_statement = isinstance(node, ast.Expr)
        while isinstance(node, ast.Expr | ast.Await):
            node = node.value
        if isinstance(node, ast.Call):
            yield node, is_statement
        pending.extend(ast.iter_child_nodes(node))


_INDEXERS: dict[type, Callable[[_ModuleIndexer, Any, Context], None]] = {
    ast.Import: _ModuleIndexer.add_import,
    ast.ImportFrom: _ModuleIndexer.add_import,
    ast.FunctionDef: _ModuleIndexer.add_function,
    ast.AsyncFunctionDef: _ModuleIndexer.add_function,
    ast.ClassDef: _ModuleIndexer.add_class,
}
