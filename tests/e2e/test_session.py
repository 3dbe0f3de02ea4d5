"""Who is asking: sessions, passwords, the second factor, and what ends what."""
import time

import pytest
from harness.api import PASSWORD, Api, unique_email, unique_name
from harness.people import invited
from harness.totp import enable_totp, totp_now

COOKIE = "__Host-autocsr"


def test_session_cookie_is_locked_down(world, account):
    answer = Api(world.service).call("POST", "/session", {"email": account.email, "password": account.password})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(COOKIE + "=")
    for flag in ("secure", "httponly", "samesite=strict", "path=/"):
        assert flag in cookie.lower()
    assert "domain=" not in cookie.lower()


def test_wrong_password_and_unknown_user_answer_alike(world, account):
    api = world.anonymous()
    wrong = api.call("POST", "/session", {"email": account.email, "password": "not the password"})
    unknown = api.call("POST", "/session", {"email": unique_email(), "password": "not the password"})
    assert wrong.status_code == unknown.status_code == 401
    strip = [{k: v for k, v in r.json().items() if k != "instance"} for r in (wrong, unknown)]
    assert strip[0] == strip[1] and strip[0]["type"] == "urn:autocsr:error:auth.wrong"


def test_logout_ends_the_session(account):
    cookie = account.http.cookies.get(COOKIE)
    account.delete("/session", status=204)
    account.http.cookies.clear()
    assert account.call("GET", "/session", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 401


def test_a_session_given_from_outside_is_not_taken_over(world, account):
    """Fixation: a cookie that the attacker set is never the one that logs in."""
    victim = Api(world.service)
    for planted in ("A" * 43, account.http.cookies.get(COOKIE)):
        answer = victim.call("POST", "/session", {"email": account.email, "password": account.password},
                             headers={"Cookie": f"{COOKIE}={planted}"})
        assert answer.status_code in (200, 403)
        if answer.status_code == 200:
            assert answer.cookies[COOKIE] != planted
    assert victim.another().call("GET", "/session", headers={"Cookie": f"{COOKIE}={'A' * 43}"}).status_code == 401


def test_password_change_ends_all_other_sessions(account):
    other = account.fresh_session()
    account.post("/password", {"current": PASSWORD, "new": "another long password"}, 204)
    assert other.call("GET", "/session").status_code == 401
    assert account.call("GET", "/session").status_code == 200
    fresh = account.another()
    assert fresh.login(account.email, PASSWORD, status=401)
    assert fresh.login(account.email, "another long password")


def test_password_change_needs_the_current_one(account):
    assert account.call("POST", "/password", {"current": "wrong", "new": "another long password"}).status_code in (401, 403)
    assert account.another().login(account.email)


@pytest.mark.parametrize("password", ["short", "", "x" * 257])
def test_unfit_passwords_are_refused(account, password):
    assert account.call("POST", "/password", {"current": PASSWORD, "new": password}).status_code in (400, 422)


def test_role_change_ends_the_users_sessions(world, account):
    member = invited(world, account, "member")
    account.patch(f"/users/{member.user['id']}", {"role": "auditor"})
    assert member.call("GET", "/session").status_code == 401


def test_disabled_user_is_out_at_once(world, account):
    member = invited(world, account, "member")
    token = member.token_client()
    account.patch(f"/users/{member.user['id']}", {"disabled": True})
    assert member.call("GET", "/session").status_code == 401
    assert token.call("GET", "/orders").status_code == 401
    assert member.another().call("POST", "/session", {"email": member.email, "password": PASSWORD}).status_code == 401


def test_deleted_user_is_out_at_once(world, account):
    member = invited(world, account, "member")
    token = member.token_client()
    account.delete(f"/users/{member.user['id']}", status=204)
    assert member.call("GET", "/session").status_code == 401
    assert token.call("GET", "/orders").status_code == 401


def test_the_last_owner_stays(account):
    me = account.user["id"]
    assert account.call("DELETE", f"/users/{me}").status_code == 409
    assert account.call("PATCH", f"/users/{me}", {"role": "member"}).status_code == 409
    assert account.call("PATCH", f"/users/{me}", {"disabled": True}).status_code == 409
    assert account.call("GET", "/session").status_code == 200


def test_member_cannot_manage_users(world, account):
    member = invited(world, account, "member")
    assert member.call("POST", "/users", {"email": unique_email(), "role": "owner"}).status_code == 403
    assert member.call("PATCH", f"/users/{member.user['id']}", {"role": "owner"}).status_code == 403
    assert member.order(unique_name(), key_type="ec:p256")["state"] == "handover"



def test_an_owner_is_made_with_a_proof_only(world, account):
    """A session that is not fresh, or lacks the second factor, and a token make members, and no owners."""
    member, second = invited(world, account, "member"), invited(world, account, "owner")
    token = Api(world.service, token=account.post("/tokens", {"name": "t"}, 201)["token"])
    before = Api(world.service)
    before.login(account.email)
    secret, _ = enable_totp(account)
    account.patch(f"/users/{second.user['id']}", {"disabled": True})
    raise_member, enable = (f"/users/{member.user['id']}", {"role": "owner"}), (f"/users/{second.user['id']}", {"disabled": False})
    for api in (token, before):
        assert api.post("/users", {"email": unique_email(), "role": "owner"}, 403)["type"] == "urn:autocsr:error:auth.reauth"
        for path, body in (raise_member, enable):
            assert api.patch(path, body, 403)["type"] == "urn:autocsr:error:auth.reauth"
            assert api.patch(path, {**body, "password": account.password}, 401)["type"] == "urn:autocsr:error:auth.totp"
            assert api.patch(path, {**body, "password": "not the password"}, 401)["type"] == "urn:autocsr:error:auth.wrong"
        api.post("/users", {"email": unique_email(), "role": "member"}, 201)
        api.patch(raise_member[0], {"role": "auditor"})
    assert {u["role"] for u in account.get("/users")["users"] if u["id"] == member.user["id"]} == {"auditor"}
    proof = {"password": account.password, "totp": totp_now(secret, at=time.time() + 30)}
    assert token.patch(raise_member[0], {**raise_member[1], **proof})["role"] == "owner"


def test_nobody_becomes_admin_by_asking(world, account):
    assert account.call("POST", "/users", {"email": unique_email(), "role": "admin"}).status_code in (403, 422)
    assert account.call("PATCH", f"/users/{account.user['id']}", {"role": "admin"}).status_code in (403, 409, 422)


def test_auditor_reads_only(world, account):
    auditor = invited(world, account, "auditor")
    assert auditor.call("GET", "/orders").status_code == 200
    assert auditor.call("POST", "/orders", {"product": "dv", "names": [unique_name()]}).status_code == 403


def test_revoked_and_read_only_tokens(account):
    token, reader = account.token_client(), account.token_client(read_only=True)
    assert token.call("GET", "/orders").status_code == reader.call("GET", "/orders").status_code == 200
    assert reader.call("POST", "/orders", {"product": "dv", "names": [unique_name()]}).status_code == 403
    account.delete(f"/tokens/{token.token_id}", status=204)
    assert token.call("GET", "/orders").status_code == 401


def test_tokens_are_shown_once_and_stored_hashed(world, account):
    token = account.token_client()
    assert token.token.startswith("acsr_")
    assert token.token not in account.call("GET", "/tokens").text
    assert all(token.token.encode() not in data for _, data in world.service.state_contents())


def test_expired_token_is_refused(new_world):
    world = new_world()
    account = world.register()
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    token = account.token_client(expires_at=soon)
    assert token.call("GET", "/orders").status_code == 200
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = 700
    world.service.start()
    assert token.call("GET", "/orders").status_code == 401


@pytest.mark.parametrize("offset,status", [(50 * 60, 200), (61 * 60, 401), (13 * 3600, 401)])
def test_session_ends_without_use(new_world, offset, status):
    world = new_world()
    account = world.register()
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = offset
    world.service.start()
    assert account.call("GET", "/session").status_code == status


def test_login_is_slowed_after_wrong_passwords(world, account):
    api = world.anonymous()
    statuses = [api.call("POST", "/session", {"email": account.email, "password": "wrong password"}).status_code
                for _ in range(15)]
    assert 429 in statuses and set(statuses) <= {401, 429}


def test_totp_at_login(account):
    secret, recovery = enable_totp(account)
    assert account.get("/session")["user"]["totp"] is True and len(recovery) == 10
    other = account.another()
    assert other.login(account.email, status=401)["type"] == "urn:autocsr:error:auth.totp"
    assert other.login(account.email, totp="000000", status=401)["type"] in (
        "urn:autocsr:error:auth.totp", "urn:autocsr:error:auth.wrong")
    assert other.login(account.email, totp=totp_now(secret, time.time() + 30))


def test_a_totp_code_works_once(account):
    secret, _ = enable_totp(account)
    code = totp_now(secret, time.time() + 30)
    account.another().login(account.email, totp=code)
    assert account.another().login(account.email, totp=code, status=401)


def test_a_recovery_code_works_once(account):
    _, recovery = enable_totp(account)
    account.another().login(account.email, totp=recovery[0])
    assert account.another().login(account.email, totp=recovery[0], status=401)
    account.another().login(account.email, totp=recovery[1])


def test_totp_needs_password_to_set_and_to_remove(account):
    assert account.call("POST", "/totp", {"password": "wrong password"}).status_code in (401, 403)
    secret, _ = enable_totp(account)
    assert account.call("DELETE", "/totp", {"password": PASSWORD, "totp": "000000"}).status_code in (401, 403)
    account.delete("/totp", {"password": PASSWORD, "totp": totp_now(secret, time.time() + 30)}, 204)
    assert account.another().login(account.email)


def test_unconfirmed_totp_is_not_active(account):
    account.post("/totp", {"password": PASSWORD}, 200)
    assert account.another().login(account.email)
    assert account.call("POST", "/totp/confirm", {"code": "000000"}).status_code in (400, 401, 403, 409, 422)


def test_the_code_that_switches_totp_on_cannot_be_tried_through(account):
    secret = account.post("/totp", {"password": PASSWORD}, 200)["secret"]
    near = {totp_now(secret, time.time() + 30 * step) for step in range(-3, 4)}
    wrong = next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777") if code not in near)
    for _ in range(30):
        assert account.post("/totp/confirm", {"code": wrong}, 422)["field"] == "code"
    assert account.post("/totp/confirm", {"code": totp_now(secret)}, 429)["type"] == "urn:autocsr:error:limit.totp"
    assert account.another().login(account.email)["user"]["totp"] is False


def test_password_reset_by_mail_works_once_and_ends_sessions(world, account):
    api = world.anonymous()
    api.post("/password/reset", {"email": account.email}, 202)
    token = world.smtp.wait(account.email, match="/#/reset/").token("reset")
    api.post("/password/reset/confirm", {"token": token, "password": "a brand new password"}, 204)
    assert account.call("GET", "/session").status_code == 401
    again = api.call("POST", "/password/reset/confirm", {"token": token, "password": "yet another password"})
    assert again.status_code in (401, 404, 409, 410, 422)
    assert api.login(account.email, "a brand new password")


def test_reset_and_register_do_not_tell_whether_the_address_is_known(world, account):
    api = world.anonymous()
    known = api.call("POST", "/password/reset", {"email": account.email})
    unknown = api.call("POST", "/password/reset", {"email": unique_email()})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"{}")
    body = {"password": "long enough words", "account_name": "Again"}
    known = api.call("POST", "/register", {"email": account.email, **body})
    unknown = api.call("POST", "/register", {"email": unique_email(), **body})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"{}")
    assert account.another().login(account.email), "registering again must not change the password"


def test_confirmation_works_once(world):
    api, email = world.anonymous(), unique_email()
    api.post("/register", {"email": email, "password": PASSWORD, "account_name": "Once"}, 202)
    token = world.smtp.wait(email, match="/#/confirm/").token("confirm")
    assert api.login(email, status=401)
    api.post("/register/confirm", {"token": token}, 200)
    assert api.call("POST", "/register/confirm", {"token": token}).status_code in (404, 409, 410, 422)
    assert api.login(email)


@pytest.mark.parametrize("token", ["", "x", "acsr_", "acsr_" + "A" * 43, "Bearer", "acsr_\x7f", "A" * 8000])
def test_forged_tokens_are_refused(world, token):
    assert world.anonymous().call("GET", "/orders", headers={"Authorization": "Bearer " + token}).status_code in (400, 401, 431)
