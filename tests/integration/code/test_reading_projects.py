"""How projects of every layout are read: the same key wherever they lie and however they are started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.code.errors import SourceUnreadableError, UnknownBindingError
from headrace.code.manifests import manifest_text, read_manifest
from headrace.code.reader import StaticCodeReader
from headrace.core.symbols import Symbol
from headrace.ports.code import Code
from headrace.testing.memory_stores import MemoryStore
from integration.code.edited_projects import write

FILES = {
    "steps.py": (
        "import headrace as hr\nfrom rules import rule\n\n"
        "@hr.step(retries=2)\ndef fit(x: float) -> float:\n    return rule(x)\n"
    ),
    "rules.py": "LIMIT = 3\ndef rule(x):\n    return max(x, LIMIT)\n",
}

IN_A_PROCESS = """
import sys
from headrace.code.reader import StaticCodeReader
from headrace.core.symbols import Symbol
from headrace.testing.memory_stores import MemoryStore
root, module, name, file = sys.argv[1:]
reader = StaticCodeReader(root, MemoryStore().memos, path=[root])
print(reader.code_of(Symbol(module, name, file)).digest)
"""


def read(root: Path, symbol: str = "steps:fit", path: list[str] | None = None) -> Code:
    module, _, name = symbol.partition(":")
    return StaticCodeReader(root, MemoryStore().memos, path=path or [str(root)]).code_of(Symbol(module, name))


def symbols(code: Code) -> set[str]:
    return {row.symbol for row in code.rows}


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_a_key_is_the_same_in_other_processes_with_other_hash_seeds(tmp_path: Path, seed: str):
    root = write(FILES, tmp_path)
    found = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS, str(root), "steps", "fit", ""],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == read(root).digest


def test_a_key_is_the_same_wherever_the_project_lies(tmp_path: Path):
    here, there = write(FILES, tmp_path / "here"), write(FILES, tmp_path / "a folder" / "far away")
    assert read(here) == read(there)


def test_a_script_that_runs_as_main_counts_as_its_module(tmp_path: Path):
    root = write(FILES, tmp_path)
    reader = StaticCodeReader(root, MemoryStore().memos, path=[str(root)])
    as_script = reader.code_of(Symbol("__main__", "fit", str(root / "steps.py")))
    assert as_script.digest == read(root).digest
    assert "steps:fit" in symbols(as_script)


def test_a_script_in_a_folder_below_the_root_is_named_by_its_place(tmp_path: Path):
    root = write({f"examples/flights/{name}": text for name, text in FILES.items()}, tmp_path)
    folder = root / "examples" / "flights"
    reader = StaticCodeReader(root, MemoryStore().memos, path=[str(folder), str(root)])
    code = reader.code_of(Symbol("__main__", "fit", str(folder / "steps.py")))
    assert {"examples.flights.steps:fit", "examples.flights.rules:rule"} <= symbols(code)


def test_modules_below_src_are_found_before_sys_path_has_it(tmp_path: Path):
    root = write({f"src/{name}": text for name, text in FILES.items()}, tmp_path)
    code = read(root, path=["/nowhere"])
    assert symbols(code) >= {"steps:fit", "rules:rule", "rules:LIMIT"}
    assert [file for file, _ in code.files] == ["src/rules.py", "src/steps.py"]


def test_options_of_a_step_are_no_part_of_its_code(tmp_path: Path):
    root = write(FILES, tmp_path)
    before = read(root).digest
    steps = root / "steps.py"
    steps.write_text(FILES["steps.py"].replace("@hr.step(retries=2)", "@hr.step(retries=5, timeout=60)"))
    assert read(root).digest == before
    steps.write_text(FILES["steps.py"].replace("x: float)", "x: int)"))
    assert read(root).digest != before, "annotations of steps decide how values are read"


def test_another_line_or_file_digest_makes_no_other_key(tmp_path: Path):
    root = write(FILES, tmp_path)
    before = read(root)
    (root / "rules.py").write_text("# moved down\n\n" + FILES["rules.py"])
    after = read(root)
    assert after.digest == before.digest
    assert after.files != before.files
    assert [row.first_line for row in after.rows if row.symbol == "rules:rule"] == [4]


def test_an_extension_module_of_the_project_counts_by_its_bytes(tmp_path: Path):
    files = {"steps.py": "from fast import clip\ndef fit(x):\n    return clip(x)\n"}
    root = write(files, tmp_path)
    binary = root / "fast.cpython-311-x86_64-linux-gnu.so"
    binary.write_bytes(b"\x7fELF one")
    before = read(root)
    assert "fast:<binary>" in symbols(before)
    assert binary.name in dict(before.files)
    binary.write_bytes(b"\x7fELF two")
    assert read(root).digest != before.digest


def test_an_editable_install_outside_the_root_is_project_code(tmp_path: Path):
    root = write({"steps.py": "from shared.rules import rule\ndef fit(x):\n    return rule(x)\n"}, tmp_path / "app")
    library = write({"src/shared/rules.py": FILES["rules.py"], "src/shared/__init__.py": ""}, tmp_path / "library")
    code = read(root, path=[str(root), str(library / "src")])
    assert "shared.rules:rule" in symbols(code)
    assert "../library/src/shared/rules.py" in dict(code.files)


def test_an_editable_install_by_an_import_hook_is_project_code(tmp_path: Path):
    root = write({"steps.py": "from shared.rules import rule\ndef fit(x):\n    return rule(x)\n"}, tmp_path / "app")
    library = write({"shared/rules.py": FILES["rules.py"], "shared/__init__.py": ""}, tmp_path / "library")
    site = tmp_path / "lib" / "site-packages"
    site.mkdir(parents=True)
    finder = site / "__editable___shared_1_0_finder.py"
    finder.write_text(f"import sys\nMAPPING: dict[str, str] = {{'shared': {str(library / 'shared')!r}}}\n")
    code = read(root, path=[str(root), str(site)])
    assert "shared.rules:rule" in symbols(code)
    assert code.distributions == ()


def test_installed_libraries_are_named_and_not_followed(tmp_path: Path):
    root = write(
        {
            "steps.py": """
import json
import os.path
import numpy as np
import polars  # a library that the step does not reach
from sklearn.linear_model import Ridge
def fit(x):
    from scipy import stats
    return np.mean(x), Ridge, json.dumps(stats.norm), os.path.sep
def other():
    return polars
"""
        },
        tmp_path,
    )
    assert read(root).distributions == ("numpy", "scipy", "sklearn")


def test_a_library_imported_for_what_its_import_does_is_named(tmp_path: Path):
    root = write({"steps.py": "import hvplot.polars\ndef fit(x):\n    return x\n"}, tmp_path)
    assert read(root).distributions == ("hvplot",)


def test_a_namespace_package_of_libraries_is_named_by_the_part_that_is_imported(tmp_path: Path):
    site = tmp_path / "lib" / "site-packages"
    for name in ("storage", "bigquery"):
        (site / "google" / "cloud" / name).mkdir(parents=True)
        (site / "google" / "cloud" / name / "__init__.py").write_text("")
    root = write(
        {"steps.py": "from google.cloud import storage\ndef fit(x):\n    return storage.Client(x)\n"}, tmp_path / "app"
    )
    assert read(root, path=[str(root), str(site)]).distributions == ("google.cloud.storage",)


def test_a_folder_of_data_does_not_hide_a_library_of_its_name(tmp_path: Path):
    site = tmp_path / "lib" / "site-packages"
    (site / "datasets").mkdir(parents=True)
    (site / "datasets" / "__init__.py").write_text("")
    text = "import datasets\ndef fit(x):\n    return datasets.load(x)\n"
    root = write({"steps.py": text}, tmp_path / "app")
    (root / "datasets").mkdir()
    (root / "datasets" / "rows.csv").write_text("1")
    code = read(root, path=[str(root), str(site)])
    assert code.distributions == ("datasets",)
    assert [file for file, _ in code.files] == ["steps.py"]


def test_a_step_of_an_installed_library_counts_by_its_distribution(tmp_path: Path):
    root = write(FILES, tmp_path)
    code = read(root, "somewhere.steps:fit")
    assert code.distributions == ("somewhere",)
    assert code.files == ()


def test_headrace_itself_is_neither_project_code_nor_a_distribution(tmp_path: Path):
    text = "import headrace as hr\ndef fit(x):\n    hr.log_metric('auc', x)\n    return x\n"
    code = read(write({"steps.py": text}, tmp_path), path=[*sys.path, str(tmp_path)])
    assert code.distributions == ()
    assert [file for file, _ in code.files] == ["steps.py"]


def test_a_class_has_a_digest_of_its_own_and_a_librarys_has_none(tmp_path: Path):
    text = "from rules import rule\nclass Row:\n    def total(self):\n        return rule(1)\n    class Part: ...\n"
    root = write({**FILES, "rows.py": text}, tmp_path)

    def digest(name: str) -> str:
        return StaticCodeReader(root, MemoryStore().memos, path=[str(root)]).class_digest(name)

    before = digest("rows:Row")
    assert before == digest("rows:Row.Part"), "a class inside another one counts with it"
    assert digest("collections:OrderedDict") == digest("numpy:ndarray") == ""
    (root / "rules.py").write_text(FILES["rules.py"].replace("LIMIT = 3", "LIMIT = 4"))
    assert digest("rows:Row") != before
    assert digest("rows:Gone") not in ("", before), "a stored value may outlive its class"


def test_a_name_that_the_file_does_not_define_is_refused_with_a_near_one(tmp_path: Path):
    root = write(FILES, tmp_path)
    with pytest.raises(UnknownBindingError, match=r"`fitt` is not defined .* `steps\.py`; did you mean 'fit'"):
        read(root, "steps:fitt")


def test_a_file_that_is_no_python_is_named_with_its_line(tmp_path: Path):
    root = write({**FILES, "rules.py": "x = 1\ndef rule(:\n"}, tmp_path)
    with pytest.raises(SourceUnreadableError, match=r"`rules.py` cannot be read: line 2") as caught:
        read(root)
    assert caught.value.code == "source.unreadable"


def test_a_reader_sees_each_file_once(tmp_path: Path):
    root = write(FILES, tmp_path)
    reader = StaticCodeReader(root, MemoryStore().memos, path=[str(root)])
    before = reader.code_of(Symbol("rules", "rule"))
    (root / "rules.py").write_text("def rule(x):\n    return 0\n")
    assert reader.code_of(Symbol("rules", "LIMIT")).files == before.files


def test_computed_names_are_told_and_the_whole_module_counts(tmp_path: Path):
    text = "import rules\ndef fit(x):\n    return getattr(rules, x)\n"
    code = read(write({**FILES, "steps.py": text}, tmp_path))
    assert code.notes == ("`rules` is used as a value by `fit`: names are computed, so all of it counts.",)
    assert {"rules:rule", "rules:LIMIT"} <= symbols(code)


def test_a_computed_import_is_told_with_its_line(tmp_path: Path):
    text = "from importlib import import_module\ndef fit(x):\n    return import_module(f'plugins.{x}')\n"
    root = write({"steps.py": text, "plugins/__init__.py": "", "plugins/one.py": "ONE = 1\n"}, tmp_path)
    code = read(root)
    assert code.notes == (
        "a computed import in steps.py, line 3: names are computed, so all of the package `plugins` counts.",
    )
    assert "plugins.one:ONE" in symbols(code)


def test_a_manifest_is_read_back_as_it_was_written(tmp_path: Path):
    code = read(write(FILES, tmp_path))
    assert read_manifest(manifest_text(code)) == code
    assert len(manifest_text(code)) < 5000


def test_the_index_of_a_file_is_kept_by_its_content(tmp_path: Path):
    memos = MemoryStore().memos
    kept: list[str] = []

    class Counting:
        def recall(self, key: str) -> str | None:
            return memos.recall(key)

        def keep(self, key: str, text: str) -> None:
            kept.append(key)
            memos.keep(key, text)

    root = write(FILES, tmp_path)
    codes = [StaticCodeReader(root, Counting(), path=[str(root)]).code_of(Symbol("steps", "fit")) for _ in range(2)]
    assert codes[0] == codes[1]
    assert len(kept) == 2
    (root / "rules.py").write_text(FILES["rules.py"] + "\n")
    StaticCodeReader(root, Counting(), path=[str(root)]).code_of(Symbol("steps", "fit"))
    assert len(kept) == 3


def test_files_of_a_plan_cover_what_functions_import_on_their_own(tmp_path: Path):
    text = "def fit(x):\n    from rules import rule\n    return rule(x)\n"
    root = write({**FILES, "steps.py": text}, tmp_path)
    reader = StaticCodeReader(root, MemoryStore().memos, path=[str(root)])
    reader.code_of(Symbol("steps", "fit"))
    assert [file for file, _ in reader.files_of("steps")] == ["rules.py", "steps.py"]


def test_very_long_numbers_and_chains_can_be_read(tmp_path: Path):
    branches = "".join(f"    elif x == {n}:\n        return {n}\n" for n in range(1, 600))
    text = f"BIG = 0x{'f' * 5000}\ndef fit(x):\n    if x == 0:\n        return BIG\n{branches}"
    before = read(write({"steps.py": text}, tmp_path)).digest
    assert read(write({"steps.py": text.replace("0xf", "0xe")}, tmp_path)).digest != before
    assert read(write({"steps.py": text.replace("return 599", "return 600")}, tmp_path)).digest != before


@pytest.mark.parametrize(
    "head",
    [
        "import headrace as hr\nstep = hr.step(retries=2)\n",
        "import headrace as hr\nfrom functools import partial\nstep = partial(hr.step, retries=2)\n",
        "from headrace import step\n",
        "from declarations import step\n",
    ],
    ids=["options", "partial", "imported", "of another module"],
)
def test_a_decorator_of_ones_own_for_steps_registers_nothing(tmp_path: Path, head: str):
    text = "@step\ndef fit(x: int) -> int:\n    return x\n\n@step\ndef other(x: int) -> int:\n    return x\n"
    declarations = "import headrace as hr\nfrom functools import partial\nstep = partial(hr.step, retries=2)\n"
    root = write({"steps.py": head + text, "declarations.py": declarations}, tmp_path)
    assert "steps:other" not in symbols(read(root))
