"""Account requests that are refused: contacts, terms, external account binding (RFC 8555 7.3.4), key change (7.3.5), and what
another account may not see. Each with the right problem, a new nonce, and nothing changed."""
import functools
import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from harness.acme import Acme, Key, MacKey, b64, eab, jws, problem, token, unb64
from harness.acmedesk import Desk, spoiled
from harness.api import unique_name

TERMS = "https://ca.test/terms"


class Accounts(Desk):
    """With a directory that has terms, and one that wants an external binding."""

    @functools.cached_property
    def admin(self):
        return self.world.admin()

    def make(self, kind, **fields):
        """A new directory; its URL."""
        name = f"{kind}-{secrets.token_hex(3)}"
        self.admin.post("/acme/directories", {"name": name, "title": name, "products": ["dv"], **fields}, 201)
        return f"{self.world.service.url}/acme/{name}/directory"

    @functools.cached_property
    def terms_url(self):
        return self.make("terms", eab="off", terms=TERMS)

    @functools.cached_property
    def eab_url(self):
        return self.make("bound", eab="required")

    def eab_key(self, **fields):
        """(kid, secret) for the directory that wants a binding."""
        made = self.admin.post("/acme/eab-keys", {"directory": self.eab_url.split("/")[-2], "title": "test", **fields}, 201)
        return made["kid"], made["hmac_key"]

    @functools.cached_property
    def eab(self):
        return self.eab_key()


@pytest.fixture(scope="module")
def desk(world):
    return Accounts(world)


# ---- contacts and terms


def new_account(d, url=None, **fields):
    client = d.client(url=url)
    fields = {"termsOfServiceAgreed": True, **fields}
    return client.post(client.directory["newAccount"], {k: v for k, v in fields.items() if v is not None}, jwk=True)


def update(d, **fields):
    return d.a.post(d.a.kid, fields)


CONTACTS = [
    pytest.param(lambda d: new_account(d, contact=["tel:+12125551212"]), 400, "unsupportedContact", id="contact-tel",
                 marks=pytest.mark.rfc("8555 7.3#7", "a telephone number")),
    pytest.param(lambda d: new_account(d, contact=["mailto:a@good.test", "https://good.test/"]), 400, "unsupportedContact",
                 id="contact-second-unsupported", marks=pytest.mark.rfc("8555 7.3#7", "one of two is no mail address")),
    pytest.param(lambda d: new_account(d, contact=["mailto:nobody"]), 400, "invalidContact", id="contact-no-domain",
                 marks=pytest.mark.rfc("8555 7.3#8", "an address without a domain")),
    pytest.param(lambda d: new_account(d, contact=["mailto:a@good.test?subject=x"]), 400, "invalidContact", id="contact-with-fields",
                 marks=pytest.mark.rfc("8555 7.3#6", "an address with header fields")),
    pytest.param(lambda d: new_account(d, contact=["mailto:a@good.test,b@good.test"]), 400, "invalidContact", id="contact-two-in-one",
                 marks=pytest.mark.rfc("8555 7.3#6", "two addresses in one URL")),
    pytest.param(lambda d: new_account(d, contact=["mailto:a@good.test\r\nBcc: x@good.test"]), 400, "invalidContact", id="contact-line-end",
                 marks=pytest.mark.rfc("8555 7.3#8", "an address with a line end")),
    pytest.param(lambda d: new_account(d, contact="mailto:a@good.test"), 400, "malformed", id="contact-no-array",
                 marks=pytest.mark.rfc("8555 7.3", "contact is an array")),
    pytest.param(lambda d: new_account(d, contact=[17]), 400, "invalidContact", id="contact-a-number",
                 marks=pytest.mark.rfc("8555 7.3", "contacts are strings")),
    pytest.param(lambda d: update(d, contact=["tel:+12125551212"]), 400, "unsupportedContact", id="contact-update-tel",
                 marks=pytest.mark.rfc("8555 7.3#7", "an update to a telephone number")),
    pytest.param(lambda d: update(d, contact=["mailto:nobody"]), 400, "invalidContact", id="contact-update-no-domain",
                 marks=pytest.mark.rfc("8555 7.3#8", "an update to an address without a domain")),
    pytest.param(lambda d: new_account(d, d.terms_url, termsOfServiceAgreed=False), 403, "userActionRequired", id="terms-not-agreed",
                 marks=pytest.mark.rfc("8555 7.3#10", "terms that are not agreed to")),
    pytest.param(lambda d: new_account(d, d.terms_url, termsOfServiceAgreed=None), 403, "userActionRequired", id="terms-not-mentioned",
                 marks=pytest.mark.rfc("8555 7.3#10", "terms that are not mentioned")),
    pytest.param(lambda d: new_account(d, onlyReturnExisting=True), 400, "accountDoesNotExist", id="only-existing",
                 marks=pytest.mark.rfc("8555 7.3.1#3", "onlyReturnExisting of an unknown key")),
    pytest.param(lambda d: new_account(d, onlyReturnExisting="yes"), 400, "malformed", id="only-existing-no-boolean",
                 marks=pytest.mark.rfc("8555 7.3", "onlyReturnExisting is a boolean")),
    pytest.param(lambda d: d.a.post(d.b.kid), 403, "unauthorized", id="other-account-shown",
                 marks=pytest.mark.rfc("8555 6.3#4", "somebody else's account, fetched")),
    pytest.param(lambda d: d.a.post(d.b.kid, {"status": "deactivated"}), 403, "unauthorized", id="other-account-deactivated",
                 marks=pytest.mark.rfc("8555 7.3.6#2", "somebody else's account, deactivated")),
    pytest.param(lambda d: d.a.post(d.b.kid + "/orders"), 403, "unauthorized", id="other-account-orders",
                 marks=pytest.mark.rfc("8555 6.3#4", "somebody else's list of orders")),
]


@pytest.mark.parametrize("call,status,kind", CONTACTS)
def test_refused_account(desk, call, status, kind):
    problem(call(desk), status, kind)
    assert desk.a.show(desk.a.kid)["status"] == desk.b.show(desk.b.kid)["status"] == "valid"


@pytest.mark.rfc("8555 7.3#1", "onlyReturnExisting made no account")
def test_only_existing_makes_nothing(desk):
    client = desk.client()
    for _ in range(2):
        answer = client.post(client.directory["newAccount"], {"onlyReturnExisting": True, "termsOfServiceAgreed": True}, jwk=True)
        problem(answer, 400, "accountDoesNotExist")


@pytest.mark.rfc("8555 7.3#9", "the directory tells where the terms are")
@pytest.mark.rfc("8555 7.3.3#2", "the refusal links to the terms")
def test_terms_are_linked(desk):
    answer = new_account(desk, desk.terms_url, termsOfServiceAgreed=False)
    assert f'<{TERMS}>;rel="terms-of-service"' in answer.headers["Link"]
    assert desk.client(url=desk.terms_url).directory["meta"]["termsOfService"] == TERMS
    assert new_account(desk, desk.terms_url).status_code == 201


# ---- keys of accounts


def register_with(d, jwk, alg="ES256", key=None):
    client = d.client(key or Key())
    url = client.directory["newAccount"]
    head = {"alg": alg, "jwk": jwk, "nonce": client.nonce(), "url": url}
    return client.send(url, jws(client.key, head, {"termsOfServiceAgreed": True}))


def changed_jwk(**members):
    def call(d):
        key = Key()
        return register_with(d, {**key.jwk(), **members}, key=key)
    return call


def small_rsa(d):
    key = Key("RS256", rsa.generate_private_key(65537, 1024))
    return register_with(d, key.jwk(), "RS256", key)


JWKS = [
    pytest.param(changed_jwk(kty="OKP", crv="Ed25519"), 400, "badPublicKey", id="jwk-okp", marks=pytest.mark.rfc("8555 6.2#17", "a key type not offered")),
    pytest.param(changed_jwk(crv="secp256k1"), 400, "badPublicKey", id="jwk-other-curve", marks=pytest.mark.rfc("8555 6.2#17", "a curve not offered")),
    pytest.param(changed_jwk(x=b64(bytes(32))), 400, "badPublicKey", id="jwk-off-the-curve", marks=pytest.mark.rfc("8555 6.2#17", "a point off the curve")),
    pytest.param(changed_jwk(x="AA"), 400, "badPublicKey", id="jwk-short", marks=pytest.mark.rfc("8555 6.2#17", "RFC 7518 6.2.1.2: coordinates have full length")),
    pytest.param(small_rsa, 400, "badPublicKey", id="jwk-small-rsa", marks=pytest.mark.rfc("8555 6.2#17", "RSA with 1024 bits")),
    pytest.param(lambda d: register_with(d, Key().jwk()), 400, "malformed", id="jwk-of-another-key",
                 marks=pytest.mark.rfc("8555 6.2#12", "jwk is not the key that signed")),
    pytest.param(lambda d: register_with(d, "x"), 400, "malformed", id="jwk-a-string", marks=pytest.mark.rfc("8555 6.2#12", "jwk is an object")),
    pytest.param(lambda d: register_with(d, {"kty": "oct", "k": b64(b"secret")}), 400, "badPublicKey", id="jwk-symmetric",
                 marks=pytest.mark.rfc("8555 6.2#9", "a symmetric key")),
]


@pytest.mark.parametrize("call,status,kind", JWKS)
def test_refused_key(desk, call, status, kind):
    problem(call(desk), status, kind)


# ---- external account binding


def bound(d, change=lambda binding: binding, key=None, url=None, kid=None, secret=None, jwk=None, **head):
    """newAccount at the directory that wants a binding, with something wrong in it."""
    client = d.client(key, url or d.eab_url)
    target = client.directory["newAccount"]
    binding = eab(kid or d.eab[0], secret or d.eab[1], jwk or client.key.jwk(), head.pop("bound_url", target), **head)
    return client.post(target, {"termsOfServiceAgreed": True, "externalAccountBinding": change(binding)}, jwk=True)


def signed_by_account(d):
    client = d.client(url=d.eab_url)
    target = client.directory["newAccount"]
    binding = jws(client.key, {"alg": "ES256", "kid": d.eab[0], "url": target}, client.key.jwk())
    return client.post(target, {"termsOfServiceAgreed": True, "externalAccountBinding": binding}, jwk=True)


def revoked_eab(d):
    kid, secret = d.eab_key()
    d.admin.delete(f"/acme/eab-keys/{kid}")
    return bound(d, kid=kid, secret=secret)


def used_up_eab(d):
    kid, secret = d.eab_key(max_accounts=1)
    assert bound(d, kid=kid, secret=secret).status_code == 201
    return bound(d, kid=kid, secret=secret)


EAB = [
    pytest.param(lambda d: new_account(d, d.eab_url), 403, "externalAccountRequired", id="eab-missing",
                 marks=pytest.mark.rfc("8555 7.3.4#6", "no binding where one is required")),
    pytest.param(lambda d: bound(d, secret=b64(bytes(32))), 403, "unauthorized", id="eab-other-secret",
                 marks=pytest.mark.rfc("8555 7.3.4#8", "a MAC by another key")),
    pytest.param(lambda d: bound(d, lambda b: {**b, "signature": spoiled(b["signature"])}), 403, "unauthorized", id="eab-mac-changed",
                 marks=pytest.mark.rfc("8555 7.3.4#8", "one character of the MAC changed")),
    pytest.param(lambda d: bound(d, lambda b: {**b, "signature": b64(unb64(b["signature"])[:8])}), 403, "unauthorized", id="eab-mac-cut",
                 marks=pytest.mark.rfc("8555 7.3.4#8", "the MAC's first eight octets")),
    pytest.param(lambda d: bound(d, kid=token()), 403, "unauthorized", id="eab-unknown-kid",
                 marks=pytest.mark.rfc("8555 7.3.4#3", "a key identifier that nobody has")),
    pytest.param(lambda d: bound(d, kid=17), 400, "malformed", id="eab-kid-a-number", marks=pytest.mark.rfc("8555 7.3.4#1", "a kid that is no text")),
    pytest.param(lambda d: bound(d, lambda b: jws(MacKey(d.eab[1]), {"alg": "HS256", "url": "x"}, {})), 400, "malformed", id="eab-without-kid",
                 marks=pytest.mark.rfc("8555 7.3.4#3", "a binding without kid")),
    pytest.param(lambda d: bound(d, bound_url=d.eab_url), 400, "malformed", id="eab-other-url",
                 marks=pytest.mark.rfc("8555 7.3.4#5", "url is not the outer one")),
    pytest.param(lambda d: bound(d, bound_url=None), 400, "malformed", id="eab-without-url",
                 marks=pytest.mark.rfc("8555 7.3.4#5", "a binding without url")),
    pytest.param(lambda d: bound(d, nonce="abc"), 400, "malformed", id="eab-with-nonce", marks=pytest.mark.rfc("8555 7.3.4#4", "a binding with a nonce")),
    pytest.param(lambda d: bound(d, alg="none"), 400, "badSignatureAlgorithm", id="eab-alg-none",
                 marks=pytest.mark.rfc("8555 7.3.4#2", "alg none")),
    pytest.param(signed_by_account, 400, "badSignatureAlgorithm", id="eab-signed-by-the-account",
                 marks=pytest.mark.rfc("8555 7.3.4#2", "a signature in place of a MAC")),
    pytest.param(lambda d: bound(d, jwk=Key().jwk()), 400, "malformed", id="eab-for-another-key",
                 marks=pytest.mark.rfc("8555 7.3.4#8", "the binding is for another key")),
    pytest.param(lambda d: bound(d, lambda b: "x"), 400, "malformed", id="eab-a-string", marks=pytest.mark.rfc("8555 7.3.4#8", "the binding is no object")),
    pytest.param(lambda d: bound(d, lambda b: {**b, "payload": b["payload"] + "="}), 400, "malformed", id="eab-padded",
                 marks=pytest.mark.rfc("8555 6.1#4", "padding in the binding")),
    pytest.param(lambda d: bound(d, lambda b: {k: v for k, v in b.items() if k != "signature"}), 400, "malformed", id="eab-without-mac",
                 marks=pytest.mark.rfc("8555 7.3.4#8", "a binding without MAC")),
    pytest.param(revoked_eab, 403, "unauthorized", id="eab-revoked", marks=pytest.mark.rfc("8555 7.3.4#10", "a key that was revoked")),
    pytest.param(used_up_eab, 403, "unauthorized", id="eab-used-up", marks=pytest.mark.rfc("8555 7.3.4#10", "a key that has bound as many as it may")),
]


@pytest.mark.parametrize("call,status,kind", EAB)
def test_refused_binding(desk, call, status, kind):
    problem(call(desk), status, kind)


@pytest.mark.rfc("8555 7.3.4#10", "after a refused binding there is no account")
def test_a_refused_binding_leaves_no_account(desk):
    key = Key()
    problem(bound(desk, key=key, secret=b64(bytes(32))), 403, "unauthorized")
    client = desk.client(key, desk.eab_url)
    answer = client.post(client.directory["newAccount"], {"onlyReturnExisting": True}, jwk=True)
    problem(answer, 400, "accountDoesNotExist")


@pytest.mark.rfc("8555 7.3.4#6", "the directory says that a binding is required")
@pytest.mark.rfc("8555 7.3.4#9", "the account shows the binding as it was sent")
@pytest.mark.rfc("8555 7.3.4#1", "the key identifier that the service gives is ASCII")
def test_a_good_binding_is_shown(desk):
    sent = []
    answer = bound(desk, lambda b: sent.append(b) or b)
    assert answer.status_code == 201 and answer.json()["externalAccountBinding"] == sent[0]
    meta = desk.client(url=desk.eab_url).directory["meta"]
    assert meta["externalAccountRequired"] is True and desk.eab[0].isascii()


# ---- key change


def key_change(d, account=None, old=None, new=None, inner_key=None, inner=None, payload=None, change=lambda j: j, client=None, **head):
    """A key change of account a with one thing wrong. `head` replaces members of the inner header, None removes one."""
    client = client or d.a
    url, new = client.directory["keyChange"], new or Key()
    full = {"alg": new.alg, "jwk": new.jwk(), "url": url, **head}
    what = payload if payload is not None else {"account": account or client.kid, "oldKey": old or client.key.jwk()}
    signed = jws(inner_key or new, {k: v for k, v in full.items() if v is not None}, what)
    return client.post(url, inner if inner is not None else change(signed))


KEY_CHANGES = [
    pytest.param(lambda d: key_change(d, client=d.closed), 401, "unauthorized", id="key-change-of-an-ended-account",
                 marks=pytest.mark.rfc("8555 7.3.5#6", "the account is not active")),
    pytest.param(lambda d: key_change(d, inner={"account": d.a.kid}), 400, "malformed", id="key-change-no-jws",
                 marks=pytest.mark.rfc("8555 7.3.5#6", "the payload is no JWS")),
    pytest.param(lambda d: key_change(d, inner=""), 400, "malformed", id="key-change-empty", marks=pytest.mark.rfc("8555 7.3.5#6", "there is no payload")),
    pytest.param(lambda d: key_change(d, jwk=None), 400, "malformed", id="key-change-without-jwk",
                 marks=pytest.mark.rfc("8555 7.3.5#3", "the inner JWS has no jwk")),
    pytest.param(lambda d: key_change(d, jwk=None, kid=d.a.kid), 400, "malformed", id="key-change-kid",
                 marks=pytest.mark.rfc("8555 7.3.5#3", "the inner JWS has a kid instead")),
    pytest.param(lambda d: key_change(d, inner_key=Key()), 400, "malformed", id="key-change-inner-signature",
                 marks=pytest.mark.rfc("8555 7.3.5#6", "the inner JWS is not signed by its jwk")),
    pytest.param(lambda d: key_change(d, change=lambda j: {**j, "signature": spoiled(j["signature"])}), 400, "malformed",
                 id="key-change-inner-signature-changed", marks=pytest.mark.rfc("8555 7.3.5#6", "the inner signature is spoiled")),
    pytest.param(lambda d: key_change(d, payload="[]"), 400, "malformed", id="key-change-payload-an-array",
                 marks=pytest.mark.rfc("8555 7.3.5#6", "the inner payload is no object")),
    pytest.param(lambda d: key_change(d, payload={"account": d.a.kid}), 400, "malformed", id="key-change-without-old-key",
                 marks=pytest.mark.rfc("8555 7.3.5#6", "oldKey is missing")),
    pytest.param(lambda d: key_change(d, payload={"oldKey": d.a.key.jwk()}), 400, "malformed", id="key-change-without-account",
                 marks=pytest.mark.rfc("8555 7.3.5#6", "account is missing")),
    pytest.param(lambda d: key_change(d, url=d.a.directory["newOrder"]), 400, "malformed", id="key-change-other-url",
                 marks=pytest.mark.rfc("8555 7.3.5#4", "the inner url is another one")),
    pytest.param(lambda d: key_change(d, url=None), 400, "malformed", id="key-change-without-url",
                 marks=pytest.mark.rfc("8555 7.3.5#4", "the inner JWS has no url")),
    pytest.param(lambda d: key_change(d, nonce=d.a.nonce()), 400, "malformed", id="key-change-inner-nonce",
                 marks=pytest.mark.rfc("8555 7.3.5#5", "the inner JWS has a nonce")),
    pytest.param(lambda d: key_change(d, account=d.b.kid), 400, "malformed", id="key-change-other-account",
                 marks=pytest.mark.rfc("8555 7.3.5#6", "account is somebody else's")),
    pytest.param(lambda d: key_change(d, account=d.a.kid + "/"), 400, "malformed", id="key-change-account-with-slash",
                 marks=pytest.mark.rfc("8555 7.3.5#1", "account in another spelling")),
    pytest.param(lambda d: key_change(d, old=d.b.key.jwk()), 400, "malformed", id="key-change-other-old-key",
                 marks=pytest.mark.rfc("8555 7.3.5#6", "oldKey is somebody else's")),
    pytest.param(lambda d: key_change(d, new=d.b.key), 409, "malformed", id="key-change-key-in-use",
                 marks=pytest.mark.rfc("8555 7.3.5#6", "the new key has an account already")),
    pytest.param(lambda d: key_change(d, new=d.a.key), 409, "malformed", id="key-change-same-key",
                 marks=pytest.mark.rfc("8555 7.3.5#6", "the new key is the old one")),
    pytest.param(lambda d: key_change(d, alg="ES384"), 400, "badSignatureAlgorithm", id="key-change-inner-alg",
                 marks=pytest.mark.rfc("8555 6.2#2", "the inner alg does not fit the key")),
]


@pytest.mark.parametrize("call,status,kind", KEY_CHANGES)
def test_refused_key_change(desk, call, status, kind):
    answer = call(desk)
    problem(answer, status, kind)
    assert desk.a.show(desk.a.kid)["status"] == "valid", "the old key is still the account's"


@pytest.mark.rfc("8555 11.1#6", "the key of another account is refused, and its account is told")
def test_a_key_in_use_is_told_with_its_account(desk):
    assert key_change(desk, new=desk.b.key).headers["Location"] == desk.b.kid


@pytest.mark.rfc("8555 7.3.5#2", "an outer JWS like any other, the inner with jwk and without nonce")
@pytest.mark.rfc("8555 7.3.5#7", "an order begun before is carried on with the new key")
def test_a_good_key_change(desk):
    account, new = desk.new_account(), Key()
    order, old = account.order(unique_name())[0], account.key
    assert key_change(desk, client=account, new=new).status_code == 200
    account.key = new
    assert account.show(order)["status"] == "pending"
    account.prove(desk.world, account.show(order)["authorizations"][0])
    assert account.until(order, "ready", "invalid")["status"] == "ready"
    problem(account.post(order, key=old), 400, "malformed")
    again = Acme(desk.url, desk.root, new)
    answer = again.post(again.directory["newAccount"], {"onlyReturnExisting": True}, jwk=True)
    assert answer.status_code == 200 and answer.headers["Location"] == account.kid
    assert answer.json()["status"] == "valid"
