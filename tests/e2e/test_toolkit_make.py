"""`autocsr csr new`: every kind of name, subject and extension, every place for the key, against openssl, python3-cryptography, 7-Zip and keytool."""
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, pkcs12
from cryptography.x509.oid import NameOID
from harness.cli import Cli
from harness.service import program
from harness.terminal import Terminal

QUICK = ["--key", "ec:p256", "--keyout", "k", "--no-passphrase"]
HOST = ["--host", "www.example.com"]


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


def made(cli, d, *words):
    """The CSR of one run, parsed by another program, and verified by a third."""
    for name in ("k", "c.csr"):
        (d / name).unlink(missing_ok=True)
    cli.run("csr", "new", *words, *([] if "--keyout" in words or "--existing-key" in words else QUICK), "--out", "c.csr")
    run("openssl", "req", "-in", "c.csr", "-verify", "-noout", cwd=d)
    return x509.load_pem_x509_csr((d / "c.csr").read_bytes())


def extension(csr, kind):
    return csr.extensions.get_extension_for_class(kind).value


def text(d, path="c.csr"):
    return run("openssl", "req", "-in", path, "-noout", "-text", "-nameopt", "utf8,sep_comma_plus", cwd=d).stdout.decode()


# ---- names

def test_every_kind_of_name(cli, d):
    csr = made(cli, d, "--host", "www.example.com", "*.example.com", "b\u00fccher.example", "2001:db8::1", "--ip", "192.0.2.7", "--email",
               "ann@example.com", "m\u00fcller@example.com", "--uri", "https://example.com/x", "--upn", "ann@corp.example", "--rid", "1.3.6.1.4.1.311",
               "--dirname", "CN=dir,O=Example", "--other", "1.3.6.1.4.1.99999.1;UTF8:hello")
    san = extension(csr, x509.SubjectAlternativeName)
    assert san.get_values_for_type(x509.DNSName) == ["www.example.com", "*.example.com", "xn--bcher-kva.example"]
    assert [str(a) for a in san.get_values_for_type(x509.IPAddress)] == ["2001:db8::1", "192.0.2.7"]
    assert san.get_values_for_type(x509.RFC822Name) == ["ann@example.com"]
    assert san.get_values_for_type(x509.UniformResourceIdentifier) == ["https://example.com/x"]
    assert [o.dotted_string for o in san.get_values_for_type(x509.RegisteredID)] == ["1.3.6.1.4.1.311"]
    assert san.get_values_for_type(x509.DirectoryName)[0].get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Example"
    others = {o.type_id.dotted_string: o.value for o in san.get_values_for_type(x509.OtherName)}
    assert others["1.3.6.1.5.5.7.8.9"].endswith("m\u00fcller@example.com".encode())
    assert others["1.3.6.1.4.1.311.20.2.3"].endswith(b"ann@corp.example") and others["1.3.6.1.4.1.99999.1"].endswith(b"hello")


def test_what_idn_becomes_is_said_and_doubles_are_dropped(cli, d):
    done = cli.run("csr", "new", "--host", "b\u00fccher.example", "xn--bcher-kva.example", *QUICK, "--out", "c")
    assert "b\u00fccher.example is xn--bcher-kva.example in the certificate" in done.err.decode()
    csr = x509.load_pem_x509_csr((d / "c").read_bytes())
    assert len(extension(csr, x509.SubjectAlternativeName)) == 1


# ---- subject

@pytest.mark.parametrize("words,want", [
    (HOST, "CN=www.example.com"), (HOST + ["--subject", "O=Example,C=DE"], "O=Example,C=DE"),
    (HOST + ["--o", "Example GmbH", "--c", "DE"], "CN=www.example.com,O=Example GmbH,C=DE"),
    (["--cn", "a", "--ou", "one", "--ou", "two", "--c", "DE", "--l", "Kiel", "--st", "SH"], "CN=a,OU=two,OU=one,L=Kiel,ST=SH,C=DE"),
    (["--cn", "Ann", "--dc", "com", "--dc", "example", "--uid", "ann"], None), (["--subject", "CN=a+UID=b,O=x"], None),
    (["--cn", "a", "--serial", "HRB 1", "--field", "businessCategory=Private Organization", "--field", "1.2.3.4=x"], None)])
def test_subject(cli, d, words, want):
    csr = made(cli, d, *words)
    if want is not None:
        assert csr.subject.rfc4514_string() == want
    if "--dc" in words:
        assert [a.value for a in csr.subject if a.oid == NameOID.DOMAIN_COMPONENT] == ["com", "example"]
    if "--subject" in words and "+" in words[1]:
        assert sorted(len(r) for r in csr.subject.rdns) == [1, 2]
    if "--field" in words:
        got = {a.oid.dotted_string: a.value for a in csr.subject}
        assert got["2.5.4.15"] == "Private Organization" and got["1.2.3.4"] == "x" and got["2.5.4.5"] == "HRB 1"


def test_a_name_too_long_for_a_common_name_is_not_one(cli, d):
    long = "a" * 60 + ".example.com"
    assert made(cli, d, "--host", long).subject.rfc4514_string() == ""
    assert made(cli, d, "--host", long, "www.example.com").subject.rfc4514_string() == "CN=www.example.com"


# ---- extensions and attributes

def test_extensions(cli, d):
    (d / "pass").write_text("s3cret\n")
    csr = made(cli, d, *HOST, "--ku", "digitalSignature", "keyEncipherment", "--eku", "serverAuth", "1.2.3.4.5", "--must-staple", "--no-ca", "--ski",
               "--policy-oid", "1.3.6.1.4.1.99999.2 https://example.com/cps", "--template", "1.3.6.1.4.1.311.21.8.1:100:3", "--extension", "1.2.3.9:0500",
               "--challenge-password-file", "pass", "--unstructured-name", "unit 7")
    ku = extension(csr, x509.KeyUsage)
    assert ku.digital_signature and ku.key_encipherment and not ku.key_cert_sign
    assert {o.dotted_string for o in extension(csr, x509.ExtendedKeyUsage)} == {"1.3.6.1.5.5.7.3.1", "1.2.3.4.5"}
    assert extension(csr, x509.TLSFeature) and extension(csr, x509.BasicConstraints).ca is False
    assert len(extension(csr, x509.SubjectKeyIdentifier).digest) == 20
    policy = extension(csr, x509.CertificatePolicies)[0]
    assert policy.policy_identifier.dotted_string == "1.3.6.1.4.1.99999.2" and policy.policy_qualifiers == ["https://example.com/cps"]
    template = csr.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.4.1.311.21.7")).value
    raw = template.value if isinstance(template, x509.UnrecognizedExtension) else template.public_bytes()
    assert raw.endswith(bytes.fromhex("020164020103"))
    assert csr.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.2.3.9")).value.value == b"\x05\x00"
    shown = text(d)
    assert "challengePassword" in shown and "unit 7" in shown
    assert b"s3cret" not in cli.run("csr", "show", "c.csr").out


def test_a_template_by_name(cli, d):
    csr = made(cli, d, *HOST, "--template", "WebServer")
    assert csr.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2")).value.value.endswith("WebServer".encode("utf-16-be"))


def test_a_request_for_a_ca(cli, d):
    csr = made(cli, d, "--cn", "Example Sub CA", "--ca", "--pathlen", "0", "--ku", "keyCertSign", "cRLSign")
    constraints = csr.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical and constraints.value.ca and constraints.value.path_length == 0
    assert extension(csr, x509.KeyUsage).key_cert_sign


@pytest.mark.parametrize("words,problem,code", [
    (["--ku", "keyCertSign"], "csr.new.ku-ca", 3), (["--ku", "flying"], "", 3), (["--eku", "1.x"], "", 3), (["--pathlen", "0"], "usage.value", 2),
    (["--pathlen", "x", "--ca"], "request.value", 3), (["--ca", "--no-ca"], "usage.value", 2), (["--policy-oid", "x"], "csr.new.policy", 3),
    (["--extension", "1.2.3:zz"], "csr.new.extension", 3), (["--rid", "x"], "", 3), (["--uri", "x"], "", 3), (["--email", "x"], "", 3),
    (["--upn", "x"], "", 3), (["--dirname", "x"], "subject.", 3), (["--other", "x"], "", 3), (["--c", "Germany"], "subject.country", 3),
    (["--field", "x"], "usage.value", 2), (["--field", "nonsense=x"], "subject.field", 3), (["--o", "Example", "GmbH"], "usage.words", 2),
    (["--key", "rsa2048"], "key.type", 3), (["--digest", "MD5"], "", 3), (["--policy", "publik"], "usage.policy", 2),
    (["--from", "absent"], "input.open", 3), (["--request", "absent"], "input.open", 3), (["--from", "x", "--request", "y"], "usage.value", 2),
    (["--challenge-password-file", "absent"], "input.open", 3), (["--kdf", "scrypt"], "usage.key", 2), (["--pin-file", "x"], "usage.key", 2),
    (["--code-file", "x"], "usage.key", 2), (["--existing-key", "x"], "usage.key", 2), (["--save-request", "k"], "usage.same-file", 2)])
def test_what_is_refused_leaves_nothing(cli, d, words, problem, code):
    done = cli.run("csr", "new", *HOST, *words, *([] if "--key" not in words else []), *(QUICK[2:] if "--key" in words else QUICK), "--out", "c",
                   "--json", code=code)
    assert done.problem.startswith(problem) and not list(d.iterdir()), done.json


def test_a_mistyped_key_type_is_met_with_the_right_one(cli):
    assert "did you mean rsa:2048?" in cli.run("csr", "new", *HOST, "--key", "rsa2048", *QUICK[2:], code=3).err.decode()


# ---- from what is there

def test_renewal_keeps_what_was_asked_for_and_makes_a_new_key(cli, d):
    first = made(cli, d, *HOST, "--o", "Example", "--email", "a@example.com", "--eku", "serverAuth", "clientAuth", "--must-staple", "--key", "ec:p384",
                 "--keyout", "old.key", "--no-passphrase")
    shutil.copy(d / "c.csr", d / "old.csr")
    run("openssl", "x509", "-req", "-in", "old.csr", "-signkey", "old.key", "-copy_extensions", "copyall", "-days", "9", "-out", "old.pem", cwd=d)
    for source in ("old.csr", "old.pem"):
        again = made(cli, d, "--from", source, "--keyout", "k", "--no-passphrase")
        assert again.subject == first.subject and again.public_key().curve.name == "secp384r1"
        assert again.public_key().public_numbers() != first.public_key().public_numbers()
        for kind in (x509.SubjectAlternativeName, x509.ExtendedKeyUsage, x509.TLSFeature):
            assert extension(again, kind) == extension(first, kind)
    changed = made(cli, d, "--from", "old.pem", "--host", "more.example.com", "--o", "Renamed", "--key", "ec:p256", "--keyout", "k", "--no-passphrase")
    assert changed.subject.rfc4514_string() == "CN=www.example.com,O=Renamed" and changed.public_key().curve.name == "secp256r1"
    assert "more.example.com" in extension(changed, x509.SubjectAlternativeName).get_values_for_type(x509.DNSName)
    (d / "junk").write_text("x")
    assert cli.run("csr", "new", "--from", "junk", *QUICK, "--json", "--force", code=3).problem.startswith("input.")


INI = """; the web server
host = www.example.com example.com
eku = serverAuth
must_staple = yes
key = ec:p384

[subject]
O = Example
C = DE
CN = www.example.com
"""
OPENSSL = """[req]
prompt = no
distinguished_name = dn
req_extensions = ext
[dn]
C = DE
O = Example
CN = www.example.com
[ext]
subjectAltName = DNS:www.example.com,DNS:example.com
extendedKeyUsage = serverAuth
"""


def test_request_files(cli, d):
    (d / "r.ini").write_text(INI)
    (d / "r.cnf").write_text(OPENSSL)
    ini = made(cli, d, "--request", "r.ini", "--keyout", "k", "--no-passphrase", "--save-request", "r.json")
    names = ["www.example.com", "example.com"]
    assert ini.public_key().curve.name == "secp384r1" and ini.subject.rfc4514_string() == "CN=www.example.com,O=Example,C=DE"
    assert extension(ini, x509.SubjectAlternativeName).get_values_for_type(x509.DNSName) == names and extension(ini, x509.TLSFeature)
    json = made(cli, d, "--request", "r.json", "--keyout", "k", "--no-passphrase")
    assert json.subject == ini.subject and list(json.extensions) == list(ini.extensions) and json.public_key().curve.name == "secp384r1"
    cnf = made(cli, d, "--request", "r.cnf")
    assert cnf.subject == ini.subject and extension(cnf, x509.SubjectAlternativeName) == extension(ini, x509.SubjectAlternativeName)
    run("openssl", "req", "-new", "-config", "r.cnf", "-key", "k", "-out", "theirs.csr", cwd=d)
    theirs = x509.load_pem_x509_csr((d / "theirs.csr").read_bytes())
    assert theirs.subject == cnf.subject and set(e.oid for e in theirs.extensions) == set(e.oid for e in cnf.extensions)


@pytest.mark.parametrize("content,problem,where", [("host = www.example.com\nhots = x\n", "request.key", "line 2"), ("nonsense\n", "request.file.syntax", "line 1"),
                                                   ('{"host": {}}', "request.", "host"), ("{", "request.file.syntax", "")])
def test_mistakes_in_a_request_file_are_told_by_place(cli, d, content, problem, where):
    (d / "r").write_text(content)
    done = cli.run("csr", "new", "--request", "r", *QUICK, "--json", code=3)
    assert done.problem.startswith(problem) and where in done.json.get("field", "") and not (d / "k").exists()


def test_the_challenge_password_is_not_saved(cli, d):
    (d / "pass").write_text("s3cret\n")
    made(cli, d, *HOST, "--challenge-password-file", "pass", "--save-request", "r.json")
    assert "s3cret" not in (d / "r.json").read_text() and (d / "r.json").read_text().startswith("{")


# ---- the key

@pytest.mark.parametrize("kdf,shown", [([], "hmacWithSHA256"), (["--kdf", "pbkdf2"], "hmacWithSHA256"), (["--kdf", "scrypt"], "scrypt")])
def test_encrypted_keys_open_elsewhere(cli, d, kdf, shown):
    (d / "pass").write_text("correct horse\n")
    csr = made(cli, d, *HOST, "--key", "ec:p256", "--keyout", "k", "--passphrase-file", "pass", *kdf)
    structure = run("openssl", "asn1parse", "-in", "k", cwd=d).stdout.decode()
    assert shown in structure and "aes-256-cbc" in structure and stat.S_IMODE((d / "k").stat().st_mode) == 0o600
    if shown != "scrypt":
        assert "INTEGER           :0927C0" in structure
    opened = load_pem_private_key((d / "k").read_bytes(), b"correct horse")
    assert opened.public_key().public_numbers() == csr.public_key().public_numbers()
    assert run("openssl", "pkey", "-in", "k", "-passin", "pass:wrong", "-noout", cwd=d, ok=False).returncode != 0


def test_an_existing_key_is_used_and_left_alone(cli, d):
    run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-aes256", "-pass", "pass:pw", "-out", "mine", cwd=d)
    (d / "pass").write_text("pw\n")
    before = (d / "mine").read_bytes()
    csr = made(cli, d, *HOST, "--existing-key", "mine", "--passphrase-file", "pass")
    assert load_pem_private_key(before, b"pw").public_key().public_numbers() == csr.public_key().public_numbers()
    assert (d / "mine").read_bytes() == before and not (d / "k").exists()
    run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", "weak", cwd=d)
    assert cli.run("csr", "new", *HOST, "--existing-key", "weak", "--json", code=3).problem == "key.rsa.bits"
    run("openssl", "genpkey", "-algorithm", "ED25519", "-out", "ed", cwd=d)
    cli.run("csr", "new", *HOST, "--existing-key", "ed")
    assert cli.run("csr", "new", *HOST, "--existing-key", "ed", "--policy", "public", "--json", code=3).problem == "key.alg"
    assert cli.run("csr", "new", *HOST, "--existing-key", "mine", "--key", "ec:p256", "--json", code=2).problem == "usage.key"


@pytest.mark.parametrize("key", ["rsa:2048", "ec:p256", "ed25519"])
def test_a_key_store_opens_elsewhere(cli, d, key):
    (d / "pass").write_text("changeit\n")
    cli.run("csr", "new", "--host", "www.example.com", "example.com", "--key", key, "--p12", "k.p12", "--passphrase-file", "pass", "--out", "c.csr")
    found, cert, _ = pkcs12.load_key_and_certificates((d / "k.p12").read_bytes(), b"changeit")
    csr = x509.load_pem_x509_csr((d / "c.csr").read_bytes())
    spki = [k.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for k in (found.public_key(), cert.public_key(), csr.public_key())]
    assert len(set(spki)) == 1 and cert.subject == csr.subject and cert.issuer == cert.subject
    assert extension(cert, x509.SubjectAlternativeName) == extension(csr, x509.SubjectAlternativeName)
    assert stat.S_IMODE((d / "k.p12").stat().st_mode) == 0o600
    info = run("openssl", "pkcs12", "-in", "k.p12", "-passin", "pass:changeit", "-info", "-noout", cwd=d).stderr.decode()
    assert "PBKDF2" in info and "AES-256-CBC, Iteration 600000" in info and "MAC: sha256, Iteration 600000" in info
    if shutil.which("keytool") and key == "rsa:2048":
        listed = run("keytool", "-J-Duser.language=en", "-list", "-storetype", "PKCS12", "-keystore", "k.p12", "-storepass", "changeit", cwd=d).stdout.decode()
        assert "www.example.com" in listed and "PrivateKeyEntry" in listed


def test_the_ca_s_certificate_replaces_the_placeholder(cli, d):
    """What a Tomcat administrator does next."""
    if not shutil.which("keytool"):
        pytest.skip("keytool is not installed")
    (d / "pass").write_text("changeit\n")
    cli.run("csr", "new", *HOST, "--p12", "k.p12", "--passphrase-file", "pass", "--out", "c.csr")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-subj", "/CN=CA", "-days", "9", "-out", "ca.pem", cwd=d)
    run("openssl", "x509", "-req", "-in", "c.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "3", "-copy_extensions", "copy", "-out", "www.pem", cwd=d)
    store = ["-storetype", "PKCS12", "-keystore", "k.p12", "-storepass", "changeit", "-noprompt"]
    run("keytool", "-importcert", *store, "-alias", "ca", "-file", "ca.pem", cwd=d)
    run("keytool", "-importcert", *store, "-alias", "www.example.com", "-file", "www.pem", cwd=d)
    _, cert, chain = pkcs12.load_key_and_certificates((d / "k.p12").read_bytes(), b"changeit")
    assert cert.issuer.rfc4514_string() == "CN=CA" and len(chain) >= 1


@pytest.fixture
def token(d):
    """A SoftHSM2 token; the module's path and the environment that finds it."""
    found = [p for p in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so") if os.path.exists(p)]
    if not found or not shutil.which("softhsm2-util"):
        pytest.skip("softhsm2 is not installed")
    (d / "tokens").mkdir()
    (d / "softhsm2.conf").write_text(f"directories.tokendir = {d}/tokens\n")
    env = {"SOFTHSM2_CONF": str(d / "softhsm2.conf")}
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "shop", "--pin", "1234", "--so-pin", "4321"], env={**os.environ, **env},
                   check=True, capture_output=True)
    (d / "pin").write_text("1234\n")
    return found[0], env


def test_a_key_that_stays_in_its_token(d, token):
    module, env = token
    cli = Cli(d, env)
    words = ["csr", "new", *HOST, "--token", "pkcs11:token=shop;object=www", "--module", module]
    assert cli.run(*words, "--pin-file", "pin", "--json", code=None).problem.startswith("token.")
    made_there = cli.ask(*words, "--pin-file", "pin", "--key", "ec:p256")
    again = cli.ask(*words, "--pin-file", "pin")
    assert made_there["spki_sha256"] == again["spki_sha256"] and made_there["key_type"] == "ec:p256"
    (d / "c.csr").write_text(again["csr"])
    run("openssl", "req", "-in", "c.csr", "-verify", "-noout", cwd=d)
    assert cli.run(*words, "--json", code=2).problem == "usage.terminal"
    (d / "wrong").write_text("9999\n")
    assert cli.run(*words, "--pin-file", "wrong", "--json", code=None).problem == "token.pin.wrong"


# ---- all or nothing

def limited(cli, d, *words, before="", **kw):
    return subprocess.run(["bash", "-c", f'{before} exec "$@"', "x", program("autocsr"), *words], cwd=d, env=cli.env, capture_output=True, timeout=60, **kw)


PAIR = ["csr", "new", *HOST, "--key", "ec:p256", "--archive", "a.zip", "--code-file", "code"]


@pytest.mark.parametrize("words", [["--out", "no/c"], ["--out", "code"], ["--out", "old"], ["--code-file", "a.zip", "--out", "c"], ["--out", "."]])
def test_a_bad_path_costs_nothing(cli, d, words):
    (d / "old").write_text("x")
    base = PAIR[:-2] if "--code-file" in words else PAIR
    cli.run(*base, *words, "--json", code=None).problem
    assert [p.name for p in d.iterdir()] == ["old"] and (d / "old").read_text() == "x"


def test_a_full_disk_leaves_nothing(cli, d):
    """A limit on the size of files stands for the full disk: the CSR fits, the archive does not, or the other way round."""
    done = limited(cli, d, *PAIR, "--out", "c", before="trap '' XFSZ; ulimit -f 0;")
    assert done.returncode == 5 and b"cannot write" in done.stderr and not list(d.iterdir())


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="needs setpriv to be somebody else")
def test_an_unwritable_directory_is_known_before_the_work(cli, d):
    (d / "shut").mkdir(mode=0o555)
    d.chmod(0o755)
    drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
    reach = subprocess.run([*drop, "test", "-x", program("autocsr")])
    if reach.returncode != 0:
        pytest.skip("the program is not in reach of another user")
    done = subprocess.run([*drop, program("autocsr"), "csr", "new", *HOST, "--keyout", "shut/k", "--no-passphrase"], cwd=d, env=cli.env, capture_output=True)
    assert done.returncode == 3 and b"ermission denied" in done.stderr and not list((d / "shut").iterdir())


@pytest.mark.parametrize("close", [">&-", ">/dev/full", "2>&- >&-"])
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_closed_standard_output_undoes_everything(cli, d, close, as_json):
    done = subprocess.run(["bash", "-c", f'exec "$@" {close}', "x", program("autocsr"), *PAIR, *as_json], cwd=d, env=cli.env, capture_output=True, timeout=60)
    assert done.returncode == 5 and not list(d.iterdir())
    assert "2>&-" in close or b"cannot write to standard output" in done.stderr


def test_old_files_stay_when_the_new_ones_cannot_all_be_made(cli, d):
    for name in ("a.zip", "code", "c"):
        (d / name).write_text("old " + name)
    done = subprocess.run(["bash", "-c", 'exec "$@" >&-', "x", program("autocsr"), *PAIR, "--force"], cwd=d, env=cli.env, capture_output=True, timeout=60)
    assert done.returncode == 5 and {p.name: p.read_text() for p in d.iterdir()} == {n: "old " + n for n in ("a.zip", "code", "c")}
    cli.run(*PAIR, "--out", "c", "--force")
    assert sorted(p.name for p in d.iterdir()) == ["a.zip", "c", "code"] and b"BEGIN" in (d / "c").read_bytes()


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_all_or_nothing(cli, d, sig):
    """Killed at many moments of a slow key: either every file is there, or none."""
    for pause in (0.005, 0.02, 0.05, 0.1, 0.2):
        p = subprocess.Popen([program("autocsr"), "csr", "new", *HOST, "--key", "rsa:3072", "--keyout", "k", "--no-passphrase", "--out", "c"], cwd=d,
                             env=cli.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(pause)
        p.send_signal(sig)
        p.communicate(timeout=60)
        assert sorted(x.name for x in d.iterdir()) in ([], ["c", "k"])
        for x in d.iterdir():
            x.unlink()


# ---- questions

def answer(t, *pairs):
    for question, typed in pairs:
        t.expect(question)
        t.type(typed + "\n")
        t.seen = b""


def test_bare_on_a_terminal_it_asks_and_teaches_the_line(cli, d):
    t = Terminal(cli, "csr", "new")
    t.expect(b"Ctrl-C ends and leaves nothing")
    answer(t, (rb"names: ", "www.example.com ann@example.com 192.0.2.1"), (rb"key type \[rsa:2048\]: ", "ec:p256"), (b"organisation: ", "Example's GmbH"),
           (b"city or town", "Kiel"), (b"country", "DE"), (rb"1, 2 or 3 \[1\]: ", ""), (rb"key file \[www.example.com.key\]: ", ""),
           (rb"CSR file \[www.example.com.csr\]: ", ""))
    t.expect(rb"make them\? y or n \[y\]: ")
    shown = t.seen.decode().replace("\r", "")
    assert "key      ec:p256, www.example.com.key, protected by a passphrase" in shown
    line = re.search(r"The same without questions:\n  (autocsr csr new .*)\n", shown).group(1)
    assert "'Example'\\''s GmbH'" in line
    t.type("\n")
    answer(t, (b"passphrase for the key: ", "swordfish"), (b"the same again: ", "swordfish"))
    t.end(0)
    first = x509.load_pem_x509_csr((d / "www.example.com.csr").read_bytes())
    run("openssl", "pkey", "-in", "www.example.com.key", "-passin", "pass:swordfish", "-noout", cwd=d)

    (d / "pass").write_text("swordfish\n")
    again = line.replace("autocsr", program("autocsr").__str__(), 1) + " --passphrase-file pass --force"
    subprocess.run(["bash", "-c", again], cwd=d, env=cli.env, check=True, capture_output=True)
    second = x509.load_pem_x509_csr((d / "www.example.com.csr").read_bytes())
    assert second.subject == first.subject and list(second.extensions) == list(first.extensions)
    assert first.subject.rfc4514_string() == "CN=www.example.com,O=Example's GmbH,L=Kiel,C=DE"
    assert second.public_key().public_numbers() != first.public_key().public_numbers()


def test_enter_all_the_way_makes_an_archive_where_asked(cli, d):
    t = Terminal(cli, "csr", "new")
    answer(t, (b"names: ", "www.example.com"), (b"key type", ""), (b"organisation: ", ""), (b"1, 2 or 3", "2"), (rb"archive \[www.example.com.zip\]: ", ""),
           (b"CSR file", ""), (b"make them", ""))
    t.expect(rb"unlock code +[0-9A-Z-]{30} ")
    t.end(0)
    assert sorted(p.name for p in d.iterdir()) == ["www.example.com.csr", "www.example.com.zip"]


def test_a_bad_answer_is_explained_and_asked_again(cli, d):
    (d / "www.example.com.key").write_text("mine")
    t = Terminal(cli, "csr", "new")
    answer(t, (b"names: ", "a_b.example.com"), (rb"underscore(?s:.)*names: ", ""), (rb"at least one name(?s:.)*names: ", "www.example.com"),
           (b"key type", "rsa:1024"), (rb"rsa:1024(?s:.)*key type", "ec:p256"), (b"organisation: ", "x"), (b"city", ""), (b"country", "Germany"),
           (rb"two letters(?s:.)*country", ""), (b"1, 2 or 3", "7"), (b"1, 2 or 3", "3"), (b"key file", ""), (rb"exists already(?s:.)*key file", "other.key"),
           (b"CSR file", "c"), (b"make them", "y"))
    t.end(0)
    assert (d / "www.example.com.key").read_text() == "mine" and b"BEGIN PRIVATE" in (d / "other.key").read_bytes()


def test_only_what_is_missing_is_asked(cli, d):
    t = Terminal(cli, "csr", "new", *HOST, "--key", "ec:p256", "--out", "c")
    answer(t, (b"1, 2 or 3", "3"), (b"key file", "k"), (b"make them", ""))
    seen = t.end(0)
    assert b"names: " not in seen and sorted(p.name for p in d.iterdir()) == ["c", "k"]


def test_nothing_is_asked_when_flags_suffice(cli, d):
    t = Terminal(cli, "csr", "new", *HOST, *QUICK, "--out", "c")
    assert b": " not in t.end(0).split(b"key  ")[0]


@pytest.mark.parametrize("how", ["no", "ctrl-c", "end"])
def test_no_leaves_nothing(cli, d, how):
    t = Terminal(cli, "csr", "new", "--key", "ec:p256")
    answer(t, (b"names: ", "www.example.com"), (b"organisation: ", ""), (b"1, 2 or 3", "3"), (b"key file", ""), (b"CSR file", ""))
    t.expect(b"make them")
    t.type({"no": "n\n", "ctrl-c": "\x03", "end": "\x04"}[how])
    t.end({"no": 2, "ctrl-c": -signal.SIGINT, "end": 2}[how])
    assert not list(d.iterdir())


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_without_a_terminal_it_teaches_instead(cli, d, words):
    done = cli.run("csr", "new", *words, code=2)
    assert "--archive FILE.zip or --keyout FILE" in done.text and not list(d.iterdir())
