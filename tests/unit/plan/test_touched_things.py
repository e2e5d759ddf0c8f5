"""A result may stand while everything that its attempt touched is the same."""

from headrace.plan.touched import verify_touched
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
    assert verify_touched(touched, Digests(), lambda name: "v2") == "alias champion, which it read, changed"


def test_what_was_named_from_another_directory_may_be_another_file():
    def told(directory: str) -> str:
        return verify_touched(Touched((("jobs/a.csv", "1"),), directory=directory), Digests({"jobs/a.csv": "1"}))

    assert told("") == told("jobs") == ""
    assert told(".") == "it read a relative path in another directory: ."
