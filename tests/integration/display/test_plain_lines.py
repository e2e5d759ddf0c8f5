"""Lines as they come: what Headrace warns of once for each step, what users print as often as they print it."""

import io
import time

from headrace.display.plain import PlainDisplay
from headrace.ports.executors import LogLines
from headrace.ports.records import RunEvent
from headrace.ports.story import EventType
from headrace.testing.records import some_run

WARNING = "<headrace>:1: PickledArtifactWarning: stored as a pickle"


def shown(*said: tuple[str, int, str]) -> list[str]:
    stream = io.StringIO()
    display = PlainDisplay(stream)
    for node, item, text in said:
        display.on_lines(node, item, LogLines("attempt", ((time.time(), "err", text),)))
    return stream.getvalue().splitlines()


def test_what_headrace_warns_of_is_shown_once_for_each_step():
    assert shown(("m", 0, WARNING), ("m", 1, WARNING), ("n", -1, WARNING), ("m", 0, WARNING + " too")) == [
        "  m[0] | PickledArtifactWarning: stored as a pickle",
        "  n | PickledArtifactWarning: stored as a pickle",
        "  m[0] | PickledArtifactWarning: stored as a pickle too",
    ]


def test_what_users_print_is_shown_as_often_as_they_print_it():
    assert shown(("m", 0, "UserWarning: x"), ("m", 0, "UserWarning: x")) == ["  m[0] | UserWarning: x"] * 2


def test_items_that_have_a_value_in_a_map_that_failed_are_counted_until_it_succeeds():
    stream = io.StringIO()
    display = PlainDisplay(stream)
    counts = {"items": 5, "succeeded": 2, "reused": 1, "failed": 2}
    failed = RunEvent("run", 1, time.time(), EventType.STEP_FAILED, "m", counts)
    display.on_event(failed)
    display.on_event(RunEvent("run", 2, time.time(), EventType.STEP_FAILED, "n", {"items": 2, "failed": 2}))
    display.on_end(some_run())
    assert stream.getvalue().splitlines()[-1].endswith(": 0 computed, 0 reused, 3 of 5 items of m")
    display.on_event(RunEvent("run", 3, time.time(), EventType.STEP_SUCCEEDED, "m", {"items": 5, "succeeded": 5}))
    display.on_end(some_run())
    assert stream.getvalue().splitlines()[-1].endswith(": 1 computed, 0 reused")


def test_a_map_of_one_item_is_counted_in_the_singular():
    stream = io.StringIO()
    display = PlainDisplay(stream)
    for number in (1, 2):
        data = {"items": number, "succeeded": number}
        display.on_event(RunEvent("run", number, time.time(), EventType.STEP_SUCCEEDED, "m", data))
    assert [line.rpartition("  ")[2] for line in stream.getvalue().splitlines()] == ["1 item", "2 items"]
