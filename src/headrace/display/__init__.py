"""Whoever watches a run live on this machine: a terminal that redraws, a pipe that gets plain lines."""

import os

from headrace.display.live import LiveDisplay
from headrace.display.plain import PlainDisplay, standard_error


def display_for_terminal() -> PlainDisplay:
    """The display that fits standard error, such as it is now: redrawing on a terminal, plain lines elsewhere.

    A notebook puts a stream of its own there, and shows what is written to it under the cell.
    """
    stream = standard_error()
    if not stream.isatty():
        return PlainDisplay(stream)
    if os.environ.get("TERM") == "dumb" or "NO_COLOR" in os.environ:
        return PlainDisplay(stream)
    return LiveDisplay(stream)
