"""Random mutations of real code: each changes the key of what reaches it, and of nothing else; layout changes none."""

import ast
import random
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.code import classes, computed, indexing, names, pieces, scopes, trees, values
from headrace.code.indexing import index_source
from headrace.code.reader import StaticCodeReader
from headrace.core.symbols import Symbol
from headrace.testing.memory_stores import MemoryStore

COPIED = (scopes, computed, trees, classes, names, indexing, pieces, values)
"""Modules of our own that make a small project of real code, with classes, tables, closures and annotations."""

MEMOS = MemoryStore().memos

SWAPS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.Gt: ast.GtE,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@cache
def sources() -> dict[str, str]:
    found = {}
    for module in COPIED:
        text = Path(module.__file__).read_text(encoding="utf-8")
        found[f"copied/{Path(module.__file__).name}"] = text.replace("headrace.code.", "copied.")
    found["copied/__init__.py"] = ""
    return found


def mutations(tree: ast.AST) -> list[tuple[ast.AST, str]]:
    """Places where code can be changed, with how."""
    docs = {id(node.body[0]) for node in ast.walk(tree) if getattr(node, "body", None) and isinstance(node.body, list)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and (id(node) in docs or isinstance(node.value, ast.Constant)):
            for inside in ast.walk(node):
                docs.add(id(inside))
    return [(node, how) for node in ast.walk(tree) if id(node) not in docs and (how := way_to_mutate(node))]


def way_to_mutate(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=value):
            return "" if value is Ellipsis else "constant"
        case ast.BinOp() | ast.UnaryOp() | ast.BoolOp():
            return "operator" if type(node.op) in SWAPS else ""
        case ast.Compare():
            return "comparison" if type(node.ops[0]) in SWAPS else ""
        case ast.Call():
            return "argument" if node.args else ""
        case ast.Return():
            return "return" if node.value is not None else ""
        case ast.Attribute() | ast.If() | ast.While():
            return type(node).__name__
    return ""


def mutate(node: ast.AST, how: str) -> None:
    match node, how:
        case ast.Constant(value=value), _:
            node.value = value + "x" if isinstance(value, str) else not value if isinstance(value, bool) else 4711
        case ast.Attribute(), _:
            node.attr += "_other"
        case ((ast.BinOp() | ast.UnaryOp() | ast.BoolOp()), _):
            node.op = SWAPS[type(node.op)]()
        case ast.Compare(), _:
            node.ops[0] = SWAPS[type(node.ops[0])]()
        case ast.Call(), _:
            node.args = node.args[1:]
        case ast.Return(), _:
            node.value = ast.Tuple([node.value], ast.Load())
        case ((ast.If() | ast.While()), _):
            node.test = ast.UnaryOp(ast.Not(), node.test)


def bodies(tree: ast.Module) -> list[ast.stmt]:
    """Top-level definitions whose inside is mutated; annotations of plain functions are taken out beforehand."""
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign)]


class _Bare(ast.NodeTransformer):
    """Takes out annotations that decide nothing: those of plain functions and of their locals."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            argument.annotation = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        return _bare_assignment(node)


def _bare_assignment(node: ast.AnnAssign) -> ast.stmt:
    return ast.Assign([node.target], node.value) if node.value is not None else node


def without_annotations(tree: ast.Module) -> ast.Module:
    """The module without annotations, which are dropped from fingerprints; those of classes and decorators aside."""
    return ast.fix_missing_locations(_Bare().visit(tree))


def fingerprints(text: str) -> dict[str, list[str]]:
    """The fingerprints of each top-level name of a module."""
    index = index_source(text.encode())
    found: dict[str, list[str]] = {}
    for name in index.bindings:
        pieces = index.pieces_of(name)
        found[name] = [piece.fingerprint for piece in pieces]
        found[name] += [member.fingerprint for piece in pieces for member in piece.members]
    return found


def digest(files: dict[str, str], root: Path, symbol: Symbol) -> str:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return StaticCodeReader(root, MEMOS, path=[str(root)]).code_of(symbol).digest


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_a_mutation_changes_the_fingerprint_of_its_statement_and_of_no_other(seed: int):
    rng = random.Random(seed)
    name = rng.choice([name for name in sources() if sources()[name]])
    tree = without_annotations(ast.parse(sources()[name]))
    before = fingerprints(ast.unparse(tree))
    statement = rng.choice([one for one in bodies(tree) if mutations(one)])
    mutate(*rng.choice(mutations(statement)))
    after = fingerprints(ast.unparse(ast.fix_missing_locations(tree)))
    changed = {bound for bound in before if before[bound] != after.get(bound)}
    assert changed == set(scopes.names_bound([statement], has_walrus=False).names)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_a_mutation_changes_the_key_of_what_reaches_it_and_no_other(seed: int, tmp_path: Path):
    plain = {name: ast.unparse(without_annotations(ast.parse(text))) for name, text in sources().items()}
    far, near = Symbol("copied.indexing", "index_source"), Symbol("copied.values", "kind_of_value")
    before = digest(plain, tmp_path, far), digest(plain, tmp_path, near)
    rng = random.Random(seed)
    name = rng.choice(["copied/trees.py", "copied/classes.py", "copied/names.py"])
    tree = ast.parse(plain[name])
    reached = {"TreeWriter", "Names", "write_class", "_write_method", "_write_handler", "fingerprint_of", "kept_locals"}
    statement = rng.choice([one for one in bodies(tree) if getattr(one, "name", "") in reached])
    mutate(*rng.choice(mutations(statement)))
    files = {**plain, name: ast.unparse(ast.fix_missing_locations(tree))}
    assert digest(files, tmp_path, far) != before[0]
    assert digest(files, tmp_path, near) == before[1]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_names_of_locals_and_layout_change_no_fingerprint(seed: int):
    rng = random.Random(seed)
    name = rng.choice([name for name in sources() if sources()[name]])
    tree = ast.parse(sources()[name])
    before = fingerprints(ast.unparse(tree))
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        rename_locals(function, rng)
    assert fingerprints(f"# head\n\n{ast.unparse(tree)}") == before


def rename_locals(function: ast.FunctionDef, rng: random.Random) -> None:
    """Rename some locals that no string in the function names."""
    inside = list(ast.walk(function))
    spoken = " ".join(str(node.value) for node in inside if isinstance(node, ast.Constant))
    kept = {node.arg for node in inside if isinstance(node, ast.arg)}
    names = [name for name, is_local in scopes.names_bound(function.body, has_walrus=False).names.items() if is_local]
    chosen = {name for name in names if name not in kept and name not in spoken and rng.random() < 0.5}
    for node in inside:
        if isinstance(node, ast.Name) and node.id in chosen:
            node.id += "_renamed"
        elif isinstance(node, ast.ExceptHandler) and node.name in chosen:
            node.name = f"{node.name}_renamed"
