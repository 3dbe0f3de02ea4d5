"""Orders with a CSR of the customer's own: any wrapping is read, the key stays the customer's."""
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from harness import crypto, csrs
from harness.api import unique_name

WRAPPINGS = list(csrs.wrappings(csrs.own_csr("x.test")[0]))


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrapping_is_read(account, wrapping):
    name = unique_name()
    pem, key = csrs.own_csr(name)
    text = csrs.wrappings(pem)[wrapping]
    order = account.post("/orders", {"product": "dv", "names": [name], "csr": text}, 201)
    assert order["key_source"] == "csr" or order["key_source"] != "autocsr"
    assert order["spki_sha256"] == crypto.spki_sha256(key.public_key())
    assert order["archive"] is None and order["code"] is None and not order.get("archive_url")
    stored = x509.load_pem_x509_csr(account.get(f"/orders/{order['id']}/csr"))
    assert stored == x509.load_pem_x509_csr(pem.encode())


@pytest.mark.parametrize("kind", ["rsa:2048", "rsa:3072", "ec:p256", "ec:p384", "ec:p521"])
def test_own_csr_gets_a_certificate_for_its_key(world, account, kind):
    name = unique_name()
    pem, key = csrs.own_csr(name, csrs.new_key(kind), cn=name)
    order, chain = world.issue_csr(account, pem, [name])
    cert = crypto.certificates(chain)[0]
    assert crypto.spki(cert.public_key()) == crypto.spki(key.public_key())
    assert crypto.sans(cert) == [name]
    crypto.verify_chain(chain, world.service.root_pem, name)


def test_names_come_from_the_csr_when_left_out(world, account):
    names = [unique_name(), unique_name()]
    pem, _ = csrs.own_csr(names, cn=names[0])
    order, chain = world.issue_csr(account, pem)
    assert sorted(order["names"]) == sorted(names) == sorted(crypto.sans(crypto.certificates(chain)[0]))


def test_common_name_alone_is_taken_as_a_name(world, account):
    name = unique_name()
    pem, _ = csrs.own_csr([], cn=name)
    order, chain = world.issue_csr(account, pem)
    assert crypto.sans(crypto.certificates(chain)[0]) == [name]


def test_what_the_customer_claims_in_the_csr_is_not_copied(world, account):
    """CA:TRUE, other EKU, subject fields of a DV order: none of it may reach the certificate."""
    name = unique_name()
    claims = [(x509.BasicConstraints(True, 3), True),
              (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CODE_SIGNING]), False)]
    pem, _ = csrs.own_csr(name, cn=name, extensions=claims,
                          subject=[(x509.NameOID.ORGANIZATION_NAME, "Somebody Famous Inc")])
    try:
        order, chain = world.issue_csr(account, pem, [name])
    except AssertionError as refused:
        assert getattr(refused, "response", None) is not None and refused.response.status_code == 422
        return
    cert = crypto.certificates(chain)[0]
    assert not cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    eku = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [o.dotted_string for o in eku] == ["1.3.6.1.5.5.7.3.1"]
    assert not cert.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)


def test_archive_and_code_of_an_own_csr_order_do_not_exist(account):
    name = unique_name()
    order = account.post("/orders", {"product": "dv", "names": [name], "csr": csrs.own_csr(name)[0]}, 201)
    for path, body in [("/archive", {}), ("/archive/ack", {"sha256": "0" * 64}), ("/code", {"password": account.password})]:
        assert account.call("POST", f"/orders/{order['id']}{path}", body).status_code in (404, 409, 410)


def test_a_key_used_before_is_refused_at_reissue(world, account):
    name = unique_name()
    pem, key = csrs.own_csr(name)
    order, _ = world.issue_csr(account, pem, [name])
    again, _ = csrs.own_csr(name, key, digest=hashes.SHA384())
    problem = account.post(f"/orders/{order['id']}/reissue", {"csr": again}, 422)
    assert problem["type"] == "urn:autocsr:error:key.reused"
    assert account.show(order)["state"] == "issued"


def test_csr_show_and_check_need_no_login_and_store_nothing(world):
    anonymous = world.anonymous()
    name = unique_name()
    pem, key = csrs.own_csr(name, cn=name)
    view = anonymous.post("/csr/show", {"csr": pem}, 200)
    assert view["sans"] == ["DNS:" + name] and view["key_type"] == "ec:p256"
    assert view["spki_sha256"] == crypto.spki_sha256(key.public_key())
    checked = anonymous.post("/csr/check", {"csr": pem, "names": [name]}, 200)
    assert checked["ok"] and all(c["result"] in ("pass", "info", "warn", "fail") and c["id"] for c in checked["checks"])
    missing = anonymous.post("/csr/check", {"csr": pem, "names": [name, "other.good.test"]}, 200)
    assert not missing["ok"]
    assert any(c["result"] == "fail" and "other.good.test" in c["text"] for c in missing["checks"])


def test_csr_for_other_names_than_ordered_is_refused(account):
    pem, _ = csrs.own_csr(unique_name())
    problem = account.order(unique_name(), status=422, csr=pem)
    assert problem["type"].startswith("urn:autocsr:error:csr.")
    assert account.get("/orders")["orders"] == []
