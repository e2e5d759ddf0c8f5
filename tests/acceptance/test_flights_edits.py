"""Edits of the flights example: a plan names the function and file behind each step, and formatting is no edit."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import polars as pl
import pytest

from acceptance.command_line import Project
from flights_project import DATA, PROJECT

PLAN = ("plan", "training", "-p", "until=2013-04-01", "--json")

pytestmark = pytest.mark.slow


class Edit(NamedTuple):
    """A change of one place, and which steps it reaches."""

    file: str
    symbol: str
    before: str
    after: str
    steps: tuple[str, ...]


def feature(name: str) -> str:
    return f"features/{name}_features"


ROUNDS: tuple[tuple[Edit, ...], ...] = (
    (
        Edit("timetable", "abs_days", ".total_days()", ".total_hours()", (feature("timetable"),)),
        Edit("weather", "known_readings", 'period="6h"', 'period="5h"', (feature("weather"),)),
        Edit("aircraft", "minutes", "total_minutes()", "total_seconds()", (feature("aircraft"),)),
        Edit("delays", "DEPARTURE_WINDOWS", '"city", 1,', '"city", 2,', (feature("departure"),)),
        Edit("delays", "ARRIVAL_WINDOWS", '"carrier", 12', '"carrier", 11', (feature("arrival"),)),
    ),
    (
        Edit("timetable", "CRUISE_MILES_A_MINUTE", "MINUTE = 8", "MINUTE = 9", (feature("timetable"),)),
        Edit("weather", "OLDEST_READING", "hours=6", "hours=5", (feature("weather"),)),
        Edit("aircraft", "TURNAROUND", "minutes=40", "minutes=45", (feature("aircraft"),)),
        Edit("delays", "running_sums", "cum_sum()", "cum_max()", (feature("departure"), feature("arrival"))),
    ),
    (
        Edit("timetable", "HOLIDAYS", "date(2013, 7, 4)", "date(2013, 7, 5)", (feature("timetable"),)),
        Edit("weather", "TREND_SPAN", "hours=3", "hours=2", (feature("weather"),)),
        Edit("aircraft", "with_leg_before", ".shift(1)", ".shift(2)", (feature("aircraft"),)),
        Edit("delays", "Window.column", "hours < 48", "hours < 49", (feature("departure"), feature("arrival"))),
    ),
    (
        Edit("methods", "predict", "[:, 1]", "[:, 0]", ("evaluate",)),
        Edit("evaluation", "carrier_rates", '"late"].mean()', '"late"].median()', ("evaluate_baseline",)),
    ),
    (
        Edit("methods", "boosting", '"num_leaves": 31', '"num_leaves": 15', ("fit",)),
        Edit("evaluation", "SURELY", "SURELY = 1e-6", "SURELY = 1e-5", ("evaluate_baseline",)),
    ),
    (
        Edit("methods", "ENOUGH_ROWS", "50_000", "5_000", ("fit",)),
        Edit("evaluation", "BINS", "BINS = 10", "BINS = 5", ("evaluate_baseline",)),
    ),
    (
        Edit("features", "feature_columns", "table.columns if", "sorted(table.columns) if", ("fit",)),
        Edit("evaluation", "calibration_curve", "* BINS //", "* BINS / 1 //", ("evaluate_baseline",)),
    ),
    (Edit("figures", "plot_comparison", "height=0.55", "height=0.5", ("choose",)),),
    (Edit("evaluation", "gain_over", "days - 1", "days - 2", ("choose",)),),
    (Edit("pipelines", "TEST_DAYS", "TEST_DAYS = 28", "TEST_DAYS = 21", ("split_by_time",)),),
    (Edit("features", "departing", 'closed="left"', 'closed="both"', ("split_by_time",)),),
    (Edit("timeline", "to_utc", 'ambiguous="earliest", non', 'ambiguous="latest", non', ("features/build_timeline",)),),
    (Edit("rules", "weather_rules", "between(-40, 120)", "between(-40, 121)", ("features/check_tables",)),),
    (Edit("tables", "read_csv", 'null_values="NA"', 'null_values=["NA"]', ("features/read_tables",)),),
)
"""Steps behind a changed step are not known yet, so a round holds edits of steps that are side by side."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example with every eighth flight of the first three months, trained once."""
    folder = tmp_path_factory.mktemp("edits") / "flights"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    flights = pl.read_parquet(DATA / "flights.parquet")
    flights.filter(pl.col("month") <= 3, pl.col("flight") % 8 == 0).write_parquet(folder / "data" / "flights.parquet")
    made = Project(folder)
    made.ok("run", "training", "-p", "until=2013-04-01", "--quiet")
    return made


@pytest.fixture
def edited(project: Project) -> Iterator[Project]:
    """The same, put back afterwards."""
    texts = {path: path.read_text() for path in (project.folder / "flights").glob("*.py")}
    yield project
    for path, text in texts.items():
        path.write_text(text)


def reasons(project: Project) -> Mapping[str, str]:
    """Why each step would run that is known to."""
    return {one["step"]: one["reason"] for one in project.ok(*PLAN).data if one["action"] == "run"}


def test_there_are_more_than_twenty_edits_in_ten_files():
    assert len([edit for edits in ROUNDS for edit in edits]) > 20
    assert len({edit.file for edits in ROUNDS for edit in edits}) > 10


@pytest.mark.parametrize("edits", ROUNDS, ids=lambda edits: "-".join(edit.symbol for edit in edits))
def test_an_edit_runs_just_the_steps_that_it_reaches_and_is_named(edited: Project, edits: tuple[Edit, ...]):
    for edit in edits:
        edited.edit(f"flights/{edit.file}.py", edit.before, edit.after)
    found = reasons(edited)
    expected = {step: edit for edit in edits for step in edit.steps}
    assert set(found) == set(expected), found
    for step, edit in expected.items():
        named = re.escape(f"changed: `{edit.symbol}` in `flights/{edit.file}.py`")
        assert re.match(named, found[step]), f"{step}: {found[step]}"


def test_comments_docstrings_and_formatting_run_nothing(edited: Project):
    sources = sorted((edited.folder / "flights").glob("*.py"))
    for path in sources:
        path.write_text(
            "# a word at the head\n" + with_other_docstrings(path.read_text()) + "\n\n# and one at the end\n"
        )
    before = [path.read_text() for path in sources]
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "60", "--quiet", *map(str, sources)]
    subprocess.run(ruff, check=True, timeout=60)
    assert sum(one != path.read_text() for one, path in zip(before, sources, strict=True)) > 10
    assert {one["action"] for one in edited.ok(*PLAN).data} == {"reuse"}


def with_other_docstrings(source: str) -> str:
    """The source with other words under every module, class and function that has any."""
    lines = source.splitlines(keepends=True)
    owners = [
        one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    found = [owner.body[0] for owner in owners if ast.get_docstring(owner) is not None]
    for doc in sorted(found, key=lambda one: -one.lineno):
        indent = " " * doc.col_offset
        lines[doc.lineno - 1 : doc.end_lineno] = [f'{indent}"""Other words."""\n']
    return "".join(lines)
