"""`why`: a step's key is held against that of its last value, part by part, down to the function and the file."""

from msgspec import Struct
from msgspec.structs import asdict

from headrace.app.answers.changes import Changes, Past
from headrace.app.rooms import Rooms
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.ports.records import RunRecord, StepRunRecord

_DONE = {State.SUCCEEDED: "Computed", State.FAILED: "Tried"}
_UNTRIED = (State.SKIPPED, State.PENDING, State.CANCELLED)


class Explanation(Struct, frozen=True):
    """Why a step was computed or reused: a sentence, what has changed since its last value, and the facts behind it.

    `behind` says what has changed in the steps before it, where their outputs differ.
    """

    step: str
    state: str
    summary: str
    changes: tuple[str, ...]
    behind: tuple[str, ...]
    facts: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The explanation as plain JSON data."""
        return asdict(self)


def why(rooms: Rooms, run: RunRecord, step: StepRunRecord) -> Explanation:
    """Explain one step of a run.

    It is compared with the nearest earlier run of the pipeline that has a value of it; where there is none, with the
    nearest one in which it came to nothing.
    """
    summary, changes, behind = _told(Changes(rooms), run, step)
    return Explanation(step.node, step.state.value, summary, tuple(changes), tuple(behind), _facts(step))


def _told(changes: Changes, run: RunRecord, step: StepRunRecord) -> tuple[str, list[str], list[str]]:
    if step.state is State.REUSED:
        return _who_made(step), [], []
    now = changes.of_run(run, step)
    if step.state in _UNTRIED and (now is None or step.started_at is None):
        return f"Not computed: {step.reason or step.state.value}.", [], []
    reason = "" if step.reason == changes.NO_RESULT else step.reason
    done = _DONE.get(step.state, "Started")
    past = changes.past_of(run.pipeline, step.node, step.parts, before_run=run.id)
    if now is None or (past.good is None and past.bad is None):
        return f"{done}: {reason or 'no earlier run of this pipeline has come to this step'}.", [], []
    found = changes.since(past, now)
    return (_with_changes if found else _without_changes)(done, reason, past), found, changes.behind(past, run, now)


def _with_changes(done: str, reason: str, past: Past) -> str:
    if past.good is None:
        return f"{done}: {reason or 'there is no value of it yet'}. This has changed {past.since}:"
    if reason:
        return f"{done}: {reason}. This has changed {past.since}:"
    return f"{done}, because this has changed {past.since}:"


def _without_changes(done: str, reason: str, past: Past) -> str:
    if past.good is not None:
        cause = reason or "no value was kept"
        return f"{done}, although code, inputs and environment are those of run {short_id(past.good.run_id)}: {cause}."
    return f"{done}: {reason or 'there is no value of it yet'}. Nothing has changed {past.since}."


def _who_made(step: StepRunRecord) -> str:
    if step.items is not None:
        count = len(step.items.states)
        which = "its item" if count == 1 else f"all {count} items"
        return f"Reused: earlier runs have computed {which} under the same keys."
    return f"Reused: run {short_id(step.made_in)} has computed it under the same key."


def _facts(step: StepRunRecord) -> tuple[str, ...]:
    facts = [f"key {step.key[:16]}"] if step.key else []
    if step.parts is not None:
        facts.append(f"code {step.parts.code[:16]}, environment {step.parts.environment[:16]}")
        facts += [f"input {name}: {digest[:16]}" for name, digest in step.parts.arguments]
    return tuple(facts)
