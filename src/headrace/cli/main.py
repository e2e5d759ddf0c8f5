"""The door of the command line: which commands there are, how errors leave, which exit code means what.

A command's module is imported only when it is called: start-up is most of what a user waits for.
"""

import gc
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from headrace import __version__
from headrace.cli.error_lines import print_message
from headrace.core.errors import HeadraceError, RunCancelled, RunFailed, SettingsError, UsageError, close_to

EXIT_CODES = """\b
Exit codes
  0    done; for run: every step succeeded or was reused
  1    the run failed
  2    the command line, a pipeline, a parameter or a setting is wrong; nothing was started
  3    the store or a stored value cannot be read or written
  4    an error in Headrace itself
  130  cancelled (Ctrl-C, SIGTERM, SIGHUP)
"""

TRACEBACK = "--traceback"

COMMANDS = {
    "init": ("starting", "Write a small project that runs at once."),
    "run": ("running", "Run a pipeline: what is known is reused, the rest is computed."),
    "plan": ("running", "Show what a run would do, step by step, and why. Starts nothing."),
    "resume": ("going_on", "Go on with a run that was killed, cancelled or lost."),
    "retry": ("going_on", "Try a failed run again: a new one keeps what succeeded."),
    "why": ("explaining", "Explain why a step was computed or reused."),
    "diff": ("diffing", "Show what has changed from one run to another, and what that invalidates."),
    "runs": ("listing", "List runs, newest first."),
    "show": ("listing", "Show one run: steps, times, metrics, failures."),
    "replay": ("again", "Call one step of a run again in the foreground, with its real inputs."),
    "test-case": ("again", "Write a test that calls a step with the inputs that it had."),
    "logs": ("reading", "Print what the steps of a run have printed."),
    "artifacts": ("reading", "List or export the values that a run has stored."),
    "cancel": ("reading", "Ask a run to stop."),
    "verify": ("keeping", "Compare every digest and every reference of the store."),
    "gc": ("keeping", "Say what of the store may go by rules, and remove it."),
    "demo": ("starting", "Run the flights example: train, reuse, change, explain."),
    "doctor": ("starting", "Check this machine, project and store."),
    "completion": ("starting", "Print the shell's completion script."),
}


class LazyCommands(click.Group):
    """Knows its commands by name and one line each; loads one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, its module imported now; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"headrace.cli.{COMMANDS[cmd_name][0]}")
        gc.freeze()  # modules stay: no collection, nor the one at the end of the process, needs to look through them
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """What a shell offers: the commands from the table, and the options."""
        items = importlib.import_module("click.shell_completion")
        if incomplete[:1] == "-":
            return click.Command.shell_complete(self, ctx, incomplete)
        found = [(name, text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return [items.CompletionItem(name, help=text) for name, text in found]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table: no module is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; a mistyped one is answered with near matches."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = close_to(args[0], COMMANDS, limit=2)
            hint = f"; did you mean {' or '.join(close)}?" if close else f"; there is {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyCommands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="headrace %(version)s")
@click.option(TRACEBACK, is_flag=True, expose_value=False, help="Show the whole traceback of an error (anywhere).")
def cli() -> None:
    """Machine-learning pipelines defined like functions."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # texts of users' code may hold what the terminal's encoding has not; a command must not fail by showing it
            stream.reconfigure(errors="backslashreplace")
    sys.exit(exit_code(sys.argv[1:] if arguments is None else list(arguments)))


def exit_code(arguments: Sequence[str]) -> int:
    """Run one command; errors are printed as `error[code]: message`, without a traceback unless it was asked for.

    A command that answers in JSON tells its error there too.
    """
    words = [word for word in arguments if word != TRACEBACK]
    if len(words) < len(arguments):
        os.environ["HEADRACE_TRACEBACK"] = "1"
    try:
        result = cli.main(words, prog_name="headrace", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except BrokenPipeError:
        # the reader has gone (`headrace runs | head`): not an error, but Python would complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as error:  # noqa: BLE001 - the last door: whatever comes here is ours to explain
        code, message, status = _explained(error)
        if os.environ.get("HEADRACE_TRACEBACK") and not isinstance(error, click.ClickException | click.Abort):
            traceback.print_exc()
        print_message(code, message)
        if "--json" in words:
            importlib.import_module("headrace.cli.as_json").print_json({"error": {"code": code, "message": message}})
        return status
    return result if isinstance(result, int) else 0


def _explained(error: Exception) -> tuple[str, str, int]:
    """Code, message and exit code of what a command has raised."""
    match error:
        case click.Abort():
            return "cancelled", "Cancelled.", 130
        case click.ClickException():
            context = getattr(error, "ctx", None)
            hint = f" See `{context.command_path} --help`." if context is not None else ""
            return "usage", error.format_message() + hint, 2
        case HeadraceError():
            return error.code, str(error), _code_of(error)
        case _:
            remedy = "This is an error in Headrace itself; --traceback shows where."
            return "internal", f"{type(error).__name__}: {error}. {remedy}", 4


def _code_of(error: HeadraceError) -> int:
    if isinstance(error, RunCancelled):
        return 130
    if isinstance(error, RunFailed):
        return 1
    family = error.code.split(".")[0]
    return 2 if isinstance(error, UsageError | SettingsError) or family in ("definition", "plan", "source") else 3
