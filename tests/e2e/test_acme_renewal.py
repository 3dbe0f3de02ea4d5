"""Renewal information (RFC 9773): the window of a certificate, when it is past, and what is no certificate's id."""
import datetime

import pytest
from harness.acme import Acme, b64, cert_id, problem
from harness.api import unique_name
from harness.crypto import certificates
from harness.fixtures import private_world

DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def town(e2e_dir, dns, smtp, web):
    world = private_world(e2e_dir, dns, smtp, web)
    world.alice = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    world.issued = [certificates(world.alice.issue(world, unique_name())[1])[0] for _ in range(4)]
    yield world
    world.service.stop()


def ask(client, cert):
    return client.get(client.directory["renewalInfo"] + "/" + (cert if isinstance(cert, str) else cert_id(cert)))


def window(answer):
    assert answer.status_code == 200, answer.text
    times = answer.json()["suggestedWindow"]
    return [datetime.datetime.strptime(times[k], "%Y-%m-%dT%H:%M:%SZ") for k in ("start", "end")]


@pytest.mark.rfc("9773 3#1", "the directory has renewalInfo")
@pytest.mark.rfc("9773 4.2#2", "a window ends after it begins")
@pytest.mark.rfc("9773 4.1#1", "the id has no padding")
def test_the_window_is_about_the_last_third(town):
    starts = set()
    for cert in town.issued:
        start, end = window(ask(town.alice, cert))
        life = cert.not_valid_after - cert.not_valid_before
        assert cert.not_valid_after - life * 0.35 < start < end < cert.not_valid_after - life * 0.1
        assert window(ask(town.alice, cert)) == [start, end], "always the same"
        starts.add(start - cert.not_valid_before)
    assert len(starts) == len(town.issued), "not all at once"


@pytest.mark.rfc("9773 4.3", "the answer says when to ask again, to anybody, without a signature")
def test_anybody_may_ask(town):
    answer = town.service.get("/acme/renewal-info/" + cert_id(town.issued[0]))
    assert answer.status_code == 200 and 3600 <= int(answer.headers["Retry-After"]) <= 86400
    assert answer.headers["Content-Type"].startswith("application/json") and set(answer.json()) == {"suggestedWindow"}


def test_a_revoked_certificate_is_to_be_renewed_now(town):
    order, pem, _ = town.alice.issue(town, unique_name())
    cert = certificates(pem)[0]
    town.admin().post(f"/orders/{order['url'].rsplit('/', 1)[1]}/revoke", {"reason": "superseded"}, 200)
    start, end = window(ask(town.alice, cert))
    assert start < end <= datetime.datetime.utcnow() + datetime.timedelta(seconds=2)


@pytest.mark.parametrize("make", [
    lambda i: "x", lambda i: i + "=", lambda i: i.replace(".", ".."), lambda i: i.replace(".", ""),
    lambda i: i.split(".")[0] + ".", lambda i: "." + i.split(".")[1], lambda i: i + ".AA", lambda i: i.replace(".", ".AA"),
    lambda i: i.split(".")[0] + "." + b64(b"\x80" * 16), lambda i: i.split(".")[0] + "." + b64(b"\x01" * 22),
    lambda i: i.split(".")[0] + ".*", lambda i: i.split(".")[0] + "." + b64(b"\0\x01")])
def test_what_is_no_id(town, make):
    problem(ask(town.alice, make(cert_id(town.issued[0]))), 400, "malformed")


def test_certificates_that_are_not_ours(town):
    aki, serial = cert_id(town.issued[0]).split(".")
    problem(ask(town.alice, f"{aki}.{b64(bytes([1]) * 16)}"), 404, "malformed")
    problem(ask(town.alice, f"{b64(b'x' * 20)}.{serial}"), 404, "malformed")


@pytest.mark.rfc("9773 4.2", "the operator tells clients to renew at once, and why")
def test_an_issuer_in_trouble(town, new_world):
    issuer = town.admin().get("/ca")["issuers"][0]["name"]
    before = (datetime.datetime.utcnow() + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    for rule, now in ((issuer, True), ("other " + issuer + "@" + before, True), (issuer + "@2026-01-01T00:00:00Z", False), ("other", False)):
        town.service.config["acme"].update({"renew_now": rule, "renew_now_url": "https://ca.test/why"})
        town.service.restart()
        town.alice.nonces.clear()
        answer = ask(town.alice, town.issued[0])
        start, end = window(answer)
        assert (end < datetime.datetime.utcnow()) == now and start < end
        assert answer.json().get("explanationURL") == ("https://ca.test/why" if now else None)
