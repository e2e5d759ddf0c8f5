"""`headrace demo`: the flights example as a user would live it, each command shown before it runs."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from headrace.app.examples import copy_example
from headrace.app.session import Session
from headrace.core.errors import HeadraceError

Say = Callable[[str], None]

TRAINING = ("run", "training", "-p", "until=2013-04-01")
EDITED = "flights/evaluation.py"
BEFORE = 'rates = train.group_by("carrier").agg(rate=pl.col("late").mean())'
AFTER = 'rates = train.group_by("carrier").agg(rate=(pl.col("late").sum() + 20) / (pl.len() + 100))'


def show(folder: Path | None, say: Say) -> int:
    """Walk through training, reuse, a change and its explanation; 0 if all of it went as it should."""
    if folder is not None:
        return _walk(copy_example("flights", folder), say)
    with tempfile.TemporaryDirectory(prefix="headrace-demo-") as place:
        return _walk(copy_example("flights", Path(place) / "flights"), say)


def _walk(project: Path, say: Say) -> int:
    say("Which flights from New York will be late? 336,776 departures of 2013, asked two hours before each.")
    say("\n1. Train three methods in parallel on January to March, each judged on the last four weeks.\n")
    if _headrace(project, say, *TRAINING):
        return 1
    say("\n" + _comparison(project))
    say("\n2. The same again: nothing has changed, so nothing is computed.\n")
    began = time.perf_counter()
    if _headrace(project, say, *TRAINING, "--quiet"):
        return 1
    say(f"   whole process: {time.perf_counter() - began:.2f} s; each value that was handed out is verified")
    say(f"\n3. Change one helper function: `carrier_rates` in {EDITED} now shrinks small carriers to the mean.\n")
    _edit(project / EDITED)
    say(f"   - {BEFORE}\n   + {AFTER}\n")
    if _headrace(project, say, *TRAINING):
        return 1
    say("\n4. Why was `evaluate_baseline` computed again, and the models not?\n")
    if _headrace(project, say, "why", "last", "evaluate_baseline") or _headrace(project, say, "why", "last", "fit"):
        return 1
    say("\nNext: `headrace init my-project` writes a small project of your own.")
    return 0


def _headrace(project: Path, say: Say, *arguments: str) -> int:
    say(f"$ headrace {' '.join(arguments)}")
    status = subprocess.run([sys.executable, "-m", "headrace", *arguments], cwd=project, check=False).returncode
    if status:
        say(f"The command above ended with exit code {status}; the demo stops here.")
    return status


def _comparison(project: Path) -> str:
    """The table that the step `choose` has logged, as the step itself would print it."""
    run = Session(project=project).get_run("last")
    return str(run.step("choose").logged("table", "comparison"))


def _edit(path: Path) -> None:
    text = path.read_text()
    if BEFORE not in text:
        raise HeadraceError(f"The example's {path.name} is not the one that this demo knows; install headrace again.")
    path.write_text(text.replace(BEFORE, AFTER))
