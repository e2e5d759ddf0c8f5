"""Ids of runs, step runs and attempts: UUIDs of version 7, sortable by time, as 32 lower-case hex digits."""

import uuid_utils


def new_id() -> str:
    """A new id; ids made later in one process sort later."""
    return uuid_utils.uuid7().hex


def short_id(identifier: str) -> str:
    """The last eight digits: the random part, which people read and type. Every command takes it for the whole id."""
    return identifier[-8:]
