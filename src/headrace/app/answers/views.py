"""Runs as plain data for those who list them: the same for text, JSON and, later, the API."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from headrace.app.answers.conditions import parse_condition
from headrace.app.answers.looking import find_run
from headrace.app.answers.value_texts import value_data, value_text
from headrace.app.rooms import Rooms
from headrace.core.states import State
from headrace.ports.records import RunFilter, RunRecord


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
    """One dict a run: what a list shows. A metric that a map's items have logged is their mean."""
    latest = rooms.stores.tracking.latest([one.id for one in runs])
    return [{**run_data(one), "metrics": dict(latest.get(one.id, {}))} for one in runs]


def common_metrics(rows: Sequence[Mapping[str, Any]], limit: int = 3) -> list[str]:
    """The metrics that most of these runs have: the columns of a list."""
    counts = Counter(name for row in rows for name in row["metrics"])
    return [name for name, _ in counts.most_common(limit)]


def differing_parameters(runs: Sequence[RunRecord]) -> dict[str, str]:
    """By run: the parameters in which runs of one pipeline differ, as `n=4 day=2013-04-01`; what tells them apart."""
    texts = {run.id: {name: value_text(value, 24) for name, value in run.parameters.items()} for run in runs}
    seen: dict[tuple[str, str], set[str]] = {}
    for run in runs:
        for name, text in texts[run.id].items():
            seen.setdefault((run.pipeline, name), set()).add(text)
    return {
        run.id: " ".join(f"{name}={text}" for name, text in texts[run.id].items() if len(seen[run.pipeline, name]) > 1)
        for run in runs
    }


def run_data(run: RunRecord) -> dict[str, Any]:
    """What a run's own record says."""
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
        "parameters": {name: value_data(value) for name, value in run.parameters.items()},
        "failure": run.failure.to_json() if run.failure else None,
        "retry_of": run.settings.get("retry_of", ""),
    }
