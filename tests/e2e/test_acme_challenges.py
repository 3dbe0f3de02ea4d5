"""Challenges of the ACME server: which are offered, how a look at them ends, tries again, what gives an authorization up."""
import base64
import hashlib
import threading
import time

import pytest
from harness.acme import Acme, Key, b64, compact, ident, jws, problem, unb64
from harness.alpn import AlpnServer
from harness.api import unique_name
from harness.csrs import own_csr, to_der
from harness.dnszones import IDENTITY
from harness.fixtures import _new_services, base_config
from harness.flow import World
from harness.net import wait_for
from harness.service import merged
from harness.web import Answer
from oracle import Oracle


@pytest.fixture(scope="module")
def town(e2e_dir, dns, smtp, web):
    """A world of this file's own with a TLS server for tls-alpn-01, and an ACME account."""
    alpn = AlpnServer()
    config = merged(base_config(dns, smtp, web), {"validation": {"tls_alpn_port": str(alpn.port)}})
    world = World(_new_services(e2e_dir, [])(config).start(), dns, smtp, web)
    world.alpn, world.acme = alpn, world.service.url + "/acme/directory"
    world.alice, world.bob = (Acme(world.acme, world.service.root_pem).register() for _ in range(2))
    yield world
    try:
        Oracle(world).check()
    finally:
        world.service.stop()
    alpn.close()


def offered(client, *names):
    _, order = client.order(*names)
    return [client.show(a) for a in order["authorizations"]]


def failed(client, name, kind="http-01"):
    """The challenge of a new order after it was answered without anything to find."""
    _, order = client.order(name)
    challenge = client.challenge(order["authorizations"][0], kind)
    assert client.post(challenge["url"], {}).status_code == 200
    authz = client.until(order["authorizations"][0], "invalid")
    assert len(authz["challenges"]) == 1, "the one that decided it"
    return authz["challenges"][0]


# ---- what is offered

@pytest.mark.rfc("8555 8.3#1", "a token has 256 random bits")
@pytest.mark.rfc("8555 8.3#2", "a token is base64url without padding")
@pytest.mark.rfc("8555 8.4#1", "a token has 256 random bits")
@pytest.mark.rfc("8555 8.4#2", "a token is base64url without padding")
@pytest.mark.rfc("8737 3#1", "a token has 256 random bits")
@pytest.mark.rfc("8737 3#2", "a token is base64url without padding")
def test_a_name_has_three_challenges_with_tokens(town):
    tokens = set()
    for authz in offered(town.alice, unique_name(), unique_name()):
        assert authz["status"] == "pending" and "wildcard" not in authz
        assert [c["type"] for c in authz["challenges"]] == ["http-01", "dns-01", "tls-alpn-01"]
        for c in authz["challenges"]:
            assert c["status"] == "pending" and len(unb64(c["token"])) == 32 and "=" not in c["token"] and "error" not in c
            tokens.add(c["token"])
    assert len(tokens) == 2


@pytest.mark.rfc("8555 7.1.3#2", "the authorization for a wildcard has the name without \"*.\"")
@pytest.mark.rfc("8555 7.1.3#3", "the authorization for a wildcard says so")
@pytest.mark.rfc("8555 7.1.4#4", "no identifier of an authorization has a star")
@pytest.mark.rfc("8555 7.1.4#5", "the authorization for a wildcard says so")
def test_a_wildcard_has_dns_only(town):
    name = unique_name()
    one, two = sorted(offered(town.alice, name, f"*.{name}"), key=lambda a: "wildcard" in a)
    assert one["identifier"] == two["identifier"] == ident(name)
    assert two["wildcard"] is True and [c["type"] for c in two["challenges"]] == ["dns-01"]
    assert len(one["challenges"]) == 3


@pytest.mark.rfc("8738 3#1", "control of an address is asked for by an authorization of type ip")
@pytest.mark.rfc("8738 7#1", "dns-01 is not offered for addresses")
def test_an_address_has_no_dns(town):
    for address in ("192.0.2.7", "2001:db8::7"):
        authz, = offered(town.alice, address)
        assert authz["identifier"] == {"type": "ip", "value": address}
        assert [c["type"] for c in authz["challenges"]] == ["http-01", "tls-alpn-01"]


@pytest.fixture(scope="module")
def wide(town):
    """An account at a directory that offers all challenges there are."""
    kinds = ["http-01", "dns-01", "tls-alpn-01", "dns-account-01", "dns-persist-01"]
    town.admin().post("/acme/directories", {"name": "wide", "title": "All", "products": ["dv", "dv-wildcard"], "challenges": kinds, "eab": "off"}, 201)
    return Acme(town.service.url + "/acme/wide/directory", town.service.root_pem).register()


def test_only_a_directory_that_says_so_offers_the_new_challenges(town, wide):
    authz, = offered(wide, unique_name())
    by_type = {c["type"]: c for c in authz["challenges"]}
    assert list(by_type)[3:] == ["dns-account-01", "dns-persist-01"]
    persist = by_type["dns-persist-01"]
    assert "token" not in persist and persist["issuer-domain-names"] == [IDENTITY] and persist["accounturi"] == wide.kid
    assert [c["type"] for c in offered(wide, f"*.{unique_name()}")[0]["challenges"]] == ["dns-01", "dns-account-01", "dns-persist-01"]
    assert len(offered(wide, "192.0.2.9")[0]["challenges"]) == 2


def test_dns_account(town, wide):
    """draft-ietf-acme-dns-account-label: the record's name has a label made from the account's URL."""
    name = unique_name()
    url, order = wide.order(f"*.{name}")
    challenge = wide.challenge(order["authorizations"][0], "dns-account-01")
    label = base64.b32encode(hashlib.sha256(wide.kid.encode()).digest()[:10]).decode().lower()
    town.dns.publish_txt(f"_{label}._acme-challenge.{name}", wide.dns_value(challenge["token"]))
    wide.post(challenge["url"], {})
    wide.until(order["authorizations"][0], "valid")
    assert wide.finalize(order, to_der(own_csr(f"*.{name}")[0])).status_code == 200
    assert wide.until(url, "valid")["certificate"]


def test_dns_persist(town, wide):
    """draft-ietf-acme-dns-persist: one record for good, which names the account; wildcards only where it says so."""
    for wildcard, policy, status in ((False, "", "valid"), (True, "", "invalid"), (True, "; policy=wildcard", "valid")):
        name = unique_name()
        town.dns.publish(name, "A", "127.0.0.1")
        town.dns.publish_txt(f"_validation-persist.{name}", f"{IDENTITY}; accounturi={wide.kid}{policy}")
        _, order = wide.order(f"*.{name}" if wildcard else name)
        wide.post(wide.challenge(order["authorizations"][0], "dns-persist-01")["url"], {})
        assert wide.until(order["authorizations"][0], "valid", "invalid")["status"] == status


def test_a_directory_without_a_way_for_wildcards(town):
    town.admin().post("/acme/directories", {"name": "files", "title": "F", "products": ["dv-wildcard"], "challenges": ["http-01"], "eab": "off"}, 201)
    client = Acme(town.service.url + "/acme/files/directory", town.service.root_pem).register()
    answer = client.post(client.directory["newOrder"], {"identifiers": [ident(unique_name()), ident(f"*.{unique_name()}")]})
    assert "http-01" in problem(answer, 400, "rejectedIdentifier")["subproblems"][0]["detail"]


# ---- a look that finds what it should

@pytest.mark.rfc("8555 7.5.1#3", "an authorization that became valid has \"expires\"")
@pytest.mark.rfc("8555 7.5.1#4", "polling meanwhile answers 200")
@pytest.mark.rfc("8555 7.1.4#1", "a valid authorization has \"expires\"")
@pytest.mark.rfc("8555 8#1", "a valid challenge has \"validated\"")
@pytest.mark.parametrize("kind", ["http-01", "dns-01"])
def test_control_is_shown(town, kind):
    _, order = town.alice.order(unique_name())
    authz = order["authorizations"][0]
    challenge = town.alice.publish(town, authz, kind)
    answer = town.alice.post(challenge["url"], {"unknown": "ignored"})
    assert answer.json()["status"] in ("processing", "valid") and f'<{authz}>;rel="up"' in answer.raw.headers.getlist("Link")
    done = town.alice.until(authz, "valid")
    assert done["expires"] and [c["type"] for c in done["challenges"]] == [kind]
    assert done["challenges"][0]["status"] == "valid" and done["challenges"][0]["validated"].endswith("Z")
    assert town.alice.post(challenge["url"], {}).json()["status"] == "valid", "once more changes nothing"


@pytest.mark.rfc("8555 7.5.1#1", "members that the challenge does not define are ignored, also the old keyAuthorization")
def test_old_members_are_ignored(town):
    _, order = town.alice.order(unique_name())
    challenge = town.alice.publish(town, order["authorizations"][0])
    town.alice.post(challenge["url"], {"type": "dns-01", "keyAuthorization": "x", "token": "y", "status": "valid"})
    assert town.alice.until(order["authorizations"][0], "valid")["challenges"][0]["type"] == "http-01"


@pytest.mark.rfc("8737 3#10", "a name is validated by tls-alpn-01")
def test_control_is_shown_by_tls(town):
    name = unique_name()
    _, order = town.alice.order(name)
    challenge = town.alice.challenge(order["authorizations"][0], "tls-alpn-01")
    town.alpn.serve(name, town.alice.key_authorization(challenge["token"]))
    town.alice.post(challenge["url"], {})
    town.alice.until(order["authorizations"][0], "valid")
    assert (name, "acme-tls/1") in town.alpn.seen


def test_a_wrong_certificate_shows_nothing(town):
    name = unique_name()
    _, order = town.alice.order(name)
    challenge = town.alice.challenge(order["authorizations"][0], "tls-alpn-01")
    town.alpn.serve(name, town.bob.key_authorization(challenge["token"]))
    town.alice.post(challenge["url"], {})
    error = town.alice.until(order["authorizations"][0], "invalid")["challenges"][0]["error"]
    assert error["type"].rsplit(":", 1)[1] in ("incorrectResponse", "unauthorized", "tls"), error


@pytest.mark.rfc("8555 7.3.5#7", "a key change spoils no order: the new key's authorization is looked for")
def test_control_is_shown_with_a_new_key(town):
    client = Acme(town.acme, town.service.root_pem).register()
    _, order = client.order(unique_name())
    fresh, url = Key("ES384"), client.directory["keyChange"]
    inner = jws(fresh, {"alg": fresh.alg, "jwk": fresh.jwk(), "url": url}, {"account": client.kid, "oldKey": client.key.jwk()})
    assert client.post(url, compact(inner)).status_code == 200
    client.key = fresh
    assert client.prove(town, order["authorizations"][0])["status"] == "valid"


# ---- a look that does not

@pytest.mark.rfc("8555 8#2", "a challenge with an error is invalid when no more tries are left")
@pytest.mark.rfc("8555 8.2#2", "the failed attempt is told in \"error\"")
@pytest.mark.parametrize("kind,error", [("http-01", "incorrectResponse"), ("dns-01", "dns")])
def test_nothing_published(town, kind, error):
    name = unique_name()
    challenge = failed(town.alice, name, kind)
    assert challenge["status"] == "invalid" and challenge["type"] == kind and "validated" not in challenge
    assert challenge["error"]["type"].endswith(":" + error), challenge["error"]
    assert challenge["error"]["identifier"] == ident(name) and challenge["error"]["detail"]


@pytest.mark.parametrize("name,error", [("www.nowhere.good.example", "dns"),
                                        ("private.good.test", "connection"), ("www.expired.test", "dns")])
def test_why_a_look_failed(town, name, error):
    assert failed(town.alice, name)["error"]["type"].endswith(":" + error)


def test_the_wrong_key_authorization(town):
    name = unique_name()
    _, order = town.alice.order(name)
    challenge = town.alice.challenge(order["authorizations"][0])
    for wrong in (challenge["token"], town.bob.key_authorization(challenge["token"]),
                  town.alice.key_authorization(challenge["token"]) + "x", ""):
        town.web.publish(name, f"/.well-known/acme-challenge/{challenge['token']}", wrong)
        _, order = town.alice.order(name)
        challenge = town.alice.challenge(order["authorizations"][0])
        town.web.publish(name, f"/.well-known/acme-challenge/{challenge['token']}", wrong)
        town.alice.post(challenge["url"], {})
        ended = town.alice.until(order["authorizations"][0], "invalid", "valid")
        assert ended["status"] == "invalid" and ended["challenges"][0]["error"]["type"].endswith(":incorrectResponse")


def test_another_challenge_while_one_is_looked_at(town):
    name = unique_name()
    _, order = town.alice.order(name)
    authz = order["authorizations"][0]
    first, second = town.alice.challenge(authz), town.alice.challenge(authz, "dns-01")
    town.web.set(name, f"/.well-known/acme-challenge/{first['token']}",
                 Answer(town.alice.key_authorization(first["token"]).encode(), slow=1.0))
    twin = Acme(town.acme, town.service.root_pem, town.alice.key)  # another connection: the first answer is held for a moment
    twin.kid = town.alice.kid
    looking = threading.Thread(target=twin.post, args=(first["url"], {}))
    looking.start()
    wait_for("the look", lambda: town.web.seen(name), 10, 0.02)
    body = problem(town.alice.post(second["url"], {}), 400, "malformed")
    assert "http-01" in body["detail"] and town.alice.post(second["url"]).json()["status"] == "pending"
    assert town.alice.until(authz, "valid")["challenges"][0]["type"] == "http-01"
    looking.join(10)
    assert town.alice.post(second["url"], {}).json()["status"] == "pending", "never answered"


# ---- tries

@pytest.mark.rfc("8555 8.2#1", "while it is tried again the challenge is processing and says why, and when to look")
@pytest.mark.rfc("8555 8.2", "a client's second response has it looked at again")
def test_what_may_pass_is_tried_again(new_world):
    world = new_world(config={"acme": {"challenge_tries": "3"}})
    client = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    _, order = client.order(name := unique_name())
    challenge = client.challenge(order["authorizations"][0])
    client.post(challenge["url"], {})
    deadline = time.monotonic() + 10
    while "error" not in client.post(challenge["url"]).json():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    waiting = client.post(challenge["url"])
    assert waiting.json()["status"] == "processing" and waiting.json()["error"]["type"].endswith(":incorrectResponse")
    assert int(waiting.headers["Retry-After"]) >= 1 and client.show(order["authorizations"][0])["status"] == "pending"
    client.publish(world, order["authorizations"][0])
    client.post(challenge["url"], {})
    done = client.until(order["authorizations"][0], "valid")
    assert "error" not in done["challenges"][0]
    failing = failed(client, unique_name())
    assert failing["status"] == "invalid"
    assert len(world.web.seen(name)) == 2


# ---- CAA

@pytest.mark.parametrize("name", ["sub.forbid.caa.test", "other.caa.test", "critical.caa.test", "garbage.caa.test", "account.caa.test",
                                  "dnsonly.caa.test"])
def test_caa_forbids(town, name):
    _, order = town.alice.order(name)
    town.alice.publish(town, order["authorizations"][0])
    town.alice.post(town.alice.challenge(order["authorizations"][0])["url"], {})
    ended = town.alice.until(order["authorizations"][0], "invalid", "valid")
    assert ended["status"] == "invalid" and ended["challenges"][0]["error"]["type"].endswith(":caa"), ended


@pytest.mark.rfc("8657 3.1#1", "the account's URL is recognised in accounturi")
@pytest.mark.rfc("8657 3#2", "accounturi permits the account that it names, and no other")
@pytest.mark.rfc("8657 4#2", "validationmethods permits the method that it lists")
def test_caa_names_the_account(town):
    name = unique_name()
    town.dns.publish(name, "A", "127.0.0.1")
    town.dns.publish(name, "CAA", f'0 issue "{IDENTITY}; accounturi={town.alice.kid}; validationmethods=http-01"')
    for client, status in ((town.bob, "invalid"), (town.alice, "valid")):
        _, order = client.order(name)
        client.publish(town, order["authorizations"][0])
        client.post(client.challenge(order["authorizations"][0])["url"], {})
        assert client.until(order["authorizations"][0], "invalid", "valid")["status"] == status
    town.alice.issue(town, name)


@pytest.mark.rfc("8657 3#3", "another CA's domain name forbids us, though accounturi names one of our accounts")
def test_caa_of_another_ca_with_our_account(town):
    name = unique_name()
    town.dns.publish(name, "A", "127.0.0.1")
    town.dns.publish(name, "CAA", f'0 issue "other.example; accounturi={town.alice.kid}"')
    _, order = town.alice.order(name)
    town.alice.publish(town, order["authorizations"][0])
    town.alice.post(town.alice.challenge(order["authorizations"][0])["url"], {})
    error = town.alice.until(order["authorizations"][0], "invalid")["challenges"][0]["error"]
    assert error["type"].endswith(":caa")


def test_caa_that_came_later_stops_the_certificate(new_world):
    """Asked again at issuance when the answer is older than 8 hours (BR 3.2.2.8)."""
    world = new_world()
    client = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    name = unique_name()
    world.dns.publish(name, "A", "127.0.0.1")
    url, order = client.ready(world, name)
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = str(9 * 3600)
    world.dns.publish(name, "CAA", f'0 issue "{IDENTITY}; accounturi={client.kid}x"')
    world.service.start()
    client.nonces.clear()
    assert client.finalize(order, to_der(own_csr(name)[0])).json()["status"] in ("processing", "invalid")
    ended = client.until(url, "invalid", "valid")
    assert ended["status"] == "invalid" and ended["error"]["type"].endswith(":caa"), ended
    assert Oracle(world).signed_for(url.rsplit("/", 1)[1]) == 0
    world.dns.publish(name, "CAA", f'0 issue "{IDENTITY}; accounturi={client.kid}"')
    time.sleep(1.1)
    _, again = client.order(name)
    assert again["status"] == "ready"
    assert client.finalize(again, to_der(own_csr(name)[0])).status_code == 200


# ---- giving up

@pytest.mark.rfc("8555 7.5.2#2", "a deactivated authorization is no ground to issue")
@pytest.mark.rfc("8555 7.5.2#1", "only the account that owns it may deactivate an authorization")
def test_a_deactivated_authorization(town):
    name = unique_name()
    url, order = town.alice.ready(town, name)
    authz = order["authorizations"][0]
    problem(town.bob.post(authz, {"status": "deactivated"}), 404, "malformed")
    problem(town.alice.post(authz, {"status": "valid"}), 400, "malformed")
    problem(town.alice.post(authz, {}), 400, "malformed")
    assert town.alice.show(url)["status"] == "ready"
    answer = town.alice.post(authz, {"status": "deactivated"})
    assert answer.status_code == 200 and answer.json()["status"] == "deactivated"
    assert town.alice.post(authz, {"status": "deactivated"}).status_code == 200
    assert town.alice.show(url)["status"] == "invalid"
    problem(town.alice.finalize(order, to_der(own_csr(name)[0])), 403, "orderNotReady")
    _, fresh = town.alice.order(name)
    assert fresh["status"] == "pending" and fresh["authorizations"] != [authz]


def test_a_deactivated_authorization_is_looked_at_no_more(town):
    _, order = town.alice.order(name := unique_name())
    challenge = town.alice.challenge(order["authorizations"][0])
    town.alice.post(order["authorizations"][0], {"status": "deactivated"})
    assert town.alice.post(challenge["url"], {}).json()["status"] == "invalid"
    assert town.web.seen(name) == []


@pytest.mark.rfc("8555 7.5.1#2", "a response that is no object is an HTTP error")
def test_responses_that_are_no_objects(town):
    _, order = town.alice.order(unique_name())
    challenge = town.alice.challenge(order["authorizations"][0])
    for payload in ("[]", "1", "{", '{"a":1,"a":2}', base64.b64encode(b"{}").decode()):
        problem(town.alice.post(challenge["url"], payload), 400, "malformed")
    assert town.alice.post(challenge["url"]).json()["status"] == "pending"
