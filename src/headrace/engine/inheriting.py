"""What a run takes from its own past and from those that it is a retry of, although no other run may reuse it."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from headrace.core.errors import ArtifactError
from headrace.core.values import Value
from headrace.engine.claims import Unit
from headrace.engine.events import Reuse
from headrace.engine.keying import Keyed, private_key
from headrace.ports.artifacts import ArtifactStore
from headrace.ports.executors import NO_ITEM
from headrace.ports.records import StepRunRecord
from headrace.ports.stores import ResultStore


class Kin(Struct, frozen=True):
    """The runs that a run is a retry of (also itself, before another conductor went on), newest first, and the step
    runs of the others by node, newest first."""

    runs: tuple[str, ...] = ()
    steps: Mapping[str, Sequence[StepRunRecord]] = field(default_factory=dict)


NO_KIN = Kin()


class Inheritance:
    """Looks up what kin has made of steps with effects, without output or cache. Only what was made of the same, by
    the same code, is taken."""

    def __init__(self, kin: Kin, results: ResultStore, artifacts: ArtifactStore) -> None:
        self._kin, self._results, self._artifacts = kin, results, artifacts
        self._is_wary = False

    def find(self, wanted: Sequence[tuple[Unit, Keyed]], *, is_wary: bool) -> dict[Unit, Reuse]:
        """The values that stand for these items; those that nobody has made are left out.

        `is_wary`: the content of stored values is verified.
        """
        self._is_wary = is_wary
        whole = ((unit, self._whole(unit[0], item)) for unit, item in wanted if unit[1] == NO_ITEM)
        found = {unit: made for unit, made in whole if made is not None}
        items = [(unit, item) for unit, item in wanted if unit[1] != NO_ITEM]
        for run_id in self._kin.runs:
            left = [(unit, item) for unit, item in items if unit not in found]
            found |= self._of_run(run_id, left) if left else {}
        return found

    def _whole(self, node: str, item: Keyed) -> Reuse | None:
        """A step run that is no map has its output in its own record."""
        for record in self._kin.steps.get(node, ()):
            output = record.output
            if record.state.has_value and output is not None and record.parts == item.parts and self._is_there(output):
                return Reuse(item.key, output, record.made_by, record.made_in)
        return None

    def _of_run(self, run_id: str, wanted: Sequence[tuple[Unit, Keyed]]) -> dict[Unit, Reuse]:
        keys = {private_key(run_id, *unit): (unit, item) for unit, item in wanted}
        stored = self._results.results(list(keys))
        return {
            unit: Reuse(item.key, result.output, result.attempt_id, result.run_id)
            for key, (unit, item) in keys.items()
            for result in stored.get(key, ())[:1]
            if result.parts == item.parts and self._is_there(result.output)
        }

    def _is_there(self, output: Value) -> bool:
        try:
            self._artifacts.check(output, content=self._is_wary)
        except ArtifactError:
            return False
        return True
