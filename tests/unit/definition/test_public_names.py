"""`import headrace as hr`: every public name is there, loaded when it is first used, and checkers see the same ones."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import headrace as hr

STUB = Path(hr.__file__).with_suffix(".pyi")


def stub_names() -> set[str]:
    names: set[str] = set()
    for statement in ast.parse(STUB.read_text()).body:
        if isinstance(statement, ast.ImportFrom):
            names |= {alias.asname or "" for alias in statement.names}
        elif isinstance(statement, ast.AnnAssign):
            names |= {ast.unparse(statement.target)}
    return names


def test_type_checkers_see_the_names_that_are_there():
    assert stub_names() == set(dir(hr))


def test_the_stub_names_the_modules_that_the_names_are_loaded_from():
    modules = {
        alias.asname: statement.module
        for statement in ast.parse(STUB.read_text()).body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert modules == hr._NAMES


@pytest.mark.parametrize("name", sorted(stub_names()))
def test_a_public_name_can_be_loaded(name: str):
    assert getattr(hr, name) is not None


def test_a_name_that_is_not_there_fails_as_in_any_module():
    with pytest.raises(AttributeError, match=r"^module 'headrace' has no attribute 'stepp'$"):
        hr.stepp  # type: ignore[attr-defined]


def test_plan_is_the_function_whatever_was_imported_before():
    code = (
        "import headrace, headrace.plan.plan; from headrace.plan.plan import Plan; import headrace as hr; hr.run; "
        "import headrace.plan.bindings; assert callable(hr.plan) and hr.plan.__name__ == 'plan', hr.plan; "
        "from headrace import plan; assert plan is hr.plan"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(name for name in sys.modules if name.startswith('headrace.')))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_star_gives_what_definitions_are_written_with_and_loads_no_more():
    loaded = loaded_by("from headrace import *; step, each")
    assert {name.split(".")[1] for name in loaded} == {"core", "definition"}
    assert "headrace.definition.graph" not in loaded


def test_nothing_is_loaded_before_it_is_used():
    # what counts the files that modules read while they are imported has to be there first
    assert loaded_by("import headrace") == {"headrace.core", "headrace.core.import_reads"}
