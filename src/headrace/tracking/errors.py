"""Errors of calls that know whether they stand inside a step.

UsageError
├── RunInsideStepError       hr.run was called where a step runs
└── TrackingError            a call of hr.log_* or hr.progress cannot be carried out
    ├── BadNameError         the name given is none
    ├── BadMetricError       a metric's value or step is no number
    └── BadLoggedValueError  a parameter or text of a type that cannot be logged
"""

from headrace.core.errors import UsageError


class RunInsideStepError(UsageError):
    """`hr.run` was called where a step runs."""

    code = "usage.run-inside-step"

    def __init__(self) -> None:
        super().__init__(
            "hr.run was called inside a step. A step is one computation: call the pipeline plainly, "
            "or nest it in the pipeline that this step belongs to."
        )


class TrackingError(UsageError):
    """A call of `hr.log_…` or `hr.progress` cannot be carried out."""

    code = "tracking"


class BadNameError(TrackingError):
    """What is logged has a name that is empty, no text, too long or of several lines."""

    code = "tracking.name"

    def __init__(self, call: str, name: object, *, longest: int) -> None:
        self.call, self.name = call, name
        super().__init__(
            f"{call} got the name {_shown(name)}. A name is a text of one line, with 1 to {longest} characters."
        )


class BadMetricError(TrackingError):
    """A metric's value or step is no number."""

    code = "tracking.metric"

    def __init__(self, call: str, name: str, *, value: object, what: str = "value") -> None:
        self.call, self.name, self.value = call, name, value
        super().__init__(
            f"{call}({name!r}, …) got {_shown(value)} as its {what}, which is no number. "
            "Pass an int or a float (NaN and infinity are allowed); for a text use hr.log_text or hr.log_param."
        )


class BadLoggedValueError(TrackingError):
    """A parameter or text of a type that cannot be logged."""

    code = "tracking.value"

    def __init__(self, call: str, name: str, *, value: object, remedy: str) -> None:
        self.call, self.name, self.value = call, name, value
        super().__init__(f"{call}({name!r}, …) cannot log {_shown(value)}. {remedy}")


def _shown(value: object) -> str:
    kind = type(value).__qualname__
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        text = repr(value)
        return f"{text if len(text) <= 60 else text[:57] + '...'} ({kind})" if value is not None else "None"
    return f"a value of type {type(value).__module__}.{kind}"
