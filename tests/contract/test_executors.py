"""Every executor passes the contract that ships to users."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from headrace.core.canonical import canonical, restore
from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.core.values import InlineValue
from headrace.executors.local import LocalExecutor
from headrace.executors.workers import WarmWorkers
from headrace.testing import executor_steps
from headrace.testing.executor_contract import ExecutorContract, step_attempt
from headrace.testing.fake_executor import FakeExecutor
from headrace.worker import wire
from headrace.worker.failures import describe_failure
from worker_kit import command, make_worker

SPEC = step_attempt(executor_steps.give, value=1)


def outcome(spec):
    arguments = {name: restore(value.text) for name, value in spec.arguments}
    if spec.symbol.qualname == "wait_for" and not Path(arguments["path"]).exists():
        return None
    try:
        return InlineValue(canonical(getattr(executor_steps, spec.symbol.qualname)(**arguments)))
    except ValueError as error:
        return describe_failure(error)


class TestFakeExecutor(ExecutorContract):
    @pytest.fixture(autouse=True, params=range(3))
    def _fresh_executor(self, request, tmp_path):
        self.folder = tmp_path
        self.executor = FakeExecutor(self.report, outcome, seed=request.param)

    def drive(self, until):
        while not until():
            assert self.executor.turn(), "nothing can happen any more"

    def lose_worker(self, began):
        self.executor.crash(began.attempt_id)


class TestLocalExecutorWithoutTheCallingProcess(ExecutorContract):
    """As in a server: nobody works in the calling process."""

    @pytest.fixture(autouse=True)
    def _fresh_executor(self, tmp_path):
        self.folder = tmp_path
        warm = WarmWorkers(command(tmp_path), wire)
        self.executor = LocalExecutor(self.report, worker=make_worker(tmp_path), warm=warm, lanes=2)
        yield
        self.executor.close()
        warm.close()

    def drive(self, until):
        end = time.monotonic() + 20
        while not until():
            assert time.monotonic() < end, self.told.messages[-5:]
            time.sleep(0.002)

    def lose_worker(self, began):
        os.kill(began.worker.pid, signal.SIGKILL)


class TestLocalExecutorWithTheCallingProcess(TestLocalExecutorWithoutTheCallingProcess):
    """As in a run: the main thread works, and the test, like a conductor, goes on in a thread of its own."""

    def loseable(self, spec):
        return replace(spec, needs_worker=True)


def conducted(test):
    def in_thread(self):
        failed = []

        def conduct():
            try:
                test(self)
            except BaseException as error:  # noqa: BLE001 - raised again in the main thread
                failed.append(error)
            finally:
                self.executor.wake()

        thread = threading.Thread(target=conduct, name="headrace-conductor")
        thread.start()
        self.executor.work_here(lambda: not thread.is_alive())
        thread.join()
        if failed:
            raise failed[0]

    return in_thread


for name in [name for name in dir(ExecutorContract) if name.startswith("test_")]:
    setattr(TestLocalExecutorWithTheCallingProcess, name, conducted(getattr(ExecutorContract, name)))


def test_the_same_seed_gives_the_same_story():
    def story(seed):
        seen = []
        fake = FakeExecutor(seen.append, lambda spec: InlineValue("1"), capacity=3, seed=seed)
        for number in range(6):
            fake.launch(replace(SPEC, attempt_id=str(number)))
        fake.drain()
        return [(type(message).__name__, message.attempt_id) for message in seen]

    assert story(1) == story(1)
    assert len({tuple(story(seed)) for seed in range(5)}) > 1


def test_a_fake_attempt_runs_until_its_outcome_is_known():
    seen, known = [], []
    fake = FakeExecutor(seen.append, lambda spec: Failure(FailureKind.TIMEOUT, "late") if known else None)
    fake.launch(SPEC)
    fake.drain()
    assert fake.running == (SPEC.attempt_id,)
    known.append(True)
    fake.drain()
    assert seen[-1].failure.kind is FailureKind.TIMEOUT
