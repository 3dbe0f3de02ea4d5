"""CSRs as other programs make them (tests/vectors/make-csrs): shown right and judged right. The judges are python3-cryptography and openssl."""
import hashlib
import json
import pathlib
import shutil
import subprocess

import pytest
from harness import schema
from harness.cli import Cli
from harness.service import REPO

pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
VECTORS = {p.stem: p for p in sorted((REPO / "tests/vectors/csr").glob("*.der"))}
# What a check says of each where it is not a pass: the rules that are broken, by policy "private".
BROKEN = {"openssl-sha1": {"csr.digest", "csr.digest.sha1"}, "java-dsa": {"csr.key"}, "gnutls-rsa-pss": {"csr.key"}, "openssl-secp256k1": {"key.ec.curve"}, "openssl-brainpool": {"key.ec.curve"}}


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def show(cli, name):
    return schema.conforms("csr", cli.ask("csr", "show", VECTORS[name]))


def test_every_maker_is_there():
    makers = {name.split("-")[0] for name in VECTORS}
    assert makers == {"openssl", "gnutls", "nss", "java", "certbot", "go", "windows"} and len(VECTORS) > 30


def general(name):
    """python3-cryptography's general name in our words."""
    from cryptography import x509
    kinds = {x509.DNSName: "DNS", x509.RFC822Name: "email", x509.UniformResourceIdentifier: "URI", x509.IPAddress: "IP"}
    if type(name) in kinds:
        return f"{kinds[type(name)]}:{name.value}"
    if isinstance(name, x509.RegisteredID):
        return f"RID:{name.value.dotted_string}"
    if isinstance(name, x509.DirectoryName):
        return "dirName:" + name.value.rfc4514_string()
    words = {"1.3.6.1.4.1.311.20.2.3": "UPN", "1.3.6.1.5.5.7.8.9": "SmtpUTF8"}
    return f"{words[name.type_id.dotted_string]}:{name.value[2:].decode()}"


# python3-cryptography takes TeletexString for ASCII, and writes RSASSA-PSS keys anew as plain RSA ones.
@pytest.mark.parametrize("name", [n for n in VECTORS if n not in ("windows-teletex", "gnutls-rsa-pss")])
def test_shown_as_others_read_it(cli, name):
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    der = VECTORS[name].read_bytes()
    csr, doc = x509.load_der_x509_csr(der), show(cli, name)
    assert doc["sha256"] == hashlib.sha256(der).hexdigest()
    spki = csr.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert doc["spki_sha256"] == hashlib.sha256(spki).hexdigest()
    assert [{(f["oid"], f["value"]) for f in rdn} for rdn in doc["subject_rdns"]] == [
        {(a.oid.dotted_string, a.value) for a in rdn} for rdn in csr.subject.rdns]
    assert {x["oid"] for x in doc["extensions"]} == {x.oid.dotted_string for x in csr.extensions}
    assert {x["oid"] for x in doc["extensions"] if x["critical"]} == {x.oid.dotted_string for x in csr.extensions if x.critical}
    try:
        names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = []
    assert doc["sans"] == [general(n) for n in names]


@pytest.mark.parametrize("name", VECTORS)
def test_its_signature_is_judged_as_openssl_does(cli, name):
    done = subprocess.run(["openssl", "req", "-inform", "DER", "-in", VECTORS[name], "-verify", "-noout"], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert show(cli, name)["signature_valid"] is True
    assert {p["id"] for p in show(cli, name)["problems"]} <= BROKEN.get(name, set())


@pytest.mark.parametrize("name", VECTORS)
def test_it_is_judged_right(cli, name):
    done = cli.run("csr", "check", VECTORS[name], "--policy", "private", "--json", code=None)
    failed = {c["id"] for c in done.json["checks"] if c["result"] == "fail"}
    if name in BROKEN:
        assert done.code == 1 and failed & BROKEN[name], failed
    else:
        assert not {i for i in failed if i.startswith(("csr.", "key."))}, failed


def test_windows(cli):
    iis = show(cli, "windows-iis")
    assert iis["subject"] == {"C": "DE", "O": "\u041f\u0440\u0438\u043c\u0435\u0440 \u0141\u00f3d\u017a", "CN": "www.corp.example"}
    assert [rdn[0]["encoding"] for rdn in iis["subject_rdns"]] == ["PrintableString", "BMPString", "BMPString"]
    assert iis["sans"] == ["DNS:www.corp.example", "UPN:admin@corp.example"]
    values = {x["name"]: x["values"] for x in iis["extensions"] + iis["attribute_values"]}
    assert values["msOsVersion"] == ["10.0.20348.2"]
    assert values["msRequestClientInfo"] == ["9", "HOST.corp.example", "CORP\\Administrator", "certreq.exe"]
    assert values["msEnrollmentCsp"][1] == "Microsoft Software Key Storage Provider"
    assert values["msCertificateTemplate"] == ["1.3.6.1.4.1.311.21.8.1234567.7654321", "100", "10"]
    assert values["msApplicationPolicies"] == ["serverAuth"] and "S-1-5-21-1-2-3-500" in values["msSecurityIdentifier"]
    old = show(cli, "windows-old")
    assert {x["name"]: x["values"] for x in old["extensions"]}["msCertificateTemplateName"] == ["WebServer"] and old["sans"] == iis["sans"]
    assert show(cli, "windows-teletex")["subject"]["O"] == "M\u00fcller AG"


def test_other_makers_habits(cli):
    assert show(cli, "gnutls-rsa")["challenge_password"] and "secret word" not in json.dumps(show(cli, "gnutls-rsa"))
    assert "secret word" not in cli.run("csr", "show", VECTORS["gnutls-rsa"]).text
    assert show(cli, "certbot-staple")["must_staple"] and show(cli, "certbot-ec")["subject"] == {}
    assert sorted(show(cli, "go-rsa")["subject"]["O"]) == ["Example", "Second"]
    assert "URI:spiffe://example.com/service" in show(cli, "go-ec")["sans"]
    assert show(cli, "openssl-bmp")["subject_rdns"][1][0]["encoding"] == "BMPString"
    assert show(cli, "openssl-pss")["signature_algorithm"] == "rsassaPss with SHA384"
    assert show(cli, "openssl-empty")["subject_text"] == ""
    assert show(cli, "java-dsa")["key_type"].lower().startswith("dsa")


@pytest.mark.parametrize("maker,tool", [("gnutls", "certtool"), ("windows", "openssl"), ("certbot", "certbot"), ("nss", "certutil")])
def test_made_now(tmp_path, maker, tool):
    """The same with the programs as they are installed here; the slow ones (java, go) are left to the vectors."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    script = tmp_path / "make-csrs"
    script.write_bytes((REPO / "tests/vectors/make-csrs").read_bytes())
    done = subprocess.run(["/usr/bin/python3", script, maker], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    made = sorted(pathlib.Path(tmp_path / "csr").glob("*.der"))
    assert made and {p.stem for p in made} <= set(VECTORS)
    for path in made:
        doc = schema.conforms("csr", Cli(tmp_path).ask("csr", "show", path))
        assert doc["signature_valid"] is True and {p["id"] for p in doc["problems"]} <= BROKEN.get(path.stem, set())
