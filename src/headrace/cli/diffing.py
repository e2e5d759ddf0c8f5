"""`diff`: what has changed from one run to another."""

from collections.abc import Iterator, Sequence

import click

from headrace.app.answers import looking
from headrace.app.answers.code_diffs import CodeDifference
from headrace.app.answers.graph_diffs import Differing, StepDifference
from headrace.app.answers.run_diffs import FileDifference, RunDiff, diff_of
from headrace.app.projects import settings
from headrace.app.rooms import Rooms
from headrace.cli import completing
from headrace.cli.as_json import print_json
from headrace.cli.tables import number, paint, size
from headrace.core.ids import short_id
from headrace.core.visible import visible

_GREEN, _RED, _CYAN, _GREY, _YELLOW = "32", "31", "36", "90", "33"
_SIGNS = {"added": ("+", _GREEN), "removed": ("-", _RED), "changed": ("~", _YELLOW)}


@click.command()
@click.argument("before", shell_complete=completing.runs)
@click.argument("after", default="last", shell_complete=completing.runs)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(before: str, after: str, *, as_json: bool) -> None:
    """Show what has changed from run BEFORE to run AFTER (default: the last), and which results that invalidates."""
    rooms = Rooms(settings.read_settings(), is_reading=True)
    found = diff_of(rooms, looking.find_run(rooms, before), looking.find_run(rooms, after))
    if as_json:
        print_json(found.to_json())
        return
    old, new = (f"run {short_id(one)}" for one in (found.before, found.after))
    of = visible(found.after_pipeline)
    if found.before_pipeline != found.after_pipeline:
        old = f"{old} of {visible(found.before_pipeline)}"
    print(f"{paint(f'- {old}', _RED)}   {paint(f'+ {new}', _GREEN)}  of {of}")
    for title, lines in _groups(found):
        shown = list(lines)
        if shown:
            print(f"\n{paint(title, '1')}")
            print("\n".join(shown))
    print(f"\n{_summary(found)}")


def _groups(found: RunDiff) -> Iterator[tuple[str, Iterator[str]]]:
    yield "graph", (line for one in found.graph for line in _step_lines(one))
    yield "code", (line for one in found.code for line in _code_lines(one))
    yield "parameters", _pair_lines(found.parameters)
    yield "environment", (f"  {visible(line)}" for line in found.environment)
    yield "options", _pair_lines(found.options)
    yield "inputs", (_file_line(one) for one in found.inputs)
    yield "metrics", (_metric_line(one) for one in found.metrics)
    yield "invalidated", (line for one in found.invalidated for line in _why_lines(one.step, one.why))


def _summary(found: RunDiff) -> str:
    if not found.steps:
        return "No step is in both runs."
    stale = len(found.invalidated)
    if not stale:
        return f"Nothing invalidates a result: all {found.steps} steps that both have are made of the same."
    if stale == found.steps:
        return f"All {stale} steps that both have are made of something else: no earlier result holds."
    return f"{stale} of the {found.steps} steps that both have are made of something else; the others' results hold."


def _step_lines(one: StepDifference) -> Iterator[str]:
    if one.kind in ("added", "removed"):
        sign, colour = _SIGNS[one.kind]
        inputs = ", ".join(f"{name.name}={name.after}" for name in one.inputs)
        yield paint(f"  {sign} {visible(one.step)}" + (f"({visible(inputs)})" if inputs else ""), colour)
        return
    for wire in one.inputs:
        yield f"  {paint('~', _YELLOW)} {visible(f'{one.step}.{wire.name}' if one.step else wire.name)}: {_both(wire)}"


def _code_lines(one: CodeDifference) -> Iterator[str]:
    sign, colour = _SIGNS[one.kind]
    text = one.text.partition(": ")[2]
    steps = ", ".join(one.steps[:3]) + (f" and {len(one.steps) - 3} more" if len(one.steps) > 3 else "")
    yield f"  {paint(sign, colour)} {visible(text)}  {paint(f'({visible(steps)})', _GREY)}"
    for line in one.patch[2:]:
        yield f"    {paint(visible(line, keep=chr(9)), _colour_of(line))}"


def _colour_of(line: str) -> str:
    return {"+": _GREEN, "-": _RED, "@": _CYAN}.get(line[:1], "0")


def _pair_lines(pairs: Sequence[Differing]) -> Iterator[str]:
    for one in pairs:
        yield f"  {visible(one.name)}: {_both(one)}"


def _both(one: Differing) -> str:
    old, new = ("nothing" if side is None else visible(_short(side)) for side in (one.before, one.after))
    return f"{paint(old, _RED)} → {paint(new, _GREEN)}"


def _short(side: object) -> str:
    text = str(side) if isinstance(side, str) else repr(side)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _metric_line(one: Differing) -> str:
    before, after = one.before, one.after
    if not isinstance(before, int | float) or not isinstance(after, int | float):
        shown = Differing(one.name, *(number(v) if isinstance(v, int | float) else None for v in (before, after)))
        return f"  {visible(one.name)}: {_both(shown)}"
    change = after - before
    sign = "+" if change > 0 else ""
    pair = Differing(one.name, number(before), number(after))
    return f"  {visible(one.name)}: {_both(pair)}  {paint(f'({sign}{number(change)})', _GREY)}"


def _file_line(one: FileDifference) -> str:
    sides = ((one.before, one.before_bytes), (one.after, one.after_bytes))
    old, new = (_content(digest, length) for digest, length in sides)
    return f"  {visible(one.path)}: {paint(old, _RED)} → {paint(new, _GREEN)}  {_of_steps(one.steps)}"


def _content(digest: str | None, length: int | None) -> str:
    if digest is None:
        return "not read"
    return digest[:12] + (f" ({size(length)})" if length is not None else "")


def _of_steps(steps: Sequence[str]) -> str:
    return paint(f"({visible(', '.join(steps[:3]))}{'' if len(steps) <= 3 else ' …'})", _GREY)


def _why_lines(step: str, why: Sequence[str]) -> Iterator[str]:
    first, *more = [visible(line) for line in why]
    yield f"  {paint('▲', _YELLOW)} {visible(step)}: {first}"
    for line in more:
        yield f"      {line}"
