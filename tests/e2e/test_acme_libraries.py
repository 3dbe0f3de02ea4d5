"""Our ACME server with other people's ACME libraries: Go's golang.org/x/crypto/acme with autocert (cert-manager's library is a fork of
it, and cannot be run without a cluster) and ruby-acme-client. python3-acme has test_acme_python.py, lego and Caddy theirs among the clients.

What a library has no call for is skipped by name; what Debian 12's version of it lacks runs on Debian 13.
"""
import contextlib
import socket
import ssl

import pytest
from cryptography.hazmat.primitives import serialization
from harness import crypto
from harness.acmeclients import AlpnServer, Ca
from harness.acmelibs import LIBRARIES, Library, Refused
from harness.api import unique_name
from harness.csrs import own_csr, to_der
from harness.fixtures import private_world
from harness.net import free_port, wait_for


@pytest.fixture(scope="module")
def libs_world(e2e_dir, dns, smtp, web):
    tls_port = free_port()
    world = private_world(e2e_dir, dns, smtp, web, {"validation": {"tls_alpn_port": tls_port}})
    world.ca = Ca(world.service.url + "/acme/directory", world.service.root_pem, web.port, tls_port, dns)
    world.admin().post("/acme/directories", {"name": "bound", "title": "Bound", "products": ["dv"], "eab": "required", "open": True}, 201)
    yield world
    world.service.stop()


@pytest.fixture(scope="module", params=LIBRARIES)
def words(request):
    """How this library's driver is started."""
    return LIBRARIES[request.param]()


@pytest.fixture(scope="module")
def go_words():
    return LIBRARIES["go"]()


@contextlib.contextmanager
def started(words, ca):
    made = Library(words, ca)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def library(libs_world, words):
    """A registered account of each library in turn."""
    with started(words, libs_world.ca) as made:
        made.account = made.register()
        yield made


@pytest.fixture
def go(libs_world, go_words):
    with started(go_words, libs_world.ca) as made:
        made.account = made.register()
        yield made


def bound_ca(world, **limits):
    key = world.customer.post("/acme/eab-keys", {"directory": "bound", "title": "library", **limits}, 201)
    return world.ca.at(world.service.url + "/acme/bound/directory", (key["kid"], key["hmac_key"]))


def publish(world, authz, kind):
    way = authz["ways"][kind]
    if kind == "http-01":
        world.web.publish(authz["name"], way["path"], way["body"])
    else:
        world.dns.publish_txt(f"_acme-challenge.{authz['name']}", way["value"])


def prove(world, library, order, kind="http-01"):
    for authz in order["authz"]:
        if authz["status"] != "valid":
            publish(world, authz, kind)
            assert library.ask("accept", URL=authz["url"], Type=kind)["status"] == "valid"


def finish(world, library, order, names):
    """The certificate of an order whose names are proven, its key, and what the library answered."""
    pem, key = own_csr(names)
    done = library.finalize(order, to_der(pem))
    crypto.verify_chain(done["chain"].encode(), world.service.root_pem)
    cert = crypto.certificates(done["chain"])[0]
    assert crypto.spki(cert.public_key()) == crypto.spki(key.public_key())
    assert sorted(crypto.sans(cert)) == sorted(names)
    return cert, key, done


def issue(world, library, *names, kind="http-01"):
    order = library.ask("order", Names=names)
    prove(world, library, order, kind)
    return finish(world, library, order, names)


def der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def state_of(api, cert):
    """The state of the order in an account that has this certificate."""
    for order in api.get("/orders?limit=100")["orders"]:
        if any(int(c["serial"], 16) == cert.serial_number for c in api.get(f"/orders/{order['id']}")["certificates"]):
            return api.get(f"/orders/{order['id']}")["state"]
    raise AssertionError("no such certificate in the account")


# ---- what every library does


def test_several_names_and_revocation_by_the_account(libs_world, library):
    cert, _, _ = issue(libs_world, library, unique_name(), unique_name())
    library.revoke(der(cert), 4)
    wait_for("the owner to see it", lambda: state_of(libs_world.admin(), cert) == "revoked", 10, 0.2)


def test_a_wildcard_by_dns(libs_world, library):
    name = unique_name()
    order = library.ask("order", Names=[name, "*." + name])
    assert sorted(z["wildcard"] for z in order["authz"]) == [False, True]
    assert all("http-01" not in z["ways"] for z in order["authz"] if z["wildcard"])
    libs_world.dns.publish_txt(f"_acme-challenge.{name}", *[z["ways"]["dns-01"]["value"] for z in order["authz"]])
    for authz in order["authz"]:
        assert library.ask("accept", URL=authz["url"], Type="dns-01")["status"] == "valid"
    finish(libs_world, library, order, [name, "*." + name])


def test_the_key_is_changed(libs_world, library):
    library.ask("roll")
    assert library.ask("account")["url"] == library.account["url"]
    issue(libs_world, library, unique_name())


@pytest.mark.rfc("8555 7.3.4#1", "a library's binding by HS256 is accepted, and the certificate is the key owner's")
def test_an_account_bound_to_a_customer(libs_world, words):
    with started(words, bound_ca(libs_world)) as library:
        library.register()
        cert, _, _ = issue(libs_world, library, unique_name())
        assert state_of(libs_world.customer, cert) == "issued"


def test_a_binding_with_another_key_is_refused(libs_world, words):
    ca = bound_ca(libs_world)
    with started(words, ca.at(ca.directory, (ca.eab[0], bound_ca(libs_world).eab[1]))) as library:
        with pytest.raises(Refused) as refused:
            library.register()
        assert refused.value.kind == "unauthorized" and refused.value.detail


def test_no_binding_where_one_is_wanted(libs_world, words):
    with started(words, libs_world.ca.at(libs_world.service.url + "/acme/bound/directory")) as library:
        with pytest.raises(Refused) as refused:
            library.register()
        assert refused.value.kind == "externalAccountRequired"


def test_contacts_are_changed(library):
    assert library.ask("contact", Contact="mailto:bob@good.test")["contact"] == ["mailto:bob@good.test"]


def test_an_authorization_is_given_up(libs_world, library):
    name = unique_name()
    order = library.ask("order", Names=[name])
    library.ask("drop", URL=order["authz"][0]["url"])
    with pytest.raises(Refused):
        library.finalize(order, to_der(own_csr([name])[0]))
    issue(libs_world, library, name)


def test_a_proof_that_fails_is_told(library):
    order = library.ask("order", Names=[unique_name()])
    with pytest.raises(Refused) as refused:
        library.ask("accept", URL=order["authz"][0]["url"], Type="http-01")
    assert refused.value.kind == "incorrectResponse" and "404" in refused.value.detail


def test_a_name_that_is_refused(library):
    with pytest.raises(Refused) as refused:
        library.ask("order", Names=[unique_name(), "*.com"])
    assert refused.value.kind == "rejectedIdentifier"


def test_the_account_ends(library):
    library.ask("end")
    with pytest.raises(Refused) as refused:
        library.ask("order", Names=[unique_name()])
    assert refused.value.kind == "unauthorized"


# ---- what Go's has besides


def test_revocation_by_the_key(libs_world, go):
    cert, key, _ = issue(libs_world, go, unique_name())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    go.revoke(der(cert), 1, pem)
    wait_for("the owner to see it", lambda: state_of(libs_world.admin(), cert) == "revoked", 10, 0.2)


def test_alternate_chains_are_found_and_fetched(libs_world, go):
    cert, _, done = issue(libs_world, go, unique_name())
    assert done["others"]
    for chain in done["others"]:
        assert crypto.certificates(chain)[0] == cert and chain != done["chain"]


def test_an_authorization_beforehand_is_used(libs_world, go):
    name = unique_name()
    authz = go.ask("preauthorize", Names=[name])
    publish(libs_world, authz, "http-01")
    assert go.ask("accept", URL=authz["url"], Type="http-01")["status"] == "valid"
    order = go.ask("order", Names=[name])
    assert [z["url"] for z in order["authz"]] == [authz["url"]] and order["status"] == "ready"
    finish(libs_world, go, order, [name])


@pytest.mark.rfc("8737 3#10", "the certificate that Go's library makes for the challenge is accepted")
def test_by_tls(libs_world, go, tmp_path):
    name = unique_name()
    order = go.ask("order", Names=[name])
    way = order["authz"][0]["ways"]["tls-alpn-01"]
    (tmp_path / f"{name}.crt.pem").write_text(way["cert"])
    (tmp_path / f"{name}.key.pem").write_text(way["key"])
    with AlpnServer(libs_world.ca.tls_port, tmp_path):
        assert go.ask("accept", URL=order["authz"][0]["url"], Type="tls-alpn-01")["status"] == "valid"
    finish(libs_world, go, order, [name])


def test_an_address(libs_world, go):
    order = go.ask("order", Names=["127.0.0.1"], Addresses=True)
    prove(libs_world, go, order)
    finish(libs_world, go, order, ["127.0.0.1"])


def test_a_second_registration_finds_the_first(go):
    with pytest.raises(Refused) as again:
        go.register()
    assert "already exists" in again.value.detail
    assert go.ask("account")["url"] == go.account["url"]


@pytest.mark.parametrize("bound", [False, True], ids=["open", "bound"])
def test_autocert_serves_what_it_fetched(libs_world, go_words, bound):
    """A Go server as thousands are written: the first visitor's handshake has it fetch its certificate by tls-alpn-01."""
    name, ca = unique_name(), bound_ca(libs_world) if bound else libs_world.ca
    more = {"Kid": ca.eab[0], "Mac": ca.eab[1]} if bound else {}
    with started(go_words, ca) as server:
        server.ask("serve", Names=[name], Listen=f"127.0.0.1:{ca.tls_port}", **more)
        context = ssl.create_default_context(cafile=str(ca.tls_root))
        with socket.create_connection(("127.0.0.1", ca.tls_port), 60) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
            served = crypto.x509.load_der_x509_certificate(tls.getpeercert(True))
    assert state_of(libs_world.customer if bound else libs_world.admin(), served) == "issued"
