"""How a run machine behaves beyond its graph: limits, budgets and patience."""

from msgspec import Struct


class MachineOptions(Struct, frozen=True):
    """Options of one run machine. Times are seconds.

    `run_id` also seeds the jitter of delays. `capacity` is how many attempts may be open at once. With `fail_fast` the
    first failure stops the run, otherwise everything that does not need the failed step still runs.
    `infrastructure_retries` is the budget for lost workers of steps that ask for none. `stop_grace_s` is what a stopped
    attempt gets before its worker is killed; an executor that says nothing for `silence_s` after a time limit or a
    grace has lost the attempt. Items are looked up `lookup_batch` at a time. A key that another run computes is asked
    for again after `claim_poll_s`, later less often. The record of a running map is handed out again when a 64th of its
    items has changed, or after `record_every_s`.
    """

    run_id: str
    capacity: int = 1
    fail_fast: bool = False
    infrastructure_retries: int = 2
    stop_grace_s: float = 10.0
    silence_s: float = 10.0
    lookup_batch: int = 256
    claim_poll_s: float = 0.05
    claim_poll_limit_s: float = 1.0
    record_every_s: float = 0.5
