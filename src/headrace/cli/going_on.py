"""`resume` and `retry`: what becomes of a run that ended too early."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import click

from headrace.app.plans.memories import recall
from headrace.app.projects import settings
from headrace.app.rooms import Rooms
from headrace.app.runs import going_on, running
from headrace.app.runs.lifeline import Lifeline
from headrace.app.runs.supervising import supervised
from headrace.cli import completing
from headrace.cli.as_json import print_json
from headrace.cli.dying import answers_apart, died, if_anybody_reads, status_of
from headrace.cli.running import print_result
from headrace.plan.plan import Plan

Opened = AbstractContextManager[tuple[Plan, running.Before]]
Command = Callable[..., Any]


def _options(command: Command) -> Command:
    options = [
        click.argument("run", default="last", shell_complete=completing.runs),
        click.option("--lanes", type=click.IntRange(min=1), help="How many steps run at once (default: one a core)."),
        click.option("-q", "--quiet", is_flag=True, help="Print the result only."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_options
def resume(run: str, **given: Any) -> int:
    """Go on with RUN (default: the last one), which was killed, cancelled or lost.

    It stays the same run: what is finished stays, the rest is computed, by the same code.
    """
    return _go_on(lambda rooms: going_on.resumed(rooms, run, going_on.by_place), given)


@click.command()
@_options
@click.option("--name", default="", help="A name for the new run.")
@click.option("--note", default="", help="A note for the new run.")
def retry(run: str, **given: Any) -> int:
    """Try RUN (default: the last one) again: a new run that keeps what it has made and computes the rest.

    Steps whose code has changed since are computed again, and so is what follows from them.
    """
    return _go_on(lambda rooms: going_on.retried(rooms, run, going_on.by_place), given)


def _go_on(opened: Callable[[Rooms], Opened], given: dict[str, Any]) -> int:
    is_quiet = given["quiet"] or given["as_json"]

    def work(lifeline: Lifeline) -> int:
        with answers_apart():
            rooms = Rooms(settings.read_settings())
            dead = lifeline.resumes
            again = opened(rooms) if dead is None else going_on.under_way(rooms, dead.run_id, going_on.by_place)
            with again as (plan, before):
                options = _run_options(before, given, lifeline, is_quiet=is_quiet)
                record = running.execute(rooms, plan, options, before=before)
        with if_anybody_reads():
            if given["as_json"]:
                print_json(running.summary(rooms, record))
            else:
                print_result(rooms, record, is_quiet=given["quiet"])
        return status_of(record)

    return supervised(work, after=died)


def _run_options(
    before: running.Before, given: dict[str, Any], lifeline: Lifeline, *, is_quiet: bool
) -> running.RunOptions:
    return running.RunOptions(
        name=given.get("name", ""),
        tags=before.run.tags,
        note=given.get("note", "") or before.run.note,
        lanes=given["lanes"] or 0,
        fail_fast=recall(before.run).fail_fast,
        is_quiet=is_quiet,
        lifeline=lifeline,
    )
