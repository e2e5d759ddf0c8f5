"""`verify`: whether the store is whole."""

import sys

import click

from headrace.app.projects import settings
from headrace.app.rooms import Rooms
from headrace.app.upkeep import verifying
from headrace.cli.as_json import print_json
from headrace.cli.starting import VERDICTS
from headrace.cli.tables import paint, size
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


def _print(one: dict[str, str], *, is_live: bool) -> None:
    if is_live:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    mark, colour = VERDICTS[one["verdict"]]
    print(f"{paint(mark, colour)} {one['what']:<10} {visible(one['text'])}")
    if one["mend"]:
        print(f"  {'':<10} {visible(one['mend'])}")


def _progress(count: int, size_bytes: int) -> None:
    print(f"\r\x1b[K  {count} objects, {size(size_bytes)} …", end="", file=sys.stderr, flush=True)
