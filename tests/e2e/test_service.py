"""The program as its operator meets it: start, stop, restart, reload, bad configurations, an ordinary user."""
import os
import signal
import subprocess

import pytest
from harness.fixtures import base_config
from harness.net import wait_for
from harness.service import ROLES, program


def check(service, *args):
    return subprocess.run([program("autocsrd"), "--config", str(service.config_file), *args], capture_output=True,
                          text=True, timeout=30, cwd=service.dir)


def test_first_start_makes_the_ca_and_one_administrator(new_world):
    world = new_world()
    admins = [u for u in world.admin().get("/users?all=1")["users"] if u["role"] == "admin"]
    assert len(admins) == 1 and world.admin_session().get("/session")["user"]["role"] == "admin"
    assert {p["id"] for p in world.admin().get("/products")["products"]} >= {"dv", "dv-wildcard", "ov", "ev"}
    assert world.service.get("/api/v1/ca").status_code in (200, 401)


def test_restart_keeps_everything_and_makes_no_second_administrator(new_world):
    world = new_world()
    account = world.register()
    issued = world.issue(account, key_type="ec:p256")
    root = world.service.root_pem.read_bytes()
    world.service.restart()
    assert world.service.root_pem.read_bytes() == root
    assert account.show(issued.id)["state"] == "issued"
    assert len([u for u in world.admin().get("/users?all=1")["users"] if u["role"] == "admin"]) == 1


def test_deleted_bootstrap_files_stay_deleted(new_world):
    world = new_world()
    token = world.service.secret("admin-token")
    root = world.service.root_pem.read_bytes()
    for name in ("admin-token", "admin-password"):
        (world.service.bootstrap / name).unlink()
    world.service.restart()
    assert not (world.service.bootstrap / "admin-password").exists()
    assert world.service.root_pem.read_bytes() == root
    assert world.anonymous().call("GET", "/admin/status", headers={"Authorization": "Bearer " + token}).status_code == 200


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_stops_in_order(new_world, sig):
    service = new_world().service
    members = service.births()
    service.proc.send_signal(sig)
    assert service.proc.wait(20) == 0
    service.proc = None
    wait_for("all roles to end", lambda: service.gone(members), 10)
    service.check_sanitizers()


def test_when_the_supervisor_is_killed_all_roles_end(new_world):
    service = new_world().service
    members = service.births()
    os.kill(service.proc.pid, signal.SIGKILL)
    service.proc.wait(10)
    service.proc = None
    wait_for("all roles to end", lambda: service.gone(members), 15)


def test_sighup_reloads_and_keeps_serving(new_world):
    world = new_world()
    account = world.register()
    os.kill(world.service.proc.pid, signal.SIGHUP)
    wait_for("ready after the reload", world.service.ready, 20)
    assert account.get("/session")
    assert len(world.service.processes()) >= len(ROLES)


def test_sighup_with_a_bad_trust_anchor_keeps_the_old(new_world):
    """The prober would end at such a file, and end again whenever it is started anew: it is not told of it at all."""
    world = new_world()
    service, old = world.service, world.service.config["validation"]["trust_anchor_file"]
    anchor, prober = service.dir / "new-anchor.txt", service.pid("prober")
    service.config["validation"]["trust_anchor_file"] = str(anchor)
    assert service.config_file.exists(), "written anew"
    for number, content in enumerate((None, "", "<html>404</html>\n", ". IN DS 20326 8 2 E06D44B8\n"), 1):
        anchor.unlink(missing_ok=True)
        if content is not None:
            anchor.write_text(content)
        os.kill(service.proc.pid, signal.SIGHUP)
        wait_for("the refusal", lambda: service.log_text().count("reload.refused") == number, 10)
        line = service.log_text().split("reload.refused")[-1]
        assert str(anchor) in line and "trust_anchor_file" in line
        assert check(service, "--check").returncode != 0
    assert service.pid("prober") == prober and service.ready()
    assert world.issue(world.register(), key_type="ec:p256").order["state"] == "issued", "with the old one"
    anchor.write_bytes(open(old, "rb").read())
    os.kill(service.proc.pid, signal.SIGHUP)
    wait_for("another prober", lambda: service.ready() and service.pid("prober") not in (None, prober), 20)


@pytest.mark.skipif(os.geteuid() != 0, reason="running as another user needs root")
def test_an_ordinary_user_can_run_it(new_world, e2e_dir):
    """All roles as that user, with every other part of the sandbox; and a whole order works."""
    import tempfile
    where = tempfile.mkdtemp(prefix="user-", dir=e2e_dir)
    os.chown(where, 65534, 65534)
    world = new_world(user=65534, directory=where)
    account = world.register()
    assert world.issue(account, key_type="ec:p256").order["state"] == "issued"
    for role in ROLES:
        status = open(f"/proc/{world.service.pid(role)}/status").read()
        assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status and "Uid:\t65534" in status


def test_check_accepts_the_configuration(new_service, dns, smtp, web):
    service = new_service(base_config(dns, smtp, web))
    assert check(service, "--check").returncode == 0
    assert not service.state.exists() or not list(service.state.iterdir()), "--check must not make anything"


@pytest.mark.parametrize("section,key,value", [
    ("server", "lisen", "127.0.0.1:1"), ("server", "listen", "not-an-address"), ("server", "listen", "127.0.0.1:99999"),
    ("validation", "http_port", "0"), ("validation", "http_port", "abc"), ("validation", "allow_networks", "127.0.0.0/99"),
    ("mail", "starttls", "maybe"), ("mail", "smtp", "gopher://x"), ("nonsense", "a", "b")])
def test_a_bad_configuration_names_file_line_and_remedy(new_service, section, key, value):
    service = new_service({section: {key: value}})
    done = check(service, "--check")
    assert done.returncode == 3, done.stderr
    line = next(i for i, text in enumerate(service.config_file.read_text().splitlines(), 1) if text == f"{key} = {value}")
    assert "autocsrd.conf" in done.stderr and str(line) in done.stderr


def test_missing_configuration_file(tmp_path):
    done = subprocess.run([program("autocsrd"), "--config", str(tmp_path / "none.conf")], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode in (2, 3) and "none.conf" in done.stderr


def test_a_port_in_use_is_said_and_ends_the_start(new_service, web):
    service = new_service({"server": {"listen": f"127.0.0.1:{web.port}"}})
    done = check(service)
    assert done.returncode != 0 and str(web.port) in done.stderr


def test_two_services_on_one_state_directory_are_refused(new_world, new_service):
    world = new_world()
    second = new_service({"server": {"state": world.service.state}})
    try:
        done = check(second)
        assert done.returncode != 0
    except subprocess.TimeoutExpired:
        raise AssertionError("a second service runs on the same state directory") from None
    assert world.service.ready()
