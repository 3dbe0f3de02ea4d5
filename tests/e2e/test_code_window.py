"""How long and how often a code is shown is the product's; then it is destroyed, down to the database's log."""
import secrets
import sqlite3

import pytest
from harness import crypto
from harness.api import unique_name
from harness.cli import Cli
from harness.codes import database, files_with, request_of, unwrap, wrapped
from harness.net import wait_for


@pytest.fixture
def kek(tmp_path):
    """A key-encryption key that the test knows."""
    tmp_path.chmod(0o755)
    path = tmp_path / "kek"
    path.write_text(secrets.token_hex(32) + "\n")
    path.chmod(0o600)
    return path


def _product(world, **fields):
    name = "p" + secrets.token_hex(4)
    return world.admin().post("/products", {"id": name, "title": name, "level": "dv", "profile": "dv", **fields}, 201)


def _order(account, product="dv"):
    order = account.order(unique_name(), key_type="ec:p256", product=product)
    archive = account.fetch_archive(order)
    return account.acknowledge(order, archive), archive


def test_a_code_is_shown_as_often_as_the_product_says_and_then_destroyed(world, account):
    order, archive = _order(account, _product(world, code_reveals=2)["id"])
    assert order["code"]["reveals_left"] == 2 and order["code"]["reason"] is None
    first = account.code(order)
    assert first["reveals_left"] == 1 and account.show(order)["code"]["reveals_left"] == 1
    last = account.code(order)
    assert last["reveals_left"] == 0 and crypto.open_archive(archive, last)
    problem = account.post(f"/orders/{order['id']}/code", {"password": account.password}, 410)
    assert "as often as it may be" in problem["detail"] and "reissue" in problem["detail"]
    now = account.show(order)["code"]
    assert now["state"] == "destroyed" and now["reveals"] == 2 and now["reveals_left"] is None
    assert now["destroyed_at"] and now["reason"] == "it was shown as often as it may be"
    destroyed = [e for e in account.get("/audit?limit=1000")["entries"] if e["action"] == "code.destroyed"]
    assert [(e["object"], e["detail"], e["actor"]) for e in destroyed] == [(order["id"], now["reason"], "system")]
    told = [e["action"] for e in account.get("/audit?limit=1000")["entries"] if e["object"] == order["id"] and e["action"].startswith("code.")]
    assert told == ["code.revealed", "code.revealed", "code.destroyed"], "what came of the last reveal is told after it"


def test_a_code_is_not_shown_after_its_window_though_the_job_that_destroys_it_is_late(world, account):
    order, archive = _order(account)
    assert crypto.open_archive(archive, account.code(order))
    with sqlite3.connect(database(world.service), timeout=30) as db:
        db.execute("UPDATE requests SET code_expires_at = 1000000000 WHERE order_id = ?", (order["id"],))
    problem = account.post(f"/orders/{order['id']}/code", {"password": account.password}, 410)
    assert problem["type"] == "urn:autocsr:error:code.gone" and "window is over" in problem["detail"]
    assert account.show(order)["code"]["reveals"] == 1 and account.show(order)["code"]["state"] == "expired"


def test_a_refused_reveal_does_not_count(world, account):
    order, _ = _order(account, _product(world, code_reveals=1)["id"])
    token = account.token_client()
    token.post(f"/orders/{order['id']}/code", {"password": "not the password at all"}, 401)
    assert account.show(order)["code"]["reveals_left"] == 1
    assert account.code(order)["reveals_left"] == 0


def test_what_the_product_says_later_is_for_later_orders(world, account):
    product = _product(world, code_reveals=1, code_window=3600)
    assert product["code_window"] == 3600 and product["code_reveals"] == 1
    order, _ = _order(account, product["id"])
    changed = world.admin().patch(f"/products/{product['id']}", {"code_reveals": 0, "code_window": 0})
    assert changed["code_reveals"] == 0 and changed["code_window"] == 7 * 86400
    assert account.show(order)["code"]["reveals_left"] == 1
    assert _order(account, product["id"])[0]["code"]["reveals_left"] is None


@pytest.mark.parametrize("bad", [{"code_window": 59}, {"code_window": -1}, {"code_window": 367 * 86400}, {"code_reveals": -1},
                                 {"code_reveals": 1001}, {"code_reveals": "two"}])
def test_senseless_windows_and_numbers_are_refused(world, bad):
    product = _product(world)
    problem = world.admin().patch(f"/products/{product['id']}", bad, 422)
    assert problem["type"].startswith("urn:autocsr:error:request.field")


def test_a_customer_does_not_set_them(account):
    account.patch("/products/dv", {"code_reveals": 100}, 403)


def test_after_the_window_of_the_product_the_files_hold_nothing_of_the_code(new_world, kek):
    world = new_world({"secrets": {"kek_file": kek}})
    account = world.register()
    short, long = (_order(account, _product(world, code_window=w)["id"])[0] for w in (3600, 86400))
    code = account.code(short)
    ids = [request_of(world.service, o) for o in (short, long)]
    blobs = [wrapped(database(world.service), i) for i in ids]
    key = bytes.fromhex(kek.read_text())
    assert unwrap(key, ids[0], blobs[0]) == crypto.passphrase(code), "the thief who has both reads it: this is the control"
    assert all(files_with([database(world.service)], b) for b in blobs)
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = 3700
    world.service.start()
    account.login(account.email, account.password)
    wait_for("the code to be destroyed", lambda: account.show(short)["code"]["state"] == "destroyed", 20)
    assert account.show(short)["code"]["reason"] == "its window is over"
    wait_for("its traces to go", lambda: not files_with([database(world.service)], blobs[0]), 10)
    assert wrapped(database(world.service), ids[0]) is None
    assert files_with([database(world.service)], blobs[1]), "the other one is still there: the search can find"
    assert account.code(long)["code"]


def test_a_backup_that_reads_meanwhile_delays_it_only_until_it_ends(new_world):
    world = new_world()
    account = world.register()
    order, _ = _order(account, _product(world, code_reveals=1)["id"])
    request = request_of(world.service, order)
    blob = wrapped(database(world.service), request)
    reader = sqlite3.connect(f"file:{database(world.service)}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM codes").fetchone()
    account.code(order)
    account.post(f"/orders/{order['id']}/code", {"password": account.password}, 410)
    wait_for("the log to tell", lambda: "forget.failed" in world.service.log_text(), 10)
    assert files_with([database(world.service)], blob), "the reader still sees what was there when it began"
    assert account.show(order)["code"]["state"] == "destroyed", "nobody waits for it"
    reader.execute("COMMIT")
    reader.close()
    wait_for("its traces to go", lambda: not files_with([database(world.service)], blob), 15)


def test_a_crash_right_after_the_last_reveal_leaves_nothing_either(new_world):
    world = new_world()
    account = world.register()
    order, _ = _order(account, _product(world, code_reveals=1)["id"])
    blob = wrapped(database(world.service), request_of(world.service, order))
    account.code(order)
    world.service.kill_all()
    world.service.start()
    account.login(account.email, account.password)
    assert account.show(order)["code"]["state"] == "destroyed"
    wait_for("its traces to go", lambda: not files_with([database(world.service)], blob), 10)


def test_the_operator_sets_them_on_the_command_line(world, tmp_path):
    product = _product(world)["id"]
    token = tmp_path / "token"
    token.write_text(world.service.secret("admin-token"))
    where = ["--server", world.service.url, "--ca-file", world.service.root_pem, "--token-file", token]
    cli = Cli(tmp_path)
    made = cli.ask("product", "change", product, "--code-window", "36h", "--code-reveals", "3", *where)
    assert made["code_window"] == 36 * 3600 and made["code_reveals"] == 3
    said = cli.run("product", "change", product, "--withdraw", *where).text
    assert "not on offer" in said and "kept for 36 hours and shown 3 times at most" in said
    for words in (["--code-window", "soon"], ["--code-reveals", "-1"], ["--offer", "--withdraw"], []):
        cli.run("product", "change", product, *words, *where, code=2)
