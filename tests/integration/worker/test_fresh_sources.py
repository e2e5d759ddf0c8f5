"""Edits that Python's own bytecode cache does not see."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from headrace.worker.fresh_sources import import_fresh
if sys.argv[2] == "fresh":
    import_fresh([sys.argv[1]])
sys.path.insert(0, sys.argv[1])
import pack.rules
print(pack.rules.LIMIT)
"""


def imported(folder: Path, how: str = "fresh") -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), how], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def write(folder: Path, text: str, *, at: float) -> Path:
    file = folder / "pack" / "rules.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    os.utime(file, (at, at))
    return file


def test_an_edit_of_the_same_size_in_the_same_second_is_seen(tmp_path: Path):
    now = int(write(tmp_path, "LIMIT = 1\n", at=tmp_path.stat().st_mtime).stat().st_mtime)
    assert imported(tmp_path, "plain") == "1"
    write(tmp_path, "LIMIT = 2\n", at=now)
    assert imported(tmp_path, "plain") == "1", "this is what Python alone does"
    assert imported(tmp_path) == "2"


def test_bytecode_of_a_source_that_has_long_been_the_same_is_used_and_kept(tmp_path: Path):
    write(tmp_path, "LIMIT = 1\n", at=1_000_000_000)
    assert imported(tmp_path) == "1"
    kept = list((tmp_path / "pack" / "__pycache__").glob("rules.*.pyc"))
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    assert imported(tmp_path) == "1"
    assert kept[0].stat().st_mtime_ns == before


def test_a_source_that_was_changed_just_now_leaves_no_bytecode_behind(tmp_path: Path):
    write(tmp_path, "LIMIT = 1\n", at=tmp_path.stat().st_mtime)
    assert imported(tmp_path) == "1"
    assert not list((tmp_path / "pack").rglob("rules.*.pyc"))
