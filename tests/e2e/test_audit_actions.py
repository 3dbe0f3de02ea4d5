"""Everything that must be in the audit log is: reveals, logins, approvals, issuance, hand-over, changes of what governs them."""
import os
import re
import signal

import pytest
from harness.api import Api, unique_email, unique_name
from harness.net import wait_for
from harness.people import invited
from harness.service import REPO

CALL = re.compile(r"\b(?:core_audit|proof_audit_wrong|audit_of_order)\(([^;]*);")
ACTION = re.compile(r'"([a-z]+\.[a-z-]+)"')
# Actions that are put together at run time, or handed through.
MADE = {"organisation.made", "organisation.changed"}


def documented():
    text = (REPO / "docs/API.md").read_text().split("Every entry's `action` is one of these")[1].split("Outside `/api/v1`")[0]
    return set(re.findall(r"`([a-z]+\.[a-z-]+)`", text))


def in_source():
    found = set(MADE)
    for path in (REPO / "src/core").rglob("*.c"):
        for call in CALL.findall(path.read_text()):
            found.update(ACTION.findall(call))
    moves = (REPO / "src/core/order.c").read_text().split("} moves[] = {")[1].split("};")[0]
    return found | {f"order.{to}" for to in re.findall(r'\{ "[a-z]+", "([a-z]+)" \}', moves)}


def test_every_action_is_documented_and_none_more():
    assert in_source() == documented()


class Log:
    """The entries that come from now on."""

    def __init__(self, admin):
        self.admin = admin
        self.seen = self._all()[-1]["seq"] if self._all() else 0

    def _all(self, after=0):
        return [e for e in self.admin.whole_audit() if e["seq"] > after]

    def new(self):
        return self._all(self.seen)

    def one(self, action, actor=None, object=None, words=""):
        found = [e for e in self.new() if e["action"] == action and actor in (None, e["actor"]) and object in (None, e["object"])]
        assert found, f"no entry {action} by {actor} about {object}: {[(e['action'], e['actor']) for e in self.new()]}"
        assert all(words in e["detail"] for e in found), found
        return found


@pytest.fixture
def log(admin):
    return Log(admin)


def test_logins_good_and_bad(world, account, log):
    other = Api(world.service)
    other.login(account.email, account.password)
    log.one("user.login", account.email, words="127.0.0.0/24")
    other.delete("/session")
    log.one("user.logout", account.email)
    Api(world.service).login(account.email, "not the password at all", status=401)
    log.one("auth.failed", account.email)
    Api(world.service).login(unique_email(), "not the password at all", status=401)
    log.one("auth.failed", "unknown")
    assert "not the password" not in str(log.new())


def test_people_and_tokens(world, account, log):
    member = invited(world, account, "member")
    log.one("user.invited", account.email, words=f"{member.email} as member")
    log.one("user.accepted", member.email)
    uid = member.user["id"]
    account.patch(f"/users/{uid}", {"role": "auditor"})
    log.one("user.role", account.email, uid, "auditor, was member")
    account.patch(f"/users/{uid}", {"disabled": True})
    account.patch(f"/users/{uid}", {"disabled": False})
    log.one("user.disabled", account.email, uid), log.one("user.enabled", account.email, uid)
    account.delete(f"/users/{uid}")
    log.one("user.deleted", account.email, uid)
    token = account.post("/tokens", {"name": "ci"}, 201)
    log.one("token.made", account.email, token["id"], "ci")
    account.delete(f"/tokens/{token['id']}")
    log.one("token.deleted", account.email, token["id"])
    account.patch("/account", {"name": "Another name"})
    log.one("account.changed", account.email)
    assert token["token"] not in str(log.new())


def test_what_the_operator_changes(world, account, admin, log):
    pid = "p" + unique_name().split(".")[0]
    admin.post("/products", {"id": pid, "title": "Once", "level": "dv", "profile": "dv"}, 201)
    log.one("product.made", object=pid, words="Once")
    admin.patch(f"/products/{pid}", {"title": "Twice", "max_names": 2})
    log.one("product.changed", object=pid, words="Twice: title max_names")
    name = unique_name()
    world.preauthorise(account, name)
    log.one("account.preauthorised", words=name)
    admin.post("/admin/crl", {})
    log.one("crl.asked")


def test_an_orders_whole_life(world, account, log):
    order = account.order(unique_name(), key_type="ec:p256")
    account.acknowledge(order, account.fetch_archive(order))
    account.code(order)
    world.validate(account, order)
    account.wait_state(order, "issued")
    account.post(f"/orders/{order['id']}/revoke", {})
    wait_for("the receipt", lambda: account.show(order)["receipt"]["state"] == "hand-over", 30, 0.2)
    for action in ("order.created", "key.authorised", "archive.fetched", "key.handed-over", "code.revealed", "certificate.revoked"):
        log.one(action, account.email, order["id"])
    for action in ("key.made", "name.validated", "certificate.issued", "receipt.signed"):
        log.one(action, "system", order["id"])


def test_approvals_and_rejections_name_who_decided(world, account, log):
    operator = world.admin_session()
    for decision, action in (("approve", "order.approved"), ("reject", "order.rejected")):
        name = unique_name()
        world.preauthorise(account, name)
        order = account.order([name], product="ov", key_type="ec:p256", subject={"O": "Ann Ltd", "L": "Town", "C": "DE"})
        account.acknowledge(order, account.fetch_archive(order))
        account.wait_state(order, "vetting")
        operator.post(f"/orders/{order['id']}/vetting", {"decision": decision, "evidence": "register", "note": "looked at"})
        log.one(action, operator.email, order["id"])


def test_changed_settings_are_named_at_a_reload_and_at_a_start(new_world):
    world = new_world()
    log = Log(world.admin())
    log.seen = 0
    log.one("settings.noted", "operator")
    assert not [e for e in log.new() if e["action"] == "settings.changed"]
    world.service.config["orders"]["code_window"] = "3d"
    world.service.config["mail"]["from"] = "another@ca.test"
    assert world.service.config_file.exists()
    os.kill(world.service.proc.pid, signal.SIGHUP)
    changed = lambda: [e for e in log.new() if e["action"] == "settings.changed"]
    wait_for("the entry", lambda: len(changed()) == 1, 20, 0.2)
    assert changed()[0]["actor"] == "operator" and set(changed()[0]["detail"].split()) == {"orders.code_window", "mail.from"}
    world.service.restart()
    assert len(changed()) == 1, "a start alone changes nothing"
    world.service.stop()
    world.service.config["orders"]["new_per_hour"] = "7"
    world.service.start()
    wait_for("the second entry", lambda: len(changed()) == 2, 20, 0.2)
    assert changed()[1]["detail"] == "orders.new_per_hour" and "another@ca.test" not in str(log.new())
