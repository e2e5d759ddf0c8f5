"""The door to the judging of types: most values are of the very class that is declared, and never open it."""

from typing import Any


def difference(value: object, annotation: Any) -> str:
    """See `definition.holding`."""
    from headrace.definition import holding

    return holding.difference(value, annotation)
