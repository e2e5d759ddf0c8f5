"""`init`, `demo`, `doctor` and `completion`: the first minutes."""

import shlex
from functools import partial
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from headrace.app import demo as demonstration
from headrace.app.projects import examples, settings
from headrace.app.rooms import Rooms
from headrace.app.upkeep import doctor as diagnosis
from headrace.cli.as_json import print_json
from headrace.cli.tables import paint
from headrace.core.visible import visible

BASH_HEAD = """\
# places are file.py:name, parameters name=value: neither ends a word
COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]}
"""
BASH_END = """\
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=.] ]] && compopt -o nospace
    return 0
"""
VERDICTS = {"ok": ("●", "32"), "note": ("▲", "33"), "problem": ("✕", "31")}


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.option("--name", default="", help="The package's name (default: the folder's).")
def init(folder: str, name: str) -> None:
    """Write a small project into FOLDER (default: here), which has to be empty or new."""
    made = examples.start_project(Path(folder), name)
    for path in sorted(made.rglob("*")):
        if path.is_file():
            print(f"  {path.relative_to(made)}")
    enter = f"cd {shlex.quote(folder)} && " if folder != "." else ""
    print(f"\nNow: {enter}headrace run training")


@click.command()
@click.option(
    "--folder", type=click.Path(file_okay=False), help="Keep the project there (default: a temporary folder)."
)
def demo(folder: str | None) -> int:
    """Run the flights example: train three methods, reuse everything, change one function, explain."""
    # flushed, because the commands that it runs write to the same place by themselves
    return demonstration.show(Path(folder) if folder else None, partial(print, flush=True))


@click.command()
@click.option("--deep", is_flag=True, help="Read every stored object and compare its digest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(*, deep: bool, as_json: bool) -> int:
    """Check this machine, the project and its store; exit code 1 if there is a problem.

    Every object that a run names has to be there with its size (--deep: with its content), and the database has to be
    sound. What is not is told with the run, step and value that it affects, and the command that mends it.
    """
    findings = diagnosis.examine(Rooms(settings.read_settings(), is_reading=True), deep=deep)
    if as_json:
        found = [{"verdict": one.verdict, "what": one.what, "text": one.text, "mend": one.mend} for one in findings]
        print_json(found)
        return 1 if any(one["verdict"] == "problem" for one in found) else 0
    is_well = True
    for finding in findings:
        mark, colour = VERDICTS[finding.verdict]
        print(f"{paint(mark, colour)} {visible(finding.what):<20} {visible(finding.text)}")
        if finding.mend:
            print(f"  {'':<20} {visible(finding.mend)}")
        is_well = is_well and finding.verdict != "problem"
    return 0 if is_well else 1


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL, for example: headrace completion bash >> ~/.bashrc."""
    script = get_completion_class(shell)
    assert script is not None
    source = script(ctx.find_root().command, {}, "headrace", "_HEADRACE_COMPLETE").source()
    print(BASH_HEAD + source.replace("    return 0\n", BASH_END) if shell == "bash" else source)
