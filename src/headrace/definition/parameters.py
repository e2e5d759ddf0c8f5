"""The parameters of a run: given by position and name from Python, or as text on a command line."""

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.core.canonical import NotCanonicalError, canonical
from headrace.core.values import InlineValue, Value
from headrace.definition.annotations import describe, is_static, strip_static
from headrace.definition.coercion import coerce, coerce_json, coerce_text
from headrace.definition.errors import (
    ArgumentsError,
    MissingParameterError,
    StaticValueError,
    UnknownParameterError,
)
from headrace.definition.functions import Declared, Input
from headrace.definition.pipelines import Pipeline


class BoundParameters:
    """A value for every parameter of a pipeline, brought to its declared type; defaults are filled in.

    `values` holds those with a canonical text, `objects` the rest as they are (a DataFrame in hand), which has to be
    stored as an artifact before it is a value. `static` holds the `hr.Static` ones as Python objects, for `trace`;
    they stand in `values` too.
    """

    __slots__ = ("objects", "static", "values")

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.objects: dict[str, object] = {}
        self.static: dict[str, object] = {}


def bind(
    pipeline: Pipeline[..., Any], args: Sequence[object] = (), kwargs: Mapping[str, object] | None = None
) -> BoundParameters:
    """The parameters of a run from the arguments of a call; raises ParameterError or ArgumentsError."""
    declared = pipeline.declared
    given = dict(kwargs or {})
    _refuse_unknown(pipeline, given)
    positional = [entry.name for entry in declared.inputs if entry.takes_position]
    if len(args) > len(positional):
        raise ArgumentsError(
            f"Pipeline {pipeline.name!r} takes {len(positional)} arguments by position and gets {len(args)}."
        )
    for name, value in zip(positional, args, strict=False):
        if name in given:
            raise ArgumentsError(f"Pipeline {pipeline.name!r} gets {name!r} twice: by position and by name.")
        given[name] = value
    return _bound(pipeline, given)


def parse(
    pipeline: Pipeline[..., Any], texts: Mapping[str, str], given: Mapping[str, object] | None = None
) -> BoundParameters:
    """The parameters of a run from texts (`-p name=text`), over values `given` by a file; raises ParameterError.

    What a file gives is data of JSON or TOML: the keys of its objects are texts, and read as their declared type.
    """
    told = dict(given or {})
    _refuse_unknown(pipeline, {**told, **texts})
    read: dict[str, object] = {}
    for entry in pipeline.declared.inputs:
        name, annotation, where = entry.name, strip_static(entry.annotation), _where(pipeline, entry.name)
        if name in texts:
            read[name] = coerce_text(texts[name], annotation, where=where)
        elif name in told:
            read[name] = coerce_json(told[name], annotation, where=where)
    return _bound(pipeline, read)


def _bound(pipeline: Pipeline[..., Any], given: Mapping[str, object]) -> BoundParameters:
    declared = pipeline.declared
    missing = [entry for entry in declared.inputs if entry.name not in given and not entry.has_default]
    if missing:
        raise MissingParameterError(pipeline.name, [(entry.name, _annotation_text(entry)) for entry in missing])
    bound = BoundParameters()
    for entry in declared.inputs:
        value = _value(pipeline, entry, given)
        try:
            bound.values[entry.name] = InlineValue(canonical(value))
        except NotCanonicalError as error:
            _refuse_static_object(pipeline, entry, error)
            bound.objects[entry.name] = value
        if is_static(entry.annotation):
            bound.static[entry.name] = value
    return bound


def _value(pipeline: Pipeline[..., Any], entry: Input, given: Mapping[str, object]) -> object:
    # a default like any other value: `x: float = 4` is the 4.0 that somebody else gives
    value = given.get(entry.name, entry.default)
    return coerce(value, strip_static(entry.annotation), where=_where(pipeline, entry.name))


def _annotation_text(entry: Input) -> str:
    return describe(strip_static(entry.annotation)) if entry.is_annotated else ""


def _where(pipeline: Pipeline[..., Any], name: str) -> str:
    return f"parameter {name!r} of pipeline {pipeline.name!r}"


def _refuse_unknown(pipeline: Pipeline[..., Any], given: Mapping[str, object]) -> None:
    names = _names(pipeline.declared)
    for name in given:
        if name not in names:
            raise UnknownParameterError(pipeline.name, name, names)


def _names(declared: Declared) -> list[str]:
    return [entry.name for entry in declared.inputs]


def _refuse_static_object(pipeline: Pipeline[..., Any], entry: Input, error: NotCanonicalError) -> None:
    if is_static(entry.annotation):
        raise StaticValueError(
            f"Parameter {entry.name!r} of pipeline {pipeline.name!r} is hr.Static, so its value becomes part of the "
            f"graph, but a {error.python_type.__qualname__} has no canonical bytes. Declare it without hr.Static."
        ) from None
