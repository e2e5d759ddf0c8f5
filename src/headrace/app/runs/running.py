"""Running a plan on this machine: the conductor in a thread of its own, the first lane in the calling thread."""

import time

from msgspec import Struct
from msgspec.structs import asdict

from headrace.app.answers.handles import failure_of
from headrace.app.answers.value_texts import value_data, value_text
from headrace.app.answers.views import run_rows
from headrace.app.rooms import Rooms
from headrace.app.runs.conducting import Conducting
from headrace.app.runs.late_executor import LateExecutor
from headrace.app.runs.lifeline import Lifeline
from headrace.app.runs.taking_over import Teller, taken_over
from headrace.core.errors import UsageError
from headrace.core.ids import new_id, short_id
from headrace.core.states import State
from headrace.display import display_for_terminal
from headrace.display.plain import PlainDisplay
from headrace.engine.conductor import Conductor, ConductorOptions
from headrace.engine.identities import step_run_id
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


def execute(rooms: Rooms, plan: Plan, options: RunOptions) -> RunRecord:
    """Run a plan to its end and return the run as it is stored.

    The first Ctrl-C (SIGTERM, SIGHUP) cancels: running steps are stopped, what is finished stays. The second does not
    wait for a step. The calling thread runs steps, so that they can be debugged, interrupted and need no new process.
    """
    observer = options.observer or (None if options.is_quiet else display_for_terminal())
    resumes = options.lifeline.resumes if options.lifeline is not None else None
    if resumes is None:
        if options.name == "last":
            raise UsageError("A run cannot be called `last`: that is the newest run, whatever it is called.")
        choose(plan.graph, plan.selection)  # a name that is not there is refused before a run is
        run, earlier = _new_run(rooms, plan, options), None
    else:
        run, earlier = taken_over(rooms, plan, resumes)
        if earlier is None:
            return run
        if isinstance(observer, PlainDisplay):
            observer.remember(rooms.stores.details.events(run.id))
            observer.say(State.QUEUED, resumes.text)
    conductor = Conductor(
        plan,
        run,
        rooms.ports,
        options=ConductorOptions(fail_fast=options.fail_fast),
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


def how_to_go_on(record: RunRecord) -> str:
    """What to type after a run that did not succeed."""
    short = short_id(record.id)
    if record.state is State.CANCELLED:
        return f"run it again, what is finished is reused   headrace show {short}"
    return f"headrace show {short}   headrace logs {short}"


def _new_run(rooms: Rooms, plan: Plan, options: RunOptions) -> RunRecord:
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
        tags=(*plan.graph.tags, *options.tags),
        settings={"fail_fast": options.fail_fast, "selection": asdict(plan.selection)},
    )
    steps = [
        StepRunRecord(step_run_id(run.id, node.name), run.id, node.name, State.PENDING, position)
        for position, node in enumerate(plan.graph.nodes)
    ]
    rooms.stores.runs.create(run, steps, plan.documents)
    return run
