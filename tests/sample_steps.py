"""Steps that tests run in real processes: well-behaved ones and every kind of misbehaviour."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from headrace.tracking.calls import log_metric, log_metrics, log_params, log_text
from headrace.tracking.current import current_run
from headrace.tracking.progress import progress


def add(a: int, b: int = 1) -> int:
    return a + b


def nothing() -> None:
    pass


def where() -> int:
    return os.getpid()


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def hold_interpreter(seconds: float) -> None:
    ctypes.PyDLL(None).usleep(int(seconds * 1_000_000))


def by_position(a: int, /, b: int, *, c: int) -> list[int]:
    return [a, b, c]


def fail(text: str) -> None:
    raise ValueError(text)


def fail_deep() -> None:
    try:
        fail("inner")
    except ValueError as error:
        raise KeyError("outer") from error


def leave(status: int) -> None:
    sys.exit(status)


def vanish(status: int) -> None:
    print("about to vanish", flush=True)
    os._exit(status)


def crash() -> None:
    print("about to crash")
    os.write(2, b"native words\n")
    ctypes.string_at(0)


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def talk(times: int = 1) -> None:
    for number in range(times):
        print(f"out {number}")
        print(f"err {number}", file=sys.stderr)
    logging.getLogger("sample").warning("log %d", times)


def talk_natively() -> None:
    os.write(1, b"by descriptor\n")
    subprocess.run(["/bin/sh", "-c", "echo by child; echo child err >&2"], check=True)
    libc = ctypes.CDLL(None)
    libc.printf(b"by printf\n")
    os.write(1, b"broken \xff text\n")


def track() -> str:
    log_metric("loss", 0.5, step=1)
    log_metrics({"auc": 0.7, "f1": 0.6})
    log_params({"depth": 3})
    log_text("note", "good")
    for _ in progress([1, 2, 3]):
        pass
    return current_run().idempotency_key


def track_in_thread() -> None:
    thread = threading.Thread(target=lambda: (log_metric("from thread", 1), print("thread words")))
    thread.start()
    thread.join()


def track_slowly(seconds: float) -> None:
    log_metric("early", 1.0)
    time.sleep(seconds)


def wait_for(path: str) -> str:
    """Until a file is there; a bound so that a broken test ends."""
    for _ in range(3000):
        if Path(path).exists():
            return path
        time.sleep(0.01)
    raise TimeoutError(path)


def never_return(path: str) -> None:
    """Swallows being stopped."""
    end = time.monotonic() + 60
    while True:
        try:
            Path(path).touch()
            while time.monotonic() < end:
                time.sleep(0.05)
            break
        except KeyboardInterrupt:
            continue


def clean_up(path: str) -> None:
    try:
        Path(path + ".begun").touch()
        time.sleep(60)
    finally:
        Path(path).touch()


def change_folder() -> None:
    os.chdir("/")


def change_folder_and_fail() -> None:
    os.chdir("/")
    raise ValueError


def change_environment() -> None:
    os.environ["SAMPLE_RESIDUE"] = "1"


def leave_thread() -> None:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def leave_child() -> int:
    return subprocess.Popen(["/bin/sleep", "60"]).pid


def take_memory(megabytes: int, seconds: float = 0.0) -> int:
    block = b"x" * (megabytes << 20)
    time.sleep(seconds)
    return len(block)


def take_memory_in_child(megabytes: int) -> None:
    code = f"import time; block = b'x' * ({megabytes} << 20); time.sleep(30)"
    subprocess.run([sys.executable, "-c", code], check=True)


def close_all_descriptors() -> None:
    os.closerange(3, 256)
    time.sleep(30)


def show_secret(name: str) -> None:
    print("the secret is", os.environ[name])
    raise ValueError(f"wrong password {os.environ[name]}")


def exhaust_recursion() -> None:
    exhaust_recursion()


class Unpicklable(Exception):
    def __init__(self):
        super().__init__(threading.Lock())


class Mute(Exception):
    def __str__(self):
        raise SystemExit("no words")


def fail_unpicklable() -> None:
    raise Unpicklable


def fail_mute() -> None:
    raise Mute


def interrupt_itself() -> None:
    raise KeyboardInterrupt


def give_strange() -> object:
    return threading.Lock()


def talk_back(text: str) -> str:
    return text


def interrupted_by_terminal() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.05)
    return "went on"


def mix_streams() -> None:
    print("begun ", end="")
    print("and ended")
    sys.stdout.write("no end")


def read_terminal() -> str:
    return sys.stdin.read()


def meet(own: str, other: str) -> int:
    """Returns once both run at the same time."""
    Path(own).touch()
    wait_for(other)
    return os.getpid()


def keep_secret(name: str) -> list[str]:
    secret = os.environ[name]
    log_params({"place": f"at {secret}"})
    log_text("card", f"# {secret}")
    if secret.isprintable():
        log_metric(f"of {secret}", 1.0)
    return ["long" * 4096, secret]
