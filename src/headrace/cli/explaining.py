"""`why`: what a step's value depends on, what has changed, who made it."""

import json

import click

from headrace.app import explaining, looking, settings
from headrace.app.rooms import Rooms
from headrace.cli.tables import paint, state_mark
from headrace.core.ids import short_id
from headrace.core.states import State


@click.command()
@click.argument("run")
@click.argument("step")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def why(run: str, step: str, *, as_json: bool) -> None:
    """Explain why STEP was computed or reused in RUN (the end of an id, a name, or `last`)."""
    rooms = Rooms(settings.read_settings(), is_reading=True)
    found = looking.find_run(rooms, run)
    answer = explaining.why(rooms, found, looking.find_step(rooms, found, step))
    if as_json:
        print(json.dumps(answer.to_json(), indent=2))
        return
    print(f"{state_mark(State(answer.state))}  {answer.step} in run {short_id(found.id)} of {found.pipeline}")
    print(answer.summary)
    for line in answer.changes:
        print(f"  {paint('▲', '33')} {line}")
    for line in answer.facts:
        print(paint(f"    {line}", "90"))
