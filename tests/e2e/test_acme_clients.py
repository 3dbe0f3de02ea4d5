"""Other people's ACME clients get certificates from our CA: issue by each kind of challenge they know, several names, addresses,
renew, revoke, external account binding, key change. Each certificate is judged by openssl, and seen in its owner's account.

docs/ACME.md shows these clients with the same options; what this file runs is what stands there.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest
from harness import crypto
from harness.acmeapache import ModMd
from harness.acmeclients import AcmeTiny, Acmetool, Ca, Certbot, Dehydrated, Lego, Uacme
from harness.api import unique_name
from harness.fixtures import private_world
from harness.net import can_connect, free_port, wait_for
from harness.service import REPO
from oracle import Oracle


@pytest.fixture(scope="module")
def ca_world(e2e_dir, dns, smtp, web):
    """A service of this file's own: the clients' servers need its validation ports to themselves."""
    ports = {"http_port": free_port(), "tls_alpn_port": free_port()}
    # uacme shows one TXT value after the other at one name: the first may still be in a cache when the second is looked for.
    world = private_world(e2e_dir, dns, smtp, web, {"validation": ports, "acme": {"challenge_tries": "3"}})
    service = world.service
    root = service.dir / "root.pem"  # the state directory is closed to Apache's user
    shutil.copyfile(service.root_pem, root)
    root.chmod(0o644)
    world.ca = Ca(service.url + "/acme/directory", root, ports["http_port"], ports["tls_alpn_port"], dns)
    yield world
    service.stop()


@pytest.fixture(scope="module")
def bound(ca_world):
    """bound(title) is the CA at a directory that wants a binding, with a key that the customer made for it."""
    directory = []

    def key(title):
        if not directory:
            directory.append(ca_world.admin().post("/acme/directories", {"name": "bound", "title": "Bound", "products": ["dv", "dv-wildcard"],
                                                                         "eab": "required", "open": True}, 201))
        made = ca_world.customer.post("/acme/eab-keys", {"directory": "bound", "title": title}, 201)
        return ca_world.ca.at(ca_world.service.url + "/acme/bound/directory", (made["kid"], made["hmac_key"]))
    return key


@pytest.fixture
def client(ca_world, bound, e2e_dir):
    """client(Kind) makes one in a directory of its own, which Apache's children may enter; with eab=True at the directory that
    wants a binding."""
    made, where = [], pathlib.Path(tempfile.mkdtemp(prefix="client-", dir=e2e_dir))
    where.chmod(0o755)

    def make(kind, eab=False):
        if shutil.which(kind.program, path="/usr/bin:/usr/sbin") is None:
            pytest.skip(f"{kind.program} is not installed")
        ca = bound(kind.program) if eab else ca_world.ca
        made.append(kind(ca, where / f"{kind.program}{len(made)}"))
        return made[-1]
    yield make
    for one in made:
        if isinstance(one, ModMd):
            one.stop()


def check(world, files, names, owner=None):
    """Chain, names and key are right, and the certificate stands in the account that owns the directory, or made the key."""
    owner = owner or world.admin()
    leaf, chain = files.fullchain, files.fullchain.read_text()
    done = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", world.service.root_pem, "-untrusted", leaf,
                           leaf], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    cert = crypto.certificates(chain)[0]
    assert sorted(crypto.sans(cert)) == sorted(names)
    assert crypto.spki_sha256(crypto.load_key(files.key.read_bytes()).public_key()) == crypto.spki_sha256(cert.public_key())
    order = seen(owner, cert, names)
    assert order["state"] == "issued", order["state"]
    return cert, order


def seen(owner, cert, names):
    """The order of the owner's account that this certificate belongs to."""
    for order in owner.get("/orders?limit=100")["orders"]:
        full = owner.get(f"/orders/{order['id']}") if sorted(order["names"]) == sorted(names) else {"certificates": []}
        if any(int(c["serial"], 16) == cert.serial_number for c in full["certificates"]):
            return full
    raise AssertionError(f"the owner's account has no order with {cert.serial_number:x}")


def check_revoked(world, cert, names, owner=None):
    owner = owner or world.admin()
    wait_for("the owner to see the revocation", lambda: seen(owner, cert, names)["state"] == "revoked", 10, 0.2)


def renewed(before, after):
    assert before.serial_number != after.serial_number


def test_the_page_shows_what_is_run_here():
    """Each option and directive of docs/ACME.md is one that this file's clients are run with."""
    page = (REPO / "docs" / "ACME.md").read_text().split("## Clients")[1].split("\n## ")[0]
    shown = set(re.findall(r"(?<![\w-])(--[a-z][a-z.-]+|MD[A-Za-z0-9]+)", "\n".join(re.findall(r"^```\n(.*?)^```", page, re.M | re.S))))
    run = "".join((REPO / "tests/e2e" / f).read_text() for f in ("harness/acmeclients.py", "harness/acmeapache.py", "test_acme_clients.py"))
    assert len(shown) > 30 and not {o for o in shown if o not in run}


# ---- certbot


def test_certbot_several_names_renew_revoke(ca_world, client):
    names, certbot = [unique_name(), unique_name()], client(Certbot)
    first, _ = check(ca_world, certbot.issue(*names), names)
    second, _ = check(ca_world, certbot.renew(), names)
    renewed(first, second)
    certbot.revoke("--reason", "superseded")
    check_revoked(ca_world, second, names)


def test_certbot_wildcard_by_dns_and_revocation_by_its_key(ca_world, client):
    name, certbot = unique_name(), client(Certbot)
    cert, _ = check(ca_world, certbot.issue(name, "*." + name, how="dns-01", options=["--key-type", "rsa"]), [name, "*." + name])
    certbot.revoke("--key-path", certbot.files().key)
    check_revoked(ca_world, cert, [name, "*." + name])


def test_certbot_bound_to_an_account_updates_and_ends_its_own(ca_world, client):
    name, certbot = unique_name(), client(Certbot, eab=True)
    check(ca_world, certbot.issue(name), [name], ca_world.customer)
    certbot.certbot("update_account", "-m", "other@good.test", "--no-eff-email")
    certbot.certbot("unregister")


def test_certbot_is_told_why_it_is_refused(ca_world, client):
    name, certbot = unique_name(), client(Certbot)
    ca_world.dns.publish(name, "A", "127.0.0.1")
    ca_world.dns.publish(name, "CAA", '0 issue "other.example"')
    certbot.issue(name, code=1)
    text = (certbot.dir / "output").read_text()
    assert "CAA" in text and "other.example" in text, text


# ---- lego


def test_lego_renews_and_revokes(ca_world, client):
    names, lego = [unique_name(), unique_name()], client(Lego)
    first, _ = check(ca_world, lego.issue(*names), names)
    second, _ = check(ca_world, lego.renew(*names), names)
    renewed(first, second)
    lego.revoke(*names)
    check_revoked(ca_world, second, names)


def test_lego_wildcard_by_dns(ca_world, client):
    name, lego = unique_name(), client(Lego)
    check(ca_world, lego.issue(name, "*." + name, how="dns-01", options=["--key-type", "rsa2048"]), [name, "*." + name])


@pytest.mark.rfc("8737 3#9", "lego's responder answers our connection")
def test_lego_by_tls(ca_world, client):
    names, lego = [unique_name(), unique_name()], client(Lego)
    check(ca_world, lego.issue(*names, how="tls-alpn-01"), names)


def test_lego_bound_to_an_account(ca_world, client):
    name, lego = unique_name(), client(Lego, eab=True)
    check(ca_world, lego.issue(name), [name], ca_world.customer)


# ---- dehydrated


def test_dehydrated_renews_and_revokes(ca_world, client):
    names, dehydrated = [unique_name(), unique_name()], client(Dehydrated)
    dehydrated.register()
    first, _ = check(ca_world, dehydrated.issue(*names), names)
    second, _ = check(ca_world, dehydrated.renew(*names), names)
    renewed(first, second)
    dehydrated.revoke()
    check_revoked(ca_world, second, names)
    dehydrated.dehydrated("--deactivate")


def test_dehydrated_wildcard_by_dns(ca_world, client):
    name, dehydrated = unique_name(), client(Dehydrated)
    dehydrated.register()
    check(ca_world, dehydrated.issue(name, "*." + name, how="dns-01", options=["--algo", "rsa"]), [name, "*." + name])


@pytest.mark.rfc("8737 3#10", "the certificate that dehydrated makes for the challenge is accepted")
def test_dehydrated_by_tls_bound_to_an_account(ca_world, client):
    name, dehydrated = unique_name(), client(Dehydrated, eab=True)
    dehydrated.register()
    check(ca_world, dehydrated.issue(name, how="tls-alpn-01"), [name], ca_world.customer)


# ---- uacme


def test_uacme_renews_changes_its_key_and_revokes(ca_world, client):
    names, uacme = [unique_name(), unique_name()], client(Uacme)
    uacme.register()
    first, _ = check(ca_world, uacme.issue(*names), names)
    uacme.uacme("newkey")
    files = uacme.renew(*names)
    second, _ = check(ca_world, files, names)
    renewed(first, second)
    uacme.revoke(files)
    check_revoked(ca_world, second, names)
    uacme.uacme("deactivate")


def test_uacme_wildcard_by_dns(ca_world, client):
    name, uacme = unique_name(), client(Uacme)
    uacme.register()
    check(ca_world, uacme.issue("*." + name, name, how="dns-01"), ["*." + name, name])


@pytest.mark.rfc("8737 4#2", "ualpn, which hangs up what is no handshake, is content with us")
def test_uacme_by_tls(ca_world, client):
    name, uacme = unique_name(), client(Uacme, eab=True)
    uacme.register()
    check(ca_world, uacme.issue(name, how="tls-alpn-01"), [name], ca_world.customer)


@pytest.mark.rfc("8738 4", "an address is certified after http-01 and after tls-alpn-01 at that address")
@pytest.mark.rfc("8738 6#2", "ualpn answers the name in in-addr.arpa")
def test_uacme_address(ca_world, client):
    for how in ("http-01", "tls-alpn-01"):
        uacme = client(Uacme)
        uacme.register()
        check(ca_world, uacme.issue("127.0.0.1", how=how), ["127.0.0.1"])


# ---- acme-tiny, acmetool


def test_acme_tiny(ca_world, client):
    names, tiny = [unique_name(), unique_name()], client(AcmeTiny)
    first, _ = check(ca_world, tiny.issue(*names), names)
    second, _ = check(ca_world, tiny.issue(*names), names)
    renewed(first, second)


def test_acmetool(ca_world, client):
    """Its `revoke` only notes the wish: the version of Debian asks no ACME server for it."""
    names, tool = [unique_name(), unique_name()], client(Acmetool)
    check(ca_world, tool.issue(*names), names)


def test_acmetool_wildcard_by_dns(ca_world, client):
    name, tool = unique_name(), client(Acmetool)
    check(ca_world, tool.issue(name, "*." + name, how="dns-01"), [name, "*." + name])


# ---- Apache with mod_md


@pytest.mark.parametrize("how", ["http-01", "tls-alpn-01"])
def test_apache_serves_what_it_fetched(ca_world, client, how):
    names, apache = [unique_name(), unique_name()], client(ModMd)
    cert, _ = check(ca_world, apache.issue(*names, how=how), names)
    assert crypto.certificates(apache.served(names[1]))[0] == cert


def test_apache_wildcard_by_dns_bound_to_an_account(ca_world, client):
    name, apache = unique_name(), client(ModMd, eab=True)
    check(ca_world, apache.issue(name, "*." + name, how="dns-01"), [name, "*." + name], ca_world.customer)


def test_apache_fetches_another_when_names_are_added(ca_world, client):
    names, apache = [unique_name(), unique_name()], client(ModMd)
    first, _ = check(ca_world, apache.issue(names[0]), names[:1])
    apache.stop()
    apache.start(*names)
    second, _ = check(ca_world, apache.activate(), names)
    renewed(first, second)


# ---- while the service is killed


@pytest.mark.parametrize("role", ["core", "front", "prober", "signer", "autocsrd"])
def test_killed_under_a_client(ca_world, client, role):
    """kill -9 in the middle of lego's order: it goes on or fails, and the next try succeeds. No order has two certificates."""
    name, lego, service = unique_name(), client(Lego), ca_world.service
    lego.issue(unique_name())  # the account is there; what comes next is an order
    asked = time.monotonic()
    running = threading.Thread(target=lego.lego, args=("run",), kwargs={"names": [name], "code": None})
    running.start()
    wait_for("the challenge to be published", lambda: can_connect(ca_world.ca.http_port) or not running.is_alive(), 20, 0.005)
    if role == "autocsrd":
        service.kill_all()
        service.start()
    else:
        os.kill(service.pid(role), signal.SIGKILL)
        service.wait_ready(30)
    running.join(90)
    assert not running.is_alive(), f"lego hangs after {time.monotonic() - asked:.0f} s"
    check(ca_world, lego.issue(name), [name])
    Oracle(ca_world).check()
