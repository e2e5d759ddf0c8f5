"""What a live function counts as: its code with what guards it, and what it holds besides."""

from types import FunctionType
from typing import Any

from headrace.code.live_forms import code_text, held_by


def function(source: str) -> FunctionType:
    space: dict[str, Any] = {}
    exec(source, space)
    found = space["f"]
    assert isinstance(found, FunctionType)
    return found


def test_defaults_by_position_and_by_name_are_held():
    assert held_by(function("def f(x, *, y): return x")) == []
    assert held_by(function("def f(x=1): return x")) == [(1,), None]
    assert held_by(function("def f(*, y=2): return y")) == [None, {"y": 2}]
    assert held_by(function("def f(x=1, *, y=2): return y")) == [(1,), {"y": 2}]


def test_what_is_set_on_a_function_and_what_it_closes_over_is_held():
    marked = function("def f(): pass")
    marked.rate = 3  # type: ignore[attr-defined]
    assert held_by(marked) == [None, None, ("rate", 3)]
    closing = function("def outer(rate):\n    def g(): return rate\n    return g\nf = outer(4)")
    assert held_by(closing) == [4, None, None]


GUARDED = "def f():\n    try:\n        a()\n    except KeyError:\n        raise ValueError\n    b()"
GUARDED_MORE = "def f():\n    try:\n        a()\n        b()\n    except KeyError:\n        raise ValueError"


def test_what_a_try_guards_counts_also_where_nothing_else_of_the_code_tells_it():
    one, more = function(GUARDED).__code__, function(GUARDED_MORE).__code__
    assert code_text(one) != code_text(more)
    assert code_text(one) == code_text(function(f"\n{GUARDED}  # further down").__code__)
    # compilers may lay out both alike, and tell them apart by the table alone
    assert one.co_exceptiontable != more.co_exceptiontable
    assert code_text(one) != code_text(one.replace(co_exceptiontable=more.co_exceptiontable))
