"""The browser tests use the same world as the end-to-end tests: its fixtures, and nothing of their own."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from harness.fixtures import *  # noqa: E402,F401,F403
from harness.hang import pytest_runtest_protocol  # noqa: E402,F401
