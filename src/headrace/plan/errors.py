"""Errors of planning: what cannot be planned, although the pipeline is sound."""

from headrace.core.errors import UsageError


class SelectionError(UsageError):
    """The steps that were selected contradict each other."""

    code = "usage.selection"
