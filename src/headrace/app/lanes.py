"""The processes that run a project's steps: the calling one, and warm workers that outlive a run."""

import atexit
import json
import sys
from pathlib import Path

from headrace.app.loading import make_importable
from headrace.app.project import source_folders
from headrace.app.rooms import Rooms
from headrace.app.secrets import secrets_of
from headrace.app.settings import Settings
from headrace.core.symbols import main_name
from headrace.executors.local import LocalExecutor
from headrace.executors.workers import WarmWorkers
from headrace.ports.workers import Report, Worker
from headrace.worker import wire
from headrace.worker.attempt import InProcessWorker, WorkerParts
from headrace.worker.functions import StepFinder

_WARM: dict[tuple[str, str], WarmWorkers] = {}


def local_executor(rooms: Rooms, report: Report, *, lanes: int) -> LocalExecutor:
    """The executor of this machine, its first lane being the calling process."""
    make_importable(rooms.settings)
    return LocalExecutor(report, worker=calling_worker(rooms), warm=warm_workers(rooms), lanes=lanes)


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


def warm_workers(rooms: Rooms) -> WarmWorkers:
    """The project's warm worker processes; they end with this process, or when the project's code has changed."""
    key = (str(rooms.settings.root), str(rooms.settings.store))
    if key not in _WARM:
        _WARM[key] = WarmWorkers(_command(rooms.settings), wire)
        atexit.register(_WARM[key].close)
    return _WARM[key]


def _command(settings: Settings) -> list[str]:
    main = sys.modules.get("__main__")
    told = {
        "root": str(settings.root),
        "path": [*(str(folder) for folder in source_folders(settings)), *(entry for entry in sys.path if entry)],
        "main_file": str(Path(getattr(main, "__file__", "") or "")),
        "main_package": getattr(main, "__package__", None) or "",
        "main_name": main_name(),
    }
    return [sys.executable, "-m", "headrace.app.worker_process", json.dumps(told)]
