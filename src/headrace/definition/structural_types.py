"""What classes promise beyond their names: variance of their parameters, members of protocols, keys of TypedDicts."""

import collections
import collections.abc as abc
import inspect
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, Protocol, TypeVar, get_args, get_origin

from headrace.core.errors import DefinitionError
from headrace.definition.annotations import describe
from headrace.definition.generics import parts, substitute, type_parameters
from headrace.definition.hints import class_hints, hints_of

Compare = Callable[[Any, Any], str]
"""Why the first type is not acceptable as the second; "" if it is."""

COVARIANT, CONTRAVARIANT, INVARIANT = "+", "-", "="

_STANDARD_VARIANCES: dict[Any, str] = {
    list: "=",
    set: "=",
    dict: "==",
    collections.deque: "=",
    collections.defaultdict: "==",
    collections.OrderedDict: "==",
    collections.ChainMap: "==",
    collections.Counter: "=",
    abc.MutableSequence: "=",
    abc.MutableSet: "=",
    abc.MutableMapping: "==",
    abc.Mapping: "=+",
    abc.Generator: "+-+",
    abc.AsyncGenerator: "+-",
    abc.Coroutine: "+-+",
}


def variances_of(cls: Any) -> Iterator[str]:
    """How each type parameter of a class varies: "+", "-" or "="; as many as needed.

    Parameters that only a library's stubs describe count as covariant, and so do those whose variance is inferred.
    """
    yield from _STANDARD_VARIANCES.get(cls, "")
    for parameter in type_parameters(cls):
        yield _variance(parameter)
    while True:
        yield COVARIANT


def _variance(parameter: Any) -> str:
    if not isinstance(parameter, TypeVar) or parameter.__covariant__ or getattr(parameter, "__infer_variance__", False):
        return COVARIANT
    return CONTRAVARIANT if parameter.__contravariant__ else INVARIANT


class _Empty(Protocol): ...


_PLUMBING = frozenset(vars(_Empty)) | {
    *("__annotations__", "__slots__", "__match_args__", "__orig_bases__", "__type_params__", "__class_getitem__"),
    *("__static_attributes__", "__firstlineno__", "__annotate__", "__annotate_func__", "__annotations_cache__"),
    *("__protocol_attrs__", "__non_callable_proto_members__", "_is_runtime_protocol"),
}
_NOT_THERE = object()


def protocol_mismatch(source: Any, target: Any, compare: Compare) -> str:
    """Why a class lacks what a Protocol asks for; "" if it has every member with a fitting type.

    Of methods only the outputs are compared.
    """
    cls, arguments = parts(source)
    protocol, wanted = parts(target)
    own = dict(zip(type_parameters(cls), arguments, strict=False))
    types = dict(zip(type_parameters(protocol), wanted, strict=False))
    for name in protocol_members(protocol):
        if not _has(cls, name):
            return f"{describe(source)} has no {name!r}, which {describe(target)} asks for"
        given, needed = _member_type(cls, name), _member_type(protocol, name)
        reason = compare(substitute(given, own), substitute(needed, types))
        if reason:
            return f"{name!r} of {describe(source)} is not what {describe(target)} asks for: {reason}"
    return ""


def protocol_members(protocol: type) -> list[str]:
    """The names that a Protocol and those it extends ask for."""
    names: list[str] = []
    for owner in protocol.__mro__:
        if owner.__dict__.get("_is_protocol", False):
            names += (*inspect.get_annotations(owner), *owner.__dict__)
    return [name for name in dict.fromkeys(names) if name not in _PLUMBING and _has(protocol, name)]


def _has(cls: type, name: str) -> bool:
    found = inspect.getattr_static(cls, name, _NOT_THERE)
    if found is not _NOT_THERE:
        return found is not None or not name.startswith("__")  # `__hash__ = None` takes it away
    return any(name in inspect.get_annotations(owner) or _assigns(owner, name) for owner in cls.__mro__)


def _assigns(cls: type, name: str) -> bool:
    """Whether the constructor mentions such an attribute: what is assigned to `self` stands nowhere else."""
    constructor = cls.__dict__.get("__init__")
    return isinstance(constructor, FunctionType) and name in constructor.__code__.co_names


def _member_type(cls: type, name: str) -> Any:
    try:
        hints = class_hints(cls)
        if name in hints:
            return hints[name]
        found = inspect.getattr_static(cls, name, None)
        function = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
        return hints_of(function)["return"] if isinstance(function, FunctionType) else Any
    except DefinitionError:  # a type that exists for checkers only: they have compared it
        return Any


def call_signature(cls: type) -> tuple[Any, ...]:
    """What calling an instance takes and returns, as the arguments of Callable; () if that is not known."""
    function = inspect.getattr_static(cls, "__call__", None)
    if not isinstance(function, FunctionType):
        return ()
    try:
        hints = hints_of(function)
    except DefinitionError:
        return ()
    parameters = list(inspect.signature(function).parameters.values())[1:]
    is_plain = all(each.kind <= each.POSITIONAL_OR_KEYWORD and each.default is each.empty for each in parameters)
    return ([hints[each.name] for each in parameters] if is_plain else Ellipsis, hints["return"])


def typeddict_mismatch(source: Any, target: Any, compare: Compare) -> str:
    """Why one TypedDict is not acceptable as another: keys have to be there, with the same type."""
    given, wanted = class_hints(parts(source)[0]), class_hints(parts(target)[0])
    for key, needed in wanted.items():
        if key not in given:
            return f"{describe(source)} has no key {key!r}"
        if is_required_key(source, key) != is_required_key(target, key) and not _is_read_only(needed):
            return f"key {key!r} is not required in both {describe(source)} and {describe(target)}"
        reason = compare(given[key], needed) or ("" if _is_read_only(needed) else compare(needed, given[key]))
        if reason:
            return f"key {key!r}: {reason}"
    return ""


def is_required_key(typeddict: Any, key: str) -> bool:
    """Whether a TypedDict has to have this key."""
    cls = parts(typeddict)[0]
    marks = _marks(class_hints(cls)[key])
    return "Required" in marks or ("NotRequired" not in marks and key in cls.__required_keys__)


def _is_read_only(annotation: Any) -> bool:
    return "ReadOnly" in _marks(annotation)


def _marks(annotation: Any) -> set[str]:
    marks: set[str] = set()
    while get_args(annotation) and getattr(get_origin(annotation), "_name", None) is not None:
        marks.add(str(getattr(get_origin(annotation), "_name", "")))
        annotation = get_args(annotation)[0]
    return marks
