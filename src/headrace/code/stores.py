"""What a function stores items in: which names the changed containers may come from. Read from bytecode, because the
source may be another one by now; runs nothing.
"""

import dis
from collections.abc import Iterator
from types import CodeType
from typing import Any, NamedTuple

_CHANGING = {"append", "appendleft", "add", "update", "setdefault", "extend", "insert", "push", "put", "__setitem__"}
_KEYS = {"STORE_SUBSCR": 1, "STORE_SLICE": 2}
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_IN_PLACE = 13
"""From here on operations are `+=` and its like."""
_JUMPS = {*dis.hasjrel, *dis.hasjabs}
_OPAQUE = ("STORE_", "POP_", "IMPORT_", "YIELD_", "SEND", "RETURN", "RERAISE", "PUSH_EXC", "LOAD_CLASS", "LOAD_FROM")


class Name(NamedTuple):
    """A name that is looked at: "local", "free" or "global"; whether an attribute of it is taken; whether it begins its
    expression, which then may be the thing itself, or is given to something."""

    kind: str
    name: str
    has_attribute: bool
    is_first: bool


class Stores:
    """The names behind what a function changes: `row[key] = …`, `SEEN.append(…)`, `APP.text = …`.

    A local is followed to all that is ever assigned to it. `is_clear` is false if some container comes from what is
    not understood here.
    """

    def __init__(self, code: CodeType) -> None:
        self._steps = list(_steps_of(code))
        self.names: set[Name] = set()
        self.is_clear = True
        self._followed: set[str] = set()
        self._own = {*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]}
        for index, step in enumerate(self._steps):
            if step.name in _KEYS:
                self._take(self._before_keys(index, _KEYS[step.name]))
            elif step.name in _ATTRIBUTES and step.value in _CHANGING:
                self._take(index - 1)
            elif step.name == "STORE_ATTR":
                self._take(self._before_swap(index, 1))
            elif step.name == "BINARY_OP" and step.value >= _IN_PLACE:
                self._take(self._before_keys(index, 1))

    def _take(self, end: int | None) -> None:
        """Note the names in the expression that ends here."""
        start = self._start(end) if end is not None else None
        if end is None or start is None or self._steps[end + 1].is_target:  # the last: one of several values
            self.is_clear = False
            return
        for index in range(start, end + 1):
            step = self._steps[index]
            kind = _kind_of(step.name)
            if kind:
                following = self._steps[index + 1].name if index + 1 < len(self._steps) else ""
                is_first = index == start or (index == start + 1 and self._name(start) == "PUSH_NULL")
                has_attribute = following in (*_ATTRIBUTES, "STORE_ATTR")
                self.names.add(Name(kind, step.value, has_attribute, is_first))
                if kind == "local":
                    self._follow(step.value)

    def _follow(self, local: str) -> None:
        """Take all that is assigned to a local."""
        if local in self._followed:
            return
        self._followed.add(local)
        sources = [index for index, step in enumerate(self._steps) if step.name == "STORE_FAST" and step.value == local]
        if not sources and local not in self._own:
            self.is_clear = False
        for index in sources:
            self._take(self._assigned(index))

    def _assigned(self, index: int) -> int | None:
        """Where the expression ends whose value, or part of it, a local gets."""
        index -= 1
        while self._name(index) in ("STORE_FAST", "UNPACK_SEQUENCE", "BEFORE_WITH") or self._is_copy(index, 1):
            index -= 1
        if self._name(index) == "FOR_ITER":
            return index - 2 if self._name(index - 1) == "GET_ITER" else None
        return index

    def _before_keys(self, index: int, keys: int) -> int | None:
        """Where the expression of the container ends, if this stores in it."""
        end = self._before_swap(index, 2)
        for _ in range(keys):
            start = self._start(end) if end is not None else None
            end = start - 1 if start is not None else None
        return end

    def _before_swap(self, index: int, copies: int) -> int | None:
        """Where the expression ends that stands before this; with `+=` before it was copied."""
        end = index - 1
        if self._name(end) != "SWAP":
            return end
        while end > 0 and not all(self._is_copy(end - number, copies) for number in range(copies)):
            end -= 1
        return end - copies if end > 0 else None

    def _start(self, end: int) -> int | None:
        """Where the expression begins that ends here; None if it is not straight."""
        needed = 1
        for index in range(end, -1, -1):
            step = self._steps[index]
            if step.effect is None:
                return None
            needed -= step.effect
            if step.is_target and needed:
                return None
            if needed <= 0:
                return index if needed == 0 else None
        return None

    def _name(self, index: int) -> str:
        return self._steps[index].name if index >= 0 else ""

    def _is_copy(self, index: int, depth: int) -> bool:
        return self._name(index) == "COPY" and self._steps[index].value == depth


class _Step(NamedTuple):
    """One instruction: its name and argument, by how much the stack grows (None for what is not followed), and whether
    others jump to it."""

    name: str
    value: Any
    effect: int | None
    is_target: bool


def _steps_of(code: CodeType) -> Iterator[_Step]:
    for one in dis.get_instructions(code):
        if one.opname == "EXTENDED_ARG":
            continue
        if one.opname.count("_FAST") == 2:  # two in one, since 3.13
            first, second = one.opname.replace("_FAST_", "_FAST ", 1).split(" ")
            for name, value in zip((first, second), one.argval, strict=True):
                yield _Step(name, value, 1 if name.startswith("LOAD") else None, one.is_jump_target)
            continue
        is_opaque = one.opcode in _JUMPS or one.opname.startswith(_OPAQUE)
        effect = None if is_opaque else dis.stack_effect(one.opcode, one.arg, jump=False)
        yield _Step(one.opname, one.argval, effect, one.is_jump_target)


def _kind_of(operation: str) -> str:
    if operation.startswith("LOAD_FAST"):
        return "local"
    if operation == "LOAD_DEREF":
        return "free"
    return "global" if operation in ("LOAD_GLOBAL", "LOAD_NAME") else ""
