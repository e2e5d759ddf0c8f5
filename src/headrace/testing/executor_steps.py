"""The steps that the contract of executors runs: importable everywhere, and done in a moment."""

import time
from pathlib import Path

PATIENCE_S = 60.0


def give(value: int) -> int:
    """Give the value back."""
    return value


def fail(text: str) -> None:
    """Raise a ValueError with this text."""
    raise ValueError(text)


def wait_for(path: str) -> str:
    """Return once there is something at this path; raises TimeoutError after a minute."""
    until = time.monotonic() + PATIENCE_S
    while not Path(path).exists():
        if time.monotonic() > until:
            raise TimeoutError(path)
        time.sleep(0.005)
    return path
