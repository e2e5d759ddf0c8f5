"""The words for how a process ended."""

import signal

import pytest

from headrace.core.states import FailureKind
from headrace.executors.causes import Death, bytes_text, failure_of_close, failure_of_death, failure_of_memory


@pytest.mark.parametrize(
    ("death", "kind", "words"),
    [
        (Death(0), FailureKind.USER_ERROR, "exit code 0"),
        (Death(-signal.SIGKILL), FailureKind.INFRASTRUCTURE, "killed from outside (SIGKILL)"),
        (Death(-signal.SIGKILL, is_oom_kill=True), FailureKind.OUT_OF_MEMORY, "the machine ran out of memory"),
        (Death(-signal.SIGSEGV, is_oom_kill=True), FailureKind.INFRASTRUCTURE, "crashed (SIGSEGV)"),
        (Death(-signal.SIGABRT), FailureKind.INFRASTRUCTURE, "crashed (SIGABRT)"),
        (Death(-40), FailureKind.INFRASTRUCTURE, "(signal 40)"),
        (Death(None), FailureKind.INFRASTRUCTURE, "nobody can say how it ended"),
    ],
)
def test_every_way_to_end_has_its_kind_and_words(death, kind, words):
    failure = failure_of_death(death)
    assert failure.kind is kind
    assert words in failure.message
    assert failure.error_types


def test_the_last_lines_stand_in_the_remedy():
    failure = failure_of_death(Death(1, last_lines=tuple(f"line {n}" for n in range(30))))
    assert "line 29" in failure.remedy
    assert "line 19" not in failure.remedy


def test_amounts_of_memory_are_readable():
    assert [bytes_text(n) for n in (0, 1023, 1536, 150 << 20, 5 << 40, 1 << 53)] == [
        "0 B",
        "1.02e+03 B",
        "1.5 KiB",
        "150 MiB",
        "5 TiB",
        "8.19e+03 TiB",
    ]
    assert "used 1.5 GiB of memory; its limit is 1 GiB" in failure_of_memory(3 << 29, 1 << 30).message


def test_a_closed_executor_says_how_to_go_on():
    assert "Run the pipeline again" in failure_of_close().remedy
