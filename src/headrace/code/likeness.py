"""Whether two code objects do the same: instructions, constants and names are compared; lines, docstrings and the names
of locals are not.
"""

import dis
from bisect import bisect_left
from collections.abc import Callable, Iterator
from types import CodeType

_LEFT_OUT = {"NOP", "EXTENDED_ARG", "CACHE"}
"""What stands there for lines and for the width of arguments only."""
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
_CONSTANTS = frozenset(dis.hasconst) - {dis.opmap.get("LOAD_SMALL_INT", -1)}
_HAS_DOCSTRING = 0x4000000


def likeness(code: CodeType) -> tuple[object, ...]:
    """Equal for two code objects that do the same, functions inside them included."""
    instructions = [one for one in dis.get_instructions(code) if one.opname not in _LEFT_OUT]
    offsets = [one.offset for one in instructions]

    def position(offset: int) -> int:
        return bisect_left(offsets, offset)

    takes = code.co_argcount + code.co_kwonlyargcount + sum(bool(code.co_flags & flag) for flag in (4, 8))
    return (
        tuple((one.opname, _argument(one, code.co_consts, position)) for one in instructions),
        tuple((position(first), position(last), position(target), rest) for first, last, target, rest in _tries(code)),
        code.co_names,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_varnames[:takes]),
        (code.co_flags & ~_HAS_DOCSTRING, len(code.co_freevars), len(code.co_cellvars)),
    )


def _argument(instruction: dis.Instruction, constants: tuple[object, ...], position: Callable[[int], int]) -> object:
    if instruction.opcode in _JUMPS:
        return position(instruction.argval)
    if instruction.opcode in _CONSTANTS and instruction.arg is not None:
        return _constant(constants[instruction.arg])
    return instruction.arg


def _constant(value: object) -> object:
    """A constant with its type: `1`, `1.0` and `True` are equal, and so are `0.0` and `-0.0`."""
    if isinstance(value, CodeType):
        return likeness(value)
    if isinstance(value, tuple):
        return tuple(map(_constant, value))
    if isinstance(value, frozenset):
        return frozenset(map(_constant, value))
    return type(value).__name__, repr(value)


def _tries(code: CodeType) -> Iterator[tuple[int, int, int, int]]:
    """What is guarded by which handler: first and last offset, the handler's, depth and flag (CPython's
    `Objects/exception_handling_notes.txt`)."""
    table = iter(code.co_exceptiontable)
    while True:
        first = _number(table)
        if first is None:
            return
        length, target, rest = _number(table) or 0, _number(table) or 0, _number(table) or 0
        yield first * 2, (first + length) * 2, target * 2, rest


def _number(table: Iterator[int]) -> int | None:
    byte = next(table, None)
    if byte is None:
        return None
    value = byte & 63
    while byte & 64:
        byte = next(table)
        value = value << 6 | byte & 63
    return value
