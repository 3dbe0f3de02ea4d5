"""The browser tests use the same world as the end-to-end tests: its fixtures, and nothing of their own."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.fixtures import *  # noqa: E402,F401,F403
