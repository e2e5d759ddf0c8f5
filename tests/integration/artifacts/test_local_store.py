"""The store on a disk: mapped and verified reads, paths, forbidden pickles, and values that are lent while written."""

import os
import warnings
from mmap import mmap
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal
from sklearn.linear_model import LinearRegression

from headrace.artifacts.errors import (
    ArtifactDamagedError,
    ArtifactMissingError,
    ArtifactUnreadableError,
    ArtifactUnwritableError,
    PickledArtifactWarning,
    PickleForbiddenError,
)
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.errors import ArtifactError
from headrace.core.parts import members_of
from headrace.core.values import CompositeValue, InlineValue, ObjectValue, objects_in

BIG_ROWS = 400_000


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "objects"


@pytest.fixture
def store(folder):
    return LocalArtifactStore(folder)


def file_of(folder: Path, value: ObjectValue) -> Path:
    return folder / value.digest[:2] / value.digest[2:]


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def big_frame(seed: int = 0) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).random((BIG_ROWS, 4)), columns=list("abcd"))


def test_an_inline_value_makes_no_folder(store, folder):
    store.put({"auc": 0.5})
    assert not folder.exists()


def test_an_object_is_a_read_only_file_named_by_its_digest(store, folder):
    value = store.put(np.arange(3.0))
    assert files_in(folder) == [f"{value.digest[:2]}/{value.digest[2:]}"]
    assert file_of(folder, value).stat().st_mode & 0o222 == 0
    assert file_of(folder, value).stat().st_size == value.size_bytes


def test_an_object_that_is_there_is_not_written_again(store, folder):
    value = store.put(np.arange(3.0))
    before = file_of(folder, value).stat()
    assert store.put(np.arange(3.0)) == value
    assert LocalArtifactStore(folder).put(np.arange(3.0)) == value
    assert file_of(folder, value).stat().st_ino == before.st_ino
    assert list((folder / "incoming").iterdir()) == []


def test_arrays_and_tables_are_mapped_read_only(store):
    array = np.random.default_rng(0).random(100_000)
    back = store.get(store.put(array))
    assert (back == array).all()
    assert isinstance(np.asarray(back).base.obj if isinstance(back.base, memoryview) else back.base.base.obj, mmap)
    with pytest.raises(ValueError, match="read-only"):
        back[0] = 1
    table = pa.table({"a": array})
    assert store.get(store.put(table)).equals(table)


def test_a_frame_is_mapped_privately(store, folder):
    frame = big_frame()
    value = store.put(frame)
    first, second = store.get(value), store.get(value)
    first.loc[0, "a"] = 5.0
    first["e"] = 1
    first[["a", "b"]] *= 2
    assert_frame_equal(second, frame)
    assert_frame_equal(LocalArtifactStore(folder).get(value), frame)


def test_a_frame_that_was_read_can_be_fitted_on(store):
    frame = store.get(store.put(big_frame()[:1000]))
    model = LinearRegression().fit(frame[["a", "b", "c"]], frame["d"])
    assert model.predict(frame[["a", "b", "c"]]).shape == (1000,)


def test_a_large_polars_frame_is_mapped(store):
    frame = pl.DataFrame({"a": np.arange(4_000_000), "b": np.zeros(4_000_000), "s": ["x", None, "yy", ""] * 1_000_000})
    value = store.put(frame)
    assert value.size_bytes > 64 << 20
    back = store.get(value)
    assert back.schema == frame.schema
    assert back.equals(frame)
    assert store.put(pl.concat([frame[:5], frame[5:]], rechunk=False)) == value == store.put(back)


@pytest.mark.parametrize("size", [10, BIG_ROWS])
def test_a_flipped_byte_is_found_right_after_it_was_stored_and_later(store, folder, size):
    value = store.put(np.random.default_rng(0).random(size))
    path = file_of(folder, value)
    for _ in range(2):
        store.get(value)
        content = bytearray(path.read_bytes())
        content[-3] ^= 1
        overwrite(path, bytes(content))
        with pytest.raises(
            ArtifactDamagedError, match=f"{value.digest[:12]}.*'npy'.*the size is right but the content"
        ):
            store.get(value)
        content[-3] ^= 1
        overwrite(path, bytes(content))


def test_a_byte_changed_in_place_with_the_old_time_is_found(store, folder):
    value = store.put(np.random.default_rng(0).random(BIG_ROWS))
    path = file_of(folder, value)
    store.get(value)
    before = path.stat()
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ArtifactDamagedError):
        store.get(value)


def test_damage_is_told_with_sizes_and_what_to_do(store, folder):
    value = store.put(np.zeros(100))
    overwrite(file_of(folder, value), b"short")
    with pytest.raises(ArtifactDamagedError, match=r"928 bytes were stored, 5 bytes are there .*--refresh STEP"):
        store.check(value)
    file_of(folder, value).unlink()
    with pytest.raises(ArtifactMissingError, match=r"is not in the store.*--refresh STEP"):
        store.check(value)


def test_another_object_in_its_place_is_found(store, folder):
    first, second = store.put(np.zeros(100)), store.put(np.ones(100))
    file_of(folder, first).unlink()
    file_of(folder, second).rename(file_of(folder, first))
    with pytest.raises(ArtifactDamagedError):
        store.get(first)


def test_a_torn_file_of_a_dead_writer_is_ignored_and_swept_when_it_is_old(store, folder):
    value = store.put(np.zeros(10))
    torn, old = folder / "incoming" / "1-torn", folder / "incoming" / "1-old"
    torn.write_bytes(b"half")
    old.write_bytes(b"half")
    os.utime(old, (0, 0))
    other = LocalArtifactStore(folder)
    other.put(np.ones(10))
    other.check(value)
    assert torn.exists()
    assert not old.exists()


def test_a_folder_that_takes_nothing_is_told_and_nothing_is_left(store, folder):
    folder.write_bytes(b"a file stands here")
    with pytest.raises(ArtifactUnwritableError, match=r"could not be stored in .*run the pipeline again"):
        store.put(np.zeros(10))


def test_an_error_in_the_middle_of_writing_leaves_nothing(store, folder, monkeypatch):
    store.put(np.ones(10))
    before = files_in(folder)

    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(ArtifactUnwritableError, match="No space left on device"):
            store.put(np.zeros(BIG_ROWS))
    assert files_in(folder) == before


def test_a_forbidden_pickle_stores_nothing(folder):
    store = LocalArtifactStore(folder, pickles="forbid")
    with pytest.raises(PickleForbiddenError):
        store.put([np.zeros(10), object()], owner="the output of step 'fit'")
    assert not folder.exists()


def test_a_value_of_an_unknown_format_is_named(store):
    value = store.put(np.zeros(3))
    strange = ObjectValue("npz", value.digest, value.size_bytes)
    with pytest.raises(ArtifactUnreadableError, match="no format of that name is installed; did you mean 'npy'"):
        store.get(strange)


def test_bytes_that_a_format_cannot_read_are_told_as_such(store):
    value = store.put(b"x" * 9000)
    with pytest.raises(ArtifactUnreadableError, match="cannot be read here"):
        store.get(ObjectValue("npy", value.digest, value.size_bytes))


def test_a_file_comes_back_read_only_with_its_name(store, tmp_path):
    path = tmp_path / "report.csv"
    path.write_text("a,b\n")
    value = store.put(path)
    path.write_text("changed")
    back = store.get(value)
    assert (back.name, back.read_text()) == ("report.csv", "a,b\n")
    assert back == store.get(value)
    assert [one.format for one in objects_in(value)] == ["file"]
    if os.geteuid() != 0:
        with pytest.raises(PermissionError):
            back.write_text("x")


def a_folder(tmp_path: Path) -> Path:
    root = tmp_path / "model"
    (root / "inner" / "empty").mkdir(parents=True)
    (root / "inner" / "a.bin").write_bytes(b"\x00" * 10)
    (root / "z.txt").write_text("z")
    (root / "link").symlink_to("inner/a.bin")
    return root


def test_a_folder_comes_back_with_everything_in_it(store, folder, tmp_path):
    value = store.put(a_folder(tmp_path))
    back = LocalArtifactStore(folder).get(value)
    names = sorted(path.relative_to(back).as_posix() for path in back.rglob("*"))
    assert names == ["inner", "inner/a.bin", "inner/empty", "link", "z.txt"]
    assert (back / "link").read_bytes() == b"\x00" * 10
    assert (back / "link").is_symlink()


def test_equal_folders_have_one_digest_and_their_names_count(store, tmp_path):
    first, second = a_folder(tmp_path / "x"), a_folder(tmp_path / "y")
    assert store.put(first).digest == store.put(second).digest
    (second / "z.txt").rename(second / "y.txt")
    assert store.put(first).digest != store.put(second).digest


def test_a_folder_that_was_altered_on_the_shelf_is_laid_out_again(store, tmp_path):
    value = store.put(a_folder(tmp_path))
    back = store.get(value)
    back.chmod(0o755)
    (back / "z.txt").unlink()
    assert (store.get(value) / "z.txt").read_text() == "z"


def test_a_damaged_file_of_a_folder_is_found_by_its_name(store, folder, tmp_path):
    value = store.put(a_folder(tmp_path))
    store.get(value)
    overwrite(file_of(folder, next(objects_in(value))), b"\x01" * 10)
    with pytest.raises(ArtifactDamagedError):
        store.get(value)


def test_a_folder_with_something_that_is_no_file_is_refused(store, tmp_path):
    root = a_folder(tmp_path)
    os.mkfifo(root / "pipe")
    with pytest.raises(ArtifactError, match="'pipe' in it is neither a file nor a folder"):
        store.put(root)


def test_values_of_many_parts_are_spilled_by_weight(store):
    value = store.gather("list", [InlineValue('"' + "x" * 5000 + '"') for _ in range(100)])
    assert isinstance(value, ObjectValue)
    assert value.length == len(members_of(store.expand(value))) == 100
    assert store.get(value)[0] == "x" * 5000


def test_a_dict_of_many_tables_is_one_object_and_comes_back(store):
    value = store.put({f"table {index}": np.array([index % 3]) for index in range(1200)})
    assert isinstance(value, ObjectValue)
    assert value.length is None
    assert store.get(value)["table 4"].tolist() == [1]
    assert isinstance(store.expand(value), CompositeValue)


def test_the_project_s_classes_of_spilled_members_are_noted(store):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PickledArtifactWarning)
        member = store.put(Thing())
    assert member.classes == (f"{__name__}:Thing",)
    assert store.gather("list", [member] * 1200).classes == (f"{__name__}:Thing",)


class Thing:
    """An object of the project's own."""
