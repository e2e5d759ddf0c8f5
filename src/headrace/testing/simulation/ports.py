"""The ports of one simulated process: the real stores in memory, with everything that can go wrong at a call."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

from headrace.core.errors import ArtifactError, StoreError
from headrace.core.symbols import Symbol
from headrace.core.values import CompositeValue, InlineValue, ObjectValue, Value, objects_in, sequence_of
from headrace.ports.code import Code
from headrace.ports.executors import WorkerIdentity
from headrace.ports.records import ResultRecord, RunFilter, RunRecord, StepRunRecord
from headrace.ports.stores import MetadataStore, RunChange
from headrace.testing.simulation.histories import Fault, FaultKind, Group
from headrace.testing.simulation.steps import Plain, plain
from headrace.testing.simulation.violations import Killed

Given = TypeVar("Given")
CARRIED = 1
"""Lists above this many members are stored as one object, so that objects are met in small pipelines too."""


class UnreachableError(StoreError):
    """The simulated store does not answer."""

    code = "store.unreachable"


class LostError(ArtifactError):
    """A simulated object is not there."""

    code = "artifact.missing"


class Surroundings(Protocol):
    """What a process's ports need of it and of the world around it."""

    def enter(self) -> None:
        """Begin a call; raises Killed if the process is dead."""
        ...

    def struck(self, group: Group) -> Sequence[Fault]:
        """Count one more of a group; the faults that this one meets."""
        ...

    def delay(self, seconds: float) -> None:
        """The call takes this long."""
        ...

    def die(self) -> None:
        """The process dies now."""
        ...

    def be_replaced(self) -> None:
        """Another process takes the run over, although this one lives."""
        ...

    def wrote(self, change: RunChange, before: RunRecord) -> None:
        """A change was applied."""
        ...

    def claimed(self, keys: Sequence[str]) -> None:
        """Keys were asked for."""
        ...


class FaultyRuns:
    """The port `RunStore` of one process."""

    def __init__(self, store: MetadataStore, around: Surroundings) -> None:
        self._store, self._around = store, around

    def create(self, run: RunRecord, steps: Sequence[StepRunRecord], documents: Mapping[str, str]) -> None:
        """A new run."""
        self._store.runs.create(run, steps, documents)

    def write(self, change: RunChange) -> None:
        """Apply one turn's changes, unless something happens before; something may happen after it, too."""
        around = self._around
        around.enter()
        faults = around.struck(Group.WRITE)
        for fault in faults:
            self._meet_before(fault)
        before = self._store.runs.get(change.run.id)
        self._store.runs.write(change)
        around.wrote(change, before)
        for fault in faults:
            if fault.kind is FaultKind.CRASH_AFTER_WRITE:
                around.die()
                raise Killed
            if fault.kind is FaultKind.WRITE_ANSWER_LOST:
                raise UnreachableError("the store has not answered")

    def _meet_before(self, fault: Fault) -> None:
        match fault.kind:
            case FaultKind.WRITE_SLOW:
                self._around.delay(fault.amount)
            case FaultKind.REPLACED_BEFORE_WRITE:
                self._around.be_replaced()
            case FaultKind.CRASH_BEFORE_WRITE:
                self._around.die()
                raise Killed
            case FaultKind.WRITE_FAILS:
                raise UnreachableError("the store cannot be reached")
            case _:
                pass

    def get(self, run_id: str) -> RunRecord:
        """A run by its id."""
        return faulty(self._around, lambda: self._store.runs.get(run_id))

    def find(self, text: str) -> list[RunRecord]:
        """Runs by a text."""
        return self._store.runs.find(text)

    def list(self, which: RunFilter) -> list[RunRecord]:
        """A page of runs."""
        return self._store.runs.list(which)

    def request_cancel(self, run_id: str, at: float) -> bool:
        """Ask for cancellation."""
        return self._store.runs.request_cancel(run_id, at)


class FaultyResults:
    """The port `ResultStore` of one process."""

    def __init__(self, store: MetadataStore, around: Surroundings) -> None:
        self._store, self._around = store, around

    def results(self, keys: Sequence[str]) -> Mapping[str, Sequence[ResultRecord]]:
        """Results by key."""
        return faulty(self._around, lambda: self._store.results.results(keys))

    def claim(
        self, keys: Sequence[str], run_id: str, holder: WorkerIdentity
    ) -> Mapping[str, tuple[str, WorkerIdentity]]:
        """Claim keys for a run."""
        self._around.claimed(keys)
        return faulty(self._around, lambda: self._store.results.claim(keys, run_id, holder))

    def release(self, keys: Sequence[str], run_id: str) -> None:
        """Give claims back."""
        faulty(self._around, lambda: self._store.results.release(keys, run_id))


def faulty(around: Surroundings, call: Callable[[], Given]) -> Given:
    """A call of a store that may fail, take long, or see its process die."""
    around.enter()
    for fault in around.struck(Group.CALL):
        match fault.kind:
            case FaultKind.CRASH_AT_CALL:
                around.die()
                raise Killed
            case FaultKind.CALL_FAILS:
                raise UnreachableError("the store cannot be reached")
            case _:
                around.delay(fault.amount)
    return call()


class Objects:
    """The lists that are stored as objects, and which of them are lost; shared by all processes."""

    def __init__(self) -> None:
        self._members: dict[str, CompositeValue] = {}
        self._lost: set[str] = set()

    def keep(self, members: CompositeValue) -> ObjectValue:
        """Store a list as one object."""
        digest = members.digest
        self._members[digest] = members
        self._lost.discard(digest)
        return ObjectValue("refs", digest, 10 * len(members.members), len(members.members))

    def lose(self, value: ObjectValue) -> None:
        """Forget an object until it is stored again."""
        self._lost.add(value.digest)

    def members(self, value: ObjectValue) -> CompositeValue:
        """The members of a list; raises LostError."""
        if value.digest in self._lost:
            raise LostError(f"Object {value.digest[:8]} is not there.")
        return self._members[value.digest]

    def plain(self, value: Value, *, even_lost: bool = False) -> Plain:
        """The plain value behind a reference; raises LostError for what is lost, unless that does not matter."""
        match value:
            case InlineValue():
                return plain(value)
            case CompositeValue():
                return [self.plain(member, even_lost=even_lost) for _, member in value.members]
            case ObjectValue():
                members = self._members[value.digest] if even_lost else self.members(value)
                return self.plain(members, even_lost=even_lost)


class FaultyArtifacts:
    """The port `ArtifactStore` of one process, for lists."""

    def __init__(self, objects: Objects, around: Surroundings) -> None:
        self._objects, self._around = objects, around

    def put(self, value: object, annotation: object = None, *, owner: str = "") -> Value:
        """Steps of simulations return plain values; see `simulation.steps`."""
        raise NotImplementedError

    def get(self, value: Value) -> object:
        """The plain value."""
        return self._objects.plain(value)

    def check(self, value: Value, *, content: bool = True) -> None:
        """Raise if an object is lost."""
        del content
        for one in objects_in(value):
            self._around.enter()
            if self._around.struck(Group.CHECK):
                raise LostError(f"Object {one.digest[:8]} cannot be read now.")
            self._objects.members(one)

    def expand(self, value: ObjectValue) -> CompositeValue | InlineValue:
        """The members of a list."""
        self._around.enter()
        if self._around.struck(Group.EXPAND):
            raise LostError(f"Object {value.digest[:8]} cannot be read now.")
        return self._objects.members(value)

    def gather(self, kind: Literal["list", "tuple"], members: Sequence[Value]) -> Value:
        """A list over values."""
        self._around.enter()
        faults = self._around.struck(Group.GATHER)
        if any(fault.kind is FaultKind.GATHER_FAILS for fault in faults):
            raise LostError("The disk is full.")
        value = sequence_of(members, kind)
        if len(members) <= CARRIED:
            return value
        kept = self._objects.keep(value)
        if faults:
            self._objects.lose(kept)
        return kept

    def open_bytes(self, value: ObjectValue) -> bytes:
        """Objects of simulations have no bytes."""
        raise NotImplementedError


class StillCode:
    """Code, files and what is read through `hr.`: nothing changes during a history."""

    def begin(self, entries: Sequence[Symbol]) -> None:
        """Nothing is imported."""

    def code_of(self, symbol: Symbol) -> Code:
        """Plans of simulations are made without code."""
        raise NotImplementedError

    def class_digest(self, name: str) -> str:
        """No class is the project's."""
        del name
        return ""

    def files_of(self, module_name: str, file: str = "") -> tuple[tuple[str, str], ...]:
        """No files."""
        del module_name, file
        return ()

    def digest_of(self, path: str) -> str:
        """No file is there."""
        del path
        return ""

    def name_of(self, path: str) -> str:
        """As it is."""
        return path

    def here(self) -> str:
        """The project's root."""
        return "."


class ProcessTable:
    """The port `Processes` of one process; `living` is shared by all."""

    def __init__(self, me: WorkerIdentity, living: set[WorkerIdentity]) -> None:
        self._me, self._living = me, living

    def me(self) -> WorkerIdentity:
        """This process."""
        return self._me

    def is_alive(self, who: WorkerIdentity) -> bool:
        """Whether that process lives."""
        return who in self._living
