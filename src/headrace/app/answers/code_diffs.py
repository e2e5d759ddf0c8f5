"""The functions, classes and constants that differ between two codes, with the lines that came and went."""

import difflib
from collections.abc import Callable

from msgspec import Struct

from headrace.code.manifests import read_manifest
from headrace.code.source_texts import text_key
from headrace.core.errors import UnknownNameError
from headrace.plan.explain import CodeChange, compare_code
from headrace.ports.code import Code

CONTEXT = 3
"""Lines around a change that are shown, as in `diff -u`."""


class CodeDifference(Struct, frozen=True):
    """What was `changed`, `added` or `removed`: its symbol, where it stands (or stood), the steps that reach it.

    `text` says it in one line, `patch` is the unified diff of its lines; empty where the older or newer text is not
    kept, or where what differs is none of its own lines.
    """

    kind: str
    symbol: str
    file: str
    first_line: int
    last_line: int
    steps: tuple[str, ...]
    text: str
    patch: tuple[str, ...]


class CodeDiffs:
    """Collects what differs in the codes of several steps; each thing once, each document read once."""

    def __init__(self, document: Callable[[str], str]) -> None:
        self._document = document
        self._codes: dict[str, Code | None] = {}
        self._found: dict[tuple[str, str], tuple[CodeChange, list[str], tuple[str, ...]]] = {}

    def add(self, step: str, before: str, after: str) -> None:
        """Hold the code of a step, by digest, against what it was."""
        if before == after:
            return
        old, new = self._code(before), self._code(after)
        if old is None or new is None:
            return
        for change in compare_code(old.rows, new.rows):
            key = (change.kind, change.symbol)
            if key not in self._found:
                self._found[key] = (change, [], tuple(self._patch(change, old, new)))
            self._found[key][1].append(step)

    def all(self) -> list[CodeDifference]:
        """What differs: changes first, nearest to a step first."""
        return [
            CodeDifference(
                change.kind,
                change.symbol,
                change.file,
                change.first_line,
                change.last_line,
                tuple(steps),
                change.text.partition(", reached through ")[0],
                patch,
            )
            for change, steps, patch in self._found.values()
        ]

    def _code(self, digest: str) -> Code | None:
        if digest not in self._codes:
            text = self._text(digest)
            self._codes[digest] = None if text is None else read_manifest(text)
        return self._codes[digest]

    def _patch(self, change: CodeChange, before: Code, after: Code) -> list[str]:
        old, new = (self._lines(change.symbol, code) for code in (before, after))
        if old is None or new is None:
            return []
        names = (f"a/{change.file}", f"b/{change.file}")
        found = difflib.unified_diff(old[1], new[1], *names, n=CONTEXT, lineterm="")
        return [_placed(line, old[0], new[0]) for line in found]

    def _lines(self, symbol: str, code: Code) -> tuple[int, list[str]] | None:
        """Where a binding begins and its lines; no lines where a code does not have it, None if they are not kept."""
        row = next((one for one in code.rows if one.symbol == symbol), None)
        if row is None:
            return 0, []
        text = self._text(text_key(row.symbol, row.fingerprint))
        return None if text is None else (row.first_line, text.split("\n"))

    def _text(self, digest: str) -> str | None:
        try:
            return self._document(digest)
        except UnknownNameError:
            return None


def _placed(line: str, old: int, new: int) -> str:
    """A hunk's head with the lines of the files instead of those of the piece."""
    if not line.startswith("@@"):
        return line
    _, was, is_, _ = line.split(" ")
    return f"@@ {_moved(was, old)} {_moved(is_, new)} @@"


def _moved(span: str, first: int) -> str:
    start, comma, count = span[1:].partition(",")
    return f"{span[0]}{int(start) + max(first - 1, 0)}{comma}{count}"
