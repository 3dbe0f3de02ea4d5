"""Rules of the ACME and CAA documents that no other file comes by: the real ports, keys written oddly, CAA in every way of issuing."""
import errno
import os

import pytest
from harness.acme import Acme, Key, b64, jws, problem, unb64
from harness.alpn import AlpnServer
from harness.api import unique_name
from harness.fixtures import private_world
from harness.net import wait_for
from harness.web import Web

HERE = "127.0.0.80"  # an address of its own, so that what has these ports at another one is not in the way; what has them at all still is


@pytest.fixture(scope="module")
def town(e2e_dir, dns, smtp, web):
    """A world of this file's own, whose service looks at the ports that are the defaults."""
    world = private_world(e2e_dir, dns, smtp, web, {"validation": {"http_port": "80"}})
    world.client = lambda: Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    yield world
    world.service.stop()


def listening(kind, port):
    """A server of that kind at HERE."""
    if os.geteuid() != 0:
        pytest.skip(f"port {port} needs root")
    try:
        return kind((HERE, port))
    except OSError as e:
        if e.errno != errno.EADDRINUSE:
            raise
        pytest.skip(f"something else listens on port {port}, of {HERE} or of all addresses")


@pytest.fixture
def web80(town):
    """A web server at HERE, port 80."""
    server = listening(Web, 80)
    yield server
    server.close()


@pytest.fixture(scope="module")
def tls443(town):
    """A TLS server at HERE, port 443."""
    server = listening(AlpnServer, 443)
    yield server
    server.close()


def here(town):
    name = unique_name()
    town.dns.publish(name, "A", HERE)
    return name


def answer(who, order, kind):
    """The client's word for the only authorization of an order; the authorization as it ends."""
    authz = order["authorizations"][0]
    assert who.post(who.challenge(authz, kind)["url"], {}).status_code == 200
    return who.until(authz, "valid", "invalid")


# ---- the ports, and who is asked for acme-tls/1

@pytest.mark.rfc("8555 8.3#4", "with the default settings the look goes to port 80")
def test_http_goes_to_port_80(town, web80):
    who, name = town.client(), here(town)
    _, order = who.order(name)
    challenge = who.challenge(order["authorizations"][0])
    path = f"/.well-known/acme-challenge/{challenge['token']}"
    web80.publish(name, path, who.key_authorization(challenge["token"]))
    assert answer(who, order, "http-01")["status"] == "valid"
    assert web80.seen(name) == [path]


@pytest.mark.rfc("8737 3#8", "with the default settings the handshake goes to port 443")
@pytest.mark.rfc("8737 3#12", "an international name is asked for, and compared, as A-labels")
def test_tls_alpn_goes_to_port_443(town, tls443):
    who = town.client()
    name = f"xn--bcher-kva.{unique_name()}"
    town.dns.publish(name, "A", HERE)
    _, order = who.order(name)
    challenge = who.challenge(order["authorizations"][0], "tls-alpn-01")
    tls443.serve(name, who.key_authorization(challenge["token"]))
    assert answer(who, order, "tls-alpn-01")["status"] == "valid"
    assert [seen for seen in tls443.seen if seen[0] == name] == [(name, "acme-tls/1")]


@pytest.mark.rfc("8737 4#1", "a redirect to HTTPS is followed without offering acme-tls/1")
def test_acme_tls_is_for_its_challenge_only(town, web80, tls443):
    who, name = town.client(), here(town)
    _, order = who.order(name)
    challenge = who.challenge(order["authorizations"][0])
    path = f"/.well-known/acme-challenge/{challenge['token']}"
    web80.redirect(name, path, f"https://{name}{path}")
    tls443.serve(name, "x")
    assert answer(who, order, "http-01")["status"] == "invalid"
    assert {alpn for sni, alpn in tls443.seen if sni == name} == {None}


# ---- a key that is written with more octets than it needs

@pytest.mark.rfc("8555 8.1#1", "an RSA key with leading zero octets has the thumbprint of the key without them, or is none")
@pytest.mark.parametrize("member", ["n", "e"])
def test_leading_zero_octets(town, member):
    key, who = Key("RS256"), town.client()
    padded = {**key.jwk(), member: b64(b"\0" + unb64(key.jwk()[member]))}
    url = who.directory["newAccount"]
    head = {"alg": "RS256", "jwk": padded, "nonce": who.nonce(), "url": url}
    said = who.send(url, jws(key, head, {"termsOfServiceAgreed": True}))
    if said.status_code == 400:
        problem(said, 400, "badPublicKey")
        return
    plain = Acme(who.url, town.service.root_pem, key).register()
    assert (said.status_code, said.headers["Location"]) == (201, plain.kid), "one key, one thumbprint, one account"


# ---- CAA

@pytest.mark.rfc("8657 5.3#1", "the same records forbid and permit orders of the portal and of ACME")
@pytest.mark.parametrize("name,permitted", [("forbid", False), ("critical", False), ("allow", True), ("noncritical", True)])
def test_caa_in_every_way_of_ordering(world, account, name, permitted):
    host = f"{name}.caa.test"
    who = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    _, theirs = who.order(host)
    said = who.prove(world, theirs["authorizations"][0])
    assert said["status"] == ("valid" if permitted else "invalid")
    assert permitted or said["challenges"][0]["error"]["type"].endswith(":caa")
    world.preauthorise(account, "caa.test")
    order = account.order(host, key_type="ec:p256")
    account.acknowledge(order, account.fetch_archive(order))
    if permitted:
        account.wait_state(order, "issued")
    else:
        wait_for("the CAA refusal", lambda: "caa." in str(account.show(order)["validations"][0]["error"]), 30)


@pytest.mark.rfc("8659 5.1#1", "a record in an unsigned zone forbids like one in a signed zone")
@pytest.mark.parametrize("zone", ["good.test", "unsigned.test"])
def test_caa_need_not_be_signed(world, zone):
    who = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    free, bound = (unique_name().split(".")[0] + "." + zone for _ in range(2))
    for name in (free, bound):
        world.dns.publish(name, "A", "127.0.0.1")
    world.dns.publish(bound, "CAA", '0 issue "elsewhere.test"')
    said = {n: who.prove(world, who.order(n)[1]["authorizations"][0]) for n in (free, bound)}
    assert said[free]["status"] == "valid" and said[bound]["status"] == "invalid"
    assert said[bound]["challenges"][0]["error"]["type"].endswith(":caa")


@pytest.mark.rfc("8657 5.4#1", "accounts of all directories, also with the same key, have different URIs")
def test_account_uris_are_unique(world):
    admin, keys = world.admin(), [Key() for _ in range(3)]
    names = ["u-" + unique_name()[:12].lower().replace(".", "-").replace("_", "-") for _ in range(2)]
    for name in names:
        admin.post("/acme/directories", {"name": name, "title": name, "products": ["dv"], "eab": "off"}, 201)
    uris = [Acme(f"{world.service.url}/acme{'/' + n if n else ''}/directory", world.service.root_pem, k).register().kid for n in ["", *names] for k in keys]
    assert len(set(uris)) == 9 and len({u.rsplit("/", 1)[1] for u in uris}) == 9
    assert all(u.startswith(world.service.url + "/acme/") for u in uris)
