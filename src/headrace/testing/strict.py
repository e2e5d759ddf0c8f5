"""`strict`: a pipeline run in this process as its worst run could be, to find what plain calls hide.

Every value is sent through its format, independent steps run in a random order, and what a step gets is compared
before and after. No database, no other process, nothing of the project's store.
"""

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from headrace.app.projects.settings import read_settings
from headrace.artifacts.paths import PATH_TYPE
from headrace.core.errors import HeadraceError
from headrace.core.values import CompositeValue, Value
from headrace.definition.graph import Node
from headrace.definition.parameters import bind
from headrace.definition.pipelines import Pipeline
from headrace.testing.live_graphs import LiveGraph, ToldCall
from headrace.testing.stored_rounds import Choice, Shelf, StoredRound, Unit, in_order

P = ParamSpec("P")
R = TypeVar("R")

_SHOWN_STEPS = 12
_KEPT: list[object] = []
"""Folders that a returned path lies in; they go with the process."""


class NotStrictError(HeadraceError, AssertionError):
    """A pipeline counts on more than the values that its steps hand on; `findings` says which step on what."""

    code = "testing.not-strict"

    def __init__(self, pipeline: str, findings: Sequence[str], seed: int) -> None:
        self.pipeline, self.findings, self.seed = pipeline, tuple(findings), seed
        listed = "".join(f"\n  - {finding}" for finding in findings)
        super().__init__(f"Pipeline {pipeline!r} is not strict:{listed}\n{_repeat(seed)}")


def strict(pipeline: Pipeline[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a pipeline strictly and return its output; see `Strict.run`."""
    return Strict().run(pipeline, *args, **kwargs)


class Strict:
    """Options of strict runs. `seed` repeats the order of one that failed.

    With `compare=False` every step runs once only, and its output is not held against that of a plain call.
    """

    def __init__(self, *, seed: int | None = None, compare: bool = True) -> None:
        self.seed = random.SystemRandom().randrange(1 << 32) if seed is None else seed
        self._compare = compare

    def run(self, pipeline: Pipeline[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a pipeline strictly, compare it with a plain call, and return its output as the store gives it.

        Raises NotStrictError for a step that alters its input in place, or that gives something else for stored
        inputs or in another order (only steps that may be reused are compared); DefinitionError and ParameterError as
        a run does; and what a step raises, with a note that names the step, the order and the seed.
        """
        settings = read_settings(_folder_of(pipeline))
        folder = tempfile.TemporaryDirectory(prefix="headrace-strict-")
        try:
            shelf = Shelf(Path(folder.name), pickles=settings.pickles, trusted=settings.trusted)
            found = _Inquiry(pipeline, (args, kwargs), shelf, is_strict=settings.strict)
            output = found.first(self.seed)
            if self._compare:
                found.compare(self.seed)
            if _holds_path(output):
                _KEPT.append(folder)
            return cast("R", shelf.get(output))
        finally:
            if folder not in _KEPT:
                folder.cleanup()


@dataclass(frozen=True, slots=True)
class _Given:
    """What a step gave in one round: a digest, empty if it cannot be compared."""

    step: str
    digest: str


class _Inquiry:
    """One pipeline with its arguments, run in several ways."""

    def __init__(
        self, pipeline: Pipeline[..., Any], call: tuple[Sequence[Any], dict[str, Any]], shelf: Shelf, *, is_strict: bool
    ) -> None:
        bound = bind(pipeline, *call)
        self._pipeline, self._call, self._shelf = pipeline, call, shelf
        self._live = LiveGraph(pipeline, bound.static, is_strict=is_strict)
        self._nodes = self._live.traced.nodes
        self._parameters: dict[str, Value] = dict(bound.values)
        for name, value in bound.objects.items():
            owner = f"parameter {name!r} of pipeline {pipeline.name!r}"
            self._parameters[name] = shelf.put(value, owner=owner)
        self._shuffled: list[_Given] = []
        self._order: list[Unit] = []

    def first(self, seed: int) -> Value:
        """The round in random order; raises NotStrictError for altered inputs."""
        choice = _shuffling(random.Random(seed))  # noqa: S311 - an order of steps, no secret
        done = StoredRound(self._live, self._parameters, self._shelf, choice=choice)
        try:
            output = done.run()
        except Exception as error:
            error.add_note(self._told(done.order, seed))
            self._refuse_altered(done, seed, error)
            raise
        self._refuse_altered(done, seed, None)
        self._shuffled, self._order = self._given_by(done), done.order
        return output

    def compare(self, seed: int) -> None:
        """Hold the first round against a plain call; raises NotStrictError."""
        plain: list[_Given] = []
        told = ToldCall(lambda step, value: plain.append(_Given(step, self._shelf.comparable(value))))
        told.start(self._pipeline, *self._call)
        ran = [node for node in self._nodes if node.name in {one.step for one in self._shuffled}]
        if [node.step.name for node in ran] != [one.step for one in plain]:
            raise NotStrictError(self._pipeline.name, [self._other_way(ran, plain)], seed)
        differing = self._differing(ran, plain)
        if differing:
            ordered = self._in_order()
            findings = [
                self._diagnosis(ran[index], (ordered[index], plain[index], self._shuffled[index]))
                for index in differing
            ]
            raise NotStrictError(self._pipeline.name, findings, seed)

    def _differing(self, ran: Sequence[Node], plain: Sequence[_Given]) -> list[int]:
        """The steps that give something else although nothing before them does."""
        tainted: set[str] = set()
        found: list[int] = []
        for index, (node, one, other) in enumerate(zip(ran, plain, self._shuffled, strict=True)):
            if node.upstream & tainted:
                tainted.add(node.name)
            elif one.digest and other.digest and one.digest != other.digest:
                tainted.add(node.name)
                if node.step.is_reusable:
                    found.append(index)
        return found

    def _in_order(self) -> list[_Given]:
        done = StoredRound(self._live, self._parameters, self._shelf, choice=in_order)
        try:
            done.run()
        except Exception:  # noqa: BLE001 - it did not raise before: that it does now is all there is to know
            return [_Given(one.step, "") for one in self._shuffled]
        return self._given_by(done)

    def _given_by(self, done: StoredRound) -> list[_Given]:
        outputs = ((node.name, done.outputs[node.name]) for node in self._nodes if node.name in done.outputs)
        return [_Given(name, self._shelf.comparable(self._shelf.get(value))) for name, value in outputs]

    def _diagnosis(self, node: Node, gave: tuple[_Given, _Given, _Given]) -> str:
        ordered, plain, shuffled = (one.digest for one in gave)
        if ordered == plain:
            return (
                f"Step {node.name!r} gives something else when independent steps run in another order ("
                f"{self._order_text(self._order)}): it counts on what another step does beside its output. Hand that "
                f"on as an output, or write .after(…)."
            )
        if ordered == shuffled:
            return (
                f"Step {node.name!r} gives something else for inputs that come from the store than for the very "
                f"objects that the steps before it made: it counts on their identity, or on what their format does not "
                f"keep. Compare values with ==, and put all it needs into them."
            )
        return (
            f"Step {node.name!r} gives something else each time for the same inputs: it draws random numbers without "
            f"a seed, reads the clock, or finds in memory what it or another step left there. Seed it, hand that in as "
            f"an input, or mark it cache=False."
        )

    def _refuse_altered(self, done: StoredRound, seed: int, cause: Exception | None) -> None:
        findings = [
            f"Step {step!r} alters its input {name!r} in place. In a plain call every other step that takes this value "
            f"sees the change, in a run none does. Work on a copy."
            for step, name in done.altered
        ]
        if findings:
            raise NotStrictError(self._pipeline.name, findings, seed) from cause

    def _other_way(self, ran: Sequence[Node], plain: Sequence[_Given]) -> str:
        pairs = zip_longest((node.step.name for node in ran), (one.step for one in plain), fillvalue="nothing more")
        number, (stored, called) = next((at, pair) for at, pair in enumerate(pairs, 1) if pair[0] != pair[1])
        return (
            f"The run and a plain call take different ways: step number {number} is {stored!r} in the run and "
            f"{called!r} in the call. A condition before it does not follow from the pipeline's inputs alone."
        )

    def _told(self, order: Sequence[Unit], seed: int) -> str:
        return (
            f"in a strict run of pipeline {self._pipeline.name!r}, whose inputs come from the store (arrays and tables "
            f"read-only) and whose steps ran in this order: {self._order_text(order)}. {_repeat(seed)}"
        )

    def _order_text(self, order: Sequence[Unit]) -> str:
        names = list(dict.fromkeys(self._nodes[position].name for position, _ in order))
        more = f" and {len(names) - _SHOWN_STEPS} more" if len(names) > _SHOWN_STEPS else ""
        return ", ".join(names[:_SHOWN_STEPS]) + more


def _shuffling(source: random.Random) -> Choice:
    """Any order that the graph allows, but the first that offers a choice does not begin with the body's first."""
    first = True

    def choose(ready: Sequence[Unit]) -> Unit:
        nonlocal first
        others = [unit for unit in ready if unit != min(ready)] if first else []
        first = first and not others
        return source.choice(others or list(ready))

    return choose


def _repeat(seed: int) -> str:
    return f"Seed {seed}; repeat it with headrace.testing.Strict(seed={seed}).run(…)."


def _folder_of(pipeline: Pipeline[..., Any]) -> Path | None:
    file = Path(pipeline.symbol.file)
    return file.parent if file.is_file() else None


def _holds_path(value: Value) -> bool:
    if not isinstance(value, CompositeValue):
        return False
    return value.python_type == PATH_TYPE or any(_holds_path(member) for _, member in value.members)
