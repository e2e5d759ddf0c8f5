"""How much private memory a process group has right now. Linux only: elsewhere nobody enforces a memory limit."""

import os
import sys
from pathlib import Path

CAN_LIMIT = sys.platform == "linux"
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def private_bytes(pid: int) -> int:
    """Resident memory of a process that is backed by no file (mapped store pages do not count); 0 if it is gone."""
    try:
        resident, shared = Path(f"/proc/{pid}/statm").read_bytes().split()[1:3]
    except (OSError, ValueError):
        return 0
    return max(0, int(resident) - int(shared)) * _PAGE_BYTES


def members_of_group(group: int) -> list[int]:
    """The pids of a process group, read from /proc (the kernel lists them nowhere else)."""
    names = os.listdir("/proc")  # noqa: PTH208 - a thousand names, many times a minute
    return [int(name) for name in names if name.isdigit() and _group_of(int(name)) == group]


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return -1
