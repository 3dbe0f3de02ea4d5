"""Completion as the shells themselves see it: bash, zsh and fish are started with the script that `autocsr completion` prints."""
import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest
from harness.cli import Cli

SHELLS = ["bash", "zsh", "fish"]


@pytest.fixture
def cli(tmp_path):
    (tmp_path / "www.csr").write_text("x")
    (tmp_path / "wo rt.csr").write_text("x")
    return Cli(tmp_path)


def bash(tmp_path, script, line):
    """The function is called as readline calls it."""
    program = r"""
        [ -n "$WITH" ] && . /usr/share/bash-completion/bash_completion
        . "$SCRIPT"
        COMP_LINE=$LINE COMP_POINT=${#LINE}
        read -ra COMP_WORDS < <(sed 's/[:=]/ & /g' <<<"$LINE")
        [[ $LINE == *[\ :=] ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _autocsr autocsr "${COMP_WORDS[COMP_CWORD]}" ""
        printf '%s\n' "${COMPREPLY[@]}"
    """
    seen = []
    for framework in ("", "1"):
        done = subprocess.run(["bash", "--norc", "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=30,
                              env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SCRIPT": str(script), "LINE": line, "WITH": framework})
        assert not done.stderr, done.stderr
        seen.append(sorted(w for w in done.stdout.split("\n") if w))
    assert seen[0] == seen[1]
    # What readline keeps on the line in front of a colon is part of the word.
    kept = line.split(" ")[-1].split("=", 1)[-1]
    return [kept[:kept.rindex(":") + 1] + w for w in seen[0]] if ":" in kept else seen[0]


def fish(tmp_path, script, line):
    done = subprocess.run(["fish", "--no-config", "-c", 'source $SCRIPT; complete -C "$LINE"'], cwd=tmp_path, capture_output=True, text=True,
                          timeout=30, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SCRIPT": str(script), "LINE": line})
    assert not done.stderr, done.stderr
    words = [w.split("\t")[0] for w in done.stdout.split("\n") if w]
    return sorted(re.sub(r"^--[a-z]+=", "", w).replace("\\ ", " ") for w in words)


ZSH = r"""
autoload -U compinit && compinit -u -D
. $SCRIPT
compadd() {
  [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && { builtin compadd "$@"; return }
  local -a hits
  builtin compadd -A hits "$@"
  print -rl -- $hits >>$OUT
  builtin compadd "$@"
}
capture() { _main_complete; print -r -- END >>$OUT }
zle -C capture list-choices capture
bindkey '^X' capture
LISTMAX=100000 # or zsh asks first, and eats the next line
PS1='ready> '
"""


class Zsh:
    """One shell with a terminal of its own for all lines of a test; a key of ours runs completion and notes every candidate."""

    def __init__(self, tmp_path, script):
        self.out, rc = tmp_path.parent / (tmp_path.name + ".out"), tmp_path.parent / (tmp_path.name + ".rc")
        rc.mkdir()
        (rc / ".zshrc").write_text(ZSH)
        self.out.write_text("")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(tmp_path)
            os.execvpe("zsh", ["zsh", "-d", "-i"], {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ZDOTDIR": str(rc),
                                                    "SCRIPT": str(script), "OUT": str(self.out), "TERM": "xterm"})
        self.wait(lambda: b"ready> " in self.seen)

    def wait(self, reached):
        self.seen, end = b"", time.monotonic() + 30
        while not reached():
            assert time.monotonic() < end, self.seen
            if select.select([self.fd], [], [], 0.02)[0]:
                self.seen += os.read(self.fd, 65536)

    def __call__(self, line):
        # zsh gives completion up when keys are waiting: the line first, and our key once its echo is there.
        self.out.write_text("")
        os.write(self.fd, b"\x15" + line.encode())
        self.wait(lambda: line.split(" ")[-1].encode() in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", self.seen) or not line.split(" ")[-1])
        os.write(self.fd, b"\x18")
        self.wait(lambda: "END" in self.out.read_text().split("\n"))
        typed = line.split(" ")[-1].split("=", 1)[-1]
        words = {w.rstrip("=").replace("\\ ", " ") for w in self.out.read_text().split("\n")}
        return sorted(w for w in words if w not in ("", "END") and w.startswith(typed))

    def end(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


COMPLETE = {"bash": bash, "fish": fish}


@pytest.fixture(params=SHELLS)
def complete(request, cli, tmp_path):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    script = tmp_path / "script"
    script.write_bytes(cli.run("completion", request.param).out)
    if request.param != "zsh":
        yield lambda line: COMPLETE[request.param](tmp_path, script, line)
        return
    shell = Zsh(tmp_path, script)
    yield shell
    shell.end()


def test_nouns_and_verbs(complete, cli):
    every = [c["command"] for c in cli.run("--json").json["commands"]]
    nouns = {c.split()[0] for c in every}
    assert nouns <= set(complete("autocsr "))
    assert complete("autocsr cs") == ["csr"]
    for noun in ("csr", "archive", "order"):
        assert set(complete(f"autocsr {noun} ")) - {"--help"} == {c.split()[1] for c in every if c.split()[0] == noun}
    assert {"keys", "exit"} <= set(complete("autocsr help ")) and "exit" not in complete("autocsr ")
    assert complete("autocsr --json archive o") == complete("autocsr help archive o") == ["open"]


def test_options_of_a_command_and_no_other(complete, cli):
    for command in ("csr new", "match", "order revoke"):
        want = {o["option"] for c in cli.run("--json").json["commands"] if c["command"] == command for o in c["options"]}
        assert set(complete(f"autocsr {command} --")) == want
    assert complete("autocsr archive open --co") == ["--code-file"]


@pytest.mark.parametrize("how", ["--key ", "--key="])
def test_key_types_are_those_that_can_be_made(complete, how):
    assert complete(f"autocsr csr new {how}ec:") == ["ec:p256", "ec:p384", "ec:p521"]
    assert {"rsa:2048", "ed25519"} <= set(complete(f"autocsr csr new --host a.example {how}"))
    listed = subprocess.run(["openssl", "list", "-public-key-algorithms"], capture_output=True, text=True).stdout
    assert ("ml-dsa-44" in complete(f"autocsr csr new {how}")) == ("ML-DSA-44" in listed)


@pytest.mark.parametrize("line,want", [
    ("autocsr completion ", ["bash", "fish", "zsh"]), ("autocsr csr new --digest ", ["SHA256", "SHA384", "SHA512"]),
    ("autocsr csr new --policy p", ["private", "public"]), ("autocsr csr new --eku serverAuth --eku clientA", ["clientAuth"]),
    ("autocsr order revoke ID --reason k", ["keyCompromise"])])
def test_closed_sets(complete, line, want):
    assert complete(line) == want


def test_files_where_files_belong(complete):
    assert complete("autocsr csr show w") == ["wo rt.csr", "www.csr"]
    assert complete("autocsr match www.csr ww") == ["www.csr"]
    assert "www.csr" in complete("autocsr csr new --host x --out ww")
    assert not [w for w in complete("autocsr order show ") if not w.startswith("-")]
    assert complete("autocsr csr check www.csr --policy pu") == ["public"] and complete("autocsr csr check www.csr --policy ww") == ["www.csr"]


def test_wrong_usage(cli):
    assert cli.run("completion", "tcsh", "--json", code=2).problem == "usage.value"
    assert cli.run("completion", "--json", code=2).problem == "usage.words"
    assert cli.ask("completion", "bash")["script"].encode() == cli.run("completion", "bash").out


def test_bash_completes_on_a_terminal(cli, tmp_path):
    """The TAB key itself, once."""
    (tmp_path / "script").write_bytes(cli.run("completion", "bash").out)
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execvpe("bash", ["bash", "--norc", "-i"], {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "dumb", "PS1": "ready> "})
    os.write(fd, b". ./script\nautocsr csr new --key rsa:30\t --out www\t\x01echo \n")
    seen, end = b"", time.monotonic() + 20
    while b"\nautocsr csr new --key rsa:3072 --out www.csr" not in seen.replace(b"\r", b""):
        assert time.monotonic() < end and select.select([fd], [], [], 20)[0], seen
        seen += os.read(fd, 65536)
    os.close(fd)
    os.waitpid(pid, 0)
