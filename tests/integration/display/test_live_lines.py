"""Lines that are written while the terminal is redrawn."""

import io
import threading
import time

from headrace.display import live
from headrace.ports.executors import LogLines
from headrace.ports.records import RunEvent
from headrace.ports.story import EventType
from headrace.testing.records import some_run


class Screen(io.StringIO):
    """A terminal, for those who ask."""

    def isatty(self) -> bool:
        return True


def test_lines_and_pictures_never_wait_for_each_other_for_ever():
    screen = Screen()
    display = live.LiveDisplay(screen)
    display.on_event(RunEvent("run", 1, time.time(), EventType.STEP_STARTED, "talk", {}))

    def talk() -> None:
        while "talk  " not in screen.getvalue():  # until the first picture
            time.sleep(0.01)
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            display.on_lines("talk", -1, LogLines("attempt", ((time.time(), "stdout", "line"),)))

    talking = threading.Thread(target=talk, daemon=True)
    talking.start()
    talking.join(timeout=30)
    assert not talking.is_alive()
    display.on_end(some_run())
