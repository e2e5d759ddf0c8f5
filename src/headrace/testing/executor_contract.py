"""What every executor has to do, as a pytest class: inherit it, and say how to make, drive and hurt the executor.

```python
class TestMyExecutor(ExecutorContract):
    @pytest.fixture(autouse=True)
    def fresh_executor(self, tmp_path):
        self.folder = tmp_path
        self.executor = MyExecutor(self.report, ...)   # with a capacity of two
        yield
        self.executor.close()

    def drive(self, until): ...      # let it work until until() is true
    def lose_worker(self, began): ...  # kill what runs this attempt
```
"""

# ruff: noqa: D102 - the name of a test says what it is about

from collections.abc import Callable
from pathlib import Path

from headrace.core.canonical import canonical, restore
from headrace.core.errors import UsageError
from headrace.core.ids import new_id
from headrace.core.states import FailureKind
from headrace.core.symbols import Symbol
from headrace.core.values import InlineValue
from headrace.ports.executors import (
    NO_ITEM,
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    AttemptSpec,
    Executor,
    WorkerMessage,
)
from headrace.testing import executor_steps
from headrace.testing.executor_steps import fail, give, wait_for
from headrace.testing.expectations import raised

GRACE_S = 5.0


def step_attempt(function: Callable[..., object], fence: int = 1, **arguments: object) -> AttemptSpec:
    """An attempt of one of the contract's steps."""
    attempt = new_id()
    return AttemptSpec(
        attempt_id=attempt,
        run_id="contract",
        node=function.__name__,
        item=NO_ITEM,
        number=1,
        fence=fence,
        symbol=Symbol(executor_steps.__name__, function.__name__),
        arguments=tuple((name, InlineValue(canonical(value))) for name, value in arguments.items()),
        log_path=f"logs/{attempt}.log",
    )


class Told:
    """The messages of an executor, in order."""

    def __init__(self) -> None:
        self.messages: list[WorkerMessage] = []

    def about(self, spec: AttemptSpec) -> list[WorkerMessage]:
        """The messages about an attempt."""
        return [message for message in list(self.messages) if message.attempt_id == spec.attempt_id]

    def ends(self, spec: AttemptSpec) -> list[AttemptDone | AttemptBroke]:
        """The ends of an attempt: there must be one."""
        return [message for message in self.about(spec) if isinstance(message, AttemptDone | AttemptBroke)]

    def began(self, spec: AttemptSpec) -> list[AttemptBegan]:
        """The beginnings of an attempt."""
        return [message for message in self.about(spec) if isinstance(message, AttemptBegan)]

    def failure_kind(self, spec: AttemptSpec) -> FailureKind:
        """The kind of the one failure that an attempt ended in."""
        (end,) = self.ends(spec)
        assert isinstance(end, AttemptBroke)
        return end.failure.kind


class ExecutorContract:
    """See the head of this file."""

    executor: Executor
    folder: Path
    _told: Told | None = None

    @property
    def told(self) -> Told:
        """What has been reported so far."""
        if self._told is None:
            self._told = Told()
        return self._told

    def report(self, message: WorkerMessage) -> None:
        """What the executor has to be given."""
        self.told.messages.append(message)

    def drive(self, until: Callable[[], bool]) -> None:
        """Let the executor work until this is true; fail after a bound."""
        raise NotImplementedError

    def lose_worker(self, began: AttemptBegan) -> None:
        """Kill what runs this attempt, without telling the executor."""
        raise NotImplementedError

    def run(self, *specs: AttemptSpec) -> None:
        """Launch attempts and drive until all have ended."""
        for spec in specs:
            self.executor.launch(spec)
        self.drive(lambda: all(self.told.ends(spec) for spec in specs))

    def begin(self, *specs: AttemptSpec) -> None:
        """Launch attempts and drive until all run."""
        for spec in specs:
            self.executor.launch(spec)
        self.drive(lambda: all(self.told.began(spec) for spec in specs))

    def test_an_attempt_begins_and_then_succeeds_with_its_output(self) -> None:
        spec = step_attempt(give, value=3)
        self.run(spec)
        began, *_, done = self.told.about(spec)
        assert isinstance(began, AttemptBegan)
        assert isinstance(done, AttemptDone)
        assert isinstance(done.output, InlineValue)
        assert restore(done.output.text) == 3

    def test_an_exception_becomes_a_failure_with_its_types(self) -> None:
        spec = step_attempt(fail, text="no such luck")
        self.run(spec)
        (end,) = self.told.ends(spec)
        assert isinstance(end, AttemptBroke)
        assert end.failure.kind is FailureKind.USER_ERROR
        assert "no such luck" in end.failure.message
        assert end.failure.error_types[:2] == ("builtins:ValueError", "builtins:Exception")

    def test_every_message_carries_the_fence_of_its_launch(self) -> None:
        specs = [step_attempt(give, fence=fence, value=fence) for fence in (4, 9)]
        self.run(*specs)
        for spec in specs:
            assert {getattr(message, "fence", spec.fence) for message in self.told.about(spec)} == {spec.fence}

    def test_no_more_attempts_run_at_once_than_the_capacity(self) -> None:
        assert self.executor.capacity == 2
        gate = self.folder / "gate"
        specs = [step_attempt(wait_for, path=str(gate)) for _ in range(5)]
        for spec in specs:
            self.executor.launch(spec)
        self.drive(lambda: sum(len(self.told.began(spec)) for spec in specs) == 2)
        gate.touch()
        self.drive(lambda: all(self.told.ends(spec) for spec in specs))
        running = highest = 0
        for message in self.told.messages:
            running += isinstance(message, AttemptBegan) - isinstance(message, AttemptDone | AttemptBroke)
            highest = max(highest, running)
        assert highest == 2

    def test_many_attempts_begin_once_and_end_once_each(self) -> None:
        specs = [step_attempt(give, value=number) for number in range(60)]
        self.run(*specs)
        assert [len(self.told.began(spec)) for spec in specs] == [1] * 60
        assert [len(self.told.ends(spec)) for spec in specs] == [1] * 60

    def test_an_attempt_that_is_stopped_ends_as_cancelled(self) -> None:
        spec = step_attempt(wait_for, path=str(self.folder / "never"))
        other = step_attempt(wait_for, path=str(self.folder / "gate"))
        self.begin(spec, other)
        self.executor.stop(spec.attempt_id, grace_s=GRACE_S)
        self.drive(lambda: bool(self.told.ends(spec)))
        assert self.told.failure_kind(spec) is FailureKind.CANCELLED
        (self.folder / "gate").touch()
        self.drive(lambda: bool(self.told.ends(other)))
        assert isinstance(self.told.ends(other)[0], AttemptDone)

    def test_an_attempt_that_is_stopped_before_it_began_never_begins(self) -> None:
        first = [step_attempt(wait_for, path=str(self.folder / "gate")) for _ in range(2)]
        self.begin(*first)
        late = step_attempt(give, value=1)
        self.executor.launch(late)
        self.executor.stop(late.attempt_id, grace_s=GRACE_S)
        self.drive(lambda: bool(self.told.ends(late)))
        assert self.told.failure_kind(late) is FailureKind.CANCELLED
        (self.folder / "gate").touch()
        self.drive(lambda: all(self.told.ends(spec) for spec in first))
        assert self.told.began(late) == []

    def test_stopping_what_has_ended_or_never_was_changes_nothing(self) -> None:
        spec = step_attempt(give, value=1)
        self.run(spec)
        self.executor.stop(spec.attempt_id, grace_s=GRACE_S)
        self.executor.stop(new_id(), grace_s=GRACE_S)
        after = step_attempt(give, value=2)
        self.run(after)
        assert len(self.told.ends(spec)) == 1
        assert isinstance(self.told.ends(after)[0], AttemptDone)

    def test_a_lost_worker_breaks_its_own_attempt_and_no_other(self) -> None:
        lost = self.loseable(step_attempt(wait_for, path=str(self.folder / "gate")))
        other = step_attempt(wait_for, path=str(self.folder / "gate"))
        self.begin(lost, other)
        self.lose_worker(self.told.began(lost)[0])
        self.drive(lambda: bool(self.told.ends(lost)))
        assert self.told.failure_kind(lost) is FailureKind.INFRASTRUCTURE
        (self.folder / "gate").touch()
        self.drive(lambda: bool(self.told.ends(other)))
        assert isinstance(self.told.ends(other)[0], AttemptDone)
        again = self.loseable(step_attempt(give, value=1))
        self.run(again)
        assert isinstance(self.told.ends(again)[0], AttemptDone)

    def test_closing_breaks_what_runs_and_what_waits(self) -> None:
        running = [self.loseable(step_attempt(wait_for, path=str(self.folder / "never"))) for _ in range(2)]
        waiting = self.loseable(step_attempt(give, value=1))
        self.begin(*running)
        self.executor.launch(waiting)
        self.executor.close()
        self.executor.close()
        assert {self.told.failure_kind(spec) for spec in (*running, waiting)} == {FailureKind.INFRASTRUCTURE}

    def test_a_closed_executor_takes_no_attempt(self) -> None:
        self.executor.close()
        raised(UsageError, lambda: self.executor.launch(step_attempt(give, value=1)))
        assert self.told.messages == []

    def loseable(self, spec: AttemptSpec) -> AttemptSpec:
        """The attempt in a place that can be lost; for executors that also use the calling process."""
        return spec
