"""The machine under every kind of history: answers in any order, lost, late, repeated and stale messages, halts."""

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from headrace.core.states import FailureKind, State
from headrace.core.values import sequence_of
from headrace.definition.graph import Graph
from headrace.engine.commands import (
    Command,
    Expand,
    FinishRun,
    Gather,
    ItemEnded,
    LaunchAttempt,
    LookUp,
    Note,
    RecordStep,
    StopAttempt,
    WakeAt,
)
from headrace.engine.events import (
    Answer,
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    CancelRequested,
    ClaimFreed,
    Event,
    Gathered,
    Held,
    LookedUp,
    Missing,
    Reuse,
    RunStarted,
    TimePassed,
    TurnEnded,
    WorkerLost,
)
from headrace.engine.machine import Machine
from headrace.engine.options import MachineOptions
from headrace.plan.plan import Selection
from headrace.plan.selection import choose
from unit.engine.generated import graphs
from unit.engine.worlds import RUN, WORKER, failure, text

OTHER_RUN = "e" * 32
KINDS = st.sampled_from([kind for kind in FailureKind if kind is not FailureKind.CANCELLED])


class Histories(RuleBasedStateMachine):
    """Drives one machine and checks it against what it has said."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.questions: list[LookUp | Gather] = []
        self.open: dict[str, LaunchAttempt] = {}
        self.begun: set[str] = set()
        self.said: list[Event] = []
        self.held: list[tuple[str, int]] = []
        self.finals: dict[str, State] = {}
        self.ended: set[tuple[str, int]] = set()
        self.attempts: dict[tuple[str, int], int] = {}
        self.story: dict[str, str] = {}
        self.recorded: dict[str, State] = {}
        self.finishes: list[FinishRun] = []
        self.wake_at: float | None = None

    @initialize(pipeline=graphs(5), capacity=st.integers(1, 3), fail_fast=st.booleans(), batch=st.integers(1, 3))
    def begin(self, pipeline: Graph, capacity: int, fail_fast: bool, batch: int) -> None:
        self.pipeline = pipeline
        options = MachineOptions(RUN, capacity, fail_fast, lookup_batch=batch, silence_s=5.0, stop_grace_s=5.0)
        self.options = replace(options, infrastructure_retries=1)
        self.machine = Machine(pipeline, {}, choose(pipeline, Selection()), options=self.options)
        self.tell(RunStarted(self.now))

    def tell(self, event: Event) -> None:
        for command in self.machine.handle(event):
            self.take(command)

    def take(self, command: Command) -> None:
        match command:
            case LookUp() | Gather():
                self.questions.append(command)
            case Expand():
                raise AssertionError("nothing in these pipelines lies in an object")
            case LaunchAttempt():
                self.launched(command)
            case ItemEnded():
                assert (command.node, command.item) not in self.ended
                self.ended.add((command.node, command.item))
            case Note():
                self.note(command)
            case StopAttempt():
                assert command.attempt_id in self.open
            case _:
                self.take_record(command)

    def take_record(self, command: Command) -> None:
        match command:
            case RecordStep():
                self.recorded[command.record.node] = command.record.state
            case WakeAt():
                self.wake_at = command.at
            case FinishRun():
                self.finishes.append(command)
            case _:
                pass

    def launched(self, launch: LaunchAttempt) -> None:
        unit = (launch.node, launch.item)
        self.attempts[unit] = self.attempts.get(unit, 0) + 1
        assert launch.number == self.attempts[unit]
        assert unit not in self.ended
        assert not any((other.node, other.item) == unit for other in self.open.values())
        self.open[launch.attempt_id] = launch

    def note(self, note: Note) -> None:
        kind, _, word = note.type.value.partition(".")
        if kind == "step" and word not in ("items", "waiting", "taken_over"):
            assert self.story.get(note.node, "started") == "started"
            self.story[note.node] = word

    # ------------------------------------------------------------------ what the world does

    @precondition(lambda self: self.questions)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.questions) - 1))
        question = self.questions.pop(place)
        if isinstance(question, Gather):
            fails = data.draw(st.integers(0, 9)) == 0
            outcome = failure("disk full", FailureKind.INFRASTRUCTURE) if fails else sequence_of(question.members)
            self.tell(Gathered(self.now, question.node, outcome))
            return
        answers = [(item, self.draw_answer(data, question.node, item)) for item, _ in question.items]
        self.tell(LookedUp(self.now, question.node, tuple(answers)))

    def draw_answer(self, data: st.DataObject, name: str, item: int) -> Answer:
        match data.draw(st.sampled_from(["missing", "missing", "missing", "reuse", "here", "elsewhere"])):
            case "reuse":
                return Reuse("key", text(3), "attempt", data.draw(st.sampled_from([RUN, OTHER_RUN])))
            case "here":
                self.held.append((name, item))
                return Held("key", RUN)
            case "elsewhere":
                return Held("key", OTHER_RUN)
            case _:
                return Missing("key", "nothing yet")

    @precondition(lambda self: self.held)
    @rule()
    def free(self) -> None:
        name, item = self.held.pop()
        self.tell(ClaimFreed(self.now, name, (item,)))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def start_attempt(self, data: st.DataObject) -> None:
        launch = self.draw_open(data)
        self.begun.add(launch.attempt_id)
        self.say(AttemptStarted(self.now, launch.attempt_id, launch.fence, WORKER))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        launch = self.draw_open(data)
        del self.open[launch.attempt_id]
        self.say(AttemptSucceeded(self.now, launch.attempt_id, launch.fence, text(1)))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), kind=KINDS)
    def fail(self, data: st.DataObject, kind: FailureKind) -> None:
        launch = self.draw_open(data)
        del self.open[launch.attempt_id]
        self.say(AttemptFailed(self.now, launch.attempt_id, launch.fence, failure("no", kind)))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        launch = self.draw_open(data)
        del self.open[launch.attempt_id]
        self.say(WorkerLost(self.now, launch.attempt_id, launch.fence, "gone"))

    def draw_open(self, data: st.DataObject) -> LaunchAttempt:
        return self.open[data.draw(st.sampled_from(sorted(self.open)))]

    def say(self, event: Event) -> None:
        self.said.append(event)
        self.tell(event)

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def repeat_a_message(self, data: st.DataObject) -> None:
        """What was said of an attempt that has ended, said again, changes nothing."""
        event = data.draw(st.sampled_from(self.said))
        if event.attempt_id not in self.open:
            self.changes_nothing(event)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), step=st.sampled_from([-1, 1, 7]))
    def say_something_stale(self, data: st.DataObject, step: int) -> None:
        launch = self.draw_open(data)
        fence = launch.fence + step
        self.changes_nothing(AttemptSucceeded(self.now, launch.attempt_id, fence, text(666)))

    def changes_nothing(self, event: Event) -> None:
        before = self.picture()
        commands = self.machine.handle(event)
        assert [command.type.value for command in commands if isinstance(command, Note)] == ["message.ignored"]
        assert len(commands) == 1
        assert self.picture() == before

    def picture(self) -> list[object]:
        return [(step.state, step.output, step.items.block(), step.open) for step in self.machine.steps]

    @rule(seconds=st.sampled_from([0.0, 0.3, 1.0, 30.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.tell(TimePassed(self.now))
        for gone in [name for name in self.open if self.machine.lease(name) is None]:
            del self.open[gone]

    @rule(chance=st.integers(0, 9))
    def cancel(self, chance: int) -> None:
        if chance == 0:
            self.tell(CancelRequested(self.now))

    @rule()
    def end_turn(self) -> None:
        self.tell(TurnEnded(self.now))

    # ------------------------------------------------------------------ what has to hold

    @invariant()
    def no_more_is_open_than_there_is_room_for(self) -> None:
        assert len(self.open) <= self.options.capacity
        assert set(self.machine.open_attempts) == set(self.open)
        for step in self.machine.steps:
            count = sum(launch.node == step.name for launch in self.open.values())
            assert step.open == count
            limit = step.node.step.max_parallel
            assert limit is None or count <= limit

    @invariant()
    def a_final_state_stays(self) -> None:
        for step in self.machine.steps:
            if step.name in self.finals:
                assert step.state is self.finals[step.name]
            elif step.state.is_final:
                self.finals[step.name] = step.state

    @invariant()
    def nobody_is_tried_more_often_than_the_budgets_allow(self) -> None:
        for (name, _), count in self.attempts.items():
            times = self.machine.step(name).node.step.retry.times
            # user errors, memory, time: `times` each; lost workers: at least one
            assert count <= 1 + 3 * times + max(times, 1)

    @invariant()
    def the_story_tells_what_the_states_are(self) -> None:
        for step in self.machine.steps:
            told = self.story.get(step.name)
            if step.state.is_final:
                assert told == step.state.value
            else:
                assert told in (None, "started")
            assert (told is not None) or step.started_at is None

    @invariant()
    def the_letters_of_items_add_up(self) -> None:
        for step in self.machine.steps:
            states = step.items.block().states
            assert step.items.tally().get("succeeded", 0) == states.count("s")
            assert step.items.are_final == all(letter in "sfcku" for letter in states)
            if step.state in (State.SUCCEEDED, State.REUSED):
                assert set(states) <= {"s", "u"}

    @invariant()
    def a_run_ends_once_and_only_when_nothing_is_open(self) -> None:
        assert len(self.finishes) == int(self.machine.state.is_final)
        if self.finishes:
            assert not self.open
            assert all(step.state.is_final for step in self.machine.steps)

    def teardown(self) -> None:
        """Once every question is answered and every attempt ends, the run does."""
        if not hasattr(self, "machine"):
            return
        chance = random.Random(len(self.said))
        for _ in range(2000):
            if self.machine.state.is_final:
                break
            self.go_on(chance)
        assert self.machine.state.is_final
        self.tell(TurnEnded(self.now))
        assert self.recorded == {step.name: step.state for step in self.machine.steps}
        for check in (self.a_final_state_stays, self.the_story_tells_what_the_states_are):
            check()
        self.a_run_ends_once_and_only_when_nothing_is_open()

    def go_on(self, chance: random.Random) -> None:
        if self.questions:
            question = self.questions.pop()
            if isinstance(question, Gather):
                self.tell(Gathered(self.now, question.node, sequence_of(question.members)))
            else:
                answers = tuple((item, Missing("key", "nothing yet")) for item, _ in question.items)
                self.tell(LookedUp(self.now, question.node, answers))
        elif self.open:
            name = chance.choice(sorted(self.open))
            launch = self.open.pop(name)
            self.tell(AttemptSucceeded(self.now, name, launch.fence, text(1)))
        elif self.held:
            self.free()
        else:
            self.tell(TurnEnded(self.now))
            assert self.wake_at is not None, "the run waits for nothing"
            self.now = max(self.now, self.wake_at)
            self.tell(TimePassed(self.now))


Histories.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestHistories = Histories.TestCase
