"""Small projects with edits that change what `steps.step()` returns and edits that do not, and how both are run.

Every project is also edited in ways that never change a result: comments, layout, docstrings, names of locals, more
functions, another order of functions.
"""

import ast
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Files = dict[str, str]

RUNNER = """
import json, os, sys
for root in json.load(sys.stdin):
    read, write = os.pipe()
    if os.fork() == 0:
        os.chdir(root)
        sys.path[0] = root
        sys.dont_write_bytecode = True
        import steps
        try:
            text = repr(steps.step())
        except Exception as error:
            text = "raised " + repr(error)
        os.write(write, text.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        print(json.dumps(answer.read()))
    os.wait()
"""


@dataclass(frozen=True)
class Edit:
    """One edit: in `file`, `old` becomes `new`; an empty `old` makes a new file."""

    file: str
    old: str
    new: str

    def apply(self, files: Files) -> Files:
        if not self.old:
            return {**files, self.file: textwrap.dedent(self.new)}
        assert files[self.file].count(self.old) == 1, f"{self.old!r} has to stand once in {self.file}"
        return {**files, self.file: files[self.file].replace(self.old, self.new)}


@dataclass(frozen=True)
class Case:
    """A project with edits that change its result (`changes`) and further ones that do not (`keeps`).

    `docs_count` says that docstrings are part of what it computes, `names_count` that names of locals may be,
    `is_coarse` that names are computed, so that a further function in the module counts.
    """

    name: str
    files: Files
    changes: tuple[Edit, ...]
    keeps: tuple[Edit, ...] = ()
    docs_count: bool = False
    names_count: bool = False
    is_coarse: bool = False


CASES: list[Case] = []


def case(
    name: str,
    files: Files,
    *changes: tuple[str, str, str],
    keeps: tuple[tuple[str, str, str], ...] = (),
    **flags: bool,
) -> None:
    """Add a case; edits are (file without `.py`, old, new)."""
    sources = {f"{file.replace('.', '/')}.py": textwrap.dedent(text).lstrip("\n") for file, text in files.items()}

    def edits(some: tuple[tuple[str, str, str], ...]) -> tuple[Edit, ...]:
        return tuple(Edit(f"{file.replace('.', '/')}.py", old, new) for file, old, new in some)

    CASES.append(Case(name, sources, edits(changes), edits(keeps), **flags))


def write(files: Files, root: Path) -> Path:
    """Write a project into a folder."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text("[project]\nname = 'edited'\n")
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def run_all(roots: list[Path]) -> list[str]:
    """What `steps.step()` returns in each project, as text; each in a process of its own."""
    found = subprocess.run(
        [sys.executable, "-I", "-c", RUNNER],
        input=json.dumps([str(root) for root in roots]),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in found.stdout.splitlines()]


# Edits that never change a result


@dataclass
class _Documenter(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        if ast.get_docstring(node) is None:
            node.body.insert(0, ast.Expr(ast.Constant("Newly written words.")))
        return node


@dataclass
class _Renamer(ast.NodeTransformer):
    """Renames the plain locals of top-level functions, as an editor does."""

    renamed: dict[str, str] = field(default_factory=dict)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if self.renamed:
            return self.generic_visit(node)
        self.renamed = {name: f"{name}_renamed" for name in _plain_locals(node)}
        self.generic_visit(node)
        self.renamed = {}
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(self.renamed.get(node.id, node.id), node.ctx), node)


def _plain_locals(function: ast.FunctionDef) -> set[str]:
    inside = list(ast.walk(function))
    strings = " ".join(str(node.value) for node in inside if isinstance(node, ast.Constant))
    spoken_for = {name for node in inside if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    spoken_for |= {node.arg for node in inside if isinstance(node, ast.arg)}
    spoken_for |= {
        node.id
        for loop in inside
        if isinstance(loop, ast.comprehension)
        for node in ast.walk(loop.target)
        if isinstance(node, ast.Name)
    }
    if any(isinstance(node, ast.Name) and node.id in {"locals", "eval", "exec", "vars"} for node in inside):
        return set()
    if any(isinstance(node, ast.ClassDef) for node in inside):
        return set()
    stored = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return {name for name in stored - spoken_for if name not in strings}


def _reordered(tree: ast.Module) -> ast.Module:
    """Plain functions that follow each other change places."""
    body: list[ast.stmt] = []
    run: list[ast.stmt] = []
    for statement in [*tree.body, None]:
        if isinstance(statement, ast.FunctionDef) and not statement.decorator_list and not statement.args.defaults:
            run.append(statement)
            continue
        names = [one.name for one in run if isinstance(one, ast.FunctionDef)]
        body += reversed(run) if len(set(names)) == len(names) else run
        run = []
        if statement is not None:
            body.append(statement)
    return ast.Module(body, [])


def harmless_edits(case: Case) -> Iterator[tuple[str, Files]]:
    """Every way in which a project is edited without changing what it does."""
    files = case.files

    def each(change) -> Files:
        return {name: change(text) for name, text in files.items()}

    def by_tree(transform) -> Files:
        return each(lambda text: ast.unparse(ast.fix_missing_locations(transform(ast.parse(text)))))

    yield "comments", each(lambda text: f"# a new comment\n\n{text}\n# and another one\n")
    yield "layout", by_tree(lambda tree: tree)
    yield "order of functions", by_tree(_reordered)
    if not case.is_coarse:
        yield "a further function", each(lambda text: f"{text}\n\ndef unrelated_to_all(x):\n    return [x]\n")
    if not case.names_count:
        yield "names of locals", by_tree(_Renamer().visit)
    if not case.docs_count:
        yield "docstrings", by_tree(_Documenter().visit)
    for edit in case.keeps:
        yield f"{edit.file}: {edit.old!r} → {edit.new!r}", edit.apply(files)
