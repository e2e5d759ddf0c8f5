"""A run's story in words: one line for each event that a person wants to see. No terminal, no stream."""

from collections.abc import Mapping

from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.ports.records import RunEvent
from headrace.ports.story import EventType

MARKS = {
    State.SUCCEEDED: "●",
    State.RUNNING: "◐",
    State.REUSED: "◆",
    State.QUEUED: "○",
    State.PENDING: "○",
    State.FAILED: "✕",
    State.CANCELLED: "⊘",
    State.SKIPPED: "⊘",
}

ENDS = {
    EventType.STEP_SUCCEEDED: State.SUCCEEDED,
    EventType.STEP_REUSED: State.REUSED,
    EventType.STEP_FAILED: State.FAILED,
    EventType.STEP_CANCELLED: State.CANCELLED,
    EventType.STEP_SKIPPED: State.SKIPPED,
}


def line_of(event: RunEvent) -> tuple[State, str] | None:
    """The state that gives the line its mark, and the line; None for an event that has no line of its own."""
    kind, data = EventType(event.type), event.data
    if kind in ENDS:
        return ENDS[kind], f"{event.node:<28} {_end_of_step(ENDS[kind], data)}".rstrip()
    if kind is EventType.ATTEMPT_FAILED and "retry_in_s" in data:
        wait = seconds(_number(data, "retry_in_s"))
        item = f" item {data['item']}" if _number(data, "item") >= 0 else ""
        text = f"attempt {data.get('number')}{item} failed: {_first_line(data).removesuffix('.')}; again in {wait}"
        return State.QUEUED, f"{event.node:<28} {text}"
    if kind is EventType.STEP_WAITING:
        return (
            State.QUEUED,
            f"{event.node:<28} waits for run {short_id(str(data.get('run', '')))}, which computes the same",
        )
    if kind is EventType.STEP_DAMAGED:
        what = _first_line(data).partition(". ")[0]
        return State.QUEUED, f"{event.node:<28} its stored value is not whole, so it is computed again: {what}"
    if kind is EventType.STEP_TAKEN_OVER:
        text = f"run {short_id(str(data.get('run', '')))} has ended without a value: computed here"
        return State.QUEUED, f"{event.node:<28} {text}"
    return None


def _end_of_step(state: State, data: Mapping[str, object]) -> str:
    items = _items(data)
    if state is State.SUCCEEDED:
        return f"{seconds(_number(data, 'seconds')):>8}{items}"
    if state is State.REUSED:
        return f"{'reused':>8}{items}"
    if state is State.SKIPPED:
        return f"{'skipped':>8}  {data.get('reason', '')}".rstrip()
    if state is State.FAILED:
        remedy = data.get("remedy")
        return f"{'failed':>8}{items}  {_first_line(data)}" + (f"\n    {remedy}" if remedy else "")
    return f"{state.value:>8}{items}"


def _items(data: Mapping[str, object]) -> str:
    if "items" not in data:
        return ""
    counts = [f"{data[state.value]} {state.value}" for state in State if data.get(state.value)]
    return f"  {data['items']} item{'s' * (data['items'] != 1)}" + (f": {', '.join(counts)}" if len(counts) > 1 else "")


def kept_items(data: Mapping[str, object]) -> tuple[int, int] | None:
    """Of a map that has ended without a value how many of its items have one, and of how many; None if none has."""
    kept = sum(int(_number(data, state.value)) for state in (State.SUCCEEDED, State.REUSED))
    return (kept, int(_number(data, "items"))) if "items" in data and kept else None


def _first_line(data: Mapping[str, object]) -> str:
    return str(data.get("message", "")).partition("\n")[0]


def _number(data: Mapping[str, object], name: str) -> float:
    value = data.get(name, 0)
    return float(value) if isinstance(value, int | float) else 0.0


def seconds(value: float) -> str:
    """`3 ms`, `1.2 s`, `4 min 05 s`."""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms" if value >= 0.0005 else "<1 ms"
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s"
