"""A syntax tree as text that stays the same when only positions, comments, docstrings or names of locals change.
Nothing here knows of files or of other modules.

Locals are written as numbers in the order in which their scope binds them; the names behind the numbers are kept
apart, so that a string which contains one (SQL, `query("@x")`) can bring it back.
"""

import ast
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from headrace.code.computed import Findings, constant_attribute, is_mutator
from headrace.code.names import Names, Scope
from headrace.code.scopes import Bound, chain_of, import_targets, names_bound
from headrace.core.digests import digest_bytes

FINGERPRINT_LENGTH = 32

_SKIPPED = {"ctx", "type_comment", "kind", "type_ignores", "simple"}


class _Fields(dict[type, tuple[tuple[str, str, str], ...]]):
    """Per node class: field name, its token before a list, its token before a single value."""

    def __missing__(self, kind: type) -> tuple[tuple[str, str, str], ...]:
        fields = getattr(kind, "_fields", ())
        self[kind] = tuple((name, f"{name}[", f"{name}=") for name in fields if name not in _SKIPPED)
        return self[kind]


_FIELDS = _Fields()


class TreeWriter:
    """Writes statements of one module, one piece at a time: `begin`, `write`, then read `out`, `names`, `found`.

    `headrace` are the names bound to Headrace's own decorators, which say how a step runs and not what it computes.
    Not thread-safe; one writer serves one file.
    """

    def __init__(self, *, headrace: frozenset[str] = frozenset(), has_walrus: bool = True) -> None:
        self._headrace = headrace
        self._has_walrus = has_walrus
        self._special: dict[type, Callable[[Any], None]] = {
            **{kind: getattr(self, name) for kind, name in _SPECIAL.items()},
            **{kind: partial(function, self) for kind, function in _FUNCTIONS.items()},
        }
        self.begin()

    def begin(self) -> None:
        """Forget what was written; the next piece starts in the module's scope."""
        self.out: list[str] = []
        self.found = Findings()
        self.names = Names()
        self._keeps_annotations = False

    def write(self, node: Any) -> None:
        """Write one node with all below it."""
        special = self._special.get(type(node))
        if special is not None:
            special(node)
            return
        out = self.out
        out.append(type(node).__name__)
        for name, before_list, before_one in _FIELDS[type(node)]:
            value = getattr(node, name, None)
            if value is None:
                continue
            if type(value) is list:
                if value:
                    self.write_all(value, before_list)
            elif isinstance(value, ast.AST):
                out.append(before_one)
                self.write(value)
            else:
                out.append(f"{before_one}{value!r}")
        out.append(")")

    def write_all(self, nodes: Sequence[Any], token: str) -> None:
        """Write nodes between a token and a bracket."""
        self.out.append(token)
        for node in nodes:
            self.write(node)
        self.out.append("]")

    def write_body(self, statements: list[ast.stmt]) -> None:
        """Write a function's or class's body; its docstring is set aside."""
        self.write_all(statements[self.found.take_docstring(statements) :], "body[")

    def is_ours(self, decorator: ast.expr) -> bool:
        """Whether a decorator is `hr.step`, `hr.pipeline` or the like, with or without options."""
        chain = chain_of(decorator.func if isinstance(decorator, ast.Call) else decorator)
        return bool(chain) and ".".join(chain) in self._headrace

    def write_decorators(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        """Write the decorators that may change what is computed."""
        self.write_all([one for one in node.decorator_list if not self.is_ours(one)], "decorators[")

    def enter_class(self, node: ast.ClassDef, *, keeps_annotations: bool) -> Scope:
        """Enter a class's scope; gives back what `leave_class` needs."""
        bound = names_bound(node.body, has_walrus=self._has_walrus)
        self.found.imports += bound.imports
        self._keeps_annotations = keeps_annotations
        return self.names.enter_class(bound)

    def leave_class(self, before: Scope) -> None:
        """Leave a class's scope."""
        self.names.leave(before)
        self._keeps_annotations = False

    def write_part(self, node: ast.stmt) -> tuple[list[str], list[str], Findings]:
        """Write a method apart from its class: its tokens, locals and findings."""
        outer = (self.out, self.names, self.found)
        self.out, self.names, self.found = [], self.names.for_method(), Findings()
        self.write(node)
        part = (self.out, self.names.locals, self.found)
        self.out, self.names, self.found = outer
        return part

    # Names and constants

    def _name(self, node: ast.Name) -> None:
        token = self.names.visible.get(node.id)
        if type(node.ctx) is ast.Load:
            if token is None:
                self.found.note_reference([node.id], node.lineno)
            else:
                self._refer_visible(token, [node.id])
        self.out.append(token or node.id)

    def _attribute(self, node: ast.Attribute) -> None:
        parts: list[str] = []
        current: Any = node
        while type(current) is ast.Attribute:
            parts.append(current.attr)
            current = current.value
        self.out.append(".")
        self.out.extend(parts)
        if type(current) is not ast.Name:
            self.found.note_attributes(parts, node.lineno)
            self.write(current)
            return
        parts.append(current.id)
        parts.reverse()
        token = self.names.visible.get(current.id)
        if token is None:
            self.found.note_reference(parts, node.lineno)
        else:
            self.found.note_attributes(parts, node.lineno)
            self._refer_visible(token, parts)
        self.out.append(token or current.id)

    def _refer_visible(self, token: str, parts: list[str]) -> None:
        reference = self.names.meaning_outside(token, parts)
        if reference:
            self.found.references.add(reference)

    def _constant(self, node: ast.Constant) -> None:
        value = node.value
        if type(value) is str:
            self.found.note_string(value)
        elif type(value) is int and value.bit_length() > 64:
            self.out.append(f"C{value:x}")  # the decimal text of a very long int is refused by Python
            return
        self.out.append(f"C{value!r}")

    def _none(self, _node: None) -> None:
        self.out.append("None")

    def _text(self, text: str) -> None:
        self.out.append(text)

    def _nothing(self, _node: ast.Pass) -> None:
        return

    # Calls and statements

    def _expression(self, node: ast.Expr) -> None:
        value = node.value
        if type(value) is ast.Constant:
            return
        if type(value) is ast.Call and type(value.func) is ast.Attribute:
            self._note_mutation(value.func, is_certain=False)
        self.out.append("Expr")
        self.write(value)

    def _call(self, node: ast.Call) -> None:
        function = node.func
        name = function.id if type(function) is ast.Name else function.attr if type(function) is ast.Attribute else ""
        self.found.note_call(node, name, self.names.visible, in_function=self.names.functions > 0)
        if is_mutator(node, name):
            self._note_mutation(function.value if type(function) is ast.Attribute else node.args[0])
        if name.endswith("attr") and self._constant_attribute(node):
            return
        self.out.append("Call")
        self.write(function)
        self.write_all(node.args, "args[")
        self.write_all(node.keywords, "keywords[")

    def _constant_attribute(self, node: ast.Call) -> bool:
        chain = constant_attribute(node)
        token = self.names.visible.get(chain[0]) if chain else ""
        if not chain or (token is not None and token not in self.names.aliases):
            return False
        if token is None:
            self.found.note_reference(chain, node.lineno)
        else:
            self._refer_visible(token, chain)
        self.out.extend([getattr(node.func, "id", ""), token or chain[0], *chain[1:]])
        self.write_all(node.args[2:], "args[")
        return True

    def _note_mutation(self, target: ast.AST, *, is_certain: bool = True) -> None:
        self.found.note_mutation(target, self.names.visible, self.names.aliases, is_certain=is_certain)

    def _assign(self, node: Any) -> None:
        for target in node.targets:
            if type(target) is not ast.Name:
                self._note_mutation(target)
        self.out.append(type(node).__name__)
        self.write_all(node.targets, "targets[")
        if type(node) is ast.Assign:
            self.write(node.value)

    def _augmented(self, node: ast.AugAssign) -> None:
        self._note_mutation(node.target)
        self.out.append("AugAssign")
        for part in (node.target, node.op, node.value):
            self.write(part)

    def _annotated(self, node: ast.AnnAssign) -> None:
        in_class = self.names.is_class_body
        if type(node.target) is not ast.Name:
            self._note_mutation(node.target)
        if node.value is not None or in_class:
            self.out.append("AnnAssign" if in_class else "Assign")
            self.write_all([node.target], "targets[")
            self.write(node.value)
        self._annotation(node.annotation, keeps=in_class)

    def _annotation(self, node: ast.expr | None, *, keeps: bool) -> None:
        """Follow an annotation's names, those in strings included; write it only where it may be read at run time."""
        if node is None:
            return
        out, first = self.out, len(self.found.strings)
        if not keeps:
            self.out = []
        self.write(node)
        quoted = self.found.strings[first:]
        del self.found.strings[first:]
        self.out = []
        for text in quoted:
            self._quoted_annotation(text)
        self.out = out

    def _quoted_annotation(self, text: str) -> None:
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError):
            return
        self.write(tree.body)

    def _global(self, node: ast.Global) -> None:
        self.found.mutated.update(node.names)
        self.out.extend(["Global", *sorted(node.names)])

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.out.append("Import")
        for alias, level, module, name in import_targets(node):
            self.out.append(f"{'.' * level}{module}:{name}>{self.names.token(alias)}")
        if isinstance(node, ast.ImportFrom):
            self.found.import_statements.append((node.level, node.module or ""))
            return
        for one in node.names:
            self.out.append(one.name)
            self.found.import_statements.append((0, one.name))

    # Scopes

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        keeps = bool(node.decorator_list) or self._keeps_annotations
        self.out.extend([type(node).__name__, node.name])
        self.write_decorators(node)
        self._arguments(node.args, keeps=keeps)
        self._annotation(node.returns, keeps=keeps)
        bound = names_bound(node.body, has_walrus=self._has_walrus)
        for parameter in getattr(node, "type_params", ()):
            bound.names.setdefault(parameter.name, False)
            self._annotation(getattr(parameter, "bound", None), keeps=keeps)
        self._inside(node.args, bound, lambda: self.write_body(node.body))

    def _lambda(self, node: ast.Lambda) -> None:
        self.out.append("Lambda")
        self._arguments(node.args, keeps=False)
        self._inside(node.args, Bound(), lambda: self.write(node.body))

    def _arguments(self, node: ast.arguments, *, keeps: bool) -> None:
        groups = (("/", node.posonlyargs), ("p", node.args), ("*", [node.vararg]), ("k", node.kwonlyargs))
        for mark, group in (*groups, ("**", [node.kwarg])):
            for argument in group:
                if argument is not None:
                    self.out.append(mark + argument.arg)
                    self._annotation(argument.annotation, keeps=keeps)
        self.write_all(node.defaults, "defaults[")
        self.write_all(node.kw_defaults, "defaults[")

    def _inside(self, arguments: ast.arguments, bound: Bound, write_body: Callable[[], None]) -> None:
        keeps, self._keeps_annotations = self._keeps_annotations, False
        self.found.imports += bound.imports
        before = self.names.enter_function(arguments, bound)
        write_body()
        self.names.leave_function(before)
        self._keeps_annotations = keeps

    def _class(self, node: ast.ClassDef) -> None:
        self.out.extend(["ClassDef", node.name])
        self.write_decorators(node)
        self.write_all(node.bases, "bases[")
        self.write_all(node.keywords, "keywords[")
        keeps = self._keeps_annotations
        before = self.enter_class(node, keeps_annotations=bool(node.decorator_list or node.bases))
        self.write_body(node.body)
        self.leave_class(before)
        self._keeps_annotations = keeps

    def _comprehension(self, node: Any) -> None:
        before = self.names.enter_comprehension([name for one in node.generators for name in _loop_names(one.target)])
        self.out.append(type(node).__name__)
        self.write_all(node.generators, "generators[")
        for part in (node.key, node.value) if type(node) is ast.DictComp else (node.elt,):
            self.write(part)
        self.names.leave(before)


def _write_handler(writer: TreeWriter, node: ast.ExceptHandler) -> None:
    writer.out.append("ExceptHandler")
    writer.write(node.type)
    writer.out.append(writer.names.token(node.name))
    writer.write_all(node.body, "body[")


def _write_capture(writer: TreeWriter, node: ast.MatchAs | ast.MatchStar) -> None:
    writer.out.append(type(node).__name__)
    if isinstance(node, ast.MatchAs):
        writer.write(node.pattern)
    writer.out.append(writer.names.token(node.name) or "_")


def _write_mapping(writer: TreeWriter, node: ast.MatchMapping) -> None:
    writer.out.append("MatchMapping")
    writer.write_all(node.keys, "keys[")
    writer.write_all(node.patterns, "patterns[")
    writer.out.append(writer.names.token(node.rest))


def fingerprint_of(tokens: list[str], kept: list[str]) -> str:
    """The fingerprint of written tokens, with the locals whose names count."""
    text = "\x1f".join(tokens) + "\x1e" + "\x1f".join(kept)
    return digest_bytes(text.encode("utf-8", "surrogatepass"))[:FINGERPRINT_LENGTH]


def kept_locals(names: list[str], found: Findings) -> list[str]:
    """The locals whose names count, because a string or a look at the frame may mean them; by their number."""
    if not names:
        return []
    words = set(names) if found.reads_frame else found.words()
    return [f"{number}={name}" for number, name in enumerate(names) if name in words]


def _loop_names(target: ast.AST) -> list[str]:
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


_SPECIAL: dict[type, str] = {
    ast.Name: "_name",
    ast.Attribute: "_attribute",
    ast.Constant: "_constant",
    type(None): "_none",
    str: "_text",
    ast.Pass: "_nothing",
    ast.Expr: "_expression",
    ast.Call: "_call",
    ast.Assign: "_assign",
    ast.Delete: "_assign",
    ast.AugAssign: "_augmented",
    ast.AnnAssign: "_annotated",
    ast.Global: "_global",
    ast.Import: "_import",
    ast.ImportFrom: "_import",
    ast.FunctionDef: "_function",
    ast.AsyncFunctionDef: "_function",
    ast.Lambda: "_lambda",
    ast.ClassDef: "_class",
    ast.ListComp: "_comprehension",
    ast.SetComp: "_comprehension",
    ast.GeneratorExp: "_comprehension",
    ast.DictComp: "_comprehension",
}
_FUNCTIONS: dict[type, Callable[[TreeWriter, Any], None]] = {
    ast.ExceptHandler: _write_handler,
    ast.MatchAs: _write_capture,
    ast.MatchStar: _write_capture,
    ast.MatchMapping: _write_mapping,
}
