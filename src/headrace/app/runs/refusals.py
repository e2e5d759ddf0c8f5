"""What can neither be resumed nor retried, and why."""

from headrace.core.errors import UsageError
from headrace.core.ids import short_id
from headrace.ports.records import RunRecord


class CannotResumeError(UsageError):
    """A run did not break off, or cannot go on as it was."""

    code = "usage.resume"


class CannotRetryError(UsageError):
    """A run has nothing to try again, or its pipeline cannot be found."""

    code = "usage.retry"


def refuse_alive(run: RunRecord, refusal: type[UsageError]) -> None:
    """Raise for a run that is under way."""
    if not run.state.is_final:
        pid = run.runner.pid if run.runner is not None else "?"
        short = short_id(run.id)
        raise refusal(f"Run {short} is under way in process {pid}. `headrace logs -f {short}` follows it.")
