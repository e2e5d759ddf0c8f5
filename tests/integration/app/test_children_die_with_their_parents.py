"""The process that does a command's work does not outlive the one that watches it, at whatever moment that goes."""

import signal
import subprocess
import sys

import pytest

from headrace.app.runs.supervising import can_supervise

PROGRAM = """
import os, sys
from headrace.app.runs.supervising import _die_with

life, held = os.pipe()
if sys.argv[1] == "before":
    os.close(held)
_die_with(life)
print("asked", flush=True)
if sys.argv[1] == "after":
    os.close(held)
    __import__("time").sleep(10)
print("alive", flush=True)
"""


@pytest.mark.skipif(not can_supervise(), reason="nothing is supervised under a debugger, or away from Linux")
@pytest.mark.parametrize(
    ("moment", "status", "said"),
    [("before", -signal.SIGKILL, []), ("after", -signal.SIGKILL, ["asked"]), ("never", 0, ["asked", "alive"])],
)
def test_a_child_ends_once_its_parent_is_gone(moment: str, status: int, said: list[str]):
    command = [sys.executable, "-c", PROGRAM, moment]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout.split(), done.stderr) == (status, said, "")
