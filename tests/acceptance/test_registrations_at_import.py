"""What modules do to others when they are imported counts, whoever imports them: plug-ins, registries, settings."""

from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, assert_noticed, project_of, run

pytestmark = pytest.mark.slow

STEP = HEAD + "{head}\n\n@hr.step\ndef use() -> object:\n    return {value}\n"
PIPE = "\n@hr.pipeline\ndef pipe() -> object:\n    return use()\n"
FLOW = HEAD + "{head}\nfrom steps import use\n" + PIPE
SHAPES = "import functools\n\n@functools.singledispatch\ndef area(x):\n    return 0\n"
REGISTRY = (
    "REGISTRY = {}\n\ndef register(name):\n    def inner(function):\n        REGISTRY[name] = function\n"
    "        return function\n    return inner\n\ndef get(name):\n    return REGISTRY[name]\n"
)
BASE = "class Shape:\n    pass\n"
KINDS = "class Kind:\n    known = []\n    def __init_subclass__(cls):\n        Kind.known.append(cls)\n"
# what the step needs, what it gives, the module behind it, and the plug-in
CASES = {
    "a dispatched function": (
        ("import shapes", "shapes.area(3)"),
        {"shapes.py": SHAPES},
        "import shapes\n\n@shapes.area.register\ndef _(x: int):\n    return x + 1\n",
    ),
    "a dispatched function by its own name": (
        ("from shapes import area", "area(3)"),
        {"shapes.py": SHAPES},
        "from shapes import area as surface\n\n@surface.register(int)\ndef of_int(x):\n    return x + 1\n",
    ),
    "a call that registers": (
        ("from shapes import area", "area(3)"),
        {"shapes.py": SHAPES},
        "from shapes import area\n\ndef of_int(x):\n    return x + 1\n\narea.register(int, of_int)\n",
    ),
    "a registry behind a decorator": (
        ("from registry import get", "get('a')(3)"),
        {"registry.py": REGISTRY},
        "from registry import register\n\n@register('a')\ndef plus(x):\n    return x + 1\n",
    ),
    "a registry that is written to": (
        ("import registry", "registry.get('a')(3)"),
        {"registry.py": REGISTRY},
        "import registry\n\ndef plus(x):\n    return x + 1\n\nregistry.REGISTRY['a'] = plus\n",
    ),
    "a registry that is updated": (
        ("import registry", "registry.get('a')(3)"),
        {"registry.py": REGISTRY},
        "from registry import REGISTRY\n\ndef plus(x):\n    return x + 1\n\nREGISTRY.update(a=plus)\n",
    ),
    "a setting of a module": (
        ("import conf", "conf.LIMIT"),
        {"conf.py": "LIMIT = 1\n"},
        "import conf\n\nx = 3\nconf.LIMIT = x + 1\n",
    ),
    "a setting by a function": (
        ("import conf", "conf.LIMIT"),
        {"conf.py": "LIMIT = 1\n\ndef configure(limit):\n    global LIMIT\n    LIMIT = limit\n"},
        "from conf import configure\n\nx = 3\nconfigure(x + 1)\n",
    ),
    "a setting of a library": (
        ("import json", "json.LIMIT"),
        {},
        "import json\n\nx = 3\njson.LIMIT = x + 1\n",
    ),
    "a setting of a library by a function of the project": (
        ("import json", "json.LIMIT"),
        {"conf.py": "import json\n\ndef configure(limit):\n    json.LIMIT = limit\n"},
        "from conf import configure\n\nx = 3\nconfigure(x + 1)\n",
    ),
    "a setting of a library by a call": (
        ("import decimal", "decimal.getcontext().prec"),
        {},
        "import decimal\n\nx = 3\ndecimal.setcontext(decimal.Context(prec=x + 1))\n",
    ),
    "an environment variable": (
        ("import os", "os.environ['LIMIT']"),
        {},
        "import os\n\nx = 3\nos.environ['LIMIT'] = str(x + 1)\n",
    ),
    "a variable for child processes": (
        ("import subprocess", "subprocess.check_output(['printenv', 'LIMIT'], text=True)"),
        {},
        "import os\n\nx = 3\nos.putenv('LIMIT', str(x + 1))\n",
    ),
    "subclasses": (
        ("from base import Shape", "Shape.__subclasses__()[0]().go(3)"),
        {"base.py": BASE},
        "from base import Shape\n\nclass Square(Shape):\n    def go(self, x):\n        return x + 1\n",
    ),
    "subclasses that register": (
        ("from base import Kind", "Kind.known[0]().go(3)"),
        {"base.py": KINDS},
        "from base import Kind\n\nclass Square(Kind):\n    def go(self, x):\n        return x + 1\n",
    ),
}
IMPORTERS = {
    "the module of the step": "import plug",
    "the module of the pipeline": "import plug",
    "the module of the pipeline, through a package": "import plugs",
}


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda text: text.replace(" ", "-"))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))
def test_what_a_plug_in_registers_counts(tmp_path: Path, case: str, importer: str):
    (head, value), files, plug = CASES[case]
    if importer == "the module of the step":
        work = {"work.py": STEP.format(head=f"{head}\nimport plug", value=value) + PIPE, "plug.py": plug}
    else:
        work = {"work.py": FLOW.format(head=IMPORTERS[importer]), "steps.py": STEP.format(head=head, value=value)}
        work |= {"plug.py": plug, "plugs/__init__.py": "from . import one\n", "plugs/one.py": "import plug\n"}
    assert_noticed(project_of(tmp_path, {**work, **files}), "plug.py", "x + 1", "x + 2")


@pytest.mark.parametrize("where", ["in the calling process", "in a worker"])
def test_a_step_finds_what_the_pipelines_module_registers_wherever_it_runs(tmp_path: Path, where: str):
    (head, value), files, plug = CASES["a registry behind a decorator"]
    steps = STEP.format(head=head, value=value)
    if where == "in a worker":
        steps = steps.replace("@hr.step\n", "@hr.step(timeout=60)\n")
    project = project_of(
        tmp_path, {"work.py": FLOW.format(head="import plug"), "steps.py": steps, "plug.py": plug, **files}
    )
    assert run(project)[0] == 4
    assert run(project, "work:pipe", "--refresh", "use") == (4, {"use": "succeeded"})


@pytest.mark.parametrize("where", ["in the calling process", "in a worker"])
def test_a_step_finds_what_the_script_registers(tmp_path: Path, where: str):
    (head, value), files, plug = CASES["a registry behind a decorator"]
    steps = STEP.format(head=head, value=value)
    if where == "in a worker":
        steps = steps.replace("@hr.step\n", "@hr.step(timeout=60)\n")
    project = project_of(tmp_path, {"work.py": FLOW.format(head=""), "steps.py": steps, "plug.py": plug, **files})
    script = (
        "import headrace as hr\nimport plug\nfrom work import pipe\n\nif __name__ == '__main__':\n"
        "    run = hr.Session(quiet=True).run(pipe)\n    print(run.output, run.step('use').state.value)\n"
    )
    for told in ("4 succeeded\n", "4 reused\n", "5 succeeded\n"):
        if told.startswith("5"):
            project.edit("plug.py", "x + 1", "x + 2")
        answer = project.python(script)
        assert answer.out == told, answer.err


def test_a_worker_needs_not_the_script_but_what_it_imports(tmp_path: Path):
    """A script without a `__main__` guard would run its pipeline in the worker again."""
    steps = STEP.format(head="import json", value="json.LIMIT").replace("@hr.step\n", "@hr.step(timeout=60)\n")
    files = {"work.py": FLOW.format(head=""), "steps.py": steps, "plug.py": CASES["a setting of a library"][2]}
    script = (
        "import headrace as hr\nimport plug\nfrom work import pipe\n\nrun = hr.Session(quiet=True).run(pipe)\n"
        "print(run.output, run.step('use').state.value)\n"
    )
    project = project_of(tmp_path, {**files, "script.py": script})
    for told in ("4 succeeded\n", "4 reused\n", "5 succeeded\n"):
        if told.startswith("5"):
            project.edit("plug.py", "x + 1", "x + 2")
        answer = project.run_file("script.py")
        assert answer.out == told, answer.err


def test_what_else_the_pipelines_module_and_the_script_do_leaves_results_alone(tmp_path: Path):
    steps = STEP.format(head="CACHE = {}\n\ndef slow(x):\n    CACHE[x] = x\n    return CACHE[x]\n", value="slow(3)")
    flow = FLOW.format(
        head="import sys\nimport warnings\nimport plots\nLIMIT = 1\nwarnings.filterwarnings('ignore')\n"
        "sys.path.append('more')\nsys.argv[:1] = ['more']\n"
    )
    plots = "STYLE = {}\n\ndef apply(size):\n    STYLE['size'] = size\n\napply(3)\n"
    script = (
        "import headrace as hr\nfrom work import pipe\n\nrun = hr.Session(quiet=True).run(pipe)\n"
        "print(run.output, run.step('use').state.value)\nhr.plan(pipe)\n"
    )
    project = project_of(tmp_path, {"work.py": flow, "steps.py": steps, "plots.py": plots})
    assert run(project)[1] == {"use": "succeeded"}
    project.edit(
        "work.py", "LIMIT = 1\nwarnings.filterwarnings('ignore')", "LIMIT = 2\nwarnings.simplefilter('ignore')"
    )
    project.edit("work.py", "sys.path.append('more')\nsys.argv[:1] = ['more']", "sys.path.append('most')")
    project.edit("plots.py", "apply(3)", "apply(4)")
    assert run(project)[1] == {"use": "reused"}
    for more in ("", "hr.plan(pipe)\nrun.to_json\n"):
        assert project.python(script + more).out.split() == ["3", "reused"]
