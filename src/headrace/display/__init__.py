"""Whoever watches a run live on this machine: a terminal that redraws, a pipe that gets plain lines."""

import os
import sys

from headrace.display.live import LiveDisplay
from headrace.display.plain import PlainDisplay


def display_for_terminal() -> PlainDisplay:
    """The display that fits standard error: redrawing on a terminal, plain lines in a pipe."""
    stream = sys.__stderr__ or sys.stderr
    if not stream.isatty():
        return PlainDisplay(stream)
    if os.environ.get("TERM") == "dumb" or "NO_COLOR" in os.environ:
        return PlainDisplay(stream)
    return LiveDisplay(stream)
