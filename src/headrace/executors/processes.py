"""Processes of this machine: told apart by pid and start time, so that life needs no heartbeat and no clock."""

import os
import sys

from headrace.ports.executors import WorkerIdentity


class LocalProcesses:
    """Who this process is, and whether another one of this machine lives. Satisfies `ports.processes.Processes`."""

    def __init__(self) -> None:
        self._host = os.uname().nodename

    def me(self) -> WorkerIdentity:
        """This process."""
        pid = os.getpid()
        return WorkerIdentity(self._host, pid, start_of(pid) or 0.0)

    def is_alive(self, who: WorkerIdentity) -> bool:
        """Whether that process lives (a zombie does not); True for another machine's, which nobody here can know."""
        if who.host != self._host:
            return True
        return start_of(who.pid) == (who.started or None)


def start_of(pid: int) -> float | None:
    """When a living process started, in the platform's own whole units; None if there is no such process.

    Linux: clock ticks since boot (`/proc/PID/stat`, field 22); macOS: a number made of what `ps` tells.
    """
    return _start_of(pid)


def _start_by_proc(pid: int) -> float | None:
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        text = os.read(fd, 4096)
    except ProcessLookupError:
        return None
    finally:
        os.close(fd)
    fields = text[text.rindex(b")") + 2 :].split()  # the name before may hold blanks and parentheses
    return None if fields[0] in (b"Z", b"X") else float(fields[19])


def start_in_ps_words(told: str) -> float | None:
    """`S Sat Nov 21 10:01:21 2026` as a number that grows with time; no calendar is needed to tell two apart."""
    words = told.split()
    if len(words) != 6 or words[0].startswith("Z"):
        return None
    _, _, month, day, clock, year = words
    hour, minute, second = clock.split(":")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    days = (int(year) * 12 + months.index(month)) * 31 + int(day)
    return float(((days * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second))


if sys.platform == "darwin":
    import subprocess

    def _start_of(pid: int) -> float | None:
        command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
        told = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C", "TZ": "UTC"})
        return start_in_ps_words(told.stdout) if told.stdout.strip() else None

else:
    _start_of = _start_by_proc
