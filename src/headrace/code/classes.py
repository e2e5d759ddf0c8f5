"""Writing a class at the head of a module: the class without its methods, and one fingerprint a method."""

import ast

from msgspec import Struct, field

from headrace.code.pieces import ATTRIBUTES, Member
from headrace.code.scopes import chain_of
from headrace.code.trees import TreeWriter, fingerprint_of, kept_locals
from headrace.code.values import is_display

_PLAIN_DECORATORS = {
    *("property", "staticmethod", "classmethod", "abstractmethod", "cached_property", "override", "overload"),
    *("setter", "getter", "deleter", "cache", "lru_cache", "wraps", "contextmanager", "final"),
}
_PLAIN_CLASS_DECORATORS = {"dataclass", "total_ordering", "final", "unique", "runtime_checkable", "define", "frozen"}


class ClassParts(Struct):
    """The methods of a class, and ATTRIBUTES if it holds shared mutable state."""

    members: list[Member] = field(default_factory=list)
    mutates: list[str] = field(default_factory=list)


def write_class(writer: TreeWriter, node: ast.ClassDef) -> ClassParts:
    """Write a class without its methods, and each method apart.

    The order of methods counts only where a decorator or metaclass may see it; that of everything else always does.
    """
    parts = ClassParts()
    keeps = bool(node.decorator_list or node.bases)
    writer.out.extend(["ClassDef", node.name])
    writer.write_decorators(node)
    writer.write_all(node.bases, "bases[")
    writer.write_all(node.keywords, "keywords[")
    before = writer.enter_class(node, keeps_annotations=keeps)
    written: dict[str, Member] = {}
    for statement in node.body[writer.found.take_docstring(node.body) :]:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            _write_method(writer, statement, written)
            continue
        writer.write(statement)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and is_display(statement.value):
            parts.mutates = [ATTRIBUTES]
    writer.leave_class(before)
    if _order_counts(node):
        writer.out.extend(["order", *written])
    parts.members = list(written.values())
    return parts


def _write_method(writer: TreeWriter, node: ast.FunctionDef | ast.AsyncFunctionDef, written: dict[str, Member]) -> None:
    tokens, names, found = writer.write_part(node)
    writer.found.take_in(found)
    kept = kept_locals(names, found)
    first = min([one.lineno for one in node.decorator_list] or [node.lineno])
    earlier = written.get(node.name)
    if earlier is not None:  # a setter after its property, or `@overload`
        tokens = [earlier.fingerprint, *tokens]
        found.docs.append(earlier.doc)
        first = earlier.first_line
    doc = fingerprint_of(found.docs, []) if found.docs else ""
    last = node.end_lineno or node.lineno
    written[node.name] = Member(node.name, fingerprint_of(tokens, kept), doc, first, last, tuple(names))


def _order_counts(node: ast.ClassDef) -> bool:
    if node.keywords or not all(_last_name(one) in _PLAIN_CLASS_DECORATORS for one in node.decorator_list):
        return True
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    return not all(_last_name(one) in _PLAIN_DECORATORS for method in methods for one in method.decorator_list)


def _last_name(decorator: ast.expr) -> str:
    chain = chain_of(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return chain[-1] if chain else ""
