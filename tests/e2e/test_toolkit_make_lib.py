"""What the library asks for in a CSR, judged by openssl and python3-cryptography; subjects as both encode them;
request files, OpenSSL configurations and renewal."""
import datetime
import json
import os
import pathlib
import re
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BUILD = pathlib.Path(os.environ.get("AUTOCSR_BUILD", pathlib.Path(__file__).parents[2] / "build"))
PROGRAM = BUILD / "tests/unit/pki/make_request"

FULL = """
key = ec:p256
host = bücher.example, *.example.com 192.0.2.1
ip = 2001:db8::1
email = ann@example.com
email = müller@bücher.example
uri = spiffe://example.com/a
upn = ann@corp.example
rid = 1.2.840.113549
dirname = CN=x+OU=y,O=Demo\\, Inc,C=DE
other = 1.2.3.4;UTF8:grüße
other = 1.2.3.5;DER:3003020105
key_usage = digitalSignature keyAgreement encipherOnly
eku = serverAuth, msSmartcardLogin, 1.2.3.4
must_staple = yes
ca = no
policy = 1.2.3 https://example.com/cps
policy = 2.23.140.1.2.1
template_name = WebServer
template_oid = 1.3.6.1.4.1.311.21.8.1.2:100:3
ski = yes
extension = 1.2.3.9:critical:0500
unstructured_name = host name
[subject]
CN = www.example.com
O = Müller, Söhne + Co.
OU = one
OU = two
C = DE
serialNumber = HRB 1
jurisdictionC = DE
businessCategory = Private Organization
"""


def ask(verb, text, code=0):
    data = text if isinstance(text, bytes) else text.encode()
    got = subprocess.run([PROGRAM, verb], input=data, capture_output=True)
    assert got.returncode == code, got.stderr.decode()
    return got.stdout if code == 0 else got.stderr.decode()


def notes(verb, text):
    return subprocess.run([PROGRAM, verb], input=text.encode(), capture_output=True, check=True).stderr.decode()


def openssl(*args, stdin=None):
    return subprocess.run(["openssl", *args], input=stdin, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def full():
    return ask("build", FULL)


def test_openssl_reads_all_of_it(full):
    text = openssl("req", "-noout", "-text", "-verify", "-nameopt", "RFC2253,utf8,-esc_msb", stdin=full).decode()
    for part in ("DNS:xn--bcher-kva.example", "DNS:*.example.com", "IP Address:192.0.2.1", "IP Address:2001:DB8:0:0:0:0:0:1",
                 "email:ann@example.com", "URI:spiffe://example.com/a", "Registered ID:RSA Data Security", "DirName:",
                 "Digital Signature, Key Agreement, Encipher Only", "TLS Web Server Authentication, Microsoft Smartcard Login, 1.2.3.4",
                 "status_request", "CA:FALSE", "Policy: 1.2.3", "CPS: https://example.com/cps", "Policy: 2.23.140.1.2.1",
                 "1.2.3.9: critical", "unstructuredName", "host name"):
        assert part in text, part
    assert re.search(r"othername: ?UPN:? ?:?ann@corp.example", text), text
    assert re.search(r"othername: ?SmtpUTF8Mailbox:? ?:?müller@xn--bcher-kva.example", text), text
    subject = openssl("req", "-noout", "-subject", "-nameopt", "RFC2253,utf8,-esc_msb", stdin=full).decode()
    assert subject.strip() == (r"subject=serialNumber=HRB 1,CN=www.example.com,OU=two,OU=one,businessCategory=Private Organization,"
                               r"O=Müller\, Söhne \+ Co.,jurisdictionC=DE,C=DE")


def test_cryptography_reads_all_of_it(full):
    csr = x509.load_pem_x509_csr(full)
    assert csr.is_signature_valid
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["xn--bcher-kva.example", "*.example.com"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1", "2001:db8::1"]
    assert names.get_values_for_type(x509.RFC822Name) == ["ann@example.com"]
    assert names.get_values_for_type(x509.RegisteredID) == [x509.ObjectIdentifier("1.2.840.113549")]
    assert names.get_values_for_type(x509.DirectoryName)[0] == x509.Name.from_rfc4514_string(r"CN=x+OU=y,O=Demo\, Inc,C=DE")
    others = {o.type_id.dotted_string: o.value for o in names.get_values_for_type(x509.OtherName)}
    assert others["1.3.6.1.4.1.311.20.2.3"] == b"\x0c\x10ann@corp.example"
    assert others["1.3.6.1.5.5.7.8.9"][2:].decode() == "müller@xn--bcher-kva.example"
    assert others["1.2.3.4"][2:].decode() == "grüße" and others["1.2.3.5"] == bytes.fromhex("3003020105")
    usage = csr.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.key_agreement and usage.value.encipher_only and not usage.value.decipher_only
    assert csr.extensions.get_extension_for_class(x509.TLSFeature).value[0] == x509.TLSFeatureType.status_request
    template = csr.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.4.1.311.21.7")).value
    value = template.public_bytes() if hasattr(template, "public_bytes") else template.value
    assert value == bytes.fromhex("3013" "060b2b06010401823715080102" "020164" "020103")
    named = csr.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2")).value
    assert named.value == b"\x1e\x12" + "WebServer".encode("utf-16-be")
    policies = csr.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [p.policy_identifier.dotted_string for p in policies] == ["1.2.3", "2.23.140.1.2.1"]
    assert policies[0].policy_qualifiers == ["https://example.com/cps"] and not policies[1].policy_qualifiers
    key = csr.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key)
    assert csr.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest == digest.finalize()[:20]


def test_string_types(full):
    types = {a.oid: a._type.name for a in x509.load_pem_x509_csr(full).subject}
    assert types[NameOID.COUNTRY_NAME] == types[NameOID.SERIAL_NUMBER] == types[NameOID.JURISDICTION_COUNTRY_NAME] == "PrintableString"
    assert types[NameOID.COMMON_NAME] == types[NameOID.ORGANIZATION_NAME] == types[NameOID.BUSINESS_CATEGORY] == "UTF8String"


def test_sub_ca_request():
    csr = x509.load_pem_x509_csr(ask("build", "subject = CN=Sub CA,O=Demo\nca = yes\npath_length = 0\nkey_usage = keyCertSign cRLSign\n"))
    basic = csr.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical and basic.value == x509.BasicConstraints(ca=True, path_length=0)
    assert "csr.new.ku-ca" in ask("build", "key_usage = keyCertSign\n", 1)
    assert "csr.new.extension-twice" in ask("build", "ski = yes\nextension = 2.5.29.14:0500\n", 1)


def test_names_without_subject_are_critical():
    csr = x509.load_pem_x509_csr(ask("build", "host = www.example.com\n"))
    assert not csr.subject.rdns and csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
    csr = x509.load_pem_x509_csr(ask("build", "host = www.example.com\nsubject = CN=www.example.com\n"))
    assert not csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


@pytest.mark.parametrize("text", [
    "CN=www.example.com,O=Demo\\, Inc,C=DE", "CN=a+OU=b,O=c", "OU=b+CN=a", "CN=\\#a\\+\\\"\\;\\<\\>\\\\,O=\\ x\\ ", "CN=Müller",
    "UID=u,DC=example,DC=com", "1.2.3.4=x", "OU=1,OU=2,OU=3"])
def test_subjects_as_cryptography_encodes_them(text):
    """The same RFC 4514 text, the same DER, and the same in a CSR."""
    theirs = x509.Name.from_rfc4514_string(text)
    assert bytes.fromhex(ask("dn", text).decode()) == theirs.public_bytes()
    again = x509.load_pem_x509_csr(ask("build", json.dumps({"subject": text}))).subject
    assert [sorted((a.oid.dotted_string, a.value) for a in r) for r in again.rdns] == \
        [sorted((a.oid.dotted_string, a.value) for a in r) for r in theirs.rdns]


def test_subjects_as_openssl_encodes_them(tmp_path):
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "r",
            "-utf8", "-multivalue-rdn", "-subj", "/C=DE/O=Müller, Inc/OU=b+CN=a/CN=x/emailAddress=a@example.com/DC=com")
    theirs = x509.load_pem_x509_csr((tmp_path / "r").read_bytes()).subject.public_bytes()
    for text in ("/C=DE/O=Müller, Inc/OU=b+CN=a/CN=x/emailAddress=a@example.com/DC=com",
                 "DC=com,E=a@example.com,CN=x,CN=a+OU=b,O=Müller\\, Inc,C=DE"):
        assert bytes.fromhex(ask("dn", text).decode()) == theirs


CONF = """
[ req ]
default_bits = 2048
default_md = sha256
prompt = no
distinguished_name = dn
req_extensions = v3
[ dn ]
C = DE
O = "Demo, Inc"
OU = one
1.OU = two
CN = www.example.com
[ v3 ]
subjectAltName = DNS:www.example.com, DNS:example.com, @more
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
basicConstraints = CA:FALSE
tlsfeature = status_request
""".replace(", @more", "")


def test_an_openssl_configuration_means_the_same(tmp_path):
    """One file, given to both: the same subject and the same extensions."""
    (tmp_path / "c").write_text(CONF)
    openssl("req", "-new", "-config", tmp_path / "c", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "r")
    theirs, mine = x509.load_pem_x509_csr((tmp_path / "r").read_bytes()), x509.load_pem_x509_csr(ask("build", CONF))
    assert mine.subject == theirs.subject and mine.public_key().key_size == 2048
    assert {e.oid: e.value for e in mine.extensions} == {e.oid: e.value for e in theirs.extensions}
    assert notes("json", CONF) == ""
    assert "[req] x509_extensions is not understood" in notes("json", CONF.replace("prompt = no", "prompt = no\nx509_extensions = v3"))


def test_json_says_the_same_as_the_file(full):
    first = ask("json", FULL)
    assert ask("json", first) == first
    again = x509.load_pem_x509_csr(ask("build", first))
    before = x509.load_pem_x509_csr(full)
    assert again.subject == before.subject
    own = x509.SubjectKeyIdentifier.oid
    assert {e.oid: e.value for e in again.extensions if e.oid != own} == {e.oid: e.value for e in before.extensions if e.oid != own}
    assert {e.oid for e in again.extensions} == {e.oid for e in before.extensions}
    assert set(json.loads(first)) == {"key", "subject", "dns", "ip", "email", "uri", "upn", "rid", "dirname", "other", "key_usage", "eku",
                                      "must_staple", "ca", "policy", "template_name", "template_oid", "ski", "extension", "unstructured_name"}


def test_renewal_of_a_csr_asks_for_the_same(full):
    data = json.loads(ask("renew", full))
    want = json.loads(ask("json", FULL))
    assert data == want


def test_renewal_of_a_strangers_certificate():
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"), x509.NameAttribute(NameOID.COMMON_NAME, "www.example.com")])
    now = datetime.datetime(2026, 1, 1)
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
            .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=90))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("www.example.com"), x509.UniformResourceIdentifier("spiffe://x/y")]), False)
            .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.1")]), False)
            .add_extension(x509.AuthorityInformationAccess([x509.AccessDescription(
                x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1"), x509.UniformResourceIdentifier("http://ocsp.example.com"))]), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None)]), False)
            .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False)
            .sign(key, hashes.SHA256()))
    pem = cert.public_bytes(serialization.Encoding.PEM)
    assert json.loads(ask("renew", pem)) == {"key": "ec:p384", "subject": "CN=www.example.com,C=DE", "dns": ["www.example.com"],
                                             "uri": ["spiffe://x/y"], "eku": ["serverAuth"]}
    assert "1.2.3.4 is not taken over" in notes("renew", pem.decode())
