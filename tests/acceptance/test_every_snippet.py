"""Every snippet of the README and the documentation runs, page by page, in a project of its own.

A fenced block ```python title="file.py"``` (or ```toml title="…"```) is written to that file; Python without a title is run as a script.
In ```console``` blocks the lines that begin with `$ ` are run by a shell; `# exit 1` behind one says how it ends, and the lines below it have
to be printed by it, in that order (`…` stands for anything; ids, times and sizes may differ). Blocks of other kinds are only shown, and so is
a block that is preceded by the line `<!-- shown only: reason -->`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "decisions" not in path.parts)
BLOCK = re.compile(
    r"(?P<only><!-- shown only: .+? -->\n+)?^```(?P<kind>python|console|toml)(?P<head>[^\n]*)\n(?P<body>.*?)^```$",
    re.S | re.M,
)
COMMAND = re.compile(r"^\$ (?P<command>.+?)(?:\s+# exit (?P<status>\d+))?$")
VARYING = (
    (re.compile(r"\b(?=[0-9a-f]*\d)(?:[0-9a-f]{8}|[0-9a-f]{12,64})\b"), "<id>"),
    (re.compile(r"just now|\b\d+ (?:s|min|h|d) ago"), "<ago>"),
    (re.compile(r"<1 ms|\b\d+(?:\.\d+)? m?s\b|\b\d+ min \d+ s\b"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)? [kMG]?B\b"), "<size>"),
    (re.compile(r"\s+"), " "),
)
"""What may differ between two runs of one command, and what is compared instead."""


def blocks(page: Path) -> list[re.Match[str]]:
    return [block for block in BLOCK.finditer(page.read_text()) if not block["only"]]


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{ENVIRONMENT['PATH']}"
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={**ENVIRONMENT, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def comparable(line: str) -> str:
    for pattern, instead in VARYING:
        line = pattern.sub(instead, line)
    return line.strip()


def missing_lines(shown: list[str], printed: str) -> list[str]:
    """The first shown line that was not printed behind the one before, and all after it."""
    lines = iter([comparable(line) for line in printed.splitlines()])
    for number, line in enumerate(shown):
        wanted = re.compile(".*".join(re.escape(part.strip()) for part in comparable(line).split("…")))
        if not any(wanted.fullmatch(one) for one in lines):
            return shown[number:]
    return []


def run_console(body: str, folder: Path) -> Path:
    lines = body.splitlines()
    starts = [number for number, line in enumerate(lines) if COMMAND.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        found = COMMAND.match(lines[start])
        assert found
        if found["command"].startswith("cd "):
            folder = (folder / found["command"].removeprefix("cd ")).resolve()
            continue
        done = shell(found["command"], folder)
        assert done.returncode == int(found["status"] or 0), f"{lines[start]}\n{done.stdout}\n{done.stderr}"
        printed = done.stderr + done.stdout  # a step's display ends before a command prints what it has found
        missing = missing_lines([line for line in lines[start + 1 : end] if line.strip()], printed)
        assert not missing, f"{lines[start]}\ndid not print:\n" + "\n".join(missing) + f"\n\nbut:\n{printed}"
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_snippet_of_a_page_runs(page: Path, tmp_path: Path):
    folder = tmp_path
    (folder / "pyproject.toml").write_text('[project]\nname = "docs"\nversion = "0"\n')
    for number, block in enumerate(blocks(page)):
        title = re.search(r'title="([^"]+)"', block["head"])
        if block["kind"] == "console":
            folder = run_console(block["body"], folder)
        elif title:
            file = folder / title[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block["body"])
        elif block["kind"] == "python":
            script = folder / f"snippet_{number}.py"
            script.write_text(block["body"])
            done = shell(f"{sys.executable} {script.name}", folder)
            assert done.returncode == 0, f"{block['body']}\n{done.stderr}"
