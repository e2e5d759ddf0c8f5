"""Every artifact store passes the contract that ships to users."""

from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore

from headrace.artifacts.copies import Copies
from headrace.artifacts.local_folder import LocalFolder
from headrace.artifacts.remote_folder import RemoteFolder, key_of
from headrace.artifacts.remote_objects import RemoteObjects
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.errors import ArtifactError
from headrace.testing.artifact_contract import ArtifactStoreContract
from headrace.testing.expectations import raised
from headrace.testing.memory_artifacts import MemoryArtifactStore
from s3_kit import shared_server


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
        self.remote = self.make_remote()
        self.folder = tmp_path / "copies"
        self.store = self.over(self.folder)

    def make_remote(self):
        return MemoryStore()

    def over(self, folder: Path) -> LocalArtifactStore:
        copies = Copies(LocalFolder(str(folder)), 10**9)
        objects = RemoteFolder(RemoteObjects(lambda: self.remote, "s3://tests", patience_s=30), copies)
        return LocalArtifactStore(folder, pickles="allow", objects=objects)

    def damage(self, value, content):
        replace_file(self.folder / value.digest[:2] / value.digest[2:], None)
        if content is None:
            obstore.delete(self.remote, key_of(value.digest))
        else:
            obstore.put(self.remote, key_of(value.digest), content)

    def test_another_machine_reads_what_one_has_stored(self, tmp_path):
        value = self.store.put(["x" * 9000, Path(__file__)])
        text, path = self.over(tmp_path / "other").get(value)
        assert text == "x" * 9000
        assert path.read_bytes() == Path(__file__).read_bytes()

    def test_a_damaged_copy_is_fetched_again(self):
        value = self.store.put("x" * 9000)
        replace_file(self.folder / value.digest[:2] / value.digest[2:], b"damaged")
        assert self.store.get(value) == "x" * 9000

    def test_what_was_found_damaged_is_replaced_there_by_who_makes_it_again(self, tmp_path):
        value = self.store.put("x" * 9000)
        self.damage(value, b"y" * value.size_bytes)
        assert raised(ArtifactError, lambda: self.store.get(value)).code == "artifact.damaged"
        self.store.put("x" * 9000)
        assert self.over(tmp_path / "other").get(value) == "x" * 9000

    def test_objects_of_many_parts_come_back_and_heal(self, tmp_path):
        value = self.store.put(b"0123456789abcdef" * (10 << 16))
        assert self.over(tmp_path / "other").open_bytes(value) == self.store.open_bytes(value)
        for damaged in (b"short", bytes(value.size_bytes), None):
            self.damage(value, damaged)
            code = "artifact.missing" if damaged is None else "artifact.damaged"
            assert raised(ArtifactError, lambda: self.store.open_bytes(value)).code == code
            assert self.store.put(b"0123456789abcdef" * (10 << 16)) == value
            other = self.over(tmp_path / f"other-{damaged and len(damaged)}")
            assert len(other.open_bytes(value)) == value.size_bytes


@pytest.mark.services
@pytest.mark.slow
class TestArtifactStoreOverS3(TestArtifactStoreOverAnObjectStore):
    def make_remote(self):
        server = shared_server()
        return server.store(f"{server.fresh()}/deeper")
