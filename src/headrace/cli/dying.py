"""What `run` answers when the process of its run has died, and where the answers of steps and ours are kept apart."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

from headrace.app.answers import advice
from headrace.app.projects import settings
from headrace.app.rooms import Rooms
from headrace.app.runs import deaths
from headrace.app.runs.conducting import CANCELLED
from headrace.app.runs.lifeline import Lifeline
from headrace.app.runs.supervising import Ended
from headrace.cli.error_lines import print_message
from headrace.core.errors import StoreError, UnknownNameError
from headrace.core.states import State
from headrace.ports.records import RunRecord


def status_of(record: RunRecord) -> int:
    """The exit code of a run."""
    return {State.SUCCEEDED: 0, State.CANCELLED: CANCELLED}.get(record.state, 1)


def died(lifeline: Lifeline, ended: Ended) -> int | None:
    """The exit code after a child has ended; None if the run goes on in a new one.

    Raises DiedBeforeRunError.
    """
    if lifeline.ending.isdigit():
        return int(lifeline.ending)
    if not lifeline.run_id:
        return ended.status if lifeline.ending else _died_before_run(ended)
    rooms = Rooms(settings.read_settings())
    try:
        if lifeline.ending:  # an error is told already; what it has left open is closed, if the store can still be used
            with suppress(StoreError, UnknownNameError):
                deaths.record_end(
                    rooms, lifeline.run_id, None if ended.was_asked else deaths.broken_off(lifeline.run_id)
                )
            return ended.status
        return _died_in_run(rooms, lifeline, ended)
    finally:
        if "stores" in vars(rooms):
            rooms.stores.close()  # no connection may cross the next fork


def _died_before_run(ended: Ended) -> int:
    if ended.was_asked:
        print_message("cancelled", "Cancelled. Nothing was started.")
        return CANCELLED
    raise deaths.DiedBeforeRunError(ended.death)


def _died_in_run(rooms: Rooms, lifeline: Lifeline, ended: Ended) -> int | None:
    if not ended.was_asked:
        lifeline.resumes = deaths.record_crash(rooms, lifeline, ended.death)
        if lifeline.resumes is not None:
            return None
    cause = None if ended.was_asked else deaths.failure_of_run(ended.death)
    record = deaths.record_end(rooms, lifeline.run_id, cause)
    deaths.tell_end(record, advice.commands(record), is_told=lifeline.has_told)
    return status_of(record)


@contextmanager
def answers_apart() -> Generator[None, None, None]:
    """Within, descriptor 1 is standard error: what steps and their children write there is no answer of ours."""
    sys.stdout.flush()
    out = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(out, 1)
        os.close(out)


@contextmanager
def if_anybody_reads() -> Generator[None, None, None]:
    """Within, it is no error that the terminal or pipe has gone: the run's own end is what the exit code tells."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for fd in (1, 2):  # or Python would complain when it flushes them at its end
            os.dup2(nowhere, fd)
