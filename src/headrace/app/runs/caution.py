"""Steps whose last attempt took its process with it: they get a worker process, which may die without harm."""

from msgspec.structs import replace

from headrace.app.answers.looking import as_it_is
from headrace.app.rooms import Rooms
from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.ports.executors import AttemptSpec
from headrace.ports.records import RunFilter

_OPEN = (State.PENDING, State.QUEUED, State.RUNNING)


class Caution:
    """For one run: asks the store once a step, when it is launched, how it ended the last time."""

    def __init__(self, rooms: Rooms, pipeline: str, run_id: str) -> None:
        self._rooms, self._pipeline, self._run_id = rooms, pipeline, run_id
        self._known: dict[str, bool] = {}

    def applied(self, spec: AttemptSpec) -> AttemptSpec:
        """The spec, kept from the calling process if that might not survive it."""
        if spec.node not in self._known:
            self._known[spec.node] = self._has_died(spec.node)
        return replace(spec, needs_worker=True) if self._known[spec.node] else spec

    def _has_died(self, node: str) -> bool:
        if not self._known:
            self._bury_the_dead()
        last = self._rooms.stores.details.earlier_steps(self._pipeline, node, self._run_id)
        return any(one.failure is not None and _may_be_a_death(one.failure) for one in last)

    def _bury_the_dead(self) -> None:
        """A run that died with its process is recorded by whoever looks; perhaps nobody has."""
        for run in self._rooms.stores.runs.list(RunFilter(pipeline=self._pipeline, states=_OPEN)):
            as_it_is(self._rooms, run)


def _may_be_a_death(failure: Failure) -> bool:
    """Whether a step may have taken its process with it; one worker too many costs little."""
    if failure.kind in (FailureKind.INFRASTRUCTURE, FailureKind.OUT_OF_MEMORY):
        return True
    return failure.error_types[:1] == ("builtins:SystemExit",)
