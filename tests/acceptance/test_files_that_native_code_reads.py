"""Native readers open files unseen; what their Python functions are given counts, and what the code or an argument names."""

from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

pytest.importorskip("polars")
READS = {
    "a name": "int(pl.read_csv('a.csv')['x'].sum())",
    "a name in a folder": "int(pl.read_csv('data/a.csv')['x'].sum())",
    "a scan": "int(pl.scan_csv('data/a.csv').collect()['x'].sum())",
    "a pattern": "int(pl.read_csv('data/*.csv')['x'].sum())",
    "a folder and a name": "int(pl.read_csv(DATA / 'a.csv')['x'].sum())",
    "a place beside the module": "int(pl.read_csv(HERE / 'data' / 'a.csv')['x'].sum())",
    "a constant": "int(pl.read_csv(NAME)['x'].sum())",
    "an argument's default": "read()",
    "Parquet": "int(pl.read_parquet('a.parquet')['x'].sum())",
    "a folder of Parquet files": "int(pl.read_parquet('table.parquet')['x'].sum())",
    "a folder without an ending": "int(pl.read_parquet('data/events/')['x'].sum())",
    "a pattern in a folder's folder": "int(pl.read_csv(DATA / 'deep' / '*.csv')['x'].sum())",
    "a pattern for all folders": "int(pl.read_csv('data/deep/**/*.csv')['x'].sum())",
    "a name that is put together": "int(pl.read_csv(f'data/{LETTER}.csv')['x'].sum())",
    "a scan of a name that is put together": "int(pl.scan_csv('data/%s.csv' % LETTER).collect()['x'].sum())",
    "a joined path": "int(pl.read_csv(source='/'.join(['data', LETTER + '.csv']))['x'].sum())",
    "what a folder lists": "int(pl.read_csv(min(p for p in DATA.iterdir() if p.suffix == '.csv'))['x'].sum())",
    "a list of names": "int(pl.read_parquet([f'{LETTER}.parquet'])['x'].sum())",
    "a folder whose name is put together": "int(pl.read_parquet(f'table.{KIND}')['x'].sum())",
    "a reader that was taken out of its library": "int(taken(f'data/{LETTER}.csv')['x'].sum())",
    "PyArrow": "__import__('pyarrow.parquet').parquet.read_table(f'{LETTER}.parquet')['x'].to_pylist()[0]",
    "a class of PyArrow": "__import__('pyarrow.parquet').parquet.ParquetFile(f'{LETTER}.parquet').read()['x'].to_pylist()[0]",
    "a mapped file": "int(__import__('pyarrow').memory_map(f'data/{LETTER}.csv').read()[2:3])",
    "a query": "int(pl.sql(f\"select * from read_csv('data/{LETTER}.csv')\", eager=True)['x'].sum())",
    "pandas and Parquet": "int(__import__('pandas').read_parquet(f'{LETTER}.parquet')['x'].sum())",
}
WORK = (
    HEAD
    + "import polars as pl\nfrom polars import read_csv as taken\n\nDATA = Path('data')\nHERE = Path(__file__).parent\nNAME = 'data/a.csv'\n"
    "LETTER, KIND = sorted(['parquet', 'a'])\n\n"
    "def read(name='data/a.csv'):\n    return int(pl.read_csv(name)['x'].sum())\n\n"
    "@hr.step{options}\ndef use() -> int:\n    return {call}\n\n@hr.pipeline\ndef pipe() -> int:\n    return use()\n"
)


def fill(folder: Path, number: int) -> None:
    import polars as pl  # heavy, and here only

    table = pl.DataFrame({"x": [number]})
    for name in ("a.csv", "data/a.csv", "data/deep/b.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        table.write_csv(folder / name)
    (folder / "table.parquet").mkdir(exist_ok=True)
    (folder / "data/events").mkdir(exist_ok=True)
    for name in ("a.parquet", "table.parquet/part.parquet", "data/events/part.parquet"):
        table.write_parquet(folder / name)


@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
@pytest.mark.parametrize("case", READS, ids=lambda case: case.replace(" ", "-"))
def test_a_file_that_the_code_names_counts(tmp_path: Path, case: str, options: str):
    project = project_of(tmp_path, {"work.py": WORK.replace("{call}", READS[case]).replace("{options}", options)})
    fill(tmp_path, 1)
    assert run(project) == (1, {"use": "succeeded"})
    assert run(project) == (1, {"use": "reused"})
    fill(tmp_path, 2)
    assert run(project) == (2, {"use": "succeeded"})


@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
def test_a_file_that_a_module_reads_at_its_head_counts_whatever_its_name(tmp_path: Path, options: str):
    work = WORK.replace("{call}", "int(TABLE['x'].sum())").replace("{options}", options)
    work = work.replace("def read(", "TABLE = pl.read_csv(f'data/{LETTER}.csv')\n\ndef read(")
    project = project_of(tmp_path, {"work.py": work})
    fill(tmp_path, 1)
    assert run(project) == (1, {"use": "succeeded"})
    assert run(project) == (1, {"use": "reused"})
    fill(tmp_path, 2)
    assert run(project) == (2, {"use": "succeeded"})


def test_a_reader_that_a_script_took_before_headrace_was_imported_counts(tmp_path: Path):
    work = (
        "from polars import read_csv\n"
        + HEAD
        + (
            "import readers\n\nLETTER = sorted('a')[0]\n\n"
            "@hr.step\ndef use() -> list[int]:\n    names = [f'data/{LETTER}.csv', f'data/deep/{chr(98)}.csv']\n"
            "    return [int(read(name)['x'].sum()) for read, name in zip((read_csv, readers.taken), names)]\n\n"
            "@hr.pipeline\ndef pipe() -> list[int]:\n    return use()\n\n"
            "if __name__ == '__main__':\n    run = hr.Session(quiet=True).run(pipe)\n"
            "    print(run.output, run.step('use').state.value)\n"
        )
    )
    project = project_of(tmp_path, {"work.py": work, "readers.py": "from polars import read_csv as taken\n"})
    fill(tmp_path, 1)
    assert [project.run_file("work.py").out for _ in range(2)] == ["[1, 1] succeeded\n", "[1, 1] reused\n"]
    for name in ("data/a.csv", "data/deep/b.csv"):
        (tmp_path / name).write_text((tmp_path / name).read_text().replace("1", "5"))
        assert project.run_file("work.py").out.endswith("succeeded\n")
    assert project.run_file("work.py").out == "[5, 5] reused\n"


@pytest.mark.parametrize("given", ["in the body", "as a parameter"])
def test_a_file_that_an_argument_names_counts(tmp_path: Path, given: str):
    work = (
        HEAD
        + "import polars as pl\n\n@hr.step\ndef use(name: str) -> int:\n    return int(pl.read_csv(name)['x'].sum())\n\n"
        "@hr.pipeline\ndef pipe(name: str = 'data/a.csv') -> int:\n    return use({name})\n"
    )
    work = work.replace("{name}", "name" if given == "as a parameter" else "'data/a.csv'")
    project = project_of(tmp_path, {"work.py": work})
    fill(tmp_path, 1)
    run(project)
    fill(tmp_path, 2)
    assert run(project) == (2, {"use": "succeeded"})


def test_a_file_that_the_step_writes_natively_is_no_input(tmp_path: Path):
    call = "pl.DataFrame({'x': [1]}).write_csv('out.csv') or 1"
    project = project_of(tmp_path, {"work.py": WORK.replace("{call}", call).replace("{options}", ""), "out.csv": "old"})
    run(project)
    (tmp_path / "out.csv").unlink()
    assert run(project) == (1, {"use": "reused"})


def test_a_file_that_other_steps_name_leaves_a_step_alone(tmp_path: Path):
    other = (
        "@hr.step\ndef other() -> int:\n    return 5\n\n@hr.pipeline\ndef pipe() -> tuple:\n    return use(), other()\n"
    )
    work = WORK.replace("{call}", READS["a name"]).replace("{options}", "")
    project = project_of(tmp_path, {"work.py": work.partition("@hr.pipeline")[0] + other})
    fill(tmp_path, 1)
    run(project)
    fill(tmp_path, 2)
    assert run(project)[1] == {"use": "succeeded", "other": "reused"}


STRAY = {
    "the root of the file system": "len('a/**'.replace('/**', '').replace('/', ''))",
    "an expression": "len(__import__('re').sub('.*', '', 'a b'))",
    "a media type": "len({'Accept': '*/*'})",
    "a pattern of another folder": "len(sorted(DATA.glob('*.csv')))",
    "an environment": "len({'.venv', '.git'})",
}


@pytest.mark.parametrize("case", STRAY, ids=lambda case: case.replace(" ", "-"))
def test_a_text_that_means_no_file_leaves_the_project_alone(tmp_path: Path, case: str):
    project = project_of(tmp_path, {"work.py": WORK.replace("{call}", STRAY[case]).replace("{options}", "")})
    fill(tmp_path, 1)
    for name in (".gitignore", ".venv/pyvenv.cfg", ".git/index", "report.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    output, _ = run(project)
    for name in (".gitignore", ".venv/pyvenv.cfg", ".git/index", "report.csv", "new.csv", "a.csv"):
        (tmp_path / name).write_text("new")
    assert run(project) == (output, {"use": "reused"})


def test_items_that_read_files_of_one_folder_are_computed_each_for_its_own(tmp_path: Path):
    work = HEAD + (
        "FOLDER = Path('data/texts')\n\n@hr.step\ndef use(n: int) -> str:\n"
        "    return (FOLDER / f'{n}.txt').read_text() + Path(f'data/texts/{n}.txt').read_text()\n\n"
        "@hr.pipeline\ndef pipe() -> list:\n    return use.map(hr.each([1, 2, 3]))\n"
    )
    project = project_of(tmp_path, {"work.py": work, **{f"data/texts/{n}.txt": "old" for n in (1, 2, 3)}})
    run(project)
    (tmp_path / "data/texts/2.txt").write_text("new")
    assert run(project)[0] == ["oldold", "newnew", "oldold"]
    assert "2 reused, 1 succeeded" in project.ok("show").out


def test_a_wrapped_reader_is_the_library_s_own_to_everybody_else(tmp_path: Path):
    call = (
        "[pickle.loads(pickle.dumps(pl.read_csv)) is pl.read_csv, inspect.signature(pl.read_csv).parameters['source'].name, "
        "pl.read_csv.__module__.startswith('polars')]"
    )
    work = WORK.replace("-> int:\n    return {call}", "-> list[object]:\n    import inspect, pickle\n    return {call}")
    work = work.replace("def pipe() -> int", "def pipe() -> list[object]").replace("{call}", call)
    project = project_of(tmp_path, {"work.py": work.replace("{options}", "")})
    assert run(project)[0] == [True, "source", True]


def test_what_a_reader_says_of_a_missing_file_is_the_step_s_to_hear(tmp_path: Path):
    call = "len(str(type(missing()).__name__))"
    work = WORK.replace("{call}", call).replace("{options}", "")
    work += "\n\ndef missing():\n    try:\n        pl.read_csv(f'no{LETTER}.csv')\n    except FileNotFoundError as error:\n        return error\n"
    project = project_of(tmp_path, {"work.py": work})
    assert run(project) == (len("FileNotFoundError"), {"use": "succeeded"})
