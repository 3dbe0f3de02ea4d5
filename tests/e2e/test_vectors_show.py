"""Every CSR, certificate, key, CRL, PKCS#7 and PKCS#12 of python3-cryptography-vectors through `autocsr show`, against a table of what is expected
and why (tests/vectors/cryptography-show.tsv)."""
import fnmatch
import json
import pathlib
import subprocess

import pytest
from harness import schema
from harness.cli import Cli
from harness.service import REPO

pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed")
vectors = pytest.importorskip("cryptography_vectors", reason="python3-cryptography-vectors is not installed")
ROOT = pathlib.Path(vectors.__file__).parent
ENDS = (".pem", ".der", ".crt", ".crl", ".p12", ".p7b", ".cp", ".key", ".pub")
TABLE = [line.split("\t") for line in (REPO / "tests/vectors/cryptography-show.tsv").read_text().splitlines() if line and not line.startswith("#")]


def verdict(shown):
    if "error" in shown:
        return shown["error"]["type"].rsplit(":", 1)[1]
    if "note" in shown:
        return "note"
    document = next(shown[k] for k in ("csr", "certificate", "crl", "key", "pkcs7", "pkcs12") if k in shown)
    return "problem" if document.get("problems") else "locked" if document.get("locked") else "ok"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """One run over all of them: path → document."""
    cli = Cli(tmp_path_factory.mktemp("vectors"))
    done = subprocess.run(cli.command("show", "--json", *(ROOT / d for d in ("x509", "asymmetric", "pkcs7", "pkcs12"))),
                          env=cli.env, capture_output=True, timeout=300)
    assert done.returncode == 3 and done.stderr == b"" and b"Sanitizer" not in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {line["file"].removeprefix(f"{ROOT}/"): line for line in lines}
    assert len(found) > 1500
    return {name: line for name, line in found.items() if name.endswith(ENDS)}


def test_every_answer_conforms(shown):
    for line in shown.values():
        schema.conforms("show", line)


def test_every_verdict_is_the_expected_one(shown):
    used, wrong = set(), []
    for name, line in shown.items():
        row = next((r for r in TABLE if fnmatch.fnmatch(name, r[0].lstrip("?"))), None)
        objects = line.get("objects", [])
        kind, said = "+".join(sorted({o["kind"] for o in objects})), "+".join(sorted({verdict(o) for o in objects}))
        if row is None or kind != row[1] or said not in row[2].split(" or "):
            wrong.append(f"{name}: {kind} {said or line['error']['type']}, expected {row}")
        used.add(row and row[0])
    assert not wrong, "\n".join(wrong[:20])
    assert not [r[0] for r in TABLE if r[0] not in used and r[0][0] != "?"], "rows of the table that nothing fits"
    assert all(r[3] or r[2].split("+")[0] in ("ok", "locked", "note", "ok or locked") for r in TABLE), "a difference without its reason"


def test_fingerprints_are_those_of_the_certificates(shown):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    seen = 0
    for path in sorted((ROOT / "x509/PKITS_data/certs").glob("*.crt"))[:100]:
        document = shown[str(path.relative_to(ROOT))]["objects"][0]["certificate"]
        try:
            certificate = x509.load_der_x509_certificate(path.read_bytes())
        except ValueError:  # newer versions refuse some of them
            continue
        assert document["sha256"] == certificate.fingerprint(hashes.SHA256()).hex()
        assert int(document["serial"], 16) == certificate.serial_number
        seen += 1
    assert seen > 90
