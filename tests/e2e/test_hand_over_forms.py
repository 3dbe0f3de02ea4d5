"""Every form of a key, by download, by mail and by the command line: somebody else's program opens it with the code or the
recipient's own key and nothing else, and what comes out is the key of the certificate."""
import hashlib
import stat
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from harness import crypto, csrs, forms
from harness.api import FORM_TYPES, PASSWORD, unique_name
from harness.drive import patient
from harness.fixtures import private_world
from harness.net import wait_for
from oracle import Oracle
from test_cli_service import by_token
from test_invariants import assert_nowhere

LOCKED = ["zip", "pkcs8", "p12", "p12-legacy"]
EXTENSIONS = {"zip": ".zip", "pkcs8": ".key.pem", "p12": ".p12", "p12-legacy": ".p12", "age": ".key.age", "cms": ".p7m"}
_recipients = {}


@pytest.fixture
def recipient(request, tmp_path_factory):
    kind = request.param
    if forms.missing(kind):
        pytest.skip(forms.missing(kind))
    if kind not in _recipients:
        _recipients[kind] = forms.Recipient(tmp_path_factory.mktemp("recipient"), kind)
    return _recipients[kind]


every_recipient = pytest.mark.parametrize("recipient", forms.RECIPIENTS, indirect=True)
one_of_each = pytest.mark.parametrize("recipient", ["age", "cert:ec:p256"], indirect=True)


def sealed_to(recipient):
    return {"grade": "sealed", "recipient": recipient.text}


def check_key(world, account, order, key, name):
    """`key` (PEM) is that of the order's CSR and certificate."""
    account.wait_state(order, "issued")
    crypto.check_all_match(key, account.get(f"/orders/{order['id']}/csr"), account.certificate(order), world.service.root_pem, name)


def take(world, account, order):
    """Fetch, acknowledge, prove the name; the file."""
    data = account.fetch_archive(order)
    now = account.acknowledge(order, data)
    if now["state"] == "validating":
        world.validate(account, now)
    return data


def detail_of(account, order, event):
    return next(e["detail"] for e in account.show(order)["events"] if e["event"] == event)


# ---- by download

@pytest.mark.parametrize("format", LOCKED)
@pytest.mark.parametrize("key_type", ["rsa:2048", "ec:p256", "ed25519"])
def test_a_locked_key_opens_with_the_code(world, account, format, key_type):
    name = unique_name()
    order = account.order(name, key_type=key_type, hand_over={"grade": "code", "format": format})
    assert order["hand_over"] == {"grade": "code", "format": format, "recipient": None}
    assert order["archive"]["filename"] == name + EXTENSIONS[format] and order["archive"]["key_filename"] == name + ".key"
    data = take(world, account, order)
    code = account.code(order)
    key = forms.OPENED_BY[format](data, code)
    assert key, f"{format} does not open with the code"
    check_key(world, account, order, key, name)
    wrong = crypto.passphrase(code)
    assert forms.OPENED_BY[format](data, wrong[:-1] + ("0" if wrong[-1] != "0" else "1")) is None
    for event in ("key.made", "key.handed-over"):
        assert f"grade code, format {format}" in detail_of(account, order, event)


def test_a_pkcs8_key_is_strongly_encrypted(world, account):
    order = account.order(unique_name(), key_type="ec:p256", hand_over={"grade": "code", "format": "pkcs8"})
    data = account.fetch_archive(order)
    assert data.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    text = crypto.run("openssl", "asn1parse", "-inform", "PEM", stdin=data).stdout.decode()
    assert "PBES2" in text and "aes-256-cbc" in text and "hmacWithSHA256" in text


@pytest.mark.parametrize("format", ["zip", "p12"])
def test_as_many_names_as_a_csr_holds(account, format):
    first = [f"{i:02}." + ".".join([39 * "a"] * 3) for i in range(100)]
    names = [f"{n}.{unique_name()}" for n in first]
    order = account.order(names, key_type="ec:p256", hand_over={"grade": "code", "format": format})
    assert len(account.get(f"/orders/{order['id']}/csr")) > 19000, "a PEM of more than 14000 bytes of DER"
    key = forms.OPENED_BY[format](account.fetch_archive(order), account.code(order))
    assert b"PRIVATE KEY" in key


def test_a_p12_names_the_host_and_holds_one_key(world, account):
    name = unique_name()
    order = account.order(name, key_type="ec:p256", hand_over={"grade": "code", "format": "p12"})
    data = take(world, account, order)
    store = pkcs12.load_pkcs12(data, crypto.passphrase(account.code(order)).encode())
    assert crypto.spki_sha256(store.key.public_key()) == order["spki_sha256"]
    text = crypto.run("openssl", "pkcs12", "-info", "-nokeys", "-nocerts", "-passin", "pass:" + crypto.passphrase(account.code(order)),
                      stdin=data).stderr.decode()
    assert "PBES2" in text and "AES-256" in text and "sha256" in text


@every_recipient
def test_a_sealed_key_opens_with_the_recipients_key_alone(world, account, recipient):
    name = unique_name()
    order = account.order(name, key_type="rsa:2048", hand_over=sealed_to(recipient))
    assert order["hand_over"]["grade"] == "sealed" and order["hand_over"]["format"] == recipient.format
    assert recipient.name in order["hand_over"]["recipient"].replace(":", "").lower() or recipient.name in order["hand_over"]["recipient"]
    assert order["code"] is None and order["archive"]["filename"] == name + EXTENSIONS[recipient.format]
    data = take(world, account, order)
    key = recipient.open(data)
    assert key, f"what is sealed to {recipient.kind} does not open"
    check_key(world, account, order, key, name)
    assert f"grade sealed, format {recipient.format}, to {order['hand_over']['recipient']}" in detail_of(account, order, "key.made")


@one_of_each
def test_a_sealed_key_has_no_code(world, account, recipient):
    order = account.order(unique_name(), key_type="ec:p256", hand_over=sealed_to(recipient))
    for state in ("handover", "validating"):
        assert account.show(order)["state"] == state
        problem = account.post(f"/orders/{order['id']}/code", {"password": PASSWORD}, 410)
        assert problem["type"] == "urn:autocsr:error:code.gone" and "sealed" in problem["detail"]
        assert order["hand_over"]["recipient"][:40] in problem["detail"]
        if state == "handover":
            account.acknowledge(order, account.fetch_archive(order))
    left = Oracle(world).rows("SELECT r.has_code, c.code FROM requests r LEFT JOIN codes c ON c.request_id = r.id WHERE r.order_id = ?", order["id"])
    assert left == [{"has_code": 0, "code": None}]


@one_of_each
def test_nobody_else_opens_a_sealed_key(account, recipient, tmp_path):
    order = account.order(unique_name(), key_type="ec:p256", hand_over=sealed_to(recipient))
    stranger = forms.Recipient(tmp_path, recipient.kind)
    data = account.fetch_archive(order)
    assert stranger.open(data) is None and recipient.open(data)


@one_of_each
def test_a_sealed_key_that_was_lost_is_made_and_sealed_anew(world, account, recipient):
    name = unique_name()
    order = account.order(name, key_type="ec:p256", hand_over=sealed_to(recipient))
    account.fetch_archive(order)
    again = account.post(f"/orders/{order['id']}/archive", {}, 200)
    assert again["hand_over"] == order["hand_over"] and again["spki_sha256"] != order["spki_sha256"]
    check_key(world, account, again, recipient.open(take(world, account, again)), name)


@pytest.mark.parametrize("recipient", ["age"], indirect=True)
def test_a_lost_key_may_take_another_form(world, account, recipient):
    name = unique_name()
    order = account.order(name, key_type="ec:p256")
    again = account.post(f"/orders/{order['id']}/archive", {"hand_over": sealed_to(recipient)}, 200)
    assert again["hand_over"]["grade"] == "sealed" and again["code"] is None
    for wrong in ({"grade": "browser"}, {"grade": "code", "format": "cms"}):
        assert account.post(f"/orders/{order['id']}/archive", {"hand_over": wrong}, 422)["type"] == "urn:autocsr:error:request.field.hand-over"
    check_key(world, account, again, recipient.open(take(world, account, again)), name)


def check_nothing_is_kept(world, key, data, code=None):
    """Neither the key nor the file that carried it is on the disk, in the log or, downloaded as it was, in a mail."""
    middle = data[len(data) // 3:-len(data) // 3]
    pieces = crypto.secret_patterns(key) + [middle[i:i + 32] for i in range(0, len(middle) - 32, 32)]
    assert_nowhere(world, pieces + ([crypto.passphrase(code).encode(), code["code"].encode()] if code else []), "a secret")


@pytest.mark.parametrize("format", ["pkcs8", "p12", "p12-legacy"])
def test_nothing_of_a_locked_key_is_kept(world, account, format):
    order = account.order(unique_name(), key_type="ec:p256", hand_over={"grade": "code", "format": format})
    data = take(world, account, order)
    code = account.code(order)
    check_nothing_is_kept(world, forms.OPENED_BY[format](data, code), data, code)


@one_of_each
def test_nothing_of_a_sealed_key_is_kept(world, account, recipient):
    order = account.order(unique_name(), key_type="ec:p256", hand_over=sealed_to(recipient))
    data = take(world, account, order)
    check_nothing_is_kept(world, recipient.open(data), data)


# ---- reissue

@pytest.mark.parametrize("recipient", ["cert:rsa:2048"], indirect=True)
def test_a_reissue_goes_as_the_last_key_unless_it_says_otherwise(world, account, recipient):
    name = unique_name()
    order = account.order(name, key_type="ec:p256", hand_over=sealed_to(recipient))
    check_key(world, account, order, recipient.open(take(world, account, order)), name)
    path = f"/orders/{order['id']}/reissue"
    again = account.post(path, {}, 200)
    assert again["hand_over"] == order["hand_over"] and again["spki_sha256"] != order["spki_sha256"]
    check_key(world, account, again, recipient.open(take(world, account, again)), name)
    other = account.post(path, {"hand_over": {"grade": "code", "format": "p12"}}, 200)
    assert other["hand_over"] == {"grade": "code", "format": "p12", "recipient": None} and other["archive"]["filename"] == name + ".p12"
    data = take(world, account, other)
    check_key(world, account, other, forms.OPENED_BY["p12"](data, account.code(other)), name)
    csr, key = csrs.own_csr(name)
    last = account.post(path, {"csr": csr, "hand_over": {"grade": "browser"}}, 200)
    assert last["hand_over"]["grade"] == "browser"
    account.wait_state(last, "issued")
    back = account.post(path, {"hand_over": sealed_to(recipient)}, 200)
    check_key(world, account, back, recipient.open(take(world, account, back)), name)


# ---- by mail

def check_mail(mail, order):
    """One attachment with the order's name, type and hash; nothing in the text that opens it."""
    [part] = list(mail.message.iter_attachments())
    data = part.get_content()
    data = data.encode() if isinstance(data, str) else data
    assert part.get_filename() == order["archive"]["filename"]
    assert part.get_content_type() == FORM_TYPES[order["hand_over"]["format"]].split(";")[0]
    if order["hand_over"]["format"] == "cms":
        assert part["Content-Type"].params["smime-type"] == "authEnveloped-data"
    assert hashlib.sha256(data).hexdigest() == order["archive"]["sha256"]
    return data


@pytest.mark.parametrize("format", LOCKED)
def test_a_locked_key_by_mail(world, account, smtp, format):
    name = unique_name()
    order = account.order(name, key_type="ec:p256", delivery="email", hand_over={"grade": "code", "format": format})
    mail = smtp.wait(account.email, match=order["archive"]["filename"])
    order = account.wait_state(order, "validating", "issuing", "issued")
    data = check_mail(mail, order)
    world.validate(account, order)
    code = account.code(order)
    check_key(world, account, order, forms.OPENED_BY[format](data, code), name)
    said = mail.decoded().decode("latin1")
    assert "#/orders/" + order["id"] in said and crypto.passphrase(code) not in said.replace("-", "")


def run_line(text, begins, directory, file, data, **fill):
    """The one command of a mail, as somebody runs it whose files anybody may read: what it wrote."""
    [line] = [line.strip() for line in text.splitlines() if begins in line]
    for word, value in fill.items():
        line = line.replace(word.replace("_", "-"), str(value))
    (directory / file["filename"]).write_bytes(data)
    subprocess.run(["sh", "-c", "umask 022\n" + line + "\numask >after"], cwd=directory, check=True, stderr=subprocess.PIPE, timeout=60)
    out = directory / file["key_filename"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600, line
    assert (directory / "after").read_text().strip() == "0022", "theirs is as it was"
    return out.read_bytes()


@pytest.mark.parametrize("format,begins", [("pkcs8", "openssl pkey"), ("p12", "openssl pkcs12")])
def test_the_command_of_a_mail_keeps_a_locked_key_from_others(account, smtp, format, begins):
    order = account.order(unique_name(), key_type="ec:p256", delivery="email", hand_over={"grade": "code", "format": format})
    mail = smtp.wait(account.email, match=order["archive"]["filename"])
    text = mail.message.get_body(("plain",)).get_content()
    [line] = [line.strip() for line in text.splitlines() if begins in line]
    assert line.startswith("(umask 077; ") and line.endswith(")")


@one_of_each
def test_a_sealed_key_by_mail(world, account, smtp, tmp_path, recipient):
    name = unique_name()
    order = account.order(name, key_type="ec:p256", delivery="email", hand_over=sealed_to(recipient))
    mail = smtp.wait(account.email, match=order["archive"]["filename"])
    order = account.wait_state(order, "validating", "issuing", "issued")
    data = check_mail(mail, order)
    world.validate(account, order)
    check_key(world, account, order, recipient.open(data), name)
    text = mail.message.get_body(("plain",)).get_content()
    assert "there is no code" in " ".join(text.split())
    begins = "age -d -i" if recipient.format == "age" else "openssl cms -decrypt"
    key = run_line(text, begins, tmp_path, order["archive"], data, IDENTITY=recipient.file, YOUR_KEY=recipient.file)
    assert key.replace(b"\r", b"") == recipient.open(data).replace(b"\r", b"")


# ---- kill -9 between

@pytest.fixture(scope="module")
def fragile(e2e_dir, dns, smtp, web):
    """A service whose processes are killed; the oracle judges it in the end."""
    world = private_world(e2e_dir, dns, smtp, web)
    yield world
    Oracle(world).check()
    world.service.stop()


@pytest.mark.parametrize("role", ["front", "core", "keymaker"])
@pytest.mark.parametrize("recipient", ["cert:ec:p256"], indirect=True)
def test_killed_between_making_and_fetching(fragile, role, recipient):
    person, name = fragile.customer, unique_name()
    order = person.order(name, key_type="ec:p256", hand_over=sealed_to(recipient))
    fragile.service.kill(role)
    now = patient(lambda: person.show(order))
    if now["archive"]["state"] != "waiting":
        assert now["archive"]["state"] == "lost", now["archive"]
        now = patient(lambda: person.post(f"/orders/{order['id']}/archive", {}, 200))
        assert now["spki_sha256"] != order["spki_sha256"]
    assert now["hand_over"] == order["hand_over"] and now["code"] is None
    check_key(fragile, person, now, recipient.open(take(fragile, person, now)), name)


@pytest.mark.parametrize("recipient", ["age"], indirect=True)
def test_a_mail_that_had_to_wait_brings_a_new_key_to_the_same_recipient(fragile, smtp, recipient):
    person, name = fragile.customer, unique_name()
    smtp.mode, before = "refuse-4xx", smtp.attempts
    try:
        order = person.order(name, key_type="ec:p256", delivery="email", hand_over=sealed_to(recipient))
        wait_for("an attempt", lambda: smtp.attempts > before)
        wait_for("a waiting order", lambda: person.show(order)["waiting"])
    finally:
        smtp.mode = "ok"
    mail = smtp.wait(person.email, match=order["archive"]["filename"])
    now = person.wait_state(order, "validating", "issuing", "issued")
    assert now["spki_sha256"] != order["spki_sha256"] and now["hand_over"] == order["hand_over"]
    data = check_mail(mail, now)
    fragile.validate(person, now)
    check_key(fragile, person, now, recipient.open(data), name)


def test_a_mail_that_had_to_wait_for_longer_than_its_recipient_is_valid(fragile, smtp):
    person, key = fragile.customer, csrs.new_key("ec:p256")
    text = forms.certificate(key, days=8 / 86400).public_bytes(Encoding.PEM).decode()
    smtp.mode = "refuse-4xx"
    try:
        order = person.order(unique_name(), key_type="ec:p256", delivery="email", hand_over={"grade": "sealed", "recipient": text})
        now = person.wait_state(order, "failed")
    finally:
        smtp.mode = "ok"
    assert any("has expired" in (e["detail"] or "") for e in now["events"]), now["events"]


# ---- the command line

@pytest.fixture
def cli(tmp_path, world, account):
    (tmp_path / "p").write_text(PASSWORD + "\n")
    return by_token(tmp_path, world.service, account.token_client("cli").token)


def new(cli, name, *words):
    return cli.run("order", "new", "--product", "dv", "--host", name, "--key", "ec:p256", "--json", *words)


@pytest.mark.parametrize("format", ["pkcs8", "p12", "p12-legacy"])
def test_the_command_saves_each_locked_form(cli, account, tmp_path, format):
    name = unique_name()
    order = new(cli, name, "--format", format).json
    path = tmp_path / (name + EXTENSIONS[format])
    assert order["archive_file"] == path.name and stat.S_IMODE(path.stat().st_mode) == 0o600
    cli.run("order", "code", order["id"], "--password-file", "p", "--out", "code")
    key = forms.OPENED_BY[format](path.read_bytes(), (tmp_path / "code").read_text().strip())
    assert crypto.spki_sha256(crypto.load_key(key).public_key()) == order["spki_sha256"]
    assert "opened by the unlock code" in cli.run("order", "show", order["id"]).out.decode()


@every_recipient
def test_the_command_seals(cli, tmp_path, recipient):
    name = unique_name()
    (tmp_path / "to").write_text(recipient.text)
    given = recipient.text.strip() if recipient.kind == "age" else "@to"
    done = new(cli, name, "--seal-to", given)
    path = tmp_path / (name + EXTENSIONS[recipient.format])
    key = recipient.open(path.read_bytes())
    assert crypto.spki_sha256(crypto.load_key(key).public_key()) == done.json["spki_sha256"]
    assert ("age -d -i" if recipient.format == "age" else "openssl cms -decrypt") in done.err.decode()
    shown = cli.run("order", "show", done.json["id"]).out.decode()
    assert "no code exists" in shown and done.json["hand_over"]["recipient"] in shown
    assert "sealed to" in cli.run("order", "code", done.json["id"], "--password-file", "p", code=None).err.decode()


def test_a_certificate_in_der_is_a_recipient(cli, tmp_path):
    own = forms.Recipient(tmp_path, "cert:rsa:2048")
    (tmp_path / "c.der").write_bytes(crypto.run("openssl", "x509", "-outform", "DER", stdin=own.text.encode()).stdout)
    order = new(cli, unique_name(), "--seal-to", "@c.der", "--archive", "k.p7m").json
    assert order["archive_file"] == "k.p7m" and own.open((tmp_path / "k.p7m").read_bytes())


@pytest.mark.parametrize("words, code, problem", [
    (["--format", "rar"], 2, "usage.value"),
    (["--format", "age"], 2, "usage.value"),
    (["--seal-to", "nobody"], 3, "recipient.unknown"),
    (["--seal-to", "p"], 3, "recipient.unknown"),
    (["--seal-to", "@secret"], 3, "recipient.private-key"),
    (["--seal-to", "@absent"], 3, "input.open"),
    (["--seal-to", "@to", "--format", "zip"], 2, "usage.value"),
    (["--seal-to", "@to", "--local-key"], 2, "usage.key"),
    (["--local-key", "--format", "p12"], 2, "usage.key"),
    (["--local-key", "--delivery", "email"], 2, "usage.key"),
    (["--code-file", "c"], 2, "usage.key"),
    (["--csr", "x", "--format", "p12"], 2, "usage.csr"),
    (["--csr", "x", "--local-key"], 2, "usage.key"),
], ids=str)
def test_the_command_refuses_what_does_not_go_together(tmp_path, service, words, code, problem):
    (tmp_path / "to").write_text("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n")
    (tmp_path / "secret").write_text("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n")
    (tmp_path / "p").write_text("a file\n")
    before = set(tmp_path.iterdir())
    cli = by_token(tmp_path, service, "acsr_none")
    done = cli.run("order", "new", "--product", "dv", "--host", "www.example.com", "--json", *words, code=code)
    assert done.problem == problem and b"GFPYYSJ" not in done.out + done.err
    if words == ["--seal-to", "p"]:
        assert "@p" in done.json["detail"]
    assert set(tmp_path.iterdir()) - before <= {tmp_path / "token"}


def test_a_key_of_this_machine(cli, world, tmp_path):
    name = unique_name()
    done = new(cli, name, "--local-key", "--code-file", "code")
    order = done.json
    assert order["key_source"] == "own-csr" and order["archive_file"] == f"{name}.zip" and order["code_file"] == "code"
    assert stat.S_IMODE((tmp_path / f"{name}.zip").stat().st_mode) == stat.S_IMODE((tmp_path / "code").stat().st_mode) == 0o600
    key = crypto.open_archive((tmp_path / f"{name}.zip").read_bytes(), (tmp_path / "code").read_text().strip())
    assert crypto.spki_sha256(crypto.load_key(key).public_key()) == order["spki_sha256"]
    cli.run("order", "reissue", order["id"], "--local-key", "--archive", "b.zip", "--code-file", "c", code=4)
    assert not (tmp_path / "b.zip").exists() and not (tmp_path / "c").exists(), "a refused CSR's key is of no use"


def test_a_key_of_this_machine_for_a_reissue(cli, world, account, tmp_path):
    name = unique_name()
    csr, first = csrs.own_csr(name)
    order, _ = world.issue_csr(account, csr, [name], hand_over={"grade": "browser"})
    refused = cli.run("order", "reissue", order["id"], "--archive", "a.zip", "--json", code=3)
    assert refused.problem == "request.field.hand-over" and not (tmp_path / "a.zip").exists()
    again = cli.run("order", "reissue", order["id"], "--local-key", "--archive", "a.zip", "--code-file", "c", "--wait", "--json").json
    key = crypto.load_key(crypto.open_archive((tmp_path / "a.zip").read_bytes(), (tmp_path / "c").read_text().strip()))
    assert again["state"] == "issued" and crypto.spki_sha256(key.public_key()) == again["spki_sha256"] != crypto.spki_sha256(first.public_key())
    assert again["key_type"] == order["key_type"]


def test_a_refused_order_leaves_no_key_of_this_machine(cli, tmp_path):
    before = set(tmp_path.iterdir())
    done = cli.run("order", "new", "--product", "nothing", "--host", unique_name(), "--local-key", "--archive", "a.zip", "--json", code=None)
    assert done.code in (3, 4) and set(tmp_path.iterdir()) == before
