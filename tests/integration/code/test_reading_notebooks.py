"""Steps of a notebook: the cell that defined the live object counts, and constants count by value."""

import linecache
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.code.errors import SourceMissingError, ValueWithoutFormError
from headrace.code.notebooks import NotebookSource
from headrace.code.reader import StaticCodeReader
from headrace.core.symbols import Symbol
from headrace.ports.code import Code
from headrace.testing.memory_stores import MemoryStore


class Notebook:
    """Cells run one after the other in one namespace, as IPython runs them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.namespace: dict[str, object] = {"__name__": "__main__", "In": [""]}

    def run(self, *cells: str) -> "Notebook":
        for cell in cells:
            name = f"<cell-{id(self)}-{hash(cell)}>"
            linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
            exec(compile(cell, name, "exec"), self.namespace)
            self.namespace["In"].append(cell)  # type: ignore[attr-defined]
        return self

    def code(self, name: str = "fit") -> Code:
        source = NotebookSource(self.namespace)
        reader = StaticCodeReader(self.root, MemoryStore().memos, path=[str(self.root)], notebook=source)
        return reader.code_of(Symbol("__main__", name, "/tmp/ipykernel_1/23.py"))


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    yield Notebook(tmp_path)
    linecache.clearcache()


HELP = "def clip(x):\n    return max(x, LIMIT)\n"
FIT = "import headrace as hr\n@hr.step\ndef fit(x: int) -> int:\n    return clip(x)\n"


def test_a_step_reaches_what_other_cells_define_each_in_its_own_cell(notebook: Notebook):
    code = notebook.run("LIMIT = 3", HELP, FIT).code()
    assert {row.symbol: row.file for row in code.rows} == {
        "__main__:fit": "In[3]",
        "__main__:clip": "In[2]",
        "__main__:LIMIT": "In[1]",
    }


def test_a_cell_run_again_with_another_text_changes_the_key_and_back(notebook: Notebook):
    before = notebook.run("LIMIT = 3", HELP, FIT).code().digest
    assert notebook.run(HELP.replace("max", "min")).code().digest != before
    assert notebook.run(HELP + "# the same\n").code().digest == before


def test_the_live_object_counts_not_the_last_cell(notebook: Notebook):
    notebook.run("LIMIT = 3", HELP, FIT)
    before = notebook.code().digest
    kept = notebook.namespace["clip"]
    notebook.run(HELP.replace("max", "min"))
    notebook.namespace["clip"] = kept
    assert notebook.code().digest == before


def test_a_constant_counts_by_its_value_however_it_came_about(notebook: Notebook):
    before = notebook.run("LIMIT = 3", HELP, FIT).code().digest
    assert notebook.run("LIMIT = 1 + 2").code().digest == before
    assert notebook.run("LIMIT += 1").code().digest != before
    assert notebook.run("LIMIT = 3.0").code().digest != before


def test_an_array_counts_by_type_shape_and_bytes(notebook: Notebook):
    pytest.importorskip("numpy")
    before = notebook.run("import numpy as np\nLIMIT = np.arange(6)", HELP, FIT).code().digest
    assert notebook.run("LIMIT = np.array([0, 1, 2, 3, 4, 5])").code().digest == before
    others = ("np.arange(7)", "np.arange(6.0)", "np.arange(6).reshape(2, 3)")
    changed = {notebook.run(f"LIMIT = {text}").code().digest for text in others}
    assert len(changed | {before}) == 4


def test_a_value_without_form_counts_by_the_cell_that_made_it(notebook: Notebook):
    before = notebook.run("import threading\nLIMIT = threading.Lock()", HELP, FIT).code().digest
    assert notebook.run("LIMIT = threading.Lock( )").code().digest == before
    assert notebook.run("LIMIT = [threading.Lock()][0]").code().digest != before


def test_a_value_without_form_or_cell_is_refused(notebook: Notebook):
    notebook.run(HELP, FIT).namespace["LIMIT"] = threading.Lock()
    with pytest.raises(ValueWithoutFormError, match=r"notebook's `LIMIT`, a _thread\.lock"):
        notebook.code()


CHANGES = {
    "a column of a frame": ("import pandas as pd\nLIMIT = pd.DataFrame({'a': [1, 2]})", "LIMIT['a'] = LIMIT['a'] * 10"),
    "a cell of a frame": ("import polars as pl\nLIMIT = pl.DataFrame({'a': [1, 2]})", "LIMIT[0, 'a'] = 9"),
    "an array in a dict": ("import numpy as np\nLIMIT = {'w': np.zeros(3)}", "LIMIT['w'][1] = 5"),
    "an attribute of an object": ("import types\nLIMIT = types.SimpleNamespace(k=1)", "LIMIT.k = 2"),
    "a fitted model": (
        (
            "import numpy as np\nfrom sklearn.linear_model import LinearRegression\nX = np.arange(6.0).reshape(3, 2)\n"
            "LIMIT = LinearRegression().fit(X, [1, 2, 3])"
        ),
        "LIMIT.fit(X, [3, 2, 1])",
    ),
    "what a function holds": (
        "def make(n):\n    def made(x):\n        return x * n\n    return made\nLIMIT = make(2)",
        "LIMIT = make(3)",
    ),
}


@pytest.mark.parametrize(("made", "change"), CHANGES.values(), ids=CHANGES)
def test_a_global_that_is_changed_in_place_counts_by_what_it_is(notebook: Notebook, made: str, change: str):
    before = notebook.run(made, HELP, FIT).code().digest
    assert notebook.code().digest == before
    assert notebook.run(change).code().digest != before


SCALER = "class Scaler:\n    def __init__(self, k): self.k = k\n    def apply(self, x): return x * self.k\n"
SCALING = "def clip(x):\n    return LIMIT.apply(x)\n"
MADE_OF_CODE = {
    "the class of an instance": (SCALER + "LIMIT = Scaler(2)", SCALER.replace("x *", "x +") + "LIMIT = Scaler(2)"),
    "the class of an instance in a list": (
        SCALER + "LIMIT = [Scaler(2)]",
        SCALER.replace("x *", "x +") + "LIMIT = [Scaler(2)]",
    ),
    "the class of a dataclass's instance": (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    k: int = 1\n    def f(self): return 1\nLIMIT = C()",
        "@dataclass\nclass C:\n    k: int = 1\n    def f(self): return 2\nLIMIT = C()",
    ),
    "an attribute set on a class": ("class LIMIT:\n    lr = 1", "LIMIT.lr = 2"),
    "an attribute set on the class of an instance": (SCALER + "LIMIT = Scaler(2)", "Scaler.more = 2"),
    "a method put into a class by def": (SCALER + "LIMIT = Scaler", "def f(self, x): return 7\nLIMIT.apply = f"),
    "a method put into a class by lambda": (SCALER + "LIMIT = Scaler", "LIMIT.apply = lambda self, x: 7"),
    "a property put into a class": (SCALER + "LIMIT = Scaler", "LIMIT.apply = property(lambda self: 7)"),
    "an attribute set on a function": ("def LIMIT(): return LIMIT.k\nLIMIT.k = 1", "LIMIT.k = 2"),
    "a function defined again and put into a dict again": (
        "def f(): return 1\nLIMIT = {'a': f}",
        "def f(): return 2\nLIMIT['a'] = f",
    ),
    "the order of lambdas": ("LIMIT = [lambda x: x + 1, lambda x: x + 2]", "LIMIT.reverse()"),
    "what a lambda in a list uses": ("K = 1\nLIMIT = [lambda x: x + K]", "K = 2"),
    "one of two functions made by another": (
        "def make():\n    def a(x): return x\n    def b(x): return -x\n    return a, b\nLIMIT = make()[0]",
        "LIMIT = make()[1]",
    ),
    "what a plain decorator holds": (
        "def twice(f):\n    def inner(x): return f(f(x))\n    return inner\n@twice\ndef LIMIT(x): return x + 1",
        "@twice\ndef LIMIT(x): return x + 2",
    ),
    "a default taken when the function was made": (
        "K = 1\ndef LIMIT(x, k=K): return k\nK = 2",
        "def LIMIT(x, k=K): return k",
    ),
    "a function that exec has made": ("exec('def LIMIT(): return 1')", "exec('def LIMIT(): return 2')"),
    "what singledispatch calls for a type": (
        (
            "from functools import singledispatch\n@singledispatch\ndef LIMIT(x): return 1\n"
            "@LIMIT.register\ndef of_int(x: int): return 2"
        ),
        "@LIMIT.register\ndef of_int(x: int): return 3",
    ),
    "a partial of a redefined function": (
        "from functools import partial\ndef f(x): return x\nLIMIT = partial(f, 1)",
        "def f(x): return -x\nLIMIT = partial(f, 1)",
    ),
}


@pytest.mark.parametrize(("made", "change"), MADE_OF_CODE.values(), ids=MADE_OF_CODE)
def test_a_global_counts_with_the_code_that_it_is_made_of(notebook: Notebook, made: str, change: str):
    before = notebook.run(made, HELP, FIT).code().digest
    assert notebook.code().digest == before
    if "k=K" not in made:
        assert notebook.run(made + "\n# the same").code().digest == before
    assert notebook.run(change).code().digest != before


def test_an_instance_made_again_from_a_class_that_has_only_been_moved_is_the_same(notebook: Notebook):
    before = notebook.run(SCALER + "LIMIT = Scaler(2)", SCALING, FIT).code()
    assert {"__main__:LIMIT", "__main__:Scaler.apply"} <= {row.symbol for row in before.rows}
    again = notebook.run('"""Moved."""\n\n' + SCALER.replace("(self, x)", "(self,  x)"), "LIMIT = Scaler(2)").code()
    assert again.digest == before.digest
    assert notebook.run("LIMIT = Scaler(3)").code().digest != before.digest


def test_an_instance_of_a_class_that_is_defined_anew_keeps_the_code_of_its_own(notebook: Notebook):
    before = notebook.run(SCALER + "LIMIT = Scaler(2)", SCALING, FIT).code().digest
    renewed = notebook.run(SCALER.replace("x *", "x +")).code().digest
    assert notebook.code().digest == renewed
    assert notebook.run("LIMIT = Scaler(2)").code().digest not in {before, renewed}


def test_classes_that_hold_each_other_are_read(notebook: Notebook):
    cell = "class A: pass\nclass B:\n    a = A()\nA.b = B()\nA.own = A\nLIMIT = [A(), B()]\n"
    before = notebook.run(cell, HELP, FIT).code().digest
    assert notebook.run("B.a.n = 1").code().digest != before


def test_a_global_counts_with_the_code_of_its_class_in_a_module(notebook: Notebook, monkeypatch: pytest.MonkeyPatch):
    path = notebook.root / "notebook_scalers.py"
    text = SCALER + "def make(n):\n    return lambda x: x * n\n"
    path.write_text(text)
    monkeypatch.syspath_prepend(str(notebook.root))
    for made, other in (("Scaler(2)", "Scaler(3)"), ("[make(2)]", "[make(3)]"), ("make(2)", "make(3)")):
        path.write_text(text)
        before = notebook.run(f"from notebook_scalers import *\nLIMIT = {made}", HELP, FIT).code()
        assert any(row.symbol.startswith("notebook_scalers:") for row in before.rows)
        assert notebook.run(f"LIMIT = {other}").code().digest != before.digest
        assert notebook.run(f"LIMIT = {made}").code().digest == before.digest
        path.write_text(text.replace("x *", "x +"))
        assert notebook.code().digest != before.digest


def test_a_value_that_no_step_uses_is_not_looked_at(notebook: Notebook):
    notebook.run("LIMIT = 3", HELP, FIT).namespace["other"] = object()
    assert "__main__:other" not in {row.symbol for row in notebook.code().rows}


def test_classes_of_a_notebook_count_with_their_methods(notebook: Notebook):
    cell = "class Row:\n    size = 1\n    def total(self):\n        return self.size\n"
    step = "import headrace as hr\n@hr.step\ndef fit(x: int) -> int:\n    return Row().total()\n"
    before = notebook.run(cell, step).code()
    assert "__main__:Row.total" in {row.symbol for row in before.rows}
    assert notebook.run(cell.replace("size = 1", "size = 2")).code().digest != before.digest


def test_modules_of_the_project_are_followed_from_a_notebook(notebook: Notebook, monkeypatch: pytest.MonkeyPatch):
    path = notebook.root / "notebook_rules.py"
    path.write_text("def rule(x):\n    return x + 1\n")
    monkeypatch.syspath_prepend(str(notebook.root))
    step = "import headrace as hr\n@hr.step\ndef fit(x: int) -> int:\n    return {}\n"
    for start, call in (("from notebook_rules import rule", "rule(x)"), ("import notebook_rules as r", "r.rule(x)")):
        path.write_text("def rule(x):\n    return x + 1\n")
        before = notebook.run(start, step.format(call)).code()
        assert "notebook_rules:rule" in {row.symbol for row in before.rows}
        path.write_text("def rule(x):\n    return x + 2\n")
        assert notebook.code().digest != before.digest


def test_a_name_that_the_session_does_not_know_is_refused(notebook: Notebook):
    with pytest.raises(SourceMissingError, match="the running session does not know it"):
        notebook.code("nothing")


IN_IPYTHON = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
sys.modules["__main__"] = shell.user_module
for cell in {cells!r}:
    result = shell.run_cell(cell)
    result.raise_error()
from headrace.code.reader import StaticCodeReader
from headrace.testing.memory_stores import MemoryStore
from headrace.core.symbols import Symbol
function = shell.user_ns["fit"].__wrapped__
symbol = Symbol(function.__module__, function.__qualname__, function.__code__.co_filename)
code = StaticCodeReader({root!r}, MemoryStore().memos).code_of(symbol)
print(code.digest, *sorted(row.symbol for row in code.rows))
"""


@pytest.mark.slow
def test_steps_of_a_real_ipython_session_are_read(tmp_path: Path):
    pytest.importorskip("IPython")

    def run(*cells: str) -> list[str]:
        text = IN_IPYTHON.format(cells=cells, root=str(tmp_path))
        found = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert found.returncode == 0, found.stderr
        return found.stdout.split()

    before = run("LIMIT = 3", HELP, FIT)
    assert before[1:] == ["__main__:LIMIT", "__main__:clip", "__main__:fit"]
    assert run("LIMIT = 3", "other = 1 + 1", HELP, FIT) == before
    assert run("LIMIT = 3", HELP.replace("max", "min"), FIT)[0] != before[0]
