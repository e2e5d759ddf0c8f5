"""Whether another process would find a step or pipeline where this one found it."""

import sys

from headrace.definition.errors import UnfindableError
from headrace.definition.functions import Declared


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
        raise UnfindableError(
            f"{declared.title} is not what {symbol} stands for any more, which is what a worker would import. Give one "
            f"of the two another name."
        )
