"""Running a plan on this machine: the conductor in a thread of its own, the first lane in the calling thread."""

import time

from msgspec import Struct

from headrace.app.answers.handles import failure_of
from headrace.app.answers.value_texts import value_data, value_text
from headrace.app.answers.views import run_rows
from headrace.app.plans.memories import ancestors, remembered
from headrace.app.rooms import Rooms
from headrace.app.runs.conducting import Conducting
from headrace.app.runs.late_executor import LateExecutor
from headrace.app.runs.lifeline import Lifeline
from headrace.app.runs.refusals import CannotResumeError, refuse_alive
from headrace.app.runs.taking_over import Teller, earlier_of, taken_over
from headrace.core.errors import UsageError
from headrace.core.ids import new_id
from headrace.core.states import State
from headrace.display import display_for_terminal
from headrace.display.plain import PlainDisplay
from headrace.engine.conductor import Conductor, ConductorOptions, Earlier
from headrace.engine.identities import step_run_id
from headrace.engine.inheriting import Kin
from headrace.plan.plan import Plan
from headrace.plan.selection import choose
from headrace.ports.observers import Observer
from headrace.ports.records import RunRecord, StepRunRecord


class RunOptions(Struct, frozen=True):
    """How a run is started beyond its plan.

    `lanes` 0: as the settings say. `observer` None: the terminal's display. `lifeline` is there where another process
    watches this one.
    """

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    lanes: int = 0
    fail_fast: bool = False
    is_quiet: bool = False
    observer: Observer | None = None
    lifeline: Lifeline | None = None


class Before(Struct, frozen=True):
    """A run that ended too early: it goes on (`is_resumed`), or a new one keeps what it has made; `text` says so."""

    run: RunRecord
    text: str
    is_resumed: bool = False


def execute(rooms: Rooms, plan: Plan, options: RunOptions, *, before: Before | None = None) -> RunRecord:
    """Run a plan to its end and return the run as it is stored. `before` is the run that it resumes or retries.

    The first Ctrl-C (SIGTERM, SIGHUP) cancels: running steps are stopped, what is finished stays. The second does not
    wait for a step. The calling thread runs steps, so that they can be debugged, interrupted and need no new process.
    """
    observer = options.observer or (None if options.is_quiet else display_for_terminal())
    run, earlier, text = _begun(rooms, plan, options, before=before)
    if run.state.is_final and earlier is None:
        return run
    if text and isinstance(observer, PlainDisplay):
        observer.remember(rooms.stores.details.events(run.id))
        observer.say(State.QUEUED, text)
    conductor = Conductor(
        plan,
        run,
        rooms.ports,
        options=ConductorOptions(fail_fast=options.fail_fast, kin=_kin(rooms, run)),
        observer=observer,
        earlier=earlier,
    )
    report = conductor.report
    if options.lifeline is not None:
        options.lifeline.run_id, options.lifeline.attempt_id = run.id, ""
        report = Teller(options.lifeline, plan, me=rooms.processes.me(), report=report)
    executor = LateExecutor(rooms, report, lanes=options.lanes or rooms.settings.lanes, plan=plan, run_id=run.id)
    try:
        ended = Conducting(conductor, executor, observer=observer, lifeline=options.lifeline).run()
    finally:
        executor.close()
    rooms.stores.check_place()
    if earlier is not None:
        refuse_alive(ended, CannotResumeError)  # another process was quicker
    return ended


def raise_unless_succeeded(record: RunRecord, run: object) -> None:
    """Raise RunFailed or RunCancelled with the run, unless it succeeded."""
    if record.state is not State.SUCCEEDED:
        raise failure_of(record, run)


def summary(rooms: Rooms, record: RunRecord) -> dict[str, object]:
    """A finished run as plain data: state, seconds, metrics, output, states of the steps."""
    steps = {one.node: one.state.value for one in rooms.stores.details.steps(record.id)}
    output = None if record.output is None else value_data(record.output)
    return {**run_rows(rooms, [record])[0], "output": output, "steps": steps}


def output_text(rooms: Rooms, record: RunRecord) -> str:
    """The run's output in a few words, its objects verified; empty if it has none."""
    if record.output is None:
        return ""
    rooms.artifacts.check(record.output)
    text = value_text(record.output, 200)
    return "" if text == "None" else text


def _begun(
    rooms: Rooms, plan: Plan, options: RunOptions, *, before: Before | None
) -> tuple[RunRecord, Earlier | None, str]:
    """The run to conduct, what an earlier conductor of it has left, and what there is to say of both.

    A final run without anything left cannot go on.
    """
    dead = options.lifeline.resumes if options.lifeline is not None else None
    if dead is not None:
        return *taken_over(rooms, plan, dead), dead.text
    if before is not None and before.is_resumed:
        return before.run, earlier_of(rooms, before.run, is_resumed=True), before.text
    if options.name == "last":
        raise UsageError("A run cannot be called `last`: that is the newest run, whatever it is called.")
    choose(plan.graph, plan.selection)  # a name that is not there is refused before a run is
    if before is None:
        return _new_run(rooms, plan, options, retry_of=""), None, ""
    return _new_run(rooms, plan, options, retry_of=before.run.id), None, before.text


def _kin(rooms: Rooms, run: RunRecord) -> Kin:
    kin = [one.id for one in ancestors(rooms, run)]
    steps: dict[str, list[StepRunRecord]] = {}
    for one in kin:
        for step in rooms.stores.details.steps(one):
            steps.setdefault(step.node, []).append(step)
    return Kin(tuple(kin), steps)


def _new_run(rooms: Rooms, plan: Plan, options: RunOptions, *, retry_of: str) -> RunRecord:
    run = RunRecord(
        id=new_id(),
        pipeline=plan.graph.pipeline,
        state=State.PENDING,
        version=0,
        graph_digest=plan.graph_digest,
        parameters=plan.parameters,
        created_at=time.time(),
        name=options.name,
        runner=rooms.processes.me(),
        note=options.note,
        tags=tuple(dict.fromkeys((*plan.graph.tags, *options.tags))),
        settings=remembered(plan, rooms.settings.root, fail_fast=options.fail_fast, retry_of=retry_of),
    )
    steps = [
        StepRunRecord(step_run_id(run.id, node.name), run.id, node.name, State.PENDING, position)
        for position, node in enumerate(plan.graph.nodes)
    ]
    rooms.stores.runs.create(run, steps, plan.documents)
    return run
