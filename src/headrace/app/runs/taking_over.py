"""How a run gets from a process that died to the next one: what the first tells, and what the second takes over."""

from headrace.app.rooms import Rooms
from headrace.app.runs.deaths import record_end
from headrace.app.runs.lifeline import Lifeline, Resumption
from headrace.core.digests import digest_parts
from headrace.core.failures import Failure
from headrace.core.ids import short_id
from headrace.core.states import FailureKind
from headrace.engine.conductor import Earlier
from headrace.plan.plan import Plan
from headrace.ports.executors import AttemptBegan, AttemptBroke, AttemptDone, WorkerIdentity, WorkerMessage
from headrace.ports.records import RunRecord
from headrace.ports.workers import Report


class Teller:
    """Passes a run's messages on, and tells the supervisor which attempt this process runs itself."""

    def __init__(self, lifeline: Lifeline, plan: Plan, *, me: WorkerIdentity, report: Report) -> None:
        self._lifeline, self._plan, self._me, self._report = lifeline, plan, me, report

    def __call__(self, message: WorkerMessage) -> None:
        """Take a message, before anything that it leads to."""
        lifeline = self._lifeline
        match message:
            case AttemptBegan():
                if message.worker == self._me:
                    lifeline.plan = lifeline.plan or _digest_of(self._plan)
                    lifeline.attempt_id = message.attempt_id
            case AttemptDone() | AttemptBroke():
                if message.attempt_id == lifeline.attempt_id:
                    lifeline.attempt_id = ""
            case _:
                pass
        self._report(message)


def taken_over(rooms: Rooms, plan: Plan, resumes: Resumption) -> tuple[RunRecord, Earlier | None]:
    """A run whose process has died, and what that has left; None if it cannot go on: then it is recorded as failed."""
    run = rooms.stores.runs.get(resumes.run_id)
    if resumes.plan != _digest_of(plan):
        what = f"{resumes.cause.message} The run cannot go on in a new process: its code has changed since it began."
        remedy = f"`headrace retry {short_id(run.id)}` makes a new run with the code as it is now."
        return record_end(rooms, run.id, Failure(FailureKind.INFRASTRUCTURE, what, remedy)), None
    return run, earlier_of(rooms, run)


def earlier_of(rooms: Rooms, run: RunRecord, *, is_resumed: bool = False) -> Earlier:
    """What the conductor that a run had has left of it."""
    details = rooms.stores.details
    events = details.events(run.id)
    last = events[-1].sequence if events else 0
    return Earlier(details.steps(run.id), details.attempts(run.id), last, is_resumed)


def _digest_of(plan: Plan) -> str:
    bases = (f"{name} {basis}" for name, basis in sorted(plan.bases.items()))
    return digest_parts((plan.graph_digest, *bases))
