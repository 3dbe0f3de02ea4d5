"""What a person at a terminal sees of the `autocsr` command: the code shown, passwords asked for without echo."""
import re
import signal
import subprocess
import time

import pytest
from harness.cli import CODE, Cli
from harness.terminal import Terminal


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def test_the_code_is_shown_and_opens_the_archive(cli, tmp_path):
    new = Terminal(cli, "csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--archive", "a.zip", "--out", "c")
    code = new.expect(rb"unlock code +([0-9A-Z-]{30}) +check symbol (\S)").group(1)
    check = new.expect(rb"check symbol (\S)").group(1)
    seen = new.end()
    assert re.fullmatch(CODE, code.decode().replace("-", "")) and seen.count(code) == 1

    wrong = Terminal(cli, "archive", "open", "a.zip")
    wrong.expect(b"unlock code: ")
    assert not wrong.echoes()
    typed = (b"2" if code[:1] != b"2" else b"3") + code[1:]
    wrong.type(typed.decode() + "\n")
    assert typed not in wrong.end(1) and not (tmp_path / "www.example.com.key").exists()

    right = Terminal(cli, "archive", "open", "a.zip")
    right.expect(b"unlock code: ")
    right.type(code.decode().lower() + " " + check.decode() + "\n")
    assert code.lower() not in right.end(0) and (tmp_path / "www.example.com.key").exists()


def test_a_passphrase_is_asked_for_twice_and_not_echoed(cli, tmp_path):
    words = ["csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--keyout", "k", "--out", "c"]
    differ = Terminal(cli, *words)
    differ.expect(b"passphrase for the key: ")
    assert not differ.echoes()
    differ.type("one\n")
    differ.expect(b"the same again: ")
    differ.type("two\n")
    differ.expect(rb"(?s)not the same.*passphrase for the key: ")
    differ.type("\n")
    differ.expect(rb"(?s)the answer is empty.*passphrase for the key: ")
    assert not differ.echoes()
    differ.type("three\n")
    differ.expect(rb"(?s)the answer is empty.*the same again: ")
    differ.type("\n")
    assert b"the answer is empty" in differ.end(2) and not (tmp_path / "k").exists()
    late = Terminal(cli, *words)
    for question, count, answer in (("key", 1, ""), ("key", 2, "one"), ("again", 1, "two"), ("key", 3, "late"), ("again", 2, "late")):
        late.expect(b"(?s)(%s: .*){%d}" % (question.encode(), count))
        late.type(answer + "\n")
    late.end(0)
    subprocess.run(["openssl", "pkey", "-in", tmp_path / "k", "-passin", "pass:late", "-noout"], check=True)
    for name in ("k", "c"):
        (tmp_path / name).unlink()
    gone = Terminal(cli, *words)
    gone.expect(b"passphrase for the key: ")
    gone.type("\x04")
    assert b"no answer was given" in gone.end(2) and not (tmp_path / "k").exists()
    same = Terminal(cli, *words)
    for question in (b"passphrase for the key: ", b"the same again: "):
        same.expect(question)
        same.type("swordfish\n")
    assert b"swordfish" not in same.end(0)
    subprocess.run(["openssl", "pkey", "-in", tmp_path / "k", "-passin", "pass:swordfish", "-noout"], check=True)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_echo_comes_back_when_it_is_interrupted(cli, sig):
    asked = Terminal(cli, "login", "--server", "https://127.0.0.1:1", "--email", "a@b.example")
    asked.expect(b"password: ")
    assert not asked.echoes()
    if sig == signal.SIGINT:
        asked.type("\x03")
    else:
        asked.proc.send_signal(sig)
    end = time.monotonic() + 20
    while not asked.echoes():
        assert time.monotonic() < end
        time.sleep(0.02)
    asked.end(-sig)


def test_a_key_is_not_shown_on_a_terminal(cli, tmp_path):
    cli.run("csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--archive", "a.zip", "--code-file", "code", "--out", "c")
    shown = Terminal(cli, "archive", "open", "a.zip", "--code-file", "code", "--out", "-")
    assert b"PRIVATE" not in shown.end(2)
    binary = Terminal(cli, "cert", "convert", "x", "--to", "der")
    binary.end(3)
