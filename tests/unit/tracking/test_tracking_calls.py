"""What a step logs is checked where it is called, kept in order, and bounded."""

import math
import threading
from datetime import date
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

import sample_steps
from headrace.core.canonical import restore
from headrace.core.values import InlineValue
from headrace.ports.executors import NO_ITEM
from headrace.tracking.buffer import FULL, TrackingBuffer
from headrace.tracking.calls import log_figure, log_metric, log_metrics, log_param, log_params, log_table, log_text
from headrace.tracking.current import current_run, enter_attempt, leave_attempt
from headrace.tracking.errors import BadLoggedValueError, BadMetricError, BadNameError, NotAMappingError
from headrace.tracking.progress import progress
from worker_kit import spec_of


class Inside:
    """An attempt that logs into memory."""

    def __init__(self, **options):
        self.spec = spec_of(sample_steps.nothing, options=options)
        self.woken = 0
        self.batches = []
        self.stored = []
        self.buffer = TrackingBuffer(self.spec, put=self.put, wake=self.wake, flush_now=self.flush)

    def put(self, value, owner):
        self.stored.append((repr(value), owner))
        return InlineValue(f"stored {len(self.stored)}")

    def wake(self):
        self.woken += 1

    def flush(self):
        batch = self.buffer.take()
        if batch is not None:
            self.batches.append(batch)

    def metrics(self):
        self.flush()
        return [(m.name, m.value, m.step) for batch in self.batches for m in batch.metrics]

    def values(self):
        self.flush()
        return [(v.kind, v.name, v.value) for batch in self.batches for v in batch.values]


@pytest.fixture
def inside():
    attempt = Inside()
    enter_attempt(attempt.buffer)
    yield attempt
    leave_attempt()


def test_metrics_keep_their_order_values_and_steps(inside):
    log_metric("loss", 0.5)
    log_metric("loss", 1, step=3)
    log_metrics({"auc": 0.7, "f1": True}, step=4)
    assert inside.metrics() == [("loss", 0.5, None), ("loss", 1.0, 3.0), ("auc", 0.7, 4.0), ("f1", 1.0, 4.0)]


@pytest.mark.parametrize("value", [np.float32(0.5), np.int64(2), np.array(3.0), Fraction(1, 2), 10**300])
def test_whatever_is_a_number_can_be_a_metric(inside, value):
    log_metric("m", value)
    assert inside.metrics() == [("m", float(value), None)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_kept(inside, value):
    log_metric("m", value)
    assert repr(inside.metrics()[0][1]) == repr(value)


@pytest.mark.parametrize("value", ["0.5", b"1", None, 1j, [0.5], {"a": 1}, 10**400, np.array([1.0, 2.0]), object()])
@pytest.mark.parametrize("in_run", [True, False])
def test_a_metric_that_is_no_number_is_refused_by_name_in_a_run_and_outside(value, in_run):
    attempt = Inside()
    if in_run:
        enter_attempt(attempt.buffer)
    try:
        with pytest.raises(BadMetricError, match=r"hr\.log_metric\('auc', …\) got .* as its value, which is no number"):
            log_metric("auc", value)
    finally:
        leave_attempt()
    assert attempt.metrics() == []


def test_a_step_that_is_no_number_is_refused(inside):
    with pytest.raises(BadMetricError, match="as its step"):
        log_metric("auc", 0.5, step="first")


@pytest.mark.parametrize("step", [math.nan, math.inf, 10**400, 1j, [1], "first"], ids=lambda step: str(step)[:9])
def test_a_step_is_a_finite_number(inside, step):
    with pytest.raises(BadMetricError, match=r"as its step, which is no finite number\. Pass an int or a float"):
        log_metric("auc", 0.5, step=step)
    with pytest.raises(BadMetricError, match=r"hr\.log_metrics\('auc', …\) got"):
        log_metrics({"auc": 0.5}, step=step)
    assert inside.metrics() == []


@pytest.mark.parametrize("value", [10**400, 10**5000], ids=["long", "too long to be written"])
def test_a_number_beyond_floats_is_told_as_that(value):
    with pytest.raises(
        BadMetricError, match=r"got .{1,80} \(int\) as its value, which is no number that a float can hold"
    ):
        log_metric("auc", value)


@pytest.mark.parametrize("given", [[0.5], "auc", None, {("auc", 0.5)}])
def test_several_are_logged_as_a_dict(inside, given):
    for call in (log_metrics, log_params):
        with pytest.raises(NotAMappingError, match=rf"hr\.{call.__name__} got .*It takes a dict of names and values"):
            call(given)
    assert inside.metrics() == inside.values() == []


def test_of_several_metrics_none_is_logged_if_one_is_bad(inside):
    with pytest.raises(BadMetricError, match="f1"):
        log_metrics({"auc": 0.7, "f1": "high"})
    assert inside.metrics() == []


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 251, None, 3])
def test_a_name_that_is_none_is_refused(inside, name):
    for call in (log_metric, log_param, log_text, log_figure, log_table):
        with pytest.raises(BadNameError):
            call(name, "text" if call is log_text else 1)


def test_parameters_keep_their_types(inside):
    log_params({"depth": 3, "until": date(2013, 4, 1)})
    log_param("names", ["a", "b"])
    assert [(kind, name, restore(value.text)) for kind, name, value in inside.values()] == [
        ("parameter", "depth", 3),
        ("parameter", "until", date(2013, 4, 1)),
        ("parameter", "names", ["a", "b"]),
    ]


@pytest.mark.parametrize("value", [object(), np.zeros(3), "x" * 10_001, 10**5000], ids=["any", "array", "long", "int"])
def test_a_parameter_that_is_no_small_plain_value_is_refused_with_a_remedy(inside, value):
    with pytest.raises(BadLoggedValueError, match=r"hr\.log_params\('model', …\) cannot log"):
        log_params({"depth": 3, "model": value})
    assert inside.values() == []


def test_figures_texts_and_tables_are_stored_at_once(inside):
    rows = [{"a": 1}]
    log_table("rows", rows)
    rows.append({"a": 2})
    log_figure("curve", range(1))
    log_text("note", "words")
    assert inside.stored == [
        ("[{'a': 1}]", "table 'rows' of step 'nothing'"),
        ("range(0, 1)", "figure 'curve' of step 'nothing'"),
        ("'words'", "text 'note' of step 'nothing'"),
    ]
    assert [kind for kind, _, _ in inside.values()] == ["table", "figure", "text"]


def test_a_text_has_to_be_one(inside):
    with pytest.raises(BadLoggedValueError, match="Pass a str"):
        log_text("note", 3)


def test_progress_around_a_loop_counts_what_is_done(inside):
    seen = []
    for item in progress("abc", note="letters"):
        inside.flush()
        seen.append(item)
    inside.flush()
    assert seen == ["a", "b", "c"]
    told = [(b.progress.done, b.progress.total, b.progress.note) for b in inside.batches]
    assert told == [(0.0, 3.0, "letters"), (1.0, 3.0, "letters"), (2.0, 3.0, "letters"), (3.0, 3.0, "letters")]


def test_progress_of_a_stream_has_no_total(inside):
    list(progress(iter([1, 2])))
    inside.flush()
    assert (inside.batches[-1].progress.done, inside.batches[-1].progress.total) == (2.0, None)


def test_progress_by_hand_keeps_the_newest(inside):
    progress(1, total=10)
    progress(2, total=10, note="more")
    inside.flush()
    assert [(b.progress.done, b.progress.total, b.progress.note) for b in inside.batches] == [(2.0, 10, "more")]


def test_progress_of_something_else_is_refused():
    with pytest.raises(BadMetricError, match=r"hr\.progress"):
        progress(object())


def test_a_full_buffer_is_sent_by_the_call_that_fills_it(inside):
    for number in range(3 * FULL + 5):
        log_metric("m", number)
    assert [len(batch.metrics) for batch in inside.batches] == [FULL] * 3
    assert [value for _, value, _ in inside.metrics()] == list(range(3 * FULL + 5))


def test_threads_of_the_step_log_too(inside):
    threads = [threading.Thread(target=lambda: [log_metric("m", n) for n in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inside.metrics()) == 400


def test_outside_a_run_nothing_happens():
    log_metric("a", 1)
    log_metrics({"a": 1})
    log_params({"a": 1})
    log_figure("a", object())
    log_table("a", object())
    log_text("a", "text")
    assert list(progress([1, 2])) == [1, 2]
    assert progress(1, total=2) is None


def test_a_step_knows_where_it_stands():
    attempt = Inside(item=4, number=2, idempotency_key="same")
    enter_attempt(attempt.buffer)
    try:
        here = current_run()
    finally:
        leave_attempt()
    assert (here.run_id, here.step, here.item, here.attempt) == ("run", "nothing", 4, 2)
    assert (here.pipeline, here.idempotency_key, here.is_run) == ("testing", "same", True)


def test_a_step_that_is_no_map_has_no_item(inside):
    assert inside.spec.item == NO_ITEM
    assert current_run().item is None


def test_outside_a_run_two_plain_calls_are_never_taken_for_one():
    assert not current_run().is_run
    assert current_run().idempotency_key != current_run().idempotency_key


@pytest.mark.parametrize("value", ["a,b", 3, None, b"png"])
def test_a_plain_value_is_no_table_and_no_figure(value):
    with pytest.raises(BadLoggedValueError, match="a frame or a list of dicts"):
        log_table("t", value)
    with pytest.raises(BadLoggedValueError, match="Pass a figure"):
        log_figure("f", value)


class Row(NamedTuple):
    a: int


@pytest.mark.parametrize("value", [[1], {"a": [1]}, [{"a": 1}, 2], [[1]], {1}, ("a", "b")])
def test_what_has_no_rows_is_no_table(inside, value):
    with pytest.raises(BadLoggedValueError, match=r"a list of dicts, one a row"):
        log_table("t", value)
    assert inside.stored == []


@pytest.mark.parametrize("value", [[], [{"a": 1}], ({"a": 1},), [Row(1)]])
def test_a_list_of_records_is_a_table(inside, value):
    log_table("t", value)
    assert inside.stored == [(repr(value), "table 't' of step 'nothing'")]
