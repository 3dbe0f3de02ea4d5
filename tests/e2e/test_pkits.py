"""NIST PKITS: every test of the suite through `autocsr cert verify`, with `openssl verify` beside it.

tests/vectors/pkits.tsv holds, for each test, what the PKITS document says (valid or invalid, under which initial
policies) and why an invalid one is. A verdict that differs, ours or openssl's, must be listed there with its reason;
one that is not listed fails, and so does a listed one that is gone.
"""
import base64
import email
import pathlib
import subprocess

import pytest
from harness.cli import Cli
from harness.service import REPO

DATA = pathlib.Path("/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data")
POLICY = "2.16.840.1.101.3.2.1.48."
AT = "2020-01-01T00:00:00Z"  # within the validity of what PKITS calls valid
AT_EPOCH = "1577836800"
OPENSSL_FLAGS = {"explicit-policy": "-explicit_policy", "inhibit-policy-mapping": "-inhibit_map", "inhibit-any-policy": "-inhibit_any"}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="python3-cryptography-vectors is not installed")


def table():
    rows = []
    for line in (REPO / "tests/vectors/pkits.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            cells = line.split("\t")
            rows.append(dict(zip(("number", "name", "options", "pkits", "reason", "autocsr", "openssl", "why"), cells, strict=True)))
    return rows


ROWS = table()
SECTIONS = sorted({r["number"].rsplit(".", r["number"].count(".") - 1)[0] for r in ROWS}, key=lambda s: int(s.split(".")[1]))


def elements(data):
    """The DER elements that follow each other in data: (tag, body, whole)."""
    at = 0
    while at < len(data):
        length, head = data[at + 1], 2
        if length & 0x80:
            head += length & 0x7F
            length = int.from_bytes(data[at + 2:at + head], "big")
        yield data[at], data[at + head:at + head + length], data[at:at + head + length]
        at += head + length


def signed_mail(path):
    """Certificates and CRLs that the mail brings along, the signer's certificate first. (RFC 5652 5.1)"""
    part = email.message_from_bytes(path.read_bytes())
    der = next(p for p in part.walk() if p.get_content_type().endswith("pkcs7-mime") or p.get_content_type().endswith("pkcs7-signature"))
    (_, content, _), = elements(der.get_payload(decode=True))
    (_, signed, _), = elements(list(elements(content))[1][1])
    fields = list(elements(signed))
    certs = [whole for _, _, whole in elements(next(body for tag, body, _ in fields if tag == 0xA0))]
    crls = [whole for tag, body, _ in fields if tag == 0xA1 for _, _, whole in elements(body)]
    signer = next(elements(fields[-1][1]))[1]
    issuer_and_serial = [whole for _, _, whole in elements(list(elements(signer))[1][1])]

    def is_leaf(cert):
        tbs = list(elements(next(elements(cert))[1]))
        tbs = list(elements(tbs[0][1]))
        return [tbs[3][2], tbs[1][2]] == issuer_and_serial
    return sorted(certs, key=lambda c: not is_leaf(c)), crls


def pem(label, ders):
    return "".join(f"-----BEGIN {label}-----\n{base64.encodebytes(d).decode()}-----END {label}-----\n" for d in ders)


@pytest.fixture
def verdicts(tmp_path):
    """One test of the suite: our report, and whether openssl says OK."""
    cli, root = Cli(tmp_path), tmp_path / "root.pem"
    root.write_text(pem("CERTIFICATE", [(DATA / "certs/TrustAnchorRootCertificate.crt").read_bytes()]))

    def run(row):
        certs, crls = signed_mail(DATA / "smime" / f"Signed{row['name']}.eml")
        (tmp_path / "leaf.pem").write_text(pem("CERTIFICATE", certs[:1]))
        (tmp_path / "chain.pem").write_text(pem("CERTIFICATE", certs[1:]))
        (tmp_path / "crls.pem").write_text(pem("X509 CRL", crls))
        ours = ["cert", "verify", "leaf.pem", "--root", root, "--at", AT, "--allow-weak", "--crl-all"]
        theirs = ["openssl", "verify", "-CAfile", root, "-no-CApath", "-no-CAstore", "-attime", AT_EPOCH, "-crl_check_all", "-policy_check", "-extended_crl", "-use_deltas",
                  "-CRLfile", "crls.pem"]
        for i, crl in enumerate(crls):
            (tmp_path / f"{i}.crl").write_bytes(crl)
            ours += ["--crl", f"{i}.crl"]
        if len(certs) > 1:
            ours += ["--chain", "chain.pem"]
            theirs += ["-untrusted", "chain.pem"]
        policies = [o for o in row["options"].split() if o.startswith("policy=")]
        for o in row["options"].split():
            if o.startswith("policy="):
                ours += ["--policy", POLICY + o[7:]]
                theirs += ["-policy", POLICY + o[7:]]
            else:
                ours += [f"--{o}"]
                theirs += [OPENSSL_FLAGS[o]]
        theirs += [] if policies else ["-policy", "2.5.29.32.0"]
        judged = subprocess.run([*theirs, "leaf.pem"], cwd=tmp_path, capture_output=True, timeout=60)
        return cli.run(*ours, "--json", code=None).json, judged.returncode == 0
    return run


def reasons(report):
    return {f["id"] for f in report.get("findings", []) + [f for link in report.get("chain", []) for f in link["findings"]] if f["result"] == "fail"}


def test_the_table_is_whole():
    """Every mail of the suite is in the table, and names that say Valid or Invalid agree with it."""
    mails = {p.name.removeprefix("Signed").removesuffix(".eml") for p in (DATA / "smime").glob("*.eml")}
    assert {r["name"] for r in ROWS} == mails and len({r["number"] for r in ROWS}) == len(ROWS) > 240
    for r in ROWS:
        assert r["pkits"] in ("valid", "invalid") and bool(r["reason"]) == (r["pkits"] == "invalid"), r
        if r["name"].startswith("Invalid"):
            assert r["pkits"] == "invalid", r
        if r["name"].startswith("Valid") and r["number"].count(".") == 2:
            assert r["pkits"] == "valid", r
        assert (r["autocsr"], r["openssl"]) == ("=", "=") or r["why"], f"{r['number']} differs and nothing says why"


@pytest.mark.parametrize("section", SECTIONS)
def test_section(verdicts, section):
    wrong = []
    for row in (r for r in ROWS if r["number"].startswith(section + ".")):
        report, theirs = verdicts(row)
        ours = "valid" if report.get("ok") else "invalid"
        want = row["pkits"] if row["autocsr"] == "=" else row["autocsr"]
        if ours != want:
            wrong.append(f"{row['number']} {row['name']}: autocsr says {ours}, {want} expected: {report.get('detail')} ({report.get('error')})")
        elif ours == row["pkits"] == "invalid" and row["reason"] not in reasons(report):
            wrong.append(f"{row['number']} {row['name']}: refused for {reasons(report) or report}, not for {row['reason']}")
        if theirs != ((row["pkits"] if row["openssl"] == "=" else row["openssl"]) == "valid"):
            wrong.append(f"{row['number']} {row['name']}: openssl says {'valid' if theirs else 'invalid'}; list it")
    assert not wrong, "\n" + "\n".join(wrong)
