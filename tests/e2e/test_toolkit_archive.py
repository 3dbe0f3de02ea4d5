"""`autocsr archive make|show|open` against 7-Zip, bsdtar and openssl: keys in, keys out, and a clear answer of its own for everything else."""
import hashlib
import re
import shutil
import stat
import subprocess
import zipfile
import zlib

import pytest
from harness.cli import CODE, Cli

KEY = "key.pem"


@pytest.fixture
def d(tmp_path):
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", tmp_path / KEY], check=True)
    return tmp_path


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def run(*words, cwd, ok=True, stdin=None):
    done = subprocess.run([str(w) for w in words], cwd=cwd, input=stdin, capture_output=True, timeout=60)
    assert not ok or done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done


def public(key, cwd, *words):
    return run("openssl", "pkey", "-pubout", *words, cwd=cwd, stdin=key).stdout


@pytest.fixture
def zipped(cli, d):
    cli.run("archive", "make", KEY, "--out", "a.zip", "--code-file", "code")
    return d


def problem(cli, *words, code=3):
    """The problem's id; the same run for people says the same id."""
    found = cli.run("archive", *words, "--json", code=code).problem
    assert f"error   {found}" in cli.run("archive", *words, code=code).err.decode()
    return found


# ---- make

def test_a_made_archive_opens_with_other_programs(cli, zipped):
    code = (zipped / "code").read_text().strip()
    assert re.fullmatch(CODE, code)
    want = public((zipped / KEY).read_bytes(), zipped)
    seven = run("7z", "x", "-so", f"-p{code}", "a.zip", cwd=zipped).stdout
    tar = run("bsdtar", "-xOf", "a.zip", "--passphrase", code, cwd=zipped).stdout
    assert public(seven, zipped) == public(tar, zipped) == want
    listed = run("7z", "l", "-slt", "a.zip", cwd=zipped).stdout.decode()
    assert "AES-256 Store" in listed and f"Path = {KEY}" in listed
    for name in ("a.zip", "code"):
        assert stat.S_IMODE((zipped / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("words,told", [((), "PEM"), (("-outform", "DER"), "DER"), (("-traditional",), "SEC 1"),
                                        (("-aes256", "-passout", "pass:swordfish"), "encrypted")])
def test_any_key_file_becomes_plain_pkcs8(cli, d, words, told):
    if told == "SEC 1":
        run("openssl", "ec", "-in", KEY, "-out", "in", cwd=d)
    else:
        run("openssl", "pkey", "-in", KEY, *words, "-out", "in", cwd=d)
    (d / "pass").write_text("swordfish\n")
    out = cli.ask("archive", "make", "in", "--out", "a.zip", "--code-file", "code", "--name", "mine.key", "--passphrase-file", "pass")
    der = run("openssl", "pkey", "-in", KEY, "-pubout", "-outform", "DER", cwd=d).stdout
    assert out["key_type"] == "ec:p256" and out["spki_sha256"] == hashlib.sha256(der).hexdigest()
    assert out["archive_sha256"] == hashlib.sha256((d / "a.zip").read_bytes()).hexdigest() and out["archive_entry"] == "mine.key"
    back = cli.run("archive", "open", "a.zip", "--code-file", "code", "--out", "-").out
    assert back.startswith(b"-----BEGIN PRIVATE KEY-----") and public(back, d) == public((d / KEY).read_bytes(), d)


def test_an_encrypted_key_stays_closed_without_its_passphrase(cli, d):
    run("openssl", "pkey", "-in", KEY, "-aes256", "-passout", "pass:swordfish", "-out", "locked", cwd=d)
    (d / "wrong").write_text("pike\n")
    assert problem(cli, "make", "locked", "--out", "a.zip", "--passphrase-file", "wrong") == "key.passphrase.wrong"
    assert problem(cli, "make", "locked", "--out", "a.zip", code=2) == "usage.terminal"
    assert not (d / "a.zip").exists()


def test_without_a_terminal_the_code_is_on_standard_error_alone(cli, d):
    done = cli.run("archive", "make", "-", "--out", "a.zip", stdin=(d / KEY).read_bytes())
    code = re.search(rb"unlock code +([0-9A-Z-]{30}) +check symbol \S", done.err).group(1)
    assert code not in done.out and b"private.key" in done.out
    (d / "typed").write_bytes(code.lower())
    cli.run("archive", "open", "a.zip", "--code-file", "typed", "--out", "k")


@pytest.mark.parametrize("words,want,code", [
    ([KEY], "usage.key", 2), ([KEY, "--out", "-"], "usage.key", 2), ([KEY, "--out", "a.zip", "--code-file", "-"], "usage.key", 2),
    ([KEY, "--out", "a.zip", "--code-file", "a.zip"], "usage.same-file", 2), ([KEY, "--out", "no/a.zip"], "input.path", 3),
    ([KEY, "--out", KEY], "object.exists", 3), ([KEY, "--out", "."], "input.path", 3), (["absent", "--out", "a.zip"], "input.open", 3),
    ([KEY, "--out", "a.zip", "--name", "../x"], "archive.name", 3), (["junk", "--out", "a.zip"], "key.parse", 3),
    (["-", "--out", "a.zip", "--passphrase-file", "-"], "usage.stdin", 2)])
def test_what_is_not_made(cli, d, words, want, code):
    (d / "junk").write_text("no key at all\n")
    before = sorted(d.iterdir())
    assert problem(cli, "make", *words, code=code) == want
    assert sorted(d.iterdir()) == before


def test_archive_and_code_are_replaced_together(cli, zipped):
    before = {n: (zipped / n).read_bytes() for n in ("a.zip", "code")}
    words = ["make", KEY, "--out", "new.zip", "--code-file", "code"]
    assert problem(cli, *words) == "object.exists"
    assert not (zipped / "new.zip").exists()
    cli.run("archive", "make", KEY, "--out", "a.zip", "--code-file", "code", "--force")
    for name, data in before.items():
        assert (zipped / name).read_bytes() != data
    cli.run("archive", "open", "a.zip", "--code-file", "code", "--out", "k")
    assert sorted(p.name for p in zipped.iterdir()) == ["a.zip", "code", "k", KEY]


# ---- show and open

def test_show_needs_no_code(cli, zipped):
    info = cli.ask("archive", "show", "a.zip")
    assert info["name"] == KEY and info["size"] == (zipped / KEY).stat().st_size and info["encryption"] == "WinZip AES-256, AE-2"
    assert info["handover"] and info["sha256"] == hashlib.sha256((zipped / "a.zip").read_bytes()).hexdigest()
    assert KEY in cli.run("archive", "show", "-", stdin=(zipped / "a.zip").read_bytes()).out.decode()


@pytest.mark.parametrize("form", ["plain", "lower", "groups", "check"])
def test_the_code_may_be_typed_in_any_way(cli, d, form):
    shown = cli.run("archive", "make", KEY, "--out", "a.zip").err.decode()
    code, check = re.search(r"unlock code +(\S+) +check symbol (\S),", shown).groups()
    typed = {"plain": code.replace("-", ""), "lower": code.lower(), "groups": code.replace("-", " ").replace("0", "o").replace("1", "l"),
             "check": f"{code} {check}"}[form]
    (d / "typed").write_text(typed + "\n")
    out = cli.ask("archive", "open", "a.zip", "--code-file", "typed", "--out", "k")
    assert out["key_type"] == "ec:p256" and stat.S_IMODE((d / "k").stat().st_mode) == 0o600


def test_a_wrong_code_is_a_no_and_leaves_nothing(cli, zipped):
    code = (zipped / "code").read_text().strip()
    (zipped / "other").write_text(("A" if code[0] != "A" else "B") + code[1:])
    (zipped / "short").write_text(code[:-1])
    (zipped / "check").write_text(code + ("A" if code[0] != "A" else "B"))
    before = sorted(zipped.iterdir())
    assert problem(cli, "open", "a.zip", "--code-file", "other", "--out", "k", code=1) == "archive.code"
    assert problem(cli, "open", "a.zip", "--code-file", "short", "--out", "k", code=1) == "archive.code.length"
    assert problem(cli, "open", "a.zip", "--out", "k", code=2) == "usage.terminal"
    assert sorted(zipped.iterdir()) == before


def seven(d, out, *words, method="-mm=Copy", names=(KEY,)):
    run("7z", "a", "-tzip", method, *words, out, *names, cwd=d)


def make_zipcrypto(d):
    seven(d, "b.zip", "-mem=ZipCrypto", "-pabc")


def make_plain(d):
    seven(d, "b.zip")


def make_aes128(d):
    seven(d, "b.zip", "-mem=AES128", "-pabc")


def make_ae1(d):
    """The same contents with AE-1's version and checksum, in both headers; the seal covers neither."""
    data = bytearray((d / "a.zip").read_bytes())
    for at, crc in ((0, 14), (data.index(b"PK\1\2"), 16)):
        data[at + crc:at + crc + 4] = zlib.crc32((d / KEY).read_bytes()).to_bytes(4, "little")
        data[data.index(b"\x01\x99\x07\0", at) + 4] = 1
    (d / "b.zip").write_bytes(data)
    shutil.copy(d / "code", d / "pass")


def make_streamed(d):
    """AE-1 with its sizes behind the contents, as bsdtar writes it."""
    run("bsdtar", "--format=zip", "--options", "zip:encryption=aes256,zip:compression=store", "--passphrase", "abc", "-cf", "b.zip", KEY, cwd=d)


def make_deflated(d):
    (d / "long.pem").write_text((d / KEY).read_text() * 20)
    seven(d, "b.zip", "-mem=AES256", "-pabc", method="-mm=Deflate", names=("long.pem",))


def make_two(d):
    (d / "two").write_text("2")
    seven(d, "b.zip", "-mem=AES256", "-pabc", names=(KEY, "two"))


def make_second_added(d):
    """What a program does that adds a file to an archive that is there."""
    shutil.copy(d / "a.zip", d / "b.zip")
    with zipfile.ZipFile(d / "b.zip", "a") as z:
        z.writestr("readme.txt", "send the code to us")


def make_second_hidden(d):
    """An entry that the directory does not list."""
    data = (d / "a.zip").read_bytes()
    end = data.index(b"PK\1\2")
    (d / "b.zip").write_bytes(data[:end] + data)


def make_appended(d):
    (d / "b.zip").write_bytes((d / "a.zip").read_bytes() + b"appended")


def make_archive_appended(d):
    (d / "b.zip").write_bytes((d / "a.zip").read_bytes() * 2)


def make_prepended(d):
    (d / "b.zip").write_bytes(b"MZ" + b"\0" * 100 + (d / "a.zip").read_bytes())


def make_short(d):
    (d / "b.zip").write_bytes((d / "a.zip").read_bytes()[:-100])


def make_very_short(d):
    (d / "b.zip").write_bytes((d / "a.zip").read_bytes()[:20])


def make_renamed(d):
    """One of the two headers says another name."""
    data = (d / "a.zip").read_bytes()
    (d / "b.zip").write_bytes(data.replace(KEY.encode(), b"evil.sh", 1))


def make_empty(d):
    with zipfile.ZipFile(d / "b.zip", "w"):
        pass


def make_text(d):
    (d / "b.zip").write_text("this is no ZIP\n" * 20)


def make_huge(d):
    (d / "b.zip").write_bytes(b"PK\3\4" + b"\0" * 100000)


@pytest.mark.parametrize("make,want", [
    (make_zipcrypto, "archive.zipcrypto"), (make_plain, "archive.unencrypted"), (make_deflated, "archive.method"),
    (make_two, "archive.entries"), (make_second_added, "archive.entries"), (make_second_hidden, "archive.appended"),
    (make_appended, "archive.appended"), (make_archive_appended, "archive.appended"), (make_prepended, "archive.prepended"),
    (make_short, "archive.truncated"), (make_very_short, "archive.truncated"), (make_renamed, "archive.altered"),
    (make_empty, "archive.empty"), (make_text, "archive.format"), (make_streamed, "archive.format"), (make_huge, "archive.too-large")], ids=lambda x: getattr(x, "__name__", x))
def test_what_is_no_hand_over_archive_is_told_by_name(cli, zipped, make, want):
    make(zipped)
    before = sorted(zipped.iterdir())
    assert problem(cli, "show", "b.zip") == want
    assert problem(cli, "open", "b.zip", "--code-file", "code", "--out", "k") == want
    assert sorted(zipped.iterdir()) == before


@pytest.mark.parametrize("make,said", [
    (["openssl", "pkcs8", "-topk8", "-in", "a.key", "-passout", "pass:x", "-out", "b"], "openssl pkey -in"),
    (["openssl", "pkcs12", "-export", "-nocerts", "-inkey", "a.key", "-passout", "pass:x", "-out", "b"], "openssl pkcs12 -in"),
    (["age", "-r", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "-o", "b", "a.key"], "age -d -i"),
    (["sh", "-c", "openssl req -x509 -key a.key -subj /CN=me -out c.pem && openssl cms -encrypt -aes256 -outform DER -in a.key -out b c.pem"],
     "openssl cms -decrypt")], ids=["pkcs8", "p12", "age", "cms"])
def test_other_forms_of_a_hand_over_say_what_opens_them(cli, d, make, said):
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "a.key"], cwd=d, check=True)
    subprocess.run(make, cwd=d, check=True, stderr=subprocess.DEVNULL)
    for verb in (["show", "b"], ["open", "b", "--out", "k"]):
        assert "opens it: (umask 077; " + said in (told := cli.ask("archive", *verb, code=3)["detail"]) or "password: (umask 077; " + said in told
    line = "(" + told.split("(")[-1].replace("FILE", "b").replace("YOUR-KEY", "a.key").replace("IDENTITY", "i").replace("KEY)", "k)")
    if said.startswith("openssl"):
        line = line.replace("-in b", "-in b -passin pass:x") if "cms" not in said else line
        subprocess.run(["sh", "-c", "umask 022; " + line], cwd=d, check=True, stderr=subprocess.DEVNULL)
        assert stat.S_IMODE((d / "k").stat().st_mode) == 0o600


@pytest.mark.parametrize("make,want,said", [(make_aes128, "archive.aes-bits", "AES-128"), (make_ae1, "archive.ae1", "AE-1")])
def test_other_strengths_open_when_asked_for_by_name(cli, zipped, make, want, said):
    (zipped / "pass").write_text("abc\n")
    make(zipped)
    assert problem(cli, "open", "b.zip", "--code-file", "pass", "--out", "k") == want
    shown = cli.ask("archive", "show", "b.zip")
    assert not shown["handover"] and said in shown["handover_why_not"]
    assert "beware" in cli.run("archive", "show", "b.zip").out.decode()
    cli.run("archive", "open", "b.zip", "--any", "--code-file", "pass", "--out", "k")
    assert (zipped / "k").read_bytes() == (zipped / KEY).read_bytes()
    (zipped / "pass").write_text("abd\n")
    assert problem(cli, "open", "b.zip", "--any", "--code-file", "pass", "--out", "k2", code=1) == "archive.code"


@pytest.mark.parametrize("where", ["ciphertext", "seal"])
def test_damage_is_not_a_wrong_code(cli, zipped, where):
    data = bytearray((zipped / "a.zip").read_bytes())
    start = 30 + len(KEY) + 11 + 18
    data[start + 50 if where == "ciphertext" else data.index(b"PK\1\2") - 1] ^= 1
    (zipped / "b.zip").write_bytes(data)
    assert problem(cli, "open", "b.zip", "--code-file", "code", "--out", "k") == "archive.damaged"
    assert not (zipped / "k").exists()


def test_contents_that_are_no_key_are_said(cli, d):
    (d / "note").write_text("no key\n")
    seven(d, "b.zip", "-mem=AES256", "-p0123456789ABCDEFGHJKMNPQRS", names=("note",))
    (d / "code").write_text("0123456789ABCDEFGHJKMNPQRS")
    done = cli.run("archive", "open", "b.zip", "--code-file", "code", "--out", "k")
    assert "not an unencrypted private key" in done.err.decode() and (d / "k").read_text() == "no key\n"


@pytest.mark.parametrize("name", [".profile", "-rf", "sub\\x", "evil\x1b[2J"])
def test_the_name_inside_is_not_trusted(cli, d, name):
    """Where the key goes is chosen by who opens, when the entry's name could be harmful."""
    cli.run("archive", "make", KEY, "--out", "a.zip", "--code-file", "code", "--name", "N" * len(name))
    data = (d / "a.zip").read_bytes().replace(b"N" * len(name), name.encode())
    (d / "b.zip").write_bytes(data)
    assert problem(cli, "open", "b.zip", "--code-file", "code") == "archive.name"
    if "\\" not in name and "\x1b" not in name:
        cli.run("archive", "open", "b.zip", "--code-file", "code", "--out", "k")
