"""Every record comes back from its row as it went in."""

import math

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.core.values import CompositeValue, InlineValue, ObjectValue
from headrace.plan.keys import KeyParts
from headrace.ports.code import Touched
from headrace.ports.executors import Usage, WorkerIdentity
from headrace.ports.records import (
    AttemptRecord,
    ItemBlock,
    LoggedRecord,
    MetricRecord,
    ResultRecord,
    RunEvent,
    RunRecord,
    StepRunRecord,
)
from headrace.stores import rows

TEXT = st.text(max_size=8)
NUMBER = st.floats(allow_nan=False)
COUNT = st.integers(0, 2**60)
TIME = st.none() | st.floats(0, 4e9)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
STATE = st.sampled_from(State)
INLINE = st.builds(InlineValue, TEXT)
OBJECT = st.builds(ObjectValue, TEXT, TEXT, COUNT, st.none() | COUNT, TEXT, TEXTS)
KINDS = st.sampled_from(["list", "tuple", "dict", "record"])
VALUE = st.recursive(
    INLINE | OBJECT,
    lambda inner: st.builds(CompositeValue, KINDS, st.lists(st.tuples(TEXT, inner), max_size=3).map(tuple), TEXT),
    max_leaves=4,
)
FAILURE = st.builds(Failure, st.sampled_from(FailureKind), TEXT, TEXT, TEXTS, TEXT)
WORKER = st.builds(WorkerIdentity, TEXT, COUNT, NUMBER)
PARTS = st.builds(KeyParts, TEXT, TEXT, PAIRS, PAIRS, PAIRS)
PLAIN = st.recursive(st.none() | st.booleans() | COUNT | TEXT, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
DATA = st.dictionaries(TEXT, PLAIN, max_size=3)


def optional(strategy):
    return st.none() | strategy


@given(
    st.builds(
        RunRecord,
        id=TEXT,
        pipeline=TEXT,
        state=STATE,
        version=COUNT,
        graph_digest=TEXT,
        parameters=st.dictionaries(TEXT, VALUE, max_size=3),
        created_at=st.floats(0, 4e9),
        name=TEXT,
        started_at=TIME,
        finished_at=TIME,
        runner=optional(WORKER),
        output=optional(VALUE),
        failure=optional(FAILURE),
        cancel_requested_at=TIME,
        note=TEXT,
        tags=TEXTS,
        settings=DATA,
    )
)
def test_a_run_comes_back_from_its_row(run):
    assert rows.run_of(rows.run_row(run)) == run


ITEMS = st.builds(
    ItemBlock, st.text("pqrsfcku", max_size=5), st.lists(st.tuples(COUNT, FAILURE), max_size=2).map(tuple)
)


@given(
    st.builds(
        StepRunRecord,
        *(TEXT, TEXT, TEXT, STATE, COUNT, TEXT),
        parts=optional(PARTS),
        output=optional(VALUE),
        items=optional(ITEMS),
        made_by=TEXT,
        made_in=TEXT,
        failure=optional(FAILURE),
        reason=TEXT,
        started_at=TIME,
        finished_at=TIME,
    )
)
def test_a_step_run_comes_back_from_its_row(step):
    assert rows.step_of(rows.step_row(step, "pipeline")) == step


@given(
    st.builds(
        AttemptRecord,
        *(TEXT, TEXT, TEXT, TEXT, COUNT, COUNT, COUNT, STATE, st.floats(0, 4e9)),
        worker=optional(WORKER),
        started_at=TIME,
        finished_at=TIME,
        usage=st.builds(Usage, NUMBER, NUMBER, COUNT, NUMBER, NUMBER),
        failure=optional(FAILURE),
        log_path=TEXT,
    )
)
def test_an_attempt_comes_back_from_its_row(attempt):
    assert rows.attempt_of(rows.attempt_row(attempt, "pipeline")) == attempt


@given(
    st.builds(
        ResultRecord,
        *(TEXT, TEXT, TEXT, COUNT, TEXT, TEXT, VALUE),
        touched=st.builds(Touched, PAIRS, PAIRS, PAIRS),
        parts=PARTS,
        created_at=st.floats(0, 4e9),
    )
)
def test_a_result_comes_back_from_its_row(result):
    assert rows.result_of(rows.result_row(result)) == result


@given(st.builds(RunEvent, TEXT, COUNT, st.floats(0, 4e9), TEXT, TEXT, DATA), COUNT)
def test_an_event_comes_back_with_its_number(event, sequence):
    back = rows.event_of(rows.event_row(event, sequence))
    assert (back.sequence, back.data, back.type, back.node) == (sequence, event.data, event.type, event.node)


@given(st.builds(MetricRecord, TEXT, TEXT, COUNT, TEXT, TEXT, st.floats(), TIME, st.floats(0, 4e9)))
def test_a_metric_comes_back_from_its_row(metric):
    back = rows.metric_of(rows.metric_row(metric))
    assert back == metric or (math.isnan(metric.value) and math.isnan(back.value))


@given(st.builds(LoggedRecord, TEXT, TEXT, COUNT, TEXT, TEXT, TEXT, VALUE, st.floats(0, 4e9)))
def test_a_logged_value_comes_back_from_its_row(logged):
    assert rows.logged_of(rows.logged_row(logged)) == logged
