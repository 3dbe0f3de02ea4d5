"""A long audit log: judging all of it keeps nobody waiting, and proofs are as good as those of a short one."""
import subprocess
import threading

import pytest
from harness.service import BUILD
from test_audit_log import signed_up_to

ENTRIES = 100_000
FILL = BUILD / "tests" / "bench" / "auditfill"


@pytest.fixture(scope="module")
def long_log(e2e_dir, dns, smtp, web):
    if not FILL.exists():
        pytest.skip("the bench's programs were not built")
    from harness.fixtures import _new_services, base_config
    from harness.flow import World
    service = _new_services(e2e_dir, [])(base_config(dns, smtp, web)).start()
    world = World(service, dns, smtp, web)
    account = world.register()
    service.stop()
    subprocess.run([str(FILL), str(service.state / "core" / "autocsr.db"), str(ENTRIES)], check=True)
    service.start()
    account.login(account.email, account.password)
    yield world, account
    service.stop()


def test_others_are_served_while_the_whole_log_is_judged(long_log):
    world, account = long_log
    verdict, done = [], threading.Event()

    def judge():
        verdict.append(world.admin().get("/audit/verify"))
        done.set()
    thread = threading.Thread(target=judge)
    served = 0
    thread.start()
    while not done.is_set():
        account.patch("/account", {"name": f"Renamed {served}"})
        served += 1
    thread.join()
    assert verdict[0]["ok"] and verdict[0]["entries"] >= ENTRIES
    assert served >= 3, "somebody waited for the verdict"
    assert account.fresh_session().user["email"] == account.email


def test_several_verdicts_wait_for_each_other_and_agree(long_log):
    world, _ = long_log
    verdicts = []
    threads = [threading.Thread(target=lambda: verdicts.append(world.admin().get("/audit/verify"))) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(verdicts) == 3 and all(v["ok"] for v in verdicts)


def test_a_proof_from_a_long_log_holds(long_log):
    world, _ = long_log
    admin = world.admin()
    size = signed_up_to(admin, ENTRIES)["size"]
    proof = admin.get(f"/audit/inclusion?seq=77777&size={size}")
    assert proof["entry"]["seq"] == 77777 and 15 <= len(proof["path"]) <= 18
