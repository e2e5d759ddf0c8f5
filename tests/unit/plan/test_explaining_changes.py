"""Differences between codes and environments in words, on rows made by hand."""

from headrace.plan.explain import compare_code, compare_environments
from headrace.ports.code import CodeRow

FIT = CodeRow("train:fit", "f1", "train.py", 1, 9)


def texts(before: list[CodeRow], now: list[CodeRow]) -> list[str]:
    return [str(change) for change in compare_code(before, now)]


def test_equal_codes_have_no_difference():
    assert texts([FIT], [FIT]) == []


def test_only_the_place_of_a_function_is_no_difference():
    assert texts([FIT], [CodeRow("train:fit", "f1", "train.py", 11, 19)]) == []


def test_changes_come_first_and_the_nearest_of_them():
    near, far = CodeRow("a:near", "1", "a.py", 1, 2, "train:fit"), CodeRow("a:far", "1", "a.py", 4, 5, "a:near")
    now = [FIT, CodeRow("a:near", "2", "a.py", 1, 2, "train:fit"), CodeRow("a:far", "2", "a.py", 4, 5, "a:near")]
    gone = CodeRow("a:gone", "1", "a.py", 7, 8, "train:fit")
    assert [change.symbol for change in compare_code([FIT, far, near, gone], now)] == ["a:near", "a:far", "a:gone"]


def test_a_long_way_is_shortened_in_the_middle():
    rows = [CodeRow("m:f0", "1", "m.py", 1, 1)]
    rows += [CodeRow(f"m:f{n}", "1", "m.py", 1, 1, f"m:f{n - 1}") for n in range(1, 8)]
    now = [*rows[:-1], CodeRow("m:f7", "2", "m.py", 1, 1, "m:f6")]
    assert texts(rows, now) == ["changed: `f7` in `m.py`, line 1, reached through `f0` → `f1` → … → `f6` → `f7`"]


def test_a_new_class_is_told_without_its_methods():
    now = [FIT, CodeRow("m:C", "1", "m.py", 1, 5, "train:fit"), CodeRow("m:C.go", "1", "m.py", 2, 3, "train:fit")]
    assert [change.symbol for change in compare_code([FIT], now)] == ["m:C"]


def test_an_import_is_told_only_if_nothing_else_is():
    now = [FIT, CodeRow("train:np", "import numpy", "train.py", 1, 1, "train:fit")]
    assert texts([FIT], now) == ["added: `np` in `train.py`, line 1, reached through `fit` → `np`"]


def test_rows_that_lead_to_each_other_do_not_go_round_forever():
    a, b = CodeRow("m:a", "1", "m.py", 1, 1, "m:b"), CodeRow("m:b", "1", "m.py", 2, 2, "m:a")
    changed = CodeRow("m:a", "2", "m.py", 1, 1, "m:b")
    assert texts([a, b], [changed, b]) == ["changed: `a` in `m.py`, line 1, reached through `b` → `a`"]


def test_an_extension_module_is_told_by_its_file():
    before, now = (CodeRow("fast:<binary>", digest, "fast.so", 0, 0, "train:fit") for digest in "12")
    (only,) = texts([FIT, before], [FIT, now])
    assert only == "changed: the extension module `fast.so`, reached through `fit` → importing `fast`"


def test_environments_differ_by_versions():
    before = ["python 3.11", "polars 2.1.0", "numpy 2.0"]
    now = ["python 3.12", "polars 2.2.0", "scipy 1.17"]
    assert compare_environments(before, now) == [
        "numpy 2.0 is gone",
        "polars: 2.1.0 → 2.2.0",
        "python: 3.11 → 3.12",
        "scipy 1.17 is new",
    ]
    assert compare_environments(before, before) == []
