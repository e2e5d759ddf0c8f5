"""Plain lines for a pipe or a terminal that does not redraw: one line an event, output of steps as it comes."""

import io
import sys
from collections.abc import Iterable
from typing import TextIO

from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.visible import visible, visible_line
from headrace.display.words import ENDS, MARKS, kept_items, line_of, seconds
from headrace.ports.executors import LogLines, Progress
from headrace.ports.records import RunEvent, RunRecord
from headrace.ports.story import EventType

COLOURS = {
    State.SUCCEEDED: "32",
    State.RUNNING: "34",
    State.REUSED: "36",
    State.FAILED: "31",
    State.CANCELLED: "33",
    State.SKIPPED: "33",
}
NEWLINE = "\n"
"""Stands between the cause of a failure and its remedy."""
OWN_WARNING = "<headrace>:1: "
"""Stands before what Headrace itself warns of, where Python names a file and a line."""


def standard_error() -> TextIO:
    """Standard error as it is now; where a process has none, a place that nobody reads."""
    stream: TextIO | None = sys.stderr
    return io.StringIO() if stream is None else stream


class PlainDisplay:
    """Writes each line as it comes, to standard error by default: a program's output stays its own."""

    def __init__(self, stream: TextIO | None = None, *, coloured: bool = False) -> None:
        self._stream = stream if stream is not None else standard_error()
        self._coloured = coloured
        self._ends: dict[str, State] = {}
        self._warned: set[tuple[str, str]] = set()
        self._items: dict[str, tuple[int, int]] = {}

    def on_event(self, event: RunEvent) -> None:
        """Write the event's line, if it has one."""
        self._count(event)
        line = line_of(event)
        if line is not None:
            self._write(f"{self.mark(line[0])} {visible(line[1], keep=NEWLINE)}")

    def on_lines(self, node: str, item: int, lines: LogLines) -> None:
        """Write what a step has printed, with its name before it."""
        name = visible(node if item < 0 else f"{node}[{item}]")
        for _, _, text in lines.lines:
            told = text.removeprefix(OWN_WARNING)
            if told != text:
                if (node, told) in self._warned:  # each process warns for itself
                    continue
                self._warned.add((node, told))
            self._write(f"  {name} | {visible_line(told, is_coloured=self._coloured)}")

    def on_progress(self, node: str, item: int, progress: Progress) -> None:
        """Nothing: progress is for those who look at it live."""

    def on_end(self, run: RunRecord) -> None:
        """Write how the run ended and what it cost."""
        took = f" in {seconds(run.finished_at - run.started_at)}" if run.finished_at and run.started_at else ""
        ends = list(self._ends.values())
        counts = f"{ends.count(State.SUCCEEDED)} computed, {ends.count(State.REUSED)} reused"
        if State.CANCELLED in ends:
            counts += f", {ends.count(State.CANCELLED)} cancelled"
        counts += "".join(
            f", {kept} of {width} items of {visible(node)}" for node, (kept, width) in self._items.items()
        )
        name = f"run {short_id(run.id)} of {visible(run.pipeline)}"
        self._write(f"{self.mark(run.state)} {name} {run.state.value}{took}: {counts}")

    def remember(self, events: Iterable[RunEvent]) -> None:
        """Count what another process has shown of the same run."""
        for event in events:
            self._count(event)

    def say(self, state: State, text: str) -> None:
        """Write a line of the run's own, from any thread."""
        self._write(f"{self.mark(state)} {text}")

    def mark(self, state: State) -> str:
        """The state's shape, coloured if wanted."""
        code = COLOURS.get(state)
        return f"\x1b[{code}m{MARKS[state]}\x1b[0m" if self._coloured and code else MARKS[state]

    def _count(self, event: RunEvent) -> None:
        end = ENDS.get(EventType(event.type))
        if end is not None:
            # by step, because one whose stored value turns out to be damaged ends twice
            self._ends[event.node] = end
            self._items.pop(event.node, None)
            if end in (State.FAILED, State.CANCELLED) and (kept := kept_items(event.data)) is not None:
                self._items[event.node] = kept

    def _write(self, line: str) -> None:
        self.write(line + "\n")

    def write(self, text: str) -> None:
        """Write a text as it is, if anybody is there to read it."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # whoever read the lines has gone; the run goes on
            return
