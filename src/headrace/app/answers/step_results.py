"""What users hold of one step of a run: a thin reader over the store."""

from typing import Any, Literal

from headrace.app.answers.contents import LogReader
from headrace.app.answers.explaining import why
from headrace.app.answers.inputs import Inputs
from headrace.app.answers.looking import check_item
from headrace.app.answers.metric_values import values_of_step
from headrace.app.rooms import Rooms
from headrace.core.errors import ArtifactError, UnknownNameError, UsageError
from headrace.core.failures import Failure
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.values import CompositeValue, Value
from headrace.ports.records import RunRecord, StepRunRecord

NAMED_ITEMS = 8
KINDS = ("table", "figure", "text", "parameter")


class StepResult:
    """One step of a run: its state, value, metrics and failure."""

    def __init__(self, rooms: Rooms, record: StepRunRecord, run: RunRecord) -> None:
        self._rooms, self._record, self._run = rooms, record, run

    def __repr__(self) -> str:
        return f"<step {self.name} of run {short_id(self._run.id)}: {self.state.value}>"

    @property
    def name(self) -> str:
        """The step's name in the graph."""
        return self._record.node

    @property
    def state(self) -> State:
        """Where the step stands: `reused` if its value was not computed in this run."""
        return self._record.state

    @property
    def failure(self) -> Failure | None:
        """Why it failed, or None."""
        return self._record.failure

    @property
    def seconds(self) -> float | None:
        """Wall seconds from its first start to its end; None if it was reused or has not ended."""
        return seconds_of(self._record)

    @property
    def attempts(self) -> int:
        """How often it was tried in this run, of a map the item that was tried most; 0 if it was reused."""
        tried = [one.item for one in self._rooms.stores.details.attempts(self._run.id, self.name)]
        return max(map(tried.count, set(tried)), default=0)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric that this step has logged: for a map the mean over its items."""
        return dict(values_of_step(self._rooms.stores.tracking.metrics(self._run.id), self.name))

    def logged(self, kind: Literal["table", "figure", "text", "parameter"], name: str) -> Any:
        """A table, figure, text or parameter that this step has logged, the last of this name.

        Raises UnknownNameError.
        """
        if kind not in KINDS:
            raise UnknownNameError("kind of logged value", kind, known=KINDS)
        logged = self._rooms.stores.tracking.logged(self._run.id)
        records = [one for one in logged if one.node == self.name and one.kind == kind]
        for one in reversed(records):
            if one.name == name:
                return read_value(self._rooms, one.value, f"the {kind} {name!r} of {self._place}")
        raise UnknownNameError(f"{kind} of step {self.name}:", name, known=[one.name for one in records])

    def output(self, item: int | None = None) -> Any:
        """The step's value, read from the store and verified: for a map the list over its items, or one `item`, also
        of a map that other items have failed.

        Raises UsageError without one.
        """
        if item is not None:
            return read_value(self._rooms, self._value_of(item), f"item {item} of the output of {self._place}")
        if self._record.output is None:
            raise UsageError(f"Step {self._words} is {self._state_with_reason} and has no value.{self._kept_items()}")
        return read_value(self._rooms, self._record.output, f"the output of {self._place}")

    def logs(self, item: int | None = None) -> str:
        """What the step (one item of a map) has printed and logged, in order of time; of a reused step what it printed
        when its value was made.
        """
        if item is not None:
            self._check_item(item)
        lines = LogReader(self._rooms, self._run.id, step=self.name, item=item).read()
        return "".join(f"{line.text}\n" for line in lines)

    def inputs(self, item: int | None = None) -> dict[str, Any]:
        """What it was given, by name: of a map, an item's (by default the first that failed, or the first).

        Raises NoInputsError if a step before it has no value, ArtifactError if a value cannot be read.
        """
        values = Inputs(self._rooms, self._run).arguments(self.name, item)
        return {name: read_value(self._rooms, value, f"{name!r} of {self._place}") for name, value in values.items()}

    def why(self) -> str:
        """Why it was computed or reused, and what has changed since its last value: the lines of `headrace why`."""
        told = why(self._rooms, self._run, self._record)
        return "\n".join(
            [told.summary, *(f"  {line}" for line in told.changes), *(f"    {one}" for one in told.behind)]
        )

    def _check_item(self, item: int) -> None:
        if self._record.items is None and self.state not in (State.SUCCEEDED, State.REUSED):
            raise UsageError(f"Step {self._words} is {self._state_with_reason}, so there is no item {item} of it.")
        check_item(self._rooms, self._run, item, step=self.name)

    def _value_of(self, item: int) -> Value:
        self._check_item(item)
        whole, items = self._record.output, self._record.items
        if (
            isinstance(whole, CompositeValue)
            and items is not None
            and 0 <= item < len(items.states) == len(whole.members)
        ):
            return whole.members[item][1]
        found = self._rooms.stores.details.item_outputs(self._run.id, self.name)
        if item not in found:
            raise UsageError(f"Item {item} of step {self._words} has no value.{self._kept_items()}")
        return found[item]

    def _kept_items(self) -> str:
        if self._record.items is None:
            return ""
        kept = list(self._rooms.stores.details.item_outputs(self._run.id, self.name))
        if not kept:
            return " No value of its items is kept."
        named = ", ".join(map(str, kept[:NAMED_ITEMS])) + (", …" if len(kept) > NAMED_ITEMS else "")
        has = f"item {named} has" if len(kept) == 1 else f"items {named} have"
        return f" Of its {len(self._record.items.states)} items {has} one: output(item={kept[0]})."

    @property
    def _state_with_reason(self) -> str:
        # of any other state the reason is why it was computed
        reason = self._record.reason if self.state in (State.SKIPPED, State.CANCELLED) else ""
        return f"{self.state.value} ({reason})" if reason else self.state.value

    @property
    def _words(self) -> str:
        return f"{self.name!r} of run {short_id(self._run.id)}"

    @property
    def _place(self) -> str:
        return f"step {self.name} of run {short_id(self._run.id)}"


def seconds_of(step: StepRunRecord) -> float | None:
    """Wall seconds of a step that was computed and has ended."""
    if step.state is State.REUSED or step.started_at is None or step.finished_at is None:
        return None
    return step.finished_at - step.started_at


def read_value(rooms: Rooms, value: Value, what: str) -> Any:
    """A value from the store; an error says what it would have been."""
    try:
        return rooms.artifacts.get(value)
    except ArtifactError as error:
        error.add_note(f"It is {what}.")
        raise
