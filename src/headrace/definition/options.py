"""What a step or pipeline can be told beside its function: retries, resources, cache, time-out, names and tags.

Values are checked when given; nothing here knows how they are obeyed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Any, TypedDict, cast

from headrace.core.errors import AttemptError, InfrastructureError, OutOfMemoryError, StepTimeoutError
from headrace.core.states import FailureKind
from headrace.core.symbols import qualified_name
from headrace.definition.errors import OptionError, UnknownOptionError
from headrace.definition.functions import refuse_name
from headrace.definition.references import is_reference

Seconds = float | timedelta
ExceptionTypes = type[BaseException] | tuple[type[BaseException], ...]

_KINDS = (
    (InfrastructureError, FailureKind.INFRASTRUCTURE),
    (StepTimeoutError, FailureKind.TIMEOUT),
    (OutOfMemoryError, FailureKind.OUT_OF_MEMORY),
)
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12} | {
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}


def seconds(value: object, option: str, *, minimum: float = 0.0) -> float:
    """Seconds from a number or a timedelta; raises OptionError unless finite and at least `minimum`."""
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise OptionError(f"{option} must be seconds or a timedelta, not {_shown(value)}.")
    if not math.isfinite(number) or number < minimum or (minimum == 0.0 and option in _POSITIVE and number == 0):
        raise OptionError(f"{option} must be a {_range_of(option, minimum)} number of seconds, not {_shown(value)}.")
    return float(number)


_POSITIVE = ("timeout", "Cache(ttl=…)")


def _range_of(option: str, minimum: float) -> str:
    return "positive" if option in _POSITIVE else f"finite (at least {minimum:g})"


def _shown(value: object) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '…'}"


def memory_bytes(memory: object) -> int:
    """Bytes of a memory size: a whole number, or text such as "4GiB", "512 MiB", "1.5GB"; raises OptionError."""
    if isinstance(memory, int) and not isinstance(memory, bool) and memory > 0:
        return memory
    text = memory.strip().upper() if isinstance(memory, str) else ""
    unit = text.lstrip("0123456789. ")
    number = text.removesuffix(unit).strip()
    try:
        size = float(number) * _UNITS[unit or "B"]
    except (KeyError, ValueError):
        size = 0.0
    if not 1 <= size < 2**63:
        raise OptionError(f"Resources(memory=…) takes text such as '4GiB' or '512MB', or bytes, not {_shown(memory)}.")
    return int(size)


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a step is tried again, after which failures, and how long to wait before.

    `times` further attempts follow a failure that is one of the exception classes `on` (no class: any failure).
    `hr.InfrastructureError`, `hr.StepTimeoutError` and `hr.OutOfMemoryError` are kinds of failure that no except
    clause in the step could see. The n-th wait is `delay * factor ** (n - 1)`, at most `max_delay` (seconds or
    timedelta), made longer or shorter by up to the share `jitter`. Raises OptionError.
    """

    times: int
    _: KW_ONLY
    on: ExceptionTypes = ()
    delay: Seconds = 1.0
    factor: float = 2.0
    max_delay: Seconds = 60.0
    jitter: float = 0.1

    def __post_init__(self) -> None:
        times = cast("object", self.times)
        if isinstance(times, bool) or not isinstance(times, int) or times < 0:
            raise OptionError(f"Retry takes how often to try again, a whole number, not {_shown(times)}.")
        for kind in exception_types(self.on):
            if not (isinstance(kind, type) and issubclass(kind, BaseException)):
                raise OptionError(f"Retry(on=…) takes exception classes, not {_shown(kind)}.")
        seconds(self.delay, "Retry(delay=…)")
        seconds(self.max_delay, "Retry(max_delay=…)")
        if not (_is_number(self.factor) and self.factor >= 1):
            raise OptionError(f"Retry(factor=…) must be a number of at least 1, not {_shown(self.factor)}.")
        if not (_is_number(self.jitter) and 0 <= self.jitter <= 1):
            raise OptionError(f"Retry(jitter=…) must be a share between 0 and 1, not {_shown(self.jitter)}.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def exception_types(on: object) -> tuple[Any, ...]:
    """The classes of `Retry(on=…)`, one or several."""
    return on if isinstance(on, tuple) else (on,)


def failure_names(on: ExceptionTypes) -> tuple[str, ...]:
    """Kinds of failure, and names of exception classes, that `on` means.

    A class stands for its subclasses: `Exception` includes lost infrastructure.
    """
    names: list[str] = []
    for cls in exception_types(on):
        names += [kind.value for error, kind in _KINDS if issubclass(error, cls)]
        if not issubclass(cls, AttemptError):
            names.append(qualified_name(cls))
    return tuple(dict.fromkeys(names))


class Resources:
    """What a step needs: `cpu` cores, `memory` ("4GiB" or bytes), `gpu`s, and any number of named pools.

    On this machine `memory` is enforced, on Linux: an attempt whose private memory grows beyond it is ended. `cpu`,
    `gpu` and pools (a name with how much of it one attempt takes, `database=1`) are recorded in the graph and limit
    nothing yet; `lanes` and `max_parallel` say how much runs at once. None of them is a part of a key. Values may be
    parameters of the pipeline (`fit.with_options(resources=hr.Resources(cpu=cores))`). Raises OptionError.
    """

    __slots__ = ("amounts",)

    def __init__(
        self, *, cpu: float | None = None, memory: str | int | None = None, gpu: float | None = None, **pools: float
    ) -> None:
        given: dict[str, object] = {"cpu": cpu, "memory": memory, "gpu": gpu, **pools}
        self.amounts = {name: amount for name, amount in given.items() if amount is not None}
        """What was given, by name."""
        for name, amount in self.amounts.items():
            if not is_reference(amount):
                refuse_amount(name, amount)

    def __repr__(self) -> str:
        return f"Resources({', '.join(f'{name}={amount!r}' for name, amount in self.amounts.items())})"


def refuse_amount(name: str, amount: object) -> None:
    """Raise OptionError for an amount that cannot be had."""
    if name == "memory":
        memory_bytes(amount)
    elif not (_is_number(amount) and cast("float", amount) >= 0):
        raise OptionError(f"Resources({name}=…) takes a number that is not negative, not {_shown(amount)}.")


@dataclass(frozen=True, slots=True)
class Cache:
    """Whether and how results of a step are reused.

    `salt` is added to the key: change it to compute again. Inputs named in `ignore` do not count (a number of
    threads). A result holds for `ttl` (seconds or timedelta), or as long as `fresh`, a module-level function without
    arguments that is called when a run is planned, returns the same. Raises OptionError.
    """

    enabled: bool = True
    _: KW_ONLY
    salt: str = ""
    ignore: Sequence[str] = ()
    ttl: Seconds | None = None
    fresh: Callable[[], object] | None = None

    def __post_init__(self) -> None:
        enabled, salt = cast("object", self.enabled), cast("object", self.salt)
        if not isinstance(enabled, bool) or not isinstance(salt, str):
            raise OptionError("Cache takes enabled=True or False, and a text as salt.")
        texts("Cache(ignore=…)", self.ignore)
        if self.ttl is not None:
            seconds(self.ttl, "Cache(ttl=…)")
        qualname = str(getattr(self.fresh, "__qualname__", "<"))
        if self.fresh is not None and ("<" in qualname or not callable(self.fresh)):
            raise OptionError(
                f"Cache(fresh=…) takes a module-level function, which can be found again, not {_shown(self.fresh)}."
            )


def texts(option: str, value: object) -> tuple[str, ...]:
    """Several texts, given as a list or tuple; raises OptionError."""
    items = tuple(cast("Sequence[object]", value)) if isinstance(value, list | tuple | set | frozenset) else (None,)
    if not all(isinstance(item, str) for item in items):
        raise OptionError(f"{option} takes a list of texts, not {_shown(value)}.")
    return cast("tuple[str, ...]", items)


class StepOptions(TypedDict, total=False):
    """The options of `@step` and `with_options`."""

    name: str
    description: str
    tags: Sequence[str]
    retries: Retry | int
    cache: Cache | bool
    timeout: Seconds | None
    resources: Resources | None
    secrets: Sequence[str]
    effect: bool
    max_parallel: int | None


class PipelineOptions(TypedDict, total=False):
    """The options of `@pipeline` and `with_options`."""

    name: str
    description: str
    tags: Sequence[str]


def check_options(word: str, options: Mapping[str, object]) -> None:
    """Raise OptionError for an unknown option or a value of the wrong kind."""
    known = tuple(StepOptions.__annotations__ if word == "step" else PipelineOptions.__annotations__)
    for name, value in options.items():
        if name not in known:
            raise UnknownOptionError(word, name, known)
        _CHECKS[name](value, word)


def _check_kind(option: str, words: str, *kinds: type) -> Callable[[object, str], None]:
    def check(value: object, _word: str) -> None:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise OptionError(f"{option} takes {words}, not {_shown(value)}.")

    return check


def _check_name(value: object, word: str) -> None:
    refuse_name(value, word)


def _check_tags(value: object, _word: str) -> None:
    texts("tags", value)


def _check_secrets(value: object, _word: str) -> None:
    texts("secrets", value)


def _check_retries(value: object, _word: str) -> None:
    if not isinstance(value, Retry):
        Retry(cast("int", value))


def _check_timeout(value: object, _word: str) -> None:
    if value is not None:
        seconds(value, "timeout")


def _check_parallel(value: object, _word: str) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise OptionError(f"max_parallel takes a whole number of at least 1, not {_shown(value)}.")


_CHECKS: dict[str, Callable[[object, str], None]] = {
    "name": _check_name,
    "description": _check_kind("description", "a text", str),
    "tags": _check_tags,
    "retries": _check_retries,
    "cache": _check_kind("cache", "True, False or hr.Cache(…)", Cache, bool),
    "timeout": _check_timeout,
    "resources": _check_kind("resources", "hr.Resources(…)", Resources, type(None)),
    "secrets": _check_secrets,
    "effect": _check_kind("effect", "True or False", bool),
    "max_parallel": _check_parallel,
}
