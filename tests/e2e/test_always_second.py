"""Accounts that want a second factor for each unlock code, however fresh the session is."""
import time

from harness import crypto
from harness.api import unique_name
from harness.people import invited
from harness.totp import enable_totp, totp_now


def _order(account):
    order = account.order(unique_name(), key_type="ec:p256")
    account.acknowledge(order, account.fetch_archive(order))
    return order


def _later(secret):
    """A code that was not used yet: of the next step."""
    return totp_now(secret, at=time.time() + 30)


def test_who_has_no_second_factor_cannot_turn_it_on(account):
    assert account.get("/account")["always_second"] is False
    assert account.patch("/account", {"always_second": True}, 409)["type"] == "urn:autocsr:error:state.second-factor"
    assert account.get("/account")["always_second"] is False


def test_each_code_takes_the_second_factor_even_in_a_fresh_session(account):
    order = _order(account)
    secret, _ = enable_totp(account)
    assert account.patch("/account", {"always_second": True})["always_second"] is True
    path = f"/orders/{order['id']}/code"
    assert account.post(path, {}, 403)["type"] == "urn:autocsr:error:auth.reauth"
    assert account.post(path, {"password": account.password}, 401)["type"] == "urn:autocsr:error:auth.totp"
    assert len(crypto.passphrase(account.code(order, password=account.password, totp=_later(secret)))) == 26
    assert account.post(path, {}, 403)["type"] == "urn:autocsr:error:auth.reauth", "the next one takes it again"


def test_members_without_one_are_told_to_set_it_up(world, account):
    order = _order(account)
    enable_totp(account)
    account.patch("/account", {"always_second": True})
    member = invited(world, account, "member")
    path = f"/orders/{order['id']}/code"
    for body in ({}, {"password": member.password}):
        problem = member.post(path, body, 409)
        assert problem["type"] == "urn:autocsr:error:state.second-factor" and "set one up" in problem["detail"]
    assert account.show(order)["code"]["reveals"] == 0
    member.patch("/account", {"always_second": False}, 403)
    secret, _ = enable_totp(member)
    assert member.code(order, password=member.password, totp=_later(secret))["code"]


def test_turning_it_off_takes_password_and_second_factor_and_the_owners_are_told(world, account):
    secret, _ = enable_totp(account)
    account.patch("/account", {"always_second": True})
    assert world.smtp.wait(account.email, match="The rule of your AutoCSR account")
    off = {"always_second": False}
    assert account.patch("/account", off, 403)["type"] == "urn:autocsr:error:auth.reauth"
    assert account.patch("/account", {**off, "password": account.password}, 401)["type"] == "urn:autocsr:error:auth.totp"
    assert account.patch("/account", {**off, "password": "wrong password here", "totp": _later(secret)}, 401)
    assert account.get("/account")["always_second"] is True
    after = account.patch("/account", {**off, "password": account.password, "totp": _later(secret)})
    assert after["always_second"] is False
    told = [e for e in account.get("/audit?limit=1000")["entries"] if e["action"] == "account.always-second"]
    assert [e["detail"] for e in told] == ["on", "off"] and told[0]["actor"] == account.email


def test_a_new_name_waits_for_the_proof_that_the_same_change_needs(account):
    secret, _ = enable_totp(account)
    before = account.patch("/account", {"always_second": True})["name"]
    change = {"always_second": False, "name": "Renamed with the rule"}
    account.patch("/account", change, 403)
    account.patch("/account", {**change, "password": account.password}, 401)
    account.patch("/account", {**change, "password": "wrong password here", "totp": _later(secret)}, 401)
    account.patch("/account", {**change, "name": " ", "password": account.password, "totp": _later(secret)}, 422)
    now = account.get("/account")
    assert now["name"] == before and now["always_second"] is True
    now = account.patch("/account", {**change, "password": account.password, "totp": _later(secret)})
    assert now["name"] == change["name"] and now["always_second"] is False


def test_the_only_second_factor_stays_while_the_account_wants_one(account):
    secret, _ = enable_totp(account)
    account.patch("/account", {"always_second": True})
    problem = account.delete("/totp", {"password": account.password, "totp": _later(secret)}, 409)
    assert problem["type"] == "urn:autocsr:error:state.always-second"
