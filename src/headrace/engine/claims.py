"""Single flight: one process computes a key at a time, the others wait for it (and take over from the dead)."""

from collections.abc import Sequence

from headrace.ports.executors import WorkerIdentity
from headrace.ports.processes import Processes
from headrace.ports.stores import ResultStore

Unit = tuple[str, int]
"""An item by node and number (NO_ITEM for a step run that is no map)."""


class Claims:
    """The claims of one run: against other runs in the store, against its own other steps in memory."""

    def __init__(self, results: ResultStore, processes: Processes, run_id: str) -> None:
        self._results, self._processes, self._run_id = results, processes, run_id
        self._me = processes.me()
        self._holders: dict[str, Unit] = {}
        self._waiting: dict[str, list[Unit]] = {}
        self._to_release: list[str] = []

    def take(self, wanted: Sequence[tuple[str, Unit]]) -> dict[Unit, str]:
        """Claim keys for items of this run.

        Returns the items that have to wait, with the run that computes the key: this one, if another of its items
        has the same, or one whose process lives.
        """
        first: dict[str, Unit] = {}
        for key, unit in wanted:
            if key not in self._holders:
                first.setdefault(key, unit)
        elsewhere = self._claim(list(first))
        waiting: dict[Unit, str] = {}
        for key, unit in wanted:
            if key in elsewhere:
                waiting[unit] = elsewhere[key]
            elif self._holders.setdefault(key, unit) != unit:
                waiting[unit] = self._run_id
                self._waiting.setdefault(key, []).append(unit)
        return waiting

    def _claim(self, keys: Sequence[str]) -> dict[str, str]:
        held = self._ask(keys)
        dead = {key: run_id for key, (run_id, holder) in held.items() if not self._processes.is_alive(holder)}
        for run_id in sorted(set(dead.values())):
            self._results.release([key for key, other in dead.items() if other == run_id], run_id)
        still = {key: run_id for key, (run_id, _) in held.items() if key not in dead}
        return still | {key: run_id for key, (run_id, _) in self._ask(list(dead)).items()}

    def _ask(self, keys: Sequence[str]) -> dict[str, tuple[str, WorkerIdentity]]:
        return dict(self._results.claim(keys, self._run_id, self._me)) if keys else {}

    def give_back(self, key: str, unit: Unit) -> list[Unit]:
        """An item is final: its claim goes with the next `release`. Returns this run's items that waited for it."""
        if self._holders.get(key) != unit:
            return []
        del self._holders[key]
        self._to_release.append(key)
        return self._waiting.pop(key, [])

    def leave(self) -> None:
        """The run is another process's now, and so are its claims: none is given back any more."""
        self._holders, self._to_release = {}, []

    def release(self, *, everything: bool = False) -> None:
        """Let other runs have the keys that were given back (or all); call it after the results are written."""
        keys, self._to_release = self._to_release, []
        if everything:
            keys += self._holders
            self._holders = {}
        if keys:
            self._results.release(keys, self._run_id)
