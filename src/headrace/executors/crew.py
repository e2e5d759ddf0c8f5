"""The worker processes of one executor, watched by one thread: who is free, who is due, who has died."""

import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.executors.causes import Death, failure_of_death
from headrace.executors.errors import WorkerStartError
from headrace.executors.posts import Post
from headrace.executors.waiting import WaitingLine
from headrace.executors.workers import LeftLines, WarmWorkers
from headrace.ports.executors import AttemptBroke, AttemptSpec, LogLines, Usage, WorkerMessage
from headrace.ports.workers import Frame, Report, RunAttempt, Worker, WorkerFree, WorkerReady

READY_S = 60.0
"""A worker process that is not ready by then is given up."""
TRY_AGAIN_S = 5.0
"""After a process that could not be started, while the calling process can do the work."""
LOOK_S = 0.05
"""How often to look for dead processes where the system has no descriptor for a process."""
CLOSE_S = 10.0
LAST_WORDS_S = 0.2
"""A worker whose attempt has ended says within this that it is free; then it is kept."""


class Crew:
    """Gives waiting attempts to worker processes and reports what they say. Its thread starts at the first `wake`."""

    def __init__(self, line: WaitingLine, warm: WarmWorkers, *, report: Report, worker: Worker) -> None:
        self._line = line
        self._warm = warm
        self._report = report
        self._worker = worker
        self._posts: dict[int, Post] = {}
        self._orders: deque[Callable[[], None]] = deque()
        self._poll = select.poll()
        self._bell = _Bell()
        self._poll.register(self._bell.fd, select.POLLIN)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._no_start_before = 0.0
        self._given_back: set[str] = set()
        """Attempts whose process died before they began: they get one more."""
        self._is_closing = False

    def wake(self) -> None:
        """Look at the waiting attempts. From any thread."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="headrace-crew", daemon=True)
                self._thread.start()
        self._bell.ring()

    def stop(self, attempt_id: str, grace_s: float) -> None:
        """Ask an attempt to end if a worker process has it. From any thread."""
        self._orders.append(lambda: self._stop(attempt_id, grace_s))
        self.wake()

    def close(self) -> None:
        """End the attempts that run, keep free processes warm, end the thread. From any thread but its own."""
        self._is_closing = True
        if self._thread is not None and self._thread is not threading.current_thread():
            self._bell.ring()
            self._thread.join(CLOSE_S)
        self._bell.close()

    def _run(self) -> None:
        try:
            while not self._is_closing:
                wait_s = self._turn()
                for fd, _ in self._poll.poll(None if wait_s is None else max(0, wait_s) * 1000 + 1):
                    if fd == self._bell.fd:
                        self._bell.hush()
                self._hear_all()
        finally:
            self._end()

    def _turn(self) -> float | None:
        """Do what is due; in how many seconds to look again."""
        while self._orders:
            self._orders.popleft()()
        self._assign()
        waits = [self._start_workers()]
        self._line.free_workers = sum(1 for post in self._posts.values() if post.is_free)
        now = time.monotonic()
        for post in list(self._posts.values()):
            waits.append(post.enforce(now))
            waits.append(self._give_up_on_start(post, now))
            if post.process.pid_fd < 0:
                waits.append(LOOK_S)
        return min((wait for wait in waits if wait is not None), default=None)

    def _assign(self) -> None:
        for post in [post for post in self._posts.values() if post.is_free]:
            spec = self._line.take_for_worker()
            if spec is None:
                return
            post.assign(spec)
            post.process.send(RunAttempt(spec))

    def _start_workers(self) -> float | None:
        wanted, ask_again_s = self._line.wanted_workers()
        missing = wanted - sum(1 for post in self._posts.values() if not post.is_ready or post.is_free)
        now = time.monotonic()
        if missing > 0 and now < self._no_start_before:
            return self._no_start_before - now
        for _ in range(missing):
            process = self._warm.take()
            try:
                post = Post(process or self._warm.start(), is_ready=process is not None)
            except WorkerStartError as error:
                self._cannot_start(str(error), "")
                return 0.0
            self._posts[post.process.pid] = post
            self._watch(post)
            if post.is_free:
                self._assign()
        return ask_again_s

    def _watch(self, post: Post) -> None:
        self._poll.register(post.process.reports_fd, select.POLLIN)
        if post.process.pid_fd >= 0:
            self._poll.register(post.process.pid_fd, select.POLLIN)

    def _unwatch(self, post: Post) -> None:
        if post.cut_at is None:
            self._poll.unregister(post.process.reports_fd)
        if post.process.pid_fd >= 0:
            self._poll.unregister(post.process.pid_fd)

    def _hear_all(self) -> None:
        for post in list(self._posts.values()):
            is_dead = post.process.is_dead()  # asked first, so that its last words are not missed
            self._hear_one(post)
            if is_dead and post.process.pid in self._posts:
                self._bury(post)
            elif post.process.is_cut and post.cut_at is None:
                post.cut_at = time.monotonic()
                self._poll.unregister(post.process.reports_fd)

    def _hear_one(self, post: Post) -> None:
        for frame in post.process.receive():
            self._hear(post, frame)

    def _hear(self, post: Post, frame: Frame) -> None:
        match frame:
            case WorkerReady():
                post.is_ready = True
                post.process.identity = frame.worker
            case WorkerFree():
                self._free(post, has_residue=bool(frame.residue))
            case RunAttempt():
                pass
            case _:
                message = post.translated(frame)
                if message is not None:
                    self._tell(message)

    def _free(self, post: Post, *, has_residue: bool) -> None:
        post.is_retired = has_residue or post.ending is not None
        post.spec = None
        self._line.done_in_worker()
        if post.is_retired:
            self._bury(post)

    def _bury(self, post: Post) -> None:
        """End and collect the process, and tell the end of its attempt if it has not told it itself."""
        del self._posts[post.process.pid]
        self._unwatch(post)
        left = post.process.left_lines()
        death = post.process.bury()
        spec = post.spec
        if spec is not None:
            self._end_attempt(post, spec, death=death, left=left)
        elif not post.is_ready and not self._is_closing:
            said = "\n".join(text for _, _, text in left)
            self._cannot_start(failure_of_death(death, what="A new worker process").message, said)

    def _end_attempt(self, post: Post, spec: AttemptSpec, *, death: Death, left: LeftLines) -> None:
        if post.may_be_given_away and spec.attempt_id not in self._given_back and not self._is_closing:
            self._given_back.add(spec.attempt_id)
            self._line.give_back(spec)
        else:
            end = post.broke(death, self._rest_of_log(post, spec, left))
            if end is not None:
                self._tell(end)
        self._line.done_in_worker()

    def _rest_of_log(self, post: Post, spec: AttemptSpec, left: LeftLines) -> tuple[str, ...]:
        if post.has_ended:
            return ()
        try:
            rest = tuple(self._worker.finish_log(spec, left, told=post.told_lines))
        except OSError:
            rest = tuple(left)
        if rest:
            self._tell(LogLines(spec.attempt_id, rest))
        return (*post.last_lines, *(text for _, _, text in rest))[-(post.last_lines.maxlen or 1) :]

    def _give_up_on_start(self, post: Post, now: float) -> float | None:
        if post.is_ready:
            return None
        if now - post.started_at >= READY_S:
            post.close()
            return None
        return post.started_at + READY_S - now

    def _cannot_start(self, reason: str, said: str) -> None:
        """Work that the calling process can do waits for it; other work fails, one attempt a process."""
        self._no_start_before = time.monotonic() + TRY_AGAIN_S if self._line.is_staffed_for() else 0.0
        if self._no_start_before:
            return
        spec = self._line.take_for_worker()
        if spec is not None:
            self._tell(AttemptBroke(spec.attempt_id, spec.fence, _start_failure(reason, said), Usage(), time.time()))
            self._line.done_in_worker()

    def _stop(self, attempt_id: str, grace_s: float) -> None:
        for post in self._posts.values():
            if post.spec is not None and post.spec.attempt_id == attempt_id:
                post.stop(grace_s)

    def _tell(self, message: WorkerMessage) -> None:
        try:
            self._report(message)
        except Exception as error:  # noqa: BLE001 - whoever listens must not end the thread that all attempts need
            sys.excepthook(type(error), error, error.__traceback__)

    def _end(self) -> None:
        """Keep what is free or about to be, end the rest."""
        until = time.monotonic() + LAST_WORDS_S
        self._hear_all()
        while any(post.has_ended for post in self._posts.values()) and time.monotonic() < until:
            self._poll.poll(5)
            self._hear_all()
        for post in list(self._posts.values()):
            if post.is_free:
                self._unwatch(post)
                del self._posts[post.process.pid]
                self._warm.give(post.process)
            else:
                post.close()
                self._bury(post)


class _Bell:
    """Wakes a thread that polls; ringing twice before it is heard costs nothing."""

    def __init__(self) -> None:
        self.fd, self._rope = os.pipe()
        self._is_rung = False
        for fd in (self.fd, self._rope):
            os.set_blocking(fd, False)

    def ring(self) -> None:
        if not self._is_rung and self._rope >= 0:
            self._is_rung = True
            os.write(self._rope, b"!")

    def hush(self) -> None:
        os.read(self.fd, 4096)
        self._is_rung = False  # after the read: who rings in between is heard, because the thread looks next

    def close(self) -> None:
        if self._rope >= 0:
            rope, self._rope = self._rope, -1
            os.close(self.fd)
            os.close(rope)


def _start_failure(reason: str, said: str) -> Failure:
    remedy = f"Its last words were:\n{said[-2000:]}" if said else "Is Python's installation whole?"
    types = ("headrace.core.errors:InfrastructureError", "headrace.core.errors:AttemptError")
    message = f"The step could not be started. {reason}"
    return Failure(FailureKind.INFRASTRUCTURE, message, remedy, types)
