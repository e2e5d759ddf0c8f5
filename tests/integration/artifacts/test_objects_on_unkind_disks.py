"""Objects on disks that are coarse about time, lose power, or stand on a machine that runs out of memory."""

import os
from pathlib import Path

import pytest

from headrace.artifacts import local_folder, objects
from headrace.artifacts.errors import ArtifactDamagedError, ArtifactUnwritableError
from headrace.artifacts.local_folder import LocalFolder
from headrace.core.digests import digest_bytes
from headrace.core.values import ObjectValue

RIGHT, WRONG = b"right" * 40_000, b"wrong" * 40_000
VALUE = ObjectValue("bytes", digest_bytes(RIGHT), len(RIGHT))


def put(folder: LocalFolder, content: bytes = RIGHT) -> Path:
    sink = folder.open_sink()
    sink.write(content)
    return Path(folder.place_of(folder.commit(sink)))


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(content)


def test_a_write_within_the_tick_in_which_an_object_was_made_is_noticed(tmp_path, monkeypatch):
    """On a file system with whole seconds, say."""
    seconds = lambda status: (status.st_size, status.st_mtime_ns // 10**9, 0, status.st_ino)  # noqa: E731
    monkeypatch.setattr(local_folder, "stamp_of", seconds)
    folder = LocalFolder(str(tmp_path))
    place = put(folder)
    assert folder.open(VALUE).read() == RIGHT
    overwrite(place, WRONG)
    with pytest.raises(ArtifactDamagedError):
        folder.open(VALUE)


def test_a_file_that_may_still_change_within_the_same_tick_is_verified_each_time(tmp_path, monkeypatch):
    """Somebody has just copied it here; the clock of the file system stands still meanwhile."""
    monkeypatch.setattr(local_folder, "stamp_of", lambda status: (status.st_size, 0, 0, status.st_ino))
    folder = LocalFolder(str(tmp_path))
    place = Path(folder.place_of(VALUE.digest))
    place.parent.mkdir(parents=True)
    place.write_bytes(RIGHT)
    assert folder.open(VALUE).read() == RIGHT
    overwrite(place, WRONG)
    with pytest.raises(ArtifactDamagedError):
        folder.open(VALUE)


def test_a_write_while_an_object_is_verified_is_noticed_by_the_next_reader(tmp_path, monkeypatch):
    """The content was right when it was read, and its time stamps are old before and after."""
    content, other = b"right", b"wrong"
    value = ObjectValue("bytes", digest_bytes(content), len(content))
    folder = LocalFolder(str(tmp_path))
    place = Path(folder.place_of(value.digest))
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    os.utime(place, (1_000_000, 1_000_000))

    def digest_while_somebody_writes(read: bytes) -> str:
        overwrite(place, other)
        os.utime(place, (1_000_001, 1_000_001))
        return digest_bytes(read)

    monkeypatch.setattr(local_folder, "digest_bytes", digest_while_somebody_writes)
    folder.open(value)
    monkeypatch.undo()
    with pytest.raises(ArtifactDamagedError):
        folder.open(value)


def test_what_must_survive_a_loss_of_power_is_synced_before_it_has_its_name(tmp_path, monkeypatch):
    steps: list[str] = []
    real_sync, real_rename = os.fsync, Path.rename

    def sync(descriptor: int) -> None:
        steps.append("synced " + str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real_sync(descriptor)

    def rename(path: Path, target: Path) -> Path:
        made = real_rename(path, target)
        steps.append(f"named {target}")
        return made

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "rename", rename)
    place = put(LocalFolder(str(tmp_path), sync=True))
    content, *_, name, names = [step for step in steps if step != f"synced {tmp_path}"]
    assert content.startswith(f"synced {tmp_path}/incoming/")
    assert (name, names) == (f"named {place}", f"synced {place.parent}")


def test_without_that_wish_nothing_waits_for_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: pytest.fail("synced"))
    put(LocalFolder(str(tmp_path)))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_value_that_could_not_be_hashed_whole_is_not_stored(tmp_path, monkeypatch):
    class Exhausted:
        def update(self, _: object) -> None:
            raise MemoryError

        def hexdigest(self) -> str:
            return digest_bytes(b"")

    monkeypatch.setattr(objects, "blake3", Exhausted)
    folder = LocalFolder(str(tmp_path))
    sink = folder.open_sink()
    with pytest.raises(MemoryError, match="could not be hashed"):
        sink.write(memoryview(bytearray(8 << 20)))
    folder.abort(sink)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_object_that_cannot_get_its_name_leaves_nothing_behind(tmp_path):
    folder = LocalFolder(str(tmp_path))
    Path(folder.place_of(VALUE.digest)).parent.write_text("a file stands where a folder should")
    with pytest.raises(ArtifactUnwritableError):
        put(folder)
    assert [path.name for path in (tmp_path / "incoming").iterdir()] == []
