"""A log file is read back page by page, also when its last record was torn."""

import os

from headrace.worker.logs import LogFile, last_lines, read_log


def write(path, *texts):
    log = LogFile(path)
    for number, text in enumerate(texts):
        log.append((1000.0 + number, "out", text))
    log.close()


def test_lines_come_back_with_time_and_stream(tmp_path):
    write(tmp_path / "a" / "log", "one", "", "with  blanks ")
    assert read_log(tmp_path / "a" / "log").lines == (
        (1000.0, "out", "one"),
        (1001.0, "out", ""),
        (1002.0, "out", "with  blanks "),
    )


def test_a_log_that_nobody_wrote_is_empty(tmp_path):
    assert read_log(tmp_path / "none").lines == ()


def test_reading_goes_on_where_the_last_page_ended(tmp_path):
    path = tmp_path / "log"
    write(path, "one")
    first = read_log(path)
    assert read_log(path, first.after).lines == ()
    write(path, "two")
    assert [text for _, _, text in read_log(path, first.after).lines] == ["two"]


def test_a_record_that_is_being_written_waits_for_the_next_page(tmp_path):
    path = tmp_path / "log"
    write(path, "whole")
    with path.open("ab") as file:
        file.write(b"1001.0 out to")
    page = read_log(path)
    assert [text for _, _, text in page.lines] == ["whole"]
    with path.open("ab") as file:
        file.write(b"rn\n")
    assert read_log(path, page.after).lines == ((1001.0, "out", "torn"),)


def test_a_torn_record_is_shown_once_nobody_writes_any_more(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"1000.0 out whole\n1001.0 err half a li")
    assert read_log(path, is_final=True).lines[-1] == (1001.0, "err", "half a li")


def test_what_is_written_after_a_torn_record_does_not_grow_out_of_it(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"1000.0 out half a li")
    write(path, "whole")
    assert [text for _, _, text in read_log(path).lines] == ["half a li", "whole"]


def test_bytes_that_are_no_record_are_shown_as_they_are(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"1000.0 out fine\nfrom somebody else \xff\n")
    assert read_log(path).lines[1] == (1000.0, "err", "from somebody else \\xff")


def test_a_long_log_is_read_in_pages_that_lose_nothing(tmp_path):
    path = tmp_path / "log"
    write(path, *("x" * 16000 for _ in range(600)))
    seen, page = 0, read_log(path)
    while page.lines:
        seen += len(page.lines)
        page = read_log(path, page.after)
    assert seen == 600
    assert page.after == path.stat().st_size


def test_the_last_lines_leave_out_what_was_told(tmp_path):
    path = tmp_path / "log"
    write(path, *(f"line {number}" for number in range(10)))
    assert [text for _, _, text in last_lines(path, skip=7, keep=100)] == ["line 7", "line 8", "line 9"]
    assert [text for _, _, text in last_lines(path, skip=2, keep=2)] == ["line 8", "line 9"]


def test_every_record_is_one_write_so_that_two_writers_mix_no_lines(tmp_path):
    path = tmp_path / "log"
    children = []
    for name in "ab":
        child = os.posix_spawn(
            os.sys.executable,
            [os.sys.executable, "-c", WRITER, str(path), name],
            {"PYTHONPATH": os.pathsep.join(os.sys.path)},
        )
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    texts = [text for _, _, text in read_log(path).lines]
    assert sorted(texts) == sorted([name * 500 for name in "ab"] * 500)


WRITER = """
import sys
from pathlib import Path
from headrace.worker.logs import LogFile
log = LogFile(Path(sys.argv[1]))
for _ in range(500):
    log.append((1.0, "out", sys.argv[2] * 500))
"""
