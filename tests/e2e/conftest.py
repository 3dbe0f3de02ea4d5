"""Fixtures of all end-to-end tests; the parts are in harness/. Other test folders import harness.fixtures too."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness.fixtures import *  # noqa: E402,F401,F403
from harness.hang import pytest_runtest_protocol  # noqa: E402,F401
