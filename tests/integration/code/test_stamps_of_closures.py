"""Whether anything that a plan was made from has changed is told without looking at times."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.code.stamps import ClosureMemo, changed_files, closure_stamp
from headrace.core.digests import digest_bytes
from headrace.testing.memory_stores import MemoryStore
from integration.code.edited_projects import write

FILES = {"steps.py": "import pack.rules\n", "pack/__init__.py": "", "pack/rules.py": "LIMIT = 1\n"}


def digests(files: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, digest_bytes(text.encode())) for name, text in files.items()]


def test_equal_files_have_an_equal_stamp_wherever_they_lie(tmp_path: Path):
    here, there = write(FILES, tmp_path / "here"), write(FILES, tmp_path / "there")
    assert closure_stamp(here, FILES) == closure_stamp(there, reversed(list(FILES)))


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "pack" / "rules.py").write_text("LIMIT = 2\n"),
        lambda root: (root / "pack" / "rules.py").unlink(),
        lambda root: (root / "numpy.py").write_text(""),
        lambda root: (root / "pack" / "rules").mkdir(),
        lambda root: (root / "pack" / "rules.cpython-311-x86_64-linux-gnu.so").write_bytes(b""),
        lambda root: ((root / "polars").mkdir(), (root / "polars" / "__init__.py").write_text("")),
    ],
    ids=["a changed file", "a file less", "a module that hides a library", "a folder", "a binary", "a package"],
)
def test_a_change_or_a_file_that_hides_another_changes_the_stamp(tmp_path: Path, change):
    root = write(FILES, tmp_path)
    before = closure_stamp(root, FILES)
    change(root)
    assert closure_stamp(root, FILES) != before


def test_a_change_that_hides_its_time_changes_the_stamp(tmp_path: Path):
    root = write(FILES, tmp_path)
    path = root / "pack" / "rules.py"
    before, times = closure_stamp(root, FILES), path.stat()
    path.write_text("LIMIT = 2\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert closure_stamp(root, FILES) != before


def test_files_that_are_no_modules_do_not_change_the_stamp(tmp_path: Path):
    root = write(FILES, tmp_path)
    before = closure_stamp(root, FILES)
    (root / "data.csv").write_text("1")
    (root / "my-notes").mkdir()
    (root / "pack" / "__pycache__").mkdir()
    assert closure_stamp(root, FILES) == before


def test_what_was_kept_is_given_back_until_a_file_changes(tmp_path: Path):
    root = write(FILES, tmp_path)
    memo = ClosureMemo(root, MemoryStore().memos)
    assert memo.recall("training") is None
    assert memo.keep("training", digests(FILES), "the plan")
    assert memo.recall("training") == "the plan"
    assert memo.recall("scoring") is None
    (root / "pack" / "rules.py").write_text("LIMIT = 2\n")
    assert memo.recall("training") is None
    (root / "pack" / "rules.py").write_text(FILES["pack/rules.py"])
    assert memo.recall("training") == "the plan"


def test_nothing_is_kept_for_files_that_changed_since_they_were_read(tmp_path: Path):
    root = write(FILES, tmp_path)
    read = digests(FILES)
    (root / "pack" / "rules.py").write_text("LIMIT = 2\n")
    memo = ClosureMemo(root, MemoryStore().memos)
    assert not memo.keep("training", read, "the plan")
    assert memo.recall("training") is None
    assert changed_files(root, read) == ["pack/rules.py"]


def test_stamps_need_no_parser(tmp_path: Path):
    code = (
        "import sys; before = set(sys.modules)\n"
        "import headrace.code.stamps\n"
        "print(*[name for name in sys.modules if name.startswith('headrace.code')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found == ["headrace.code", "headrace.code.stamps"]
