"""HYGIENE's point 6: what the kernel and the linker say of the keymaker and its workers."""
import os
import pathlib
import re
import subprocess
import tempfile

import pytest
from harness.fixtures import _new_services, base_config
from harness.flow import World
from harness.net import wait_for
from harness.service import ROLES, program
from lab import altered, snapshots
from test_controls import warm_worker

pytestmark = pytest.mark.forensic
NOBODY = 65534


def status_of(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def limit_of(pid, name):
    line = next(line for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith(name))
    return line[len(name):].split()[:2]


@pytest.fixture(scope="module")
def service(e2e_dir, dns, smtp, web):
    made = _new_services(e2e_dir, [])(base_config(dns, smtp, web)).start()
    warm_worker(made)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def ordinary(e2e_dir, dns, smtp, web):
    """All of it as one user, who is not root."""
    where = pathlib.Path(tempfile.mkdtemp(prefix="user-", dir=e2e_dir))
    os.chown(where, NOBODY, NOBODY)
    made = _new_services(e2e_dir, [])(base_config(dns, smtp, web), user=NOBODY, directory=where).start()
    warm_worker(made)
    yield made
    made.stop()


@pytest.fixture(params=["root", "ordinary"])
def started_by(request):
    """The service, started by root (each role has ids of its own) and by an ordinary user."""
    return request.getfixturevalue("service" if request.param == "root" else "ordinary")


def makers(service):
    workers = service.workers()
    assert workers, "control: no worker waits"
    return [service.pid("keymaker"), *workers]


def test_nothing_is_dumped_swapped_or_gained(started_by):
    for pid in makers(started_by):
        status = status_of(pid)
        assert limit_of(pid, "Max core file size") == ["0", "0"]
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
        assert status["VmSwap"].split()[0] == "0"
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0, "a dumpable process: its /proc belongs to its user"


def test_a_worker_can_write_no_file_and_open_nothing_more(started_by):
    for pid in started_by.workers():
        assert limit_of(pid, "Max file size") == ["0", "0"]
        assert int(status_of(pid)["Seccomp_filters"]) == 2, "the parent's filter and its own"
        assert limit_of(pid, "Max open files")[1] == str(len(os.listdir(f"/proc/{pid}/fd")) + 3)
        assert limit_of(pid, "Max cpu time")[1] == "60"


def test_the_key_s_pages_are_secret_or_locked_and_the_log_says_which(started_by):
    told = [line for line in started_by.log_lines() if line["event"] == "keymaker.memory"]
    assert len(told) == 1
    for pid in started_by.workers():
        secret = "/secretmem" in pathlib.Path(f"/proc/{pid}/maps").read_text()
        assert told[0]["keys-in"] == ("memfd_secret" if secret else "mlock")
        assert secret or int(status_of(pid)["VmLck"].split()[0]) >= 64


def test_without_memfd_secret_the_pages_are_locked_and_the_log_says_so(e2e_dir, dns, smtp, web):
    where = pathlib.Path(tempfile.mkdtemp(prefix="altered-", dir=e2e_dir))
    where.chmod(0o755)
    service = _new_services(e2e_dir, [])(base_config(dns, smtp, web), env={"ALTERED": "no-secret-pages"}, directory=where)
    service.build = altered.build(where)
    service.start()
    try:
        workers = warm_worker(service)
        test_the_key_s_pages_are_secret_or_locked_and_the_log_says_which(service)
        told = next(line for line in service.log_lines() if line["event"] == "keymaker.memory")
        assert told["keys-in"] == "mlock"
        for pid in workers:
            smaps = pathlib.Path(f"/proc/{pid}/smaps").read_text()
            assert re.search(r"VmFlags:.*\blo\b.*\bdd\b|VmFlags:.*\bdd\b.*\blo\b", smaps), "no page is locked and left out of dumps"
    finally:
        service.stop()


# ---- nobody of the same user looks in

def attach_as(uid, pid):
    """The snapshot tool, started by that user; its exit status."""
    with tempfile.TemporaryDirectory() as d:
        os.chmod(d, 0o777)
        tool = pathlib.Path(d, "snapshot")
        tool.write_bytes((snapshots.TOOLS / "snapshot").read_bytes())
        tool.chmod(0o755)
        done = subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", tool, d, str(pid)], capture_output=True,
                              text=True, check=False)
        return done.returncode == 0 and (pathlib.Path(d) / f"{pid}.bin").exists()


def can_read_memory(uid, pid):
    script = f"open('/proc/{pid}/mem', 'rb')"
    return subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "/usr/bin/python3", "-c", script],
                          capture_output=True, check=False).returncode == 0


def test_the_same_user_can_look_into_a_process_of_his(e2e_dir):
    """Control: this is what the next test must fail at."""
    sleeper = subprocess.Popen(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sleep", "60"])
    try:
        wait_for("sleep", lambda: os.readlink(f"/proc/{sleeper.pid}/exe").endswith("sleep"), 5)
        assert attach_as(NOBODY, sleeper.pid) and can_read_memory(NOBODY, sleeper.pid)
    finally:
        sleeper.kill()
        sleeper.wait()


@pytest.mark.parametrize("role", [*ROLES, "worker"])
def test_the_same_user_cannot_look_into_any_process_of_the_service(ordinary, role):
    pid = ordinary.workers()[0] if role == "worker" else ordinary.pid(role)
    assert status_of(pid)["Uid"].split()[0] == str(NOBODY)
    assert not attach_as(NOBODY, pid) and not can_read_memory(NOBODY, pid)


# ---- the linker

def elf(path, *words):
    return subprocess.run(["readelf", "-W", *words, str(path)], capture_output=True, text=True, check=True).stdout


def test_the_keymaker_is_bound_before_it_runs():
    dynamic, header = elf(program("autocsr-keymaker"), "-d"), elf(program("autocsr-keymaker"), "-lh")
    assert re.search(r"\(FLAGS\).*BIND_NOW", dynamic) and re.search(r"\(FLAGS_1\).*NOW.*PIE", dynamic)
    assert "GNU_RELRO" in header and "DYN (" in header


def libraries(pid):
    """{path: address of its start} of what this process has mapped."""
    out = {}
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        words = line.split()
        if len(words) > 5 and ".so" in words[5]:
            out.setdefault(words[5], int(words[0].split("-")[0], 16))
    return out


def unbound(pid, path, base):
    """Functions whose entry in the global offset table still leads to the linker, that is into the library's own stubs."""
    stubs = [(int(a, 16), int(a, 16) + int(n, 16)) for a, n in re.findall(r"\s\.plt\S*\s+PROGBITS\s+(\S+)\s+\S+\s+(\S+)", elf(path, "-S"))]
    out = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in elf(path, "-r").splitlines():
            if "_JUMP_SLO" in line:
                memory.seek(base + int(line.split()[0], 16))
                where = int.from_bytes(memory.read(8), "little") - base
                if any(a <= where < b for a, b in stubs):
                    out.append(line.split()[4])
    return out


def test_every_library_of_a_worker_is_bound_before_it_runs(service):
    """Debian's libcrypto asks for that itself; libc and libseccomp do not: it is looked up in the running process."""
    pid = service.workers()[0]
    mapped = libraries(pid)
    assert {pathlib.Path(p).name.split(".so")[0] for p in mapped} >= {"libcrypto", "libc", "libseccomp"}
    for path, base in mapped.items():
        assert "GNU_RELRO" in elf(path, "-l"), path
        assert not unbound(pid, path, base), path
    assert b"LD_BIND_NOW=1" in pathlib.Path(f"/proc/{pid}/environ").read_bytes()


def test_a_library_that_is_bound_late_would_be_seen(service):
    """Control: the prober, which nobody told the linker about."""
    pid = service.pid("prober")
    assert any(unbound(pid, path, base) for path, base in libraries(pid).items())
