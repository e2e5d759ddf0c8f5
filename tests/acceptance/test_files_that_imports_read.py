"""What modules read when they are imported counts for the steps that use them, whoever imported them and when."""

from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

READS = {
    "a constant": 'from pathlib import Path\nCONFIG = Path("config.json").read_text()\n\ndef get():\n    return CONFIG\n',
    "open": 'with open("config.json") as file:\n    CONFIG = file.read()\n\ndef get():\n    return CONFIG\n',
    "beside the module": (
        "from pathlib import Path\nCONFIG = (Path(__file__).parent / 'config.json').read_text()\n\n"
        "def get():\n    return CONFIG\n"
    ),
    "by a function": (
        "import json\n\ndef load():\n    with open('config.json') as file:\n        return json.load(file)\n\n"
        "CONFIG = load()\n\ndef get():\n    return CONFIG\n"
    ),
    "an array": "import numpy as np\nCONFIG = np.loadtxt('config.json')\n\ndef get():\n    return float(CONFIG)\n",
}
STEP = HEAD + "import conf\n\n@hr.step{options}\ndef use() -> object:\n    return conf.get()\n\n"
OTHER = "@hr.step\ndef other() -> int:\n    return 1\n\n"
PIPE = "@hr.pipeline\ndef pipe() -> object:\n    return use()\n"
SCRIPT = (
    "import headrace as hr\nimport work\n\nif __name__ == '__main__':\n    run = hr.Session(quiet=True).run(work.pipe)\n"
    "    print(run.output, run.step('use').state.value)\n"
)


@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
@pytest.mark.parametrize("case", READS, ids=lambda case: case.replace(" ", "-"))
def test_a_file_that_a_module_reads_when_it_is_imported_counts(tmp_path: Path, case: str, options: str):
    files = {"work.py": STEP.format(options=options) + PIPE, "conf.py": READS[case], "config.json": "1"}
    project = project_of(tmp_path, files)
    first = run(project)[0]
    assert run(project) == (first, {"use": "reused"})
    project.edit("config.json", "1", "2")
    assert run(project) == (type(first)(2), {"use": "succeeded"})
    project.edit("config.json", "2", "1")
    assert run(project) == (first, {"use": "reused"})


def test_it_counts_for_every_step_that_uses_the_module_and_for_no_other(tmp_path: Path):
    more = "@hr.step\ndef also() -> object:\n    return conf.get() + '!'\n\n"
    body = "@hr.pipeline\ndef pipe() -> tuple:\n    return use(), also(), far.other()\n"
    files = {"work.py": STEP.format(options="") + "import far\n" + more + body, "conf.py": READS["a constant"]}
    project = project_of(tmp_path, {**files, "far.py": HEAD + OTHER, "config.json": "1"})
    run(project)
    project.edit("config.json", "1", "2")
    assert run(project)[1] == {"use": "succeeded", "also": "succeeded", "other": "reused"}


@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
@pytest.mark.parametrize("where", ["a module", "the script itself"])
def test_it_counts_in_scripts_that_import_before_they_run(tmp_path: Path, where: str, options: str):
    files = {"work.py": STEP.format(options=options) + PIPE, "conf.py": READS["a constant"], "config.json": "1"}
    project = project_of(tmp_path, files)
    script = SCRIPT
    if where == "the script itself":
        step = files["work.py"].replace("import conf", READS["a constant"]).replace("conf.get()", "get()")
        script = step + SCRIPT.replace("import work\n", "").replace("work.pipe", "pipe")
    for content, state in (("1", "succeeded"), ("1", "reused"), ("2", "succeeded"), ("1", "reused")):
        (tmp_path / "config.json").write_text(content)
        answer = project.python(script)
        assert answer.out.split() == [content, state], answer.err


def test_an_edit_while_a_process_lives_is_never_stored_under_the_new_content(tmp_path: Path):
    project = project_of(
        tmp_path,
        {"work.py": STEP.format(options="") + PIPE, "conf.py": READS["a constant"], "config.json": "1"},
    )
    script = SCRIPT + (
        "    from pathlib import Path\n    Path('config.json').write_text('2')\n    run = hr.Session(quiet=True).run(work.pipe)\n"
    )
    assert project.python(script).status == 0
    assert project.python(SCRIPT).out.split() == ["2", "succeeded"]


def test_a_warm_worker_that_has_read_another_content_is_not_used(tmp_path: Path):
    project = project_of(
        tmp_path,
        {"work.py": STEP.format(options="(timeout=60)") + PIPE, "conf.py": READS["a constant"], "config.json": "1"},
    )
    script = SCRIPT + (
        "    from pathlib import Path\n    Path('config.json').write_text('2')\n    run = hr.Session(quiet=True).run(work.pipe)\n"
        "    print(run.output, run.step('use').state.value)\n"
    )
    assert project.python(script).out.split() == ["1", "succeeded", "2", "succeeded"]
