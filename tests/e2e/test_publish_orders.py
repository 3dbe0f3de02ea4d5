"""Orders at another CA (Pebble) that nobody lifts a finger for: proofs published by DNS updates, through a delegated zone, by a hook and by
our own web server, seen by the CA, and taken away again, whoever is killed meanwhile."""
import contextlib
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import time

import dns.rdatatype
import pytest
from harness.api import unique_name
from harness.fixtures import _new_services, base_config
from harness.flow import World
from harness.net import wait_for
from harness.pebble import Pebble
from harness.service import merged
from test_upstream_orders import add_issuer, add_product

HOOK = """#!/usr/bin/python3
import dns.query, dns.tsigkeyring, dns.update, sys, time, os
action, kind, name, value = sys.argv[1:]
assert kind == "dns"
if os.path.exists("{dir}/later"):
    print("the registry is closed on Mondays")
    sys.exit(75)
change = dns.update.UpdateMessage("good.test", keyring=dns.tsigkeyring.from_text({{"acme-key": ("hmac-sha256", "{secret}")}}))
(change.add if action == "add" else change.delete)(name + ".", *([1] if action == "add" else []), "TXT", '"' + value + '"')
answer = dns.query.tcp(change, "127.0.0.1", port={port}, timeout=5)
print(answer.rcode())
sys.exit(answer.rcode() != 0)
"""


class Scene:
    def __init__(self, e2e_dir, dns, smtp, web, test_pki):
        self.dns, self.dir = dns, e2e_dir / "publish-hook"
        self.dir.mkdir()
        self.dir.chmod(0o755)
        hook = self.dir / "hook"
        hook.write_text(HOOK.format(dir=self.dir, secret=dns.secret, port=dns.port))
        hook.chmod(0o755)
        publish = {"dns_server": dns.address, "dns_zones": "good.test", "dns_key": dns.key_file, "delegate_zone": "acme.unsigned.test",
                   "names": "vouched", "hook": hook, "hook_paths": self.dir, "hook_timeout": "5s", "first_retry": "1s", "dns_timeout": "3s"}
        config = merged(base_config(dns, smtp, web), {"upstream": {"allow_networks": "127.0.0.0/8"}, "publish": publish,
                                                      "validation": {"first_retry": "10s"}})
        self.service = _new_services(e2e_dir, [])(config)
        self.service.config["validation"]["http_port"] = self.service.http_port
        self.ca = Pebble(e2e_dir / "pebble-publish", test_pki, dns=dns.address, http_port=self.service.http_port, reject_nonces=10).start()
        self.service.start()
        self.world = World(self.service, dns, smtp, web)
        self.world.operator, self.world.customer = self.world.admin(), self.world.register()
        self.world.preauthorise(self.world.customer, "good.test", "unsigned.test")
        for automation in ("dns-update", "hook", "responder"):
            add_issuer(self.world, automation, self.ca.directory_url, self.ca.roots, automation=automation,
                       challenges=["http-01" if automation == "responder" else "dns-01"])
            add_product(self.world, f"by-{automation}", automation)
            add_product(self.world, f"by-{automation}-wild", automation, wildcard=True)

    def stop(self):
        self.service.stop()
        self.ca.stop()

    def order(self, names, product, api=None):
        api = api or self.world.customer
        order = api.order(names, product=product)
        archive = api.fetch_archive(order)
        api.acknowledge(order, archive)
        return order

    def issued(self, order, seconds=60, api=None):
        return (api or self.world.customer).wait_state(order, "issued", seconds=seconds)

    def values(self, name):
        answer = self.dns.ask(name, "TXT").answer
        return [b"".join(r.strings).decode() for rrset in answer if rrset.rdtype == dns.rdatatype.TXT for r in rrset]

    def rows(self, where=""):
        with sqlite3.connect(self.service.state / "core/autocsr.db", timeout=20) as db:
            found = db.execute("SELECT state, place, error FROM publications " + where).fetchall()
        db.close()
        return found

    def nothing_left(self, *names):
        wait_for("everything to be taken away", lambda: not self.rows() and not any(self.values(n) for n in names), 90, 0.2)


@pytest.fixture(scope="module")
def scene(e2e_dir, dns, smtp, web, test_pki):
    made = Scene(e2e_dir, dns, smtp, web, test_pki)
    yield made
    made.stop()


def waiting(api, order, text, seconds=30):
    def reason():
        now = api.show(order)
        assert now["state"] == "validating", now
        return now if now["waiting"] and text in now["waiting"]["reason"] else None
    try:
        return wait_for(f"the order to wait for {text!r}", reason, seconds, 0.2)
    except AssertionError:
        raise AssertionError(f"waits for {api.show(order)['waiting']}, not for {text!r}") from None


def test_by_dns_updates(scene):
    name = unique_name()  # below good.test, which is signed and ours to change
    order = scene.order([name, "*." + name], "by-dns-update-wild")
    scene.issued(order)
    scene.nothing_left("_acme-challenge." + name)
    log = [e["event"] for e in scene.world.customer.show(order)["events"]]
    assert log.count("proof.published") == 2 and log.count("proof.removed") >= 1


def test_by_a_cname_into_the_delegated_zone(scene):
    """The customer's zone is not ours; one CNAME, once, and every order from then on is nobody's work."""
    customer = scene.world.register()
    name = unique_name().replace("good.test", "unsigned.test")
    record = "_acme-challenge." + name
    order = scene.order([name, "*." + name], "by-dns-update-wild", customer)
    told = waiting(customer, order, "CNAME")
    (cname,) = {w["cname"] for v in told["validations"] for w in v["publish"] if w["method"] == "dns"}
    assert cname.endswith(".acme.unsigned.test") and cname in told["waiting"]["reason"]
    assert len(scene.values(cname)) == 2, "published already, where the CNAME will lead"
    # Somebody else wants a certificate for that name: his label is another one, where no CNAME leads.
    thief = scene.world.register()
    stolen = scene.order([name], "by-dns-update", thief)
    other = waiting(thief, stolen, "CNAME")
    assert cname not in other["waiting"]["reason"]
    scene.dns.publish(record, "CNAME", cname + ".")
    time.sleep(1.5)
    customer.post(f"/orders/{order['id']}/validate", {"method": "dns"}, (200, 409))
    scene.issued(order, api=customer)
    thief.post(f"/orders/{stolen['id']}/validate", {"method": "dns"}, (200, 409))
    time.sleep(1)
    assert thief.show(stolen)["state"] == "validating"
    thief.post(f"/orders/{stolen['id']}/cancel", {}, 200)
    again = scene.order([name], "by-dns-update", customer)
    assert scene.issued(again, api=customer)
    scene.nothing_left(cname)


def test_names_of_strangers_are_not_published_in_a_zone_of_ours(scene):
    stranger = scene.world.register()
    name = unique_name()
    order = scene.order([name], "by-responder", stranger)
    waiting(stranger, order, "not on the account's list")
    assert not scene.rows()
    stranger.post(f"/orders/{order['id']}/cancel", {}, 200)
    other = scene.order([name], "by-dns-update", stranger)
    assert ".acme.unsigned.test" in waiting(stranger, other, "CNAME")["waiting"]["reason"], "the way for those who are not vouched for"
    assert not scene.values("_acme-challenge." + name)
    (v,) = stranger.show(other)["validations"]
    time.sleep(1.5)  # the resolver keeps for a second that there is no such record
    scene.dns.publish_txt(v["dns"]["record"], v["dns"]["value"])  # by hand it works as ever
    stranger.post(f"/orders/{other['id']}/validate", {"method": "dns"}, (200, 409))
    scene.issued(other, api=stranger)
    scene.dns.publish(v["dns"]["record"], "TXT")


def test_by_the_hook_which_asks_for_patience_first(scene):
    name = unique_name()
    (scene.dir / "later").touch()
    order = scene.order([name], "by-hook")
    try:
        waiting(scene.world.customer, order, "closed on Mondays")
    finally:
        (scene.dir / "later").unlink()
    scene.issued(order)
    scene.nothing_left("_acme-challenge." + name)


def test_by_our_own_web_server(scene):
    order = scene.order([unique_name()], "by-responder")
    scene.issued(order)
    assert not scene.rows()


@contextlib.contextmanager
def setting(scene, **keys):
    """[publish] is different meanwhile; the service is told before and after."""
    config = scene.service.config["publish"]
    good = dict(config)

    def tell(values):
        reloads = scene.service.log_text().count('"reloaded"')
        config.update(values)
        assert scene.service.config_file
        scene.service.proc.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: scene.service.log_text().count('"reloaded"') > reloads)
        time.sleep(0.5)  # each process reads what it was sent
    tell(keys)
    try:
        yield
    finally:
        tell({k: good[k] for k in keys})


def mended(scene, words, **keys):
    """An order waits with these words while a setting is wrong, and goes on when it is right again."""
    name = unique_name()
    with setting(scene, **keys):
        order = scene.order([name], "by-dns-update")
        waiting(scene.world.customer, order, words)
    scene.issued(order)
    scene.nothing_left("_acme-challenge." + name)


def test_a_wrong_key_is_told_and_mended(scene):
    mended(scene, "another secret", dns_key=scene.dns.write_key("acme-key", "A" * 43 + "="))


def test_a_dns_server_that_is_away_for_a_while(scene):
    """Its updates wait; so does the order, and it goes on by itself."""
    mended(scene, "cannot be reached", dns_server="127.0.0.1:9")


def test_a_cancelled_order_leaves_nothing(scene):
    customer, name = scene.world.register(), unique_name().replace("good.test", "unsigned.test")
    order = scene.order([name], "by-dns-update", customer)
    told = waiting(customer, order, "CNAME")
    cname = next(w["cname"] for v in told["validations"] for w in v["publish"] if w["method"] == "dns")
    wait_for("the record", lambda: scene.values(cname), 20)
    customer.post(f"/orders/{order['id']}/cancel", {}, 200)
    scene.nothing_left(cname)


@pytest.mark.parametrize("role,product", [("core", "by-dns-update"), ("courier", "by-dns-update"), ("core", "by-hook"), ("hook", "by-hook"),
                                          ("prober", "by-dns-update")])
def test_killed_at_any_moment_it_goes_on_and_leaves_nothing(scene, role, product):
    chance, names = random.Random(f"{role}{product}"), []
    for i in range(3):
        name = unique_name()
        names.append("_acme-challenge." + name)
        order = scene.order([name], product)
        time.sleep(i * 0.25 + chance.random() * 0.25)
        scene.service.kill(role)
        scene.issued(order, 90)
    scene.nothing_left(*names)


def test_everything_killed_while_a_proof_is_out(scene):
    customer, name = scene.world.register(), unique_name().replace("good.test", "unsigned.test")
    order = scene.order([name], "by-dns-update", customer)
    told = waiting(customer, order, "CNAME")
    cname = next(w["cname"] for v in told["validations"] for w in v["publish"] if w["method"] == "dns")
    wait_for("the record", lambda: scene.values(cname), 20)
    scene.service.kill_all()
    assert scene.values(cname)
    scene.service.start()
    scene.dns.publish("_acme-challenge." + name, "CNAME", cname + ".")
    time.sleep(1.5)
    customer.post(f"/orders/{order['id']}/validate", {"method": "dns"}, (200, 409))
    scene.issued(order, api=customer)
    scene.nothing_left(cname)


def test_no_hook_is_left_running(scene):
    assert not [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline") if str(scene.dir / "hook").encode() in _read(p)]
    assert shutil.which("pebble") and os.path.exists(scene.dir)


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
