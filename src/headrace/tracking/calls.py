"""The calls with which a step logs: metrics, parameters, figures, texts, tables.

Outside a run they do nothing but check what they were given, so that a plain call fails as the run would.
"""

import math
from collections.abc import Mapping
from types import ModuleType
from typing import SupportsFloat, SupportsIndex, cast

from headrace.core.canonical import NotCanonicalError, canonical
from headrace.core.values import InlineValue
from headrace.tracking.current import current_buffer
from headrace.tracking.errors import BadLoggedValueError, BadMetricError, BadNameError, NotAMappingError
from headrace.tracking.figures import figures_of

LONGEST_NAME = 250
LONGEST_PARAMETER = 10_000

_SCALARS = (str, bytes, bool, int, float, complex, type(None))

_Number = SupportsFloat | SupportsIndex


def log_metric(name: str, value: _Number, step: _Number | None = None) -> None:
    """Log one point of a metric: a number (NaN and infinities too), at a step (epoch, batch) or just once.

    Whatever turns into a float counts as a number: also a NumPy scalar or a tensor of one element. A step is finite.

    Raises BadNameError, and BadMetricError for a text or anything else that is no number.
    """
    _check_name("hr.log_metric", name)
    number = _number("hr.log_metric", name, value)
    at_step = None if step is None else _step("hr.log_metric", name, step)
    buffer = current_buffer()
    if buffer is not None:
        buffer.add_metric(name, number, at_step)


def log_metrics(metrics: Mapping[str, _Number], step: _Number | None = None) -> None:
    """Log several metrics at one step; all are checked before the first is logged.

    Raises as `log_metric` does, and NotAMappingError.
    """
    _check_mapping("hr.log_metrics", metrics)
    numbers: list[tuple[str, float]] = []
    for name, value in metrics.items():
        _check_name("hr.log_metrics", name)
        numbers.append((name, _number("hr.log_metrics", name, value)))
    at_step = None if step is None else _step("hr.log_metrics", next(iter(metrics), ""), step)
    buffer = current_buffer()
    if buffer is not None:
        for name, number in numbers:
            buffer.add_metric(name, number, at_step)


def log_param(name: str, value: object) -> None:
    """Log a parameter that the step has chosen itself: a small value of JSON's kinds, a date, an enum, a dataclass.

    Parameters of the pipeline are known already. Raises BadNameError and BadLoggedValueError.
    """
    log_params({name: value}, _call="hr.log_param")


def log_params(parameters: Mapping[str, object], *, _call: str = "hr.log_params") -> None:
    """Log several parameters; all are checked before the first is logged.

    Raises as `log_param` does, and NotAMappingError.
    """
    _check_mapping(_call, parameters)
    checked = [(name, _parameter(_call, name, value)) for name, value in parameters.items()]
    buffer = current_buffer()
    if buffer is not None:
        for name, value in checked:
            buffer.add_value("parameter", name, value)


def log_figure(name: str, figure: object) -> None:
    """Log a figure (matplotlib, or what the artifact formats know as one), as it is now.

    Axes, an array of them or a line stand for the figure that they are in. Raises BadNameError, BadLoggedValueError,
    and ArtifactError if it cannot be stored.
    """
    _check_name("hr.log_figure", name)
    remedy = "Pass a figure, such as matplotlib's (of pyplot: `plt.gcf()`)."
    found = [] if isinstance(figure, (*_SCALARS, ModuleType)) else figures_of(figure)
    if len(found) > 1:
        remedy = f"Its parts belong to {len(found)} figures: log each by a name of its own."
    if len(found) != 1:
        raise BadLoggedValueError("hr.log_figure", str(name), value=figure, remedy=remedy)
    _store("figure", name, found[0])


def log_text(name: str, text: str) -> None:
    """Log a text, such as a model card in Markdown. Raises BadNameError, BadLoggedValueError and ArtifactError."""
    _check_text(name, text)
    _store("text", name, text)


def log_table(name: str, frame: object) -> None:
    """Log a table (a Polars, pandas or Arrow frame, a list of dicts or of records), as it is now.

    Raises BadNameError, BadLoggedValueError, and ArtifactError if it cannot be stored.
    """
    _check_name("hr.log_table", name)
    if isinstance(frame, (*_SCALARS, Mapping, set, frozenset)) or not _has_rows(frame):
        remedy = "Pass a frame or a list of dicts, one a row."
        raise BadLoggedValueError("hr.log_table", str(name), value=frame, remedy=remedy)
    _store("table", name, frame)


def _has_rows(frame: object) -> bool:
    """Whether everything in a list or tuple is a row: a dict, dataclass or named tuple."""
    if not isinstance(frame, list | tuple):
        return True
    rows = cast("list[object]", frame)
    return all(
        isinstance(row, Mapping) or hasattr(row, "__dataclass_fields__") or hasattr(row, "_fields") for row in rows
    )


def _store(kind: str, name: str, value: object) -> None:
    _check_name(f"hr.log_{kind}", name)
    buffer = current_buffer()
    if buffer is not None:
        buffer.store(kind, name, value)


def _check_name(call: str, name: object) -> None:
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or name.isspace():
        raise BadNameError(call, name, longest=LONGEST_NAME)


def _check_mapping(call: str, given: object) -> None:
    if not isinstance(given, Mapping):
        raise NotAMappingError(call, given)


def _check_text(name: object, text: object) -> None:
    if not isinstance(text, str):
        raise BadLoggedValueError("hr.log_text", str(name), value=text, remedy="Pass a str.")


def _number(call: str, name: str, value: object, *, what: str = "value") -> float:
    if type(value) is float:
        return value
    if not isinstance(value, str | bytes | bytearray) and isinstance(value, SupportsFloat | SupportsIndex):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError) as error:
            raise BadMetricError(call, name, value=value, what=what) from error
    raise BadMetricError(call, name, value=value, what=what)


def _step(call: str, name: str, step: object) -> float:
    number = _number(call, name, step, what="step")
    if not math.isfinite(number):
        raise BadMetricError(call, name, value=step, what="step")
    return number


def _parameter(call: str, name: str, value: object) -> InlineValue:
    _check_name(call, name)
    try:
        text = canonical(value)
    except (NotCanonicalError, ValueError) as error:
        remedy = "A parameter is a small plain value (number, text, date, enum, dataclass, list or dict of these)."
        raise BadLoggedValueError(call, name, value=value, remedy=remedy) from error
    if len(text) > LONGEST_PARAMETER:
        remedy = f"It takes {len(text)} characters, a parameter at most {LONGEST_PARAMETER}; use hr.log_text."
        raise BadLoggedValueError(call, name, value=value, remedy=remedy)
    return InlineValue(text)
