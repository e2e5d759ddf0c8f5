"""Running a plan on this machine: the conductor in a thread of its own, the first lane in the calling thread."""

import threading
import time
from dataclasses import asdict, dataclass

from headrace.app.handles import failure_of
from headrace.app.late_executor import LateExecutor
from headrace.app.rooms import Rooms
from headrace.app.value_texts import value_data, value_text
from headrace.app.views import run_rows
from headrace.core.ids import new_id, short_id
from headrace.core.states import State
from headrace.display import display_for_terminal
from headrace.engine.conductor import Conductor, ConductorOptions
from headrace.engine.identities import step_run_id
from headrace.plan.plan import Plan
from headrace.ports.observers import Observer
from headrace.ports.records import RunRecord, StepRunRecord


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is started beyond its plan. `lanes` 0: as the settings say. `observer` None: the terminal's display."""

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    lanes: int = 0
    fail_fast: bool = False
    is_quiet: bool = False
    observer: Observer | None = None


def execute(rooms: Rooms, plan: Plan, options: RunOptions) -> RunRecord:
    """Run a plan to its end and return the run as it is stored; raises KeyboardInterrupt only at the second Ctrl-C.

    The first Ctrl-C cancels: running steps are stopped, what is finished stays. The calling thread runs steps, so
    that they can be debugged, interrupted and need no new process.
    """
    run = _new_run(rooms, plan, options)
    observer = options.observer or (None if options.is_quiet else display_for_terminal())
    conductor = Conductor(
        plan, run, rooms.ports, options=ConductorOptions(fail_fast=options.fail_fast), observer=observer
    )
    executor = LateExecutor(rooms, conductor.report, lanes=options.lanes or rooms.settings.lanes, plan=plan)
    conducting = _Conducting(conductor, executor)
    try:
        return conducting.run()
    finally:
        executor.close()


class _Conducting:
    """One conductor in its thread and one executor's first lane in this one, until the run is final."""

    def __init__(self, conductor: Conductor, executor: LateExecutor) -> None:
        self._conductor, self._executor = conductor, executor
        self._record: RunRecord | None = None
        self._error: BaseException | None = None
        self._is_over = threading.Event()

    def run(self) -> RunRecord:
        """Conduct, and work meanwhile; an error of the conductor is raised here."""
        thread = threading.Thread(target=self._conduct, name="headrace-conductor")
        thread.start()
        presses = 0
        while not self._is_over.is_set():
            try:
                self._executor.work_here(self._is_over.is_set)
            except KeyboardInterrupt:
                presses += 1
                if presses > 1:
                    self._executor.close()
                self._conductor.cancel()
        thread.join()
        if self._error is not None:
            raise self._error
        assert self._record is not None
        return self._record

    def _conduct(self) -> None:
        try:
            self._record = self._conductor.conduct(self._executor)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that asked for the run
            self._error = error
        finally:
            self._is_over.set()
            self._executor.wake()


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
