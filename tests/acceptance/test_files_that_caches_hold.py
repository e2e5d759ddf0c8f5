"""Databases, folders, children's and native readers' files behind a cache: a value read before an edit never stands for
the content after it, whichever way it was read.
"""

from pathlib import Path

import pytest

from acceptance.command_line import Project
from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

CHANGE = "def change(text):\n    for name in ('a.txt', 'a.csv'):\n        Path(name).write_text(text)\n"
DATABASE = (
    "import sqlite3\n\ndef change(text):\n    with sqlite3.connect('a.db') as connection:\n"
    "        connection.execute('create table if not exists t (x text)')\n"
    "        connection.execute('delete from t')\n        connection.execute('insert into t values (?)', (text,))\n"
    "    connection.close()\n\n"
)
FOLDER = "import os\n\ndef change(text):\n    Path('data', text).write_text('x')\n\n"
KEPT = {
    "a database": (
        DATABASE + "@functools.lru_cache\ndef get():\n    connection = sqlite3.connect('a.db')\n"
        "    found = connection.execute('select x from t').fetchone()[0]\n    connection.close()\n    return found\n"
    ),
    "a listed folder": FOLDER + "@functools.lru_cache\ndef get():\n    return ','.join(sorted(os.listdir('data')))\n",
    "a folder that a path lists": (
        FOLDER
        + "@functools.lru_cache\ndef get():\n    return ','.join(sorted(one.name for one in Path('data').iterdir()))\n"
    ),
    "a child process": (
        "import subprocess\n\n" + CHANGE + "\n@functools.lru_cache\ndef get():\n"
        "    return subprocess.check_output(['cat', 'a.txt'], text=True)\n"
    ),
    "a native reader": (
        "import polars as pl\n\n" + CHANGE + "\n@functools.lru_cache\ndef get():\n"
        "    return pl.read_csv('a.csv', has_header=False).item()\n"
    ),
}
WORK = HEAD + "import kept\n\n@hr.step{options}\ndef use() -> str:\n    return kept.get()\n\n"
PIPE = "@hr.pipeline\ndef pipe() -> str:\n    return use()\n"
SCRIPT = (
    "import headrace as hr\nimport kept\nimport work\n\nif __name__ == '__main__':\n"
    "    for text in ('one', 'two'):\n        kept.change(text)\n        hr.Session(quiet=True).run(work.pipe)\n"
)


def project_with(folder: Path, case: str, work: str) -> Project:
    return project_of(
        folder,
        {"work.py": work, "kept.py": "import functools\nfrom pathlib import Path\n\n" + KEPT[case], "data/0": ""},
    )


@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.replace(" ", "-"))
def test_what_a_process_has_kept_is_never_stored_under_a_later_content(tmp_path: Path, case: str, options: str):
    if case == "a native reader":
        pytest.importorskip("polars")
    project = project_with(tmp_path, case, WORK.replace("{options}", options) + PIPE)
    answer = project.python(SCRIPT)
    assert answer.status == 0, answer.err
    assert "two" in str(run(project)[0])


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.replace(" ", "-"))
def test_what_one_step_keeps_counts_for_the_next_one(tmp_path: Path, case: str):
    if case == "a native reader":
        pytest.importorskip("polars")
    steps = (
        "@hr.step\ndef again(before: bool) -> str:\n    return kept.get()\n\n"
        "@hr.pipeline\ndef pipe() -> str:\n    return again(use())\n"
    )
    work = WORK.replace("{options}", "").replace(
        "-> str:\n    return kept.get()", "-> bool:\n    return bool(kept.get())"
    )
    project = project_with(tmp_path, case, work + steps)
    change = "import kept, sys\nkept.change(sys.argv[1])\n"
    (tmp_path / "change.py").write_text(change)
    assert project.script("change.py", "one").status == 0
    assert "one" in str(run(project, "work:pipe", "--lanes", "1")[0])
    assert set(run(project)[1].values()) == {"reused"}
    assert project.script("change.py", "two").status == 0
    assert "two" in str(run(project, "work:pipe", "--lanes", "1")[0])
