"""HYGIENE's point 5: what a worker asks of the kernel in its whole life, and what remains when it is killed at each of these calls."""
import os
import pathlib
import secrets
import subprocess
import threading
import time

import pytest
from cryptography import x509
from harness import crypto, trace
from harness.api import unique_name
from harness.drive import hand_over, patient
from harness.fixtures import _new_services, base_config
from harness.flow import World
from harness.net import wait_for
from harness.service import merged
from lab import loot, needles, snapshots
from lab.stepping import Stepper

pytestmark = [pytest.mark.forensic, pytest.mark.x86]
FD_ORDER, FD_RESULT, FD_ARCHIVE = 3, 4, 5
# The filter's fifteen, and what a worker does before it enters it.
FILTERED = {"read", "write", "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "futex", "getrandom", "getpid", "clock_gettime",
            "close", "exit_group", "rt_sigreturn"}
SETTING_UP = FILTERED | {"prctl", "fcntl", "dup2", "close_range", "mlock", "mlock2", "mlockall", "memfd_secret", "ftruncate", "prlimit64",
                         "setrlimit", "seccomp", "setpriority", "set_robust_list", "gettid", "rt_sigprocmask"}
ALL = os.environ.get("FORENSIC_ALL") == "1"
FROM = int(os.environ.get("FORENSIC_FROM", "1"))  # with FORENSIC_ALL: go on at this call where an earlier run stopped


@pytest.fixture(scope="module")
def fresh(e2e_dir, dns, smtp, web):
    """No worker waits: each order is a worker's whole life."""
    config = merged(base_config(dns, smtp, web), {"keymaker": {"warm_workers": "0"}})
    world = World(_new_services(e2e_dir, [])(config).start(), dns, smtp, web)
    world.customer = world.register()
    yield world
    world.service.stop()


class Ordering:
    """An order that is placed while the worker is led; the same again, as a patient customer does, afterwards."""

    def __init__(self, api, key_type):
        self.api, self.name, self.key_type, self.key = api, unique_name(), key_type, secrets.token_hex(8)
        self.thread = threading.Thread(target=self._try)
        self.thread.start()

    def _place(self):
        return self.api.order(self.name, key_type=self.key_type, headers={"Idempotency-Key": self.key})

    def _try(self):
        try:
            self._place()
        except Exception:  # noqa: BLE001 - whatever the customer was told, he asks again
            pass

    def again(self):
        self.thread.join(60)
        return patient(self._place)


@pytest.fixture(scope="module", params=["ec:p256", "rsa:2048", "ed25519"])
def life(request, fresh):
    """(calls, descriptors when the filter is entered, wait status) of one worker from fork to end."""
    with Stepper("child-of", fresh.service.pid("keymaker")) as worker:
        order = Ordering(fresh.customer, request.param)
        worker.wait().until("seccomp")
        folder = f"/proc/{worker.pid}/fd"
        descriptors = {int(fd): os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)}
        while worker.next() is not None:
            pass
        calls, status = worker.calls, worker.status
    archive = fresh.customer.fetch_archive(order.again())
    assert archive
    return calls, descriptors, status


def sealed_at(calls):
    """Where the filter is in force: after its seccomp call."""
    return next(i for i, c in enumerate(calls) if c.number == "seccomp") + 1


def test_a_worker_opens_no_file_and_no_connection(life):
    calls, _, status = life
    assert status == 0, "it ended otherwise than by exit(0)"
    names = [c.number for c in calls]
    at = sealed_at(calls)
    assert set(names[at:]) - {"seccomp"} <= FILTERED
    assert set(names[:at]) <= SETTING_UP
    assert not set(names) & {"open", "openat", "openat2", "creat", "socket", "connect", "sendto", "sendmsg", "execve", "fork", "vfork", "clone"}


def test_a_worker_has_three_pipes_and_uses_each_one_way(life):
    calls, descriptors, _ = life
    assert set(descriptors) == {FD_ORDER, FD_RESULT, FD_ARCHIVE} and all(d.startswith("pipe:") for d in descriptors.values()), descriptors
    at = sealed_at(calls)
    assert {c.args[0] for c in calls[at:] if c.number == "read"} == {FD_ORDER}
    written = [c.args[0] for c in calls[at:] if c.number == "write"]
    assert written == sorted(written, reverse=True) and set(written) == {FD_RESULT, FD_ARCHIVE}, "the archive first, then the result"
    assert not [c for c in calls[:at] if c.number == "write"]


def test_every_worker_seeds_its_generators_anew(life):
    """The parent's were copied by the fork: new randomness from the kernel into all three, before the order is read."""
    calls, _, _ = life
    before = [c.number for c in calls[:next(i for i, c in enumerate(calls) if c.number == "read")]]
    assert before.count("getrandom") >= 3, before


def test_strace_sees_the_same(fresh, tmp_path):
    """Another witness than our own stepper."""
    if trace.available():
        pytest.skip(trace.available())
    pid, out = fresh.service.pid("keymaker"), tmp_path / "trace"
    with subprocess.Popen(["strace", "-f", "-qq", "-o", out, "-p", str(pid)], stderr=subprocess.DEVNULL) as proc:
        wait_for("strace", lambda: trace.Trace._traced(pid), 10)
        fresh.customer.fetch_archive(fresh.customer.order(unique_name(), key_type="ec:p256"))
        time.sleep(0.2)
        proc.terminate()
    lines = [line.split(None, 1) for line in out.read_text().splitlines()]
    calls = [text.split("(")[0] for who, text in lines if int(who) != pid and "(" in text and text[0] != "<"]
    assert "getrandom" in calls and "write" in calls and set(calls) <= SETTING_UP | {"exit_group"}, set(calls) - SETTING_UP


# ---- killed

def add_secrets(wanted, copy, pid):
    """Whatever its secret pages hold that looks random: pieces of key, code, seeds of its generators."""
    found, data = needles.Needles(), copy.contents(pid)
    for s in copy.segments(pid):
        if s.name.startswith("/secretmem"):
            found.add("the worker", "secret page", data[s.at:s.at + s.length])
    wanted.known |= {p: what for p, what in found.known.items() if 0 not in p and len(set(p)) >= 6}


def drop_what_others_had(wanted, snapshot):
    """Constants of curves, code, and so on: what was in other processes before the order."""
    for piece in {h.piece for h in snapshot.search(wanted)}:
        del wanted.known[piece]


# After the filter; how often an RSA key's generation asks for the process id is a matter of luck, so these are counted by name.
TAIL = [("read", 1), ("read", 2), ("getpid", 2), ("getrandom", 1), ("getrandom", 2), ("write", 1), ("close", 1), ("write", 2), ("close", 2), ("exit_group", 1)]
AROUND = {"getrandom", "write", "close", "read", "exit_group"}


def points(calls, key_type):
    """Where to kill: the n-th call of the whole life, or (name, n) after the filter."""
    if ALL:
        return [*range(FROM, calls + 1), *TAIL]
    return [1, calls // 3, *TAIL] if key_type == "ec:p256" else [("getpid", 20), *TAIL[3:]]


@pytest.fixture(scope="module")
def lives(fresh):
    """{key type: how many calls}"""
    out = {}
    for key_type in ("ec:p256", "rsa:2048"):
        with Stepper("child-of", fresh.service.pid("keymaker")) as worker:
            order = Ordering(fresh.customer, key_type)
            worker.wait()
            while worker.next() is not None:
                pass
            out[key_type] = len(worker.calls)
        order.again()
    return out


def reached(calls, point):
    names = [c.number for c in calls]
    if isinstance(point, int):
        return len(names) == point
    return "seccomp" in names and names[-1] == point[0] and names[names.index("seccomp"):].count(point[0]) == point[1]


def killed_before(world, key_type, point, directory):
    """(order, needles of what the worker had, what a thief gets from it at the last moment). A key is wiped between one call and the
    next, so the calls before are looked at too."""
    wanted, stolen = needles.Needles(), loot.Loot()
    with Stepper("child-of", world.service.pid("keymaker")) as worker:
        order = Ordering(world.customer, key_type)
        worker.wait()
        while worker.next() is not None:
            there, sealed = reached(worker.calls, point), "seccomp" in [c.number for c in worker.calls]
            if there or sealed and worker.calls[-1].number in AROUND:
                copy = worker.copy(directory / str(len(worker.calls)))
                add_secrets(wanted, copy, worker.pid)
            if there:
                stolen = loot.Loot(copy.written(worker.pid))
                worker.kill()
                break
    for pem in stolen.open():
        key = needles.Needles()
        needles.add_key(key, "the worker", crypto.load_key(pem))
        wanted.known |= key.known
    return order, wanted, stolen.keys()


@pytest.mark.parametrize("key_type", ["ec:p256", "rsa:2048"])
def test_killed_at_each_system_call_nothing_stays(fresh, lives, tmp_path, key_type):
    """SIGKILL before the k-th call: of all that its secret pages held nothing is anywhere else, no process is left behind, the order is
    in a clean state and gets a key from another worker."""
    held, opened = [], set()
    for k in points(lives[key_type], key_type):
        print(f"call {k} of {lives[key_type]}", flush=True)
        where = tmp_path / str(k).replace(" ", "")
        before = snapshots.take(fresh.service, where / "before")
        order, wanted, key = killed_before(fresh, key_type, k, where)
        drop_what_others_had(wanted, before)
        held.append(len(wanted.known))
        opened |= key
        wait_for("the worker to be buried", lambda: not fresh.service.workers(), 10)
        time.sleep(1 if ALL else 0.3)
        after = snapshots.take(fresh.service, where / "after")
        hits = after.search(wanted)
        stolen = loot.Loot(*(after.written(p) for p in after.pids))
        again = order.again()
        assert not [h for h in hits if h.piece not in public_of(fresh, again)], f"killed before call {k}:\n{snapshots.describe(hits)}"
        assert not stolen.keys() & key, f"killed before call {k}: memory opens the key"
        found = snapshots.find_pieces(wanted, [*fresh.service.state_files(), fresh.service.log_path])
        assert not [p for _, _, p in found if p not in public_of(fresh, again)], f"killed before call {k}: on the disk"
        now, archive = hand_over(fresh.customer, again)
        assert archive and now["state"] != "handover", f"killed before call {k}: no new key ({now['state']})"
        subprocess.run(["rm", "-rf", where], check=True)
    assert max(held) > 20 and opened, "control: the workers never held anything"


def public_of(world, order):
    """Pieces of the order's public key, which core has by right once the worker has told it."""
    csr = world.customer.call("GET", f"/orders/{order['id']}/csr")
    if csr.status_code != 200:
        return set()
    out = needles.Needles()
    for form in needles.public_forms(x509.load_pem_x509_csr(csr.content).public_key()):
        for at in range(len(form) - 7):
            out.known[form[at:at + 8]] = None
    return set(out.known)


def test_no_zombie_is_left(fresh):
    for pid in fresh.service.processes():
        assert "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    assert not fresh.service.workers()
