"""The code that ran is the code that was planned: edits before, between and during runs, in scripts as users write them."""

from pathlib import Path

import pytest

from acceptance.command_line import Answer, Project

pytestmark = pytest.mark.slow

CLEAN = '''
"""Cleaning."""

from datetime import date

LOW = 0.0
LIMITS = {"high": 10.0}
SINCE = date(2013, 1, 1)
CACHE = {}


class Rule:
    """A rule."""

    factor: float = 1.0

    def of(self, x: float) -> float:
        return x * self.factor


def clip(x: float, by: float = 1.0) -> float:
    """Clip it."""
    CACHE[x] = by
    return min(max(x, LOW), LIMITS["high"]) * by * Rule().of(1.0) + SINCE.day - 1


def unused(x: float) -> float:
    return x
'''
PIPELINES = """
import headrace as hr
from cleaning.clean import clip


@hr.step
def tidy(x: float) -> float:
    return clip(x)


@hr.step(timeout=60)
def tidy_elsewhere(x: float) -> float:
    return clip(x)


@hr.pipeline
def here(x: float = 5.0) -> float:
    return tidy(x)


@hr.pipeline
def elsewhere(x: float = 5.0) -> float:
    return tidy_elsewhere(x)
"""
SCRIPT = """
import importlib, sys
from pathlib import Path
import headrace as hr
import cleaning.clean, cleaning.pipelines

FILE = Path(cleaning.clean.__file__)

def edit(before, after, file=FILE):
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))

def run(name="here"):
    try:
        made = hr.Session(quiet=True).run(getattr(cleaning.pipelines, name))
        print(made.output, made.steps[0].state.value)
    except hr.HeadraceError as error:
        print(type(error).__name__, error.code, error)

def reload(*modules):
    for module in modules:
        importlib.reload(module)

if __name__ == "__main__":
"""
"""Every line that a test adds stands under the guard."""


@pytest.fixture
def cleaning(project: Project) -> Project:
    folder = project.folder / "cleaning"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "clean.py").write_text(CLEAN)
    (folder / "pipelines.py").write_text(PIPELINES)
    return project


def lines(project: Project, *code: str) -> list[str]:
    answer = project.python(SCRIPT + "".join(f"    {line}\n" for line in code))
    assert answer.status == 0, answer.err + answer.out
    return answer.out.splitlines()


EDITS = {
    "a function": ("return min(max(", "return max(max(", "clip"),
    "a default": ("by: float = 1.0", "by: float = 2.0", "clip"),
    "a constant": ("LOW = 0.0", "LOW = 6.0", "LOW"),
    "a dict": ('"high": 10.0', '"high": 4.0', "LIMITS"),
    "a method": ("return x * self.factor", "return x + self.factor", "Rule.of"),
    "an attribute of a class": ("factor: float = 1.0", "factor: float = 3.0", "Rule.factor"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_before_the_first_run_of_a_process_is_refused(cleaning: Project, edit: str):
    before, after, name = EDITS[edit]
    (told,) = lines(cleaning, f"edit({before!r}, {after!r})", "run()")
    assert told.startswith("EditedAfterImportError source.edited-after-import"), told
    assert f"`{name}` in cleaning/clean.py was edited after this process imported it: reload the module" in told


@pytest.mark.parametrize("edit", [*EDITS, "a value that a call makes"])
def test_an_edit_between_two_runs_of_a_process_is_refused(cleaning: Project, edit: str):
    before, after, name = {**EDITS, "a value that a call makes": ("2013, 1, 1", "2013, 1, 2", "SINCE")}[edit]
    told = lines(
        cleaning, "run()", f"edit({before!r}, {after!r})", "run()", "run()", f"edit({after!r}, {before!r})", "run()"
    )
    assert told[0] == "5.0 succeeded"
    assert told[1].startswith("EditedAfterImportError"), told
    assert f"`{name.partition('.')[0]}" in told[1]
    assert told[2] == told[1], "it stays refused"
    assert told[3] == "5.0 reused"


HARMLESS = {
    "a comment": ("LOW = 0.0", "# the least\n\nLOW = 0.0"),
    "a docstring": ('"""Clip it."""', '"""Keep it within its limits."""'),
    "no docstring": ('    """Clip it."""\n', ""),
    "formatting": ("return min(max(x, LOW)", "return min(\n        max(x, LOW)"),
    "what no step reaches": ("    return x\n", "    return x + 1\n"),
    "a new function": ("def unused(", "def another(): ...\n\n\ndef unused("),
}


@pytest.mark.parametrize("edit", HARMLESS)
@pytest.mark.parametrize("first", ["", "run()"], ids=["before the first run", "between two runs"])
def test_an_edit_that_changes_no_reached_code_is_no_matter(cleaning: Project, edit: str, first: str):
    before, after = HARMLESS[edit]
    told = lines(cleaning, *filter(None, [first]), f"edit({before!r}, {after!r})", "run()", "run('elsewhere')")
    assert told[-2:] == ["5.0 reused" if first else "5.0 succeeded", "5.0 succeeded"]


def test_a_reloaded_module_is_the_file_again(cleaning: Project):
    told = lines(
        cleaning,
        "run()",
        "edit('LOW = 0.0', 'LOW = 6.00')",
        "reload(cleaning.clean, cleaning.pipelines)",
        "run()",
        "run()",
    )
    assert told == ["5.0 succeeded", "6.0 succeeded", "6.0 reused"]


@pytest.mark.parametrize("first", ["", "run()"], ids=["before the first run", "between two runs"])
def test_what_another_module_took_before_the_reload_is_named(cleaning: Project, first: str):
    told = lines(
        cleaning,
        *filter(None, [first]),
        "edit('return min(max(', 'return max( max(')",
        "reload(cleaning.clean)",
        "run()",
        "reload(cleaning.pipelines)",
        "run()",
    )
    assert "`clip` in cleaning/clean.py was edited" in told[-2]
    assert "`cleaning.pipelines` still holds the old one" in told[-2]
    assert told[-1] == "10.0 succeeded"


def test_a_reload_that_got_older_bytecode_is_told_and_gets_the_file_the_next_time(cleaning: Project):
    file = cleaning.folder / "cleaning" / "clean.py"
    told = lines(
        cleaning,
        "import os",
        "stat = FILE.stat()",
        "cached = Path(cleaning.clean.__cached__)",
        "os.utime(cached, ns=(stat.st_mtime_ns // 10**9 * 10**9,) * 2)",
        "edit('LOW = 0.0', 'LOW = 6.0')",
        "os.utime(FILE, ns=(stat.st_mtime_ns // 10**9 * 10**9 + 999_000_000,) * 2)",
        "reload(cleaning.clean, cleaning.pipelines)",
        "print(cleaning.clean.LOW)",
        "run()",
        "reload(cleaning.clean, cleaning.pipelines)",
        "run()",
    )
    assert file.read_text().count("LOW = 6.0") == 1
    assert told[0] == "0.0", "Python compares size and whole seconds"
    assert "`LOW` in cleaning/clean.py was edited after this process imported it" in told[1]
    assert told[2] == "6.0 succeeded"


def test_a_pipeline_from_before_the_reload_is_told(cleaning: Project):
    told = lines(
        cleaning,
        "from cleaning.pipelines import here",
        "pipelines = Path(cleaning.pipelines.__file__)",
        "edit('return tidy(x)', 'return tidy(tidy(x))', pipelines)",
        "reload(cleaning.pipelines)",
        "cleaning.pipelines.here = here",
        "run()",
        "reload(cleaning.pipelines)",
        "run()",
    )
    assert "`here` in cleaning/pipelines.py was edited after this process imported it" in told[0]
    assert told[1] == "5.0 succeeded"


def test_an_edit_of_the_running_script_is_refused(cleaning: Project):
    script = (
        "import headrace as hr\nfrom pathlib import Path\n\n@hr.step\ndef one() -> int:\n    return 1\n\n"
        "@hr.pipeline\ndef small() -> int:\n    return one()\n\nif __name__ == '__main__':\n"
        "    print(hr.Session(quiet=True).run(small).output)\n"
        "    Path(__file__).write_text(Path(__file__).read_text().replace('return 1\\n', 'return 2\\n'))\n"
        "    hr.Session(quiet=True).run(small)\n"
    )
    answer = cleaning.python(script)
    assert answer.out == "1\n"
    assert "`one` in script.py was edited after this process imported it: start again." in answer.err


def failed(answer: Answer) -> str:
    assert answer.status == 1, answer.err
    return answer.err + answer.out


def test_a_file_that_is_edited_while_a_worker_has_not_loaded_it_yet_stores_nothing(cleaning: Project):
    late = cleaning.folder / "cleaning" / "late.py"
    late.write_text("def value() -> int:\n    return 1\n")
    (cleaning.folder / "cleaning" / "slow.py").write_text(
        "from pathlib import Path\nimport headrace as hr\n\n"
        "@hr.step(cache=False)\ndef edit(text: str) -> str:\n"
        f"    if text:\n        Path({str(late)!r}).write_text(text)\n    return text\n\n"
        "@hr.step\ndef use(text: str) -> int:\n    from cleaning.late import value\n    return value()\n\n"
        "@hr.pipeline\ndef training(text: str = '') -> int:\n    return use(edit(text))\n"
    )
    told = failed(cleaning.headrace("run", "cleaning.slow:training", "-p", "text=def value():\n    return 22\n"))
    assert "cleaning/late.py was changed after this run was planned" in told
    assert "nothing was stored. Run again." in told
    assert "output: 22" in cleaning.ok("run", "cleaning.slow:training", "-p", "text=def value():\n    return 22\n").out


def test_a_file_that_is_edited_once_it_is_loaded_is_no_error(cleaning: Project):
    late = cleaning.folder / "cleaning" / "late.py"
    late.write_text("def value() -> int:\n    return 1\n")
    (cleaning.folder / "cleaning" / "slow.py").write_text(
        "from pathlib import Path\nimport headrace as hr\nfrom cleaning.late import value\n\n"
        "@hr.step(cache=False)\ndef edit() -> None:\n"
        f"    Path({str(late)!r}).write_text('def value():\\n    return 22\\n')\n\n"
        "@hr.step\ndef use(nothing: None) -> int:\n    return value()\n\n"
        "@hr.pipeline\ndef training() -> int:\n    return use(edit())\n"
    )
    assert "output: 1" in cleaning.ok("run", "cleaning.slow:training").out
    assert "output: 22" in cleaning.ok("run", "cleaning.slow:training").out


def test_bytecode_that_python_would_take_for_the_edited_file_is_not_run(cleaning: Project):
    file = cleaning.folder / "cleaning" / "clean.py"
    cleaning.ok("run", "cleaning.pipelines:here")
    for low in ("1.0", "2.0", "6.0"):
        text = file.read_text()
        file.write_text(text[: text.index("LOW = ")] + f"LOW = {low}" + text[text.index("LOW = ") + 9 :])
        cleaning.ok("run", "cleaning.pipelines:here")
    assert "output: 6\n" in cleaning.ok("run", "cleaning.pipelines:here").out


def test_nothing_is_told_of_files_that_are_not_imported(cleaning: Project, tmp_path: Path):
    assert lines(
        cleaning,
        "sys.modules.pop('cleaning.clean'); edit('LOW = 0.0', 'LOW = 6.00')",
        "reload(cleaning.pipelines)",
        "run()",
    ) == ["6.0 succeeded"]
