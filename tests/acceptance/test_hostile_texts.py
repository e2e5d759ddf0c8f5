"""What users and their libraries write reaches the terminal as text: nothing in it steers the terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project
from acceptance.terminal import Terminal

pytestmark = pytest.mark.slow

FLOW = r"""
import headrace as hr


@hr.step(name="st\x1bep")
def loud(word: str) -> str:
    print("\x1b[32mgreen\x1b[0m and \x1b[2Jcleared")
    hr.log_param("p\u202eq".encode("ascii", "ignore").decode(), word)
    if word == "fail":
        raise ValueError("first \x1b[2J line\nsecond \x9b31m line")
    return word


@hr.pipeline
def hostile(word: str = "w\x1b[31mord\n") -> str:
    return loud(word)
"""
STEERING = [*map(chr, {*range(32), *range(127, 160)} - {10, 9}), "\u202e"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "hostile"\nversion = "0"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    return Project(tmp_path)


COMMANDS = (
    ["plan", "flow:hostile"],
    ["runs"],
    ["show"],
    ["why", "last", "st\x1bep"],
    ["logs"],
    ["artifacts"],
    ["show", "no\x1b[31msuch"],
    ["why", "last", "no\x1b[31msuch"],
)


@pytest.mark.parametrize("word", ["w\x1b[31mord\n", "fail"])
def test_nothing_of_a_user_s_steers_the_terminal(project: Project, word: str):
    name, note = "two\nlines \x1b[31mred \u202e", "note \x1b[2J\x07"
    given = ("--name", name, "--note", note, "--tag", "t\x1b[5m", "-p", f"word={word}")
    answers = [project.headrace("run", "flow:hostile", *given), *(project.headrace(*one) for one in COMMANDS)]
    for answer in answers:
        found = [repr(one) for one in STEERING if one in answer.out + answer.err]
        assert not found, answer
        assert "error[internal" not in answer.err
    assert r"two\nlines \x1b[31mred \u202e  #t\x1b[5m" in answers[2].out
    assert r"note \x1b[2J\x07" in answers[3].out


def test_log_lines_lose_their_colours_in_a_pipe_and_show_the_rest(project: Project):
    project.ok("run", "flow:hostile")
    assert project.ok("logs").out == "st\\x1bep | green and \\x1b[2Jcleared\n"
    assert project.ok("logs", "--json").data["text"] == "\x1b[32mgreen\x1b[0m and \x1b[2Jcleared"


def test_log_lines_keep_their_colours_on_a_terminal_and_no_more(project: Project):
    project.ok("run", "flow:hostile")
    told = on_a_terminal(project, "logs", "last")
    assert "\x1b[32mgreen\x1b[0m and \\x1b[2Jcleared\x1b[0m" in told
    assert "\x1b[2J" not in told


def test_what_a_step_prints_while_the_terminal_redraws_is_shown_and_logged(project: Project):
    project.edit("flow.py", "    print(", "    import time\n\n    time.sleep(0.5)\n    print(")
    told = on_a_terminal(project, "run", "flow:hostile")
    assert "st\\x1bep | \x1b[32mgreen\x1b[0m and \\x1b[2Jcleared" in told
    assert project.ok("logs", "--json").data["text"] == "\x1b[32mgreen\x1b[0m and \x1b[2Jcleared"


def test_a_step_that_prints_much_while_the_terminal_redraws_comes_to_its_end(project: Project):
    lines = (
        "    import time\n\n    for number in range(400):\n        print('line', number)\n        time.sleep(0.002)\n"
    )
    project.edit("flow.py", "    print(", f"{lines}    print(")
    terminal = Terminal(project.folder, [sys.executable, "-m", "headrace", "run", "flow:hostile"], patience_s=30)
    assert terminal.end() == 0
    assert "line 399" in terminal.text


def on_a_terminal(project: Project, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "headrace", *arguments]
    subprocess.run(command, cwd=project.folder, env=environment, stdout=theirs, stderr=theirs, check=True, timeout=60)
    os.close(theirs)
    told = b""
    try:
        while piece := os.read(ours, 65536):
            told += piece
    except OSError:
        pass  # Linux says so when everything has been read and nobody writes any more
    os.close(ours)
    return told.decode()
