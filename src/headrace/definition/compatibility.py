"""Whether a value declared as one type is always acceptable where another is declared: how edges are checked.

Follows the type checkers (PEP 484 and its successors), a little more lenient where only they can know: Any and unsolved
type variables fit, virtual subclasses count, of a protocol's methods only the outputs are compared. Never looks at
values.
"""

import collections.abc as abc
from collections.abc import Callable
from enum import Enum
from types import FunctionType, NoneType
from typing import Any, Literal, Never, NewType, NoReturn, TypeVar, cast, get_args, get_origin

from headrace.definition.annotations import describe
from headrace.definition.generics import (
    is_alias,
    is_protocol,
    is_typeddict,
    is_union,
    parts,
    stand_in,
    tuple_items,
    unwrap,
    view_as,
)
from headrace.definition.structural_types import (
    CONTRAVARIANT,
    COVARIANT,
    Compare,
    call_signature,
    protocol_mismatch,
    typeddict_mismatch,
    variances_of,
)

_FITS = ""
_DEEPEST = 50  # nested pairs of recursive types that are followed before they are taken to fit
_WIDER = {int: (float, complex), float: (complex,)}  # the numeric tower of PEP 484
_READ_ONLY: dict[Any, Any] = {list: abc.Sequence, dict: abc.Mapping, set: abc.Set}

_Pairs = tuple[tuple[Any, Any], ...]
_Rule = Callable[[Any, Any, Compare], str | None]


def is_assignable(source: Any, target: Any) -> bool:
    """Whether a value declared `source` is always acceptable where `target` is declared."""
    return _mismatch(source, target, ()) == _FITS


def explain_mismatch(source: Any, target: Any) -> str:
    """The innermost reason why `source` is not acceptable as `target`, as half a sentence; "" if it is."""
    return _mismatch(source, target, ())


def _mismatch(source: Any, target: Any, seen: _Pairs) -> str:
    if _may_recur(source) or _may_recur(target):
        if (source, target) in seen or len(seen) > _DEEPEST:
            return _FITS
        seen = (*seen, (source, target))
    source, target = unwrap(source), unwrap(target)
    if source == target or _is_open(source) or _is_open(target) or target is object or source in (Never, NoReturn):
        return _FITS

    def compare(inner_source: Any, inner_target: Any) -> str:
        return _mismatch(inner_source, inner_target, seen)

    for rule in _RULES:
        verdict = rule(source, target, compare)
        if verdict is not None:
            return verdict
    return _nominal(source, target, compare)


def _may_recur(annotation: Any) -> bool:
    cls = parts(annotation)[0]
    return is_alias(annotation) or is_typeddict(cls) or is_protocol(cls)


def _is_open(annotation: Any) -> bool:
    """Whether nothing is known of this type: Any, an unresolved reference, a form that only checkers understand."""
    if annotation is Any or annotation is Ellipsis:
        return True
    cls = parts(annotation)[0]
    is_form = cls in (Literal, Never, NoReturn) or is_union(annotation)
    return not (is_form or isinstance(cls, type | TypeVar | NewType))


def _union_as_source(source: Any, target: Any, compare: Compare) -> str | None:
    members: tuple[Any, ...] = ()
    if is_union(source):
        members = get_args(source)
    elif get_origin(source) is Literal and len(get_args(source)) > 1:
        members = tuple(Literal[value] for value in get_args(source))
    for member in members:
        reason = compare(member, target)
        if reason:
            return f"it may be None, which {describe(target)} does not take" if member is NoneType else reason
    return _FITS if members else None


def _union_as_target(source: Any, target: Any, compare: Compare) -> str | None:
    if not is_union(target) or isinstance(source, TypeVar):
        return None
    reasons = [compare(source, member) for member in get_args(target)]
    if _FITS in reasons:
        return _FITS
    whole = _all_values(source)
    if whole is not None and _union_as_source(whole, target, compare) == _FITS:
        return _FITS
    others = [reason for member, reason in zip(get_args(target), reasons, strict=True) if member is not NoneType]
    return others[0] if len(others) == 1 else f"{describe(source)} is none of {describe(target)}"


def _all_values(source: Any) -> Any | None:
    """A bool or an enum as the Literal of all its values."""
    values: tuple[object, ...] = ()
    if source is bool:
        values = (True, False)
    elif isinstance(source, type) and issubclass(source, Enum):
        values = tuple(source)
    return cast("Any", Literal)[values] if values else None


def _type_variable(source: Any, target: Any, compare: Compare) -> str | None:
    if isinstance(target, TypeVar):
        return compare(source, stand_in(target))
    if isinstance(source, TypeVar):  # its solution may be narrower than its bound, so either direction is good enough
        allowed = stand_in(source)
        members = get_args(allowed) if is_union(allowed) else (allowed,)
        reasons = [compare(member, target) and compare(target, member) for member in members]
        return _FITS if _FITS in reasons else reasons[0]
    return None


def _new_type(source: Any, target: Any, compare: Compare) -> str | None:
    if isinstance(source, NewType):
        return compare(source.__supertype__, target)
    if isinstance(target, NewType):
        return f"{describe(source)} is not {describe(target)}: only {describe(target)}(…) makes one"
    return None


def _literal(source: Any, target: Any, compare: Compare) -> str | None:
    if get_origin(source) is Literal:
        value = get_args(source)[0]
        if get_origin(target) is not Literal:
            return compare(type(value), target)
        allowed = [(type(option), option) for option in get_args(target)]
        return _FITS if (type(value), value) in allowed else f"{value!r} is none of {describe(target)}"
    if get_origin(target) is not Literal:
        return None
    whole = _all_values(source)
    if source is NoneType and None in get_args(target):
        return _FITS
    if whole is not None and _union_as_source(whole, target, compare) == _FITS:
        return _FITS
    return f"{describe(source)} may be something else than {describe(target)}"


def _callable(source: Any, target: Any, compare: Compare) -> str | None:
    (given, given_arguments), (wanted, wanted_arguments) = parts(source), parts(target)
    if given is abc.Callable:
        if wanted is abc.Callable:
            return _signatures(given_arguments, wanted_arguments, compare)
        return compare(FunctionType, target)
    if wanted is not abc.Callable:
        return None
    if given is type and given_arguments and wanted_arguments:
        return compare(given_arguments[0], wanted_arguments[-1])
    if not issubclass(given, abc.Callable):
        return f"{describe(source)} cannot be called"
    return _signatures(call_signature(given), wanted_arguments, compare)


def _signatures(given: tuple[Any, ...], wanted: tuple[Any, ...], compare: Compare) -> str:
    if not given or not wanted:
        return _FITS
    takes, gets = given[0], wanted[0]
    if isinstance(takes, list) and isinstance(gets, list):
        if len(takes) != len(gets):
            return f"it takes {len(takes)} arguments, and it will be called with {len(gets)}"
        for position, (own, coming) in enumerate(zip(takes, gets, strict=True)):
            reason = compare(coming, own)
            if reason:
                return f"argument {position}: {reason}"
    reason = compare(given[-1], wanted[-1])
    return f"what it returns: {reason}" if reason else _FITS


def _class_object(source: Any, target: Any, compare: Compare) -> str | None:
    (given, given_arguments), (wanted, wanted_arguments) = parts(source), parts(target)
    if given is not type or source is type:
        return None
    if wanted is type and wanted_arguments:
        return compare(given_arguments[0], wanted_arguments[0])
    described = unwrap(given_arguments[0])
    return compare(type(described) if isinstance(described, type) else type, target)


def _typed_dict(source: Any, target: Any, compare: Compare) -> str | None:
    given, wanted = parts(source)[0], parts(target)[0]
    if is_typeddict(given) and is_typeddict(wanted):
        return _FITS if wanted in getattr(given, "__orig_bases__", ()) else typeddict_mismatch(source, target, compare)
    if is_typeddict(wanted):
        return f"{describe(source)} is not {describe(target)}: its keys are not known"
    if is_typeddict(given):
        return compare(abc.Mapping[str, object], target)
    return None


def _tuple(source: Any, target: Any, compare: Compare) -> str | None:
    given, wanted = parts(source)[0], parts(target)[0]
    if wanted is not tuple or not isinstance(given, type) or not issubclass(given, tuple):
        return None
    (items, rest), (slots, more) = tuple_items(source), tuple_items(target)
    if more is not None:
        slots = (more,) * (len(items) if rest is None else 1)
        items = items if rest is None else (rest,)
    elif rest is not None:
        return _FITS if rest is Any else f"{describe(source)} may have any length, {describe(target)} has one"
    if len(items) != len(slots):
        return (
            f"{describe(source)} has {len(items)} element{'s' * (len(items) != 1)}, {describe(target)} has {len(slots)}"
        )
    for position, (item, slot) in enumerate(zip(items, slots, strict=True)):
        reason = compare(item, slot)
        if reason:
            return f"element {position}: {reason}"
    return _FITS


def _protocol(source: Any, target: Any, compare: Compare) -> str | None:
    given, protocol = parts(source)[0], parts(target)[0]
    if not is_protocol(protocol) or protocol in given.__mro__:
        return None
    return protocol_mismatch(source, target, compare)


def _nominal(source: Any, target: Any, compare: Compare) -> str:
    given, (wanted, arguments) = parts(source)[0], parts(target)
    if any(wanted in wider for narrow, wider in _WIDER.items() if issubclass(given, narrow)):
        return _FITS
    if not _is_subclass(given, wanted):
        return _names_differ(source, target)
    own = view_as(source, wanted)
    if not own or not arguments:
        return _FITS
    for item, slot, variance in zip(own, arguments, variances_of(wanted), strict=False):
        reason = "" if variance == CONTRAVARIANT else compare(item, slot)
        back = "" if variance == COVARIANT else compare(slot, item)
        if reason:
            return reason
        if back:
            return _names_differ(source, target) + _remedy(source, target, compare)
    return _FITS


def _is_subclass(given: type, wanted: type) -> bool:
    try:
        return issubclass(given, wanted)
    except TypeError:  # a class whose metaclass refuses the question
        return wanted in given.__mro__


def _names_differ(source: Any, target: Any) -> str:
    given, wanted = describe(source), describe(target)
    if given == wanted:
        given, wanted = (f"{parts(each)[0].__module__}.{describe(each)}" for each in (source, target))
    return f"{given} is not {wanted}"


def _remedy(source: Any, target: Any, compare: Compare) -> str:
    container, arguments = parts(target)
    if container in _READ_ONLY:
        readable = _READ_ONLY[container][arguments]
        if compare(source, readable) == _FITS:
            return f", because a {container.__name__} may be changed; declare the input as {describe(readable)}"
    return ", because the types in brackets have to be exactly the same"


_RULES: tuple[_Rule, ...] = (
    _type_variable,
    _union_as_source,
    _union_as_target,
    _new_type,
    _literal,
    _callable,
    _class_object,
    _typed_dict,
    _tuple,
    _protocol,
)
