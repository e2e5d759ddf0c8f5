"""The processes that run a project's steps: the calling one, and warm workers that outlive a run."""

import atexit
import json

from headrace.app.projects.child_processes import command
from headrace.app.projects.loading import make_importable
from headrace.app.projects.secrets import secrets_of
from headrace.app.rooms import Rooms
from headrace.executors.local import LocalExecutor
from headrace.executors.workers import WarmWorkers
from headrace.plan.plan import Plan
from headrace.ports.code import FileDigests
from headrace.ports.executors import AttemptDone, WorkerMessage
from headrace.ports.workers import Report, Worker
from headrace.worker import wire
from headrace.worker.attempt import InProcessWorker, WorkerParts
from headrace.worker.functions import StepFinder

_Held = tuple[str, str]
"""A word for what a process may hold (`file`, `module`, `distribution`), and its name."""


class ProjectWorkers:
    """A project's warm worker processes, and the code and libraries that those may hold in memory."""

    def __init__(self, warm: WarmWorkers) -> None:
        self.warm = warm
        self._held: dict[_Held, str] = {}

    def prepare(self, plan: Plan, files: FileDigests) -> WarmWorkers:
        """The workers for a plan's run; those that were started for another state of its code are ended first.

        A plan that needs other files and libraries, all in the state in which they were, keeps them.
        """
        needed = _needed(plan)
        now = needed | {("module", name): files.digest_of(name) for kind, name in self._held if kind == "module"}
        if any(self._held.get(held, state) != state for held, state in now.items()):
            self.warm.retire()
            self._held = {}
        self._held |= needed
        return self.warm

    def note(self, message: WorkerMessage) -> None:
        """Modules that an attempt has loaded beside those of its plan stay in memory, too."""
        if isinstance(message, AttemptDone):
            for name, digest in message.touched.modules:
                self._held.setdefault(("module", name), digest)


_WARM: dict[tuple[str, str], ProjectWorkers] = {}


def local_executor(rooms: Rooms, report: Report, *, lanes: int, plan: Plan) -> LocalExecutor:
    """The executor of this machine for one run, its first lane being the calling process."""
    make_importable(rooms.settings)
    workers = project_workers(rooms)

    def noting(message: WorkerMessage) -> None:
        workers.note(message)
        report(message)

    warm = workers.prepare(plan, rooms.files)
    return LocalExecutor(noting, worker=calling_worker(rooms), warm=warm, lanes=lanes)


def calling_worker(rooms: Rooms) -> Worker:
    """A worker that runs attempts in this process."""
    settings = rooms.settings
    parts = WorkerParts(
        rooms.artifacts,
        rooms.processes.me(),
        settings.store,
        tracer=rooms.tracer,
        finder=StepFinder(),
        secrets=lambda names: secrets_of(settings.root, names),
    )
    return InProcessWorker(parts)


def project_workers(rooms: Rooms) -> ProjectWorkers:
    """The project's warm worker processes; they end with this process at the latest."""
    key = (str(rooms.settings.root), str(rooms.settings.store))
    if key not in _WARM:
        _WARM[key] = ProjectWorkers(WarmWorkers(command(rooms.settings, "headrace.app.runs.worker_process"), wire))
        atexit.register(_WARM[key].warm.close)
    return _WARM[key]


def _needed(plan: Plan) -> dict[_Held, str]:
    """The files that the keys of a plan cover, with their digests, and the distributions with their versions."""
    needed = {("file", path): digest for basis in plan.bases.values() for path, digest in basis.closure}
    for digest in {basis.environment for basis in plan.bases.values()}:
        for line in json.loads(plan.documents[digest]):
            name, _, version = line.partition(" ")
            needed["distribution", name] = version
    return needed
