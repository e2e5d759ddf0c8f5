"""A value may be little more than the name of a function or class: then that code is part of what consumers get."""

from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, assert_noticed, project_of, run

pytestmark = pytest.mark.slow

CONSUMED = (
    "\n@hr.step\ndef use(f) -> int:\n    return {call}\n\n@hr.pipeline\ndef pipe() -> int:\n    return use(choose())\n"
)
MAKERS = {
    "a function": ("@hr.step\ndef choose():\n    return plus\n", "f(3)"),
    "a partial": ("@hr.step\ndef choose():\n    return functools.partial(plus, 3)\n", "f()"),
    "a function in a list in a dict": ("@hr.step\ndef choose():\n    return {'all': [plus]}\n", "f['all'][0](3)"),
    "a function in an object": (
        "class Box:\n    def __init__(self, f):\n        self.f = f\n\n@hr.step\ndef choose():\n    return Box(plus)\n",
        "f.f(3)",
    ),
    "a lambda that calls a function": ("@hr.step\ndef choose():\n    return lambda x: plus(x)\n", "f(3)"),
    "a lambda that calls a function of a module": ("@hr.step\ndef choose():\n    return lambda x: h.plus(x)\n", "f(3)"),
    "a cached function": ("@hr.step\ndef choose():\n    return h.cached\n", "f(3)"),
    "a class": ("@hr.step\ndef choose():\n    return h.Adder\n", "f().add(3)"),
    "a bound method": ("@hr.step\ndef choose():\n    return h.Adder().add\n", "f(3)"),
    "a module": ("@hr.step\ndef choose():\n    return lambda: h\n", "f().plus(3)"),
}
HELPERS = (
    "import functools\n\ndef plus(x):\n    return x + 1\n\n@functools.lru_cache\ndef cached(x):\n    return plus(x)\n\n"
    "class Adder:\n    def add(self, x):\n        return plus(x)\n"
)


@pytest.mark.parametrize("case", MAKERS, ids=lambda case: case.replace(" ", "-"))
def test_the_code_behind_a_name_in_a_value_counts_for_its_consumer(tmp_path: Path, case: str):
    maker, call = MAKERS[case]
    head = HEAD + "import h\nfrom h import plus\n\n"
    project = project_of(tmp_path, {"work.py": head + maker + CONSUMED.format(call=call), "h.py": HELPERS})
    assert_noticed(project, "h.py", "x + 1", "x + 2")


def test_a_function_inside_a_trusted_model_counts_for_its_consumer(tmp_path: Path):
    pytest.importorskip("skops")
    work = (
        HEAD + "from sklearn.preprocessing import FunctionTransformer\nfrom h import plus\n\n"
        "@hr.step\ndef choose():\n    return FunctionTransformer(plus)\n"
    )
    project = project_of(tmp_path, {"work.py": work + CONSUMED.format(call="f.transform(3)"), "h.py": HELPERS})
    text = (tmp_path / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(text.replace('pickles = "allow"', 'pickles = "forbid"\ntrusted = ["h"]'))
    assert_noticed(project, "h.py", "x + 1", "x + 2")


def test_a_function_given_to_a_run_from_python_counts(tmp_path: Path):
    work = (
        HEAD + "@hr.step\ndef use(f) -> int:\n    return f(3)\n\n@hr.pipeline\ndef pipe(f) -> int:\n    return use(f)\n"
    )
    script = (
        "import headrace as hr, work, h\nif __name__ == '__main__':\n    run = hr.Session(quiet=True).run(work.pipe, h.plus)\n"
        "    print(run.output, run.step('use').state.value)\n"
    )
    project = project_of(tmp_path, {"work.py": work, "h.py": HELPERS})
    assert project.python(script).out.split() == ["4", "succeeded"]
    assert project.python(script).out.split() == ["4", "reused"]
    project.edit("h.py", "x + 1", "x + 2")
    assert project.python(script).out.split() == ["5", "succeeded"]


def test_an_edit_beside_the_code_behind_a_name_leaves_its_consumer_alone(tmp_path: Path):
    maker, call = MAKERS["a function"]
    head = HEAD + "import h\nfrom h import plus\n\n"
    project = project_of(tmp_path, {"work.py": head + maker + CONSUMED.format(call=call), "h.py": HELPERS})
    run(project)
    project.edit("h.py", "class Adder", "class Summer")
    assert set(run(project)[1].values()) == {"reused"}


UNPICKLED = {
    "a path": (
        "@hr.step\ndef save() -> Path:\n    joblib.dump(h.Adder(), 'm.joblib')\n    return Path('m.joblib')\n",
        "joblib.load(m).add(3)",
    ),
    "bytes": ("@hr.step\ndef save() -> bytes:\n    return pickle.dumps(h.Adder())\n", "pickle.loads(m).add(3)"),
    "a file of its own": (
        "@hr.step\ndef save() -> int:\n    Path('m.pkl').write_bytes(pickle.dumps(h.Adder()))\n    return 1\n",
        "pickle.load(open('m.pkl', 'rb')).add(3)",
    ),
    "a function": ("@hr.step\ndef save() -> bytes:\n    return pickle.dumps(h.plus)\n", "pickle.loads(m)(3)"),
}
LOADS = (
    "\n@hr.step\ndef use(m) -> int:\n    return {call}\n\n@hr.pipeline\ndef pipe() -> int:\n    return use(save())\n"
)


@pytest.mark.parametrize("case", UNPICKLED, ids=lambda case: case.replace(" ", "-"))
def test_the_code_that_a_step_unpickles_counts_although_its_module_was_loaded_before(tmp_path: Path, case: str):
    save, call = UNPICKLED[case]
    head = HEAD + "import pickle\nfrom pathlib import Path\nimport joblib\nimport h\n\n"
    project = project_of(tmp_path, {"work.py": head + save + LOADS.format(call=call), "h.py": HELPERS})
    assert_noticed(project, "h.py", "x + 1", "x + 2")


def test_a_comment_in_what_a_step_unpickles_computes_nothing(tmp_path: Path):
    save, call = UNPICKLED["bytes"]
    head = HEAD + "import pickle\nimport h\n\n"
    project = project_of(tmp_path, {"work.py": head + save + LOADS.format(call=call), "h.py": HELPERS})
    run(project)
    project.edit("h.py", "return x + 1", "return x + 1  # one more")
    assert "0 computed" in project.ok("run", "work:pipe").err


@pytest.mark.parametrize("call", ["importlib.import_module(name).plus(3)", "pkgutil.resolve_name(name + ':plus')(3)"])
def test_a_module_that_is_named_by_a_value_counts_although_it_was_loaded_before(tmp_path: Path, call: str):
    work = (
        HEAD + "import importlib, pkgutil\nimport h\n\n@hr.step\ndef use(name: str) -> int:\n"
        f"    return {call}\n\n@hr.pipeline\ndef pipe() -> int:\n    return use('h')\n"
    )
    project = project_of(tmp_path, {"work.py": work, "h.py": HELPERS})
    assert_noticed(project, "h.py", "x + 1", "x + 2")
