"""Worker processes that are kept from one `hr.run` of a script to the next, and ended when the project has changed."""

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

RULES = "LOW = 1\n\n\ndef low() -> int:\n    return LOW\n"
OTHER = "def high() -> int:\n    return 7\n"
PLUGIN = "VALUE = 100\n"
PIPELINES = """
import importlib
import os
import headrace as hr
from working.rules import low
from working.other import high


@hr.step(timeout=60, cache=False)
def lower(nothing: int = 0) -> tuple[int, int]:
    return os.getpid(), low()


@hr.step(timeout=60, cache=False)
def higher() -> tuple[int, int]:
    return os.getpid(), high()


@hr.step(timeout=60, cache=False)
def plugged(name: str) -> tuple[int, int]:
    return os.getpid(), importlib.import_module(name).VALUE


@hr.step(timeout=60)
def tracked(name: str, turn: int) -> tuple[int, int]:
    return os.getpid(), importlib.import_module(name).VALUE


@hr.pipeline
def lowering() -> tuple[int, int]:
    return lower()


@hr.pipeline
def highering() -> tuple[int, int]:
    return higher()


@hr.pipeline
def plugging(turn: int = 0) -> tuple[int, int]:
    return tracked("plug" + "in", turn)
"""
SCRIPT = """
import importlib, os
from pathlib import Path
import headrace as hr
import working.rules, working.other, working.pipelines

HERE = Path(__file__).parent

def edit(file, before, after):
    text = (HERE / file).read_text()
    assert before in text
    (HERE / file).write_text(text.replace(before, after))

def run(name, *args):
    pid, value = hr.Session(quiet=True, lanes=1).run(getattr(working.pipelines, name), *args).output
    assert pid != os.getpid()
    PIDS.append(pid)
    print(value, "kept" if PIDS.count(pid) > 1 else "new")

PIDS = []
if __name__ == "__main__":
"""


@pytest.fixture
def working(project: Project) -> Project:
    folder = project.folder / "working"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "rules.py").write_text(RULES)
    (folder / "other.py").write_text(OTHER)
    (folder / "pipelines.py").write_text(PIPELINES)
    (project.folder / "plugin.py").write_text(PLUGIN)
    return project


def told(project: Project, *code: str) -> list[str]:
    answer = project.python(SCRIPT + "".join(f"    {line}\n" for line in code))
    assert answer.status == 0, answer.err
    return answer.out.splitlines()


RELOAD = "importlib.reload(working.rules); importlib.reload(working.pipelines)"


def test_a_worker_is_kept_while_nothing_changes(working: Project):
    assert told(working, "run('lowering')", "run('lowering')") == ["1 new", "1 kept"]


def test_a_worker_is_kept_for_another_pipeline_of_the_same_project(working: Project):
    assert told(working, "run('lowering')", "run('highering')", "run('lowering')") == ["1 new", "7 kept", "1 kept"]


def test_a_worker_is_ended_when_a_module_was_edited_and_reloaded(working: Project):
    code = ("run('lowering')", "edit('working/rules.py', 'LOW = 1', 'LOW = 22')", RELOAD, "run('lowering')")
    assert told(working, *code, "run('lowering')") == ["1 new", "22 new", "22 kept"]


def test_a_worker_is_ended_when_only_a_comment_was_edited(working: Project):
    code = ("run('lowering')", "edit('working/rules.py', 'LOW = 1', '# why\\nLOW = 1')", "run('lowering')")
    assert told(working, *code) == ["1 new", "1 new"]


def test_a_worker_that_may_hold_an_edited_file_of_another_pipeline_is_ended(working: Project):
    code = ("run('lowering')", "edit('working/other.py', '7', '77')", "importlib.reload(working.other)")
    assert told(working, *code, RELOAD, "run('highering')") == ["1 new", "77 new"]


def test_a_worker_is_ended_when_the_lock_has_changed(working: Project):
    lock = "(HERE / 'uv.lock').write_text({!r})"
    code = (lock.format("one"), "run('lowering')", "run('lowering')", lock.format("two"), "run('lowering')")
    assert told(working, *code) == ["1 new", "1 kept", "1 new"]


def test_a_worker_that_has_loaded_an_edited_module_beside_its_plan_is_ended(working: Project):
    code = ("run('plugging', 1)", "run('plugging', 2)", "edit('plugin.py', '100', '2000')", "run('plugging', 3)")
    assert told(working, *code) == ["100 new", "100 kept", "2000 new"]


def test_a_worker_that_has_loaded_what_was_edited_meanwhile_is_ended_and_the_next_run_is_sound(working: Project):
    late = working.folder / "working" / "late.py"
    late.write_text("VALUE = 1\n")
    (working.folder / "working" / "editing.py").write_text(
        "import os\nfrom pathlib import Path\nimport headrace as hr\n\n"
        "@hr.step(cache=False)\ndef edit(text: str) -> str:\n"
        f"    Path({str(late)!r}).write_text(text)\n    return text\n\n"
        "@hr.step(timeout=60, cache=False)\ndef use(text: str) -> tuple[int, int]:\n"
        "    from working.late import VALUE\n    return os.getpid(), VALUE\n\n"
        "@hr.pipeline\ndef editing(text: str) -> tuple[int, int]:\n    return use(edit(text))\n"
    )
    lines = told(
        working,
        "import working.editing; working.pipelines.editing = working.editing.editing",
        "try:",
        "    run('editing', 'VALUE = 22\\n')",
        "except hr.RunFailed as error:",
        "    print(error)",
        "run('editing', 'VALUE = 22\\n')",
        f"Path({str(late)!r}).write_text('VALUE = 1\\n')",
        "run('editing', 'VALUE = 1\\n')",
    )
    assert "working/late.py was changed after this run was planned" in lines[0]
    assert [line for line in lines if line[0].isdigit()] == ["22 new", "1 new"]


def test_a_worker_that_holds_other_code_leaves_the_attempt_to_a_new_one(working: Project):
    keep_all = (
        "import headrace.app.runs.lanes as lanes; lanes.ProjectWorkers.prepare = lambda self, plan, files: self.warm"
    )
    code = (keep_all, "run('lowering')", "edit('working/rules.py', 'LOW = 1', 'LOW = 22')", RELOAD, "run('lowering')")
    assert told(working, *code, "run('lowering')") == ["1 new", "22 new", "22 kept"]
