"""Simulating many histories, or one again."""

import gc
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from msgspec import Struct

from headrace.definition.graph import Graph
from headrace.testing.simulation.drawing import draw
from headrace.testing.simulation.histories import FaultKind, History
from headrace.testing.simulation.shrinking import shrink
from headrace.testing.simulation.violations import Rule, ViolationError
from headrace.testing.simulation.world import Counts, Subjects, World

COLLECTED_EVERY = 100_000
"""A history leaves circles of some thousand objects: looking for them after every 700 takes an eighth of the time."""
SEEDS_A_SEED = 1_000_000
"""History number n of `simulate(seed=s)` has the seed s · 1,000,000 + n, which is what `replay` takes."""


class Broken(Struct, frozen=True):
    """A history that broke a rule: what was found, the smallest history that breaks it too, and its story."""

    seed: int
    rule: str
    what: str
    smallest: History
    story: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"seed {self.seed}: {self.rule}", f"  {self.what}", "the smallest history that breaks it:"]
        return "\n".join([*lines, *(f"  {line}" for line in (*_described(self.smallest), *self.story))])


class Report(Struct, frozen=True):
    """What came of a simulation. `met` counts the faults that came about, by kind; `broken` are the first failures."""

    histories: int
    seconds: float
    counts: Counts
    met: Mapping[FaultKind, int]
    broken: tuple[Broken, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every rule held in every history."""
        return not self.broken

    def __str__(self) -> str:
        counts = self.counts
        each = self.seconds / self.histories * 1000 if self.histories else 0.0
        lines = [
            f"{self.histories:,} histories in {self.seconds:.1f} s ({each:.1f} ms each)",
            f"{counts.runs:,} runs, {counts.processes:,} conductors, {counts.attempts:,} attempts",
            f"{counts.writes:,} writes, {counts.seconds / 3600:,.1f} simulated hours",
            f"{sum(self.met.values()):,} faults came about:",
            *(f"  {count:>8,}  {kind}" for kind, count in sorted(self.met.items(), key=lambda met: -met[1])),
        ]
        lines += [f"{len(self.broken)} broken"] if self.broken else ["every rule held"]
        return "\n".join([*lines, *map(str, self.broken)])


def simulate(histories: int = 1000, seed: int = 0, *, subjects: Subjects | None = None, most_broken: int = 1) -> Report:
    """Simulate so many histories, until so many have broken a rule; each of those is made as small as it can be.

    The same numbers give the same histories. `subjects` puts others than the real parts to the test.
    """
    with _seldom_collecting():
        return _simulated(histories, seed, subjects or Subjects(), most_broken=most_broken)


def _simulated(histories: int, seed: int, subjects: Subjects, *, most_broken: int) -> Report:
    began = time.perf_counter()
    met: dict[FaultKind, int] = {}
    broken: list[Broken] = []
    counts = Counts()
    done = 0
    for number in range(histories):
        world, found = _live(draw(seed * SEEDS_A_SEED + number), subjects)
        done += 1
        for fault in world.timeline.met:
            met[fault.kind] = met.get(fault.kind, 0) + 1
        counts.add(world.counts)
        if found is not None:
            broken.append(_explained(world.history, found, subjects))
            if len(broken) >= most_broken:
                break
    return Report(done, time.perf_counter() - began, counts, met, tuple(broken))


@contextmanager
def _seldom_collecting() -> Generator[None, None, None]:
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_EVERY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def replay(seed: int, *, subjects: Subjects | None = None) -> tuple[str, ...]:
    """The story of one history, line by line, with the rule that it breaks at its end, if it does."""
    history = draw(seed)
    lines = list(_described(history))
    _, found = _live(history, subjects or Subjects(), lines)
    return (*lines, *([str(found)] if found is not None else []))


def _live(history: History, subjects: Subjects, lines: list[str] | None = None) -> tuple[World, ViolationError | None]:
    world = World(history, subjects, told=None if lines is None else lines.append)
    try:
        world.run()
    except ViolationError as found:
        return world, found
    except Exception as error:  # noqa: BLE001 - whatever a conductor raises is a finding, with a story to be told
        return world, ViolationError(Rule.ERRORS, f"{type(error).__name__}: {error}")
    return world, None


def _explained(history: History, found: ViolationError, subjects: Subjects) -> Broken:
    def breaks(smaller: History) -> bool:
        _, other = _live(smaller, subjects)
        return other is not None and other.rule is found.rule

    smallest = shrink(history, breaks)
    lines: list[str] = []
    _, again = _live(smallest, subjects, lines)
    last = str(again) if again is not None else "told again, it holds"
    return Broken(history.seed, found.rule, found.what, smallest, (*lines, last))


def _described(history: History) -> list[str]:
    lines = [f"seed {history.seed}; {len(history.runs)} runs of {_shape(history.graph)}"]
    for number, run in enumerate(history.runs, 1):
        begins = f"n={run.parameter}, from {run.begins_at:.1f} s, {run.capacity} at once"
        lines.append(f"run {number}: {begins}{', fail fast' if run.fail_fast else ''}")
    lines += [f"fault: {fault}" for fault in history.faults]
    names = [node.name for node in history.graph.nodes]
    lines += [
        f"fails: {names[place]} where its inputs add up to {rest} modulo 4" for place, rest in sorted(history.bad)
    ]
    lines += [f"fails the first time: {names[place]}" for place in sorted(history.flaky)]
    return lines


def _shape(graph: Graph) -> str:
    return ", ".join(
        f"{node.name}({', '.join(sorted(node.upstream))}){' effect' if node.step.effect else ''}"
        for node in graph.nodes
    )
