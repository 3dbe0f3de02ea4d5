"""The forensic tests use the same world as the end-to-end tests, and lab/: copies of memory, disk images, captures, thieves."""
import os
import pathlib
import platform
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import pytest  # noqa: E402
from harness.fixtures import *  # noqa: E402,F401,F403
from harness.hang import pytest_runtest_protocol  # noqa: E402,F401
from harness.service import BUILD  # noqa: E402


def _why_not():
    if not (BUILD / "tests" / "forensic" / "snapshot").exists():
        return "a sanitizer's build, or one without -Dtests=true: its processes are full of copies"
    if os.geteuid() != 0:
        return "only root can read the memory of processes that are not dumpable"
    return None


def pytest_collection_modifyitems(items):
    """@pytest.mark.forensic: needs root and the tools. @pytest.mark.x86: leads processes by their registers."""
    why = _why_not()
    for item in items:
        if item.get_closest_marker("forensic") and why:
            item.add_marker(pytest.mark.skip(reason=why))
        elif item.get_closest_marker("x86") and platform.machine() != "x86_64":
            item.add_marker(pytest.mark.skip(reason="this test leads a process by the registers of x86-64"))


def pytest_configure(config):
    config.addinivalue_line("markers", "forensic: copies the memory of running processes (root)")
    config.addinivalue_line("markers", "x86: leads a process by its registers")


@pytest.fixture(scope="session")
def scene(e2e_dir, dns, web, test_pki):
    """What a whole day of orders left behind: lab/scene.py."""
    from lab.scene import Scene
    made = Scene(e2e_dir, dns, web, test_pki)
    try:
        made.play()
        yield made
    finally:
        made.close()
