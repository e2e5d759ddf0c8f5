"""A step that returns a path gives the file's content away, though it never opens it: the file counts as read."""

from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

SIZES = "@hr.step\ndef size(file: Path) -> str:\n    return file.read_text()\n\n"
RETURNS = {
    "one": ("Path", "Path('d') / 'a'", "size(files())"),
    "an absolute one": ("Path", "Path('d').absolute() / 'a'", "size(files())"),
    "a list": ("list[Path]", "sorted(Path('d').iterdir())", "size.map(hr.each(files()))"),
    "a folder": ("Path", "Path('d')", "inner(files())"),
    "a record": ("Both", "Both(1, Path('d') / 'a')", "second(files())"),
    "a dict": ("dict[str, Path]", "{'x': Path('d') / 'a'}", "named(files())"),
}
WORK = (
    HEAD
    + "from dataclasses import dataclass\n\n@dataclass\nclass Both:\n    number: int\n    file: Path\n\n"
    + SIZES
    + ""
    "@hr.step\ndef inner(folder: Path) -> str:\n    return (folder / 'a').read_text()\n\n"
    "@hr.step\ndef second(both: Both) -> str:\n    return both.file.read_text()\n\n"
    "@hr.step\ndef named(files: dict[str, Path]) -> str:\n    return files['x'].read_text()\n\n"
    "@hr.step{options}\ndef files() -> {kind}:\n    return {value}\n\n"
    "@hr.pipeline\ndef pipe() -> object:\n    return {flow}\n"
)


def work_of(kind: str, value: str, flow: str, options: str = "") -> str:
    parts = {"{kind}": kind, "{value}": value, "{flow}": flow, "{options}": options}
    text = WORK
    for name, part in parts.items():
        text = text.replace(name, part)
    return text


@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
@pytest.mark.parametrize("case", RETURNS, ids=lambda case: case.replace(" ", "-"))
def test_a_file_that_a_step_returns_counts(tmp_path: Path, case: str, options: str):
    project = project_of(tmp_path, {"work.py": work_of(*RETURNS[case], options), "d/a": "one"})
    first, _ = run(project)
    assert set(run(project)[1].values()) == {"reused"}
    (tmp_path / "d" / "a").write_text("two")
    second, _ = run(project)
    assert "one" in str(first)
    assert "two" in str(second)


def test_a_path_to_nothing_counts_once_something_is_there(tmp_path: Path):
    work = (
        HEAD + "@hr.step\ndef use() -> Path:\n    return Path('a.txt')\n\n@hr.pipeline\ndef pipe():\n    return use()\n"
    )
    project = project_of(tmp_path, {"work.py": work})
    run(project)
    assert run(project)[1] == {"use": "reused"}
    (tmp_path / "a.txt").write_text("one")
    assert run(project)[1] == {"use": "succeeded"}


@pytest.mark.parametrize(
    "made",
    ["Path('out.txt').write_text('x')", "subprocess.run(['sh', '-c', 'echo x > out.txt'], check=True)"],
    ids=["itself", "by a child process"],
)
def test_a_file_that_the_step_made_is_no_input_though_it_returns_it(tmp_path: Path, made: str):
    work = (
        HEAD
        + f"import subprocess\n\n@hr.step\ndef use() -> Path:\n    {made}\n    return Path('out.txt')\n\n"
        + "@hr.pipeline\ndef pipe():\n    return use()\n"
    )
    project = project_of(tmp_path, {"work.py": work})
    run(project)
    (tmp_path / "out.txt").unlink()
    assert run(project)[1] == {"use": "reused"}


def test_a_folder_that_was_there_is_not_made_by_asking_for_it(tmp_path: Path):
    work = (
        HEAD + "@hr.step\ndef use() -> str:\n    Path('d').mkdir(exist_ok=True)\n    return Path('d/a').read_text()\n\n"
        "@hr.pipeline\ndef pipe() -> str:\n    return use()\n"
    )
    project = project_of(tmp_path, {"work.py": work, "d/a": "one"})
    assert run(project) == ("one", {"use": "succeeded"})
    assert run(project) == ("one", {"use": "reused"})
    (tmp_path / "d" / "a").write_text("two")
    assert run(project) == ("two", {"use": "succeeded"})
