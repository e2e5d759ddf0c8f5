"""Records with sensible contents for tests: say what matters, and the rest is filled in."""

from msgspec.structs import replace

from headrace.core.failures import Failure
from headrace.core.ids import new_id
from headrace.core.states import FailureKind, State
from headrace.core.values import CompositeValue, InlineValue, ObjectValue, Value
from headrace.plan.keys import KeyParts
from headrace.ports.code import Touched
from headrace.ports.executors import NO_ITEM, Usage, WorkerIdentity
from headrace.ports.records import AttemptRecord, LoggedRecord, MetricRecord, ResultRecord, RunRecord, StepRunRecord

SOME_TIME = 1_700_000_000.0
"""A moment in November 2023, the same in every test."""

ME = WorkerIdentity("here", 4711, 1234.5)
"""A process."""

SOMEBODY_ELSE = WorkerIdentity("here", 4712, 1240.25)
"""Another process on the same machine."""


def some_value(digest: str = "d" * 64) -> Value:
    """A value with an inline part and an object."""
    table = ObjectValue("arrow", digest, 1234, 10, "polars:DataFrame", ("project.types:Row",))
    return CompositeValue("record", (("rows", table), ("count", InlineValue("10"))), "project.types:Split")


def some_failure(message: str = "division by zero") -> Failure:
    """A failure with every field filled."""
    types = ("builtins:ZeroDivisionError", "builtins:ArithmeticError")
    return Failure(FailureKind.USER_ERROR, message, "Divide by something else.", types, 'File "steps.py", line 3')


def some_parts(code: str = "c" * 64) -> KeyParts:
    """What a key is made of, every field filled."""
    arguments = (("rows", "a" * 64), ("rate", "b" * 64))
    return KeyParts(code, "e" * 64, arguments, (("project.types:Row", "f" * 64),), (("salt", "1"),))


def some_run(pipeline: str = "training", state: State = State.PENDING, **parameters: Value) -> RunRecord:
    """A run at version 0."""
    return RunRecord(new_id(), pipeline, state, 0, "9" * 64, parameters, SOME_TIME)


def some_step(run: RunRecord, node: str = "fit", position: int = 0, *, state: State = State.PENDING) -> StepRunRecord:
    """A step run of a run."""
    return StepRunRecord(new_id(), run.id, node, state, position)


def some_attempt(step: StepRunRecord, *, wall_s: float = 1.0, item: int = NO_ITEM) -> AttemptRecord:
    """A succeeded attempt of a step run."""
    usage = Usage(wall_s, 0.5, 1_000_000, 0.25, 0.125)
    attempt = AttemptRecord(
        *(new_id(), step.run_id, step.id, step.node, item, 1, 1, State.SUCCEEDED, SOME_TIME), worker=ME, usage=usage
    )
    return replace(attempt, started_at=SOME_TIME + 1, finished_at=SOME_TIME + 2, log_path=f"logs/{attempt.id}.log")


def some_result(run: RunRecord, attempt: AttemptRecord, key: str) -> ResultRecord:
    """A result that an attempt has made."""
    touched = Touched(
        (("data/rows.csv", "1" * 64),),
        (("plugins.extra", "2" * 64),),
        (("alias:champion", "7"),),
        "jobs",
        ("data/more",),
    )
    place = (key, run.pipeline, attempt.node, attempt.item, run.id, attempt.id)
    return ResultRecord(*place, some_value(), touched, some_parts(), SOME_TIME)


def some_metric(attempt: AttemptRecord, name: str, value: float, *, at: float = SOME_TIME) -> MetricRecord:
    """A single number that an attempt has logged."""
    return MetricRecord(attempt.run_id, attempt.node, attempt.item, attempt.id, name, value, None, at)


def some_logged(attempt: AttemptRecord, kind: str, name: str, *, value: Value) -> LoggedRecord:
    """A value that an attempt has logged."""
    return LoggedRecord(attempt.run_id, attempt.node, attempt.item, attempt.id, kind, name, value, SOME_TIME)
