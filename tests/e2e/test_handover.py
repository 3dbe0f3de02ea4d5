"""The archive's way to the customer: once, for minutes, only to whom it belongs, and nothing moves before it arrived."""
import hashlib

import pytest
from harness.api import unique_name
from harness.net import wait_for


def test_archive_url_works_once(account):
    order = account.order(unique_name(), key_type="ec:p256")
    account.fetch_archive(order)
    again = account.call("GET", order["archive_url"])
    assert again.status_code == 410 and again.json()["type"] == "urn:autocsr:error:archive.gone"


def test_archive_answer_is_not_cached_and_names_its_file(account):
    order = account.order(unique_name(), key_type="ec:p256")
    answer = account.call("GET", order["archive_url"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert order["names"][0] in answer.headers["Content-Disposition"]
    assert answer.headers["X-Archive-SHA256"] == hashlib.sha256(answer.content).hexdigest()


def test_archive_of_another_account_is_absent_and_stays_fetchable(account, other_account):
    order = account.order(unique_name(), key_type="ec:p256")
    theirs = other_account.call("GET", order["archive_url"])
    absent = other_account.call("GET", order["archive_url"][:-6] + "000000")
    assert theirs.status_code == absent.status_code == 404
    assert theirs.json()["type"] == absent.json()["type"]
    account.fetch_archive(order)


def test_archive_without_login_is_refused_and_stays_fetchable(account):
    order = account.order(unique_name(), key_type="ec:p256")
    assert account.another().call("GET", order["archive_url"]).status_code == 401
    account.fetch_archive(order)


def test_archive_by_the_operator_is_refused(account, admin):
    order = account.order(unique_name(), key_type="ec:p256")
    assert admin.call("GET", order["archive_url"]).status_code in (403, 404)


def test_head_does_not_use_the_archive_up(account):
    order = account.order(unique_name(), key_type="ec:p256")
    assert account.call("HEAD", order["archive_url"]).status_code in (200, 404, 405)
    account.fetch_archive(order)


def test_acknowledging_with_a_wrong_hash_changes_nothing(account):
    order = account.order(unique_name(), key_type="ec:p256")
    archive = account.fetch_archive(order)
    problem = account.post(f"/orders/{order['id']}/archive/ack", {"sha256": "0" * 64}, 409)
    assert problem["type"] == "urn:autocsr:error:state.archive-hash"
    assert account.show(order)["state"] == "handover"
    assert account.acknowledge(order, archive)["state"] != "handover"


def test_acknowledging_an_archive_that_was_not_fetched_is_refused(account):
    order = account.order(unique_name(), key_type="ec:p256")
    sha = account.show(order)["archive"]["sha256"]
    assert account.call("POST", f"/orders/{order['id']}/archive/ack", {"sha256": sha}).status_code == 409
    assert account.show(order)["state"] == "handover"


def test_acknowledging_twice_is_harmless(account):
    order = account.order(unique_name(), key_type="ec:p256")
    archive = account.fetch_archive(order)
    first = account.acknowledge(order, archive)
    again = account.call("POST", f"/orders/{order['id']}/archive/ack",
                         {"sha256": hashlib.sha256(archive).hexdigest()})
    assert again.status_code in (200, 409)
    assert account.show(order)["spki_sha256"] == first["spki_sha256"]


def test_a_new_archive_means_a_new_key_and_a_new_code(world, account):
    order = account.order(unique_name(), key_type="ec:p256")
    account.fetch_archive(order)
    new = account.post(f"/orders/{order['id']}/archive", {})
    assert new["spki_sha256"] != order["spki_sha256"] and new["archive_url"] != order["archive_url"]
    assert account.call("GET", order["archive_url"]).status_code in (404, 410)
    archive = account.fetch_archive(new)
    issued = world.finish(account, account.acknowledge(new, archive), archive)
    assert issued.order["spki_sha256"] == new["spki_sha256"]


def test_an_archive_that_was_never_fetched_can_be_made_anew(account):
    order = account.order(unique_name(), key_type="ec:p256")
    new = account.post(f"/orders/{order['id']}/archive", {})
    assert account.call("GET", order["archive_url"]).status_code in (404, 410)
    account.fetch_archive(new)


def test_no_new_archive_after_the_acknowledgement(account):
    order = account.order(unique_name(), key_type="ec:p256")
    account.acknowledge(order, account.fetch_archive(order))
    problem = account.post(f"/orders/{order['id']}/archive", {}, 409)
    assert problem["type"].startswith("urn:autocsr:error:state.")


def test_validation_alone_does_not_move_an_order_in_handover(world, account):
    order = account.order(unique_name(), key_type="ec:p256")
    world.publish_http(order)
    account.call("POST", f"/orders/{order['id']}/validate", {})
    now = account.show(order)
    assert now["state"] == "handover" and now["certificates"] == []
    assert account.call("GET", f"/orders/{order['id']}/certificate?format=leaf").status_code == 409


def test_an_expired_archive_is_gone_and_the_order_asks_for_a_new_key(new_world):
    """Fifteen minutes by default; two seconds here."""
    world = new_world({"orders": {"archive_window": "2s"}})
    account = world.register()
    order = account.order(unique_name(), key_type="ec:p256")
    wait_for("the archive to be forgotten", lambda: account.show(order)["archive"]["state"] == "lost", 20)
    assert account.call("GET", order["archive_url"]).status_code == 410
    assert account.show(order)["state"] == "handover"
    new = account.post(f"/orders/{order['id']}/archive", {})
    assert new["spki_sha256"] != order["spki_sha256"]
    account.fetch_archive(new)


def test_an_archive_does_not_survive_a_restart(new_world):
    """It is never stored: the order asks for a new key, and nothing else of it is lost."""
    world = new_world()
    account = world.register()
    order = account.order(unique_name(), key_type="ec:p256")
    world.service.restart()
    assert account.call("GET", order["archive_url"]).status_code == 410
    now = account.show(order)
    assert now["state"] == "handover" and now["archive"]["state"] == "lost" and now["names"] == order["names"]
    new = account.post(f"/orders/{order['id']}/archive", {})
    archive = account.fetch_archive(new)
    world.finish(account, account.acknowledge(new, archive), archive)


@pytest.mark.parametrize("times", [3])
def test_two_clients_race_for_one_archive_and_one_wins(account, times):
    import concurrent.futures
    for _ in range(times):
        order = account.order(unique_name(), key_type="ec:p256")
        callers = [account.fresh_session() for _ in range(2)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            codes = sorted(r.status_code for r in pool.map(lambda c: c.call("GET", order["archive_url"]), callers))
        assert codes[0] == 200 and codes[1] in (404, 409, 410)
