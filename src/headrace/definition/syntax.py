"""A project's module as syntax: which statements bind its top-level names, what those import, and what changes them."""

import ast
import sys
import tokenize
from collections.abc import Iterator
from types import ModuleType

_ACTING = ast.Expr | ast.Delete | ast.Assert | ast.If | ast.Try | ast.For | ast.While | ast.With | ast.Match


class Module:
    """One module: `bindings` are the statements that bind each top-level name, `changed` the names that other
    top-level statements mention (and may change).
    """

    def __init__(self, loaded: ModuleType, file: str, tree: ast.Module) -> None:
        self.loaded, self.file = loaded, file
        self.name = loaded.__name__
        self.bindings: dict[str, list[ast.stmt]] = {}
        self.changed: set[str] = set()
        for statement in tree.body:
            self._add(statement)
        self._called = {call.func for call in ast.walk(tree) if isinstance(call, ast.Call)}

    def _add(self, statement: ast.stmt) -> None:
        for name in _bound_by(statement):
            self.bindings.setdefault(name, []).append(statement)
        if isinstance(statement, _ACTING) and not _is_main_guard(statement):
            self.changed |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        elif isinstance(statement, ast.Assign):
            targets = (node for target in statement.targets for node in ast.walk(target))
            self.changed |= {
                node.id for node in targets if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            }

    def is_called(self, node: ast.expr) -> bool:
        """Whether an expression of this module is the function of a call."""
        return node in self._called

    def dotted(self, node: ast.expr) -> str:
        """The full name of `a.b.c`, with imports resolved (`dt.date` is `datetime.date`); else empty."""
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        if not isinstance(node, ast.Name):
            return ""
        for binding in self.bindings.get(node.id, ()):
            if isinstance(binding, ast.Import | ast.ImportFrom):
                return ".".join(filter(None, self.imported(node.id, binding)))
        return node.id

    def imported(self, name: str, binding: ast.Import | ast.ImportFrom) -> tuple[str, str]:
        """The module that an import statement gives to a name, and its attribute (empty for the module itself)."""
        for alias in binding.names:
            bound = alias.asname or (alias.name.partition(".")[0] if isinstance(binding, ast.Import) else alias.name)
            if bound == name and isinstance(binding, ast.Import):
                return (alias.name if alias.asname else bound), ""
            if bound == name and isinstance(binding, ast.ImportFrom):
                return self._absolute(binding), alias.name
        return "", name

    def _absolute(self, binding: ast.ImportFrom) -> str:
        if not binding.level:
            return binding.module or ""
        package: str = self.loaded.__package__ or ""
        base = package.rsplit(".", binding.level - 1)[0] if binding.level > 1 else package
        return f"{base}.{binding.module}" if binding.module else base


def module_of(name: str) -> Module | None:
    """A loaded module's syntax as its file has it now; None without a readable file."""
    loaded = sys.modules.get(name)
    file = getattr(loaded, "__file__", None)
    if loaded is None or not file or not file.endswith(".py"):
        return None
    try:
        with tokenize.open(file) as source:
            return Module(loaded, file, ast.parse(source.read()))
    except (OSError, SyntaxError, ValueError):
        return None


def bound_names(function: ast.FunctionDef) -> frozenset[str]:
    """Every name that a function binds, nested functions and comprehensions included."""
    names: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.FunctionDef(name=name) if node is not function:
                names.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case _:
                pass
    return frozenset(names)


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name for alias in names)
        case _:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
                    yield node.id


def _is_main_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__main__" in ast.dump(statement.test)
