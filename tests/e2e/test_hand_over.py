"""The three grades of hand-over: made in the browser, sealed to the customer's own key, archive and code. The rules, and what
an order shows and remembers of them; test_hand_over_forms.py opens what is handed over."""
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from harness import crypto, csrs, forms
from harness.api import PASSWORD, unique_email, unique_name

AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"  # of the age specification
AGE_IDENTITY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
SSH = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def certificate(*a, **kw):
    return forms.certificate(*a, **kw).public_bytes(Encoding.PEM).decode()


def refused(account, hand_over, field, csr=None, type="request.field.hand-over"):
    body = {"product": "dv", "names": [unique_name()], "hand_over": hand_over, **({"csr": csr} if csr else {})}
    problem = account.post("/orders", body, 422)
    assert problem["type"] == f"urn:autocsr:error:{type}", problem
    assert problem["field"] == field, problem
    return problem["detail"]


@pytest.mark.parametrize("hand_over, field", [
    ({}, "hand_over.grade"),
    ({"format": "zip"}, "hand_over.grade"),
    ({"grade": "own-csr"}, "hand_over.grade"),
    ({"grade": "mail"}, "hand_over.grade"),
    ({"grade": 1}, "hand_over.grade"),
    ({"grade": "code", "format": "rar"}, "hand_over.format"),
    ({"grade": "code", "format": "age"}, "hand_over.format"),
    ({"grade": "code", "format": "cms"}, "hand_over.format"),
    ({"grade": "code", "format": ["zip"]}, "hand_over.format"),
    ({"grade": "code", "format": "zip", "recipient": AGE}, "hand_over.recipient"),
    ({"grade": "sealed"}, "hand_over.recipient"),
    ({"grade": "sealed", "format": "age"}, "hand_over.recipient"),
    ({"grade": "sealed", "format": "zip", "recipient": AGE}, "hand_over.format"),
    ({"grade": "sealed", "format": "cms", "recipient": AGE}, "hand_over.format"),
    ({"grade": "browser"}, "hand_over.grade"),
    ({"grade": "code", "code": "1234"}, "hand_over.code"),
], ids=str)
def test_each_rule_names_the_member(account, hand_over, field):
    assert refused(account, hand_over, field)


@pytest.mark.parametrize("hand_over, field", [
    ({"grade": "code"}, "hand_over.grade"),
    ({"grade": "sealed", "recipient": AGE}, "hand_over.grade"),
    ({"grade": "browser", "format": "p12"}, "hand_over.format"),
    ({"grade": "browser", "format": "age"}, "hand_over.format"),
    ({"grade": "browser", "recipient": AGE}, "hand_over.recipient"),
], ids=str)
def test_each_rule_about_a_csr_names_the_member(account, hand_over, field):
    assert refused(account, hand_over, field, csrs.own_csr(unique_name())[0])


EC_KEY, RSA_KEY = csrs.new_key("ec:p256"), csrs.rsa_key()
BAD_RECIPIENTS = {
    "empty": ("", "recipient.empty"),
    "nonsense": ("to whom it may concern", "recipient.unknown"),
    "a mistyped age recipient": (AGE[:-1] + "q", "recipient.age"),
    "two recipients": (AGE + "\n" + SSH, "recipient.many"),
    "an age identity": (AGE_IDENTITY, "recipient.private-key"),
    "a private key": (EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), "recipient.private-key"),
    "an SSH key that age cannot use": (EC_KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(), "recipient.ssh.type"),
    "a cut-off SSH key": (SSH[:40], "recipient.ssh"),
    "a weak RSA key": (certificate(rsa.generate_private_key(65537, 1024)), "recipient.weak"),
    "a certificate that has expired": (certificate(EC_KEY, days=-1, start=-3), "recipient.validity"),
    "a certificate for signing": (certificate(RSA_KEY, usage="digital_signature"), "recipient.usage"),
}


@pytest.mark.parametrize("what", BAD_RECIPIENTS)
def test_a_recipient_that_nothing_can_be_sealed_to_is_refused(account, what):
    text, error = BAD_RECIPIENTS[what]
    detail = refused(account, {"grade": "sealed", "recipient": text}, "hand_over.recipient", type=error)
    assert "AGE-SECRET" not in detail and "PRIVATE" not in detail


def test_a_refused_order_leaves_nothing(account):
    name = unique_name()
    account.order(name, 422, hand_over={"grade": "sealed", "recipient": "nobody"})
    assert account.get(f"/orders?q={name}")["orders"] == []


# ---- what an order shows

def test_left_out_it_is_as_it_always_was(account):
    order = account.order(unique_name(), key_type="ec:p256")
    assert order["hand_over"] == {"grade": "code", "format": "zip", "recipient": None}
    own = account.post("/orders", {"product": "dv", "csr": csrs.own_csr(unique_name())[0]}, 201)
    assert own["hand_over"] == {"grade": "own-csr", "format": None, "recipient": None} and own["key_source"] == "own-csr"


@pytest.mark.parametrize("format", [None, "zip", "pkcs8"])
def test_a_key_from_the_browser(world, account, format):
    name = unique_name()
    csr, key = csrs.own_csr(name)
    order, chain = world.issue_csr(account, csr, [name], hand_over={"grade": "browser", **({"format": format} if format else {})})
    assert order["hand_over"] == {"grade": "browser", "format": format or "zip", "recipient": None}
    assert order["key_source"] == "browser" and order["archive"] is None and order["code"] is None and order["archive_url"] is None
    assert crypto.spki(crypto.certificates(chain)[0].public_key()) == crypto.spki(key.public_key())
    problem = account.post(f"/orders/{order['id']}/code", {"password": PASSWORD}, 410)
    assert problem["type"] == "urn:autocsr:error:code.gone" and "browser" in problem["detail"]
    assert [e for e in order["events"] if e["event"] == "key.browser" and order["spki_sha256"] in e["detail"]]


def test_a_product_that_forbids_making_keys_takes_them_from_browsers(world, account, admin):
    title = "own-" + unique_name().split(".")[0]
    product = next(p for p in admin.get("/products")["products"] if p["id"] == "dv")
    made = admin.post("/products", {**{k: product[k] for k in ("level", "wildcard", "max_names", "key_types", "default_key_type",
                                    "validity_seconds", "issuer", "profile")}, "id": title, "title": title, "autocsr": False}, 201)
    for hand_over in ({"grade": "code"}, {"grade": "sealed", "recipient": AGE}):
        body = {"product": made["id"], "names": [unique_name()], "hand_over": hand_over}
        assert account.post("/orders", body, 422)["type"] == "urn:autocsr:error:policy.autocsr"
    csr, _ = csrs.own_csr(unique_name())
    assert account.post("/orders", {"product": made["id"], "csr": csr, "hand_over": {"grade": "browser"}}, 201)["key_source"] == "browser"


# ---- one key, one order

def test_a_key_from_the_browser_is_for_one_order(world, account, other_account):
    name = unique_name()
    csr, key = csrs.own_csr(name)
    account.post("/orders", {"product": "dv", "csr": csr, "hand_over": {"grade": "browser"}}, 201)
    for who in (account, other_account):
        for extra in ({}, {"hand_over": {"grade": "browser"}}):
            problem = who.post("/orders", {"product": "dv", "csr": csrs.own_csr(unique_name(), key)[0], **extra}, 422)
            assert problem["type"] == "urn:autocsr:error:key.reused" and problem["field"] == "csr"


def test_a_key_that_was_used_is_none_from_the_browser(account):
    csr, key = csrs.own_csr(unique_name())
    account.post("/orders", {"product": "dv", "csr": csr}, 201)
    body = {"product": "dv", "csr": csrs.own_csr(unique_name(), key)[0]}
    assert account.post("/orders", {**body, "hand_over": {"grade": "browser"}}, 422)["type"] == "urn:autocsr:error:key.reused"
    account.post("/orders", body, 201)  # an own key may serve two orders, as before


def test_reissue_of_a_key_from_the_browser(world, account):
    name = unique_name()
    csr, key = csrs.own_csr(name)
    order, _ = world.issue_csr(account, csr, [name], hand_over={"grade": "browser"})
    path = f"/orders/{order['id']}/reissue"
    same = csrs.own_csr(name, key)[0]
    for body in ({"csr": same, "hand_over": {"grade": "browser"}}, {"csr": same}):
        assert account.post(path, body, 422)["type"] == "urn:autocsr:error:key.reused"
    for body in ({}, {"hand_over": {"grade": "browser"}}):
        problem = account.post(path, body, 422)
        assert problem["type"] == "urn:autocsr:error:request.field.hand-over" and problem["field"] == "hand_over.grade"
    assert account.show(order)["state"] == "issued"
    csr, key = csrs.own_csr(name)
    again = account.post(path, {"csr": csr, "hand_over": {"grade": "browser", "format": "pkcs8"}}, 200)
    assert again["hand_over"] == {"grade": "browser", "format": "pkcs8", "recipient": None}
    account.wait_state(again, "issued")
    assert crypto.spki(crypto.certificates(account.certificate(again))[0].public_key()) == crypto.spki(key.public_key())


# ---- the choice is remembered

def test_what_a_person_chose_last_is_offered_again(world):
    person = world.register(unique_email())
    token = person.token_client()
    assert person.get("/session")["hand_over"] is None and person.get("/account")["hand_over"] is None
    person.order(unique_name(), hand_over={"grade": "sealed", "recipient": AGE})
    chosen = {"grade": "sealed", "format": "age", "recipient": AGE}
    token.order(unique_name(), hand_over={"grade": "code", "format": "p12"})
    person.order(unique_name())
    person.order(unique_name(), 422, hand_over={"grade": "code", "format": "age"})
    assert person.get("/session")["hand_over"] == chosen == person.get("/account")["hand_over"] == token.get("/account")["hand_over"]
    assert person.fresh_session().get("/session")["hand_over"] == chosen
    csr, _ = csrs.own_csr(unique_name())
    person.post("/orders", {"product": "dv", "csr": csr, "hand_over": {"grade": "browser"}}, 201)
    assert person.get("/session")["hand_over"] == {"grade": "browser", "format": "zip", "recipient": None}
