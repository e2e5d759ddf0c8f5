"""The trace of what Polars and PyArrow read in native code: their functions and classes tell it."""

# ruff: noqa: PLW0108 - a reader that is taken out of its library beforehand is not wrapped

import importlib
import inspect
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.code.filedigests import ContentFileDigests
from headrace.code.tracing import AuditTracer
from headrace.code.watching import watch
from headrace.core.digests import digest_bytes
from headrace.core.import_reads import watch_imports
from headrace.ports.code import Touched

pl: Any = pytest.importorskip("polars")
pa: Any = pytest.importorskip("pyarrow")
MODULES = ("pyarrow.parquet", "pyarrow.feather", "pyarrow.ipc", "pyarrow.orc", "pyarrow.dataset", "pyarrow.json")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in MODULES:
        importlib.import_module(name)
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    monkeypatch.chdir(folder)
    table = pl.DataFrame({"x": [1]})
    for name in ("a", "data/b", "data/c", "it's"):
        table.write_csv(f"{name}.csv")
        table.write_parquet(f"{name}.parquet")
    table.write_ipc("a.arrow")
    table.write_ipc_stream("a.stream")
    table.serialize("a.frame")
    table.lazy().serialize("a.plan")
    pa.orc.write_table(table.to_arrow(), "a.orc")
    yield folder
    watch(None)


def traced(root: Path, attempt: Callable[[], object], closure: tuple[tuple[str, str], ...] = ()) -> Touched:
    tracer = AuditTracer(root, ContentFileDigests(root))
    tracer.start(closure)
    attempt()
    return tracer.finish()


READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "ParquetFile": ("a.parquet", lambda name: pa.parquet.ParquetFile(name).read()),
    "ParquetFile by a word": ("a.parquet", lambda name: pa.parquet.ParquetFile(source=Path(name)).read()),
    "ParquetDataset": ("a.parquet", lambda name: pa.parquet.ParquetDataset(name).read()),
    "ParquetDataset by a word": ("a.parquet", lambda name: pa.parquet.ParquetDataset(path_or_paths=[name]).read()),
    "metadata": ("a.parquet", lambda name: pa.parquet.read_metadata(name)),
    "schema": ("a.parquet", lambda name: pa.parquet.read_schema(where=name)),
    "memory map": ("a.arrow", lambda name: pa.ipc.open_file(pa.memory_map(name)).read_all()),
    "input stream": ("a.stream", lambda name: pa.ipc.open_stream(pa.input_stream(source=name)).read_all()),
    "a file of the system": ("a.arrow", lambda name: pa.ipc.open_file(pa.OSFile(name, "rb")).read_all()),
    "a file of the system by a word": ("a.arrow", lambda name: pa.OSFile(path=name, mode="r").read()),
    "IPC file": ("a.arrow", lambda name: pa.ipc.open_file(name).read_all()),
    "IPC reader": ("a.arrow", lambda name: pa.ipc.RecordBatchFileReader(name).read_all()),
    "IPC stream": ("a.stream", lambda name: pa.ipc.open_stream(name).read_all()),
    "ORC": ("a.orc", lambda name: pa.orc.ORCFile(name).read()),
    "ORC table": ("a.orc", lambda name: pa.orc.read_table(name)),
    "feather dataset": ("a.arrow", lambda name: pa.feather.FeatherDataset([name]).read_table()),
    "Polars schema": ("a.parquet", lambda name: pl.read_parquet_schema(name)),
    "Polars frame": ("a.frame", lambda name: pl.DataFrame.deserialize(name)),
    "Polars plan": ("a.plan", lambda name: pl.LazyFrame.deserialize(name)),
    "SQL": ("a.csv", lambda name: pl.sql(f"select * from read_csv('{name}')").collect()),
    "SQL, eager": ("a.parquet", lambda name: pl.sql(query=f"SELECT x FROM READ_PARQUET ( '{name}' )", eager=True)),
    "SQL context": ("a.csv", lambda name: pl.SQLContext().execute(query=f"select * from read_csv('{name}')").collect()),
    "SQL of a frame": ("a.csv", lambda name: pl.DataFrame({"x": [1]}).sql(f"select * from read_csv('{name}')")),
    "SQL with another text": (
        "a.csv",
        lambda name: pl.sql(f"select 'no)ne' as y, '.' as z from read_csv('{name}')", eager=True),
    ),
    "SQL with a comment": (
        "a.csv",
        lambda name: pl.sql(f"select * /* don't */ from -- it's\n read_csv('{name}')", eager=True),
    ),
    "SQL with an identifier": (
        "a.csv",
        lambda name: pl.sql(f"select x as \"it's\" from read_csv('{name}')", eager=True),
    ),
    "SQL with a list": ("a.csv", lambda name: pl.sql(f"select x from read_csv(['{name}', '{name}'])", eager=True)),
    "SQL with a quote": ("it's.csv", lambda _: pl.sql("select * from read_csv('it''s.csv')", eager=True)),
}


@pytest.mark.parametrize("case", READERS, ids=lambda case: case.replace(" ", "-"))
def test_a_file_that_a_native_reader_is_given_is_touched(root: Path, case: str):
    name, reader = READERS[case]
    assert traced(root, lambda: reader(name)).files == ((name, digest_bytes((root / name).read_bytes())),)


@pytest.mark.parametrize("pattern", ["data", "data/", "data/*.parquet"])
def test_a_folder_or_pattern_in_a_query_is_touched_with_what_it_holds(root: Path, pattern: str):
    for left in (root / "data").glob("*.csv"):
        left.unlink()
    query = f"select * from read_parquet('{pattern}')"
    files = dict(traced(root, lambda: pl.sql(query, eager=True)).files)
    assert files.keys() == {"data/", "data/b.parquet", "data/c.parquet"}


@pytest.mark.parametrize("name", ["memory_map", "OSFile"])
def test_what_an_attempt_opens_natively_to_write_is_its_own(root: Path, name: str):
    def attempt() -> None:
        with getattr(pa, name)("a.arrow", "w") as file:
            file.write(b"0")
        Path("a.arrow").read_bytes()

    assert traced(root, attempt).files == ()


@pytest.mark.parametrize(
    "line",
    [
        "import pyarrow.parquet as pq\nX = pq.ParquetFile(NAME + 'parquet').read()",
        "from pyarrow.parquet import ParquetDataset\nX = ParquetDataset(NAME + 'parquet').read()",
        "import pyarrow as pa\nX = pa.memory_map(NAME + 'parquet').read()",
        "import polars as pl\nX = pl.sql(f\"select * from read_parquet('{NAME}parquet')\", eager=True)",
    ],
)
def test_what_a_module_reads_natively_at_its_head_counts_for_later_attempts(
    root: Path, monkeypatch: pytest.MonkeyPatch, line: str
):
    (root / "native_at_import.py").write_text(f"NAME = 'A.'.lower()\n{line}\n")
    monkeypatch.syspath_prepend(str(root))
    monkeypatch.delitem(sys.modules, "native_at_import", raising=False)
    watch_imports()
    closure = (("native_at_import.py", "digest"),)
    files = traced(root, lambda: importlib.import_module("native_at_import"), closure).files
    assert [path for path, _ in files] == ["a.parquet"]
    assert traced(root, lambda: None, closure).files == files


def test_wrapped_classes_and_functions_are_the_library_s_own_to_everybody(root: Path):
    traced(root, lambda: None)
    parquet = pa.parquet.ParquetFile("a.parquet")
    assert isinstance(parquet, pa.parquet.ParquetFile)
    assert type(parquet) is pa.parquet.core.ParquetFile
    assert next(iter(inspect.signature(pa.parquet.ParquetFile).parameters)) == "source"
    native, own = pa.lib.OSFile("a.csv"), pa.OSFile("a.csv")
    assert isinstance(native, pa.OSFile)
    assert isinstance(own, pa.lib.OSFile)
    assert isinstance(own, pa.NativeFile)
    assert not isinstance(pa.BufferReader(b""), pa.OSFile)
    assert not issubclass(pa.BufferReader, pa.OSFile)
    assert issubclass(pa.lib.OSFile, pa.OSFile)
    assert pa.OSFile.__name__ == "OSFile"
    with type("Mine", (pa.OSFile,), {})("a.csv") as mine:
        assert not isinstance(own, type(mine))
        assert mine.read() == own.read()
    for one in (
        pa.OSFile,
        pa.lib.OSFile,
        pa.parquet.ParquetFile,
        pa.memory_map,
        pa.input_stream,
        pa.parquet.read_schema,
        pl.SQLContext.execute,
    ):
        assert pickle.loads(pickle.dumps(one)) is one
    with pytest.raises(TypeError):
        pa.memory_map()
