"""A command that runs steps does so in a process of its own, so that what kills it does not kill the answer.

The parent waits, passes signals on and knows how its child ended. See docs/decisions/0006.
"""

import faulthandler
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable

from msgspec import Struct

from headrace.app.runs.conducting import STOPPING
from headrace.app.runs.lifeline import Lifeline
from headrace.core.states import State
from headrace.display.plain import PlainDisplay
from headrace.executors.causes import Death, oom_kills

STOP_S = 15.0
"""A child that was asked by Ctrl-C has this long: an attempt's grace of 10 s, and time to write."""
TERM_S = 8.0
"""A child that was asked by SIGTERM or SIGHUP has this long: `docker stop` kills after 10 s."""
FORCE_S = 1.0
"""A child that was asked twice has this long."""
HEAR_S = 1.0
"""A child that has not heard by then holds its interpreter; the parent answers for it."""
ECHO_S = 0.2
"""The same signal that comes again within this is the same press: some send it to the process and to its group."""

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_BY_KEYS = (signal.SIGINT, signal.SIGQUIT)
_PASSED_ON = (*_STOPS, signal.SIGUSR1, signal.SIGUSR2)
_PATIENCE_S: dict[int, float] = {signal.SIGINT: STOP_S, signal.SIGQUIT: FORCE_S}
_F_SETSIG = 10
"""Linux: which signal a descriptor sends (asm-generic/fcntl.h); Python's fcntl does not name it."""


class Ended(Struct):
    """How a child ended: how the process died, and whether somebody had asked it to end."""

    death: Death
    was_asked: bool = False

    @property
    def status(self) -> int:
        """As a shell would put it."""
        status = self.death.status
        if status is None:
            return 1
        return status if status >= 0 else 128 - status


def can_supervise() -> bool:
    """Whether the command may go on in a child: not under a debugger, which watches this process; on Linux only.

    Elsewhere a forked child must not use the system's frameworks; there, whoever looks next records a death.
    """
    monitoring = getattr(sys, "monitoring", None)
    is_watched = sys.gettrace() is not None or (monitoring is not None and monitoring.get_tool(0) is not None)
    return sys.platform == "linux" and not is_watched


def supervised(work: Callable[[Lifeline], int], *, after: Callable[[Lifeline, Ended], int | None]) -> int:
    """Do `work` in a child, or in as many as it takes; `after` says the status once one ended, None for once more.

    Returns in the child (what `work` returns) and where nothing can be supervised; the parent exits here.
    """
    if not can_supervise():
        return work(Lifeline(is_watched=False))
    lifeline = Lifeline()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    while True:
        watch = _Watch(mask)
        if watch.is_child:
            return _at_work(work, lifeline)
        status = after(lifeline, watch.wait(lifeline))
        if status is not None:
            _leave(status)


def _at_work(work: Callable[[Lifeline], int], lifeline: Lifeline) -> int:
    if not faulthandler.is_enabled():
        faulthandler.enable(2, all_threads=False)  # a crash in native code says where in Python it was
    try:
        status = work(lifeline)
    except BaseException:
        lifeline.ending = "error"
        raise
    lifeline.ending = str(status)
    return status


def _leave(status: int) -> None:
    """End without tearing down what was never used: a command's last milliseconds are waited for."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(status)


class _Patience:
    """When the child was first asked to end, until when it may take, and when somebody has to answer for it."""

    def __init__(self) -> None:
        self.asked_at: float | None = None
        self.until: float | None = None
        self.answer_at: float | None = None
        self._last: dict[int, float] = {}

    def ask(self, number: int, now: float) -> None:
        """A signal has come that asks for the end."""
        is_echo = now - self._last.get(number, -1e9) < ECHO_S
        self._last[number] = now
        if is_echo:
            return
        longest = FORCE_S if self.asked_at is not None else _PATIENCE_S.get(number, TERM_S)
        if self.asked_at is None:
            self.asked_at, self.answer_at = now, now + HEAR_S
        self.until = min(self.until or now + longest, now + longest)

    def rest_s(self, now: float) -> float | None:
        """How long to wait for the next signal; None for ever."""
        times = [at for at in (self.until, self.answer_at) if at is not None]
        return max(0.0, min(times) - now) if times else None


class _Watch:
    """One child, forked off at once; `is_child` tells the two apart."""

    def __init__(self, mask: set[int | signal.Signals]) -> None:
        self._patience = _Patience()
        # SIG_IGN, which some daemons leave behind, would let nobody wait for a child
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        watched = {number for number in _PASSED_ON if signal.getsignal(number) is not signal.SIG_IGN}
        self._watched = {*watched, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, self._watched)
        life, self._held = os.pipe2(os.O_CLOEXEC)
        self._pid = os.fork()
        self.is_child = self._pid == 0
        if self.is_child:
            os.close(self._held)
            _die_with(life)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        else:
            os.close(life)
            self._kills_before = oom_kills()

    def wait(self, lifeline: Lifeline) -> Ended:
        """Pass signals on until the child has ended."""
        patience = self._patience
        while True:
            rest = patience.rest_s(time.monotonic())
            info = signal.sigwaitinfo(self._watched) if rest is None else signal.sigtimedwait(self._watched, rest)
            if info is None:
                self._be_impatient(lifeline)
            elif info.si_signo != signal.SIGCHLD:
                self._pass_on(info)
            else:
                pid, status = os.waitpid(self._pid, os.WNOHANG)
                if pid:
                    os.close(self._held)
                    is_oom_kill = oom_kills() > self._kills_before
                    return Ended(Death(os.waitstatus_to_exitcode(status), is_oom_kill), patience.asked_at is not None)

    def _be_impatient(self, lifeline: Lifeline) -> None:
        patience, now = self._patience, time.monotonic()
        if patience.answer_at is not None and patience.answer_at <= now:
            patience.answer_at = None
            if not lifeline.has_heard:
                PlainDisplay().say(State.CANCELLED, STOPPING)
        if patience.until is not None and patience.until <= now:
            patience.until = None
            os.kill(self._pid, signal.SIGKILL)

    def _pass_on(self, info: signal.struct_siginfo) -> None:
        # what a terminal's keys send has no sender, and has reached the child as well
        if info.si_pid or info.si_signo not in _BY_KEYS:
            os.kill(self._pid, info.si_signo)
        if info.si_signo in _STOPS:
            self._patience.ask(info.si_signo, time.monotonic())


def _die_with(life: int) -> None:
    """Have the kernel kill this process once the pipe's other end is gone: once the parent is, however it went."""
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, _F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    try:
        gone = os.read(life, 1) == b""
    except BlockingIOError:
        return
    if gone:  # before the kernel was asked to tell
        os.kill(os.getpid(), signal.SIGKILL)
