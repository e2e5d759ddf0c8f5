"""Two type checkers over right and wrong calls of steps and pipelines: the marked lines are errors, no others are."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
FILES = ("calls_that_are_right.py", "calls_that_are_wrong.py")

Lines = dict[str, set[int]]


def marked(file: str) -> set[int]:
    lines = (HERE / file).read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}


def errors_of_mypy(folder: Path) -> Lines:
    options = ["--strict", "--config-file", "", "--python-version", "3.11", "--cache-dir", str(folder / "cache")]
    options += ["--hide-error-context", "--no-error-summary", "--follow-imports", "silent", "--ignore-missing-imports"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *FILES],
        cwd=HERE,
        env={"MYPYPATH": str(SOURCE), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    found = re.findall(r"^(\w+\.py):(\d+): error:", done.stdout, re.MULTILINE)
    return {file: {int(line) for name, line in found if name == file} for file in FILES}


def errors_of_pyright(folder: Path) -> Lines:
    settings = {
        "include": [str(HERE / file) for file in FILES],
        "extraPaths": [str(SOURCE)],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "reportUnusedCallResult": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    program = Path(sys.executable).with_name("basedpyright")
    done = subprocess.run(
        [program, "--project", folder, "--pythonpath", sys.executable, "--outputjson"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {
        file: {
            entry["range"]["start"]["line"] + 1
            for entry in found
            if Path(entry["file"]).name == file and entry["severity"] == "error"
        }
        for file in FILES
    }


CHECKERS = {"mypy": errors_of_mypy, "basedpyright": errors_of_pyright}


@pytest.fixture(scope="module", params=CHECKERS)
def errors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lines:
    return CHECKERS[request.param](tmp_path_factory.mktemp(request.param))


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_a_line_is_a_type_error_if_and_only_if_it_is_marked(errors: Lines, file: str):
    assert errors[file] == marked(file)


def test_enough_wrong_calls_are_known():
    assert len(marked("calls_that_are_wrong.py")) > 45
    assert not marked("calls_that_are_right.py")
