"""Orders, authorizations, challenges, finalize, certificates, revocation and renewal information that are refused, each with the
right problem and a new nonce; and other accounts' objects, which answer as if they did not exist."""
import datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from harness.acme import Key, b64, cert_id, ident, problem, token
from harness.acmedesk import Desk
from harness.api import unique_name
from harness.crypto import certificates
from harness.csrs import new_key, own_csr, to_der


def at(**away):
    return (datetime.datetime.utcnow() + datetime.timedelta(**away)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Orders(Desk):
    def post_order(self, **payload):
        return self.a.post(self.a.directory["newOrder"], payload)

    def names(self, *identifiers):
        return self.post_order(identifiers=[{"type": "dns", "value": i} if isinstance(i, str) else i for i in identifiers])

    def der(self, pem=None):
        return certificates(pem or self.issued[1])[0].public_bytes(serialization.Encoding.DER)

    def revoke(self, der=None, by=None, **how):
        fields = {"certificate": b64(der or self.der()), **how.pop("fields", {})}
        by = by or self.a
        return by.post(by.directory["revokeCert"], fields, **how)


@pytest.fixture(scope="module")
def desk(world):
    return Orders(world)


# ---- newOrder

NEW_ORDERS = [
    pytest.param(lambda d: d.post_order(), 400, "malformed", id="no-identifiers", marks=pytest.mark.rfc("8555 7.4", "identifiers are required")),
    pytest.param(lambda d: d.post_order(identifiers=[]), 400, "malformed", id="empty-identifiers", marks=pytest.mark.rfc("8555 7.4", "at least one")),
    pytest.param(lambda d: d.post_order(identifiers={"type": "dns", "value": "www.good.test"}), 400, "malformed", id="identifiers-no-array",
                 marks=pytest.mark.rfc("8555 7.4", "identifiers are an array")),
    pytest.param(lambda d: d.post_order(identifiers=["www.good.test"]), 400, "malformed", id="identifier-a-string",
                 marks=pytest.mark.rfc("8555 7.4", "an identifier is an object")),
    pytest.param(lambda d: d.names({"type": "dns"}), 400, "malformed", id="identifier-without-value", marks=pytest.mark.rfc("8555 7.4", "value is required")),
    pytest.param(lambda d: d.names({"value": "www.good.test"}), 400, "malformed", id="identifier-without-type",
                 marks=pytest.mark.rfc("8555 7.4", "type is required")),
    pytest.param(lambda d: d.names({"type": "dns", "value": 17}), 400, "malformed", id="identifier-a-number",
                 marks=pytest.mark.rfc("8555 7.4", "value is a string")),
    pytest.param(lambda d: d.names({"type": "email", "value": "a@good.test"}), 400, "unsupportedIdentifier", id="identifier-email",
                 marks=pytest.mark.rfc("8555 7.4#1", "a type that is not offered")),
    pytest.param(lambda d: d.names("*.*.good.test"), 400, "malformed", id="two-wildcards", marks=pytest.mark.rfc("8555 7.4#1", "two wildcards in a name")),
    pytest.param(lambda d: d.names("w*.good.test"), 400, "malformed", id="part-wildcard", marks=pytest.mark.rfc("8555 7.4#1", "a wildcard in a label")),
    pytest.param(lambda d: d.names("www.*.good.test"), 400, "malformed", id="inner-wildcard", marks=pytest.mark.rfc("8555 7.4#1", "a wildcard inside")),
    pytest.param(lambda d: d.names("*.com"), 400, "rejectedIdentifier", id="wildcard-of-a-registry",
                 marks=pytest.mark.rfc("8555 7.4#1", "a wildcard directly below a registry's suffix")),
    pytest.param(lambda d: d.names("com"), 400, "rejectedIdentifier", id="registry-suffix", marks=pytest.mark.rfc("8555 7.4#1", "a registry's suffix itself")),
    pytest.param(lambda d: d.names("www good.test"), 400, "malformed", id="name-with-space", marks=pytest.mark.rfc("8555 7.1.4#2", "a space in a name")),
    pytest.param(lambda d: d.names("a_b.good.test"), 400, "malformed", id="name-with-underscore",
                 marks=pytest.mark.rfc("8555 7.1.4#2", "an underscore in a name")),
    pytest.param(lambda d: d.names("www..good.test"), 400, "malformed", id="name-with-empty-label", marks=pytest.mark.rfc("8555 7.1.4#2", "an empty label")),
    pytest.param(lambda d: d.names("a" * 64 + ".good.test"), 400, "malformed", id="name-with-long-label", marks=pytest.mark.rfc("8555 7.1.4#2", "a label of 64")),
    pytest.param(lambda d: d.names("bücher.good.test"), 400, "malformed", id="name-in-unicode", marks=pytest.mark.rfc("8555 7.1.4#2", "a U-label")),
    pytest.param(lambda d: d.names("xn--a.good.test"), 400, "malformed", id="name-with-bad-punycode",
                 marks=pytest.mark.rfc("8555 7.1.4#3", "a label with xn-- that is no A-label")),
    pytest.param(lambda d: d.names("www.good.test\u0000"), 400, "malformed", id="name-with-nul", marks=pytest.mark.rfc("8555 7.1.4#2", "a NUL in a name")),
    pytest.param(lambda d: d.names("127.0.0.1"), 400, "malformed", id="address-as-dns", marks=pytest.mark.rfc("8738 3#1", "an address of type dns")),
    pytest.param(lambda d: d.names({"type": "ip", "value": "www.good.test"}), 400, "malformed", id="name-as-ip",
                 marks=pytest.mark.rfc("8738 3#1", "a name of type ip")),
    pytest.param(lambda d: d.names({"type": "ip", "value": "127.000.0.1"}), 400, "malformed", id="ip-with-zeros",
                 marks=pytest.mark.rfc("8738 3#2", "IPv4 with leading zeros")),
    pytest.param(lambda d: d.names({"type": "ip", "value": "127.1"}), 400, "malformed", id="ip-short", marks=pytest.mark.rfc("8738 3#2", "IPv4 with two parts")),
    pytest.param(lambda d: d.names({"type": "ip", "value": "2001:DB8:0:0:0:0:0:1"}), 400, "malformed", id="ipv6-long",
                 marks=pytest.mark.rfc("8738 3#2", "IPv6 not in the form of RFC 5952")),
    pytest.param(lambda d: d.names({"type": "ip", "value": "127.0.0.0/8"}), 400, "malformed", id="ip-network", marks=pytest.mark.rfc("8738 3#2", "a network")),
    pytest.param(lambda d: d.names(*(f"n{i}.good.test" for i in range(1001))), 400, "malformed", id="too-many-names",
                 marks=pytest.mark.rfc("8555 7.4#1", "a thousand names and one")),
    pytest.param(lambda d: d.new_order(notBefore="tomorrow"), 400, "malformed", id="not-before-no-time", marks=pytest.mark.rfc("8555 7.4#1", "notBefore is no time")),
    pytest.param(lambda d: d.new_order(notBefore=at(days=2), notAfter=at(days=1)), 400, "malformed", id="not-after-first",
                 marks=pytest.mark.rfc("8555 7.4#1", "notAfter lies before notBefore")),
    pytest.param(lambda d: d.new_order(notAfter=at(days=4000)), 400, "malformed", id="not-after-too-late",
                 marks=pytest.mark.rfc("8555 7.4#1", "a life longer than the profile's")),
    pytest.param(lambda d: d.new_order(profile="gold"), 400, "invalidProfile", id="unknown-profile", marks=pytest.mark.rfc("8555 7.4#1", "a profile that is not offered")),
    pytest.param(lambda d: d.new_order(profile=17), 400, "malformed", id="profile-a-number", marks=pytest.mark.rfc("8555 7.4#1", "a profile is named by text")),
    pytest.param(lambda d: d.new_order(replaces="nothing"), 400, "malformed", id="replaces-no-id", marks=pytest.mark.rfc("9773 5", "replaces is no certificate id")),
    pytest.param(lambda d: d.new_order(replaces=f"{token()}.{token()}"), 400, "malformed", id="replaces-unknown",
                 marks=pytest.mark.rfc("9773 5", "replaces names no certificate of ours")),
    pytest.param(lambda d: d.b.post(d.b.directory["newOrder"], d.wish(replaces=cert_id(d.certificate))), 400, "malformed", id="replaces-of-another",
                 marks=pytest.mark.rfc("9773 5", "replaces names another account's certificate")),
    pytest.param(lambda d: d.new_order(replaces=cert_id(d.certificate)), 400, "malformed", id="replaces-other-names",
                 marks=pytest.mark.rfc("9773 5", "no name in common with what is replaced")),
]


@pytest.mark.parametrize("call,status,kind", NEW_ORDERS)
def test_refused_order(desk, call, status, kind):
    problem(call(desk), status, kind)


@pytest.mark.rfc("8555 6.7.1#1", "each identifier at fault has a subproblem with it")
def test_subproblems_name_what_is_at_fault(desk):
    body = problem(desk.names("good-one.good.test", "*.com", "*.net"), 400, "rejectedIdentifier")
    assert sorted(s["identifier"]["value"] for s in body["subproblems"]) == ["*.com", "*.net"]
    assert all(s["identifier"]["type"] == "dns" and s["type"].endswith(":rejectedIdentifier") for s in body["subproblems"])


@pytest.mark.rfc("9773 5#1", "a certificate is replaced once")
@pytest.mark.rfc("9773 5#2", "replaces is reflected, then and later")
def test_a_certificate_is_replaced_once(desk):
    order, pem, _ = desk.a.issue(desk.world, unique_name())
    name, old = order["identifiers"][0]["value"], cert_id(certificates(pem)[0])
    answer = desk.new_order(name, replaces=old)
    assert answer.status_code == 201 and answer.json()["replaces"] == old
    assert desk.a.show(answer.headers["Location"])["replaces"] == old
    problem(desk.new_order(name, replaces=old), 409, "alreadyReplaced")


# ---- authorizations and challenges


def authz(d):
    return d.pending[1]["authorizations"][0]


def new_authz(d, identifier):
    return d.a.post(d.a.directory["newAuthz"], {"identifier": identifier})


AUTHZS = [
    pytest.param(lambda d: new_authz(d, ident("*.good.test")), 400, "malformed", id="pre-authorization-of-a-wildcard",
                 marks=pytest.mark.rfc("8555 7.4.1", "newAuthz takes no wildcard")),
    pytest.param(lambda d: new_authz(d, {"type": "email", "value": "a@good.test"}), 400, "unsupportedIdentifier", id="pre-authorization-email",
                 marks=pytest.mark.rfc("8555 7.4.1", "a type that is not offered")),
    pytest.param(lambda d: new_authz(d, "www.good.test"), 400, "malformed", id="pre-authorization-a-string",
                 marks=pytest.mark.rfc("8555 7.4.1", "an identifier is an object")),
    pytest.param(lambda d: d.a.post(d.a.directory["newAuthz"], {}), 400, "malformed", id="pre-authorization-of-nothing",
                 marks=pytest.mark.rfc("8555 7.4.1", "an identifier is required")),
    pytest.param(lambda d: d.a.post(authz(d), {"status": "valid"}), 400, "malformed", id="authorization-made-valid",
                 marks=pytest.mark.rfc("8555 7.5.2", "a client can only deactivate")),
    pytest.param(lambda d: d.a.post(d.a.challenge(authz(d))["url"], "[]"), 400, "malformed", id="challenge-answered-with-an-array",
                 marks=pytest.mark.rfc("8555 7.5.1#2", "a response is an object")),
]


@pytest.mark.parametrize("call,status,kind", AUTHZS)
def test_refused_authorization(desk, call, status, kind):
    problem(call(desk), status, kind)


# ---- finalize


def wildcard_for_name(d):
    return d.finalize(["*." + d.ready[2].split(".", 1)[1]])


def finalize_twice(d):
    url, order = d.a.ready(d.world, unique_name())
    der = to_der(own_csr([order["identifiers"][0]["value"]])[0])
    assert d.a.finalize(order, der).status_code == 200
    d.a.until(url, "valid")
    return d.a.finalize(order, der)


def finalize_deactivated(d):
    """The authorization was deactivated after the order became ready."""
    _, order = d.a.ready(d.world, unique_name())
    assert d.a.post(order["authorizations"][0], {"status": "deactivated"}).status_code == 200
    return d.a.finalize(order, to_der(own_csr([order["identifiers"][0]["value"]])[0]))


def body_of(d, **fields):
    return d.a.post(d.ready[1]["finalize"], fields)


def unsigned_csr(d):
    der = bytearray(to_der(own_csr([d.ready[2]])[0]))
    der[-1] ^= 1
    return d.finalize(der=bytes(der))


FINALIZE = [
    pytest.param(lambda d: d.a.finalize(d.pending[1], to_der(own_csr([d.pending[1]["identifiers"][0]["value"]])[0])), 403, "orderNotReady",
                 id="order-pending", marks=pytest.mark.rfc("8555 7.4#6", "an order that is not ready")),
    pytest.param(lambda d: d.a.finalize(d.invalid[1], to_der(own_csr([d.invalid[1]["identifiers"][0]["value"]])[0])), 403, "orderNotReady",
                 id="order-invalid", marks=pytest.mark.rfc("8555 7.4#6", "an order that failed")),
    pytest.param(finalize_twice, 403, "orderNotReady", id="order-valid", marks=pytest.mark.rfc("8555 7.4#6", "an order that has its certificate")),
    pytest.param(finalize_deactivated, 403, "orderNotReady", id="authorization-deactivated",
                 marks=pytest.mark.rfc("8555 7.5.2#2", "an authorization that was deactivated meanwhile")),
    pytest.param(lambda d: body_of(d), 400, "malformed", id="csr-missing", marks=pytest.mark.rfc("8555 7.4#3", "no CSR")),
    pytest.param(lambda d: body_of(d, csr=17), 400, "malformed", id="csr-a-number", marks=pytest.mark.rfc("8555 7.4#3", "csr is a string")),
    pytest.param(lambda d: body_of(d, csr="a+/="), 400, "badCSR", id="csr-no-base64url", marks=pytest.mark.rfc("8555 6.1#4", "csr is base64url")),
    pytest.param(lambda d: d.finalize(der=own_csr([d.ready[2]])[0].encode()), 400, "badCSR", id="csr-pem", marks=pytest.mark.rfc("8555 7.4", "PEM in place of DER")),
    pytest.param(lambda d: d.finalize(der=b"\x30\x00"), 400, "badCSR", id="csr-empty", marks=pytest.mark.rfc("8555 7.4", "a CSR of nothing")),
    pytest.param(lambda d: d.finalize(der=to_der(own_csr([d.ready[2]])[0]) + b"\0"), 400, "badCSR", id="csr-with-more-behind",
                 marks=pytest.mark.rfc("8555 7.4", "bytes after the CSR")),
    pytest.param(unsigned_csr, 400, "badCSR", id="csr-signature", marks=pytest.mark.rfc("8555 7.4", "a CSR that its key did not sign")),
    pytest.param(lambda d: d.finalize([]), 400, "badCSR", id="csr-without-names", marks=pytest.mark.rfc("8555 7.4#5", "a CSR without names")),
    pytest.param(lambda d: d.finalize([d.ready[2], unique_name()]), 400, "badCSR", id="csr-name-too-many", marks=pytest.mark.rfc("8555 7.4#4", "a name too many")),
    pytest.param(lambda d: d.finalize([unique_name()]), 400, "badCSR", id="csr-other-name", marks=pytest.mark.rfc("8555 7.4#4", "another name")),
    pytest.param(wildcard_for_name, 400, "badCSR", id="csr-wildcard", marks=pytest.mark.rfc("8555 7.4#4", "a wildcard in place of the name")),
    pytest.param(lambda d: d.finalize(cn=unique_name()), 400, "badCSR", id="csr-other-cn",
                 marks=pytest.mark.rfc("8555 7.4#5", "a common name that is none of the order's")),
    pytest.param(lambda d: d.finalize([d.ready[2], "127.0.0.1"]), 400, "badCSR", id="csr-address-too-many",
                 marks=pytest.mark.rfc("8555 7.4#4", "an address too many")),
    pytest.param(lambda d: d.finalize(key=d.a.key.private), 400, "badCSR", id="csr-with-account-key",
                 marks=pytest.mark.rfc("8555 11.1#5", "the key of the account that asks")),
    pytest.param(lambda d: d.finalize(key=d.b.key.private), 400, "badCSR", id="csr-with-other-account-key",
                 marks=pytest.mark.rfc("8555 11.1#4", "the key of another account")),
    pytest.param(lambda d: d.finalize(key=rsa.generate_private_key(65537, 1024)), 400, "badCSR", id="csr-small-key",
                 marks=pytest.mark.rfc("8555 7.4", "RSA with 1024 bits")),
    pytest.param(lambda d: d.finalize(key=new_key("ec:k256")), 400, "badCSR", id="csr-other-curve",
                 marks=pytest.mark.rfc("8555 7.4", "a curve that is not certified")),
]


@pytest.mark.parametrize("call,status,kind", FINALIZE)
def test_refused_finalize(desk, call, status, kind):
    state = desk.a.show(desk.ready[0])["status"]
    problem(call(desk), status, kind)
    assert state == desk.a.show(desk.ready[0])["status"] == "ready", "a refused CSR ends an order"


# ---- revocation


def revoke_with(d, **fields):
    return d.revoke(fields=fields)


def revoke_twice(d):
    _, pem, _ = d.a.issue(d.world, unique_name())
    assert d.revoke(d.der(pem)).status_code == 200
    return d.revoke(d.der(pem))


def revoke_ours(d):
    """The certificate of the service's own CA."""
    return d.revoke(certificates(d.world.service.root_pem.read_text())[0].public_bytes(serialization.Encoding.DER))


REVOCATIONS = [
    *(pytest.param(lambda d, r=r: revoke_with(d, reason=r), 400, "badRevocationReason", id=f"reason-{r}",
                   marks=pytest.mark.rfc("8555 7.6#1", "a reason that subscribers may not give")) for r in (2, 6, 7, 8, 9, 10, 99, -1)),
    pytest.param(lambda d: revoke_with(d, reason="keyCompromise"), 400, "badRevocationReason", id="reason-a-text", marks=pytest.mark.rfc("8555 7.6", "a reason is a number")),
    pytest.param(lambda d: d.a.post(d.a.directory["revokeCert"], {}), 400, "malformed", id="no-certificate", marks=pytest.mark.rfc("8555 7.6", "a certificate is required")),
    pytest.param(lambda d: d.revoke(b"\x30\x00"), 400, "malformed", id="no-x509", marks=pytest.mark.rfc("8555 7.6", "what is no certificate")),
    pytest.param(lambda d: d.revoke(by=d.b), 403, "unauthorized", id="by-another-account", marks=pytest.mark.rfc("8555 7.6#2", "another account without authorizations")),
    pytest.param(lambda d: d.revoke(key=Key(), jwk=True), 403, "unauthorized", id="by-another-key", marks=pytest.mark.rfc("8555 7.6#4", "a key that is not the certificate's")),
    pytest.param(lambda d: d.revoke(by=d.closed), 401, "unauthorized", id="by-an-ended-account", marks=pytest.mark.rfc("8555 7.3.6#1", "a deactivated account revokes")),
    pytest.param(revoke_twice, 400, "alreadyRevoked", id="twice", marks=pytest.mark.rfc("8555 7.6", "what is revoked already")),
    pytest.param(revoke_ours, 404, "malformed", id="the-ca-itself", marks=pytest.mark.rfc("8555 7.6#2", "a certificate that no order gave")),
]


@pytest.mark.parametrize("call,status,kind", REVOCATIONS)
def test_refused_revocation(desk, call, status, kind):
    problem(call(desk), status, kind)
    assert desk.a.post(desk.issued[0]["certificate"]).status_code == 200


# ---- renewal information


def info(d, path):
    return d.a.get(d.a.directory["renewalInfo"] + path)


INFOS = [
    pytest.param("/nothing", 400, "malformed", id="no-certificate-id", marks=pytest.mark.rfc("9773 4.1", "no dot in the id")),
    pytest.param("/a+b.c", 400, "malformed", id="no-base64url", marks=pytest.mark.rfc("9773 4.1#1", "an id that is not base64url")),
    pytest.param("/QUJD.QUI=", 400, "malformed", id="padded", marks=pytest.mark.rfc("9773 4.1#1", "padding in the id")),
    pytest.param(f"/{b64(bytes(20))}.{b64(bytes([1] * 16))}", 404, "malformed", id="unknown", marks=pytest.mark.rfc("9773 4.1", "an id that names nothing of ours")),
]


@pytest.mark.parametrize("path,status,kind", INFOS)
def test_refused_renewal_info(desk, path, status, kind):
    problem(info(desk, path), status, kind)


# ---- what belongs to somebody else

OTHERS = [
    pytest.param(lambda d, by, id: by.post(id or d.pending[0]), "order", id="order", marks=pytest.mark.rfc("8555 6.3#4", "another account's order")),
    pytest.param(lambda d, by, id: by.post(id or authz(d)), "authz", id="authorization", marks=pytest.mark.rfc("8555 6.3#4", "another account's authorization")),
    pytest.param(lambda d, by, id: by.post(id or authz(d), {"status": "deactivated"}), "authz", id="authorization-deactivated",
                 marks=pytest.mark.rfc("8555 7.5.2#1", "another account's authorization, deactivated")),
    pytest.param(lambda d, by, id: by.post(id or d.a.challenge(authz(d))["url"]), "chall", id="challenge",
                 marks=pytest.mark.rfc("8555 6.3#4", "another account's challenge")),
    pytest.param(lambda d, by, id: by.post(id or d.a.challenge(authz(d))["url"], {}), "chall", id="challenge-answered",
                 marks=pytest.mark.rfc("8555 6.3#4", "another account's challenge, answered")),
    pytest.param(lambda d, by, id: by.post(f"{id}/finalize" if id else d.ready[1]["finalize"], {"csr": b64(to_der(own_csr([d.ready[2]])[0]))}),
                 "order", id="finalize", marks=pytest.mark.rfc("8555 6.3#4", "another account's order, finalized")),
    pytest.param(lambda d, by, id: by.post(id or d.issued[0]["certificate"]), "cert", id="certificate",
                 marks=pytest.mark.rfc("8555 6.3#4", "another account's certificate")),
]


@pytest.mark.parametrize("call,kind", OTHERS)
def test_what_is_somebody_elses_does_not_exist(desk, call, kind):
    theirs, absent = (call(desk, desk.b, url) for url in (None, desk.absent(kind)))
    told = [problem(answer, 404, "malformed") for answer in (theirs, absent)]
    assert told[0]["detail"].split("/")[0] == told[1]["detail"].split("/")[0]
    assert desk.a.show(desk.pending[0])["status"] == "pending" and desk.a.show(desk.ready[0])["status"] == "ready"
