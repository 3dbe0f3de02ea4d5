"""Receipts, judged by cryptography, openssl and jq, not by our own code alone."""
import base64
import contextlib
import datetime
import hashlib
import html
import json
import re
import shutil
import sqlite3
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from harness import csrs, forms, schema
from harness.api import order_id, unique_name
from harness.cli import Cli
from harness.drive import patient
from harness.net import wait_for
from harness.people import invited
from harness.service import REPO
from test_audit_log import leaf

PREFIX = b"AutoCSR receipt v1\n"


def placed(account, **fields):
    """An order that is handed over, and its archive."""
    order = account.order([unique_name()], key_type="ec:p256", **fields)
    archive = account.fetch_archive(order)
    account.acknowledge(order, archive)
    return order, archive


def signed(account, order, part="hand-over", seconds=30):
    """The receipt's answer, once it is there."""
    def look():
        answer = account.call("GET", f"/orders/{order_id(order)}/receipt?part={part}")
        return answer if answer.status_code == 200 else None
    return wait_for(f"the {part} receipt of {order_id(order)}", look, seconds, 0.2)


def canonical(receipt):
    """RFC 8785 of what has no floats and no exotic names."""
    return json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def public_key(service):
    return serialization.load_pem_public_key(service.get("/api/v1/receipt-key?format=pem").content)


def check(service, document):
    """The receipt of a document that the published key has signed."""
    both = json.loads(document)
    assert set(both) == {"receipt", "signature"}
    public_key(service).verify(base64.b64decode(both["signature"]["value"]), PREFIX + canonical(both["receipt"]))
    return both["receipt"]


def test_the_receipt_of_an_archive_under_a_code(world, account):
    order, archive = placed(account)
    receipt = check(world.service, signed(account, order).content)
    now = account.show(order)
    csr = x509.load_pem_x509_csr(account.call("GET", f"/orders/{order['id']}/csr").content)
    spki = csr.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert receipt["format"] == "autocsr-receipt-v1" and receipt["part"] == "hand-over"
    assert receipt["order"] == order["id"] and receipt["account"] == now["account_id"]
    assert receipt["names"] == now["names"] and receipt["product"] == "dv"
    assert receipt["key"] == {"made_by": "service", "type": "ec:p256", "spki_sha256": hashlib.sha256(spki).hexdigest()}
    assert receipt["archive"] == {"sha256": hashlib.sha256(archive).hexdigest(), "size": len(archive)}
    assert receipt["hand_over"] == {"grade": "code", "format": "zip", "delivery": "download", "recipient": None,
                                    "recipient_sha256": None}
    times = receipt["times"]
    assert times["made"] <= times["worker_gone"] <= receipt["signed_at"] and times["made"] <= times["handed_over"]
    assert times["code_destroyed"] is None
    assert receipt["sandbox"] and receipt["software"].startswith("autocsr ")
    assert receipt["issuer"]["kind"] == "private" and receipt["statement"] is None
    assert receipt["authorised"]["by"] == account.email and receipt["authorised"]["kind"] == "session"
    assert receipt["authorised"]["network"] == "127.0.0.0/24" and receipt["authorised"]["token"] is None
    assert now["receipt"]["state"] == "hand-over" and now["authorised"]["by"] == account.email
    assert account.call("GET", now["receipt"]["url"].removeprefix("/api/v1")).content == signed(account, order).content


def cli_of(tmp_path, service, token=None):
    env = {"AUTOCSR_SERVER": service.url, "AUTOCSR_CA_FILE": str(service.root_pem)}
    return Cli(tmp_path, env | ({"AUTOCSR_TOKEN": token} if token else {}))


@pytest.fixture(scope="module")
def kept(world, tmp_path_factory):
    """A receipt with all that it can be held against, in files."""
    d = tmp_path_factory.mktemp("receipt")
    account = world.register()
    wait_for("a checkpoint for the receipt to name", lambda: account.call("GET", "/audit/checkpoint").status_code == 200, 60, 0.2)
    order, archive = placed(account)
    (d / "receipt.json").write_bytes(signed(account, order).content)
    (d / "archive.zip").write_bytes(archive)
    (d / "key.pem").write_bytes(public_key_pem(world.service))
    (d / "order.csr").write_bytes(account.call("GET", f"/orders/{order['id']}/csr").content)
    (d / "other.pem").write_bytes(Ed25519PrivateKey.generate().public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    (d / "other.csr").write_text(csrs.own_csr("other.good.test")[0])
    world.validate(account, order)
    account.wait_state(order, "issued")
    (d / "chain.pem").write_bytes(account.certificate(order))
    return d


def public_key_pem(service):
    return service.get("/api/v1/receipt-key?format=pem").content


# ---- the document

def test_openssl_agrees_in_the_five_lines_of_the_manual(kept, tmp_path):
    """docs/RECEIPTS.md: the very text is run."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    text = (REPO / "docs/RECEIPTS.md").read_text()
    lines = text[text.index("{ echo 'AutoCSR receipt v1'"):].split("```")[0]
    for name, source in (("receipt.json", "receipt.json"), ("receipt-key.pem", "key.pem")):
        (tmp_path / name).write_bytes((kept / source).read_bytes())
    run = lambda: subprocess.run(["sh", "-e", "-c", lines], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    good = run()
    assert good.returncode == 0 and "Verified Successfully" in good.stdout, good.stderr
    document = (tmp_path / "receipt.json").read_text()
    (tmp_path / "receipt.json").write_text(document.replace('"download"', '"email"'))
    assert run().returncode != 0


def test_the_second_line_is_what_was_signed(kept, world):
    first, second, third = (kept / "receipt.json").read_bytes().splitlines()
    assert first == b'{"receipt":' and second.endswith(b",") and third.startswith(b'"signature":')
    both = json.loads((kept / "receipt.json").read_bytes())
    assert second[:-1] == canonical(both["receipt"])
    assert both["signature"]["key_id"] == hashlib.sha256(base64.b64decode(both["signature"]["public_key"])).hexdigest()
    schema.conforms("receipt", both)


def test_the_key_is_published_and_in_the_audit_log(world, admin):
    key = world.anonymous().get("/receipt-key")
    spki = public_key(world.service).public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert key["algorithm"] == "Ed25519" and key["key_id"] == hashlib.sha256(spki).hexdigest()
    name, key_hash, raw = key["verifier"].split("+", 2)
    assert name.endswith("/receipts") and base64.b64decode(raw) == b"\1" + spki[-32:]
    assert key_hash == hashlib.sha256(f"{name}\n".encode() + b"\1" + spki[-32:]).hexdigest()[:8]
    entries = admin.whole_audit()
    assert [e["object"] for e in entries if e["action"] == "receipt.key"] == [key["key_id"]]


def test_a_receipt_is_tied_to_the_audit_log(world, account):
    """The entries that it names are about this order, and their leaf hashes are the receipt's."""
    order, _ = placed(account)
    receipt = check(world.service, signed(account, order).content)
    entries = {e["seq"]: e for e in account.get("/audit?limit=1000")["entries"]}
    for what, action in (("made", "key.made"), ("handed_over", "key.handed-over")):
        entry = entries[receipt["audit"][f"{what}_entry"]]
        assert entry["action"] == action and entry["object"] == order["id"]
        assert leaf(entry).hex() == receipt["audit"][f"{what}_leaf"] == entry["hash"]
    assert receipt["audit"]["log"] == account.get("/audit/checkpoint")["note"].splitlines()[0]


# ---- which orders, and when

def test_a_sealed_key_has_one_receipt_and_it_is_final(world, account, tmp_path):
    if forms.missing("age"):
        pytest.skip(forms.missing("age"))
    recipient = forms.Recipient(tmp_path, "age")
    order, archive = placed(account, hand_over={"grade": "sealed", "recipient": recipient.text})
    receipt = check(world.service, signed(account, order, "final").content)
    assert receipt["hand_over"] == {"grade": "sealed", "format": "age", "delivery": "download",
                                    "recipient": account.show(order)["hand_over"]["recipient"],
                                    "recipient_sha256": hashlib.sha256(recipient.text.strip().encode()).hexdigest()}
    assert receipt["archive"]["sha256"] == hashlib.sha256(archive).hexdigest()
    assert receipt["times"]["code_destroyed"] is None and receipt["audit"]["destroyed_entry"] is None
    assert account.show(order)["receipt"]["state"] == "final"
    assert account.call("GET", f"/orders/{order['id']}/receipt?part=hand-over").status_code == 409


def test_a_browsers_key_has_a_receipt_that_says_that_it_never_was_here(world, account):
    csr = csrs.own_csr(unique_name())[0]
    order = account.post("/orders", {"product": "dv", "csr": csr, "hand_over": {"grade": "browser", "format": "zip"}}, 201)
    receipt = check(world.service, signed(account, order, "final").content)
    assert receipt["key"]["made_by"] == "browser" and receipt["hand_over"]["grade"] == "browser"
    assert receipt["archive"] is None and receipt["authorised"] is None and receipt["sandbox"] is None
    assert receipt["times"]["made"] is None and receipt["times"]["handed_over"] is not None
    assert receipt["audit"]["made_entry"] is None and receipt["audit"]["handed_over_entry"] > 0


def test_a_pasted_csr_has_none(account):
    order = account.post("/orders", {"product": "dv", "csr": csrs.own_csr(unique_name())[0]}, 201)
    answer = account.call("GET", f"/orders/{order['id']}/receipt")
    assert answer.status_code == 409 and answer.json()["type"].endswith("state.no-receipt")
    assert account.show(order)["receipt"] is None and account.show(order)["authorised"] is None


def test_there_is_none_before_the_hand_over(account):
    order = account.order(unique_name(), key_type="ec:p256")
    assert account.call("GET", f"/orders/{order['id']}/receipt").status_code == 409
    assert account.show(order)["receipt"] is None and account.show(order)["authorised"]["by"] == account.email


def test_a_mailed_archive(world, account):
    order = account.order(unique_name(), key_type="ec:p256", delivery="email")
    receipt = check(world.service, signed(account, order, seconds=60).content)
    assert receipt["hand_over"]["delivery"] == "email"
    assert receipt["archive"]["sha256"] == account.show(order)["archive"]["sha256"]


def test_a_reissue_has_receipts_of_its_own(world, account):
    order, archive = placed(account)
    signed(account, order)
    world.validate(account, order)
    account.wait_state(order, "issued")
    again = account.post(f"/orders/{order['id']}/reissue", {"key_type": "ec:p256"})
    account.acknowledge(again, account.fetch_archive(again))
    wait_for("both receipts", lambda: len(account.show(order)["receipts"]) == 2, 30, 0.2)
    links = account.show(order)["receipts"]
    receipts = [check(world.service, account.call("GET", x["url"].removeprefix("/api/v1")).content) for x in links]
    assert [r["request"] for r in receipts] == [x["request_id"] for x in links]
    assert len({r["key"]["spki_sha256"] for r in receipts}) == 2 and receipts[0]["archive"]["sha256"] == hashlib.sha256(archive).hexdigest()


def test_the_final_receipt_tells_when_the_code_was_destroyed(new_world):
    world = new_world()
    account = world.register()
    order, _ = placed(account)
    first = signed(account, order).content
    assert account.call("GET", f"/orders/{order['id']}/receipt?part=final").status_code == 409
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = 7 * 86400 + 120
    world.service.start()
    account.login(account.email, account.password)
    final = check(world.service, signed(account, order, "final").content)
    begin = check(world.service, first)
    assert final["times"]["code_destroyed"] > final["times"]["handed_over"] == begin["times"]["handed_over"]
    assert final["signed_at"] >= final["times"]["code_destroyed"] and final["request"] == begin["request"]
    entries = {e["seq"]: e for e in account.get("/audit?limit=1000")["entries"]}
    gone = entries[final["audit"]["destroyed_entry"]]
    assert gone["action"] == "code.destroyed" and leaf(gone).hex() == final["audit"]["destroyed_leaf"]
    assert signed(account, order).content == first, "the first receipt stays"
    assert account.show(order)["receipt"]["state"] == "final"
    assert account.get(f"/orders/{order['id']}/receipt")["receipt"]["part"] == "final", "the newest, unless asked otherwise"


def test_a_code_that_was_used_up_before_the_acknowledgement(world, account, tmp_path):
    """Whoever opens the archive first and acknowledges it then has a receipt that holds."""
    once = world.admin().post("/products", {"id": "opened-first", "title": "Opened first", "level": "dv", "profile": "dv",
                                            "code_reveals": 1}, 201)
    order = account.order(unique_name(), key_type="ec:p256", product=once["id"])
    archive = account.fetch_archive(order)
    assert account.code(order)["reveals_left"] == 0
    destroyed = account.show(order)["code"]["destroyed_at"]
    wait_for("another second", lambda: datetime.datetime.now(datetime.timezone.utc).strftime("%FT%TZ") > destroyed, 5, 0.2)
    account.acknowledge(order, archive)
    (tmp_path / "final.json").write_bytes(signed(account, order, "final").content)
    times = json.loads((tmp_path / "final.json").read_bytes())["receipt"]["times"]
    assert times["made"] <= times["code_destroyed"] == destroyed < times["handed_over"]
    assert Cli(tmp_path).run("receipt", "verify", "final.json").code == 0


def test_kill_9_anywhere_still_brings_one_receipt(new_world):
    """The signer writes before it answers, so what is asked again is the same, and there is one of each."""
    world = new_world()
    account = world.register()
    orders = []
    for role in ("core", "signer", "core", "signer"):
        order = patient(lambda: account.order(unique_name(), key_type="ec:p256"))
        account.acknowledge(order, account.fetch_archive(order))
        world.service.kill(role)
        orders.append(order)
    world.service.kill_all()
    world.service.start()
    documents = [patient(lambda o=o: signed(account, o, seconds=60)).content for o in orders]
    for order, document in zip(orders, documents):
        assert check(world.service, document)["order"] == order["id"]
        events = [e["event"] for e in account.show(order)["events"]]
        assert events.count("receipt.signed") == 1
    world.service.stop()
    book = next(world.service.state.rglob("receipts.log")).read_text().splitlines()
    assert sorted(line.split("\t")[3] + line.split("\t")[4] for line in book) == sorted(
        "hand-over" + json.loads(d)["receipt"]["request"] for d in documents)


def test_what_the_database_lost_is_signed_the_same_again(new_world):
    """A backup of the database from before the receipt: core asks again, and no second story is told."""
    world = new_world()
    account = world.register()
    order, _ = placed(account)
    first = signed(account, order).content
    world.service.stop()
    with contextlib.closing(sqlite3.connect(next(world.service.state.rglob("autocsr.db")))) as db, db:
        assert db.execute("DELETE FROM receipts").rowcount == 1
        db.execute("INSERT INTO jobs (kind, object, due_at, lease_until, attempts, error) SELECT 'receipt', id, 1, 0, 0, '' FROM requests")
        db.execute("UPDATE requests SET gone_at = handed_over_at + 5, sandbox = 'another story'")
    world.service.start()
    assert signed(account, order).content == first


# ---- who authorised

def test_a_token_authorises_by_its_name(world, account):
    token = account.token_client(name='<b>"robot"</b> & Söhne')
    order = token.order(unique_name(), key_type="ec:p256")
    token.acknowledge(order, token.fetch_archive(order))
    receipt = check(world.service, signed(token, order).content)
    assert receipt["authorised"] | {"at": None} == {
        "by": account.email, "kind": "token", "token": '<b>"robot"</b> & Söhne', "network": "127.0.0.0/24",
        "wording": "key-generation-1", "at": None}
    shown = account.show(order)["authorised"]
    assert shown["token"] == '<b>"robot"</b> & Söhne' and shown["text"].startswith("I authorise this service")
    assert shown["text"] in (REPO / "docs/RECEIPTS.md").read_text()
    assert "key.authorised" in [e["event"] for e in account.show(order)["events"]]


def test_a_new_archive_is_authorised_by_whoever_asks_for_it(world, account):
    colleague = invited(world, account, "member")
    order = account.order(unique_name(), key_type="ec:p256")
    again = colleague.post(f"/orders/{order['id']}/archive", {})
    assert again["authorised"]["by"] == colleague.email
    colleague.acknowledge(again, colleague.fetch_archive(again))
    assert check(world.service, signed(account, order).content)["authorised"]["by"] == colleague.email


# ---- who may see it

def test_a_receipt_is_for_its_account_and_the_operator(world, account, other_account, admin):
    order, _ = placed(account)
    signed(account, order)
    path = f"/orders/{order['id']}/receipt"
    assert other_account.call("GET", path).status_code == 404
    assert world.anonymous().call("GET", path).status_code == 401
    assert admin.call("GET", path).status_code == 200
    theirs = other_account.order(unique_name(), key_type="ec:p256")
    mine = account.show(order)["receipts"][0]["request_id"]
    assert other_account.call("GET", f"/orders/{theirs['id']}/receipt?request={mine}").status_code == 404


@pytest.mark.parametrize("query,status", [("format=pdf", 422), ("part=middle", 422), ("request=req_nothing", 404), ("format=", 422)])
def test_wrong_questions(account, query, status):
    order, _ = placed(account)
    assert account.call("GET", f"/orders/{order['id']}/receipt?{query}").status_code == status


# ---- the page

def test_the_page_says_the_same_and_does_nothing(world, account):
    token = account.token_client(name="</pre><script>alert(1)</script><img src=x onerror=alert(2)>")
    order = token.order(unique_name(), key_type="ec:p256")
    token.acknowledge(order, token.fetch_archive(order))
    receipt = check(world.service, signed(account, order).content)
    answer = account.call("GET", f"/orders/{order['id']}/receipt?format=html")
    page = answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="receipt-{receipt["request"]}.html"'
    policy = answer.headers["Content-Security-Policy"]
    style = page.split("<style>")[1].split("</style>")[0]
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy and "sandbox" in policy and "unsafe" not in policy and "script-src" not in policy
    tags = set(re.findall(r"<([a-zA-Z!][a-z0-9]*)", page))
    assert tags <= {"!doctype", "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "dt", "dd", "code", "pre"}
    assert not re.search(r"(src|href|url\()", style) and "http-equiv=\"Content-Security-Policy\"" in page
    words = html.unescape(page)
    for fact in (receipt["order"], receipt["account"], *receipt["names"], receipt["key"]["spki_sha256"], receipt["archive"]["sha256"],
                 receipt["authorised"]["by"], receipt["authorised"]["token"], receipt["audit"]["handed_over_leaf"], receipt["sandbox"]):
        assert fact in words
    assert json.loads(words.split("<pre>")[1].rsplit("</pre>", 1)[0])["receipt"] == receipt
    assert "inline" in account.call("GET", f"/orders/{order['id']}/receipt?format=html&inline=1").headers["Content-Disposition"]


def test_nothing_secret_is_on_it(world, account):
    order, _ = placed(account)
    code = account.code(order)["code"]
    for form in ("json", "html"):
        signed(account, order)
        text = account.call("GET", f"/orders/{order['id']}/receipt?format={form}").text
        assert code not in text and code.replace("-", "") not in text and order["archive_url"].rsplit("/", 1)[1] not in text


# ---- the command line

def test_fetching_by_the_command_line(world, account, tmp_path):
    order, _ = placed(account)
    document = signed(account, order).content
    cli = cli_of(tmp_path, world.service, account.post("/tokens", {"name": "cli"}, 201)["token"])
    assert cli.run("order", "receipt", order["id"]).out == document
    cli.run("order", "receipt", order["id"], "--out", "receipt.json")
    cli.run("order", "receipt", order["id"], "--out", "receipt.json", code=3)
    assert (tmp_path / "receipt.json").read_bytes() == document
    cli.run("order", "receipt", order["id"], "--format", "html", "--out", "r.html")
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    assert cli.ask("order", "receipt", order["id"])["document"] == json.loads(document)
    cli.run("order", "receipt", order["id"], "--format", "pdf", code=2)
    cli.run("order", "receipt", order["id"], "--part", "final", code=4)
    key = cli.ask("receipt", "key", "--out", "key.pem")
    assert key["key_id"] == json.loads(document)["signature"]["key_id"]
    assert b"yes: this receipt holds" in cli.run("receipt", "verify", "receipt.json", "--key", "key.pem").out


def test_verify_says_yes(kept):
    cli = Cli(kept)
    all_of_it = ("--key", "key.pem", "--archive", "archive.zip", "--cert", "chain.pem", "--csr", "order.csr")
    said = cli.ask("receipt", "verify", "receipt.json", *all_of_it)
    assert said["ok"] and said["pinned"] and [c["check"] for c in said["checks"]] == [
        "signature", "times", "archive", "certificate", "CSR"] and all(c["ok"] for c in said["checks"])
    unpinned = cli.run("receipt", "verify", "receipt.json")
    assert b"give --key" in unpinned.out and b"this receipt holds" not in unpinned.out and b"--key" in unpinned.err
    assert cli.ask("receipt", "verify", "receipt.json")["pinned"] is False
    assert cli.run("receipt", "verify", "-", "--key", "key.pem", stdin=(kept / "receipt.json").read_bytes()).code == 0
    pretty = json.dumps(json.loads((kept / "receipt.json").read_bytes()), indent=4).encode()
    assert cli.run("receipt", "verify", "-", "--key", "key.pem", stdin=pretty).code == 0, "white space is not signed"


@pytest.mark.parametrize("option,file,check", [("--key", "other.pem", "signature"), ("--archive", "chain.pem", "archive"),
                                               ("--cert", "other.csr", "certificate"), ("--csr", "other.csr", "CSR")])
def test_verify_says_no(kept, option, file, check):
    given = {"--key": "key.pem", option: file}
    said = Cli(kept).ask("receipt", "verify", "receipt.json", *(w for pair in given.items() for w in pair), code=1)
    assert [c["check"] for c in said["checks"] if not c["ok"]] == [check] and not said["ok"]


@pytest.fixture(scope="module")
def exported(kept, world):
    """The audit log beside the receipt, up to a checkpoint that lies behind all that the receipt names."""
    last = json.loads((kept / "receipt.json").read_bytes())["receipt"]["audit"]["handed_over_entry"]
    cli = cli_of(kept, world.service, world.service.secret("admin-token"))
    found = wait_for("a checkpoint behind it", lambda: (lambda c: c if c["size"] >= last else None)(
        cli.ask("audit", "export", "--out", "log.jsonl", "--checkpoint", "now.txt", "--force")), 60)
    return kept, found["verifier"]


def test_a_receipt_is_found_in_an_exported_log(exported):
    d, verifier = exported
    cli = Cli(d)
    said = cli.ask("receipt", "verify", "receipt.json", "--key", "key.pem", "--log", "log.jsonl")
    assert said["ok"] and [c["check"] for c in said["checks"]] == ["signature", "times", "log", "made", "handed over"]
    assert "key.made" in said["checks"][3]["text"] and "key.handed-over" in said["checks"][4]["text"]
    schema.conforms("receipt-verify", said)
    more = ("--checkpoint", "now.txt", "--verifier", verifier)
    assert cli.ask("receipt", "verify", "receipt.json", "--key", "key.pem", "--log", "log.jsonl", *more)["ok"]
    cli.run("receipt", "verify", "receipt.json", "--checkpoint", "now.txt", code=2)
    cli.run("receipt", "verify", "receipt.json", "--log", "log.jsonl", "--checkpoint", "now.txt", code=2)
    cli.run("receipt", "verify", "receipt.json", "--log", "receipt.json", code=3)


def _lied(d, name, change):
    """A log that was changed and made to hang together again, as one who owns the service could."""
    entries = [json.loads(line) for line in (d / "log.jsonl").read_text().splitlines()]
    change(entries)
    for e in entries:
        e["hash"] = leaf(e).hex()
    (d / name).write_text("".join(json.dumps(e) + "\n" for e in entries))


def test_a_log_that_says_otherwise_is_seen(exported):
    d, _ = exported
    audit = json.loads((d / "receipt.json").read_bytes())["receipt"]["audit"]
    made = audit["made_entry"] - 1
    _lied(d, "later.jsonl", lambda entries: entries[made].update(at="2020-01-01T00:00:00Z"))
    _lied(d, "short.jsonl", lambda entries: entries.__delitem__(slice(made, None)))
    (d / "cut.jsonl").write_text("".join((d / "log.jsonl").read_text().splitlines(True)[1:]))
    for name, wrong in (("later.jsonl", "made"), ("short.jsonl", "made"), ("cut.jsonl", "log")):
        said = Cli(d).ask("receipt", "verify", "receipt.json", "--key", "key.pem", "--log", name, code=1)
        assert wrong in [c["check"] for c in said["checks"] if not c["ok"]], (name, said["checks"])


def test_a_log_from_before_the_checkpoint_that_was_changed_is_seen(exported):
    """What the receipt's own checkpoint covers cannot be rewritten, though the receipt names none of these entries."""
    d, _ = exported
    assert json.loads((d / "receipt.json").read_bytes())["receipt"]["audit"]["checkpoint_size"], "signed after the first checkpoint"
    _lied(d, "first.jsonl", lambda entries: entries[0].update(detail="something else"))
    said = Cli(d).ask("receipt", "verify", "receipt.json", "--key", "key.pem", "--log", "first.jsonl", code=1)
    assert [c["check"] for c in said["checks"] if not c["ok"]] == ["log"]


def every_member(value, path=()):
    for name, inner in value.items():
        yield from every_member(inner, (*path, name)) if isinstance(inner, dict) else [(*path, name)]


def changed(value):
    """Another value of the same kind."""
    if isinstance(value, list):
        return [*value, "more.good.test"]
    if isinstance(value, int):
        return value + 1
    if value is None:
        return None
    for one, other in (("hand-over", "final"), ("service", "browser"), ("code", "sealed"), ("zip", "p12"), ("download", "email"),
                       ("private", "public"), ("session", "token")):
        if value == one:
            return other
    if re.fullmatch(r"[0-9a-f]{64}", value):
        return ("1" if value[0] == "0" else "0") + value[1:]
    if re.match(r"\d{4}-", value):
        return "2031" + value[4:]
    return value + "x"


def test_every_changed_member_is_found(kept):
    """Whichever it is: the signature does not fit (1), or it is no receipt any more (3)."""
    cli = Cli(kept)
    document = json.loads((kept / "receipt.json").read_bytes())
    found = 0
    for path in every_member(document["receipt"]):
        copy = json.loads(json.dumps(document))
        inner = copy["receipt"]
        for name in path[:-1]:
            inner = inner[name]
        if inner[path[-1]] is None:
            continue
        inner[path[-1]] = changed(inner[path[-1]])
        done = cli.run("receipt", "verify", "-", stdin=json.dumps(copy).encode(), code=None)
        assert done.code in (1, 3), path
        found += done.code == 1
    assert found > 20


def mangled(document):
    both = json.loads(document)
    receipt, signature = both["receipt"], both["signature"]
    text = document.decode()
    yield "truncated", document[:-40]
    yield "empty object", b"{}"
    yield "a list", b"[]"
    yield "no signature", json.dumps({"receipt": receipt}).encode()
    yield "another version", text.replace("autocsr-receipt-v1", "autocsr-receipt-v2").encode()
    yield "a member twice", text.replace('{"account"', '{"account":"acc_other","account"').encode()
    yield "a member twice outside", text.replace('"signature"', '"receipt":{},"signature"', 1).encode()
    yield "an unknown member", json.dumps({"receipt": receipt | {"extra": 1}, "signature": signature}).encode()
    yield "an unknown member within", json.dumps({"receipt": receipt | {"key": receipt["key"] | {"d": "1"}}, "signature": signature}).encode()
    yield "a member that is missing", json.dumps({"receipt": {k: v for k, v in receipt.items() if k != "order"}, "signature": signature}).encode()
    yield "a number for a text", json.dumps({"receipt": receipt | {"order": 7}, "signature": signature}).encode()
    yield "a real number", text.replace(f'"size":{receipt["archive"]["size"]}', f'"size":{receipt["archive"]["size"]}.0').encode()
    yield "a negative one", text.replace('"size":', '"size":-').encode()
    yield "a control character", json.dumps({"receipt": receipt | {"service": "https://x\u202e"}, "signature": signature}).encode()
    yield "a huge text", json.dumps({"receipt": receipt | {"service": "x" * 400}, "signature": signature}).encode()
    yield "a huge file", b" " * 200_000 + document
    yield "another algorithm", text.replace('"Ed25519"', '"RSA"').encode()
    yield "a short signature", text.replace(signature["value"], signature["value"][:40]).encode()
    yield "another key id", text.replace(signature["key_id"], "0" * 64).encode()
    yield "something behind it", document + b"{}"
    yield "latin-1", text.replace('"account"', '"accoünt"').encode("latin-1")
    yield "deep", b"[" * 60_000
    yield "not JSON", b"-----BEGIN CERTIFICATE-----\n"


def test_what_is_no_receipt_is_refused(kept):
    for what, document in mangled((kept / "receipt.json").read_bytes()):
        done = Cli(kept).run("receipt", "verify", "-", "--key", "key.pem", "--json", stdin=document, code=None)
        assert done.code == 3, (what, done.text)


def test_times_that_run_backwards_are_told(kept, tmp_path):
    """Also when somebody has signed them: here with a key of the test's."""
    key = Ed25519PrivateKey.generate()
    receipt = json.loads((kept / "receipt.json").read_bytes())["receipt"]
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def document(**times):
        changed = receipt | {"times": receipt["times"] | times}
        return json.dumps({"receipt": changed, "signature": {
            "algorithm": "Ed25519", "key_id": hashlib.sha256(spki).hexdigest(), "public_key": base64.b64encode(spki).decode(),
            "value": base64.b64encode(key.sign(PREFIX + canonical(changed))).decode()}}).encode()
    assert Cli(kept).run("receipt", "verify", "-", stdin=document()).code == 0
    for times in ({"made": "2035-01-01T00:00:00Z"}, {"handed_over": "2001-01-01T00:00:00Z"}, {"handed_over": "2035-01-01T00:00:00Z"},
                  {"worker_gone": "2001-01-01T00:00:00Z"}):
        said = Cli(kept).ask("receipt", "verify", "-", stdin=document(**times), code=1)
        assert [c["check"] for c in said["checks"] if not c["ok"]] == ["times"], times
    unsigned = document()
    wrong = json.loads(unsigned)
    wrong["signature"]["value"] = base64.b64encode(key.sign(canonical(receipt))).decode()
    assert Cli(kept).run("receipt", "verify", "-", stdin=json.dumps(wrong).encode(), code=None).code == 1, "without the prefix line"
