"""Whether a stored trace may stand for a new one: the body of the pipeline, and all that it reaches, follows from the
project's files and the parameters alone.

Judged by syntax: a body may name steps, pipelines, `hr.…`, constants that files write down, pure builtins, and
functions and records of the project for which the same holds. Whatever is not understood counts as impure.
"""

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from headrace.definition.outside import is_project_file
from headrace.definition.pipelines import Pipeline
from headrace.definition.pure_names import (
    CHANGING_METHODS,
    PURE_BUILTINS,
    PURE_DECORATORS,
    PURE_HEADRACE,
    PURE_METHODS,
    READING_ATTRIBUTES,
    RECORD_BASES,
    is_pure_name,
)
from headrace.definition.syntax import Module, bound_names, module_of


class ImpureError(Exception):
    """Something that a trace may depend on beside files and parameters; the message says what and where."""


def is_replayable(pipeline: Pipeline[..., Any]) -> bool:
    """Whether a stored trace of this pipeline may stand for a new one, as long as no file it reaches has changed."""
    return why_not_replayable(pipeline) == ""


def why_not_replayable(pipeline: Pipeline[..., Any]) -> str:
    """What makes a new trace necessary each time, in words; empty if nothing does."""
    symbol = pipeline.symbol
    try:
        _Look().name(symbol.module, symbol.qualname)
    except ImpureError as impure:
        return str(impure)
    return ""


class _Look:
    """One judgement; every name is looked at once."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._modules: dict[str, Module | None] = {}

    def name(self, module_name: str, name: str) -> None:
        """Raise ImpureError unless a module's top-level name is pure."""
        if (module_name, name) in self._seen:
            return
        self._seen.add((module_name, name))
        if module_name not in self._modules:
            self._modules[module_name] = module_of(module_name)
        module = self._modules[module_name]
        if module is None:
            raise ImpureError(f"{module_name} has no file that could be read")
        bindings = module.bindings.get(name, [])
        if not bindings and name == "__file__":
            return  # where the project lies is part of what a stored trace is kept under
        if not bindings and hasattr(builtins, name):
            if name not in PURE_BUILTINS and not _is_exception(getattr(builtins, name)):
                raise ImpureError(f"{name}() is used in {module.file}")
            return
        if len(bindings) != 1 or name in module.changed:
            raise _impure(module, bindings[0] if bindings else None, f"{name!r} is not bound exactly once")
        self._binding(module, name, bindings[0])

    def _binding(self, module: Module, name: str, binding: ast.stmt) -> None:
        match binding:
            case ast.Import() | ast.ImportFrom():
                self._import(module, name, binding)
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                self._expression(module, value, frozenset())
            case ast.FunctionDef():
                self._function(module, binding)
            case ast.ClassDef():
                self._class(module, binding)
            case _:
                raise _impure(module, binding, f"{name!r} is bound in a way that is not followed")

    def _import(self, module: Module, name: str, binding: ast.Import | ast.ImportFrom) -> None:
        source, attribute = module.imported(name, binding)
        if not attribute:
            return  # a module by itself does nothing; its attributes are looked at where they are used
        target = sys.modules.get(source)
        submodule = sys.modules.get(f"{source}.{attribute}")
        if submodule is not None and getattr(target, attribute, submodule) is submodule:
            return
        self._attribute_of_module(module, binding, (source, attribute))

    def _attribute_of_module(self, module: Module, node: ast.AST, dotted: tuple[str, str]) -> None:
        source, attribute = dotted
        target = sys.modules.get(source)
        if source == "headrace" or source.startswith("headrace."):
            if attribute not in PURE_HEADRACE:
                raise _impure(module, node, f"{source}.{attribute} is used")
        elif target is not None and is_project_file(getattr(target, "__file__", None) or ""):
            self.name(source, attribute)
        elif not is_pure_name(f"{source}.{attribute}") and not _is_exception(getattr(target, attribute, None)):
            raise _impure(module, node, f"{source}.{attribute} is used")

    def _function(self, module: Module, function: ast.FunctionDef) -> None:
        arguments = function.args
        for default in (*arguments.defaults, *(value for value in arguments.kw_defaults if value is not None)):
            self._expression(module, default, frozenset())
        is_step = False
        for decorator in function.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            dotted = module.dotted(called)
            if dotted not in PURE_DECORATORS:
                raise _impure(
                    module, function, f"{function.name}() has the decorator {dotted or 'of a kind not known'}"
                )
            is_step = is_step or dotted.endswith(".step")
            self._expression(module, decorator, frozenset())
        if not is_step:
            for statement in function.body:
                self._body(module, statement, bound_names(function))

    def _class(self, module: Module, cls: ast.ClassDef) -> None:
        for base in cls.bases:
            dotted = module.dotted(base.value if isinstance(base, ast.Subscript) else base)
            if dotted not in RECORD_BASES and not (isinstance(base, ast.Name) and base.id in module.bindings):
                raise _impure(module, cls, f"{cls.name} is no plain record")
            if dotted not in RECORD_BASES and isinstance(base, ast.Name):
                self.name(module.name, base.id)
        for decorator in cls.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if module.dotted(called) not in PURE_DECORATORS:
                raise _impure(module, cls, f"{cls.name} has a decorator that is not known")
        for statement in cls.body:
            self._class_statement(module, cls, statement)

    def _class_statement(self, module: Module, cls: ast.ClassDef, statement: ast.stmt) -> None:
        match statement:
            case ast.FunctionDef(name=name):
                if name in ("__init__", "__new__", "__post_init__", "__init_subclass__", "__setattr__"):
                    raise _impure(module, statement, f"{cls.name} has {name}")
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                self._expression(module, value, frozenset())
            case ast.AnnAssign() | ast.Pass() | ast.Expr(value=ast.Constant()):
                return
            case _:
                raise _impure(module, statement, f"{cls.name} is no plain record")

    def _body(self, module: Module, statement: ast.stmt, local: frozenset[str]) -> None:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.ClassDef | ast.Await):
                raise _impure(module, node, f"a {type(node).__name__.lower()} statement stands in a function")
        self._expression(module, statement, local)

    def _expression(self, module: Module, node: ast.AST, local: frozenset[str]) -> None:
        """Raise ImpureError unless everything that an expression (or statement) names and calls is pure."""
        chained: set[ast.AST] = set()
        for inner in _without_annotations(node):
            if isinstance(inner, ast.Attribute) and inner not in chained:
                chained.update(ast.walk(inner) if module.dotted(inner) else ())
                self._attribute(module, inner, local)
            elif isinstance(inner, ast.Name) and inner not in chained and inner.id not in local:
                self.name(module.name, inner.id)

    def _attribute(self, module: Module, node: ast.Attribute, local: frozenset[str]) -> None:
        if node.attr in READING_ATTRIBUTES:
            raise _impure(module, node, f".{node.attr} may read a file or the clock")
        root, path = _path_of(node)
        if root is None or root in local:
            if node.attr not in PURE_METHODS and module.is_called(node):
                raise _impure(module, node, f".{node.attr}() is called")
            return
        owner: Any = getattr(module.loaded, root, None)
        if isinstance(owner, ModuleType):
            self._module_path(module, node, owner)
            return
        self.name(module.name, root)
        if module.is_called(node) and node.attr not in PURE_METHODS | CHANGING_METHODS:
            raise _impure(module, node, f"{root}.{node.attr}() is called")
        if isinstance(getattr(type(owner), path[0], None), property) and is_project_class(type(owner)):
            raise _impure(module, node, f"{root}.{path[0]} is a property")

    def _module_path(self, module: Module, node: ast.Attribute, owner: ModuleType) -> None:
        path = _path_of(node)[1]
        source = owner.__name__
        while path and isinstance(getattr(owner, path[0], None), ModuleType):
            owner = getattr(owner, path.pop(0))
            source = owner.__name__
        if len(path) > 1 and not is_pure_name(f"{source}.{path[0]}.{path[1]}") and not _is_ours(source, owner):
            raise _impure(module, node, f"{source}.{'.'.join(path)} is used")
        if path:
            self._attribute_of_module(module, node, (source, path[0]))


def _is_exception(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def is_project_class(cls: type) -> bool:
    """Whether a class is written in the user's project."""
    return is_project_file(getattr(sys.modules.get(cls.__module__), "__file__", None) or "")


def _is_ours(source: str, owner: ModuleType) -> bool:
    return source.partition(".")[0] == "headrace" or is_project_file(getattr(owner, "__file__", None) or "")


def _path_of(node: ast.Attribute) -> tuple[str | None, list[str]]:
    path: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        path.insert(0, inner.attr)
        inner = inner.value
    return (inner.id if isinstance(inner, ast.Name) else None), path


def _without_annotations(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        children: Iterable[Any] = value if isinstance(value, list) else (value,)
        for child in children:
            if isinstance(child, ast.AST):
                yield from _without_annotations(child)


def _impure(module: Module, node: ast.AST | None, what: str) -> ImpureError:
    line = getattr(node, "lineno", 0)
    return ImpureError(f"{what} in {module.file}" + (f", line {line}" if line else ""))
