"""The port to where attempts run, and the messages between conductor, executor and worker.

All of it is plain data that survives JSON (`worker/wire.py`), so that a pipe and HTTP can carry it alike.
"""

from typing import Protocol

from msgspec import Struct

from headrace.core.failures import Failure
from headrace.core.symbols import Symbol
from headrace.core.values import Value
from headrace.ports.code import Touched

NO_ITEM = -1
"""The item number of a step run that is no map."""


class AttemptSpec(Struct, frozen=True):
    """One try of a step run (or of one item of a map), complete: a worker needs nothing else to run it.

    `fence` grows with every lease of the step run; messages with an older one change nothing. `log_path` is a file
    that the worker appends to (relative to the store's folder). `memory_bytes` and `timeout_s` are limits, None for
    none. `idempotency_key` is the same over all attempts of a step run. `track_reads` asks for what the attempt
    touches (KEYS.md, rule 6). `closure` are the project's files that the key covers (path relative to the root, digest
    of the planned content); `needs_worker` forbids the calling process (rule 18). `first` are modules that have to be
    imported before the step's (symbols without a name in them), because they change what it uses; `paths` strings in
    its code that may name files.
    """

    attempt_id: str
    run_id: str
    node: str
    item: int
    number: int
    fence: int
    symbol: Symbol
    arguments: tuple[tuple[str, Value], ...]
    log_path: str
    idempotency_key: str = ""
    timeout_s: float | None = None
    memory_bytes: int | None = None
    secrets: tuple[str, ...] = ()
    track_reads: bool = True
    closure: tuple[tuple[str, str], ...] = ()
    needs_worker: bool = False
    annotation: str = ""
    pipeline: str = ""
    first: tuple[Symbol, ...] = ()
    paths: tuple[str, ...] = ()


class WorkerIdentity(Struct, frozen=True):
    """A process on a machine.

    Told apart from a later one with the same pid by its start time (the platform's own clock, kept whole). `space` is
    where its pid counts (a start of a machine, a container), `mark` its sign of life for those to whom the pid says
    nothing (0: it has none); `host` is the machine's name at that time, for people.
    """

    host: str
    pid: int
    started: float
    space: str = ""
    mark: int = 0


class Usage(Struct, frozen=True):
    """What an attempt used: wall and CPU seconds, peak private memory in bytes (0 where the platform cannot say),
    seconds spent importing the step's module, and seconds spent on reading inputs and storing outputs."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    import_s: float = 0.0
    store_s: float = 0.0


class AttemptBegan(Struct, frozen=True):
    """A worker has begun an attempt."""

    attempt_id: str
    fence: int
    worker: WorkerIdentity
    at: float


class AttemptDone(Struct, frozen=True):
    """An attempt has stored and verified its output."""

    attempt_id: str
    fence: int
    output: Value
    touched: Touched
    usage: Usage
    at: float


class AttemptBroke(Struct, frozen=True):
    """An attempt has failed, for whatever reason: exception, exit, crash, limit, stop, loss of its worker."""

    attempt_id: str
    fence: int
    failure: Failure
    usage: Usage
    at: float


class LoggedMetric(Struct, frozen=True):
    """One point of a metric; `step` is None for a single number."""

    name: str
    value: float
    step: float | None
    at: float


class LoggedValue(Struct, frozen=True):
    """A parameter, figure, text or table that a step has logged; `kind` is one of those words."""

    kind: str
    name: str
    value: Value
    at: float


class Progress(Struct, frozen=True):
    """How far an attempt is: `done` of `total` (None if unknown), with a word of its own."""

    done: float
    total: float | None
    note: str
    at: float


class TrackingBatch(Struct, frozen=True):
    """What an attempt has logged since the last batch."""

    attempt_id: str
    fence: int
    metrics: tuple[LoggedMetric, ...] = ()
    values: tuple[LoggedValue, ...] = ()
    progress: Progress | None = None


class LogLines(Struct, frozen=True):
    """Lines that stand in the attempt's log already: (unix time, "out" | "err" | "log", text without newline)."""

    attempt_id: str
    lines: tuple[tuple[float, str, str], ...]


WorkerMessage = AttemptBegan | AttemptDone | AttemptBroke | TrackingBatch | LogLines


class Executor(Protocol):
    """Runs attempts somewhere and reports about them.

    Reports reach the callable given at construction, from any thread, in order per attempt: AttemptBegan (left out if
    it never began), then any number of TrackingBatch and LogLines, then exactly one AttemptDone or AttemptBroke,
    whatever happens to the worker. `launch` never blocks on a step; `stop` ends in an AttemptBroke of kind cancelled
    (or in the end that came first).
    """

    @property
    def capacity(self) -> int:
        """How many attempts can run at once."""
        ...

    def launch(self, spec: AttemptSpec) -> None:
        """Start an attempt."""
        ...

    def stop(self, attempt_id: str, *, grace_s: float) -> None:
        """Ask an attempt to end; kill its worker after the grace."""
        ...

    def close(self) -> None:
        """End all workers; attempts that still run are reported as broken (infrastructure)."""
        ...
