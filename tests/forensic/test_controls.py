"""HYGIENE's point 2: the search must find what is there. A keymaker that leaks on purpose, pieces planted in each process, a worker
that is looked into while it lives. If one of these is not found, the zeros of test_nothing_stays.py mean nothing."""
import pathlib
import tempfile
import threading
import time

import pytest
from harness import crypto
from harness.api import unique_name
from harness.fixtures import _new_services, base_config
from harness.flow import World
from harness.net import wait_for
from harness.service import ROLES
from lab import altered, needles, snapshots
from lab.stepping import Stepper

pytestmark = pytest.mark.forensic


def world_with(e2e_dir, dns, smtp, web, altered_by=None, config=None):
    """A service with the altered keymaker; `altered_by` is its environment variable."""
    where = pathlib.Path(tempfile.mkdtemp(prefix="altered-", dir=e2e_dir))
    where.chmod(0o755)
    service = _new_services(e2e_dir, [])({**base_config(dns, smtp, web), **(config or {})}, env={"ALTERED": altered_by or "none"}, directory=where)
    service.build = altered.build(where)
    return World(service.start(), dns, smtp, web)


@pytest.fixture(scope="module")
def leaky(e2e_dir, dns, smtp, web):
    world = world_with(e2e_dir, dns, smtp, web)
    world.customer = world.register()
    yield world
    world.service.stop()


@pytest.fixture(scope="module")
def clean(e2e_dir, dns, smtp, web):
    """The real keymaker; its own service, because its workers are stopped and looked into."""
    world = World(_new_services(e2e_dir, [])(base_config(dns, smtp, web)).start(), dns, smtp, web)
    world.customer = world.register()
    yield world
    world.service.stop()


def delivered(world, name=None, key_type="rsa:2048"):
    """Needles of one order, delivered and its code revealed."""
    return finished(world.customer, world.customer.order(name or unique_name(), key_type=key_type))


def finished(api, order):
    out = needles.Needles()
    archive = api.fetch_archive(order)
    api.acknowledge(order, archive)
    code = crypto.passphrase(api.code(order))
    key = crypto.load_key(crypto.open_archive(archive, code))
    needles.of_delivery(out, "the order", archive, key, api.get(f"/orders/{order['id']}/csr"), code)
    return out


# ---- a build with a deliberate leak

@pytest.mark.parametrize("key_type", ["rsa:2048", "ec:p256"])
@pytest.mark.parametrize("kind,found_as", [("key", "DER"), ("limbs", "limbs"), ("pem", "PEM"), ("code", "code"), ("zip", "AES key")])
def test_a_leak_into_the_keymaker_s_parent_is_found(leaky, tmp_path, kind, found_as, key_type):
    wanted = delivered(leaky, unique_name().replace("h", f"leak-{kind}.h", 1), key_type)
    hits = snapshots.take(leaky.service, tmp_path).search(wanted)
    assert [h for h in hits if h.process.startswith("autocsr-keymaker") and h.kind.endswith(found_as)], snapshots.describe(hits)


@pytest.mark.x86
def test_a_leak_that_is_only_in_a_vector_register_is_found(leaky, tmp_path):
    wanted = delivered(leaky, unique_name().replace("h", "leak-register.h", 1))
    time.sleep(0.1)
    hits = snapshots.take(leaky.service, tmp_path).search(wanted)
    assert hits and all(h.where.startswith("[registers") for h in hits), snapshots.describe(hits)


def test_a_code_in_the_log_is_found(leaky):
    wanted = delivered(leaky, unique_name().replace("h", "leak-log.h", 1), "ec:p256")
    wait_for("the code in the log", lambda: snapshots.find_pieces(wanted, [leaky.service.log_path]), 5)


def test_the_altered_keymaker_is_clean_when_nothing_is_altered(leaky, tmp_path):
    """What the others found was the leak and not the build."""
    delivered(leaky, unique_name().replace("h", "leak-key.h", 1), "ec:p256")
    wanted = delivered(leaky)
    time.sleep(1)
    hits = snapshots.take(leaky.service, tmp_path).search(wanted)
    assert not hits, snapshots.describe(hits)


# ---- planted

@pytest.mark.parametrize("role", ["autocsrd", *ROLES])
def test_a_piece_in_the_memory_of_any_process_is_found(clean, tmp_path, role):
    """Eight bytes of a prime, far below the stack of a process that is not the keymaker's: no process is left out."""
    wanted = delivered(clean)
    piece = next(p for p, (_, kind) in wanted.known.items() if kind == "p, limbs")
    pid = clean.service.pid(role)
    stack = next(line for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines() if line.endswith("[stack]"))
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(int(stack.split("-")[0], 16) + 65)  # no address that is a multiple of anything
        memory.write(piece)
    hits = snapshots.take(clean.service, tmp_path).search(wanted)
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(int(stack.split("-")[0], 16) + 65)
        memory.write(bytes(8))
    assert [(h.where, h.piece) for h in hits if h.process.endswith(f" {pid}")] == [("[stack]", piece)], snapshots.describe(hits)


# ---- inside a worker that lives

def warm_worker(service):
    """The one that gets the next RSA-2048 order, when it has made its key: it sleeps in read."""
    def asleep():
        pids = sorted(service.workers())
        waiting = [p for p in pids if pathlib.Path(f"/proc/{p}/wchan").read_text().find("pipe_read") >= 0]
        return pids if pids and waiting == pids else None
    return wait_for("warm workers", asleep, 30)


@pytest.mark.x86
def test_a_look_inside_a_waiting_worker_finds_the_key(clean, tmp_path):
    """It copies its secret pages out itself, led by ptrace. The other processes have nothing of the key that is to come."""
    workers = warm_worker(clean.service)
    inside = snapshots.take(clean.service, tmp_path, inside=workers)
    wanted = delivered(clean)
    hits = inside.search(wanted)
    assert {h.kind for h in hits} >= {"p, limbs", "q, limbs", "d, limbs"}, snapshots.describe(hits)
    assert {int(h.process.split()[1]) for h in hits} <= set(workers) and len({h.process for h in hits}) == 1, snapshots.describe(hits)


def secret_pages(service):
    return any("/secretmem" in pathlib.Path(f"/proc/{p}/maps").read_text() for p in service.workers())


def test_root_outside_a_waiting_worker_finds_no_key_where_the_kernel_has_secret_pages(clean, tmp_path):
    """memfd_secret: not even root reads these pages through /proc."""
    warm_worker(clean.service)
    if not secret_pages(clean.service):
        pytest.skip("this kernel has no memfd_secret")
    outside = snapshots.take(clean.service, tmp_path)
    wanted = delivered(clean)
    hits = outside.search(wanted)
    assert not hits, snapshots.describe(hits)


def test_without_secret_pages_the_key_is_found_in_the_worker_and_nowhere_else(e2e_dir, dns, smtp, web, tmp_path):
    """The same search from outside finds it there; one second after delivery it is nowhere; the order says what protected it."""
    world = world_with(e2e_dir, dns, smtp, web, "no-secret-pages")
    try:
        world.customer = world.register()
        workers = warm_worker(world.service)
        assert not secret_pages(world.service)
        before = snapshots.take(world.service, tmp_path / "before")
        wanted = delivered(world)
        hits = before.search(wanted)
        assert {h.kind for h in hits} >= {"p, limbs", "q, limbs"} and {int(h.process.split()[1]) for h in hits} <= set(workers)
        time.sleep(1)
        hits = snapshots.take(world.service, tmp_path / "after").search(wanted)
        assert not hits, snapshots.describe(hits)
    finally:
        world.service.stop()


@pytest.mark.x86
@pytest.mark.parametrize("key_type", ["ec:p256", "ec:p384", "ed25519", "rsa:2048"])
def test_a_worker_that_makes_its_order_is_caught_with_key_code_and_archive(clean, tmp_path, key_type):
    """Looked into before each of its last calls, up to the one that writes the archive."""
    api, seen, made = clean.customer, [], []
    how = ("pid", warm_worker(clean.service)[0]) if key_type == "rsa:2048" else ("child-of", clean.service.pid("keymaker"))
    with Stepper(*how) as worker:
        customer = threading.Thread(target=lambda: made.append(api.order(unique_name(), key_type=key_type)))
        customer.start()
        worker.wait()
        if key_type != "rsa:2048":
            worker.until("seccomp")
        while worker.next().number != "write":
            seen.append(worker.copy(tmp_path / str(len(seen))))
        seen.append(worker.copy(tmp_path / "write"))
        worker.go()
        customer.join(30)
    wanted = finished(api, made[0])
    kinds = [{h.kind for h in copy.search(wanted)} for copy in seen]
    assert any(k & {"p, limbs", "scalar, limbs", "seed, DER"} for k in kinds), f"the key was never seen: {kinds}"
    assert kinds[-1] >= {"code", "archive"}, kinds[-1]
