"""One attempt of a stored run again, in this thread: with the inputs that it had, by the code as it is now."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from headrace.app.answers.inputs import Inputs
from headrace.app.plans.memories import recall
from headrace.app.projects.loading import make_importable
from headrace.app.projects.secrets import secrets_of
from headrace.app.rooms import Rooms
from headrace.core.failures import Failure
from headrace.core.symbols import Symbol
from headrace.core.values import CompositeValue, Value, value_digest
from headrace.ports.records import RunRecord, StepRunRecord
from headrace.worker.failures import describe_failure
from headrace.worker.functions import StepFinder, plain_function, split_arguments


class Attempt(Struct, frozen=True):
    """A call to be made: the step's function with its arguments as Python values.

    `item` is -1 for a step that is no map; `stored` the value that the run has of it, None if it has none; `secrets`
    belong into the environment, `folder` is where the run was started, from the project's root.
    """

    step: str
    item: int
    symbol: Symbol
    function: Callable[..., Any]
    arguments: dict[str, object]
    stored: Value | None
    secrets: dict[str, str]
    folder: str

    def call(self, how: Callable[..., object] | None = None) -> object:
        """Make it; `how` gets the function and its arguments instead (`pdb.Pdb().runcall`)."""
        args, named = split_arguments(self.function, self.arguments)
        return self.function(*args, **named) if how is None else how(plain_function(self.function), *args, **named)


def attempt_of(rooms: Rooms, run: RunRecord, step: StepRunRecord, *, item: int | None = None) -> Attempt:
    """The call of a step (or of an item of a map: the first that failed, or the first) of a run.

    Raises NoInputsError, StepNotFoundError, ArtifactError, and whatever importing the step's module raises.
    """
    inputs = Inputs(rooms, run)
    values = inputs.arguments(step.node, item)
    spec = inputs.node(step.node).step
    number = inputs.item(step.node, item)
    make_importable(rooms.settings)
    function = StepFinder().find(spec.symbol)
    return Attempt(
        step.node,
        number,
        spec.symbol,
        function,
        {name: rooms.artifacts.get(value) for name, value in values.items()},
        _stored(rooms, run, step, item=number),
        dict(secrets_of(rooms.settings.root, spec.secrets)),
        recall(run).folder,
    )


def failure_of_call(error: Exception) -> Failure:
    """What a call has raised, told as that of an attempt: without the frames of Headrace."""
    return describe_failure(error)


def is_as_stored(rooms: Rooms, attempt: Attempt, result: object) -> bool | None:
    """Whether a result is the one that the run has, byte by byte; None if it has none. Stores nothing.

    `rooms` are those of a forecast.
    """
    if attempt.stored is None:
        return None
    made = rooms.artifacts.put(result, owner=f"the output of step {attempt.step!r}")
    return value_digest(made) == value_digest(attempt.stored)


def _stored(rooms: Rooms, run: RunRecord, step: StepRunRecord, *, item: int) -> Value | None:
    if item < 0:
        return step.output if step.state.has_value else None
    whole = step.output
    if isinstance(whole, CompositeValue) and step.state.has_value and item < len(whole.members):
        return whole.members[item][1]
    return rooms.stores.details.item_outputs(run.id, step.node).get(item)
