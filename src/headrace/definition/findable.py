"""Whether another process would find a step or pipeline where this one found it."""

import sys
from collections.abc import Iterator

from headrace.definition.errors import UnfindableError
from headrace.definition.functions import Declared

_LAYERS = 50
"""Nobody stacks more decorators; an object that makes up every attribute would have layers without end."""


def refuse_unfindable(declared: Declared) -> None:
    """Raise UnfindableError for local functions, and names that stand for something else by now."""
    symbol = declared.symbol
    if "<locals>" in symbol.qualname:
        raise UnfindableError(
            f"{declared.title} is defined inside a function ({symbol}), where a worker could not import it. Move it to "
            f"the top level of its module."
        )
    module = sys.modules.get(symbol.module)
    if module is None:
        return
    found = getattr(module, symbol.qualname, None)
    if found is None:
        raise UnfindableError(
            f"{declared.title} cannot be found as {symbol}, where a worker would import it. Give the module a name "
            f"{symbol.qualname!r} for it, at the top level."
        )
    if getattr(found, "__wrapped__", found) not in (declared.function, declared.inner):
        if any(getattr(one, "declared", None) is declared for one in wrapped_in(found)):
            raise UnfindableError(
                f"{declared.title} lies under another decorator ({kind_of(found)}), and {symbol} is what that made. "
                f"Put @hr.{declared.word} on top of all others."
            )
        raise UnfindableError(
            f"{declared.title} is not what {symbol} stands for any more, which is what a worker would import. Give one "
            f"of the two another name."
        )


def wrapped_in(found: object) -> Iterator[object]:
    """What lies under decorators, layer by layer."""
    for _ in range(_LAYERS):
        found = getattr(found, "__wrapped__", None)
        if found is None:
            return
        yield found


def kind_of(found: object) -> str:
    """What a decorator has made, as `functools` and others are known by."""
    kind = type(found)
    return f"{kind.__module__}.{kind.__qualname__}" if kind.__module__ != "builtins" else f"a {kind.__qualname__}"
