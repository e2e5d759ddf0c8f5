"""Looking inside generic types: what `list[int]` is as a `Sequence`, what a field of `Split[float]` holds.

Answers about types only, never about values.
"""

import collections
import collections.abc as abc
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, NewType, TypeVar, Union, cast, get_args, get_origin

from headrace.definition.hints import class_hints

_WRAPPERS = ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar", "Unpack")
_SEQUENCE: Any = abc.Sequence  # Any: subscribed with types that are known at run time only
_SET: Any = abc.Set
_TUPLE: Any = tuple
_BARE_TUPLES = (tuple, typing.Tuple)  # noqa: UP006 - the old spelling is what users may have written

# What each generic class of the standard library is besides itself; numbers are positions of its own arguments.
_STANDARD_PARENTS: dict[type, tuple[tuple[type, tuple[Any, ...]], ...]] = {
    abc.Iterator: ((abc.Iterable, (0,)),),
    abc.Generator: ((abc.Iterator, (0,)),),
    abc.Reversible: ((abc.Iterable, (0,)),),
    abc.Collection: ((abc.Iterable, (0,)), (abc.Container, (0,))),
    abc.Sequence: ((abc.Reversible, (0,)), (abc.Collection, (0,))),
    abc.MutableSequence: ((abc.Sequence, (0,)),),
    abc.Set: ((abc.Collection, (0,)),),
    abc.MutableSet: ((abc.Set, (0,)),),
    abc.Mapping: ((abc.Collection, (0,)),),
    abc.MutableMapping: ((abc.Mapping, (0, 1)),),
    abc.KeysView: ((abc.Set, (0,)),),
    abc.ItemsView: ((abc.Set, ()),),
    abc.ValuesView: ((abc.Collection, (0,)),),
    list: ((abc.MutableSequence, (0,)),),
    collections.deque: ((abc.MutableSequence, (0,)),),
    set: ((abc.MutableSet, (0,)),),
    frozenset: ((abc.Set, (0,)),),
    dict: ((abc.MutableMapping, (0, 1)), (abc.Reversible, (0,))),
    collections.defaultdict: ((dict, (0, 1)),),
    collections.OrderedDict: ((dict, (0, 1)),),
    collections.Counter: ((dict, (0, int)),),
    collections.ChainMap: ((abc.MutableMapping, (0, 1)),),
    str: ((abc.Sequence, (str,)),),
    bytes: ((abc.Sequence, (int,)),),
    bytearray: ((abc.MutableSequence, (int,)),),
    memoryview: ((abc.Sequence, (int,)),),
    range: ((abc.Sequence, (int,)),),
}


def is_alias(annotation: Any) -> bool:
    """Whether this is `type X = …` or a use of it with arguments."""
    return "TypeAliasType" in (type(annotation).__name__, type(get_origin(annotation)).__name__)


def unwrap(annotation: Any) -> Any:
    """The type itself: without Annotated, Final, Required and the like, and with type aliases followed."""
    while True:
        origin = get_origin(annotation)
        if annotation is None:
            return NoneType
        if origin is Annotated or getattr(origin, "_name", None) in _WRAPPERS:
            annotation = get_args(annotation)[0]
        elif is_alias(annotation):
            annotation = follow_alias(annotation)
        else:
            return annotation


def follow_alias(annotation: Any) -> Any:
    """What a type alias stands for, one step further."""
    origin = get_origin(annotation)
    if origin is None:
        return annotation.__value__
    return substitute(origin.__value__, dict(zip(origin.__type_params__, get_args(annotation), strict=False)))


def without_newtype(annotation: Any) -> Any:
    """`unwrap`, and a NewType's underlying type."""
    if type(annotation) is type:  # a plain class, which is what most annotations are
        return annotation
    annotation = unwrap(annotation)
    while isinstance(annotation, NewType):
        annotation = unwrap(annotation.__supertype__)
    return annotation


def is_union(annotation: Any) -> bool:
    """Whether this is `A | B`, Union or Optional."""
    return get_origin(annotation) in (Union, UnionType)


def union_of(types: typing.Iterable[Any]) -> Any:
    """`A | B | …`; Any if one of them is Any or there is none."""
    members = list(types)
    if not members or any(member is Any for member in members):
        return Any
    return Union[tuple(members)]  # noqa: UP007 - the members are known at run time only


def stand_in(variable: typing.TypeVar) -> Any:
    """What a type variable allows: its constraints, its bound, or anything."""
    if variable.__constraints__:
        return union_of(variable.__constraints__)
    return Any if variable.__bound__ is None else variable.__bound__


def parts(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The class and its arguments: (list, (int,)) for `list[int]`, (int, ()) for `int`."""
    if type(annotation) is type:
        return annotation, ()
    origin = get_origin(annotation)
    return (annotation, ()) if origin is None else (origin, get_args(annotation))


def substitute(annotation: Any, types: dict[Any, Any]) -> Any:
    """The annotation with its type variables replaced; those not given become Any."""
    if isinstance(annotation, TypeVar):
        return types.get(annotation, Any)
    parameters = getattr(annotation, "__parameters__", ())
    if not parameters or (isinstance(annotation, type) and get_origin(annotation) is None):
        return annotation
    try:
        return cast("Any", annotation)[tuple(types.get(parameter, Any) for parameter in parameters)]
    except TypeError:
        return Any


def is_namedtuple(cls: Any) -> bool:
    """Whether this is a named tuple's class."""
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


def is_typeddict(cls: Any) -> bool:
    """Whether this is a TypedDict (of typing or typing_extensions)."""
    return isinstance(cls, type) and dict in cls.__mro__ and hasattr(cls, "__required_keys__")


def is_protocol(cls: Any) -> bool:
    """Whether this class is a Protocol itself, not one that implements it."""
    return isinstance(cls, type) and bool(cls.__dict__.get("_is_protocol", False))


def type_parameters(cls: Any) -> tuple[Any, ...]:
    """The type variables of a generic class in order; also of one that inherits `Sequence[T]` without Generic."""
    declared = getattr(cls, "__parameters__", None)
    if declared is not None:
        return tuple(declared)
    parents = getattr(cls, "__dict__", {}).get("__orig_bases__", ())
    return tuple(dict.fromkeys(each for parent in parents for each in getattr(parent, "__parameters__", ())))


def record_names(cls: Any) -> tuple[str, ...]:
    """The fields of a named tuple or dataclass that its constructor takes, in order; () for any other class."""
    if is_namedtuple(cls):
        return tuple(cls._fields)
    if isinstance(cls, type) and is_dataclass(cls):
        return tuple(field.name for field in fields(cls) if field.init)
    return ()


def record_types(cls: Any, arguments: tuple[Any, ...] = ()) -> dict[str, Any]:
    """The fields of a named tuple or dataclass with their types; `arguments` are those of a generic one."""
    types = dict(zip(type_parameters(cls), arguments, strict=False))
    names = record_names(cls)
    hints = class_hints(cls) if names else {}
    return {name: substitute(hints.get(name, Any), types) for name in names}


def tuple_items(annotation: Any) -> tuple[tuple[Any, ...], Any]:
    """A tuple type's items: ((int, str), None) for `tuple[int, str]`, ((), int) for `tuple[int, ...]` or unknown."""
    arguments = view_as(annotation, tuple)
    if arguments == () and annotation not in _BARE_TUPLES and parts(annotation)[0] is tuple:
        return (), None
    if not arguments:
        return (), Any
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return (), arguments[0]
    if any(get_origin(item) is typing.Unpack or getattr(item, "__unpacked__", False) for item in arguments):
        return (), Any
    return arguments, None


def view_as(annotation: Any, ancestor: type) -> tuple[Any, ...] | None:
    """The arguments that a type gives to a generic ancestor of its class: (int,) for `list[int]` as a Sequence.

    None if the class does not name that ancestor, () if it does so without arguments.
    """
    origin, arguments = parts(annotation)
    if origin is ancestor:
        return arguments
    for parent in _parents(origin, arguments):
        found = view_as(parent, ancestor)
        if found is not None:
            return found
    return None


def _parents(origin: Any, arguments: tuple[Any, ...]) -> Iterator[Any]:
    if origin is tuple:
        yield _SEQUENCE[union_of(item for item in arguments if item is not Ellipsis)]
    elif origin is abc.ItemsView and len(arguments) == 2:
        yield _SET[_TUPLE[arguments]]
    elif origin in _STANDARD_PARENTS:
        for parent, positions in _STANDARD_PARENTS[origin]:
            yield _with_arguments(parent, positions, arguments)
    elif isinstance(origin, type):
        yield from _parents_of_class(origin, arguments)


def _parents_of_class(cls: type, arguments: tuple[Any, ...]) -> Iterator[Any]:
    if is_namedtuple(cls):
        yield _TUPLE[tuple(record_types(cls, arguments).values())]
    elif is_typeddict(cls):
        yield abc.Mapping[str, object]
    else:
        types = dict(zip(type_parameters(cls), arguments, strict=False))
        for parent in cls.__dict__.get("__orig_bases__", cls.__bases__):
            yield substitute(parent, types)


def _with_arguments(parent: Any, positions: tuple[Any, ...], arguments: tuple[Any, ...]) -> Any:
    if not positions or any(isinstance(position, int) and position >= len(arguments) for position in positions):
        return parent
    return parent[tuple(arguments[each] if isinstance(each, int) else each for each in positions)]
