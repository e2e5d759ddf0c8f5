"""Files that a step stages by linking or moving them are read all the same, though under another name."""

from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

READ = "with open(os.path.join(t, 'in')) as file:\n        return file.read()"
STAGES = {
    "a symbolic link": f"os.symlink(os.path.abspath('raw'), os.path.join(t, 'in'))\n    {READ}",
    "a relative link": f"os.symlink(os.path.relpath('raw', t), os.path.join(t, 'in'))\n    {READ}",
    "a link of a path": "Path(t, 'in').symlink_to(Path('raw').absolute())\n    return Path(t, 'in').read_text()",
    "a link to a folder": (
        "os.symlink(os.path.abspath('d'), os.path.join(t, 'in'))\n    return Path(t, 'in', 'raw').read_text()"
    ),
    "a link to a link": (
        "os.symlink(os.path.abspath('raw'), os.path.join(t, 'one'))\n    os.symlink('one', os.path.join(t, 'in'))\n"
        f"    {READ}"
    ),
    "a link that a child reads": (
        "os.symlink(os.path.abspath('raw'), os.path.join(t, 'in'))\n"
        "    return subprocess.check_output(['cat', os.path.join(t, 'in')], text=True)"
    ),
    "names in a linked folder": (
        "os.symlink(os.path.abspath('d'), os.path.join(t, 'in'))\n"
        "    return ''.join(Path(one).read_text() for one in Path(t, 'in').iterdir())"
    ),
    "a link that is put in place": (
        "os.symlink(os.path.abspath('raw'), os.path.join(t, 'new'))\n"
        f"    os.replace(os.path.join(t, 'new'), os.path.join(t, 'in'))\n    {READ}"
    ),
    "a link that failed": "try:\n        os.link(__file__, 'raw')\n    except FileExistsError:\n        pass\n    return Path('raw').read_text()",
    "a folder that was there": (
        "os.mkdir(os.path.join(t, 'd'))\n    try:\n        os.rename(os.path.join(t, 'd'), 'd')\n"
        "    except OSError:\n        pass\n    return Path('d/raw').read_text()"
    ),
    "a hard link": f"os.link('raw', os.path.join(t, 'in'))\n    {READ}",
}
WORK = (
    HEAD + "import os\nimport shutil\nimport subprocess\nimport tempfile\n\n@hr.step{options}\ndef use() -> str:\n"
    "    t = tempfile.mkdtemp(dir='.')\n    {stage}\n\n@hr.pipeline\ndef pipe() -> str:\n    return use()\n"
)


@pytest.mark.parametrize("case", STAGES, ids=lambda case: case.replace(" ", "-"))
def test_a_file_that_is_read_behind_a_link_counts(tmp_path: Path, case: str):
    work = WORK.replace("{stage}", STAGES[case]).replace("{options}", "")
    project = project_of(tmp_path, {"work.py": work, "raw": "one", "d/raw": "one"})
    assert run(project) == ("one", {"use": "succeeded"})
    assert run(project) == ("one", {"use": "reused"})
    for name in ("raw", "d/raw"):
        (tmp_path / name).write_text("two")
    assert run(project) == ("two", {"use": "succeeded"})


@pytest.mark.parametrize("move", ["os.rename", "os.replace", "shutil.move"])
def test_a_file_that_is_moved_away_counts(tmp_path: Path, move: str):
    work = WORK.replace("{stage}", f"{move}('inbox.txt', os.path.join(t, 'in'))\n    {READ}").replace("{options}", "")
    project = project_of(tmp_path, {"work.py": work, "inbox.txt": "one"})
    assert run(project) == ("one", {"use": "succeeded"})
    (tmp_path / "inbox.txt").write_text("two")
    assert run(project) == ("two", {"use": "succeeded"})


def test_what_a_step_writes_and_moves_into_place_is_no_input(tmp_path: Path):
    stage = (
        "Path(t, 'half').mkdir()\n    Path(t, 'half', 'out').write_text('x')\n    os.rename(Path(t, 'half'), 'whole')\n"
        "    shutil.rmtree('gone') if os.path.isdir('gone') else None\n    os.rename('whole', 'gone')\n"
        "    return Path('gone', 'out').read_text()"
    )
    project = project_of(tmp_path, {"work.py": WORK.replace("{stage}", stage).replace("{options}", "")})
    assert run(project) == ("x", {"use": "succeeded"})
    (tmp_path / "gone" / "out").write_text("y")
    assert run(project) == ("x", {"use": "reused"})


def test_a_link_to_what_the_step_made_is_no_input(tmp_path: Path):
    stage = "Path(t, 'own').write_text('x')\n    os.symlink('own', os.path.join(t, 'in'))\n    " + READ
    project = project_of(tmp_path, {"work.py": WORK.replace("{stage}", stage).replace("{options}", "")})
    assert run(project) == ("x", {"use": "succeeded"})
    assert run(project) == ("x", {"use": "reused"})
