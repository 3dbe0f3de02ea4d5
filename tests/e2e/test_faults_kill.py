"""kill -9 of each process at each stage of an order, and of the whole service; afterwards all is legal and goes on."""
import itertools
import random
import secrets
import threading

import pytest
from harness.api import unique_name
from harness.drive import assert_legal, hand_over, patient, to_certificate
from harness.fixtures import private_world
from harness.service import ROLES
from oracle import Oracle

formats = itertools.cycle(["zip", "pkcs8", "p12"])
STAGES = ["ordered", "fetched", "acknowledged", "checking", "issued"]


@pytest.fixture(scope="module")
def victim(e2e_dir, dns, smtp, web):
    """One world for all kills of this file; the oracle judges it after every single one."""
    world = private_world(e2e_dir, dns, smtp, web)
    yield world
    Oracle(world).check()
    world.service.stop()


def bring_to(world, stage):
    """A new order at this stage. Returns (order, archive or None)."""
    api = world.customer
    hand_over = {"grade": "code", "format": next(formats)}
    order = patient(lambda: api.order(unique_name(), key_type="ec:p256", hand_over=hand_over))
    if stage == "ordered":
        return order, None
    archive = api.fetch_archive(order)
    if stage == "fetched":
        return order, None
    order = api.acknowledge(order, archive)
    if stage in ("checking", "issued"):
        world.validate(api, order)
    if stage == "issued":
        order = api.wait_state(order, "issued")
    return order, archive


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("stage", STAGES)
def test_killing_one_role(victim, role, stage):
    order, archive = bring_to(victim, stage)
    victim.service.kill(role)
    assert_legal(patient(lambda: victim.customer.show(order)))
    to_certificate(victim, victim.customer, order, archive)
    Oracle(victim).check()


@pytest.mark.parametrize("stage", STAGES)
def test_killing_the_whole_service(victim, stage):
    order, archive = bring_to(victim, stage)
    victim.service.kill_all()
    Oracle(victim, stopped=True).check_files()
    victim.service.start()
    now = victim.customer.show(order)
    assert_legal(now)
    if stage == "ordered":
        assert now["state"] == "handover" and now["archive"]["state"] == "lost"
    to_certificate(victim, victim.customer, order, archive)
    Oracle(victim).check()


def test_killing_a_keymaker_worker_while_it_makes_a_key(victim):
    """RSA-4096 takes long enough to be hit; the order then asks for a new key or says `not now`."""
    import os
    import signal
    stop = threading.Event()

    def hunter():
        while not stop.wait(0.02):
            for pid in victim.service.workers():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
    thread = threading.Thread(target=hunter, daemon=True)
    thread.start()
    try:
        answer = victim.customer.call("POST", "/orders", {"product": "dv", "names": [unique_name()], "key_type": "rsa:4096"})
    finally:
        stop.set()
        thread.join()
    assert answer.status_code in (201, 503), answer.text
    assert answer.status_code == 201 or "Retry-After" in answer.headers
    for order in victim.customer.get("/orders?state=handover")["orders"]:
        to_certificate(victim, victim.customer, order)
    Oracle(victim).check()


def test_a_storm_of_kills_while_orders_run(victim):
    """Four customers order without pause while roles die at random; every order ends with a certificate."""
    dice, stop, failures, made = random.Random(20261123), threading.Event(), [], []

    def customer():
        api = victim.customer.fresh_session()
        while not stop.is_set():
            try:
                key = secrets.token_hex(8)
                name = unique_name()
                order = patient(lambda: api.order(name, key_type="ec:p256", headers={"Idempotency-Key": key}))
                made.append((api, order["id"]))
                hand_over(api, order)
            except Exception as e:
                failures.append(e)
                return
    threads = [threading.Thread(target=customer, daemon=True) for _ in range(4)]
    for t in threads:
        t.start()
    for _ in range(8):
        victim.service.kill(dice.choice(ROLES))
    stop.set()
    for t in threads:
        t.join(60)
    assert not failures, failures[:1]
    assert made
    for api, order in made[:12]:
        to_certificate(victim, api, order)
    Oracle(victim).check()


def test_restarts_are_counted_in_the_status(victim):
    before = {r["role"]: r["restarts"] for r in victim.admin().get("/admin/status")["roles"]}
    victim.service.kill("prober")
    after = {r["role"]: r["restarts"] for r in victim.admin().get("/admin/status")["roles"]}
    assert after["prober"] == before["prober"] + 1
