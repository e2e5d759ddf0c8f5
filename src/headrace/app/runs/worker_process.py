"""The program of a worker process: wires what attempts need and serves until the executor hangs up."""

import signal

from headrace.app.projects.child_processes import begin
from headrace.app.projects.secrets import secrets_of
from headrace.app.rooms import Rooms
from headrace.worker.attempt import InProcessWorker, WorkerParts
from headrace.worker.serving import serve
from headrace.worker.stopping import StopGate


def main() -> None:
    """Serve; never returns."""
    settings, finder, _ = begin()
    rooms = Rooms(settings)
    identity = rooms.processes.me()
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
