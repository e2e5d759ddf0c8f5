"""Whether what a step gets and gives back is what its signature declares, asked while it runs.

When a pipeline is defined, annotations are compared with annotations; only here is a value compared with one. How a
value is judged stands in `definition.holding`, which most values never need: they are of the class that is declared.
"""

from collections.abc import Callable, Mapping
from typing import Any

from headrace.worker import doors
from headrace.worker.errors import InputTypeError, OutputTypeError
from headrace.worker.functions import plain_function


def check_arguments(
    step: str, target: Callable[..., object], arguments: Mapping[str, object], *, types: Mapping[str, object]
) -> None:
    """Raise InputTypeError for the first argument that is not what its input is declared; `types` by input."""
    for name, value in arguments.items():
        declared = types.get(name, Any)
        if _is_plainly(value, declared) or (value is None and _is_none_by_default(target, name)):
            continue
        differs = doors.difference(value, declared)
        if differs:
            raise InputTypeError(step, name, differs)


def check_output(step: str, target: Callable[..., object], output: object, *, types: Mapping[str, object]) -> None:
    """Raise OutputTypeError if a step gives back something else than it declares."""
    declared = types.get("return", Any)
    if _is_plainly(output, declared):
        return
    differs = doors.difference(output, declared)
    if differs:
        raise OutputTypeError(step, differs, place=_place_of(target))


def _is_plainly(value: object, declared: Any) -> bool:
    if declared is Any or declared is None:
        return declared is Any or value is None
    return (
        type(value) is declared and not hasattr(declared, "__dataclass_fields__") and not hasattr(declared, "_fields")
    )


def _is_none_by_default(target: Callable[..., object], name: str) -> bool:
    """Whether the input is written `x: int = None`, which says less than it means."""
    function = plain_function(target)
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    positional = code.co_varnames[: code.co_argcount]
    defaults = dict(zip(reversed(positional), reversed(getattr(function, "__defaults__", None) or ()), strict=False))
    defaults |= getattr(function, "__kwdefaults__", None) or {}
    return defaults.get(name, ...) is None


def _place_of(target: Callable[..., object]) -> str:
    code = getattr(plain_function(target), "__code__", None)
    return "" if code is None else f" ({code.co_filename}, line {code.co_firstlineno})"
