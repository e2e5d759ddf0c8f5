"""The function behind a symbol: in modules, in scripts that must not run again, and never by guess."""

import sys
import textwrap
from types import ModuleType

import pytest

from headrace.core.canonical import canonical, restore
from headrace.core.ids import new_id
from headrace.core.symbols import Symbol
from headrace.core.values import InlineValue
from headrace.ports.executors import NO_ITEM, AttemptBroke, AttemptDone, AttemptSpec
from headrace.worker.errors import StepNotFoundError
from headrace.worker.functions import SCRIPT, StepFinder
from worker_kit import local_executor, run_here

SCRIPT_TEXT = """
    from dataclasses import dataclass
    from enum import Enum

    class Colour(Enum):
        RED = 1

    @dataclass
    class Point:
        x: int

        class Inner:
            pass

    def move(point: "Point", by: int) -> "Point":
        return Point(point.x + by)

    def name_of_module() -> str:
        return f"{__name__} {move.__module__} {Point.__module__} {Point.Inner.__module__}"

    if __name__ == "__main__":
        raise SystemExit("the script ran again")
"""


@pytest.fixture
def script(tmp_path):
    file = tmp_path / "story.py"
    file.write_text(textwrap.dedent(SCRIPT_TEXT))
    return file


@pytest.fixture(autouse=True)
def _main_of_another_file():
    before = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    sys.modules["__main__"].__file__ = "/somewhere/else.py"
    yield
    sys.modules["__main__"] = before
    sys.modules.pop(SCRIPT, None)


def attempt(symbol, **arguments):
    identifier = new_id()
    return AttemptSpec(
        attempt_id=identifier,
        run_id="run",
        node=symbol.qualname,
        item=NO_ITEM,
        number=1,
        fence=1,
        symbol=symbol,
        arguments=tuple(arguments.items()),
        log_path=f"{identifier}.log",
        needs_worker=True,
    )


def test_a_module_that_is_loaded_is_taken_as_it_is():
    finder = StepFinder()
    symbol = Symbol("worker_kit", "spec_of")
    assert finder.is_loaded(symbol)
    assert finder.find(symbol) is sys.modules["worker_kit"].spec_of


def test_a_module_that_is_not_loaded_is_imported(tmp_path, monkeypatch):
    (tmp_path / "fresh_module.py").write_text("def step():\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    symbol = Symbol("fresh_module", "step")
    assert not StepFinder().is_loaded(symbol)
    assert StepFinder().find(symbol)() == 1
    del sys.modules["fresh_module"]


def test_a_name_that_is_not_there_is_told_with_what_is_near():
    with pytest.raises(StepNotFoundError, match=r"worker_kit .*has no 'spec_off'; did you mean 'spec_of'"):
        StepFinder().find(Symbol("worker_kit", "spec_off", __file__))


def test_a_name_that_is_no_function_is_refused():
    with pytest.raises(StepNotFoundError, match="it is no function but a"):
        StepFinder().find(Symbol("worker_kit", "TESTS"))


def test_a_script_is_loaded_without_running_what_is_for_its_own_run(script):
    found = StepFinder().find(Symbol("__main__", "name_of_module", str(script)))
    assert found() == f"{SCRIPT} __main__ __main__ __main__"
    assert sys.modules["__main__"].__file__ == str(script)


def test_a_script_that_fails_leaves_the_process_as_it_was(tmp_path):
    (tmp_path / "bad.py").write_text("1 / 0\n")
    main = sys.modules["__main__"]
    with pytest.raises(ZeroDivisionError):
        StepFinder().find(Symbol("__main__", "step", str(tmp_path / "bad.py")))
    assert sys.modules["__main__"] is main
    assert SCRIPT not in sys.modules


@pytest.mark.parametrize("file", ["", "<stdin>", "/tmp/ipykernel_1/23.py"])
def test_what_a_console_has_defined_cannot_be_found_elsewhere(file):
    with pytest.raises(StepNotFoundError, match="notebook, a console") as caught:
        StepFinder().find(Symbol("__main__", "step", file))
    assert "module" in caught.value.remedy


def test_a_worker_process_runs_the_functions_of_a_script_with_its_classes(script, tmp_path):
    point = InlineValue('{"$":"record","c":"__main__:Point","v":[["x",3]]}')
    spec = attempt(Symbol("__main__", "move", str(script)), point=point, by=InlineValue("4"))
    with local_executor(tmp_path, main_file=str(script)) as (executor, reports):
        (end,) = run_here(executor, reports, spec)
    assert isinstance(end, AttemptDone), end
    assert end.output.text == '{"$":"record","c":"__main__:Point","v":[["x",7]]}'


def test_a_worker_process_loads_the_script_for_the_classes_of_an_input(script, tmp_path):
    colour = InlineValue('{"$":"enum","c":"__main__:Colour","v":"RED"}')
    spec = attempt(Symbol("test_finding_steps_module", "text_of"), value=colour)
    (tmp_path / "test_finding_steps_module.py").write_text("def text_of(value):\n    return str(value)\n")
    with local_executor(tmp_path, main_file=str(script)) as (executor, reports):
        executor._crew._warm._environment = {"PYTHONPATH": str(tmp_path)}
        (end,) = run_here(executor, reports, spec)
    assert isinstance(end, AttemptDone), end
    assert restore(end.output.text) == "Colour.RED"


def test_a_module_that_cannot_be_imported_fails_the_attempt_with_its_own_words(tmp_path):
    spec = attempt(Symbol("no_such_module_here", "step"), value=InlineValue(canonical(1)))
    with local_executor(tmp_path) as (executor, reports):
        (end,) = run_here(executor, reports, spec)
    assert isinstance(end, AttemptBroke)
    assert end.failure.message == "ModuleNotFoundError: No module named 'no_such_module_here'"
