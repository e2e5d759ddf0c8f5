"""Which files texts of code mean: patterns and folders with bounds, and no stray texts."""

import os
import time
from pathlib import Path

import pytest

from headrace.code import named_files
from headrace.code.named_files import NamedFiles

FILES = (
    *("a.csv", "part-1.bin", "data/b.csv", "data/c.txt", "data/raw/d.csv", "data/events/2024/e.parquet"),
    *("data/events/.hidden/e.parquet", ".gitignore", ".venv/lib/f.csv", "data/node_modules/g.csv", "table.parquet/h"),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def named(root: Path, *texts: str) -> set[str]:
    """What texts name from a root, relative to it."""
    found = NamedFiles().of(texts, [str(root)])
    return {path.removeprefix(f"{root}/") or "./" for path in found}


@pytest.mark.parametrize(
    "text", ["/**", "/*", "/**/*.csv", "**/*.csv", "**", "*/*", "*.*", "*", ".*", ".*/.*", "[^/]*"]
)
def test_a_pattern_that_begins_with_a_wildcard_searches_neither_the_system_nor_the_project(root: Path, text: str):
    began = time.monotonic()
    assert named(root, text) == set()
    assert time.monotonic() - began < 1


def test_a_pattern_that_begins_with_a_folder_is_what_it_matches_with_the_names_there(root: Path):
    assert named(root, "data/*.csv") == {"data/b.csv", "data/"}
    assert named(root, "data/r*/*.csv") == {"data/raw/d.csv", "data/", "data/raw/"}
    assert {"data/b.csv", "data/raw/d.csv", "data/events/2024/"} <= named(root, "data/**/*.csv")
    assert named(root, f"{root}/data/*.csv") == {"data/b.csv", "data/"}


def test_hidden_folders_and_environments_are_not_looked_into(root: Path):
    assert named(root, ".venv/lib/*.csv", "data/node_modules/*.csv") == set()
    assert not [path for path in named(root, "data/**") if "node_modules" in path or ".hidden" in path]


def test_a_bare_pattern_means_the_folders_that_other_texts_name(root: Path):
    assert named(root, "data", "*.csv") == {"data/b.csv", "data/"}
    assert named(root, "data", "raw", "*.csv") == {"data/b.csv", "data/raw/d.csv", "data/", "data/raw/"}
    assert named(root, "data", ".*") == set()


@pytest.mark.parametrize(("text", "file"), [("*.csv", "a.csv"), ("./*.csv", "a.csv"), ("part-*", "part-1.bin")])
def test_a_bare_pattern_of_files_means_the_places_where_no_folder_is_named(root: Path, text: str, file: str):
    assert named(root, text) == {file, "./"}


def test_a_pattern_that_takes_too_many_looks_counts_as_not_seen(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(named_files, "MOST_ENTRIES", 4)
    assert named(root, "data/*.csv") == set()
    assert named(root, "data/raw/*.csv") == {"data/raw/d.csv", "data/raw/"}


def test_links_in_circles_end(root: Path):
    (root / "data/raw/up").symlink_to(root / "data")
    assert "data/b.csv" in named(root, "data/**/*.csv")
    assert named(root, "data/") == {"data"}


@pytest.mark.parametrize("text", ["data/events", "data/events/", "data/events/2024", "table.parquet"])
def test_a_folder_of_tables_is_data_if_its_text_has_a_slash_and_any_if_its_name_has_an_ending(root: Path, text: str):
    assert named(root, text) == {text.rstrip("/")}


@pytest.mark.parametrize(
    "text", ["data", ".", "..", "./", "../", "/", "/tmp", "/tmp/", ".venv", "~", ".venv/lib/..", "x/"]
)
def test_a_word_a_place_an_environment_and_a_folder_of_texts_are_no_data(root: Path, text: str):
    assert named(root, text) == set()


def test_a_folder_that_is_too_large_counts_by_its_names(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(named_files, "MOST_BYTES", 10)
    assert named(root, "data/events") == {"data/events/"}
    monkeypatch.setattr(named_files, "MOST_ENTRIES", 3)
    assert named(root, "data/events") == {"data/events/"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_none(root: Path):
    (root / "a.csv").chmod(0)
    assert named(root, "a.csv") == set()
