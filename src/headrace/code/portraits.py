"""What a module's binding looks like, as text: equal in two processes that hold the same."""

import pickle
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

from headrace.code.likeness import likeness
from headrace.core.canonical import NotCanonicalError, canonical
from headrace.core.digests import digest_bytes

ABSENT = "absent"
"""Of a binding that is not there."""
_MOST_WRAPPERS = 20


def portrait(module: ModuleType | None, path: str) -> str:
    """The text of a binding by its path in a module (`RATE`, `Limits.low`); ABSENT if there is none."""
    root, *parts = path.split(".")
    space: Mapping[str, object] = {} if module is None else vars(module)
    if root not in space:
        return ABSENT
    found = space[root]
    for part in parts:
        found = vars(found).get(part, found) if hasattr(found, "__dict__") else found
    return _of(found)


def _of(value: object) -> str:
    if isinstance(value, FunctionType):
        return _of_function(value)
    if isinstance(value, classmethod | staticmethod):
        return f"{type(value).__name__} {_of(value.__func__)}"
    if isinstance(value, type):
        members = ((name, member) for name, member in vars(value).items() if not name.startswith("__"))
        return f"class {value.__qualname__} {[(name, _of(member)) for name, member in members]}"
    if isinstance(value, ModuleType):
        return f"module {value.__name__}"
    try:
        return canonical(value)
    except (NotCanonicalError, ValueError):
        return _of_object(value)


def _of_function(function: FunctionType) -> str:
    wrapped, layers = getattr(function, "__wrapped__", None), 0
    inner = ""
    while isinstance(wrapped, FunctionType) and layers < _MOST_WRAPPERS:
        inner += str(likeness(wrapped.__code__))
        wrapped, layers = getattr(wrapped, "__wrapped__", None), layers + 1
    defaults = [_of(one) for one in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())]
    return f"function {function.__module__} {function.__qualname__} {likeness(function.__code__)} {inner} {defaults}"


def _of_object(value: object) -> str:
    wrapped: Any = getattr(value, "__wrapped__", None)
    if isinstance(wrapped, FunctionType):
        return f"{type(value).__qualname__} {_of_function(wrapped)}"
    try:
        return f"{type(value).__qualname__} {digest_bytes(pickle.dumps(value, 5))}"
    except Exception:  # noqa: BLE001 - objects may raise anything when they are pickled
        return f"a {type(value).__module__}:{type(value).__qualname__}"
