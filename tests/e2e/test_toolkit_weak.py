"""Weak keys: `autocsr key check` and `key list`, and the service's intake. Keys made here break one rule each; openssl and Python's own
arithmetic say what they are."""
import base64
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from harness import csrs
from harness.api import unique_name
from harness.cli import Cli
from harness.net import wait_for
from harness.service import BUILD, REPO

SHIPPED = REPO / "data/weak-keys/weak-keys.awl"


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


@pytest.fixture
def d(tmp_path):
    return tmp_path


@pytest.fixture(scope="module")
def primes():
    """Six 1024-bit primes."""
    found = []
    for _ in range(3):
        numbers = rsa.generate_private_key(65537, 2048).private_numbers()
        found += [numbers.p, numbers.q]
    return found


def public_pem(n, e=65537):
    return rsa.RSAPublicNumbers(e, n).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def pem_of(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def modulus_hash(n):
    """As openssl-blacklist has it."""
    return hashlib.sha1(f"Modulus={n:X}\n".encode()).hexdigest()[20:]


def spki_hash(key):
    return hashlib.sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def verdict(report, rule):
    return next(c["result"] for c in report["checks"] if c["id"] == rule)


def failed(report):
    return [c["id"] for c in report["checks"] if c["result"] == "fail"]


def batch(cli, *words, code=0, **kw):
    """The results and the summary of a run over many."""
    done = cli.run("key", "check", *words, code=code, **kw)
    *results, last = done.lines if "--json" in words else [{"summary": None}]
    return results, last["summary"]


# ---- the list of Debian weak keys

def build(cli, out, bits, numbers, *words, name=None):
    """A list of these moduli through a text file."""
    text = cli.cwd / (name or f"rsa{bits}-amd64-rnd.txt")
    text.write_text("# pid hash\n" + "".join(f"{i} {modulus_hash(n)}\n" for i, n in enumerate(numbers)))
    return cli.ask("key", "list", "build", out, text, *words)


def test_the_shipped_list_says_what_it_covers(cli):
    shown = cli.ask("key", "list", "show")
    assert shown["keys"] == 229376 and shown["covers"] == "rsa:2048 rsa:4096 (in part)"
    assert {(s["bits"], s["arch"], s["state"], s["keys"]) for s in shown["sections"]} == {
        (2048, a, s, 32768) for a in ("amd64", "i386") for s in ("rnd", "noreadrnd", "nornd")} | {(4096, "amd64", "rnd", 32768)}
    assert SHIPPED.read_bytes() == (BUILD / "data/weak-keys/weak-keys.awl").read_bytes()


def test_the_format_is_as_documented(cli, d):
    """Read with nothing but docs/WEAKLIST.md in hand."""
    data = SHIPPED.read_bytes()
    magic, version, n, length = struct.unpack(">8sIIQ", data[:24])
    assert (magic, version, n, length) == (b"ACSRWEAK", 1, 7, len(data))
    assert hashlib.sha256(data[:-32]).digest() == data[-32:]
    at = 24 + 192 * n
    for i in range(n):
        form, width, bits, e, count, offset = struct.unpack(">HHIQQQ", data[24 + 192 * i:56 + 192 * i])
        assert (form, width, e, count, offset) == (1, 8, 65537, 32768, at)
        entries = [data[at + 8 * k:at + 8 * k + 8] for k in range(count)]
        assert entries == sorted(set(entries))
        at += count * width
    assert at == len(data) - 32


@pytest.mark.parametrize("bits,answer,result", [(2048, "not-listed", "pass"), (4096, "in-part", "info"), (3072, "not-covered", "info")])
def test_not_listed_is_only_said_where_all_is_known(cli, d, bits, answer, result):
    (d / "k").write_bytes(rsa_spki(3 << (bits - 2) | int(VECTORS[0]["n"], 16), 65537))
    report = cli.run("key", "check", d / "k", "--json", code=None).json
    assert report["debian"] == answer and verdict(report, "key.debian") == result
    text = next(c["text"] for c in report["checks"] if c["id"] == "key.debian")
    assert "rsa:2048 rsa:4096 (in part)" in text and text.startswith("not checked") == (answer == "not-covered")


def test_another_exponent_and_other_algorithms_are_not_covered(cli, d):
    (d / "three").write_bytes(pem_of(rsa.generate_private_key(3, 2048)))
    assert cli.ask("key", "check", d / "three")["debian"] == "not-covered"
    (d / "ec").write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))
    assert cli.ask("key", "check", d / "ec")["debian"] == "not-covered"
    (d / "ed").write_bytes(pem_of(ed25519.Ed25519PrivateKey.generate()))
    assert cli.ask("key", "check", d / "ed")["debian"] == "not-concerned"


def test_a_listed_key_is_refused(cli, d):
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(3)]
    made = build(cli, d / "own.awl", 2048, [k.public_key().public_numbers().n for k in keys[:2]])
    assert made["keys"] == 2 and made["covers"] == "rsa:2048 (in part)"
    for i, key in enumerate(keys):
        (d / "k").write_bytes(pem_of(key))
        done = cli.run("key", "check", d / "k", "--weak-list", d / "own.awl", "--json", code=1 if i < 2 else 0).json
        assert (done["debian"], failed(done)) == (("listed", ["key.debian"]) if i < 2 else ("in-part", []))
    (d / "k").write_bytes(pem_of(keys[0]))
    env = Cli(d, {"AUTOCSR_WEAK_LIST": str(d / "own.awl")})
    assert env.run("key", "check", d / "k", "--json", code=1).json["debian"] == "listed"
    assert "amd64, rnd" in env.run("key", "check", d / "k", code=1).out.decode()


def test_lists_join_and_do_not_depend_on_order(cli, d):
    n = [rsa.generate_private_key(65537, 1024).public_key().public_numbers().n for _ in range(4)]
    build(cli, d / "a.awl", 1024, n[:3], name="blacklist.RSA-1024")
    build(cli, d / "b.awl", 1024, n[2:], name="blacklist.RSA-1024")
    first = cli.ask("key", "list", "build", d / "ab.awl", d / "a.awl", d / "b.awl")
    cli.ask("key", "list", "build", d / "ba.awl", d / "b.awl", d / "a.awl")
    assert first["keys"] == 4 and len(first["sections"]) == 1
    assert (d / "ab.awl").read_bytes() == (d / "ba.awl").read_bytes()
    both = cli.ask("key", "list", "build", d / "all.awl", SHIPPED, d / "ab.awl")
    assert both["keys"] == 229376 + 4 and both["covers"] == "rsa:1024 (in part) rsa:2048 rsa:4096 (in part)"
    (d / "k").write_bytes(public_pem(n[3]))
    assert failed(cli.run("key", "check", d / "k", "--weak-list", d / "all.awl", "--json", code=1).json) == ["key.rsa.bits", "key.debian"]


def test_the_forms_of_openssh_and_spki(cli, d):
    key = rsa.generate_private_key(65537, 2048)
    (d / "k").write_bytes(pem_of(key))
    blob = base64.b64decode(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
    (d / "ssh").write_text(hashlib.md5(blob).hexdigest()[12:] + "\n")
    cli.ask("key", "list", "build", d / "ssh.awl", d / "ssh", "--form", "openssh", "--bits", "2048")
    assert failed(cli.run("key", "check", d / "k", "--weak-list", d / "ssh.awl", "--json", code=1).json) == ["key.debian"]
    eckey = ec.generate_private_key(ec.SECP256R1())
    (d / "ec").write_bytes(pem_of(eckey))
    (d / "hashes").write_text(f"{spki_hash(key).hex()}\n{base64.b64encode(spki_hash(eckey)).decode()} # found in a firmware\n")
    cli.ask("key", "list", "build", d / "spki.awl", d / "hashes", "--form", "spki", "--source", "firmware 7")
    for k in ("k", "ec"):
        report = cli.run("key", "check", d / k, "--weak-list", d / "spki.awl", "--json", code=1).json
        assert failed(report) == ["key.blocked"] and report["debian"] == "not-covered"
        assert "firmware 7" in next(c["text"] for c in report["checks"] if c["id"] == "key.blocked")


@pytest.mark.parametrize("name,text", [("x.txt", "0123456789abcdef0123\n"), ("rsa2048-amd64-rnd.txt", "0123\n"),
                                       ("rsa2048-amd64-rnd.txt", "x 0123456789abcdef0123\n"), ("rsa2048-amd64-rnd.txt", "# nothing\n")])
def test_no_list_is_made_of_what_is_none(cli, d, name, text):
    (d / name).write_text(text)
    done = cli.run("key", "list", "build", d / "out.awl", d / name, "--json", code=None)
    assert done.code in (2, 3) and not (d / "out.awl").exists() and not (d / "out.awl.new").exists()


def reseal(data):
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


def damaged():
    """Name and bytes: each is wrong in one way, most with a right checksum."""
    data = bytearray(SHIPPED.read_bytes())
    yield "empty", b""
    yield "text", b"0123456789abcdef0123\n"
    yield "magic", reseal(b"X" + data[1:])
    yield "version", reseal(data[:11] + b"\2" + data[12:])
    yield "cut", bytes(data[:-1000])
    yield "cut and resealed", reseal(data[:-1000] + bytes(32))
    yield "grown", bytes(data) + b"\0"
    for name, at in [("a byte of the entries", 100000), ("a byte of the checksum", len(data) - 1)]:
        bad = bytearray(data)
        bad[at] ^= 1
        yield name, bytes(bad)
    bad = bytearray(data)
    bad[100000:100008] = b"\xff" * 8
    yield "order", reseal(bytes(bad))
    for name, at, value in [("sections", 12, b"\xff" * 4), ("no sections", 12, bytes(4)), ("form", 24, b"\0\x09"), ("width", 26, b"\0\7"),
                            ("wide", 26, b"\0\x0b"), ("count", 40, b"\xff" * 8), ("count that wraps", 40, struct.pack(">Q", 2**61 + 32768)), ("no entries", 40, bytes(8)), ("offset", 48, bytes(8)),
                            ("text without end", 56, b"a" * 16), ("control character", 56, b"\x1b"), ("text after its end", 70, b"x")]:
        bad = bytearray(data)
        bad[at:at + len(value)] = value
        yield name, reseal(bytes(bad))


@pytest.mark.parametrize("name,data", damaged(), ids=lambda v: v if isinstance(v, str) else "")
def test_a_damaged_list_is_refused(cli, d, name, data):
    (d / "bad.awl").write_bytes(data)
    (d / "k").write_bytes(pem_of(csrs.rsa_key()))
    for words in (("key", "check", d / "k", "--weak-list", d / "bad.awl"), ("key", "list", "show", d / "bad.awl")):
        assert cli.run(*words, "--json", code=3).problem == "input.weak-list"
    if name != "text":  # as text it is a line of hashes
        cli.run("key", "list", "build", d / "out.awl", d / "bad.awl", "--json", code=None)
        assert not (d / "out.awl").exists()


def test_without_a_list_it_is_said(d):
    """A copy of the program, away from the build tree."""
    program = d / "bin" / "autocsr"
    program.parent.mkdir()
    shutil.copy(BUILD / "src/cli/autocsr", program)
    (d / "k").write_bytes(pem_of(csrs.rsa_key()))
    done = subprocess.run([program, "key", "check", d / "k", "--json"], capture_output=True, timeout=60)
    report = json.loads(done.stdout)
    if report["weak_list"] is not None:
        pytest.skip("a list is installed on this machine")
    assert done.returncode == 0 and report["debian"] == "no-list" and verdict(report, "key.debian") == "info"
    assert subprocess.run([program, "key", "list", "show"], capture_output=True, timeout=60).returncode == 3


# ---- the rules

def der(tag, *parts):
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes([tag]) + size + body


def der_integer(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def rsa_spki(n, e):
    """By hand: no library makes the bad ones."""
    return der(0x30, der(0x30, bytes.fromhex("06092a864886f70d0101010500")), der(3, b"\0", der(0x30, der_integer(n), der_integer(e))))


VECTORS = json.loads((REPO / "tests/vectors/weak/rsa.json").read_text())


def said(report):
    return sorted(f"{c['result']} {c['id']}" for c in report["checks"] if c["result"] in ("warn", "fail"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_rsa_vectors(cli, d, vector):
    (d / "k").write_bytes(rsa_spki(int(vector["n"], 16), int(vector["e"])))
    bad = any(x.startswith("fail") for x in vector["expect"])
    report = cli.run("key", "check", d / "k", "--json", code=1 if bad else 0).json
    assert said(report) == sorted(vector["expect"]) and report["ok"] == (not bad)
    results, summary = batch(cli, d / "k", "--lines", "--thorough", "--json", code=1 if bad else 0)
    assert said(results[0]) == sorted(vector["expect"])


def test_slow_rules_only_when_asked_for(cli, d):
    vector = next(v for v in VECTORS if v["name"] == "prime modulus")
    (d / "k").write_bytes(rsa_spki(int(vector["n"], 16), 65537))
    assert batch(cli, d / "k", "--lines", "--json")[1]["weak"] == 0


def ec_spki(point, oid=bytes.fromhex("06082a8648ce3d030107")):
    alg = bytes.fromhex("06072a8648ce3d0201") + oid
    alg = b"\x30" + bytes([len(alg)]) + alg
    bits = b"\x03" + bytes([len(point) + 1]) + b"\0" + point
    return b"\x30" + bytes([len(alg + bits)]) + alg + bits


@pytest.mark.parametrize("point", [b"\4" + b"\1" * 64, b"\0", b"\4" + b"\xff" * 64, b"\2" + b"\0" * 31 + b"\1"],
                         ids=["not on the curve", "infinity", "out of range", "no such x"])
def test_bad_points_of_p256(cli, d, point):
    (d / "k").write_bytes(ec_spki(point))
    report = cli.run("key", "check", d / "k", "--json", code=1).json
    assert failed(report) == ["key.ec.point"] and not report["ok"]


SMALL_ORDER = ["0100" + "00" * 30, "ecff" + "ff" * 29 + "7f", "00" * 32, "00" * 31 + "80", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
               "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"]
NO_POINT = ["02" + "00" * 31, "ed" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f", "01" + "00" * 30 + "80"]


@pytest.mark.parametrize("raw", SMALL_ORDER + NO_POINT)
def test_bad_points_of_ed25519(cli, d, raw):
    (d / "k").write_bytes(bytes.fromhex("302a300506032b6570032100" + raw))
    report = cli.run("key", "check", d / "k", "--json", code=1).json
    assert failed(report) == ["key.ed.point"]
    assert ("small order" in next(c["text"] for c in report["checks"] if c["id"] == "key.ed.point")) == (raw in SMALL_ORDER)


def pkcs1(n, e, x, p, q, dp, dq, qi):
    raw = der(0x30, *(der_integer(v) for v in (0, n, e, x, p, q, dp, dq, qi)))
    return b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.encodebytes(raw) + b"-----END RSA PRIVATE KEY-----\n"


def test_damaged_private_keys(cli, d, primes):
    p, q, other = primes[:3]
    e = 65537
    x = pow(e, -1, (p - 1) * (q - 1))
    good = (p * q, e, x, p, q, x % (p - 1), x % (q - 1), pow(q, -1, p))
    (d / "k").write_bytes(pkcs1(*good))
    assert cli.ask("key", "check", d / "k")["ok"]
    for index, value, rule in [(0, p * other, "key.pair.modulus"), (2, x + 2, "key.pair.exponent"), (5, x % (p - 1) + 2, "key.pair.crt"),
                               (6, 3, "key.pair.crt"), (7, 5, "key.pair.crt"), (1, 257, "key.pair.exponent")]:
        bad = list(good)
        bad[index] = value
        (d / "k").write_bytes(pkcs1(*bad))
        assert rule in failed(cli.run("key", "check", d / "k", "--json", code=1).json), rule
    third = 3 * (q // 3 | 1)
    (d / "k").write_bytes(pkcs1(p * third, e, x, p, third, x % (p - 1), x % (third - 1), pow(third, -1, p)))
    assert "key.pair.prime" in failed(cli.run("key", "check", d / "k", "--json", code=1).json)


def test_a_private_ec_key_with_another_public_key(cli, d):
    a, b = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    raw = a.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    point = [k.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for k in (a, b)]
    (d / "k").write_bytes(b"-----BEGIN EC PRIVATE KEY-----\n" + base64.encodebytes(raw.replace(*point)) + b"-----END EC PRIVATE KEY-----\n")
    assert failed(cli.run("key", "check", d / "k", "--json", code=1).json) == ["key.pair.public"]


# ---- blocklists

@pytest.mark.parametrize("write", [lambda h: h.hex(), lambda h: h.hex().upper(), lambda h: h.hex(":"), lambda h: base64.b64encode(h).decode(),
                                   lambda h: "sha256//" + base64.b64encode(h).decode(), lambda h: f"  {h.hex()}  www.key  # lost\r"])
def test_blocklist_spellings(cli, d, write):
    key = csrs.new_key("ec:p256")
    (d / "k").write_bytes(pem_of(key))
    (d / "list").write_text("# ours\n\n" + "00" * 32 + "\n" + write(spki_hash(key)) + "\n")
    report = cli.run("key", "check", d / "k", "--blocklist", d / "list", "--json", code=1).json
    assert failed(report) == ["key.blocked"]
    (d / "list").write_text("00" * 32 + "\n")
    assert verdict(cli.ask("key", "check", d / "k", "--blocklist", d / "list"), "key.blocked") == "pass"
    (d / "second").write_text(spki_hash(key).hex())
    assert failed(cli.run("key", "check", d / "k", "--blocklist", d / "list", "--blocklist", d / "second", "--json", code=1).json)


@pytest.mark.parametrize("bad", ["zz" * 32, "00" * 31, "00" * 33, "AAAA", "www.key"])
def test_a_wrong_blocklist_is_refused(cli, d, bad):
    (d / "k").write_bytes(pem_of(csrs.new_key()))
    (d / "list").write_text("00" * 32 + "\n# a comment\n" + bad + "\n")
    done = cli.run("key", "check", d / "k", "--blocklist", d / "list", "--json", code=3)
    assert done.problem == "input.blocklist" and "line 3" in done.json["detail"]
    cli.run("key", "check", d / "k", "--blocklist", d / "absent", code=3)


# ---- many keys

def test_shared_primes(cli, d, primes):
    p, q, r, s, t, u = primes
    moduli = {"a": p * q, "b": p * r, "c": r * s, "d": t * u, "again": t * u}
    for name, n in moduli.items():
        (d / f"{name}.pem").write_bytes(public_pem(n, 3 if name == "again" else 65537))
    for name in "ab":
        (d / f"{name}2.pem").write_bytes((d / f"{name}.pem").read_bytes())
    found, summary = batch(cli, d, "--same", "--json", code=1)
    def names(kind):
        return {frozenset(os.path.basename(side["file"])[:-4] for side in o[kind]) for o in found if kind in o}
    assert names("shared_prime") == {frozenset("ab"), frozenset("bc")}
    assert names("same_key") == {frozenset(("a", "a2")), frozenset(("b", "b2"))}
    assert names("same_modulus") == {frozenset(("d", "again"))}
    assert (summary["keys"], summary["same_key"], summary["shared_prime"], summary["weak"]) == (7, 2, 3, 0)
    text = cli.run("key", "check", d, code=1).out.decode()
    assert "share a prime: both private keys can be computed" in text and "same modulus" in text
    assert batch(cli, d, "--no-compare", "--json")[1]["compared"] is False


def test_each_of_many_that_share_a_prime_is_named(cli, d, primes):
    with open(d / "all.pem", "wb") as f:
        for i in range(40):
            f.write(public_pem(primes[i % 3 + 2] * (2**1023 + 2 * i + 1)))
    found, summary = batch(cli, d / "all.pem", "--json", code=1)
    assert summary["keys"] == 40
    assert len({side["object"] for o in found for side in o.get("shared_prime", [])}) == 40


def test_a_directory(cli, d):
    pki = d / "pki"
    (pki / "deep").mkdir(parents=True)
    k = csrs.new_key("ec:p256")
    (pki / "k.pem").write_bytes(k.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (pki / "deep" / "r.csr").write_text(csrs.own_csr("a.test", k)[0])
    (pki / "deep" / "weak.pem").write_bytes(pem_of(rsa.generate_private_key(65537, 1024)))
    (pki / "README").write_text("not a key\n")
    (pki / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA!!\n-----END CERTIFICATE-----\n")
    (pki / "locked.pem").write_bytes(k.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")))
    found, summary = batch(cli, pki, "--json", code=1)
    assert (summary["files"], summary["keys"], summary["weak"], summary["unreadable"], summary["files_without_key"], summary["same_key"]) == (6, 3, 1, 2, 1, 1)
    by_name = {os.path.basename(o["file"]): o for o in found}
    assert failed(by_name["weak.pem"]) == ["key.rsa.bits"] and by_name["k.pem"]["ok"]
    assert by_name["locked.pem"]["error"]["type"].endswith("key.passphrase.needed")
    (d / "pass").write_text("secret\n")
    assert batch(cli, pki, "--passphrase-file", d / "pass", "--json", code=1)[1]["unreadable"] == 1
    (pki / "deep" / "weak.pem").unlink()
    batch(cli, pki, "--json", code=3)
    names = "".join(f"{p}\n" for p in (pki / "k.pem", pki / "deep/r.csr", pki / "absent"))
    found, summary = batch(cli, "--files-from", "-", "--json", code=3, stdin=names.encode())
    assert (summary["keys"], summary["unreadable"]) == (2, 1) and found[-1]["error"]["type"].endswith("input.open")


def test_a_stream(cli, d):
    """Longer than what is kept of it at a time, cut anywhere, with text between the blocks."""
    keys = [pem_of(ec.generate_private_key(ec.SECP256R1())) for _ in range(50)]
    stream = b"".join(b"subject %d\n" % i + keys[i % 50] for i in range(4000)) + b"the end\n"
    assert len(stream) > 2 * 256 * 1024
    found, summary = batch(cli, "-", "--json", stdin=stream)
    assert summary["keys"] == 4000 and summary["same_key"] == 3950 and summary["unreadable"] == 0
    assert [o["object"] for o in found] == list(range(1, 4001))
    done = cli.run("key", "check", "-", stdin=stream)
    assert done.out.decode().startswith("4000 keys in 1 files: 4000 without fault") and done.err == b""


def test_one_key_is_one_document_and_lines_are_lines(cli, d):
    (d / "k").write_bytes(pem_of(csrs.new_key()))
    assert "summary" not in cli.ask("key", "check", d / "k")
    assert batch(cli, d / "k", "--lines", "--json")[1]["keys"] == 1
    assert batch(cli, d / "k", d / "k", "--json")[1]["same_key"] == 1
    assert cli.run("key", "check", "--json", code=2).problem.startswith("usage.")
    (d / "none").write_text("nothing\n")
    assert cli.run("key", "check", d / "none", "--json", code=3).problem.startswith("input.")
    chain = (d / "k").read_bytes() + pem_of(csrs.new_key())
    assert batch(cli, "-", "--json", stdin=chain)[1]["keys"] == 2


# ---- the service

def problem_of(account, key):
    name = unique_name()
    response = account.call("POST", "/orders", {"product": "dv", "names": [name], "csr": csrs.own_csr(name, key)[0]})
    return response.status_code, response.json().get("type", "").removeprefix("urn:autocsr:error:")


def test_the_service_refuses_listed_and_blocked_keys(new_world, cli, d):
    listed, blocked, later = csrs.new_key("rsa:2048"), csrs.new_key(), csrs.new_key()
    build(cli, d / "own.awl", 2048, [listed.public_key().public_numbers().n])
    blocklist = d / "blocked"
    blocklist.write_text(spki_hash(blocked).hex() + "\n")
    world = new_world(config={"keys": {"weak_list": d / "own.awl", "blocklist": blocklist}})
    account = world.register()
    assert problem_of(account, listed) == (422, "key.debian")
    assert problem_of(account, blocked) == (422, "key.blocked")
    assert account.get("/orders")["orders"] == []
    checked = account.post("/csr/check", {"csr": csrs.own_csr("a.good.test", listed)[0]}, 200)
    assert not checked["ok"] and "key.debian" in failed(checked)
    assert problem_of(account, later)[0] == 201
    with blocklist.open("a") as f:
        f.write(spki_hash(later).hex() + "  # lost\n")
    os.kill(world.service.proc.pid, signal.SIGHUP)
    wait_for("the blocklist to be read again", lambda: problem_of(account, later) == (422, "key.blocked"), 20)
    with blocklist.open("a") as f:
        f.write("nonsense\n")
    os.kill(world.service.proc.pid, signal.SIGHUP)
    wait_for("the refusal", lambda: "blocklist.refused" in world.service.log_text(), 20)
    assert problem_of(account, blocked) == (422, "key.blocked")


def test_the_service_uses_the_installed_list(world, account):
    checked = account.post("/csr/check", {"csr": csrs.own_csr("a.good.test", csrs.rsa_key())[0]}, 200)
    assert verdict(checked, "key.debian") == "pass"
    checked = account.post("/csr/check", {"csr": csrs.own_csr("a.good.test", csrs.rsa_key(3072))[0]}, 200)
    assert verdict(checked, "key.debian") == "info"


@pytest.mark.parametrize("keys", [{"weak_list": "absent.awl"}, {"blocklist": "absent"}])
def test_the_service_does_not_start_without_a_list_that_it_was_given(new_world, keys):
    world = new_world(config={"keys": keys}, start=False)
    world.service.spawn()
    wait_for("the refusal", lambda: "config.keys" in world.service.log_text(), 20)
    assert "absent" in world.service.log_text()


# ---- every key of python3-cryptography-vectors

def test_every_key_of_the_cryptography_vectors(cli):
    """By the table; what is not in it is without fault. Another version of the package may hold more, which must then only be readable."""
    vectors = pytest.importorskip("cryptography_vectors")
    root = os.path.dirname(vectors.__file__)
    table = {}
    for line in (REPO / "tests/vectors/weak/cryptography.tsv").read_text().splitlines():
        if not line.startswith("#"):
            verdict_of, place = line.split("\t")
            table[place] = verdict_of
    results, summary = batch(cli, root, "--no-compare", "--json", code=1)
    said_of = {}
    for o in results:
        place = f"{os.path.relpath(o['file'], root)}#{o.get('object', 0)}"
        said_of[place] = "error " + o["error"]["type"].rsplit(":", 1)[1] if "error" in o else " ".join(sorted(failed(o)))
    assert len(said_of) == summary["keys"] + summary["unreadable"] > 600
    same_version = vectors.__version__ == "38.0.4"
    wrong = {p: v for p, v in said_of.items() if v != table.get(p, "" if same_version else v)}
    assert not wrong and (not same_version or set(table) <= set(said_of))
