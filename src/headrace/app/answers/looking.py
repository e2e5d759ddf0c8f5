"""Looking runs up.

What people type is turned into a run, and a run whose process has died is recorded as what it is.
"""

from headrace.app.answers.advice import resume_it
from headrace.app.answers.endings import ended
from headrace.app.rooms import Rooms
from headrace.core.errors import StaleWriteError, UnknownNameError, UsageError
from headrace.core.failures import Failure
from headrace.core.ids import short_id
from headrace.core.states import FailureKind
from headrace.ports.records import RunFilter, RunRecord, StepRunRecord


def find_run(rooms: Rooms, text: str) -> RunRecord:
    """The run that a text means.

    The end or beginning of its id, its name, or `last`; raises UnknownNameError or UsageError.
    """
    found = rooms.stores.runs.find(text)
    exact = [one for one in found if one.id == text]
    if not found:
        recent = rooms.stores.runs.list(RunFilter(limit=5))
        hint = "Use the end of a run's id, its name, or `last`; `headrace runs` lists them."
        raise UnknownNameError("run", text, known=[short_id(one.id) for one in recent], hint=hint)
    if len(found) > 1 and not exact and text != "last":
        many = ", ".join(f"{short_id(one.id)} ({one.pipeline}, {one.state.value})" for one in found)
        say = "Use the id" if all(one.name == text for one in found) else "Say more digits"
        raise UsageError(f"{text!r} means several runs: {many}. {say} of the one you mean.")
    return as_it_is(rooms, (exact or found)[0])


def list_runs(rooms: Rooms, which: RunFilter) -> list[RunRecord]:
    """A page of runs, those whose process has died shown as failed."""
    return [as_it_is(rooms, one) for one in rooms.stores.runs.list(which)]


def find_step(rooms: Rooms, run: RunRecord, name: str) -> StepRunRecord:
    """One step of a run by its name, or the last part of it if it is no other step's; raises UnknownNameError."""
    steps = rooms.stores.details.steps(run.id)
    found = [one for one in steps if one.node == name] or [one for one in steps if one.node.endswith(f"/{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{name!r} means several steps: {', '.join(one.node for one in found)}. Name the one you mean."
        )
    raise UnknownNameError("step", name, known=[one.node for one in steps], hint=f"Looked in run {short_id(run.id)}.")


def check_item(rooms: Rooms, run: RunRecord, item: int, *, step: str = "") -> None:
    """Raise UsageError if a run that has ended has no such item of a map (of one step)."""
    steps = [one for one in rooms.stores.details.steps(run.id) if step in ("", one.node)]
    sizes = {one.node: len(one.items.states) for one in steps if one.items is not None}
    if not run.state.is_final or any(0 <= item < size for size in sizes.values()):
        return
    are = ", ".join(f"{node} has {_items(size)}" for node, size in sizes.items() if size) or "it has no map"
    raise UsageError(f"There is no item {item} in run {short_id(run.id)}: {are}.")


def _items(size: int) -> str:
    return f"items 0 to {size - 1}" if size > 1 else "one item, 0"


def as_it_is(rooms: Rooms, run: RunRecord) -> RunRecord:
    """The run; if its process died while it ran, it is recorded as failed first, by whoever looks."""
    if run.state.is_final or run.runner is None or rooms.processes.is_alive(run.runner):
        return run
    if rooms.stores.is_read_only:
        return run
    try:
        rooms.stores.runs.write(
            ended(rooms, run, _lost(rooms, run), reason="the run's process ended before it could start")
        )
    except StaleWriteError:
        # somebody else was quicker, or has taken the run over
        return rooms.stores.runs.get(run.id)
    return rooms.stores.runs.get(run.id)


def _lost(rooms: Rooms, run: RunRecord) -> Failure:
    pid = run.runner.pid if run.runner else 0
    running = sorted({one.node for one in rooms.stores.details.attempts(run.id) if not one.state.is_final})
    during = f" while {' and '.join(running)} ran" if running else ""
    return Failure(
        FailureKind.INFRASTRUCTURE,
        f"the run's process (pid {pid}) ended without a word{during}",
        f"It was killed, crashed or lost its machine. {resume_it(run.id)}",
    )
