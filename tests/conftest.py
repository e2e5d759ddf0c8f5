"""Options and marks of the whole suite."""

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from headrace.stores.opening import SqlStore
from headrace.stores.postgres_opening import open_postgres
from postgres_kit import shared_server, template

STARTERS = ("acceptance.command_line", "acceptance.edited_files")
"""The modules of the tests that start `headrace` and scripts of users."""

for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):  # as in a terminal, also under `nohup … &`
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("roam", derandomize=False, max_examples=1000, deadline=None)
settings.load_profile("same")  # a change fails for what it changed; `--hypothesis-profile=roam` looks for more


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-services",
        action="store_true",
        help="a test that is skipped because a service cannot be had fails instead",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a table of cases that start processes, the quick suite takes the first and every fourth after it.

    Processes are started through STARTERS: that tells these tables from those that cost little. What takes minutes is
    begun first, so that no core waits for it at the end.
    """
    items.sort(key=lambda item: item.get_closest_marker("minutes") is None)
    places: dict[str, int] = {}
    for item in items:
        table, _, case = item.nodeid.partition("[")
        if case and _starts_processes(item):
            places[table] = places.get(table, -1) + 1
            if places[table] % 4:
                item.add_marker(pytest.mark.slow)


def _starts_processes(item: pytest.Item) -> bool:
    used = vars(getattr(item, "module", None) or item).values()
    return any(getattr(one, "__module__", "") in STARTERS for one in used)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.skipped and item.get_closest_marker("services") and item.config.getoption("--require-services"):
        report.outcome = "failed"
    return report


@pytest.fixture
def postgres_address() -> Iterator[str]:
    """The address of a database of this test's own, with an empty store in it."""
    server = shared_server()
    name = server.fresh(template())
    yield server.address(name)
    server.drop(name)


@pytest.fixture
def postgres_store(postgres_address: str) -> Iterator[SqlStore]:
    """An empty store in a PostgreSQL database."""
    with open_postgres(postgres_address) as store:
        yield store
