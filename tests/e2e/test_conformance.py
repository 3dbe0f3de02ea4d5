"""docs/CONFORMANCE.md is what the marks in the tests say, and tools/conformance finds what it is there to find."""
import json
import subprocess

import pytest
from harness.service import REPO

TOOL = REPO / "tools" / "conformance"
MUSTS = [{"id": "1#1", "who": "server", "text": "First."}, {"id": "2#1", "who": "both", "text": "Second."},
         {"id": "2#2", "who": "client", "text": "Third.", "not_done": "nobody asked"}]
PYTHON = '''
import pytest
CASES = [pytest.param(1, id="one", marks=pytest.mark.rfc("99 2#1", "one does it")), pytest.param(2, id="two")]

@pytest.mark.rfc("99 1", "does it")
def test_first():
    pass

@pytest.mark.parametrize("case", CASES)
def test_table(case):
    pass
'''


@pytest.fixture
def tree(tmp_path):
    """A small tree whose page is up to date."""
    for folder in ("tests/conformance", "tests/unit", "docs"):
        (tmp_path / folder).mkdir(parents=True)
    doc = {"rfc": 99, "title": "Example", "sections": {"1": "One", "2": "Two", "3": "Three"}, "musts": MUSTS}
    (tmp_path / "tests" / "conformance" / "rfc99.json").write_text(json.dumps(doc))
    (tmp_path / "tests" / "test_a.py").write_text(PYTHON)
    run(tmp_path, code=0)
    return tmp_path


def run(root, *args, code=None):
    done = subprocess.run([TOOL, "--root", root, *args], capture_output=True, text=True, timeout=60)
    assert code is None or done.returncode == code, done.stderr
    return done


def test_the_page_says_what_the_marks_say():
    done = subprocess.run([TOOL, "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_tree_that_is_in_order(tree):
    run(tree, "--check", code=0)
    page = (tree / "docs" / "CONFORMANCE.md").read_text()
    assert "| 1 (1) | server | First. | [test_first](../tests/test_a.py) |" in page
    assert "[test_table[one]](../tests/test_a.py)" in page and "**not done**: nobody asked" in page


@pytest.mark.parametrize("mark,word", [
    ("99 9", "no section 99 9"), ("98 1", "no section 98 1"), ("99 2#7", "no MUST 99 2#7"), ("99 1#2", "no MUST 99 1#2")])
def test_a_mark_that_names_nothing(tree, mark, word):
    (tree / "tests" / "test_b.py").write_text(f"@pytest.mark.rfc({mark!r}, 'x')\ndef test_b():\n    pass\n")
    assert word in run(tree, "--check", code=1).stderr


def test_a_must_without_test_and_without_reason(tree):
    (tree / "tests" / "test_a.py").write_text("")
    assert "99 1#1: no test shows it" in run(tree, "--check", code=1).stderr


def test_a_page_that_is_out_of_date(tree):
    (tree / "tests" / "test_b.py").write_text("@pytest.mark.rfc('99 1', 'x')\ndef test_b():\n    pass\n")
    assert "out of date" in run(tree, "--check", code=1).stderr


def test_marks_in_c_and_for_whole_sections(tree):
    (tree / "tests" / "unit" / "test_c.c").write_text(
        "/* rfc: 99 3: something of three */\n/* rfc: 99 2#1: more */\nstatic void test_three(void **state)\n{\n}\n")
    run(tree, code=0)
    page = (tree / "docs" / "CONFORMANCE.md").read_text()
    assert "- 3 Three: something of three ([test_three](../tests/unit/test_c.c))" in page
    assert "[test_three](../tests/unit/test_c.c)" in page.split("Also:")[0]


def test_a_mark_above_no_test(tree):
    (tree / "tests" / "unit" / "test_c.c").write_text("/* rfc: 99 1: nothing */\nint x;\n")
    assert "stands above no test" in run(tree, "--check", code=1).stderr
