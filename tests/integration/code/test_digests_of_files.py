"""Digests of files and folders go by content; what is remembered is never a stale one."""

import os
from pathlib import Path

import pytest

from headrace.code.errors import SourceUnreadableError
from headrace.code.filedigests import ContentFileDigests
from headrace.core.digests import digest_bytes

OLD = 1_600_000_000_000_000_000


class Memo(dict[str, str]):
    """Counts how often something was found in it."""

    hits = 0

    def recall(self, key: str) -> str | None:
        self.hits += key in self
        return self.get(key)

    def keep(self, key: str, text: str) -> None:
        self[key] = text


def later() -> float:
    """A clock by which every file of this test has long settled."""
    return 4_000_000_000.0


def test_a_file_has_the_digest_of_its_bytes(tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(b"1,2\n")
    digests = ContentFileDigests(tmp_path)
    assert digests.digest_of("a.csv") == digest_bytes(b"1,2\n")
    assert digests.digest_of(str(tmp_path / "a.csv")) == digest_bytes(b"1,2\n")


@pytest.mark.parametrize("size", [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, (9 << 20) + 7])
def test_a_file_of_any_size_has_the_digest_of_its_bytes(tmp_path: Path, size: int):
    content = os.urandom(1024) * (size // 1024) + b"x" * (size % 1024)
    (tmp_path / "big").write_bytes(content)
    assert ContentFileDigests(tmp_path).digest_of("big") == digest_bytes(content)


def test_nothing_there_is_the_empty_text(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    digests = ContentFileDigests(tmp_path)
    assert [digests.digest_of(path) for path in ("none", "none/", "file/below", "file/", "broken")] == [""] * 5


def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path):
    # A name that is too long for the file system fails for every user, root included.
    with pytest.raises(SourceUnreadableError, match="cannot be read"):
        ContentFileDigests(tmp_path).digest_of("x" * 5000)


def make_folder(root: Path) -> Path:
    (root / "data" / "deep").mkdir(parents=True)
    (root / "data" / "a.csv").write_text("a")
    (root / "data" / "deep" / "b.csv").write_text("b")
    return root / "data"


def test_a_folder_goes_by_names_and_contents(tmp_path: Path):
    folder = make_folder(tmp_path)
    digests = ContentFileDigests(tmp_path)
    seen = {digests.digest_of("data")}
    for change in (
        lambda: (folder / "a.csv").write_text("A"),
        lambda: (folder / "a.csv").rename(folder / "c.csv"),
        lambda: (folder / "deep" / "b.csv").write_text("B"),
        (folder / "empty").mkdir,
        (folder / "deep" / "b.csv").unlink,
    ):
        change()
        seen.add(digests.digest_of("data"))
    assert len(seen) == 6


def test_a_folder_is_the_same_in_another_place_and_at_another_time(tmp_path: Path):
    here, there = make_folder(tmp_path / "here"), make_folder(tmp_path / "there")
    os.utime(there / "a.csv", ns=(OLD, OLD))
    digests = ContentFileDigests(tmp_path)
    assert digests.digest_of(str(here)) == digests.digest_of(str(there))


def test_names_in_a_folder_have_a_digest_without_their_contents(tmp_path: Path):
    folder = make_folder(tmp_path)
    digests = ContentFileDigests(tmp_path)
    before = digests.digest_of("data/")
    (folder / "a.csv").write_text("other")
    assert digests.digest_of("data/") == before
    (folder / "new.csv").write_text("other")
    assert digests.digest_of("data/") != before


def test_links_are_followed_and_circles_end(tmp_path: Path):
    folder = make_folder(tmp_path)
    (tmp_path / "target.csv").write_text("one")
    (folder / "link.csv").symlink_to(tmp_path / "target.csv")
    (folder / "deep" / "up").symlink_to(folder)
    (folder / "broken").symlink_to(tmp_path / "nowhere")
    digests = ContentFileDigests(tmp_path)
    before = digests.digest_of("data")
    (tmp_path / "target.csv").write_text("two")
    assert digests.digest_of("data") != before


def test_a_named_pipe_in_a_folder_is_not_waited_for(tmp_path: Path):
    folder = make_folder(tmp_path)
    os.mkfifo(folder / "pipe")
    assert ContentFileDigests(tmp_path).digest_of("data")
    assert ContentFileDigests(tmp_path).digest_of("data/pipe")


def test_a_large_settled_file_is_read_once(tmp_path: Path):
    (tmp_path / "big").write_bytes(b"x" * 100)
    memo = Memo()
    digests = ContentFileDigests(tmp_path, memo, clock=later, remembered_from=100)
    first, second = digests.digest_of("big"), digests.digest_of("big")
    assert first == second == digest_bytes(b"x" * 100)
    assert memo.hits == 1


def test_a_small_file_is_read_each_time(tmp_path: Path):
    (tmp_path / "small").write_bytes(b"x" * 99)
    memo = Memo()
    ContentFileDigests(tmp_path, memo, clock=later, remembered_from=100).digest_of("small")
    assert memo == {}


def test_a_source_is_read_each_time_however_large(tmp_path: Path):
    (tmp_path / "source.py").write_bytes(b"x" * 1000)
    memo = Memo()
    ContentFileDigests(tmp_path, memo, clock=later, remembered_from=100).digest_of("source.py")
    assert memo == {}


def test_a_file_that_changed_a_moment_ago_is_not_remembered(tmp_path: Path):
    path = tmp_path / "big"
    path.write_bytes(b"x" * 100)
    memo = Memo()
    digests = ContentFileDigests(tmp_path, memo, remembered_from=100)
    assert digests.digest_of("big") == digest_bytes(b"x" * 100)
    assert memo == {}


def test_a_change_that_hides_its_time_and_size_is_noticed(tmp_path: Path):
    path = tmp_path / "big"
    path.write_bytes(b"x" * 100)
    os.utime(path, ns=(OLD, OLD))
    memo = Memo()
    digests = ContentFileDigests(tmp_path, memo, clock=later, remembered_from=100)
    assert digests.digest_of("big") == digest_bytes(b"x" * 100)
    path.write_bytes(b"y" * 100)
    os.utime(path, ns=(OLD, OLD))
    assert digests.digest_of("big") == digest_bytes(b"y" * 100)
    assert memo.hits == 0


def test_a_large_settled_folder_is_read_once_and_again_after_a_change(tmp_path: Path):
    folder = make_folder(tmp_path)
    (folder / "big").write_bytes(b"x" * 200)
    memo = Memo()
    digests = ContentFileDigests(tmp_path, memo, clock=later, remembered_from=100)
    plain = ContentFileDigests(tmp_path)
    assert digests.digest_of("data") == digests.digest_of("data") == plain.digest_of("data")
    assert memo.hits == 1
    (folder / "a.csv").write_text("changed")
    assert digests.digest_of("data") == plain.digest_of("data")


def test_a_file_that_is_replaced_while_it_is_read_is_not_remembered(tmp_path: Path):
    path = tmp_path / "big"
    path.write_bytes(b"x" * 100)
    memo = Memo()

    def replaced_meanwhile() -> float:
        path.unlink()
        path.write_bytes(b"z" * 100)
        return later()

    ContentFileDigests(tmp_path, memo, clock=replaced_meanwhile, remembered_from=100).digest_of("big")
    assert memo == {}
