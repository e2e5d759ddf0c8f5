"""The database finds what a plain look at every run finds, whatever is asked."""

import tempfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from headrace.core.ids import new_id
from headrace.core.states import State
from headrace.core.values import InlineValue
from headrace.ports.records import RUN_FIELDS, Condition, RunFilter
from headrace.ports.stores import MetadataStore, RunChange
from headrace.stores.opening import open_store
from headrace.testing.memory_stores import MemoryStore
from headrace.testing.records import some_attempt, some_metric, some_run, some_step

NUMBERS = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, 1e300])
WORDS = st.sampled_from(["", "a", "b", "B", "ä", "true", "1"])
OPERATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
PIPELINES = st.sampled_from(["p", "q"])
STATES = st.sampled_from([State.PENDING, State.RUNNING, State.SUCCEEDED, State.FAILED])
TAGS = st.lists(st.sampled_from(["x", "y", "z"]), unique=True, max_size=2).map(tuple)
PARAMETERS = st.sampled_from(["1", "0.5", "true", '"a"', '"B"', "null", "[1]", '{"$":"decimal","v":"0.50"}'])

RUNS = st.fixed_dictionaries(
    {
        "pipeline": PIPELINES,
        "state": STATES,
        "name": WORDS,
        "note": WORDS,
        "tags": TAGS,
        "started_at": st.none() | NUMBERS,
        "finished_at": st.none() | NUMBERS,
        "parameters": st.dictionaries(st.sampled_from(["depth", "auc"]), PARAMETERS.map(InlineValue), max_size=2),
        "created_at": NUMBERS,
    }
)
METRICS = st.lists(st.tuples(st.sampled_from(["auc", "loss"]), NUMBERS | st.just(float("nan")), NUMBERS), max_size=4)
LOGGED = st.sampled_from(["auc", "loss", "depth", "metrics.auc", "parameters.auc", "metrics.none"])
OF_NUMBERS = [name for name, kind in RUN_FIELDS.items() if kind != "text"]
CONDITIONS = st.builds(Condition, LOGGED | st.sampled_from(["name", "note", "state", "id"]), OPERATORS, NUMBERS | WORDS)
CONDITIONS |= st.builds(Condition, st.sampled_from(OF_NUMBERS), OPERATORS, NUMBERS)
FILTERS = st.builds(
    RunFilter,
    pipeline=st.sampled_from(["", "p", "q"]),
    states=st.lists(STATES, unique=True, max_size=3).map(tuple),
    tags=TAGS,
    conditions=st.lists(CONDITIONS, max_size=3).map(tuple),
    limit=st.integers(0, 5),
)


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as folder:
        yield folder


def written(stores: list[MetadataStore], descriptions) -> None:
    """The same runs in each store; a metric named `old` is reused by the run after."""
    reused = None
    for fields, metrics in descriptions:
        run = replace(some_run(), **fields)
        step = some_step(run, state=State.SUCCEEDED)
        attempt = some_attempt(step)
        if reused is not None:
            step = replace(step, state=State.REUSED, made_by=reused.id, made_in=reused.run_id)
        logged = [some_metric(attempt, name, value, at=at) for name, value, at in metrics]
        for store in stores:
            store.runs.create(run, [], {})
            store.runs.write(RunChange(run, [step], [attempt], metrics=logged))
        reused = attempt if metrics and reused is None else None


def asked(store: MetadataStore, which: RunFilter) -> object:
    try:
        return [run.id for run in store.runs.list(which)]
    except Exception as error:  # noqa: BLE001 - what is refused has to be refused alike
        return type(error).__mro__[-4], str(error)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(RUNS, METRICS), max_size=7), st.lists(FILTERS, min_size=1, max_size=8), st.integers(0, 6))
def test_the_database_finds_what_memory_finds(place, descriptions, filters, page):
    memory = MemoryStore()
    with open_store(f"{place}/{new_id()}") as database:
        written([memory, database], descriptions)
        newest = [run.id for run in memory.runs.list(RunFilter())]
        for which in filters:
            paged = replace(which, before=newest[page] if page < len(newest) else "")
            assert asked(database, paged) == asked(memory, paged), paged
        assert database.tracking.latest(newest).keys() == memory.tracking.latest(newest).keys()
