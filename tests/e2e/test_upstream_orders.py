"""Orders that another CA fulfils, against Pebble: proven by a file and by a record, judged, delivered, renewed, revoked."""
import copy
import threading

import pytest
import requests
from harness import crypto
from harness.api import unique_name
from harness.cli import Cli
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
    ca = Pebble(e2e_dir / "pebble-orders", test_pki, dns=dns.address, http_port=web.port, eab=True, reject_nonces=30,
                env={"PEBBLE_ALTERNATE_ROOTS": "2", "PEBBLE_CHAIN_LENGTH": "2"}).start()
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
    if order["state"] == "validating" and publish:
        world.validate(api, order, publish)
    order = api.wait_state(order, "issued", seconds=seconds)
    key = crypto.load_key(crypto.open_archive(archive, api.code(order)))
    return order, key, crypto.certificates(api.certificate(order))


@pytest.mark.rfc("8555 6.2#1", "Pebble, in strict mode, takes what our client signs")
@pytest.mark.rfc("8555 6.3#2", "our client fetches by POST-as-GET")
@pytest.mark.rfc("8555 6.4#3", "our client uses the URLs that the CA gave")
@pytest.mark.rfc("8555 8.3#3", "our responder and the customer publish the key authorization")
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
    assert "Pebble" in chain[0].issuer.rfc4514_string() and len(chain) == 3, "leaf and intermediates, no root"
    assert chain[0].issuer == chain[1].subject and chain[1].issuer == chain[2].subject, "each one's issuer next"
    assert order["upstream"]["step"] == "done" and order["upstream"]["told_at"]
    events = [e["event"] for e in order["events"]]
    assert "order.placed-upstream" in events and "name.validated" in events and "certificate.issued" in events


def test_several_names_and_a_wildcard_by_record(there):
    name = unique_name()
    order, archive = place(there, ["*." + name, name, "www." + name], product="up-wildcard", validation="dns")
    pending = [v for v in order["validations"] if v["state"] == "pending"]
    for record in {v["dns"]["record"] for v in pending}:  # the wildcard and the name below it share one: two values
        there.dns.publish_txt(record, *[v["dns"]["value"] for v in pending if v["dns"]["record"] == record])
    there.customer.post(f"/orders/{order['id']}/validate", {}, (200, 409))
    order, _, chain = issued(there, order, archive, None)
    assert sorted(crypto.sans(chain[0])) == sorted(["*." + name, name, "www." + name])
    wild = next(v for v in order["validations"] if v["wildcard"])
    # Pebble 2.6 has dns-account-01 too.
    assert wild["method"] == "dns" and {w["method"] for w in wild["publish"]} <= {"dns", "dns-account"}, "a wildcard by DNS only"


def test_the_ca_is_not_told_before_we_see_the_proof(there):
    """A failed look of the CA's own would end the order there."""
    name = unique_name()
    api = there.customer
    order, archive = place(there, name)
    if order["state"] != "validating":
        pytest.skip("Pebble had a valid authorization left")
    v = order["validations"][0]
    there.web.publish(name, v["http"]["path"], "something else")
    api.post(f"/orders/{order['id']}/validate", {})
    def looked():
        now = api.show(order)["validations"][0]
        return now if now["error"] and now["error"]["id"] == "validation.http.content" else None
    now = wait_for("our own look", looked, 20, 0.2)
    assert now["told_at"] is None and api.show(order)["upstream"]["told_at"] is None
    assert now["seen"]["preflight"]["steps"][0]["status"] == 200, "with the answer that was seen"
    issued(there, order, archive)


def test_the_customer_chooses_the_other_way(there):
    order, archive = place(there, unique_name())
    if order["state"] == "validating":
        there.publish_dns(order)
        there.customer.post(f"/orders/{order['id']}/validate", {"method": "dns"})
        answer = there.customer.post(f"/orders/{order['id']}/validate", {"method": "dns-persist"}, (200, 409, 422))
        assert answer.get("type", "").endswith("validation.method") or answer.get("state") != "validating" or answer["validations"][0]["told_at"]
    order, _, _ = issued(there, order, archive, "dns")
    assert "told_at" in order["validations"][0]


def test_a_reissue_is_another_order_there(there):
    order, archive = place(there, unique_name())
    order, _, first = issued(there, order, archive)
    again = there.customer.post(f"/orders/{order['id']}/reissue", {}, 200)
    archive = there.customer.fetch_archive(again)
    there.customer.acknowledge(again, archive)
    def told():
        now = there.customer.show(order)
        return now if now["state"] != "validating" or now["upstream"]["step"] == "prove" else None
    now = wait_for("the CA's challenges", told, 40, 0.2)
    assert now["upstream"]["url"] != order["upstream"]["url"]
    now, key, second = issued(there, now, archive)
    assert first[0].serial_number != second[0].serial_number and crypto.spki(second[0].public_key()) == crypto.spki(key.public_key())
    assert [c["state"] for c in now["certificates"]] == ["valid", "replaced"]


def root_names(ca):
    pems = [requests.get(f"https://127.0.0.1:{ca.admin_port}/roots/{i}", verify=str(ca.dir / "ca.pem"), timeout=10).content for i in range(3)]
    return [crypto.certificates(pem)[0].subject.rfc4514_string().removeprefix("CN=") for pem in pems]


@pytest.mark.parametrize("wanted", [2, None], ids=["the third root", "a root that it does not have"])
def test_the_preferred_chain_is_fetched(there, wanted):
    roots = root_names(there.ca)
    there.operator.patch("/issuers/pebble", {"preferred_chain": roots[wanted] if wanted else "Some other root"})
    try:
        order, archive = place(there, unique_name())
        _, _, chain = issued(there, order, archive)
    finally:
        there.operator.patch("/issuers/pebble", {"preferred_chain": ""})
    assert chain[-1].issuer.rfc4514_string() == "CN=" + roots[wanted or 0], roots


def status_at(ca, serial):
    answer = requests.get(f"https://127.0.0.1:{ca.admin_port}/cert-status-by-serial/{serial:x}", verify=str(ca.dir / "ca.pem"), timeout=10)
    return answer.json()


def test_a_revocation_reaches_the_ca(there):
    order, archive = place(there, unique_name())
    order, _, chain = issued(there, order, archive)
    assert status_at(there.ca, chain[0].serial_number)["Status"] == "Valid"
    there.customer.post(f"/orders/{order['id']}/revoke", {"reason": "superseded"})
    now = wait_for("the CA to have revoked it", lambda: (s := status_at(there.ca, chain[0].serial_number))["Status"] == "Revoked" and s, 30, 0.2)
    assert now["Reason"] == 4
    def told():
        return "certificate.revoked-upstream" in [e["event"] for e in there.customer.show(order)["events"]]
    wait_for("the entry", told, 10, 0.2)
    assert there.customer.show(order)["state"] == "revoked" and there.customer.show(order)["waiting"] is None


def test_orders_of_our_own_ca_stay_as_they_were(there):
    own = there.issue(there.customer, key_type="ec:p256")
    now = there.customer.show(own.order)
    assert now["upstream"] is None and now["issuer"] == "issuing-1" and now["renew_from"] is None
    assert [w["method"] for w in now["validations"][0]["publish"]] == ["http", "dns"]


def test_the_command_waits_for_the_cas_challenges(there, tmp_path):
    """It says what to publish when the CA has said so, not before."""
    token = there.customer.token_client("cli").token
    cli = Cli(tmp_path, {"AUTOCSR_SERVER": there.service.url, "AUTOCSR_TOKEN": token, "AUTOCSR_CA_FILE": str(there.service.root_pem)})
    name = unique_name()
    p = cli.start("order", "new", "--product", "up", "--host", name, "--archive", "key.zip", "--cert", "cert.pem", "--timeout", "80")
    watchdog = threading.Timer(90, p.kill)
    watchdog.start()
    said = []
    for line in p.stderr:
        said.append(line.decode())
        if "  content  " in said[-1]:
            path = said[-2].split(name, 1)[1].strip()
            there.web.publish(name, path, said[-1].split()[-1])
    watchdog.cancel()
    assert p.wait() == 0, "".join(said)
    assert crypto.sans(crypto.certificates((tmp_path / "cert.pem").read_bytes())[0]) == [name]


def test_a_public_ca_of_our_own_needs_no_quorum_before_another_looks(there, e2e_dir, dns, smtp, web):
    """BR 3.2.2.9 binds the CA that issues; our look is a courtesy, and no perspectives are configured here."""
    world = upstream_world(e2e_dir, dns, smtp, web, {"ca": {"kind": "public"}})
    try:
        add_issuer(world, "pebble", there.ca.directory_url, there.ca.roots, eab={"kid": EAB_KID, "hmac_key": EAB_KEY})
        add_product(world, "up", "pebble")
        order, archive = place(world, unique_name())
        issued(world, order, archive, seconds=40)
    finally:
        world.service.stop()


@pytest.fixture(scope="module")
def sharing(there, e2e_dir, dns, web, test_pki):
    """A CA that hands out what is proven already whenever it can; two customers, whose orders go there by one account."""
    ca = Pebble(e2e_dir / "pebble-sharing", test_pki, dns=dns.address, http_port=web.port, reject_nonces=0, env={"PEBBLE_AUTHZREUSE": "100"}).start()
    add_issuer(there, "sharing", ca.directory_url, ca.roots)
    add_product(there, "shared", "sharing")
    add_product(there, "shared-vouched", "sharing", preauthorised=True)
    first, second = copy.copy(there), copy.copy(there)
    second.customer = there.register()
    yield first, second
    ca.stop()


def test_a_customers_proof_is_not_another_customers(sharing):
    """Both are one account at the CA, to which the name is proven."""
    first, second = sharing
    name = unique_name()
    order, archive = place(first, name, "shared")
    assert order["state"] == "validating", "nobody has shown it"
    issued(first, order, archive)
    order, archive = place(first, name, "shared")
    order, _, _ = issued(first, order, archive, None)
    assert order["validations"][0]["told_at"] is None, "the same customer's proof is good for longer"

    order, archive = place(second, name, "shared")
    (v,) = order["validations"]
    assert order["state"] == "validating" and v["state"] == "pending" and v["publish"], "the other has shown nothing"
    order, _, _ = issued(second, order, archive)
    assert order["validations"][0]["told_at"]
    order, archive = place(first, name, "shared")
    issued(first, order, archive, None)


def test_the_operators_word_makes_a_proof_good_for_a_customer(sharing):
    first, second = sharing
    name = unique_name()
    order, archive = place(first, name, "shared-vouched")
    issued(first, order, archive)
    second.preauthorise(second.customer, name)
    order, archive = place(second, name, "shared-vouched")
    order, _, _ = issued(second, order, archive, None)
    assert order["validations"][0]["told_at"] is None
    order, archive = place(second, name, "shared")
    assert order["state"] == "validating", "this product does not take the operator's word"


def test_a_ca_that_is_switched_off_gets_no_orders_but_revocations(there):
    done, archive = place(there, unique_name())
    done, _, chain = issued(there, done, archive)
    order, archive = place(there, unique_name())
    there.operator.patch("/issuers/pebble", {"active": False})
    try:
        for answer in (there.customer.call("POST", "/orders", {"product": "up", "names": [unique_name()], "key_type": "ec:p256"}),
                       there.customer.call("POST", f"/orders/{done['id']}/reissue", {})):
            assert answer.status_code == 409 and answer.json()["type"].endswith("state.issuer-off"), answer.text
            assert "switched The pebble CA off" in answer.json()["detail"]
        if order["state"] == "validating":
            there.validate(there.customer, order, "http")
        def waits():
            now = there.customer.show(order)["waiting"]
            return now and "switched The pebble CA off" in now["reason"]
        wait_for("the order to wait", waits, 30, 0.2)
        there.customer.post(f"/orders/{done['id']}/revoke", {"reason": "superseded"})
        wait_for("the CA to have revoked it", lambda: status_at(there.ca, chain[0].serial_number)["Status"] == "Revoked", 30, 0.2)
    finally:
        there.operator.patch("/issuers/pebble", {"active": True})
    there.customer.post(f"/orders/{order['id']}/validate", {})
    now, _, _ = issued(there, there.customer.show(order), archive, publish=None)
    assert now["waiting"] is None
