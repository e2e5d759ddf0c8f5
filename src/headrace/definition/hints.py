"""Reading annotations: every text and forward reference becomes a type, or an error that says which one does not."""

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, ForwardRef, get_type_hints

from headrace.core.errors import close_to
from headrace.definition.parameter_errors import UnreadableAnnotationError, UnresolvedAnnotationError


def hints_of(
    function: Callable[..., Any], *, kind: str = "step", names: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The types of a function's parameters in order, and under `return` that of its output; Any where none is given.

    `Annotated` is kept. `kind` is the word for the function in messages; `names` are further names that annotations
    may use (those of an enclosing function). Raises UnresolvedAnnotationError or UnreadableAnnotationError.
    """
    visible = {**_enclosing_names(function), **(names or {})}
    try:
        hints = get_type_hints(function, localns=visible, include_extras=True)
    except Exception:  # noqa: BLE001 - an annotation is an expression of the user's: it may raise anything
        hints = dict(_one_by_one(function, f"{kind} {function.__name__!r}", visible))
    parameters = inspect.signature(function).parameters
    return {**{name: hints.get(name, Any) for name in parameters}, "return": hints.get("return", Any)}


@lru_cache(maxsize=1024)
def class_hints(cls: type) -> Mapping[str, Any]:
    """The types of a class's annotated attributes, inherited ones included; raises as `hints_of` does."""
    visible: dict[str, Any] = {cls.__name__: cls}
    for owner in reversed(cls.__mro__):
        visible.update(_type_parameters(owner))
    try:
        return get_type_hints(cls, localns=visible, include_extras=True)
    except Exception:  # noqa: BLE001 - see hints_of
        hints: dict[str, Any] = {}
        for owner in reversed(cls.__mro__):
            hints.update(_one_by_one(owner, f"class {owner.__name__!r}", visible))
        return hints


def _type_parameters(owner: Any) -> dict[str, Any]:
    return {parameter.__name__: parameter for parameter in getattr(owner, "__type_params__", ())}


def _enclosing_names(function: Callable[..., Any]) -> dict[str, Any]:
    names = _type_parameters(function)
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    for name, cell in zip(code.co_freevars if code else (), cells or (), strict=False):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # assigned only after the function was defined
            continue
    return names


def _one_by_one(owner: Any, label: str, visible: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    is_class = isinstance(owner, type)
    module = getattr(owner, "__module__", "")
    outer = vars(inspect.getmodule(owner) or SimpleNamespace()) if is_class else _globals_of(owner)
    annotations = inspect.get_annotations(owner)
    for name, annotation in annotations.items():
        holder = SimpleNamespace(__annotations__={name: annotation})
        try:
            try:
                yield name, get_type_hints(holder, outer, visible, include_extras=True)[name]
            except TypeError:  # `"pd.Series[float]"`
                holder.__annotations__[name] = _without_stub_arguments(annotation, {**outer, **visible})
                yield name, get_type_hints(holder, outer, visible, include_extras=True)[name]
        except Exception as error:  # noqa: BLE001 - see hints_of
            place = "the output" if name == "return" else f"{'field' if is_class else 'input'} {name!r}"
            known = {**outer, **visible}
            raise _explained(error, annotation, f"{place} of {label}", module=module, known=known) from None


def _without_stub_arguments(annotation: Any, names: Mapping[str, Any]) -> Any:
    """A quoted annotation without arguments that only a type checker's stubs know: `pd.Series` for `pd.Series[float]`.

    Raises SyntaxError.
    """
    if not isinstance(annotation, str):
        return annotation
    return ast.unparse(_StubArguments(names).visit(ast.parse(annotation, mode="eval")))


class _StubArguments(ast.NodeTransformer):
    """Takes away `[…]` after a class that takes none while the program runs."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = dict(names)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        try:
            found = eval(compile(ast.Expression(node.value), "<annotation>", "eval"), self._names)  # noqa: S307 - the user's own code
        except Exception:  # noqa: BLE001 - see hints_of
            return node
        is_class = isinstance(found, type) and found.__module__ != "builtins"
        takes_none = not hasattr(found, "__class_getitem__") and not hasattr(type(found), "__getitem__")
        return node.value if is_class and takes_none else node


def _globals_of(function: Any) -> dict[str, Any]:
    found: dict[str, Any] = inspect.unwrap(function).__globals__
    return found


def _explained(error: Exception, annotation: Any, owner: str, *, module: str, known: Mapping[str, Any]) -> Exception:
    missing = getattr(error, "name", None)
    if isinstance(error, NameError) and missing:
        types = [name for name, value in known.items() if isinstance(value, type)]
        matches = close_to(missing, types, limit=1)
        hint = f" (did you mean {matches[0]!r}?)" if matches else ""
        return UnresolvedAnnotationError(missing, owner, module=module, hint=hint)
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    text = annotation if isinstance(annotation, str) else repr(annotation)
    return UnreadableAnnotationError(text, owner, str(error) or type(error).__name__)
