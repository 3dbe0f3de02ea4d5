"""The log: JSON lines, one event a line, whatever people send; and no secrets in it."""
import json

from harness import crypto
from harness.api import PASSWORD, unique_name
from harness.net import wait_for

EVIL = ['evil\r\n{"level":"info","msg":"forged"}', "evil\n\x1b[31mred\x1b[0m", "evil\u2028line", "evil\x00nul", 'evil","admin":"yes']


def test_every_line_is_one_json_object(world, account):
    world.issue(account, key_type="ec:p256")
    lines = world.service.log_lines()
    assert lines and all(isinstance(li, dict) for li in lines)
    raw = world.service.log_text()
    assert all(json.dumps(json.loads(li)) for li in raw.splitlines())


def test_ready_is_said_in_the_log(world):
    assert any("ready" in json.dumps(li) for li in world.service.log_lines())


def test_injection_by_names_and_headers(world, account):
    for evil in EVIL:
        account.call("POST", "/orders", {"product": "dv", "names": [evil]})
        account.call("POST", "/session", {"email": evil, "password": evil})
        account.call("GET", "/orders?q=" + "".join(f"%{b:02x}" for b in evil.encode()))
        try:
            account.call("GET", "/orders", headers={"User-Agent": evil.replace("\r", "").replace("\n", "").encode("utf-8")})
        except Exception:
            continue
    lines = world.service.log_lines()
    assert not [li for li in lines if li.get("msg") == "forged" or li.get("admin") == "yes"]
    assert not [c for c in world.service.log_text() if ord(c) < 32 and c != "\n"], "a control character in the log"


def test_no_secrets_in_the_log(world, account):
    token = account.token_client()
    issued = world.issue(account, key_type="ec:p256")
    token.call("GET", "/orders")
    cookie = account.http.cookies.get("__Host-autocsr")
    code = crypto.passphrase(issued.code)
    text = world.service.log_text(all_runs=True)
    secrets = {"token": token.token, "cookie": cookie, "csrf": account.csrf, "password": PASSWORD, "code": code,
               "shown code": issued.code["code"], "admin token": world.service.secret("admin-token"),
               "admin password": world.service.secret("admin-password"),
               "ticket": issued.order.get("archive_url", "") or "no ticket shown"}
    for what, secret in secrets.items():
        assert secret not in text, f"the {what} is in the log"
    raw = text.encode()
    assert not [p for p in crypto.secret_patterns(issued.key) if p in raw]


def test_archive_tickets_are_not_logged(world, account):
    order = account.order(unique_name(), key_type="ec:p256")
    account.fetch_archive(order)
    assert order["archive_url"].rsplit("/", 1)[1] not in world.service.log_text()


def test_a_refused_login_is_in_the_log(world, account):
    account.another().call("POST", "/session", {"email": account.email, "password": "wrong one here"})
    wait_for("a line about it", lambda: [li for li in world.service.log_lines() if "auth.wrong" in json.dumps(li)], 5)
