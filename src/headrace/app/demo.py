"""`headrace demo`: the flights example as a user would live it, each command shown before it runs."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from headrace.app.projects.examples import copy_example
from headrace.app.session import Session
from headrace.core.errors import HeadraceError, UsageError

Say = Callable[[str], None]

NEEDED = ("lightgbm", "matplotlib", "numpy", "polars", "pyarrow", "sklearn", "skops")
"""What the example imports beyond what Headrace itself requires: the extra `demo`."""
TRAINING = ("run", "training", "-p", "until=2013-04-01")
EDITED = "flights/evaluation.py"
BEFORE = 'rates = train.group_by("carrier").agg(rate=pl.col("late").mean())'
AFTER = 'rates = train.group_by("carrier").agg(rate=(pl.col("late").sum() + 20) / (pl.len() + 100))'
MEASURES = {"auc": "AUC", "log_loss": "log loss", "calibration_error": "calibration error"}

Scores = Mapping[str, Mapping[str, Any]]
"""Each method's measures by name; the last method is the rule that the others are held against."""


def show(folder: Path | None, say: Say) -> int:
    """Walk through training, reuse, a change and its explanation; 0 if all of it went as it should.

    Without a folder the project lives in a temporary one. Raises UsageError if the example's libraries are missing.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(f"The demo needs {', '.join(missing)}, too. Install them: pip install 'headrace[demo]'.")
    if folder is not None:
        return _walk(copy_example("flights", folder), say) or _say_next(say, f"The project stays in {folder}.")
    with tempfile.TemporaryDirectory(prefix="headrace-demo-") as place:
        status = _walk(copy_example("flights", Path(place) / "flights"), say)
    return status or _say_next(say, "The project was a temporary one; `headrace demo --folder flights` keeps it.")


def _walk(project: Path, say: Say) -> int:
    say("Which flights from New York will arrive late? 336,776 departures of 2013, each asked about")
    say("two hours before it leaves. (About a minute on two cores.)")
    say("\n1. Train three methods in parallel on January to March; judge each on the last four weeks.\n")
    if _headrace(project, say, *TRAINING):
        return 1
    first = _scores(project)
    say("\n   Beside the rule that knows only how often each carrier is late:\n")
    say(_table(first))
    say("\n2. The same again. Nothing has changed, so nothing is computed.\n")
    began = time.perf_counter()
    if _headrace(project, say, *TRAINING, "--quiet"):
        return 1
    say(f"   {time.perf_counter() - began:.2f} s for the whole command, the start of Python included.")
    say("\n3. Change one function: that rule now draws carriers with few flights towards 20 %.\n")
    _edit(project / EDITED)
    say(f"   {EDITED}, in carrier_rates\n   - {BEFORE}\n   + {AFTER}\n")
    if _headrace(project, say, *TRAINING):
        return 1
    say(f"\n   {_difference(first, _scores(project))}")
    say("\n4. Why was the rule computed again, and no model fitted?\n")
    return _headrace(project, say, "why", "last", "evaluate_baseline") or _headrace(project, say, "why", "last", "fit")


def _say_next(say: Say, where: str) -> int:
    say(f"\n{where}\nNext: `headrace init my-project` writes a small project of your own.")
    return 0


def _headrace(project: Path, say: Say, *arguments: str) -> int:
    say(f"$ headrace {' '.join(arguments)}")
    status = subprocess.run([sys.executable, "-m", "headrace", *arguments], cwd=project, check=False).returncode
    if status:
        say(f"The command above ended with exit code {status}; the demo stops here.")
    return status


def _scores(project: Path) -> Scores:
    """What the step `choose` of the last run has logged as its comparison."""
    frame = Session(project=project).get_run("last").step("choose").logged("table", "comparison")
    return {row["algorithm"]: row for row in frame.iter_rows(named=True)}


def _table(scores: Scores) -> str:
    """One line a method, narrow enough for eighty columns."""
    width = max(len(name) for name in scores)
    lines = [f"   {'method':<{width}}  {'  '.join(MEASURES.values())}  loss saved a flight"]
    for name, row in scores.items():
        cells = (f"{row[measure]:>{len(title)}.3f}" for measure, title in MEASURES.items())
        saved = f"{row['gain']:.3f} ± {row['gain_error']:.3f}" if row["gain_error"] else "(the rule)"
        lines.append(f"   {name:<{width}}  {'  '.join(cells)}  {saved}")
    return "\n".join(lines)


def _difference(before: Scores, after: Scores) -> str:
    name = list(after)[-1]
    changes = [f"{MEASURES[key]} {before[name][key]:.4f} → {after[name][key]:.4f}" for key in ("auc", "log_loss")]
    return f"{name}: {', '.join(changes)}"


def _edit(path: Path) -> None:
    text = path.read_text()
    if BEFORE not in text:
        raise HeadraceError(f"The example's {path.name} is not the one that this demo knows; install headrace again.")
    path.write_text(text.replace(BEFORE, AFTER))
