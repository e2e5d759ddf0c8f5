"""Every artifact store passes the contract that ships to users."""

from pathlib import Path

import pytest

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
