"""Every pair of some 140 types is put to mypy and to Headrace: an edge fits where an assignment type-checks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.definition.compatibility import explain_mismatch

VOCABULARY = Path(__file__).parent / "edges_vocabulary.py"


def types() -> dict[str, object]:
    namespace: dict[str, object] = {"__name__": "edges_vocabulary"}
    exec(compile(VOCABULARY.read_text(), str(VOCABULARY), "exec"), namespace)
    return namespace["types"]()


@pytest.fixture(scope="module")
def refused_by_mypy(tmp_path_factory) -> set[tuple[str, str]]:
    """All pairs (source, target) for which `target_variable = source_variable` is a type error."""
    folder = tmp_path_factory.mktemp("pairs")
    lines, asked = VOCABULARY.read_text().split("\n"), {}
    for i, source in enumerate(types()):
        lines.append(f"def check_{i}(x: {source}) -> None:")
        for j, target in enumerate(types()):
            lines.append(f"    a{j}: {target} = x")
            asked[len(lines)] = (source, target)
    (folder / "pairs.py").write_text("\n".join(lines))
    options = [
        "--strict",
        "--no-error-summary",
        "--hide-error-context",
        "--config-file",
        "",
        "--python-version",
        "3.11",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "--cache-dir", "cache", "pairs.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    numbers = [int(found) for found in re.findall(r"^pairs\.py:(\d+): error:", done.stdout, re.MULTILINE)]
    assert done.returncode == 1, done.stderr
    assert set(numbers) <= set(asked), "the vocabulary itself has type errors"
    return {asked[number] for number in numbers}


def may_differ(source: str, target: str) -> bool:
    """What a class is hashable by is decided when it runs; and numpy's stubs make float32 an alias of floating."""
    return target == "Hashable" or (source, target) == ("NDArray[np.floating[Any]]", "NDArray[np.float32]")


@pytest.mark.slow
def test_edges_fit_exactly_where_mypy_accepts_the_assignment(refused_by_mypy):
    known = types()
    differences = [
        f"{source} -> {target}: mypy {'refuses' if (source, target) in refused_by_mypy else 'accepts'}, {reason!r}"
        for source in known
        for target in known
        if not may_differ(source, target)
        if bool(reason := explain_mismatch(known[source], known[target])) != ((source, target) in refused_by_mypy)
    ]
    assert differences == []
    assert len(refused_by_mypy) > 10_000


def test_every_type_fits_itself_and_object_and_no_reason_is_empty():
    known = types()
    assert [
        name for name, each in known.items() if explain_mismatch(each, each) or explain_mismatch(each, object)
    ] == []
