"""revokeCert: who may, for which reasons, and what comes of it in the account, in the CRL and for other certificates."""
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from harness.acme import Acme, Key, b64, problem
from harness.api import unique_name
from harness.crypto import certificates
from harness.csrs import new_key, own_csr
from harness.fixtures import private_world
from harness.net import wait_for
from oracle import Oracle

REASONS = {0: "unspecified", 1: "keyCompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation"}


@pytest.fixture(scope="module")
def town(e2e_dir, dns, smtp, web):
    world = private_world(e2e_dir, dns, smtp, web)
    world.acme = world.service.url + "/acme/directory"
    world.alice, world.bob = (Acme(world.acme, world.service.root_pem).register() for _ in range(2))
    yield world
    try:
        Oracle(world).check()
    finally:
        world.service.stop()


def der(pem):
    return certificates(pem)[0].public_bytes(Encoding.DER)


def revoke(client, pem, reason=None, **how):
    payload = {"certificate": b64(der(pem))}
    return client.post(client.directory["revokeCert"], payload if reason is None else {**payload, "reason": reason}, **how)


def by_key(town, key, pem, reason=None):
    """Signed with a certificate's own key."""
    stranger = Acme(town.acme, town.service.root_pem, Key(private=key))
    return revoke(stranger, pem, reason, jwk=True)


def entry(town, pem):
    """The certificate's CRL entry, once it is there."""
    cert = certificates(pem)[0]

    def look():
        point = cert.extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0].full_name[0].value
        crl = x509.load_der_x509_crl(town.service.get("/crl/" + point.rsplit("/", 1)[1]).content)
        return crl.get_revoked_certificate_by_serial_number(cert.serial_number)
    return wait_for("the certificate to be in the CRL", look, 15, 0.1)


def order_of(town, order):
    return town.admin().get(f"/orders/{order['url'].rsplit('/', 1)[1]}")


@pytest.mark.rfc("8555 7.6#3", "the account that got the certificate revokes it")
@pytest.mark.parametrize("reason", [None, *REASONS])
def test_by_the_account_that_got_it(town, reason):
    order, pem, _ = town.alice.issue(town, unique_name())
    answer = revoke(town.alice, pem, reason)
    assert answer.status_code == 200 and answer.content == b"", answer.text
    listed = entry(town, pem)
    codes = [e.value.reason.name for e in listed.extensions if isinstance(e.value, x509.CRLReason)]
    assert codes == ([] if not reason else [x509.ReasonFlags(REASONS[reason]).name])
    shown = order_of(town, order)
    assert shown["state"] == "revoked" and shown["certificates"][0]["reason"] == REASONS[reason or 0]
    problem(revoke(town.alice, pem, reason), 400, "alreadyRevoked")
    assert town.alice.post(order["certificate"]).status_code == 200


@pytest.mark.rfc("8555 7.6#4", "who signs with the certificate's key revokes it, without an account")
def test_by_the_certificates_key(town):
    order, pem, key = town.alice.issue(town, unique_name())
    assert by_key(town, key, pem).status_code == 200
    assert entry(town, pem) and order_of(town, order)["state"] == "revoked"
    assert any(e["by"] == "the certificate's key" for e in order_of(town, order)["events"])
    problem(by_key(town, key, pem), 400, "alreadyRevoked")


@pytest.mark.rfc("8555 7.6#3", "an account with authorizations for all names revokes it; all but one do not do")
def test_by_an_account_that_holds_all_names(town):
    names = [unique_name(), unique_name()]
    _, pem, _ = town.alice.issue(town, *names)
    problem(revoke(town.bob, pem), 403, "unauthorized")
    town.bob.ready(town, names[0])
    problem(revoke(town.bob, pem), 403, "unauthorized")
    town.bob.ready(town, names[1])
    assert revoke(town.bob, pem).status_code == 200 and entry(town, pem)


def test_a_wildcard_needs_the_wildcards_authorization(town):
    name = unique_name()
    town.dns.publish(name, "A", "127.0.0.1")
    _, pem, _ = town.alice.issue(town, f"*.{name}", kind="dns-01")
    town.bob.ready(town, name)
    problem(revoke(town.bob, pem), 403, "unauthorized")
    time.sleep(2.1)  # the TTL of the record that alice published
    town.bob.ready(town, f"*.{name}", kind="dns-01")
    assert revoke(town.bob, pem).status_code == 200


@pytest.mark.rfc("8555 7.6#2", "nobody else may: another account, another key, an account's key as jwk")
def test_nobody_else(town):
    _, pem, _ = town.alice.issue(town, unique_name())
    problem(revoke(town.bob, pem), 403, "unauthorized")
    problem(by_key(town, new_key(), pem), 403, "unauthorized")
    problem(revoke(town.alice, pem, jwk=True), 403, "unauthorized")
    assert revoke(town.alice, pem).status_code == 200


@pytest.mark.rfc("8555 7.6#1", "reasons that a subscriber cannot give are refused")
@pytest.mark.parametrize("reason", [2, 6, 7, 8, 9, 10, 11, -1, 2 ** 40, "1", 1.5, []])
def test_reasons_that_cannot_be_chosen(town, reason, request):
    if not hasattr(town, "unrevoked"):
        town.unrevoked = town.alice.issue(town, unique_name())[1]
    problem(revoke(town.alice, town.unrevoked, reason), 400, "badRevocationReason")


def test_what_is_no_certificate_of_ours(town):
    url = town.alice.directory["revokeCert"]
    _, pem, _ = town.alice.issue(town, unique_name())
    for payload in ({}, {"certificate": 1}, {"certificate": pem}, {"certificate": b64(b"x")}, {"certificate": b64(der(pem) + b"x")},
                    {"certificate": b64(der(pem)) + "="}):
        problem(town.alice.post(url, payload), 400, "malformed")
    root = town.service.root_pem.read_text()
    for other in (root, own_certificate()):
        problem(revoke(town.alice, other), 404, "malformed")
    changed = bytearray(der(pem))
    changed[-1] ^= 1
    problem(town.alice.post(url, {"certificate": b64(bytes(changed))}), 404, "malformed")


def own_certificate():
    """A certificate of nobody's, as PEM."""
    import datetime
    from cryptography.hazmat.primitives import hashes
    key, now = new_key(), datetime.datetime.utcnow()
    name = x509.Name([])
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(12345678901234567890)
            .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
            .public_bytes(Encoding.PEM).decode())


def test_a_compromised_key_ends_all_its_certificates(town):
    """Shown by the key itself, in every account; the key is then good for nothing more."""
    key = new_key()
    orders = [town.alice.issue(town, unique_name(), key=key), town.bob.issue(town, unique_name(), key=key)]
    customer = town.customer
    names = [unique_name()]
    town.preauthorise(customer, *names)
    portal = customer.order(names, csr=own_csr(names, key)[0])
    town.validate(customer, portal)
    customer.wait_state(portal, "issued")
    assert by_key(town, key, orders[0][1], 1).status_code == 200
    for order, pem, _ in orders:
        assert entry(town, pem) and order_of(town, order)["state"] == "revoked"
    assert customer.show(portal)["state"] == "revoked"
    name = unique_name()
    _, ready = town.alice.ready(town, name)
    problem(town.alice.finalize(ready, x509.load_pem_x509_csr(own_csr([name], key)[0].encode()).public_bytes(Encoding.DER)), 400, "badCSR")


def test_a_claim_of_compromise_ends_only_the_accounts_own(town):
    """Without the key's signature, the claim says nothing of other people's certificates."""
    key = new_key()
    _, mine, _ = town.alice.issue(town, unique_name(), key=key)
    names = [unique_name()]
    town.preauthorise(town.customer, *names)
    other = town.customer.order(names, csr=own_csr(names, key)[0])
    town.validate(town.customer, other)
    town.customer.wait_state(other, "issued")
    assert revoke(town.alice, mine, 1).status_code == 200
    assert town.customer.show(other)["state"] == "issued"


def test_the_portal_revokes_what_acme_got(town):
    order, pem, _ = town.alice.issue(town, unique_name())
    town.admin().post(f"/orders/{order['url'].rsplit('/', 1)[1]}/revoke", {"reason": "superseded"}, 200)
    assert entry(town, pem)
    problem(revoke(town.alice, pem), 400, "alreadyRevoked")
