"""BLAKE3 digests as lower-case hex text: of bytes, and of sequences of texts without ambiguity."""

from collections.abc import Iterable

from blake3 import blake3


def digest_bytes(content: bytes) -> str:
    """The BLAKE3 digest of these bytes."""
    return blake3(content).hexdigest()


def digest_parts(parts: Iterable[str]) -> str:
    """The digest of a sequence of texts.

    ("ab", "c") and ("a", "bc") differ, because each part is hashed with its length.
    """
    pieces: list[bytes] = []
    for part in parts:
        content = part.encode("utf-8", "surrogatepass")
        pieces += (b"%d:" % len(content), content)
    # one call: most sequences are a few short texts, for which a call costs more than the hash
    return blake3(b"".join(pieces)).hexdigest()
