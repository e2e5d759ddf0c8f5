"""What one attempt reads and keeps, later attempts of the same process use: it counts for them, too."""

from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

CACHES = {
    "lru_cache": "@functools.lru_cache\ndef get():\n    return Path('a.txt').read_text()\n",
    "cache around a helper": (
        "def read(name):\n    return Path(name).read_text()\n\n@functools.cache\ndef get():\n    return read('a.txt')\n"
    ),
    "a global": (
        "TABLE = None\n\ndef get():\n    global TABLE\n    if TABLE is None:\n        TABLE = Path('a.txt').read_text()\n"
        "    return TABLE\n"
    ),
    "a dict": (
        "SEEN = {}\n\ndef get():\n    if 'a' not in SEEN:\n        SEEN['a'] = Path('a.txt').read_text()\n"
        "    return SEEN['a']\n"
    ),
    "setdefault": "SEEN = {}\n\ndef get():\n    return SEEN.get('a') or SEEN.setdefault('a', Path('a.txt').read_text())\n",
    "a class": (
        "class Store:\n    text = None\n    @classmethod\n    def get(cls):\n        if cls.text is None:\n"
        "            cls.text = Path('a.txt').read_text()\n        return cls.text\n\nget = Store.get\n"
    ),
    "an object of the module": (
        "class Store:\n    text = None\n    def get(self):\n        if self.text is None:\n"
        "            self.text = Path('a.txt').read_text()\n        return self.text\n\nSTORE = Store()\nget = STORE.get\n"
    ),
    "a cached property of an object of the module": (
        "class Store:\n    @functools.cached_property\n    def text(self):\n        return Path('a.txt').read_text()\n\n"
        "STORE = Store()\n\ndef get():\n    return STORE.text\n"
    ),
    "a decorator of the project": (
        "def remembered(function):\n    found = {}\n    def inner():\n        if 0 not in found:\n"
        "            found[0] = function()\n        return found[0]\n    return inner\n\n@remembered\ndef get():\n"
        "    return Path('a.txt').read_text()\n"
    ),
}
LOADERS = "import functools\nfrom pathlib import Path\n\n"
STEPS = (
    HEAD + "import loaders\n\n@hr.step{options}\ndef first() -> str:\n    return loaders.get()\n\n"
    "@hr.step{options}\ndef second(before) -> str:\n    return loaders.get() + '!'\n\n"
    "@hr.pipeline\ndef pipe() -> str:\n    return second(first())\n"
)


@pytest.mark.parametrize("case", CACHES, ids=lambda case: case.replace(" ", "-"))
def test_a_file_behind_a_cache_counts_for_the_steps_that_find_it_there(tmp_path: Path, case: str):
    steps = STEPS.format(options="").replace(
        "def first() -> str:\n    return loaders.get()", "def first() -> int:\n    return len(loaders.get())"
    )
    project = project_of(tmp_path, {"work.py": steps, "loaders.py": LOADERS + CACHES[case], "a.txt": "one"})
    assert run(project)[0] == "one!"
    assert run(project)[1] == {"first": "reused", "second": "reused"}
    (tmp_path / "a.txt").write_text("two")
    assert run(project) == ("two!", {"first": "succeeded", "second": "succeeded"})


def test_items_of_a_map_in_one_process_count_what_the_first_has_read(tmp_path: Path):
    steps = (
        HEAD + "import loaders\n\n@hr.step\ndef one(n: int) -> str:\n    return loaders.get() + str(n)\n\n"
        "@hr.pipeline\ndef pipe() -> list:\n    return one.map(hr.each([1, 2, 3]))\n"
    )
    project = project_of(tmp_path, {"work.py": steps, "loaders.py": LOADERS + CACHES["lru_cache"], "a.txt": "a"})
    run(project, "work:pipe", "--lanes", "1")
    (tmp_path / "a.txt").write_text("b")
    assert run(project, "work:pipe", "--lanes", "1")[0] == ["b1", "b2", "b3"]


def test_what_is_read_without_a_cache_counts_for_its_own_items_only(tmp_path: Path):
    steps = (
        HEAD + "def read(name):\n    return Path(name).read_text()\n\n"
        "@hr.step\ndef one(name: str) -> str:\n    return read(name)\n\n"
        "@hr.pipeline\ndef pipe() -> list:\n    return one.map(hr.each(['a.txt', 'b.txt', 'c.txt']))\n"
    )
    files = {"work.py": steps, "a.txt": "a", "b.txt": "b", "c.txt": "c"}
    project = project_of(tmp_path, files)
    run(project, "work:pipe", "--lanes", "1")
    (tmp_path / "a.txt").write_text("A")
    project.ok("run", "work:pipe", "--lanes", "1")
    assert "2 reused, 1 succeeded" in project.ok("show").out


def test_items_that_fill_a_row_of_their_own_are_computed_each_for_its_own_file(tmp_path: Path):
    steps = (
        HEAD + "import json\n\nCOLUMNS = ['a', 'b']\n\ndef load(name):\n    row = json.loads(Path(name).read_text())\n"
        "    for column in COLUMNS:\n        row[column] = row.get(column, 0) + 1\n    return row\n\n"
        "@hr.step\ndef one(name: str) -> int:\n    return load(name)['a']\n\n"
        "@hr.pipeline\ndef pipe() -> list:\n    return one.map(hr.each(['1.json', '2.json', '3.json', '4.json']))\n"
    )
    files = {"work.py": steps, **{f"{n}.json": f'{{"a": {n}}}' for n in (1, 2, 3, 4)}}
    project = project_of(tmp_path, files)
    run(project, "work:pipe", "--lanes", "1")
    (tmp_path / "1.json").write_text('{"a": 9}')
    assert run(project, "work:pipe", "--lanes", "1")[0] == [10, 3, 4, 5]
    assert "3 reused, 1 succeeded" in project.ok("show").out


def test_a_row_that_is_kept_under_another_name_counts_for_all_items(tmp_path: Path):
    steps = (
        HEAD + "ROWS = {'all': {}}\n\ndef load(name):\n    rows = ROWS['all']\n    if 'text' not in rows:\n"
        "        rows['text'] = Path(name).read_text()\n    return rows['text']\n\n"
        "@hr.step\ndef one(n: int) -> str:\n    return load('a.txt') + str(n)\n\n"
        "@hr.pipeline\ndef pipe() -> list:\n    return one.map(hr.each([1, 2, 3]))\n"
    )
    project = project_of(tmp_path, {"work.py": steps, "a.txt": "a"})
    run(project, "work:pipe", "--lanes", "1")
    (tmp_path / "a.txt").write_text("b")
    assert run(project, "work:pipe", "--lanes", "1")[0] == ["b1", "b2", "b3"]
