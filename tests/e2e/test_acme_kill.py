"""kill -9 at each step of an ACME order, of one process, of all, and at the k-th system call: it goes on, and signs once."""
import subprocess
import time

import pytest
import requests
from harness import trace
from harness.acme import Acme, b64, ident
from harness.api import unique_name
from harness.crypto import certificates, spki
from harness.csrs import new_key, own_csr, to_der
from harness.fixtures import private_world
from harness.net import wait_for
from oracle import Oracle

STAGES = ["ordered", "answered", "ready", "finalized"]
ONE = [("core", "ordered"), ("core", "answered"), ("core", "ready"), ("core", "finalized"), ("prober", "answered"),
       ("signer", "ready"), ("signer", "finalized"), ("front", "finalized")]
# All of core's commits in the course of an order, and what it sends to others in between.
POINTS = [(role, call, k) for role, call, ks in [("core", "fdatasync", range(1, 8)), ("core", "sendmsg", (2, 4, 6)),
                                                 ("signer", "fdatasync", (1, 2)), ("signer", "write", (1, 2)),
                                                 ("signer", "sendmsg", (1,)),
                                                 ("prober", "sendmsg", (1,))] for k in ks]


@pytest.fixture(scope="module")
def victim(e2e_dir, dns, smtp, web):
    world = private_world(e2e_dir, dns, smtp, web)
    world.acme = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    yield world
    try:
        Oracle(world).check()
    finally:
        world.service.stop()


def patient(client, url, payload="", seconds=40):
    """A signed request, sent anew until it is answered: the nonce was lost, a process was away."""
    end = time.monotonic() + seconds
    while True:
        try:
            answer = client.post(url, payload)
            if answer.status_code < 500 and not answer.text.count(":badNonce"):
                return answer
        except (requests.RequestException, IndexError):  # the latter: no nonce came
            client.nonces.clear()
        assert time.monotonic() < end, "the service did not answer in time"
        time.sleep(0.05)


class Errand:
    """One order, carried on from wherever it is."""

    def __init__(self, world):
        self.world, self.client, self.name, self.key = world, world.acme, unique_name(), new_key()
        self.der = to_der(own_csr(self.name, self.key)[0])
        answer = patient(self.client, self.client.directory["newOrder"], {"identifiers": [ident(self.name)]})
        assert answer.status_code == 201, answer.text
        self.url, self.authz = answer.headers["Location"], answer.json()["authorizations"][0]

    def show(self, url=None):
        answer = patient(self.client, url or self.url)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def answer(self):
        challenge = next(c for c in self.show(self.authz)["challenges"] if c["type"] == "http-01")
        self.world.web.publish(self.name, f"/.well-known/acme-challenge/{challenge['token']}",
                               self.client.key_authorization(challenge["token"]))
        assert patient(self.client, challenge["url"], {}).status_code == 200

    def finalize(self):
        answer = patient(self.client, self.url + "/finalize", {"csr": b64(self.der)})
        # RFC 8555 7.4: when an earlier answer was lost, the order is not ready any more.
        assert answer.status_code == 200 or answer.json()["type"].endswith(":orderNotReady"), answer.text

    def to(self, stage):
        for step in STAGES[1:STAGES.index(stage) + 1]:
            if step == "answered":
                self.answer()
            if step == "ready":
                wait_for("the order to be ready", lambda: self.show()["status"] == "ready", 30, 0.05)
            if step == "finalized":
                self.finalize()
        return self

    def finish(self):
        """To its certificate, which must be the only one."""
        def step():
            status = self.show()["status"]
            assert status != "invalid", self.show()
            if status == "pending" and self.show(self.authz)["status"] == "pending":
                self.answer()
            if status == "ready":
                self.finalize()
            return status == "valid"
        wait_for("the certificate", step, 60, 0.1)
        pem = patient(self.client, self.show()["certificate"]).text
        assert spki(certificates(pem)[0].public_key()) == spki(self.key.public_key())
        assert Oracle(self.world).signed_for(self.url.rsplit("/", 1)[1]) == 1


@pytest.mark.parametrize("role,stage", ONE)
def test_killing_one_process(victim, role, stage):
    errand = Errand(victim).to(stage)
    victim.service.kill(role)
    errand.finish()


@pytest.mark.parametrize("stage", STAGES)
def test_killing_the_whole_service(victim, stage):
    errand = Errand(victim).to(stage)
    victim.service.kill_all()
    Oracle(victim, stopped=True).check_files()
    victim.service.start()
    errand.finish()
    Oracle(victim).check()


@pytest.mark.skipif(bool(trace.available()), reason=str(trace.available()))
@pytest.mark.parametrize("role,call,k", POINTS)
def test_killed_at_a_system_call(victim, role, call, k):
    pid = victim.service.pid(role)
    proc = subprocess.Popen(["strace", "-qq", "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:signal=SIGKILL:when={k}",
                             "-o", "/dev/null", "-p", str(pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("strace", lambda: trace.Trace._traced(pid) or proc.poll() is not None, 10)
    try:
        Errand(victim).finish()
    finally:
        if proc.poll() is None:
            proc.terminate()
        proc.wait(10)
    victim.service.wait_ready(20)


def test_a_storm_of_kills(victim):
    """Several orders at once while processes die; each ends with exactly one certificate."""
    errands = [Errand(victim).to(stage) for stage in STAGES * 2]
    for role in ("core", "signer", "core", "prober"):
        victim.service.kill(role)
    for errand in errands:
        errand.finish()
