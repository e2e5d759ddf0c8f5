"""A result may stand while everything that its attempt touched is the same."""

import pytest

from headrace.plan.touched import places_that_count, verify_touched
from headrace.ports.code import Touched


class Digests(dict[str, str]):
    def digest_of(self, path: str) -> str:
        return self.get(path, "")

    def here(self) -> str:
        return "jobs"


def test_nothing_touched_stands_always():
    assert verify_touched(Touched(), Digests()) == ""


def test_equal_files_modules_and_absences_stand():
    touched = Touched((("a.csv", "1"), ("gone.json", ""), ("data/", "2")), (("plugins/x.py", "3"),))
    assert verify_touched(touched, Digests({"a.csv": "1", "data/": "2", "plugins/x.py": "3"})) == ""


def test_the_first_difference_is_told_in_words():
    def told(path: str, before: str, now: str = "") -> str:
        return verify_touched(Touched(((path, before),)), Digests({path: now}))

    assert told("a.csv", "1", now="2") == "file `a.csv`, which it read, changed"
    assert told("a.csv", "1") == "file `a.csv`, which it read, is gone"
    assert told("a.csv", "", now="2") == "file `a.csv`, which it looked for, is there now"
    assert told("data/", "1", now="2") == "other files are in folder `data/`, which it listed"
    assert told("a.csv", "changed while it was read", now="2") == "file `a.csv` changed while it was read"


def test_a_module_loaded_on_the_way_counts():
    touched = Touched(modules=(("plugins/x.py", "1"),))
    assert verify_touched(touched, Digests({"plugins/x.py": "2"})) == "module `plugins/x.py`, which it loaded, changed"


def test_reads_are_compared_by_their_token():
    touched = Touched(reads=(("alias:champion", "v1"),))
    assert verify_touched(touched, Digests()) == ""
    assert verify_touched(touched, Digests(), lambda name: "v1") == ""
    assert verify_touched(touched, Digests(), lambda name: "v2") == "alias champion, which it took by its name, changed"


def test_what_was_named_from_another_directory_may_be_another_file():
    def told(directory: str) -> str:
        return verify_touched(Touched((("jobs/a.csv", "1"),), directory=directory), Digests({"jobs/a.csv": "1"}))

    assert told("") == told("jobs") == ""
    assert told(".") == "it read a relative path in another directory: ."


@pytest.mark.parametrize(
    ("files", "arguments", "counts"),
    [
        ((), ("a/x.txt",), False),
        (("a/x.txt",), ("a/x.txt",), False),
        (("/data/x.txt",), ("/data/x.txt",), False),
        (("in/part/1.csv", "in/"), ("in",), False),
        (("in/part/1.csv", "in/"), ("in/",), False),
        (("a/x.txt",), ("/project/a/x.txt",), True),
        (("images/a.lbl",), ("runs/a/images",), True),
        (("data/labels.txt",), ("x/data",), True),
        (("a/x.json", "a/x.txt"), ("a/x.txt",), True),
        (("labels/x.json",), ("images/x.png",), True),
        (("a/",), ("a/x.txt",), True),
        (("inner/1.csv",), ("in",), True),
        (("settings.toml",), (), False),
    ],
)
def test_places_of_arguments_count_where_other_files_were_touched(files, arguments, counts):
    found = places_that_count([(name, "1") for name in files], arguments)
    assert found == (arguments if counts else ())


def test_a_result_that_read_beside_its_path_stands_for_that_path_alone():
    digests = Digests({"a/x.json": "1"})
    touched = Touched((("a/x.json", "1"),), arguments=("a/x.txt",))
    assert verify_touched(touched, digests, arguments=["a/x.txt"]) == ""
    assert "a/x.txt" in verify_touched(touched, digests, arguments=["b/x.txt"])
    assert verify_touched(Touched((("a/x.json", "1"),)), digests, arguments=["b/x.txt"]) == ""
