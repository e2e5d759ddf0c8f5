"""What a shell offers behind Tab: pipelines, parameters, runs, steps. Imports nothing of the project."""

import importlib
import time
from collections.abc import Callable, Iterable
from typing import Any

import click

from headrace.app.answers import looking
from headrace.app.projects import settings
from headrace.app.projects.looks import sightings
from headrace.app.rooms import Rooms
from headrace.cli.tables import ago
from headrace.core.ids import short_id
from headrace.ports.records import RunFilter, RunRecord

RECENT = 30
"""Runs that are offered; older ones can be typed."""
STEP_OPTIONS = ("cache", "max_parallel", "resources.", "retries", "timeout")

Offer = tuple[str, str]
"""A text to be typed, and a few words about it."""
Completer = Callable[[click.Context, click.Parameter, str], list[Any]]


class HalfTypedCommand(click.Command):
    """Knows its arguments behind Tab, although the option typed last has no value yet."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave that option out: click would forget everything before it."""
        is_half = ctx.resilient_parsing and args and args[-1].startswith("-")
        return super().parse_args(ctx, args[:-1] if is_half else args)


def _completer(offers: Callable[[click.Context, str], Iterable[Offer]]) -> Completer:
    def complete(context: click.Context, _parameter: click.Parameter, typed: str) -> list[Any]:
        item = importlib.import_module("click.shell_completion").CompletionItem
        try:
            found = [(text, words) for text, words in offers(context, typed) if text.startswith(typed)]
        except Exception:  # noqa: BLE001 - whatever is wrong here, the command itself will say it better
            return []
        return [item(text, help=words or None) for text, words in dict(found).items()]

    return complete


def _rooms() -> Rooms:
    return Rooms(settings.read_settings(), is_reading=True)


def _pipelines(_context: click.Context, _typed: str) -> Iterable[Offer]:
    chosen = settings.read_settings()
    yield from chosen.pipelines.items()
    yield from ((place, "") for place, _ in sightings(chosen))


def _parameters(context: click.Context, _typed: str) -> Iterable[Offer]:
    name = _name_of_pipeline(context)
    parameters = next((names for place, names in sightings(settings.read_settings()) if place.endswith(f":{name}")), ())
    return [(f"{one}=", "") for one in parameters]


def _runs(_context: click.Context, _typed: str) -> Iterable[Offer]:
    yield "last", "the newest run"
    now = time.time()
    for run in _recent(RunFilter(limit=RECENT)):
        words = f"{run.pipeline} {run.state.value} {ago(run.created_at, now)}"
        yield short_id(run.id), words
        if run.name:
            yield run.name, words


def _steps_of_run(context: click.Context, _typed: str) -> Iterable[Offer]:
    rooms = _rooms()
    run = looking.find_run(rooms, context.params.get("run") or "last")
    return [(step.node, step.state.value) for step in rooms.stores.details.steps(run.id)]


def _steps_of_pipeline(context: click.Context, _typed: str) -> Iterable[Offer]:
    return [(name, "") for name in _last_steps(context)]


def _step_options(context: click.Context, _typed: str) -> Iterable[Offer]:
    return [
        (f"{name}.{option}{'' if option.endswith('.') else '='}", "")
        for name in _last_steps(context)
        for option in STEP_OPTIONS
    ]


def _names_of_pipelines(_context: click.Context, _typed: str) -> Iterable[Offer]:
    return [(run.pipeline, "") for run in _recent(RunFilter(limit=RECENT))]


def _tags(_context: click.Context, _typed: str) -> Iterable[Offer]:
    return [(tag, "") for run in _recent(RunFilter(limit=RECENT)) for tag in run.tags]


def _last_steps(context: click.Context) -> list[str]:
    """The steps of the pipeline's last run: what its graph holds today would have to be traced."""
    runs = _recent(RunFilter(pipeline=_name_of_pipeline(context), limit=1))
    return [step.node for run in runs for step in _rooms().stores.details.steps(run.id)]


def _name_of_pipeline(context: click.Context) -> str:
    typed = str(context.params.get("pipeline") or "")
    place = settings.read_settings().pipelines.get(typed, typed)
    return place.rpartition(":")[2]


def _recent(which: RunFilter) -> list[RunRecord]:
    return _rooms().stores.runs.list(which)


pipelines = _completer(_pipelines)
parameters = _completer(_parameters)
runs = _completer(_runs)
steps_of_run = _completer(_steps_of_run)
steps_of_pipeline = _completer(_steps_of_pipeline)
step_options = _completer(_step_options)
names_of_pipelines = _completer(_names_of_pipelines)
tags = _completer(_tags)
