"""The simulator on the real store: what holds on stores in memory holds on SQLite."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from headrace.stores.opening import SqlStore, open_store
from headrace.testing.simulation import Subjects, simulate


def stores_in(folder: Path) -> Callable[[], SqlStore]:
    """A new store for each history; the one of the history before is closed."""
    numbers, last = count(), list[SqlStore]()

    def opened() -> SqlStore:
        for store in last:
            store.close()
        last[:] = [open_store(folder / str(next(numbers)))]
        return last[0]

    return opened


@pytest.mark.slow
def test_every_rule_holds_on_sqlite(tmp_path: Path):
    report = simulate(250, seed=61, subjects=Subjects(store=stores_in(tmp_path)))
    assert report.is_sound, str(report)
