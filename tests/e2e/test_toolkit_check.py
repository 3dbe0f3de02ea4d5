"""csr check: a CSR that breaks a rule, and nothing else, for every rule; hosts; policies; days; batches; bombs."""
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from harness import csrs
from harness.cli import Cli
from harness.library import option
from harness.csrs import (MD5_RSA, SHA1_RSA, dns_names, extension, extension_request, integer, own_csr, raw_csr, rsa_key,
                          rsa_spki, san_request, seq, tlv, to_der)

ROOT = pathlib.Path(__file__).resolve().parents[2]
TODAY = "2026-11-23"
GOOD = b"www.example.com"


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


@pytest.fixture
def d(tmp_path):
    return tmp_path


# ---- by hand

def oid(text):
    first, second, *rest = (int(p) for p in text.split("."))
    out = b""
    for n in [40 * first + second, *rest]:
        part = [n & 0x7F]
        while n := n >> 7:
            part.insert(0, 0x80 | n & 0x7F)
        out += bytes(part)
    return tlv(6, out)


CN, C, ST, L, O, OU, EMAIL, SERIAL = "2.5.4.3", "2.5.4.6", "2.5.4.8", "2.5.4.7", "2.5.4.10", "2.5.4.11", \
    "1.2.840.113549.1.9.1", "2.5.4.5"


def field(kind, value, tag=0x0C):
    return seq(oid(kind), tlv(tag, value))


def name(*fields):
    """Each field in an RDN of its own; (kind, value) or (kind, value, tag)."""
    return seq(*[tlv(0x31, field(*f)) for f in fields])


def subject(*fields, **kw):
    return raw_csr([san_request(GOOD)], name=name(*fields), **kw)


def names(*dns):
    return raw_csr([san_request(*dns)])


def general(*gens):
    return raw_csr([extension_request(extension(oid("2.5.29.17"), seq(*gens)))])


def asks(kind, value, critical=False):
    return raw_csr([extension_request(extension(oid("2.5.29.17"), dns_names(GOOD)), extension(oid(kind), value, critical))])


def eku(*purposes):
    return asks("2.5.29.37", seq(*[oid(p) for p in purposes]))


def attribute(kind, value):
    return raw_csr([san_request(GOOD), seq(oid(kind), tlv(0x31, value))])


def key_usage(bits, key=None):
    unused = 8 * len(bits) - max((i + 1 for i in range(8 * len(bits)) if bits[i // 8] >> (7 - i % 8) & 1), default=0)
    return raw_csr([extension_request(extension(oid("2.5.29.17"), dns_names(GOOD)),
                                      extension(oid("2.5.29.15"), tlv(3, bytes([unused]), bits)))], key=key)


def ber_length(der):
    return b"\x30\x83\x00" + der[2:]


def deep(n):
    out = b"\x05\x00"
    for _ in range(n):
        out = seq(out)
    return out


def on_curve(curve, digest):
    return to_der(own_csr(GOOD.decode(), key=ec.generate_private_key(curve), digest=digest)[0])


def weak(n, e):
    return raw_csr([san_request(GOOD)], public=rsa_spki(n, e), signature=b"\0" * 256)


def modulus():
    return rsa_key().public_key().public_numbers().n


# what is broken: (rules and results, all but notes; the CSR)
W, F, N = "warn", "fail", "info"
BROKEN = {
    # form
    "csr.der.length": ({"csr.der.length": F}, lambda: ber_length(names(GOOD))),
    "csr.der.indefinite": ({"csr.der.indefinite": F}, lambda: b"\x30\x80" + names(GOOD)[4:] + b"\0\0"),
    "csr.der.depth": ({"csr.der.depth": F}, lambda: attribute("1.2.3.4", deep(20))),
    "csr.der.integer": ({"csr.der.integer": F}, lambda: raw_csr([san_request(GOOD)], public=seq(
        seq(bytes.fromhex("06092a864886f70d010101"), b"\x05\x00"), tlv(3, b"\0", seq(
            tlv(2, modulus().to_bytes(256, "big")), integer(65537)))))),
    "csr.der": ({"csr.der": F}, lambda: attribute("1.2.3.4", b"\x01\x01\x05")),
    "csr.trailing": ({"csr.trailing": F}, lambda: names(GOOD) + b"x"),
    "csr.too-large": ({"csr.too-large": F, "csr.challenge-password": W},
                      lambda: attribute("1.2.840.113549.1.9.7", tlv(0x0C, b"a" * 20000))),
    "csr.version": ({"csr.version": F}, lambda: raw_csr([san_request(GOOD)], version=b"\x02\x01\x02")),
    "csr.signature": ({"csr.signature": F}, lambda: raw_csr([san_request(GOOD)], spoil=True)),
    "csr.digest": ({"csr.digest": F}, lambda: raw_csr([san_request(GOOD)], algorithm=MD5_RSA, digest=hashes.MD5())),
    "csr.digest.sha1": ({"csr.digest.sha1": F}, lambda: raw_csr([san_request(GOOD)], algorithm=SHA1_RSA, digest=hashes.SHA1())),
    "csr.digest.fit": ({"csr.digest.fit": N}, lambda: on_curve(ec.SECP384R1(), hashes.SHA256())),
    "csr.extensions.bad": ({"csr.extensions.bad": F}, lambda: asks("2.5.29.19", b"\x02\x01\x05")),
    "csr.extensions.duplicate": ({"csr.extensions.duplicate": F}, lambda: asks("2.5.29.17", dns_names(b"a.example.com"))),
    "csr.extensions.several": ({"csr.extensions.several": F}, lambda: raw_csr([san_request(GOOD), san_request(b"a.example.com")])),
    "csr.subject.control": ({"csr.subject.control": F}, lambda: subject((O, b"a\nb"))),
    "csr.subject.type": ({"csr.subject.type": F, "subject.string-type": W}, lambda: subject((O, b"\x01\x01\xff", 0x30))),
    "csr.san.control": ({"csr.san.control": F}, lambda: names(b"www.exam\0ple.com")),
    "csr.san.ascii": ({"csr.san.ascii": F}, lambda: names("bücher.example.com".encode())),
    "csr.san.empty": ({"csr.san.empty": F}, lambda: names(GOOD, b"")),
    "csr.san.ip": ({"csr.san.ip": F}, lambda: general(tlv(0x87, b"\x08\x08\x08"))),
    "csr.sans.many": ({"csr.sans.many": F}, lambda: names(*[b"a%d.example.com" % i for i in range(101)])),
    # key
    "csr.key": ({"csr.key": F, "csr.signature": F}, lambda: raw_csr([san_request(GOOD)], public=seq(
        seq(oid("1.2.3.4")), tlv(3, b"\0\1")), signature=b"x")),
    "key.rsa.bits": ({"key.rsa.bits": F}, lambda: raw_csr([san_request(GOOD)], key=rsa_key(1024))),
    "key.rsa.even": ({"key.rsa.even": F, "csr.signature": F}, lambda: weak(modulus() - 1, 65537)),
    "key.rsa.exponent": ({"key.rsa.exponent": F, "key.rsa.exponent.low": W, "csr.signature": F}, lambda: weak(modulus(), 2)),
    "key.rsa.exponent.low": ({"key.rsa.exponent.low": W}, lambda: to_der(own_csr(GOOD.decode(), key=rsa.generate_private_key(
        3, 2048))[0])),
    "key.rsa.factor": ({"key.rsa.factor": F, "csr.signature": F}, lambda: weak(
        751 * (modulus() // 751 | 1), 65537)),
    "key.ec.curve": ({"key.ec.curve": F, "policy.key-type": F}, lambda: on_curve(ec.SECP256K1(), hashes.SHA256())),
    # names
    "csr.san.absent": ({"csr.san.absent": F}, lambda: raw_csr()),
    "csr.san.type": ({"csr.san.type": F}, lambda: general(tlv(0x82, GOOD), tlv(0x81, b"a@example.com"))),
    "csr.san.type uri": ({"csr.san.type": F}, lambda: general(tlv(0x82, GOOD), tlv(0x86, b"https://example.com/"))),
    "csr.san.type upn": ({"csr.san.type": F}, lambda: general(tlv(0x82, GOOD), tlv(
        0xA0, oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xA0, tlv(0x0C, b"a@example.com"))))),
    "csr.san.duplicate": ({"csr.san.duplicate": W}, lambda: names(GOOD, GOOD)),
    "csr.san.redundant": ({"csr.san.redundant": N, "name.wildcard": N}, lambda: names(b"*.example.com", GOOD)),
    "name.length": ({"name.length": F}, lambda: names(b".".join([b"a" * 50] * 6) + b".com")),
    "name.label.length": ({"name.label.length": F}, lambda: names(b"a" * 64 + b".example.com")),
    "name.label.empty": ({"name.label.empty": F}, lambda: names(b"www..example.com")),
    "name.trailing-dot": ({"name.trailing-dot": F}, lambda: names(GOOD + b".")),
    "name.ldh": ({"name.ldh": F}, lambda: names(b"-a.example.com")),
    "name.hyphens": ({"name.hyphens": F}, lambda: names(b"ab--c.example.com")),
    "name.alabel": ({"name.alabel": F}, lambda: names(b"xn--a.example.com")),
    "name.url": ({"name.url": F}, lambda: names(b"https://www.example.com/")),
    "name.underscore": ({"name.underscore": F}, lambda: names(b"a_b.example.com")),
    "name.wildcard.position": ({"name.wildcard.position": F}, lambda: names(b"www.*.example.com")),
    "name.wildcard.suffix": ({"name.wildcard.suffix": F}, lambda: names(b"*.co.uk")),
    "name.wildcard": ({"name.wildcard": N}, lambda: names(b"*.example.com")),
    "name.suffix": ({"name.suffix": F}, lambda: names(b"co.uk")),
    "name.internal": ({"name.internal": F}, lambda: names(b"server.corp")),
    "name.special": ({"name.special": F}, lambda: names(b"printer.local")),
    "name.reverse": ({"name.reverse": F}, lambda: names(b"1.2.0.192.in-addr.arpa")),
    "name.numeric-tld": ({"name.numeric-tld": F}, lambda: names(b"example.123a.0x1")),
    "name.ip": ({"name.ip": F}, lambda: names(b"1.2.3")),
    "name.ip.reserved": ({"name.ip.reserved": F}, lambda: general(tlv(0x87, bytes([10, 0, 0, 1])))),
    "name.ip.as-dns": ({"name.ip.as-dns": F}, lambda: names(b"8.8.8.8")),
    "name.canonical": ({"name.canonical": W}, lambda: names(b"WWW.example.com")),
    "name.scripts": ({"name.scripts": W}, lambda: names("аpple".encode("idna") + b".com")),
    "name.homograph": ({"name.homograph": W}, lambda: names("аррӏе".encode("idna") + b".com")),
    # subject
    "csr.cn": ({"csr.cn": F}, lambda: subject((CN, b"other.example.com"))),
    "csr.cn.several": ({"csr.cn.several": F}, lambda: subject((CN, GOOD), (CN, b"x.example.com"))),
    "csr.ou": ({"csr.ou": W}, lambda: subject((OU, b"Research"))),
    "csr.subject-email": ({"csr.subject-email": W}, lambda: subject((EMAIL, b"a@example.com", 0x16))),
    "subject.country": ({"subject.country": F}, lambda: subject((C, b"UK", 0x13))),
    "subject.country lower": ({"subject.country": F}, lambda: subject((C, b"de", 0x13))),
    "subject.country XX": ({"subject.country": F}, lambda: subject((C, b"XX", 0x13))),
    "subject.length": ({"subject.length": F}, lambda: subject((O, b"a" * 65))),
    "subject.empty": ({"subject.empty": F}, lambda: subject((O, b""))),
    "subject.blank": ({"subject.blank": F}, lambda: subject((O, b" Example GmbH"))),
    "subject.metadata": ({"subject.metadata": F}, lambda: subject((ST, b"-"))),
    "subject.placeholder": ({"subject.placeholder": W}, lambda: subject((ST, b"Some-State"))),
    "subject.string-type": ({"subject.string-type": W}, lambda: subject((O, "Prüfung".encode("utf-16-be"), 0x1E))),
    "subject.string-type C": ({"subject.string-type": W}, lambda: subject((C, b"DE"))),
    "subject.order": ({"subject.order": N}, lambda: subject((O, b"Example GmbH"), (C, b"DE", 0x13))),
    "subject.duplicate": ({"subject.duplicate": F}, lambda: subject((O, b"Example GmbH"), (O, b"Other GmbH"))),
    "subject.joined": ({"subject.joined": F}, lambda: raw_csr([san_request(GOOD)], name=seq(tlv(
        0x31, field(ST, b"Bayern"), field(L, b"Hof"))))),
    "subject.unknown": ({"subject.unknown": W}, lambda: subject(("1.2.3.4", b"x"))),
    # what it asks for
    "csr.ca": ({"csr.ca": F}, lambda: asks("2.5.29.19", seq(b"\x01\x01\xff"), True)),
    "csr.key-usage": ({"csr.key-usage": W}, lambda: key_usage(b"\x88")),
    "csr.key-usage ec": ({"csr.key-usage": W}, lambda: key_usage(b"\xa0", key=csrs.new_key())),
    "csr.key-usage none": ({"csr.key-usage": W}, lambda: key_usage(b"\x20")),
    "csr.key-usage.ca": ({"csr.key-usage.ca": F}, lambda: key_usage(b"\x86")),
    "csr.eku": ({"csr.eku": F}, lambda: eku("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3")),
    "csr.eku.client": ({"csr.eku.client": W}, lambda: eku("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2")),
    "csr.eku.any": ({"csr.eku.any": F}, lambda: eku("2.5.29.37.0")),
    "csr.ext.aki": ({"csr.ext.aki": W}, lambda: asks("2.5.29.35", seq(tlv(0x80, b"12345678")))),
    "csr.ext.ski": ({"csr.ext.ski": N}, lambda: asks("2.5.29.14", tlv(4, b"12345678"))),
    "csr.ext.netscape": ({"csr.ext.netscape": W}, lambda: asks("2.16.840.1.113730.1.1", b"\x03\x02\x06\x40")),
    "csr.ext.critical": ({"csr.ext.critical": F}, lambda: asks("1.2.3.4", b"\x05\x00", True)),
    "csr.ext.unknown": ({"csr.ext.unknown": W}, lambda: asks("1.2.3.4", b"\x05\x00")),
    "csr.ext.template": ({"csr.ext.template": W}, lambda: asks("1.3.6.1.4.1.311.20.2", tlv(0x1E, "WebServer".encode("utf-16-be")))),
    "csr.ext.issuer": ({"csr.ext.issuer": W}, lambda: asks("1.3.6.1.5.5.7.1.1", seq(seq(
        oid("1.3.6.1.5.5.7.48.1"), tlv(0x86, b"http://ocsp.example.com/"))))),
    "csr.ext.ca-only": ({"csr.ext.ca-only": F}, lambda: asks("2.5.29.36", seq(tlv(0x80, b"\0")))),
    "csr.ext.policies": ({"csr.ext.policies": N}, lambda: asks("2.5.29.32", seq(seq(oid("2.23.140.1.2.1"))))),
    "csr.ext.poison": ({"csr.ext.poison": F}, lambda: asks("1.3.6.1.4.1.11129.2.4.3", b"\x05\x00", True)),
    "csr.must-staple": ({"csr.must-staple": W}, lambda: asks("1.3.6.1.5.5.7.1.24", seq(b"\x02\x01\x05"))),
    "csr.challenge-password": ({"csr.challenge-password": W}, lambda: attribute("1.2.840.113549.1.9.7", tlv(0x0C, b"secret"))),
    "csr.attribute": ({"csr.attribute": N}, lambda: attribute("1.2.840.113549.1.9.2", tlv(0x0C, b"box 7"))),
    "csr.attribute.microsoft": ({"csr.attribute.microsoft": W}, lambda: attribute("1.3.6.1.4.1.311.21.20", seq(
        integer(9), tlv(0x0C, b"PC7"), tlv(0x0C, b"CORP\\ann"), tlv(0x0C, b"certreq")))),
}
# Rules that other tests break: policies and hosts below, the rest of the key gate in test_toolkit_keys.
ELSEWHERE = {"key.reused", "key.alg", "key.rsa.large", "key.rsa.bits8", "key.rsa.roca", "key.rsa.fermat", "key.rsa.power",
             "key.rsa.prime", "key.rsa.factor.small", "key.ec.point", "key.ed.point", "key.debian", "key.blocked"}
# One pass stands for several rules; or what SANs of a CSR can never be, because its reading found it first.
NEVER_BROKEN = {"csr.extensions", "csr.text", "csr.san.present", "name.syntax", "name.empty", "name.control", "name.space",
                "name.utf8", "name.idna", "host.covered"}


def put(d, der):
    (d / "r.csr").write_bytes(der)
    return d / "r.csr"


def check(cli, d, der, *words, policy="public", at=TODAY):
    words = ("--policy", policy, "--at", at, *words)
    return cli.run("csr", "check", put(d, der), "--json", *words, code=None).json


def broken(answer, notes=True):
    wanted = (W, F, N) if notes else (W, F)
    return {c["id"]: c["result"] for c in answer["checks"]
            if c["result"] in wanted and c["id"] not in ("key.debian", "policy.validity")}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_rule_is_found_and_no_other(cli, d, what):
    want, make = BROKEN[what]
    answer = check(cli, d, make())
    found = broken(answer)
    for rule, result in list(found.items()):  # notes besides what is wanted are no verdicts
        if result == N and rule not in want:
            del found[rule]
    assert found == want
    assert answer["ok"] is (F not in want.values())
    assert answer["verdict"] == (F if F in want.values() else W if W in want.values() else "pass")
    for c in answer["checks"]:
        if c["id"] in want and c["result"] != "pass":
            assert c["source"] and c["text"] and (c["remedy"] or c["id"] == "name.wildcard"), c


def test_a_good_csr_keeps_every_rule(cli, d):
    full = subject((C, b"DE", 0x13), (ST, b"Bayern"), (L, b"Hof"), (O, "Prüfung GmbH".encode()), (CN, GOOD))
    answer = check(cli, d, full)
    assert answer["ok"] and answer["verdict"] == "pass" and broken(answer) == {}, answer["checks"]
    passed = {c["id"] for c in answer["checks"] if c["result"] == "pass"}
    singles = {rule for want, _ in BROKEN.values() for rule in want} - {"name.wildcard"}
    grouped = {r for r in singles if r.startswith(("csr.der.", "csr.extensions.", "csr.san.control", "csr.san.ascii",
               "csr.san.empty", "csr.san.ip", "csr.subject.control", "csr.subject.type", "csr.trailing", "csr.digest.sha1",
               "key.ec", "policy."))}
    assert singles - grouped - passed == set()


def test_every_rule_has_a_test():
    rules = set(json.loads((ROOT / "data/policies/public.json").read_text())["rules"])
    tested = {rule for want, _ in BROKEN.values() for rule in want}
    later = {r for r in rules if r.startswith(("policy.", "host."))}
    assert rules - tested - later - ELSEWHERE - NEVER_BROKEN == set()
    assert rules == set(json.loads((ROOT / "data/policies/private.json").read_text())["rules"])


def test_the_manual_lists_every_rule_and_its_levels():
    text = (ROOT / "docs/man/autocsr-policy.5").read_text()
    levels = {n: json.loads((ROOT / f"data/policies/{n}.json").read_text())["rules"] for n in ("public", "private")}

    def say(level):
        return level if isinstance(level, str) else f"{level['allowed']}, then {level['forbidden']} ({level['table']})"
    for rule in levels["public"]:
        assert f".It Li {rule}\n" in text, rule
        entry = text.split(f".It Li {rule}\n")[1].split("\n.")[0]
        assert entry.endswith(f"public: {say(levels['public'][rule])}; private: {say(levels['private'][rule])}."), entry
    assert text.count(".It Li ") == len(levels["public"])


# ---- days

@pytest.mark.parametrize("rule, der, before, day, after", [
    ("csr.digest.sha1", lambda: BROKEN["csr.digest.sha1"][1](), W, "2016-01-01", F),
    ("name.internal", lambda: names(b"server.corp"), W, "2015-11-01", F),
    ("name.underscore", lambda: names(b"a_b.example.com"), W, "2019-05-01", F),
    ("csr.ou", lambda: subject((OU, b"Research")), N, "2022-09-01", W),
    ("csr.eku.client", lambda: eku("1.3.6.1.5.5.7.3.2"), N, "2026-06-15", W),
    ("key.rsa.bits", lambda: raw_csr([san_request(GOOD)], key=rsa_key(1024)), W, "2014-01-01", F)])
def test_rules_bind_from_their_day_on(cli, d, rule, der, before, day, after):
    the_day = datetime.date.fromisoformat(day)
    der = der()
    assert broken(check(cli, d, der, at=str(the_day - datetime.timedelta(1))))[rule] == before
    assert broken(check(cli, d, der, at=(day + "T00:00:00Z")))[rule] == after


def test_validity_travels_in_time(cli, d):
    for at, days in (("2017-01-01", 1187), ("2019-01-01", 825), ("2021-01-01", 398), ("2026-11-23", 200), ("2028-01-01", 100),
                     ("2029-03-15", 47)):
        texts = [c["text"] for c in check(cli, d, names(GOOD), at=at)["checks"] if c["id"] == "policy.validity"]
        assert texts == [f"a certificate for it may be valid for {days} days"], at
    cli.run("csr", "check", d / "r.csr", "--at", "yesterday", code=2)


# ---- policies

@pytest.mark.parametrize("policy, der, rule", [
    ({"key_types": ["ec:p256"]}, lambda: names(GOOD), "policy.key-type"),
    ({"rsa_bits_min": 3072}, lambda: names(GOOD), "policy.key-size"),
    ({"digests": ["SHA384"]}, lambda: names(GOOD), "policy.digest"),
    ({"max_names": 1}, lambda: names(GOOD, b"a.example.com"), "policy.max-names"),
    ({"wildcards": False}, lambda: names(b"*.example.com"), "policy.wildcard"),
    ({"ip_addresses": False}, lambda: general(tlv(0x87, bytes([8, 8, 8, 8]))), "policy.ip"),
    ({"suffixes": ["example.org"]}, lambda: names(GOOD), "policy.suffix"),
    ({"san_types": ["ip"]}, lambda: names(GOOD), "policy.san-type"),
    ({"subject_required": ["O"]}, lambda: names(GOOD), "policy.subject"),
    ({"subject_allowed": ["CN"]}, lambda: subject((ST, b"Bayern")), "policy.subject"),
    ({"subject_patterns": {"O": "^Example "}}, lambda: subject((O, b"Other GmbH")), "policy.subject-pattern"),
    ({"ekus_allowed": ["clientAuth"]}, lambda: eku("1.3.6.1.5.5.7.3.1"), "policy.eku"),
    ({"ekus_required": ["serverAuth"]}, lambda: names(GOOD), "policy.eku")])
def test_a_policy_of_ones_own(cli, d, policy, der, rule):
    (d / "ours.json").write_text(json.dumps({"base": "private", **policy}))
    assert broken(check(cli, d, der(), policy=d / "ours.json"))[rule] == F
    assert rule not in broken(check(cli, d, der(), policy="private"))
    (d / "ours.json").write_text(json.dumps({"base": "private", **policy, "rules": {rule: "off"}}))
    assert rule not in broken(check(cli, d, der(), policy=d / "ours.json"))


def test_levels_are_the_policys(cli, d):
    der = subject((OU, b"Research"), (CN, b"x.example.com"))
    for level, ok in (("fail", False), ("warn", True), ("info", True), ("off", True)):
        (d / "p.json").write_text(json.dumps({"base": "private", "name": "house", "rules": {"csr.*": level}}))
        answer = check(cli, d, der, policy=d / "p.json")
        assert answer["ok"] is ok and answer["policy"] == "house"
        assert broken(answer).get("csr.ou") == (None if level == "off" else level)
        assert ("csr.version" in [c["id"] for c in answer["checks"]]) is (level != "off")
    (d / "child.json").write_text('{"base": "./p.json", "rules": {"csr.ou": "fail"}}')
    assert broken(check(cli, d, der, policy=d / "child.json")) == {"csr.ou": F}


def test_a_bad_policy_says_where(cli, d):
    put(d, names(GOOD))
    for text, what in (('{"wildcard": 1}', "wildcard"), ('{"rules": {"csr.cm": "off"}}', "csr.cm"), ("{", "line 1"),
                       ('{"base": "./nowhere.json"}', "nowhere.json")):
        (d / "p.json").write_text(text)
        done = cli.run("csr", "check", d / "r.csr", "--policy", d / "p.json", "--json", code=3)
        assert what in done.json["detail"] and done.problem.startswith("input.")


# ---- hosts

HOSTS = [  # the CSR's names, what is asked, covered by, or a part of the reason
    (["*.example.com"], "www.example.com", "*.example.com", None),
    (["*.example.com"], "WWW.Example.COM.", "*.example.com", None),
    (["*.example.com"], "example.com", None, "never for none"),
    (["*.example.com"], "a.b.example.com", None, "exactly one label, and this name has 2"),
    (["*.example.com"], "*.example.com", "*.example.com", None),
    (["a.example.com"], "*.example.com", None, "a.example.com is one name, and the wildcard itself is not there"),
    (["*.example.com"], "a.example.net", None, "no name under example.net"),
    (["*.example.com", "a.example.com"], "a.example.com", "a.example.com", None),
    (["www.example.com"], "example.com", None, "with and without www"),
    (["example.com"], "www.example.com", None, "with and without www"),
    (["exmaple.com"], "example.com", None, "differs by one letter"),
    (["www.example.com"], "mail.example.com", None, "1 other name under example.com"),
    (["www.example.com"], "www.example.org", None, "no name under example.org"),
    (["xn--bcher-kva.example"], "bücher.example", "xn--bcher-kva.example", None),
    (["xn--bcher-kva.example"], "BÜCHER.example", "xn--bcher-kva.example", None),
    (["192.0.2.1"], "192.0.2.1", "192.0.2.1", None),
    (["2001:db8::1"], "2001:DB8:0:0::1", "2001:db8::1", None),
    (["192.0.2.1"], "192.0.2.2", None, "differs by one letter"),
    (["*.0.2.1"], "192.0.2.1", None, ""),
]


@pytest.mark.parametrize("have, host, by, why", HOSTS)
def test_which_hosts_are_covered(cli, d, have, host, by, why):
    checks = check(cli, d, to_der(own_csr(have)[0]), "--host", host, policy="private")["checks"]
    if by is not None:
        assert [c["text"].rsplit(" ", 1)[1] for c in checks if c["id"] == "host.covered"] == [by]
    else:
        (miss,) = [c for c in checks if c["id"] == "host.not-covered"]
        assert miss["result"] == F and why in miss["text"]


def test_near_misses_of_other_kinds(cli, d):
    def why(der, host):
        return [c["text"] for c in check(cli, d, der, "--host", host, policy="private")["checks"]
                if c["id"] == "host.not-covered"][0]
    assert "only the common name" in why(subject((CN, b"x.example.com")), "x.example.com")
    assert "as a DNS name" in why(names(b"192.0.2.1"), "192.0.2.1")
    assert "with a dot at its end" in why(names(GOOD + b"."), "www.example.com")
    assert "as a name of kind email" in why(general(tlv(0x81, b"a.example.com")), "a.example.com")


def test_names_that_nobody_asked_for(cli, d):
    der = names(b"a.example.com", b"b.example.com", b"c.example.com")
    answer = check(cli, d, der, "--host", "a.example.com", "c.example.com")
    assert [(c["field"], c["result"]) for c in answer["checks"] if c["id"] == "host.not-asked"] == [("sans[1]", N)]
    assert answer["ok"] and "b.example.com" in [c for c in answer["checks"] if c["id"] == "host.not-asked"][0]["text"]


# ---- keys in use

def test_a_key_in_use_is_found(cli, d):
    key = csrs.new_key()
    pem, _ = own_csr("www.example.com", key=key)
    (d / "old.csr").write_text(own_csr("old.example.com", key=key)[0])
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.com")])
    now = datetime.datetime(2026, 1, 1)
    cert = x509.CertificateBuilder(who, who, key.public_key(), 7, now, now + datetime.timedelta(90)).sign(key, hashes.SHA256())
    (d / "old.crt").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    (d / "list.txt").write_text("# keys in use\n" + "0" * 64 + " nobody\n" + hashlib.sha256(spki).hexdigest() + " web farm\n")
    (d / "other.csr").write_text(own_csr("other.example.com")[0])
    for known, label in (("old.csr", "old.csr"), ("old.crt", "old.crt"), ("list.txt", "web farm")):
        answer = check(cli, d, to_der(pem), "--known", d / known)
        assert broken(answer)["key.reused"] == W
        assert [c["text"] for c in answer["checks"] if c["id"] == "key.reused"][0].endswith(label)
    assert "key.reused" not in broken(check(cli, d, to_der(pem), "--known", d / "other.csr"))
    (d / "list.txt").write_text("0" * 64 + "\nnot a hash\n")
    assert cli.run("csr", "check", d / "r.csr", "--known", d / "list.txt", "--json", code=3).problem == "input.known"


# ---- batches

@pytest.fixture
def many(d):
    (d / "in" / "sub").mkdir(parents=True)
    key = csrs.new_key()
    (d / "in/a.pem").write_text(own_csr("a.example.com", key=key)[0])
    (d / "in/b.der").write_bytes(to_der(own_csr("b.example.com")[0]))
    (d / "in/c.pem").write_text(own_csr("c.example.com", key=key)[0])
    (d / "in/d.der").write_bytes(BROKEN["csr.signature"][1]())
    (d / "in/sub/e.txt").write_text("not a CSR at all")
    (d / "in/sub/f.pem").write_text(own_csr("f.example.com")[0] + own_csr("g.example.com")[0])
    return d / "in"


def run_lines(cli, *words):
    """JSON lines: Cli.run wants one document."""
    done = subprocess.run(cli.command("csr", "check", *words, "--json"), env=cli.env, capture_output=True, timeout=60)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_a_directory_line_by_line(cli, d, many):
    *each, last = run_lines(cli, many)
    got = {e["file"].removeprefix(str(many) + "/"): e["verdict"] for e in each}
    assert got == {"a.pem": "pass", "b.der": "pass", "c.pem": W, "d.der": F, "sub/e.txt": "error", "sub/f.pem": "pass",
                   "sub/f.pem#2": "pass"}
    assert last == {"summary": {"files": 7, "passed": 4, "warned": 1, "failed": 1, "unreadable": 1}}
    reused = [e for e in each if e["file"].endswith("c.pem")][0]["checks"]
    assert [c["id"] for c in reused] == ["key.reused"] and reused[0]["text"].endswith("a.pem")
    assert [e for e in each if e["verdict"] == "error"][0]["error"]["type"].startswith(("urn:autocsr:error:input.", "urn:autocsr:error:csr.der"))




def test_the_worst_file_is_the_exit_code(cli, d, many):
    text = cli.run("csr", "check", many, code=3).out.decode()
    assert "7 files: 4 passed, 1 with warnings, 1 failed, 1 not readable" in text
    assert f"fail   {many}/d.der: csr.signature" in text
    cli.run("csr", "check", many / "a.pem", many / "d.der", code=1)
    cli.run("csr", "check", many / "a.pem", many / "b.der", code=0)
    cli.run("csr", "check", many / "a.pem", many / "b.der", "--host", "a.example.com", code=1)


def test_names_of_files_from_a_list(cli, d, many):
    names_ = "\n".join([str(many / "a.pem"), "", str(many / "b.der")]) + "\n"
    assert "2 files: 2 passed" in cli.run("csr", "check", "--files-from", "-", stdin=names_.encode()).out.decode()
    (d / "list").write_text(names_)
    assert "2 files: 2 passed" in cli.run("csr", "check", "--files-from", d / "list").out.decode()
    assert cli.run("csr", "check", "--files-from", d / "none", "--json", code=3).problem == "input.open"
    cli.run("csr", "check", code=2)


# ---- what others wrote down

def vectors():
    table = {}
    for line in (ROOT / "tests/vectors/csr-check.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            file, kind, verdict, rules = line.split("\t")
            table[file] = (kind, verdict, set(rules.split()))
    return table


def test_every_vector_has_its_verdict(cli, d):
    package = pytest.importorskip("cryptography_vectors", reason="python3-cryptography-vectors is not installed")
    folder = pathlib.Path(package.__file__).parent / "x509/requests"
    got = {}
    for answer in run_lines(cli, folder, "--policy", "public", "--at", TODAY)[:-1]:
        rules = {c["id"] for c in answer.get("checks", []) if c["result"] in (W, F)} - {"key.reused"}
        got[pathlib.Path(answer["file"]).name] = (answer["verdict"], rules)
    want = vectors()
    assert {f: v for f, v in got.items()} == {f: v[1:] for f, v in want.items()}
    for file in got:  # somebody else's judgement of the signature
        form = "DER" if file.endswith(".der") else "PEM"
        said = subprocess.run(["openssl", "req", "-in", folder / file, "-inform", form, "-verify", "-noout"],
                              capture_output=True, timeout=20)
        good = b"verify OK" in said.stdout + said.stderr
        assert good is ("csr.signature" not in got[file][1]), file


# ---- bombs

def sans_bomb():
    return seq(seq(b"\x02\x01\x00", seq(), rsa_spki(modulus(), 65537), tlv(0xA0, san_request(
        *[b"a%d.example.com" % i for i in range(200_000)]))), seq(csrs.SHA256_RSA), tlv(3, b"\0" * 257))


BOMBS = {
    "200,000 names": sans_bomb,
    "names to the limit": lambda: raw_csr([san_request(*[b"%d" % i for i in range(9000)])]),
    "a subject of 1 MB": lambda: subject((O, b"a" * 1_000_000)),
    "one name of 60,000": lambda: names(b"a." * 30_000),
    "labels of one letter": lambda: names(b"a." * 120 + b"com"),
    "deep nesting": lambda: attribute("1.2.3.4", deep(2_000)),
    "deep to the top": lambda: deep(15_000),
    "indefinite to the top": lambda: b"\x30\x80" * 30_000,
    "a huge exponent": lambda: raw_csr([san_request(GOOD)], public=rsa_spki(modulus(), (1 << 120_000) + 1), signature=b"x"),
    "an exponent as large as n": lambda: raw_csr([san_request(GOOD)], public=rsa_spki(modulus(), modulus() - 2),
                                                 signature=b"\1" * 256),
    "a huge modulus": lambda: raw_csr([san_request(GOOD)], public=rsa_spki((1 << 400_000) + 1, 65537), signature=b"\1" * 50_000),
    "a modulus of 16,384 bits": lambda: raw_csr([san_request(GOOD)], public=rsa_spki((1 << 16383) + 1, (1 << 60) + 1),
                                                signature=b"\1" * 2048),
    "100,000 attributes": lambda: raw_csr([seq(oid("1.2.3.4"), tlv(0x31, b"\x05\x00"))] * 100_000),
    "attributes to the limit": lambda: raw_csr([seq(oid("1.2.3.4"), tlv(0x31))] * 6_000),
    "extensions to the limit": lambda: raw_csr([extension_request(*[extension(oid("1.2.3.%d" % i), b"\5\0")
                                                                    for i in range(4_000)])]),
    "fields to the limit": lambda: raw_csr([san_request(GOOD)], name=name(*[(O, b"x")] * 4_000)),
    "wildcards to the limit": lambda: raw_csr([san_request(*[b"*.a%d.example.com" % i for i in range(2_500)])]),
    "1 MB of base64": lambda: b"-----BEGIN CERTIFICATE REQUEST-----\n" + b"A" * 1_000_000,
}
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.argv[2], sys.argv[2:])
"""


def usage(cli, data, *words):
    """Exit code and CPU milliseconds of a run that may have so many bytes of memory of its own."""
    p = subprocess.Popen([sys.executable, "-c", LIMITED, str(data), *cli.command(*words)], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL, env=cli.env)
    _, status, used = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    return p.returncode, (used.ru_utime + used.ru_stime) * 1000


@pytest.fixture(scope="module")
def enough(tmp_path_factory):
    """The memory that a small CSR needs, in bytes; found by trying (ru_maxrss would tell of the parent)."""
    if option("b_sanitize") != "none":
        pytest.skip("a sanitizer's shadow is no measure of memory")
    d = tmp_path_factory.mktemp("enough")
    (d / "good.csr").write_bytes(names(GOOD))
    low, high = 0, 64 << 20
    assert usage(Cli(d), high, "csr", "check", d / "good.csr")[0] == 0
    while high - low > 128 << 10:
        middle = (low + high) // 2
        low, high = (low, middle) if usage(Cli(d), middle, "csr", "check", d / "good.csr")[0] == 0 else (middle, high)
    return high


@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_costs_nothing(cli, d, what, enough):
    """Less than 50 ms and 10 MB more than a small CSR. Three attempts, because the machine may be busy."""
    good = d / "good.csr"
    good.write_bytes(names(GOOD))
    bomb = put(d, BOMBS[what]())
    spent = []
    for _ in range(3):
        _, base = usage(cli, enough, "csr", "check", good, "--broken")
        code, ms = usage(cli, enough + 10_000_000, "csr", "check", bomb, "--broken", "--host", "www.example.com", "--policy",
                         "public")
        assert code in (1, 3), f"exit {code}: without memory it is 5"
        spent.append(round(ms - base))
        if spent[-1] < 50:
            return
    pytest.fail(f"{what}: {spent} ms")
