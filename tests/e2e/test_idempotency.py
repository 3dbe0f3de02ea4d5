"""The same request sent again makes one order."""
import concurrent.futures
import secrets

import pytest
from harness.api import unique_name
from harness.drive import patient
from harness.net import wait_for


def _post(account, key, body):
    return account.call("POST", "/orders", body, headers={"Idempotency-Key": key})


def test_same_key_and_body_answer_with_the_first_order(account):
    body = {"product": "dv", "names": [unique_name()], "key_type": "ec:p256"}
    answers = [_post(account, "key-1", body).json() for _ in range(5)]
    assert len({a["id"] for a in answers}) == 1
    assert len(account.get("/orders")["orders"]) == 1


def test_same_key_with_another_body_is_refused(account):
    assert _post(account, "key-2", {"product": "dv", "names": [unique_name()]}).status_code == 201
    answer = _post(account, "key-2", {"product": "dv", "names": [unique_name()]})
    assert answer.status_code == 409 and answer.json()["type"] == "urn:autocsr:error:request.idempotency"


def test_at_the_same_moment(account):
    body = {"product": "dv", "names": [unique_name()], "key_type": "ec:p256"}
    key = secrets.token_hex(8)
    callers = [account.fresh_session() for _ in range(5)]
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda c: _post(c, key, body), callers))
    ids = {a.json()["id"] for a in answers if a.status_code in (200, 201)}
    assert len(ids) == 1 and {a.status_code for a in answers} <= {200, 201, 409, 503}
    assert len(account.get("/orders")["orders"]) == 1


def test_keys_of_other_accounts_do_not_meet(account, other_account):
    body = {"product": "dv", "names": [unique_name()], "key_type": "ec:p256"}
    assert _post(account, "shared", body).json()["id"] != _post(other_account, "shared", body).json()["id"]


def test_survives_a_restart(new_world):
    world = new_world()
    account = world.register()
    body = {"product": "dv", "names": [unique_name()], "key_type": "ec:p256"}
    first = _post(account, "kept", body).json()["id"]
    world.service.kill_all()
    world.service.start()
    assert _post(account, "kept", body).json()["id"] == first


@pytest.mark.parametrize("key", ["x" * 129, "a\tb", "ä"])
def test_bad_keys_are_refused(account, key):
    answer = _post(account, key.encode("utf-8"), {"product": "dv", "names": [unique_name()]})
    assert answer.status_code in (400, 422)


def test_a_lost_key_that_is_made_again_counts_as_a_new_one(new_world):
    world = new_world({"orders": {"new_per_hour": "2"}})
    account = world.register()
    body = {"product": "dv", "names": [unique_name()], "key_type": "ec:p256"}
    order = _post(account, "again", body).json()

    def send_again():
        world.service.kill("front")
        wait_for("a lost archive", lambda: patient(lambda: account.show(order))["archive"]["state"] == "lost")
        return patient(lambda: _post(account, "again", body))
    second = send_again()
    assert second.status_code == 201 and second.json()["spki_sha256"] != order["spki_sha256"]
    third = send_again()
    assert third.status_code == 429 and third.json()["type"] == "urn:autocsr:error:limit.orders"
