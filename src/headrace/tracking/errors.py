"""Errors of calls that know whether they stand inside a step.

UsageError
├── RunInsideStepError       hr.run was called where a step runs
└── TrackingError            a call of hr.log_* or hr.progress cannot be carried out
    ├── BadNameError         the name given is none
    ├── BadMetricError       a metric's value or step is no number
    ├── NotAMappingError     several are to be logged, but not as a dict of names and values
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
            f"{call}({name!r}, …) got {_shown(value)} as its {what}, which is {_why_no_number(value, what)}"
        )


class NotAMappingError(TrackingError):
    """Several metrics or parameters are given as something else than a dict of names and values."""

    code = "tracking.mapping"

    def __init__(self, call: str, value: object) -> None:
        self.call, self.value = call, value
        super().__init__(f"{call} got {_shown(value)}. It takes a dict of names and values, such as {{'rate': 0.1}}.")


class BadLoggedValueError(TrackingError):
    """A parameter or text of a type that cannot be logged."""

    code = "tracking.value"

    def __init__(self, call: str, name: str, *, value: object, remedy: str) -> None:
        self.call, self.name, self.value = call, name, value
        super().__init__(f"{call}({name!r}, …) cannot log {_shown(value)}. {remedy}")


def _why_no_number(value: object, what: str) -> str:
    if what == "step":
        return "no finite number. Pass an int or a float (the epoch or batch), or leave it out."
    if isinstance(value, int):
        return "no number that a float can hold (up to 1.8e308). Log its logarithm, or the number by hr.log_param."
    return (
        "no number. Pass an int or a float (NaN and infinity are allowed); for a text use hr.log_text or hr.log_param."
    )


def _shown(value: object) -> str:
    kind = type(value).__qualname__
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        text = _written(value)
        return f"{text if len(text) <= 60 else text[:57] + '...'} ({kind})" if value is not None else "None"
    return f"a value of type {type(value).__module__}.{kind}"


def _written(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # Python writes no whole number of more than some thousand digits
        return "a whole number of very many digits"
