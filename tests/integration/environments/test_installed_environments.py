"""The environment as keys see it: what a step's code reaches, not everything that is installed."""

import sys
from pathlib import Path

import pytest

from headrace.core.digests import digest_bytes, digest_parts
from headrace.environments.distributions import InstalledDistributions
from headrace.environments.reading import InstalledEnvironment
from headrace.testing.memory_stores import MemoryStore

PYTHON = f"python {sys.version_info.major}.{sys.version_info.minor}"


def install(
    site: Path,
    name: str,
    version: str = "1.0",
    *,
    files: tuple[str, ...] = (),
    requires: tuple[str, ...] = (),
    direct_url: str = "",
    content: str = "same",
) -> Path:
    """Install a distribution the way a wheel is: files, METADATA, RECORD."""
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"Requires-Dist: {one}\n" for one in requires)
    description = "Requires-Dist: not-a-requirement, this is the description\n" * 1000
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{lines}\n{description}")
    files = files or (f"{name.replace('-', '_')}/__init__.py",)
    record = "".join(f"{file},sha256={digest_bytes(content.encode())[:20]},4\n" for file in files)
    (info / "RECORD").write_text(f"{record}../../bin/{name},sha256=abc,1\n{info.name}/METADATA,,\n")
    if direct_url:
        (info / "direct_url.json").write_text(direct_url)
    return info


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "lib" / "site-packages"


def lines(tmp_path: Path, site: Path, *modules: str) -> tuple[str, ...]:
    return InstalledEnvironment(tmp_path, MemoryStore().memos, [str(site)]).environment_of(modules).lines


def test_only_what_is_reached_counts_with_all_that_it_requires(tmp_path: Path, site: Path):
    install(site, "polars", "2.1.0", requires=("polars-runtime==2.1.0", "numpy>=1; extra == 'numpy'"))
    install(site, "polars_runtime", "2.1.0", requires=("deep",))
    install(site, "deep", "0.1")
    install(site, "numpy", "2.0")
    install(site, "unrelated", "9.9")
    assert lines(tmp_path, site, "polars") == (PYTHON, "deep 0.1", "polars 2.1.0", "polars-runtime 2.1.0")


def test_a_distribution_is_found_by_what_it_can_be_imported_as(tmp_path: Path, site: Path):
    install(site, "scikit-learn", "1.9", files=("sklearn/__init__.py", "sklearn/linear_model/__init__.py"))
    install(site, "six", "1.16", files=("six.py",))
    install(site, "fast", "3", files=("_fast.cpython-311-x86_64-linux-gnu.so",))
    found = lines(tmp_path, site, "sklearn", "six", "_fast")
    assert found == (PYTHON, "fast 3", "scikit-learn 1.9", "six 1.16")


def test_a_namespace_package_is_found_by_its_part(tmp_path: Path, site: Path):
    for name in ("storage", "bigquery"):
        files = (f"google/cloud/{name}/__init__.py", f"google/cloud/{name}/x.py")
        install(site, f"google-cloud-{name}", "1", files=files)
    assert lines(tmp_path, site, "google.cloud.storage") == (PYTHON, "google-cloud-storage 1")
    assert lines(tmp_path, site, "google.cloud") == (PYTHON, "google-cloud-bigquery 1", "google-cloud-storage 1")


def test_an_extra_counts_where_it_is_asked_for(tmp_path: Path, site: Path):
    install(site, "app", "1", requires=("frames[arrow]>=2",))
    duckdb = 'duckdb ; python_version > "3" and extra == "sql"'
    install(site, "frames", "2", requires=('pyarrow>=9 ; extra == "arrow"', duckdb))
    install(site, "pyarrow", "18")
    install(site, "duckdb", "1")
    assert lines(tmp_path, site, "app") == (PYTHON, "app 1", "frames 2", "pyarrow 18")


def test_a_circle_of_requirements_ends(tmp_path: Path, site: Path):
    install(site, "one", requires=("two",))
    install(site, "two", requires=("one",))
    assert lines(tmp_path, site, "one") == (PYTHON, "one 1.0", "two 1.0")


def test_an_import_that_nothing_provides_is_absent_until_it_is_installed(tmp_path: Path, site: Path):
    site.mkdir(parents=True)
    assert lines(tmp_path, site, "cupy") == (PYTHON, "cupy absent")
    install(site, "cupy", "13")
    assert lines(tmp_path, site, "cupy") == (PYTHON, "cupy 13")


def test_a_distribution_from_a_folder_counts_by_its_files(tmp_path: Path, site: Path):
    url = '{"url": "file:///home/me/rules", "dir_info": {}}'
    install(site, "rules", direct_url=url)
    before = lines(tmp_path, site, "rules")
    assert before[1].startswith("rules 1.0 files ")
    install(site, "rules", direct_url=url.replace("me", "you"))
    assert lines(tmp_path, site, "rules") == before, "where the folder lay does not count"
    install(site, "rules", direct_url=url, content="other")
    assert lines(tmp_path, site, "rules") != before


def test_an_editable_install_counts_as_project_code_not_by_its_files(tmp_path: Path, site: Path):
    install(site, "rules", direct_url='{"url": "file:///x", "dir_info": {"editable": true}}')
    assert lines(tmp_path, site, "rules") == (PYTHON, "rules 1.0")


def test_the_first_folder_of_the_search_path_wins(tmp_path: Path, site: Path):
    other = tmp_path / "other" / "site-packages"
    install(site, "numpy", "2.0")
    install(other, "numpy", "1.0")
    reader = InstalledEnvironment(tmp_path, MemoryStore().memos, [str(site), str(other)])
    assert reader.environment_of(("numpy",)).lines == (PYTHON, "numpy 2.0")


def test_distributions_of_debian_and_conda_are_seen(tmp_path: Path, site: Path):
    site.mkdir(parents=True)
    (site / "old_thing-1.2-py3.11.egg-info").write_text("Metadata-Version: 1.0\nName: old-thing\nVersion: 1.2\n")
    folder = site / "older-0.3.egg-info"
    folder.mkdir()
    (folder / "PKG-INFO").write_text("Name: older\nVersion: 0.3\n\n")
    (folder / "top_level.txt").write_text("ancient\n")
    installed = InstalledDistributions(MemoryStore().memos, [str(site)])
    assert {name: one.version for name, one in installed.by_name.items()} == {"old-thing": "1.2", "older": "0.3"}
    assert lines(tmp_path, site, "ancient") == (PYTHON, "older 0.3")


@pytest.mark.parametrize("name", ["uv.lock", "pylock.toml", "poetry.lock", "requirements.lock"])
def test_a_lock_stands_for_all_versions(tmp_path: Path, site: Path, name: str):
    install(site, "numpy", "2.0")
    (tmp_path / name).write_bytes(b"locked")
    assert lines(tmp_path, site, "numpy") == (PYTHON, f"{name} {digest_bytes(b'locked')}")
    assert lines(tmp_path, site, "numpy") == lines(tmp_path, site, "polars")


def test_a_list_of_requirements_is_a_lock_only_with_hashes(tmp_path: Path, site: Path):
    install(site, "numpy", "2.0")
    (tmp_path / "requirements.txt").write_text("numpy>=2\n")
    assert lines(tmp_path, site, "numpy") == (PYTHON, "numpy 2.0")
    (tmp_path / "requirements.txt").write_text("numpy==2.0 --hash=sha256:abc\n")
    assert lines(tmp_path, site, "numpy")[1].startswith("requirements.txt ")


def test_equal_lines_have_an_equal_digest_in_every_place(tmp_path: Path):
    here, there = tmp_path / "a" / "site-packages", tmp_path / "b" / "site-packages"
    for one in (here, there):
        install(one, "numpy", "2.0")
    parts = [
        InstalledEnvironment(one.parent, MemoryStore().memos, [str(one)]).environment_of(("numpy",))
        for one in (here, there)
    ]
    assert parts[0] == parts[1]
    assert parts[0].digest == digest_parts(("headrace-environment-1", PYTHON, "numpy 2.0"))


def test_what_can_be_imported_is_remembered_until_something_is_installed(tmp_path: Path, site: Path):
    install(site, "scikit-learn", "1.9", files=("sklearn/__init__.py",))
    memos = MemoryStore().memos

    def read() -> tuple[str, ...]:
        return InstalledEnvironment(tmp_path, memos, [str(site)]).environment_of(("sklearn", "skops")).lines

    assert read() == read() == (PYTHON, "scikit-learn 1.9", "skops absent")
    install(site, "skops", "0.14")
    assert read() == (PYTHON, "scikit-learn 1.9", "skops 0.14")


def test_the_running_interpreters_distributions_are_read(tmp_path: Path):
    found = InstalledEnvironment(tmp_path, MemoryStore().memos).environment_of(("pytest", "hypothesis"))
    assert f"pytest {pytest.__version__}" in found.lines
    assert any(line.startswith("pluggy ") for line in found.lines)
