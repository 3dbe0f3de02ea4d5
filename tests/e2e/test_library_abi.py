"""Programs that are linked against the last released library go on working: abidiff against the committed baseline."""
import platform
import re
import shutil

import pytest
from harness.library import SHARED, option, run
from harness.service import BUILD, REPO

BASELINE = REPO / "src/pki/library/abi.xml"
MACHINES = {"x86_64": "elf-amd-x86_64"}
CHANGED, INCOMPATIBLE = 4, 8


@pytest.fixture(autouse=True)
def can_compare():
    if shutil.which("abidiff") is None:
        pytest.skip("abidiff is not installed (abigail-tools)")
    if option("b_sanitize") != "none" or ".debug_info" not in run("readelf", "-SW", SHARED).stdout:
        pytest.skip("a build without plain debugging information")
    if MACHINES.get(platform.machine()) not in BASELINE.read_text()[:300]:
        pytest.skip(f"the baseline is of another machine than {platform.machine()}")


def compare(baseline):
    """Functions that were added are no break."""
    return run("abidiff", "--no-added-syms", "--no-show-locs", baseline, SHARED)


def test_the_abi_is_that_of_the_baseline():
    done = compare(BASELINE)
    assert done.returncode & (CHANGED | INCOMPATIBLE) == 0, \
        f"{done.stdout[:3000]}\na break wants a new major version; a change that is meant, tools/abi-baseline"
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("change,code", [
    (lambda t: t.replace("acsr_blob_copy", "acsr_blob_gone"), INCOMPATIBLE),
    (lambda t: re.sub(r"(<class-decl name=\"acsr_blob\" size-in-bits=\")128", r"\g<1>192", t), CHANGED)],
    ids=["a function is gone", "a struct is of another size"])
def test_a_break_is_found(change, code, tmp_path):
    text = BASELINE.read_text()
    assert change(text) != text
    (tmp_path / "old.xml").write_text(change(text))
    assert compare(tmp_path / "old.xml").returncode & code


def test_the_baseline_can_be_made_anew(tmp_path):
    done = run(REPO / "tools/abi-baseline", BUILD, tmp_path / "new.xml")
    assert done.returncode == 0, done.stderr
    assert compare(tmp_path / "new.xml").returncode == 0
    assert (tmp_path / "new.xml").stat().st_size < 800_000  # abidw 2.6 says more than 2.2
