"""Running one attempt in this process, from its spec to its one end: the only place where a step's code is called."""

import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.core.values import Value, classes_in, objects_in
from headrace.ports.artifacts import ArtifactStore
from headrace.ports.code import Touched
from headrace.ports.executors import (
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    AttemptSpec,
    WorkerIdentity,
)
from headrace.ports.traces import Tracer
from headrace.ports.workers import Lines, Report
from headrace.tracking.current import enter_attempt, leave_attempt
from headrace.worker.capture import Capture
from headrace.worker.conforming import check_arguments, check_output
from headrace.worker.errors import SecretMissingError, SourceEditedError
from headrace.worker.failures import (
    AttemptStopped,
    describe_failure,
    kind_of_read_failure,
    kind_of_write_failure,
)
from headrace.worker.functions import MAIN, StepFinder, call
from headrace.worker.logs import LogFile, last_lines
from headrace.worker.measure import Meter
from headrace.worker.outbox import Outbox, OutboxParts, Ticker, masked
from headrace.worker.residue import Residue, back_in_its_folder
from headrace.worker.returned import paths_in
from headrace.worker.secrecy import Secrecy
from headrace.worker.stopping import StopGate
from headrace.worker.texts import texts_in

_NOTHING = Touched()

SecretReader = Callable[[Sequence[str]], Mapping[str, str]]


def secrets_of_environment(names: Sequence[str]) -> Mapping[str, str]:
    """Those of the secrets that the environment holds."""
    return {name: os.environ[name] for name in names if name in os.environ}


class WorkerParts(Struct, frozen=True):
    """What a worker works with.

    `log_folder` is the store's folder, to which `AttemptSpec.log_path` is relative. `tracer` None: reads are not
    traced. `secrets` gives the values of the declared secrets that there are.
    """

    artifacts: ArtifactStore
    identity: WorkerIdentity
    log_folder: Path
    tracer: Tracer | None = None
    finder: StepFinder = field(default_factory=StepFinder)
    gate: StopGate = field(default_factory=StopGate)
    secrets: SecretReader = secrets_of_environment


class InProcessWorker:
    """Runs attempts in the process that it is in, one at a time; satisfies `ports.workers.Worker`.

    `residue` says after an attempt what the step left behind, where the process is a worker's own.
    """

    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts
        self._capture = Capture()
        self._ticker = Ticker()
        self._meter = Meter()
        self._residue = Residue()
        self._drain: Callable[[], None] | None = None
        self._outbox: Outbox | None = None
        self._imported: dict[tuple[str, str], Touched] = {}
        """What importing a step's module touched in this process; counts for each later attempt of that module too."""
        self.residue = ""

    def run(self, spec: AttemptSpec, report: Report) -> None:
        """Run an attempt to its one end; KeyboardInterrupt passes on afterwards if somebody pressed Ctrl-C."""
        self._parts.gate.install()
        report(AttemptBegan(spec.attempt_id, spec.fence, self._parts.identity, time.time()))
        self._meter.start()
        self.residue = ""
        pressed: KeyboardInterrupt | None = None
        with self._parts.gate.attempt(spec.attempt_id):
            try:
                end = self._end_of(spec, report)
            except KeyboardInterrupt as error:
                pressed = error
                kind = FailureKind.CANCELLED if self._drain is None else FailureKind.USER_ERROR
                end = self._broke(spec, describe_failure(error, kind=kind))
        report(end)
        if pressed is not None:
            raise KeyboardInterrupt

    def is_outdated(self, spec: AttemptSpec) -> bool:
        """Whether this process holds other code than was planned for an attempt, or what its modules read from files
        that have changed since, and so must not run it."""
        tracer = self._parts.tracer
        return bool(self._edited(spec)) or (tracer is not None and bool(tracer.reread(spec.closure)))

    def interrupt(self, attempt_id: str) -> None:
        """Ask the attempt to end; see `worker.stopping`."""
        self._parts.gate.request(attempt_id)

    def finish_log(self, spec: AttemptSpec, left: Lines, *, told: int) -> Lines:
        """Add lines to the log of an attempt whose process died; the lines that nobody has been told of."""
        path = self._parts.log_folder / spec.log_path
        log = LogFile(path)
        for line in left:
            log.append(line)
        log.close()
        return last_lines(path, skip=told, keep=1000)

    def own_process(self, drain: Callable[[], None]) -> None:
        """This process is a worker's own: compare it after each attempt, and call `drain` while output is caught."""
        self._drain = drain

    def caught(self, stream: str, text: str) -> None:
        """Text that was written to a descriptor of this process; dropped while no attempt is on."""
        outbox = self._outbox
        if outbox is not None:
            outbox.write(stream, text, source="descriptor")

    def _end_of(self, spec: AttemptSpec, report: Report) -> AttemptDone | AttemptBroke:
        secrets: dict[str, str] = {}
        try:
            secrets |= self._secrets(spec)
            with self._recording(spec, report, secrets), _set_in_environment(secrets):
                output, touched = self._execute(spec)
                Secrecy(secrets, self._parts.artifacts).look(f"the output of step {spec.node!r}", output)
            return AttemptDone(spec.attempt_id, spec.fence, output, touched, self._meter.usage(), time.time())
        except _Broken as broken:
            return self._broke(spec, broken.failure, tuple(secrets.values()))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and not isinstance(error, AttemptStopped):
                raise
            return self._broke(spec, describe_failure(error), tuple(secrets.values()))

    def _execute(self, spec: AttemptSpec) -> tuple[Value, Touched]:
        with self._as_planned(spec):
            target, touched = self._find(spec)
        types = self._parts.finder.types_of(target)
        arguments = self._read(spec)
        check_arguments(spec.node, target, arguments, types=types)
        with nullcontext() if self._drain is not None else back_in_its_folder():
            result, more = self._call(spec, target, arguments)
            del arguments
            check_output(spec.node, target, result, types=types)
            output = self._store(spec, target, result)
        return output, _both(touched, self._settled(spec, more))

    def _find(self, spec: AttemptSpec) -> tuple[Callable[..., object], Touched]:
        finder = self._parts.finder
        if any(MAIN in name for _, value in spec.arguments for name in classes_in(value)):
            finder.load_main()
        place = (spec.symbol.module, spec.symbol.file)
        if finder.is_imported((*spec.first, spec.symbol)):
            return finder.find(spec.symbol), self._imported.get(place, _NOTHING)
        with self._traced(spec) as traced, self._meter.importing(), self._parts.gate.user_code():
            for module in spec.first:
                finder.load(module)
            target = finder.find(spec.symbol)
        self._capture.tap_logging()
        # which modules an import loads is read from the sources, with what they do; here count the files they read
        self._imported[place] = replace(traced[0], modules=())
        return target, self._imported[place]

    def _read(self, spec: AttemptSpec) -> dict[str, object]:
        with self._meter.storing(), _failing_as(kind_of_read_failure):
            return {name: self._parts.artifacts.get(value) for name, value in spec.arguments}

    def _call(
        self, spec: AttemptSpec, target: Callable[..., object], arguments: dict[str, object]
    ) -> tuple[object, Touched]:
        with self._as_planned(spec), self._compared(), self._traced(spec) as traced, self._parts.gate.user_code():
            result = call(target, arguments)
            self._note_returned(spec, result)
        return result, traced[0]

    def _store(self, spec: AttemptSpec, target: Callable[..., object], result: object) -> Value:
        artifacts = self._parts.artifacts
        annotation = self._parts.finder.types_of(target).get("return")
        with self._meter.storing(), _failing_as(kind_of_write_failure):
            output = artifacts.put(result, annotation, owner=f"the output of step {spec.node!r}")
            if next(objects_in(output), None) is not None:
                artifacts.check(output)
        return output

    def _note_returned(self, spec: AttemptSpec, result: object) -> None:
        if self._parts.tracer is not None and spec.track_reads:
            self._parts.tracer.note_returned(tuple(paths_in(result)))

    def _settled(self, spec: AttemptSpec, touched: Touched) -> Touched:
        tracer = self._parts.tracer
        return tracer.settled(touched) if tracer is not None and spec.track_reads else touched

    @contextmanager
    def _traced(self, spec: AttemptSpec) -> Generator[list[Touched], None, None]:
        """Gives a list that holds what was touched once the block has ended well."""
        tracer, found = self._parts.tracer, [Touched()]
        if tracer is None or not spec.track_reads:
            yield found
            return
        tracer.start(spec.closure, (*spec.paths, *texts_in(spec.arguments)))
        try:
            yield found
        finally:
            found[0] = tracer.finish()

    @contextmanager
    def _as_planned(self, spec: AttemptSpec) -> Generator[None, None, None]:
        """The block's end, good or bad, counts only if the code that it loaded is the code that was planned."""
        try:
            yield
        except Exception as error:
            edited = self._edited(spec)
            if edited:
                raise SourceEditedError(edited) from error
            raise
        edited = self._edited(spec)
        if edited:
            raise SourceEditedError(edited)

    def _edited(self, spec: AttemptSpec) -> tuple[str, ...]:
        tracer = self._parts.tracer
        edited = tracer.edited(spec.closure) if tracer is not None else ()
        if edited and self._drain is not None:
            self.residue = f"other code than was planned ({', '.join(edited[:5])})"
        return edited

    @contextmanager
    def _recording(self, spec: AttemptSpec, report: Report, secrets: Mapping[str, str]) -> Generator[None, None, None]:
        log = LogFile(self._parts.log_folder / spec.log_path)
        look = Secrecy(secrets, self._parts.artifacts).look if secrets else None
        parts = OutboxParts(
            *(report, log, self._parts.gate, self._ticker, self._put_logged), tuple(secrets.values()), look
        )
        outbox = self._outbox = Outbox(spec, parts)
        enter_attempt(outbox.tracking)
        self._capture.begin(outbox)
        try:
            yield
        finally:
            if self._drain is not None:
                self._drain()
            self._capture.end()
            leave_attempt()
            self._outbox = None
            outbox.close()

    @contextmanager
    def _compared(self) -> Generator[None, None, None]:
        if self._drain is None:
            yield
            return
        self._residue.remember()
        try:
            yield
        finally:
            self.residue = self._residue.left_behind()

    def _put_logged(self, value: object, owner: str) -> Value:
        return self._parts.artifacts.put(value, owner=owner)

    def _secrets(self, spec: AttemptSpec) -> Mapping[str, str]:
        if not spec.secrets:
            return {}
        found = self._parts.secrets(spec.secrets)
        missing = [name for name in spec.secrets if name not in found]
        if missing:
            raise SecretMissingError(spec.node, missing)
        return {name: found[name] for name in spec.secrets}

    def _broke(self, spec: AttemptSpec, failure: Failure, secrets: tuple[str, ...] = ()) -> AttemptBroke:
        if secrets:
            message, trace = masked(failure.message, secrets), masked(failure.traceback, secrets)
            failure = replace(failure, message=message, traceback=trace)
        return AttemptBroke(spec.attempt_id, spec.fence, failure, self._meter.usage(), time.time())


class _Broken(Exception):  # noqa: N818 - carries a failure whose kind depends on where it happened
    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.message)


@contextmanager
def _failing_as(kind_of: Callable[[BaseException], FailureKind | None]) -> Generator[None, None, None]:
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _Broken(describe_failure(error, kind=kind_of(error))) from error


@contextmanager
def _set_in_environment(secrets: Mapping[str, str]) -> Generator[None, None, None]:
    """Secrets stand in the environment while the step runs, and not longer than that."""
    before = {name: os.environ.get(name) for name in secrets}
    os.environ.update(secrets)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _both(first: Touched, second: Touched) -> Touched:
    if first == _NOTHING:
        return second
    return Touched(
        tuple(dict.fromkeys((*first.files, *second.files))),
        tuple(dict.fromkeys((*first.modules, *second.modules))),
        tuple(dict.fromkeys((*first.reads, *second.reads))),
        first.directory or second.directory,
    )
