"""Files written to annoy, and options that get into each other's way: bounded, refused with a reason, and nothing half done."""
import base64
import datetime
import json
import os
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from harness.cli import Cli
from harness.service import program


@pytest.fixture
def d(tmp_path):
    return tmp_path


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def run(*words, cwd):
    return subprocess.run([str(w) for w in words], cwd=cwd, capture_output=True, timeout=60, check=True).stdout


def toolkit(*words, cwd):
    """Exit code and what was said; a minute is for ever here."""
    done = subprocess.run([program("autocsr"), *map(str, words)], cwd=cwd, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    return bytes([tag]) + (bytes([n]) if n < 128 else b"\x82" + n.to_bytes(2, "big")) + body


def oid(text):
    return {"pbes2": bytes.fromhex("06092a864886f70d01050d"), "pbkdf2": bytes.fromhex("06092a864886f70d01050c"),
            "scrypt": bytes.fromhex("06092b06010401da47040b"), "aes": bytes.fromhex("060960864801650304012a")}[text]


def number(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def locked_key(kdf, *numbers):
    """An encrypted PKCS#8 whose key derivation has these parameters; nothing is inside."""
    params = tlv(0x30, tlv(4, b"saltsalt"), *map(number, numbers))
    alg = tlv(0x30, oid("pbes2"), tlv(0x30, tlv(0x30, oid(kdf), params), tlv(0x30, oid("aes"), tlv(4, bytes(16)))))
    der = tlv(0x30, alg, tlv(4, bytes(48)))
    return der, b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + base64.encodebytes(der) + b"-----END ENCRYPTED PRIVATE KEY-----\n"


KDFS = [("pbkdf2", 2**31 - 1), ("pbkdf2", 2**63), ("scrypt", 131072, 1, 131072), ("scrypt", 16384, 8, 2**40)]


@pytest.mark.parametrize("kdf", KDFS, ids=str)
def test_a_key_that_would_take_hours_to_open_is_refused(d, kdf):
    der, pem = locked_key(*kdf)
    (d / "k.der").write_bytes(der)
    (d / "k.pem").write_bytes(pem)
    (d / "two.pem").write_bytes(b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pem)
    (d / "p").write_text("secret\n")
    for file in ("k.der", "k.pem", "two.pem"):
        for words in (["show"], ["match"], ["key", "check"], ["cert", "convert", "--to", "spki"], ["archive", "make", "--out", "a.zip"]):
            code, said = toolkit(*words, file, "--passphrase-file", "p", cwd=d)
            assert code == 3 and ("input.rounds" in said or "times; at most" in said), (words, said)
    assert not (d / "a.zip").exists()


def test_so_is_a_pkcs12_file(d):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k", "-out", "c",
        "-subj", "/CN=www.example.com", cwd=d)
    run("openssl", "pkcs12", "-export", "-inkey", "k", "-in", "c", "-passout", "pass:x", "-out", "good.p12", cwd=d)
    p12 = (d / "good.p12").read_bytes()
    assert p12[:2] == b"\x30\x82" and p12[-4:] == b"\x02\x02\x08\x00"
    mac = p12.rindex(b"\x30\x41\x30\x31")
    p12 = b"\x30\x82" + (len(p12) - 4 + 2).to_bytes(2, "big") + p12[4:mac] + b"\x30\x43" + p12[mac + 2:-4] + b"\x02\x04\x7f\xff\xff\xff"
    (d / "bad.p12").write_bytes(p12)
    (d / "p").write_text("x\n")
    assert toolkit("show", "good.p12", "--passphrase-file", "p", cwd=d)[0] == 0
    for words in (["show"], ["match"], ["cert", "convert", "--to", "leaf"]):
        code, said = toolkit(*words, "bad.p12", "--passphrase-file", "p", cwd=d)
        assert code == 3 and "2147483647 times" in said, (words, said)


def test_end_lines_that_never_end_take_no_time(d):
    (d / "bomb").write_bytes(b"-----END " * (15 * 1024 * 1024 // 9))
    for words in (["key", "check"], ["show"], ["match"]):
        assert toolkit(*words, "bomb", cwd=d)[0] in (1, 3)


def test_a_list_of_files_is_text(d):
    code, said = toolkit("match", "--files-from", "/dev/zero", cwd=d)
    assert (code, "input.list" in said) == (3, True), said
    (d / "long").write_text("x" * 5000 + "\n")
    code, said = toolkit("match", "--files-from", "long", cwd=d)
    assert (code, "input.list" in said) == (3, True), said


HEAD = "[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = www.example.com\n"


@pytest.mark.parametrize("text", [HEAD + ".inc\\\nlude = secret\n", HEAD + "dn::.include = secret\n", HEAD + "O = $EN\\\nV::SECRET\n",
                                  "\ufeff\ufeff.include = secret\n" + HEAD])
def test_a_request_file_fetches_nothing_from_elsewhere(d, text):
    (d / "secret").write_text("[dn]\nO = fetched\n")
    (d / "r.cnf").write_text(text)
    done = subprocess.run([program("autocsr"), "csr", "new", "--request", "r.cnf", "--key", "ec:p256", "--keyout", "k", "--no-passphrase"], cwd=d,
                          capture_output=True, timeout=60, env={**os.environ, "SECRET": "fetched"})
    assert done.returncode == 3 and b"request.file.openssl" in done.stderr, done.stderr
    assert not (d / "k").exists()


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_key_and_csr_do_not_overwrite_each_other(d, force):
    if force:
        (d / "k").write_text("old")
    code, said = toolkit("csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--keyout", "k", "--no-passphrase", "--out", "./k", *force, cwd=d)
    assert code == 2 and "usage.same-file" in said
    assert os.listdir(d) == (["k"] if force else [])


@pytest.fixture
def pair(d):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k", "-out", "c",
        "-subj", "/CN=www.example.com", cwd=d)
    (d / "all").write_bytes((d / "c").read_bytes() + (d / "k").read_bytes())
    (d / "k").unlink()
    (d / "c").unlink()


CONVERT = ["cert", "convert", "all", "--keyout", "key", "--no-passphrase"]


@pytest.mark.parametrize("words,id", [
    (["--to", "leaf", "--out", "./key"], "usage.same-file"), (["--to", "leaf", "--out", "./key", "--force"], "usage.same-file"),
    (["--to", "leaf", "--out", "no/cert"], "input.path"), (["--to", "leaf", "--out", "all"], "object.exists"),
    (["--for", "nginx", "--out", "no/cert"], "input.path"), (["--to", "p12", "--passphrase-file", "none", "--out", "p12"], "input.open")])
def test_convert_writes_everything_or_nothing(d, pair, words, id):
    if "--force" in words:
        (d / "key").write_text("old")
    before = sorted(os.listdir(d))
    code, said = toolkit(*CONVERT, *words, cwd=d)
    assert code in (2, 3) and id in said, said
    assert sorted(os.listdir(d)) == before


def test_convert_writes_both_when_it_can(d, pair):
    assert toolkit(*CONVERT, "--for", "nginx", "--out", "www", cwd=d)[0] == 0
    assert b"BEGIN PRIVATE KEY" in (d / "key").read_bytes() and (d / "key").stat().st_mode & 0o777 == 0o600
    assert toolkit(*CONVERT, "--to", "leaf", "--force", cwd=d)[1].startswith("-----BEGIN CERTIFICATE")


def test_long_chains_are_searched_in_no_time(d):
    """Each the issuer of the next, the root first: who compares each with each is at it for minutes."""
    key = ed25519.Ed25519PrivateKey.generate()
    start = datetime.datetime(2026, 1, 1)

    def cert(subject, issuer):
        def name(text):
            return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
        return (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key()).serial_number(5)
                .not_valid_before(start).not_valid_after(start + datetime.timedelta(days=9999))
                .add_extension(x509.BasicConstraints(True, None), True).sign(key, None).public_bytes(serialization.Encoding.PEM))
    (d / "chain").write_bytes(b"".join(cert(f"n{i}", f"n{max(0, i - 1)}") for i in range(2600)))
    assert toolkit("match", "chain", cwd=d)[0] == 0
    code, said = toolkit("cert", "verify", "chain", cwd=d)
    assert code == 1 and "n2599" in said


def test_a_yes_says_what_it_does_not_cover(d, pair):
    words = ["cert", "verify", "all", "--root", "all"]
    assert toolkit(*words, cwd=d)[1].splitlines()[-1] == "not checked: revocation (--crl), names (--host), purpose (--eku)"
    assert toolkit(*words, "--eku", "serverAuth", "--host", "www.example.com", cwd=d)[1].splitlines()[-1] == "not checked: revocation (--crl)"
    assert json.loads(toolkit(*words, "--eku", "serverAuth", "--json", cwd=d)[1])["not_checked"] == ["revocation", "names"]


PATTERNS = {"many": "(((((a{1,255}){1,255}){1,255}){1,255}){1,255}){1,255}", "deep": "(" * 20000 + ")" * 20000, "flat": "a{30000}", "back": "(a*)*b\\1"}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_policy_has_modest_patterns(d, pattern):
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k", "-out", "csr", "-subj", "/CN=a", cwd=d)
    (d / "p.json").write_text(json.dumps({"subject_patterns": {"CN": PATTERNS[pattern]}}))
    code, said = toolkit("csr", "check", "--policy", "./p.json", "csr", cwd=d)
    assert code == 3 and "input.policy" in said, said
    (d / "p.json").write_text(json.dumps({"subject_patterns": {"CN": r"^[A-Z]{1,2}\.(a|b){3,8}\{$"}}))
    assert toolkit("csr", "check", "--policy", "./p.json", "csr", cwd=d)[0] == 1
