"""A test that hangs fails after half an hour, so that the others still run and their results are told."""
import os
import signal
import threading

import pytest

SECONDS = int(os.environ.get("TEST_HANGS_AFTER", "1800"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    def late(_signal, _frame):
        pytest.fail(f"{item.nodeid} still runs after {SECONDS} s: it hangs")
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
