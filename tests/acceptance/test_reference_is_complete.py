"""The reference names everything there is: public names, commands and their options, settings, codes of errors."""

import re
from pathlib import Path

import click
import pytest

import headrace
from headrace.app.projects.settings import Settings
from headrace.cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SOURCES = sorted((ROOT / "src" / "headrace").rglob("*.py"))
HELP = {"-h", "--help"}


def section(page: str, title: str) -> str:
    """What stands under a heading of the second order; empty if there is none."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.S | re.M)
    return found[1] if found else ""


def words_in_source(pattern: str) -> set[str]:
    return {found for path in SOURCES for found in re.findall(pattern, path.read_text(), re.M)}


def test_every_public_name_is_described():
    page = (REFERENCE / "api.md").read_text()
    names = {name for name in dir(headrace) if not name.startswith("_")}
    # what reads files instead of importing them finds the package `headrace.plan` under the function's name
    elsewhere = {"plan": "headrace.app.session.plan"}
    described = set(re.findall(r"^::: (headrace\..+)$", page, re.M))
    assert {elsewhere.get(name, f"headrace.{name}") for name in names} <= described
    assert "headrace.plan" not in described


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_described_with_all_its_options(name: str):
    text = section((REFERENCE / "cli.md").read_text(), name)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    flags = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts) if flag[0] == "-"}
    described = {
        flag for cell in re.findall(r"^\|(.+?)\|", text, re.M) for flag in re.findall(r"(?<![\w-])--?\w[\w-]*", cell)
    }
    assert described == flags - HELP
    arguments = [
        option.make_metavar(click.Context(command)) for option in command.params if isinstance(option, click.Argument)
    ]
    usage = re.search(r"```text\nheadrace (.+)\n```", text)
    assert usage is not None
    assert usage[1].split() == [name, *arguments]


def test_no_command_is_described_that_is_not_there():
    titles = set(re.findall(r"^## ([\w-]+)$", (REFERENCE / "cli.md").read_text(), re.M))
    assert titles == set(COMMANDS)


def test_every_exit_code_is_described():
    page = (REFERENCE / "cli.md").read_text()
    told = set(re.findall(r"^  (\d+) ", (cli.epilog or ""), re.M))
    assert told
    assert set(re.findall(r"^\| (\d+) \|", section(page, "Exit codes"), re.M)) == told


def test_every_setting_is_described():
    page = (REFERENCE / "settings.md").read_text()
    described = set(re.findall(r"^\| `(\w+)` \|", section(page, "`[tool.headrace]`"), re.M))
    assert described == set(Settings.__struct_fields__) - {"root"}


def test_every_environment_variable_is_described():
    page = section((REFERENCE / "settings.md").read_text(), "Environment variables")
    known = words_in_source(r"(?<![_A-Z])HEADRACE_[A-Z_]+")
    assert known == {name for name in re.findall(r"^\| `(\w+)` \|", page, re.M) if name.startswith("HEADRACE_")}


def test_every_code_of_an_error_is_described_once():
    page = (REFERENCE / "errors.md").read_text()
    described = re.findall(r"^\| `([a-z.-]+)` \|", page, re.M)
    assert len(described) == len(set(described))
    known = words_in_source(r'^ {4}code = "([a-z.-]+)"') | words_in_source(r'return "([a-z.-]+)", .*, \d+$')
    assert set(described) == known
