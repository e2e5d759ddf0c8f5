"""Which code reads the clock, random numbers, files or the environment: found by following names from a function's
bytecode through modules and classes, and into the project's own plain functions. Nothing is called.
"""

import builtins
import dis
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

from headrace.definition.bytecode import line_of, loaded_locals, stored_local

Read = tuple[int, str, str]
"""Line, what is read in words of the code, and why that is wrong."""

_CLOCK, _RANDOM, _FILE, _ENVIRONMENT = (
    "the time it is",
    "a random number",
    "what a file holds",
    "what the environment says",
)
_READS: dict[str, str] = {
    **dict.fromkeys(
        (
            *(f"time.{name}" for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "ctime")),
            *(f"time.{name}" for name in ("perf_counter_ns", "process_time", "localtime", "gmtime", "strftime")),
            *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
            *("datetime.date.today", "pandas.Timestamp.now", "pandas.Timestamp.today", "pandas.Timestamp.utcnow"),
        ),
        _CLOCK,
    ),
    **dict.fromkeys(("uuid.uuid1", "uuid.uuid4", "os.urandom", "posix.urandom"), _RANDOM),
    **dict.fromkeys(
        (
            *("builtins.open", "io.open", "_io.open", "pathlib.Path.cwd", "pathlib.Path.home", "os.path.isdir"),
            *(f"os.{name}" for name in ("listdir", "scandir", "walk", "stat", "getcwd", "path.exists", "path.isfile")),
            *(f"posix.{name}" for name in ("listdir", "scandir", "stat", "getcwd")),
            *(f"genericpath.{name}" for name in ("exists", "isfile", "isdir", "getsize", "getmtime")),
        ),
        _FILE,
    ),
    **dict.fromkeys(
        ("os.environ", "os.environb", "os.getenv", "os._Environ", "sys.argv", "sys.stdin", "builtins.input"),
        _ENVIRONMENT,
    ),
}
_READING_MODULES = {
    "random.": _RANDOM,
    "secrets.": _RANDOM,
    "numpy.random.": _RANDOM,
    "glob.": _FILE,
    "shutil.": _FILE,
    "subprocess.": _ENVIRONMENT,
    "socket.": _ENVIRONMENT,
    "platform.": _ENVIRONMENT,
    "getpass.": _ENVIRONMENT,
    "urllib.request.": "what the network answers",
    "requests.": "what the network answers",
    "httpx.": "what the network answers",
}
_SEEDED = ("Random", "default_rng", "RandomState", "SeedSequence")
_PATH_READS = ("read_text", "read_bytes", "iterdir", "rglob", "write_text", "write_bytes")
_LOADS = ("LOAD_GLOBAL", "LOAD_NAME")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_OURS = str(Path(__file__).parents[1]) + os.sep
_STANDARD_LIBRARY = str(Path(os.__file__).parent) + os.sep


class Named:
    """A dotted name that code loads: its text (`?.name` where the owner is not known), what it stands for, its line."""

    __slots__ = ("is_called_empty", "line", "text", "value")

    def __init__(self, text: str, value: object, line: int, *, is_called_empty: bool) -> None:
        self.text, self.value, self.line, self.is_called_empty = text, value, line, is_called_empty


def is_project_file(file: str) -> bool:
    """Whether code of this file belongs to the user's project: not installed, not Python's, not ours."""
    return bool(file) and not (
        file.startswith((_OURS, _STANDARD_LIBRARY, "<frozen"))
        or f"{os.sep}site-packages{os.sep}" in file
        or f"{os.sep}dist-packages{os.sep}" in file
    )


def outside_reads(function: FunctionType) -> list[Read]:
    """What a function's body, and the project's plain functions that it names, read from outside."""
    found: list[Read] = []
    _Search(found.append).look_at(function, None)
    return found


def _words(named: Named, through: str) -> str:
    text = named.text.removeprefix("?").removeprefix("builtins.")
    return f"`{text}`, through {through}," if through else f"`{text}`"


def _why(kind: str) -> str:
    return (
        f"{kind} would be frozen into the graph when the pipeline is defined. Do it inside a step, or make it a "
        f"parameter."
    )


class _Search:
    def __init__(self, report: Callable[[Read], None]) -> None:
        self._report = report
        self._seen: set[FunctionType] = set()

    def look_at(self, function: FunctionType, line: int | None, through: str = "") -> None:
        """Report what a function reads; `line` is where the pipeline's body names it (None: it is the body)."""
        if function in self._seen:
            return
        self._seen.add(function)
        for code in _codes(function.__code__):
            for named in names_in(code, function.__globals__):
                at = line or named.line
                kind = kind_of(named)
                if kind:
                    self._report((at, _words(named, through), _why(kind)))
                elif isinstance(named.value, FunctionType) and is_project_file(named.value.__code__.co_filename):
                    self.look_at(named.value, at, through or f"{named.value.__name__}()")


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def kind_of(named: Named) -> str:
    """What a name reads from outside; empty if nothing."""
    name = named.text.rpartition(".")[2]
    if named.text.startswith("?."):
        return _FILE if name in _PATH_READS else ""
    if name in _SEEDED and not named.is_called_empty:
        return ""
    for known in (named.text, _name_of(named.value)):
        if known in _READS:
            return _READS[known]
        for module, kind in _READING_MODULES.items():
            if known.startswith(module):
                return kind
    return ""


def names_in(code: CodeType, module: Mapping[str, object]) -> Iterator[Named]:
    """The global names, imports and attributes that code loads, each as far as it can be followed without calling."""
    instructions = list(dis.get_instructions(code))
    imported: dict[str, tuple[str, object]] = {}
    for index, instruction in enumerate(instructions):
        name = (*loaded_locals(instruction)[-1:], instruction.argval)[0]
        if instruction.opname == "IMPORT_NAME":
            imported.update(_imports(instructions, index))
        elif instruction.opname in _LOADS or (loaded_locals(instruction) and name in imported):
            yield from _chain(imported.get(name) or _global(name, module), instructions, index)
        elif instruction.opname in _ATTRIBUTES and name in _PATH_READS:
            yield Named(f"?.{name}", None, line_of(instruction), is_called_empty=False)


def _chain(start: tuple[str, object], instructions: Sequence[dis.Instruction], index: int) -> Iterator[Named]:
    text, value = start
    while True:
        empty = _is_called_empty(instructions, index + 1)
        yield Named(text, value, line_of(instructions[index]), is_called_empty=empty)
        following = instructions[index + 1]
        if following.opname not in _ATTRIBUTES or not isinstance(value, ModuleType | type):
            return
        text, index = f"{text}.{following.argval}", index + 1
        value = getattr(value, following.argval, None)


def _is_called_empty(instructions: Sequence[dis.Instruction], index: int) -> bool:
    while instructions[index].opname in ("PUSH_NULL", "PRECALL"):
        index += 1
    return instructions[index].opname == "CALL" and instructions[index].arg == 0


def _imports(instructions: Sequence[dis.Instruction], index: int) -> Iterator[tuple[str, tuple[str, object]]]:
    """The local names that one import statement binds, with what they stand for."""
    module_name: str = instructions[index].argval
    module = sys.modules.get(module_name)
    following = instructions[index + 1]
    if following.opname != "IMPORT_FROM":
        top = module_name.partition(".")[0]
        yield stored_local(following), (top, sys.modules.get(top))
    while following.opname == "IMPORT_FROM":
        bound = instructions[index + 2]
        yield stored_local(bound), (f"{module_name}.{following.argval}", getattr(module, following.argval, None))
        index += 2
        following = instructions[index + 1]


def _global(name: str, module: Mapping[str, object]) -> tuple[str, object]:
    if name in module:
        value = module[name]
        if isinstance(value, ModuleType):
            return value.__name__, value
        return (_name_of(value) if isinstance(value, type | BuiltinFunctionType) else name), value
    return f"builtins.{name}", getattr(builtins, name, None)


def _name_of(value: object) -> str:
    """`module.Qual.name` of a function or class, that of its type for any other object."""
    owner = getattr(value, "__self__", None)
    if owner is not None and not isinstance(owner, ModuleType | type):
        value = type(owner)
    named: Any = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(named, '__module__', '')}.{named.__qualname__}"
