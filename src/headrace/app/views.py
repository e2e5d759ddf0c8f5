"""Runs as plain data for those who show them.

Rows of a list, one run whole. The same for text, JSON and, later, the API.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headrace.app.conditions import parse_condition
from headrace.app.looking import find_run
from headrace.app.rooms import Rooms
from headrace.core.failures import Failure
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.values import CompositeValue, InlineValue, Value, objects_in, size_of
from headrace.ports.records import AttemptRecord, ItemBlock, MetricRecord, RunFilter, RunRecord, StepRunRecord

SHOWN_FAILURES = 5
PATH = "pathlib:Path"
"""The class of a stored file or folder: its first member is its name, the others are its entries."""
LETTERS = {
    "p": "pending",
    "q": "queued",
    "r": "running",
    "s": "succeeded",
    "f": "failed",
    "c": "cancelled",
    "k": "skipped",
}


def run_filter(rooms: Rooms, **given: Any) -> RunFilter:
    """A filter from what a person has given: conditions as text, states as words, a run to page on from."""
    return RunFilter(
        pipeline=given.get("pipeline", ""),
        states=tuple(State(one) for one in given.get("states", ())),
        tags=tuple(given.get("tags", ())),
        conditions=tuple(parse_condition(text) for text in given.get("where", ())),
        limit=given.get("limit", 20),
        before=find_run(rooms, given["before"]).id if given.get("before") else "",
    )


def run_rows(rooms: Rooms, runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """One dict a run: what a list shows."""
    latest = rooms.stores.tracking.latest([one.id for one in runs])
    return [{**_run_data(one), "metrics": dict(latest.get(one.id, {}))} for one in runs]


def common_metrics(rows: Sequence[Mapping[str, Any]], limit: int = 3) -> list[str]:
    """The metrics that most of these runs have: the columns of a list."""
    counts = Counter(name for row in rows for name in row["metrics"])
    return [name for name, _ in counts.most_common(limit)]


def run_view(rooms: Rooms, run: RunRecord) -> dict[str, Any]:
    """One run whole: its steps with times and use, metrics with where they come from, failures first cause first."""
    steps = rooms.stores.details.steps(run.id)
    attempts = rooms.stores.details.attempts(run.id)
    metrics = rooms.stores.tracking.metrics(run.id)
    return {
        **_run_data(run),
        "steps": [_step_data(one, [a for a in attempts if a.node == one.node]) for one in steps],
        "metrics": _last_metrics(metrics, run, {one.node: one.position for one in steps}),
        "failures": _failures(run, steps),
    }


def value_text(value: Value, limit: int = 60) -> str:
    """A value in a few words: small ones as they are, others by kind and size."""
    if isinstance(value, InlineValue):
        text = _plain(json.loads(value.text))
    elif isinstance(value, CompositeValue):
        text = _list_text(value, limit) or _container_text(value)
    else:
        text = f"{value.python_type.partition(':')[2] or value.format}, {value.size_bytes} bytes"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _container_text(value: CompositeValue) -> str:
    if value.python_type == PATH:
        _, name = value.members[0]
        assert isinstance(name, InlineValue)
        return f"{json.loads(name.text)}, {sum(size_of(one) for one in objects_in(value))} bytes"
    name_of_kind = value.python_type.partition(":")[2] or value.kind
    return f"{name_of_kind} of {len(value.members)}, {size_of(value)} bytes"


def _list_text(value: CompositeValue, limit: int) -> str:
    """The items of a short list of small values, such as the output of a map; else empty."""
    if value.kind not in ("list", "tuple") or size_of(value) > limit:
        return ""
    texts = [member.text for _, member in value.members if isinstance(member, InlineValue)]
    if len(texts) < len(value.members):
        return ""
    text = ", ".join(_plain(json.loads(one)) for one in texts)
    text = f"[{text}]" if value.kind == "list" else f"({text})"
    return text if len(text) <= limit else ""


def _plain(data: Any) -> str:
    """Canonical data as people write it: `2013-04-01`, `('a', 'b')`, `Line(slope=2.09)`; imports nothing."""
    if isinstance(data, list):
        return f"[{', '.join(_plain(item) for item in data)}]"
    if not isinstance(data, dict):
        return f"{data:.6g}" if isinstance(data, float) else repr(data)
    tag, inner = data.get("$"), data.get("v")
    if tag is None:
        return "{" + ", ".join(f"{key!r}: {_plain(item)}" for key, item in data.items()) + "}"
    if tag in _WRITTEN:
        return _WRITTEN[tag](data, inner)
    return str(inner)


def _written_sequence(_data: Any, inner: Any) -> str:
    return f"({', '.join(_plain(item) for item in inner)})"


_WRITTEN: dict[str, Callable[[Any, Any], str]] = {
    "record": lambda data, inner: f"{_class_name(data)}({', '.join(f'{key}={_plain(item)}' for key, item in inner)})",
    "enum": lambda data, inner: f"{_class_name(data)}.{inner}",
    "dict": lambda _, inner: "{" + ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in inner) + "}",
    "tuple": _written_sequence,
    "set": _written_sequence,
    "frozenset": _written_sequence,
}


def _class_name(data: Any) -> str:
    return str(data["c"]).rpartition(":")[2]


def _run_data(run: RunRecord) -> dict[str, Any]:
    took = None if run.started_at is None or run.finished_at is None else run.finished_at - run.started_at
    return {
        "id": run.id,
        "pipeline": run.pipeline,
        "name": run.name,
        "state": run.state.value,
        "created_at": run.created_at,
        "seconds": took,
        "tags": list(run.tags),
        "note": run.note,
        "parameters": {name: value_text(value) for name, value in run.parameters.items()},
        "failure": run.failure.to_json() if run.failure else None,
    }


def _step_data(step: StepRunRecord, attempts: Sequence[AttemptRecord]) -> dict[str, Any]:
    usage = [one.usage for one in attempts]
    per_item = Counter(one.item for one in attempts)
    took = None if step.started_at is None or step.finished_at is None else step.finished_at - step.started_at
    return {
        "step": step.node,
        "state": step.state.value,
        "items": _items_text(step.items),
        "seconds": took if step.state is not State.REUSED else None,
        "cpu_s": sum(one.cpu_s for one in usage),
        "peak_memory_bytes": max((one.peak_memory_bytes for one in usage), default=0),
        "attempts": max(per_item.values(), default=0),
        "key": step.key,
        "made_in": step.made_in,
        "why": _why(step),
    }


def _why(step: StepRunRecord) -> str:
    if step.state is State.REUSED and step.made_in:
        return f"from run {short_id(step.made_in)}"
    return step.reason


def _items_text(items: ItemBlock | None) -> str:
    if items is None:
        return ""
    counts = Counter(items.states)
    if len(counts) <= 1:
        return f"{len(items.states)} items"
    shown = [f"{count} {LETTERS.get(letter, 'reused')}" for letter, count in counts.most_common()]
    return f"{len(items.states)} items: {', '.join(shown)}"


def _last_metrics(metrics: Sequence[MetricRecord], run: RunRecord, order: Mapping[str, int]) -> list[dict[str, Any]]:
    last = {(one.node, one.item, one.name): one for one in metrics}
    return [
        {
            "step": one.node if one.item < 0 else f"{one.node}[{one.item}]",
            "name": one.name,
            "value": one.value,
            "from": f"from run {short_id(one.run_id)}" if one.run_id != run.id else "",
        }
        for _, one in sorted(last.items(), key=lambda pair: (order.get(pair[0][0], 0), pair[0]))
    ]


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
