"""Every worker of the keymaker takes entropy of its own from the kernel, before its sandbox closes and before its key: seen by strace."""
import re
import subprocess

import pytest
from harness import trace
from harness.api import unique_name
from harness.net import wait_for

LINE = re.compile(r'^(getrandom|seccomp)\((.*)\) += (-?\w+)')
OURS = 48  # bytes for each of OpenSSL's three generators


@pytest.fixture(scope="module")
def seen(request, e2e_dir, dns, smtp, web, tmp_path_factory):
    """{pid: [(call, arguments, result), …]} of the workers of four orders, in order."""
    if trace.available():
        pytest.skip(trace.available())
    from harness.fixtures import _new_services, base_config
    from harness.flow import World
    service = _new_services(e2e_dir, [])(base_config(dns, smtp, web)).start()
    request.addfinalizer(service.stop)
    account = World(service, dns, smtp, web).register()
    out, pid = tmp_path_factory.mktemp("seed") / "strace", service.pid("keymaker")
    strace = subprocess.Popen(["strace", "-ff", "-qq", "-xx", "-s", "64", "-e", "trace=getrandom,seccomp", "-o", str(out), "-p", str(pid)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("strace", lambda: trace.Trace._traced(pid) or strace.poll() is not None, 10)
    for _ in range(4):
        account.fetch_archive(account.order(unique_name(), key_type="ec:p256"))
    strace.terminate()
    strace.wait(20)
    calls = {}
    for file in out.parent.glob("strace.*"):
        if file.suffix != f".{pid}":
            calls[int(file.suffix[1:])] = [m.groups() for m in map(LINE.match, file.read_text().splitlines()) if m]
    whole = {pid: list_ for pid, list_ in calls.items() if taken(list_) is not None}  # not those that strace left at their start
    assert len(whole) >= 4, calls
    return whole


def taken(calls):
    """What the kernel gave before the filter was loaded, as (bytes in hex, how many). What went straight into memfd_secret pages, not
    even strace can read: None."""
    before = []
    for call, arguments, result in calls:
        if call == "seccomp" and result == "0" and "FILTER" in arguments:
            return before
        if call == "getrandom":
            before.append((arguments.split('"')[1] if '"' in arguments else None, int(result)))
    return None


def test_each_worker_is_seeded_before_its_sandbox_closes(seen):
    for pid, calls in seen.items():
        sizes = [n for _, n in taken(calls)]
        assert sizes.count(OURS) >= 3, f"worker {pid}: {sizes}"


def test_no_two_seeds_are_alike(seen):
    seeds = [data for calls in seen.values() for data, n in taken(calls) if n >= 16 and data]
    assert len(seeds) == len(set(seeds)) >= 12
