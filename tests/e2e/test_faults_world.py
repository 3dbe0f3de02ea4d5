"""Disk full, DNS down, clock jumps: an honest 503 or a waiting state with its reason, and recovery without help."""
import datetime
import os
import pathlib
import subprocess
import time

import pytest
import requests
from harness import crypto
from harness.api import unique_name
from harness.dnsserver import DnsServer
from harness.drive import patient, to_certificate
from harness.net import wait_for
from oracle import Oracle


@pytest.fixture
def small_disk(e2e_dir, tmp_path_factory):
    """A directory on a file system of its own, 16 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    where = e2e_dir / f"disk-{os.getpid()}-{time.monotonic_ns()}"
    where.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "tmpfs", str(where)], capture_output=True)
    if done.returncode != 0:
        pytest.skip("mount is not permitted here: " + done.stderr.decode(errors="replace").strip())
    yield where
    subprocess.run(["umount", "-l", str(where)], check=False)


def _fill(where):
    fd = os.open(pathlib.Path(where, "filler"), os.O_WRONLY | os.O_CREAT)
    try:
        for size in (65536, 4096, 1):
            try:
                while True:
                    os.write(fd, b"x" * size)
            except OSError:
                continue
    finally:
        os.close(fd)


def test_disk_full_is_said_and_recovers(new_world, small_disk):
    world = new_world({"server": {"state": small_disk / "state"}}, start=False)
    world.service.state = small_disk / "state"
    world.service.start()
    account = world.register()
    before = world.issue(account, key_type="ec:p256")
    _fill(small_disk)
    answers = [account.call("POST", "/orders", {"product": "dv", "names": [unique_name()], "key_type": "ec:p256"})
               for _ in range(40)]
    refused = [a for a in answers if a.status_code == 503]
    assert refused, {a.status_code for a in answers}
    assert {a.status_code for a in answers} <= {201, 503}
    assert all(a.headers["Retry-After"] and a.json()["type"].startswith(("urn:autocsr:error:sys.", "urn:autocsr:error:busy."))
               for a in refused)
    (small_disk / "filler").unlink()
    assert account.show(before.id)["state"] == "issued"
    order = patient(lambda: account.order(unique_name(), key_type="ec:p256"))
    to_certificate(world, account, order)
    Oracle(world).check()
    assert not [p for p, data in world.service.state_contents() if data == b"" and p.suffix in (".pem", ".key", ".crl", ".cer")]
    world.service.stop()


def test_dns_down_the_order_waits_with_the_reason_and_recovers(new_world, e2e_dir):
    dns = DnsServer(e2e_dir / f"dns-{time.monotonic_ns()}")
    try:
        world = new_world(dns=dns)
        account = world.register()
        order = account.order(unique_name(), key_type="ec:p256")
        order = account.acknowledge(order, account.fetch_archive(order))
        world.publish_http(order)
        dns.down()
        account.post(f"/orders/{order['id']}/validate", {})
        now = wait_for("a reason", lambda: (lambda o: o if o["validations"][0]["error"] or o["waiting"] else None)(
            account.show(order)), 60)
        assert now["state"] == "validating" and now["certificates"] == []
        dns.up()
        account.wait_state(order, "issued", seconds=120)
    finally:
        dns.close()


def test_web_server_down_the_order_waits_and_goes_on_by_itself(world, account):
    order = account.order(unique_name(), key_type="ec:p256")
    order = account.acknowledge(order, account.fetch_archive(order))
    account.post(f"/orders/{order['id']}/validate", {})
    wait_for("the first failure", lambda: account.show(order)["validations"][0]["error"], 30)
    assert account.show(order)["state"] == "validating"
    world.publish_http(order)
    account.wait_state(order, "issued", seconds=60)


DAY = 86400


@pytest.mark.parametrize("jump", [-DAY, DAY, 3650 * DAY])
def test_clock_jump_issues_nothing_with_a_wrong_validity(new_world, jump):
    """The service's clock jumps; what it then issues is right by that clock, or nothing is issued."""
    world = new_world()
    account = world.register()
    world.issue(account, key_type="ec:p256")
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = jump
    account.http.verify = world.service.verified = False
    account.http.close()  # a connection that is opened again would go on verifying
    requests.packages.urllib3.disable_warnings()
    world.service.start()
    account.login(account.email)
    now = datetime.datetime.utcfromtimestamp(time.time() + jump)
    answer = account.call("POST", "/orders", {"product": "dv", "names": [unique_name()], "key_type": "ec:p256"})
    if answer.status_code == 201:
        order = answer.json()
        order = account.acknowledge(order, account.fetch_archive(order))
        world.validate(account, order)
        time.sleep(3)
        shown = account.show(order)
        assert shown["state"] in ("issued", "validating", "issuing", "failed")
        if shown["state"] == "issued":
            leaf, issuer = crypto.certificates(account.certificate(order))[:2]
            assert abs((leaf.not_valid_before - now).total_seconds()) <= 2 * DAY
            assert leaf.not_valid_after > now and leaf.not_valid_after <= issuer.not_valid_after
            assert (leaf.not_valid_after - leaf.not_valid_before).total_seconds() + 1 <= 200 * DAY
    else:
        assert answer.status_code in (409, 422, 500, 503), answer.text
    wait_for("time for some of what must not come", lambda: time.monotonic() - world.service.started > 8)
    assert world.service.log_text().count('"tls.issued"') <= 2, "the CA's end is near: certificates for our own HTTPS without end"
    world.service.stop()
    world.service.env.clear()
    world.service.verified = True
    world.service.start()
    account.http.verify = str(world.service.root_pem)
    account.http.close()
    account.login(account.email)
    to_certificate(world, account, account.order(unique_name(), key_type="ec:p256"))
    Oracle(world).check()


def test_a_lost_key_encryption_key_stops_the_start_and_is_not_replaced(new_world):
    world = new_world()
    kek = next(p for p in world.service.state_files() if p.name == "kek")
    kept = kek.read_bytes()
    world.service.stop()
    kek.unlink()
    world.service.spawn()
    wait_for("the refusal", lambda: "is missing, and what the database holds" in world.service.log_text(), 20)
    world.service.kill_all()
    assert not kek.exists()
    kek.write_bytes(kept)
    kek.chmod(0o600)
    os.chown(kek, os.stat(kek.parent).st_uid, os.stat(kek.parent).st_gid)
    world.service.start()
    world.service.stop()
