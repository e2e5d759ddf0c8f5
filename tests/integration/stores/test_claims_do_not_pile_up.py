"""Claims of runs that are over are free at once; here: they do not stay in the table either."""

from msgspec.structs import replace

from headrace.core.states import State
from headrace.ports.stores import RunChange
from headrace.stores.inspection import SqlInspection
from headrace.stores.opening import open_store
from headrace.testing.records import ME, some_run


def test_a_run_that_ends_leaves_no_claim_behind(tmp_path):
    with open_store(tmp_path / ".headrace") as store:
        over, other = some_run(state=State.RUNNING), some_run(state=State.RUNNING)
        for run in (over, other):
            store.runs.create(run, [], {})
            store.results.claim([f"{run.id}-a", f"{run.id}-b"], run.id, ME)
        claimed = SqlInspection(store.database).claimed
        assert {one.run_id: one.count for one in claimed()} == {over.id: 2, other.id: 2}
        store.runs.write(RunChange(replace(over, state=State.CANCELLED)))
        assert {one.run_id: one.count for one in claimed()} == {other.id: 2}
