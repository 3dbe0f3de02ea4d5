"""Publishing as part of the whole service: the hook's process comes and goes with the settings, has a user and walls of its own; our web
server answers for tokens on the plain port; mistakes in the settings are told before anything starts."""
import os
import pathlib
import secrets
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import pytest
import requests
from harness.net import wait_for
from harness.part import Part
from harness.service import REPO, ROLES, Service, program
from harness.updatedns import Knot

EXAMPLES = REPO / "docs/examples"


@pytest.fixture(scope="module")
def place():
    """A directory that other users can enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="autocsr-publish-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def running(place):
    program = place / "hook"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    service = Service(place / "service", {"publish": {"hook": program}})
    service.start()
    yield service
    if service.proc is not None:
        service.stop()


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {k: v.strip() for k, _, v in (li.partition(":") for li in lines)}


def hooks(service):
    return [p for p, name in service.processes().items() if name == "autocsr-hook"]


def test_the_hooks_process_is_confined(running):
    status = status_of(running.pid("hook"))
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert all(int(status[c], 16) == 0 for c in ("CapEff", "CapPrm", "CapInh", "CapAmb"))
    if os.geteuid() == 0:
        others = {status_of(running.pid(role))["Uid"] for role in ROLES}
        assert status["Uid"] not in others and "0" not in status["Uid"].split()
    assert "orphans.not-listed" not in running.log_text()
    fds = os.listdir(f"/proc/{running.pid('hook')}/fd")
    targets = [os.readlink(f"/proc/{running.pid('hook')}/fd/{fd}") for fd in fds]
    assert not [t for t in targets if t.startswith(str(running.state))]


def test_it_comes_and_goes_with_the_settings(running):
    hook = running.config["publish"].pop("hook")
    assert running.config_file
    running.proc.send_signal(signal.SIGHUP)
    wait_for("the hook's process to go", lambda: not hooks(running), 15)
    assert running.ready()
    running.config["publish"]["hook"] = hook
    assert running.config_file
    running.proc.send_signal(signal.SIGHUP)
    wait_for("the hook's process to come", lambda: hooks(running), 15)
    running.wait_ready()


def test_it_is_restarted_when_it_dies(running):
    running.kill("hook")
    assert hooks(running)


LEAVES_MORE = "#!/bin/sh\nsetsid sh -c 'sleep TAG; true' &\n(trap '' TERM; sleep TAG) &\nexec sleep TAG\n"


def commands(tag):
    """Processes whose command line has this, but not those that have ended and are not reaped yet."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if tag.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("victim", ["hook", "autocsrd"])
def test_nothing_that_the_command_started_survives_a_kill_9(place, victim):
    """Also what has left the command's session and process group."""
    program = place / "leaves-more"
    tag = f"304.{secrets.randbelow(10**9):09}"  # of this run alone: whatever has it is killed in the end
    program.write_text(LEAVES_MORE.replace("TAG", tag))
    program.chmod(0o755)
    service = Service(place / f"service-{victim}", {"publish": {"hook": program}}).start()
    service.stop()  # what is put into the database is seen at the start
    with sqlite3.connect(service.state / "core/autocsr.db", timeout=20) as db:
        db.execute("INSERT INTO publications (id, order_id, validation_id, automation, method, place, value, published_as, state, wake, error, "
                   "error_text, unsure, created_at) VALUES ('pub_x', 'o', 'v', 'hook', 'dns', '_acme-challenge.x.test', 'the value', '', 'unwanted', '', '', '', 1, 0)")
        db.execute("UPDATE publications SET unwanted_at = ?", (int(time.time()),))
        db.execute("INSERT INTO jobs (kind, object, due_at, lease_until, attempts, error) VALUES ('unpublish', 'pub_x', 1, 0, 0, '')")
    db.close()
    service.start()
    try:
        wait_for("the command to run", lambda: len(commands(tag)) >= 4, 40)
        program.write_text("#!/bin/sh\nexit 0\n")
        os.kill(service.pid(victim), signal.SIGKILL)
        wait_for("all to be gone", lambda: not commands(tag), 10)
    finally:
        for pid in commands(tag):
            os.kill(pid, signal.SIGKILL)
        if service.proc.poll() is None and victim == "hook":
            service.wait_ready()
            service.stop()
        service.proc is None or service.proc.kill()


def test_a_service_without_a_hook_has_no_such_process(service):
    assert not hooks(service)


def test_our_web_server_answers_on_the_plain_port(running):
    database = running.state / "core/autocsr.db"
    token = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA"
    url = f"{running.http_url}/.well-known/acme-challenge/"
    with sqlite3.connect(database, timeout=20) as db:
        db.execute("INSERT INTO publications (id, order_id, validation_id, automation, method, place, value, published_as, state, wake, error, "
                   "error_text, unsure, created_at) VALUES ('pub_x', 'o', 'v', 'responder', 'http', ?, 'the value', '', 'published', '', '', '', 0, 0)",
                   (token,))
    db.close()
    answer = requests.get(url + token, timeout=10, allow_redirects=False)
    assert answer.status_code == 200 and answer.content == b"the value"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    for other in (token[:-1], token + "x", token.lower(), "%2e%2e", "a/b", "", "x" * 5000):
        answer = requests.get(url + other, timeout=10, allow_redirects=False)
        assert answer.status_code in (400, 404, 414), (other, answer.status_code)
    assert requests.post(url + token, timeout=10, allow_redirects=False).status_code == 405
    assert requests.get(f"{running.http_url}/api/v1/orders", timeout=10, allow_redirects=False).status_code in (301, 307, 308)


BAD = [
    ({"hook": "/no/such/hook"}, "cannot open /no/such/hook"), ({"hook": "{place}"}, "is no program"),
    ({"hook": "{place}/loose"}, "others can change"), ({"directory": "/no/such/directory"}, "make it"),
    ({"dns_key": "/no/such/key"}, "cannot open"), ({"dns_key": "{place}/loose"}, "chmod 0600"),
    ({"delegate_zone": "acme.test"}, "nothing can publish"), ({"names": "all"}, "vouched"), ({"dns_server": "localhost"}, "HOST:PORT"),
]


@pytest.mark.parametrize("settings,says", BAD, ids=lambda x: str(x)[:40])
def test_mistakes_are_told_before_anything_starts(place, tmp_path, settings, says):
    loose = place / "loose"
    loose.write_text("#!/bin/sh\n")
    loose.chmod(0o777)
    service = Service(tmp_path, {"publish": {k: v.format(place=place) for k, v in settings.items()}})
    done = subprocess.run([program("autocsrd"), "--config", str(service.config_file), "--check"], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode != 0 and says in done.stderr and "autocsrd.conf" in done.stderr, done.stderr


# ---- the examples of the documentation

@pytest.fixture(scope="module")
def knot(tmp_path_factory):
    server = Knot(tmp_path_factory.mktemp("knot"))
    yield server
    server.down()


def example(tmp_path, name, lines, paths):
    """The example with settings of its own in front."""
    text = (EXAMPLES / name).read_text()
    path = tmp_path / name
    path.write_text(text.replace("set -eu\n", "set -eu\n" + lines, 1))
    path.chmod(0o755)
    return Part("hook", tmp_path, {"publish.hook": str(path), "publish.hook_paths": " ".join(map(str, paths))})


def run(part, kind, name, value, remove=0):
    return part.ask("hook_run", {"remove": remove, "kind": kind, "name": name, "value": value})


def check_records(part, knot):
    name = "_acme-challenge.www.sub.example.test"
    for _ in range(2):
        run(part, "dns", name, "one-_1")
    run(part, "dns", name, "two")
    assert knot.values(name) == ["one-_1", "two"]
    for _ in range(2):
        run(part, "dns", name, "one-_1", remove=1)
    assert knot.values(name) == ["two"]
    run(part, "dns", name, "two", remove=1)
    for wrong in (("dns", "_acme-challenge.no.such.zone", "x"), ("http", "token", "x"), ("dns", name, 'x" quit'), ("dns", "a\nsend", "x")):
        with pytest.raises(Exception, match="publish.hook"):
            run(part, *wrong)
    assert knot.values(name) == []


@pytest.mark.skipif(shutil.which("nsupdate") is None, reason="nsupdate is not installed")
def test_the_example_for_nsupdate(tmp_path, knot):
    config = tmp_path / "config"
    config.mkdir()
    (config / "server").write_text(f"127.0.0.1 {knot.port}\n")
    shutil.copy(knot.key_file, config / "key")
    with example(tmp_path, "hook-nsupdate", f"HOOK_CONFIG={config}\n", [config]) as part:
        check_records(part, knot)


def test_the_example_for_knotc(tmp_path, knot):
    with example(tmp_path, "hook-knotc", f'HOOK_KNOTC_OPTIONS="-s {knot.dir}/knot.sock"\n', [knot.dir]) as part:
        check_records(part, knot)


def test_the_example_for_a_directory(tmp_path):
    directory = tmp_path / "challenges"
    directory.mkdir()
    with example(tmp_path, "hook-directory", f"HOOK_DIRECTORY={directory}\n", [directory]) as part:
        for _ in range(2):
            run(part, "http", "tok-en_1", "tok-en_1.print")
        assert (directory / "tok-en_1").read_text() == "tok-en_1.print" and (directory / "tok-en_1").stat().st_mode & 0o777 == 0o644
        for _ in range(2):
            run(part, "http", "tok-en_1", "tok-en_1.print", remove=1)
        for wrong in (("http", "../x", "y"), ("http", "", "y"), ("dns", "a.b", "y")):
            with pytest.raises(Exception, match="publish.hook"):
                run(part, *wrong)
        assert list(directory.iterdir()) == []
