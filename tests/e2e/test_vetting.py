"""OV and EV: an organisation, then one person's approval, or two different ones."""
import pytest
from cryptography.x509.oid import NameOID
from harness import crypto
from harness.api import unique_name

ORGANISATION = {"name": "Example GmbH", "street": "Hauptstraße 1", "locality": "Berlin", "state": "Berlin",
                "postal_code": "10115", "country": "DE", "registration_number": "HRB 12345",
                "business_category": "Private Organization", "jurisdiction_country": "DE", "jurisdiction_state": "Berlin",
                "phone": "+49 30 1234567"}


@pytest.fixture
def organisation(account):
    return account.post("/organisations", ORGANISATION, 201)["id"]


def vetted(world, account, organisation, product):
    """An order that waits for its approval."""
    order = account.order(unique_name(), product=product, organisation_id=organisation, key_type="ec:p256")
    archive = account.fetch_archive(order)
    order = account.acknowledge(order, archive)
    world.validate(account, order)
    return account.wait_state(order, "vetting"), archive


def approve(admin, order, status=200, **fields):
    return admin.post(f"/orders/{order['id']}/vetting", {"decision": "approve", "evidence": "register extract", **fields}, status)


def test_ov_needs_one_approval_and_carries_the_organisation(world, account, admin, organisation):
    order, archive = vetted(world, account, organisation, "ov")
    approve(admin, order)
    issued = world.finish(account, account.show(order), archive)
    subject = {a.oid: a.value for a in issued.cert.subject}
    assert subject[NameOID.ORGANIZATION_NAME] == "Example GmbH" and subject[NameOID.COUNTRY_NAME] == "DE"
    assert NameOID.ORGANIZATIONAL_UNIT_NAME not in subject


def test_ev_needs_two_different_persons(world, account, admin, organisation):
    order, _ = vetted(world, account, organisation, "ev")
    approve(admin, order)
    assert account.show(order)["state"] == "vetting"
    assert approve(admin, order, 409)["type"] == "urn:autocsr:error:policy.two-persons"
    assert account.show(order)["state"] == "vetting" and account.show(order)["certificates"] == []


def test_rejection_ends_the_order(world, account, admin, organisation):
    order, _ = vetted(world, account, organisation, "ov")
    admin.post(f"/orders/{order['id']}/vetting", {"decision": "reject", "evidence": "not in the register"})
    assert account.wait_state(order, "failed")["certificates"] == []


def test_no_approval_no_certificate(world, account, organisation):
    order, _ = vetted(world, account, organisation, "ov")
    account.call("POST", f"/orders/{order['id']}/vetting", {"decision": "approve", "evidence": "trust me"})
    assert account.show(order)["state"] == "vetting"


def test_ov_without_organisation_is_refused(account):
    assert account.order(unique_name(), status=(400, 422), product="ov")["type"].startswith("urn:autocsr:error:")


def test_ev_refuses_wildcards(account, organisation):
    answer = account.call("POST", "/orders", {"product": "ev", "names": ["*." + unique_name()], "organisation_id": organisation})
    assert answer.status_code == 422


@pytest.mark.parametrize("field,value", [("country", "Germany"), ("country", "XX"), ("country", "de\n"), ("name", ""),
                                         ("name", "x" * 65), ("name", "a\r\nb"), ("name", "\u202eevil")])
def test_bad_organisations_are_refused(account, field, value):
    answer = account.call("POST", "/organisations", {**ORGANISATION, field: value})
    assert answer.status_code in (400, 422), answer.text
    assert account.get("/organisations")["organisations"] == []


def test_organisation_can_be_changed_and_deleted(account, organisation):
    assert account.patch(f"/organisations/{organisation}", {"phone": "+49 1"})["phone"] == "+49 1"
    account.delete(f"/organisations/{organisation}", status=204)
    assert account.call("GET", f"/organisations/{organisation}").status_code == 404


def test_vetted_html_in_a_name_stays_text(world, account):
    org = account.post("/organisations", {**ORGANISATION, "name": "<b>Bold & Söhne</b>"}, 201)
    assert account.get(f"/organisations/{org['id']}")["name"] == "<b>Bold & Söhne</b>"


def test_certificate_subject_needs_the_vetted_organisation_not_the_ordered_subject(world, account, admin, organisation):
    answer = account.call("POST", "/orders", {"product": "ov", "names": [unique_name()], "organisation_id": organisation,
                                              "subject": {"O": "Somebody Famous Inc"}, "key_type": "ec:p256"})
    if answer.status_code == 422:
        return
    order = answer.json()
    order = account.acknowledge(order, account.fetch_archive(order))
    world.validate(account, order)
    order = account.wait_state(order, "vetting")
    approve(admin, order)
    account.wait_state(order, "issued")
    cert = crypto.certificates(account.certificate(order))[0]
    assert cert.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Example GmbH"
