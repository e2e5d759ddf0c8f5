"""What a pipeline's body prints while it is traced stays as it is; an error does not stand behind half a line of it."""

import sys
from collections.abc import Callable

import pytest

import headrace as hr
from headrace.definition import errors
from headrace.definition.tracing import trace


@hr.step
def load() -> int:
    return 1


@hr.pipeline
def prints_a_value() -> int:
    value = load()
    print("a is", value)
    return value


@hr.pipeline
def prints_well() -> int:
    print("one")
    print("half a line", end="")
    return load()


@hr.pipeline
def prints_and_fails() -> int:
    print("one")
    print("", end="")
    raise ValueError("no")


@pytest.mark.parametrize(
    ("pipeline", "kind", "printed"),
    [(prints_a_value, errors.UnknownValueError, "a is \n"), (prints_and_fails, ValueError, "one\n")],
)
def test_a_line_that_an_error_has_cut_is_ended(
    pipeline: Callable[[], int], kind: type[Exception], printed: str, capsys: pytest.CaptureFixture[str]
):
    stream = sys.stdout
    with pytest.raises(kind):
        trace(pipeline)  # type: ignore[arg-type]
    assert capsys.readouterr().out == printed
    assert sys.stdout is stream


def test_what_a_body_prints_without_an_error_is_left_as_it_is(capsys: pytest.CaptureFixture[str]):
    stream = sys.stdout
    trace(prints_well)
    assert capsys.readouterr().out == "one\nhalf a line"
    assert sys.stdout is stream


def test_a_body_that_changes_standard_output_itself_keeps_its_change(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    trace(takes_standard_output)
    assert sys.stdout is sys.stderr


@hr.pipeline
def takes_standard_output() -> int:
    sys.stdout = sys.stderr
    return load()


def test_a_process_without_standard_output_traces_as_well(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert len(trace(prints_well).nodes) == 1
    assert len(trace(prints_a_value).nodes) == 1  # Python's print does nothing then
