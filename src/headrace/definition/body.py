"""A look at the bytecode of a pipeline's body, for what stand-ins cannot intercept: `is`, `try`, `with`, `match`,
`global`, and reads of what lies outside.
"""

import dis
from collections.abc import Iterator
from types import CodeType

from headrace.definition.annotations import is_static
from headrace.definition.bytecode import line_of, loaded_locals
from headrace.definition.errors import BodyError
from headrace.definition.functions import Declared
from headrace.definition.outside import outside_reads

_DECIDED = (
    "it would be decided while the pipeline is defined, not when it runs. Use hr.when or hr.when_some, or do it inside "
    "a step."
)
_TRY = (
    "steps run later, so that no exception of theirs arrives here. Catch it inside the step, or give the step retries."
)
_WITH = "it would be entered and left while the pipeline is defined, before any step runs. Use it inside a step."
_GLOBAL = "a step would not see it in another process. Pass the value as an argument."
_BLIND_BUILTINS = ("type", "id", "callable")


def codes_of(declared: Declared) -> frozenset[CodeType]:
    """The code of a function and of everything written inside it."""
    if declared.codes is None:
        declared.codes = frozenset(_nested(declared.inner.__code__))
    return declared.codes


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def check_body(declared: Declared) -> None:
    """Raise BodyError for the first thing in a pipeline's body that cannot mean the same in a run."""
    if declared.is_sound:
        return
    known = frozenset(entry.name for entry in declared.inputs if is_static(entry.annotation))
    faults: list[tuple[int, str, str]] = []
    for code in codes_of(declared):
        faults += _faults(list(dis.get_instructions(code)), known)
    faults += outside_reads(declared.inner)
    for line, what, why in sorted(faults):
        raise BodyError(what, declared.name, line=line, why=why)
    declared.is_sound = True


def _faults(instructions: list[dis.Instruction], known: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    for index in range(len(instructions)):
        fault = _fault(instructions, index, known)
        if fault is not None:
            yield (_line_from(instructions, index), *fault)


def _line_from(instructions: list[dis.Instruction], index: int) -> int:
    """The line of an instruction, or of the first one after it that has one."""
    return next(filter(None, map(line_of, instructions[index:])), 0)


def _fault(instructions: list[dis.Instruction], index: int, known: frozenset[str]) -> tuple[str, str] | None:
    name = instructions[index].opname
    if name == "IS_OP":
        return None if _is_known(instructions, index - 1, known, count=2) else ("`is`", _DECIDED)
    if name.startswith("POP_JUMP") and name.endswith("_NONE"):
        return None if _is_known(instructions, index - 1, known, count=1) else ("`is`", _DECIDED)
    if name == "PUSH_EXC_INFO" and instructions[index + 1].opname != "WITH_EXCEPT_START":
        return "`try`", _TRY
    if name == "LOAD_GLOBAL" and instructions[index].argval in _BLIND_BUILTINS:
        return f"`{instructions[index].argval}(…)`", _DECIDED
    return _FAULTS.get(name)


_FAULTS = {
    "BEFORE_WITH": ("`with`", _WITH),
    "STORE_GLOBAL": ("`global`", _GLOBAL),
    "DELETE_GLOBAL": ("`global`", _GLOBAL),
    "MATCH_SEQUENCE": ("`match`", _DECIDED),
    "MATCH_MAPPING": ("`match`", _DECIDED),
}


def _is_known(instructions: list[dis.Instruction], index: int, known: frozenset[str], *, count: int) -> bool:
    """Whether the `count` values that were loaded last are constants, globals or static parameters."""
    while count and index >= 0:
        instruction = instructions[index]
        index -= 1
        if instruction.opname in ("LOAD_ATTR", "PUSH_NULL"):
            continue
        if instruction.opname in ("LOAD_CONST", "LOAD_GLOBAL", "LOAD_NAME", "RETURN_CONST"):
            count -= 1
            continue
        names = loaded_locals(instruction)[-count:]
        if not names or not known.issuperset(names):
            return False
        count -= len(names)
    return True
