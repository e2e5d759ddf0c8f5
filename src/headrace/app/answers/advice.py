"""What to type next about a run that did not succeed."""

from headrace.core.ids import short_id
from headrace.core.states import FailureKind, State
from headrace.ports.records import RunRecord


def resume_it(run_id: str) -> str:
    """The remedy for a run that broke off."""
    return f"`headrace resume {short_id(run_id)}` goes on where it stopped."


def commands(run: RunRecord) -> str:
    """The commands that help with a run that did not succeed, the likeliest first."""
    short = short_id(run.id)
    if run.state is State.CANCELLED:
        return f"headrace resume {short}   headrace show {short}"
    is_broken_off = run.failure is not None and run.failure.kind is FailureKind.INFRASTRUCTURE
    return f"headrace show {short}   headrace logs {short}   headrace {'resume' if is_broken_off else 'retry'} {short}"
