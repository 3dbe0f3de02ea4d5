"""SIGKILL at the k-th system call of a kind, for each process, while one order runs: strace injects it exactly there."""
import secrets
import subprocess
import time

import pytest
from harness import trace
from harness.api import unique_name
from harness.drive import patient, to_certificate
from harness.net import wait_for
from oracle import Oracle

POINTS = [(role, call, k) for role, call, ks in [
    ("core", "fdatasync", range(1, 9)), ("core", "pwrite64", (2, 5, 9, 14, 20, 33)), ("core", "sendmsg", (1, 2, 3, 5, 8)),
    ("signer", "fdatasync", range(1, 4)), ("signer", "write", (1, 2)), ("signer", "sendmsg", (1,)),
    ("keymaker", "sendmsg", (1, 2)), ("keymaker", "recvmsg", (1, 2)), ("front", "sendmsg", (1, 3, 5)),
    ("prober", "sendmsg", (1, 2)), ("courier", "recvmsg", (1, 2))] for k in ks]


@pytest.fixture(scope="module")
def victim(request, e2e_dir, dns, smtp, web):
    if trace.available():
        pytest.skip(trace.available())
    from harness.fixtures import _new_services, base_config
    from harness.flow import World
    service = _new_services(e2e_dir, [])(base_config(dns, smtp, web)).start()
    world = World(service, dns, smtp, web)
    world.customer = world.register()
    yield world
    service.stop()


def inject(pid, call, k):
    """strace on the main thread: the k-th such call is not made, SIGKILL comes instead."""
    proc = subprocess.Popen(["strace", "-qq", "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:signal=SIGKILL:when={k}",
                             "-o", "/dev/null", "-p", str(pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("strace", lambda: trace.Trace._traced(pid) or proc.poll() is not None, 10)
    return proc


@pytest.mark.parametrize("role,call,k", POINTS)
def test_killed_at_a_system_call(victim, role, call, k):
    api = victim.customer
    proc = inject(victim.service.pid(role), call, k)
    try:
        key = secrets.token_hex(8)
        name = unique_name()
        delivery = "email" if role == "courier" else "download"
        order = patient(lambda: api.order(name, key_type="ec:p256", delivery=delivery, headers={"Idempotency-Key": key}))
        to_certificate(victim, api, order)
    finally:
        if proc.poll() is None:
            proc.terminate()
        proc.wait(10)
    victim.service.wait_ready(20)
    time.sleep(0.1)
    Oracle(victim).check()
    same = [o for o in api.get(f"/orders?q={name}")["orders"]]
    assert len(same) == 1, "the repeated request made a second order"
