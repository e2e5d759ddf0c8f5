"""A source edited after its import is noticed, whatever its times say; a reloaded module is a new one."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.code.loaded import LoadedSources
from headrace.core.digests import digest_bytes


def digests(root: Path, *names: str) -> list[tuple[str, str]]:
    return [(name, digest_bytes((root / name).read_bytes())) for name in names]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "edited_after_import.py"
    path.write_text("LIMIT = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    importlib.import_module(path.stem)
    yield path
    del sys.modules[path.stem]


def test_an_edit_between_two_plans_is_noticed(module: Path):
    loaded = LoadedSources(module.parent)
    assert loaded.edited_since_import(digests(module.parent, module.name)) == []
    times = module.stat()
    module.write_text("LIMIT = 2\n")
    os.utime(module, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert loaded.edited_since_import(digests(module.parent, module.name)) == [module.name]
    module.write_text("LIMIT = 1\n")
    assert loaded.edited_since_import(digests(module.parent, module.name)) == []


def test_a_reloaded_module_is_not_edited(module: Path):
    loaded = LoadedSources(module.parent)
    loaded.edited_since_import(digests(module.parent, module.name))
    module.write_text("LIMIT = 22\n")
    importlib.reload(sys.modules[module.stem])
    assert loaded.edited_since_import(digests(module.parent, module.name)) == []


def test_a_file_that_is_not_loaded_may_be_edited(module: Path):
    (module.parent / "other.py").write_text("x = 1\n")
    loaded = LoadedSources(module.parent)
    assert loaded.edited_since_import(digests(module.parent, "other.py")) == []
    (module.parent / "other.py").write_text("x = 2\n")
    assert loaded.edited_since_import(digests(module.parent, "other.py")) == []


def test_an_edit_before_the_first_plan_is_noticed(tmp_path: Path):
    (tmp_path / "rules.py").write_text("LIMIT = 1\n")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import rules, pathlib\n"
        "from headrace.code.loaded import LoadedSources\n"
        "path = pathlib.Path(sys.argv[1]) / 'rules.py'\n"
        "if len(sys.argv) > 2: path.write_text('LIMIT = 22\\n')\n"
        "print(LoadedSources(sys.argv[1]).edited_since_import([('rules.py', 'digest')]))\n"
    )

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", script, str(tmp_path), *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.strip()

    assert run() == "[]"
    assert run("edit") == "['rules.py']"
