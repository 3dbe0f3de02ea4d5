"""`autocsr csr new --seal-to`: the key for one person alone, opened by age, openssl cms and python3-cryptography."""
import datetime
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from harness.cli import Cli

REPO = pathlib.Path(__file__).resolve().parents[2]
HOST = ["--host", "www.example.com", "--key", "ec:p256"]
age = pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")
ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@pytest.fixture
def d(tmp_path):
    return tmp_path


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def run(*words, cwd, ok=True, stdin=None):
    done = subprocess.run([str(w) for w in words], cwd=cwd, input=stdin, capture_output=True, timeout=60)
    assert not ok or done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done


def public_bytes(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def belongs(d, pem, csr="www.csr"):
    """The key that came out is the CSR's, as unencrypted PKCS#8 PEM."""
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n") and pem.endswith(b"-----END PRIVATE KEY-----\n")
    key = serialization.load_pem_private_key(pem, None)
    request = x509.load_pem_x509_csr((d / csr).read_bytes())
    return public_bytes(key.public_key()) == public_bytes(request.public_key())


def identity(d, name="ann"):
    run("age-keygen", "-o", f"{name}.age", cwd=d)
    return run("age-keygen", "-y", f"{name}.age", cwd=d).stdout.decode().strip()


def certificate(d, name, key, usage=None, days=1):
    """A self-signed one; usage: names of key usages."""
    now = datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ann"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example, Inc")])
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(7)
               .not_valid_before(now - datetime.timedelta(days=2)).not_valid_after(now + datetime.timedelta(days=days)))
    if usage is not None:
        flags = dict.fromkeys(["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                               "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False)
        builder = builder.add_extension(x509.KeyUsage(**(flags | dict.fromkeys(usage, True))), True)
    cert = builder.sign(key, hashes.SHA256())
    (d / f"{name}.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (d / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return cert


# ---- who gets it

@age
def test_an_age_recipient_opens_it(cli, d):
    to = identity(d)
    done = cli.run("csr", "new", *HOST, "--keyout", "www.key.age", "--seal-to", to, "--out", "www.csr", "--json")
    assert done.json["sealed_to"] == to and done.json["seal_format"] == "age" and done.json["key_file"] == "www.key.age"
    assert stat.S_IMODE(os.stat(d / "www.key.age").st_mode) == 0o600
    sealed = (d / "www.key.age").read_bytes()
    assert sealed.startswith(b"age-encryption.org/v1\n-> X25519 ") and b"PRIVATE" not in sealed
    assert belongs(d, run("age", "-d", "-i", "ann.age", "www.key.age", cwd=d).stdout)
    identity(d, "bob")
    assert run("age", "-d", "-i", "bob.age", "www.key.age", cwd=d, ok=False).returncode != 0


@age
@ssh
@pytest.mark.parametrize("words, kind", [(["-t", "ed25519"], "ssh-ed25519"), (["-t", "rsa", "-b", "2048"], "ssh-rsa"),
                                         (["-t", "rsa", "-b", "4096"], "ssh-rsa")], ids=["ed25519", "rsa-2048", "rsa-4096"])
def test_an_ssh_key_opens_it(cli, d, words, kind):
    run("ssh-keygen", "-q", *words, "-N", "", "-C", "ann at work", "-f", "id", cwd=d)
    done = cli.run("csr", "new", *HOST, "--keyout", "www.key.age", "--seal-to", "@id.pub", "--out", "www.csr", "--json")
    fingerprint = run("ssh-keygen", "-l", "-f", "id.pub", cwd=d).stdout.decode().split()[1]
    assert done.json["sealed_to"] == fingerprint
    assert f"\n-> {kind} ".encode() in (d / "www.key.age").read_bytes()
    assert belongs(d, run("age", "-d", "-i", "id", "www.key.age", cwd=d).stdout)


@age
@ssh
def test_a_key_on_the_command_line_and_on_standard_input(cli, d):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "id", cwd=d)
    public = (d / "id.pub").read_text()
    for i, (value, stdin) in enumerate([(public.strip(), None), ("@-", public.encode())]):
        cli.run("csr", "new", *HOST, "--keyout", f"{i}.age", "--seal-to", value, "--out", f"{i}.csr", stdin=stdin)
        assert belongs(d, run("age", "-d", "-i", "id", f"{i}.age", cwd=d).stdout, f"{i}.csr")


@pytest.mark.parametrize("make, usage", [(lambda: rsa.generate_private_key(65537, 2048), None),
                                         (lambda: rsa.generate_private_key(65537, 3072), ["key_encipherment"]),
                                         (lambda: ec.generate_private_key(ec.SECP256R1()), None),
                                         (lambda: ec.generate_private_key(ec.SECP384R1()), ["key_agreement"]),
                                         (lambda: ec.generate_private_key(ec.SECP521R1()), ["digital_signature", "key_agreement"])],
                         ids=["rsa-2048", "rsa-3072", "p256", "p384", "p521"])
def test_a_certificate_opens_it(cli, d, make, usage):
    cert = certificate(d, "ann", make(), usage)
    done = cli.run("csr", "new", "--host", "www.example.com", "--keyout", "www.key.p7m", "--seal-to", "@ann.pem", "--out", "www.csr", "--json")
    assert done.json["seal_format"] == "cms"
    assert done.json["sealed_to"] == f"O=Example\\, Inc,CN=Ann (SHA-256 {cert.fingerprint(hashes.SHA256()).hex()})"
    decrypt = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", "www.key.p7m", "-recip", "ann.pem", "-inkey", "ann.key"]
    assert belongs(d, run(*decrypt, cwd=d).stdout)
    certificate(d, "bob", make())
    assert run(*decrypt[:-4], "-recip", "bob.pem", "-inkey", "bob.key", cwd=d, ok=False).returncode != 0


@pytest.mark.parametrize("key", ["rsa:4096", "ec:p521", "ed25519", "ed448"])
@age
def test_every_kind_of_key_is_sealed(cli, d, key):
    cli.run("csr", "new", "--host", "a.example.com", "--key", key, "--keyout", "k", "--seal-to", identity(d), "--out", "www.csr")
    assert belongs(d, run("age", "-d", "-i", "ann.age", "k", cwd=d).stdout)


# ---- what people see

@age
def test_the_summary_says_to_whom(cli, d):
    to = identity(d)
    done = cli.run("csr", "new", *HOST, "--keyout", "k", "--seal-to", to, "--out", "www.csr")
    assert re.search(rf"^sealed to +{to}$", done.text, re.M)


# ---- refusals

def refused(cli, d, problem, to, code=3, *words):
    before = sorted(p.name for p in d.iterdir())
    done = cli.run("csr", "new", *HOST, "--keyout", "k", "--seal-to", to, "--out", "c", *words, "--json", code=code)
    assert done.problem == problem, done.text
    assert sorted(p.name for p in d.iterdir()) == before, "nothing is written"
    return done


def test_bad_recipients_are_refused_before_anything_is_made(cli, d):
    recipient = "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m"
    refused(cli, d, "recipient.age", recipient[:-1] + "q")
    refused(cli, d, "recipient.unknown", "ann@example.com")
    refused(cli, d, "recipient.empty", "")
    refused(cli, d, "recipient.many", recipient + "\n" + recipient)
    refused(cli, d, "recipient.ssh.type", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI ann")
    refused(cli, d, "recipient.private-key", "AGE-SECRET-KEY-1QQQQ")
    refused(cli, d, "input.open", "@nothing-there")


def test_a_private_key_is_not_repeated_in_the_refusal(cli, d):
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", "mine.key", cwd=d)
    text = (d / "mine.key").read_text()
    done = refused(cli, d, "recipient.private-key", "@mine.key")
    assert text.splitlines()[1][:20] not in done.text + str(done.json) and "never give it to anyone" in str(done.json) + done.text


def test_certificates_that_cannot_be_sealed_to(cli, d):
    certificate(d, "old", ec.generate_private_key(ec.SECP256R1()), days=-1)
    refused(cli, d, "recipient.validity", "@old.pem")
    certificate(d, "signing", ec.generate_private_key(ec.SECP256R1()), ["digital_signature"])
    refused(cli, d, "recipient.usage", "@signing.pem")
    certificate(d, "short", rsa.generate_private_key(65537, 1024))
    refused(cli, d, "recipient.weak", "@short.pem")
    (d / "two.pem").write_bytes((d / "old.pem").read_bytes() * 2)
    refused(cli, d, "recipient.many", "@two.pem")


def test_a_file_that_was_meant_is_guessed(cli, d):
    (d / "ann.pub").write_text("age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m\n")
    assert "@ann.pub" in str(refused(cli, d, "recipient.unknown", "ann.pub").json)


def test_what_does_not_go_together(cli, d):
    to = "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m"
    (d / "pass").write_text("horse\n")
    for words in (["--passphrase-file", "pass"], ["--no-passphrase"], ["--kdf", "scrypt"]):
        refused(cli, d, "usage.key", to, 2, *words)
    for place in ("--archive", "--p12"):
        done = cli.run("csr", "new", *HOST, place, "k", "--seal-to", to, "--passphrase-file", "pass", "--json", code=2)
        assert done.problem == "usage.key"
