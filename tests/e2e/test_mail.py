"""Orders whose archive goes by mail, the notices, and the mail server's bad days."""
import hashlib
import html.parser

import pytest
from harness import crypto
from harness.api import unique_name
from harness.net import wait_for
from harness.smtp import SmtpSink


def _mail_order(world, account, name=None, **fields):
    """Orders by e-mail and returns (order, mail with the archive, archive)."""
    order = account.order(name or unique_name(), delivery="email", key_type="ec:p256", **fields)
    mail = wait_for("the mail with the archive", lambda: with_archive(world.smtp, account.email, order["names"][0]), 30)
    return order, mail, mail.attachments()[0][1]


def with_archive(smtp, address, name=""):
    return next((m for m in smtp.to(address) if m.attachments() and name in m.decoded().decode("latin1")), None)


def test_archive_by_mail_goes_on_when_the_server_accepted_it(world, account):
    order, mail, archive = _mail_order(world, account)
    assert "archive_url" not in order or order["archive_url"] is None
    assert mail.tls, "the archive must travel under STARTTLS"
    assert [n for n, _ in mail.attachments()] == [account.show(order)["archive"]["filename"]]
    now = account.wait_state(order, "validating")
    assert now["archive"]["state"] == "mailed"
    assert now["archive"]["sha256"] == hashlib.sha256(archive).hexdigest()
    issued = world.finish(account, now, archive)
    assert crypto.sans(issued.cert) == order["names"]


def test_no_mail_ever_carries_the_code_or_the_key(world, account):
    order, _, archive = _mail_order(world, account)
    issued = world.finish(account, account.wait_state(order, "validating"), archive)
    world.smtp.wait(account.email, match=order["names"][0], n=2)
    code = crypto.passphrase(issued.code)
    needles = [code.encode(), issued.code["code"].encode(), code.lower().encode(), b"PRIVATE KEY",
               *crypto.secret_patterns(issued.key)]
    for mail in list(world.smtp.mails):
        text = mail.decoded().replace(b"ENCRYPTED PRIVATE KEY", b"")  # one of the forms that other orders of this world have
        assert not [n for n in needles if n in text], f"a secret in the mail {mail.subject!r}"


def test_every_mail_has_text_and_html_and_one_recipient(world, account):
    order, _, archive = _mail_order(world, account)
    world.finish(account, account.wait_state(order, "validating"), archive)
    wait_for("the issuance notice", lambda: len(world.smtp.to(account.email)) >= 3)
    for mail in world.smtp.to(account.email):
        assert mail.recipients == [account.email]
        assert mail.text.strip() and "<html" in mail.html.lower()
        assert mail.message["From"] and mail.message["Date"] and mail.message["Message-ID"]
        html.parser.HTMLParser().feed(mail.html)


def test_validation_instructions_are_mailed(world, account):
    order, _, _ = _mail_order(world, account)
    v = account.wait_state(order, "validating")["validations"][0]
    mail = world.smtp.wait(account.email, match=v["dns"]["value"])
    assert v["dns"]["record"] in mail.text and v["http"]["url"] in mail.text


def test_issuance_is_announced(world, account):
    issued = world.issue(account, key_type="ec:p256")
    notice = wait_for("the issuance notice", lambda: [m for m in world.smtp.to(account.email) if issued.id in m.text
                                                      or issued.order["names"][0] in m.subject])
    assert notice and all(not m.attachments() for m in world.smtp.to(account.email))


def test_archive_goes_only_to_a_confirmed_user_of_the_account(world, account, other_account):
    for address in ("stranger@mail.test", other_account.email, "a@b.test\r\nBcc: evil@mail.test", "not an address"):
        answer = account.call("POST", "/orders", {"product": "dv", "names": [unique_name()], "delivery": "email",
                                                  "email": address})
        assert answer.status_code in (400, 422), address
    assert account.get("/orders")["orders"] == []
    assert not world.smtp.to("stranger@mail.test")


@pytest.fixture
def own_mail(test_pki):
    sink = SmtpSink(test_pki)
    yield sink
    sink.close()


def _ordered_then(world, own_mail, spoil):
    """Registers, spoils the mail server, orders by mail."""
    account = world.register()
    spoil()
    return account, account.order(unique_name(), delivery="email", key_type="ec:p256")


def test_mail_server_down_the_order_waits_and_recovers_with_a_new_key(new_world, own_mail):
    world = new_world(smtp=own_mail)
    account, order = _ordered_then(world, own_mail, own_mail.down)
    waiting = wait_for("a waiting order", lambda: (lambda o: o if o["waiting"] else None)(account.show(order)))
    assert waiting["state"] == "handover" and "mail" in waiting["waiting"]["reason"].lower()
    world.service.restart()
    own_mail.up()
    mail = wait_for("the mail after recovery", lambda: with_archive(own_mail, account.email), 120)
    now = account.wait_state(order, "validating")
    assert now["spki_sha256"] != order["spki_sha256"], "the lost key must have been made anew"
    issued = world.finish(account, now, mail.attachments()[0][1])
    assert issued.order["state"] == "issued"


@pytest.mark.parametrize("mode", ["refuse-4xx", "slow", "drop-after-data"])
def test_mail_server_with_a_bad_day_recovers(new_world, own_mail, mode):
    world = new_world(smtp=own_mail)
    account, order = _ordered_then(world, own_mail, lambda: setattr(own_mail, "mode", mode))
    wait_for("an attempt", lambda: own_mail.attempts > 1 or mode != "refuse-4xx", 30)
    own_mail.mode = "ok"
    now = account.wait_state(order, "validating", seconds=120)
    archives = [m for m in own_mail.to(account.email) if m.attachments()]
    assert 1 <= len(archives) <= 2, "at most one duplicate"
    newest = archives[-1].attachments()[0][1]
    assert hashlib.sha256(newest).hexdigest() == now["archive"]["sha256"]
    world.finish(account, now, newest)


def test_mail_refused_for_good_is_said_in_the_order(new_world, own_mail):
    world = new_world(smtp=own_mail)
    account, order = _ordered_then(world, own_mail, lambda: setattr(own_mail, "mode", "refuse-5xx"))
    now = wait_for("the reason in the order", lambda: (lambda o: o if o["waiting"] or o["state"] == "failed" else None)(
        account.show(order)), 30)
    assert now["state"] in ("handover", "failed") and now["certificates"] == []


def test_a_mail_server_without_starttls_gets_nothing(new_world, test_pki):
    plain = SmtpSink(test_pki, starttls=False)
    try:
        world = new_world(smtp=plain)
        world.anonymous().post("/register", {"email": "plain@mail.test", "password": "long enough words",
                                             "account_name": "Plain"}, 202)
        wait_for("the attempt in the log", lambda: "starttls" in world.service.log_text().lower()
                 or "mail" in world.service.log_text().lower(), 20)
        assert plain.mails == []
    finally:
        plain.close()


def test_a_mail_server_with_a_strange_certificate_gets_nothing(new_world, own_mail, e2e_dir):
    from harness.testpki import TestPki
    import tempfile
    other = TestPki(tempfile.mkdtemp(dir=e2e_dir))
    other.dir.chmod(0o755)
    world = new_world({"mail": {"ca_file": other.ca_file}}, smtp=own_mail)
    world.anonymous().post("/register", {"email": "strange@mail.test", "password": "long enough words",
                                         "account_name": "Strange"}, 202)
    wait_for("the failure in the log", lambda: "mail" in world.service.log_text().lower(), 20)
    assert own_mail.mails == []


def test_header_injection_by_account_name_does_not_work(world):
    name = "Evil\r\nBcc: victim@mail.test\r\n\r\n<script>alert(1)</script>"
    answer = world.anonymous().call("POST", "/register", {"email": "inject@mail.test", "password": "long enough words",
                                                          "account_name": name})
    assert answer.status_code in (400, 422) or not world.smtp.to("victim@mail.test")
    assert not world.smtp.to("victim@mail.test")
