"""The tools that guard the tree find what they are there to find."""
import subprocess

import pytest
from harness.service import BUILD, REPO

CHECK = REPO / "tools" / "check-layers"


def check(tmp_path, path, text):
    (tmp_path / "include" / "autocsr").mkdir(parents=True, exist_ok=True)
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return subprocess.run([CHECK, "--root", tmp_path], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("path,text,word", [
    ("src/base/a.c", '#include "pki/x.h"\n', "base may not include pki"),
    ("src/front/a.c", '#include "core/x.h"\n', "front may not include core"),
    ("src/keymaker/a.c", '#include "db/x.h"\n', "keymaker may not include db"),
    ("src/base/a.c", '#include "gone.h"\n', "without its folder"),
    ("src/new/a.c", "int x;\n", "no layer is known"),
    ("src/base/a.c", "void f(void)\n{\n\tsystem(x);\n}\n", "a.c:3: system() is forbidden"),
    ("src/base/a.c", "int y = sprintf (a, b);\n", "sprintf() is forbidden"),
    ("src/base/a.c", "\tCLEANUP_BUF struct buf b;\n", "set at once"),
    ("src/base/a.c", "\tCLEANUP_STR char *a = NULL, *b;\n", "set at once"),
    ("include/autocsr/a.h", '#include "base/x.h"\n', "public header")])
def test_check_layers_finds(tmp_path, path, text, word):
    done = check(tmp_path, path, text)
    assert done.returncode == 1 and word in done.stdout


@pytest.mark.parametrize("text", ['#include "base/x.h"\n#include "autocsr/err.h"\n', "/* system(x) */ int a;\n", 'char *s = "gets(";\n',
                                  "int snprintf_(int); int b = snprintf(c);\n", "int file_system(int);\n", "int q = p->system(1);\n",
                                  "\tCLEANUP_STR char *a = NULL, *b = NULL;\n\tCLEANUP_BUF struct buf c = { 0 };\n"])
def test_check_layers_accepts(tmp_path, text):
    done = check(tmp_path, "src/core/a.c", text)
    assert done.returncode == 0, done.stdout


def test_the_tree_and_the_keymaker_are_in_order():
    done = subprocess.run([CHECK, BUILD], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
