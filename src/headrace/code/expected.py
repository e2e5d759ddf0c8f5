"""What a source file says that its module holds: functions, defaults and constants that are written out, compared with
what a process holds in memory. Runs nothing of the file but expressions without names.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from types import CodeType, FunctionType

from headrace.code.indexing import index_source
from headrace.code.likeness import likeness
from headrace.code.loads import is_no_project
from headrace.code.pieces import FileIndex
from headrace.core.canonical import NotCanonicalError, canonical

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_PLAIN = (
    *(ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.BinOp, ast.UnaryOp),
    *(ast.operator, ast.unaryop, ast.expr_context),
)
_EMPTY: tuple[object, ...] = ([], {}, set[object]())
_NO_VALUE = object()
_MOST_WRAPPERS = 100


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
        self._unsteady = unsteady_names(index_source(content))

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
            if parent == name:
                field = fields.get(attribute)
                value = own.get(attribute, _NO_VALUE) if field is None else field.default
                value = defaults.get(attribute, value)
                yield path, value.value if isinstance(value, Enum) else value

    def _holds(self, path: str, live: object) -> bool:
        node = self._values.get(path)
        return node is None or _is_same(_value_of(node), live)

    def _is_like(self, function: FunctionType, code: CodeType) -> bool:
        node = self._nodes.get((code.co_name, code.co_firstlineno))
        if node is not None and not _has_defaults(function, node.args):
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
                for name in _names_bound((*statement.body, *statement.orelse)):
                    self._values.pop(f"{prefix}{name}", None)
            elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                for name in _names_bound([statement]):
                    self._values[f"{prefix}{name}"] = statement.value


class WrittenBindings:
    """The constants that a file writes out once, at its top level, its plain functions and methods, and the names that
    only its run as a script binds.

    `unsteady` names are changed or bound anew by the file itself: nothing is said of them.
    """

    def __init__(self, content: bytes, unsteady: frozenset[str]) -> None:
        self._values: dict[str, ast.expr] = {}
        self._of_script: set[str] = set()
        body = ast.parse(content).body
        self._methods = {one.name: _plain_functions(one.body) for one in body if isinstance(one, ast.ClassDef)}
        self._functions = _plain_functions(body)
        for statement in body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                self._values |= dict.fromkeys(_names_bound([statement]), statement.value)
            elif isinstance(statement, ast.If) and _is_main_guard(statement.test):
                self._of_script |= set(_names_bound_within(statement.body))
        self._unsteady = unsteady - self._of_script

    def is_changed(self, name: str, live: object, *, in_script: bool) -> bool:
        """Whether a live constant has another value than the file gives it for everybody who imports it.

        `in_script`: the file is the script that this process runs, with what stands under its `__name__` guard.
        """
        is_bound_anew = in_script and name in self._of_script
        if name in self._unsteady or (name not in self._values and not is_bound_anew):
            return False
        written = _value_of(self._values[name]) if name in self._values else _NO_VALUE
        return is_bound_anew if written is _NO_VALUE else not _is_same(written, live)

    def replaced(self, name: str, live: object, space: Mapping[str, object]) -> str:
        """The function of this name, or the first method of a class of this name, in whose place something else stands
        in memory, where `space` is all that the module holds; or "".

        A library's wrapper that says what it wraps (`functools.lru_cache`) replaces nothing, nor does a method that a
        library made.
        """
        if name in self._unsteady:
            return ""
        if name in self._functions:
            return "" if _is_of(live, name, space) else name
        if not isinstance(live, type):
            return ""
        own = {method: vars(live)[method] for method in self._methods.get(name, ()) if method in vars(live)}
        foreign = (one for one, value in own.items() if _is_of_project(value) and not _is_of(value, one, space))
        return next((f"{name}.{one}" for one in foreign), "")


def unsteady_names(index: FileIndex) -> frozenset[str]:
    """The names that a file's own code changes, or binds more than once."""
    changed = {name for raw in index.bindings.values() for number in raw for name in index.piece(number).mutates}
    return frozenset(changed | {name for name, pieces in index.bindings.items() if len(pieces) != 1})


def _plain_functions(body: Sequence[ast.stmt]) -> set[str]:
    """The functions without decorators that a body binds, each once."""
    names = [one.name for one in body if isinstance(one, _Function | ast.ClassDef)]
    plain = {one.name for one in body if isinstance(one, _Function) and not one.decorator_list}
    return {name for name in plain if names.count(name) == 1} - set(_names_bound(body))


def _is_of(live: object, name: str, space: Mapping[str, object]) -> bool:
    """Whether this is the module's own function, or a library's wrapper around it."""
    for _ in range(_MOST_WRAPPERS):
        if isinstance(live, FunctionType) and _is_of_project(live):
            return live.__globals__ is space and live.__code__.co_name == name
        live = getattr(live, "__wrapped__", None)
    return False


def _is_of_project(live: object) -> bool:
    return isinstance(live, FunctionType) and not is_no_project(live.__code__.co_filename)


def _is_main_guard(test: ast.expr) -> bool:
    names = {one.id for one in ast.walk(test) if isinstance(one, ast.Name)}
    return names == {"__name__"} and any(
        isinstance(one, ast.Constant) and one.value == "__main__" for one in ast.walk(test)
    )


def _names_bound_within(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _names_bound(statements: Sequence[ast.stmt]) -> Iterator[str]:
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


def _has_defaults(function: FunctionType, arguments: ast.arguments) -> bool:
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
    return all(_is_same(_value_of(node), value) for node, value in pairs)


def _value_of(node: ast.expr) -> object:
    """The value of an expression in which no name stands; `_NO_VALUE` for any other."""
    if not all(isinstance(one, _PLAIN) for one in ast.walk(node)):
        return _NO_VALUE
    try:
        return eval(compile(ast.Expression(node), "<constant>", "eval"), {"__builtins__": {}})  # noqa: S307 - no names
    except Exception:  # noqa: BLE001 - it would have failed at import
        return _NO_VALUE


def _is_same(written: object, live: object) -> bool:
    """Whether a written value is the live one, as far as that can be told. What was written empty is there to fill."""
    if written is _NO_VALUE or live is _NO_VALUE or written in _EMPTY:
        return True
    try:
        return canonical(written) == canonical(live)
    except NotCanonicalError:  # something stands there that the class's own machinery has made of it
        return True
