"""A pytest plugin for `make test-heavy`, which installs what its tests need: a test that skips itself there has not been run, so it fails."""

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Turn a skip into a failure that keeps its reason; an expected failure stays one."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, where everything a heavy test needs should be there: {call.excinfo.value if call.excinfo else ''}"
    return report
