"""Hostile CSRs through the public face: a problem document that names the rule, and nothing stored."""
import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from harness import csrs
from harness.api import unique_name
from harness.csrs import (MD5_RSA, SHA1_RSA, common_name, dns_names, extension, extension_request, integer, raw_csr,
                          rsa_key, rsa_spki, san_request, seq, tlv)

GOOD = b"www.good.test"


def _indefinite(der):
    """The outer SEQUENCE with indefinite length: BER, not DER."""
    head = 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)
    return b"\x30\x80" + der[head:] + b"\0\0"


def _nested(depth):
    out = b"\x05\x00"
    for _ in range(depth):
        out = seq(out)
    return out


def _exponent_one():
    """e = 1: the signature is the padded digest itself, so it verifies."""
    n = rsa_key().public_key().public_numbers().n
    public = rsa_spki(n, 1)
    info = seq(b"\x02\x01\x00", seq(), public, tlv(0xA0, san_request(GOOD)))
    digest = hashes.Hash(hashes.SHA256())
    digest.update(info)
    t = bytes.fromhex("3031300d060960864801650304020105000420") + digest.finalize()
    padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(t)) + b"\x00" + t
    return seq(info, seq(csrs.SHA256_RSA), tlv(3, b"\0", padded))


def _long_length(der):
    """A length in more bytes than needed: BER, not DER."""
    assert der[1] == 0x82
    return b"\x30\x83\x00" + der[2:]


def _close_primes_key():
    """p, and q the next prime after it."""
    p = rsa_key().private_numbers().p
    q = p + 2
    while not all(pow(a, q - 1, q) == 1 for a in (2, 3, 5, 7)) or (q - 1) % 65537 == 0:
        q += 2
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def hostile():
    """{what: (DER, the error id; several where more than one limit may be met first)}"""
    good = raw_csr([san_request(GOOD)])
    n = rsa_key().public_key().public_numbers().n
    san = extension(csrs.OID_SAN, dns_names(GOOD))
    return {
        "over-16-kilobytes": (raw_csr([san_request(GOOD), seq(bytes.fromhex("06092a864886f70d010907"),
                                                              tlv(0x31, tlv(0x0C, b"x" * 17000)))]), "csr.too-large"),
        "200000-names": (raw_csr([san_request(*[b"a%06d.good.test" % i for i in range(8000)])]), "csr.too-large request.field.length"),
        "not-der": (b"this is not DER at all, but it is long enough to be looked at", "csr.der"),
        "empty-sequence": (seq(), "csr.der"),
        "trailing-bytes": (good + b"\0", "csr.trailing"),
        "trailing-csr": (good + good, "csr.trailing"),
        "truncated": (good[:-20], "csr.der"),
        "indefinite-length": (_indefinite(good), "csr.der.indefinite"),
        "length-not-minimal": (_long_length(good), "csr.der.length"),
        "nul-in-san": (raw_csr([san_request(b"www.good.test\0.evil.test")]), "csr.san.control"),
        "nul-in-cn": (raw_csr([], common_name(b"www.good.test\0.evil.test")), "csr.subject.control"),
        "newline-in-san": (raw_csr([san_request(b"www.good.test\r\nX-Evil: 1")]), "csr.san.control"),
        "newline-in-cn": (raw_csr([san_request(GOOD)], common_name(b"www.good.test\r\nbcc: x")), "csr.subject.control"),
        "escape-in-cn": (raw_csr([san_request(GOOD)], common_name(b"\x1b[31mred")), "csr.subject.control"),
        "bidi-in-cn": (raw_csr([san_request(GOOD)], common_name("www\u202etset.doog".encode())), "csr.subject.control"),
        "space-in-san": (raw_csr([san_request(b"www good.test")]), "csr.san.control"),
        "latin1-in-san": (raw_csr([san_request(b"w\xe4w.good.test")]), "csr.san.ascii"),
        "bad-utf8-in-cn": (raw_csr([san_request(GOOD)], common_name(b"\xff\xfe")), "csr.der"),
        "empty-san-name": (raw_csr([san_request(b"")]), "csr.san.empty"),
        "empty-san": (raw_csr([san_request()]), "csr.extensions.bad"),
        "bad-signature": (raw_csr([san_request(GOOD)], spoil=True), "csr.signature"),
        "empty-signature": (raw_csr([san_request(GOOD)], signature=b""), "csr.signature"),
        "other-algorithm-named": (raw_csr([san_request(GOOD)], algorithm=csrs.ECDSA_SHA256), "csr.signature"),
        "rsa-1024": (raw_csr([san_request(GOOD)], key=rsa_key(1024)), "key.rsa.bits"),
        "rsa-2047": (raw_csr([san_request(GOOD)], public=rsa_spki(n >> 1 | 1, 65537)), "csr.signature"),
        "even-exponent": (raw_csr([san_request(GOOD)], public=rsa_spki(n, 65536)), "csr.signature"),
        "exponent-one": (_exponent_one(), "key.rsa.exponent"),
        "even-modulus": (raw_csr([san_request(GOOD)], public=rsa_spki(n - 1, 65537)), "csr.signature"),
        "huge-modulus": (raw_csr([san_request(GOOD)], public=rsa_spki((1 << 65536) - 1, 65537)), "csr.der.integer"),
        "negative-version": (raw_csr([san_request(GOOD)], version=b"\x02\x01\xff"), "csr.version"),
        "huge-version": (raw_csr([san_request(GOOD)], version=tlv(2, b"\x7f" * 2000)), "csr.version"),
        "md5": (raw_csr([san_request(GOOD)], algorithm=MD5_RSA, digest=hashes.MD5()), "csr.digest"),
        "sha1": (raw_csr([san_request(GOOD)], algorithm=SHA1_RSA, digest=hashes.SHA1()), "csr.digest"),
        "two-extension-requests": (raw_csr([san_request(GOOD), san_request(b"b.good.test")]), "csr.extensions.several"),
        "two-san-extensions": (raw_csr([extension_request(san, san)]), "csr.extensions.duplicate"),
        "extension-request-of-two-values": (raw_csr([seq(csrs.OID_EXTENSION_REQUEST, tlv(0x31, seq(san), seq(san)))]), "csr.extensions.bad"),
        "101-names": (raw_csr([san_request(*[b"a%d.good.test" % i for i in range(101)])]), "csr.sans.many"),
        "deep-nesting": (raw_csr([extension_request(extension(csrs.OID_SAN, _nested(3000)))]), "csr.der.depth"),
        "k256-curve": (raw_csr([san_request(GOOD)], key=csrs.new_key("ec:k256")), "key.ec.curve"),
        "huge-name": (raw_csr([san_request(b"a" * 100000)]), "csr.too-large request.field.length"),
    }


HOSTILE = hostile()


def _post(account, text):
    return account.call("POST", "/orders", {"product": "dv", "csr": text})


def _assert_refused(response, ids):
    assert response.status_code in (400, 413, 422), response.text[:300]
    assert response.headers["Content-Type"].startswith("application/problem+json")
    problem = response.json()
    assert problem["type"] in ["urn:autocsr:error:" + one for one in ids.split()], problem
    assert problem["detail"] and problem["title"] and problem["status"] == response.status_code


@pytest.fixture(scope="module")
def victim(world):
    """One account for the whole table; it must stay without orders."""
    return world.register()


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_csr_is_refused_and_nothing_stored(victim, what):
    der, ids = HOSTILE[what]
    for text in (csrs.to_pem(der), base64.b64encode(der).decode()):
        _assert_refused(_post(victim, text), ids)
    assert victim.get("/orders")["orders"] == []


@pytest.mark.parametrize("what", HOSTILE)
def test_the_toolkit_route_does_not_accept_it_either(world, what):
    answer = world.anonymous().call("POST", "/csr/check", {"csr": csrs.to_pem(HOSTILE[what][0])})
    assert answer.status_code in (200, 400, 413, 422)
    assert answer.status_code != 200 or answer.json()["ok"] is False


@pytest.mark.parametrize("text", ["", " ", "-----BEGIN CERTIFICATE REQUEST-----", "====", "A", "AAAA", "\0", "💥" * 100,
                                  "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"])
def test_text_that_is_no_csr(world, text):
    answer = world.anonymous().call("POST", "/csr/show", {"csr": text})
    assert answer.status_code in (400, 422) and answer.json()["type"].startswith("urn:autocsr:error:")


def test_a_private_key_pasted_by_mistake_is_refused_and_not_kept(world, victim):
    key = rsa.generate_private_key(65537, 2048)
    pem = csrs.private_pem(key)
    answer = _post(victim, pem)
    _assert_refused(answer, "input.private-key")
    line = pem.splitlines()[5]
    assert line not in answer.text
    assert line not in world.service.log_text()
    assert all(line.encode() not in data for _, data in world.service.state_contents())


def test_certificate_instead_of_a_csr_is_named_as_such(world, victim):
    answer = _post(victim, world.service.root_pem.read_text())
    _assert_refused(answer, "input.certificate")


def test_close_primes_are_refused(victim):
    """Fermat: p and q so close that the modulus falls in a few rounds."""
    pem, _ = csrs.own_csr(unique_name(), _close_primes_key())
    _assert_refused(_post(victim, pem), "key.rsa.fermat")


def test_integer_encoding_is_as_der_says():
    """The helper that the table rests on."""
    assert integer(0x80) == b"\x02\x02\x00\x80"
