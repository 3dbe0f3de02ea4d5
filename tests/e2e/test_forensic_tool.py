"""`autocsr forensic` against the real service: what it says of a good one, that it finds what is hidden, and that it does no harm."""
import base64
import json
import os
import pathlib
import subprocess
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives import serialization
from harness.api import Api, unique_name
from harness.cli import Cli
from harness.service import program

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="reading other processes needs root")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("forensic")


@pytest.fixture(scope="module")
def private(e2e_dir, dns, smtp, web):
    """A service of its own: it is stopped and started again and again."""
    from harness.fixtures import _new_services, base_config
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
        code, report = leak_while_running(private, tool, ["--orders", "5"], clerk)
    finally:
        leak.unlink(missing_ok=True)
    assert code == 1 and report["verdict"] == "found"
    found = [f for f in report["findings"] if f["surface"] == "files"]
    assert found and all(f["kind"] == "code" and f["where"] == str(leak) and f["bytes"] == 26 for f in found), report["findings"]
    assert found[0]["offset"] % 1027 == 1000 and found[0]["order"].startswith("ord_")


# ---- wrong use

def test_it_needs_root(tool, home):
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program("autocsr"), *RUN[:3], "--json"],
                          capture_output=True, cwd="/", env={**tool.env, "HOME": "/"}, check=False)
    if done.returncode in (126, 127) or b"Permission denied" in done.stderr:
        pytest.skip("the build is closed to other users")
    assert done.returncode == 2 and json.loads(done.stdout)["type"].endswith("usage.root") and b"root" in done.stdout


@pytest.mark.parametrize("words,problem,code", [
    (["forensic"], "usage.password", 2),
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
