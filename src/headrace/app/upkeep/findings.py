"""What a look at machine, project and store has found, one thing at a time."""

from typing import Literal

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One thing looked at: `ok`, `note` (works, but…) or `problem`, in words; `mend` is the command that mends it."""

    what: str
    verdict: Literal["ok", "note", "problem"]
    text: str
    mend: str = ""
