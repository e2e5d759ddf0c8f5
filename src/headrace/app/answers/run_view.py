"""One run whole as plain data: steps with times, use and causes, metrics with where they come from, failures."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from headrace.app.answers.changes import Changes
from headrace.app.answers.metric_values import last_points, mean
from headrace.app.answers.step_results import seconds_of
from headrace.app.answers.views import run_data
from headrace.app.rooms import Rooms
from headrace.core.failures import Failure
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.ports.records import AttemptRecord, ItemBlock, MetricRecord, RunRecord, StepRunRecord

SHOWN_FAILURES = 5
LETTERS = {
    "p": "pending",
    "q": "queued",
    "r": "running",
    "s": "succeeded",
    "f": "failed",
    "c": "cancelled",
    "k": "skipped",
}


def run_view(rooms: Rooms, run: RunRecord) -> dict[str, Any]:
    """One run whole: its steps with times and use, metrics with where they come from, failures first cause first."""
    steps = rooms.stores.details.steps(run.id)
    attempts = rooms.stores.details.attempts(run.id)
    metrics = rooms.stores.tracking.metrics(run.id)
    changes = Changes(rooms)
    return {
        **run_data(run),
        "steps": [
            {**_step_data(one, [a for a in attempts if a.node == one.node]), "why": _why(changes, run, one)}
            for one in steps
        ],
        "metrics": _last_metrics(metrics, run, {one.node: one.position for one in steps}),
        "failures": _failures(run, steps),
    }


def _step_data(step: StepRunRecord, attempts: Sequence[AttemptRecord]) -> dict[str, Any]:
    usage = [one.usage for one in attempts]
    per_item = Counter(one.item for one in attempts)
    return {
        "step": step.node,
        "state": step.state.value,
        "items": _items_text(step.items),
        "seconds": seconds_of(step),
        "cpu_s": sum(one.cpu_s for one in usage),
        "peak_memory_bytes": max((one.peak_memory_bytes for one in usage), default=0),
        "attempts": max(per_item.values(), default=0),
        "key": step.key,
        "made_in": step.made_in,
    }


def _why(changes: Changes, run: RunRecord, step: StepRunRecord) -> str:
    if step.state is State.REUSED and step.made_in:
        return f"from run {short_id(step.made_in)}"
    if step.state is State.REUSED:
        return "from earlier runs"
    if step.reason != changes.NO_RESULT:
        return step.reason
    return changes.in_short(run, step)


def _items_text(items: ItemBlock | None) -> str:
    if items is None:
        return ""
    counts = Counter(items.states)
    if len(counts) <= 1:
        return f"{len(items.states)} item{'s' * (len(items.states) != 1)}"
    shown = [f"{count} {LETTERS.get(letter, 'reused')}" for letter, count in counts.most_common()]
    return f"{len(items.states)} items: {', '.join(shown)}"


def _last_metrics(metrics: Sequence[MetricRecord], run: RunRecord, order: Mapping[str, int]) -> list[dict[str, Any]]:
    """The last value of each metric of each step: of a map the mean over its items, with the least and the greatest."""
    rows = [_metric_data(last, run) for last in last_points(metrics).values()]
    return sorted(rows, key=lambda row: (order.get(row["step"], 0), row["step"], row["name"]))


def _metric_data(last: Sequence[MetricRecord], run: RunRecord) -> dict[str, Any]:
    values = [one.value for one in last]
    is_map = last[0].item >= 0
    is_ordered = is_map and not any(math.isnan(value) for value in values)
    makers = {one.run_id for one in last} - {run.id}
    elsewhere = sum(one.run_id != run.id for one in last)
    return {
        "step": last[0].node,
        "name": last[0].name,
        "value": mean(last),
        "items": len(values) if is_map else None,
        "min": min(values) if is_ordered else None,
        "max": max(values) if is_ordered else None,
        "from": _origin(makers, elsewhere, len(last)),
    }


def _origin(makers: set[str], elsewhere: int, count: int) -> str:
    if not makers:
        return ""
    if elsewhere < count:
        return f"{elsewhere} of {count} from earlier runs"
    return f"from run {short_id(makers.pop())}" if len(makers) == 1 else "from earlier runs"


def _failures(run: RunRecord, steps: Sequence[StepRunRecord]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for step in steps:
        errors = step.items.errors if step.items else ()
        if errors:
            found += [_failure_data(step, failure, f" item {item}") for item, failure in errors]
        elif step.failure is not None:
            found.append(_failure_data(step, step.failure, ""))
    if not found and run.failure is not None:
        found.append({"step": "run", "item": "", **run.failure.to_json()})
    return found[:SHOWN_FAILURES]


def _failure_data(step: StepRunRecord, failure: Failure, item: str) -> dict[str, Any]:
    return {"step": step.node, "item": item, **failure.to_json()}
