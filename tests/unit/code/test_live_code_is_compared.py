"""Live functions and constants beside what a file says: what does the same is the same, however it is written."""

import ast
import inspect
import json
from types import FunctionType
from typing import Any

import pytest

from headrace.code.expected import ExpectedSource
from headrace.code.likeness import likeness


def run(source: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "live"}
    exec(compile(source, "live.py", "exec", dont_inherit=True), space)
    return space


def differs(before: str, after: str, name: str = "f") -> bool:
    live = run(before)[name]
    assert isinstance(live, FunctionType)
    return ExpectedSource(after.encode(), "live.py").differs(live)


def changed(before: str, after: str, name: str) -> str:
    return ExpectedSource(after.encode(), "live.py").changed_constant(name, run(before)[name])


OTHERS = {
    "an operator": ("def f(x): return x + 1", "def f(x): return x - 1"),
    "a constant": ("def f(x): return x + 1", "def f(x): return x + 2"),
    "a constant's type": ("def f(): return 1", "def f(): return 1.0"),
    "a constant's sign": ("def f(): return 0.0", "def f(): return -0.0"),
    "a truth": ("def f(): return 1", "def f(): return True"),
    "a constant in a tuple": ("def f(x): return x in (1, 2)", "def f(x): return x in (1, 3)"),
    "a constant in a set": ("def f(x): return x in {1, 2}", "def f(x): return x in {1, 3}"),
    "a name": ("def f(x): return min(x)", "def f(x): return max(x)"),
    "an attribute": ("def f(x): return x.a", "def f(x): return x.b"),
    "a parameter's name": ("def f(x): return x", "def f(y): return y"),
    "a default": ("def f(x=1): return x", "def f(x=2): return x"),
    "a default more": ("def f(x): return x", "def f(x=2): return x"),
    "a default by name": ("def f(*, x=1): return x", "def f(*, x=2): return x"),
    "a default for another": ("def f(*, x=1, y): return x", "def f(*, x, y=1): return x"),
    "a keyword of a call": ("def f(x): return g(a=x)", "def f(x): return g(b=x)"),
    "an inner function": (
        "def f():\n    def g(): return 1\n    return g",
        "def f():\n    def g(): return 2\n    return g",
    ),
    "a comprehension": ("def f(x): return [y for y in x]", "def f(x): return [y for y in x if y]"),
    "a lambda": ("def f(x): return sorted(x, key=lambda y: y)", "def f(x): return sorted(x, key=lambda y: -y)"),
    "what a try guards": (
        "def f():\n    try:\n        a()\n    except KeyError:\n        raise ValueError\n    b()",
        "def f():\n    try:\n        a()\n        b()\n    except KeyError:\n        raise ValueError",
    ),
    "what is caught": (
        "def f():\n    try:\n        a()\n    except KeyError:\n        pass",
        "def f():\n    try:\n        a()\n    except OSError:\n        pass",
    ),
    "a generator": ("def f(x): return x", "def f(x): yield x"),
    "a coroutine": ("def f(x): return 1", "async def f(x): return 1"),
    "a loop's end": (
        "def f(x):\n    for y in x:\n        if y: break\n        g()",
        "def f(x):\n    for y in x:\n        if y: continue\n        g()",
    ),
}
SAME = {
    "lines": ("def f(x): return x + 1", "# why\n\n\ndef f(\n    x,\n):\n    # because\n    return (\n        x\n        + 1\n    )"),
    "a docstring": ('def f(x):\n    "old"\n    return None, x, "a"', 'def f(x):\n    """New."""\n    return None, x, "a"'),
    "no docstring": ('def f(x):\n    "old"\n    return None, x, "a"', 'def f(x):\n    return None, x, "a"'),
    "an inner docstring": (
        'def f():\n    def g():\n        "old"\n        return 1\n    return g',
        "def f():\n    def g():\n        return 1\n    return g",
    ),
    "the name of a local": ("def f(x):\n    y = x + 1\n    return y", "def f(x):\n    z = x + 1\n    return z"),
    "a pass": ("def f(x):\n    for y in x:\n        g(y)", "def f(x):\n    for y in x:\n        g(y)\n        pass"),
    "a function beside it": ("def f(x): return x", "def g(x): return 1\n\ndef f(x): return x"),
    "one of two definitions": ("if 1:\n    def f(): return 1\nelse:\n    def f(): return 2", "if 0:\n    def f(): return 2\nelse:\n    def f(): return 1"),
    "a default that is made": ("def f(x=list()): return x", "def f(x=list()): return x"),
    "a default to be filled": ("def f(x={}): x[1] = 2\nf()", "def f(x={}): x[1] = 2\nf()"),
    "nothing at all": ("def f(x): return x", "def g(x): return 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_a_function_that_does_something_else_differs(case: str):
    assert differs(*OTHERS[case])


@pytest.mark.parametrize("case", SAME)
def test_a_function_that_does_the_same_does_not_differ(case: str):
    assert not differs(*SAME[case])


def test_a_docstring_that_makes_arguments_wider_is_left_out():
    body = "".join(f"    x = {number}.5\n" for number in range(255)) + "    return 'last'\n"
    assert not differs(f'def f(x):\n    "doc"\n{body}', f"def f(x):\n{body}")


@pytest.mark.parametrize("module", [ast, inspect, json.decoder])
def test_real_modules_are_as_their_files_say(module: Any):
    expected = ExpectedSource(inspect.getsource(module).encode(), module.__file__)
    own = [one for one in vars(module).values() if inspect.isfunction(one) and one.__module__ == module.__name__]
    assert [one.__qualname__ for one in own if expected.differs(one)] == []
    assert len({likeness(one.__code__) for one in own}) > len(own) * 0.8


CONSTANTS = {
    "a number": ("X = 1", "X = 2", "X"),
    "its type": ("X = 1", "X = 1.0", "X"),
    "a text": ("X: str = 'a'", "X: str = 'b'", "X"),
    "a product": ("X = 60 * 60", "X = 60 * 24", "X"),
    "a list": ("X = ['a', 'b']", "X = ['a', 'c']", "X"),
    "a dict's order": ("X = {'a': 1, 'b': 2}", "X = {'b': 2, 'a': 1}", "X"),
    "an attribute": ("class X:\n    a = 1", "class X:\n    a = 2", "X.a"),
    "a dataclass's default": (
        "from dataclasses import dataclass\n@dataclass(slots=True)\nclass X:\n    a: int = 1",
        "from dataclasses import dataclass\n@dataclass(slots=True)\nclass X:\n    a: int = 2",
        "X.a",
    ),
    "a named tuple's default": (
        "from typing import NamedTuple\nclass X(NamedTuple):\n    a: int = 1",
        "from typing import NamedTuple\nclass X(NamedTuple):\n    a: int = 2",
        "X.a",
    ),
    "an enum's member": (
        "from enum import Enum\nclass X(Enum):\n    A = 1",
        "from enum import Enum\nclass X(Enum):\n    A = 2",
        "X.A",
    ),
}
STEADY = {
    "what is filled": ("X = {}\nX['a'] = 1", "X = {}\nX['a'] = 1"),
    "what is counted": ("X = 0\ndef f():\n    global X\n    X += 1\nf()", "X = 0\ndef f():\n    global X\n    X += 1\nf()"),
    "what is bound twice": ("X = 1\nX = 2", "X = 1\nX = 2"),
    "what is collected": ("X = ['a']\nX.append('b')", "X = ['a']\nX.append('b')"),
    "what a function collects": ("X = ['a']\ndef f(): X.append('b')\nf()", "X = ['a']\ndef f(): X.append('b')\nf()"),
    "what depends": ("import sys\nif sys:\n    X = 1\nelse:\n    X = 2", "import sys\nif sys:\n    X = 2\nelse:\n    X = 1"),
    "what a call makes": ("X = int('1')", "X = int('2')"),
    "an enum that makes its values": (
        "from enum import Enum\nclass X(Enum):\n    A = 'a'\n    def __new__(cls, text):\n        one = object.__new__(cls)\n        one._value_ = 7\n        return one",
        "from enum import Enum\nclass X(Enum):\n    A = 'a'\n    def __new__(cls, text):\n        one = object.__new__(cls)\n        one._value_ = 7\n        return one",
    ),
    "a float that is written otherwise": ("X = 0.1", "X = 1e-1"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONSTANTS)
def test_a_constant_with_another_value_is_named(case: str):
    before, after, name = CONSTANTS[case]
    assert changed(before, after, "X") == name
    assert changed(before, before, "X") == ""


@pytest.mark.parametrize("case", STEADY)
def test_what_may_differ_by_itself_is_not_judged(case: str):
    assert changed(*STEADY[case], "X") == ""
