"""Whether a failed attempt is tried again, and when. Pure: chance comes from a seed."""

from functools import cache

from headrace.core.digests import digest_parts
from headrace.core.errors import AttemptError, InfrastructureError, OutOfMemoryError, StepTimeoutError
from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.core.symbols import qualified_name
from headrace.definition.graph import RetryRule

_ERRORS: dict[FailureKind, type[AttemptError]] = {
    FailureKind.INFRASTRUCTURE: InfrastructureError,
    FailureKind.TIMEOUT: StepTimeoutError,
    FailureKind.OUT_OF_MEMORY: OutOfMemoryError,
}


@cache
def _names_of_kind(kind: FailureKind) -> frozenset[str]:
    error = _ERRORS.get(kind)
    classes = () if error is None else error.__mro__[:-1]
    return frozenset({kind.value, *(qualified_name(cls) for cls in classes)})


def is_covered(rule: RetryRule, failure: Failure) -> bool:
    """Whether a rule speaks of this failure: by its kind, or by the class of the exception or a base of it."""
    if failure.kind is FailureKind.CANCELLED:
        return False
    if not rule.on:
        return True
    return not _names_of_kind(failure.kind).union(failure.error_types).isdisjoint(rule.on)


def retries_for(rule: RetryRule, failure: Failure, infrastructure_retries: int) -> int:
    """How often failures of this kind are tried again in one step run or item."""
    asked = rule.times if is_covered(rule, failure) else 0
    if failure.kind is FailureKind.INFRASTRUCTURE:
        return max(asked, infrastructure_retries)
    return asked


def delay_s(rule: RetryRule, failures: int, seed: str) -> float:
    """Seconds until the next attempt after this many failures: exponential, bounded, spread by up to `jitter`."""
    delay = min(rule.delay_s * rule.factor ** (failures - 1), rule.max_delay_s)
    chance = int(digest_parts(("jitter", seed, str(failures)))[:8], 16) / 0xFFFFFFFF
    return max(0.0, delay * (1 + rule.jitter * (2 * chance - 1)))
