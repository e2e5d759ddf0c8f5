"""Text for people: aligned tables, durations, sizes, moments, state marks.

Small on purpose: a table library takes longer to load than a command to answer.
"""

import math
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from headrace.core.states import State
from headrace.core.visible import visible

MARKS = {
    State.SUCCEEDED: ("●", "32"),
    State.RUNNING: ("◐", "34"),
    State.REUSED: ("◆", "36"),
    State.QUEUED: ("○", "90"),
    State.PENDING: ("○", "90"),
    State.FAILED: ("✕", "31"),
    State.CANCELLED: ("⊘", "33"),
    State.SKIPPED: ("⊘", "33"),
}


def is_coloured() -> bool:
    """Whether standard output is a terminal that wants colour."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(text: str, code: str) -> str:
    """The text in an ANSI colour, if colours are wanted."""
    return f"\x1b[{code}m{text}\x1b[0m" if text and is_coloured() else text


def shown(data: Any, *, keep: str = "") -> Any:
    """Plain data with every text in it as a terminal may see it; `keep` are control characters that stay."""
    if isinstance(data, str):
        return visible(data, keep=keep)
    if isinstance(data, Mapping):
        return {visible(key): shown(item, keep=keep) for key, item in data.items()}
    return [shown(item, keep=keep) for item in data] if isinstance(data, list | tuple) else data


def state_mark(state: State) -> str:
    """Shape and word of a state; colour is never alone."""
    mark, code = MARKS[state]
    return paint(f"{mark} {state.value}", code)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """An aligned table; columns in `right` are flush right; the last column is cut where the terminal ends."""
    cells = [[paint(name, "90") for name in head], *[list(row) for row in rows]]
    widths = [max(width(row[column]) for row in cells) for column in range(len(head))]
    if sys.stdout.isatty():
        room = _columns() - sum(widths[:-1]) - 2 * len(widths[:-1])
        widths[-1] = min(widths[-1], max(room, 12))
    return "\n".join(_line(row, widths, right) for row in cells)


def _columns() -> int:
    """How wide the terminal is; COLUMNS overrules it. As `shutil.get_terminal_size`, without loading its archivers."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    parts: list[str] = []
    for column, (text, size) in enumerate(zip(row, widths, strict=True)):
        shown = text if width(text) <= size else text[: size - 1] + "…"
        gap = " " * (size - width(shown))
        parts.append(gap + shown if column in right else shown + gap)
    return "  ".join(parts).rstrip()


def width(text: str) -> int:
    """Columns that a text takes on a terminal, escape sequences left out."""
    plain = _without_escapes(text) if "\x1b" in text else text
    return len(plain) if plain.isascii() else sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in plain)


def _without_escapes(text: str) -> str:
    head, *rest = text.split("\x1b[")
    return head + "".join(part.partition("m")[2] for part in rest)


def seconds(value: float | None) -> str:
    """`3 ms`, `1.2 s`, `4 min 05 s`, `2 h 10 min`."""
    if value is None:
        return ""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms" if value >= 0.0005 else "<1 ms"
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(value: int) -> str:
    """`340 MB`, in powers of a thousand."""
    amount = float(value)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"


def ago(moment: float, now: float) -> str:
    """`3 min ago`; a moment in the future (a clock that jumped) is `just now`."""
    past = max(0.0, now - moment)
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if past < limit:
            return "just now" if past < 1 else f"{past / unit:.0f} {name} ago"
    return f"{past / 86400:.0f} d ago"


def number(value: float) -> str:
    """Four significant digits; whole numbers whole; `inf` and `nan` as they are."""
    if not math.isfinite(value):
        return str(value)
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"
