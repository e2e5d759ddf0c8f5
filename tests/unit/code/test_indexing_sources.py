"""From source to index: what a statement is written down as, what it refers to, what it does at import."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.code.indexing import index_source
from headrace.code.pieces import FileIndex, Piece, read_index


def index(text: str) -> FileIndex:
    return index_source(text.encode())


def piece(text: str, name: str = "f") -> Piece:
    (found,) = index(text).pieces_of(name)
    return found


def same(first: str, second: str) -> bool:
    return piece(first).fingerprint == piece(second).fingerprint


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("def f(x):\n    return x", "def f(x):\n    'words'\n    return x  # why"),
        ("def f(x):\n    return x", "def f(x: int) -> int:\n    pass\n    return x"),
        ("def f():\n    a = 1\n    return a", "def f():\n    b: int = 1\n    return b"),
        ("def f(xs):\n    return [x for x in xs]", "def f(xs):\n    return [y for y in xs]"),
        ("def f():\n    with o() as a:\n        return a", "def f():\n    with o() as b:\n        return b"),
        ("def f():\n    import json as a\n    return a.x", "def f():\n    import json as b\n    return b.x"),
        (
            "def f():\n    for a, (b, *c) in z():\n        g(a, b, c)",
            "def f():\n    for x, (y, *z1) in z():\n        g(x, y, z1)",
        ),
        ("def f():\n    return (1,\n        2)", "def f(): return (1, 2)"),
        ("def f():\n    return 'a' 'b'", 'def f():\n    return "ab"'),
        ("def f():\n    return 0x10", "def f():\n    return 16"),
    ],
)
def test_what_changes_no_result_changes_no_fingerprint(first: str, second: str):
    assert same(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("def f():\n    return 1", "def f():\n    return 1.0"),
        ("def f():\n    return 1", "def f():\n    return True"),
        ("def f():\n    return 'x'", "def f():\n    return b'x'"),
        ("def f():\n    return None", "def f():\n    return"),
        ("def f(a, b): ...", "def f(a, *, b): ..."),
        ("def f(a, b): ...", "def f(a, /, b): ..."),
        ("def f(a): ...", "def f(*a): ..."),
        ("def f(a=1): ...", "def f(a=2): ..."),
        ("def f(a, *, b=1, c): ...", "def f(a, *, b, c=1): ..."),
        ("@d\ndef f(x: int): ...", "@d\ndef f(x: str): ..."),
        ("def f():\n    a = 1\n    b = 2\n    return a", "def f():\n    a = 1\n    b = 2\n    return b"),
        ("def f():\n    def g(): ...\n    return g", "def f():\n    def h(): ...\n    return h"),
        ("def f():\n    return {**a, 'b': 1}", "def f():\n    return {'b': 1, **a}"),
        ("def f():\n    return x[1:2]", "def f():\n    return x[1, 2]"),
        ("def f():\n    return a.b.c", "def f():\n    return a.c.b"),
        ("def f():\n    a = 1\n    return q('a')", "def f():\n    b = 1\n    return q('a')"),
        ("def f():\n    return lambda: x", "def f():\n    return lambda x: x"),
        ("async def f(): ...", "def f(): ..."),
        ("def f():\n    yield x", "def f():\n    yield from x"),
        ("def f():\n    return f'{x!r}'", "def f():\n    return f'{x!s}'"),
        (
            "def f():\n    match x:\n        case 1 | 2: return y",
            "def f():\n    match x:\n        case [1, 2]: return y",
        ),
        ("def f():\n    match x:\n        case None: return y", "def f():\n    match x:\n        case True: return y"),
        ("def f():\n    global x\n    x = 1", "def f():\n    x = 1"),
        ("def f():\n    try: g()\n    except A: h()", "def f():\n    try: g()\n    except* A: h()"),
        ("def f():\n    from . import a\n    return a", "def f():\n    from .. import a\n    return a"),
    ],
)
def test_what_may_change_a_result_changes_the_fingerprint(first: str, second: str):
    assert not same(first, second)


def test_references_are_names_of_the_module_only():
    text = "import m\nLIMIT = 1\ndef f(a, b=LIMIT):\n    c = a + m.sub.g(b)\n    def inner(d):\n        return d, c, other(d)\n    return [e for e in inner(c)]"
    assert piece(text).references == ("LIMIT", "m.sub.g", "other")


def test_builtins_are_no_references_unless_a_star_import_may_hide_them():
    assert piece("def f(x):\n    return len(x)").references == ()
    assert piece("from m import *\ndef f(x):\n    return len(x)").references == ("len",)


def test_annotations_are_followed_also_in_strings():
    text = "import m\nclass Row: ...\nclass Other: ...\ndef f(a: 'Row | None', b: m.Type) -> 'list[Other]': ..."
    assert piece(text).references == ("Other", "Row", "m.Type")


def test_imports_inside_functions_are_told_apart_from_the_modules_names():
    found = piece("np = 1\ndef f():\n    import numpy as np\n    from .rules import rule\n    return np.mean(rule(1))")
    assert found.references == ("*np.mean", "*rule")
    assert found.imports == (("np", 0, "numpy", ""), ("rule", 1, "rules", "rule"))
    assert found.import_statements == ((0, "numpy"), (1, "rules"))


def test_methods_do_not_see_the_names_of_their_class():
    text = "size = 1\nclass C:\n    size = 2\n    def get(self):\n        return size"
    assert piece(text, "C").references == ("size",)
    assert piece("class C:\n    size = 2\n    def get(self):\n        return self.size", "C").references == ()


def test_a_class_is_written_without_its_methods_and_each_method_apart():
    before = piece("class C:\n    x = 1\n    def a(self): return 1\n    def b(self): return 2", "C")
    after = piece("class C:\n    x = 1\n    def b(self): return 2\n    def a(self): return 3", "C")
    assert before.fingerprint == after.fingerprint
    prints = [{one.name: one.fingerprint for one in found.members} for found in (before, after)]
    assert prints[0]["b"] == prints[1]["b"]
    assert prints[0]["a"] != prints[1]["a"]


def test_the_order_of_methods_counts_where_a_metaclass_or_decorator_may_see_it():
    orders = ["def a(self): ...\n    def b(self): ...", "def b(self): ...\n    def a(self): ..."]
    plain = {piece(f"class C:\n    {order}", "C").fingerprint for order in orders}
    watched = {piece(f"class C(metaclass=M):\n    {order}", "C").fingerprint for order in orders}
    assert (len(plain), len(watched)) == (1, 2)


def test_everything_that_binds_or_mutates_a_name_belongs_to_it():
    text = "X = []\nX.append(1)\nX[0] = 2\nX += [3]\nfor i in range(3):\n    X.append(i)\ndel X[0]\nY = 1"
    assert [found.first_line for found in index(text).pieces_of("X")] == [1, 2, 3, 4, 5, 7]


@pytest.mark.parametrize(
    ("statement", "mode"),
    [
        ("register(1)", "always"),
        ("m.patch()", "always"),
        ("m.f = 1", "always"),
        ("m.table['a'] = 1", "always"),
        ("setattr(m, 'f', 1)", "always"),
        ("if m.flag:\n    m.go()", "always"),
        ("for x in m.all():\n    m.go(x)", "always"),
        ("X = m.make()", "mutates"),
        ("@m.register\ndef g(): ...", "reads"),
        ("class C(m.Base): ...", "subclass"),
    ],
)
def test_what_importing_does_is_noted_with_its_condition(statement: str, mode: str):
    assert mode in [effect.mode for effect in index(f"import m\ndef register(x): ...\n{statement}").effects]


@pytest.mark.parametrize(
    "statement",
    [
        "if __name__ == '__main__':\n    m.go()",
        "if '__main__' == __name__:\n    m.go()",
        "if TYPE_CHECKING:\n    from m import Row",
        "X = 1",
        "'a text'",
        "import logging\nlog = logging.getLogger('x')\nlog.info('x')\nlogging.basicConfig()",
        "print('x')",
        "import headrace as hr\n@hr.step(retries=2)\ndef g(): ...",
        "X = []\nX.append(1)",
    ],
)
def test_what_does_nothing_at_import_is_no_effect(statement: str):
    modes = {effect.mode for effect in index(f"import m\n{statement}").effects}
    assert not modes & {"always", "reads"}


def test_what_stands_under_the_main_guard_or_type_checking_is_not_imported():
    text = "if __name__ == '__main__':\n    import a\nif TYPE_CHECKING:\n    import b\nelse:\n    import c\nimport d"
    assert index(text).imports == [(0, "c", ""), (0, "d", "")]


def test_imports_that_nothing_refers_to_are_noted():
    text = "import a\nimport b\nfrom c import d, e\n__all__ = ['e']\ndef f():\n    return b"
    assert index(text).unused == [(0, "a", ""), (0, "c", "d")]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("eval(x)", ("module", "eval", 2)),
        ("globals()[x]", ("module", "globals", 2)),
        ("import_module('a.b')", ("import", "a.b", 2)),
        ("import_module(f'a.{x}')", ("package", "a", 2)),
        ("import_module('a.b.' + x)", ("package", "a.b", 2)),
        ("import_module('a.{}'.format(x))", ("package", "a", 2)),
        ("__import__(x)", ("package", "", 2)),
        ("pkgutil.iter_modules(x)", ("package", "", 2)),
        ("C.__subclasses__()", ("subclasses", "", 2)),
        ("sys.modules[x]", ("module", "sys.modules", 2)),
    ],
)
def test_computed_names_are_noted_with_their_line(call: str, expected: tuple[str, str, int]):
    assert piece(f"def f(x):\n    return {call}").computed == (expected,)


def test_a_frame_is_a_methods_business_only():
    assert not piece("def f(frame):\n    a = 1\n    return frame.eval('x')").computed


EXAMPLES = st.sampled_from(
    [
        "import a.b as c\n",
        "from . import d\n",
        "X = ['select * from y', 1]\n",
        "X.append(2)\n",
        "@deco\ndef f(x: 'C') -> int:\n    'doc'\n    y = eval(x)\n    return y\n",
        "class C(Base):\n    'doc'\n    z = {}\n    def m(self):\n        w = 1\n        return w\n",
        "for i in range(3):\n    register(i)\n",
        "if a:\n    from b import *\n",
        "try:\n    import q\nexcept ImportError:\n    q = None\n",
    ]
)


@given(st.lists(EXAMPLES, max_size=12).map("".join))
def test_an_index_is_read_back_as_it_was_written(text: str):
    found = index(text)
    again = read_index(found.to_text())
    assert again.to_text() == found.to_text()
    for name in found.bindings:
        assert again.pieces_of(name) == found.pieces_of(name)


@given(st.lists(EXAMPLES, max_size=12).map("".join))
def test_indexing_is_repeatable(text: str):
    assert index(text).to_text() == index(text).to_text()


NAMES = (
    "a.csv",
    "data/a.csv",
    "run 12:30.csv",
    "Sales, 2020.csv",
    "a;b.parquet",
    "data/v1,2/events",
    "data/day=1:2/*.csv",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_string_that_may_name_a_file_is_kept_as_such(name: str):
    assert piece(f"def f():\n    return {name!r}").paths == (name,)


@pytest.mark.parametrize(
    "text", ["https://a.org/b.csv", "Either, or; both", "key: and/or", "a {b}.csv", "one\ntwo", ","]
)
def test_an_address_and_a_sentence_name_no_file(text: str):
    assert piece(f"def f():\n    return {text!r}").paths == ()
