"""A terminal that redraws: finished steps scroll up as lines, running ones stay below with their time and progress."""

import threading
import time
from contextlib import suppress
from typing import Any, TextIO, cast

from msgspec import Struct

from headrace.core.states import State
from headrace.core.visible import visible
from headrace.display.plain import PlainDisplay
from headrace.display.words import ENDS, seconds
from headrace.ports.executors import LogLines, Progress
from headrace.ports.records import RunEvent, RunRecord
from headrace.ports.story import EventType

PATIENCE_S = 0.3
"""A run that is over by then never pays for loading the redrawing library, and never flickers."""


class _Running(Struct):
    since: float
    note: str = ""
    done: float = 0.0
    total: float = 0.0


class _Unbreakable:
    """A stream whose reader may go (a terminal is closed): a run must not fail because nobody watches it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class LiveDisplay(PlainDisplay):
    """Plain lines, and below them the running steps, redrawn eight times a second."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream, coloured=True)
        self._lock = threading.RLock()
        self._running: dict[str, _Running] = {}
        self._live: Any = None
        self._ended = False
        self._timer = threading.Timer(PATIENCE_S, self._begin)
        self._timer.daemon = True
        self._timer.start()

    def on_event(self, event: RunEvent) -> None:
        """Keep the list of running steps, write the lines of finished ones."""
        with self._lock:
            kind = EventType(event.type)
            if kind is EventType.STEP_STARTED:
                self._running[event.node] = _Running(time.monotonic())
            elif kind is EventType.STEP_ITEMS:
                self._count_items(event)
            elif kind in ENDS:
                self._running.pop(event.node, None)
            super().on_event(event)

    def on_lines(self, node: str, item: int, lines: LogLines) -> None:
        """Write what a step has printed."""
        with self._lock:
            super().on_lines(node, item, lines)

    def say(self, state: State, text: str) -> None:
        """Write a line of the run's own, from any thread."""
        with self._lock:
            super().say(state, text)

    def on_progress(self, node: str, item: int, progress: Progress) -> None:
        """Show how far a step is."""
        with self._lock:
            running = self._running.get(node)
            if running is not None and item < 0:
                running.done, running.total, running.note = progress.done, progress.total or 0.0, progress.note

    def on_end(self, run: RunRecord) -> None:
        """Take the running steps away and write the last line."""
        self._timer.cancel()
        with self._lock:
            self._running.clear()
            self._ended = True
            live, self._live = self._live, None
        if live is not None:
            # outside the lock: nobody waits for the redrawing thread and keeps others waiting
            live.stop()
        super().on_end(run)

    def _count_items(self, event: RunEvent) -> None:
        running = self._running.get(event.node)
        if running is not None:
            counts = {name: value for name, value in event.data.items() if isinstance(value, int)}
            running.total = float(counts.pop("items", 0))
            open_states = (State.PENDING, State.QUEUED, State.RUNNING)
            running.done = running.total - sum(counts.get(state.value, 0) for state in open_states)

    def _begin(self) -> None:
        from rich.console import Console  # 70 ms that only a run watched for longer pays
        from rich.live import Live

        with self._lock:
            if not self._ended:
                console = Console(file=cast("TextIO", _Unbreakable(self._stream)), highlight=False, markup=False)
                # the streams are the attempts': what a step prints has to reach its log, and comes here from there
                self._live = Live(
                    console=console,
                    get_renderable=self._picture,
                    refresh_per_second=8,
                    transient=True,
                    redirect_stdout=False,
                    redirect_stderr=False,
                )
                self._live.start()

    def _picture(self) -> Any:
        from rich.text import Text  # see _begin

        # without the lock: the redrawing thread holds one of its own here, for which whoever writes a line waits
        running = self._running.copy()
        now = time.monotonic()
        lines = [self._line(node, one, now) for node, one in list(running.items())[:12]]
        if len(running) > 12:
            lines.append(f"  and {len(running) - 12} more")
        return Text("\n".join(lines))

    def _line(self, node: str, running: _Running, now: float) -> str:
        turning = "◐◓◑◒"[int(now * 4) % 4]
        text = f"{turning} {visible(node):<28} {seconds(now - running.since):>8}"
        if running.total > 0:
            full = round(20 * min(running.done / running.total, 1.0))
            text += f"  {'━' * full}{'╌' * (20 - full)} {running.done:g}/{running.total:g}"
        return f"{text}  {visible(running.note)}".rstrip()

    def _write(self, line: str) -> None:
        if self._live is None:
            super()._write(line)
        else:
            from rich.text import Text  # see _begin

            self._live.console.print(Text.from_ansi(line))
