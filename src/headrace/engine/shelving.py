"""What of a computed value's circumstances is settled when it is stored: paths as they were, code that was named."""

from collections.abc import Sequence

from msgspec.structs import replace

from headrace.core.errors import SourceError
from headrace.ports.code import FileDigests, ReadTokens, Touched


def are_unchanged(paths: Sequence[tuple[str, str]], files: FileDigests, seen: dict[str, str]) -> bool:
    """Whether the files that arguments name are as they were when the key was made: else nothing is stored.

    `paths` pairs them with the digests in the key; `seen` keeps the digests of one turn.
    """
    try:
        for path, digest in paths:
            if path not in seen:
                seen[path] = files.digest_of(path)
            if seen[path] != digest:
                return False
    except SourceError:
        return False
    return True


def with_tokens(touched: Touched, tokens: ReadTokens | None) -> Touched:
    """What an attempt has taken by a name, with what that is now."""
    if tokens is None or not touched.reads:
        return touched
    return replace(touched, reads=tuple((read, token or tokens.token_of(read)) for read, token in touched.reads))
