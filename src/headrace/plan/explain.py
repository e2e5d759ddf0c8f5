"""What is different between two codes or two environments, in words: the answer to `why`. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

AT_IMPORT = "<import>"
"""The symbol's name of what importing a module does."""
BINARY = "<binary>"
"""The symbol's name of an extension module."""
ORDER = "<order>"
"""The symbol's name of the order in which modules are imported that do something when they are."""
_IMPORT = "import "
_LONGEST_CHAIN = 5


class Row(Protocol):
    """One reached binding, as the port to source code gives it."""

    @property
    def symbol(self) -> str:
        """`module:name`, or `module:Class.method`."""
        ...

    @property
    def fingerprint(self) -> str:
        """What it is; begins with `import` for a name that an import statement binds."""
        ...

    @property
    def file(self) -> str:
        """Its file, relative to the project's root."""
        ...

    @property
    def first_line(self) -> int:
        """Where it begins."""
        ...

    @property
    def last_line(self) -> int:
        """Where it ends."""
        ...

    @property
    def through(self) -> str:
        """The symbol that led to it; empty for the step itself."""
        ...


class CodeChange(Struct, frozen=True):
    """One difference between two codes.

    `symbol` is what changed, `file` and lines where it stands (for what was removed: where it stood), `chain` the
    names by which the step reaches it, the step first. `text` says all of it in one line.
    """

    kind: Literal["changed", "added", "removed"]
    symbol: str
    file: str
    first_line: int
    last_line: int
    chain: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return self.text


def compare_code(before: Sequence[Row], now: Sequence[Row]) -> list[CodeChange]:
    """What was changed, added and removed, nearest to the step first; empty if the codes are the same."""
    old = {row.symbol: row for row in before}
    new = {row.symbol: row for row in now}
    changes = [
        *(_change("changed", row, new, earlier=old[row.symbol]) for row in now if _is_other(row, old.get(row.symbol))),
        *(_change("added", row, new) for row in now if row.symbol not in old),
        *(_change("removed", row, old) for row in before if row.symbol not in new),
    ]
    shown = [change for change in changes if not _goes_without_saying(change, old, new)]
    order = {"changed": 0, "added": 1, "removed": 2}
    return sorted(shown or changes, key=lambda one: (order[one.kind], len(one.chain), one.symbol))


def compare_environments(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Which lines (`python 3.11`, `polars 2.1.0`) are different, each in words, by name."""
    old, new = _by_name(before), _by_name(now)
    pairs = [(name, old.get(name, ""), new.get(name, "")) for name in sorted({*old, *new})]
    return [_environment_text(name, was, is_) for name, was, is_ in pairs if was != is_]


def _is_other(row: Row, earlier: Row | None) -> bool:
    return earlier is not None and earlier.fingerprint != row.fingerprint


def _goes_without_saying(change: CodeChange, old: Mapping[str, Row], new: Mapping[str, Row]) -> bool:
    """What came or went is said by what led to it, if that came or went, too; an import by what it brought; a method by
    its class."""
    if change.kind == "changed":
        return False
    rows, others = (new, old) if change.kind == "added" else (old, new)
    row = rows[change.symbol]
    if row.fingerprint.startswith(_IMPORT):
        return True
    owner = change.symbol.rpartition(".")[0]
    return any(one in rows and one not in others for one in (row.through, owner))


def _change(
    kind: Literal["changed", "added", "removed"], row: Row, rows: Mapping[str, Row], *, earlier: Row | None = None
) -> CodeChange:
    chain = _chain(row, rows)
    text = f"{kind}: {_subject(row, earlier)}{_reached(chain)}"
    return CodeChange(kind, row.symbol, row.file, row.first_line, row.last_line, chain, text)


def _subject(row: Row, earlier: Row | None) -> str:
    module, _, name = row.symbol.partition(":")
    place = f"`{row.file}`{_lines(row)}"
    if name == AT_IMPORT:
        return f"what importing `{module}` does, in {place}"
    if name == ORDER:
        return f"the order of the imports that `{module}` leads to"
    if name == BINARY:
        return f"the extension module {place}"
    if earlier is not None and _IMPORT in (row.fingerprint[: len(_IMPORT)], earlier.fingerprint[: len(_IMPORT)]):
        was, is_ = _imported(earlier.fingerprint), _imported(row.fingerprint)
        return f"what `{name}` means in {place} (was {was}, is {is_})"
    return f"`{name}` in {place}"


def _imported(fingerprint: str) -> str:
    if not fingerprint.startswith(_IMPORT):
        return "defined there"
    return f"`{fingerprint.removeprefix(_IMPORT).partition(' ')[0].replace(':', '.')}`"


def _lines(row: Row) -> str:
    if not row.first_line:
        return ""
    if row.first_line == row.last_line:
        return f", line {row.first_line}"
    return f", lines {row.first_line}–{row.last_line}"  # noqa: RUF001 - a span of lines


def _reached(chain: Sequence[str]) -> str:
    if len(chain) < 2:
        return ""
    names = [f"`{name}`" if " " not in name else name for name in chain]
    if len(names) > _LONGEST_CHAIN:
        names = [*names[:2], "…", *names[-2:]]
    return f", reached through {' → '.join(names)}"


def _chain(row: Row, rows: Mapping[str, Row]) -> tuple[str, ...]:
    symbols = [row.symbol]
    via = row.through
    while via and via not in symbols:
        symbols.append(via)
        via = rows[via].through if via in rows else ""
    return tuple(_short(symbol) for symbol in reversed(symbols))


def _short(symbol: str) -> str:
    module, _, name = symbol.partition(":")
    return f"importing `{module}`" if name in (AT_IMPORT, BINARY, ORDER) else name


def _by_name(lines: Sequence[str]) -> dict[str, str]:
    parts = [line.partition(" ") for line in lines]
    return {name: rest for name, _, rest in parts}


def _environment_text(name: str, was: str, now: str) -> str:
    if not was:
        return f"{name} {now} is new"
    if not now:
        return f"{name} {was} is gone"
    return f"{name}: {was} → {now}"
