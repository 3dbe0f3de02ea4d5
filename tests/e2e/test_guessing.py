"""Guessing passwords: slowed, whoever asks and from how many addresses; and never at the owner's expense.

10,000 guesses from 10,000 addresses (each in a /24 of its own); GUESSES=100000 for ten from each."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import time

import pytest
import requests
from harness.api import unique_name
from harness.library import option
from harness.service import BUILD
from harness.totp import enable_totp, totp_now

ADDRESSES = 10000
GUESSES = int(os.environ.get("GUESSES", ADDRESSES))
GUESSER = BUILD / "tests" / "e2e" / "harness" / "guesser"


def _attack(service, email, addresses=ADDRESSES, tries=GUESSES // ADDRESSES, threads=8):
    return subprocess.Popen([str(GUESSER), str(service.port), str(addresses), str(tries), email, str(threads)],
                            stdout=subprocess.PIPE, text=True)


def _result(attack):
    out, _ = attack.communicate(timeout=600)
    assert attack.returncode == 0
    found = json.loads(out)
    print(found)  # with pytest -s: what was measured
    return found


def _metrics(service):
    lines = [line.split() for line in service.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines if "{" not in name}


def _memory(service, role):
    status = pathlib.Path(f"/proc/{service.pid(role)}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


def _sizes(service):
    """Of the database and the log; SQLite's own log has a size of its own, bounded by checkpoints."""
    return next(p for p in service.state_files() if p.name == "autocsr.db").stat().st_size, service.log_path.stat().st_size


def _login(service, account, address, cookies=None, **body):
    """A login from that loopback address; the answer."""
    session = requests.Session()
    session.mount("https://", _From(address))
    return session.post(service.url + "/api/v1/session", json={"email": account.email, "password": account.password, **body},
                        cookies=cookies, verify=str(service.root_pem), timeout=60)


class _From(requests.adapters.HTTPAdapter):
    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args, **kw):
        super().init_poolmanager(*args, source_address=(self.address, 0), **kw)


def _device(answer):
    value = answer.cookies.get("__Host-autocsr-device")
    assert value and len(value) == 43
    return {"__Host-autocsr-device": value}


@pytest.mark.skipif(not GUESSER.exists(), reason="the attacker was not built")
def test_many_guesses_from_ten_thousand_addresses(new_world):
    world = new_world()
    owner, other = world.register(), world.register()
    device = _device(_login(world.service, owner, "127.200.1.1"))
    order = owner.order(unique_name(), key_type="ec:p256")
    before, memory, sizes = _metrics(world.service), _memory(world.service, "core"), _sizes(world.service)
    entries = len(owner.get("/audit?limit=1000")["entries"])

    attack = _attack(world.service, owner.email)
    slowest, logins = 0.0, 0
    while attack.poll() is None and logins < 40:  # a user has fifty sessions; older ones end
        started = time.monotonic()
        # from an address that the attack uses, too: it is the device that is known
        assert _login(world.service, owner, "127.10.0.7", device).status_code == 200
        assert owner.show(order)["id"] == order["id"], "the owner's session must go on"
        assert other.fresh_session().user["email"] == other.email, "other accounts are not concerned"
        slowest, logins = max(slowest, time.monotonic() - started), logins + 1
        time.sleep(2)
    found, after = _result(attack), _metrics(world.service)
    print(f"meanwhile {logins} rounds of logins by the owner, the slowest {slowest:.2f} s")

    assert found["broken"] == 0 and logins > 0
    assert set(found["answers"]) == {"401", "429"}
    assert sum(found["answers"].values()) == GUESSES
    # five, and what the growing pauses let through: 5, 10, 20 … 900 s
    allowed, pause, passed = 5, 5, 0
    while passed + pause <= found["seconds"] + 1:
        passed, pause, allowed = passed + pause, min(pause * 2, 900), allowed + 1
    assert 5 <= found["answers"]["401"] <= allowed + 1
    checked = after["autocsr_passwords_checked_total"] - before["autocsr_passwords_checked_total"]
    assert checked == found["answers"]["401"] + 2 * logins, "each argon2 is one guess that was let through, or a login"
    assert after["autocsr_passwords_slowed_total"] - before["autocsr_passwords_slowed_total"] == found["answers"]["429"]

    grown = [b - a for a, b in zip(sizes, _sizes(world.service))]
    assert grown[0] < 1_000_000 and grown[1] < 1_000_000, f"database and log grew by {grown} bytes"
    if option("b_sanitize") == "none":  # a sanitizer keeps what is freed
        assert _memory(world.service, "core") - memory < 16 * 1024 * 1024
    told = owner.get("/audit?limit=1000")["entries"]
    assert sum(e["action"] == "auth.failed" for e in told) == found["answers"]["401"]
    assert len(told) - entries == found["answers"]["401"] + logins


@pytest.mark.skipif(not GUESSER.exists(), reason="the attacker was not built")
def test_spraying_many_accounts_leaves_the_owner_a_way_in(new_world):
    """Passwords for addresses that nobody has, from fifty networks: each costs an argon2, but known devices come first."""
    world = new_world()
    owner = world.register()
    device = _device(_login(world.service, owner, "127.200.1.1"))
    attack = _attack(world.service, "nobody%@guess.test", 50, 2, 48)
    logins = 0
    while attack.poll() is None:
        assert _login(world.service, owner, "127.200.9.9", device).status_code == 200
        logins += 1
        time.sleep(0.2)
    assert logins > 0 and _result(attack)["broken"] == 0


def test_the_owners_device_is_free_of_strangers_guesses_in_its_own_network(new_world):
    world = new_world()
    owner = world.register()
    device = _device(_login(world.service, owner, "127.0.0.1"))
    for _ in range(6):
        last = _login(world.service, owner, "127.0.0.99", password="not the password at all")
    assert last.status_code == 429 and int(last.headers["Retry-After"]) <= 5
    assert _login(world.service, owner, "127.0.0.98").status_code == 429, "who has nothing to show waits"
    assert _login(world.service, owner, "127.0.0.99", device).status_code == 200


def test_totp_guesses_count_like_passwords(new_world):
    world = new_world()
    owner = world.register()
    secret, _ = enable_totp(owner)
    answers = [_login(world.service, owner, "127.77.0.1", totp="000000").status_code for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert _login(world.service, owner, "127.77.0.1", totp=totp_now(secret, at=time.time() + 30)).status_code == 429
    failed = [e for e in owner.get("/audit?limit=1000")["entries"] if e["action"] == "auth.failed"]
    assert len(failed) == 5


def test_devices_are_listed_and_forgotten(world):
    owner = world.register()
    mine = owner.get("/devices")["devices"]
    assert len(mine) == 1 and mine[0]["current"] and mine[0]["name"].startswith("python-requests")
    second = owner.fresh_session()
    assert [d["current"] for d in second.get("/devices")["devices"]].count(True) == 1
    assert len(owner.get("/devices")["devices"]) == 2
    again = owner.login(owner.email, owner.password) and owner.get("/devices")["devices"]
    assert len(again) == 2, "the same browser is not a new device"
    owner.delete(f"/devices/{mine[0]['id']}", status=204)
    owner.delete(f"/devices/{mine[0]['id']}", status=404)
    assert [d["current"] for d in owner.get("/devices")["devices"]] == [False]
    assert any(e["action"] == "device.deleted" for e in owner.get("/audit?limit=1000")["entries"])


def test_the_cookie_cannot_be_read_by_scripts_and_opens_nothing(world):
    owner = world.register()
    answer = _login(world.service, owner, "127.0.0.1")
    header = next(h for h in answer.raw.headers.getlist("Set-Cookie") if h.startswith("__Host-autocsr-device="))
    for part in ("Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=15552000"):
        assert part in header
    only = requests.get(world.service.url + "/api/v1/account", cookies=_device(answer), verify=str(world.service.root_pem), timeout=10)
    assert only.status_code == 401


def test_logins_that_keep_no_cookie_push_no_browser_out(world):
    """A script logs in again and again; the browser that was there before is still known."""
    owner = world.register()
    session = requests.Session()
    session.headers["User-Agent"] = "Mozilla/5.0 Firefox/128.0"
    browser = _device(session.post(world.service.url + "/api/v1/session", json={"email": owner.email, "password": owner.password},
                                   verify=str(world.service.root_pem), timeout=60))
    for _ in range(25):
        _login(world.service, owner, "127.0.0.1")
    names = [d["name"] for d in owner.get("/devices")["devices"]]
    assert len([n for n in names if "Firefox" in n]) == 1 and len(names) == 6, names
    for _ in range(7):
        _login(world.service, owner, "127.201.0.1", password="wrong and wrong again")
    assert _login(world.service, owner, "127.201.0.1", browser).status_code == 200


def _at_once(call, n):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return [f.result() for f in [pool.submit(call) for _ in range(n)]]


def test_right_answers_at_the_same_moment_are_no_guesses(world, account):
    """An attempt counts as wrong until it is judged: the others wait for that, and are not refused."""
    order = account.order(unique_name(), key_type="ec:p256")
    account.acknowledge(order, account.fetch_archive(order))
    token = account.token_client()

    def reveal():
        return token.another(token.token).call("POST", f"/orders/{order['id']}/code", {"password": account.password}).status_code
    assert _at_once(reveal, 20) == [200] * 20
    # strangers too, who share buckets with others
    address = "127.202.0.1"
    assert [a.status_code for a in _at_once(lambda: _login(world.service, account, address), 12)] == [200] * 12


def test_wrong_answers_at_the_same_moment_gain_nothing(account):
    token = account.token_client()
    order = account.order(unique_name(), key_type="ec:p256")
    account.acknowledge(order, account.fetch_archive(order))
    answers = sorted(_at_once(lambda: token.another(token.token).call("POST", f"/orders/{order['id']}/code", {"password": "wrong and again wrong"})
                              .status_code, 20))
    assert answers == [401] * 5 + [429] * 15


def test_a_new_password_forgets_other_devices(world):
    owner = world.register()
    owner.fresh_session()
    assert len(owner.get("/devices")["devices"]) == 2
    owner.post("/password", {"current": owner.password, "new": "another fine password"}, 204)
    left = owner.get("/devices")["devices"]
    assert len(left) == 1 and left[0]["current"]
