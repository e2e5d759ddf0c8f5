"""Reading instructions of Python 3.11 to 3.13 alike: which locals they load and store, and their line."""

import dis

Instruction = dis.Instruction


def loaded_locals(instruction: Instruction) -> tuple[str, ...]:
    """The local names that an instruction loads: two where Python 3.13 has joined two instructions."""
    name, value = instruction.opname, instruction.argval
    if not isinstance(value, tuple):
        return (value,) if name.startswith(("LOAD_FAST", "LOAD_DEREF")) else ()
    return value[1:] if name.startswith("STORE_FAST_LOAD") else (value if name.startswith("LOAD_FAST") else ())


def stored_local(instruction: Instruction) -> str:
    """The local name that an instruction stores first; empty if it stores none."""
    if not instruction.opname.startswith(("STORE_FAST", "STORE_DEREF")):
        return ""
    value = instruction.argval
    return str(value[0] if isinstance(value, tuple) else value)


def line_of(instruction: Instruction) -> int:
    """The line that an instruction was compiled from; 0 if it belongs to none."""
    return (instruction.positions.lineno if instruction.positions else None) or 0
