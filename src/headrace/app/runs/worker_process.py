"""The program of a worker process: wires what attempts need and serves until the executor hangs up."""

import json
import signal
import sys
from pathlib import Path

from headrace.app.projects.secrets import secrets_of
from headrace.app.projects.settings import read_settings
from headrace.app.rooms import Rooms
from headrace.core.symbols import name_main
from headrace.worker.attempt import InProcessWorker, WorkerParts
from headrace.worker.fresh_sources import import_fresh
from headrace.worker.functions import StepFinder
from headrace.worker.serving import serve
from headrace.worker.stopping import StopGate


def main() -> None:
    """Serve; never returns."""
    told = json.loads(sys.argv[1])
    sys.argv = sys.argv[:1]
    sys.path[:] = list(dict.fromkeys(told["path"]))
    settings = read_settings(Path(told["root"]))
    import_fresh([str(settings.root)])
    rooms = Rooms(settings)
    identity = rooms.processes.me()
    finder = StepFinder(told["main_file"], told["main_package"])
    name_main(told["main_name"], finder.load_main)
    parts = WorkerParts(
        rooms.artifacts,
        identity,
        settings.store,
        tracer=rooms.tracer,
        finder=finder,
        gate=StopGate(signal.SIGTERM),
        secrets=lambda names: secrets_of(settings.root, names),
    )
    serve(InProcessWorker(parts), identity)


if __name__ == "__main__":
    main()
