"""A pytest file for one attempt of a stored run: its inputs are kept beside it, so that it needs no store."""

import json
import re
import shutil
from pathlib import Path

from headrace.app.projects.main_script import module_of
from headrace.app.rooms import Rooms
from headrace.app.runs.replaying import Attempt
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.errors import UsageError
from headrace.core.ids import short_id
from headrace.core.symbols import MAIN
from headrace.core.values import Value, value_to_json
from headrace.ports.records import RunRecord

_TEMPLATE = '''"""Step {what}."""

from pathlib import Path

from headrace.testing import stored_case
from {module} import {first}

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
    symbol = attempt.symbol
    module = module_of(symbol.file, rooms.settings) if symbol.module == MAIN else symbol.module
    if not all(part.isidentifier() for part in module.split(".")):
        raise UsageError("The step stands in no file that a test could import. Put it into a module of the project.")
    item = f"_{attempt.item}" if attempt.item >= 0 else ""
    title = f"{re.sub(r'[^0-9A-Za-z]+', '_', attempt.step)}{item}_{short_id(run.id)}"
    file, data = folder / f"test_{title}.py", folder / "cases" / title
    if file.exists() or data.exists():
        raise UsageError(f"{file if file.exists() else data} is there already; remove it, or say another --into.")
    data.mkdir(parents=True)
    try:
        text = _case(rooms, attempt, data)
        (data / "case.json").write_text(json.dumps(text, indent=1) + "\n")
        why = " ".join(failure.split()) or "it was never computed"
        file.write_text(
            _TEMPLATE.format(
                what=f"{attempt.step} with the inputs that it had in run {short_id(run.id)} of {run.pipeline}",
                module=module,
                first=symbol.qualname.partition(".")[0],
                name=symbol.qualname,
                folder=f"cases/{title}",
                title=title,
                check=_NONE.format(why=why) if text["output"] is None else _SAME,
            ),
            encoding="utf-8",
            errors="backslashreplace",
        )
    except BaseException:
        shutil.rmtree(data)  # half a case would stand in the way of the next try
        file.unlink(missing_ok=True)
        raise
    return [file, data]


def _case(rooms: Rooms, attempt: Attempt, data: Path) -> dict[str, object]:
    store = LocalArtifactStore(data, pickles=rooms.settings.pickles, trusted=rooms.settings.trusted)
    kept = {name: _kept(store, value, name) for name, value in attempt.arguments.items()}
    output = None if attempt.stored is None else _kept(store, rooms.artifacts.get(attempt.stored), "output")
    return {
        "inputs": {name: value_to_json(value) for name, value in kept.items()},
        "output": None if output is None else value_to_json(output),
        "trusted": list(rooms.settings.trusted),
    }


def _kept(store: LocalArtifactStore, value: object, name: str) -> Value:
    return store.put(value, owner=f"{name!r} of the test case")
