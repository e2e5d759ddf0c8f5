"""`run` and `plan`: from the command line's text to a request, from the answer to lines or JSON."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from headrace.app.answers import advice
from headrace.app.answers.handles import failure_of
from headrace.app.plans import doors, overriding, planning
from headrace.app.projects import settings
from headrace.app.projects.requests import Request, read_parameters
from headrace.app.rooms import Rooms
from headrace.app.runs import running
from headrace.app.runs.lifeline import Lifeline
from headrace.app.runs.supervising import supervised
from headrace.cli import completing
from headrace.cli.as_json import print_json
from headrace.cli.dying import answers_apart, died, if_anybody_reads, status_of
from headrace.cli.error_lines import print_error
from headrace.cli.tables import number, paint, seconds, table
from headrace.core.errors import UsageError
from headrace.core.states import State
from headrace.core.visible import visible
from headrace.plan.overrides import Overrides
from headrace.plan.plan import Action, Forecast, Selection
from headrace.ports.records import RunRecord

ACTION_COLOURS = {Action.RUN: "34", Action.REUSE: "36", Action.UNKNOWN: "90", Action.SKIP: "33"}

OPTION_HELP = "Set an option of a step for this run: cache, max_parallel, retries, timeout, resources.NAME."

Command = Callable[..., Any]


def _steps(flag: str, name: str, text: str) -> Command:
    complete = completing.steps_of_pipeline
    return click.option(flag, name, multiple=True, metavar="STEP", help=text, shell_complete=complete)


def pipeline_options(command: Command) -> Command:
    """The options that `run` and `plan` share."""
    parameters, step_options = completing.parameters, completing.step_options
    options = [
        click.argument("pipeline", shell_complete=completing.pipelines),
        click.option(
            *("-p", "texts"),
            multiple=True,
            metavar="NAME=VALUE",
            help="A parameter; repeat for more.",
            shell_complete=parameters,
        ),
        click.option("--params", "file", type=click.Path(dir_okay=False), help="Parameters from a TOML or JSON file."),
        _steps("--until", "until", "Run this step and all it needs, nothing after."),
        _steps("--from", "from_", "Compute this step and all that follows again."),
        _steps("--only", "only", "Run this step alone; what it needs must be reusable."),
        _steps("--refresh", "refresh", "Compute this step again."),
        click.option(
            *("-o", "--option", "options"),
            multiple=True,
            metavar="STEP.OPTION=VALUE",
            help=OPTION_HELP,
            shell_complete=step_options,
        ),
        click.option("--options", "options_file", type=click.Path(dir_okay=False), help="Options from a TOML file."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command(cls=completing.HalfTypedCommand)
@pipeline_options
@click.option("--name", default="", help="A name for the run.")
@click.option(
    "--tag", "tags", multiple=True, help="A tag for the run; repeat for more.", shell_complete=completing.tags
)
@click.option("--note", default="", help="A note for the run.")
@click.option("--lanes", type=click.IntRange(min=1), help="How many steps run at once (default: one a core).")
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure instead of running what can still run.")
@click.option("-q", "--quiet", is_flag=True, help="Print the result only.")
def run(pipeline: str, *, as_json: bool, quiet: bool, **given: Any) -> int:
    """Run PIPELINE (a name from pyproject.toml, `module:name`, or `file.py:name`)."""

    def work(lifeline: Lifeline) -> int:
        with answers_apart():
            rooms = Rooms(settings.read_settings())
            record = _run(rooms, pipeline, given, lifeline=lifeline, is_quiet=quiet or as_json)
        with if_anybody_reads():
            if as_json:
                print_json(running.summary(rooms, record))
            else:
                print_result(rooms, record, is_quiet=quiet)
        return status_of(record)

    return supervised(work, after=died)


def _run(rooms: Rooms, pipeline: str, given: dict[str, Any], *, lifeline: Lifeline, is_quiet: bool) -> RunRecord:
    options = running.RunOptions(
        name=given["name"],
        tags=tuple(given["tags"]),
        note=given["note"],
        lanes=given["lanes"] or 0,
        fail_fast=given["fail_fast"],
        is_quiet=is_quiet,
        lifeline=lifeline,
    )
    plan = overriding.with_overrides(planning.plan_target(rooms, _request(pipeline, given)), _overrides(given))
    return running.execute(rooms, plan, options)


@click.command(cls=completing.HalfTypedCommand)
@pipeline_options
def plan(pipeline: str, *, as_json: bool, **given: Any) -> None:
    """Show what a run of PIPELINE would do: what runs, what is reused, and why. Starts nothing."""
    rooms = Rooms(settings.read_settings(), is_forecast=True)
    made = overriding.with_overrides(planning.plan_target(rooms, _request(pipeline, given)), _overrides(given))
    forecasts = doors.forecasts(rooms, made)
    if as_json:
        print_json([_forecast_data(one) for one in forecasts])
        return
    if not forecasts:
        print("This pipeline has no steps: its body calls none. Nothing was started.")
        return
    rows = [
        [
            visible(one.node),
            paint(one.action.value, ACTION_COLOURS[one.action]),
            _items(one),
            seconds(one.estimate_s),
            visible(one.reason),
        ]
        for one in forecasts
    ]
    print(table(["step", "would", "items", "took last", "why"], rows, right=[3]))
    for note in made.graph.notes:
        print(f"note: {visible(note)}")
    _print_forecast_sum(forecasts)


def _request(pipeline: str, given: dict[str, Any]) -> Request:
    selection = Selection(
        until=tuple(given["until"]),
        from_=tuple(given["from_"]),
        only=tuple(given["only"]),
        refresh=tuple(given["refresh"]),
    )
    file = Path(given["file"]) if given["file"] else None
    return Request(pipeline, _pairs(given["texts"]), file, read_parameters(file), selection)


def _overrides(given: dict[str, Any]) -> Overrides:
    return overriding.read_overrides(given["options"], Path(given["options_file"]) if given["options_file"] else None)


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"-p {text!r} has no value; write -p name=value, for example -p until=2013-04-01.")
        if name.strip() in pairs:
            raise UsageError(f"Parameter {name.strip()!r} is given twice.")
        pairs[name.strip()] = value
    return pairs


def _items(forecast: Forecast) -> str:
    if forecast.items is None:
        return ""
    return f"{forecast.reused_items}/{forecast.items} reused" if forecast.reused_items else str(forecast.items)


def _forecast_data(forecast: Forecast) -> dict[str, object]:
    return {
        "step": forecast.node,
        "action": forecast.action.value,
        "reason": forecast.reason,
        "estimate_s": forecast.estimate_s,
        "items": forecast.items,
        "reused_items": forecast.reused_items,
    }


def _print_forecast_sum(forecasts: Sequence[Forecast]) -> None:
    counts = [f"{sum(one.action is action for one in forecasts)} {action.value}" for action in Action]
    known = [one.estimate_s for one in forecasts if one.action is Action.RUN and one.estimate_s is not None]
    took = f"; the known ones to run took {seconds(sum(known))} last" if known else ""
    print(f"\n{', '.join(text for text in counts if not text.startswith('0 '))}{took}. Nothing was started.")


def print_result(rooms: Rooms, record: RunRecord, *, is_quiet: bool) -> None:
    """Print what a run came to: its metrics and output, or what to do now."""
    metrics = rooms.stores.tracking.latest([record.id]).get(record.id, {})
    if metrics:
        rows = [[visible(name), number(value)] for name, value in sorted(metrics.items())]
        print(table(["metric", "value"], rows, right=[1]))
    if record.state is State.SUCCEEDED:
        shown = running.output_text(rooms, record)
        if shown:
            print(f"output: {visible(shown)}")
        return
    if is_quiet:
        # nobody has told the story: the cause, then, as any other error is told
        print_error(failure_of(record, None))
        return
    print(f"next: {advice.commands(record)}", file=sys.stderr)
