"""Orders of ACME clients: what may be asked for, what comes of it, and that each name of an order counts."""
import datetime

import pytest
from cryptography import x509
from harness.acme import Acme, b64, cert_id, ident, problem, token
from harness.api import unique_name
from harness.crypto import certificates, sans, spki, verify_chain
from harness.csrs import new_key, own_csr, to_der
from harness.fixtures import private_world
from harness.net import wait_for
from oracle import Oracle

HOUR, DAY = 3600, 86400


@pytest.fixture(scope="module")
def town(e2e_dir, dns, smtp, web):
    """A world of this file's own, with two ACME accounts; the oracle judges it at the end."""
    world = private_world(e2e_dir, dns, smtp, web)
    world.acme = world.service.url + "/acme/directory"
    world.alice, world.bob = (Acme(world.acme, world.service.root_pem).register() for _ in range(2))
    yield world
    try:
        Oracle(world).check()
    finally:
        world.service.stop()


def wish(client, identifiers, **fields):
    return client.post(client.directory["newOrder"], {"identifiers": identifiers, **fields})


def iso(seconds):
    t = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- a whole order

@pytest.mark.rfc("8555 7.1.3#1", "a pending and a valid order have \"expires\"")
@pytest.mark.rfc("8555 7.1.3#4", "identifiers and authorizations stay the same from newOrder to the certificate")
@pytest.mark.rfc("8555 9.1#1", "the chain is PEM in the strict form and nothing else")
@pytest.mark.rfc("8555 9.1#2", "the first certificate is the end entity's")
def test_an_order_from_beginning_to_end(town):
    names = sorted(unique_name() for _ in range(3))
    url, first = town.alice.order(*names)
    assert first["status"] == "pending" and first["expires"] > iso(0) and len(first["authorizations"]) == 3
    assert sorted(i["value"] for i in first["identifiers"]) == names and first["finalize"] == url + "/finalize"
    url2, ready = town.alice.ready(town, *names)
    assert ready["status"] == "ready"
    pem, key = own_csr(names)
    answer = town.alice.finalize(ready, to_der(pem))
    assert answer.status_code == 200 and answer.headers["Location"] == url2, answer.text
    done = town.alice.until(url2, "valid")
    assert done["expires"] and done["identifiers"] == ready["identifiers"] and done["authorizations"] == ready["authorizations"]
    answer = town.alice.post(done["certificate"])
    assert answer.headers["Content-Type"] == "application/pem-certificate-chain"
    lines = answer.text.splitlines()
    assert lines[0] == "-----BEGIN CERTIFICATE-----" and lines[-1] == "-----END CERTIFICATE-----"
    assert all(line and ":" not in line for line in lines)
    chain = certificates(answer.text)
    assert spki(chain[0].public_key()) == spki(key.public_key()) and set(sans(chain[0])) == set(names)
    verify_chain(answer.content, town.service.root_pem)
    assert town.alice.show(url)["status"] in ("ready", "pending"), "another order of the same names is another order"


def test_the_order_appears_in_the_account_and_reads_well(town):
    order, _, _ = town.alice.issue(town, name := unique_name())
    api = town.admin()
    shown = api.get(f"/orders/{order['url'].rsplit('/', 1)[1]}")
    assert shown["state"] == "issued" and shown["names"] == [name] and shown["key_source"] == "own-csr"
    assert [v["state"] for v in shown["validations"]] == ["valid"] and shown["certificates"][0]["state"] == "valid"
    assert {"order.created", "order.issued", "certificate.issued"} <= {e["event"] for e in shown["events"]}
    assert shown["email"] == "" if "email" in shown else True


def test_addresses_are_certified(town):
    order, pem, _ = town.alice.issue(town, "127.0.0.1")
    assert sans(certificates(pem)[0]) == ["127.0.0.1"] and order["identifiers"] == [{"type": "ip", "value": "127.0.0.1"}]


def test_wildcard_by_dns(town):
    name = unique_name()
    order, pem, _ = town.alice.issue(town, f"*.{name}", kind="dns-01")
    assert sans(certificates(pem)[0]) == [f"*.{name}"]
    assert order["profile"] == "dv-wildcard", "the first profile that fits"


# ---- what may be asked for

REFUSED = [
    ("no-list", None, "malformed"),
    ("empty-list", [], "malformed"),
    ("no-object", ["www.good.test"], "malformed"),
    ("no-value", [{"type": "dns"}], "malformed"),
    ("other-type", [{"type": "email", "value": "a@good.test"}], "unsupportedIdentifier"),
    ("u-label", [{"type": "dns", "value": "bücher.good.test"}], "malformed"),
    ("bad-a-label", [{"type": "dns", "value": "xn--0000000000000.good.test"}], "malformed"),
    ("trailing-dot", [{"type": "dns", "value": "www.good.test."}], "malformed"),
    ("underscore", [{"type": "dns", "value": "a_b.good.test"}], "malformed"),
    ("url", [{"type": "dns", "value": "https://www.good.test"}], "malformed"),
    ("inner-star", [{"type": "dns", "value": "www.*.good.test"}], "malformed"),
    ("part-star", [{"type": "dns", "value": "w*.good.test"}], "malformed"),
    ("suffix", [{"type": "dns", "value": "co.uk"}], "rejectedIdentifier"),
    ("wildcard-suffix", [{"type": "dns", "value": "*.co.uk"}], "rejectedIdentifier"),
    ("reverse", [{"type": "dns", "value": "1.0.0.127.in-addr.arpa"}], "rejectedIdentifier"),
    ("address-as-name", [{"type": "dns", "value": "127.0.0.1"}], "malformed"),
    ("name-as-address", [{"type": "ip", "value": "www.good.test"}], "malformed"),
    ("long-ipv6", [{"type": "ip", "value": "0:0:0:0:0:0:0:1"}], "malformed"),
    ("upper-ipv6", [{"type": "ip", "value": "2001:DB8::1"}], "malformed"),
    ("zero-ipv4", [{"type": "ip", "value": "127.000.000.001"}], "malformed"),
    ("mapped", [{"type": "ip", "value": "192.0.2.1/24"}], "malformed"),
]


@pytest.mark.rfc("8555 6.7.1#1", "a subproblem names its identifier")
@pytest.mark.rfc("8555 7.1.4#3", "an xn-- label that decodes to nothing is refused")
@pytest.mark.rfc("8738 3#2", "an address in another form than RFC 5952's is refused")
@pytest.mark.parametrize("identifiers,kind", [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_identifiers_that_are_refused(town, identifiers, kind):
    body = problem(wish(town.alice, identifiers), 400, kind)
    subs = body.get("subproblems", [])
    assert len(subs) == (1 if identifiers else 0), body
    for sub in subs:
        assert sub["type"].endswith(":" + kind) and sub["detail"]
        if "identifier" in sub:
            assert set(sub["identifier"]) == {"type", "value"}


@pytest.mark.rfc("8555 6.7.1#2", "the problem itself has no identifier")
@pytest.mark.rfc("8555 6.7.1", "each identifier that is refused has a subproblem of its own, the good ones none")
def test_several_refused_at_once(town):
    good = unique_name()
    body = problem(wish(town.alice, [ident(good), ident("co.uk"), {"type": "x", "value": "y"}, ident("a_b.good.test")]),
                   400, "rejectedIdentifier")
    assert "3 of 4" in body["detail"] and "identifier" not in body
    assert [s["type"].rsplit(":", 1)[1] for s in body["subproblems"]] == ["rejectedIdentifier", "unsupportedIdentifier", "malformed"]


def test_the_same_name_twice_is_one(town):
    name = unique_name()
    _, order = town.alice.order(name, name.upper(), name)
    assert order["identifiers"] == [ident(name)] and len(order["authorizations"]) == 1


def test_too_many_names(town):
    names = [f"n{i}.{unique_name()}" for i in range(101)]
    problem(wish(town.alice, [ident(n) for n in names]), 400, "malformed")


# ---- profiles and times

def test_profiles(town):
    name = unique_name()
    assert set(town.alice.directory["meta"]["profiles"]) == {"dv", "dv-wildcard"}
    _, order = town.alice.order(name, profile="dv-wildcard")
    assert order["profile"] == "dv-wildcard"
    for profile in ("ev", "none", "", "x" * 64):
        answer = wish(town.alice, [ident(name)], profile=profile)
        if profile == "":
            assert answer.status_code == 201
        else:
            problem(answer, 400, "malformed" if len(profile) > 63 else "invalidProfile")
    problem(wish(town.alice, [ident(f"*.{name}")], profile="dv"), 400, "rejectedIdentifier")
    problem(wish(town.alice, [ident(name)], profile=5), 400, "malformed")


def test_times_within_what_the_profile_allows(town):
    name = unique_name()
    begin, end = iso(HOUR), iso(HOUR + 10 * DAY)
    order, pem, _ = town.alice.issue(town, name, notBefore=begin, notAfter=end)
    cert = certificates(pem)[0]
    assert order["notBefore"] == begin and order["notAfter"] == end
    assert cert.not_valid_before.strftime("%Y-%m-%dT%H:%M:%SZ") == begin
    assert cert.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ") == end


def test_only_the_end(town):
    end = iso(5 * DAY)
    _, pem, _ = town.alice.issue(town, unique_name(), notAfter=end)
    assert certificates(pem)[0].not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ") == end


@pytest.mark.rfc("8555 7.4#1", "times that cannot be had are refused; nothing else is issued in their place")
@pytest.mark.parametrize("fields", [{"notBefore": "yesterday"}, {"notAfter": 5}, {"notBefore": iso(-2 * DAY)},
                                    {"notBefore": iso(3 * DAY)}, {"notAfter": iso(-HOUR)}, {"notAfter": iso(4000 * DAY)},
                                    {"notBefore": iso(HOUR), "notAfter": iso(HOUR // 2)}],
                         ids=["no-time", "number", "old", "far", "past", "long", "backwards"])
def test_times_that_cannot_be_had(town, fields):
    body = problem(wish(town.alice, [ident(unique_name())], **fields), 400, "malformed")
    assert "not" in body["detail"]


# ---- authorizations that are there already

def test_a_valid_authorization_is_used_again_by_its_account_only(town):
    name = unique_name()
    _, first = town.alice.ready(town, name)
    _, second = town.alice.order(name)
    assert second["status"] == "ready" and second["authorizations"] == first["authorizations"]
    _, other = town.bob.order(name)
    assert other["status"] == "pending" and other["authorizations"] != first["authorizations"]


@pytest.mark.rfc("8555 7.4.1#1", "a pre-authorization is pending and has challenges")
def test_pre_authorization(town):
    name = unique_name()
    answer = town.alice.post(town.alice.directory["newAuthz"], {"identifier": ident(name)})
    assert answer.status_code == 201, answer.text
    authz = answer.headers["Location"]
    assert answer.json()["status"] == "pending" and answer.json()["challenges"]
    town.alice.prove(town, authz)
    _, order = town.alice.order(name)
    assert order["status"] == "ready" and order["authorizations"] == [authz]
    problem(town.alice.post(town.alice.directory["newAuthz"], {"identifier": ident(f"*.{name}")}), 400, "malformed")
    problem(town.alice.post(town.alice.directory["newAuthz"], {}), 400, "malformed")


# ---- other people's objects

@pytest.mark.rfc("8555 6.3#4", "orders, authorizations, challenges and certificates are shown to their account only")
def test_other_accounts_see_nothing(town):
    order, _, _ = town.alice.issue(town, unique_name())
    challenge = town.alice.show(order["authorizations"][0])["challenges"][0]["url"]
    serial = order["certificate"]
    for url in (order["url"], order["authorizations"][0], challenge, serial, serial + "/1"):
        absent = url.rsplit("/", 1)[0] + "/" + token()
        refused, unknown = problem(town.bob.post(url), 404, "malformed"), problem(town.bob.post(absent), 404, "malformed")
        assert refused["detail"] == unknown["detail"]
    problem(town.bob.post(order["finalize"], {"csr": b64(to_der(own_csr(unique_name())[0]))}), 404, "malformed")


# ---- finalize

@pytest.fixture(scope="module")
def ready(town):
    names = [unique_name(), unique_name()]
    url, order = town.alice.ready(town, *names)
    return url, order, names


def csr(names, **how):
    return to_der(own_csr(names, **how)[0])


BAD_CSRS = [
    ("one-missing", lambda n: csr(n[:1])),
    ("one-more", lambda n: csr([*n, unique_name()])),
    ("another", lambda n: csr([n[0], unique_name()])),
    ("cn-more", lambda n: csr(n, cn=unique_name())),
    ("address-more", lambda n: csr([*n, "127.0.0.1"])),
    ("wildcard", lambda n: csr([n[0], f"*.{n[1]}"])),
    ("none", lambda n: csr([])),
    ("weak", lambda n: csr(n, key=new_key("rsa:1024"))),
    ("curve", lambda n: csr(n, key=new_key("ec:k256"))),
    ("garbage", lambda n: b"\x30\x03\x02\x01\x00"),
    ("trailing", lambda n: csr(n) + b"\0"),
    ("signature", lambda n: csr(n)[:-1] + bytes([csr(n)[-1] ^ 1])),
]


@pytest.mark.rfc("8555 7.4#4", "a CSR for other identifiers than the order's is refused")
@pytest.mark.parametrize("make", [b[1] for b in BAD_CSRS], ids=[b[0] for b in BAD_CSRS])
def test_csrs_that_are_refused(town, ready, make):
    url, order, names = ready
    problem(town.alice.finalize(order, make(names)), 400, "badCSR")
    assert town.alice.show(url)["status"] == "ready", "the client may try again with a better one"


def test_a_csr_that_is_no_base64url(town, ready):
    _, order, names = ready
    pem = own_csr(names)[0]
    problem(town.alice.post(order["finalize"], {"csr": pem}), 400, "badCSR")
    problem(town.alice.post(order["finalize"], {"csr": b64(csr(names)) + "="}), 400, "badCSR")
    problem(town.alice.post(order["finalize"], {}), 400, "malformed")


@pytest.mark.rfc("8555 11.1#1", "an account key gets no certificate")
@pytest.mark.rfc("8555 11.1#5", "the account's own key is in no certificate")
@pytest.mark.rfc("8555 11.1#4", "nor is that of another account")
def test_a_csr_with_an_accounts_key(town, ready):
    _, order, names = ready
    problem(town.alice.finalize(order, csr(names, key=town.alice.key.private)), 400, "badCSR")
    problem(town.alice.finalize(order, csr(names, key=town.bob.key.private)), 400, "badCSR")


def test_finalize_too_early_and_twice(town):
    name = unique_name()
    _, pending = town.alice.order(name)
    body = problem(town.alice.finalize(pending, csr([name])), 403, "orderNotReady")
    assert name in body["detail"]
    url, order = town.alice.ready(town, name)
    der = csr([name])
    assert town.alice.finalize(order, der).status_code == 200
    problem(town.alice.finalize(order, der), 403, "orderNotReady")
    town.alice.until(url, "valid")
    for again in (der, csr([name])):
        problem(town.alice.finalize(order, again), 403, "orderNotReady")
    assert Oracle(town).signed_for(url.rsplit("/", 1)[1]) == 1


# ---- certificates

def test_alternate_chains(town):
    order, pem, _ = town.alice.issue(town, unique_name())
    answer = town.alice.post(order["certificate"])
    links = answer.raw.headers.getlist("Link")
    other = [link for link in links if 'rel="alternate"' in link]
    assert len(other) == 1 and not any('rel="up"' in link for link in links)
    longer = town.alice.post(other[0][1:other[0].index(">")])
    assert longer.status_code == 200 and longer.text.startswith(pem)
    assert certificates(longer.text)[-1] == x509.load_pem_x509_certificate(town.service.root_pem.read_bytes())
    assert f'<{order["certificate"]}>;rel="alternate"' in longer.raw.headers.getlist("Link")
    problem(town.alice.post(order["certificate"] + "/9"), 404, "malformed")
    problem(town.alice.post(order["certificate"], {}), 400, "malformed")


# ---- all names count (CAA, 2020: one name looked at N times)

@pytest.mark.parametrize("at", range(4))
def test_one_failing_name_fails_the_order_at_every_place(town, at):
    names = [unique_name() for _ in range(4)]
    url, order = town.alice.order(*names)
    by_name = {town.alice.show(a)["identifier"]["value"]: a for a in order["authorizations"]}
    for name in names[:at] + names[at + 1:]:
        assert town.alice.prove(town, by_name[name])["status"] == "valid"
    bad = town.alice.challenge(by_name[names[at]])
    town.alice.post(bad["url"], {})
    failed = town.alice.until(url, "invalid")
    assert failed["error"]["subproblems"][0]["identifier"] == ident(names[at]), failed
    problem(town.alice.finalize(order, csr(names)), 403, "orderNotReady")


@pytest.mark.parametrize("at", range(3))
def test_one_name_that_caa_forbids_fails_the_order_at_every_place(town, at):
    names = [unique_name() for _ in range(2)]
    names.insert(at, "sub.forbid.caa.test")
    url, order = town.alice.order(*names)
    for authz in order["authorizations"]:
        town.alice.prove(town, authz)
    failed = town.alice.until(url, "invalid")
    assert failed["error"]["type"].endswith(":caa") and failed["error"]["subproblems"][0]["identifier"]["value"] == names[at]
    problem(town.alice.finalize(order, csr(names)), 403, "orderNotReady")
    assert Oracle(town).signed_for(url.rsplit("/", 1)[1]) == 0


# ---- limits

def test_rate_limits_say_which_and_when(new_world):
    world = new_world(config={"orders": {"new_per_hour": "6"}, "acme": {"same_names_per_day": "2", "failures_per_hour": "1", "new_orders_per_hour": "8"}})
    client = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    same = unique_name()
    for _ in range(2):
        client.order(same)
    answer = wish(client, [ident(same)])
    body = problem(answer, 429, "rateLimited")
    assert same in body["detail"] and 80000 < int(answer.headers["Retry-After"]) <= DAY
    failing = unique_name()
    url, order = client.order(failing)
    client.post(client.challenge(order["authorizations"][0])["url"], {})
    client.until(url, "invalid")
    answer = wish(client, [ident(failing)])
    assert failing in problem(answer, 429, "rateLimited")["detail"] and 0 < int(answer.headers["Retry-After"]) <= HOUR
    wish(client, [ident(unique_name())])
    wish(client, [ident(unique_name())])
    wish(client, [ident(unique_name())])
    answer = wish(client, [ident(unique_name())])
    body = problem(answer, 429, "rateLimited")
    assert "6 orders" in body["detail"] and 0 < int(answer.headers["Retry-After"]) <= HOUR
    other = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    for _ in range(2):
        other.order(unique_name())
    answer = wish(other, [ident(unique_name())])
    body = problem(answer, 429, "rateLimited")
    assert "network" in body["detail"] and "8 orders" in body["detail"] and 0 < int(answer.headers["Retry-After"]) <= HOUR
    world.admin().order(unique_name())


# ---- time

def test_orders_and_authorizations_end(new_world):
    world = new_world(config={"acme": {"order_lifetime": "1h", "unused_accounts_kept": "60d"}})
    client = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    open_url, opened = client.order(name := unique_name())
    ready_url, ready = client.ready(world, unique_name())
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = str(2 * HOUR)
    world.service.start()
    client.nonces.clear()
    late = client.show(open_url)
    assert late["status"] == "invalid" and "expired" in late["error"]["detail"]
    assert client.show(opened["authorizations"][0])["status"] == "invalid"
    problem(client.finalize(ready, csr([name])), 403, "orderNotReady")
    assert client.show(ready["authorizations"][0])["status"] == "valid", "what was shown holds longer than the order"
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = str(40 * DAY)
    world.service.start()
    client.nonces.clear()
    wait_for("old orders to go", lambda: client.post(open_url).status_code == 404, 20)
    assert client.post(opened["authorizations"][0]).status_code == 404
    assert client.post(client.kid).status_code == 200


# ---- replaces (RFC 9773)

@pytest.mark.rfc("9773 5#2", "\"replaces\" is shown by the order from then on")
@pytest.mark.rfc("9773 5#1", "the same certificate is replaced once only")
def test_replaces(town):
    name = unique_name()
    _, pem, _ = town.alice.issue(town, name)
    before = cert_id(certificates(pem)[0])
    problem(wish(town.bob, [ident(name)], replaces=before), 400, "malformed")
    problem(wish(town.alice, [ident(unique_name())], replaces=before), 400, "malformed")
    for wrong in ("x", "AAAA.", ".AAAA", before + "AA", before[:-4] + "AAAA", "a.b.c", 7):
        problem(wish(town.alice, [ident(name)], replaces=wrong), 400, "malformed")
    url, order = town.alice.order(name, replaces=before)
    assert order["replaces"] == before and town.alice.show(url)["replaces"] == before
    problem(wish(town.alice, [ident(name)], replaces=before), 409, "alreadyReplaced")
    done, _, _ = town.alice.issue(town, unique_name())
    assert "replaces" not in done
