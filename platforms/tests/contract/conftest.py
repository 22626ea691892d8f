"""Each passing contract test ticks a cell of the table of networks; `--table FILE` writes the table."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from platforms.tests.contract import table
from platforms.tests.village import move_in


@pytest.fixture
def world(live_server: LiveServer) -> str:
    """The sandbox with its people; the address where it runs."""
    move_in()
    return str(live_server.url)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call" and report.passed:
        marker = item.get_closest_marker("cell")
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if marker and parameters:
            report.user_properties.append(("cell", marker.args[0].format(**parameters)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    path = config.getoption("--table")
    if path:
        reports = terminalreporter.stats.get("passed", [])
        ticked = {value for report in reports for name, value in report.user_properties if name == "cell"}
        table.write(Path(path), ticked)
