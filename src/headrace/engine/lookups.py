"""Looking items up before they run: in batches, only so far ahead as attempts can start, and again where another run
holds the key."""

from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.engine.board import Alarm, Board
from headrace.engine.commands import ItemEnded, ItemReused, LookUp
from headrace.engine.endings import Endings
from headrace.engine.events import Answer, ClaimFreed, Held, LookedUp, Missing, Reuse
from headrace.engine.items import ItemStates
from headrace.engine.steps import StepRun
from headrace.plan.bindings import MapItems
from headrace.ports.story import EventType


class Lookups:
    """Asks for stored results and puts the answers into place."""

    def __init__(self, board: Board, endings: Endings) -> None:
        self._board, self._endings = board, endings

    def begin(self, step: StepRun, arguments: MapItems) -> None:
        """A step run has its arguments: look its first items up."""
        step.arguments = arguments
        step.items = ItemStates(len(arguments))
        step.outputs = [None] * len(arguments)
        step.state = State.QUEUED
        self._board.touch(step)
        self.look_ahead(step)
        self._endings.conclude(step)

    def look_ahead(self, step: StepRun) -> None:
        """Ask for the next batch if there is not enough to launch."""
        room = self._board.options.capacity
        if step.looking or step.arguments is None or step.cursor >= len(step.items) or len(step.ready) >= room:
            return
        first = step.cursor
        step.cursor = min(first + self._board.options.lookup_batch, len(step.items))
        self._ask(step, range(first, step.cursor), is_first=first == 0)

    def _ask(self, step: StepRun, indexes: range | list[int], *, is_first: bool) -> None:
        arguments = step.arguments
        if arguments is None or not indexes:
            return
        step.looking += 1
        self._board.out.append(
            LookUp(
                step.name,
                tuple((step.number_of(index), arguments.arguments(index)) for index in indexes),
                arguments.whole if is_first else (),
                refresh=step.name in self._board.chosen.refreshed,
            )
        )

    def on_looked_up(self, event: LookedUp) -> None:
        """Answers have come; those for a step that is final meanwhile change nothing."""
        step = self._board.by_name[event.node]
        step.looking -= 1
        if step.state.is_final or self._board.is_halted:
            return
        step.parts = step.parts or event.parts
        for item, answer in event.answers:
            self._apply(step, max(item, 0), answer)
        self._board.touch(step)
        self.look_ahead(step)
        self._board.offer(step)
        self._endings.conclude(step)

    def _apply(self, step: StepRun, index: int, answer: Answer) -> None:
        if not step.is_map:
            step.key = answer.key
        match answer:
            case Reuse():
                self._reuse(step, index, answer)
            case Missing():
                self._miss(step, index, answer)
            case Held():
                self._hold(step, index, answer)
        step.changed += 1

    def _reuse(self, step: StepRun, index: int, answer: Reuse) -> None:
        is_own = answer.made_in == self._board.options.run_id
        step.items.move(index, State.SUCCEEDED if is_own else State.REUSED)
        step.outputs[index] = answer.output
        if not step.is_map:
            step.made_by, step.made_in = answer.made_by, answer.made_in
        elif not is_own:
            self._board.out.append(ItemReused(step.name, index, answer.made_by, answer.made_in))

    def _miss(self, step: StepRun, index: int, answer: Missing) -> None:
        step.reason = step.reason or answer.reason
        if step.name in self._board.chosen.required:
            step.items.fail(index, _not_stored(step, answer.reason))
            self._board.out.append(ItemEnded(step.name, step.number_of(index), State.FAILED))
            return
        if step.held_by:
            self._board.note(EventType.STEP_TAKEN_OVER, step.name, {"run": step.held_by})
            step.held_by = ""
        step.items.move(index, State.QUEUED)
        step.offer(index)

    def _hold(self, step: StepRun, index: int, answer: Held) -> None:
        step.items.move(index, State.QUEUED)
        if answer.run_id == self._board.options.run_id:
            step.held_here.add(index)
            return
        if not step.held_elsewhere:
            self._wait(step, answer.run_id)
        step.held_elsewhere.add(index)

    def _wait(self, step: StepRun, run_id: str) -> None:
        options = self._board.options
        if step.held_by != run_id:
            step.held_by = run_id
            self._board.note(EventType.STEP_WAITING, step.name, {"run": run_id})
        delay = min(options.claim_poll_s * 1.5**step.held_rounds, options.claim_poll_limit_s)
        step.held_rounds += 1
        self._board.set_alarm(self._board.now + delay, Alarm("held", step.position))

    def on_freed(self, event: ClaimFreed) -> None:
        """Another step of this run has come to an end with the same key."""
        step = self._board.by_name[event.node]
        freed = sorted(step.held_here.intersection(max(item, 0) for item in event.items))
        step.held_here.difference_update(freed)
        self._ask(step, freed, is_first=False)

    def ask_anew(self, step: StepRun, indexes: list[int]) -> None:
        """Items have other arguments now than when they were looked up."""
        self._ask(step, indexes, is_first=False)

    def ask_again(self, step: StepRun) -> None:
        """It is time to look again at what other runs hold."""
        held = sorted(step.held_elsewhere)
        step.held_elsewhere.clear()
        self._ask(step, held, is_first=False)


def _not_stored(step: StepRun, reason: str) -> Failure:
    return Failure(
        FailureKind.USER_ERROR,
        f"{step.name!r} was to be taken from the store, but there is nothing to take: {reason}.",
        f"Leave `only` out, or add {step.name!r} to it.",
    )
