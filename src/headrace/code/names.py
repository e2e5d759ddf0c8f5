"""The scopes inside one piece of code while its tree is written: which names are its own, and how they are written."""

import ast

from headrace.code.computed import IMPORTED
from headrace.code.scopes import Bound

LOCAL = "%"
"""Begins the token of a renamed local."""
KEPT = "$"
"""Begins the token of a local that keeps its name: parameters, nested functions and classes, attributes of classes."""

Scope = tuple[dict[str, str], dict[str, str]]


class Names:
    """The names that are visible at one place, each with its token; what is not among them is the module's.

    `locals` are the names behind the numbers of renamed locals, in the order in which their scopes bind them.
    `aliases` are the tokens that an import statement inside the piece binds.
    """

    __slots__ = ("_enclosing", "aliases", "functions", "locals", "visible")

    def __init__(self) -> None:
        self.visible: dict[str, str] = {}
        # What functions see from here: all but the names of a class's body.
        self._enclosing: dict[str, str] = self.visible
        self.aliases: dict[str, str] = {}
        self.locals: list[str] = []
        self.functions = 0

    def for_method(self) -> "Names":
        """The same place, with locals of its own: they are counted anew in each method."""
        names = Names()
        names.visible, names._enclosing = self.visible, self._enclosing
        names.aliases = dict(self.aliases)
        return names

    @property
    def is_class_body(self) -> bool:
        """Whether statements here stand directly in a class."""
        return self.visible is not self._enclosing

    def token(self, name: str | None) -> str:
        """How a bound name is written."""
        return self.visible.get(name or "", name or "")

    def meaning_outside(self, token: str, parts: list[str]) -> str:
        """The reference that a visible name is nevertheless, or nothing: an import inside the piece, or, in a class's
        body, a name that the class binds later (`size = size`)."""
        if token in self.aliases:
            return IMPORTED + ".".join([self.aliases[token], *parts[1:]])
        if self.is_class_body and parts[0] not in self._enclosing:
            return ".".join(parts)
        return ""

    def enter_class(self, bound: Bound) -> Scope:
        """Enter a class's body; gives what `leave` needs."""
        before = (self.visible, self._enclosing)
        self.visible = {**self._enclosing, **{name: KEPT + name for name in bound.names}}
        self._take_imports(bound)
        return before

    def enter_function(self, arguments: ast.arguments, bound: Bound) -> Scope:
        """Enter a function's body; gives what `leave` needs."""
        before = (self.visible, self._enclosing)
        visible = dict(self._enclosing)
        for name in bound.declared:
            visible.pop(name, None)
        parameters = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        parameters.update(one.arg for one in (arguments.vararg, arguments.kwarg) if one is not None)
        for name in parameters:
            visible[name] = KEPT + name
        for name, is_local in bound.names.items():
            if name not in parameters and name not in bound.declared and name not in bound.outer:
                visible[name] = self._new_local(name) if is_local else KEPT + name
        self.visible = self._enclosing = visible
        self.functions += 1
        self._take_imports(bound)
        return before

    def enter_comprehension(self, names: list[str]) -> Scope:
        """Enter a comprehension; gives what `leave` needs."""
        before = (self.visible, self._enclosing)
        visible = dict(self.visible)
        for name in names:
            visible[name] = self._new_local(name)
        if not self.is_class_body:
            self._enclosing = visible
        self.visible = visible
        return before

    def leave(self, before: Scope) -> None:
        """Leave a class or comprehension."""
        self.visible, self._enclosing = before

    def leave_function(self, before: Scope) -> None:
        """Leave a function."""
        self.leave(before)
        self.functions -= 1

    def _new_local(self, name: str) -> str:
        self.locals.append(name)
        return f"{LOCAL}{len(self.locals) - 1}"

    def _take_imports(self, bound: Bound) -> None:
        for target in bound.imports:
            self.aliases[self.token(target[0])] = target[0]
