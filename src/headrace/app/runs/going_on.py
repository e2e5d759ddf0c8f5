"""Going on with a run that ended too early: `resume` is the same run again, `retry` a new one of what it has made."""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import chdir, contextmanager
from typing import Any

from msgspec.structs import replace

from headrace.app.answers.looking import find_run
from headrace.app.plans.memories import Memory, changed_steps, is_same_graph, recall
from headrace.app.plans.new_plans import plan_again
from headrace.app.plans.overriding import with_overrides
from headrace.app.projects.entries import entry_of, live_entries
from headrace.app.projects.loading import load
from headrace.app.projects.targets import locate
from headrace.app.rooms import Rooms
from headrace.app.runs.refusals import CannotResumeError, CannotRetryError, refuse_alive
from headrace.app.runs.running import Before
from headrace.core.errors import UsageError
from headrace.core.ids import short_id
from headrace.core.states import FailureKind, State
from headrace.core.symbols import MAIN, Symbol, resolve
from headrace.definition.graph_json import graph_from_json
from headrace.definition.pipelines import Pipeline
from headrace.plan.plan import Plan
from headrace.ports.records import RunRecord

Found = tuple[Pipeline[..., Any], Sequence[Symbol]]
"""A live pipeline, and the modules that its process starts from."""
Finder = Callable[[Rooms, Memory], Found]
NAMED_STEPS = 5
"""How many steps are named."""


def by_place(rooms: Rooms, memory: Memory) -> Found:
    """The pipeline of a run, its module imported from the project: for the command line."""
    target = locate(memory.target, rooms.settings)
    return load(target, rooms.settings), [entry_of(target)]


def by_name(rooms: Rooms, memory: Memory) -> Found:
    """The pipeline of a run as this process has it, or else imported: for Python."""
    try:
        found = resolve(memory.target)
    except (ImportError, AttributeError):
        return by_place(rooms, memory)
    if not isinstance(found, Pipeline):
        return by_place(rooms, memory)
    return found, live_entries(found.symbol)


@contextmanager
def resumed(rooms: Rooms, text: str, find: Finder) -> Generator[tuple[Plan, Before], None, None]:
    """The plan by which the run that a text means goes on; within, in the folder in which it was started.

    Raises CannotResumeError if it did not break off, or its code is not the same.
    """
    run = find_run(rooms, text)
    _refuse_resume(rooms, run)
    with _in_its_folder(rooms, run, CannotResumeError):
        plan = _plan(rooms, run, find)
        _refuse_other_code(rooms, run, plan)
        yield plan, Before(run, f"run {short_id(run.id)} of {run.pipeline} goes on", is_resumed=True)


@contextmanager
def retried(rooms: Rooms, text: str, find: Finder) -> Generator[tuple[Plan, Before], None, None]:
    """The plan of a retry of the run that a text means; within, in the folder in which it was started.

    Raises CannotRetryError if it runs, or has succeeded.
    """
    run = find_run(rooms, text)
    if run.state is State.SUCCEEDED:
        raise CannotRetryError(
            f"Run {short_id(run.id)} has succeeded: nothing of it failed. `headrace run` runs its pipeline again and "
            "computes what has changed; with `--from STEP`, that step and all that follows."
        )
    refuse_alive(run, CannotRetryError)
    with _in_its_folder(rooms, run, CannotRetryError):
        plan = _plan(rooms, run, find)
        changed = changed_steps(plan, recall(run))
        text = f"changed since: {_listed(changed)}" if changed else "its code has not changed"
        yield plan, Before(run, f"retry of run {short_id(run.id)} of {run.pipeline}; {text}")


@contextmanager
def under_way(rooms: Rooms, run_id: str, find: Finder) -> Generator[tuple[Plan, Before], None, None]:
    """The plan of a run whose process has just died, for the one that takes it over; within, in its folder."""
    run = rooms.stores.runs.get(run_id)
    with _in_its_folder(rooms, run, CannotResumeError):
        yield _plan(rooms, run, find), Before(run, "", is_resumed=True)


def _plan(rooms: Rooms, run: RunRecord, find: Finder) -> Plan:
    memory = recall(run)
    pipeline, entries = find(rooms, memory)
    plan = plan_again(rooms, pipeline, run, entries=entries)
    return with_overrides(replace(plan, selection=memory.selection, target=memory.target), memory.options)


@contextmanager
def _in_its_folder(rooms: Rooms, run: RunRecord, refusal: type[UsageError]) -> Generator[None, None, None]:
    memory = recall(run)
    module, _, name = memory.target.partition(":")
    if not module or (module == MAIN and not hasattr(sys.modules[MAIN], name)):
        raise refusal(
            f"The pipeline of run {short_id(run.id)} cannot be found again: it was defined inside a function, or in a "
            "notebook that is not this one. Run it again where it is defined: what may be reused is."
        )
    folder = rooms.settings.root / memory.folder
    if not folder.is_dir():
        raise refusal(f"Run {short_id(run.id)} was started in the folder {folder}, and that is gone. Make it again.")
    with chdir(folder):
        yield


def _refuse_resume(rooms: Rooms, run: RunRecord) -> None:
    short = short_id(run.id)
    if run.state is State.SUCCEEDED:
        raise CannotResumeError(f"Run {short} has succeeded: there is nothing to resume.")
    refuse_alive(run, CannotResumeError)
    failure = run.failure
    if failure is None or failure.kind is FailureKind.INFRASTRUCTURE:
        return
    if any(step.state is State.FAILED for step in rooms.stores.details.steps(run.id)):
        raise CannotResumeError(
            f"Run {short} did not break off, it failed by itself: {failure.message.rstrip('.')}. `headrace retry "
            f"{short}` makes a new run that keeps what it has computed, with changed code if you like."
        )


def _refuse_other_code(rooms: Rooms, run: RunRecord, plan: Plan) -> None:
    changed = changed_steps(plan, recall(run))
    if changed:
        what = f"the code or the libraries of {_listed(changed)} have changed since it began"
    elif not is_same_graph(plan, graph_from_json(rooms.stores.details.document(run.graph_digest))):
        what = "its pipeline has other steps, or other options of steps, than when it began"
    else:
        return
    short = short_id(run.id)
    raise CannotResumeError(
        f"Run {short} cannot go on as it was: {what}. `headrace retry {short}` makes a new run with the code as it is "
        "now, and keeps what has not changed."
    )


def _listed(steps: Sequence[str]) -> str:
    more = f" and {len(steps) - NAMED_STEPS} more" if len(steps) > NAMED_STEPS else ""
    return ", ".join(steps[:NAMED_STEPS]) + more
