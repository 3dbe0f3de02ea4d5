"""The lines that the documents show are lines that work."""
import re
import shlex
import subprocess

import pytest
from harness.cli import Cli
from harness.service import REPO


def commands(page):
    """Every `autocsr …` line of the page's sh blocks, in order, without its remark."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (REPO / "docs" / page).read_text(), re.M | re.S)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("autocsr ")]


@pytest.fixture
def desk(tmp_path):
    """What the page takes for granted: a passphrase, and a certificate of a private CA with its key."""
    (tmp_path / "pass").write_text("correct horse battery staple\n")
    for line in ("req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 30 -subj /CN=Root -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
                 "req -new -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=www.example.com -addext subjectAltName=DNS:www.example.com",
                 "x509 -req -in leaf.csr -CA root.pem -CAkey root.key -out full.pem -days 20 -copy_extensions copyall"):
        subprocess.run(["openssl", *shlex.split(line)], cwd=tmp_path, check=True, capture_output=True)
    return Cli(tmp_path)


def test_the_lines_of_the_toolkit_page_work(desk):
    lines = commands("TOOLKIT.md")
    assert len(lines) > 15
    for line in lines:
        words = shlex.split(line.split(" || ")[0])[1:]
        if words == ["csr", "new"]:
            desk.run(*words, code=2)  # no terminal here; test_cli_terminal.py answers its questions
            continue
        desk.run(*words, code=1 if "|| test $? = 1" in line else 0)
    assert (desk.cwd / "same.key").read_bytes() == (desk.cwd / "new.key").read_bytes()


def test_every_page_that_a_page_names_exists():
    for page in [REPO / "README.md", *(REPO / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([\w./-]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} names {target}"
