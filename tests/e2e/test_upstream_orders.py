"""Orders that another CA fulfils, against Pebble: proven by a file and by a record, judged, delivered, renewed, revoked."""
import re

import pytest
import requests
from harness import crypto
from harness.api import unique_name
from harness.fixtures import _new_services, base_config
from harness.flow import World
from harness.net import wait_for
from harness.pebble import EAB_KEY, EAB_KID, Pebble
from harness.service import merged


def upstream_world(e2e_dir, dns, smtp, web, config=None):
    service = _new_services(e2e_dir, [])(merged(base_config(dns, smtp, web), {"upstream": {"allow_networks": "127.0.0.0/8"}}, config or {})).start()
    world = World(service, dns, smtp, web)
    world.operator, world.customer = world.admin(), world.register()
    return world


def add_issuer(world, name, directory_url, roots, **fields):
    eab = fields.pop("eab", None)
    world.operator.post("/issuers", {"name": name, "kind": "acme", "title": f"The {name} CA", "directory_url": directory_url, "roots": roots,
                                     "public": False, "contacts": ["ca@example.org"], **fields}, 201)
    world.operator.post(f"/issuers/{name}/account", {"agree_terms": True, **({"eab": eab} if eab else {})}, 200)


def add_product(world, id, issuer, wildcard=False, **fields):
    world.operator.post("/products", {"id": id, "title": id, "level": "dv", "wildcard": wildcard, "max_names": 20, "key_types": ["rsa:2048", "ec:p256"],
                                      "default_key_type": "ec:p256", "issuer": issuer, "profile": "dv", "autocsr": True, "preauthorised": False, "active": True, **fields}, 201)


@pytest.fixture(scope="module")
def there(e2e_dir, dns, smtp, web, test_pki):
    ca = Pebble(e2e_dir / "pebble-orders", test_pki, dns=dns.address, http_port=web.port, eab=True, reject_nonces=30).start()
    world = upstream_world(e2e_dir, dns, smtp, web)
    world.ca = ca
    add_issuer(world, "pebble", ca.directory_url, ca.roots, eab={"kid": EAB_KID, "hmac_key": EAB_KEY})
    add_product(world, "up", "pebble")
    add_product(world, "up-wildcard", "pebble", wildcard=True)
    yield world
    world.service.stop()
    ca.stop()


def place(world, names, product="up", **fields):
    """An acknowledged order, when the CA has said what it wants to see."""
    api = world.customer
    order = api.order(names, product=product, **fields)
    archive = api.fetch_archive(order)
    api.acknowledge(order, archive)
    def told():
        now = api.show(order)
        return now if now["state"] != "validating" or all(v["publish"] for v in now["validations"] if v["state"] == "pending") and now["upstream"]["step"] == "prove" else None
    return wait_for("the CA's challenges", told, 40, 0.2), archive


def issued(world, order, archive, publish="http", seconds=90):
    api = world.customer
    if order["state"] == "validating":
        world.validate(api, order, publish)
    order = api.wait_state(order, "issued", seconds=seconds)
    key = crypto.load_key(crypto.open_archive(archive, api.code(order)))
    return order, key, crypto.certificates(api.certificate(order))


def test_an_order_goes_to_the_other_ca_and_back(there):
    name = unique_name()
    order, archive = place(there, name)
    assert order["issuer"] == "pebble" and order["upstream"]["url"].startswith(there.ca.directory_url[:24])
    if order["state"] == "validating":
        (v,) = order["validations"]
        ways = {w["challenge"]: w for w in v["publish"]}
        assert ways["http-01"]["url"].startswith(f"http://{name}/.well-known/acme-challenge/")
        assert ways["dns-01"]["record"] == "_acme-challenge." + name and ways["dns-01"]["type"] == "TXT"
        assert v["http"]["content"] == ways["http-01"]["content"] and v["told_at"] is None
    order, key, chain = issued(there, order, archive)
    assert crypto.spki(chain[0].public_key()) == crypto.spki(key.public_key()) and crypto.sans(chain[0]) == [name]
    assert "Pebble" in chain[0].issuer.rfc4514_string() and len(chain) == 2, "leaf and intermediate, no root"
    assert chain[0].issuer == chain[1].subject, "each one's issuer next"
    assert order["upstream"]["step"] == "done" and order["upstream"]["told_at"]
    events = [e["event"] for e in order["events"]]
    assert "order.placed-upstream" in events and "name.validated" in events and "certificate.issued" in events
