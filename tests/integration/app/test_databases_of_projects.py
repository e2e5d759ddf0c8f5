"""Which database a project's settings choose, and that nobody who shows settings shows a password."""

import pytest

from headrace.app.projects.settings import read_settings
from headrace.core.errors import SettingsError

ADDRESS = "postgresql://me:sesame@db/shop"


@pytest.fixture
def project(tmp_path):
    def write(line: str):
        (tmp_path / "pyproject.toml").write_text(f"[tool.headrace]\n{line}\n")
        return tmp_path

    return write


def test_without_a_word_a_project_has_no_server(project):
    chosen = read_settings(project("lanes = 1"), {})
    assert not chosen.database
    assert chosen == read_settings(project("lanes = 1"), {})


def test_a_project_chooses_its_database_and_the_environment_counts_more(project):
    here = project(f'database = "{ADDRESS}"')
    assert read_settings(here, {}).database.text == ADDRESS
    assert read_settings(here, {"HEADRACE_DATABASE": "postgres://other/shop"}).database.text == "postgres://other/shop"
    assert not read_settings(here, {"HEADRACE_DATABASE": ""}).database


def test_settings_that_are_shown_show_no_address(project):
    assert "sesame" not in repr(read_settings(project(f'database = "{ADDRESS}"'), {}))


@pytest.mark.parametrize("line", ["database = 5", 'database = "mysql://me:sesame@db/shop"', 'database = "sesame"'])
def test_what_is_no_address_is_refused_without_being_shown(project, line):
    with pytest.raises(SettingsError) as caught:
        read_settings(project(line), {})
    assert "`database` in [tool.headrace]" in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_a_mistyped_variable_is_refused(project):
    with pytest.raises(SettingsError, match="HEADRACE_DATABASE"):
        read_settings(project("lanes = 1"), {"HEADRACE_DATABSE": ADDRESS})
