"""Ids that follow from what they name, so that a machine without clock and chance can give them."""

from headrace.core.digests import digest_parts


def step_run_id(run_id: str, node: str) -> str:
    """The id of a node's step run: it sorts with its run."""
    return run_id[:12] + digest_parts(("step run", run_id, node))[:20]


def attempt_id(step_run: str, item: int, number: int, *, at: float) -> str:
    """The id of an attempt, in the form of a UUID of version 7: attempts made later sort later."""
    chance = digest_parts(("attempt", step_run, str(item), str(number)))
    return f"{int(at * 1000) & 0xFFFFFFFFFFFF:012x}7{chance[:3]}8{chance[3:18]}"


def idempotency_key(step_run: str, item: int) -> str:
    """The same over all attempts of a step run or item (SEMANTICS rule 9)."""
    return digest_parts(("idempotency", step_run, str(item)))[:32]


def log_path(run_id: str, attempt: str) -> str:
    """Where an attempt's output is kept, relative to the store's folder."""
    return f"logs/{run_id}/{attempt}.log"
