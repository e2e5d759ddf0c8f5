"""Life is pid and start time."""

import os
import subprocess
from dataclasses import replace

from headrace.executors.processes import LocalProcesses, start_in_ps_words, start_of
from headrace.ports.executors import WorkerIdentity


def identity_of(pid):
    return WorkerIdentity(os.uname().nodename, pid, start_of(pid))


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


def test_nobody_here_can_know_about_another_machine():
    assert LocalProcesses().is_alive(WorkerIdentity("another machine", 1, 0.0))


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
