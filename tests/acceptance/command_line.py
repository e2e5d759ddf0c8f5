"""A project in a folder and the command line in it, as a user has them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import headrace

ENVIRONMENT = {
    **{
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HEADRACE", "PYTEST", "PYTHONPATH", "PYTHONDONT"))
    },
    "NO_COLOR": "1",
    # the tree under test, wherever the installed one lies
    "PYTHONPATH": str(Path(headrace.__file__).parents[1]),
}


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


@dataclass(frozen=True)
class Answer:
    """What a command has printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON, by the letter: NaN and Infinity are none."""
        return json.loads(self.out, parse_constant=_refuse)


@dataclass(frozen=True)
class Project:
    """A project's folder, and how long a command in it may take."""

    folder: Path
    patience_s: float = 120

    def headrace(self, *arguments: str, **environment: str) -> Answer:
        """Run `headrace …` in the folder, whatever it ends with."""
        done = subprocess.run(
            [sys.executable, "-m", "headrace", *arguments],
            cwd=self.folder,
            env={**ENVIRONMENT, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=self.patience_s,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: str) -> Answer:
        """Run a command that has to succeed."""
        answer = self.headrace(*arguments)
        assert answer.status == 0, answer.err + answer.out
        return answer

    def python(self, code: str) -> Answer:
        """Run a script of the user's in the folder."""
        (self.folder / "script.py").write_text(code)
        return self.run_file("script.py")

    def run_file(self, place: str) -> Answer:
        """Run a script that lies in the folder."""
        return self.script(str(self.folder / place))

    def script(self, *arguments: str) -> Answer:
        """Run Python in the folder, whatever it ends with."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=self.patience_s,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def edit(self, file: str, before: str, after: str) -> None:
        """Change a file as an editor would; the text before has to be there."""
        path = self.folder / file
        text = path.read_text()
        assert before in text
        old = path.stat()
        path.write_text(text.replace(before, after))
        new = path.stat()
        if new.st_size == old.st_size and int(new.st_mtime) == int(old.st_mtime):
            # nobody edits twice a second, and Python would take the bytecode of the text before for that of this one
            os.utime(path, (new.st_atime, int(old.st_mtime) + 1))
