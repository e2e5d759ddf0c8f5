"""Graphs in a few words, and a world that answers a run machine: what tests of the engine stand on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from headrace.core.canonical import canonical
from headrace.core.failures import Failure
from headrace.core.parts import members_of
from headrace.core.states import FailureKind, State
from headrace.core.symbols import Symbol
from headrace.core.values import CompositeValue, InlineValue, ObjectValue, Value, sequence_of
from headrace.definition.graph import (
    Binding,
    Constant,
    EachOf,
    Graph,
    Guard,
    InputSpec,
    Node,
    OutputOf,
    RetryRule,
    StepSpec,
)
from headrace.engine.commands import (
    Command,
    Expand,
    FinishRun,
    Gather,
    ItemEnded,
    LaunchAttempt,
    LookUp,
    Note,
    RecordAttempt,
    RecordStep,
    StopAttempt,
    Verify,
    WakeAt,
)
from headrace.engine.events import (
    Answer,
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    CancelRequested,
    Event,
    Expanded,
    Gathered,
    LookedUp,
    Missing,
    RunStarted,
    TimePassed,
    TurnEnded,
    Verified,
)
from headrace.engine.machine import Machine
from headrace.engine.options import MachineOptions
from headrace.plan.plan import Selection
from headrace.plan.selection import choose
from headrace.ports.executors import WorkerIdentity
from headrace.ports.records import AttemptRecord, StepRunRecord

RUN = "0" * 31 + "1"
WORKER = WorkerIdentity("here", 1, 1.0)
EAGER = RetryRule(times=2, delay_s=0.0, jitter=0.0)


def text(value: object) -> InlineValue:
    return InlineValue(canonical(value))


def const(value: object) -> Constant:
    return Constant(text(value))


FALSE = const(value=False)
TRUE = const(value=True)


def out(node: str, *path: str) -> OutputOf:
    return OutputOf(node, path)


def each(source: Binding | list[object], axis: int = 0) -> EachOf:
    return EachOf(const(source) if isinstance(source, list) else source, axis)


def step(name: str, inputs: Iterable[str] = (), **options: object) -> StepSpec:
    options.setdefault("output", "int")
    specs = tuple(InputSpec(each_, "int") for each_ in inputs)
    return StepSpec(name.rpartition("/")[2], Symbol("pipeline", name), specs, **options)  # type: ignore[arg-type]


def node(
    name: str,
    *,
    after: Iterable[str] = (),
    guards: Iterable[Guard] = (),
    spec: dict[str, object] | None = None,
    **arguments: Binding,
) -> Node:
    return Node(name, step(name, arguments, **(spec or {})), tuple(arguments.items()), tuple(after), tuple(guards))


def graph(*nodes: Node, output: Binding | None = None) -> Graph:
    return Graph("pipeline", Symbol("pipeline", "pipeline"), (), nodes, output or const(None))


def failure(message: str = "no", kind: FailureKind = FailureKind.USER_ERROR, *types: str) -> Failure:
    return Failure(kind, message, error_types=types or ("builtins:ValueError", "builtins:Exception"))


Outcome = Value | Failure
Behave = Callable[[LaunchAttempt], Outcome | None]
"""What an attempt comes to; None: it goes on until it is stopped or told."""


def add(launch: LaunchAttempt) -> Outcome:
    """Every step of the tests adds up the whole numbers it gets, and one."""
    return text(1 + sum(number for _, value in launch.arguments for number in numbers_in(value)))


def numbers_in(value: Value) -> list[int]:
    if isinstance(value, InlineValue) and value.text.lstrip("-").isdigit():
        return [int(value.text)]
    if isinstance(value, CompositeValue) or (isinstance(value, InlineValue) and value.text.startswith("[")):
        return [number for member in members_of(value) for number in numbers_in(member)]
    return []


@dataclass
class World:
    """Answers a machine's commands, one event after the other, and keeps what was said.

    `stored` are answers to look-ups by node and item; `objects` members by digest.
    """

    machine: Machine
    behave: Behave = add
    stored: dict[tuple[str, int], Answer] = field(default_factory=dict)
    objects: dict[str, Value | Failure] = field(default_factory=dict)
    look: Callable[[tuple[Value, ...]], tuple[tuple[str, ...], str]] = lambda values: ((), "")
    gather: Callable[[tuple[Value, ...]], Value | Failure] = sequence_of
    now: float = 100.0
    commands: list[Command] = field(default_factory=list)
    open: dict[str, LaunchAttempt] = field(default_factory=dict)
    most_open: int = 0
    wake_at: float | None = None
    records: dict[str, StepRunRecord] = field(default_factory=dict)
    attempts: dict[str, AttemptRecord] = field(default_factory=dict)

    def tell(self, event: Event) -> "World":
        """Tell the machine something, and answer what it asks, until it waits."""
        queue = [event]
        while queue:
            for command in self.machine.handle(queue.pop(0)):
                self.commands.append(command)
                queue += self._answer(command)
        for command in self.machine.handle(TurnEnded(self.now)):
            self.commands.append(command)
            self._note(command)
        return self

    def start(self) -> "World":
        return self.tell(RunStarted(self.now))

    def run(self) -> "World":
        """From start to end, waiting for alarms."""
        self.start()
        return self.wait()

    def wait(self) -> "World":
        while not self.machine.state.is_final and self.wake_at is not None:
            self.pass_time(max(0.0, self.wake_at - self.now))
        return self

    def pass_time(self, seconds: float) -> "World":
        self.now += seconds
        return self.tell(TimePassed(self.now))

    def cancel(self) -> "World":
        return self.tell(CancelRequested(self.now))

    def begin(self, launch: LaunchAttempt) -> "World":
        return self.tell(AttemptStarted(self.now, launch.attempt_id, launch.fence, WORKER))

    def succeed(self, launch: LaunchAttempt, value: Value | None = None) -> "World":
        self.open.pop(launch.attempt_id, None)
        outcome = value or add(launch)
        assert not isinstance(outcome, Failure)
        return self.tell(AttemptSucceeded(self.now, launch.attempt_id, launch.fence, outcome))

    def fail(self, launch: LaunchAttempt, why: Failure | None = None) -> "World":
        self.open.pop(launch.attempt_id, None)
        return self.tell(AttemptFailed(self.now, launch.attempt_id, launch.fence, why or failure()))

    def _answer(self, command: Command) -> list[Event]:
        self._note(command)
        match command:
            case LookUp():
                return [
                    LookedUp(
                        self.now, command.node, tuple((item, self._find(command, item)) for item, _ in command.items)
                    )
                ]
            case Expand():
                return [Expanded(self.now, command.node, command.value.digest, self.objects[command.value.digest])]
            case Gather():
                return [Gathered(self.now, command.node, self.gather(command.members))]
            case Verify():
                return [Verified(self.now, command.node, command.index, *self.look(command.values))]
            case LaunchAttempt():
                return self._launch(command)
            case StopAttempt():
                return self._stop(command)
            case _:
                return []

    def _find(self, command: LookUp, item: int) -> Answer:
        if command.refresh:
            return Missing("key", "refresh asked")
        return self.stored.get((command.node, item), Missing("key", "no result for this key yet"))

    def _launch(self, launch: LaunchAttempt) -> list[Event]:
        self.open[launch.attempt_id] = launch
        self.most_open = max(self.most_open, len(self.open))
        outcome = self.behave(launch)
        if outcome is None:
            return []
        del self.open[launch.attempt_id]
        who = (launch.attempt_id, launch.fence)
        ended = (
            AttemptFailed(self.now, *who, outcome)
            if isinstance(outcome, Failure)
            else AttemptSucceeded(self.now, *who, outcome)
        )
        return [AttemptStarted(self.now, *who, WORKER), ended]

    def _stop(self, stop: StopAttempt) -> list[Event]:
        launch = self.open.pop(stop.attempt_id, None)
        if launch is None:
            return []
        return [AttemptFailed(self.now, launch.attempt_id, launch.fence, failure("stopped", FailureKind.CANCELLED))]

    def _note(self, command: Command) -> None:
        match command:
            case WakeAt():
                self.wake_at = command.at
            case RecordStep():
                self.records[command.record.node] = command.record
            case RecordAttempt():
                self.attempts[command.record.id] = command.record
            case _:
                pass

    @property
    def launches(self) -> list[LaunchAttempt]:
        return [command for command in self.commands if isinstance(command, LaunchAttempt)]

    def launched(self, name: str) -> list[LaunchAttempt]:
        return [launch for launch in self.launches if launch.node == name]

    @property
    def states(self) -> dict[str, str]:
        return {step.name: step.state.value for step in self.machine.steps}

    def block(self, name: str) -> str:
        items = self.machine.step(name).items.block()
        return items.states

    @property
    def finish(self) -> FinishRun:
        [finish] = [command for command in self.commands if isinstance(command, FinishRun)]
        return finish

    @property
    def story(self) -> list[str]:
        return [f"{note.node} {note.type.value}".strip() for note in self.commands if isinstance(note, Note)]

    def notes(self, type_: str) -> list[Note]:
        return [note for note in self.commands if isinstance(note, Note) and note.type.value == type_]

    @property
    def ended(self) -> list[tuple[str, int, State]]:
        return [(c.node, c.item, c.state) for c in self.commands if isinstance(c, ItemEnded)]


def world(
    *nodes: Node,
    output: Binding | None = None,
    behave: Behave = add,
    selection: Selection | None = None,
    parameters: dict[str, object] | None = None,
    **options: object,
) -> World:
    pipeline = graph(*nodes, output=output)
    options.setdefault("capacity", 4)
    chosen = choose(pipeline, selection or Selection())
    values = {name: text(value) for name, value in (parameters or {}).items()}
    return World(Machine(pipeline, values, chosen, options=MachineOptions(RUN, **options)), behave)  # type: ignore[arg-type]


def never(_launch: LaunchAttempt) -> None:
    """Attempts that go on until something happens."""


def failing(*names: str, why: Failure | None = None) -> Behave:
    """These nodes fail, the others add."""
    return lambda launch: (why or failure()) if launch.node in names else add(launch)


def object_of(members: Iterable[object], digest: str = "d1") -> tuple[ObjectValue, CompositeValue]:
    found = [text(member) for member in members]
    return ObjectValue("list", digest, 10, len(found)), sequence_of(found)
