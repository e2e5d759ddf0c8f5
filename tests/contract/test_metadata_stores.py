"""Every metadata store passes the contract that ships to users."""

import pytest

from headrace.stores.opening import open_store
from headrace.testing.memory_stores import MemoryStore
from headrace.testing.search_contract import SearchContract
from headrace.testing.store_contract import (
    MemoStoreContract,
    MetadataStoreContract,
    ResultStoreContract,
    RunDetailsContract,
    RunStoreContract,
)
from headrace.testing.tracking_contract import TrackingStoreContract


class TestMemoryStore(MetadataStoreContract):
    @pytest.fixture(autouse=True)
    def _fresh_store(self):
        self.store = MemoryStore()


class TestSqliteStore(MetadataStoreContract):
    @pytest.fixture(autouse=True)
    def _fresh_store(self, tmp_path):
        with open_store(tmp_path / ".headrace") as self.store:
            yield


class TestSqliteStoreWithFullDurability(MetadataStoreContract):
    @pytest.fixture(autouse=True)
    def _fresh_store(self, tmp_path):
        with open_store(tmp_path / ".headrace", durability="full") as self.store:
            yield


class _OnPostgres:
    @pytest.fixture(autouse=True)
    def _fresh_store(self, postgres_store):
        self.store = postgres_store


@pytest.mark.services
class TestRunsOnPostgres(_OnPostgres, RunStoreContract):
    pass


@pytest.mark.services
@pytest.mark.slow
class TestPostgresStore(_OnPostgres, RunDetailsContract, ResultStoreContract, MemoStoreContract):
    pass


@pytest.mark.services
@pytest.mark.slow
class TestSearchOnPostgres(_OnPostgres, SearchContract, TrackingStoreContract):
    pass


def test_a_postgres_store_passes_all_that_the_contract_has():
    """It is spread over classes because the quick suite takes only the first."""
    tried = {name for one in (TestRunsOnPostgres, TestPostgresStore, TestSearchOnPostgres) for name in dir(one)}
    assert {name for name in dir(MetadataStoreContract) if name.startswith("test_")} <= tried
