"""What steps and pipelines have in common: a module-level function with a name, a symbol, parameters and annotations.

Decorating looks at the function's flags and defaults only; signature and annotations are read at the first trace.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType
from typing import Any, cast

from headrace.core.errors import near
from headrace.core.symbols import Symbol
from headrace.definition.annotations import hints_of
from headrace.definition.errors import ArgumentsError, MutableDefaultError, NotAFunctionError, OptionError
from headrace.definition.modes import place

REQUIRED: Any = inspect.Parameter.empty
"""Stands for the default of a parameter that has none."""
_MUTABLE = (list, dict, set, bytearray)
_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE
_VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


class Input:
    """One parameter of a function; `default` is REQUIRED if it has none, `annotation` is Any if it has none."""

    __slots__ = ("annotation", "default", "is_annotated", "name", "takes_keyword", "takes_position", "value")

    def __init__(self, parameter: inspect.Parameter, annotation: Any) -> None:
        self.name = parameter.name
        self.default: Any = parameter.default
        self.takes_position = parameter.kind is not parameter.KEYWORD_ONLY
        self.takes_keyword = parameter.kind is not parameter.POSITIONAL_ONLY
        self.is_annotated = parameter.annotation is not parameter.empty
        self.annotation: Any = annotation
        self.value: Any = None
        """The default as an InlineValue, once somebody has asked for it."""

    @property
    def has_default(self) -> bool:
        """Whether it can be left out."""
        return self.default is not REQUIRED


class Declared:
    """A decorated function: what it is called, where another process finds it, what it takes and gives.

    `word` is "step" or "pipeline".
    """

    def __init__(self, function: Callable[..., Any], word: str) -> None:
        refuse_what_is_no_function(function, word)
        self.function = cast("FunctionType", function)
        self.inner = cast("FunctionType", inspect.unwrap(function))
        self.word = word
        self.name: str = function.__name__
        self.description = first_paragraph(function.__doc__)
        refuse_unusable_function(self)
        self._inputs: tuple[Input, ...] | None = None
        self._output: Any = None
        self.codes: frozenset[CodeType] | None = None
        self.is_sound = False
        """Whether the body was looked at and nothing found."""

    @property
    def symbol(self) -> Symbol:
        """Where another process finds the function."""
        return Symbol(self.function.__module__, self.function.__qualname__, self.inner.__code__.co_filename)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The parameters in order; raises what `hints_of` raises."""
        if self._inputs is None:
            self._read()
        return cast("tuple[Input, ...]", self._inputs)

    @property
    def output(self) -> Any:
        """The return annotation; Any without one."""
        if self._inputs is None:
            self._read()
        return self._output

    @property
    def is_output_annotated(self) -> bool:
        """Whether there is a return annotation."""
        return "return" in self.inner.__annotations__

    def _read(self) -> None:
        hints = hints_of(self.function, kind=self.word)
        self._output = hints["return"]
        parameters = inspect.signature(self.function).parameters.values()
        self._inputs = tuple(Input(parameter, hints[parameter.name]) for parameter in parameters)

    def bind(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        """The argument (or default) of every parameter, in the signature's order; raises ArgumentsError."""
        inputs = self.inputs
        positional = [entry for entry in inputs if entry.takes_position]
        if len(args) > len(positional):
            raise ArgumentsError(_too_many(self, len(args), len(positional)))
        given: dict[str, object] = {entry.name: value for entry, value in zip(positional, args, strict=False)}
        for name, value in kwargs.items():
            if name in given:
                raise ArgumentsError(f"{place()}{self.title} gets its input {name!r} twice: by position and by name.")
            given[name] = value
        known = {entry.name for entry in inputs if entry.takes_keyword or entry.name not in kwargs}
        if not given.keys() <= known:
            unknown = next(name for name in given if name not in known)
            raise ArgumentsError(f"{place()}{self.title} has no input {unknown!r}{_near(unknown, known)}.")
        bound = {entry.name: given.get(entry.name, entry.default) for entry in inputs}
        missing = [name for name, value in bound.items() if value is REQUIRED]
        if missing:
            raise ArgumentsError(_missing(self, missing))
        return bound

    def call(self, values: Mapping[str, object]) -> Any:
        """Call the function with a value for every parameter, by name where that is possible."""
        args = [values[entry.name] for entry in self.inputs if not entry.takes_keyword]
        return self.function(*args, **{entry.name: values[entry.name] for entry in self.inputs if entry.takes_keyword})

    @property
    def title(self) -> str:
        """How messages begin: `Step 'fit'`."""
        return f"{self.word.capitalize()} {self.name!r}"


def _near(unknown: str, known: set[str]) -> str:
    return near(unknown, known) if known else "; it has none"


def _too_many(declared: Declared, given: int, taken: int) -> str:
    by_name = [entry.name for entry in declared.inputs if not entry.takes_position]
    hint = f" Give {', '.join(map(repr, by_name))} by name." if by_name else ""
    return f"{place()}{declared.title} takes {taken} arguments by position and gets {given}.{hint}"


def _missing(declared: Declared, missing: Sequence[str]) -> str:
    names = ", ".join(map(repr, missing))
    word = "its input" if len(missing) == 1 else "its inputs"
    return f"{place()}{declared.title} is called without {word} {names}. Give a value, or a default in its signature."


def first_paragraph(text: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((text or "").strip().split("\n\n", 1)[0].split())


def refuse_what_is_no_function(function: object, word: str) -> None:
    """Raise NotAFunctionError for anything but a function written with `def`."""
    name = str(getattr(function, "__name__", None) or type(function).__name__)
    fault = _fault_of_kind(function, word)
    if fault:
        raise NotAFunctionError(word, name, why=fault[0], remedy=fault[1])


def _fault_of_kind(function: object, word: str) -> tuple[str, str] | None:
    if isinstance(function, FunctionType):
        return ("it is a lambda", "Write it with def.") if function.__name__ == "<lambda>" else None
    if isinstance(function, type):
        return "it is a class", f"Write a function that returns the object, and make that the {word}."
    if isinstance(function, MethodType | staticmethod | classmethod):
        return _METHOD
    if isinstance(function, BuiltinFunctionType):
        return "it is a builtin", "Call it inside a function of your own: its annotations are the declaration."
    if isinstance(function, partial):
        return "it is a functools.partial", "Write a function with def, and give fixed values as defaults."
    if hasattr(type(function), "headrace_word"):
        return f"it is a {cast('Any', type(function)).headrace_word} already", "Decorate it once."
    return f"it is an object of type {type(function).__name__}", "Write a function with def."


_METHOD = ("it is a method", "Make it a module-level function and pass the object as an argument.")


def refuse_unusable_function(declared: Declared) -> None:
    """Raise for methods, generators, coroutines, variadic functions and mutable defaults."""
    function, inner, word = declared.function, declared.inner, declared.word
    fault = _fault_of_function(function, inner, word)
    if fault:
        raise NotAFunctionError(word, function.__qualname__, why=fault[0], remedy=fault[1])
    defaults = inner.__defaults__ or ()
    code = inner.__code__
    names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    for name, default in (*zip(names, defaults, strict=True), *(inner.__kwdefaults__ or {}).items()):
        if isinstance(default, _MUTABLE):
            raise MutableDefaultError(word, function.__name__, parameter=name, default=default)


def _fault_of_function(function: FunctionType, inner: FunctionType, word: str) -> tuple[str, str] | None:
    if "." in function.__qualname__.rpartition("<locals>.")[2]:
        return _METHOD
    flags = inner.__code__.co_flags
    if flags & _ASYNC:
        return f"a {word} is no coroutine", "Write def, and call asyncio.run inside."
    if flags & inspect.CO_GENERATOR:
        return "it is a generator", "Return a list, or write a file and return its path."
    if flags & _VARIADIC:
        stars = "*args" if flags & inspect.CO_VARARGS else "**kwargs"
        return f"it takes {stars}, so its inputs have no names", "Give it one parameter that is a list or dict."
    return None


def refuse_name(name: object, word: str) -> str:
    """A name given as an option; raises OptionError if it cannot stand in a graph or a URL."""
    if not isinstance(name, str) or not name or set(name) & set("/[]{}:#?%\\ \t\r\n'\""):
        raise OptionError(
            f"{name!r} is no name for a {word}: it must be text without spaces, slashes, brackets or quotes."
        )
    return name
