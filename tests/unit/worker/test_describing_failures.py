"""An exception becomes a failure in plain words, whatever the exception does."""

import pytest

import sample_steps
from headrace.core.errors import InfrastructureError, StepTimeoutError
from headrace.core.states import FailureKind
from headrace.testing.executor_steps import fail as fail_inside_headrace
from headrace.worker.errors import SecretMissingError
from headrace.worker.failures import LONGEST_TRACEBACK, AttemptStopped, describe_failure


def caught(call, *args):
    try:
        call(*args)
    except BaseException as error:  # noqa: BLE001 - every exception is described
        return error
    raise AssertionError("nothing was raised")


def test_types_are_named_from_the_most_derived_to_the_root():
    failure = describe_failure(caught(sample_steps.fail_mute))
    assert failure.error_types == ("sample_steps:Mute", "builtins:Exception", "builtins:BaseException")


def test_the_message_names_the_error_and_its_text():
    assert describe_failure(caught(sample_steps.fail, "too small")).message == "ValueError: too small"
    assert describe_failure(StopIteration()).message == "StopIteration"


def test_an_error_whose_text_cannot_be_shown_is_described_all_the_same():
    failure = describe_failure(caught(sample_steps.fail_mute))
    assert "__str__ raised SystemExit" in failure.message
    assert "fail_mute" in failure.traceback


def test_an_error_that_cannot_be_pickled_is_described():
    assert "Unpicklable" in describe_failure(caught(sample_steps.fail_unpicklable)).message


def test_endless_recursion_is_described_briefly():
    failure = describe_failure(caught(sample_steps.exhaust_recursion))
    assert "calls itself without end" in failure.remedy
    assert "Previous line repeated" in failure.traceback
    assert len(failure.traceback) < 3000


def test_causes_are_shown_and_frames_of_headrace_are_not():
    trace = describe_failure(caught(sample_steps.fail_deep)).traceback
    assert "inner" in trace
    assert "direct cause" in trace
    own = describe_failure(caught(fail_inside_headrace, "text")).traceback
    assert "headrace/testing" not in own
    assert own.endswith("ValueError: text\n")


def change_array(how):
    numpy = pytest.importorskip("numpy")
    x = numpy.arange(3.0)
    x.flags.writeable = False
    exec(how, {"x": x})


@pytest.mark.parametrize("how", ["x -= x.min()", "x[0] = 1", "x.sort()", "x.fill(2)"])
def test_what_cannot_be_changed_in_place_is_said_to_be_an_input_to_copy(how):
    remedy = describe_failure(caught(change_array, how)).remedy
    assert "given is read-only: work on a copy, such as `x = x - x.min()` or `x = x.copy()`." in remedy
    assert "Raised at" in remedy


def test_arrow_data_that_cannot_be_changed_is_to_be_made_anew():
    table = pytest.importorskip("pyarrow").table({"a": [1, 2]})
    remedy = describe_failure(caught(put, table)).remedy
    assert "Arrow data does not change: make it anew" in remedy


def test_a_file_that_is_read_only_is_no_array():
    assert "copy" not in describe_failure(OSError(30, "Read-only file system")).remedy


def put(table):
    table["a"] = 1


def test_all_errors_of_a_group_are_shown():
    group = ExceptionGroup("several", [ValueError("first"), KeyError("second")])
    trace = describe_failure(group).traceback
    assert "first" in trace
    assert "second" in trace


def test_a_huge_message_is_shortened_in_the_middle():
    failure = describe_failure(ValueError("a" * 1_000_000 + "z"))
    assert len(failure.message) < 5000
    assert failure.message.endswith("z")
    assert len(failure.traceback) < LONGEST_TRACEBACK + 100


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), FailureKind.OUT_OF_MEMORY),
        (AttemptStopped(), FailureKind.CANCELLED),
        (InfrastructureError("the database is away"), FailureKind.INFRASTRUCTURE),
        (StepTimeoutError("too slow"), FailureKind.TIMEOUT),
        (SystemExit(3), FailureKind.USER_ERROR),
        (GeneratorExit(), FailureKind.USER_ERROR),
        (ConnectionError("refused"), FailureKind.USER_ERROR),
    ],
)
def test_the_kind_follows_the_error(error, kind):
    assert describe_failure(error).kind is kind


def test_an_exit_says_that_the_step_ended_itself():
    failure = describe_failure(caught(sample_steps.leave, 3))
    assert failure.message == "The step ended its process itself: SystemExit: 3."
    assert failure.remedy


def test_an_error_of_headrace_speaks_for_itself_and_keeps_its_remedy():
    failure = describe_failure(SecretMissingError("fit", ["DB_URL"]))
    assert failure.message == "Step 'fit' needs the secret 'DB_URL', which is not set."
    assert ".env" in failure.remedy


def test_a_failure_says_where_the_project_raised_it_or_called_what_did():
    def read() -> int:
        return int("x")

    with pytest.raises(ValueError, match="invalid literal") as found:
        read()
    line = read.__code__.co_firstlineno + 1
    told = describe_failure(found.value).remedy
    assert told.endswith(f"test_describing_failures.py, line {line}, in read.")
    assert told.startswith("Raised at ")
