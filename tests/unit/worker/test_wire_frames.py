"""Frames come over the wire exactly as they were sent, however the bytes are cut."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.core.symbols import Symbol
from headrace.core.values import CompositeValue, InlineValue, ObjectValue
from headrace.ports.code import Touched
from headrace.ports.executors import (
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    AttemptSpec,
    LoggedMetric,
    LoggedValue,
    LogLines,
    Progress,
    TrackingBatch,
    Usage,
    WorkerIdentity,
)
from headrace.ports.workers import RunAttempt, WorkerFree, WorkerReady
from headrace.worker import wire
from headrace.worker.errors import WireError

text = st.text(st.characters(), max_size=12)  # lone surrogates included
count = st.integers(min_value=0, max_value=1 << 62)
number = st.floats()
pairs = st.lists(st.tuples(text, text), max_size=3).map(tuple)
texts = st.lists(text, max_size=3).map(tuple)
plain = st.one_of(
    st.builds(InlineValue, text),
    st.builds(ObjectValue, text, text, count, st.none() | count, text, texts),
)
value = st.recursive(
    plain,
    lambda inner: st.builds(
        CompositeValue,
        st.sampled_from(["list", "tuple", "dict", "record"]),
        st.lists(st.tuples(text, inner), max_size=3).map(tuple),
        text,
    ),
    max_leaves=4,
)
identity = st.builds(WorkerIdentity, text, count, number)
usage = st.builds(Usage, number, number, count, number, number)
failure = st.builds(Failure, st.sampled_from(FailureKind), text, text, texts, text)
spec = st.builds(
    AttemptSpec,
    attempt_id=text,
    run_id=text,
    node=text,
    item=st.integers(),
    number=count,
    fence=count,
    symbol=st.builds(Symbol, text, text, text),
    arguments=st.lists(st.tuples(text, value), max_size=3).map(tuple),
    log_path=text,
    idempotency_key=text,
    timeout_s=st.none() | number,
    memory_bytes=st.none() | count,
    secrets=texts,
    track_reads=st.booleans(),
    closure=pairs,
    needs_worker=st.booleans(),
    annotation=text,
    pipeline=text,
)
frames = st.one_of(
    st.builds(RunAttempt, spec),
    st.builds(WorkerReady, identity),
    st.builds(WorkerFree, text, text),
    st.builds(AttemptBegan, text, count, identity, number),
    st.builds(AttemptDone, text, count, value, st.builds(Touched, pairs, pairs, pairs), usage, number),
    st.builds(AttemptBroke, text, count, failure, usage, number),
    st.builds(
        TrackingBatch,
        text,
        count,
        st.lists(st.builds(LoggedMetric, text, number, st.none() | number, number), max_size=3).map(tuple),
        st.lists(st.builds(LoggedValue, text, text, value, number), max_size=2).map(tuple),
        st.none() | st.builds(Progress, number, st.none() | number, text, number),
    ),
    st.builds(
        LogLines, text, st.lists(st.tuples(number, st.sampled_from(["out", "err", "log"]), text), max_size=3).map(tuple)
    ),
)


@given(st.lists(frames, max_size=4), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_frames_come_out_as_they_went_in_however_the_bytes_are_cut(sent, cuts):
    stream = b"".join(wire.encode(frame) for frame in sent)
    decoder, received, begin, turn = wire.decoder(), [], 0, 0
    while begin < len(stream):
        size = cuts[turn % len(cuts)]
        received += decoder.feed(stream[begin : begin + size])
        begin, turn = begin + size, turn + 1
    assert repr(received) == repr(sent)  # NaN differs from itself, its text does not
    assert [type(frame) for frame in received] == [type(frame) for frame in sent]


@given(frames)
def test_the_text_of_a_frame_is_strict_json(frame):
    def refuse(word):
        raise AssertionError(word)

    json.loads(wire.encode(frame)[4:], parse_constant=refuse)


def test_a_metric_that_is_no_finite_number_arrives_as_itself():
    points = tuple(LoggedMetric("m", value, None, 1.0) for value in (math.inf, -math.inf, -0.0, 5e-324))
    (received,) = wire.decoder().feed(wire.encode(TrackingBatch("a", 1, points)))
    assert repr(received.metrics) == repr(points)


def test_a_frame_of_another_version_is_refused_with_both_versions():
    body = json.dumps([wire.VERSION + 1, "WorkerFree", ["a", ""]]).encode()
    with pytest.raises(WireError, match=f"version {wire.VERSION + 1} came, this side speaks {wire.VERSION}"):
        wire.decoder().feed(len(body).to_bytes(4, "big") + body)


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b'[1,"Unknown",[]]', b'[1,"WorkerFree",[1,2,3]]', b"{}"])
def test_bytes_that_are_no_frame_are_refused(body):
    with pytest.raises(WireError, match="no frame"):
        wire.decoder().feed(len(body).to_bytes(4, "big") + body)


def test_an_absurd_length_is_refused_before_anything_is_kept():
    with pytest.raises(WireError, match="damaged"):
        wire.decoder().feed(b"\xff\xff\xff\xff")
