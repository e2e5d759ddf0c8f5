"""Whether a value of a run holds to the type that is declared for it, and if not, how it differs, in words.

Judged as `coercion.conforms` judges constants, but for what only occurs in runs: NumPy's scalars stand for the numbers
that they are, a class that was defined anew under its name (a notebook's cell) is the same class, a plain frame is a
frame of a schema. Of long containers only the beginning is looked at.
"""

from typing import Any

from headrace.core.errors import DefinitionError
from headrace.definition.annotations import describe
from headrace.definition.coercion import fit
from headrace.definition.examples import shown
from headrace.definition.generics import is_protocol, parts, record_names, record_types, without_newtype
from headrace.definition.misfits import Misfit, Place

_JUDGED_INSIDE = ("builtins", "typing", "collections", "collections.abc", "types")


def difference(value: object, annotation: Any) -> str:
    """`is declared int, but is 'abc' (str)`; "" if the value holds to the annotation.

    The fields of a named tuple or dataclass are outputs of their own and judged one by one. An annotation that cannot
    be read promises nothing.
    """
    try:
        _fit(value, annotation, Place("", "exact", _fit))
        _fit_fields(value, annotation)
    except Misfit as misfit:
        return _said(misfit, annotation)
    except DefinitionError:
        return ""
    except Exception:  # noqa: BLE001 - a value may do anything when looked at; that alone breaks no promise
        return ""
    return ""


def _fit_fields(value: object, annotation: Any) -> None:
    cls, arguments = parts(without_newtype(annotation))
    if not record_names(cls):
        return
    defaults = getattr(cls, "_field_defaults", vars(cls))
    for name, declared in record_types(cls, arguments).items():
        field = getattr(value, name)
        if field is None and defaults.get(name, ...) is None:  # `x: int = None` says less than it means
            continue
        _fit(field, declared, Place(f".{name}", "exact", _fit))


def _fit(value: Any, annotation: Any, place: Place) -> Any:
    if _is_of_a_class_like(value, annotation) or _is_of_a_library_s_own_making(value, annotation):
        return value
    number = value.item() if _is_numpy_scalar(value) else value
    if number is not value and _fits(number, annotation, place):
        return value
    return fit(value, annotation, place)


def _is_of_a_class_like(value: object, annotation: Any) -> bool:
    origin, arguments = parts(without_newtype(annotation))
    if not isinstance(origin, type) or origin.__module__ in _JUDGED_INSIDE or is_protocol(origin):
        return False
    names = (origin.__module__, origin.__qualname__)
    if any((cls.__module__, cls.__qualname__) == names for cls in type(value).__mro__):
        return True
    # `DataFrame[Schema]`: the brackets promise more than the class of any value shows
    return bool(arguments) and type(value).__module__ not in _JUDGED_INSIDE and issubclass(origin, type(value))


def _is_of_a_library_s_own_making(value: object, annotation: Any) -> bool:
    """What only the libraries can judge: `npt.ArrayLike` and its parts, a Series as an iterable of numbers."""
    origin, _ = parts(without_newtype(annotation))
    if "numpy._typing" in repr(annotation):
        return True
    is_abstract = isinstance(origin, type) and origin.__module__ == "collections.abc"
    return is_abstract and type(value).__module__ not in _JUDGED_INSIDE and isinstance(value, origin)


def _is_numpy_scalar(value: object) -> bool:
    return type(value).__module__ == "numpy" and hasattr(value, "item") and getattr(value, "shape", None) == ()


def _fits(value: Any, annotation: Any, place: Place) -> bool:
    try:
        fit(value, annotation, place)
    except Misfit:
        return False
    return True


def _said(misfit: Misfit, annotation: Any) -> str:
    of = f"{shown(misfit.value)} ({type(misfit.value).__qualname__})"
    why = "" if misfit.why.startswith("it is of ") else f": {misfit.why}"
    if not misfit.place.path:
        return f"is declared {describe(annotation)}, but is {of}{why}"
    inner = describe(misfit.annotation)
    return f"is declared {describe(annotation)}, but at {misfit.place.path.lstrip('.')} is {of}, not {inner}{why}"
