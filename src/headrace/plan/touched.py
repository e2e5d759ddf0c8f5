"""Whether what an attempt touched beside its arguments is still the same, so that its result may stand. Pure: digests
and tokens come from the caller.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

Pairs = Sequence[tuple[str, str]]


class Touches(Protocol):
    """What was touched, as the port to the trace gives it: pairs of a name and a digest or token."""

    @property
    def files(self) -> Pairs:
        """Files and folders by path."""
        ...

    @property
    def modules(self) -> Pairs:
        """Project modules outside the closure by path."""
        ...

    @property
    def reads(self) -> Pairs:
        """Things read through `hr.` by kind and name."""
        ...

    @property
    def directory(self) -> str:
        """The working directory, if a file was named relative to it."""
        ...


class Digests(Protocol):
    """Content digests by path; empty for what is not there."""

    def digest_of(self, path: str) -> str:
        """The digest now."""
        ...

    def here(self) -> str:
        """The working directory now."""
        ...


def verify_touched(touched: Touches, files: Digests, token_of: Callable[[str], str] | None = None) -> str:
    """Empty if everything that an attempt touched is still the same, else the first difference in words.

    `token_of` gives the present token of something read through `hr.` by its kind and name; without it such reads
    are not looked at here.
    """
    if touched.directory and touched.directory != files.here():
        return f"it read a relative path in another directory: {touched.directory}"
    for path, digest in touched.files:
        difference = _difference(path, digest, files.digest_of(path))
        if difference:
            return difference
    for path, digest in touched.modules:
        if files.digest_of(path) != digest:
            return f"module `{path}`, which it loaded, changed"
    for name, token in touched.reads if token_of is not None else ():
        if token_of is not None and token_of(name) != token:
            return f"{name.replace(':', ' ', 1)}, which it read, changed"
    return ""


def _difference(path: str, before: str, now: str) -> str:
    if before == now:
        return ""
    if path.endswith("/"):
        return f"other files are in folder `{path}`, which it listed"
    if " " in before:
        return f"file `{path}` {before}"
    if not before:
        return f"file `{path}`, which it looked for, is there now"
    return f"file `{path}`, which it read, {'changed' if now else 'is gone'}"
