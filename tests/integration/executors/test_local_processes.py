"""Life is pid and start time where pids count, and a locked byte of a file elsewhere."""

import json
import os
import subprocess
import sys

import pytest
from msgspec.structs import astuple, replace

from headrace.executors.processes import LocalProcesses, space_of_numbers, start_in_ps_words, start_of
from headrace.ports.executors import WorkerIdentity

WAITING = """
import json, os, sys
from msgspec.structs import astuple
from headrace.executors.processes import LocalProcesses
print(json.dumps(astuple(LocalProcesses(sys.argv[1]).me())), flush=True)
sys.stdin.read()
"""
ASKING = """
import json, sys
from headrace.executors.processes import LocalProcesses
from headrace.ports.executors import WorkerIdentity
print(LocalProcesses(sys.argv[1]).is_alive(WorkerIdentity(*json.loads(sys.argv[2]))))
"""
CONTAINER = ("unshare", *(() if os.getuid() == 0 else ("-r",)), "-p", "-f", "--mount-proc", "--kill-child", "-u")


def identity_of(pid):
    return WorkerIdentity(os.uname().nodename, pid, start_of(pid), space_of_numbers())


def waiting(marks, *before):
    """A process that waits, and who it says it is."""
    child = subprocess.Popen(
        [*before, sys.executable, "-c", WAITING, str(marks)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return child, WorkerIdentity(*json.loads(child.stdout.readline()))


def end(child):
    child.kill()
    child.communicate()


def test_this_process_lives_and_is_the_same_every_time():
    processes = LocalProcesses()
    assert processes.me() == processes.me()
    assert processes.me().pid == os.getpid()
    assert processes.is_alive(processes.me())


def test_a_later_process_with_the_same_pid_is_another_one():
    processes = LocalProcesses()
    assert not processes.is_alive(replace(processes.me(), started=processes.me().started - 1))


def test_a_process_is_alive_until_it_ends_and_a_zombie_is_not():
    child = subprocess.Popen(["/bin/sleep", "60"])
    who = identity_of(child.pid)
    assert LocalProcesses().is_alive(who)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not LocalProcesses().is_alive(who)
    child.wait()
    assert not LocalProcesses().is_alive(who)


def test_a_machine_may_change_its_name_meanwhile(tmp_path):
    child, who = waiting(tmp_path / "alive")
    renamed = replace(who, host="as it was called at home")
    assert LocalProcesses(tmp_path / "alive").is_alive(renamed)
    end(child)
    assert not LocalProcesses(tmp_path / "alive").is_alive(renamed)


def test_whoever_was_before_the_last_start_of_the_machine_is_dead(tmp_path):
    """The same process number and start time may be there again after a restart."""
    before = replace(LocalProcesses(tmp_path / "alive").me(), space="an-earlier-boot.1")
    assert not LocalProcesses().is_alive(replace(before, mark=0))
    assert not LocalProcesses(tmp_path / "alive").is_alive(replace(before, mark=before.mark + 2))


def test_a_process_whose_number_does_not_count_here_lives_as_long_as_it_holds_its_mark(tmp_path):
    child, who = waiting(tmp_path / "alive")
    elsewhere = replace(who, pid=1, space=f"{who.space.partition('.')[0]}.another-container")
    processes = LocalProcesses(tmp_path / "alive")
    processes.me()
    for _ in range(3):
        assert processes.is_alive(elsewhere)
    end(child)
    assert not processes.is_alive(elsewhere)


def test_looking_at_marks_gives_no_mark_up(tmp_path):
    processes = LocalProcesses(tmp_path / "alive")
    mine = processes.me()
    child, other = waiting(tmp_path / "alive")
    end(child)
    assert not processes.is_alive(replace(other, space="another.space"))
    assert processes.is_alive(replace(mine, space="another.space"))
    asked = json.dumps(astuple(replace(mine, space="another.space")))
    command = [sys.executable, "-c", ASKING, str(tmp_path / "alive"), asked]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True\n"


def test_a_child_has_another_mark_and_does_not_keep_that_of_its_parent(tmp_path):
    code = """
import os, sys, time
from headrace.executors.processes import LocalProcesses
processes = LocalProcesses(sys.argv[1])
mine = processes.me()
if os.fork() == 0:
    ok = processes.me().mark not in (0, mine.mark)
    while processes.is_alive(__import__("msgspec").structs.replace(mine, space="another.space")):
        time.sleep(0.01)
    os.write(1, b"free" if ok else b"same")
    os._exit(0)
time.sleep(0.2)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "alive")], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == "free", done.stderr


def test_where_no_mark_can_be_made_life_is_pid_and_start_time(tmp_path):
    processes = LocalProcesses(tmp_path / "no folder" / "alive")
    assert processes.me().mark == 0
    assert processes.is_alive(processes.me())
    assert not processes.is_alive(replace(processes.me(), space="another.space", mark=7))


def test_processes_of_two_containers_know_of_each_other(tmp_path):
    """Namespaces as containers have them: in each, the process has the number 1 or so, and its own host name."""
    if sys.platform != "linux" or subprocess.run([*CONTAINER, "true"], check=False, capture_output=True).returncode:
        pytest.skip("namespaces of process numbers cannot be made here")
    child, who = waiting(tmp_path / "alive", *CONTAINER)
    processes = LocalProcesses(tmp_path / "alive")
    assert who.space != space_of_numbers()
    assert processes.is_alive(who)
    end(child)
    deadline = 500
    while processes.is_alive(who) and (deadline := deadline - 1):
        subprocess.run(["/bin/sleep", "0.01"], check=True)
    assert not processes.is_alive(who)


def test_a_process_with_blanks_and_parentheses_in_its_name_is_found(tmp_path):
    program = tmp_path / "odd ) name ("
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([str(program), "60"])
    try:
        assert LocalProcesses().is_alive(identity_of(child.pid))
    finally:
        child.kill()
        child.wait()


def test_the_words_of_ps_become_a_number_that_grows():
    early = start_in_ps_words("S    Sat Nov 21 10:01:21 2026\n")
    assert early == start_in_ps_words("R+ Sat Nov 21 10:01:21 2026")
    assert start_in_ps_words("S Sat Nov 21 10:01:22 2026") == early + 1
    assert start_in_ps_words("S Tue Dec  1 00:00:00 2026") > early
    assert start_in_ps_words("Z Sat Nov 21 10:01:21 2026") is None
    assert start_in_ps_words("") is None
