"""Rows of every table as the first schema kept them, said once and for all: what is written here never changes.

`python tests/migrations/old_rows.py FILE` writes a store of this version with these rows as SQL text. It is done once a
schema, when the schema is new; the text is kept beside it, so that every later version is tried on it.
"""

import sqlite3
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace

from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.core.values import CompositeValue, InlineValue, ObjectValue
from headrace.plan.keys import KeyParts
from headrace.ports.code import Touched
from headrace.ports.executors import Usage, WorkerIdentity
from headrace.ports.records import (
    AttemptRecord,
    Condition,
    ItemBlock,
    LoggedRecord,
    MetricRecord,
    ResultRecord,
    ReuseRecord,
    RunEvent,
    RunFilter,
    RunRecord,
    StepRunRecord,
)
from headrace.ports.stores import MetadataStore, RunChange
from headrace.stores.opening import open_store

FIRST, SECOND = "0193a000000070008000000000000001", "0193a000000070008000000000000002"
ME = WorkerIdentity("laptop", 321, 1731000000.25)
TABLE = ObjectValue("arrow", "ab" * 32, 12345, 10, "polars:DataFrame", ("flights.types:Row",))
VALUE = CompositeValue("record", (("train", TABLE), ("rows", InlineValue("10"))), "flights.steps:Split")
FAILURE = Failure(FailureKind.OUT_OF_MEMORY, "größer als 4 GiB", "Give it more.", ("builtins:MemoryError",), "trace")
PARTS = KeyParts("c" * 64, "e" * 64, (("rows", "a" * 64),), (("flights.types:Row", "b" * 64),), (("salt", "2"),))
TOUCHED = Touched((("data/flights.csv", "1" * 64),), (("flights.extra", "2" * 64),), (("alias:champion", "3"),))

RUN = RunRecord(
    *(FIRST, "training", State.RUNNING, 0, "9" * 64, {"depth": InlineValue("3"), "rows": VALUE}, 1731000000.5),
    name="tuesday",
    runner=ME,
    tags=("nightly", "eu"),
    settings={"refresh": ["fit"], "workers": 2},
)
FINISHED = replace(
    *(RUN,),
    state=State.FAILED,
    started_at=1731000001.0,
    finished_at=1731000061.0,
    output=VALUE,
    failure=FAILURE,
    note="x",
)
FIT = StepRunRecord(
    *("step-1", FIRST, "fit", State.SUCCEEDED, 0, "k" * 64, PARTS, VALUE),
    made_by="attempt-1",
    made_in=FIRST,
    reason="never run",
    started_at=1731000001.5,
    finished_at=1731000031.5,
)
SCORES = StepRunRecord(
    "step-2", FIRST, "score", State.FAILED, 1, items=ItemBlock("sfu", ((1, FAILURE),)), failure=FAILURE
)
ATTEMPT = AttemptRecord(
    *("attempt-1", FIRST, "step-1", "fit", -1, 1, 7, State.SUCCEEDED, 1731000001.25),
    worker=ME,
    started_at=1731000001.5,
    finished_at=1731000031.5,
    usage=Usage(30.0, 29.5, 123456789, 0.5, 0.25),
    log_path="logs/attempt-1.log",
)
BROKEN = replace(
    ATTEMPT, id="attempt-2", step_run_id="step-2", node="score", item=1, state=State.FAILED, failure=FAILURE
)
RESULT = ResultRecord("k" * 64, "training", "fit", -1, FIRST, "attempt-1", VALUE, TOUCHED, PARTS, 1731000031.0)
EVENTS = [
    RunEvent(FIRST, 1, 1731000001.0, "run_started"),
    RunEvent(FIRST, 2, 1731000031.0, "attempt_succeeded", "fit", {"seconds": 30.0, "items": [1, None]}),
]
METRIC = MetricRecord(FIRST, "fit", -1, "attempt-1", "auc", 0.875, None, 1731000020.0)
POINT = MetricRecord(FIRST, "fit", -1, "attempt-1", "loss", 0.25, 12.0, 1731000021.0)
FIGURE = LoggedRecord(FIRST, "fit", -1, "attempt-1", "figure", "calibration", TABLE, 1731000022.0)
REUSED = StepRunRecord(
    *("step-3", SECOND, "fit", State.REUSED, 0, "k" * 64, PARTS, VALUE), made_by="attempt-1", made_in=FIRST
)
ITEM = ReuseRecord(SECOND, "score", 2, "attempt-1", FIRST)


def write_rows(store: MetadataStore) -> None:
    """Write them into a fresh store."""
    store.runs.create(RUN, [], {"9" * 64: "graph"})
    change = RunChange(FINISHED, [SCORES, FIT], [BROKEN, ATTEMPT], [RESULT], EVENTS, [METRIC, POINT], [FIGURE])
    store.runs.write(replace(change, documents={"c" * 64: "manifest"}))
    second = RunRecord(SECOND, "training", State.RUNNING, 0, "9" * 64, {}, 1731000100.0)
    store.runs.create(second, [], {})
    store.runs.write(RunChange(second, [REUSED], reused=[ITEM]))
    store.results.claim(["key-1", "key-2"], SECOND, ME)
    store.memos.keep("memo", "text")


def assert_rows(store: MetadataStore) -> None:
    """Every row is there, whole, and found in every way."""
    assert store.runs.get(FIRST) == replace(FINISHED, version=1)
    assert store.details.steps(FIRST) == [FIT, SCORES]
    assert store.details.attempts(FIRST) == [ATTEMPT, BROKEN]
    assert store.details.events(FIRST) == EVENTS
    assert store.details.document("9" * 64) + store.details.document("c" * 64) == "graphmanifest"
    assert store.details.earlier_steps("training", "fit", SECOND) == [FIT]
    assert store.details.durations("training") == {"fit": 29.5}
    assert list(store.results.results(["k" * 64])["k" * 64]) == [RESULT]
    assert store.results.claim(["key-1"], FIRST, ME) == {"key-1": (SECOND, ME)}
    assert store.tracking.metrics(FIRST) == [METRIC, POINT]
    assert store.tracking.logged(FIRST) == [FIGURE]
    shown = [(metric.node, metric.item, metric.name) for metric in store.tracking.metrics(SECOND)]
    assert sorted(shown) == [("fit", -1, "auc"), ("fit", -1, "loss"), ("score", 2, "auc"), ("score", 2, "loss")]
    assert store.memos.recall("memo") == "text"
    assert_found(store)


def assert_found(store: MetadataStore) -> None:
    """The runs are found by everything that they can be found by."""
    ways = {
        RunFilter(): [SECOND, FIRST],
        RunFilter(tags=("eu",)): [FIRST],
        RunFilter(states=(State.RUNNING,)): [SECOND],
        RunFilter(conditions=(Condition("auc", ">", 0.8),)): [SECOND, FIRST],
        RunFilter(conditions=(Condition("depth", "=", 3),)): [FIRST],
        RunFilter(conditions=(Condition("duration", "=", 60.0),)): [FIRST],
    }
    for which, ids in ways.items():
        assert [run.id for run in store.runs.list(which)] == ids
    for text in ("tuesday", "01", FIRST[:31]):
        assert FIRST in [run.id for run in store.runs.find(text)]


def main(path: Path) -> None:
    """Write a store of this version with these rows as SQL text."""
    with tempfile.TemporaryDirectory() as folder:
        with open_store(folder) as store:
            write_rows(store)
        raw = sqlite3.connect(Path(folder, "headrace.db"))
        path.write_text("\n".join(raw.iterdump()) + "\n", encoding="utf-8")
        raw.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
