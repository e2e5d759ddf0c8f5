"""A step's inputs as `headrace test-case` has kept them beside a test."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from headrace.artifacts.store import LocalArtifactStore
from headrace.core.values import Value, value_digest, value_from_json
from headrace.worker.functions import split_arguments


class StoredCase(Struct, frozen=True):
    """Inputs by name, as Python values, and what the run had as output (None if it had none)."""

    inputs: dict[str, Any]
    output: object
    stored: Value | None
    store: LocalArtifactStore

    def call(self, function: Callable[..., Any]) -> Any:
        """Call a step with the inputs."""
        args, named = split_arguments(function, self.inputs)
        return function(*args, **named)

    def is_output(self, result: object) -> bool:
        """Whether a result is the output that the run had, byte by byte as it would be stored."""
        return self.stored is not None and value_digest(self.store.put(result)) == value_digest(self.stored)


def stored_case(folder: Path | str) -> StoredCase:
    """Read a test case; raises ArtifactError if a value of it is damaged or gone."""
    place = Path(folder)
    told = json.loads((place / "case.json").read_text())
    store = LocalArtifactStore(place, durability="none", trusted=told["trusted"])
    inputs = {name: store.get(value_from_json(data)) for name, data in told["inputs"].items()}
    stored = None if told["output"] is None else value_from_json(told["output"])
    return StoredCase(inputs, None if stored is None else store.get(stored), stored, store)
