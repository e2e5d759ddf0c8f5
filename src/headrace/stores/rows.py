"""Records as rows and back. Nothing outside this room sees a row."""

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from headrace.core.failures import Failure
from headrace.core.parts import comparable
from headrace.core.states import State
from headrace.core.values import Value, value_from_json, value_to_json
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
from headrace.stores.sessions import Parameter, Row

# made once: json.dumps with options builds a new encoder at each call, which costs more than the text
# ASCII, because messages may hold halves of characters (file names that are no UTF-8), which no database takes
encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
decode = json.JSONDecoder().decode

ALWAYS_LATEST = 1e18
"""The time of a fact that nothing later replaces: a run's own parameters."""


def dump_value(value: Value | None) -> str | None:
    """A value as text, None as it is."""
    return None if value is None else encode(value_to_json(value))


def load_value(text: str) -> Value:
    """The value that `dump_value` wrote."""
    return value_from_json(decode(text))


def _load_optional(text: str | None) -> Value | None:
    return None if text is None else load_value(text)


@lru_cache(maxsize=64)
def dump_worker(worker: WorkerIdentity | None) -> str | None:
    """A process as text; equal ones give equal texts."""
    return None if worker is None else encode([worker.host, worker.pid, worker.started, worker.space, worker.mark])


def load_worker(text: str | None) -> WorkerIdentity | None:
    """The process that `dump_worker` wrote; the first version's rows hold no space and mark."""
    return None if text is None else WorkerIdentity(*decode(text))


def dump_failure(failure: Failure | None) -> str | None:
    """A failure as text, None as it is."""
    return None if failure is None else encode(failure.to_json())


def _load_failure(text: str | None) -> Failure | None:
    return None if text is None else Failure.from_json(decode(text))


def dump_parts(parts: KeyParts | None) -> str | None:
    """What a key is made of, as text."""
    if parts is None:
        return None
    return encode([parts.code, parts.environment, parts.arguments, parts.classes, parts.other])


def _load_parts(text: str) -> KeyParts:
    code, environment, arguments, classes, other = decode(text)
    return KeyParts(code, environment, _pairs(arguments), _pairs(classes), _pairs(other))


# most attempts touch the same files or nothing, and a map asks for thousands at once
@lru_cache(maxsize=256)
def _load_touched(text: str) -> Touched:
    # rows of older versions end earlier
    files, modules, reads, *rest = decode(text)
    directory = str(rest[0]) if rest else ""
    arguments = tuple(map(str, rest[1])) if len(rest) > 1 else ()
    return Touched(_pairs(files), _pairs(modules), _pairs(reads), directory, arguments)


def _pairs(lists: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple([(name, text) for name, text in lists])


def _dump_items(items: ItemBlock | None) -> str | None:
    if items is None:
        return None
    return encode([items.states, [[item, failure.to_json()] for item, failure in items.errors]])


def _load_items(text: str | None) -> ItemBlock | None:
    if text is None:
        return None
    states, errors = decode(text)
    return ItemBlock(states, tuple((item, Failure.from_json(failure)) for item, failure in errors))


def _dump_data(data: Mapping[str, object]) -> str:
    return encode(dict(data)) if data else "{}"


def run_row(run: RunRecord) -> tuple[Parameter, ...]:
    """A new run, in the order of RUN_COLUMNS."""
    parameters = encode({name: value_to_json(value) for name, value in run.parameters.items()})
    head = (run.id, run.pipeline, run.state.value, run.version, run.graph_digest, parameters, run.created_at)
    times = (run.name, run.started_at, run.finished_at, dump_worker(run.runner), dump_value(run.output))
    tail = (dump_failure(run.failure), run.cancel_requested_at, run.note, encode(run.tags), _dump_data(run.settings))
    return (*head, *times, *tail)


def run_update(run: RunRecord) -> tuple[Parameter, ...]:
    """What a write may change of a run, in the order of UPDATE_RUN after the number of its last event."""
    runner = dump_worker(run.runner)
    head = (run.state.value, run.graph_digest, run.name, run.started_at, run.finished_at, dump_value(run.output))
    tail = (dump_failure(run.failure), run.note, encode(run.tags), _dump_data(run.settings), runner, runner)
    return (*head, *tail, run.cancel_requested_at, run.cancel_requested_at, run.id, run.version)


def run_of(row: Row) -> RunRecord:
    """A run from RUN_COLUMNS."""
    parameters = {name: value_from_json(data) for name, data in decode(row[5]).items()}
    return RunRecord(
        *(row[0], row[1], State(row[2]), row[3], row[4], parameters, row[6], row[7], row[8], row[9]),
        runner=load_worker(row[10]),
        output=_load_optional(row[11]),
        failure=_load_failure(row[12]),
        cancel_requested_at=row[13],
        note=row[14],
        tags=tuple(decode(row[15])),
        settings=decode(row[16]),
    )


def step_row(step: StepRunRecord, pipeline: str) -> tuple[Parameter, ...]:
    """A step run, in the order of STEP_COLUMNS and the pipeline."""
    head = (step.id, step.run_id, step.node, step.state.value, step.position, step.key, dump_parts(step.parts))
    made = (dump_value(step.output), _dump_items(step.items), step.made_by, step.made_in, dump_failure(step.failure))
    return (*head, *made, step.reason, step.started_at, step.finished_at, pipeline)


def step_of(row: Row) -> StepRunRecord:
    """A step run from STEP_COLUMNS."""
    return StepRunRecord(
        *(row[0], row[1], row[2], State(row[3]), row[4], row[5]),
        parts=None if row[6] is None else _load_parts(row[6]),
        output=_load_optional(row[7]),
        items=_load_items(row[8]),
        made_by=row[9],
        made_in=row[10],
        failure=_load_failure(row[11]),
        reason=row[12],
        started_at=row[13],
        finished_at=row[14],
    )


def attempt_row(attempt: AttemptRecord, pipeline: str) -> tuple[Parameter, ...]:
    """An attempt, in the order of ATTEMPT_COLUMNS and the pipeline."""
    a, used = attempt, attempt.usage
    head = (a.id, a.run_id, a.step_run_id, a.node, a.item, a.number, a.fence, a.state.value, a.created_at)
    times = (dump_worker(a.worker), a.started_at, a.finished_at)
    usage = (used.wall_s, used.cpu_s, used.peak_memory_bytes, used.import_s, used.store_s)
    return (*head, *times, *usage, dump_failure(a.failure), a.log_path, pipeline)


def attempt_of(row: Row) -> AttemptRecord:
    """An attempt from ATTEMPT_COLUMNS."""
    return AttemptRecord(
        *(row[0], row[1], row[2], row[3], row[4], row[5], row[6], State(row[7]), row[8]),
        worker=load_worker(row[9]),
        started_at=row[10],
        finished_at=row[11],
        usage=Usage(*row[12:17]),
        failure=_load_failure(row[17]),
        log_path=row[18],
    )


def result_row(result: ResultRecord) -> tuple[Parameter, ...]:
    """A result, in the order of RESULT_COLUMNS."""
    found = result.touched
    touched = encode([found.files, found.modules, found.reads, found.directory, found.arguments])
    head = (result.key, result.pipeline, result.node, result.item, result.run_id, result.attempt_id)
    return (*head, dump_value(result.output), touched, dump_parts(result.parts), result.created_at)


def result_of(row: Row) -> ResultRecord:
    """A result from RESULT_COLUMNS."""
    return ResultRecord(
        *(row[0], row[1], row[2], row[3], row[4], row[5]),
        output=load_value(row[6]),
        touched=_load_touched(row[7]),
        parts=_load_parts(row[8]),
        created_at=row[9],
    )


def event_row(event: RunEvent, sequence: int) -> tuple[Parameter, ...]:
    """An event with its number."""
    return (event.run_id, sequence, event.at, event.type, event.node, _dump_data(event.data))


def event_of(row: Row) -> RunEvent:
    """An event."""
    return RunEvent(row[0], row[1], row[2], row[3], row[4], decode(row[5]))


def metric_row(metric: MetricRecord) -> tuple[Parameter, ...]:
    """A metric; what is not a number is NULL, as SQLite has it."""
    m = metric
    return (m.run_id, m.node, m.item, m.attempt_id, m.name, or_null(m.value), m.step, m.at)


def metric_of(row: Row) -> MetricRecord:
    """A metric."""
    return MetricRecord(row[0], row[1], row[2], row[3], row[4], number_of(row[5]), row[6], row[7])


def logged_row(logged: LoggedRecord) -> tuple[Parameter, ...]:
    """A logged value."""
    head = (logged.run_id, logged.node, logged.item, logged.attempt_id, logged.kind, logged.name)
    return (*head, dump_value(logged.value), logged.at)


def logged_of(row: Row) -> LoggedRecord:
    """A logged value."""
    return LoggedRecord(row[0], row[1], row[2], row[3], row[4], row[5], load_value(row[6]), row[7])


def number_of(value: float | None) -> float:
    """A number from its column."""
    return math.nan if value is None else value


def or_null(value: float) -> float | None:
    """A number for its column; what is not a number is NULL in SQLite, and so everywhere."""
    # a value may be an int or a numpy scalar by the letter of its type
    return None if value != value else float(value)


def metric_facts(run_id: str, metrics: Sequence[tuple[str, float | None, float]]) -> list[tuple[Parameter, ...]]:
    """The last of each metric (name, value, time) as facts of a run."""
    last: dict[str, tuple[float | None, float]] = {}
    for name, value, at in metrics:
        if name not in last or at >= last[name][1]:
            last[name] = (value, at)
    return [(run_id, "metric", name, value, None, at) for name, (value, at) in last.items()]


def parameter_fact(run_id: str, name: str, value: Value, *, at: float) -> tuple[Parameter, ...]:
    """A parameter as a fact of a run."""
    number, word = comparable(value)
    return (run_id, "parameter", name, number, word, at)


def parameter_facts(run_id: str, parameters: Mapping[str, Value]) -> list[tuple[Parameter, ...]]:
    """A run's own parameters as facts."""
    return [parameter_fact(run_id, name, value, at=ALWAYS_LATEST) for name, value in parameters.items()]
