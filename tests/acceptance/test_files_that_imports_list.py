"""Folders that modules list when they are imported count by the names that were there at that moment."""

from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

LISTS = {
    "listdir": "import os\nNAMES = sorted(os.listdir('d'))\n",
    "a path": "from pathlib import Path\nNAMES = sorted(one.name for one in Path('d').iterdir())\n",
    "a pattern": "import glob\nNAMES = sorted(glob.glob('d/*'))\n",
}
WORK = HEAD + "import conf\n\n@hr.step{options}\ndef use() -> list:\n    return conf.NAMES\n\n"
PIPE = "@hr.pipeline\ndef pipe() -> list:\n    return use()\n"
LATE = (
    "import headrace as hr\nimport work\nfrom pathlib import Path\n\nif __name__ == '__main__':\n"
    "    Path('d', 'two').write_text('')\n    print(len(hr.Session(quiet=True).run(work.pipe).output))\n"
)


@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
@pytest.mark.parametrize("case", LISTS, ids=lambda case: case.replace(" ", "-"))
def test_names_that_came_after_the_import_are_none_that_it_saw(tmp_path: Path, case: str, options: str):
    work = WORK.replace("{options}", options) + PIPE
    project = project_of(tmp_path, {"work.py": work, "conf.py": LISTS[case], "d/one": ""})
    answer = project.python(LATE)
    assert answer.status == 0, answer.err
    found, _ = run(project)
    assert isinstance(found, list)
    assert len(found) == 2
    assert run(project)[1] == {"use": "reused"}


def test_a_warm_worker_that_has_listed_other_names_is_not_used(tmp_path: Path):
    work = WORK.replace("{options}", "(timeout=60)") + PIPE
    project = project_of(tmp_path, {"work.py": work, "conf.py": LISTS["listdir"], "d/one": ""})
    first = "    print(len(hr.Session(quiet=True).run(work.pipe).output))\n    Path('d'"
    answer = project.python(LATE.replace("    Path('d'", first))
    assert answer.out.split() == ["1", "2"], answer.err


@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
def test_a_module_that_lists_the_project_itself_leaves_its_steps_reusable(tmp_path: Path, options: str):
    conf = "from pathlib import Path\nNAMES = sorted(one.name for one in Path().glob('*.csv'))\n"
    work = WORK.replace("{options}", options) + PIPE
    project = project_of(tmp_path, {"work.py": work, "conf.py": conf, "a.csv": ""})
    assert run(project)[0] == ["a.csv"]
    assert run(project)[1] == {"use": "reused"}
