"""`why`: what a step's value depends on, what has changed, who made it."""

import click

from headrace.app.answers import explaining, looking
from headrace.app.projects import settings
from headrace.app.rooms import Rooms
from headrace.cli import completing
from headrace.cli.as_json import print_json
from headrace.cli.tables import paint, shown, state_mark
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.visible import visible


@click.command()
@click.argument("run", shell_complete=completing.runs)
@click.argument("step", shell_complete=completing.steps_of_run)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def why(run: str, step: str, *, as_json: bool) -> None:
    """Explain why STEP was computed or reused in RUN (the end of an id, a name, or `last`)."""
    rooms = Rooms(settings.read_settings(), is_reading=True)
    found = looking.find_run(rooms, run)
    answer = explaining.why(rooms, found, looking.find_step(rooms, found, step))
    if as_json:
        print_json(answer.to_json())
        return
    told = shown(answer.to_json())
    print(f"{state_mark(State(answer.state))}  {told['step']} in run {short_id(found.id)} of {visible(found.pipeline)}")
    print(told["summary"])
    for line in told["changes"]:
        print(f"  {paint('▲', '33')} {line}")
    for line in told["behind"]:
        print(f"    {paint('▲', '33')} {line}")
    for line in told["facts"]:
        print(paint(f"    {line}", "90"))
