"""`logs`, `artifacts` and `cancel`: what a run has printed and stored, and how to stop it."""

import sys
import time
from pathlib import Path
from typing import Any

import click

from headrace.app.answers import contents, looking
from headrace.app.projects import settings
from headrace.app.rooms import Rooms
from headrace.cli import completing
from headrace.cli.as_json import print_json
from headrace.cli.tables import is_coloured, paint, shown, size, table
from headrace.core.ids import short_id
from headrace.core.visible import visible, visible_line

POLL_S = 0.2


@click.command()
@click.argument("run", default="last", shell_complete=completing.runs)
@click.argument("step", default="", shell_complete=completing.steps_of_run)
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the run ends.")
@click.option("--stream", type=click.Choice(["out", "err", "log"]), help="Only this stream.")
@click.option("--item", type=int, help="Only this item of a map.")
@click.option("--times", is_flag=True, help="Put the time before each line.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def logs(run: str, step: str, *, follow: bool, as_json: bool, **given: Any) -> None:
    """Print what STEP (default: every step) of RUN (default: the last one) has printed."""
    rooms = Rooms(settings.read_settings(), is_reading=True)
    found = looking.find_run(rooms, run)
    if step:
        step = looking.find_step(rooms, found, step).node
    if given["item"] is not None:
        looking.check_item(rooms, found, given["item"], step=step)
    reader = contents.LogReader(rooms, found.id, step=step, item=given["item"])
    while True:
        found = looking.as_it_is(rooms, rooms.stores.runs.get(found.id))
        for line in reader.read():
            if given["stream"] in (None, line.stream):
                _print_line(line, times=given["times"], as_json=as_json, with_step=not step)
        if found.state.is_final and follow and found.failure is not None:
            print(f"Run {short_id(found.id)} {found.state.value}: {visible(found.failure.message)}", file=sys.stderr)
        if found.state.is_final or not follow:
            return
        time.sleep(POLL_S)


@click.command()
@click.argument("run", default="last", shell_complete=completing.runs)
@click.argument("step", default="", shell_complete=completing.steps_of_run)
@click.option("--export", "folder", type=click.Path(file_okay=False), help="Write what can be written as files there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def artifacts(run: str, step: str, *, folder: str | None, as_json: bool) -> None:
    """List the values that RUN (or one STEP of it) has stored: outputs, figures, texts, tables."""
    rooms = Rooms(settings.read_settings(), is_reading=True)
    found = looking.find_run(rooms, run)
    if step:
        step = looking.find_step(rooms, found, step).node
    stored = contents.stored_values(rooms, found.id, step)
    if folder is not None:
        for path in contents.export(rooms, stored, Path(folder)):
            print(path)
        return
    if as_json:
        print_json([one.to_json() for one in stored])
        return
    rows = [
        [one.step, one.called, one.kind, size(one.size_bytes), one.digest[:12], one.shown if one.is_there else "gone"]
        for one in stored
    ]
    rows = shown(rows)
    print(table(["step", "name", "kind", "size", "digest", "value"], rows, right=[3]))


@click.command()
@click.argument("run", shell_complete=completing.runs)
@click.option("--wait/--no-wait", default=True, help="Wait until it has stopped (default), or only ask.")
def cancel(run: str, *, wait: bool) -> None:
    """Ask RUN to stop; what is finished is kept."""
    rooms = Rooms(settings.read_settings())
    found = looking.find_run(rooms, run)
    if not rooms.stores.runs.request_cancel(found.id, time.time()):
        print(f"Run {short_id(found.id)} is {found.state.value} already; nothing to cancel.")
        return
    while wait and not found.state.is_final:
        time.sleep(POLL_S)
        found = looking.as_it_is(rooms, rooms.stores.runs.get(found.id))
    print(f"Run {short_id(found.id)} is {found.state.value}." if wait else f"Asked run {short_id(found.id)} to stop.")


def _print_line(line: contents.LogLine, *, times: bool, as_json: bool, with_step: bool) -> None:
    if as_json:
        print_json(line.to_json(), on_one_line=True)
        return
    place = visible(line.step if line.item < 0 else f"{line.step}[{line.item}]")
    moment = time.strftime("%H:%M:%S ", time.localtime(line.at)) if times else ""
    text = visible_line(line.text, is_coloured=is_coloured())
    print(paint(moment + (f"{place} | " if with_step else ""), "90") + text)
