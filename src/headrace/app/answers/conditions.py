"""Conditions as people type them: `auc > 0.7`, `state = failed`, `started >= 2026-11-01`, `duration > 1h30m`."""

import math
import re
from datetime import datetime
from typing import Literal, cast

from headrace.core.errors import UsageError, near
from headrace.core.states import State
from headrace.ports.records import RUN_FIELDS, Condition

Operator = Literal["=", "!=", "<", "<=", ">", ">="]

_CONDITION = re.compile(
    r"""\s*(?P<name>"[^"]+"|'[^']+'|[^\s=!<>"']+)\s*(?P<operator>==|!=|<>|<=|>=|=|<|>)\s*(?P<value>.*?)\s*""", re.DOTALL
)
_QUOTED = re.compile(r"""(?P<mark>["'])(?P<text>.*)(?P=mark)""", re.DOTALL)
_SPAN = re.compile(r"(?:(?P<d>[\d.]+)d)?\s*(?:(?P<h>[\d.]+)h)?\s*(?:(?P<m>[\d.]+)m)?\s*(?:(?P<s>[\d.]+)s?)?")
_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_SAME = {"==": "=", "<>": "!="}
_AS_IN_PYTHON = ("True", "False", "None")
_JOINED = re.compile(r"\s(?:and|or|&&|\|\|)\s", re.IGNORECASE)


class BadConditionError(UsageError):
    """A text is no condition."""

    code = "usage.condition"

    def __init__(self, text: str, problem: str) -> None:
        self.text, self.problem = text, problem
        super().__init__(
            f"{text!r} is no condition: {problem}. Write a name, an operator (= != < <= > >=) and a value, "
            f"for example 'auc > 0.7', 'state = failed' or 'started >= 2026-11-01'."
        )


def parse_condition(text: str) -> Condition:
    """A condition from its text; raises BadConditionError.

    The name is a field of a run, a metric or a parameter; one with spaces or operators in it stands in quotes. The
    value is a number if it looks like one, otherwise a text; in quotes it is always a text. Times are ISO dates (of
    this machine's time zone) or unix seconds, durations seconds or `1d2h3m4s`.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise BadConditionError(text, _why(text))
    name, value = _unquoted(match["name"]), match["value"]
    if not value:
        raise BadConditionError(text, f"nothing stands after {match['operator']!r}")
    operator = cast("Operator", _SAME.get(match["operator"], match["operator"]))
    return Condition(name, operator, _operand(text, name, value))


def _why(text: str) -> str:
    if not text.strip():
        return "it is empty"
    if not re.search(r"[=<>]", text):
        return "it has no operator (in a shell, put all of it in quotes: it takes > for the name of a file)"
    return "it does not begin with a name"


def _operand(text: str, name: str, value: str) -> float | str:
    quoted = _QUOTED.fullmatch(value)
    if quoted is None and _JOINED.search(value):
        raise BadConditionError(text, "it is more than one; give each on its own, they all have to hold")
    plain = value if quoted is None else quoted["text"]
    match RUN_FIELDS.get(name):
        case "text":
            if name == "state" and plain not in (states := [state.value for state in State]):
                raise BadConditionError(text, f"there is no state {plain!r}{near(plain, states)}")
            return plain
        case "time":
            return _time(text, plain)
        case "seconds":
            return _duration(text, plain)
        case None:
            return plain if quoted else _number_or_text(text, plain)


def _number_or_text(text: str, value: str) -> float | str:
    try:
        number = float(value)
    except ValueError:
        return value.lower() if value in _AS_IN_PYTHON else value
    if math.isnan(number):
        raise BadConditionError(text, "nothing compares with what is not a number")
    return number


def _time(text: str, value: str) -> float:
    try:
        return datetime.fromisoformat(value).astimezone().timestamp()
    except (ValueError, OverflowError):
        pass
    try:
        return float(value)
    except ValueError:
        raise BadConditionError(text, f"{value!r} is no time (2026-11-01, '2026-11-01 14:30')") from None


def _duration(text: str, value: str) -> float:
    match = _SPAN.fullmatch(value)
    try:
        parts = {unit: float(number) for unit, number in match.groupdict().items() if number} if match else {}
    except ValueError:
        parts = {}
    if not parts:
        raise BadConditionError(text, f"{value!r} is no duration (90, 90s, 5m, 1h30m)")
    return sum(number * _SECONDS[unit] for unit, number in parts.items())


def _unquoted(name: str) -> str:
    return name[1:-1] if name[0] in "\"'" else name
