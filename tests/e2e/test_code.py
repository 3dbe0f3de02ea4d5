"""The unlock code: a second channel, a fresh login, every reveal on record, gone after its window."""
import time

from harness import crypto
from harness.api import unique_name
from harness.people import invited
from harness.totp import enable_totp, totp_now


def _order(account):
    order = account.order(unique_name(), key_type="ec:p256")
    account.acknowledge(order, account.fetch_archive(order))
    return order


def test_a_fresh_session_needs_no_password(account):
    order = _order(account)
    assert len(crypto.passphrase(account.post(f"/orders/{order['id']}/code", {}))) == 26


def test_a_token_always_needs_the_password_of_its_user(account):
    order = _order(account)
    token = account.token_client()
    assert token.post(f"/orders/{order['id']}/code", {}, 403)["type"] == "urn:autocsr:error:auth.reauth"
    assert token.code(order, password=account.password)["code"]


def test_each_reveal_is_counted_and_audited(account):
    order = _order(account)
    first, second = account.code(order), account.code(order)
    assert first["code"] == second["code"]
    assert account.show(order)["code"]["reveals"] == 2
    entries = account.get("/audit?limit=500")["entries"]
    mine = [e for e in entries if order["id"] in (e["object"], e.get("detail")) and "code" in e["action"]]
    assert len([e for e in mine if "reveal" in e["action"]]) == 2
    assert crypto.passphrase(first) not in str(entries) and first["code"] not in str(entries)


def test_a_wrong_password_is_refused_logged_and_counted(world, account):
    order = _order(account)
    token = account.token_client()
    problem = token.post(f"/orders/{order['id']}/code", {"password": "not the password at all"}, (401, 403))
    assert problem["type"] in ("urn:autocsr:error:auth.wrong", "urn:autocsr:error:auth.reauth")
    assert account.show(order)["code"]["reveals"] == 0
    assert any("wrong" in str(e) or "refused" in str(e) or "failed" in str(e)
               for e in account.get("/audit?limit=500")["entries"])


def test_wrong_passwords_at_the_code_are_slowed(account):
    order = _order(account)
    token = account.token_client()
    statuses = []
    for _ in range(12):
        answer = token.call("POST", f"/orders/{order['id']}/code", {"password": "wrong password again"})
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.json()["type"] == "urn:autocsr:error:auth.slow"
            break
    assert statuses[-1] == 429, statuses
    held = token.call("POST", f"/orders/{order['id']}/code", {"password": account.password})
    assert held.status_code == 429, "the right password must not end the delay"


def test_totp_is_wanted_at_the_code_where_it_is_set(account):
    order = _order(account)
    secret, _ = enable_totp(account)
    token = account.token_client()
    assert token.call("POST", f"/orders/{order['id']}/code", {"password": account.password}).status_code in (401, 403)
    assert token.call("POST", f"/orders/{order['id']}/code",
                      {"password": account.password, "totp": "000000"}).status_code in (401, 403)
    code = totp_now(secret, at=time.time() + 30)
    assert token.code(order, password=account.password, totp=code)["code"]


def test_code_of_another_account_is_absent(account, other_account):
    order = _order(account)
    answer = other_account.call("POST", f"/orders/{order['id']}/code", {"password": other_account.password})
    assert answer.status_code == 404
    assert account.show(order)["code"]["reveals"] == 0


def test_the_operator_cannot_reveal_a_customers_code(world, account):
    order = _order(account)
    session = world.admin_session()
    assert session.call("POST", f"/orders/{order['id']}/code",
                        {"password": session.password}).status_code in (403, 404)


def test_an_auditor_cannot_reveal_the_code(world, account):
    order = _order(account)
    auditor = invited(world, account, "auditor")
    assert auditor.get(f"/orders/{order['id']}")["id"] == order["id"]
    assert auditor.call("POST", f"/orders/{order['id']}/code", {"password": auditor.password}).status_code == 403


def test_a_read_only_token_cannot_reveal_the_code(account):
    order = _order(account)
    token = account.token_client(read_only=True)
    assert token.call("POST", f"/orders/{order['id']}/code", {"password": account.password}).status_code == 403


def test_an_older_session_needs_the_password(new_world):
    """Six minutes after the login (by the test clock) the session alone is no longer enough."""
    world = new_world()
    account = world.register()
    order = _order(account)
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = 360
    world.service.start()
    assert account.post(f"/orders/{order['id']}/code", {}, 403)["type"] == "urn:autocsr:error:auth.reauth"
    assert account.code(order)["code"]


def test_the_code_is_destroyed_after_its_window(new_world):
    world = new_world()
    account = world.register()
    order = _order(account)
    code = account.code(order)
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = 7 * 86400 + 120
    world.service.start()
    account.login(account.email, account.password)
    problem = account.post(f"/orders/{order['id']}/code", {"password": account.password}, 410)
    assert problem["type"] == "urn:autocsr:error:code.gone"
    assert account.show(order)["code"]["state"] == "destroyed"
    assert code["code"] not in problem["detail"]
