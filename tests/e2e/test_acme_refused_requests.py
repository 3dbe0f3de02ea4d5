"""ACME requests whose envelope is wrong: nonce, url, algorithm, key, signature, JSON, base64, content type, method. Each is refused
with the right problem, and each refusal brings a nonce that is good for the next request."""
import json
import secrets

import pytest
import requests
from harness.acme import Key, MacKey, b64, compact, jws, problem, token
from harness.acmedesk import Desk, spoiled


@pytest.fixture(scope="module")
def desk(world):
    return Desk(world)


def post(d, payload=None, **how):
    """A newOrder of account a with something wrong in its protected header."""
    return d.a.post(d.a.directory["newOrder"], d.wish() if payload is None else payload, **how)


def body(d, change):
    """A newOrder whose JWS was changed after it was signed."""
    url = d.a.directory["newOrder"]
    signed = d.a.signed(url, d.wish())
    changed = change(signed)
    return d.a.send(url, signed if changed is None else changed)


def replace(**members):
    return lambda signed: {**signed, **members}


def without(member):
    return lambda signed: {k: v for k, v in signed.items() if k != member}


def protected_text(d, change):
    """A newOrder whose protected header is this text, signed."""
    url = d.a.directory["newOrder"]
    text = compact({"alg": d.a.key.alg, "kid": d.a.kid, "nonce": d.a.nonce(), "url": url})
    return d.a.send(url, jws(d.a.key, change(text), d.wish()))


def used_nonce(d):
    nonce = d.a.nonce()
    assert post(d, nonce=nonce).status_code == 201
    return post(d, nonce=nonce)


def unused_of_refused(d):
    """A nonce is used up by a request that was refused, too."""
    nonce = d.a.nonce()
    assert post(d, nonce=nonce, payload={}).status_code == 400
    return post(d, nonce=nonce)


def public_key_as_secret(d):
    """HS256 with what everybody knows of the account's key."""
    url = d.a.directory["newOrder"]
    head = {"alg": "HS256", "kid": d.a.kid, "nonce": d.a.nonce(), "url": url}
    return d.a.send(url, jws(MacKey(compact(d.a.key.jwk()).encode()), head, d.wish()))


def unsigned(d):
    url = d.a.directory["newOrder"]
    head = {"alg": "none", "kid": d.a.kid, "nonce": d.a.nonce(), "url": url}
    return d.a.send(url, {**jws(d.a.key, head, d.wish()), "signature": ""})


def by_other_key(d):
    """Account a's kid, signed by a key that is not its."""
    return d.a.post(d.a.directory["newOrder"], d.wish(), key=Key())


def at_other_directory(d):
    """The account of this directory at another one."""
    admin = d.world.admin()
    name = "other-" + secrets.token_hex(3)
    admin.post("/acme/directories", {"name": name, "title": "Other", "products": ["dv"], "eab": "off"}, 201)
    there = d.client(d.a.key, f"{d.world.service.url}/acme/{name}/directory")
    return there.post(there.directory["newOrder"], d.wish(), kid=d.a.kid)


def twice(text, member):
    """JSON text with one member a second time, at its end."""
    value = json.dumps(json.loads(text)[member])
    return text[:-1] + f',"{member}":{value}}}'


def with_bits(text):
    """The same octets with stray bits in the last character (RFC 7515 2: not canonical)."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(text) % 4 in (2, 3)
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def uneven(text):
    """JSON text with spaces at its end so that its base64url has bits to spare."""
    return text + " " * ((1 - len(text)) % 3)


def stray_bits(d):
    url = d.a.directory["newOrder"]
    text = compact({"alg": d.a.key.alg, "kid": d.a.kid, "nonce": d.a.nonce(), "url": url})
    head, payload = with_bits(b64(uneven(text))), b64(compact(d.wish()))
    return d.a.send(url, {"protected": head, "payload": payload, "signature": b64(d.a.key.sign(f"{head}.{payload}".encode()))})


def signed_again(d, change_protected=lambda t: t, change_payload=lambda t: t):
    """A newOrder whose base64url texts are changed before they are signed."""
    url = d.a.directory["newOrder"]
    text = compact({"alg": d.a.key.alg, "kid": d.a.kid, "nonce": d.a.nonce(), "url": url})
    head, payload = change_protected(b64(text)), change_payload(b64(compact(d.wish())))
    return d.a.send(url, {"protected": head, "payload": payload, "signature": b64(d.a.key.sign(f"{head}.{payload}".encode()))})


def text_of(d, change):
    """A good request as text, changed."""
    url = d.a.directory["newOrder"]
    return d.a.send(url, change(json.dumps(d.a.signed(url, d.wish()))))


def typed(d, content_type):
    url = d.a.directory["newOrder"]
    return d.a.send(url, d.a.signed(url, d.wish()), content_type=content_type)


def get(d, url):
    return d.a.send(url, None, content_type=None, method="GET")


def other_url(change):
    return lambda d: post(d, url=change(d.a.directory["newOrder"]))


NONCES = [
    pytest.param(used_nonce, 400, "badNonce", id="nonce-used", marks=pytest.mark.rfc("8555 6.5#4", "a nonce is good once")),
    pytest.param(unused_of_refused, 400, "badNonce", id="nonce-of-a-refused-request",
                 marks=pytest.mark.rfc("8555 6.5#4", "a refused request uses its nonce up")),
    pytest.param(lambda d: post(d, nonce=token()), 400, "badNonce", id="nonce-invented",
                 marks=pytest.mark.rfc("8555 6.5#3", "a nonce that was never given is refused")),
    pytest.param(lambda d: post(d, nonce=spoiled(d.a.nonce())), 400, "badNonce", id="nonce-changed",
                 marks=pytest.mark.rfc("8555 6.5.1#1", "one character of a good nonce changed makes it bad")),
    pytest.param(lambda d: post(d, nonce=None), 400, "badNonce", id="nonce-missing",
                 marks=pytest.mark.rfc("8555 6.5#5", "a missing nonce is badNonce")),
    pytest.param(lambda d: post(d, nonce="a+b/c==="), 400, "malformed", id="nonce-no-base64url",
                 marks=pytest.mark.rfc("8555 6.5.2#3", "a nonce that is not base64url is malformed")),
    pytest.param(lambda d: post(d, nonce=17), 400, "malformed", id="nonce-a-number",
                 marks=pytest.mark.rfc("8555 6.5.2#2", "a nonce is a string")),
]
URLS = [
    pytest.param(lambda d: post(d, url=None), 400, "malformed", id="url-missing",
                 marks=pytest.mark.rfc("8555 6.4.1#1", "without url the request is malformed")),
    pytest.param(lambda d: post(d, url=17), 400, "malformed", id="url-a-number", marks=pytest.mark.rfc("8555 6.4.1#2", "url is a string")),
    pytest.param(other_url(lambda u: u.replace("127.0.0.1", "localhost")), 403, "unauthorized", id="url-other-host",
                 marks=pytest.mark.rfc("8555 6.4#2", "url with another host is unauthorized")),
    pytest.param(other_url(lambda u: u.replace("https:", "http:")), 403, "unauthorized", id="url-other-scheme",
                 marks=pytest.mark.rfc("8555 6.4#2", "url with another scheme is unauthorized")),
    pytest.param(other_url(lambda u: u.replace("new-order", "new-authz")), 403, "unauthorized", id="url-other-path",
                 marks=pytest.mark.rfc("8555 6.4#1", "url is compared with the request's")),
    pytest.param(other_url(lambda u: u + "?a=b"), 403, "unauthorized", id="url-with-query",
                 marks=pytest.mark.rfc("8555 6.4#4", "a query too many is unauthorized")),
    pytest.param(other_url(lambda u: u + "/"), 403, "unauthorized", id="url-with-slash",
                 marks=pytest.mark.rfc("8555 6.4#4", "a slash too many is unauthorized")),
    pytest.param(other_url(lambda u: u.replace("new-order", "new%2Dorder")), 403, "unauthorized", id="url-escaped",
                 marks=pytest.mark.rfc("8555 6.4#4", "the same URL in another spelling is unauthorized")),
]
KEYS = [
    pytest.param(lambda d: post(d, alg="EdDSA"), 400, "badSignatureAlgorithm", id="alg-unsupported",
                 marks=pytest.mark.rfc("8555 6.2#14", "EdDSA, which is not offered")),
    pytest.param(lambda d: post(d, alg="ES256K"), 400, "badSignatureAlgorithm", id="alg-unknown",
                 marks=pytest.mark.rfc("8555 6.2#14", "an algorithm that nobody offers")),
    pytest.param(lambda d: post(d, alg="es256"), 400, "badSignatureAlgorithm", id="alg-lower-case",
                 marks=pytest.mark.rfc("8555 6.2#14", "names of algorithms are exact")),
    pytest.param(unsigned, 400, "badSignatureAlgorithm", id="alg-none", marks=pytest.mark.rfc("8555 6.2#9", "none is refused")),
    pytest.param(public_key_as_secret, 400, "badSignatureAlgorithm", id="alg-hs256-with-the-public-key",
                 marks=pytest.mark.rfc("8555 6.2#9", "a MAC is refused")),
    pytest.param(lambda d: post(d, alg="ES384"), 400, "badSignatureAlgorithm", id="alg-of-another-curve",
                 marks=pytest.mark.rfc("8555 6.2#2", "ES384 with a key on P-256")),
    pytest.param(lambda d: post(d, alg="RS256"), 400, "badSignatureAlgorithm", id="alg-of-another-key",
                 marks=pytest.mark.rfc("8555 6.2#2", "RS256 with an EC key")),
    pytest.param(lambda d: post(d, alg=None), 400, "malformed", id="alg-missing",
                 marks=pytest.mark.rfc("8555 6.2#8", "alg is required")),
    pytest.param(lambda d: post(d, jwk=True, kid=d.a.kid, **{}), 400, "malformed", id="jwk-for-an-order",
                 marks=pytest.mark.rfc("8555 6.2#13", "newOrder signed by jwk is malformed")),
    pytest.param(lambda d: d.a.send(d.a.directory["newOrder"], jws(d.a.key, {
        "alg": "ES256", "kid": d.a.kid, "jwk": d.a.key.jwk(), "nonce": d.a.nonce(), "url": d.a.directory["newOrder"]}, d.wish())),
        400, "malformed", id="kid-and-jwk", marks=pytest.mark.rfc("8555 6.2#11", "both jwk and kid")),
    pytest.param(lambda d: d.a.send(d.a.directory["newOrder"], jws(d.a.key, {
        "alg": "ES256", "nonce": d.a.nonce(), "url": d.a.directory["newOrder"]}, d.wish())),
        400, "malformed", id="neither-kid-nor-jwk", marks=pytest.mark.rfc("8555 6.2#8", "neither jwk nor kid")),
    pytest.param(lambda d: d.a.post(d.a.directory["newAccount"], {"termsOfServiceAgreed": True}), 400, "malformed", id="kid-for-an-account",
                 marks=pytest.mark.rfc("8555 6.2#12", "newAccount signed by kid is malformed")),
    pytest.param(lambda d: post(d, kid=d.absent("acct")), 400, "accountDoesNotExist", id="kid-of-nobody",
                 marks=pytest.mark.rfc("8555 6.7", "a kid that names no account")),
    pytest.param(lambda d: post(d, kid=d.a.kid + "?x"), 400, "accountDoesNotExist", id="kid-with-query",
                 marks=pytest.mark.rfc("8555 6.2#13", "kid is the account's URL exactly")),
    pytest.param(lambda d: post(d, kid=d.a.kid.rsplit("/", 1)[1]), 400, "malformed", id="kid-without-url",
                 marks=pytest.mark.rfc("8555 6.2#13", "kid is a URL")),
    pytest.param(lambda d: post(d, kid=17), 400, "malformed", id="kid-a-number", marks=pytest.mark.rfc("8555 6.2#13", "kid is a string")),
    pytest.param(lambda d: post(d, kid=d.b.kid), 400, "malformed", id="kid-of-somebody-else",
                 marks=pytest.mark.rfc("8555 6.2#2", "another account's kid, signed by ours")),
    pytest.param(at_other_directory, 400, "malformed", id="kid-of-another-directory",
                 marks=pytest.mark.rfc("8555 6.2#13", "an account is of one directory")),
    pytest.param(lambda d: post(d, crit=["exp"], exp=1), 400, "malformed", id="crit-unknown",
                 marks=pytest.mark.rfc("8555 6.2", "RFC 7515 4.1.11: what is critical and unknown is refused")),
    pytest.param(lambda d: post(d, crit=[]), 400, "malformed", id="crit-empty",
                 marks=pytest.mark.rfc("8555 6.2", "RFC 7515 4.1.11: crit is not empty")),
    pytest.param(lambda d: post(d, crit=["b64"], b64=False), 400, "malformed", id="b64-false-critical",
                 marks=pytest.mark.rfc("8555 6.2#5", "the unencoded payload option, marked critical")),
    pytest.param(lambda d: post(d, b64=False), 400, "malformed", id="b64-false",
                 marks=pytest.mark.rfc("8555 6.2#5", "the unencoded payload option, not marked")),
]
SIGNATURES = [
    pytest.param(by_other_key, 400, "malformed", id="signed-by-another-key", marks=pytest.mark.rfc("8555 6.2#2", "signed by another key")),
    pytest.param(lambda d: body(d, lambda s: {**s, "signature": spoiled(s["signature"])}), 400, "malformed", id="signature-changed",
                 marks=pytest.mark.rfc("8555 6.2#2", "one character of the signature changed")),
    pytest.param(lambda d: body(d, lambda s: {**s, "signature": s["signature"][:-4]}), 400, "malformed", id="signature-short",
                 marks=pytest.mark.rfc("8555 6.2#2", "a signature that is too short")),
    pytest.param(lambda d: body(d, replace(signature="")), 400, "malformed", id="signature-empty",
                 marks=pytest.mark.rfc("8555 6.2#2", "an empty signature")),
    pytest.param(lambda d: body(d, lambda s: {**s, "signature": b64(bytes(64))}), 400, "malformed", id="signature-zero",
                 marks=pytest.mark.rfc("8555 6.2#2", "r = s = 0")),
    pytest.param(lambda d: body(d, lambda s: {**s, "payload": b64(compact(d.wish()))}), 400, "malformed", id="payload-changed",
                 marks=pytest.mark.rfc("8555 6.2#2", "another payload under the signature")),
    pytest.param(lambda d: body(d, lambda s: {**s, "protected": b64(compact({
        "alg": "ES256", "kid": d.a.kid, "nonce": d.a.nonce(), "url": d.a.directory["newOrder"]}))}), 400, "malformed", id="protected-changed",
        marks=pytest.mark.rfc("8555 6.2#2", "another protected header under the signature")),
    pytest.param(lambda d: body(d, replace(header={"kid": "x"})), 400, "malformed", id="unprotected-header",
                 marks=pytest.mark.rfc("8555 6.2#6", "an unprotected header")),
    pytest.param(lambda d: body(d, lambda s: {**s, "signatures": [{"protected": s["protected"], "signature": s["signature"]}]}),
                 400, "malformed", id="two-signatures", marks=pytest.mark.rfc("8555 6.2#4", "signatures beside signature")),
    pytest.param(lambda d: body(d, lambda s: {"payload": s["payload"], "signatures": [
        {"protected": s["protected"], "signature": s["signature"]}]}), 400, "malformed", id="general-serialization",
        marks=pytest.mark.rfc("8555 6.2#3", "the general serialization")),
    pytest.param(lambda d: body(d, lambda s: ".".join((s["protected"], s["payload"], s["signature"]))), 400, "malformed",
                 id="compact-serialization", marks=pytest.mark.rfc("8555 6.2#3", "the compact serialization")),
    pytest.param(lambda d: body(d, without("payload")), 400, "malformed", id="payload-detached",
                 marks=pytest.mark.rfc("8555 6.2#7", "a payload that is not there")),
    pytest.param(lambda d: body(d, without("protected")), 400, "malformed", id="protected-missing",
                 marks=pytest.mark.rfc("8555 6.5.2#1", "a header that is not there")),
    pytest.param(lambda d: body(d, without("signature")), 400, "malformed", id="signature-missing",
                 marks=pytest.mark.rfc("8555 6.2#1", "a body without a signature")),
    pytest.param(lambda d: body(d, lambda s: {**s, "payload": None}), 400, "malformed", id="payload-null",
                 marks=pytest.mark.rfc("8555 6.3#3", "a payload is text, be it empty")),
]
JSON = [
    pytest.param(lambda d: d.a.send(d.a.directory["newOrder"], b""), 400, "malformed", id="body-empty",
                 marks=pytest.mark.rfc("8555 6.2#1", "a POST without a body")),
    pytest.param(lambda d: d.a.send(d.a.directory["newOrder"], json.dumps(d.wish())), 400, "malformed", id="body-without-jws",
                 marks=pytest.mark.rfc("8555 6.2#1", "a payload without a JWS around it")),
    pytest.param(lambda d: d.a.send(d.a.directory["newOrder"], "[]"), 400, "malformed", id="body-an-array",
                 marks=pytest.mark.rfc("8555 6.2#3", "a JWS is an object")),
    pytest.param(lambda d: text_of(d, lambda t: t[:-1]), 400, "malformed", id="body-cut-off", marks=pytest.mark.rfc("8555 6.2#3", "JSON cut off")),
    pytest.param(lambda d: text_of(d, lambda t: t + "x"), 400, "malformed", id="body-with-more-behind",
                 marks=pytest.mark.rfc("8555 6.2#3", "bytes after the JSON")),
    pytest.param(lambda d: text_of(d, lambda t: t + t), 400, "malformed", id="body-twice", marks=pytest.mark.rfc("8555 6.2#3", "two objects in one body")),
    pytest.param(lambda d: text_of(d, lambda t: b"\xff" + t.encode()), 400, "malformed", id="body-no-utf8",
                 marks=pytest.mark.rfc("8555 5", "bytes that are not UTF-8")),
    pytest.param(lambda d: text_of(d, lambda t: twice(t, "payload")), 400, "malformed", id="duplicate-member",
                 marks=pytest.mark.rfc("8555 6.2#3", "a member of the JWS twice")),
    pytest.param(lambda d: protected_text(d, lambda t: twice(t, "nonce")), 400, "malformed", id="duplicate-member-of-the-header",
                 marks=pytest.mark.rfc("8555 6.2#8", "RFC 7515 4: a header member twice")),
    pytest.param(lambda d: post(d, payload='{"identifiers":[],"identifiers":[{"type":"dns","value":"www.good.test"}]}'), 400, "malformed",
                 id="duplicate-member-of-the-payload", marks=pytest.mark.rfc("8555 7.4", "a member of the payload twice")),
    pytest.param(lambda d: protected_text(d, lambda t: t + " {}"), 400, "malformed", id="header-with-more-behind",
                 marks=pytest.mark.rfc("8555 6.2#8", "bytes after the header's JSON")),
    pytest.param(lambda d: post(d, payload=compact(d.wish()) + "x"), 400, "malformed", id="payload-with-more-behind",
                 marks=pytest.mark.rfc("8555 7.4", "bytes after the payload's JSON")),
    pytest.param(lambda d: post(d, payload="[]"), 400, "malformed", id="payload-an-array", marks=pytest.mark.rfc("8555 7.4", "a payload that is an array")),
    pytest.param(lambda d: post(d, payload='{"identifiers":' + "[" * 3000), 400, "malformed", id="payload-deep",
                 marks=pytest.mark.rfc("8555 7.4", "JSON nested without end")),
    pytest.param(lambda d: signed_again(d, lambda t: t + "=" * (-len(t) % 4 or 4)), 400, "malformed", id="header-padded",
                 marks=pytest.mark.rfc("8555 6.1#4", "base64url with padding in the header")),
    pytest.param(lambda d: signed_again(d, change_payload=lambda t: t + "=" * (-len(t) % 4 or 4)), 400, "malformed", id="payload-padded",
                 marks=pytest.mark.rfc("8555 6.1#4", "base64url with padding in the payload")),
    pytest.param(lambda d: body(d, lambda s: {**s, "signature": s["signature"] + "=="}), 400, "malformed", id="signature-padded",
                 marks=pytest.mark.rfc("8555 6.1#3", "base64url with padding in the signature")),
    pytest.param(lambda d: signed_again(d, change_payload=lambda t: t[:8] + "\n" + t[8:]), 400, "malformed", id="payload-with-a-line-end",
                 marks=pytest.mark.rfc("8555 6.1#4", "a line end in base64url")),
    pytest.param(lambda d: signed_again(d, change_payload=lambda t: t[:-1] + "+"), 400, "malformed", id="payload-in-plain-base64",
                 marks=pytest.mark.rfc("8555 6.1#4", "the other alphabet")),
    pytest.param(stray_bits, 400, "malformed", id="header-not-canonical", marks=pytest.mark.rfc("8555 6.1#4", "stray bits at the end")),
]
HTTP = [
    pytest.param(lambda d: typed(d, "application/json"), 415, "malformed", id="content-type-json",
                 marks=pytest.mark.rfc("8555 6.2#16", "application/json")),
    pytest.param(lambda d: typed(d, "text/plain"), 415, "malformed", id="content-type-text", marks=pytest.mark.rfc("8555 6.2#16", "text/plain")),
    pytest.param(lambda d: typed(d, None), 415, "malformed", id="content-type-missing", marks=pytest.mark.rfc("8555 6.2#16", "no content type")),
    pytest.param(lambda d: get(d, d.a.directory["newOrder"]), 405, "malformed", id="get-new-order",
                 marks=pytest.mark.rfc("8555 6.3#1", "GET of newOrder")),
    pytest.param(lambda d: get(d, d.a.kid), 405, "malformed", id="get-account", marks=pytest.mark.rfc("8555 6.3#1", "GET of an account")),
    pytest.param(lambda d: get(d, d.pending[0]), 405, "malformed", id="get-order", marks=pytest.mark.rfc("8555 6.3#1", "GET of an order")),
    pytest.param(lambda d: get(d, d.pending[1]["authorizations"][0]), 405, "malformed", id="get-authorization",
                 marks=pytest.mark.rfc("8555 6.3#1", "GET of an authorization")),
    pytest.param(lambda d: get(d, d.issued[0]["certificate"]), 405, "malformed", id="get-certificate",
                 marks=pytest.mark.rfc("8555 6.3#1", "GET of a certificate")),
    pytest.param(lambda d: d.a.post(d.pending[0], {}), 400, "malformed", id="object-for-an-order",
                 marks=pytest.mark.rfc("8555 6.3#2", "{} where the empty payload fetches")),
    pytest.param(lambda d: d.a.post(d.issued[0]["certificate"], {}), 400, "malformed", id="object-for-a-certificate",
                 marks=pytest.mark.rfc("8555 6.3#2", "{} where the empty payload fetches")),
    pytest.param(lambda d: d.a.post(d.a.directory["newOrder"]), 400, "malformed", id="empty-for-new-order",
                 marks=pytest.mark.rfc("8555 7.4", "the empty payload where an object is needed")),
    pytest.param(lambda d: d.a.post(d.pending[1]["finalize"]), 400, "malformed", id="empty-for-finalize",
                 marks=pytest.mark.rfc("8555 7.4#3", "the empty payload where a CSR is needed")),
    pytest.param(lambda d: d.closed.post(d.closed.directory["newOrder"], d.wish()), 401, "unauthorized", id="deactivated-account-orders",
                 marks=pytest.mark.rfc("8555 7.3.6#1", "a deactivated account asks for an order")),
    pytest.param(lambda d: d.closed.post(d.closed.kid), 401, "unauthorized", id="deactivated-account-looks",
                 marks=pytest.mark.rfc("8555 7.3.6#3", "a deactivated account fetches itself")),
    pytest.param(lambda d: d.closed.post(d.closed.old_order), 401, "unauthorized", id="deactivated-account-fetches",
                 marks=pytest.mark.rfc("8555 7.3.6#1", "a deactivated account fetches its order")),
    pytest.param(lambda d: d.closed.post(d.closed.directory["newAccount"], {"termsOfServiceAgreed": True}, jwk=True), 401, "unauthorized",
                 id="deactivated-account-registers", marks=pytest.mark.rfc("8555 7.3.6#3", "the key of a deactivated account registers")),
]


@pytest.mark.rfc("8555 6.7.1#2", "no problem has an identifier at its top")
@pytest.mark.parametrize("call,status,kind", NONCES + URLS + KEYS + SIGNATURES + JSON + HTTP)
def test_refused(desk, call, status, kind):
    problem(call(desk), status, kind)
    assert desk.a.post(desk.a.kid).status_code == 200, "the nonce of the refusal is not good for the next request"


@pytest.mark.rfc("8555 6.5#6", "the nonce of a badNonce answer is good for the repeated request")
def test_bad_nonce_brings_a_good_one(desk):
    answer = post(desk, nonce=token())
    problem(answer, 400, "badNonce")
    assert post(desk, nonce=answer.headers["Replay-Nonce"]).status_code == 201


@pytest.mark.rfc("8555 6.2#15", "the supported algorithms are listed")
def test_an_unknown_algorithm_is_answered_with_the_known_ones(desk):
    listed = problem(post(desk, alg="EdDSA"), 400, "badSignatureAlgorithm")["algorithms"]
    assert {"ES256", "RS256", "ES384", "ES512"} <= set(listed) and not {a for a in listed if a == "none" or a.startswith("HS")}


@pytest.mark.rfc("8555 6.2", "a body without end is not read")
def test_an_oversized_request(desk):
    """It is answered, or cut off while it is being sent; the next one is served."""
    try:
        assert post(desk, payload={"identifiers": [{"type": "dns", "value": "x" * 300_000}]}).status_code == 413
    except requests.ConnectionError:
        pass
    desk.a.nonces.clear()
    answer = desk.a.post(desk.a.kid)
    assert answer.status_code == 200, answer.text
