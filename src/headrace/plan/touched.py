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

    @property
    def arguments(self) -> Sequence[str]:
        """The paths among the arguments, if other files were touched as well."""
        ...


class Digests(Protocol):
    """Content digests by path; empty for what is not there."""

    def digest_of(self, path: str) -> str:
        """The digest now."""
        ...

    def here(self) -> str:
        """The working directory now."""
        ...


def places_that_count(files: Pairs, arguments: Sequence[str]) -> tuple[str, ...]:
    """The paths among an attempt's arguments, if it touched files that are none of them.

    Where those lie may follow from where the arguments lie (`image.with_suffix(".json")`), which the key leaves out.
    """
    is_other = any(not any(_is_inside(name, path) for path in arguments) for name, _ in files)
    return tuple(arguments) if is_other else ()


def _is_inside(name: str, path: str) -> bool:
    """Whether a file is a path or lies in it. Of one that is named in another way (relative, absolute) nobody knows."""
    path = path.rstrip("/")
    return name.rstrip("/") == path or name.startswith(f"{path}/")


def verify_touched(
    touched: Touches,
    files: Digests,
    token_of: Callable[[str], str] | None = None,
    *,
    arguments: Sequence[str] | None = None,
) -> str:
    """Empty if everything that an attempt touched is still the same, else the first difference in words.

    `token_of` gives the present token of something read through `hr.` by its kind and name; without it such reads
    are not looked at here. `arguments` are the paths among the arguments now.
    """
    elsewhere = _elsewhere(touched, files, arguments)
    if elsewhere:
        return elsewhere
    for path, digest in touched.files:
        difference = _difference(path, digest, files.digest_of(path))
        if difference:
            return difference
    for path, digest in touched.modules:
        if files.digest_of(path) != digest:
            return f"module `{path}`, which it loaded, changed"
    for name, token in touched.reads if token_of is not None else ():
        if token_of is not None and token_of(name) != token:
            kind, _, place = name.partition(":")
            what = f"`{place.rstrip(':')}`" if kind == "code" else f"{kind} {place}"
            return f"{what}, which it took by its name, changed"
    return ""


def _elsewhere(touched: Touches, files: Digests, arguments: Sequence[str] | None) -> str:
    if touched.arguments and arguments is not None and tuple(touched.arguments) != tuple(arguments):
        return f"it read other files beside its path, which was another one: {', '.join(touched.arguments[:3])}"
    if touched.directory and touched.directory != files.here():
        return f"it read a relative path in another directory: {touched.directory}"
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
