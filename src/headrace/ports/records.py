"""What the metadata store keeps, as frozen records. Times are unix seconds (UTC); ids come from `core.ids`."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from headrace.core.failures import Failure
from headrace.core.states import State
from headrace.core.values import Value
from headrace.plan.keys import KeyParts
from headrace.ports.code import Touched
from headrace.ports.executors import Usage, WorkerIdentity


class RunRecord(Struct, frozen=True):
    """One run. `version` grows with every write; `graph_digest` finds the stored graph; `runner` is the process that
    conducts it.

    `settings` is what the run was started with beyond parameters (selection, refresh, fail_fast, lanes) as plain JSON
    data. `cancel_requested_at` is set by another process; the conductor sees and obeys it.
    """

    id: str
    pipeline: str
    state: State
    version: int
    graph_digest: str
    parameters: Mapping[str, Value]
    created_at: float
    name: str = ""
    started_at: float | None = None
    finished_at: float | None = None
    runner: WorkerIdentity | None = None
    output: Value | None = None
    failure: Failure | None = None
    cancel_requested_at: float | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)


class ItemBlock(Struct, frozen=True):
    """The states of a map's items in one compact block: `states` holds one letter an item (p q r s f c k u: pending,
    queued, running, succeeded, failed, cancelled, skipped, reused), `errors` the first failures by item (bounded).

    While a wide map runs, the stored block may lag behind the attempts by half a second: results and attempts are what
    counts.
    """

    states: str
    errors: tuple[tuple[int, Failure], ...] = ()


class StepRunRecord(Struct, frozen=True):
    """One step in one run. For a map: `items` holds the states, `key` is empty.

    `made_by` is the attempt that made the value, `made_in` its run: another one where the step was reused. At
    `started_at` the first attempt has imported the step's module.
    """

    id: str
    run_id: str
    node: str
    state: State
    position: int
    key: str = ""
    parts: KeyParts | None = None
    output: Value | None = None
    items: ItemBlock | None = None
    made_by: str = ""
    made_in: str = ""
    failure: Failure | None = None
    reason: str = ""
    started_at: float | None = None
    finished_at: float | None = None


class ReuseRecord(Struct, frozen=True):
    """An item of a map that was reused: the attempt that made its value, and that attempt's run.

    Written once, when the item becomes reused, so that the item shows what that attempt has logged. A reused step run
    that is no map needs none: its own `made_by` and `made_in` say it.
    """

    run_id: str
    node: str
    item: int
    made_by: str
    made_in: str


class AttemptRecord(Struct, frozen=True):
    """One try of a step run or of one item."""

    id: str
    run_id: str
    step_run_id: str
    node: str
    item: int
    number: int
    fence: int
    state: State
    created_at: float
    worker: WorkerIdentity | None = None
    started_at: float | None = None
    finished_at: float | None = None
    usage: Usage = field(default_factory=Usage)
    failure: Failure | None = None
    log_path: str = ""


class ResultRecord(Struct, frozen=True):
    """A value that may be reused.

    The key it was computed for, what made it, and what else it depends on. A key may have several.
    """

    key: str
    pipeline: str
    node: str
    item: int
    run_id: str
    attempt_id: str
    output: Value
    touched: Touched
    parts: KeyParts
    created_at: float


class RunEvent(Struct, frozen=True):
    """One line of a run's story: a type (`ports.story.EventType`), the node (or empty), and data as plain JSON."""

    run_id: str
    sequence: int
    at: float
    type: str
    node: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


class MetricRecord(Struct, frozen=True):
    """One point of a metric. `run_id` and `attempt_id` say where it was logged; `node` and `item` where it is shown:
    for a reused step the place in the run that was asked for, not in the one it came from."""

    run_id: str
    node: str
    item: int
    attempt_id: str
    name: str
    value: float
    step: float | None
    at: float


class LoggedRecord(Struct, frozen=True):
    """A parameter, figure, text or table that a step has logged; places as in MetricRecord."""

    run_id: str
    node: str
    item: int
    attempt_id: str
    kind: str
    name: str
    value: Value
    at: float


NOTHING_YET = "no result for this key yet"
"""The reason of a step run that was computed because its key is new; what is new about it, `why` finds out."""

RUN_FIELDS: Mapping[str, Literal["text", "time", "seconds"]] = {
    "id": "text",
    "name": "text",
    "pipeline": "text",
    "state": "text",
    "note": "text",
    "created": "time",
    "started": "time",
    "finished": "time",
    "duration": "seconds",
}
"""What a condition can say of a run itself; `duration` is from start to finish, of finished runs only."""


class RunOutline(Struct, frozen=True):
    """What rules of retention look at in a run."""

    id: str
    pipeline: str
    state: State
    created_at: float
    tags: tuple[str, ...] = ()


class Condition(Struct, frozen=True):
    """`auc > 0.7`: a field of a run, or its value of a metric (see `TrackingStore.latest`), or a parameter, compared
    with a number or text.

    A name is looked for in this order; `metrics.NAME` and `parameters.NAME` are never taken for anything else. A run
    that lacks the value does not match, whatever the operator. Texts compare by code point; times are unix seconds.
    """

    name: str
    operator: Literal["=", "!=", "<", "<=", ">", ">="]
    operand: float | str


class RunFilter(Struct, frozen=True):
    """Which runs to list: newest first, `limit` at a time, older than `before` (a run id) for the next page."""

    pipeline: str = ""
    states: tuple[State, ...] = ()
    tags: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    limit: int = 20
    before: str = ""
