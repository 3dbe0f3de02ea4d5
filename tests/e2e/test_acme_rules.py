"""What RFC 8555 and its relatives ask of a server that is asked for the right things: each rule by a client of the tests' own."""
import datetime
import re

import pytest
import requests
from cryptography import x509
from harness import crypto
from harness.acme import Acme, Key, b64, cert_id, ident, problem
from harness.acmedesk import Desk
from harness.api import unique_name
from harness.csrs import own_csr, to_der
from harness.net import wait_for

STRICT_PEM = re.compile(r"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/=]{1,64}\n-----END CERTIFICATE-----\n)+")
TOKEN = re.compile(r"[A-Za-z0-9_-]{22,}")  # 22 characters of 6 bits: at least 128 bits


@pytest.fixture(scope="module")
def desk(world):
    return Desk(world)


def when(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def first_der(pem):
    """The end entity's certificate of a chain."""
    return crypto.certificates(pem)[0].public_bytes(crypto.Encoding.DER)


# ---- directory and nonces


@pytest.mark.rfc("8555 7.1", "all resources are in the directory")
@pytest.mark.rfc("8555 7.1.1#2", "meta is an object")
@pytest.mark.rfc("8555 7.1.1#3", "caaIdentities are the names that CAA is judged by")
@pytest.mark.rfc("9773 3", "renewalInfo is in the directory")
def test_directory(desk):
    got = desk.a.directory
    assert {"newNonce", "newAccount", "newOrder", "newAuthz", "revokeCert", "keyChange", "renewalInfo", "meta"} == set(got)
    assert got["meta"]["caaIdentities"] == ["ca.test"] and got["meta"]["externalAccountRequired"] is False
    assert {"dv", "dv-wildcard"} <= set(got["meta"]["profiles"])


@pytest.mark.rfc("8555 6.1#1", "nothing of ACME is on the port without TLS")
def test_not_without_tls(desk):
    for path in ("directory", "new-nonce"):
        answer = requests.get(f"{desk.world.service.http_url}/acme/{path}", timeout=10, allow_redirects=False)
        assert answer.status_code in (301, 308, 404) and "Replay-Nonce" not in answer.headers


def test_a_directory_brings_no_nonce(desk):
    """ruby-acme-client 2.0 ends with an exception where it does; only POST and newNonce have to (6.5)."""
    assert "Replay-Nonce" not in desk.client().get(desk.a.url).headers


@pytest.mark.rfc("8555 7.2#1", "HEAD gives a nonce")
@pytest.mark.rfc("8555 7.2#2", "GET answers 204 and no body")
@pytest.mark.rfc("8555 7.2#3", "no-store")
@pytest.mark.rfc("8555 6.5.1#2", "a nonce is base64url")
def test_new_nonce(desk):
    a = desk.client()
    for method, status in (("HEAD", 200), ("GET", 204)):
        answer = a.http.request(method, a.directory["newNonce"], timeout=10)
        assert answer.status_code == status and answer.content == b""
        assert re.fullmatch("[A-Za-z0-9_-]{16,}", answer.headers["Replay-Nonce"])
        assert "no-store" in answer.headers["Cache-Control"]
        assert f'<{a.url}>;rel="index"' in answer.headers["Link"]


@pytest.mark.rfc("8555 6.5.1#1", "no two nonces are alike, nor do they begin alike")
def test_nonces_differ(desk):
    a = desk.client()
    nonces = {a.http.head(a.directory["newNonce"], timeout=10).headers["Replay-Nonce"] for _ in range(50)}
    assert len(nonces) == 50 and len({n[-16:] for n in nonces}) == 50


@pytest.mark.rfc("8555 6.5#1", "each successful answer brings a nonce that is good")
def test_success_brings_a_nonce(desk):
    a = desk.a
    for url, payload in ((a.kid, ""), (a.directory["newOrder"], desk.wish()), (a.kid, {"contact": []})):
        answer = a.post(url, payload)
        assert answer.ok and a.post(a.kid, nonce=answer.headers["Replay-Nonce"]).status_code == 200


@pytest.mark.rfc("8555 6.3#6", "directory and newNonce answer POST-as-GET too")
@pytest.mark.rfc("8555 6.3#5", "POST-as-GET of the directory gives what GET gives")
def test_post_as_get_of_the_public_ones(desk):
    assert desk.a.show(desk.url) == desk.a.get(desk.url).json()
    assert desk.a.post(desk.a.directory["newNonce"]).status_code in (200, 204)


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "RS256"])
@pytest.mark.rfc("8555 6.2#10", "an account with an ES256 key, among others")
def test_algorithms(desk, alg):
    account = desk.new_account(Key(alg))
    assert account.show(account.kid)["status"] == "valid" and account.order(unique_name())[1]["status"] == "pending"


# ---- accounts


@pytest.mark.rfc("8555 7.3#4", "unknown members are not reflected")
@pytest.mark.rfc("8555 7.3#5", "mailto is supported")
@pytest.mark.rfc("8555 7.3#2", "orders and unknown members are ignored")
def test_new_account(desk):
    a = desk.client()
    fields = {"contact": ["mailto:ann@good.test"], "termsOfServiceAgreed": True, "orders": "https://elsewhere.test/", "colour": "red"}
    answer = a.post(a.directory["newAccount"], fields, jwk=True)
    made = answer.json()
    assert answer.status_code == 201 and made["status"] == "valid" and made["contact"] == ["mailto:ann@good.test"]
    assert "colour" not in made and made["orders"].startswith(answer.headers["Location"])


@pytest.mark.rfc("8555 7.3.1#1", "the same key gets its account's URL with 200")
@pytest.mark.rfc("8555 7.3.1#2", "and nothing is changed")
@pytest.mark.rfc("8555 11.1#6", "a key has one account")
def test_account_found_again(desk):
    a = desk.new_account(contact=["mailto:ann@good.test"])
    again = desk.client(a.key)
    answer = again.post(again.directory["newAccount"], {"contact": ["mailto:bob@good.test"], "termsOfServiceAgreed": True}, jwk=True)
    assert answer.status_code == 200 and answer.headers["Location"] == a.kid
    assert answer.json()["contact"] == a.show(a.kid)["contact"] == ["mailto:ann@good.test"]


@pytest.mark.rfc("8555 7.3.2#1", "what cannot be updated is ignored")
@pytest.mark.rfc("8555 7.3.2#2", "200 and the account")
def test_account_update(desk):
    a = desk.new_account()
    before = a.show(a.kid)
    answer = a.post(a.kid, {"contact": ["mailto:ann@good.test"], "status": "revoked", "orders": "x", "termsOfServiceAgreed": False, "x": 1})
    assert answer.status_code == 200 and answer.json() == {**before, "contact": ["mailto:ann@good.test"]} == a.show(a.kid)


@pytest.mark.rfc("8555 7.3.6#2", "by its own key an account is ended")
def test_account_deactivated(desk):
    a = desk.new_account()
    answer = a.post(a.kid, {"status": "deactivated"})
    assert answer.status_code == 200 and answer.json()["status"] == "deactivated"
    problem(a.post(a.kid), 401, "unauthorized")


@pytest.mark.rfc("8555 7.1.2.1", "the list has this account's orders, each once, over all its pages")
def test_orders_list(desk):
    a = desk.new_account()
    mine = [a.order(unique_name())[0] for _ in range(3)]
    url, found = a.show(a.kid)["orders"], []
    while url:
        answer = a.post(url)
        found += answer.json()["orders"]
        after = re.search(r'<([^>]*)>;rel="next"', answer.headers["Link"])
        url = after and after[1]
    assert sorted(found) == sorted(mine)


# ---- orders and authorizations


@pytest.mark.rfc("8555 7.1.3#1", "a pending and a valid order have expires")
@pytest.mark.rfc("8555 7.1.3#4", "identifiers and authorizations stay what they were")
@pytest.mark.rfc("8555 7.1.4#1", "a valid authorization has expires")
@pytest.mark.rfc("8555 7.5.1#3", "an authorization that became valid has expires")
@pytest.mark.rfc("8555 8#1", "a valid challenge has validated")
@pytest.mark.rfc("8555 7.4", "pending, ready, valid")
def test_life_of_an_order(desk):
    a, names = desk.a, [unique_name(), unique_name()]
    url, first = a.order(*names)
    assert first["status"] == "pending" and when(first["expires"]) > datetime.datetime.utcnow()
    assert sorted(i["value"] for i in first["identifiers"]) == sorted(names) and len(first["authorizations"]) == 2
    for authz in first["authorizations"]:
        proved = a.prove(desk.world, authz)
        assert proved["status"] == "valid" and when(proved["expires"]) > datetime.datetime.utcnow(), proved
        assert [c["status"] for c in proved["challenges"]] == ["valid"] and when(proved["challenges"][0]["validated"])
    ready = a.until(url, "ready")
    assert a.finalize(ready, to_der(own_csr(names)[0])).status_code == 200
    last = a.until(url, "valid")
    assert when(last["expires"]) and last["certificate"]
    for member in ("identifiers", "authorizations", "finalize"):
        assert first[member] == ready[member] == last[member]


@pytest.mark.rfc("8555 7.1.3#2", "the authorization has the name without *.")
@pytest.mark.rfc("8555 7.1.3#3", "wildcard is true")
@pytest.mark.rfc("8555 7.1.4#4", "no identifier of an authorization has an asterisk")
@pytest.mark.rfc("8555 7.1.4#5", "wildcard is true for the base of a wildcard name")
@pytest.mark.rfc("8555 7.1.4#6", "wildcard is absent from others")
def test_wildcard_authorization(desk):
    name = unique_name()
    _, order = desk.a.order(name, "*." + name)
    authzs = [desk.a.show(u) for u in order["authorizations"]]
    assert [z["identifier"] for z in authzs] == [ident(name)] * 2
    assert [z["wildcard"] for z in authzs if "wildcard" in z] == [True]
    assert [c["type"] for z in authzs if z.get("wildcard") for c in z["challenges"]] == ["dns-01"]


@pytest.mark.rfc("8555 8.3#1", "tokens of http-01 have 128 bits, and differ")
@pytest.mark.rfc("8555 8.3#2", "tokens of http-01 are base64url")
@pytest.mark.rfc("8555 8.4#1", "tokens of dns-01 have 128 bits, and differ")
@pytest.mark.rfc("8555 8.4#2", "tokens of dns-01 are base64url")
@pytest.mark.rfc("8737 3#1", "tokens of tls-alpn-01 have 128 bits, and differ")
@pytest.mark.rfc("8737 3#2", "tokens of tls-alpn-01 are base64url")
def test_tokens(desk):
    tokens = {}
    for _ in range(4):
        for challenge in desk.a.show(desk.a.order(unique_name())[1]["authorizations"][0])["challenges"]:
            tokens.setdefault(challenge["type"], []).append(challenge["token"])
    assert set(tokens) == {"http-01", "dns-01", "tls-alpn-01"}
    for kind, seen in tokens.items():
        assert all(TOKEN.fullmatch(t) for t in seen) and len({t[:11] for t in seen}) == 4, kind


@pytest.mark.rfc("8555 7.4.1", "a pre-authorization is pending, has the usual challenges, and serves the order that follows")
def test_pre_authorization(desk):
    a, name = desk.a, unique_name()
    answer = a.post(a.directory["newAuthz"], {"identifier": ident(name)})
    made = answer.json()
    assert answer.status_code == 201 and made["status"] == "pending" and made["identifier"] == ident(name)
    assert {c["type"] for c in made["challenges"]} == {"http-01", "dns-01", "tls-alpn-01"}
    assert a.prove(desk.world, answer.headers["Location"])["status"] == "valid"
    assert a.order(name)[1]["status"] == "ready"


@pytest.mark.rfc("8555 7.5.1#1", "members that the challenge does not know are ignored")
@pytest.mark.rfc("8555 7.5.1#4", "polling answers 200 all the time")
def test_a_response_with_unknown_members(desk):
    a = desk.a
    _, order = a.order(unique_name())
    challenge = a.publish(desk.world, order["authorizations"][0])
    answer = a.post(challenge["url"], {"keyAuthorization": "x", "colour": "red"})
    assert answer.status_code == 200 and f'<{order["authorizations"][0]}>;rel="up"' in answer.headers["Link"]
    assert a.until(order["authorizations"][0], "valid", "invalid")["status"] == "valid"


@pytest.mark.rfc("8555 8#2", "a challenge with an error is invalid, or tried again")
@pytest.mark.rfc("8555 8.2#2", "what failed is told")
def test_a_challenge_that_fails(desk):
    _, order = desk.invalid
    authz = desk.a.show(order["authorizations"][0])
    failed = [c for c in authz["challenges"] if "error" in c]
    assert authz["status"] == "invalid" and [c["status"] for c in failed] == ["invalid"]
    assert failed[0]["error"]["type"].startswith("urn:ietf:params:acme:error:") and "404" in failed[0]["error"]["detail"]
    assert order["error"]["type"].startswith("urn:ietf:params:acme:error:")


@pytest.mark.rfc("8555 7.5.2#2", "after deactivation an order has to prove control again")
def test_a_deactivated_authorization(desk):
    a, name = desk.a, unique_name()
    _, order = a.ready(desk.world, name)
    assert a.post(order["authorizations"][0], {"status": "deactivated"}).json()["status"] == "deactivated"
    _, again = a.order(name)
    assert again["status"] == "pending" and again["authorizations"] != order["authorizations"]


@pytest.mark.rfc("8738 3#1", "the authorization has the type ip")
@pytest.mark.rfc("8738 7", "dns-01 is not offered for an address")
def test_address_authorization(desk):
    for address in ("127.0.0.1", "2001:db8::1"):
        _, order = desk.a.order(address)
        authz = desk.a.show(order["authorizations"][0])
        assert authz["identifier"] == {"type": "ip", "value": address}
        assert {c["type"] for c in authz["challenges"]} == {"http-01", "tls-alpn-01"}


@pytest.mark.rfc("8738 5", "Host is the address")
def test_address_by_http(desk):
    order, pem, _ = desk.a.issue(desk.world, "127.0.0.1")
    assert crypto.sans(crypto.certificates(pem)[0]) == ["127.0.0.1"]
    assert desk.world.web.seen("127.0.0.1")[-1].startswith("/.well-known/acme-challenge/")


# ---- certificates


@pytest.mark.rfc("8555 9.1#1", "strict PEM, nothing else")
@pytest.mark.rfc("8555 9.1#2", "the end entity comes first")
@pytest.mark.rfc("8555 7.4.2", "the type is pem-certificate-chain, alternates are linked when there are any")
def test_certificate(desk):
    answer = desk.a.post(desk.issued[0]["certificate"])
    assert answer.headers["Content-Type"].split(";")[0] == "application/pem-certificate-chain"
    assert STRICT_PEM.fullmatch(answer.text)
    first = crypto.certificates(answer.text)[0]
    assert not first.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert crypto.sans(first) == [desk.issued[0]["identifiers"][0]["value"]]
    crypto.verify_chain(answer.content, desk.root)


@pytest.mark.rfc("8555 7.4#1", "the certificate has what was asked for, or the order is refused")
def test_times_that_were_asked_for(desk):
    end = datetime.datetime.utcnow().replace(microsecond=0) + datetime.timedelta(days=20)
    _, pem, _ = desk.a.issue(desk.world, unique_name(), notAfter=end.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert crypto.certificates(pem)[0].not_valid_after == end


@pytest.mark.rfc("8555 7.6#4", "the certificate's own key revokes it")
def test_revocation_by_the_certificates_key(desk):
    order, pem, key = desk.a.issue(desk.world, unique_name())
    anybody = desk.client(Key("ES256", key))
    answer = anybody.post(anybody.directory["revokeCert"], {"certificate": b64(first_der(pem)), "reason": 1}, jwk=True)
    assert answer.status_code == 200 and answer.text == ""


@pytest.mark.rfc("8555 7.6#3", "the account that ordered it, and one with authorizations for all names")
def test_revocation_by_accounts(desk):
    name, other = unique_name(), unique_name()
    (_, pem, _), (_, own, _) = desk.a.issue(desk.world, name, other), desk.a.issue(desk.world, name)
    def revoke(by, chain):
        return by.post(by.directory["revokeCert"], {"certificate": b64(first_der(chain))})
    assert revoke(desk.a, own).status_code == 200
    third = desk.new_account()
    third.ready(desk.world, name)
    problem(revoke(third, pem), 403, "unauthorized")
    third.ready(desk.world, other)
    assert revoke(third, pem).status_code == 200


@pytest.mark.rfc("9773 4.2#2", "the window ends after it starts, and lies in the certificate's life")
@pytest.mark.rfc("9773 4.1", "the certificate's id has no padding, and no account is needed")
def test_renewal_info(desk):
    cert = desk.certificate
    answer = Acme(desk.url, desk.root).get(f"{desk.a.directory['renewalInfo']}/{cert_id(cert)}")
    window = answer.json()["suggestedWindow"]
    assert answer.status_code == 200 and int(answer.headers["Retry-After"]) > 0
    assert cert.not_valid_before < when(window["start"]) < when(window["end"]) < cert.not_valid_after


def test_a_revoked_certificate_is_to_be_renewed_at_once(desk):
    _, pem, _ = desk.a.issue(desk.world, unique_name())
    cert = crypto.certificates(pem)[0]
    assert desk.a.post(desk.a.directory["revokeCert"], {"certificate": b64(first_der(pem))}).status_code == 200
    url = f"{desk.a.directory['renewalInfo']}/{cert_id(cert)}"
    wait_for("a window that is past", lambda: when(desk.a.get(url).json()["suggestedWindow"]["end"]) <= datetime.datetime.utcnow(), 10)
