"""`verify` and `gc`: whether the store is whole, and what of it may go."""

import sys
from collections.abc import Iterator
from typing import Any

import click
from msgspec.structs import asdict

from headrace.app.projects import settings
from headrace.app.rooms import Rooms
from headrace.app.upkeep import verifying
from headrace.app.upkeep.garbage import Collected, GarbageCollection
from headrace.app.upkeep.keeping_rules import KeepingRules
from headrace.cli.as_json import print_json
from headrace.cli.starting import VERDICTS
from headrace.cli.tables import paint, size
from headrace.core.errors import UsageError
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.visible import visible

DAMAGED = 3
"""The exit status of a store that is not whole: that of everything that cannot be read."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(*, as_json: bool) -> int:
    """Compare every digest and every reference of the store; exit code 3 if something is not as it was written.

    Reads every stored object. What is wrong is told with the run that it affects and the command that mends it.
    """
    rooms = Rooms(settings.read_settings(), is_reading=True)
    is_live = sys.stderr.isatty() and not as_json
    found: list[dict[str, str]] = []
    for one in verifying.verify(rooms, progress=_progress if is_live else None):
        found.append({"verdict": one.verdict, "what": one.what, "text": one.text, "mend": one.mend})
        if not as_json:
            _print(found[-1], is_live=is_live)
    if as_json:
        print_json(found)
    return DAMAGED if any(one["verdict"] == "problem" for one in found) else 0


_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_ENDS = [one.value for one in (State.SUCCEEDED, State.FAILED, State.CANCELLED)]
_NAMED_RUNS = 10


@click.command()
@click.option("--older-than", metavar="AGE", help="Runs that began longer ago: 30d, 12h, 4w.")
@click.option("--keep-last", type=click.IntRange(0), metavar="N", help="All but the newest N of each pipeline.")
@click.option("--keep-tag", "tags", multiple=True, help="Never runs with this tag; repeat for more.")
@click.option("--state", "states", multiple=True, type=click.Choice(_ENDS), help="Only runs that ended so.")
@click.option("--delete", is_flag=True, help="Remove it; without this, only say what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def gc(*, older_than: str | None, keep_last: int | None, as_json: bool, delete: bool, **given: Any) -> None:
    """Say which runs, objects and files may go by these rules, and remove them with --delete.

    Every rule that is given has to let a run go; without any, only what no run needs goes. What a run that stays reuses
    stays, and so does what a run under way may come to need.
    """
    states = tuple(State(one) for one in given["states"])
    age = None if older_than is None else _seconds_of(older_than)
    rules = KeepingRules(age, keep_last, tuple(given["tags"]), states)
    if rules.keep_tags and not rules.are_given:
        raise UsageError("--keep-tag says what stays; say what goes, too: --older-than, --keep-last or --state.")
    rooms = Rooms(settings.read_settings(), is_reading=not delete)
    if not rooms.settings.database and not (rooms.settings.store / "headrace.db").exists():
        raise UsageError(f"There is no store in {rooms.settings.store} yet: there is nothing to remove.")
    found = GarbageCollection(rooms, rules).run(delete=delete)
    if as_json:
        print_json(asdict(found))
        return
    print("\n".join(_lines(found)))


def _lines(found: Collected) -> list[str]:
    goes = "removed" if found.is_deleted else "would go"
    lines = [f"{goes}: {line}" for line in _going(found)]
    if not lines:
        return ["Nothing to remove.", *_staying(found)]
    if found.runs:
        more = f" and {len(found.runs) - _NAMED_RUNS} more" if len(found.runs) > _NAMED_RUNS else ""
        lines.append(f"  {' '.join(short_id(one) for one in found.runs[:_NAMED_RUNS])}{more}")
    return [*lines, *_staying(found), *(() if found.is_deleted else ("Nothing was removed: --delete does it.",))]


def _going(found: Collected) -> Iterator[str]:
    for name, count in sorted(found.pipelines.items()):
        yield f"{_many(count, 'run')} of {visible(name)}"
    for count, what, size_bytes in (
        (found.logs, "folder", found.log_bytes),
        (found.objects, "object", found.object_bytes),
        (found.leftovers, "temporary file", found.leftover_bytes),
    ):
        if count:
            yield f"{_many(count, what)}{' of logs' if what == 'folder' else ''}, {size(size_bytes)}"
    if found.documents:
        yield _many(found.documents, "text") + " of graphs and code"


def _staying(found: Collected) -> Iterator[str]:
    if found.reused:
        yield f"stays: {_many(found.reused, 'run')} that others reuse or are a retry of"
    if found.held:
        yield f"stays: {_many(found.held, 'run')} that a run under way may come to reuse"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _seconds_of(text: str) -> float:
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :]
    try:
        return float(number) * _SECONDS[unit]
    except (ValueError, KeyError):
        raise UsageError(f"{text!r} is no age; write 30d, 12h, 45min or 4w.") from None


def _print(one: dict[str, str], *, is_live: bool) -> None:
    if is_live:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    mark, colour = VERDICTS[one["verdict"]]
    print(f"{paint(mark, colour)} {one['what']:<10} {visible(one['text'])}")
    if one["mend"]:
        print(f"  {'':<10} {visible(one['mend'])}")


def _progress(count: int, size_bytes: int) -> None:
    print(f"\r\x1b[K  {count} objects, {size(size_bytes)} …", end="", file=sys.stderr, flush=True)
