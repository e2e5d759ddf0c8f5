"""A pytest file for one attempt of a stored run: its inputs are kept beside it, so that it needs no store."""

import json
import re
from pathlib import Path

from headrace.app.rooms import Rooms
from headrace.app.runs.replaying import Attempt
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.errors import UsageError
from headrace.core.ids import short_id
from headrace.core.symbols import MAIN, main_name
from headrace.core.values import Value, value_to_json
from headrace.ports.records import RunRecord

_TEMPLATE = '''"""Step `{step}` with the inputs that it had in run {run} of {pipeline}."""

from pathlib import Path

from headrace.testing import stored_case
from {module} import {name}

CASE = stored_case(Path(__file__).parent / "{folder}")


def test_{title}():
    result = CASE.call({name})
{check}
'''
_SAME = "    assert CASE.is_output(result), result  # what the run has stored, byte by byte"
_NONE = "    assert result is not None  # the run has no value of this step: {why}"


def write_test(rooms: Rooms, run: RunRecord, attempt: Attempt, *, folder: Path, failure: str) -> list[Path]:
    """Write `test_STEP_RUN.py` and its inputs into a folder; the paths of both. `failure` is why there is no output.

    Raises UsageError if the step stands in no module that could be imported, or the file is there already.
    """
    module = (main_name() if attempt.symbol.module == MAIN else attempt.symbol.module) or ""
    if not module:
        module = _module_of(rooms, Path(attempt.symbol.file))
    item = f"_{attempt.item}" if attempt.item >= 0 else ""
    title = f"{re.sub(r'[^0-9A-Za-z]+', '_', attempt.step)}{item}_{short_id(run.id)}"
    file, data = folder / f"test_{title}.py", folder / "cases" / title
    if file.exists() or data.exists():
        raise UsageError(f"{file if file.exists() else data} is there already; remove it, or say another --into.")
    data.mkdir(parents=True)
    store = LocalArtifactStore(data, pickles=rooms.settings.pickles, trusted=rooms.settings.trusted)
    kept = {name: _kept(store, value, name) for name, value in attempt.arguments.items()}
    output = None if attempt.stored is None else _kept(store, rooms.artifacts.get(attempt.stored), "output")
    text = {
        "inputs": {name: value_to_json(value) for name, value in kept.items()},
        "output": None if output is None else value_to_json(output),
        "trusted": list(rooms.settings.trusted),
    }
    (data / "case.json").write_text(json.dumps(text, indent=1) + "\n")
    check = _SAME if output is not None else _NONE.format(why=" ".join(failure.split()) or "it was never computed")
    words = {"step": attempt.step, "run": short_id(run.id), "pipeline": run.pipeline, "module": module}
    root, *rest = attempt.symbol.qualname.split(".")
    name = ".".join([root, *rest])
    file.write_text(
        _TEMPLATE.format(**words, name=name, folder=f"cases/{title}", title=title, check=check).replace(
            f"import {name}\n", f"import {root}\n"
        )
    )
    return [file, data]


def _kept(store: LocalArtifactStore, value: object, name: str) -> Value:
    return store.put(value, owner=f"{name!r} of the test case")


def _module_of(rooms: Rooms, file: Path) -> str:
    root = rooms.settings.root
    if file.suffix == ".py" and file.is_relative_to(root):
        return ".".join(file.relative_to(root).with_suffix("").parts)
    raise UsageError("The step stands in no file that a test could import. Put it into a module of the project.")
