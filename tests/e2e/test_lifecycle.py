"""After the first certificate: reissue with a new key, cancel, revoke, and what the CRL says."""
import pytest
import requests
from cryptography import x509
from harness import crypto, csrs
from harness.api import unique_name
from harness.net import wait_for

REASONS = {"unspecified": None, "keyCompromise": "key_compromise", "affiliationChanged": "affiliation_changed",
           "superseded": "superseded", "cessationOfOperation": "cessation_of_operation"}


def crl_of(world, cert):
    """The CRL that the certificate points to, checked against its issuer by openssl."""
    point = cert.extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0].full_name[0].value
    path = "/" + point.split("/", 3)[3]
    raw = requests.get(world.service.http_url + path, timeout=10)
    assert raw.status_code == 200
    return x509.load_der_x509_crl(raw.content)


def revoked_entry(world, cert):
    return crl_of(world, cert).get_revoked_certificate_by_serial_number(cert.serial_number)


def test_reissue_makes_a_new_key_always(world, account):
    first = world.issue(account, key_type="ec:p256")
    order = account.post(f"/orders/{first.id}/reissue", {})
    assert order["state"] == "handover" and order["id"] == first.id
    archive = account.fetch_archive(order)
    second = world.finish(account, account.acknowledge(order, archive), archive)
    assert crypto.spki(second.cert.public_key()) != crypto.spki(first.cert.public_key())
    assert crypto.passphrase(second.code) != crypto.passphrase(first.code)
    states = {c["serial"]: c["state"] for c in second.order["certificates"]}
    assert len(states) == 2 and states[f"{second.cert.serial_number:x}".zfill(len(next(iter(states))))] == "valid"


def test_reissue_with_an_own_csr(world, account):
    first = world.issue(account, key_type="ec:p256")
    pem, key = csrs.own_csr(first.order["names"])
    account.post(f"/orders/{first.id}/reissue", {"csr": pem})
    now = account.wait_state(wait_left(account, first.id, "issued"), "issued")
    newest = max(now["certificates"], key=lambda c: c["not_before"])
    assert newest["spki_sha256"] == crypto.spki_sha256(key.public_key()) or crypto.spki_sha256(key.public_key()) in [
        c["spki_sha256"] for c in now["certificates"]]


def wait_left(account, order, state):
    """The order once it has a second certificate (its state may pass through others too fast to be seen)."""
    wait_for("a second certificate", lambda: len(account.show(order)["certificates"]) == 2, 30)
    return account.show(order)


def test_reissue_of_an_order_without_certificate_is_refused(account):
    order = account.order(unique_name(), key_type="ec:p256")
    assert account.post(f"/orders/{order['id']}/reissue", {}, 409)["type"].startswith("urn:autocsr:error:state.")


def test_cancel_before_issuance(account):
    order = account.order(unique_name(), key_type="ec:p256")
    assert account.post(f"/orders/{order['id']}/cancel", {})["state"] == "cancelled"
    assert account.call("GET", order["archive_url"]).status_code in (404, 409, 410)
    for action in ("validate", "reissue", "archive", "revoke"):
        assert account.call("POST", f"/orders/{order['id']}/{action}", {}).status_code == 409, action
    assert account.call("POST", f"/orders/{order['id']}/code", {"password": account.password}).status_code in (409, 410)


def test_cancel_of_a_reissue_goes_back_to_issued(world, account):
    first = world.issue(account, key_type="ec:p256")
    account.post(f"/orders/{first.id}/reissue", {})
    now = account.post(f"/orders/{first.id}/cancel", {})
    assert now["state"] == "issued"
    assert crypto.certificates(account.certificate(now, "leaf"))[0] == first.cert


@pytest.mark.parametrize("reason", REASONS)
def test_revoked_certificate_is_in_the_crl_with_its_reason(world, account, admin, reason):
    got = world.issue(account, key_type="ec:p256")
    assert revoked_entry(world, got.cert) is None
    now = account.post(f"/orders/{got.id}/revoke", {"reason": reason})
    assert now["certificates"][0]["state"] == "revoked" and now["certificates"][0]["reason"] == reason
    assert now["state"] == "revoked"
    entry = wait_for("the CRL entry", lambda: revoked_entry(world, got.cert))
    wanted = REASONS[reason]
    if wanted is None:
        assert not list(entry.extensions)
    else:
        assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name == wanted


def test_openssl_refuses_the_revoked_certificate(world, account, tmp_path):
    got = world.issue(account, key_type="ec:p256")
    account.post(f"/orders/{got.id}/revoke", {"reason": "superseded"})
    wait_for("the CRL entry", lambda: revoked_entry(world, got.cert))
    crl = crl_of(world, got.cert).public_bytes(x509.base.serialization.Encoding.PEM)
    (tmp_path / "crl.pem").write_bytes(crl)
    (tmp_path / "leaf.pem").write_bytes(account.certificate(got.order, "leaf"))
    (tmp_path / "chain.pem").write_bytes(got.fullchain)
    assert b"verify OK" in crypto.run("openssl", "crl", "-in", tmp_path / "crl.pem", "-noout", "-CAfile",
                                      tmp_path / "chain.pem").stderr
    done = crypto.run("openssl", "verify", "-crl_check", "-CRLfile", tmp_path / "crl.pem", "-CAfile",
                      world.service.root_pem, "-untrusted", tmp_path / "chain.pem", tmp_path / "leaf.pem", ok=False)
    assert done.returncode != 0 and b"revoked" in done.stderr


@pytest.mark.parametrize("reason", ["certificateHold", "privilegeWithdrawn", "removeFromCRL", "aACompromise", "nonsense", 1])
def test_reasons_that_a_customer_may_not_choose_are_refused(world, account, reason):
    order = account.order(unique_name(), key_type="ec:p256")
    answer = account.call("POST", f"/orders/{order['id']}/revoke", {"reason": reason})
    assert answer.status_code in (400, 422)


def test_revoking_twice_does_not_change_the_first(world, account):
    got = world.issue(account, key_type="ec:p256")
    first = account.post(f"/orders/{got.id}/revoke", {"reason": "superseded"})["certificates"][0]
    answer = account.call("POST", f"/orders/{got.id}/revoke", {"reason": "superseded"})
    assert answer.status_code in (200, 409)
    assert account.show(got.id)["certificates"][0]["revoked_at"] == first["revoked_at"]


def test_compromise_proven_later_upgrades_the_entry(world, account):
    got = world.issue(account, key_type="ec:p256")
    account.post(f"/orders/{got.id}/revoke", {"reason": "superseded"})
    answer = account.call("POST", f"/orders/{got.id}/revoke", {"reason": "keyCompromise"})
    assert answer.status_code in (200, 409)
    if answer.status_code == 200:
        wait_for("the upgraded entry", lambda: revoked_entry(world, got.cert).extensions.get_extension_for_class(
            x509.CRLReason).value.reason.name == "key_compromise")


def test_a_compromised_key_ends_all_certificates_of_the_account_with_it(world, account):
    """BR 4.9.1.1: the key is bad wherever it is used. A stranger who pasted the same CSR proves nothing about it."""
    key, stranger = csrs.new_key(), world.register()
    world.preauthorise(stranger, "good.test")
    orders, certs = {}, {}
    for who, api in (("first", account), ("second", account), ("stranger", stranger)):
        orders[who], chain = world.issue_csr(api, csrs.own_csr(unique_name(), key)[0])
        certs[who] = crypto.certificates(chain)[0] if isinstance(chain, (bytes, str)) else chain[0]
    account.post(f"/orders/{orders['first']['id']}/revoke", {"reason": "keyCompromise"})
    wait_for("both in the CRL", lambda: revoked_entry(world, certs["first"]) and revoked_entry(world, certs["second"]))
    assert account.show(orders["second"])["state"] == "revoked"
    assert stranger.show(orders["stranger"])["state"] == "issued" and revoked_entry(world, certs["stranger"]) is None


def test_revoke_by_serial_touches_only_that_certificate(world, account):
    first = world.issue(account, key_type="ec:p256")
    order = account.post(f"/orders/{first.id}/reissue", {})
    archive = account.fetch_archive(order)
    second = world.finish(account, account.acknowledge(order, archive), archive)
    serial = next(c["serial"] for c in second.order["certificates"] if int(c["serial"], 16) == first.cert.serial_number)
    account.post(f"/orders/{first.id}/revoke", {"serial": serial, "reason": "superseded"})
    wait_for("the CRL entry", lambda: revoked_entry(world, first.cert))
    assert revoked_entry(world, second.cert) is None
    assert account.post(f"/orders/{first.id}/revoke", {"serial": "00ff"}, (404, 409, 422))["type"]


def test_crl_number_only_grows(world, account, admin):
    got = world.issue(account, key_type="ec:p256")
    numbers = []
    for _ in range(3):
        admin.post("/admin/crl", {}, 204)
        numbers.append(crl_of(world, got.cert).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
    assert numbers == sorted(set(numbers))


def test_crl_is_fresh_and_for_at_most_seven_days(world, account):
    crl = crl_of(world, world.issue(account, key_type="ec:p256").cert)
    assert (crl.next_update - crl.last_update).total_seconds() <= 7 * 86400


def test_issuer_certificate_is_published(world, account):
    got = world.issue(account, key_type="ec:p256")
    issuers = account.get("/ca")["issuers"]
    pem = next(i for i in issuers if crypto.certificates(i["certificate_pem"])[0].subject == got.cert.issuer)
    aia = got.cert.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    url = next(a.access_location.value for a in aia if a.access_method.dotted_string == "1.3.6.1.5.5.7.48.2")
    raw = requests.get(world.service.http_url + "/" + url.split("/", 3)[3], timeout=10).content
    assert x509.load_der_x509_certificate(raw) == crypto.certificates(pem["certificate_pem"])[0]
