"""Conditions on runs, decided in memory as a database decides them."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from headrace.core.errors import UnknownNameError, UsageError
from headrace.core.parts import comparable
from headrace.core.values import Value
from headrace.ports.records import RUN_FIELDS, Condition, RunRecord

Kind = Literal["field", "metrics", "parameters"]
_LOGGED: tuple[Kind, ...] = ("metrics", "parameters")

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """A run, its last value of each metric, and its parameters."""

    run: RunRecord
    metrics: Mapping[str, float]
    parameters: Mapping[str, Value]


def meaning(condition: Condition, facts: Sequence[Facts]) -> tuple[Kind, str]:
    """What a condition's name means among these runs.

    Raises UnknownNameError, and UsageError for a time, a duration or a metric compared with a text.
    """
    name = condition.name
    said: Kind | None = next((kind for kind in _LOGGED if name.startswith(f"{kind}.")), None)
    if said is None and name in RUN_FIELDS:
        _fitting(condition)
        return "field", name
    kinds: tuple[Kind, ...] = _LOGGED if said is None else (said,)
    name = name.removeprefix(f"{said}.")
    for kind in kinds:
        if any(name in getattr(each, kind) for each in facts):
            if kind == "metrics" and isinstance(condition.operand, str):
                raise _not_comparable(condition)
            return kind, name
    known = {key for each in facts for kind in kinds for key in getattr(each, kind)}
    what = "metric, parameter or field" if said is None else said.removesuffix("s")
    raise UnknownNameError(what, name, known=known | set(() if said else RUN_FIELDS))


def satisfies(facts: Facts, condition: Condition, means: tuple[Kind, str]) -> bool:
    """Whether a run fulfils a condition."""
    kind, name = means
    operand = condition.operand
    if kind == "field":
        found, operand = _field(facts.run, name), _fitting(condition)
    elif kind == "metrics":
        found = facts.metrics.get(name)
    else:
        number, word = comparable(facts.parameters[name]) if name in facts.parameters else (None, None)
        found = word if isinstance(operand, str) else number
    is_nan = found != found
    return found is not None and not is_nan and _OPERATORS[condition.operator](found, operand)


def _field(run: RunRecord, name: str) -> float | str | None:
    if name == "duration":
        return None if run.finished_at is None or run.started_at is None else run.finished_at - run.started_at
    if name in ("created", "started", "finished"):
        found: float | None = getattr(run, f"{name}_at")
        return found
    return str(getattr(run, name))


def _fitting(condition: Condition) -> float | str:
    kind, operand = RUN_FIELDS[condition.name], condition.operand
    if kind == "text":
        return operand if isinstance(operand, str) else f"{operand:g}"
    if isinstance(operand, str):
        raise _not_comparable(condition)
    return operand


def _not_comparable(condition: Condition) -> UsageError:
    return UsageError(f"{condition.name!r} is a number and cannot be compared with the text {condition.operand!r}.")
