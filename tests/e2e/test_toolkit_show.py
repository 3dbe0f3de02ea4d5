"""`autocsr show` and its kin: every kind of object in every form, mixed, damaged, locked; held against the schemas."""
import base64
import copy
import hashlib
import json
import os
import re
import subprocess

import pytest
from harness import schema
from harness.cli import Cli

pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
TERMINAL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf")


def openssl(*words, stdin=None, cwd=None):
    done = subprocess.run(["openssl", *map(str, words)], input=stdin, capture_output=True, cwd=cwd, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


CONFIG = """
[req]
distinguished_name = dn
[dn]
[v3]
subjectAltName = DNS:www.example.com, DNS:xn--bcher-kva.example, IP:192.0.2.1, IP:2001:db8::1, email:a@example.com, \
 URI:https://example.com/x, otherName:1.3.6.1.4.1.311.20.2.3;UTF8:bob@example.com, otherName:1.2.3.4;UTF8:hm, dirName:dir, RID:1.2.3.4
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, 1.3.6.1.4.1.311.10.3.4
basicConstraints = critical, CA:TRUE, pathlen:2
certificatePolicies = 2.23.140.1.2.2, @policy
tlsfeature = status_request
nameConstraints = permitted;DNS:example.com, excluded;IP:10.0.0.0/255.0.0.0
authorityInfoAccess = OCSP;URI:http://ocsp.example.com, caIssuers;URI:http://ca.example.com/ca.cer
crlDistributionPoints = URI:http://ca.example.com/ca.crl
1.2.3.4.5 = ASN1:UTF8String:hello
1.2.3.4.6 = DER:04:03:01:02:03
[policy]
policyIdentifier = 1.3.5.8
CPS.1 = http://cps.example.com
userNotice.1 = @notice
[notice]
explicitText = be careful
[dir]
CN = inner
"""


class World:
    """One of each, made by openssl."""

    def __init__(self, d):
        self.d = d
        (d / "conf").write_text(CONFIG)
        ssl = lambda *w, **k: openssl(*w, cwd=d, **k)  # noqa: E731
        ssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key")
        ssl("req", "-new", "-key", "key", "-subj", "/C=DE/O=Example/OU=a+CN=www.example.com", "-multivalue-rdn", "-config", "conf",
            "-reqexts", "v3", "-out", "csr")
        ssl("req", "-x509", "-key", "key", "-subj", "/CN=Test CA", "-config", "conf", "-extensions", "v3", "-days", "37", "-out", "cert")
        ssl("pkey", "-in", "key", "-pubout", "-out", "pub")
        ssl("pkcs8", "-topk8", "-in", "key", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256", "-iter", "4096", "-passout", "pass:swordfish", "-out", "enc")
        ssl("ec", "-in", "key", "-aes128", "-passout", "pass:swordfish", "-out", "sec1enc")
        ssl("genrsa", "-traditional", "-out", "rsa", "2048")
        (d / "index").write_text("R\t270101000000Z\t261101000000Z,keyCompromise\t0ABC\tunknown\t/CN=x\n")
        (d / "number").write_text("1234\n")
        (d / "ca.conf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=10\ncrl_extensions=e\n"
                                   "[e]\nauthorityKeyIdentifier=keyid:always\n")
        ssl("ca", "-gencrl", "-config", "ca.conf", "-keyfile", "key", "-cert", "cert", "-out", "crl")
        ssl("crl2pkcs7", "-in", "crl", "-certfile", "cert", "-out", "p7")
        ssl("pkcs12", "-export", "-inkey", "key", "-in", "cert", "-name", "fr\u00fchling", "-passout", "pass:swordfish", "-out", "p12")
        (d / "pass").write_text("swordfish\n")
        (d / "wrong").write_text("herring\n")

    def der(self, name):
        text = (self.d / name).read_text()
        return base64.b64decode("".join(text.split("-----")[2].split()))


@pytest.fixture(scope="module")
def w(tmp_path_factory):
    return World(tmp_path_factory.mktemp("show"))


@pytest.fixture
def cli(w):
    return Cli(w.d)


def one(cli, *words, **kw):
    """The only object in a file."""
    doc = schema.conforms("show", cli.ask("show", *words, **kw))
    assert len(doc["objects"]) == 1, doc
    return doc["objects"][0]


# ---- the schemas themselves

def test_every_schema_is_one_and_is_what_the_program_prints(cli):
    import jsonschema
    listed = {s["name"] for s in cli.ask("schema")["schemas"]}
    assert listed == set(schema.DOCUMENTS)
    for name, document in schema.DOCUMENTS.items():
        jsonschema.Draft202012Validator.check_schema(document)
        assert json.loads(cli.run("schema", name).out) == cli.ask("schema", name) == document
    assert "autocsr schema lists" in cli.run("schema", "nonsense", code=2).err.decode()


def test_a_member_too_many_or_too_few_does_not_conform(cli, w):
    doc = cli.ask("csr", "show", "csr")
    schema.conforms("csr", doc)
    for spoil in (lambda d: d.update(more=1), lambda d: d.pop("sans"), lambda d: d["extensions"][0].update(x=1), lambda d: d.update(ca="yes"),
                  lambda d: d["key"].update(private="1")):
        bad = copy.deepcopy(doc)
        spoil(bad)
        with pytest.raises(AssertionError):
            schema.conforms("csr", bad)


# ---- CSRs

def test_a_csr_with_everything(cli, w):
    doc = schema.conforms("csr", cli.ask("csr", "show", "csr"))
    assert doc["subject"] == {"C": "DE", "O": "Example", "OU": "a", "CN": "www.example.com"}
    assert [[f["name"] for f in rdn] for rdn in doc["subject_rdns"]] == [["C"], ["O"], ["OU", "CN"]]
    assert doc["subject_rdns"][0][0] == {"name": "C", "oid": "2.5.4.6", "value": "DE", "encoding": "PrintableString"}
    assert doc["sans"] == ["DNS:www.example.com", "DNS:xn--bcher-kva.example", "IP:192.0.2.1", "IP:2001:db8::1", "email:a@example.com",
                           "URI:https://example.com/x", "UPN:bob@example.com", "otherName:1.2.3.4;hm", "dirName:CN=inner", "RID:1.2.3.4"]
    assert doc["names"][1] == {"type": "dns", "value": "xn--bcher-kva.example", "unicode": "b\u00fccher.example"}
    assert doc["key_usage"] == ["digitalSignature", "keyEncipherment"] and doc["must_staple"] and doc["ca"] and doc["path_length"] == 2
    assert doc["extended_key_usage"][0] == "serverAuth" and doc["signature_valid"] is True and doc["problems"] == []
    ext = {x["oid"]: x for x in doc["extensions"]}
    assert ext["1.2.3.4.5"]["values"] == ["hello"] and ext["1.2.3.4.5"]["name"] == "" and ext["1.2.3.4.5"]["hex"] == "0c0568656c6c6f"
    assert ext["1.2.3.4.6"]["values"] == [] and ext["1.2.3.4.6"]["hex"] == "0403010203" and ext["1.2.3.4.6"]["length"] == 5
    assert ext["2.5.29.32"]["values"] == ["2.23.140.1.2.2 (organisation validated)", "1.3.5.8", "CPS: http://cps.example.com", "notice: be careful"] \
        or ext["2.5.29.32"]["values"][2:] == ["  CPS: http://cps.example.com", "  notice: be careful"]
    assert ext["2.5.29.30"]["values"] == ["permitted DNS:example.com", "excluded IP:10.0.0.0/255.0.0.0"]
    spki = openssl("pkey", "-pubin", "-in", w.d / "pub", "-outform", "DER")
    assert doc["spki_sha256"] == hashlib.sha256(spki).hexdigest()
    assert base64.b64decode(doc["spki_sha256_base64"]) == hashlib.sha256(spki).digest()
    assert doc["sha1"] == hashlib.sha1(w.der("csr")).hexdigest()
    text = cli.run("csr", "show", "csr").out.decode()
    for word in ("b\u00fccher.example", "UPN:bob@example.com", "serverAuth", "excluded IP:10.0.0.0", "hello", "0403010203", "valid", doc["spki_sha256_base64"]):
        assert word in text, word


def test_a_csr_that_breaks_rules_is_shown_with_its_problems(cli, w):
    der = bytearray(w.der("csr"))
    der[-1] ^= 1
    doc = schema.conforms("csr", cli.ask("csr", "show", "-", stdin=bytes(der)))
    assert doc["signature_valid"] is False and [p["id"] for p in doc["problems"]] == ["csr.signature"]
    assert b"NOT VALID" in cli.run("csr", "show", "-", stdin=bytes(der)).out
    doc = schema.conforms("csr", cli.ask("csr", "show", "-", stdin=w.der("csr") + b"\x05\x00"))
    assert "csr.trailing" in [p["id"] for p in doc["problems"]]


def test_names_that_would_move_a_cursor_are_spelled_out(cli, w):
    evil = "/CN=a\u202eb\x1b[2Jc\u200bd/O=\x07e"
    openssl("req", "-new", "-key", "key", "-utf8", "-subj", evil, "-config", "conf", "-out", "evil", cwd=w.d)
    text = cli.run("show", "evil").out
    assert not TERMINAL.search(text) and b"\\u202e" in text and (b"\\u001b" in text or b"\\1B" in text) and b"\\u200b" in text, text
    doc = schema.conforms("csr", cli.ask("csr", "show", "evil"))
    assert "csr.subject.control" in [p["id"] for p in doc["problems"]]
    assert b"\x1b" not in cli.run("csr", "show", "--json", "evil").out
    (w.d / "no\x1b[2Jname").write_bytes((w.d / "csr").read_bytes())
    assert not TERMINAL.search(cli.run("show", "no\x1b[2Jname", "csr").out)


# ---- certificates, CRLs

def test_a_certificate(cli, w):
    doc = schema.conforms("certificates", cli.ask("cert", "show", "cert"))["certificates"][0]
    assert doc["self_signed"] and doc["state"] == "current" and doc["validity_seconds"] == 37 * 86400 + 1
    assert doc["ocsp_urls"] == ["http://ocsp.example.com"] and doc["crl_urls"] == ["http://ca.example.com/ca.crl"]
    assert doc["issuer_urls"] == ["http://ca.example.com/ca.cer"] and doc["policies"] == ["2.23.140.1.2.2", "1.3.5.8"]
    assert doc["sha256"] == hashlib.sha256(w.der("cert")).hexdigest() and doc["problems"] == []
    assert int(doc["serial"], 16) == int(openssl("x509", "-in", w.d / "cert", "-noout", "-serial").split(b"=")[1], 16)
    text = cli.run("cert", "show", "cert").out.decode()
    assert re.search(r"valid to +\S+Z \(in 3[67] days", text) and "(signed by itself)" in text


@pytest.mark.parametrize("offset,state,words", [(0, "current", r"valid to +\S+ \(in 3[67] days"), (40 * 86400, "expired", r"valid to +\S+ \([23] days ago.*EXPIRED"),
                                                (-3 * 86400, "future", r"valid from +\S+ \(in [23] days.*NOT YET VALID")])
def test_validity_in_words(w, offset, state, words):
    cli = Cli(w.d, {"AUTOCSR_TEST_CLOCK_OFFSET": str(offset)})
    assert cli.ask("cert", "show", "cert")["certificates"][0]["state"] == state
    assert re.search(words, cli.run("cert", "show", "cert").out.decode(), re.S)


def test_times_in_the_local_zone_too(w):
    text = Cli(w.d, {"TZ": "XYZ-5:30"}).run("cert", "show", "cert").out.decode()
    assert re.search(r"valid to +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(in 3[67] days, \d{4}-\d\d-\d\d \d\d:\d\d XYZ\)", text), text
    assert "XYZ" not in Cli(w.d, {"TZ": "UTC"}).run("cert", "show", "cert").out.decode()


def test_a_crl(cli, w):
    doc = schema.conforms("crl", cli.ask("crl", "show", "crl"))
    assert doc["number"] == str(0x1234) and doc["entries"] == 1 and doc["state"] == "current"
    assert doc["revoked"] == [{"serial": "0abc", "revoked_at": "2026-11-01T00:00:00Z", "reason": "keyCompromise", "invalid_since": None, "issuer": None}]
    assert b"keyCompromise" in cli.run("crl", "show", "crl").out


def test_a_long_crl_is_cut_unless_all_is_asked_for(cli, w, tmp_path):
    (w.d / "index").write_text("".join(f"R\t270101000000Z\t261101000000Z\t{i:04X}\tunknown\t/CN=x\n" for i in range(0x1000, 0x1064)))
    openssl("ca", "-gencrl", "-config", "ca.conf", "-keyfile", "key", "-cert", "cert", "-out", "longcrl", cwd=w.d)
    short, full = (schema.conforms("crl", cli.ask("crl", "show", "longcrl", *more)) for more in ([], ["--all"]))
    assert short["entries"] == full["entries"] == 100 and len(short["revoked"]) == 20 and len(full["revoked"]) == 100
    assert b"80 more" in cli.run("crl", "show", "longcrl").out


# ---- keys: never a private number

def private_numbers(w, name):
    text = openssl("pkey", "-in", w.d / name, "-noout", "-text", "-passin", "pass:swordfish").decode()
    part = text.split("priv:")[1].split("pub:")[0] if "priv:" in text else text.split("privateExponent:")[1].split("prime1:")[0]
    return re.sub(r"[^0-9a-f]", "", part)


@pytest.mark.parametrize("name,form,type_", [("key", "PKCS#8", "ec:p256"), ("rsa", "PKCS#1", "rsa:2048"), ("enc", "encrypted PKCS#8", "ec:p256"),
                                             ("sec1enc", "encrypted SEC 1", "ec:p256")])
def test_a_private_key_shows_its_public_part_alone(cli, w, name, form, type_):
    doc = schema.conforms("key", cli.ask("key", "show", name, "--passphrase-file", "pass"))
    assert doc["private"] and doc["form"] == form and doc["key_type"] == type_ and not doc["locked"]
    spki = openssl("pkey", "-in", w.d / name, "-passin", "pass:swordfish", "-pubout", "-outform", "DER")
    assert doc["spki_sha256"] == hashlib.sha256(spki).hexdigest()
    secret = private_numbers(w, name)
    for done in (cli.run("key", "show", name, "--passphrase-file", "pass"), cli.run("show", name, "--json", "--passphrase-file", "pass")):
        plain = re.sub(r"[^0-9a-f]", "", done.text.lower())
        assert not any(secret[i:i + 16] in plain for i in range(4, len(secret) - 16))
        assert base64.b64encode(bytes.fromhex(secret[4:44])).decode()[2:-4] not in done.text


def test_a_locked_key_says_how_and_asks_for_nothing_without_a_terminal(cli, w):
    doc = schema.conforms("key", cli.ask("key", "show", "enc"))
    assert doc["locked"] and doc["key"] is None and doc["encryption"] == {
        "algorithm": "PBES2", "kdf": "PBKDF2", "prf": "hmacWithSHA256", "iterations": 4096, "cipher": "aes-256-cbc"}
    assert cli.ask("key", "show", "sec1enc")["encryption"]["cipher"] == "AES-128-CBC"
    done = cli.run("key", "show", "enc", "--passphrase-file", "wrong", "--json", code=None)
    assert done.problem == "key.passphrase.wrong" and done.code == 3


def test_a_public_key(cli, w):
    assert schema.conforms("key", cli.ask("key", "show", "pub"))["private"] is False
    n, want = openssl("rsa", "-in", w.d / "rsa", "-RSAPublicKey_out"), openssl("rsa", "-in", w.d / "rsa", "-pubout", "-outform", "DER")
    doc = cli.ask("key", "show", "-", stdin=n)
    assert doc["form"] == "PKCS#1" and doc["spki_sha256"] == hashlib.sha256(want).hexdigest() and doc["key"]["exponent"] == "65537"


@pytest.mark.parametrize("algorithm,type_", [("ED25519", "ed25519"), ("ED448", "ed448"), ("X25519", None), ("RSA-PSS", None), ("DSA", None)])
def test_keys_of_other_kinds(cli, w, algorithm, type_):
    if algorithm == "DSA":
        openssl("genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "pbits:1024", "-out", "dsap", cwd=w.d)
        openssl("genpkey", "-paramfile", "dsap", "-out", "other", cwd=w.d)
    else:
        openssl("genpkey", "-algorithm", algorithm, "-out", "other", cwd=w.d)
    doc = schema.conforms("key", cli.ask("key", "show", "other"))
    spki = openssl("pkey", "-in", "other", "-pubout", "-outform", "DER", cwd=w.d)
    assert doc["spki_sha256"] == hashlib.sha256(spki).hexdigest() and (type_ is None or doc["key_type"] == type_)


# ---- bundles

def test_pkcs7(cli, w):
    o = one(cli, "p7")
    assert o["kind"] == "pkcs7" and len(o["pkcs7"]["certificates"]) == 1 and o["pkcs7"]["crls"][0]["entries"] == 1
    assert cli.ask("cert", "show", "p7")["certificates"][0]["sha256"] == hashlib.sha256(w.der("cert")).hexdigest()
    openssl("cms", "-sign", "-in", "pass", "-signer", "cert", "-inkey", "key", "-outform", "DER", "-out", "signed", cwd=w.d)
    assert one(cli, "signed")["pkcs7"]["signers"][0]["issuer_text"] == "CN=Test CA"
    assert b"signed by" in cli.run("show", "signed").out


def test_pkcs12_locked_and_opened(cli, w):
    locked = one(cli, "p12")["pkcs12"]
    assert locked["locked"] and locked["mac"]["prf"] == "SHA256" and {e["type"] for e in locked["entries"]} == {"locked", "key"}
    assert any((e["encryption"] or e["key"]["encryption"])["cipher"] == "aes-256-cbc" for e in locked["entries"])
    opened = one(cli, "p12", "--passphrase-file", "pass")["pkcs12"]
    entries = {e["type"]: e for e in opened["entries"]}
    assert not opened["locked"] and entries["certificate"]["certificate"]["subject_text"] == "CN=Test CA"
    assert entries["key"]["key"]["key_type"] == "ec:p256" and entries["key"]["friendly_name"] == "fr\u00fchling"
    assert cli.run("show", "p12", "--passphrase-file", "wrong", "--json", code=1).problem == "match.passphrase"
    text = cli.run("show", "p12", "--passphrase-file", "pass").out.decode()
    assert "fr\u00fchling" in text and "PBKDF2 with hmacWithSHA256" in text


def test_an_algorithm_that_openssl_lacks_is_not_a_wrong_passphrase(cli, w):
    """RC2-40 is in OpenSSL's legacy provider, which is not loaded."""
    openssl("pkcs12", "-export", "-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-inkey", "key", "-in", "cert", "-passout", "pass:swordfish", "-out", "old", cwd=w.d)
    done = cli.run("show", "old", "--passphrase-file", "pass", "--json", code=5)
    assert done.problem == "openssl.unsupported" and "RC2-40" in done.json["detail"] and "not judged" in done.json["detail"]
    assert cli.run("show", "old", "--passphrase-file", "wrong", "--json", code=1).problem == "match.passphrase"
    assert "pbeWithSHA1And40BitRC2-CBC" in str(one(cli, "old"))


def test_an_empty_passphrase(cli, w):
    openssl("pkcs12", "-export", "-inkey", "key", "-in", "cert", "-passout", "pass:", "-out", "empty", cwd=w.d)
    assert one(cli, "empty")["pkcs12"]["locked"]


# ---- many objects, many files

def test_a_mixed_file_in_its_order_with_damage_by_itself(cli, w):
    pem = {n: (w.d / n).read_text() for n in ("csr", "cert", "crl", "key", "pub", "p7")}
    damaged = pem["cert"].replace("\n", "\n!", 3)
    (w.d / "mixed").write_text("Dear all,\nplease find:\n" + pem["csr"] + "and\n" + pem["cert"] + damaged + pem["crl"] + pem["key"] + pem["pub"] + pem["p7"] +
                               "-----BEGIN NONSENSE-----\nAAAA\n-----END NONSENSE-----\n-----BEGIN CERTIFICATE-----\nMIIB")
    doc = schema.conforms("show", cli.ask("show", "mixed", code=3))
    kinds = [(o["kind"], "error" in o) for o in doc["objects"]]
    assert kinds == [("csr", False), ("certificate", False), ("certificate", True), ("crl", False), ("private-key", False), ("public-key", False),
                     ("pkcs7", False), ("unknown", False), ("certificate", True)]
    assert doc["objects"][0]["line"] == 3 and doc["objects"][0]["offset"] == len("Dear all,\nplease find:\n")
    text = cli.run("show", "mixed", code=3).out.decode()
    assert "-- csr (PKCS#10), line 3 --" in text and "ERROR" in text and "PRIVATE KEY-----" not in text


FORMS = ["pem", "der", "bare", "crlf", "bom", "utf16le", "utf16be", "utf16 without mark", "quoted", "literal", "one line", "narrow", "qp", "mail", "lost end", "lost begin"]


@pytest.mark.parametrize("kind", ["csr", "cert", "crl", "pub", "p7"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_every_kind(cli, w, kind, form):
    pem, der = (w.d / kind).read_text(), w.der(kind)
    body = base64.b64encode(der).decode()
    begin, end = pem.splitlines()[0], pem.splitlines()[-1]
    data = {"pem": pem.encode(), "der": der, "bare": body.encode(), "crlf": pem.replace("\n", "\r\n").encode(), "bom": b"\xef\xbb\xbf" + pem.encode(),
            "utf16le": b"\xff\xfe" + pem.encode("utf-16-le"), "utf16be": b"\xfe\xff" + pem.encode("utf-16-be"), "utf16 without mark": pem.encode("utf-16-le"),
            "quoted": "".join("> " + line + "\n" for line in pem.splitlines()).encode(), "literal": pem.replace("\n", "\\n").encode(),
            "one line": (begin + body + end).encode(), "narrow": (begin + "\n" + "\n".join(body[i:i + 7] for i in range(0, len(body), 7)) + "\n" + end).encode(),
            "qp": (begin + "\n" + "=\n".join(body[i:i + 60].replace("=", "=3D") for i in range(0, len(body), 60)) + "\n" + end).encode(),
            "mail": ("Subject: hello\n\nhere:\n" + pem + "\nregards\n-- \nx\n").encode(), "lost end": (begin + "\n" + body + "\n").encode(),
            "lost begin": (body + "\n" + end + "\n").encode()}[form]
    o, want = one(cli, "-", stdin=data), one(cli, kind)
    drop = ("label", "line", "offset")
    assert {k: v for k, v in o.items() if k not in drop} == {k: v for k, v in want.items() if k not in drop}


def test_other_things_are_named(cli, w):
    cases = {"ssh-public-key": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL0 me@host\n", "parameters": openssl("ecparam", "-name", "prime256v1"),
             "pgp": b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENB\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n",
             "spkac": base64.b64decode(openssl("spkac", "-key", w.d / "rsa", "-digest", "sha256").split(b"=", 1)[1]),
             "ocsp": None}
    openssl("ocsp", "-issuer", "cert", "-cert", "cert", "-reqout", "ocspreq", cwd=w.d)
    cases["ocsp"] = (w.d / "ocspreq").read_bytes()
    for kind, data in cases.items():
        o = one(cli, "-", stdin=data)
        assert o["kind"] == kind and "note" in o, o
    assert cli.run("show", "-", "--json", stdin=b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----\n",
                   code=3).problem == "input.openssh"
    assert cli.run("show", "-", "--json", stdin=b"hello, world!\n", code=3).problem == "input.unknown"


def test_trusted_certificate_and_its_settings(cli, w):
    trusted = openssl("x509", "-in", w.d / "cert", "-trustout", "-addtrust", "serverAuth", "-setalias", "me")
    o = one(cli, "-", stdin=trusted)
    assert o["form"] == "trusted certificate" and o["certificate"]["sha256"] == hashlib.sha256(w.der("cert")).hexdigest()


def test_der_one_after_another(cli, w):
    doc = schema.conforms("show", cli.ask("show", "-", stdin=w.der("cert") + w.der("crl") + w.der("csr")))
    assert [o["kind"] for o in doc["objects"]] == ["certificate", "crl", "csr"]


@pytest.mark.parametrize("verb,given,problem", [("csr", "cert", "input.certificate"), ("csr", "key", "input.private-key"), ("cert", "csr", "input.csr"), ("crl", "cert", "input.certificate"),
                                                ("key", "crl", "input.crl"), ("cert", "key", "input.private-key"), ("cert", "p12", "input.passphrase")])
def test_the_wrong_kind_is_named(cli, verb, given, problem):
    assert cli.run(verb, "show", given, "--json", code=3).problem == problem


def test_a_directory_and_several_files_are_lines_of_json(cli, w, tmp_path):
    below = tmp_path / "many" / "below"
    below.mkdir(parents=True)
    for i, name in enumerate(("csr", "cert", "crl")):
        (below.parent / f"{i}.pem").write_bytes((w.d / name).read_bytes())
    (below / "x.key").write_bytes((w.d / "key").read_bytes())
    (below / "junk.txt").write_text("nothing here, really")
    (below / ".hidden").write_text("x")
    os.mkfifo(below / "fifo")
    (below / "loop").symlink_to(below.parent)
    done = subprocess.run(cli.command("show", "--json", below.parent), cwd=w.d, env=cli.env, capture_output=True, timeout=60)
    lines = [schema.conforms("show", json.loads(line)) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert [(line["file"].rsplit("/", 1)[1], line["objects"][0]["kind"] if "objects" in line else line["error"]["type"].rsplit(":", 1)[1]) for line in lines] == [
        ("0.pem", "csr"), ("1.pem", "certificate"), ("2.pem", "crl"), ("junk.txt", "input.unknown"), ("x.key", "private-key")]
    done = subprocess.run(cli.command("cert", "show", "--json", "cert", "csr"), cwd=w.d, env=cli.env, capture_output=True, timeout=60)
    lines = [schema.conforms("show", json.loads(line)) for line in done.stdout.splitlines()]
    assert done.returncode == 3 and lines[0]["objects"][0]["kind"] == "certificate" and "error" in lines[1]
    text = cli.run("show", below.parent, code=3).out.decode()
    assert "== " in text and "ERROR" in text


@pytest.mark.parametrize("what", ["blocks", "begins", "colons", "open"])
def test_bombs_are_read_in_linear_time_and_bounded(cli, w, what):
    """Five megabytes each; a quadratic reader would not come back."""
    data = {"blocks": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" * 90000, "begins": b"-----BEGIN CERTIFICATE-----" * 190000,
            "colons": b"-----BEGIN CERTIFICATE-----\n" + b"a:\n" * 1700000, "open": b"-----BEGIN " * 450000}[what]
    done = cli.run("show", "-", "--json", stdin=data, code=3)
    doc = done.json
    assert len(doc.get("objects", [])) <= 10001


def test_private_key_files_stay_private_in_every_answer(cli, w):
    """Damage in a key must not spill it into the error."""
    text = (w.d / "rsa").read_text()
    body = text.splitlines()
    for spoiled in ("\n".join(body[:5] + ["!!!!"] + body[6:]), "\n".join(body[:12]), text.replace("RSA PRIVATE", "PRIVATE"), text.replace("RSA PRIVATE KEY", "CERTIFICATE")):
        done = cli.run("show", "-", "--json", stdin=spoiled.encode(), code=None)
        assert not any(line in done.text for line in body[1:-1])
