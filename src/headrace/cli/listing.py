"""`runs` and `show`: what has run, and one run as a whole."""

import time
from typing import Any

import click

from headrace.app.answers import advice, looking, run_view, views
from headrace.app.answers.value_texts import value_text
from headrace.app.projects import settings
from headrace.app.rooms import Rooms
from headrace.cli import completing
from headrace.cli.as_json import print_json
from headrace.cli.tables import ago, number, paint, seconds, shown, size, state_mark, table
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.visible import visible


@click.command()
@click.option(
    "--where", multiple=True, metavar="CONDITION", help="Such as 'auc > 0.7'; repeat for more, all must hold."
)
@click.option(
    "--pipeline", default="", help="Only runs of this pipeline.", shell_complete=completing.names_of_pipelines
)
@click.option(
    "--state", "states", multiple=True, type=click.Choice([one.value for one in State]), help="Only these states."
)
@click.option("--tag", "tags", multiple=True, help="Only runs with this tag.", shell_complete=completing.tags)
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@click.option(
    "--before",
    default="",
    metavar="RUN",
    help="Only runs older than this one: the next page.",
    shell_complete=completing.runs,
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def runs(*, as_json: bool, **given: Any) -> None:
    """List runs, newest first."""
    rooms = Rooms(settings.read_settings(), is_reading=True)
    which = views.run_filter(rooms, **given)
    found = looking.list_runs(rooms, which)
    listed = views.run_rows(rooms, found)
    if as_json:
        print_json(listed)
        return
    if not listed:
        print("No run yet. `headrace run PIPELINE` makes one." if which == type(which)() else "No run fits.")
        return
    listed, differing = shown(listed), views.differing_parameters(found)
    whys = {one.id: one.failure.message.partition("\n")[0] if one.failure else "" for one in found}
    names = views.common_metrics(listed)
    head = ["run", "pipeline", "state", "started", "took", *names, ""]
    now = time.time()
    rows = [
        [
            short_id(one["id"]),
            one["pipeline"],
            state_mark(State(one["state"])),
            ago(one["created_at"], now),
            seconds(one["seconds"]),
            *(number(one["metrics"][name]) if name in one["metrics"] else "" for name in names),
            _words(one, visible(differing[one["id"]]), visible(whys[one["id"]])),
        ]
        for one in listed
    ]
    print(table(head, rows, right=[4, *range(5, 5 + len(names))]))
    if len(listed) == which.limit:
        print(f"older ones: headrace runs --before {short_id(listed[-1]['id'])}")


def _words(one: dict[str, Any], parameters: str, why: str) -> str:
    """What tells a run from others: its name and tags, the parameters that differ, and why it failed."""
    return "  ".join(text for text in (one["name"], *(f"#{tag}" for tag in one["tags"]), parameters, why) if text)


@click.command()
@click.argument("run", default="last", shell_complete=completing.runs)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(run: str, *, as_json: bool) -> None:
    """Show RUN (the end of an id, a name, or `last`): steps, times, use, metrics, failures."""
    rooms = Rooms(settings.read_settings(), is_reading=True)
    found = looking.find_run(rooms, run)
    view = run_view.run_view(rooms, found)
    if as_json:
        print_json(view)
        return
    failures = shown(view.pop("failures"), keep="\n\t")
    view = shown({**view, "parameters": {name: value_text(value) for name, value in found.parameters.items()}})
    _print_head(view)
    _print_steps(view)
    if view["metrics"]:
        rows = [[one["step"], one["name"], number(one["value"]), _spread(one)] for one in view["metrics"]]
        print("\n" + table(["step", "metric", "value", ""], rows, right=[2]))
    _print_failures(failures)
    if found.state in (State.FAILED, State.CANCELLED):
        print(f"\nnext: {advice.commands(found)}")


def _spread(metric: dict[str, Any]) -> str:
    """Of a map's metric: that its value is a mean, and of what; then where it comes from."""
    parts = [metric["from"]]
    if metric["items"] is not None and metric["items"] > 1:
        span = "" if metric["min"] is None else f", {number(metric['min'])} to {number(metric['max'])}"
        parts.insert(0, f"mean of {metric['items']} items{span}")
    return "  ".join(part for part in parts if part)


def _print_head(view: dict[str, Any]) -> None:
    print(
        f"{state_mark(State(view['state']))}  run {short_id(view['id'])} of {view['pipeline']}  {view['name']}".rstrip()
    )
    details = [
        f"started {ago(view['created_at'], time.time())}",
        f"took {seconds(view['seconds'])}" if view["seconds"] is not None else "",
        f"retry of {short_id(view['retry_of'])}" if view["retry_of"] else "",
        *(f"{name}={text}" for name, text in view["parameters"].items()),
    ]
    print(paint("  ".join(part for part in details if part), "90"))
    if view["note"]:
        print(view["note"])


def _print_steps(view: dict[str, Any]) -> None:
    rows = [
        [
            one["step"],
            state_mark(State(one["state"])) + (f" {one['items']}" if one["items"] else ""),
            seconds(one["seconds"]),
            seconds(one["cpu_s"]) if one["cpu_s"] else "",
            size(one["peak_memory_bytes"]) if one["peak_memory_bytes"] else "",
            str(one["attempts"]) if one["attempts"] > 1 else "",
            one["why"],
        ]
        for one in view["steps"]
    ]
    print("\n" + table(["step", "state", "took", "cpu", "memory", "tries", ""], rows, right=[2, 3, 4, 5]))


def _print_failures(failures: list[dict[str, Any]]) -> None:
    for one in failures:
        print(f"\n{paint('✕ ' + one['step'], '31')}{one['item']}: {one['message']}")
        if one["remedy"]:
            print(f"  {one['remedy']}")
        if one["traceback"]:
            print("\n".join(f"  {line}" for line in one["traceback"].rstrip().splitlines()))
