"""The way to answers that few ask for: what they need is loaded when one of them is asked for."""

from typing import Any

from headrace.app.rooms import Rooms
from headrace.ports.records import RunRecord


def diff_of(rooms: Rooms, before: RunRecord, after: RunRecord) -> Any:
    """What has changed from one run to another; see `run_diffs.diff_of`."""
    from headrace.app.answers import run_diffs

    return run_diffs.diff_of(rooms, before, after)
