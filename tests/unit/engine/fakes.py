"""Adapters in memory for conductors: artifacts, code, files, processes, an executor whose steps are functions."""

import dataclasses
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from headrace.core.digests import digest_parts
from headrace.core.errors import ArtifactError
from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.core.symbols import Symbol
from headrace.core.values import CompositeValue, InlineValue, ObjectValue, Value, objects_in, sequence_of
from headrace.definition.graph import Graph
from headrace.engine.conductor import Conductor, ConductorOptions, Earlier
from headrace.engine.identities import step_run_id
from headrace.engine.ports import Ports
from headrace.plan.plan import Plan, Selection, StepBasis
from headrace.ports.code import Code, Touched
from headrace.ports.executors import (
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    AttemptSpec,
    LogLines,
    Progress,
    Usage,
    WorkerIdentity,
    WorkerMessage,
)
from headrace.ports.records import RunEvent, RunRecord, StepRunRecord
from headrace.testing.memory_stores import MemoryStore
from unit.engine.worlds import WORKER, numbers_in, text

ME = WorkerIdentity("here", 100, 1.0)
OTHER = WorkerIdentity("here", 200, 2.0)


class Gone(ArtifactError):
    """An object is not there."""


@dataclass
class Artifacts:
    """Objects by digest; lists above `wide` members are gathered into one."""

    objects: dict[str, CompositeValue] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    wide: int = 1000

    def put(self, value: object, annotation: object = None, *, owner: str = "") -> Value:
        return text(value)

    def get(self, value: Value) -> object:
        raise NotImplementedError

    def check(self, value: Value, *, content: bool = True) -> None:
        for found in objects_in(value):
            if found.digest in self.gone:
                raise Gone(f"object {found.digest} is not there")

    def expand(self, value: ObjectValue) -> CompositeValue | InlineValue:
        if value.digest not in self.objects:
            raise TypeError("not a container")
        return self.objects[value.digest]

    def gather(self, kind: str, members: Sequence[Value]) -> Value:
        found = sequence_of(members)
        if len(members) <= self.wide:
            return found
        self.objects[found.digest] = found
        return ObjectValue("refs", found.digest, 10, len(members))

    def open_bytes(self, value: ObjectValue) -> bytes:
        raise NotImplementedError


@dataclass
class Sources:
    """Code, files and tokens that a test changes."""

    classes: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    place: str = "."

    def begin(self, entries: Sequence[Symbol]) -> None:
        raise NotImplementedError

    def code_of(self, symbol: Symbol) -> Code:
        raise NotImplementedError

    def class_digest(self, name: str) -> str:
        return self.classes.get(name, "")

    def digest_of(self, path: str) -> str:
        return self.files.get(path, "")

    def name_of(self, path: str) -> str:
        return path.removeprefix("/project/")

    def here(self) -> str:
        return self.place

    def token_of(self, read: str) -> str:
        return self.tokens.get(read, "")


@dataclass
class Machines:
    """Processes of this machine."""

    who: WorkerIdentity = ME
    dead: set[WorkerIdentity] = field(default_factory=set)

    def me(self) -> WorkerIdentity:
        return self.who

    def is_alive(self, who: WorkerIdentity) -> bool:
        return who not in self.dead


Outcome = Value | Failure | None
Work = Callable[[AttemptSpec], Outcome]


def add(spec: AttemptSpec) -> Value:
    return text(1 + sum(number for _, value in spec.arguments for number in numbers_in(value)))


@dataclass
class FunctionExecutor:
    """Runs each attempt at once, as a function; one that gives nothing goes on until it is stopped."""

    report: Callable[[WorkerMessage], None]
    work: Work = add
    lanes: int = 4
    touched: Touched = field(default_factory=Touched)
    specs: list[AttemptSpec] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    open: dict[str, AttemptSpec] = field(default_factory=dict)
    most_open: int = 0
    at: float = 1000.0

    @property
    def capacity(self) -> int:
        return self.lanes

    def launch(self, spec: AttemptSpec) -> None:
        self.specs.append(spec)
        self.open[spec.attempt_id] = spec
        self.most_open = max(self.most_open, len(self.open))
        self.report(AttemptBegan(spec.attempt_id, spec.fence, WORKER, self.at))
        outcome = self.work(spec)
        if outcome is not None:
            self.end(spec, outcome)

    def end(self, spec: AttemptSpec, outcome: Value | Failure) -> None:
        if self.open.pop(spec.attempt_id, None) is None:
            return
        if isinstance(outcome, Failure):
            self.report(AttemptBroke(spec.attempt_id, spec.fence, outcome, Usage(), self.at))
        else:
            self.report(AttemptDone(spec.attempt_id, spec.fence, outcome, self.touched, Usage(wall_s=0.5), self.at))

    def stop(self, attempt_id: str, *, grace_s: float) -> None:
        self.stopped.append(attempt_id)
        spec = self.open.get(attempt_id)
        if spec is not None:
            self.end(spec, Failure(FailureKind.CANCELLED, "stopped"))

    def close(self) -> None:
        for spec in list(self.open.values()):
            self.end(spec, Failure(FailureKind.INFRASTRUCTURE, "closed"))

    def nodes(self) -> list[str]:
        return [spec.node for spec in self.specs]


@dataclass
class Watcher:
    """An observer that keeps what it was told, and can act on it."""

    events: list[RunEvent] = field(default_factory=list)
    lines: list[tuple[str, int, LogLines]] = field(default_factory=list)
    progress: list[tuple[str, int, Progress]] = field(default_factory=list)
    ends: list[RunRecord] = field(default_factory=list)
    react: Callable[[RunEvent], None] = lambda event: None

    def on_event(self, event: RunEvent) -> None:
        self.events.append(event)
        self.react(event)

    def on_lines(self, node: str, item: int, lines: LogLines) -> None:
        self.lines.append((node, item, lines))

    def on_progress(self, node: str, item: int, progress: Progress) -> None:
        self.progress.append((node, item, progress))

    def on_end(self, run: RunRecord) -> None:
        self.ends.append(run)


@dataclass
class Clock:
    """A time that goes on a little whenever somebody looks."""

    now: float = 1000.0
    tick: float = 0.001
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> float:
        with self.lock:
            self.now += self.tick
            return self.now


@dataclass
class Site:
    """A project with its stores: makes plans, runs and conductors."""

    store: MemoryStore = field(default_factory=MemoryStore)
    artifacts: Artifacts = field(default_factory=Artifacts)
    sources: Sources = field(default_factory=Sources)
    machines: Machines = field(default_factory=Machines)
    clock: Clock = field(default_factory=Clock)
    runs: int = 0
    code: dict[str, str] = field(default_factory=dict)

    @property
    def ports(self) -> Ports:
        return Ports(
            self.store.runs, self.store.results, self.artifacts, self.sources, self.sources, self.machines, self.sources
        )

    def plan(self, graph: Graph, selection: Selection | None = None, **parameters: object) -> Plan:
        bases = {node.name: StepBasis(self.code.get(node.name, "code " + node.name), "env") for node in graph.nodes}
        values = {name: text(value) for name, value in parameters.items()}
        return Plan(graph, "graph", values, bases, selection or Selection())

    def new_run(self, plan: Plan) -> RunRecord:
        self.runs += 1
        run_id = f"{self.runs:032x}"
        run = RunRecord(run_id, plan.graph.pipeline, State.PENDING, 0, plan.graph_digest, plan.parameters, 1.0)
        steps = [
            StepRunRecord(step_run_id(run_id, node.name), run_id, node.name, State.PENDING, position)
            for position, node in enumerate(plan.graph.nodes)
        ]
        self.store.runs.create(run, steps, plan.documents)
        return run

    def conductor(
        self,
        plan: Plan,
        run: RunRecord,
        *,
        watcher: Watcher | None = None,
        earlier: Earlier | None = None,
        **options: object,
    ) -> Conductor:
        options.setdefault("clock", self.clock)
        options.setdefault("poll_s", 0.002)
        own = {name: options.pop(name, getattr(self.store, name)) for name in ("runs", "results")}
        ports = replace(self.ports, **own)
        chosen = ConductorOptions(**options)  # type: ignore[arg-type]
        return Conductor(plan, run, ports, options=chosen, observer=watcher, earlier=earlier)

    def run(
        self,
        plan: Plan,
        work: Work = add,
        *,
        lanes: int = 4,
        touched: Touched | None = None,
        watcher: Watcher | None = None,
        **options: object,
    ) -> tuple[RunRecord, FunctionExecutor]:
        conductor = self.conductor(plan, self.new_run(plan), watcher=watcher, **options)
        executor = FunctionExecutor(conductor.report, work, lanes, touched or Touched())
        return conductor.conduct(executor), executor

    def states(self, run: RunRecord) -> dict[str, str]:
        return {step.node: step.state.value for step in self.store.details.steps(run.id)}

    def story(self, run: RunRecord) -> list[str]:
        return [f"{event.node} {event.type}".strip() for event in self.store.details.events(run.id)]


def other_site(site: Site) -> Site:
    """Another process on the same stores."""
    return dataclasses.replace(site, machines=Machines(OTHER, site.machines.dead))


def object_value(name: str) -> ObjectValue:
    return ObjectValue("list", digest_parts((name,)), 10)
