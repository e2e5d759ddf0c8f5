"""What Python prints when a call of Headrace raises in a script: the user's lines, and none of ours."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

SCRIPT = """
import sys

import headrace as hr


@hr.step
def fit(x: int) -> int:
    return 1 // x


@hr.pipeline
def training(x: int = 0) -> int:
    return fit(x)


@hr.pipeline
def broken(x: int = 0) -> int:
    [][x == 0]
    return fit(x)


@hr.pipeline
def mistaken(x: int = 0) -> int:
    [][3]
    return fit(x)


CALLS = {
    "parameter": lambda: hr.run(training, y=3),
    "failure": lambda: hr.Session(quiet=True).run(training),
    "definition": lambda: hr.plan(broken),
    "body": lambda: hr.plan(mistaken),
    "run": lambda: hr.get_run("nothing"),
    "condition": lambda: hr.runs(where="auc"),
    "bug": lambda: hr.run(training),
}

if sys.argv[1:] == ["bug"]:
    import headrace.app.projects.settings
    headrace.app.projects.settings.find_root = int  # which takes no path


if __name__ == "__main__":
    CALLS[sys.argv[1]]()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "scripts"\nversion = "0"\n')
    (tmp_path / "script.py").write_text(SCRIPT)
    return Project(tmp_path)


def frames(text: str) -> list[str]:
    return [line.split('"')[1].rpartition("/")[2] for line in text.splitlines() if line.startswith('  File "')]


@pytest.mark.parametrize("call", ["parameter", "failure", "definition", "run", "condition"])
def test_an_error_of_ours_shows_the_call_and_no_frame_behind_it(project: Project, call: str):
    answer = project.script(str(project.folder / "script.py"), call)
    assert answer.status == 1
    assert set(frames(answer.err)) <= {"script.py", "session.py"}
    assert frames(answer.err).count("session.py") <= 1


def test_an_error_in_a_pipeline_s_body_shows_the_line_of_the_body(project: Project):
    answer = project.script(str(project.folder / "script.py"), "body")
    assert frames(answer.err) == ["script.py", "script.py", "session.py", "script.py"]
    assert "in mistaken" in answer.err
    assert "IndexError" in answer.err


def test_an_error_that_is_headrace_s_own_fault_keeps_the_frames_that_tell_where(project: Project):
    answer = project.script(str(project.folder / "script.py"), "bug")
    assert "TypeError" in answer.err
    assert "settings.py" in frames(answer.err)


def test_all_frames_are_shown_to_who_asks_for_them(project: Project):
    asked = project.python(
        f"import os\nos.environ['HEADRACE_TRACEBACK'] = '1'\n{SCRIPT.partition('if __name__')[0]}\nCALLS['body']()\n"
    )
    assert len(frames(asked.err)) > 5
