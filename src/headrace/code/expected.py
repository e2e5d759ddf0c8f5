"""What a source file says that its module holds: functions, defaults and constants that are written out, compared with
what a process holds in memory. Runs nothing of the file but expressions without names.
"""

import ast
from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from types import CodeType, FunctionType

from headrace.code.indexing import index_source
from headrace.code.likeness import likeness
from headrace.code.pieces import FileIndex
from headrace.core.canonical import NotCanonicalError, canonical

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_PLAIN = (
    *(ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.BinOp, ast.UnaryOp),
    *(ast.operator, ast.unaryop, ast.expr_context),
)
_EMPTY: tuple[object, ...] = ([], {}, set[object]())
_FILLED = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
"""Defaults that a function's own calls may fill."""
NO_VALUE = object()
"""Stands for the value of an expression that is not written out."""


class ExpectedSource:
    """A file's content, looked at; raises SyntaxError. `name` stands in its code objects."""

    def __init__(self, content: bytes, name: str) -> None:
        tree = ast.parse(content)
        self._codes: dict[str, list[CodeType]] = {}
        self._nodes: dict[tuple[str, int], _Function] = {}
        self._values: dict[str, ast.expr] = {}
        self._collect(tree.body, "")
        for code in _codes_in(compile(content, name, "exec", dont_inherit=True)):
            self._codes.setdefault(code.co_qualname, []).append(code)
        self._unsteady = unsteady_names(index_source(content), tree)
        self._stored = attributes_stored(tree)

    def differs(self, function: FunctionType) -> bool:
        """Whether a live function does something else than all that the file has under its name; False if none."""
        candidates = self._codes.get(function.__code__.co_qualname, [])
        return bool(candidates) and not any(self._is_like(function, code) for code in candidates)

    def changed_constant(self, name: str, live: object) -> str:
        """The first constant that a live object (a constant or class of this name) has with another value; or ""."""
        if name in self._unsteady:
            return ""
        if isinstance(live, type):
            return next((path for path, value in self._of_class(name, live) if not self._holds(path, value)), "")
        return "" if self._holds(name, live) else name

    def _of_class(self, name: str, live: type) -> Iterator[tuple[str, object]]:
        own = vars(live)
        if "__new_member__" in own:  # an enum whose members make their values themselves
            return
        fields, defaults = own.get("__dataclass_fields__", {}), own.get("_field_defaults", {})
        for path in self._values:
            parent, _, attribute = path.rpartition(".")
            if parent == name and self._stored is not None and attribute not in self._stored:
                field = fields.get(attribute)
                value = own.get(attribute, NO_VALUE) if field is None else field.default
                value = defaults.get(attribute, value)
                yield path, value.value if isinstance(value, Enum) else value

    def _holds(self, path: str, live: object) -> bool:
        node = self._values.get(path)
        return node is None or is_same(value_of(node), live)

    def _is_like(self, function: FunctionType, code: CodeType) -> bool:
        node = self._nodes.get((code.co_name, code.co_firstlineno))
        if node is not None and not has_defaults(function, node.args):
            return False
        return likeness(function.__code__) == likeness(code)

    def _collect(self, statements: Sequence[ast.stmt], prefix: str) -> None:
        for statement in statements:
            if isinstance(statement, _Function):
                first = min([statement.lineno, *(one.lineno for one in statement.decorator_list)])
                self._nodes[statement.name, first] = statement
            elif isinstance(statement, ast.ClassDef):
                self._collect(statement.body, f"{prefix}{statement.name}.")
            elif isinstance(statement, ast.If):
                self._collect(statement.body, prefix)
                self._collect(statement.orelse, prefix)
                # which branch ran is not known here, so nothing is said of what they bind
                for name in names_bound((*statement.body, *statement.orelse)):
                    self._values.pop(f"{prefix}{name}", None)
            elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                for name in names_bound([statement]):
                    self._values[f"{prefix}{name}"] = statement.value


def unsteady_names(index: FileIndex, tree: ast.Module, *, leaving_out: Collection[str] = ()) -> frozenset[str]:
    """The names that a file's own code changes, that of some functions left out, or binds more than once."""
    inside = {one.target.id for one in ast.walk(tree) if isinstance(one, ast.NamedExpr)}
    changed = {
        name
        for binding, raw in index.bindings.items()
        if binding not in leaving_out
        for number in raw
        for name in index.piece(number).mutates
    }
    return frozenset(changed | inside | {name for name, pieces in index.bindings.items() if len(pieces) != 1})


def attributes_stored(tree: ast.Module, starters: Collection[str] = ()) -> frozenset[str] | None:
    """The attributes that functions of a file set, outside of `__init__` and of what starts runs; None: maybe any."""
    found: set[str] = set()
    for function in ast.walk(tree):
        if isinstance(function, _Function) and function.name not in ("__init__", *starters):
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                    found.add(node.attr)
                is_any = isinstance(node, ast.Name) and node.id in ("setattr", "delattr")
                if is_any or (isinstance(node, ast.Attribute) and node.attr in ("__setattr__", "__dict__")):
                    return None
    return frozenset(found)


def names_bound(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """The names that assignments among these statements bind."""
    for statement in statements:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _codes_in(module: CodeType) -> Iterator[CodeType]:
    """The code of the functions of a module and its classes; what is inside functions belongs to them."""
    for constant in module.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            if not constant.co_flags & 1:  # CO_OPTIMIZED: a function, otherwise a class's body
                yield from _codes_in(constant)


def has_defaults(function: FunctionType, arguments: ast.arguments) -> bool:
    """Whether a live function's defaults are the written ones."""
    live, nodes = function.__defaults__ or (), arguments.defaults
    named = {
        argument.arg: node
        for argument, node in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if node is not None
    }
    live_named = function.__kwdefaults__ or {}
    if len(live) != len(nodes) or live_named.keys() != named.keys():
        return False
    pairs = [*zip(nodes, live, strict=True), *((node, live_named[name]) for name, node in named.items())]
    return all(isinstance(node, _FILLED) or is_same(value_of(node), value) for node, value in pairs)


def value_of(node: ast.expr) -> object:
    """The value of an expression in which no name stands; `NO_VALUE` for any other."""
    if not all(isinstance(one, _PLAIN) for one in ast.walk(node)):
        return NO_VALUE
    try:
        return eval(compile(ast.Expression(node), "<constant>", "eval"), {"__builtins__": {}})  # noqa: S307 - no names
    except Exception:  # noqa: BLE001 - it would have failed at import
        return NO_VALUE


def is_same(written: object, live: object) -> bool:
    """Whether a written value is the live one, as far as that can be told. What was written empty is there to fill."""
    if written is NO_VALUE or live is NO_VALUE or written in _EMPTY:
        return True
    try:
        return canonical(written) == canonical(live)
    except ValueError:  # a number with more digits than Python writes
        return written == live
    except NotCanonicalError:  # something stands there that the class's own machinery has made of it
        return True
