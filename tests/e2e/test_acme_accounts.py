"""The base of the ACME server: what every request is checked for (RFC 8555 6), directories, nonces, accounts (7.1 to 7.3)."""
import hashlib
import hmac
import json
import os
import secrets
import signal
import sqlite3
import threading

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa, utils
from harness.acme import Acme, Key, MacKey, b64, compact, eab, jws, problem, unb64
from harness.api import unique_name
from harness.fixtures import private_world
from harness.net import wait_for

TERMS = "https://terms.test/acme?v=1"


@pytest.fixture(scope="module")
def town(e2e_dir, dns, smtp, web):
    """A world of this file's own, with directories of every kind and one account."""
    world = private_world(e2e_dir, dns, smtp, web)
    admin = world.admin()
    for name, fields in {"terms": {"terms": TERMS, "website": "https://site.test/", "eab": "off"}, "closed": {"eab": "required", "open": True},
                         "other": {"eab": "off", "products": ["dv"]}}.items():
        admin.post("/acme/directories", {"name": name, "title": name, "products": ["dv", "dv-wildcard"], **fields}, 201)
    world.alice = client(world).register(contact=["mailto:alice@example.com"])
    yield world
    world.service.stop()


def client(world, directory="", key=None):
    base = world.service.url + "/acme" + (f"/{directory}" if directory else "")
    return Acme(base + "/directory", world.service.root_pem, key)


def fresh(world, directory=""):
    return client(world, directory).register()


def new_key(world, **fields):
    return world.customer.post("/acme/eab-keys", {"title": "test", **fields}, 201)


def given(members):
    """Without those that are None."""
    return {k: v for k, v in members.items() if v is not None}


def bind(who, key, **changes):
    """An external account binding; changes replace members of its header."""
    head = given({"alg": "HS256", "kid": key["kid"], "url": who.directory["newAccount"], **changes})
    return jws(MacKey(key["hmac_key"]), head, who.key.jwk())


def spoiled(who, at, payload="", **changes):
    """A request of who's, with members of its header replaced."""
    head = {"alg": who.key.alg, "kid": who.kid, "url": at, **({} if "nonce" in changes else {"nonce": who.nonce()}), **changes}
    return jws(who.key, given(head), payload)


def ask_account(who, **fields):
    return who.post(who.directory["newAccount"], {"termsOfServiceAgreed": True, **fields}, jwk=True)


# ---- directory and nonces

@pytest.mark.rfc("8555 7.1#1", "the directory names newNonce")
@pytest.mark.rfc("8555 7.1.1#2", "meta is an object")
def test_the_directory_names_its_resources(town):
    answer = requests.get(town.service.url + "/acme/directory", verify=str(town.service.root_pem), timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    document, base = answer.json(), town.service.url + "/acme"
    assert {k: v.removeprefix(base) for k, v in document.items() if k != "meta"} == {
        "newNonce": "/new-nonce", "newAccount": "/new-account", "newOrder": "/new-order", "newAuthz": "/new-authz",
        "revokeCert": "/revoke-cert", "keyChange": "/key-change", "renewalInfo": "/renewal-info"}
    assert document["meta"]["externalAccountRequired"] is False and "termsOfService" not in document["meta"]
    assert document["meta"]["profiles"] == {"dv": "Domain validated", "dv-wildcard": "Domain validated, with wildcards"}


@pytest.mark.rfc("8555 7.1.1#3", "caaIdentities are what CAA is asked for")
@pytest.mark.rfc("8555 7.3#9", "terms stand in meta")
@pytest.mark.rfc("8555 7.3.4#6", "externalAccountRequired stands in meta")
def test_meta_says_what_a_directory_wants(town):
    meta = client(town, "terms").directory["meta"]
    assert (meta["termsOfService"], meta["website"]) == (TERMS, "https://site.test/")
    assert meta["caaIdentities"] == [town.service.config["ca"]["caa_identity"]]
    assert client(town, "closed").directory["meta"]["externalAccountRequired"] is True
    assert list(client(town, "other").directory["meta"]["profiles"]) == ["dv"]


@pytest.mark.rfc("8555 7.2#1", "HEAD answers 200 with a nonce")
@pytest.mark.rfc("8555 7.2#2", "GET answers 204 without a body")
@pytest.mark.rfc("8555 7.2#3", "no-store")
@pytest.mark.rfc("8555 6.5.1#2", "a nonce is base64url")
def test_new_nonces(town):
    for method, status in (("HEAD", 200), ("GET", 204)):
        answer = town.alice.http.request(method, town.alice.directory["newNonce"], timeout=10)
        assert (answer.status_code, answer.content) == (status, b"")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Link"] == f'<{town.service.url}/acme/directory>;rel="index"'
        town.alice._keep(answer)


@pytest.mark.rfc("8555 6.3#5", "a POST-as-GET answers what a GET does")
@pytest.mark.rfc("8555 6.3#6", "directory and newNonce answer POST-as-GET too")
@pytest.mark.rfc("8555 6.5#1", "each answer to a POST has a nonce")
def test_directory_and_nonce_by_post_as_get(town):
    answer = town.alice.post(town.alice.url)
    assert answer.status_code == 200 and answer.json() == town.alice.directory and answer.headers["Replay-Nonce"]
    assert town.alice.post(town.alice.directory["newNonce"]).status_code == 204
    problem(town.alice.post(town.alice.directory["newNonce"], {}), 400, "malformed")


@pytest.mark.rfc("8555 6.5.1#1", "hundreds of nonces are all different, in their random part too")
def test_nonces_are_unique(town):
    url, seen = town.alice.directory["newNonce"], set()
    for _ in range(300):
        seen.add(town.alice.http.head(url, timeout=10).headers["Replay-Nonce"][11:])
    assert len(seen) == 300


# ---- every signed request (6.2 to 6.5)

def refused(town, status, kind, payload="", **changes):
    """A request of alice's about her own account, spoiled, is refused so."""
    return problem(town.alice.send(town.alice.kid, spoiled(town.alice, town.alice.kid, payload, **changes)), status, kind)


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "RS256"])
@pytest.mark.rfc("8555 6.2#10", "ES256, ES384, ES512 and RS256 make accounts, and sign for them")
def test_algorithms(town, alg):
    who = client(town, key=Key(alg)).register()
    assert who.show(who.kid)["status"] == "valid"


@pytest.mark.parametrize("content_type", ["application/json", "application/jose+jsonx", "text/plain", "", "application/jose"])
@pytest.mark.rfc("8555 6.2#16", "another media type is 415")
def test_media_type(town, content_type):
    answer = town.alice.send(town.alice.kid, town.alice.signed(town.alice.kid), content_type)
    problem(answer, 415, "malformed")


def changed(part, value):
    def change(body):
        return {k: v for k, v in {**body, part: value}.items() if v is not None}
    return change


FORMS = {
    "no protected": changed("protected", None), "no payload": changed("payload", None), "no signature": changed("signature", None),
    "a list of signatures": lambda b: {"payload": b["payload"], "signatures": [{"protected": b["protected"], "signature": b["signature"]}]},
    "a list beside the signature": changed("signatures", []), "an unprotected header": changed("header", {"kid": "x"}),
    "an empty unprotected header": changed("header", {}), "a payload that is an object": changed("payload", {}),
    "a payload that is null": lambda b: {**b, "payload": None},
    "padding in protected": lambda b: {**b, "protected": b["protected"] + "=" * (-len(b["protected"]) % 4 or 4)},
    "padding in the signature": lambda b: {**b, "signature": b["signature"] + "=="},
    "padding in the payload": changed("payload", "e30="), "plain base64": changed("payload", "e+//"), "stray bits": changed("payload", "e31"),
    "compact form": lambda b: ".".join((b["protected"], b["payload"], b["signature"])), "a list": lambda b: [b], "nothing": lambda b: "",
    "text": lambda b: "hello", "cut short": lambda b: json.dumps(b)[:-5], "something behind it": lambda b: json.dumps(b) + "x",
    "a member twice": lambda b: json.dumps(b)[:-1] + ', "payload": ""}', "not UTF-8": lambda b: json.dumps(b).encode() + b"\xff",
    "deep": lambda b: json.dumps(b)[:-1] + ', "x": ' + "[" * 100 + "]" * 100 + "}",
    "protected that is no JSON": changed("protected", b64("hello")), "protected that is a list": changed("protected", b64("[]")),
    "an empty protected": changed("protected", ""), "protected in the clear": changed("protected", {"alg": "ES256"}),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.rfc("8555 6.2#3", "what is no flattened JSON is refused")
@pytest.mark.rfc("8555 6.2#4", "one signature only")
@pytest.mark.rfc("8555 6.2#6", "an unprotected header is refused")
@pytest.mark.rfc("8555 6.2#7", "a payload that is not there is refused")
@pytest.mark.rfc("8555 6.1#4", "padding is refused")
@pytest.mark.rfc("8555 6.3#3", "a POST-as-GET has \"payload\": \"\"")
def test_forms_that_are_none(town, form):
    body = FORMS[form](town.alice.signed(town.alice.kid))
    problem(town.alice.send(town.alice.kid, json.dumps(body) if isinstance(body, list) else body), 400, "malformed")


def test_unknown_members_are_passed_over(town):
    body = {**town.alice.signed(town.alice.kid, typ="jose", extra={"a": [1]}), "resource": "new-reg"}
    assert town.alice.send(town.alice.kid, body).status_code == 200


HEADERS = {
    "no alg": ({"alg": None}, 400, "malformed"), "alg is a number": ({"alg": 5}, 400, "malformed"),
    "alg none": ({"alg": "none"}, 400, "badSignatureAlgorithm"), "alg HS256": ({"alg": "HS256"}, 400, "badSignatureAlgorithm"),
    "alg PS256": ({"alg": "PS256"}, 400, "badSignatureAlgorithm"), "alg EdDSA": ({"alg": "EdDSA"}, 400, "badSignatureAlgorithm"),
    "alg RS1": ({"alg": "RS1"}, 400, "badSignatureAlgorithm"), "alg of another key": ({"alg": "RS256"}, 400, "badSignatureAlgorithm"),
    "alg of another curve": ({"alg": "ES384"}, 400, "badSignatureAlgorithm"), "crit": ({"crit": ["exp"], "exp": 1}, 400, "malformed"),
    "crit of what is known": ({"crit": ["url"]}, 400, "malformed"), "b64": ({"b64": False, "crit": ["b64"]}, 400, "malformed"),
    "b64 alone": ({"b64": False}, 400, "malformed"), "no url": ({"url": None}, 400, "malformed"), "url is a list": ({"url": ["x"]}, 400, "malformed"),
    "no nonce": ({"nonce": None}, 400, "badNonce"), "an empty nonce": ({"nonce": ""}, 400, "malformed"),
    "a nonce with padding": ({"nonce": "AAAA=="}, 400, "malformed"), "a nonce that is no base64url": ({"nonce": "a+b/"}, 400, "malformed"),
    "a nonce that is a number": ({"nonce": 7}, 400, "malformed"), "another server's nonce": ({"nonce": b64(secrets.token_bytes(40))}, 400, "badNonce"),
    "a short nonce": ({"nonce": "AAAA"}, 400, "badNonce"), "no kid": ({"kid": None}, 400, "malformed"), "kid is a number": ({"kid": 1}, 400, "malformed"),
    "kid is no URL of ours": ({"kid": "https://elsewhere.test/acct/1"}, 400, "malformed"), "kid is only an id": ({"kid": "aca_1"}, 400, "malformed"),
    "a huge header": ({"extra": "x" * 9000, "nonce": "AAAA"}, 400, "badNonce"),
}


@pytest.mark.parametrize("case", HEADERS)
@pytest.mark.rfc("8555 6.2#8", "a header that lacks what it needs is refused")
@pytest.mark.rfc("8555 6.2#9", "none and MACs are refused")
@pytest.mark.rfc("8555 6.2#5", "b64 is refused")
@pytest.mark.rfc("8555 6.2#13", "without kid nothing is done for an account")
@pytest.mark.rfc("8555 6.2#14", "badSignatureAlgorithm")
@pytest.mark.rfc("8555 6.2#15", "which lists the algorithms that there are")
@pytest.mark.rfc("8555 6.4.1#1", "url is in the protected header")
@pytest.mark.rfc("8555 6.4.1#2", "url is a string")
@pytest.mark.rfc("8555 6.5#3", "a nonce of somebody else is badNonce")
@pytest.mark.rfc("8555 6.5#5", "no nonce is badNonce")
@pytest.mark.rfc("8555 6.5.2#1", "nonce is in the protected header")
@pytest.mark.rfc("8555 6.5.2#2", "nonce is base64url")
@pytest.mark.rfc("8555 6.5.2#3", "else malformed")
def test_headers_that_are_not_good(town, case):
    change, status, kind = HEADERS[case]
    answer = refused(town, status, kind, **change)
    if kind == "badSignatureAlgorithm":
        assert answer["algorithms"] == ["RS256", "ES256", "ES384", "ES512"]


def test_a_header_with_a_member_twice_is_refused(town):
    text = compact({"alg": "ES256", "kid": town.alice.kid, "nonce": town.alice.nonce(), "url": town.alice.kid})
    problem(town.alice.send(town.alice.kid, jws(town.alice.key, text[:-1] + ',"alg":"ES256"}', "")), 400, "malformed")


@pytest.mark.rfc("8555 6.2#11", "jwk and kid together are refused")
def test_jwk_and_kid_exclude_each_other(town):
    refused(town, 400, "malformed", jwk=town.alice.key.jwk())


@pytest.mark.rfc("8555 6.2#12", "newAccount with kid is refused")
@pytest.mark.rfc("8555 6.2#13", "other requests with jwk are refused")
def test_each_request_says_who_in_its_own_way(town):
    who = town.alice
    problem(who.post(who.directory["newAccount"], {}), 400, "malformed")
    problem(who.post(who.kid, jwk=True), 400, "malformed")


@pytest.mark.rfc("8555 6.4#1", "url is compared")
@pytest.mark.rfc("8555 6.4#2", "another url is unauthorized")
@pytest.mark.rfc("8555 6.4#4", "also one that means the same")
@pytest.mark.parametrize("change", [lambda u: u + "/", lambda u: u + "?", lambda u: u.replace("https", "http"), lambda u: u.upper(),
                                    lambda u: u.replace("127.0.0.1", "localhost"), lambda u: u.replace("/acct/", "/%61cct/"), lambda u: u[:-1],
                                    lambda u: u + "?a=1", lambda u: u.replace("/acme/", "//acme/")],
                         ids=["slash", "question mark", "scheme", "case", "host", "escape", "shorter", "query", "two slashes"])
def test_a_request_for_another_url(town, change):
    refused(town, 403, "unauthorized", url=change(town.alice.kid))


def test_a_query_is_part_of_the_url(town):
    url = town.alice.kid + "/orders"
    body = town.alice.signed(url)
    problem(town.alice.send(url + "?cursor=1.x", body), 403, "unauthorized")
    assert town.alice.post(url + "?cursor=1.x").status_code == 200


@pytest.mark.rfc("8555 6.5#4", "a nonce is good once")
@pytest.mark.rfc("8555 6.5#6", "the nonce that comes with badNonce is good")
def test_a_replayed_request(town):
    body = town.alice.signed(town.alice.kid)
    assert town.alice.send(town.alice.kid, body).status_code == 200
    answer = town.alice.send(town.alice.kid, body)
    problem(answer, 400, "badNonce")
    assert town.alice.post(town.alice.kid, nonce=answer.headers["Replay-Nonce"]).status_code == 200


@pytest.mark.parametrize("why", ["signature", "url", "payload", "alg", "crit", "media type", "unknown account", "contact"])
@pytest.mark.rfc("8555 6.5#4", "also when the request was refused")
def test_a_refused_request_uses_its_nonce_up(town, why):
    who, url, nonce = town.alice, town.alice.kid, town.alice.nonce()
    how = {"url": {"url": url + "/"}, "alg": {"alg": "none"}, "crit": {"crit": ["x"]}, "unknown account": {"kid": url[:-1] + ("0" if url[-1] != "0" else "1")}}.get(why, {})
    payload = {"payload": "[1]", "contact": {"contact": ["tel:1"]}}.get(why, "")
    body = spoiled(who, url, payload, nonce=nonce, **how)
    if why == "signature":
        body["signature"] = b64(bytes(64))
    answer = who.send(url, body, "text/plain" if why == "media type" else "application/jose+json")
    assert answer.status_code >= 400
    problem(who.post(url, nonce=nonce), 400, "badNonce")


@pytest.mark.rfc("8555 6.2#2", "a wrong signature is refused, and nothing was done")
@pytest.mark.parametrize("spoil", ["another key", "a bit", "payload", "header", "empty", "short", "DER"])
def test_wrong_signatures(town, spoil):
    who, url = town.alice, town.alice.kid
    body = who.signed(url, {"contact": ["mailto:mallory@example.com"]}, **({"key": Key(), "kid": url} if spoil == "another key" else {}))
    raw = unb64(body["signature"])
    if spoil == "a bit":
        body["signature"] = b64(raw[:-1] + bytes([raw[-1] ^ 1]))
    elif spoil == "payload":
        body["payload"] = b64('{"contact": []}')
    elif spoil == "header":
        body["protected"] = b64(compact({"alg": "ES256", "kid": url, "nonce": who.nonce(), "url": url}))
    elif spoil == "empty":
        body["signature"] = ""
    elif spoil == "short":
        body["signature"] = b64(raw[:-2])
    elif spoil == "DER":
        body["signature"] = b64(utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")))
    problem(who.send(url, body), 400, "malformed")
    assert who.show(url)["contact"] == ["mailto:alice@example.com"]


@pytest.mark.parametrize("payload", ["[]", "1", "null", '"x"', "{", "{}x", '{"a":1,"a":2}', " ", b'{"a":"\xff"}', b'{"contact":["\xc0\xaf"]}'])
@pytest.mark.rfc("8555 5#1", "what is no UTF-8 is refused")
def test_payloads_that_are_no_object(town, payload):
    refused(town, 400, "malformed", payload)


@pytest.mark.parametrize("path", ["/new-account", "/key-change", "/acct/x", "/acct/x/orders"])
@pytest.mark.rfc("8555 6.3#1", "GET is 405, malformed")
def test_other_methods(town, path):
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = town.alice.http.request(method, town.service.url + "/acme" + path, timeout=10)
        problem(answer, 405, "malformed")
        assert answer.headers["Allow"] == "POST"
    problem(town.alice.send(town.service.url + "/acme/new-nonce", "", method="PUT"), 405, "malformed")


@pytest.mark.parametrize("path", ["/acme/", "/acme/nothing", "/acme/nothing/directory", "/acme/acct", "/acme/terms/", "/acme/acct/a/b/c",
                                  "/acme/TERMS/directory", "/acme/default/directory"])
def test_paths_that_are_none(town, path):
    problem(town.alice.send(town.service.url + path, "{}"), 404, "malformed")


@pytest.mark.rfc("8555 6.1#1", "plain HTTP is only led to HTTPS")
def test_no_acme_without_tls(town):
    answer = requests.get(town.service.http_url + "/acme/directory", allow_redirects=False, timeout=10)
    assert answer.status_code == 308 and answer.headers["Location"].startswith("https://")


def test_a_body_of_nonsense(town):
    problem(town.alice.send(town.alice.kid, "[" * 200000), 400, "malformed")


# ---- newAccount

@pytest.mark.rfc("8555 7.3#2", "\"orders\" and unknown members are ignored")
@pytest.mark.rfc("8555 7.3#4", "and not reflected")
@pytest.mark.rfc("8555 7.3#5", "mailto is supported")
def test_new_account(town):
    who = client(town)
    answer = ask_account(who, contact=["mailto:Ann@Example.com", "mailto:bob@example.com"], orders="x", status="revoked", color="red")
    assert answer.status_code == 201
    url = answer.headers["Location"]
    assert url.startswith(town.service.url + "/acme/acct/")
    assert answer.json() == {"status": "valid", "contact": ["mailto:Ann@Example.com", "mailto:bob@example.com"],
                             "orders": url + "/orders", "termsOfServiceAgreed": True}
    who.kid = url
    assert who.show(url) == answer.json() and who.show(url + "/orders") == {"orders": []}


@pytest.mark.rfc("8555 7.3.1#1", "the same key gets its account again")
@pytest.mark.rfc("8555 7.3.1#2", "and nothing of it changes")
def test_existing_account(town):
    who = client(town).register(contact=["mailto:first@example.com"])
    for fields in ({}, {"onlyReturnExisting": True}, {"contact": ["mailto:second@example.com"]}, {"contact": ["tel:1"]}):
        answer = ask_account(who, **fields)
        assert (answer.status_code, answer.headers["Location"]) == (200, who.kid)
        assert answer.json()["contact"] == ["mailto:first@example.com"]


@pytest.mark.rfc("8555 7.3#1", "onlyReturnExisting makes no account")
@pytest.mark.rfc("8555 7.3.1#3", "accountDoesNotExist")
def test_only_return_existing(town):
    who = client(town)
    for _ in range(2):
        problem(ask_account(who, onlyReturnExisting=True), 400, "accountDoesNotExist")
    problem(ask_account(who, onlyReturnExisting="yes"), 400, "malformed")


CONTACTS = {"tel:+123": "unsupportedContact", "http://example.com/": "unsupportedContact", "": "unsupportedContact", "ann@example.com": "unsupportedContact",
            "mailto:": "invalidContact", "mailto:ann": "invalidContact", "mailto:a@example.com,b@example.com": "invalidContact",
            "mailto:a@example.com?subject=x": "invalidContact", "mailto:a%40b@example.com": "invalidContact", "mailto:a@b@example.com": "invalidContact",
            "mailto:a@example.com\r\nBcc: b@example.com": "invalidContact", "mailto:<a@example.com>": "invalidContact",
            "mailto:" + "a" * 300 + "@example.com": "invalidContact", "mailto:a@localhost": "invalidContact"}


@pytest.mark.parametrize("contact", CONTACTS)
@pytest.mark.rfc("8555 7.3#7", "another scheme is unsupportedContact")
@pytest.mark.rfc("8555 7.3#8", "one that is no address is invalidContact")
@pytest.mark.rfc("8555 7.3#6", "several addresses and header fields are refused")
def test_contacts(town, contact):
    problem(ask_account(client(town), contact=["mailto:good@example.com", contact]), 400, CONTACTS[contact])
    problem(town.alice.post(town.alice.kid, {"contact": [contact]}), 400, CONTACTS[contact])


def test_contacts_of_another_kind(town):
    for contact in ("mailto:a@example.com", {}, 1):
        problem(ask_account(client(town), contact=contact), 400, "malformed")
    problem(ask_account(client(town), contact=[1]), 400, "invalidContact")
    problem(ask_account(client(town), contact=["mailto:a@example.com"] * 11), 400, "invalidContact")


@pytest.mark.rfc("8555 7.3#10", "without termsOfServiceAgreed there is no account")
@pytest.mark.rfc("8555 7.3.3#1", "403, userActionRequired")
@pytest.mark.rfc("8555 7.3.3#2", "with a link to the terms")
@pytest.mark.rfc("8555 7.3.3#3", "and where to read them")
def test_terms_of_service(town):
    who = client(town, "terms")
    for fields in ({"termsOfServiceAgreed": False}, {"termsOfServiceAgreed": None}, {}):
        answer = who.post(who.directory["newAccount"], {k: v for k, v in fields.items() if v is not None}, jwk=True)
        assert problem(answer, 403, "userActionRequired")["instance"] == TERMS
        assert f'<{TERMS}>;rel="terms-of-service"' in answer.headers["Link"]
    assert ask_account(who).status_code == 201


@pytest.mark.parametrize("jwk", [
    {"kty": "oct", "k": "AAAA"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}, {},
    {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB"},
    {"kty": "RSA", "n": "", "e": "AQAB"}], ids=lambda j: "-".join(j.get(k, "") for k in ("kty", "crv")) + ("d" if "d" in j else ""))
def test_keys_that_are_none(town, jwk):
    who = client(town)
    problem(who.send(who.directory["newAccount"], jws(who.key, {"alg": "ES256", "jwk": jwk, "nonce": who.nonce(),
                                                                 "url": who.directory["newAccount"]}, {})), 400, "badPublicKey")


def test_a_private_key_is_refused(town):
    key, who = Key(), client(town)
    private = {**key.jwk(), "d": b64(key.private.private_numbers().private_value.to_bytes(32, "big"))}
    head = {"alg": "ES256", "jwk": private, "nonce": who.nonce(), "url": who.directory["newAccount"]}
    answer = problem(who.send(who.directory["newAccount"], jws(key, head, {})), 400, "badPublicKey")
    assert private["d"] not in json.dumps(answer) and private["d"] not in town.service.log_text()


def test_weak_keys_make_no_account(town):
    weak = Key("RS256", rsa.generate_private_key(65537, 1024))
    problem(ask_account(client(town, key=weak)), 400, "badPublicKey")
    problem(key_change(fresh(town), weak), 400, "badPublicKey")


@pytest.mark.rfc("8555 11.1#6", "many requests with one key at a time make one account")
def test_one_account_a_key(town):
    key, urls = Key(), []
    def ask():
        who = client(town, key=key)
        urls.append(ask_account(who).headers["Location"])
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(urls) == 8 and len(set(urls)) == 1


def test_a_directory_knows_only_its_own_accounts(town):
    who = client(town, "other", town.alice.key)
    problem(ask_account(who, onlyReturnExisting=True), 400, "accountDoesNotExist")
    other = who.register()
    assert other.kid.startswith(town.service.url + "/acme/other/acct/")
    problem(other.post(other.directory["newNonce"], kid=town.alice.kid), 400, "malformed")
    swapped = other.kid.rsplit("/", 1)[1]
    problem(town.alice.post(town.alice.kid, kid=f"{town.service.url}/acme/acct/{swapped}"), 400, "accountDoesNotExist")


# ---- update, deactivation

@pytest.mark.rfc("8555 7.3.2#2", "200 and the account")
@pytest.mark.rfc("8555 7.3.2#1", "other members are ignored")
def test_update(town):
    who = fresh(town)
    answer = who.post(who.kid, {"contact": ["mailto:new@example.com"], "status": "revoked", "orders": "x", "termsOfServiceAgreed": False})
    assert answer.status_code == 200 and answer.json() == who.show(who.kid)
    assert answer.json() == {"status": "valid", "contact": ["mailto:new@example.com"], "orders": who.kid + "/orders", "termsOfServiceAgreed": True}
    assert who.post(who.kid, {"contact": []}).json()["contact"] == []
    problem(who.post(who.kid, {"status": 1}), 400, "malformed")


@pytest.mark.rfc("8555 7.3.6#2", "another account cannot do it")
@pytest.mark.rfc("8555 6.3#4", "and cannot look at it")
def test_another_account_is_out_of_reach(town):
    mallory = fresh(town)
    for payload in ("", {"status": "deactivated"}, {"contact": []}):
        problem(mallory.post(town.alice.kid, payload), 403, "unauthorized")
    problem(mallory.post(town.alice.kid + "/orders"), 403, "unauthorized")
    assert town.alice.show(town.alice.kid)["status"] == "valid"


@pytest.mark.rfc("8555 7.3.6#1", "401, unauthorized from then on")
@pytest.mark.rfc("8555 7.3.6#3", "for every request of that key")
def test_deactivation(town):
    who = fresh(town)
    url, order = who.order(unique_name())
    assert who.post(who.kid, {"status": "deactivated"}).json()["status"] == "deactivated"
    for at, payload in ((who.kid, ""), (who.kid, {"contact": []}), (who.kid + "/orders", ""), (url, ""), (order["finalize"], {"csr": "AA"}),
                        (order["authorizations"][0], ""), (who.directory["newOrder"], {"identifiers": []})):
        problem(who.post(at, payload), 401, "unauthorized")
    problem(key_change(who, Key()), 401, "unauthorized")
    problem(ask_account(who), 401, "unauthorized")
    problem(ask_account(who, onlyReturnExisting=True), 401, "unauthorized")


# ---- orders

@pytest.mark.rfc("8555 7.1.2.1#1", "an object with \"orders\", paged by Link rel=next")
def test_the_list_of_orders(town):
    who, db = fresh(town), town.service.state / "core" / "autocsr.db"
    made = [who.order(unique_name())[0] for _ in range(3)]
    assert set(who.show(who.kid + "/orders")["orders"]) == set(made)
    fill_orders(db, who.kid.rsplit("/", 1)[1])
    seen, url, pages = [], who.kid + "/orders", 0
    while url:
        answer = who.post(url)
        assert answer.status_code == 200
        seen += answer.json()["orders"]
        url, pages = answer.links.get("next", {}).get("url"), pages + 1
    assert len(seen) == len(set(seen)) == 253 and pages >= 3
    assert set(made) <= set(seen) and not [u for u in seen if "invalid" in u]
    for cursor in ("x", "1", "a.b", "-1.x", "99999999999999999999.x", "1." + "x" * 60):
        problem(who.post(f"{who.kid}/orders?cursor={cursor}"), 400, "malformed")


def fill_orders(db, account):
    """250 older orders that are shown and 700 that are not, as if they had been made long ago."""
    with sqlite3.connect(db, timeout=10) as c:
        columns = [r[1] for r in c.execute("PRAGMA table_info(acme_orders)")]
        row = dict(zip(columns, c.execute("SELECT * FROM acme_orders WHERE acme_account_id = ?", (account,)).fetchone()))
        for i in range(950):
            status = "pending" if i % 19 < 5 else "invalid"
            values = {**row, "id": f"aco_{status}_{i}", "status": status, "created_at": 1000 + i // 7, "serial": "", "replaces": ""}
            c.execute(f"INSERT INTO acme_orders ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", [values[k] for k in columns])


# ---- keyChange

def key_change(who, new, outer=None, head=None, body=None, sign=None, inner=None):
    url = who.directory["keyChange"]
    protected = given({"alg": new.alg, "jwk": new.jwk(), "url": url, **(head or {})})
    payload = body if isinstance(body, str) else given({"account": who.kid, "oldKey": who.key.jwk(), **(body or {})})
    return who.post(url, inner if inner is not None else jws(sign or new, protected, payload), **(outer or {}))


@pytest.mark.parametrize("alg", ["ES256", "RS256", "ES512"])
@pytest.mark.rfc("8555 7.3.5#7", "orders and authorizations stay")
@pytest.mark.rfc("8555 7.3.5#2", "signed by the old key")
def test_key_change(town, alg):
    who, new = client(town, key=Key("ES384")).register(contact=["mailto:k@example.com"]), Key(alg)
    url, order = who.order(unique_name())
    answer = key_change(who, new)
    assert answer.status_code == 200 and answer.json()["contact"] == ["mailto:k@example.com"]
    problem(who.post(who.kid), 400, "badSignatureAlgorithm" if who.key.alg != new.alg else "malformed")
    old, who.key = who.key, new
    assert who.show(url) == order and who.show(order["authorizations"][0])["status"] == "pending"
    assert ask_account(who).headers["Location"] == who.kid
    problem(ask_account(client(town, key=old), onlyReturnExisting=True), 400, "accountDoesNotExist")


CHANGES = {
    "no jwk": {"head": {"jwk": None}}, "kid beside jwk": {"head": {"kid": "x"}}, "a nonce": {"head": {"nonce": "AAAA"}},
    "no url": {"head": {"url": None}}, "another url": {"head": {"url": "https://x.test/"}}, "no account": {"body": {"account": None}},
    "another account": {"body": {"account": "https://x.test/acct/1"}}, "account is a number": {"body": {"account": 1}}, "no oldKey": {"body": {"oldKey": None}},
    "oldKey is no key": {"body": {"oldKey": {"kty": "EC"}}}, "oldKey is text": {"body": {"oldKey": "x"}}, "oldKey is another": {"body": {"oldKey": Key().jwk()}},
    "signed by another key": {"sign": Key()}, "alg none": {"head": {"alg": "none"}}, "a MAC": {"head": {"alg": "HS256"}}, "crit": {"head": {"crit": ["x"]}},
    "a payload that is no object": {"body": "[]"}, "a payload that is empty": {"body": ""}, "a member twice": {"body": '{"account":"a","account":"b"}'},
    "no JWS": {"inner": {"account": "x"}}, "nothing": {"inner": ""}, "a list": {"inner": "[]"}, "jwk in the outer": {"outer": {"jwk": True}},
}


@pytest.mark.parametrize("case", CHANGES)
@pytest.mark.rfc("8555 7.3.5#3", "the inner JWS has jwk")
@pytest.mark.rfc("8555 7.3.5#4", "and the same url")
@pytest.mark.rfc("8555 7.3.5#5", "and no nonce")
@pytest.mark.rfc("8555 7.3.5#6", "each check")
def test_key_changes_that_are_not_good(town, case):
    kind = "badSignatureAlgorithm" if case in ("alg none", "a MAC") else "malformed"
    problem(key_change(town.alice, Key(), **CHANGES[case]), 400, kind)
    assert town.alice.show(town.alice.kid)["status"] == "valid"


@pytest.mark.rfc("8555 7.3.5#6", "a key in use is 409 with the URL of its account")
def test_a_key_change_to_a_key_in_use(town):
    one, two = fresh(town), fresh(town)
    for who, new in ((one, two.key), (one, one.key)):
        answer = key_change(who, new)
        problem(answer, 409, "malformed")
        assert answer.headers["Location"] == (two.kid if new is two.key else one.kid)


# ---- external account binding

@pytest.mark.rfc("8555 7.3.4#9", "the account shows it as it came")
@pytest.mark.rfc("8555 7.3.4#1", "the key identifier is ASCII")
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_binding(town, alg):
    key, who = new_key(town, directory="closed"), client(town, "closed")
    assert key["kid"].isascii() and key["directory_url"] == town.service.url + "/acme/closed/directory"
    binding = bind(who, key) if alg == "HS256" else mac_binding(who, key, alg)
    who.register(externalAccountBinding=binding)
    assert who.show(who.kid)["externalAccountBinding"] == binding
    listed = next(a for a in town.customer.get("/acme/accounts")["accounts"] if a["url"] == who.kid)
    assert (listed["eab_kid"], listed["directory"], listed["status"]) == (key["kid"], "closed", "valid")
    assert next(k for k in town.customer.get("/acme/eab-keys")["keys"] if k["kid"] == key["kid"])["accounts"] == 1


def mac_binding(who, key, alg):
    class Mac(MacKey):
        def sign(self, data):
            return hmac.new(self.secret, data, getattr(hashlib, "sha" + alg[2:])).digest()
    return jws(Mac(unb64(key["hmac_key"])), {"alg": alg, "kid": key["kid"], "url": who.directory["newAccount"]}, who.key.jwk())


def test_a_binding_is_needed_where_it_is(town):
    problem(ask_account(client(town, "closed")), 403, "externalAccountRequired")
    problem(ask_account(client(town, "closed"), externalAccountBinding="x"), 400, "malformed")


@pytest.mark.rfc("8555 7.3.4#7", "what was not verified is not reflected")
def test_a_binding_is_passed_over_where_it_is_off(town):
    who = client(town, "other").register(externalAccountBinding={"any": "thing"})
    assert "externalAccountBinding" not in who.show(who.kid)


BINDINGS = {
    "alg of a signature": ({"alg": "ES256"}, 400, "badSignatureAlgorithm"), "alg none": ({"alg": "none"}, 400, "badSignatureAlgorithm"),
    "no kid": ({"kid": None}, 400, "malformed"), "unknown kid": ({"kid": "eab_0"}, 403, "unauthorized"), "a nonce": ({"nonce": "AAAA"}, 400, "malformed"),
    "no url": ({"url": None}, 400, "malformed"), "another url": ({"url": "https://x.test/"}, 400, "malformed"), "crit": ({"crit": ["x"]}, 400, "malformed"),
    "jwk": ({"jwk": Key().jwk()}, 400, "malformed"), "another alg than the MAC's": ({"alg": "HS512"}, 403, "unauthorized"),
}


@pytest.mark.parametrize("case", BINDINGS)
@pytest.mark.rfc("8555 7.3.4#2", "alg is a MAC")
@pytest.mark.rfc("8555 7.3.4#3", "kid is one that was given out")
@pytest.mark.rfc("8555 7.3.4#4", "no nonce")
@pytest.mark.rfc("8555 7.3.4#5", "the url of the request")
@pytest.mark.rfc("8555 7.3.4#8", "each check")
@pytest.mark.rfc("8555 7.3.4#10", "no account when one fails")
def test_bindings_that_are_not_good(town, case):
    change, status, kind = BINDINGS[case]
    key, who = new_key(town, directory="closed"), client(town, "closed")
    problem(ask_account(who, externalAccountBinding=bind(who, key, **change)), status, kind)
    problem(ask_account(who, onlyReturnExisting=True), 400, "accountDoesNotExist")


@pytest.mark.rfc("8555 7.3.4#8", "the MAC, and whose key it binds")
def test_bindings_of_something_else(town):
    key, who = new_key(town, directory="closed"), client(town, "closed")
    url = who.directory["newAccount"]
    problem(ask_account(who, externalAccountBinding=eab(key["kid"], secrets.token_bytes(32), who.key.jwk(), url)), 403, "unauthorized")
    problem(ask_account(who, externalAccountBinding=eab(key["kid"], key["hmac_key"], Key().jwk(), url)), 400, "malformed")
    problem(ask_account(who, externalAccountBinding=eab(key["kid"], key["hmac_key"], "x", url)), 400, "malformed")
    spoiled = {**bind(who, key), "payload": b64(compact(Key().jwk()))}
    problem(ask_account(who, externalAccountBinding=spoiled), 403, "unauthorized")
    elsewhere = new_key(town)
    problem(ask_account(who, externalAccountBinding=bind(who, elsewhere)), 403, "unauthorized")


def test_keys_that_have_had_their_day(town):
    revoked, once = new_key(town, directory="closed"), new_key(town, directory="closed", max_accounts=1)
    town.customer.delete(f"/acme/eab-keys/{revoked['kid']}")
    who = client(town, "closed")
    problem(ask_account(who, externalAccountBinding=bind(who, revoked)), 403, "unauthorized")
    first, second = client(town, "closed"), client(town, "closed")
    first.register(externalAccountBinding=bind(first, once))
    problem(ask_account(second, externalAccountBinding=bind(second, once)), 403, "unauthorized")
    assert ask_account(first, externalAccountBinding=bind(first, once)).status_code == 200, "an account that is there needs no binding"
    states = {k["kid"]: k["state"] for k in town.customer.get("/acme/eab-keys")["keys"]}
    assert (states[revoked["kid"]], states[once["kid"]]) == ("revoked", "used")


def test_a_key_limits_names(town):
    key, who = new_key(town, names=["Example.good.test", "*.wild.good.test", "192.0.2.7"]), client(town)
    assert key["names"] == ["example.good.test", "wild.good.test", "192.0.2.7"]
    who.register(externalAccountBinding=bind(who, key))
    town.customer.delete(f"/acme/eab-keys/{key['kid']}")
    ask = lambda *names: who.post(who.directory["newOrder"], {"identifiers": [{"type": "dns", "value": n} for n in names]})
    for good in ("example.good.test", "a.b.example.good.test", "*.example.good.test", "wild.good.test"):
        assert ask(good).status_code == 201, good
    for bad in ("good.test", "notexample.good.test", "example.good.test.other.test", "*.good.test"):
        assert ask("example.good.test", bad).status_code == 400, bad
        assert ask("example.good.test", bad).json()["type"].endswith("rejectedIdentifier"), bad
    ip = lambda a: who.post(who.directory["newOrder"], {"identifiers": [{"type": "ip", "value": a}]}).status_code
    assert (ip("192.0.2.7"), ip("192.0.2.8")) == (201, 400)


def test_the_hmac_key_is_shown_once_and_kept_wrapped(town):
    key = new_key(town)
    assert len(unb64(key["hmac_key"])) == 32
    assert key["hmac_key"] not in json.dumps(town.customer.get("/acme/eab-keys"))
    raw = unb64(key["hmac_key"])
    for path, content in town.service.state_contents():
        assert raw not in content and key["hmac_key"].encode() not in content, path
    assert key["hmac_key"] not in town.service.log_text()


# ---- over REST

@pytest.mark.parametrize("fields", [
    {"name": "new-order"}, {"name": "directory"}, {"name": "Upper"}, {"name": "a/b"}, {"name": ""}, {"name": "-a"}, {"name": "x" * 33}, {"products": []},
    {"products": ["nothing"]}, {"products": ["ov"]}, {"products": [1]}, {"challenges": []}, {"challenges": ["http-02"]}, {"challenges": ["http-01 dns-01"]},
    {"eab": "maybe"}, {"account_id": "acc_0"}, {"terms": "javascript:x"}, {"terms": 'https://a.test/">'}, {"website": "https://a.test/\n"}, {"title": " "},
    {"color": "red"}], ids=str)
def test_directories_that_cannot_be(town, fields):
    body = {"name": "new", "title": "New", "products": ["dv"], **fields}
    assert town.admin().call("POST", "/acme/directories", body).status_code == 422


def test_directories_come_and_go(town):
    admin = town.admin()
    made = admin.post("/acme/directories", {"name": "short-lived", "title": "Short", "products": ["dv"], "open": True}, 201)
    assert made["url"] == town.service.url + "/acme/short-lived/directory" and made["eab"] == "required"
    assert admin.call("POST", "/acme/directories", {"name": "short-lived", "title": "x", "products": ["dv"]}).status_code == 409
    key = new_key(town, directory="short-lived")
    assert "short-lived" in [d["name"] for d in town.customer.get("/acme/directories")["directories"]]
    admin.patch("/acme/directories/short-lived", {"active": False, "products": ["dv-wildcard"]})
    assert "short-lived" not in [d["name"] for d in town.customer.get("/acme/directories")["directories"]]
    assert next(d for d in admin.get("/acme/directories")["directories"] if d["name"] == "short-lived")["products"] == ["dv-wildcard"]
    assert town.alice.send(made["url"], "", method="GET").json()["newAccount"].endswith("/acme/short-lived/new-account")
    late, nonce = client(town, "short-lived"), town.alice.nonce()
    problem(late.post(late.directory["newAccount"], {}, jwk=True, nonce=nonce), 404, "malformed")
    problem(town.alice.post(town.alice.kid, nonce=nonce), 400, "badNonce")
    assert town.customer.call("POST", "/acme/eab-keys", {"title": "x", "directory": "short-lived"}).status_code == 422
    admin.delete("/acme/directories/short-lived")
    assert next(k for k in town.customer.get("/acme/eab-keys")["keys"] if k["kid"] == key["kid"])["state"] == "revoked"
    assert admin.call("DELETE", "/acme/directories/short-lived").status_code == 404
    refusal = admin.call("DELETE", "/acme/directories/default")
    assert refusal.status_code == 409 and "account" in refusal.json()["detail"]


@pytest.mark.parametrize("fields", [{"title": ""}, {"names": ["a b"]}, {"names": [1]}, {"max_accounts": -1}, {"expires_at": "tomorrow"},
                                    {"expires_at": "2020-01-01T00:00:00Z"}, {"directory": "nothing"}, {"directory": "other"}, {"account_id": "x"}], ids=str)
def test_keys_that_cannot_be(town, fields):
    assert town.customer.call("POST", "/acme/eab-keys", {"title": "x", **fields}).status_code == 422


def test_an_account_can_be_ended_from_our_side(town):
    key, who = new_key(town), client(town)
    who.register(externalAccountBinding=bind(who, key))
    url, _ = who.order(unique_name())
    ident = who.kid.rsplit("/", 1)[1]
    assert town.register().call("DELETE", f"/acme/accounts/{ident}").status_code == 404
    town.customer.delete(f"/acme/accounts/{ident}")
    problem(who.post(url), 401, "unauthorized")
    problem(ask_account(who), 401, "unauthorized")
    assert next(a for a in town.customer.get("/acme/accounts")["accounts"] if a["id"] == ident)["status"] == "revoked"
    actions = [e["action"] for e in town.admin().whole_audit() if e["object"] in (ident, key["kid"])]
    assert actions == ["acme.eab-made", "acme.account-made", "acme.account-ended"]


# ---- bad days

@pytest.mark.rfc("8555 6.6#1", "rateLimited, with Retry-After")
def test_too_many_accounts_from_one_network(new_world):
    world = new_world(config={"acme": {"new_accounts_per_hour": "3"}})
    for _ in range(3):
        fresh(world)
    answer = ask_account(client(world))
    problem(answer, 429, "rateLimited")
    assert answer.headers["Retry-After"] == "3600"


@pytest.mark.rfc("8555 6.5#4", "a nonce stays used when the service is killed")
def test_kill_9_makes_no_nonce_good_again_and_no_account_double(new_world):
    world = new_world()
    who = client(world).register()
    used, kept = who.nonce(), client(world).nonce()
    body = who.signed(who.kid, nonce=used)
    assert who.send(who.kid, body).status_code == 200
    for _ in range(3):
        # Killed while requests are under way: each is either done or not, and its nonce never good twice.
        stop, seen = threading.Event(), []
        def hammer():
            mine = client(world)
            while not stop.is_set():
                try:
                    request = mine.signed(mine.directory["newAccount"], {}, jwk=True)
                    seen.append((mine.key, request))
                    mine.send(mine.directory["newAccount"], request)
                    mine.key = Key()
                except (requests.RequestException, KeyError, AssertionError, ValueError):
                    return
        threads = [threading.Thread(target=hammer) for _ in range(3)]
        for t in threads:
            t.start()
        wait_for("some requests", lambda: len(seen) > 5, 20)
        os.kill(world.service.pid("core"), signal.SIGKILL)
        stop.set()
        for t in threads:
            t.join()
        world.service.wait_ready(20)
        problem(who.send(who.kid, body), 400, "badNonce")
        for key, request in seen:
            again = client(world, key=key)
            first = again.send(again.directory["newAccount"], request)
            known = ask_account(again, onlyReturnExisting=True)
            # Not done before the kill: then it is done now, once. Done before: the nonce is used up and the account there.
            assert (first.status_code, known.status_code) in ((201, 200), (400, 200)), (first.text, known.text)
    assert who.post(who.kid, nonce=kept).status_code == 200, "an unused nonce stays good over restarts"


def later(world, seconds):
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = str(seconds)
    world.service.restart()


def test_old_nonces_are_no_good_and_forgotten(new_world):
    world = new_world()
    who = client(world).register()
    nonce = who.nonce()
    later(world, 3700)
    problem(who.post(who.kid, nonce=nonce), 400, "badNonce")
    later(world, 9000)
    assert who.post(who.kid, nonce=client(world).nonce()).status_code == 200
    with sqlite3.connect(world.service.state / "core" / "autocsr.db", timeout=10) as c:
        assert c.execute("SELECT COUNT(*) FROM acme_nonces").fetchone()[0] == 1


def test_a_new_key_encryption_key(new_world, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for path in (old, new):
        path.write_text(secrets.token_hex(32) + "\n")
        path.chmod(0o644)
    tmp_path.chmod(0o755)
    world = new_world(config={"secrets": {"kek_file": old}})
    key, nonce = world.admin().post("/acme/eab-keys", {"title": "kept"}, 201), client(world).nonce()
    world.service.config["secrets"] = {"kek_file": new, "kek_old_files": old}
    world.service.restart()
    world.service.config["secrets"] = {"kek_file": new}
    world.service.restart()
    who = client(world)
    answer = ask_account(who, externalAccountBinding=bind(who, key))
    assert answer.status_code == 201 and "externalAccountBinding" in answer.json()
    who.kid = answer.headers["Location"]
    problem(who.post(who.kid, nonce=nonce), 400, "badNonce")
    assert who.show(who.kid)["status"] == "valid"
