"""ML-DSA (RFC 9881) and SLH-DSA (RFC 9909): made, checked, converted and issued where OpenSSL has them, with its own program as
the judge; elsewhere said to be lacking, in the same words everywhere, and shown as far as that goes."""
import base64
import hashlib
import json
import pathlib
import re
import subprocess

import pytest
from harness import crypto
from harness.api import Refused, unique_name
from harness.cli import Cli

VECTORS = pathlib.Path(__file__).parents[1] / "vectors" / "pqc"
ML_DSA = ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"]
SLH_DSA = [f"slh-dsa-{h}-{n}" for h in ("sha2", "shake") for n in ("128s", "128f", "192s", "192f", "256s", "256f")]
HAVE = b"ML-DSA" in subprocess.run(["openssl", "list", "-key-managers"], capture_output=True).stdout
LACKING = re.compile(r"this OpenSSL \(3\.\d+\.\d+\) has no (ML|SLH)-DSA; 3\.5 or newer does")
SEED = bytes(range(32))
# SHA-256 of the public keys in RFC 9881 appendix C; the vectors have the same seed.
SPKI = {"ml-dsa-44": "837832708c5236d951581f1fddf2b79991b3424a0486d16da1ddad0fd69701be",
        "ml-dsa-65": "b8b62131bfbe84433efb2273d7f5b87f7a22854a2cfd366fc2aead86d837c52d",
        "ml-dsa-87": "07e57c4f14dbad1267f621ec3777b4e2e6c4fbc4c22fbb87510ff8e0b3c6a642"}

with_pq = pytest.mark.skipif(not HAVE, reason="this OpenSSL has no post-quantum algorithms (3.5 does)")
without_pq = pytest.mark.skipif(HAVE, reason="this OpenSSL has post-quantum algorithms")


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


@pytest.fixture
def d(tmp_path):
    return tmp_path


def openssl(*words, stdin=None):
    return crypto.run("openssl", *words, stdin=stdin or b"").stdout


def body(pem):
    return base64.b64decode(b"".join(line for line in pem.splitlines() if not line.startswith(b"-----")))


def make(cli, d, key, *words):
    cli.run("csr", "new", "--host", "pq.example.com", "--key", key, "--keyout", d / "k", "--out", d / "csr", *(words or ("--no-passphrase",)))
    return d / "k", d / "csr"


# ---- everywhere

@pytest.mark.parametrize("name", ML_DSA + ["slh-dsa-sha2-128s", "slh-dsa-shake-128s"])
def test_a_csr_is_shown_by_name_whatever_openssl_knows(cli, name):
    view = cli.ask("csr", "show", VECTORS / f"{name}.csr")
    assert view["key_type"] == name and view["sans"] == ["DNS:pq.example.com", "DNS:www.pq.example.com", "IP:192.0.2.7"]
    assert view["signature_algorithm"] == name.upper().replace("128S", "128s")
    assert view["spki_sha256"] == SPKI.get(name, view["spki_sha256"]) and re.fullmatch("[0-9a-f]{64}", view["spki_sha256"])
    assert view["signature_valid"] is (True if HAVE else None)
    text = cli.run("csr", "show", VECTORS / f"{name}.csr").out.decode()
    assert name in text and ("not checked" in text) is not HAVE


def test_a_certificate_is_shown_by_name_whatever_openssl_knows(cli):
    root, leaf = (cli.ask("cert", "show", VECTORS / f)["certificates"][0] for f in ("ml-dsa-65-root.pem", "ml-dsa-44-leaf.pem"))
    assert (root["key_type"], leaf["key_type"]) == ("ml-dsa-65", "ml-dsa-44")
    assert root["signature_algorithm"] == leaf["signature_algorithm"] == "ML-DSA-65"
    assert (root["spki_sha256"], leaf["spki_sha256"]) == (SPKI["ml-dsa-65"], SPKI["ml-dsa-44"])
    assert leaf["subject"]["CN"] == "pq.example.com" and root["ca"] and not leaf["ca"]


def test_csr_and_certificate_of_one_key_match(cli):
    assert cli.run("match", VECTORS / "ml-dsa-65.csr", VECTORS / "ml-dsa-65-root.pem", code=0)
    assert cli.run("match", VECTORS / "ml-dsa-44.csr", VECTORS / "ml-dsa-65-root.pem", code=1)


# ---- where OpenSSL has none

@without_pq
@pytest.mark.parametrize("words", [
    ["csr", "new", "--host", "a.example.com", "--no-passphrase", "--keyout", "k", "--key", "ml-dsa-65"],
    ["csr", "new", "--host", "a.example.com", "--no-passphrase", "--keyout", "k", "--key", "slh-dsa-shake-256f"],
    ["csr", "check", VECTORS / "ml-dsa-65.csr"],
    ["key", "check", VECTORS / "ml-dsa-65.key"],
    ["key", "check", VECTORS / "slh-dsa-sha2-128s.key"],
    ["key", "check", VECTORS / "ml-dsa-44-leaf.pem"],
    ["key", "check", VECTORS / "ml-dsa-44.csr"],
    ["cert", "verify", VECTORS / "ml-dsa-44-leaf.pem", "--root", VECTORS / "ml-dsa-65-root.pem"],
    ["cert", "verify", VECTORS / "ml-dsa-44-leaf.pem", "--root", VECTORS / "ml-dsa-65-root.pem", "--allow-weak"],
], ids=lambda w: " ".join(pathlib.Path(x).name for x in w))
def test_what_openssl_lacks_is_said_and_is_5(cli, d, words):
    done = cli.run(*words, code=5)
    assert LACKING.search(done.text), done.text
    assert not (d / "k").exists()
    assert cli.run(*words, "--json", code=5).problem == "openssl.unsupported"


@without_pq
def test_match_says_which_files_it_could_not_compare(cli):
    done = cli.run("match", VECTORS / "ml-dsa-65.key", VECTORS / "ml-dsa-65.csr", VECTORS / "ml-dsa-65-root.pem", "--json", code=5).json
    assert [(pathlib.Path(u["file"]).name, u["error"]) for u in done["unreadable"]] == [("ml-dsa-65.key", "openssl.unsupported")]
    assert LACKING.search(done["unreadable"][0]["detail"]) and len(done["groups"]) == 1


@without_pq
def test_an_encrypted_key_is_lacking_only_with_its_passphrase(cli, d):
    (d / "right").write_text("test-only\n")
    (d / "wrong").write_text("test-0nly\n")
    key = VECTORS / "ml-dsa-65-encrypted.key"
    assert LACKING.search(cli.run("key", "check", key, "--passphrase-file", d / "right", code=5).text)
    assert not LACKING.search(cli.run("key", "check", key, "--passphrase-file", d / "wrong", code=None).text)


@without_pq
def test_what_openssl_lacks_is_in_no_menu(cli, world, account):
    for product in account.get("/products")["products"]:
        assert not [k for k in product["key_types"] if "dsa-" in k] and "ed25519" in product["key_types"]
    assert "dsa-" not in cli.run("csr", "new", "--help").text
    with pytest.raises(Refused) as no:
        account.order(unique_name(), key_type="ml-dsa-65")
    problem = no.value.response.json()
    assert no.value.response.status_code == 501 and LACKING.search(problem["detail"]), problem
    with pytest.raises(Refused) as no:
        account.post("/orders", {"product": "dv", "csr": (VECTORS / "ml-dsa-65.csr").read_text()}, 201)
    assert LACKING.search(no.value.response.json()["detail"])


# ---- where it has

@with_pq
@pytest.mark.parametrize("key", ML_DSA + [k for k in SLH_DSA if k[-4:] not in ("192s", "256s")])  # those take seconds a signature
def test_key_and_csr_of_every_type(cli, d, key):
    k, csr = make(cli, d, key)
    openssl("req", "-in", csr, "-noout", "-verify")
    assert openssl("pkey", "-in", k, "-pubout") == openssl("req", "-in", csr, "-noout", "-pubkey")
    assert cli.ask("csr", "show", csr)["key_type"] == key
    assert cli.run("csr", "check", csr, "--host", "pq.example.com", "--policy", "private")
    assert cli.run("csr", "check", csr, "--policy", "public", code=1)
    assert cli.run("match", k, csr, code=0)
    assert cli.ask("key", "check", k)["key_type"] == key
    assert cli.run("key", "check", k, "--policy", "public", code=1)


@with_pq
@pytest.mark.parametrize("key", ML_DSA)
def test_the_forms_of_a_private_key_are_those_of_openssl(cli, d, key):
    by = {"seed": "seed-only", "expanded": "priv-only", "both": "seed-priv"}
    for form, theirs in by.items():
        name = d / form
        cli.run("csr", "new", "--host", "pq.example.com", "--key", key, "--keyout", name, "--no-passphrase", "--pq-form", form, "--out", d / f"{form}.csr")
        assert name.read_bytes() == openssl("pkey", "-in", name, "-provparam", f"ml-dsa.output_formats={theirs}")
        assert cli.run("match", name, d / f"{form}.csr", code=0)
        der = body(name.read_bytes())
        assert (form == "seed") is (len(der) == 54)
    make(cli, d, key)
    assert len(body((d / "k").read_bytes())) == 54  # the seed, unless one asks


@with_pq
def test_forms_and_jwk_by_conversion(cli, d):
    def to(file, form, name):
        cli.run("cert", "convert", file, "--to", "pkcs8", "--pq-form", form, "--no-passphrase", "--out", d / name)
        return (d / name).read_bytes()
    seed = (VECTORS / "ml-dsa-87.key").read_bytes()
    both = to(VECTORS / "ml-dsa-87.key", "both", "both")
    assert to(d / "both", "seed", "seed") == seed
    assert to(d / "both", "expanded", "expanded") == openssl("pkey", "-in", d / "both", "-provparam", "ml-dsa.output_formats=priv-only")
    assert both == openssl("pkey", "-in", d / "both", "-provparam", "ml-dsa.output_formats=seed-priv")
    for words in (["--to", "pkcs8", "--pq-form", "seed", "--no-passphrase"], ["--to", "jwk-private"]):  # a seed is not found again
        assert "without its seed" in cli.run("cert", "convert", d / "expanded", *words, "--out", d / "no", code=None).text and not (d / "no").exists()
    # RFC 9964: AKP, and the thumbprint over alg, kty and pub
    jwk = json.loads(cli.run("cert", "convert", VECTORS / "ml-dsa-87.key", "--to", "jwk").out)
    raw = openssl("pkey", "-in", VECTORS / "ml-dsa-87.key", "-pubout", "-outform", "DER")[-2592:]
    assert (jwk["kty"], jwk["alg"], b64url(raw)) == ("AKP", "ML-DSA-87", jwk["pub"])
    required = json.dumps({k: jwk[k] for k in ("alg", "kty", "pub")}, separators=(",", ":")).encode()
    assert jwk["kid"] == b64url(hashlib.sha256(required).digest())
    cli.run("cert", "convert", d / "both", "--to", "jwk-private", "--out", d / "jwk")
    assert json.loads((d / "jwk").read_text()) == {**jwk, "priv": b64url(SEED)}
    assert cli.run("cert", "convert", VECTORS / "slh-dsa-sha2-128s.key", "--to", "jwk", "--json", code=3).problem == "key.jwk"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@with_pq
def test_only_ml_dsa_keys_have_forms(cli, d):
    for words in (["--key", "ec:p256", "--pq-form", "seed"], ["--key", "slh-dsa-sha2-128f", "--pq-form", "both"], ["--key", "ml-dsa-44", "--pq-form", "priv"]):
        done = cli.run("csr", "new", "--host", "a.example.com", *words, "--keyout", d / "k", "--no-passphrase", "--json", code=None)
        assert done.code in (2, 3) and "RFC 9881" in done.out.decode() and not (d / "k").exists()


@with_pq
def test_seed_and_expanded_key_must_belong_together(cli, d):
    openssl("pkey", "-in", VECTORS / "ml-dsa-44.key", "-provparam", "ml-dsa.output_formats=seed-priv", "-out", d / "both")
    der = bytearray(body((d / "both").read_bytes()))
    assert cli.ask("key", "check", d / "both")["spki_sha256"] == SPKI["ml-dsa-44"]
    at = der.index(SEED)
    for place in (at, at + 31, at + 40, len(der) - 1):
        bad = bytearray(der)
        bad[place] ^= 1
        (d / "bad").write_bytes(bad)
        done = cli.run("key", "check", d / "bad", "--json", code=3)
        assert done.problem == "key.parse" and "do not belong together" in done.json["detail"]


@with_pq
@pytest.mark.parametrize("key", ["ml-dsa-87", "slh-dsa-shake-128f"])
def test_encrypted_keys_and_pkcs12(cli, d, key):
    (d / "p").write_text("test-only\n")
    k, csr = make(cli, d, key, "--passphrase-file", d / "p")
    assert b"ENCRYPTED PRIVATE KEY" in k.read_bytes()
    plain = openssl("pkey", "-in", k, "-passin", "pass:test-only")
    assert openssl("pkey", "-pubout", stdin=plain) == openssl("req", "-in", csr, "-noout", "-pubkey")
    (d / "plain").write_bytes(plain)
    openssl("req", "-x509", "-key", d / "plain", "-subj", "/CN=pq.example.com", "-days", "9", "-out", d / "pem")
    cli.run("cert", "convert", d / "pem", "--p12", "modern", "--key", k, "--key-passphrase-file", d / "p", "--passphrase-file", d / "p", "--out", d / "p12")
    again = openssl("pkcs12", "-in", d / "p12", "-passin", "pass:test-only", "-nodes", "-nocerts")
    assert openssl("pkey", "-pubout", stdin=again) == openssl("pkey", "-pubout", stdin=plain)
    cli.run("cert", "convert", d / "p12", "--passphrase-file", d / "p", "--to", "fullchain", "--keyout", d / "back", "--no-passphrase", "--out", d / "chain")
    assert cli.run("match", d / "back", d / "chain", csr, code=0)


@with_pq
def test_the_archive_takes_them(cli, d):
    new = cli.ask("csr", "new", "--host", "pq.example.com", "--key", "ml-dsa-65", "--archive", d / "a.zip", "--code-file", d / "code")
    (d / "csr").write_text(new["csr"])
    key = crypto.open_archive((d / "a.zip").read_bytes(), (d / "code").read_text().strip())
    assert openssl("pkey", "-pubout", stdin=key) == openssl("req", "-in", d / "csr", "-noout", "-pubkey")


@with_pq
def test_chains_verify_and_forged_ones_do_not(cli, d):
    leaf, root = VECTORS / "ml-dsa-44-leaf.pem", VECTORS / "ml-dsa-65-root.pem"
    openssl("verify", "-CAfile", root, leaf)
    assert cli.run("cert", "verify", leaf, "--root", root, "--host", "www.pq.example.com", code=0)
    der = bytearray(body(leaf.read_bytes()))
    der[-1] ^= 1
    (d / "forged").write_bytes(der)
    assert "signature" in cli.run("cert", "verify", d / "forged", "--root", root, code=1).text


# ---- the service

def same_public(*commands):
    return len({openssl(*words, stdin=data) for words, data in commands}) == 1


def order(world, account, key_type):
    """As World.issue, judged by openssl alone: other libraries do not know such keys yet."""
    placed = account.order([unique_name()], key_type=key_type)
    archive = account.fetch_archive(placed)
    now = account.acknowledge(placed, archive)
    if now["state"] == "validating":
        world.validate(account, now)
    now = account.wait_state(placed, "issued")
    key = crypto.open_archive(archive, account.code(placed))
    return now, key, account.get(f"/orders/{placed['id']}/csr"), account.certificate(placed)


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


@with_pq
@pytest.mark.parametrize("key_type", ML_DSA)
def test_an_order_without_a_csr(world, account, key_type):
    now, key, csr, chain = order(world, account, key_type)
    csr, chain = as_bytes(csr), as_bytes(chain)
    assert now["key_type"] == key_type
    openssl("req", "-noout", "-verify", stdin=csr)
    assert same_public((("pkey", "-pubout"), key), (("req", "-noout", "-pubkey"), csr), (("x509", "-noout", "-pubkey"), chain))
    crypto.verify_chain(chain, world.service.root_pem)
    text = openssl("x509", "-noout", "-ext", "keyUsage", stdin=chain).decode()
    assert "Digital Signature" in text and "Encipherment" not in text and "Agreement" not in text


@with_pq
def test_nothing_of_such_a_key_is_kept(world, account):
    now, key, _, _ = order(world, account, "ml-dsa-65")
    der = body(key)
    seed = der[-32:]
    assert len(der) == 54
    expanded = body(openssl("pkey", "-provparam", "ml-dsa.output_formats=priv-only", stdin=key))[24:]
    secret = expanded[32:64] + expanded[128:]  # rho and tr are public: the rest is K, s1, s2, t0
    patterns = [seed, seed.hex().encode(), base64.b64encode(der)[-32:], expanded[32:64], secret[-48:], secret[200:248], b"PRIVATE KEY"]
    kept = list(world.service.state_contents()) + [("log", world.service.log_text(all_runs=True).encode())]
    kept += [(p, memory) for p, memory in memories(world.service)]
    assert any(now["names"][0].encode() in memory for p, memory in kept if str(p).startswith("memory"))  # so the scan sees something
    found = [(str(where), i) for where, data in kept for i, piece in enumerate(patterns[:6] + (patterns[6:] if where == "log" else [])) if piece in data]
    assert not found


def memories(service):
    """All readable memory of every process of the service."""
    for pid in service.processes():
        out = []
        try:
            with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
                for line in maps:
                    start, end = (int(x, 16) for x in line.split()[0].split("-"))
                    if "r" in line.split()[1] and not line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                        try:
                            mem.seek(start)
                            out.append(mem.read(end - start))
                        except (OSError, ValueError):
                            continue
        except (FileNotFoundError, PermissionError):
            continue
        yield f"memory of {pid}", b"".join(out)


@with_pq
@pytest.mark.parametrize("key_type", ["ml-dsa-44", "ml-dsa-87"])
def test_an_order_with_ones_own_csr(world, account, cli, d, key_type):
    name = unique_name()
    cli.run("csr", "new", "--host", name, "--key", key_type, "--keyout", d / "k", "--no-passphrase", "--out", d / "csr")
    _, chain = world.issue_csr(account, (d / "csr").read_text(), [name])
    assert same_public((("pkey", "-in", d / "k", "-pubout"), None), (("x509", "-noout", "-pubkey"), as_bytes(chain)))


@with_pq
def test_slh_dsa_where_the_operator_allows_it(new_world):
    world = new_world()
    admin, account = world.admin(), world.register()
    with pytest.raises(Refused) as no:
        account.order(unique_name(), key_type="slh-dsa-shake-256f")
    assert "key_types" not in str(no.value) and no.value.response.status_code == 422
    dv = next(p for p in admin.get("/products")["products"] if p["id"] == "dv")
    assert set(ML_DSA) < set(dv["key_types"]) and not [k for k in dv["key_types"] if k.startswith("slh-")]
    admin.patch("/products/dv", {"key_types": [*dv["key_types"], *SLH_DSA]})
    for key_type in ("slh-dsa-shake-256f", "slh-dsa-sha2-128s"):
        _, key, csr, chain = order(world, account, key_type)
        assert same_public((("pkey", "-pubout"), key), (("req", "-noout", "-pubkey"), as_bytes(csr)), (("x509", "-noout", "-pubkey"), as_bytes(chain)))


@with_pq
def test_a_ca_with_an_ml_dsa_key(new_world):
    world = new_world(config={"ca": {"key_type": "ml-dsa-65"}})
    account = world.register()
    _, key, _, chain = order(world, account, "ec:p256")
    crypto.verify_chain(as_bytes(chain), world.service.root_pem)
    assert b"ML-DSA-65" in openssl("x509", "-noout", "-text", stdin=as_bytes(chain))
