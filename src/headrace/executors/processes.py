"""Processes of this machine: told apart by where they count, pid and start time, so that life needs no heartbeat."""

import os
import sys
from functools import cache
from pathlib import Path

from headrace.executors.marks import LifeMarks
from headrace.ports.executors import WorkerIdentity


class LocalProcesses:
    """Who this process is, and whether another one lives. Satisfies `ports.processes.Processes`.

    `marks` is a file beside the store, for processes whose numbers do not count here: those of other containers. Names
    of hosts tell nothing: a laptop changes its name with the network, a container with each start.
    """

    def __init__(self, marks: str | os.PathLike[str] | None = None) -> None:
        self._marks = LifeMarks(os.fspath(marks)) if marks is not None else None

    def me(self) -> WorkerIdentity:
        """This process."""
        pid = os.getpid()
        mark = self._marks.own() if self._marks is not None else 0
        return WorkerIdentity(os.uname().nodename, pid, start_of(pid) or 0.0, space_of_numbers(), mark)

    def is_alive(self, who: WorkerIdentity) -> bool:
        """Whether that process lives (a zombie does not).

        Where its number counts here too, pid and start time say it. Elsewhere (another container, before the last
        start of the machine) its mark does; without one it is alive if its machine has not been started anew.
        """
        here = space_of_numbers()
        if who.space == here or (not who.space and who.host == os.uname().nodename):
            return start_of(who.pid) == (who.started or None)
        if who.mark and self._marks is not None:
            return self._marks.is_held(who.mark)
        return bool(who.space) and who.space.partition(".")[0] == here.partition(".")[0]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def space_of_numbers() -> str:
    """Where a process number means the same process: one start of one kernel, one namespace of numbers (container).

    `BOOT.NAMESPACE`, equal in all processes that see each other; it outlives neither restart nor container.
    """
    return _space()


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


def _space_by_proc() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
        return f"{boot}.{Path('/proc/self/ns/pid').stat().st_ino:x}"
    except OSError:
        return f"{os.uname().nodename}."


if sys.platform == "darwin":
    import subprocess

    def _space() -> str:
        command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        return f"{told.replace('-', '') or os.uname().nodename}."

    def _start_of(pid: int) -> float | None:
        command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
        told = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C", "TZ": "UTC"})
        return start_in_ps_words(told.stdout) if told.stdout.strip() else None

else:
    _start_of = _start_by_proc
    _space = _space_by_proc
