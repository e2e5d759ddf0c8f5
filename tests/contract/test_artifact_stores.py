"""Every artifact store passes the contract that ships to users."""

from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from headrace.artifacts.remote_folder import key_of
from headrace.artifacts.store import LocalArtifactStore
from headrace.testing.artifact_contract import ArtifactStoreContract
from headrace.testing.memory_artifacts import MemoryArtifactStore


class TestMemoryArtifactStore(ArtifactStoreContract):
    @pytest.fixture(autouse=True)
    def _fresh_store(self):
        self.store = MemoryArtifactStore()

    def damage(self, value, content):
        if content is None:
            self.store.contents.pop(value.digest, None)
        else:
            self.store.contents[value.digest] = content


def replace_file(path: Path, content: bytes | None) -> None:
    if path.exists():
        path.chmod(0o600)
        path.unlink() if content is None else path.write_bytes(content)
    elif content is not None:
        path.write_bytes(content)


class TestLocalArtifactStore(ArtifactStoreContract):
    durability = "normal"

    @pytest.fixture(autouse=True)
    def _fresh_store(self, tmp_path):
        self.folder = tmp_path / "objects"
        self.store = LocalArtifactStore(self.folder, durability=self.durability, pickles="allow")

    def damage(self, value, content):
        replace_file(self.folder / value.digest[:2] / value.digest[2:], content)


class TestLocalArtifactStoreWithFullDurability(TestLocalArtifactStore):
    durability = "full"


class TestArtifactStoreOverAnObjectStore(ArtifactStoreContract):
    @pytest.fixture(autouse=True)
    def _fresh_store(self, tmp_path):
        self.folder, self.remote = tmp_path / "copies", MemoryStore()
        self.store = LocalArtifactStore(self.folder, pickles="allow", remote=self.remote)

    def damage(self, value, content):
        replace_file(self.folder / value.digest[:2] / value.digest[2:], None)
        if content is None:
            obstore.delete(self.remote, key_of(value.digest))
        else:
            obstore.put(self.remote, key_of(value.digest), content)

    def test_another_machine_reads_what_one_has_stored(self, tmp_path):
        value = self.store.put(["x" * 9000, Path(__file__)])
        other = LocalArtifactStore(tmp_path / "other", remote=self.remote)
        text, path = other.get(value)
        assert text == "x" * 9000
        assert path.read_bytes() == Path(__file__).read_bytes()

    def test_a_damaged_copy_is_fetched_again(self):
        value = self.store.put("x" * 9000)
        replace_file(self.folder / value.digest[:2] / value.digest[2:], b"damaged")
        assert self.store.get(value) == "x" * 9000
