"""Values given for parameters: checked and brought to the declared type once, from Python and from text.

No step loses anything: `1` becomes `1.0` where a float is declared, but "1" is no int, nor is `True` or `1.0`. Only
what the command line gives is read as text. Any value that does not fit ends in a ParameterError.
"""

import collections.abc as abc
import json
from enum import Enum, Flag
from types import NoneType
from typing import Any, Literal, TypeVar, cast, get_args

from headrace.core.errors import DefinitionError
from headrace.definition.compatibility import is_assignable
from headrace.definition.containers import container_reader, fit_record, fit_typeddict
from headrace.definition.examples import Mode, choices_of, said, shown, takes
from headrace.definition.generics import (
    is_protocol,
    is_typeddict,
    is_union,
    parts,
    record_names,
    stand_in,
    without_newtype,
)
from headrace.definition.misfits import Misfit, Place, nearest
from headrace.definition.parameter_errors import ParameterTextError, ParameterValueError
from headrace.definition.scalars import Scalar, scalar_of, scalar_parent
from headrace.definition.structural_types import protocol_members
from headrace.definition.text_forms import NONE_WORDS, read_json


def coerce(value: object, annotation: Any, *, where: str) -> object:
    """The value as the declared type has it; raises ParameterValueError. `where` names parameter and pipeline.

    Dates, times, durations, decimals, UUIDs, paths and enums may be given as text, records as dicts; containers are
    built anew and their elements brought to their types. What has no text of its own (a DataFrame) only has to be an
    instance of its class. Coercing twice changes nothing.
    """
    return _read(value, annotation, where=where, mode="python")


def coerce_json(value: object, annotation: Any, *, where: str) -> object:
    """The same for data read from JSON, TOML or a request: the keys of its objects are texts and read as such."""
    return _read(value, annotation, where=where, mode="json")


def coerce_text(text: str, annotation: Any, *, where: str) -> object:
    """The value that a text on the command line stands for; raises ParameterTextError.

    Lists are written `a,b` or as JSON, records and dicts `a=1,b=x` or as JSON, None as `none`, `null` or nothing, bools
    as yes, no, true, false, on, off, 1, 0, enums by value or name. In `str | None`, `"none"` in double quotes is a
    text. Without a declared type, JSON is read as such and all else is a text.
    """
    return _read(text, annotation, where=where, mode="text")


def conforms(value: object, annotation: Any) -> bool:
    """Whether a value may stand where a type is declared as it is, without any conversion.

    As type checkers judge it: `1` conforms to float, but "2013-04-01" to no date. A text is no list of texts here.
    """
    try:
        fit(value, annotation, Place("", "exact", fit))
    except DefinitionError:
        raise
    except Exception:  # noqa: BLE001 - what cannot be looked at conforms to nothing
        return False
    return True


def _read(value: object, annotation: Any, *, where: str, mode: Mode) -> object:
    try:
        return fit(value, annotation, Place("", mode, fit))
    except Misfit as misfit:
        found = misfit
    except DefinitionError:  # the annotation itself cannot be read
        raise
    except RecursionError:
        found = Misfit(value, annotation, Place("", mode, fit), why="it is nested too deeply")
    except Exception as error:  # noqa: BLE001 - a value may do anything when looked at; the caller gets one family
        found = Misfit(value, annotation, Place("", mode, fit), why=f"it cannot be read: {said(error)}")
    error_type = ParameterTextError if mode == "text" else ParameterValueError
    words = takes(found.annotation, found.place.mode)
    raise error_type(where, found.place.path, shown(found.value), why=found.why, takes=words) from found.__cause__


def fit(value: Any, annotation: Any, place: Place) -> Any:
    """The value of a place as the declared type has it, its members read by `place.read`; raises Misfit."""
    annotation = without_newtype(annotation)
    origin = parts(annotation)[0]
    scalar = scalar_of(origin)
    if scalar is not None:
        return _scalar(value, annotation, place, scalar=scalar)
    if is_union(annotation):
        return _union_of_text(value, annotation, place) if place.mode == "text" else _union(value, annotation, place)
    if origin is Literal:
        return _literal(value, annotation, place)
    if isinstance(annotation, TypeVar):
        return place.fit(value, stand_in(annotation))
    if not isinstance(origin, type) or origin in (Any, object):
        return _anything(value, place) if origin is not abc.Callable else _instance(value, annotation, place)
    return _class(value, annotation, place)


def _class(value: Any, annotation: Any, place: Place) -> Any:
    origin = parts(annotation)[0]
    if place.mode == "exact" and not is_typeddict(origin) and not _is_instance(value, annotation):
        raise Misfit(value, annotation, place, why="it is of another type")
    read = container_reader(origin)
    if read is not None:
        return read(value, annotation, place)
    if origin is NoneType:
        return _none(value, annotation, place)
    if issubclass(origin, Enum):
        return _enum(value, origin, place)
    if is_typeddict(origin):
        return fit_typeddict(value, annotation, place)
    if record_names(origin):
        return fit_record(value, annotation, place)
    return _instance(value, annotation, place)


def _scalar(value: Any, annotation: Any, place: Place, *, scalar: Scalar) -> Any:
    if place.mode == "exact" and not is_assignable(type(value), annotation):
        raise Misfit(value, annotation, place, why="it is of another type")
    if place.mode == "exact":
        return value
    try:
        if place.mode == "text" and scalar.read_text is not None:
            value = scalar.read_text(value)
        return scalar.read(parts(annotation)[0], value)
    except Exception as error:  # noqa: BLE001 - a value may pose as a number
        raise Misfit(value, annotation, place, why=said(error)) from None


def _made(value: Any, annotation: Any, place: Place) -> Any:
    try:
        return parts(annotation)[0](value)
    except Exception as error:  # noqa: BLE001 - the class is the user's
        raise Misfit(value, annotation, place, why=said(error)) from None


def _anything(value: Any, place: Place) -> Any:
    if place.mode != "text":
        return value
    try:
        return read_json(value)
    except ValueError:
        return fit(value, str, place)


def _none(value: Any, annotation: Any, place: Place) -> None:
    if value is None or (place.mode == "text" and value.strip().lower() in NONE_WORDS):
        return
    raise Misfit(value, annotation, place, why="it is not None")


def _literal(value: Any, annotation: Any, place: Place) -> Any:
    options = get_args(annotation)
    for option in options:
        if value is option or (type(value) is type(option) and value == option):
            return option
    written = [option for option in options if _stands_for(value, option, place)]
    exact = [option for option in written if str(option) == value]
    if written:
        return (exact or written)[0]
    raise Misfit(value, annotation, place, why=f"it is none of them{nearest(value, choices_of(annotation))}")


def _stands_for(value: Any, option: Any, place: Place) -> bool:
    if place.mode == "exact" or (place.mode != "text" and not isinstance(option, Enum)):
        return False
    try:
        return bool(fit(value, type(option), place) == option)
    except Misfit:
        return False


def _enum(value: Any, cls: type[Enum], place: Place) -> Enum:
    if isinstance(value, cls):
        return value
    for member in cls:
        own = member.value
        if (type(own) is type(value) and own == value) or (place.mode == "text" and str(own) == value.strip()):
            return member
    if isinstance(value, str) and value.strip() in cls.__members__:
        return cls.__members__[value.strip()]
    if issubclass(cls, Flag):
        return _flag(value, cls, place)
    if not isinstance(value, bool) and "_missing_" in vars(cls):
        return cast("Enum", _made(value, cls, place))
    raise Misfit(value, cls, place, why=f"it is none of them{nearest(value, choices_of(cls))}")


def _flag(value: Any, cls: type[Flag], place: Place) -> Flag:
    if type(value) is int:
        return cast("Flag", _made(value, cls, place))
    names = [name.strip() for name in value.split("|")] if isinstance(value, str) else []
    if not names or any(name not in cls.__members__ for name in names):
        raise Misfit(value, cls, place, why="it is none of them, nor several joined by |")
    combined = cls(0)
    for name in names:
        combined |= cls[name]
    return combined


def _instance(value: Any, annotation: Any, place: Place) -> Any:
    origin, arguments = parts(annotation)
    if place.mode == "text":
        return _instance_from_text(value, annotation, place)
    if not _is_instance(value, annotation):
        raise Misfit(value, annotation, place, why=f"it is of type {type(value).__name__}")
    if origin is type and arguments and not is_assignable(type[value], annotation):
        raise Misfit(value, annotation, place, why="it is another class")
    wanted, given = _element_class(arguments), getattr(getattr(value, "dtype", None), "type", None)
    if isinstance(wanted, type) and isinstance(given, type) and not issubclass(given, wanted):
        raise Misfit(value, annotation, place, why=f"its elements are {given.__name__}")
    return value


def _is_instance(value: Any, annotation: Any) -> bool:
    origin = parts(annotation)[0]
    if is_protocol(origin):
        return all(hasattr(value, name) for name in protocol_members(origin))
    return isinstance(value, origin)


def _element_class(arguments: tuple[Any, ...]) -> Any:
    """The scalar class in `ndarray[shape, dtype[float64]]`."""
    inner = get_args(arguments[-1]) if arguments else ()
    return parts(inner[0])[0] if inner else None


def _instance_from_text(value: str, annotation: Any, place: Place) -> Any:
    cls = parts(annotation)[0]
    parent = scalar_parent(cls)
    if parent is None:
        why = "a value of this type cannot be written as text; give it from Python"
        raise Misfit(value, annotation, place, why=why)
    inner = place.fit(value, parent)
    return _made(inner, annotation, place)


def _union(value: Any, annotation: Any, place: Place) -> Any:
    members = sorted(get_args(annotation), key=lambda member: _distance(value, member))
    fitting: list[Any] = []
    misfits: list[Misfit] = []
    for member in members:
        try:
            fitted = place.fit(value, member)
        except Misfit as misfit:
            misfits.append(misfit)
            continue
        if _distance(value, member) < _FAR:
            return fitted
        fitting.append(fitted)
    if fitting:
        return _as_written(value, fitting)
    raise _best(misfits, value, annotation, place=place)


_FAR = 2


def _distance(value: object, annotation: Any) -> int:
    """0: the value's own class is declared; 1: an ancestor of it; 2: it would have to be brought to this type."""
    annotation = without_newtype(annotation)
    origin, arguments = parts(annotation)
    if is_union(annotation):
        return min(_distance(value, member) for member in arguments)
    if origin is Literal:
        return 0 if any(type(option) is type(value) and option == value for option in arguments) else _FAR
    if origin is type(value):
        return 0
    try:
        return 1 if isinstance(value, origin) else _FAR
    except TypeError:
        return _FAR


def _as_written(value: object, fitting: list[Any]) -> Any:
    """Of several readings of a text the one that is written like it: `2013-04-01` is a date before it is a moment."""
    return next((each for each in fitting if isinstance(value, str) and str(each) == value.strip()), fitting[0])


def _best(misfits: list[Misfit], value: object, annotation: Any, *, place: Place) -> Misfit:
    """The reason of the only candidate, or of the one that came furthest into the value."""
    misfits = [misfit for misfit in misfits if without_newtype(misfit.annotation) is not NoneType]
    deep = [misfit for misfit in misfits if len(misfit.place.path) > len(place.path)]
    if len(deep) == 1:
        return deep[0]
    why = misfits[0].why if len(misfits) == 1 else "it fits none of them"
    return Misfit(value, annotation, place, why=why)


def _union_of_text(text: str, annotation: Any, place: Place) -> Any:
    members = _flat(annotation)
    choices = [each for each in members if _is_choice(each)]
    texts = [each for each in members if each is Any or parts(each)[0] in (str, object)]
    others = [each for each in members if each not in (*choices, *texts, NoneType)]
    if texts and not set(text) & set(",[{="):
        others = [each for each in others if container_reader(parts(each)[0]) is None]
    fitting, misfits = _readings(text, choices, place)
    if fitting:
        return fitting[0]
    if NoneType in members and text.strip().lower() in NONE_WORDS:
        return None
    fitting, more = _readings(text, others, place)
    if fitting:
        return _as_written(text, fitting)
    if texts:
        return place.fit(_without_quotes(text), texts[0])  # with them, "3" and "none" are texts, too
    raise _best(misfits + more, text, annotation, place=place)


def _flat(annotation: Any) -> list[Any]:
    annotation = without_newtype(annotation)
    if not is_union(annotation):
        return [annotation]
    return [each for member in get_args(annotation) for each in _flat(member)]


def _is_choice(annotation: Any) -> bool:
    origin = parts(annotation)[0]
    return origin is Literal or (isinstance(origin, type) and issubclass(origin, Enum))


def _readings(text: str, members: list[Any], place: Place) -> tuple[list[Any], list[Misfit]]:
    fitting: list[Any] = []
    misfits: list[Misfit] = []
    for member in members:
        try:
            fitting.append(place.fit(text, member))
        except Misfit as misfit:
            misfits.append(misfit)
    return fitting, misfits


def _without_quotes(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            return text
    return text
