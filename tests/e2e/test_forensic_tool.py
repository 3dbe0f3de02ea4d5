"""`autocsr forensic` against the real service: what it says of a good one, that it finds what is hidden, and that it does no harm."""
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives import serialization
from harness.api import Api, unique_name
from harness.cli import Cli
from harness.fixtures import _new_services, base_config
from harness.net import wait_for
from harness.service import BUILD, ROLES, program

ALTERED = BUILD / "tests/forensic/autocsr-keymaker-altered"
pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="reading other processes needs root"),
              pytest.mark.skipif(not ALTERED.exists(), reason="a sanitizer's build, whose processes are full of copies")]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("forensic")


@pytest.fixture(scope="module")
def private(e2e_dir, dns, smtp, web):
    """A service of its own: it is stopped and started again and again."""
    made = []
    service = _new_services(e2e_dir, made)(base_config(dns, smtp, web))
    service.start()
    yield service
    service.stop()


@pytest.fixture
def tool(home, private):
    (home / "p").write_text(private.secret("admin-password") + "\n")
    return Cli(home, {"AUTOCSR_SERVER": private.url, "AUTOCSR_TOKEN": private.secret("admin-token"), "AUTOCSR_CA_FILE": str(private.root_pem)})


# Packets of other tests on the same machine are none of its business.
RUN = ["forensic", "--password-file", "p", "--interface", "none"]


@pytest.fixture(scope="module")
def first(home, private):
    """One run whose report several tests look at."""
    (home / "p").write_text(private.secret("admin-password") + "\n")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", home / "op.key"], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", home / "op.key", "-pubout", "-out", home / "op.pub"], check=True, capture_output=True)
    cli = Cli(home, {"AUTOCSR_SERVER": private.url, "AUTOCSR_TOKEN": private.secret("admin-token"), "AUTOCSR_CA_FILE": str(private.root_pem)})
    before = {p.name for p in private.state.iterdir()}
    done = cli.run("forensic", "--password-file", "p", "--interface", "lo", "--orders", "6", "--report", "r.json", "--sign-key", "op.key",
                   "--json", code=None)
    assert {p.name for p in private.state.iterdir()} == before
    return done


def surfaces(report):
    return {s["surface"]: s for s in report["surfaces"]}


def test_a_good_service_is_clean(first):
    report = first.json["report"]
    assert (first.code, report["verdict"], report["findings"], report["cannot_judge"]) == (0, "clean", [], []), report["findings"] or report


def test_the_report_says_what_was_searched(first, private):
    report = first.json["report"]
    of = surfaces(report)
    for name in ("memory", "registers", "secret-memory", "pipes", "files", "database", "logs", "network"):
        assert of[name]["control"] == "found" or name == "secret-memory", of[name]
        assert of[name]["unread"] == 0, of[name]
    assert of["memory"]["bytes"] > 20_000_000 and of["database"]["bytes"] > 100_000 and of["registers"]["parts"] >= 40
    orders = report["orders"]
    assert (orders["placed"], orders["completed"], orders["unacknowledged"], orders["abandoned"]) == (6, 4, 1, 1)
    assert orders["judged"] == 6 and "rsa:2048" in orders["key_types"] and "ec:p256" in orders["key_types"]
    assert report["needles"]["key"] > 1000 and report["needles"]["archive_key"] > 100 and report["scans"] == 2
    names = {p["name"] for p in report["processes"]}
    assert {"autocsrd", "front", "core", "keymaker", "signer", "prober", "courier"} <= names
    for p in report["processes"]:
        if p["name"] != "autocsrd":
            assert p["seccomp"] == 2 and p["no_new_privs"] and p["no_core_files"] and p["dumpable"] == "no", p
    programs = {pathlib.Path(p["path"]).name: p for p in report["programs"]}
    assert programs["autocsr-keymaker"]["bind_now"] and programs["autocsr-keymaker"]["relro"] and programs["autocsr-keymaker"]["pie"]
    assert any(name.startswith("libcrypto") for name in programs)
    libraries = [p for name, p in programs.items() if ".so" in name]
    assert len(libraries) >= 3 and all(p["bind_now"] or p["told_to_bind_now"] for p in libraries)
    assert report["service"]["pid"] == private.proc.pid and report["service"]["state"] == str(private.state)
    assert report["service"]["served_afterwards"] and report["outside_the_claim"]


def test_elf_facts_agree_with_readelf(first):
    for p in first.json["report"]["programs"]:
        if p["path"].startswith("/usr/lib") or "autocsr" in p["path"]:
            said = subprocess.run(["readelf", "-Wdl", p["path"]], check=True, capture_output=True, text=True).stdout
            assert p["bind_now"] == ("BIND_NOW" in said or "Flags: NOW" in said), p
            assert p["relro"] == ("GNU_RELRO" in said) and p["program"] == ("INTERP" in said), p
            assert p["sha256"] == subprocess.run(["sha256sum", p["path"]], check=True, capture_output=True, text=True).stdout[:64]


def test_the_orders_are_cancelled_and_nothing_stays_behind(first, tool):
    orders = tool.ask("order", "list")["orders"]
    assert len(orders) >= 7 and {o["state"] for o in orders} == {"cancelled"}
    for place in ("/dev/shm", "/tmp"):
        assert not list(pathlib.Path(place).glob("autocsr-decoy-*"))


def test_the_service_goes_on(first, private, tool):
    """Every process that was held is still the same one, and orders are served."""
    running = {p["pid"] for p in first.json["report"]["processes"] if not p["name"].endswith("worker")}
    assert running - {private.proc.pid} <= set(private.processes())
    assert not [line for line in private.log_lines() if line.get("event") == "role.ended"]
    order = tool.ask("order", "new", "--product", "dv", "--host", unique_name(), "--archive", "after.zip", "--key", "ec:p256")
    assert order["state"] == "validating"


# ---- the report

def test_the_report_is_verified_offline(first, tool, home):
    report = json.loads((home / "r.json").read_text())
    assert report == first.json
    said = tool.ask("forensic", "verify", "r.json", "--key", "op.pub")
    assert said["ok"] and said["operator_key"] and said["verdict"] == report["report"]["verdict"]
    assert "operator's key" in tool.run("forensic", "verify", "r.json").text
    signed = json.dumps(report["report"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    key = serialization.load_pem_public_key((home / "op.pub").read_bytes())
    assert isinstance(key, ed25519.Ed25519PublicKey)
    key.verify(base64.b64decode(report["signature"]["value"]), signed)


@pytest.mark.parametrize("change", [("verdict", "CLEAN"), ("scans", 99), ("findings", [1]), ("signed_with", "operator-key ")])
def test_a_changed_report_is_noticed(first, tool, home, change):
    report = json.loads((home / "r.json").read_text())
    report["report"][change[0]] = change[1]
    (home / "changed.json").write_text(json.dumps(report))
    assert tool.run("forensic", "verify", "changed.json", "--json", code=1).problem == "verify.signature"


def test_another_signer_is_noticed(first, tool, home):
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", home / "x.key"], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", home / "x.key", "-pubout", "-out", home / "x.pub"], check=True, capture_output=True)
    assert tool.run("forensic", "verify", "r.json", "--key", "x.pub", "--json", code=1).problem == "verify.key"
    (home / "no.json").write_text("{}")
    assert tool.run("forensic", "verify", "no.json", "--json", code=3).problem == "input.report"
    assert tool.run("forensic", "verify", "r.json", "--key", "x.key", "--json", code=3).problem == "key.parse"


# ---- what is hidden is found

def leak_while_running(private, tool, words, write):
    """Starts the tool and, as soon as it has an order, writes a piece of what can be known of it somewhere."""
    process = tool.start(*RUN, *words, "--json")
    stop = threading.Event()
    thread = threading.Thread(target=write, args=(stop,))
    thread.start()
    out, err = process.communicate(timeout=120)
    stop.set()
    thread.join()
    assert process.returncode in (0, 1, 5), err.decode()
    return process.returncode, json.loads(out)["report"]


def test_a_leak_in_the_state_directory_is_found(private, tool):
    """A clerk who knows the administrator's password copies each revealed code into a file: the tool says which, and where."""
    leak = private.state / "core" / "notes.txt"

    def clerk(stop):
        api, seen = Api(private), set()
        api.login("admin@localhost", private.secret("admin-password"))
        while not stop.is_set():
            for order in api.get("/orders?limit=20")["orders"]:
                if order["id"] not in seen and order["state"] == "validating" and "forensic.test" in order["names"][0]:
                    seen.add(order["id"])
                    with open(leak, "a") as f:
                        f.write("x" * 1000 + api.post(f"/orders/{order['id']}/code")["code"].replace("-", "") + "\n")
            stop.wait(0.05)

    try:
        code, report = leak_while_running(private, tool, ["--orders", "5", "--form", "zip", "--key-type", "ec:p256"], clerk)
    finally:
        leak.unlink(missing_ok=True)
    assert code == 1 and report["verdict"] == "found"
    found = [f for f in report["findings"] if f["surface"] == "files"]
    assert found and all(f["kind"] == "code" and f["where"] == str(leak) and f["bytes"] == 26 for f in found), report["findings"]
    assert found[0]["offset"] % 1027 == 1000 and found[0]["order"].startswith("ord_")


@pytest.fixture(scope="module")
def leaky(e2e_dir, dns, smtp, web):
    """A service whose keymaker leaks what an order's name asks for (tests/forensic/altered)."""
    service = _new_services(e2e_dir, [])(base_config(dns, smtp, web), env={"ALTERED": "none"})
    copy = service.dir / "altered"
    for name in ["autocsrd"] + ["autocsr-" + role for role in ROLES]:
        to = pathlib.Path(program(name, copy))
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ALTERED if name == "autocsr-keymaker" else program(name), to)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o755)
    service.build = copy
    yield service.start()
    service.stop()


@pytest.mark.parametrize("leak,kind,surface,key_type", [
    ("key", "key", "memory", "rsa:2048"), ("limbs", "key", "memory", "rsa:2048"),
    ("pem", "key", "memory", "rsa:2048"), ("code", "code", "memory", "ec:p256"), ("zip", "archive-key", "memory", "ec:p256"),
    ("register", "key", "registers", "rsa:2048"), ("log", "code", "files", "ec:p256")])
def test_a_leaking_keymaker_is_found(leaky, home, leak, kind, surface, key_type):
    """24 bytes in the wrong process, in the wrong register, or in the log."""
    (home / "leaky-p").write_text(leaky.secret("admin-password") + "\n")
    cli = Cli(home, {"AUTOCSR_SERVER": leaky.url, "AUTOCSR_TOKEN": leaky.secret("admin-token"), "AUTOCSR_CA_FILE": str(leaky.root_pem)})
    report = cli.run("forensic", "--password-file", "leaky-p", "--interface", "none", "--orders", "1", "--form", "zip", "--key-type", key_type,
                     "--domain", f"leak-{leak}.*.forensic.test", "--json", code=1).json["report"]
    found = [f for f in report["findings"] if (f["kind"], f["surface"]) == (kind, surface)]
    assert found, report["findings"]
    where = {"memory": "keymaker", "registers": "keymaker", "files": str(leaky.log_path)}[surface]
    assert all(f["where"].startswith(where) for f in found), found
    assert surface != "registers" or all("mm9" in f["where"] for f in found)
    assert kind == "code" or max(f["bytes"] for f in found) in range(8, 25)


def test_every_form_can_be_opened_and_is_clean(private, tool):
    forms = ["pkcs8", "p12", "p12-legacy", "age", "cms"]
    report = tool.ask(*RUN, "--orders", "5", *[w for f in forms for w in ("--form", f)], "--key-type", "ec:p256")["report"]
    assert report["verdict"] == "clean" and report["orders"]["judged"] == 5, report["findings"] or report["cannot_judge"]
    assert {f.split()[0] for f in report["orders"]["forms"].split(", ")} == set(forms)
    assert report["needles"]["code"] > 100 and report["needles"]["archive_key"] == 0


def test_without_a_password_what_is_sealed_is_searched(private, tool):
    report = tool.ask("forensic", "--interface", "none", "--orders", "2", "--key-type", "ec:p256")["report"]
    assert report["verdict"] == "clean" and report["needles"]["code"] == 0 and report["needles"]["key"] > 0
    assert report["orders"]["forms"] == "age x 1, cms x 1"
    assert tool.run("forensic", "--interface", "none", "--form", "zip", "--json", code=2).problem == "usage.form"


def test_as_a_user_who_logs_in_and_with_an_image(private, tool, home):
    """Without any token; and a raw image is one more place, in which a piece is found at its very offset."""
    (home / "disk.img").write_bytes(bytes(3_000_000))
    env = {k: v for k, v in tool.env.items() if k != "AUTOCSR_TOKEN"}
    report = Cli(home, env).ask(*RUN, "--email", "admin@localhost", "--orders", "1", "--key-type", "ec:p256", "--image", "disk.img", "--log", private.log_path)["report"]
    assert report["verdict"] == "clean", report["cannot_judge"]
    assert surfaces(report)["image"]["bytes"] == 3_000_000 and surfaces(report)["logs"]["parts"] >= 1


# ---- it does no harm

def placed(private, tool, process):
    """Waits until the tool has placed an order that is still open."""
    def look():
        assert process.poll() is None, process.communicate()
        return [o for o in tool.ask("order", "list", "--search", "forensic.test")["orders"] if o["state"] != "cancelled"]
    return wait_for("an order of the tool", look, 20)


def test_an_interrupted_run_cancels_its_orders(private, tool):
    process = tool.start(*RUN, "--orders", "200", "--json")
    placed(private, tool, process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 5 and json.loads(out)["type"].endswith("forensic.interrupted")
    assert {o["state"] for o in tool.ask("order", "list", "--search", "forensic.test")["orders"]} == {"cancelled"}


def test_the_service_outlives_a_killed_tool(private, tool):
    """Killed while it may hold the whole service still: everything goes on, in the same processes."""
    before = {p for p in private.processes() if private._parent(p) == private.proc.pid}
    for _ in range(2):
        process = tool.start(*RUN, "--orders", "1", "--form", "age", "--key-type", "ec:p256", "--json")
        def held():
            return process.poll() is not None or any("tracing stop" in pathlib.Path(f"/proc/{p}/status").read_text() for p in before)
        wait_for("the service to be held", held, 20, 0.002)
        process.kill()
        process.communicate()
        order = tool.ask("order", "new", "--product", "dv", "--host", unique_name(), "--archive", f"k{process.pid}.zip")
        assert order["state"] == "validating"
    assert before <= set(private.processes())
    for order in tool.ask("order", "list", "--search", "forensic.test")["orders"]:
        if order["state"] != "cancelled":
            tool.run("order", "cancel", order["id"])


def test_without_the_right_to_trace_it_cannot_judge(private, tool, home):
    """Root without CAP_SYS_PTRACE reads no memory: that must never look clean."""
    command = ["setpriv", "--bounding-set=-sys_ptrace", *tool.command(*RUN, "--orders", "1", "--form", "age", "--key-type", "ec:p256",
               "--pid", private.proc.pid, "--state", private.state, "--json")]
    done = subprocess.run(command, cwd=home, env=tool.env, capture_output=True, timeout=60, check=False)
    assert done.returncode == 5, done.stderr
    report = json.loads(done.stdout)["report"]
    assert report["verdict"] == "cannot-judge" and any(r.startswith("memory") for r in report["cannot_judge"]), report["cannot_judge"]
    text = subprocess.run(command[:-1], cwd=home, env=tool.env, capture_output=True, timeout=60, check=False).stdout.decode()
    assert "cannot judge: nothing was found" in text and "clean" not in text


# ---- wrong use

def test_it_needs_root(tool, home):
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program("autocsr"), *RUN[:3], "--json"],
                          capture_output=True, cwd="/", env={**tool.env, "HOME": "/"}, check=False)
    if done.returncode in (126, 127) or b"Permission denied" in done.stderr:
        pytest.skip("the build is closed to other users")
    assert done.returncode == 2 and json.loads(done.stdout)["type"].endswith("usage.root") and b"root" in done.stdout


@pytest.mark.parametrize("words,problem,code", [
    ([*RUN, "--orders", "0"], "usage.value", 2),
    ([*RUN, "--orders", "1001"], "usage.value", 2),
    ([*RUN, "--pid", "x"], "usage.pid", 2),
    ([*RUN, "--pid", "999999999"], "object.absent", 3),
    ([*RUN, "--state", "/nonexistent"], "usage.state", 2),
    ([*RUN, "--key-type", "ec:secp256k1"], "usage.key-type", 2),
    ([*RUN, "--product", "nothing"], "forensic.product", 3),
    ([*RUN, "--sign-key", "p"], "key.parse", 3),
    (["forensic", "verify"], "usage.words", 2),
    (["forensic", "nonsense", "x"], "usage.words", 2)])
def test_wrong_use_is_told_before_anything_is_done(tool, words, problem, code):
    assert tool.run(*words, "--json", code=code).problem == problem


def test_a_wrong_password_ends_it_and_cancels_the_order(tool, home):
    (home / "wrong").write_text("not the password\n")
    done = tool.run("forensic", "--password-file", "wrong", "--interface", "none", "--json", code=4)
    assert done.problem.startswith("auth.")
    assert {o["state"] for o in tool.ask("order", "list", "--search", "forensic.test")["orders"]} == {"cancelled"}
