"""Which names the statements of one scope bind, in the order of the source. Nothing here knows of files or modules."""

import ast
from collections.abc import Callable, Iterable
from typing import Any

ImportTarget = tuple[str, int, str, str]
"""Alias, level of dots, module, name in it (empty for the module itself)."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SCOPES = (*_FUNCTIONS, ast.ClassDef)


class Bound:
    """The names that a scope binds.

    `names` says for each whether it may be renamed (a local) or not (a nested function or class); `imports` are the
    import statements in it; `declared` the names that `global` gives to the module, `outer` those of `nonlocal`.
    """

    __slots__ = ("declared", "imports", "names", "outer", "stars")

    def __init__(self) -> None:
        self.names: dict[str, bool] = {}
        self.imports: list[ImportTarget] = []
        self.stars: list[tuple[int, str]] = []
        self.declared: set[str] = set()
        self.outer: set[str] = set()


def names_bound(statements: Iterable[ast.stmt], *, has_walrus: bool) -> Bound:
    """What these statements bind in their own scope (bodies of nested functions and classes are others')."""
    bound = Bound()
    _collect(statements, bound)
    if has_walrus:
        for statement in statements:
            collect_walrus(statement, bound)
    return bound


def collect_walrus(node: ast.AST, bound: Bound) -> None:
    """Add the targets of `:=` in an expression or statement, those in comprehensions included."""
    pending: list[ast.AST] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, ast.NamedExpr):
            bound.names.setdefault(current.target.id, True)
        if not isinstance(current, _SCOPES):
            pending.extend(ast.iter_child_nodes(current))


def targets_in(target: ast.expr) -> list[str]:
    """The plain names that an assignment target binds."""
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, ast.Tuple | ast.List):
        return [name for element in target.elts for name in targets_in(element)]
    if isinstance(target, ast.Starred):
        return targets_in(target.value)
    return []


def import_targets(statement: ast.Import | ast.ImportFrom) -> list[ImportTarget]:
    """The names that an import statement binds; `import a.b` binds `a`. Star imports bind none that can be read."""
    if isinstance(statement, ast.ImportFrom):
        module, level = statement.module or "", statement.level
        return [(one.asname or one.name, level, module, one.name) for one in statement.names if one.name != "*"]
    return [
        (one.asname, 0, one.name, "") if one.asname else (one.name.partition(".")[0], 0, one.name.partition(".")[0], "")
        for one in statement.names
    ]


def chain_of(node: ast.AST) -> list[str]:
    """`a.b.c` as its parts; empty for anything that does not start at a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return []
    parts.append(node.id)
    return parts[::-1]


def root_of(node: ast.AST) -> str:
    """The name at the root of `a.b[c].d(e).f`; empty if there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def what_is_asked(node: ast.AST) -> ast.AST:
    """`a.b` of `a.b[c]`, `a.b(d)` and `*a.b`."""
    while isinstance(node, ast.Subscript | ast.Starred | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node


def is_part(node: ast.AST) -> bool:
    """Whether an expression is an attribute or item of what stands at its root, and nothing that a call has given."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return not isinstance(node, ast.Call)


def is_main_guard(test: ast.expr) -> bool:
    """Whether this is `__name__ == "__main__"`, either way round."""
    if not isinstance(test, ast.Compare) or len(test.comparators) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, test.comparators[0])
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    values = [side.value for side in sides if isinstance(side, ast.Constant)]
    return names == ["__name__"] and values == ["__main__"]


def _collect(statements: Iterable[ast.stmt], bound: Bound) -> None:
    for statement in statements:
        binder = _BINDERS.get(type(statement))
        if binder is not None:
            binder(statement, bound)


def _add(target: ast.expr, bound: Bound) -> None:
    for name in targets_in(target):
        bound.names.setdefault(name, True)


def _assign(node: Any, bound: Bound) -> None:
    for target in node.targets:
        _add(target, bound)


def _single(node: Any, bound: Bound) -> None:
    _add(node.target, bound)


def _loop(node: Any, bound: Bound) -> None:
    _add(node.target, bound)
    _bodies(node, bound)


def _bodies(node: Any, bound: Bound) -> None:
    _collect(node.body, bound)
    _collect(node.orelse, bound)


def _with(node: Any, bound: Bound) -> None:
    for item in node.items:
        if item.optional_vars is not None:
            _add(item.optional_vars, bound)
    _collect(node.body, bound)


def _try(node: Any, bound: Bound) -> None:
    _collect(node.body, bound)
    for handler in node.handlers:
        if handler.name:
            bound.names.setdefault(handler.name, True)
        _collect(handler.body, bound)
    _collect(node.orelse, bound)
    _collect(node.finalbody, bound)


def _match(node: Any, bound: Bound) -> None:
    for case in node.cases:
        for part in ast.walk(case.pattern):
            name = getattr(part, "rest", None) if isinstance(part, ast.MatchMapping) else getattr(part, "name", None)
            if isinstance(name, str):
                bound.names.setdefault(name, True)
        _collect(case.body, bound)


def _definition(node: Any, bound: Bound) -> None:
    bound.names[node.name] = False


def _import(node: Any, bound: Bound) -> None:
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        bound.stars.append((node.level, node.module or ""))
    for target in import_targets(node):
        bound.names.setdefault(target[0], True)
        bound.imports.append(target)


def _declared(node: Any, bound: Bound) -> None:
    bound.declared.update(node.names)


def _outer(node: Any, bound: Bound) -> None:
    bound.outer.update(node.names)


def _alias(node: Any, bound: Bound) -> None:
    bound.names[node.name.id] = False


_BINDERS: dict[type, Callable[[Any, Bound], None]] = {
    ast.Assign: _assign,
    ast.Delete: _assign,
    ast.AugAssign: _single,
    ast.AnnAssign: _single,
    ast.For: _loop,
    ast.AsyncFor: _loop,
    ast.While: _bodies,
    ast.If: _bodies,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Match: _match,
    ast.FunctionDef: _definition,
    ast.AsyncFunctionDef: _definition,
    ast.ClassDef: _definition,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Global: _declared,
    ast.Nonlocal: _outer,
}
_TYPE_ALIAS = getattr(ast, "TypeAlias", None)
if _TYPE_ALIAS is not None:  # since Python 3.12
    _BINDERS[_TYPE_ALIAS] = _alias
