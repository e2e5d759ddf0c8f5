"""What a live object is, as text: its content, with the functions and classes that it is made of kept apart.

Knows nothing of cells: whoever asks says what a function or class of the session counts as.
"""

import pickle
from collections.abc import Callable
from io import BytesIO
from types import CodeType, FunctionType, MappingProxyType, ModuleType
from typing import Any, NamedTuple, cast

from headrace.core.canonical import NotCanonicalError, canonical
from headrace.core.digests import digest_bytes, digest_parts

Definition = FunctionType | type
_WRITTEN_BY_NAME = ("record", "enum", "flag")
"""Tags of canonical text for what has a class of the user's, whose code counts too."""

_FLAGS_THAT_COUNT = 0x2EF
"""Of a code object those that say what a call does; not that it is nested or has a docstring."""


class Form(NamedTuple):
    """The text of a value; None if it has none. `outside` are the modules' functions and classes in it."""

    text: str | None
    outside: tuple[tuple[str, str], ...] = ()


def form_of(value: object, definition: Callable[[Definition], str | None]) -> Form:
    """The canonical text of a value; of an array its type, shape and bytes; else the digest of what pickle makes of it.

    `definition` gives what a function or class counts as; None for one of a module, which counts by its name here.
    Equal values may have different pickles: then a step is computed again, which is the better mistake.
    """
    try:
        text = canonical(value)
    except NotCanonicalError:
        return Form(_array_text(value)) if _is_array(value) else _pickled(value, definition)
    if not any(f'{{"$":"{tag}"' in text for tag in _WRITTEN_BY_NAME):
        return Form(text)
    with_classes = _pickled(value, definition, content=False)
    return Form(text + (with_classes.text or ""), with_classes.outside)


def _is_array(value: object) -> bool:
    array = cast("Any", value)
    return type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "dtype") and not array.dtype.hasobject


def _array_text(value: object) -> str:
    array = cast("Any", value)
    return f"array {array.dtype.str} {array.dtype.descr} {array.shape} {digest_bytes(array.tobytes())}"


def _pickled(value: object, definition: Callable[[Definition], str | None], *, content: bool = True) -> Form:
    """What pickle makes of a value, large arrays in it uncopied; without `content` only the code that it is made of."""
    buffers: list[pickle.PickleBuffer] = []
    stream = BytesIO()
    pickler = _Pickler(stream, protocol=5, buffer_callback=buffers.append)
    pickler.definition, pickler.texts, pickler.outside = definition, [], {}
    try:
        pickler.dump(value)
        parts = [digest_bytes(stream.getvalue()), *(digest_bytes(cast("bytes", one.raw())) for one in buffers)]
    except Exception:  # noqa: BLE001 - pickling runs code of whoever wrote the class
        return Form(None, tuple(pickler.outside))
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    text = (
        f"{kind} {digest_parts(parts)}"
        if content
        else digest_parts(sorted(set(pickler.texts)))
        if pickler.texts
        else ""
    )
    return Form(text, tuple(pickler.outside))


class _Pickler(pickle.Pickler):
    definition: Callable[[Definition], str | None]
    texts: list[str]
    outside: dict[tuple[str, str], None]

    def reducer_override(self, obj: Any, /) -> Any:
        if isinstance(obj, ModuleType):
            return str, (f"module {obj.__name__}",)
        if isinstance(obj, property):
            return tuple, ((obj.fget, obj.fset, obj.fdel),)
        if isinstance(obj, staticmethod | classmethod):
            return tuple, ((type(obj).__name__, obj.__func__),)
        found = unwrapped(obj) if isinstance(obj, FunctionType | type) or "__wrapped__" in _attributes(obj) else None
        if not isinstance(found, FunctionType | type):
            return NotImplemented
        text = self.definition(found)
        if text is None:
            self.outside[found.__module__, found.__qualname__.partition(".")[0]] = None
            return NotImplemented
        self.texts.append(text)
        return str, (text,)


def unwrapped(value: object) -> object:
    """What stands under steps and other decorators that say what they wrap."""
    seen: set[int] = set()
    while hasattr(value, "__wrapped__") and id(value) not in seen:
        seen.add(id(value))
        value = cast("Any", value).__wrapped__
    return value


def _attributes(value: object) -> dict[str, object]:
    found = getattr(value, "__dict__", None)
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


# Functions and classes


def held_by(function: FunctionType) -> list[object]:
    """What a function holds besides its code: what it closes over, its defaults, and what was set on it."""
    held: list[object] = []
    for cell in function.__closure__ or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # not filled yet
            held.append("")
    held += [function.__defaults__, function.__kwdefaults__]
    held += [(name, value) for name, value in sorted(vars(function).items()) if name != "__wrapped__"]
    return held if any(one is not None for one in held) else []


def registered_on(function: object) -> list[object]:
    """What a function made by `singledispatch` calls for other types; its source knows nothing of them."""
    registry = _attributes(function).get("registry")
    return list(cast("Any", registry).items()) if isinstance(registry, MappingProxyType) else []


def set_on(cls: type, is_in_source: Callable[[FunctionType], bool] | None) -> list[tuple[str, object]]:
    """What is set on a class besides the methods of its source (if it has one): values, and functions put there."""
    found: list[tuple[str, object]] = []
    for name, value in sorted(vars(cls).items()):
        functions = _functions_of(value)
        machine_made = name.startswith("__") and name.endswith("__") and not functions
        if not machine_made and not (is_in_source and functions and all(map(is_in_source, functions))):
            found.append((name, value))
    return found


def _functions_of(value: object) -> list[FunctionType]:
    parts: tuple[object, ...] = (value,)
    if isinstance(value, property):
        parts = (value.fget, value.fset, value.fdel)
    elif isinstance(value, staticmethod | classmethod):
        parts = (cast("Any", value).__func__,)
    elif hasattr(type(value), "__set_name__"):
        parts = (getattr(value, "func", None),)  # a cached property
    return [found for one in parts if isinstance(found := unwrapped(one), FunctionType)]


def code_text(code: CodeType, doc: object = None) -> str:
    """A code object as text that stays the same when positions, comments, the docstring or names of locals change."""
    counts = (code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags & _FLAGS_THAT_COUNT)
    constants = [_constant_text(one) for one in code.co_consts if doc is None or one != doc]
    exceptions = digest_bytes(code.co_exceptiontable)
    parts = (*map(str, counts), digest_bytes(code.co_code), exceptions, " ".join(code.co_names), *constants)
    return digest_parts(parts)


def names_in(code: CodeType) -> set[str]:
    """The names of globals and attributes that a code object looks up, with those of the functions in it."""
    nested = (names_in(one) for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*nested)


def _constant_text(value: object) -> str:
    if isinstance(value, CodeType):
        return code_text(value)
    if isinstance(value, tuple | frozenset):
        texts = list(map(_constant_text, cast("Any", value)))
        return f"{type(value).__name__} {' '.join(texts if isinstance(value, tuple) else sorted(texts))}"
    return f"{type(value).__name__} {value!r}"
