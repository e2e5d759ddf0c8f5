"""Stored values that turn out to be damaged or gone where they are needed: who made one makes it again, in that run.

What was only counted and measured when it was reused is read, and so verified, by the first that takes it. By then its
step is final; it is opened again, and all that waits for it goes on with the value that it gives then.
"""

from collections.abc import Iterable

from headrace.core.errors import ArtifactError
from headrace.core.failures import Failure
from headrace.core.parts import NeedsContentError
from headrace.core.states import FailureKind, State
from headrace.core.symbols import qualified_name
from headrace.core.values import ObjectValue, Value, objects_in
from headrace.engine.board import Board
from headrace.engine.commands import Expand, Reopened, Verify
from headrace.engine.events import Verified
from headrace.engine.items import NO_ITEMS
from headrace.engine.lookups import Lookups
from headrace.engine.reuse import why_never
from headrace.engine.steps import Lease, StepRun, Tries
from headrace.engine.values import HinderedError, UnfitError, Values
from headrace.plan.bindings import MapItems
from headrace.ports.story import EventType

TYPE = qualified_name(ArtifactError)
"""The class of errors that a store raises, as failures name it."""
OUTPUT = ""
"""Stands for the run's output where a node is named."""


class Mending:
    """Finds the steps behind damaged values and opens them again, each once a run."""

    def __init__(self, board: Board, lookups: Lookups, values: Values) -> None:
        self._board, self._lookups, self._values = board, lookups, values

    def suspect(self, lease: Lease, failure: Failure) -> bool:
        """Whether an attempt has failed at a stored value: its inputs are looked at before it is tried again."""
        step = lease.step
        if TYPE not in failure.error_types or step.arguments is None or self._board.is_halted:
            return False
        step.mending[lease.index] = lease
        step.verifying.add(lease.index)
        step.tries.setdefault(lease.index, Tries()).attempts = lease.number
        step.items.move(lease.index, State.QUEUED)
        if step.state is State.RUNNING and not step.open and not step.is_map:
            step.state = State.QUEUED
        values = tuple(value for _, value in step.arguments.arguments(lease.index))
        self._board.out.append(Verify(step.name, lease.index, values))
        return True

    def reopen_for(self, step: StepRun, event: Verified) -> Failure | None:
        """Have what an item needs made again; a failure if that cannot be."""
        index = event.index
        arguments = step.arguments.arguments(index) if step.arguments is not None else ()
        names = [name for name, value in arguments if _holds(value, event.damaged)]
        what = f"The input {' and '.join(map(repr, names))} of step {step.name!r}"
        return self._reopen(step.node.upstream, event, what)

    def reopen_for_output(self, event: Verified) -> Failure | None:
        """Have the run's output made again; a failure if that cannot be."""
        names = {step.name for step in self._board.steps}
        return self._reopen(names, event, "The pipeline's output")

    def reopen_for_members(self, name: str, digest: str, failure: Failure) -> bool:
        """Have a list made again whose members are needed before a step (or the run's output) has its values."""
        if TYPE not in failure.error_types or self._board.is_halted:
            return False
        upstream = self._board.by_name[name].node.upstream if name else {step.name for step in self._board.steps}
        event = Verified(self._board.now, name, 0, (digest,), failure.message)
        return self._reopen(upstream, event, "") is None

    def awaits_output(self, output: Value) -> bool:
        """Whether the run's output has still to be looked at: what other runs have made was only measured so far."""
        board = self._board
        if board.is_output_sound or board.is_halted or next(objects_in(output), None) is None:
            return False
        if not any(step.state is State.REUSED or step.items.count(State.REUSED) for step in board.steps):
            return False
        if not board.is_output_asked:
            board.is_output_asked = True
            board.out.append(Verify(OUTPUT, 0, (output,)))
        return True

    def on_output(self, event: Verified) -> None:
        """The run's output has been looked at."""
        self._board.is_output_asked = False
        if event.damaged:
            self._board.lost_output = self.reopen_for_output(event)
        else:
            self._board.is_output_sound = True

    def _reopen(self, upstream: Iterable[str], event: Verified, what: str) -> Failure | None:
        makers = self._makers(sorted(upstream), event.damaged)
        told = f"{what} cannot be read: {event.message}"
        if not makers:
            remedy = "It was handed to the pipeline as a parameter: hand it in again, by running the pipeline anew."
            return Failure(FailureKind.INFRASTRUCTURE, told, remedy)
        # one that is being made again needs no second opening, nor one whose new value is another
        closed = [maker for maker in makers if maker.state.is_final and self._gives(maker, event.damaged, told=True)]
        for maker in closed:
            reason = _why_not(maker)
            if reason:
                told += f" It is the output of step {maker.name!r}, which is not computed again in this run: {reason}."
                return Failure(FailureKind.INFRASTRUCTURE, told, _what_now(maker))
        for maker in closed:
            self._open(maker, event.message)
        return None

    def _makers(self, upstream: list[str], damaged: tuple[str, ...]) -> list[StepRun]:
        steps = [self._board.by_name[name] for name in upstream]
        exact = [step for step in steps if step.damaged & set(damaged) or self._gives(step, damaged)]
        # without: a member of a list that is one object itself. Each list is looked at when its step is looked up again
        return exact or [step for step in steps if _is_list(step.output) or not step.state.is_final]

    def _gives(self, step: StepRun, damaged: tuple[str, ...], *, told: bool = False) -> bool:
        values = [value for value in (step.output, step.partial) if value is not None]
        if told and _is_list(step.output):
            return True
        for value in list(values):
            inner = self._board.expansions.get(value.digest) if isinstance(value, ObjectValue) else None
            if inner is not None and not isinstance(inner, Failure):
                values.append(inner)
        return any(_holds(value, damaged) for value in values)

    def _open(self, step: StepRun, message: str) -> None:
        board = self._board
        data: dict[str, object] = {"message": message}
        if step.made_in and step.made_in != board.options.run_id:
            data["run"] = step.made_in
        board.note(EventType.STEP_DAMAGED, step.name, data)
        step.damaged |= {found.digest for found in objects_in(step.output)} if step.output is not None else set()
        step.mendings += 1
        step.state, step.output, step.failure = State.PENDING, None, None
        step.made_by = step.made_in = step.key = step.held_by = ""
        step.reason = "its stored value was damaged or gone"
        step.started_at = step.finished_at = None
        step.items, step.cursor, step.held_rounds = NO_ITEMS, 0, 0
        board.unfinished += 1
        board.out.append(Reopened(step.name))
        board.touch(step)
        for follower in step.followers:
            follower.waiting += 1
        if not step.waiting:
            board.arrived.append(step)

    def resume(self, step: StepRun) -> Failure | None:
        """What the waiting items of a step need has been made again; a failure if they cannot go on."""
        if not step.mending or step.arguments is None:
            return None
        try:
            arguments = self._values.arguments_of(step.node)
        except NeedsContentError as need:
            self._board.out.append(Expand(step.name, need.value))
            return None
        except HinderedError as hindered:
            return Failure(FailureKind.INFRASTRUCTURE, f"An input was damaged and was not made again: {hindered}.")
        except UnfitError as unfit:
            return unfit.failure
        return self._go_on(step, arguments)

    def _go_on(self, step: StepRun, arguments: MapItems | None) -> Failure | None:
        before = step.arguments
        if arguments is None or before is None or len(arguments) != len(before):
            message = "An input was damaged; made again, it has another number of items."
            return Failure(FailureKind.INFRASTRUCTURE, message, "Run the pipeline again.")
        step.arguments = arguments
        waiting = sorted(index for index in step.mending if index not in step.verifying)
        for index in waiting:
            del step.mending[index]
        same = [index for index in waiting if arguments.arguments(index) == before.arguments(index)]
        for index in same:
            step.offer(index)
        self._lookups.ask_anew(step, sorted(set(waiting) - set(same)))
        self._board.offer(step)
        return None


def _is_list(value: Value | None) -> bool:
    return isinstance(value, ObjectValue) and value.length is not None


def _holds(value: Value, digests: Iterable[str]) -> bool:
    return any(found.digest in digests for found in objects_in(value))


def _why_not(step: StepRun) -> str:
    never = why_never(step.node.step)
    if never:
        return f"it has run, and what it does is not repeated ({never})" if never == "effect" else never
    if step.mendings:
        return "it was computed again once already, and its value was damaged anew"
    return "" if step.state.has_value else f"it is {step.state.value}"


def _what_now(step: StepRun) -> str:
    if step.mendings:
        return "Something alters the store's files: check the disk and `headrace doctor`, then run the pipeline again."
    return f"Run the pipeline again: {step.name!r} runs each time."
