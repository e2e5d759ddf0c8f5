"""What is imported, where and when: no imports in functions but for heavy optional libraries, nothing slow at `import headrace`."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "headrace"
HEAVY = {
    *(
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
        "sklearn",
        "skops",
        "lightgbm",
        "torch",
        "safetensors",
        "matplotlib",
        "cloudpickle",
    ),
    *("IPython", "obstore", "rich", "narwhals", "xgboost", "subprocess"),
}
"""Optional or slow libraries that their own adapter may import inside a function."""
LAZY_DOORS = {
    *("__init__.py", "app/rooms.py", "worker/doors.py"),
    *("app/answers/doors.py", "app/plans/doors.py", "app/runs/doors.py"),
}
"""Where imports of our own stand in functions, because start-up is most of what a user waits for."""


def nested_imports(path: Path) -> list[tuple[int, str]]:
    found = []
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    found += [(node.lineno, alias.name) for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    found.append((node.lineno, node.module or "."))
    return found


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_stand_at_the_head_of_a_file(path: Path):
    if str(path.relative_to(SOURCE)) in LAZY_DOORS:
        return
    assert [(line, name) for line, name in nested_imports(path) if name.split(".")[0] not in HEAVY] == []


def is_for_checkers_only(node: ast.AST) -> bool:
    test = node.test if isinstance(node, ast.If) else None
    return isinstance(test, ast.Name | ast.Attribute) and ast.unparse(test).endswith("TYPE_CHECKING")


def test_no_file_hides_imports_from_the_interpreter():
    hidden = [
        path.name
        for path in SOURCE.rglob("*.py")
        if any(is_for_checkers_only(node) for node in ast.walk(ast.parse(path.read_text())))
    ]
    assert hidden == []


def loaded(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_headrace_loads_core_and_definition_only():
    ours = {name.split(".")[1] for name in loaded("import headrace") if name.startswith("headrace.")}
    assert ours <= {"core", "definition"}


def test_importing_headrace_loads_no_library_that_costs_time():
    modules = loaded("import headrace; headrace.step, headrace.pipeline, headrace.each, headrace.Retry(1)")
    slow = {
        "asyncio",
        "sqlite3",
        "logging",
        "multiprocessing",
        "subprocess",
        "click",
        "rich",
        "obstore",
        "cloudpickle",
        "difflib",
        "msgspec",
        "numpy",
        "pandas",
        "polars",
    }
    assert modules & slow == set()


def test_records_are_structs_and_only_what_users_hold_is_a_dataclass():
    """A frozen dataclass takes some 0.8 ms to create, and a run loads more than a hundred records."""
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(each) for each in node.decorator_list)
    }
    assert {name for name in found if not name.startswith("testing/")} == {
        "definition/options.py",
        "artifacts/figures.py",
    }


def test_the_command_line_shows_its_version_without_loading_the_app():
    modules = loaded("import headrace.cli.main")
    assert not {name for name in modules if name.startswith(("headrace.app", "headrace.engine", "headrace.stores"))}
    assert modules & {"rich", "sqlite3", "obstore", "asyncio"} == set()


def test_a_run_from_the_command_line_loads_neither_what_defines_steps_nor_what_nothing_here_needs():
    names = loaded("import headrace.cli.running")
    ours = {name.removeprefix("headrace.definition.") for name in names if name.startswith("headrace.definition.")}
    assert ours == {"errors", "graph", "graph_json"}
    assert not names & {
        "asyncio",
        "base64",
        "difflib",
        "html",
        "logging",
        "shutil",
        "subprocess",
        "tempfile",
        "rich",
        "obstore",
    }


@pytest.mark.parametrize("command", ["explaining", "listing", "reading"])
def test_a_command_that_reads_loads_no_room_that_computes(command: str):
    names = loaded(f"import headrace.cli.{command}")
    rooms = {name.split(".")[1] for name in names if name.startswith("headrace.") and name.count(".") > 1}
    assert not rooms & {"executors", "environments", "display", "artifacts"}, rooms
    computing = ("headrace.engine.machine", "headrace.engine.conductor", "headrace.engine.keying", "asyncio")
    assert not names & {*computing, "headrace.code.indexing", "headrace.definition.tracing"}
