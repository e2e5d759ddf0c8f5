"""What every metadata store has to do, as pytest classes: inherit them all and give each test a fresh `store`.

```python
class TestMyStore(MetadataStoreContract):
    @pytest.fixture(autouse=True)
    def fresh_store(self, tmp_path):
        self.store = open_my_store(tmp_path)
        yield
        self.store.close()
```
"""

# ruff: noqa: D102 - the name of a test says what it is about

from concurrent.futures import ThreadPoolExecutor

from msgspec.structs import replace

from headrace.core.errors import StaleWriteError, UnknownNameError
from headrace.core.states import State
from headrace.core.values import InlineValue
from headrace.ports.records import ItemBlock, ReuseRecord, RunEvent, RunRecord
from headrace.ports.stores import MetadataStore, RunChange
from headrace.testing.expectations import raised
from headrace.testing.records import (
    ME,
    SOME_TIME,
    SOMEBODY_ELSE,
    some_attempt,
    some_failure,
    some_parts,
    some_result,
    some_run,
    some_step,
    some_value,
)
from headrace.testing.search_contract import SearchContract
from headrace.testing.tracking_contract import TrackingStoreContract


class RunStoreContract:
    """What a `RunStore` has to do."""

    store: MetadataStore

    def test_a_run_comes_back_as_it_was_created(self) -> None:
        run = replace(
            some_run(rate=InlineValue("0.5"), rows=some_value()),
            name="tuesday",
            runner=ME,
            note="größer\n",
            tags=("nightly", "b"),
            settings={"refresh": ["fit"], "workers": 4, "fail_fast": True},
        )
        self.store.runs.create(run, [some_step(run)], {})
        assert self.store.runs.get(run.id) == run

    def test_every_field_of_a_write_comes_back(self) -> None:
        run = self._created()
        done = replace(run, state=State.FAILED, name="n", started_at=SOME_TIME + 0.125, finished_at=SOME_TIME + 7)
        done = replace(done, runner=ME)
        done = replace(done, output=some_value(), failure=some_failure(), note="x", tags=("a",), settings={"z": None})
        self.store.runs.write(RunChange(done))
        assert self.store.runs.get(run.id) == replace(done, version=1)

    def test_a_message_may_hold_what_is_no_unicode(self) -> None:
        run = self._created()
        failure = some_failure("cannot read caf\udce9.csv")
        step = replace(some_step(run), failure=failure)
        self.store.runs.write(RunChange(replace(run, failure=failure), [step]))
        assert self.store.runs.get(run.id).failure == failure
        assert self.store.details.steps(run.id) == [step]

    def test_each_write_raises_the_version_by_one(self) -> None:
        run = self._created()
        self.store.runs.write(RunChange(run))
        self.store.runs.write(RunChange(replace(run, version=1)))
        assert self.store.runs.get(run.id).version == 2

    def test_a_stale_write_is_refused_and_changes_nothing(self) -> None:
        run = self._created()
        self.store.runs.write(RunChange(run))
        step, event = some_step(run, "late"), RunEvent(run.id, 0, SOME_TIME, "late")
        attempt = some_attempt(step)
        late = RunChange(replace(run, note="late"), [step], [attempt], [some_result(run, attempt, "k")], [event])
        error = raised(StaleWriteError, lambda: self.store.runs.write(late))
        assert (error.expected, error.found) == (0, 1)
        assert self.store.runs.get(run.id).note == ""
        assert not self.store.details.steps(run.id)
        assert not self.store.details.events(run.id)
        assert self.store.results.results(["k"]) == {}

    def test_a_write_to_an_unknown_run_is_refused(self) -> None:
        error = raised(UnknownNameError, lambda: self.store.runs.write(RunChange(some_run())))
        assert error.kind == "run"

    def test_what_never_changes_is_not_written_again(self) -> None:
        run = self._created(some_run(rate=InlineValue("1")))
        self.store.runs.write(RunChange(replace(run, parameters={}, pipeline="other", created_at=0.0)))
        assert self.store.runs.get(run.id) == replace(run, version=1)

    def test_step_runs_and_attempts_are_replaced_whole(self) -> None:
        run = self._created()
        step = some_step(run, state=State.RUNNING)
        attempt = some_attempt(step)
        self.store.runs.write(RunChange(run, [step], [replace(attempt, state=State.RUNNING, failure=some_failure())]))
        self.store.runs.write(RunChange(replace(run, version=1), [replace(step, state=State.SUCCEEDED)], [attempt]))
        assert self.store.details.steps(run.id) == [replace(step, state=State.SUCCEEDED)]
        assert self.store.details.attempts(run.id) == [attempt]

    def test_getting_an_unknown_run_says_so(self) -> None:
        error = raised(UnknownNameError, lambda: self.store.runs.get("nothing"))
        assert "There is no run 'nothing'" in str(error)

    def test_a_cancellation_is_asked_for_once_and_leaves_the_version(self) -> None:
        run = self._created()
        assert self.store.runs.request_cancel(run.id, SOME_TIME)
        assert self.store.runs.request_cancel(run.id, SOME_TIME + 5)
        assert self.store.runs.get(run.id) == replace(run, cancel_requested_at=SOME_TIME)

    def test_a_final_run_cannot_be_cancelled(self) -> None:
        run = self._created(some_run(state=State.SUCCEEDED))
        assert not self.store.runs.request_cancel(run.id, SOME_TIME)
        assert self.store.runs.get(run.id).cancel_requested_at is None

    def test_cancelling_an_unknown_run_says_so(self) -> None:
        assert raised(UnknownNameError, lambda: self.store.runs.request_cancel("x", 1.0)).name == "x"

    def test_a_cancellation_survives_the_conductors_next_write(self) -> None:
        run = self._created()
        self.store.runs.write(RunChange(replace(run, runner=ME, state=State.RUNNING)))
        self.store.runs.request_cancel(run.id, SOME_TIME)
        self.store.runs.write(RunChange(replace(run, version=1, runner=ME, state=State.RUNNING)))
        assert self.store.runs.get(run.id).cancel_requested_at == SOME_TIME

    def test_a_resume_clears_the_cancellation_of_a_cancelled_run(self) -> None:
        run = self._created()
        self.store.runs.request_cancel(run.id, SOME_TIME)
        self.store.runs.write(RunChange(replace(run, state=State.CANCELLED)))
        assert self.store.runs.get(run.id).cancel_requested_at == SOME_TIME
        self.store.runs.write(RunChange(replace(run, state=State.RUNNING, version=1)))
        assert self.store.runs.get(run.id).cancel_requested_at is None

    def test_another_runner_does_not_inherit_a_cancellation(self) -> None:
        run = self._created(replace(some_run(state=State.RUNNING), runner=ME))
        self.store.runs.request_cancel(run.id, SOME_TIME)
        self.store.runs.write(RunChange(replace(run, runner=SOMEBODY_ELSE)))
        assert self.store.runs.get(run.id).cancel_requested_at is None

    def test_writers_in_many_threads_lose_nothing(self) -> None:
        with ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(self._with_writes, [5] * 24))
        for run in runs:
            assert self.store.runs.get(run.id).version == 5
            assert [event.sequence for event in self.store.details.events(run.id)] == [1, 2, 3, 4, 5]

    def test_of_writers_with_one_version_exactly_one_wins(self) -> None:
        run = self._created()
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(self._wins, [replace(run, note=str(number)) for number in range(16)]))
        assert won.count(True) == 1
        assert self.store.runs.get(run.id).note == str(won.index(True))

    def _created(self, run: RunRecord | None = None) -> RunRecord:
        run = run or some_run()
        self.store.runs.create(run, [], {})
        return run

    def _with_writes(self, count: int) -> RunRecord:
        run = self._created()
        for version in range(count):
            event = RunEvent(run.id, 0, SOME_TIME, "note", data={"number": version})
            self.store.runs.write(RunChange(replace(run, version=version), events=[event]))
        return run

    def _wins(self, run: RunRecord) -> bool:
        try:
            self.store.runs.write(RunChange(run))
        except StaleWriteError:
            return False
        return True


class RunDetailsContract:
    """What a `RunDetails` has to do."""

    store: MetadataStore

    def test_step_runs_come_back_whole_and_by_position(self) -> None:
        run = some_run()
        last = replace(
            some_step(run, "choose", 2, state=State.SUCCEEDED), key="k", parts=some_parts(), output=some_value()
        )
        last = replace(last, made_by="a", made_in=run.id, reason="new", started_at=1.5, finished_at=2.5)
        block = ItemBlock("sfr", ((1, some_failure()),))
        middle = replace(some_step(run, "fit", 1, state=State.FAILED), items=block, failure=some_failure())
        first = some_step(run, "read", 0)
        self.store.runs.create(run, [last, first, middle], {})
        assert self.store.details.steps(run.id) == [first, middle, last]

    def test_attempts_come_back_whole_and_oldest_first(self) -> None:
        run = some_run()
        fit, score = some_step(run, "fit"), some_step(run, "score", 1)
        first = replace(some_attempt(fit), state=State.FAILED, failure=some_failure(), number=1)
        second, other = replace(some_attempt(fit), number=2, fence=2), some_attempt(score, item=3)
        self.store.runs.create(run, [fit, score], {})
        self.store.runs.write(RunChange(run, attempts=[other, second, first]))
        assert self.store.details.attempts(run.id) == sorted([first, second, other], key=lambda each: each.id)
        assert self.store.details.attempts(run.id, "score") == [other]

    def test_events_are_numbered_from_one_and_read_on_from_a_number(self) -> None:
        run = some_run()
        self.store.runs.create(run, [], {})
        first = [RunEvent(run.id, 99, SOME_TIME + n, f"e{n}", "fit", {"n": [n, None]}) for n in range(3)]
        self.store.runs.write(RunChange(run, events=first))
        self.store.runs.write(RunChange(replace(run, version=1), events=[RunEvent(run.id, 0, SOME_TIME, "last")]))
        told = self.store.details.events(run.id)
        assert told[:3] == [replace(event, sequence=number) for number, event in enumerate(first, 1)]
        assert [event.type for event in self.store.details.events(run.id, after=2)] == ["e2", "last"]
        assert self.store.details.events(run.id, after=4) == []

    def test_the_values_of_a_maps_items_are_found_whoever_made_them(self) -> None:
        maker, run = some_run(), some_run()
        made, step = some_step(maker), replace(some_step(run, state=State.FAILED), items=ItemBlock("sfuu"))
        old, new = replace(some_attempt(made, item=7)), some_attempt(step, item=0)
        failed = replace(some_attempt(step, item=1), state=State.FAILED, failure=some_failure())
        self.store.runs.create(maker, [made], {})
        self.store.runs.write(RunChange(maker, attempts=[old], results=[some_result(maker, old, "1" * 64)]))
        self.store.runs.create(run, [step], {})
        results = [replace(some_result(run, new, "2" * 64), output=InlineValue("2"))]
        reuses = [ReuseRecord(run.id, "fit", item, old.id, maker.id) for item in (2, 3)]
        self.store.runs.write(RunChange(run, attempts=[new, failed], results=results, reused=reuses))
        found = self.store.details.item_outputs(run.id, "fit")
        assert found == {0: InlineValue("2"), 2: some_value(), 3: some_value()}
        assert self.store.details.item_outputs(run.id, "score") == {}

    def test_documents_are_kept_by_digest(self) -> None:
        run = some_run()
        self.store.runs.create(run, [], {"1" * 64: "graph"})
        self.store.runs.write(RunChange(run, documents={"2" * 64: "manifest", "1" * 64: "graph"}))
        assert [self.store.details.document(digit * 64) for digit in "12"] == ["graph", "manifest"]
        assert raised(UnknownNameError, lambda: self.store.details.document("3" * 64)).kind == "document"

    def test_the_last_step_run_with_a_key_is_found_in_earlier_runs(self) -> None:
        runs = [some_run(), some_run(), some_run("other"), some_run(), some_run()]
        for run in runs:
            parts = some_parts(run.id) if run is not runs[3] else None
            self.store.runs.create(run, [replace(some_step(run), parts=parts)], {})
        earlier = self.store.details.earlier_steps
        assert [one.run_id for one in earlier("training", "fit", runs[4].id)] == [runs[1].id]
        assert [one.run_id for one in earlier("training", "fit", runs[4].id, limit=9)] == [runs[1].id, runs[0].id]
        assert earlier("training", "fit", runs[0].id) == earlier("training", "fits", runs[4].id) == []

    def test_the_last_step_run_that_has_a_value_is_found_behind_those_that_failed(self) -> None:
        states = (State.FAILED, State.REUSED, State.SUCCEEDED, State.FAILED, State.CANCELLED, State.RUNNING)
        runs = [some_run() for _ in states]
        for run, state in zip(runs, states, strict=True):
            self.store.runs.create(run, [replace(some_step(run, state=state), parts=some_parts(run.id))], {})
        earlier = self.store.details.earlier_steps
        found = [earlier("training", "fit", run.id, with_value=True) for run in runs]
        assert [[step.run_id for step in steps] for steps in found] == [
            *([], []),
            *([one.id] for one in (runs[1], *[runs[2]] * 3)),
        ]

    def test_durations_are_medians_of_the_last_succeeded_attempts_without_imports(self) -> None:
        for second in (100.0, *[2.0] * 10, *[4.0] * 10):
            run = some_run()
            step = some_step(run)
            broken = replace(some_attempt(step, wall_s=50.0), state=State.FAILED)
            self.store.runs.create(run, [step], {})
            self.store.runs.write(RunChange(run, attempts=[broken, some_attempt(step, wall_s=second)]))
        assert self.store.details.durations("training") == {"fit": 2.75}
        assert self.store.details.durations("other") == {}

    def test_nothing_stands_behind_an_unknown_run(self) -> None:
        details = self.store.details
        assert not any((details.steps("x"), details.attempts("x"), details.events("x")))


class ResultStoreContract:
    """What a `ResultStore` has to do."""

    store: MetadataStore

    def test_results_come_back_whole_and_newest_first(self) -> None:
        run = some_run()
        attempt = some_attempt(some_step(run))
        results = [replace(some_result(run, attempt, "k"), item=number) for number in range(10)]
        other = some_result(run, attempt, "other")
        self.store.runs.create(run, [], {})
        self.store.runs.write(RunChange(run, results=[*results[:5], other]))
        self.store.runs.write(RunChange(replace(run, version=1), results=results[5:]))
        found = self.store.results.results(["k", "none", "other", "k"])
        assert {key: list(rows) for key, rows in found.items()} == {"k": results[:1:-1], "other": [other]}

    def test_results_of_thousands_of_keys_are_found_at_once(self) -> None:
        run = some_run()
        attempt = some_attempt(some_step(run))
        self.store.runs.create(run, [], {})
        self.store.runs.write(RunChange(run, results=[some_result(run, attempt, f"k{n}") for n in range(1200)]))
        assert len(self.store.results.results([f"k{n}" for n in range(2400)])) == 1200
        assert self.store.results.results([]) == {}

    def test_a_key_is_claimed_by_one_run_alone(self) -> None:
        claim = self.store.results.claim
        assert claim(["a", "b"], "first", ME) == {}
        assert claim(["b", "c"], "second", SOMEBODY_ELSE) == {"b": ("first", ME)}
        assert claim(["a", "c"], "third", ME) == {"a": ("first", ME), "c": ("second", SOMEBODY_ELSE)}

    def test_a_run_may_claim_again_from_another_process(self) -> None:
        self.store.results.claim(["a"], "first", ME)
        assert self.store.results.claim(["a"], "first", SOMEBODY_ELSE) == {}
        assert self.store.results.claim(["a"], "second", ME) == {"a": ("first", SOMEBODY_ELSE)}

    def test_a_released_key_can_be_claimed_by_the_next(self) -> None:
        self.store.results.claim(["a", "b"], "first", ME)
        self.store.results.release(["a"], "second")
        assert self.store.results.claim(["a"], "second", ME) == {"a": ("first", ME)}
        self.store.results.release(["a", "never"], "first")
        assert self.store.results.claim(["a", "b"], "second", ME) == {"b": ("first", ME)}

    def test_a_run_gives_its_claims_back_with_its_end(self) -> None:
        run, other = some_run(), some_run()
        for each in (run, other):
            self.store.runs.create(each, [], {})
        self.store.results.claim(["a", "b"], run.id, ME)
        self.store.results.claim(["c"], other.id, ME)
        self.store.runs.write(RunChange(replace(run, state=State.RUNNING)))
        assert self.store.results.claim(["a"], "next", ME) == {"a": (run.id, ME)}
        self.store.runs.write(RunChange(replace(run, version=1, state=State.FAILED)))
        assert self.store.results.claim(["a", "b", "c"], "next", ME) == {"c": (other.id, ME)}

    def test_what_a_final_run_has_left_claimed_is_free(self) -> None:
        run = some_run(state=State.CANCELLED)
        self.store.runs.create(run, [], {})
        self.store.results.claim(["a"], run.id, ME)
        assert self.store.results.claim(["a"], "next", SOMEBODY_ELSE) == {}
        assert self.store.results.claim(["a"], run.id, ME) == {"a": ("next", SOMEBODY_ELSE)}

    def test_of_claimers_in_many_threads_one_gets_each_key(self) -> None:
        keys = [f"k{number}" for number in range(10)]
        with ThreadPoolExecutor(8) as pool:
            held = list(pool.map(self.store.results.claim, [keys] * 16, [f"run{n}" for n in range(16)], [ME] * 16))
        for key in keys:
            assert sum(key not in others for others in held) == 1


class MemoStoreContract:
    """What a `MemoStore` has to do."""

    store: MetadataStore

    def test_a_memo_is_recalled_and_replaced(self) -> None:
        assert self.store.memos.recall("k") is None
        self.store.memos.keep("k", "text ü")
        assert self.store.memos.recall("k") == "text ü"
        self.store.memos.keep("k", "new")
        assert self.store.memos.recall("k") == "new"


class MetadataStoreContract(
    RunStoreContract, RunDetailsContract, ResultStoreContract, TrackingStoreContract, SearchContract, MemoStoreContract
):
    """What a `MetadataStore` has to do."""
