"""Offline CAs: the order waits for a certificate that somebody brings; what comes is judged before it is believed."""
import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from harness import crypto
from harness.api import unique_name
from harness.csrs import own_csr
from harness.fixtures import private_world
from harness.net import wait_for
from harness.offlineca import DAY, DER, OfflineCa

ZONE = "autocsr-test.org"


@pytest.fixture(scope="module")
def site(e2e_dir, dns, smtp, web):
    """A world with two offline CAs: one for whom we validate, known by its root, and one that does it all, known by nothing."""
    world = private_world(e2e_dir, dns, smtp, web)
    world.operator, world.ca = world.admin(), OfflineCa()
    add = world.operator.post
    add("/issuers", {"name": "paper", "kind": "offline", "title": "Paper CA", "public": False, "roots": world.ca.root_pem}, 201)
    add("/issuers", {"name": "form", "kind": "offline", "title": "Form CA", "public": False, "validation": "ca"}, 201)
    for name in ("paper", "form"):
        add("/products", {"id": name, "title": name, "level": "dv", "profile": "dv", "issuer": name, "wildcard": True}, 201)
    yield world
    world.service.stop()


def waiting(site, product="form", names=None, **fields):
    """An order of the customer that waits for its certificate, and its CSR."""
    names = names or [unique_name(ZONE)]
    order = site.customer.post("/orders", {"product": product, "names": names, "csr": own_csr(names)[0], **fields}, 201)
    order = site.customer.wait_state(order, "issuing") if order["state"] != "issuing" else order
    return order, site.customer.get(f"/orders/{order['id']}/csr").decode()


def bring(site, order, certificate, status=200):
    return site.operator.post(f"/orders/{order['id']}/certificate", {"certificate": certificate}, status)


def b64(data):
    return base64.b64encode(data).decode()


def test_names_are_validated_here_and_then_the_order_waits(site):
    names = [unique_name()]
    csr, _ = own_csr(names)
    order = site.customer.post("/orders", {"product": "paper", "names": names, "csr": csr}, 201)
    assert order["state"] == "validating"
    early = site.operator.call("POST", f"/orders/{order['id']}/certificate", {"certificate": site.ca.chain(site.ca.sign(csr))})
    assert early.status_code == 409 and "validating" in early.json()["detail"]
    site.validate(site.customer, order)
    order = site.customer.wait_state(order, "issuing")
    wait_for("the order to say what it waits for", lambda: "Paper CA" in str(site.customer.show(order)["waiting"]), 10)
    shown = site.customer.show(order)
    assert "operator of this service sends the CSR to Paper CA" in shown["waiting"]["reason"] and shown["waiting"]["next_try_at"] is None
    assert shown["validations"][0]["state"] == "valid"
    csr = site.customer.get(f"/orders/{order['id']}/csr").decode()
    leaf = site.ca.sign(csr)
    done = bring(site, order, site.ca.chain(leaf))
    assert done["order"]["state"] == "issued" and int(done["serial"], 16) == leaf.serial_number
    assert isinstance(done["warnings"], list)
    full = site.customer.certificate(order)
    assert [c.fingerprint(c.signature_hash_algorithm) for c in crypto.certificates(full)] == \
        [c.fingerprint(c.signature_hash_algorithm) for c in (leaf, site.ca.issuing)]
    assert crypto.certificates(site.customer.get(f"/orders/{order['id']}/certificate?format=chain"))[0] == site.ca.issuing
    events = [e["event"] for e in site.customer.show(order)["events"]]
    assert "certificate.issued" in events
    site.smtp.wait(site.customer.email, match=names[0])


def test_a_key_of_the_service_goes_the_same_way(site):
    names = [unique_name(ZONE)]
    order = site.customer.order(names, product="form", key_type="ec:p256")
    archive = site.customer.fetch_archive(order)
    order = site.customer.acknowledge(order, archive)
    order = site.customer.wait_state(order, "issuing") if order["state"] != "issuing" else order
    assert [v["state"] for v in order["validations"]] == ["by-ca"]
    csr = site.customer.get(f"/orders/{order['id']}/csr").decode()
    bring(site, order, site.ca.chain(site.ca.sign(csr)))
    key = crypto.load_key(crypto.open_archive(archive, site.customer.code(order)))
    leaf = crypto.certificates(site.customer.certificate(order))[0]
    assert crypto.spki(leaf.public_key()) == crypto.spki(key.public_key())


FORMS = {
    "PEM with chain": lambda ca, c: ca.chain(c),
    "leaf alone": lambda ca, c: ca.pem(c),
    "leaf last": lambda ca, c: ca.pem(ca.root, ca.issuing, c),
    "base64 of DER": lambda ca, c: b64(c.public_bytes(DER)),
    "PKCS#7 PEM": lambda ca, c: ca.p7b(ca.issuing, c).decode(),
    "base64 of PKCS#7 DER": lambda ca, c: b64(ca.p7b(c, ca.issuing, ca.root, encoding=DER)),
    "a mail": lambda ca, c: "Dear customer,\r\n\r\nhere it is:\r\n\r\n> " + ca.chain(c).replace("\n", "\r\n> ") + "\r\nYours, the CA\r\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_any_form_is_taken(site, form):
    order, csr = waiting(site)
    leaf = site.ca.sign(csr)
    done = bring(site, order, FORMS[form](site.ca, leaf))
    assert done["order"]["state"] == "issued"
    served = crypto.certificates(site.customer.certificate(order))
    assert served[0] == leaf
    if form in ("leaf alone", "base64 of DER"):
        assert len(served) == 1 and any("no certificate of its issuer" in w for w in done["warnings"])
    else:
        assert served == [leaf, site.ca.issuing], "the chain without the root"


def test_a_known_root_makes_the_chain_whole_or_refuses(site):
    names = [unique_name(ZONE)]
    site.operator.patch("/issuers/paper", {"roots": site.ca.root_pem + site.ca.issuing_pem, "validation": "ca"})
    try:
        order, csr = waiting(site, "paper", names)
        stranger = OfflineCa("Stranger")
        refused = bring(site, order, stranger.chain(stranger.sign(csr)), 422)
        assert refused["type"].split(":")[-1].startswith("verify.")
        assert site.customer.show(order)["state"] == "issuing"
        leaf = site.ca.sign(csr)
        bring(site, order, site.ca.pem(leaf))
        assert crypto.certificates(site.customer.certificate(order)) == [leaf, site.ca.issuing], "completed from the settings"
    finally:
        site.operator.patch("/issuers/paper", {"roots": site.ca.root_pem, "validation": "service"})


def poison():
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.3"), b"\x05\x00")


WRONG = {
    "another key": ("match.key", lambda ca, csr, names: ca.chain(ca.sign(csr, public=ec.generate_private_key(ec.SECP256R1()).public_key()))),
    "a name missing": ("cert.names", lambda ca, csr, names: ca.chain(ca.sign(csr, names=names[1:]))),
    "no names": ("cert.names", lambda ca, csr, names: ca.chain(ca.sign(csr, names=[]))),
    "expired": ("verify.expired", lambda ca, csr, names: ca.chain(ca.sign(csr, begin=-20 * DAY, end=-DAY))),
    "of next month": ("verify.not-yet", lambda ca, csr, names: ca.chain(ca.sign(csr, begin=30 * DAY, end=60 * DAY))),
    "a CA": ("verify.ca", lambda ca, csr, names: ca.chain(ca.sign(csr, ca=True))),
    "a forged signature": ("verify.", lambda ca, csr, names: ca.pem(ca.sign(csr, signer=ec.generate_private_key(ec.SECP256R1())), ca.issuing)),
    "a precertificate": ("cert.precertificate", lambda ca, csr, names: ca.chain(ca.sign(csr, extra=[(poison(), True)]))),
    "no certificate": ("input.", lambda ca, csr, names: "the CA says no"),
    "the CSR": ("input.csr", lambda ca, csr, names: csr),
    "a private key": ("input.private-key", lambda ca, csr, names: ca.chain(ca.sign(csr)) + ca.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()),
    "the CA alone": ("match.key", lambda ca, csr, names: ca.issuing_pem),
}


def test_what_is_wrong_is_refused_and_changes_nothing(site):
    names = [unique_name(ZONE), unique_name(ZONE)]
    order, csr = waiting(site, names=names)
    before = site.customer.show(order)
    for what, (id, make) in WRONG.items():
        answer = site.operator.call("POST", f"/orders/{order['id']}/certificate", {"certificate": make(site.ca, csr, names)})
        assert answer.status_code in (422, 413), (what, answer.text)
        assert answer.json()["type"].split(":")[-1].startswith(id), (what, answer.json())
        assert len(answer.json()["detail"]) > 20
    assert site.customer.show(order) == before
    extra = bring(site, order, site.ca.chain(site.ca.sign(csr, names=names + ["www." + names[0]])))
    assert any("www." + names[0] in w for w in extra["warnings"]), "more names than asked for are a warning"


def test_what_the_linter_finds_is_told(site):
    order, csr = waiting(site)
    done = bring(site, order, site.ca.chain(site.ca.sign(csr, end=900 * DAY)))
    assert any(w.startswith("lint.") for w in done["warnings"])
    entry = [e for e in site.customer.show(order)["events"] if e["event"] == "certificate.issued"]
    assert "lint." in entry[0]["detail"] and entry[0]["by"] != "system"


def test_several_find_their_orders_by_key(site):
    orders = [waiting(site) for _ in range(3)]
    leaves = [site.ca.sign(csr) for _, csr in orders]
    other = site.ca.sign(own_csr([unique_name(ZONE)])[0])
    wrong, wrong_csr = waiting(site)
    bad = site.ca.sign(wrong_csr, names=["elsewhere." + ZONE])
    done = site.operator.post("/certificates", {"certificates": site.ca.p7b(site.ca.issuing, *leaves, other, bad, site.ca.root).decode()}, 200)
    assert {i["order_id"] for i in done["imported"]} == {o["id"] for o, _ in orders}
    assert {r["error"] for r in done["refused"]} == {"match.unknown-key", "cert.names"}
    for (order, _), leaf in zip(orders, leaves):
        assert crypto.certificates(site.customer.certificate(order)) == [leaf, site.ca.issuing]
    assert site.customer.show(wrong)["state"] == "issuing"
    again = site.operator.post("/certificates", {"certificates": site.ca.chain(leaves[0])}, 409)
    assert again["type"].endswith("state.not-issuing") and "issued" in again["detail"]


def test_unknown_keys_and_bare_chains_are_refused_with_words(site):
    stranger = site.operator.post("/certificates", {"certificates": site.ca.chain(site.ca.sign(own_csr([unique_name(ZONE)])[0]))}, 422)
    assert stranger["type"].endswith("match.unknown-key") and "another service" in stranger["detail"]
    chain = site.operator.post("/certificates", {"certificates": site.ca.root_pem + site.ca.issuing_pem}, 422)
    assert chain["type"].endswith("match.no-leaf")


def test_orders_of_other_issuers_take_no_import(site):
    names = [unique_name()]
    order, _ = site.issue_csr(site.customer, own_csr(names)[0], names)
    csr = site.customer.get(f"/orders/{order['id']}/csr").decode()
    answer = site.operator.post(f"/orders/{order['id']}/certificate", {"certificate": site.ca.chain(site.ca.sign(csr))}, 409)
    assert answer["type"].endswith("state.issuer-online")


def test_only_the_operator_imports(site):
    order, csr = waiting(site)
    for path, body in ((f"/orders/{order['id']}/certificate", {"certificate": site.ca.chain(site.ca.sign(csr))}),
                       ("/certificates", {"certificates": site.ca.chain(site.ca.sign(csr))})):
        assert site.customer.call("POST", path, body).status_code == 403


def test_two_cas_may_use_the_same_serial(site):
    serial = 4711
    for _ in range(2):
        ca = OfflineCa()
        order, csr = waiting(site)
        done = bring(site, order, ca.chain(ca.sign(csr, serial=serial)))
        assert done["serial"].startswith("1267")
        assert crypto.certificates(site.customer.certificate(order))[0].serial_number == serial


def test_revoking_is_written_down_and_the_ca_must_be_asked(site):
    order, csr = waiting(site)
    bring(site, order, site.ca.chain(site.ca.sign(csr)))
    shown = site.customer.post(f"/orders/{order['id']}/revoke", {"reason": "superseded"})
    assert shown["state"] == "revoked" and shown["certificates"][0]["state"] == "revoked"
    assert "ask Form CA" in shown["next"]
    mail = site.smtp.wait(site.customer.email, match="works offline")
    assert shown["certificates"][0]["serial"] in mail.text
    waiting_jobs = site.operator.get("/admin/status")["jobs"]
    assert waiting_jobs is not None and site.service.get("/readyz").status_code == 200


def test_a_reissue_waits_again_and_replaces(site):
    names = [unique_name(ZONE)]
    order, csr = waiting(site, names=names)
    first = site.ca.sign(csr)
    bring(site, order, site.ca.chain(first))
    again = site.customer.post(f"/orders/{order['id']}/reissue", {"csr": own_csr(names)[0]})
    again = site.customer.wait_state(again, "issuing") if again["state"] != "issuing" else again
    refused = bring(site, again, site.ca.chain(first), 422)
    assert refused["type"].endswith("match.key"), "the certificate of the key before"
    second = site.ca.sign(site.customer.get(f"/orders/{order['id']}/csr").decode())
    done = bring(site, again, site.ca.chain(second))
    assert [c["state"] for c in done["order"]["certificates"]].count("valid") == 1
    assert crypto.certificates(site.customer.certificate(order))[0] == second


def test_an_issuer_with_orders_under_way_stays(site):
    site.operator.post("/issuers", {"name": "busy", "kind": "offline", "public": False, "validation": "ca"}, 201)
    site.operator.post("/products", {"id": "busy", "title": "busy", "level": "dv", "profile": "dv", "issuer": "busy"}, 201)
    order, csr = waiting(site, "busy")
    site.operator.patch("/products/busy", {"issuer": ""})
    answer = site.operator.call("DELETE", "/issuers/busy")
    assert answer.status_code == 409 and "1 order" in answer.json()["detail"]
    done = bring(site, order, site.ca.chain(site.ca.sign(csr)))
    assert done["order"]["state"] == "issued", "it keeps to the issuer that it began with"


def test_an_order_of_ours_stays_with_us_when_its_product_is_given_to_another_ca(site):
    site.operator.post("/products", {"id": "moved", "title": "moved", "level": "dv", "profile": "dv"}, 201)
    for issuer in ("paper", "form"):
        names = [unique_name()]
        order = site.customer.post("/orders", {"product": "moved", "names": names, "csr": own_csr(names)[0]}, 201)
        site.operator.patch("/products/moved", {"issuer": issuer})
        site.validate(site.customer, order)
        order = site.customer.wait_state(order, "issued")
        ours = crypto.certificates(site.customer.certificate(order))[0].issuer
        assert ours != site.ca.issuing.subject and site.customer.show(order)["issuer"] != issuer
        site.operator.patch("/products/moved", {"issuer": ""})


def test_a_key_of_ours_goes_to_no_public_ca_whose_statement_was_withdrawn(site):
    """BR 6.1.1.3, by the CA that the order goes to: that the product names a private one by now changes nothing."""
    session = site.admin_session()
    site.operator.post("/issuers", {"name": "trusted", "kind": "offline", "public": True, "validation": "ca"}, 201)
    site.operator.post("/products", {"id": "trusted", "title": "trusted", "level": "dv", "profile": "dv", "issuer": "trusted"}, 201)
    session.post("/issuers/trusted/statement", {"author": "Ann Jones"}, 201)
    order = site.customer.order([unique_name(ZONE)], product="trusted", key_type="ec:p256")
    archive = site.customer.fetch_archive(order)
    session.delete("/issuers/trusted/statement")
    site.operator.patch("/products/trusted", {"issuer": "form"})
    site.customer.acknowledge(order, archive)
    waits = wait_for("the order to wait", lambda: site.customer.show(order)["waiting"], 10)
    assert "withdrawn" in waits["reason"], waits
    session.post("/issuers/trusted/statement", {"author": "Ann Jones"}, 201)
    wait_for("the order to go on", lambda: "sends the CSR to" in str(site.customer.show(order)["waiting"]), 30)


def test_an_order_whose_certificate_never_comes_can_be_cancelled(site):
    names = [unique_name(ZONE)]
    order, csr = waiting(site, names=names)
    assert site.customer.post(f"/orders/{order['id']}/cancel")["state"] == "cancelled"
    answer = bring(site, order, site.ca.chain(site.ca.sign(csr)), 409)
    assert "cancelled" in answer["detail"]
    order, csr = waiting(site, names=names)
    bring(site, order, site.ca.chain(site.ca.sign(csr)))
    again = site.customer.post(f"/orders/{order['id']}/reissue", {"csr": own_csr(names)[0]})
    again = site.customer.wait_state(again, "issuing") if again["state"] != "issuing" else again
    assert site.customer.post(f"/orders/{order['id']}/cancel")["state"] == "issued", "the certificate before stays"


def test_an_issuer_whose_certificates_live_stays(site):
    site.operator.post("/issuers", {"name": "past", "kind": "offline", "public": False, "validation": "ca"}, 201)
    site.operator.post("/products", {"id": "past", "title": "past", "level": "dv", "profile": "dv", "issuer": "past"}, 201)
    order, csr = waiting(site, "past")
    bring(site, order, site.ca.chain(site.ca.sign(csr)))
    site.operator.patch("/products/past", {"issuer": ""})
    answer = site.operator.call("DELETE", "/issuers/past")
    assert answer.status_code == 409 and "1 certificate of this issuer has not expired" in answer.json()["detail"]
    shown = site.customer.post(f"/orders/{order['id']}/revoke", {"reason": "superseded"})
    assert shown["state"] == "revoked"
    assert site.operator.call("DELETE", "/issuers/past").status_code == 409, "it may be asked about the revocation"
