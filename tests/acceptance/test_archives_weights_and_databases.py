"""What a step reads counts whatever its file is called: archives, weights, databases behind an address."""

import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

WORK = (
    HEAD + "import io, os, sqlite3, zipfile\n\nLETTER = sorted('a')[0]\n\n"
    "def rows(name):\n    connection = sqlite3.connect(name, uri=True)\n"
    "    found = connection.execute('select x from rows').fetchone()[0]\n    connection.close()\n    return found\n\n"
    "@hr.step{options}\ndef use() -> int:\n    return {call}\n\n@hr.pipeline\ndef pipe() -> int:\n    return use()\n"
)


def fill_archive(path: Path, number: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", f"x\n{number}\n")


def fill_weights(path: Path, number: int) -> None:
    path.write_bytes(bytes([number]))


def fill_database(path: Path, number: int) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as made:
        made.execute("create table rows (x)")
        made.execute("insert into rows values (?)", (number,))
    made.close()


READS: dict[str, tuple[str, str, Callable[[Path, int], None]]] = {
    "an archive": ("a.zip", "int(zipfile.ZipFile(LETTER + '.zip').read('a.csv').split()[1])", fill_archive),
    "an archive that pandas reads": (
        "a.csv.zip",
        "int(__import__('pandas').read_csv(LETTER + '.csv.zip')['x'].sum())",
        fill_archive,
    ),
    "weights": ("a.pth", "Path(LETTER + '.pth').read_bytes()[0]", fill_weights),
    "a database": ("a b.db", "rows(f'file:{LETTER}%20b.db?mode=ro')", fill_database),
    "a database with its whole path": (
        "a b.db",
        "rows(f'file://{os.getcwd()}/{LETTER}%20b.db?mode=ro')",
        fill_database,
    ),
}


@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
@pytest.mark.parametrize("case", READS, ids=lambda case: case.replace(" ", "-"))
def test_a_file_whose_name_is_put_together_counts(tmp_path: Path, case: str, options: str):
    name, call, fill = READS[case]
    project = project_of(tmp_path, {"work.py": WORK.replace("{call}", call).replace("{options}", options)})
    fill(tmp_path / name, 1)
    assert run(project) == (1, {"use": "succeeded"})
    assert run(project) == (1, {"use": "reused"})
    fill(tmp_path / name, 2)
    assert run(project) == (2, {"use": "succeeded"})


@pytest.mark.parametrize("case", ["weights", "a database"], ids=lambda case: case.replace(" ", "-"))
def test_a_file_that_a_module_reads_at_its_head_counts(tmp_path: Path, case: str):
    name, call, fill = READS[case]
    work = WORK.replace("{call}", "VALUE").replace("{options}", "").replace("@hr.step", f"VALUE = {call}\n\n@hr.step")
    project = project_of(tmp_path, {"work.py": work})
    fill(tmp_path / name, 1)
    assert run(project) == (1, {"use": "succeeded"})
    assert run(project) == (1, {"use": "reused"})
    fill(tmp_path / name, 2)
    assert run(project) == (2, {"use": "succeeded"})
