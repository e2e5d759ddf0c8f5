"""Files that arguments name count for native readers, whatever the argument is made of."""

from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

pytest.importorskip("polars")
GIVEN = {
    "a tuple": ("('data/a' + SUFFIX,)", "names[0]"),
    "a list": ("['x', 'data/a' + SUFFIX]", "names[1]"),
    "a dict": ("{'file': 'data/a' + SUFFIX}", "names['file']"),
    "a key": ("{'data/a' + SUFFIX: 1}", "next(iter(names))"),
    "a record": ("Names(1, 'data/a' + SUFFIX)", "names.file"),
    "a list of records": ("[Names(1, 'data/a' + SUFFIX)]", "names[0].file"),
    "a list with a path": ("[Path('nothing'), 'data/a' + SUFFIX]", "names[1]"),
    "a list with a file": ("[Path('work.py'), 'data/a' + SUFFIX]", "names[1]"),
}
WORK = (
    HEAD + "from dataclasses import dataclass\nimport polars as pl\n\nSUFFIX = ''.join(['.c', 'sv'])\n\n"
    "@dataclass\nclass Names:\n    number: int\n    file: str\n\n"
    "@hr.step\ndef use(names: object) -> int:\n    return int(pl.read_csv({read})['x'].sum())\n\n"
    "@hr.pipeline\ndef pipe() -> int:\n    return use({given})\n"
)


@pytest.mark.parametrize("case", GIVEN, ids=lambda case: case.replace(" ", "-"))
def test_a_file_that_an_argument_names_inside_counts(tmp_path: Path, case: str):
    given, read = GIVEN[case]
    work = WORK.replace("{given}", given).replace("{read}", read)
    project = project_of(tmp_path, {"work.py": work, "data/a.csv": "x\n1\n"})
    assert run(project) == (1, {"use": "succeeded"})
    assert run(project) == (1, {"use": "reused"})
    (tmp_path / "data" / "a.csv").write_text("x\n2\n")
    assert run(project) == (2, {"use": "succeeded"})


def test_a_file_beside_a_path_input_is_that_of_the_path_that_is_given(tmp_path: Path):
    work = HEAD + (
        "@hr.step\ndef use(image: Path) -> str:\n    return image.with_suffix('.txt').read_text()\n\n"
        "@hr.pipeline\ndef pipe(image: Path) -> str:\n    return use(image)\n"
    )
    files = {
        f"{folder}/x.{end}": text
        for folder, label in (("a", "one"), ("b", "two"))
        for end, text in (("png", "same"), ("txt", label))
    }
    project = project_of(tmp_path, {"work.py": work, **files})
    for _ in range(2):
        assert run(project, "work:pipe", "-p", "image=a/x.png")[0] == "one"
        assert run(project, "work:pipe", "-p", "image=b/x.png")[0] == "two"
    assert run(project, "work:pipe", "-p", "image=a/x.png") == ("one", {"use": "reused"})
    assert run(project, "work:pipe", "-p", "image=b/x.png") == ("two", {"use": "reused"})


def test_a_path_whose_step_reads_nothing_else_may_lie_anywhere(tmp_path: Path):
    work = HEAD + (
        "@hr.step\ndef use(image: Path) -> str:\n    return image.read_text()\n\n"
        "@hr.pipeline\ndef pipe(image: Path) -> str:\n    return use(image)\n"
    )
    project = project_of(tmp_path, {"work.py": work, "a/x.png": "same", "b/x.png": "same"})
    run(project, "work:pipe", "-p", "image=a/x.png")
    assert run(project, "work:pipe", "-p", "image=b/x.png") == ("same", {"use": "reused"})
