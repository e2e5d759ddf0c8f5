"""One worker process at work: what it runs, its limits, why it is being ended, and what its messages mean then."""

import signal
import time
from collections import deque

from msgspec.structs import replace

from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.executors.causes import (
    LAST_LINES,
    Death,
    failure_of_close,
    failure_of_death,
    failure_of_memory,
    failure_of_silence,
    failure_of_stop,
    failure_of_timeout,
)
from headrace.executors.memory import CAN_LIMIT, members_of_group, private_bytes
from headrace.executors.workers import WorkerProcess
from headrace.ports.executors import (
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    AttemptSpec,
    LogLines,
    Usage,
    WorkerMessage,
)

TERM_S = 0.5
"""After a time-out, how long a step may take to say where it stood."""
MUTE_S = 0.5
"""How long a process may live that cannot report any more."""
SAMPLE_S = 0.05
"""How often the memory of a limited step is looked at."""
CHILDREN_EVERY = 5
"""Children of a limited step are looked for at every fifth sample, because that reads all of /proc."""


class Ending:
    """Why an attempt is being ended from here, and when its process is killed if it does not go.

    `is_strict`: a success that comes meanwhile does not count.
    """

    def __init__(self, failure: Failure, kill_at: float, *, is_strict: bool = True) -> None:
        self.failure, self.kill_at, self.is_strict = failure, kill_at, is_strict


class Post:
    """A worker process and the attempt it has. One thread at a time.

    `told_lines` counts the log lines that were reported, `cut_at` is when the process closed its pipe.
    """

    def __init__(self, process: WorkerProcess, *, is_ready: bool = False) -> None:
        self.process = process
        self.started_at = time.monotonic()
        self.is_ready = is_ready
        self.is_retired = False
        self.spec: AttemptSpec | None = None
        self.began_at = 0.0
        self.has_begun = self.has_ended = False
        self.ending: Ending | None = None
        self.cut_at: float | None = None
        self.told_lines = 0
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self.peak_bytes = 0
        self._samples = 0
        self._members: list[int] = []

    @property
    def may_be_given_away(self) -> bool:
        """Whether its attempt has not begun and nobody has ended it: another process may have it."""
        return not self.has_begun and not self.has_ended and self.ending is None

    def assign(self, spec: AttemptSpec) -> None:
        """Begin with an attempt."""
        self.spec, self.began_at = spec, time.monotonic()
        self.has_begun = self.has_ended = False
        self.ending = None
        self.told_lines = self.peak_bytes = self._samples = 0
        self.last_lines.clear()

    @property
    def is_free(self) -> bool:
        """Whether it can take an attempt."""
        return self.is_ready and self.spec is None and not self.is_retired

    def translated(self, message: WorkerMessage) -> WorkerMessage | None:
        """What to tell about a message of the worker; None for one that does not count any more."""
        if self.has_ended:
            return None
        match message:
            case AttemptBegan():
                self.has_begun, self.began_at = True, time.monotonic()
            case LogLines():
                self.told_lines += len(message.lines)
                self.last_lines.extend(text for _, _, text in message.lines)
            case AttemptBroke():
                self.has_ended = True
                return replace(message, failure=self._meant(message.failure))
            case AttemptDone():
                if self.ending is not None and self.ending.is_strict:
                    self.has_ended = True
                    return AttemptBroke(
                        message.attempt_id, message.fence, self.ending.failure, message.usage, message.at
                    )
                self.has_ended = True
            case _:
                pass
        return message

    def stop(self, grace_s: float) -> None:
        """Ask the attempt to end; what it finishes in the grace counts."""
        if self.spec is None or self.ending is not None:
            return
        self.ending = Ending(failure_of_stop(), time.monotonic() + grace_s, is_strict=False)
        self.process.signal(signal.SIGTERM if grace_s > 0 else signal.SIGKILL)

    def close(self) -> None:
        """End the attempt now, because the executor goes."""
        self.ending = Ending(failure_of_close(), 0.0)
        self.process.signal(signal.SIGKILL)

    def enforce(self, now: float) -> float | None:
        """Hold the attempt to its limits; in how many seconds to look again."""
        if self.cut_at is not None:
            return self._end_if_mute(self.cut_at, now)
        spec = self.spec
        if spec is None or self.has_ended:
            return None
        if self.ending is not None:
            return self._kill_when_due(now)
        if spec.timeout_s is not None and now - self.began_at >= spec.timeout_s:
            self.ending = Ending(failure_of_timeout(spec.timeout_s), now + TERM_S)
            self.process.signal(signal.SIGTERM)
            return TERM_S
        rest = None if spec.timeout_s is None else self.began_at + spec.timeout_s - now
        if spec.memory_bytes is None or not CAN_LIMIT:
            return rest
        self._enforce_memory(spec.memory_bytes, now)
        return SAMPLE_S if rest is None else min(rest, SAMPLE_S)

    def broke(self, death: Death, last_lines: tuple[str, ...]) -> AttemptBroke | None:
        """The end of an attempt whose process died without telling one."""
        spec = self.spec
        if spec is None or self.has_ended:
            return None
        self.has_ended = True
        told = replace(death, last_lines=last_lines or tuple(self.last_lines))
        failure = self.ending.failure if self.ending is not None else failure_of_death(told)
        usage = Usage(wall_s=time.monotonic() - self.began_at, peak_memory_bytes=self.peak_bytes)
        return AttemptBroke(spec.attempt_id, spec.fence, failure, usage, time.time())

    def _end_if_mute(self, cut_at: float, now: float) -> float | None:
        """A process that has closed its pipe is about to end; or a step has closed what is not its own."""
        if now - cut_at < MUTE_S:
            return cut_at + MUTE_S - now
        if self.ending is None:
            self.ending = Ending(failure_of_silence(), now)
        self.process.signal(signal.SIGKILL)
        return MUTE_S

    def _meant(self, failure: Failure) -> Failure:
        if self.ending is not None:
            is_told = failure.kind is FailureKind.CANCELLED
            return replace(self.ending.failure, traceback=failure.traceback) if is_told else self._own(failure)
        if failure.kind is FailureKind.CANCELLED:
            message = "The step's process was asked to end from outside (SIGTERM)."
            return replace(failure, kind=FailureKind.INFRASTRUCTURE, message=message)
        return failure

    def _own(self, failure: Failure) -> Failure:
        """What a failure means that comes meanwhile: after a stop the step's own words count, else the limit."""
        ending = self.ending
        return (
            failure if ending is None or not ending.is_strict else replace(ending.failure, traceback=failure.traceback)
        )

    def _kill_when_due(self, now: float) -> float | None:
        ending = self.ending
        if ending is None:
            return None
        if now < ending.kill_at:
            return ending.kill_at - now
        self.process.signal(signal.SIGKILL)
        ending.kill_at = now + 1.0
        return 1.0

    def _enforce_memory(self, limit_bytes: int, now: float) -> None:
        if self._samples % CHILDREN_EVERY == 0:
            self._members = members_of_group(self.process.pid)
        self._samples += 1
        used = sum(private_bytes(pid) for pid in {self.process.pid, *self._members})
        self.peak_bytes = max(self.peak_bytes, used)
        if used > limit_bytes:
            self.ending = Ending(failure_of_memory(used, limit_bytes), now)
            self.process.signal(signal.SIGKILL)
