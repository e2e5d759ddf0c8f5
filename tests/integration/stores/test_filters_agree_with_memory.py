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
from headrace.stores.postgres_opening import open_postgres
from headrace.testing.memory_stores import MemoryStore
from headrace.testing.records import some_attempt, some_metric, some_run, some_step
from postgres_kit import empty, shared_server, template

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


def assert_agreed(database: MetadataStore, descriptions, filters, page) -> None:
    memory = MemoryStore()
    written([memory, database], descriptions)
    newest = [run.id for run in memory.runs.list(RunFilter())]
    for which in filters:
        paged = replace(which, before=newest[page] if page < len(newest) else "")
        assert asked(database, paged) == asked(memory, paged), paged
    assert database.tracking.latest(newest).keys() == memory.tracking.latest(newest).keys()


DESCRIPTIONS = st.lists(st.tuples(RUNS, METRICS), max_size=7)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(DESCRIPTIONS, st.lists(FILTERS, min_size=1, max_size=8), st.integers(0, 6))
def test_the_database_finds_what_memory_finds(place, descriptions, filters, page):
    with open_store(f"{place}/{new_id()}") as database:
        assert_agreed(database, descriptions, filters, page)


@pytest.fixture(scope="module")
def on_server():
    server = shared_server()
    with open_postgres(server.address(server.fresh(template()))) as store:
        yield store


@pytest.mark.services
@pytest.mark.slow
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(DESCRIPTIONS, st.lists(FILTERS, min_size=1, max_size=8), st.integers(0, 6))
def test_a_server_finds_what_memory_finds(on_server, descriptions, filters, page):
    empty(on_server)
    assert_agreed(on_server, descriptions, filters, page)


ODD_TEXTS = st.text(st.sampled_from("\0\1\2aZ\x7f\xe4\u20ac\ue000\U0001f600"), max_size=4)
ODD_NUMBERS = st.sampled_from([float("inf"), float("-inf"), -0.0, 5e-324, 1.7e308, 2.0**53 + 2, 0.1 + 0.2])
ODD_RUNS = st.fixed_dictionaries(
    {"name": ODD_TEXTS, "note": ODD_TEXTS, "tags": st.lists(ODD_TEXTS, unique=True).map(tuple)}
)
ODD_METRICS = st.lists(st.tuples(ODD_TEXTS.map("m{}".format), ODD_NUMBERS, ODD_NUMBERS), max_size=2)
ODD_CONDITIONS = st.builds(Condition, st.sampled_from(["name", "note"]), OPERATORS, ODD_TEXTS)
ODD_FILTERS = st.builds(
    RunFilter, tags=ODD_TEXTS.map(lambda tag: (tag,)) | st.just(()), conditions=ODD_CONDITIONS.map(lambda one: (one,))
)


@pytest.mark.services
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(ODD_RUNS, ODD_METRICS), min_size=1, max_size=4), st.lists(ODD_FILTERS, max_size=6))
def test_a_server_keeps_and_compares_odd_texts_and_numbers_as_memory_does(on_server, descriptions, filters):
    empty(on_server)
    assert_agreed(on_server, descriptions, filters, 9)
    for run in on_server.runs.list(RunFilter()):
        fields, metrics = descriptions[len(descriptions) - 1 - memory_place(on_server, run)]
        assert (run.name, run.note) == (fields["name"], fields["note"])
        assert set(run.tags) == set(fields["tags"])
        kept = sorted(
            (one.name, one.value, one.at) for one in on_server.tracking.metrics(run.id) if one.run_id == run.id
        )
        assert kept == sorted(metrics)
        if run.name:
            assert run.id in [one.id for one in on_server.runs.find(run.name)]


def memory_place(store: MetadataStore, run) -> int:
    return [one.id for one in store.runs.list(RunFilter())].index(run.id)


@pytest.mark.services
def test_a_condition_that_nothing_can_meet_finds_nothing_in_either_database(on_server, place):
    empty(on_server)
    with open_store(f"{place}/{new_id()}") as lite:
        stores: list[MetadataStore] = [lite, on_server]
        written(stores, [({"name": "a"}, [("auc", 0.5, 1.0)]), ({"name": "b"}, [("auc", float("inf"), 1.0)])])
        for operand in (float("nan"), float("inf"), 2.0**70, -1e300, 2.0**53 + 2):
            for operator in ("=", "!=", "<", "<=", ">", ">="):
                which = RunFilter(conditions=(Condition("auc", operator, operand),))
                assert asked(lite, which) == asked(on_server, which), which
