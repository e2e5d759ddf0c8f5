"""Manifests: the text that stands behind a code digest, for `why`."""

import json
from collections.abc import Iterable

from headrace.core.digests import digest_parts
from headrace.ports.code import Code, CodeRow

CODE_FORMAT = "headrace-code-1"
"""Raised when what a code digest means changes."""
_MANIFEST_FORMAT = 1


def code_digest(root: str, rows: Iterable[CodeRow]) -> str:
    """The digest of a step's code: its symbol and all reached symbols with their fingerprints, nothing else.

    Where they stand and what else is in their files does not count, so a manifest is found by its code's digest, and
    the first one written stays.
    """
    return digest_parts((CODE_FORMAT, root, "\n".join(f"{row.symbol} {row.fingerprint}" for row in rows)))


def manifest_text(code: Code) -> str:
    """A code with its rows, files, distributions and notes as JSON."""
    symbols = {row.symbol: number for number, row in enumerate(code.rows)}
    files = sorted({row.file for row in code.rows})
    places = {file: number for number, file in enumerate(files)}
    rows = [
        [
            row.symbol,
            row.fingerprint,
            places[row.file],
            row.first_line,
            row.last_line,
            symbols.get(row.through, row.through),
        ]
        for row in code.rows
    ]
    data = {
        "format": _MANIFEST_FORMAT,
        "digest": code.digest,
        "files": code.files,
        "distributions": code.distributions,
        "notes": code.notes,
        "places": files,
        "rows": rows,
    }
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))


def read_manifest(text: str) -> Code:
    """The code that `manifest_text` wrote."""
    data = json.loads(text)
    places, rows = data["places"], data["rows"]
    return Code(
        data["digest"],
        tuple(
            CodeRow(symbol, print_, places[place], first, last, rows[via][0] if isinstance(via, int) else via)
            for symbol, print_, place, first, last, via in rows
        ),
        tuple((path, digest) for path, digest in data["files"]),
        tuple(data["distributions"]),
        tuple(data["notes"]),
    )
