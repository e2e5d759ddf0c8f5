"""Every metadata store passes the contract that ships to users."""

import pytest

from headrace.stores.opening import open_store
from headrace.testing.memory_stores import MemoryStore
from headrace.testing.store_contract import MetadataStoreContract


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
