"""The gates of size: files, classes, functions, parameters. A gate is raised only together with a decision record."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "headrace"
FORBIDDEN_WORDS = ("util", "helper", "common", "base", "misc", "manager", "handler", "service")
PUBLIC_DECLARATIONS = {"step", "pipeline", "Session.__init__"}
"""Declarations with keyword-only options, excepted from the number of parameters (not of positional ones)."""


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[tuple[str, Function]]:
    """Every function with its name; a method's is `Class.method`."""
    methods = {
        id(member): f"{node.name}.{member.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for member in node.body
        if isinstance(member, Function)
    }
    return ((methods.get(id(node), node.name), node) for node in ast.walk(tree) if isinstance(node, Function))


def length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", files(SOURCE), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_source_file_keeps_to_the_sizes(path: Path):
    text = path.read_text()
    tree = ast.parse(text)
    problems = [f"{len(text.splitlines())} lines"] if len(text.splitlines()) > 500 else []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            public = [member for member in node.body if isinstance(member, ast.FunctionDef) and member.name[0] != "_"]
            if length(node) > 300 or len(public) > 20:
                problems.append(f"class {node.name}: {length(node)} lines, {len(public)} public methods")
    for name, function in functions(tree):
        problems += function_problems(name, function)
    assert not problems, f"{path.relative_to(ROOT)}: {'; '.join(problems)}"


def function_problems(name: str, function: Function) -> list[str]:
    arguments = function.args
    positional = [arg for arg in (*arguments.posonlyargs, *arguments.args) if arg.arg not in ("self", "cls")]
    problems = [f"{name}: {length(function)} lines"] if length(function) > 50 else []
    if len(positional) + len(arguments.kwonlyargs) > 6 and name not in PUBLIC_DECLARATIONS:
        problems.append(f"{name}: {len(positional) + len(arguments.kwonlyargs)} parameters")
    if len(positional) > 3:
        problems.append(f"{name}: {len(positional)} positional parameters")
    return problems


@pytest.mark.parametrize("path", files(ROOT / "tests"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_test_file_has_at_most_700_lines(path: Path):
    assert len(path.read_text().splitlines()) <= 700


def test_no_file_or_class_has_a_name_that_says_nothing():
    named = [(path, path.stem) for path in files(SOURCE)]
    for path in files(SOURCE):
        named += [(path, node.name) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    bad = [
        f"{path.relative_to(SOURCE)}: {name}"
        for path, name in named
        if any(name.lower() == word or name.lower().endswith(("_" + word, word)) for word in FORBIDDEN_WORDS)
        and not name.lower().endswith("database")
    ]
    assert not bad
