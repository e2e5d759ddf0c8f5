"""The simulator is worth something if it finds what is wrong: engines and stores with one fault each, planted here."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from headrace.core.states import State
from headrace.engine.conductor import Conductor, Earlier
from headrace.ports.executors import AttemptBroke, AttemptDone, WorkerMessage
from headrace.ports.stores import RunChange
from headrace.ports.story import EventType
from headrace.testing.memory_stores import MemoryStore
from headrace.testing.simulation import Report, Rule, Subjects, simulate

MOST = 3000
"""Within so many histories each of them has to be found; most are within ten."""
SEEDS = {"a conductor that counts the time it slept": 3}
"""Where they are found soon."""


class WithoutGuard(MemoryStore):
    """Writes whatever version a run is at."""

    def __init__(self) -> None:
        super().__init__()
        write = self.runs.write

        def unguarded(change: RunChange) -> None:
            stored = self.runs.get(change.run.id)
            write(replace(change, run=replace(change.run, version=stored.version)))

        self.runs.write = unguarded


class KeepsClaims(MemoryStore):
    """Gives no claim back, neither when it is asked to nor when a run ends."""

    def __init__(self) -> None:
        super().__init__()
        self.results.release = lambda keys, run_id: None
        held: dict[str, Any] = {}

        def claim(keys: Any, run_id: str, holder: Any) -> Any:
            found = {key: held[key] for key in keys if key in held and held[key][0] != run_id}
            held.update((key, (run_id, holder)) for key in keys if key not in found)
            return found

        self.results.claim = claim


class ForgetsResults(MemoryStore):
    """Does not keep what may be reused."""

    def __init__(self) -> None:
        super().__init__()
        self.results.results = lambda keys: {}


class Possessive(Conductor):
    """Believes that every run is its own."""

    def _is_mine(self, stored: Any) -> bool:
        return True


class WithoutFences(Conductor):
    """Takes what an earlier attempt of an item says for what its present one says."""

    def _hear_of_attempt(self, machine: Any, turn: Any, message: Any, *, now: float) -> None:
        self._told = getattr(self, "_told", {})
        lease = machine.lease(message.attempt_id)
        if lease is not None:
            self._told[message.attempt_id] = (lease.step, lease.index)
        elif isinstance(message, AttemptDone | AttemptBroke):
            unit = self._told.get(message.attempt_id)
            for other in machine.open_attempts:
                lease = machine.lease(other)
                if (lease.step, lease.index) == unit:
                    message = replace(message, attempt_id=other, fence=lease.fence)
        super()._hear_of_attempt(machine, turn, message, now=now)


class Forgetful(Conductor):
    """Takes a run over without what is complete in it."""

    def __init__(self, *args: Any, earlier: Earlier | None = None, **options: Any) -> None:
        super().__init__(*args, earlier=earlier and replace(earlier, steps=()), **options)


class WithoutResults(Conductor):
    """Stores no result with a success."""

    def _write(self, turn: Any) -> None:
        turn.results.clear()
        super()._write(turn)


class Hasty(Conductor):
    """Launches attempts before they are written."""

    def turns(self, executor: Any) -> Any:
        self._executor = executor
        return super().turns(executor)

    def _write(self, turn: Any) -> None:
        launches, turn.launches = turn.launches, []
        for launch in launches:
            self._launch(launch, self._executor)
        super()._write(turn)


class Sleepy(Conductor):
    """Hears no alarm."""

    def _act(self, turn: Any, executor: Any) -> None:
        turn.has_wake = False
        super()._act(turn, executor)


class Wall:
    """A clock that shows what is on the wall."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def __call__(self) -> float:
        return self._clock()

    def leapt_s(self) -> float:
        return 0.0


class OnTheWall(Conductor):
    """Goes by the clock on the wall, wherever somebody sets it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clock = Wall(self._options.clock)


class Sleepless(Conductor):
    """Counts the time for which the machine has slept."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clock.leapt_s = lambda: 0.0


class Deaf(Conductor):
    """Loses every tenth message."""

    heard = 0

    def report(self, message: WorkerMessage) -> None:
        self.heard += 1
        if self.heard % 10:
            super().report(message)


def rewriting(change_of: Callable[[RunChange], RunChange]) -> type[Conductor]:
    """A conductor that writes something else than it should."""

    class Rewriting(Conductor):
        def _written(self, change: RunChange) -> Any:
            return super()._written(change_of(change))

    return Rewriting


def without_event(type_: EventType) -> type[Conductor]:
    return rewriting(lambda change: replace(change, events=[one for one in change.events if one.type != type_]))


def without_ends_of_lost_attempts(change: RunChange) -> RunChange:
    return replace(change, attempts=[one for one in change.attempts if one.state is not State.FAILED])


PLANTED: dict[str, tuple[Subjects, set[Rule]]] = {
    "a store without version guard": (Subjects(store=WithoutGuard), {Rule.VERSIONS, Rule.REPLACED}),
    "a store that keeps claims": (Subjects(store=KeepsClaims), {Rule.CLAIMS, Rule.RUNS_END}),
    "a store that forgets results": (Subjects(store=ForgetsResults), {Rule.COMPLETED_ONCE}),
    "a conductor to whom every run belongs": (Subjects(Possessive), {Rule.REPLACED, Rule.FINAL}),
    "a conductor without fences": (Subjects(WithoutFences), {Rule.COMPLETED_ONCE, Rule.MEANING, Rule.LIMITS}),
    "a conductor that forgets what is complete": (Subjects(Forgetful), {Rule.COMPLETED_ONCE, Rule.NOTHING_LOST}),
    "a conductor that stores no results": (Subjects(WithoutResults), {Rule.NOTHING_LOST}),
    "a conductor that launches before it writes": (Subjects(Hasty), {Rule.LAUNCHES, Rule.REPLACED}),
    "a conductor that hears no alarm": (Subjects(Sleepy), {Rule.RUNS_END}),
    "a conductor on the wall's clock": (Subjects(OnTheWall), {Rule.RUNS_END}),
    "a conductor that counts the time it slept": (Subjects(Sleepless), {Rule.LIMITS}),
    "a conductor that loses messages": (Subjects(Deaf), {Rule.RUNS_END}),
    "an untold skip": (Subjects(without_event(EventType.STEP_SKIPPED)), {Rule.STORY}),
    "an untold loss": (Subjects(without_event(EventType.ATTEMPT_LOST)), {Rule.STORY}),
    "attempts that stay open": (
        Subjects(rewriting(without_ends_of_lost_attempts)),
        {Rule.CLOSED, Rule.LAUNCHES, Rule.SINGLE_FLIGHT},
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found_and_told_in_few_words(name: str):
    subjects, rules = PLANTED[name]
    report: Report = simulate(MOST, seed=SEEDS.get(name, 1), subjects=subjects)
    assert not report.is_sound, "not found"
    [broken] = report.broken
    assert broken.rule in rules
    assert len(broken.smallest.graph.nodes) <= 4
    assert len(broken.smallest.faults) <= 3
    assert f"seed {broken.seed}" in str(report)
