"""Options and marks of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-services",
        action="store_true",
        help="a test that is skipped because a service cannot be had fails instead",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.skipped and item.get_closest_marker("services") and item.config.getoption("--require-services"):
        report.outcome = "failed"
    return report
