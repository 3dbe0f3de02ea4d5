"""`autocsr cert verify`: what it blames, why, with which source, and what it tells people to do; openssl as judge."""
import datetime
import re
import subprocess
import tempfile

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from harness.cli import Cli

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
EKU = ExtendedKeyUsageOID
TERMINAL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")


def name(cn):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, cn)])


def with_sha1(cert, key):
    """The same with sha1WithRSAEncryption, signed by openssl: newer libraries refuse to."""
    sha256, sha1 = (bytes.fromhex("2a864886f70d0101" + last) for last in ("0b", "05"))
    tbs = cert.tbs_certificate_bytes.replace(sha256, sha1)
    with tempfile.NamedTemporaryFile() as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        file.flush()
        done = subprocess.run(["openssl", "dgst", "-sha1", "-sign", file.name], input=tbs, capture_output=True, check=True)
    der = cert.public_bytes(serialization.Encoding.DER).replace(sha256, sha1)
    assert tbs in der
    return x509.load_der_x509_certificate(der[:-len(done.stdout)] + done.stdout)


class Party:
    """A certificate with its key."""

    def __init__(self, cn, issuer=None, key=None, ca=True, path=None, days=(-10, 100), sans=(), eku=(), usage="sign", url=None, digest=None,
                 extra=(), lie=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.cn, by = cn, issuer or self
        b = x509.CertificateBuilder().subject_name(name(cn)).issuer_name(name(by.cn)).public_key(self.key.public_key())
        b = b.serial_number(x509.random_serial_number()).not_valid_before(NOW + days[0] * DAY).not_valid_after(NOW + days[1] * DAY)
        if ca is not None:
            b = b.add_extension(x509.BasicConstraints(ca, path if ca else None), True)
        b = b.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
        b = b.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key((lie or by).key.public_key()), False)
        if usage == "sign" and ca:
            b = b.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
        elif usage == "no-sign":
            b = b.add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), True)
        if sans:
            b = b.add_extension(x509.SubjectAlternativeName([x509.DNSName(s) for s in sans]), False)
        if eku:
            b = b.add_extension(x509.ExtendedKeyUsage(eku), False)
        if url:
            b = b.add_extension(x509.AuthorityInformationAccess([x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url))]), False)
        for ext, critical in extra:
            b = b.add_extension(ext, critical)
        self.cert = b.sign(by.key, hashes.SHA256())
        if isinstance(digest, hashes.SHA1):
            self.cert = with_sha1(self.cert, by.key)

    @property
    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM)

    def crl(self, revoked=(), days=(-1, 5), key=None, extra=()):
        b = x509.CertificateRevocationListBuilder().issuer_name(name(self.cn)).last_update(NOW + days[0] * DAY).next_update(NOW + days[1] * DAY)
        for cert in revoked:
            b = b.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(cert.serial_number).revocation_date(
                NOW - DAY).add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), False).build())
        for ext, critical in ((x509.CRLNumber(1), False), (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False), *extra):
            b = b.add_extension(ext, critical)
        return b.sign(key or self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def ca():
    class World:
        root = Party("Test root")
        inter = Party("Test CA", root, path=0)
        leaf = Party("www", inter, ca=False, usage=None, sans=("www.example.com", "*.example.org"), eku=[EKU.SERVER_AUTH],
                     url="http://pki.example.com/ca.cer")
    return World


@pytest.fixture
def verify(tmp_path):
    cli = Cli(tmp_path)

    def run(leaf, chain=(), roots=(), *words, crls=(), code=None, text=False):
        words = list(words)
        (tmp_path / "leaf.pem").write_bytes(leaf.pem)
        for option, things in (("--chain", chain), ("--root", roots)):
            for i, p in enumerate(things):
                (tmp_path / f"{option[2:]}{i}.pem").write_bytes(p.pem)
                words += [option, f"{option[2:]}{i}.pem"]
        for i, c in enumerate(crls):
            (tmp_path / f"{i}.crl").write_bytes(c)
            words += ["--crl", f"{i}.crl"]
        done = cli.run("cert", "verify", "leaf.pem", *words, *([] if text else ["--json"]), code=code)
        return done if text else done.json
    run.cli, run.dir = cli, tmp_path
    return run


def failed(report):
    return [(f["id"], link["certificate"]) for link in report["chain"] for f in link["findings"] if f["result"] == "fail"] + \
        [(f["id"], f["field"]) for f in report["findings"] if f["result"] == "fail"]


def test_a_good_chain(verify, ca):
    report = verify(ca.leaf, [ca.inter], [ca.root], "--host", "www.example.com", "a.example.org", "--eku", "serverAuth", code=0)
    assert report["ok"] and failed(report) == []
    assert [(c["subject_text"], c["file"], c["trusted"]) for c in report["chain"]] == [
        ("CN=www", "leaf.pem", False), ("CN=Test CA", "chain0.pem", False), ("CN=Test root", "root0.pem", True)]
    text = verify(ca.leaf, [ca.inter], [ca.root], text=True, code=0).out.decode().splitlines()
    assert text[0].startswith("ok    CN=www") and text[1].startswith("ok      issued by CN=Test CA") and "trusted" in text[2]
    assert text[-2] == "yes: the certificate verifies" and text[-1].startswith("not checked: revocation")


def test_the_missing_intermediate_is_named_with_where_to_get_it(verify, ca):
    report = verify(ca.leaf, [], [ca.root], code=1)
    ski = ca.inter.cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()
    assert report["error"] == "verify.issuer" and report["certificate"] == "leaf" and report["source"].startswith("RFC 5280")
    assert report["missing"] == {"subject": "CN=Test CA", "key_id": ski, "urls": ["http://pki.example.com/ca.cer"]}
    text = verify(ca.leaf, [], [ca.root], text=True, code=1).out.decode()
    assert "curl -o issuer.cer 'http://pki.example.com/ca.cer'" in text and "--chain issuer.cer" in text and "(missing)" in text


@pytest.mark.parametrize("url", ["http://x/'; rm -rf ~; '", "http://x/$(id)", "file:///etc/passwd", "http://x/`id`"])
def test_an_address_that_a_shell_would_run_is_not_offered_as_a_command(verify, ca, url):
    leaf = Party("www", ca.inter, ca=False, usage=None, url=url)
    text = verify(leaf, [], [ca.root], text=True, code=1).out.decode()
    assert "curl" not in text and "published at" in text


def test_an_intermediate_of_the_right_name_with_another_key(verify, ca):
    other = Party("Test CA", ca.root)
    report = verify(ca.leaf, [other], [ca.root], code=1)
    assert report["error"] == "verify.issuer" and "one of that name is there, but it is another" in report["detail"]


def cases():
    root = Party("Root")
    inter = Party("CA", root)
    leaf = {"ca": False, "usage": None}
    yield "verify.expired", "leaf", Party("x", inter, days=(-20, -1), **leaf), [inter], [root], ()
    yield "verify.not-yet", "leaf", Party("x", inter, days=(5, 20), **leaf), [inter], [root], ()
    old = Party("CA", root, key=inter.key, days=(-20, -1))
    yield "verify.expired", "intermediates[0]", Party("x", inter, **leaf), [old], [root], ()
    yield "verify.untrusted", "intermediates[1]", Party("x", inter, **leaf), [inter, root], [Party("Another root")], ()
    me = Party("self", **leaf)
    yield "verify.untrusted", "leaf", me, [], [root], ()
    impostor = Party("CA", root)
    yield "verify.signature", "leaf", Party("x", impostor, lie=inter, **leaf), [inter], [root], ()
    no_ca = Party("CA", root, ca=False, usage=None)
    yield "verify.ca", "intermediates[0]", Party("x", no_ca, **leaf), [no_ca], [root], ()
    bare = Party("CA", root, ca=None, usage=None)
    yield "verify.ca", "intermediates[0]", Party("x", bare, **leaf), [bare], [root], ()
    no_sign = Party("CA", root, usage="no-sign")
    yield "verify.ca", "intermediates[0]", Party("x", no_sign, **leaf), [no_sign], [root], ()
    short = Party("CA", root, path=0)
    sub = Party("Sub", short)
    yield "verify.ca.path-length", "intermediates[0]", Party("x", sub, **leaf), [short, sub], [root], ()
    yield "verify.purpose", "leaf", Party("x", inter, eku=[EKU.CLIENT_AUTH], **leaf), [inter], [root], ("--eku", "serverAuth")
    yield "verify.purpose", "leaf", Party("x", inter, eku=[EKU.CLIENT_AUTH], **leaf), [inter], [root], ("--eku", "codeSigning")
    tls = Party("TLS CA", root, eku=[EKU.SERVER_AUTH])
    yield "verify.purpose", "intermediates[0]", Party("x", tls, eku=[EKU.CODE_SIGNING], **leaf), [tls], [root], ("--eku", "1.3.6.1.5.5.7.3.3")
    limited = Party("Limited CA", root, extra=[(x509.NameConstraints([x509.DNSName("example.com")], None), True)])
    yield "verify.name-constraints", "leaf", Party("x", limited, sans=("www.example.org",), **leaf), [limited], [root], ()
    barred = Party("Barred CA", root, extra=[(x509.NameConstraints(None, [x509.DNSName("example.com")]), True)])
    yield "verify.name-constraints", "leaf", Party("x", barred, sans=("www.example.com",), **leaf), [barred], [root], ()
    strange = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
    yield "verify.critical", "leaf", Party("x", inter, extra=[strange], **leaf), [inter], [root], ()
    yield "verify.weak", "leaf", Party("x", inter, key=rsa.generate_private_key(65537, 1024), **leaf), [inter], [root], ()
    rsa_ca = Party("RSA CA", root, key=rsa.generate_private_key(65537, 2048))
    yield "verify.weak", "leaf", Party("x", rsa_ca, digest=hashes.SHA1(), **leaf), [rsa_ca], [root], ()
    yield "verify.name", "names[0]", Party("x", inter, sans=("*.example.com",), **leaf), [inter], [root], ("--host", "a.b.example.com")
    yield "verify.policy", "", Party("x", inter, **leaf), [inter], [root], ("--explicit-policy",)


CASES = list(cases())


@pytest.mark.parametrize("problem,where,leaf,chain,roots,words", CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)])
def test_what_is_blamed(verify, problem, where, leaf, chain, roots, words):
    report = verify(leaf, chain, roots, *words, code=1)
    assert failed(report) == [(problem, where)], report
    assert (report["error"], report["certificate"]) == (problem, where) and re.match(r"RFC \d|NIST", report["source"])
    text = verify(leaf, chain, roots, *words, code=1, text=True).out.decode()
    assert "no: the certificate does not verify" in text and problem in text and ("FAIL  " in text) == (where != "" and "names" not in where)


def test_every_fault_of_a_chain_is_in_one_report(verify):
    root = Party("Root")
    inter = Party("CA", root, days=(-20, -1))
    leaf = Party("x", inter, ca=False, usage=None, days=(-10, -2), eku=[EKU.CLIENT_AUTH])
    report = verify(leaf, [inter], [root], "--eku", "serverAuth", "--host", "x.example.com", code=1)
    assert sorted(failed(report)) == [("verify.expired", "intermediates[0]"), ("verify.expired", "leaf"), ("verify.name", "names[0]"),
                                      ("verify.purpose", "leaf")]


def test_weak_ones_are_warnings_when_allowed(verify):
    root = Party("Root")
    leaf = Party("x", root, key=rsa.generate_private_key(65537, 1024), ca=False, usage=None)
    report = verify(leaf, [], [root], "--allow-weak", code=0)
    assert [(f["id"], f["result"]) for f in report["chain"][0]["findings"]] == [("verify.weak", "warn")]


def test_a_cross_signed_ca_is_followed_to_whichever_root_is_trusted(verify):
    """Two certificates for one key and name: OpenSSL picks one and stays with it; every order must find the way."""
    old, new = Party("Old root"), Party("New root")
    by_new = Party("CA", new, days=(-10, 50))
    by_old = Party("CA", old, key=by_new.key, days=(-5, 400))
    leaf = Party("x", by_new, ca=False, usage=None)
    for chain in ([by_old, by_new], [by_new, by_old], [by_old, old, by_new, new]):
        for roots in ([new], [old], [old, new]):
            report = verify(leaf, chain, roots, code=0)
            assert report["chain"][-1]["trusted"], report
    expired = Party("Old root", key=old.key, days=(-50, -1))
    report = verify(leaf, [by_old, by_new], [expired, new], code=0)
    assert report["chain"][-1]["subject_text"] == "CN=New root"


def test_circles_and_crowds_end(verify):
    """A and B certify each other; forty CAs of one name and one key id: bounded, with an answer."""
    a, b = Party("A"), Party("B")
    a_by_b, b_by_a = Party("A", b, key=a.key), Party("B", a, key=b.key)
    leaf = Party("x", a, ca=False, usage=None)
    report = verify(leaf, [a_by_b, b_by_a], [Party("Root")], code=1)
    assert report["error"] == "verify.issuer" and len(report["chain"]) <= 3
    crowd = [Party("A", b, key=a.key) for _ in range(20)] + [Party("B", a, key=b.key) for _ in range(20)]
    assert verify(leaf, crowd, [Party("Root")], code=1)["ways_tried"] <= 64
    ladder = [Party("Top")]
    for i in range(20):
        ladder.append(Party(f"L{i}", ladder[-1]))
    report = verify(Party("x", ladder[-1], ca=False, usage=None), ladder[1:], ladder[:1], code=1)
    assert not report["ok"] and len(report["chain"]) == 16


def test_partial_chain(verify, ca):
    assert verify(ca.leaf, [], [ca.inter], "--partial-chain", code=0)["chain"][-1]["subject_text"] == "CN=Test CA"
    assert verify(ca.leaf, [], [ca.inter], code=1)["error"] == "verify.issuer"


def test_the_leaf_is_found_wherever_it_stands(verify, ca):
    (verify.dir / "reversed.pem").write_bytes(ca.root.pem + ca.inter.pem + ca.leaf.pem)
    (verify.dir / "r.pem").write_bytes(ca.root.pem)
    report = verify.cli.ask("cert", "verify", "reversed.pem", "--root", "r.pem", "--host", "www.example.com")
    assert report["ok"] and report["chain"][1]["file"] == "reversed.pem, number 2"
    subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", "reversed.pem", "-out", "x.p7b"], cwd=verify.dir, check=True, timeout=60)
    assert verify.cli.ask("cert", "verify", "x.p7b", "--root", "r.pem")["chain"][0]["subject_text"] == "CN=www"


def test_crls(verify, ca):
    def judge(*crls, words=(), code=1):
        return verify(ca.leaf, [ca.inter], [ca.root], *words, crls=crls, code=code)
    assert judge(ca.inter.crl(), code=0)["ok"]
    assert judge(ca.inter.crl(), ca.root.crl(), words=["--crl-all"], code=0)["ok"]
    assert failed(judge(ca.inter.crl(), words=["--crl-all"])) == [("verify.crl", "intermediates[0]")]
    report = judge(ca.inter.crl([ca.leaf.cert]))
    assert failed(report) == [("verify.revoked", "leaf")] and "keyCompromise" in report["detail"]
    report = judge(ca.inter.crl(), ca.root.crl([ca.inter.cert]), words=["--crl-all"])
    assert failed(report) == [("verify.revoked", "intermediates[0]")]
    stale = judge(ca.inter.crl(days=(-9, -1)))
    assert failed(stale) == [("verify.crl", "leaf")] and "due for renewal" in stale["detail"] and "remedy" in str(stale)
    early = judge(ca.inter.crl(days=(2, 5)))
    assert failed(early) == [("verify.crl", "leaf")] and "not valid before" in early["detail"]
    wrong = judge(ca.root.crl())
    assert failed(wrong) == [("verify.crl", "leaf")] and "none of the 1 CRLs is of its issuer CN=Test CA" in wrong["detail"]
    forged = judge(ca.inter.crl(key=ca.root.key))
    assert ("verify.crl", "leaf") in failed(forged) and "signature of the CRL" in forged["detail"]
    scoped = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
    assert "another scope" in judge(ca.inter.crl(extra=[(scoped, True)]))["detail"]
    critical = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
    assert "critical extension" in judge(ca.inter.crl(extra=[critical]))["detail"]


def test_policies(verify):
    root = Party("Root")
    policy = (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), None)]), False)
    inter = Party("CA", root, extra=[policy])
    leaf = Party("x", inter, ca=False, usage=None, extra=[policy])
    assert verify(leaf, [inter], [root], "--policy", "1.2.3.4", "--explicit-policy", code=0)["policies"] == ["1.2.3.4"]
    assert verify(leaf, [inter], [root], "--policy", "1.2.3.5", "--explicit-policy", code=1)["error"] == "verify.policy"
    assert verify(leaf, [inter], [root], "--policy", "nonsense", code=2)["type"].endswith("usage.policy")
    assert verify(leaf, [inter], [root], "--eku", "nonsense", code=2)["type"].endswith("usage.purpose")


def test_names_cannot_repaint_the_terminal(verify):
    root = Party("Root\x1b[2J\u202e")
    leaf = Party("evil\x1b[2J\x07", root, ca=False, usage=None)
    for roots in ([root], [Party("x")]):
        done = verify(leaf, [], roots, text=True)
        assert not TERMINAL.search(done.out + done.err) and "\u202e" not in done.text


def test_openssl_agrees(verify, ca):
    """The same chains, the same yes or no."""
    for problem, _, leaf, chain, roots, words in CASES:
        if words or problem == "verify.weak":
            continue
        (verify.dir / "l").write_bytes(leaf.pem)
        (verify.dir / "c").write_bytes(b"".join(c.pem for c in chain) or leaf.pem)
        (verify.dir / "r").write_bytes(b"".join(r.pem for r in roots))
        done = subprocess.run(["openssl", "verify", "-CAfile", "r", "-no-CApath", "-untrusted", "c", "l"], cwd=verify.dir, capture_output=True, timeout=60)
        assert done.returncode != 0, problem
