"""No attempt has succeeded before its output is stored and verified."""

from pathlib import Path

from msgspec.structs import replace

from headrace.artifacts.store import LocalArtifactStore
from headrace.core.failures import Failure
from headrace.core.values import ObjectValue, Value
from headrace.ports.executors import AttemptBroke, AttemptDone
from worker_kit import Reports, make_worker, spec_of


class DamagingStore(LocalArtifactStore):
    """A store on a medium that loses what was written."""

    def __init__(self, folder: Path, *, is_damaging: bool) -> None:
        super().__init__(folder)
        self._folder, self._is_damaging = folder, is_damaging

    def put(self, value: object, annotation: object = None, *, owner: str = "") -> Value:
        stored = super().put(value, annotation, owner=owner)
        for path in self._folder.rglob("*") if self._is_damaging else ():
            if path.is_file():
                path.chmod(0o600)
                path.write_bytes(b"something else")
        return stored


def long_text() -> str:
    return "word " * 100_000


def end_of(folder: Path, *, is_damaging: bool) -> AttemptDone | AttemptBroke | None:
    worker, reports, spec = make_worker(folder), Reports(), spec_of(long_text)
    worker._parts = replace(worker._parts, artifacts=DamagingStore(folder / "objects", is_damaging=is_damaging))
    worker.run(spec, reports)
    return reports.end(spec)


def test_an_attempt_whose_stored_output_is_damaged_has_not_succeeded(tmp_path: Path):
    end = end_of(tmp_path, is_damaging=True)
    assert isinstance(end, AttemptBroke)
    assert isinstance(end.failure, Failure)


def test_the_same_attempt_succeeds_where_its_output_is_what_was_stored(tmp_path: Path):
    end = end_of(tmp_path, is_damaging=False)
    assert isinstance(end, AttemptDone)
    assert isinstance(end.output, ObjectValue)
