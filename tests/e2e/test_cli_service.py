"""The `autocsr` command against the real service: whole orders, login, administration, exit codes by problem type."""
import hashlib
import pathlib
import re
import signal
import stat
import subprocess

import pytest
from harness import crypto, csrs
from harness.api import PASSWORD, unique_email, unique_name
from harness.cli import Cli
from harness.net import free_port, wait_for
from harness.service import BUILD, REPO
from harness.totp import enable_totp


def by_token(directory, service, token):
    """The command as a script uses it: everything from the environment and files."""
    directory.mkdir(exist_ok=True)
    (directory / "token").write_text(token + "\n")
    return Cli(directory, {"AUTOCSR_SERVER": service.url, "AUTOCSR_TOKEN": token, "AUTOCSR_CA_FILE": str(service.root_pem)})


@pytest.fixture
def cli(tmp_path, world, account):
    """A customer with a token of a new account; `password` is in the file p."""
    (tmp_path / "p").write_text(PASSWORD + "\n")
    return by_token(tmp_path, world.service, account.token_client("cli").token)


@pytest.fixture
def operator(tmp_path, service):
    return by_token(tmp_path / "operator", service, service.secret("admin-token"))


def look_now(cli, id_, *words):
    """`order validate`; the service may have looked by itself in the meantime."""
    done = cli.run("order", "validate", id_, *words, code=None)
    assert done.code == 0 or (done.code == 4 and "state.not-validating" in done.text), done.text


def wait_issued(cli, id_):
    return wait_for("the order to be issued", lambda: (o := cli.ask("order", "show", id_))["state"] == "issued" and o, 30, 0.2)


# ---- orders

def test_one_command_from_no_csr_to_certificate(tmp_path, new_world):
    port = free_port()
    world = new_world({"validation": {"http_port": port}})
    cli = by_token(tmp_path, world.service, world.service.secret("admin-token"))
    (tmp_path / "p").write_text(world.service.secret("admin-password") + "\n")
    name = unique_name()
    done = cli.run("order", "new", "--product", "dv", "--host", name, "--standalone", f"127.0.0.1:{port}", "--cert", "full.pem", "--json")
    order = done.json
    assert order["state"] == "issued" and order["archive_file"] == f"{name}.zip"
    archive = tmp_path / f"{name}.zip"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == order["archive"]["sha256"] == cli.ask("archive", "show", archive)["sha256"]

    cli.run("order", "code", order["id"], "--password-file", "p", "--out", "code")
    cli.run("archive", "open", archive, "--code-file", "code", "--out", "www.key")
    (tmp_path / "csr").write_bytes(cli.run("order", "csr", order["id"]).out)
    match = cli.ask("match", "www.key", "csr", "full.pem")
    assert match["match"] and [g["spki_sha256"] for g in match["groups"] if not g["issuer"]] == [order["spki_sha256"]]
    root = world.service.root_pem
    crypto.check_all_match((tmp_path / "www.key").read_bytes(), (tmp_path / "csr").read_bytes(), (tmp_path / "full.pem").read_bytes(), root)
    cli.run("ca", "crl", "--out", "before.crl")
    assert cli.ask("cert", "verify", "full.pem", "--root", root, "--host", name, "--crl", "before.crl")["ok"]

    cli.run("order", "revoke", order["id"], "--reason", "superseded")
    assert cli.ask("order", "show", order["id"])["state"] == "revoked"
    crl = cli.ask("ca", "crl", "--publish", "--out", "after.crl")
    assert crl["revoked"] == 1
    assert cli.run("cert", "verify", "full.pem", "--root", root, "--crl", "after.crl", "--json", code=1).json["error"] == "verify.revoked"
    assert cli.ask("audit", "verify")["ok"]


def test_step_by_step_says_what_to_publish(cli, world, tmp_path):
    name = unique_name()
    done = cli.run("order", "new", "--product", "dv", "--host", name, "--archive", "a.zip", "--key", "ec:p256")
    assert (tmp_path / "a.zip").exists()
    url = re.search(rf"file +(http://{name}\S+)", done.text).group(1)
    content = re.search(r"content +(\S+)", done.text).group(1)
    id_ = re.search(r"^order +(\S+)", done.out.decode(), re.M).group(1)
    world.web.publish(name, "/" + url.split("/", 3)[3], content)
    look_now(cli, id_)
    order = wait_issued(cli, id_)
    assert order["key_type"] == "ec:p256"
    assert id_ in cli.run("order", "list", "--search", name).out.decode()
    assert [o["id"] for o in cli.ask("order", "list", "--state", "issued", "--search", name)["orders"]] == [id_]
    assert "issued" in cli.run("order", "show", id_).out.decode()


def test_every_format_of_the_certificate(cli, world, tmp_path):
    name = unique_name()
    order = cli.ask("order", "new", "--product", "dv", "--host", name, "--archive", "a.zip", "--key", "ec:p256")
    world.publish_http(order)
    look_now(cli, order["id"])
    wait_issued(cli, order["id"])
    for form in ("leaf", "chain", "fullchain", "der", "p7b"):
        cli.run("order", "cert", order["id"], "--format", form, "--out", form)
    shown = {f: cli.ask("cert", "show", f)["certificates"] for f in ("leaf", "chain", "fullchain", "der", "p7b")}
    assert shown["leaf"] == shown["der"] == shown["fullchain"][:1] and len(shown["leaf"]) == 1
    assert shown["fullchain"][1:] == shown["chain"] and len(shown["p7b"]) == len(shown["fullchain"])
    assert shown["leaf"][0]["sans"] == [f"DNS:{name}"]
    assert cli.run("order", "cert", order["id"]).out == (tmp_path / "fullchain").read_bytes()
    serial = shown["leaf"][0]["serial"]
    assert cli.run("order", "cert", order["id"], "--serial", serial, "--format", "leaf").out == (tmp_path / "leaf").read_bytes()


def test_own_csr_and_dns(cli, world, tmp_path):
    name = unique_name()
    cli.run("csr", "new", "--host", name, "--key", "ec:p256", "--keyout", "k", "--no-passphrase", "--out", "csr")
    done = cli.run("order", "new", "--product", "dv", "--csr", "csr", "--validation", "dns", "--json")
    order = done.json
    assert order["key_source"] != "autocsr" and order["names"] == [name] and not list(tmp_path.glob("*.zip"))
    record = re.search(r'record +(\S+) TXT "(\S+)"', done.err.decode())
    world.dns.publish_txt(record.group(1), record.group(2))
    look_now(cli, order["id"], "--method", "dns")
    wait_issued(cli, order["id"])
    cli.run("order", "cert", order["id"], "--out", "full.pem")
    assert cli.ask("match", "k", "full.pem")["match"]


def test_reissue_makes_a_new_key_and_cancel_gives_it_up(cli, world, account):
    name = unique_name()
    order = cli.ask("order", "new", "--product", "dv", "--host", name, "--archive", "a.zip", "--key", "ec:p256")
    world.publish_http(order)
    look_now(cli, order["id"])
    first = wait_issued(cli, order["id"])
    again = cli.ask("order", "reissue", order["id"], "--archive", "b.zip", "--wait", "--timeout", "30")
    assert again["state"] == "issued" and again["spki_sha256"] != first["spki_sha256"] and len(again["certificates"]) == 2
    account.post(f"/orders/{order['id']}/reissue", {})
    assert cli.ask("order", "show", order["id"])["state"] == "handover"
    assert cli.ask("order", "cancel", order["id"])["state"] == "issued"
    other = cli.ask("order", "new", "--product", "dv", "--host", unique_name(), "--archive", "d.zip", "--key", "ec:p256")
    assert cli.ask("order", "cancel", other["id"])["state"] == "cancelled"
    assert cli.run("order", "validate", other["id"], "--json", code=4).problem.startswith("state.")


def test_a_lost_archive_is_made_anew(cli, account):
    order = account.order(unique_name(), key_type="ec:p256")
    saved = cli.ask("order", "archive", order["id"], "--archive", "a.zip")
    assert saved["spki_sha256"] != order["spki_sha256"] and saved["state"] != "handover"


def test_delivery_by_mail_leaves_no_file_and_goes_on_by_itself(cli, account, smtp, tmp_path):
    order = cli.ask("order", "new", "--product", "dv", "--host", unique_name(), "--key", "ec:p256", "--delivery", "email")
    mail = smtp.wait(account.email, match=order["archive"]["filename"])
    [(name, data)] = mail.attachments()
    assert name == order["archive"]["filename"] and not list(tmp_path.glob("*.zip"))
    (tmp_path / "mailed").write_bytes(data)
    cli.run("order", "code", order["id"], "--password-file", "p", "--out", "code")
    cli.run("archive", "open", "mailed", "--code-file", "code", "--out", "k")
    (tmp_path / "csr").write_bytes(cli.run("order", "csr", order["id"]).out)
    assert cli.ask("match", "k", "csr")["match"]


def test_the_same_idempotency_key_is_the_same_order(cli):
    name = unique_name()
    cli.run("csr", "new", "--host", name, "--key", "ec:p256", "--keyout", "k", "--no-passphrase", "--out", "csr")
    words = ["order", "new", "--product", "dv", "--csr", "csr", "--idempotency-key", "mine-" + name]
    assert cli.ask(*words)["id"] == cli.ask(*words)["id"]
    done = cli.run(*words, "--host", name, "other." + name, "--json", code=3)
    assert done.problem == "request.idempotency"


def test_nothing_secret_of_an_order_is_left_on_the_screen_or_in_the_folder(cli, tmp_path, world):
    name = unique_name()
    order = cli.run("order", "new", "--product", "dv", "--host", name, "--archive", "a.zip", "--json")
    code = cli.ask("order", "code", order.json["id"], "--password-file", "p")["code"]
    assert code not in order.text and code.replace("-", "") not in order.text
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "p":
            data = path.read_bytes()
            assert PASSWORD.encode() not in data and code.replace("-", "").encode() not in data, path


# ---- refusals

@pytest.mark.parametrize("words,problem,code", [
    (["--product", "none", "--host", "www.good.test"], "", 3), (["--product", "dv", "--host", "a_b.good.test"], "name.underscore", 3),
    (["--product", "dv", "--host", "*.good.test"], "", None), (["--product", "dv", "--host", "www.good.test", "--key", "rsa:1024"], "", None),
    (["--product", "dv", "--host", "www.good.test", "--validation", "carrier-pigeon"], "", 3)])
def test_refused_orders_leave_no_file(cli, tmp_path, words, problem, code):
    done = cli.run("order", "new", *words, "--archive", "a.zip", "--json", code=code)
    assert done.code in (3, 4) and done.problem.startswith(problem) and done.json["detail"]
    assert not (tmp_path / "a.zip").exists()


def test_another_accounts_order_is_absent(cli, other_account):
    order = other_account.order(unique_name(), key_type="ec:p256")
    absent = cli.run("order", "show", "ord_00000000000000000000000000", "--json", code=3)
    for verb in (["show"], ["cert"], ["csr"], ["validate"], ["cancel"], ["revoke"], ["code", "--password-file", "p"]):
        done = cli.run("order", verb[0], order["id"], *verb[1:], "--json", code=3)
        assert done.problem == absent.problem == "object.absent"


def test_a_wrong_password_at_the_code(cli, tmp_path):
    order = cli.ask("order", "new", "--product", "dv", "--host", unique_name(), "--archive", "a.zip", "--key", "ec:p256")
    (tmp_path / "wrong").write_text("not the password\n")
    done = cli.run("order", "code", order["id"], "--password-file", "wrong", "--json", code=4)
    assert done.problem.startswith("auth.")
    assert re.fullmatch(r"[0-9A-Z]{26}", cli.run("order", "code", order["id"], "--password-file", "p").out.decode().strip())


def test_a_token_that_is_not_one(cli):
    (cli.cwd / "bad").write_text("acsr_0000000000000000000000000000000000\n")
    for words in (["account", "show"], ["order", "list"], ["audit", "verify"]):
        assert cli.run(*words, "--token-file", "bad", "--json", code=4).problem.startswith("auth.")


def test_what_only_the_operator_may(cli):
    for words in (["status"], ["audit", "verify"], ["ca", "crl", "--publish"]):
        assert cli.run(*words, "--json", code=4).problem.startswith("auth.")


# ---- login, account, tokens

def test_login_logout(tmp_path, world, account):
    cli = Cli(tmp_path)
    (tmp_path / "p").write_text(PASSWORD + "\n")
    (tmp_path / "wrong").write_text("not the password\n")
    words = ["login", "--server", world.service.url, "--ca-file", world.service.root_pem, "--email", account.email, "--password-file"]
    assert cli.run(*words, "wrong", "--json", code=4).problem == "auth.wrong"
    assert not (tmp_path / ".config").exists()
    assert cli.ask(*words, "p", "--name", "from the test")["user"]["email"] == account.email
    assert cli.ask("account", "show")["id"] == account.user["account_id"]
    assert "from the test" in cli.run("token", "list").out.decode()
    token = (tmp_path / ".config/autocsr/token").read_text().strip()
    cli.run("logout")
    assert cli.run("account", "show", "--json", code=2).problem == "usage.server"
    again = by_token(tmp_path / "again", world.service, token)
    assert again.run("account", "show", "--json", code=4).problem.startswith("auth.")


def test_the_second_factor_is_wanted_and_taken(cli, tmp_path, world, account):
    order = cli.ask("order", "new", "--product", "dv", "--host", unique_name(), "--archive", "a.zip", "--key", "ec:p256")
    _, recovery = enable_totp(account)
    words = ["order", "code", order["id"], "--password-file", "p"]
    assert cli.run(*words, "--json", code=4).problem == "auth.totp"
    assert cli.run(*words, "--totp", "000000", "--json", code=4).problem.startswith("auth.")
    assert cli.ask(*words, "--totp", recovery[0])["code"]
    login = ["login", "--server", world.service.url, "--ca-file", world.service.root_pem, "--email", account.email, "--password-file", "p"]
    assert cli.run(*login, "--json", code=4).problem == "auth.totp"
    cli.run(*login, "--totp", recovery[1])


def test_tokens(cli, tmp_path, world):
    made = cli.ask("token", "new", "monitoring", "--read-only", "--out", "t")
    assert "token" not in made and stat.S_IMODE((tmp_path / "t").stat().st_mode) == 0o600
    assert cli.ask("order", "list", "--token-file", "t") == {"orders": []}
    assert cli.run("order", "new", "--product", "dv", "--host", unique_name(), "--archive", "a.zip", "--token-file", "t", "--json",
                   code=4).problem.startswith("auth.")
    assert made["id"] in [t["id"] for t in cli.ask("token", "list")["tokens"]]
    cli.run("token", "delete", made["id"])
    assert made["id"] not in [t["id"] for t in cli.ask("token", "list")["tokens"]]
    assert cli.run("order", "list", "--token-file", "t", "--json", code=4).problem.startswith("auth.")
    assert cli.run("token", "delete", made["id"], "--json", code=3).problem == "object.absent"


def test_people(cli, account, smtp):
    email = unique_email()
    invited = cli.ask("user", "invite", email, "--role", "auditor")
    assert invited["email"] == email and invited["role"] == "auditor"
    assert smtp.wait(email, match="/#/invite/")
    assert account.email in cli.run("user", "list").out.decode()
    assert cli.ask("account", "show")["email"] == account.email


def test_products_and_organisations(cli):
    assert {p["id"] for p in cli.ask("product", "list")["products"]} >= {"dv", "dv-wildcard", "ov", "ev"}
    assert "dv-wildcard" in cli.run("product", "list").out.decode()
    shown = cli.run("product", "show", "dv").out.decode()
    assert "Domain validated" in shown and "rsa:2048 when nothing is said" in shown and "without a CSR: yes" in shown
    assert cli.ask("product", "show", "dv") == next(p for p in cli.ask("product", "list")["products"] if p["id"] == "dv")
    assert "product list" in cli.run("product", "show", "nothing", code=3).text
    made = cli.ask("organisation", "new", "--name", "Example GmbH", "--street", "Weg 1", "--locality", "Berlin", "--postal-code", "10115", "--country", "DE")
    assert made["id"] in cli.run("organisation", "list").out.decode()
    cli.run("organisation", "new", "--locality", "Berlin", code=2)


# ---- the operator

def test_operator(operator, world, tmp_path):
    status = operator.ask("status")
    assert status["version"] and {r["role"] for r in status["roles"]} >= {"core", "keymaker", "signer"}
    assert "keymaker" in operator.run("status").out.decode()
    verified = operator.ask("audit", "verify")
    assert verified["ok"] and verified["entries"] > 0
    assert operator.run("audit", "verify").out.startswith(b"yes")
    entries = operator.ask("audit", "list", "--all", "--limit", "5")["entries"]
    assert 0 < len(entries) <= 5 and entries[0]["hash"]
    assert operator.ask("audit", "list", "--all", "--after", entries[-1]["seq"], "--limit", "1")["entries"][0]["seq"] > entries[-1]["seq"]
    assert operator.run("audit", "list", "--limit", "3").out.count(b"\n") <= 3
    issuers = operator.ask("ca", "show")["issuers"]
    assert issuers and issuers[0]["sha256"] in operator.run("ca", "show").out.decode()
    before = operator.ask("ca", "crl")["number"]
    assert operator.ask("ca", "crl", "--publish")["number"] > before


# ---- tools

def test_make_demo_does_the_whole_job(tmp_path):
    """`make demo` without its build: tools/demo in a folder of its own."""
    tmp_path.chmod(0o755)
    done = subprocess.run([REPO / "tools/demo", BUILD], cwd=tmp_path, capture_output=True, text=True, timeout=180)
    log = "".join(p.read_text(errors="replace")[-3000:] for p in pathlib.Path(tmp_path, "demo").glob("autocsrd.log"))
    assert done.returncode == 0, done.stdout + done.stderr + log
    assert "done: www.demo.test" in done.stdout and len(done.stdout.splitlines()) < 40
    assert not [p for p in pathlib.Path("/proc").glob("[0-9]*/cwd") if str(tmp_path) in str(p.resolve(strict=False))]


def test_the_demo_says_which_step_failed(tmp_path):
    (tmp_path / "build/src/autocsrd").mkdir(parents=True)
    (tmp_path / "build/src/cli").mkdir(parents=True)
    for program in ("autocsrd/autocsrd", "cli/autocsr"):
        (tmp_path / "build/src" / program).write_text("#!/bin/sh\nexit 3\n")
        (tmp_path / "build/src" / program).chmod(0o755)
    done = subprocess.run([REPO / "tools/demo", "build"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "failed at step 3 (start the service" in done.stderr and "autocsrd.log" in done.stderr


def test_make_run_says_where_and_who(tmp_path):
    tmp_path.chmod(0o755)
    port = free_port()
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state/autocsrd.conf").write_text(f"[server]\nlisten = 127.0.0.1:{port}\nstate = {tmp_path}/state\n")
    child = subprocess.Popen([REPO / "tools/run", BUILD], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = []
        while "Ctrl-C" not in (said[-1] if said else ""):
            line = child.stdout.readline()
            assert line, "".join(said) + child.stderr.read()
            said.append(line)
        text = "".join(said)
        root = (tmp_path / "state/bootstrap/root.pem").read_text()
        fingerprint = hashlib.sha256(crypto.certificates(root)[0].public_bytes(csrs.Encoding.DER)).hexdigest().upper()
        assert f"https://127.0.0.1:{port}" in text and ":".join(re.findall("..", fingerprint)) in text
        assert (tmp_path / "state/bootstrap/admin-password").read_text().strip() in text and "@" in text
    finally:
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 0
