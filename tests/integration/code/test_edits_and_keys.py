"""Edits that change what a step returns change its key, edits that do not leave it: each is really run."""

from pathlib import Path

import pytest

import integration.code.class_cases
import integration.code.import_cases
import integration.code.value_cases  # noqa: F401
from headrace.code.reader import StaticCodeReader
from headrace.core.symbols import Symbol
from headrace.testing.memory_stores import MemoryStore
from integration.code.edited_projects import CASES, Case, harmless_edits, run_all, write


def digest(root: Path) -> str:
    reader = StaticCodeReader(root, MemoryStore().memos, path=[str(root)])
    return reader.code_of(Symbol("steps", "step", str(root / "steps.py"))).digest


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_key_changes_with_the_result_and_only_then(case: Case, tmp_path: Path):
    before = write(case.files, tmp_path / "before")
    changed = [write(edit.apply(case.files), tmp_path / f"changed-{n}") for n, edit in enumerate(case.changes)]
    harmless = list(harmless_edits(case))
    kept = [write(files, tmp_path / f"kept-{n}") for n, (_, files) in enumerate(harmless)]

    result, *results = run_all([before, *changed, *kept])
    assert not result.startswith("raised"), result
    for edit, other in zip(case.changes, results, strict=False):
        assert other != result, f"the case is wrong: {edit} does not change the result {result}"
    for (name, _), other in zip(harmless, results[len(changed) :], strict=True):
        assert other == result, f"the case is wrong: {name} changes the result {result} to {other}"

    key = digest(before)
    unnoticed = [edit for edit, root in zip(case.changes, changed, strict=True) if digest(root) == key]
    assert not unnoticed
    noticed = [name for (name, _), root in zip(harmless, kept, strict=True) if digest(root) != key]
    assert not noticed


def test_there_are_enough_cases():
    assert len(CASES) >= 60
    assert sum(len(case.changes) for case in CASES) >= 100
