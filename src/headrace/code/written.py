"""What a file writes out at its top level, compared with what a module of this process holds: constants, functions,
classes, records made of constants, names taken from elsewhere. Runs nothing of the file but the making of such records.
"""

import ast
import builtins
import sys
from abc import ABCMeta
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from headrace.code.expected import (
    NO_VALUE,
    attributes_stored,
    has_defaults,
    is_same,
    names_bound,
    unsteady_names,
    value_of,
)
from headrace.code.loads import is_no_project
from headrace.code.pieces import FileIndex
from headrace.code.scopes import chain_of, is_main_guard

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_MOST_WRAPPERS = 100
_UNSEEN = ("exec", "globals")
"""Who calls these may bind what nobody sees."""
_PLAIN_CALLS = (
    *("builtins:dict", "builtins:frozenset", "builtins:list", "builtins:set", "builtins:tuple"),
    *("datetime:date", "datetime:datetime", "datetime:timedelta", "decimal:Decimal", "fractions:Fraction"),
    *("pathlib:Path", "pathlib:PurePath", "pathlib._local:Path"),
)
"""What these make is compared as a value."""
_MAKERS = ("__new__", "__setattr__", "__getattr__", "__getattribute__", "__post_init__", "__init_subclass__")
_NAMESPACES = ("types:SimpleNamespace", "argparse:Namespace")


class Taken(NamedTuple):
    """A name that a file imports from a module: `from ..module import name`."""

    level: int
    module: str
    name: str

    def source(self, space: Mapping[str, object]) -> ModuleType | None:
        """The module it comes from, as it is loaded now."""
        package = str(space.get("__package__") or "")
        for _ in range(self.level - 1):
            package = package.rpartition(".")[0]
        inner = self.level and package
        return sys.modules.get(f"{package}.{self.module}".strip(".") if inner else self.module)


class _Class:
    """A class as it is written: its constants, its methods without decorators, and whether making one is plain."""

    def __init__(self, node: ast.ClassDef) -> None:
        decorators = {".".join(chain_of(one.func if isinstance(one, ast.Call) else one)) for one in node.decorator_list}
        self.is_plain = decorators <= {"dataclass", "dataclasses.dataclass"} and not node.keywords
        self.methods = _plain_functions(node.body)
        self.values = _values_in(node.body)
        self.inner = {one.name: _Class(one) for one in node.body if isinstance(one, ast.ClassDef)}
        names = {one.name for one in node.body if isinstance(one, _Function)}
        start = next((one for one in node.body if isinstance(one, _Function) and one.name == "__init__"), None)
        self.is_made_plainly = not node.bases and names.isdisjoint(_MAKERS) and (start is None or _only_keeps(start))

    def changed(self, live: type, stored: frozenset[str]) -> str:
        """The first constant (`attribute`, `Inner.attribute`) that a live class holds with another value, or ""."""
        own = vars(live)
        if not self.is_plain or type(live) not in (type, ABCMeta):
            return ""
        for name, node in self.values.items():
            if name in own and name not in stored and not is_same(value_of(node), own[name]):
                return name
        for name, inner in self.inner.items():
            found = own.get(name)
            changed = inner.changed(found, stored) if isinstance(found, type) else ""
            if changed:
                return f"{name}.{changed}"
        return ""


class WrittenBindings:
    """A file's bindings as everybody gets them who imports it, and the names that only its run as a script binds.

    Nothing is said of what the file's own code changes or binds anew, of attributes that its functions set, and of a
    file that binds names unseen. What stands under the `__name__` guard, and what is called there, starts runs: what
    that changes is not the file's own.
    """

    def __init__(self, content: bytes, index: FileIndex) -> None:
        tree = ast.parse(content)
        guards = [one for one in tree.body if isinstance(one, ast.If) and is_main_guard(one.test)]
        calls = (node.func for guard in guards for node in ast.walk(guard) if isinstance(node, ast.Call))
        starters = {one.id for one in calls if isinstance(one, ast.Name)}
        self._is_opaque = _binds_unseen(tree)
        self.stored = attributes_stored(tree, starters)
        self._values = _values_in(tree.body)
        self._classes = {one.name: _Class(one) for one in tree.body if isinstance(one, ast.ClassDef)}
        self._functions = _plain_functions(tree.body)
        self.taken = dict(_taken(tree.body))
        self._of_script = {name for guard in guards for name in _names_bound_within(guard.body)}
        loops = [one for one in tree.body if isinstance(one, ast.For) and _runs(one)]
        self._in_loops = {name for loop in loops for name in _names_bound_within([loop])}
        self._last = _bound_again(tree.body)
        self._unsteady = unsteady_names(index, tree, leaving_out=starters) - self._of_script

    def is_swept(self, name: str, live: object) -> bool:
        """Whether a script binds a name anew between two runs that it starts at its top level."""
        return name in self._in_loops or (name in self._last and not is_same(self._last[name], live))

    def changed(
        self,
        name: str,
        live: object,
        space: Mapping[str, object],
        *,
        stored: frozenset[str] | None,
        in_script: bool = False,
    ) -> str:
        """What has another value in memory than the file gives it for everybody who imports it: the name, an attribute
        of the class or record of this name, or the function of this name for its defaults; or "".

        `space` is all that the module holds, `stored` are attributes that functions of the project set (None: maybe
        any); `in_script`: the file is the script that this process runs, with what stands under its `__name__` guard.
        """
        if name in self._unsteady or self._is_opaque:
            return ""
        if isinstance(live, type):
            written = self._classes.get(name)
            changed = written.changed(live, stored) if written is not None and stored is not None else ""
            return f"{name}.{changed}" if changed else ""
        if isinstance(live, FunctionType):
            node = self._functions.get(name)
            return name if node is not None and not has_defaults(live, node.args) else ""
        is_bound_anew = in_script and name in self._of_script and not _is_of(live, name, space)
        found = self._changed_value(name, live, space, stored=stored)
        return name if is_bound_anew and found is None else found or ""

    def _changed_value(
        self, name: str, live: object, space: Mapping[str, object], *, stored: frozenset[str] | None
    ) -> str | None:
        """None if the file does not say what the value is."""
        node = self._values.get(name)
        written = NO_VALUE if node is None else value_of(node)
        if written is not NO_VALUE:
            return "" if is_same(written, live) else name
        record = self._record(node, space) if isinstance(node, ast.Call) else None
        if record is None or stored is None:
            return None
        if type(record) is not type(live):
            return name
        if _is_one_of(type(record), _PLAIN_CALLS):
            return "" if is_same(record, live) else name
        made, found = _parts_of(record), _parts_of(live)
        differing = (one for one in {**made, **found} if not is_same(made.get(one, NO_VALUE), found.get(one)))
        gone = (one for one in found if one not in made and not hasattr(type(live), one))  # a cached property
        attribute = next((one for one in (*gone, *differing) if one not in stored), "")
        return f"{name}.{attribute}" if attribute else ""

    def _record(self, node: ast.Call, space: Mapping[str, object]) -> object | None:
        """What a call with constants makes, if making it runs none of the user's code but the keeping of arguments."""
        root = next(iter(chain_of(node.func)), "")
        made_by: Any = space.get(root, getattr(builtins, root, None))
        for part in chain_of(node.func)[1:]:
            made_by = getattr(made_by, part, None)
        arguments = [value_of(one) for one in node.args]
        named = {one.arg or "": value_of(one.value) for one in node.keywords}
        is_known = "" not in named and not any(one is NO_VALUE for one in (*arguments, *named.values()))
        if not is_known or not isinstance(made_by, type) or not self._is_plain(made_by, space):
            return None
        try:
            made: object = made_by(*arguments, **named)
        except Exception:  # noqa: BLE001 - it would have failed at import
            return None
        return made

    def _is_plain(self, made_by: type, space: Mapping[str, object]) -> bool:
        is_known = _is_one_of(made_by, (*_NAMESPACES, *_PLAIN_CALLS)) or _is_plain_dataclass(made_by)
        return is_known or self._is_made_plainly(made_by, space)

    def _is_made_plainly(self, made_by: type, space: Mapping[str, object]) -> bool:
        written = self._classes.get(made_by.__name__)
        is_own = written is not None and space.get(made_by.__name__) is made_by and made_by.__mro__ == (made_by, object)
        return written is not None and is_own and written.is_plain and written.is_made_plainly

    def replaced(self, name: str, live: object, space: Mapping[str, object]) -> str:
        """The function of this name, or the first method of a class of this name, in whose place something else stands
        in memory, where `space` is all that the module holds; or "".

        A library's wrapper that says what it wraps (`functools.lru_cache`) replaces nothing, nor does a method that a
        library or a decorator of the class has made.
        """
        if name in self._unsteady or self._is_opaque:
            return ""
        if name in self._functions:
            return "" if _is_of(live, name, space) else name
        written = self._classes.get(name)
        if not isinstance(live, type) or written is None or not written.is_plain:
            return ""
        own = {method: vars(live)[method] for method in written.methods if method in vars(live)}
        foreign = (one for one, value in own.items() if is_foreign(value) and not _is_of(value, one, space))
        return next((f"{name}.{one}" for one in foreign), "")


def is_foreign(live: object) -> bool:
    """Whether something stands in for a function: one of the project, or a mock."""
    if isinstance(live, FunctionType):
        return not is_no_project(live.__code__.co_filename)
    return type(live).__module__.partition(".")[0] in ("unittest", "mock")


def _is_of(live: object, name: str, space: Mapping[str, object]) -> bool:
    """Whether this is the module's own function, or a library's wrapper around it."""
    for _ in range(_MOST_WRAPPERS):
        if isinstance(live, FunctionType) and not is_no_project(live.__code__.co_filename):
            return live.__globals__ is space and live.__code__.co_name == name
        live = getattr(live, "__wrapped__", None)
    return False


def _plain_functions(body: Sequence[ast.stmt]) -> dict[str, _Function]:
    """The functions without decorators that a body binds, each once."""
    names = [one.name for one in body if isinstance(one, _Function | ast.ClassDef)]
    names += names_bound(body)
    plain = {one.name: one for one in body if isinstance(one, _Function) and not one.decorator_list}
    return {name: node for name, node in plain.items() if names.count(name) == 1}


def _values_in(body: Sequence[ast.stmt]) -> dict[str, ast.expr]:
    """By name: what a body assigns, once."""
    found: dict[str, ast.expr] = {}
    many: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            for name in names_bound([statement]):
                many |= {name} & found.keys()
                found[name] = statement.value
    return {name: node for name, node in found.items() if name not in many}


def _bound_again(body: Sequence[ast.stmt]) -> dict[str, object]:
    """By name: the last value of what a body binds to several constants, one after the other."""
    found: dict[str, list[object]] = {}
    for statement in body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            for name in names_bound([statement]):
                found.setdefault(name, []).append(value_of(statement.value))
    return {name: values[-1] for name, values in found.items() if len(values) > 1 and NO_VALUE not in values}


def _runs(loop: ast.For) -> bool:
    """Whether a loop starts runs: it calls something of the name `run`."""
    calls = (chain_of(node.func) for node in ast.walk(loop) if isinstance(node, ast.Call))
    return any(chain[-1:] == ["run"] for chain in calls)


def _taken(body: Sequence[ast.stmt]) -> Iterator[tuple[str, Taken]]:
    for statement in body:
        if isinstance(statement, ast.ImportFrom):
            for one in statement.names:
                yield one.asname or one.name, Taken(statement.level, statement.module or "", one.name)


def _only_keeps(start: _Function) -> bool:
    """Whether an `__init__` does nothing but keep its arguments and constants under attributes of its object."""
    arguments = start.args
    names = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    own = next(iter(arguments.posonlyargs or arguments.args), None)
    for statement in start.body:
        if isinstance(statement, ast.Pass) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        ):
            continue
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            return False
        value = statement.value
        is_plain = (isinstance(value, ast.Name) and value.id in names) or value_of(value) is not NO_VALUE
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        chains = [chain_of(one) for one in targets]
        if not is_plain or own is None or any(len(one) != 2 or one[0] != own.arg for one in chains):
            return False
    return True


def _is_one_of(made_by: type, names: Sequence[str]) -> bool:
    return any(f"{one.__module__}:{one.__qualname__}" in names for one in made_by.__mro__)


def _is_plain_dataclass(made_by: type) -> bool:
    fields: dict[str, Any] | None = vars(made_by).get("__dataclass_fields__")
    start: Any = vars(made_by).get("__init__")
    is_generated = isinstance(start, FunctionType) and start.__code__.co_filename.startswith("<")
    if fields is None or not is_generated or hasattr(made_by, "__post_init__") or made_by.__mro__[1:] != (object,):
        return False
    factories = [one.default_factory for one in fields.values()]
    return all(not callable(one) or one in (list, dict, set) for one in factories)


def _parts_of(record: object) -> dict[str, object]:
    names: Mapping[str, object] = getattr(type(record), "__dataclass_fields__", {})
    return {name: getattr(record, name) for name in names if hasattr(record, name)} | dict(
        getattr(record, "__dict__", {})
    )


def _binds_unseen(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _UNSEEN:
            return True
    return False


def _names_bound_within(statements: Sequence[ast.stmt]) -> Iterator[str]:
    pending: list[ast.AST] = [*statements]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if not isinstance(node, _SCOPES):
            pending += ast.iter_child_nodes(node)
