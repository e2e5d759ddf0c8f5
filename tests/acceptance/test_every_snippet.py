"""Every snippet of the README and the documentation runs, page by page, in a project of its own.

A fenced block ```python title="file.py"``` is written to that file; one without a title is run as a script. In ```console``` blocks the
lines that begin with `$ ` are run by a shell; `# exit 1` behind one says how it ends. Blocks of other kinds are only shown, and so
is a block that is preceded by the line `<!-- shown only: reason -->`.
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
    r"(?P<only><!-- shown only: .+? -->\n+)?^```(?P<kind>python|console)(?P<head>[^\n]*)\n(?P<body>.*?)^```$",
    re.S | re.M,
)
COMMAND = re.compile(r"^\$ (?P<command>.+?)(?:\s+# exit (?P<status>\d+))?$")


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


def run_console(body: str, folder: Path) -> Path:
    for line in body.splitlines():
        found = COMMAND.match(line)
        if not found:
            continue
        if found["command"].startswith("cd "):
            folder = folder / found["command"].removeprefix("cd ")
            continue
        done = shell(found["command"], folder)
        assert done.returncode == int(found["status"] or 0), f"{line}\n{done.stdout}\n{done.stderr}"
    return folder


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
        else:
            script = folder / f"snippet_{number}.py"
            script.write_text(block["body"])
            done = shell(f"{sys.executable} {script.name}", folder)
            assert done.returncode == 0, f"{block['body']}\n{done.stderr}"
