"""What each process is allowed, read from the kernel and not from the service."""
import os
import pathlib
import re
import subprocess

import pytest
from harness.api import unique_name
from harness.service import ROLES, program


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {k: v.strip() for k, _, v in (li.partition(":") for li in lines)}


def limit_of(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith(name):
            return line[len(name):].split()[:2]
    raise AssertionError(name)


def sockets_of(pid):
    """Kinds of the process's sockets: the keymaker may hold only UNIX pairs."""
    inodes = {}
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            inodes[line.split()[8 if table == "packet" else 9]] = table
    out = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        found = re.fullmatch(r"socket:\[(\d+)\]", target)
        if found and found.group(1) in inodes:
            out.append(inodes[found.group(1)])
    return out


@pytest.mark.parametrize("role", ROLES)
def test_role_is_confined(service, role):
    pid = service.pid(role)
    status = status_of(pid)
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert limit_of(pid, "Max core file size") == ["0", "0"]
    for caps in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(status[caps], 16) == 0, caps


def test_the_supervisor_leaves_no_core_file(service):
    """It read the configuration, with the mail server's password in it."""
    assert limit_of(service.proc.pid, "Max core file size") == ["0", "0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="own users for the roles need root at start")
def test_every_role_has_a_user_of_its_own(service):
    users = {role: status_of(service.pid(role))["Uid"].split() for role in ROLES}
    assert all(len(set(ids)) == 1 and ids[0] != "0" for ids in users.values()), users
    assert len({ids[0] for ids in users.values()}) == len(ROLES), users
    groups = {role: status_of(service.pid(role)) for role in ROLES}
    assert all(g["Gid"].split()[0] != "0" and g["Groups"] in ("", g["Gid"].split()[0]) for g in groups.values())


@pytest.mark.parametrize("role", ["core", "keymaker", "signer"])
def test_role_without_network_has_no_network_socket(service, account, role):
    account.order(unique_name(), key_type="ec:p256")
    assert sockets_of(service.pid(role)) == []
    for worker in service.workers() if role == "keymaker" else []:
        try:
            assert sockets_of(worker) == []
        except (FileNotFoundError, ProcessLookupError):
            pass  # its one order is done, and so is it


def test_keymaker_and_its_workers_have_no_file_open(service):
    for pid in [service.pid("keymaker"), *service.workers()]:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
            except OSError:
                continue
            assert target.startswith(("socket:", "pipe:", "anon_inode:", "/dev/null", "/dev/urandom", "/memfd:")) or \
                target == str(service.log_path), (pid, fd, target)


def test_keymaker_workers_cannot_write_files_and_are_not_dumpable(service):
    workers = service.workers()
    assert workers, "no warm worker"
    for pid in workers:
        assert limit_of(pid, "Max file size") == ["0", "0"]
        assert limit_of(pid, "Max core file size") == ["0", "0"]
        assert status_of(pid)["Seccomp"] == "2"
        assert os.stat(f"/proc/{pid}/environ").st_uid == 0, "a process that is not dumpable belongs to root in /proc"


def test_only_the_core_has_the_database_open(service):
    for role in ROLES:
        pid = service.pid(role)
        files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")
                 if os.path.islink(f"/proc/{pid}/fd/{fd}")]
        database = [f for f in files if ".db" in os.path.basename(f) or "sqlite" in f]
        assert bool(database) == (role == "core"), (role, files)


def test_nothing_secret_on_command_lines_or_in_environments(service):
    secrets = [service.secret("admin-token").encode(), service.secret("admin-password").encode()]
    for pid in [service.proc.pid, *service.processes()]:
        for what in ("cmdline", "environ"):
            data = pathlib.Path(f"/proc/{pid}/{what}").read_bytes()
            assert not [s for s in secrets if s in data]


def test_state_directory_is_private(service):
    assert service.state.stat().st_mode & 0o077 == 0 or os.geteuid() == 0
    for name in ("admin-token", "admin-password"):
        assert (service.bootstrap / name).stat().st_mode & 0o777 == 0o600
    for path in (p for p in service.state_files() if p.suffix != ".new"):
        assert path.stat().st_mode & 0o007 == 0 or path == service.root_pem, path


def test_roles_in_the_status_are_the_processes(service, admin):
    told = {r["role"]: r["pid"] for r in admin.get("/admin/status")["roles"]}
    assert set(told) >= set(ROLES)
    for role in ROLES:
        assert told[role] == service.pid(role)


def test_keymaker_links_only_what_it_needs_and_binds_now():
    binary = program("autocsr-keymaker")
    dynamic = subprocess.run(["readelf", "-d", binary], capture_output=True, text=True, check=True).stdout
    needed = set(re.findall(r"NEEDED.*\[(.+?)\]", dynamic))
    assert {n.split(".so")[0] for n in needed} <= {"libcrypto", "libc", "libseccomp", "libpthread", "ld-linux-x86-64",
                                                   "libasan", "libubsan", "libm", "libgcc_s"}
    assert "NOW" in dynamic


@pytest.mark.parametrize("name", ["autocsrd", "autocsr", *("autocsr-" + r for r in ROLES)])
def test_programs_are_hardened(name):
    header = subprocess.run(["readelf", "-Wlhd", program(name)], capture_output=True, text=True, check=True).stdout
    assert "DYN (" in header and "GNU_RELRO" in header and "NOW" in header
    stack = re.search(r"GNU_STACK.*", header).group(0)
    assert "RWE" not in stack
