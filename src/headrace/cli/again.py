"""`replay` and `test-case`: one attempt of a run again, in the foreground or as a test."""

import os
import pdb
import sys
from contextlib import chdir
from pathlib import Path

import click

from headrace.app.answers import looking
from headrace.app.answers.value_texts import value_text
from headrace.app.projects import settings
from headrace.app.rooms import Rooms
from headrace.app.runs import replaying, test_files
from headrace.cli import completing
from headrace.core.errors import UsageError
from headrace.core.ids import short_id
from headrace.core.visible import visible

_ITEM = click.option("--item", type=click.IntRange(min=0), help="The item of a map (default: the first that failed).")
_SAME = {
    True: "equal to the value that the run has",
    False: "different from the value that the run has",
    None: "the run has no value of it",
}


@click.command()
@click.argument("run", shell_complete=completing.runs)
@click.argument("step", shell_complete=completing.steps_of_run)
@_ITEM
@click.option("--pdb", "is_debugged", is_flag=True, help="Step through it under Python's debugger.")
def replay(run: str, step: str, item: int | None, *, is_debugged: bool) -> int:
    """Call STEP of RUN again in the foreground, with the inputs that it had. Stores nothing."""
    rooms = Rooms(settings.read_settings(), is_reading=True)
    found = looking.find_run(rooms, run)
    attempt = replaying.attempt_of(rooms, found, looking.find_step(rooms, found, step), item=item)
    which = f" item {attempt.item}" if attempt.item >= 0 else ""
    print(f"replaying {visible(attempt.step)}{which} of run {short_id(found.id)}", file=sys.stderr)
    os.environ.update(attempt.secrets)
    folder = rooms.settings.root / attempt.folder
    with chdir(folder if folder.is_dir() else Path.cwd()):
        try:
            result = attempt.call(pdb.Pdb().runcall if is_debugged else None)
        except Exception as error:  # noqa: BLE001 - the step's own, which is what somebody wants to see
            return _failed(error, is_debugged=is_debugged)
        _print_result(rooms, attempt, result)
    return 0


def _failed(error: Exception, *, is_debugged: bool) -> int:
    failure = replaying.failure_of_call(error)
    print(visible(failure.traceback, keep="\n"), file=sys.stderr)
    print(visible(failure.message), file=sys.stderr)
    if is_debugged:
        pdb.post_mortem(error.__traceback__)
    return 1


def _print_result(rooms: Rooms, attempt: replaying.Attempt, result: object) -> None:
    forecast = Rooms(rooms.settings, is_reading=True, is_forecast=True)
    made = forecast.artifacts.put(result, owner=f"the output of step {attempt.step!r}")
    print(f"output: {visible(value_text(made, 200))}")
    is_same = replaying.is_as_stored(forecast, attempt, result)
    print(_SAME[is_same])


@click.command()
@click.argument("run", shell_complete=completing.runs)
@click.argument("step", shell_complete=completing.steps_of_run)
@_ITEM
@click.option("--into", "folder", default="tests", type=click.Path(file_okay=False), help="Where (default: tests).")
def test_case(run: str, step: str, item: int | None, *, folder: str) -> None:
    """Write a pytest file that calls STEP with the inputs that it had in RUN, and keep those beside it."""
    rooms = Rooms(settings.read_settings(), is_reading=True)
    found = looking.find_run(rooms, run)
    record = looking.find_step(rooms, found, step)
    attempt = replaying.attempt_of(rooms, found, record, item=item)
    failure = record.failure.message if record.failure is not None else ""
    try:
        written = test_files.write_test(rooms, found, attempt, folder=Path(folder), failure=failure)
    except OSError as error:
        raise UsageError(f"The test cannot be written into {folder}: {error}.") from error
    for path in written:
        print(path)
