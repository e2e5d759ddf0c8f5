"""The trace of an attempt: what Python read on its behalf, and nothing that it made itself."""

import collections
import glob
import importlib
import io
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType

import pytest

from headrace.artifacts.plugins import entry_points
from headrace.artifacts.store import LocalArtifactStore
from headrace.code.filedigests import ContentFileDigests
from headrace.code.tracing import UNSTABLE, AuditTracer
from headrace.code.watching import watch
from headrace.core.digests import digest_bytes
from headrace.plan.touched import verify_touched
from headrace.ports.code import Touched
from headrace.worker.functions import call


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.csv").write_text("one")
    monkeypatch.chdir(folder)
    yield folder
    watch(None)


def trace(root: Path, attempt: Callable[[], object], closure: tuple[str, ...] = ()) -> Touched:
    store = root / ".headrace"
    tracer = AuditTracer(root, ContentFileDigests(root), ignored=[store])
    tracer.start(planned(root, *closure))
    attempt()
    return tracer.finish()


def planned(root: Path, *files: str) -> tuple[tuple[str, str], ...]:
    """A closure of files as they are now."""
    return tuple((file, digest_bytes((root / file).read_bytes())) for file in files)


def read(path: str | Path) -> str:
    with open(path) as file:  # noqa: PTH123 - this is what users write
        return file.read()


def test_a_file_that_is_read_is_touched_with_its_digest(root: Path):
    assert trace(root, lambda: read("a.csv")).files == (("a.csv", digest_bytes(b"one")),)


@pytest.mark.parametrize("attempt", [lambda: read("a.csv"), lambda: list(Path().iterdir()), os.listdir])
def test_the_working_directory_is_touched_by_a_relative_path(root: Path, attempt: Callable[[], object]):
    assert trace(root, attempt).directory == "."
    os.chdir(root.parent)
    (root.parent / "a.csv").write_text("another")
    assert trace(root, attempt).directory == str(root.parent)


def test_the_working_directory_is_not_touched_by_an_absolute_path_or_what_the_attempt_made_itself(root: Path):
    def attempt() -> None:
        read(root / "a.csv")
        Path("own.txt").write_text("x")
        read("own.txt")

    assert trace(root, attempt).directory == ""


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: Path("a.csv").read_text(),
        lambda: open(b"a.csv", "rb").close(),  # noqa: PTH123
        lambda: os.close(os.open("a.csv", os.O_RDONLY)),
        lambda: io.FileIO("a.csv").close(),
        lambda: read("../project/./a.csv"),
        lambda: shutil.copy("a.csv", "copy.csv"),
    ],
    ids=["pathlib", "bytes", "os", "io", "a way round", "copied"],
)
def test_every_way_to_open_a_file_is_seen(root: Path, attempt: Callable[[], object]):
    assert trace(root, attempt).files == (("a.csv", digest_bytes(b"one")),)


def test_a_file_outside_the_root_is_named_by_its_whole_path(root: Path, tmp_path: Path):
    other = tmp_path / "elsewhere.csv"
    other.write_text("two")
    assert trace(root, lambda: read(other)).files == ((str(other), digest_bytes(b"two")),)


def test_threads_of_the_attempt_are_seen(root: Path):
    def attempt() -> None:
        thread = threading.Thread(target=read, args=("a.csv",))
        thread.start()
        thread.join()

    assert [path for path, _ in trace(root, attempt).files] == ["a.csv"]


def test_what_the_attempt_wrote_itself_is_left_out(root: Path):
    def attempt() -> None:
        Path("out.csv").write_text("made")
        read("out.csv")
        with open("log.txt", "a") as file:  # noqa: PTH123
            file.write("line")
        read("log.txt")
        Path("part").write_text("made")
        Path("part").rename("whole")
        read("whole")

    assert trace(root, attempt).files == ()


def test_temporary_files_and_folders_are_left_out(root: Path):
    def attempt() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.bin"
            subprocess.run(["touch", str(path)], check=True)
            read(path)
        with tempfile.NamedTemporaryFile("w+", suffix=".txt") as file:
            file.write("x")
            file.flush()
            read(file.name)
        handle, name = tempfile.mkstemp()
        os.close(handle)
        read(name)
        Path(name).unlink()

    assert trace(root, attempt).files == ()


def test_a_file_that_is_looked_for_in_vain_is_touched_as_absent(root: Path):
    def attempt() -> None:
        with pytest.raises(FileNotFoundError):
            read("settings.toml")

    touched = trace(root, attempt)
    assert touched.files == (("settings.toml", ""),)
    (root / "settings.toml").write_text("")
    assert "is there now" in verify_touched(touched, ContentFileDigests(root))


def test_a_file_that_is_read_and_then_changed_never_verifies(root: Path):
    def attempt() -> None:
        read("a.csv")
        Path("a.csv").write_text("other content")

    touched = trace(root, attempt)
    assert touched.files == (("a.csv", UNSTABLE),)
    assert verify_touched(touched, ContentFileDigests(root)) == "file `a.csv` changed while it was read"


def test_a_touched_file_that_changes_later_is_told(root: Path):
    touched = trace(root, lambda: read("a.csv"))
    digests = ContentFileDigests(root)
    assert verify_touched(touched, digests) == ""
    (root / "a.csv").write_text("two")
    assert verify_touched(touched, digests) == "file `a.csv`, which it read, changed"


def test_a_listed_folder_is_touched_by_its_names(root: Path):
    (root / "data").mkdir()
    (root / "data" / "jan.csv").write_text("1")
    touched = trace(root, lambda: glob.glob("data/*.csv"))  # noqa: PTH207 - this is what users write
    assert [path for path, _ in touched.files] == ["data/"]
    digests = ContentFileDigests(root)
    assert verify_touched(touched, digests) == ""
    (root / "data" / "feb.csv").write_text("2")
    assert verify_touched(touched, digests) == "other files are in folder `data/`, which it listed"


def test_a_database_is_touched(root: Path):
    sqlite3.connect(root / "rows.db").close()
    with sqlite3.connect(root / "rows.db") as made:
        made.execute("create table rows (x)")
    made.close()

    def attempt() -> None:
        connection = sqlite3.connect("rows.db")
        connection.execute("select * from rows").fetchall()
        connection.close()

    assert [path for path, _ in trace(root, attempt).files] == ["rows.db", "rows.db-wal"]


@pytest.mark.parametrize(
    "name",
    [
        "file:of%20rows.db?mode=ro",
        "file:./of%20rows.db",
        "file:{root}/of%20rows.db?immutable=1#end",
        "file://{root}/of%20rows.db",
        "file://localhost{root}/of%20rows.db?mode=ro&cache=private",
    ],
)
def test_a_database_behind_an_address_is_touched(root: Path, name: str):
    make_database(root / "of rows.db", 1)

    def attempt() -> list[object]:
        connection = sqlite3.connect(name.replace("{root}", str(root)), uri=True)
        rows = connection.execute("select x from rows").fetchall()
        connection.close()
        return rows

    assert attempt() == [(1,)]
    touched = trace(root, attempt)
    assert [path for path, _ in touched.files] == ["of rows.db", "of rows.db-wal"]
    assert touched.directory == ("" if str(root) in name.replace("{root}", str(root)) else ".")
    make_database(root / "of rows.db", 2)
    assert "of rows.db" in verify_touched(touched, ContentFileDigests(root))


@pytest.mark.parametrize("name", [":memory:", "file::memory:?cache=shared", "file:rows.db?mode=memory"])
def test_a_database_in_memory_touches_nothing(root: Path, name: str):
    make_database(root / "rows.db", 1)
    assert trace(root, lambda: sqlite3.connect(name, uri=True).close()).files == ()


def test_a_database_whose_name_only_looks_like_an_address_is_touched(root: Path):
    make_database(root / "file:rows.db", 1)
    touched = trace(root, lambda: sqlite3.connect("file:rows.db").close())
    assert ("file:rows.db", digest_bytes((root / "file:rows.db").read_bytes())) in touched.files


def make_database(path: Path, number: int) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as made:
        made.execute("create table rows (x)")
        made.execute("insert into rows values (?)", (number,))
    made.close()


def test_an_archive_counts_unless_modules_are_imported_from_it(root: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("data.csv.zip", "library.zip"):
        with zipfile.ZipFile(root / name, "w") as archive:
            archive.writestr("zipped_module_of_a_library.py", "X = 1\n")
    (root / "folder.zip").mkdir()
    (root / "folder.zip" / "a.csv").write_text("one")
    monkeypatch.syspath_prepend("library.zip")
    monkeypatch.syspath_prepend(str(root / "folder.zip"))

    def attempt() -> None:
        with zipfile.ZipFile("data.csv.zip") as archive:
            archive.read("zipped_module_of_a_library.py")
        read("folder.zip/a.csv")
        importlib.import_module("zipped_module_of_a_library")
        Path("library.zip").read_bytes()

    touched = trace(root, attempt)
    assert [path for path, _ in touched.files] == ["data.csv.zip", "folder.zip/a.csv"]
    assert touched.modules == ()


def test_weights_named_as_python_names_its_lists_of_folders_count(root: Path):
    (root / "model.pth").write_bytes(b"weights")
    assert trace(root, lambda: read("model.pth")).files == (("model.pth", digest_bytes(b"weights")),)


def test_what_headrace_looks_for_in_the_midst_of_an_attempt_is_none_of_it(root: Path, monkeypatch: pytest.MonkeyPatch):
    (root / "plug.dist-info").mkdir()
    (root / "plug.dist-info" / "entry_points.txt").write_text("[headrace.artifact_formats]\n")
    monkeypatch.syspath_prepend(str(root))

    def attempt() -> None:
        entry_points("headrace.artifact_formats")
        thread = threading.Thread(target=entry_points, args=("headrace.artifact_formats",))
        thread.start()
        thread.join()
        read("a.csv")

    assert trace(root, attempt) == Touched((("a.csv", digest_bytes(b"one")),), directory=".")


def test_what_headrace_reads_because_the_attempt_gives_it_a_path_counts(root: Path):
    (root / "folder").mkdir()
    (root / "folder" / "b.csv").write_text("two")
    store = LocalArtifactStore(root / ".headrace" / "objects")
    touched = trace(root, lambda: store.put([Path("a.csv"), Path("folder")], owner="a table"))
    assert {"a.csv", "folder/", "folder/b.csv"} <= dict(touched.files).keys()
    assert not any(".headrace" in path for path, _ in touched.files)


def test_a_function_of_the_standard_library_is_an_attempt_like_any(root: Path):
    assert trace(root, lambda: call(Path.read_text, {"self": Path("a.csv")})).files == (
        ("a.csv", digest_bytes(b"one")),
    )


def test_files_given_to_a_child_process_are_touched(root: Path):
    (root / "tool.py").write_text("print(1)")
    touched = trace(root, lambda: subprocess.run([sys.executable, "tool.py", "a.csv"], check=True, capture_output=True))
    assert [path for path, _ in touched.files] == ["a.csv", "tool.py"]
    touched = trace(root, lambda: os.system("cat 'a.csv' > /dev/null"))
    assert [path for path, _ in touched.files] == ["a.csv"]


def test_the_store_the_libraries_and_the_system_do_not_count(root: Path):
    (root / ".headrace").mkdir()
    (root / ".headrace" / "object").write_text("x")

    def attempt() -> None:
        read(".headrace/object")
        read("/proc/self/status")
        read(os.__file__)
        read(pytest.__file__)
        read(sys.modules[AuditTracer.__module__].__file__ or "")

    assert trace(root, attempt).files == ()


def test_the_closure_does_not_count_and_modules_outside_it_do(root: Path, monkeypatch: pytest.MonkeyPatch):
    (root / "traced_inside.py").write_text("X = 1")
    (root / "traced_outside.py").write_text("X = 1")
    monkeypatch.syspath_prepend(str(root))

    def attempt() -> None:
        importlib.import_module("traced_inside")
        importlib.import_module("traced_outside")

    touched = trace(root, attempt, closure=("traced_inside.py",))
    assert touched.modules == (("traced_outside.py", digest_bytes(b"X = 1")),)
    assert touched.files == ()


def test_a_module_that_the_attempt_wrote_itself_does_not_count(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.syspath_prepend(str(tmp_path / "made"))

    def attempt() -> None:
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / "traced_generated.py").write_text("X = 1")
        importlib.invalidate_caches()
        importlib.import_module("traced_generated")

    assert trace(root, attempt) == Touched()


def test_importing_a_library_touches_nothing(root: Path):
    for name in [name for name in sys.modules if name.partition(".")[0] in {"colorsys", "cloudpickle", "wave"}]:
        del sys.modules[name]

    def attempt() -> None:
        for name in ("colorsys", "wave", "cloudpickle"):
            importlib.import_module(name)
        importlib.import_module("importlib.metadata").version("cloudpickle")

    assert trace(root, attempt) == Touched()


def test_what_is_unpickled_or_imported_by_a_name_is_noted_if_it_is_the_project_s(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    (root / "taken_by_name.py").write_text("class Taken:\n    pass\n")
    monkeypatch.syspath_prepend(str(root))
    taken = importlib.import_module("taken_by_name")
    content = pickle.dumps((taken.Taken(), collections.Counter()))
    assert trace(root, lambda: pickle.loads(content)).reads == (("code:taken_by_name:Taken", ""),)
    assert trace(root, lambda: importlib.import_module("taken_by_name")).reads == (("code:taken_by_name:", ""),)
    assert trace(root, lambda: importlib.import_module("collections")).reads == ()


def test_nothing_is_seen_between_attempts(root: Path):
    tracer = AuditTracer(root, ContentFileDigests(root))
    tracer.start(())
    tracer.finish()
    read("a.csv")
    tracer.start(())
    assert tracer.finish().files == ()


def test_an_error_inside_the_hook_never_reaches_the_step(root: Path):
    def attempt() -> None:
        with pytest.raises(ValueError, match="null"):
            read("a\0b")
        sys.audit("open", None, None, None)
        sys.audit("open")
        sys.audit("os.listdir", object())

    assert trace(root, attempt).files == ()


def test_what_a_module_read_when_it_was_imported_counts_for_later_attempts(root: Path, monkeypatch: pytest.MonkeyPatch):
    (root / "traced_settings.py").write_text("from pathlib import Path\nLIMIT = Path('limit.txt').read_text()\n")
    (root / "limit.txt").write_text("3")
    monkeypatch.syspath_prepend(str(root))
    tracer = AuditTracer(root, ContentFileDigests(root))

    def attempt(file: str) -> Touched:
        tracer.start(((file, "digest"),))
        importlib.import_module("traced_settings")
        return tracer.finish()

    limit = (("limit.txt", digest_bytes(b"3")),)
    assert attempt("traced_settings.py").files == limit
    (root / "limit.txt").write_text("4")
    assert attempt("traced_settings.py").files == limit, "the process still computes with the old content"
    assert attempt("other.py").files == ()


def test_what_the_step_itself_reads_is_not_its_modules(root: Path, monkeypatch: pytest.MonkeyPatch):
    (root / "traced_step.py").write_text("def fit():\n    return open('a.csv').close()\n")
    monkeypatch.syspath_prepend(str(root))
    tracer = AuditTracer(root, ContentFileDigests(root))
    tracer.start((("traced_step.py", "digest"),))
    step = importlib.import_module("traced_step")
    step.fit()
    assert [path for path, _ in tracer.finish().files] == ["a.csv"]
    tracer.start((("traced_step.py", "digest"),))
    assert tracer.finish().files == ()


@pytest.fixture
def module(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = root / "loaded_by_attempts.py"
    path.write_text("LIMIT = 1\n")
    monkeypatch.syspath_prepend(str(root))
    yield path
    sys.modules.pop(path.stem, None)


def make_tracer(root: Path) -> AuditTracer:
    return AuditTracer(root, ContentFileDigests(root))


def load(module: Path) -> object:
    importlib.invalidate_caches()
    return importlib.import_module(module.stem)


def test_a_file_that_was_edited_before_its_module_was_loaded_is_told(root: Path, module: Path):
    tracer, closure = make_tracer(root), planned(root, module.name)
    tracer.start(closure)
    module.write_text("LIMIT = 22\n")
    load(module)
    tracer.finish()
    assert tracer.edited(closure) == (module.name,)
    assert tracer.edited(planned(root, module.name)) == (), "this is what a later plan covers"


def test_a_file_that_is_edited_once_its_module_is_loaded_holds_the_planned_code(root: Path, module: Path):
    tracer, closure = make_tracer(root), planned(root, module.name)
    tracer.start(closure)
    load(module)
    module.write_text("LIMIT = 22\n")
    tracer.finish()
    assert tracer.edited(closure) == ()


def test_what_an_earlier_attempt_loaded_is_told_to_later_ones(root: Path, module: Path):
    tracer, closure = make_tracer(root), planned(root, module.name)
    module.write_text("LIMIT = 22\n")
    tracer.start(closure)
    load(module)
    tracer.finish()
    module.write_text("LIMIT = 1\n")
    tracer.start(closure)
    tracer.finish()
    assert tracer.edited(closure) == (module.name,)


def test_a_reloaded_module_counts_with_its_new_content(root: Path, module: Path):
    tracer, closure = make_tracer(root), planned(root, module.name)
    loaded = load(module)
    module.write_text("LIMIT = 22\n")
    assert isinstance(loaded, ModuleType)
    importlib.reload(loaded)
    assert tracer.edited(closure) == (module.name,)
    assert tracer.edited(planned(root, module.name)) == ()


def test_a_script_counts_as_the_file_that_it_is(root: Path, module: Path):
    tracer, closure = make_tracer(root), planned(root, module.name)
    module.write_text("LIMIT = 22\n")
    exec(compile(module.read_bytes(), str(module), "exec"), {})
    assert tracer.edited(closure) == (module.name,)


def test_a_project_behind_a_link_is_the_same_project(root: Path, module: Path, monkeypatch: pytest.MonkeyPatch):
    link = root.parent / "link"
    link.symlink_to(root)
    monkeypatch.syspath_prepend(str(link))
    tracer, closure = make_tracer(root), planned(root, module.name)
    module.write_text("LIMIT = 22\n")
    load(module)
    assert tracer.edited(closure) == (module.name,)


def test_bytecode_of_an_older_source_is_told_and_taken_away(root: Path, module: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    second = 1_700_000_000 * 10**9
    os.utime(module, ns=(second, second))
    load(module)
    cached = Path(cache_from_source(str(module)))
    os.utime(cached, ns=(second + 1000, second + 1000))
    module.write_text("LIMIT = 2\n")
    os.utime(module, ns=(second + 5000, second + 5000))
    closure = planned(root, module.name)
    del sys.modules[module.stem]
    tracer = make_tracer(root)
    assert vars(load(module))["LIMIT"] == 1, "Python compares size and whole seconds"
    assert tracer.edited(closure) == (module.name,)
    del sys.modules[module.stem]
    assert vars(load(module))["LIMIT"] == 2
    assert tracer.edited(closure) == ()


def test_what_a_thread_of_headrace_reads_meanwhile_is_none_of_the_attempt(root: Path):
    def attempt() -> None:
        read("a.csv")
        thread = threading.Thread(target=ContentFileDigests(root).digest_of, args=("b.csv",))
        thread.start()
        thread.join()

    (root / "b.csv").write_text("two")
    assert trace(root, attempt).files == (("a.csv", digest_bytes(b"one")),)


@pytest.mark.parametrize("target", [lambda: read("a.csv"), Path("a.csv").read_text])
def test_what_a_thread_of_the_step_reads_counts(root: Path, target: Callable[[], object]):
    def attempt() -> None:
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()

    assert trace(root, attempt).files == (("a.csv", digest_bytes(b"one")),)


def returning(root: Path, *, changed_to: str | None) -> Touched:
    """An attempt that gives a file of its folder away; something changes it while it is being stored."""
    tracer = AuditTracer(root, ContentFileDigests(root))
    tracer.start(())
    assert read("a.csv") == "one"
    tracer.note_returned([str(root / "a.csv")])
    touched = tracer.finish()
    if changed_to is not None:
        (root / "a.csv").write_text(changed_to)
    return tracer.settled(touched)


def test_a_returned_file_that_changes_while_it_is_stored_never_verifies(root: Path):
    assert returning(root, changed_to=None).files == (("a.csv", digest_bytes(b"one")),)
    assert returning(root, changed_to="other").files == (("a.csv", UNSTABLE),)


KEEPER = """
SEEN = {}


def get(path):
    if path not in SEEN:
        with open(path) as file:
            SEEN[path] = file.read()
    return SEEN[path]
"""


@pytest.mark.parametrize("count", [1000, 1001])
def test_a_module_that_keeps_very_many_files_is_told_as_such(root: Path, monkeypatch: pytest.MonkeyPatch, count: int):
    (root / "keeper.py").write_text(KEEPER)
    (root / "many").mkdir()
    paths = [root / "many" / f"{number}.txt" for number in range(count)]
    for path in paths:
        path.touch()
    monkeypatch.syspath_prepend(root)
    monkeypatch.delitem(sys.modules, "keeper", raising=False)
    keeper = importlib.import_module("keeper")
    trace(root, lambda: [keeper.get(str(path)) for path in paths], ("keeper.py",))
    files = dict(trace(root, lambda: keeper.get(str(paths[0])), ("keeper.py",)).files)
    told = files.pop("keeper.py", "")
    if count == 1000:
        assert (told, len(files)) == ("", 1000)
    else:
        assert (told, files) == ("keeps more than 1000 files that it has read in a cache", {})


def test_a_file_that_was_there_and_that_the_attempt_takes_away_never_verifies(root: Path):
    time.sleep(0.05)  # so that it is older than the attempt by any clock
    assert trace(root, lambda: (read("a.csv"), Path("a.csv").unlink())).files == (("a.csv", UNSTABLE),)


def test_a_file_that_code_names_and_that_was_edited_between_two_attempts_never_verifies(root: Path):
    """The code may have read it natively in the first one, and kept it."""
    (root / "flow.py").write_text("")
    for text, digest in (("one", digest_bytes(b"one")), ("other", UNSTABLE)):
        (root / "named.bin").write_text(text)
        tracer = AuditTracer(root, ContentFileDigests(root))
        tracer.start(planned(root, "flow.py"), ["named.bin"])
        assert dict(tracer.finish().files)["named.bin"] == digest
