"""The text behind the rows of a manifest, kept as documents so that two runs' code can be held against each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from headrace.core.digests import digest_bytes, digest_parts
from headrace.ports.code import Code, CodeRow

_FORMAT = "headrace-source-1"
LONGEST_TEXT = 64 << 10
"""Characters of a piece that are kept at most: a table written as a constant is told by its lines alone."""


def text_key(symbol: str, fingerprint: str) -> str:
    """Under which digest the text of a reached binding is kept.

    Comments and docstrings that no key sees do not count, so the first text of a fingerprint stays.
    """
    return digest_parts((_FORMAT, symbol, fingerprint))


def has_text(row: CodeRow) -> bool:
    """Whether a row stands for lines of a file that say what it is: no import, no library, no effect of importing."""
    name = row.symbol.partition(":")[2]
    return bool(row.first_line) and name[:1] != "<" and name != "__doc__" and not row.fingerprint.startswith("import ")


def source_texts(root: Path, code: Code, known: Mapping[str, str]) -> dict[str, str]:
    """The texts of what a code reaches, by `text_key`; none of `known` ones and of files that have changed."""
    wanted: dict[str, list[CodeRow]] = {}
    for row in code.rows:
        if has_text(row) and text_key(row.symbol, row.fingerprint) not in known:
            wanted.setdefault(row.file, []).append(row)
    digests, found = dict(code.files), dict[str, str]()
    for file, rows in wanted.items():
        lines = _lines_of(root / file, digests.get(file, ""))
        if lines is not None:
            members = [row for row in code.rows if row.file == file]
            found.update((text_key(row.symbol, row.fingerprint), _text(row, lines, members)) for row in rows)
    return {key: text for key, text in found.items() if len(text) <= LONGEST_TEXT}


def _lines_of(path: Path, digest: str) -> list[str] | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if digest_bytes(content) != digest:
        return None
    text = content.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")  # as Python counts lines: a form feed ends none


def _text(row: CodeRow, lines: Sequence[str], rows: Sequence[CodeRow]) -> str:
    """The lines of a row; of a class without its methods, which have rows of their own."""
    left_out: set[int] = set()
    for one in rows:
        if one.symbol.startswith(f"{row.symbol}."):
            left_out.update(range(one.first_line, one.last_line + 1))
    return "\n".join(lines[number - 1] for number in range(row.first_line, row.last_line + 1) if number not in left_out)
