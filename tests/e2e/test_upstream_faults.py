"""A CA that is away, slow, senseless or hostile: the order waits with the reason in plain words and goes on by itself; nothing wrong is stored,
nothing is ordered twice, whoever is killed meanwhile. Pebble behind a proxy that answers as told."""
import base64
import ipaddress
import json
import os
import signal
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from harness import crypto, faultproxy
from harness.api import unique_name
from harness.faultproxy import FaultProxy
from harness.net import free_port, wait_for
from harness.offlineca import DAY, OfflineCa
from harness.pebble import Pebble
from oracle import Oracle
from test_upstream_orders import add_issuer, add_product, issued, place, upstream_world


@pytest.fixture(scope="module")
def site(e2e_dir, dns, smtp, web, test_pki):
    ca = Pebble(e2e_dir / "pebble-faults", test_pki, dns=dns.address, http_port=web.port, reject_nonces=0).start()
    proxy = FaultProxy(ca.port, ca.dir / "ca.pem", test_pki)
    world = upstream_world(e2e_dir, dns, smtp, web, {"upstream": {"allow_networks": "127.0.0.0/8", "timeout": "4s", "first_retry": "1s", "longest_wait": "4s"}})
    world.ca, world.proxy, world.test_pki = ca, proxy, test_pki
    add_issuer(world, "slow", proxy.url + "/dir", ca.roots)
    add_product(world, "far", "slow")
    yield world
    world.service.stop()
    proxy.stop()
    ca.stop()


@pytest.fixture
def there(site):
    site.proxy.clear()
    yield site
    site.proxy.clear()
    site.operator.patch("/issuers/slow", {"active": True})


def acknowledged(world, product="far", names=None):
    order = world.customer.order(names or unique_name(), product=product)
    archive = world.customer.fetch_archive(order)
    world.customer.acknowledge(order, archive)
    return order, archive


def at_step(world, order, *steps, seconds=40):
    def look():
        now = world.customer.show(order)
        return now if now["upstream"]["step"] in steps else None
    return wait_for(f"step {steps}", look, seconds, 0.1)


def finish(world, order, archive):
    """Publishes whatever is asked for now until the certificate is there."""
    api = world.customer
    def look():
        now = api.show(order)
        if now["state"] == "validating" and now["upstream"]["step"] == "prove":
            world.publish_http(now)
            api.post(f"/orders/{order['id']}/validate", {}, (200, 409))
        return now if now["state"] == "issued" else None
    try:
        now = wait_for("the certificate", look, 120, 0.25)  # pauses double with each refusal of before
    except AssertionError:
        raise AssertionError(f"no certificate: {api.show(order)}") from None
    key = crypto.load_key(crypto.open_archive(archive, api.code(now)))
    chain = crypto.certificates(api.certificate(now))
    assert crypto.spki(chain[0].public_key()) == crypto.spki(key.public_key())
    return now


def reason(world, order, *words, seconds=20):
    """The order waits, and says why."""
    def look():
        now = world.customer.show(order)
        text = (now["waiting"] or {}).get("reason", "")
        return now if all(w.lower() in text.lower() for w in words) else None
    try:
        return wait_for("the reason", look, seconds, 0.1)
    except AssertionError:
        raise AssertionError(f"wanted {words}: {world.customer.show(order)['waiting']}") from None


def payloads_of(*bodies):
    out = []
    for body in bodies:
        try:
            text = json.loads(body)["payload"]
            out.append(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
        except (ValueError, KeyError):
            pass
    return out


def payloads(proxy, path):
    """What was sent there, taken out of its signature."""
    return payloads_of(*(body for _, _, body in proxy.seen(path)))


def orders_placed(world, names):
    """How often Pebble heard of an order for these names."""
    return sum(sorted(i["value"] for i in json.loads(p)["identifiers"]) == sorted(names) for p in payloads(world.proxy, "/order-plz"))


# ---- senseless and hostile answers to newOrder: the first step, whose repetition would be another order

ANSWERS = {
    "HTML with 200": (faultproxy.status(200), ["not what was asked for"]),
    "HTML with 502": (faultproxy.status(502), ["502", "text/html"]),
    "a redirect": (faultproxy.status(302, Location="https://elsewhere.example/x"), ["redirects are not followed", "elsewhere.example"]),
    "a member twice": (faultproxy.status(201, b'{"status":"pending","status":"valid"}', "application/json"), ["not what was asked for"]),
    "another order": (faultproxy.changed_json(lambda o: {**o, "identifiers": [{"type": "dns", "value": "evil.test"}]}), ["not what was asked for"]),
    "a body of 10 GB": (faultproxy.endless, ["larger than any that is of use"]),
    "an order elsewhere": (faultproxy.changed_json(lambda o: {**o, "finalize": "https://evil.example/finalize"}), ["not what was asked for"]),
    "plain http": (faultproxy.changed_json(lambda o: {**o, "authorizations": ["http://127.0.0.1/a"]}), ["own servers"]),
    "an authorization twice": (faultproxy.changed_json(lambda o: {**o, "authorizations": [o["authorizations"][0], o["authorizations"][0] + "?b"]}), ["more authorizations than names"]),
    "no answer": (faultproxy.cut, ["cannot be reached"]),
    "trouble": (faultproxy.problem(500, "serverInternal", "the database is down"), ["has trouble", "the database is down"]),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_a_bad_answer_to_an_order_is_waited_out(there, what):
    act, words = ANSWERS[what]
    name = unique_name()
    fault = there.proxy.add(act, "/order-plz")
    order, archive = acknowledged(there, names=name)
    reason(there, order, *words)
    assert fault.hits == 1
    now = finish(there, order, archive)
    assert now["upstream"]["step"] == "done"


def test_an_order_whose_answer_was_lost_is_found_again(there):
    name = unique_name()
    there.proxy.add(faultproxy.done_but_cut, "/order-plz")
    order, archive = acknowledged(there, names=name)
    reason(there, order, "cannot be reached")
    finish(there, order, archive)
    assert orders_placed(there, [name]) == 1, "asked for once; the CA's list of orders told of it"


def test_an_order_of_another_order_is_not_taken(there):
    """A CA may give its open order for the same names again; ours for them are two, perhaps of two customers."""
    first, _ = place(there, unique_name(), "far")
    def same(code, headers, data):
        value = json.loads(data)
        value["identifiers"] = [{"type": "dns", "value": second_name}]
        return code, {**headers, "Location": first["upstream"]["url"]}, json.dumps(value).encode()
    second_name = unique_name()
    there.proxy.add(faultproxy.changed(same), "/order-plz")
    second, archive = acknowledged(there, names=second_name)
    now = reason(there, second, "another order of this service has already", "tried again at")
    assert now["upstream"]["url"] is None and now["upstream"]["step"] == "failed"
    there.customer.post(f"/orders/{second['id']}/validate", {})
    now = at_step(there, second, "prove", "finalize", "download", "done")
    assert now["upstream"]["url"] != first["upstream"]["url"]
    finish(there, second, archive)
    there.customer.post(f"/orders/{first['id']}/cancel", {}, (200, 204))


def test_a_challenge_elsewhere_is_none(there):
    """Neither another host's URL nor a word that is a member of the directory."""
    def elsewhere(value):
        for challenge, url in zip(value.get("challenges", []), ["newOrder", "http://127.0.0.1/c"] * 4):
            challenge["url"] = url
    there.proxy.add(faultproxy.changed_json(elsewhere), "/authZ", times=None)
    order, _ = acknowledged(there)
    now = reason(there, order, "offers no way to show control")
    assert not now["validations"][0]["publish"]


def test_an_end_in_another_zone_is_that_time(there):
    there.proxy.add(faultproxy.changed_json(lambda o: {**o, "expires": "2049-01-01T01:30:00.5+02:00"}), "/order-plz")
    order, archive = acknowledged(there)
    assert at_step(there, order, "prove", "finalize", "download", "done")["upstream"]["expires_at"] == "2048-12-31T23:30:00Z"
    finish(there, order, archive)


@pytest.mark.rfc("8555 7.4#2", "the order of members does not matter to our client")
def test_reordered_json_is_the_same_json(there):
    there.proxy.add(faultproxy.changed_json(lambda o: dict(reversed(o.items()))), "", times=None, when=lambda m, p, b: any(x in p for x in ("/my-order", "/authZ", "/order-plz")))
    order, archive = acknowledged(there)
    finish(there, order, archive)


@pytest.mark.rfc("8555 6.5.1#3", "our client ignores a Replay-Nonce that is no base64url")
@pytest.mark.rfc("8555 6.5#2", "our client repeats a request with another nonce")
def test_a_bad_nonce_is_replaced_and_a_wrong_one_for_ever_is_not(there):
    fault = there.proxy.add(faultproxy.problem(400, "badNonce", "JWS has an invalid anti-replay nonce", Replay_Nonce="bad!"), "/order-plz", times=3)
    order, archive = acknowledged(there)
    finish(there, order, archive)
    assert fault.hits == 3
    for_ever = there.proxy.add(faultproxy.problem(400, "badNonce", "never good"), "/order-plz", times=None)
    order, archive = acknowledged(there)
    reason(there, order, "never good")
    assert 5 <= for_ever.hits <= 8, "bounded"


def test_a_rate_limit_of_one_order_delays_that_order_and_of_two_everybody(there):
    names = [unique_name() for _ in range(3)]
    def of(path_names):
        def when(method, path, body):
            return "/order-plz" in path and any(n in p for p in payloads_of(body) for n in path_names)
        return when
    limit = faultproxy.problem(429, "rateLimited", "too many orders", Retry_After="100000")
    first_limit = there.proxy.add(limit, when=of(names[:1]))
    first, first_archive = acknowledged(there, names=names[0])
    reason(there, first, "slow down", "too many orders")
    other, other_archive = place(there, unique_name(), "far")
    assert other["upstream"]["url"] and first_limit.hits == 1, "asked in the meantime"
    there.proxy.add(limit, when=of(names), times=None)
    second, second_archive = acknowledged(there, names=names[1])
    reason(there, second, "too many orders")
    wait_for("the second limit within the time of the first", lambda: there.operator.get("/issuers/slow").get("paused"), 20, 0.1)
    before = orders_placed(there, [names[2]])
    third, third_archive = acknowledged(there, names=names[2])
    reason(there, third, "too many orders")
    assert orders_placed(there, [names[2]]) == before == 0, "the third asked nobody"
    there.proxy.clear()
    for order, archive in ((first, first_archive), (second, second_archive), (third, third_archive), (other, other_archive)):
        finish(there, order, archive)


def test_a_ca_that_is_busy_is_left_alone_by_everybody(there):
    fault = there.proxy.add(faultproxy.status(503, Retry_After="100000"), "/order-plz")
    order, archive = acknowledged(there)
    reason(there, order, "503")
    assert there.operator.get("/issuers/slow")["paused"] and fault.hits == 1
    finish(there, order, archive)


def test_a_refusal_of_the_names_is_told_in_the_cas_words(there):
    there.proxy.add(faultproxy.problem(400, "rejectedIdentifier", "policy forbids issuing for this name"), "/order-plz")
    order, _ = acknowledged(there)
    now = there.customer.wait_state(order, "failed", seconds=30)
    assert "The slow CA says: policy forbids issuing for this name" in now["waiting"]["reason"]


def test_a_look_of_the_ca_that_fails_is_told_and_tried_again(there):
    """The order there is over; the order here is not."""
    def invalid(value):
        if value.get("challenges"):
            value["status"] = "invalid"
            for challenge in value["challenges"]:
                if challenge["type"] == "http-01":
                    challenge.update(status="invalid", error={"type": "urn:ietf:params:acme:error:unauthorized", "detail": "we saw another file"})
        return value
    order, archive = place(there, unique_name(), "far")
    if order["state"] != "validating":
        pytest.skip("Pebble had a valid authorization left")
    there.proxy.add(faultproxy.changed_json(invalid), "/authZ")
    there.validate(there.customer, order)
    now = reason(there, order, "The slow CA says: we saw another file", "tried again at")
    assert now["upstream"]["step"] == "failed" and now["upstream"]["refused"] == 1
    assert now["validations"][0]["error"]["id"] == "upstream.refused.unauthorized"
    there.customer.post(f"/orders/{order['id']}/validate", {})
    again = at_step(there, order, "prove", "finalize", "download", "done")
    assert again["upstream"]["url"] != order["upstream"]["url"]
    finish(there, order, archive)


def test_an_order_that_vanishes_is_made_anew(there):
    order, archive = place(there, unique_name(), "far")
    there.proxy.add(faultproxy.problem(404, "malformed", "order not found"), "/my-order")
    there.proxy.add(faultproxy.status(404), "/my-order")
    if order["state"] == "validating":
        there.validate(there.customer, order)
    wait_for("the refusal", lambda: there.customer.show(order)["upstream"]["refused"] >= 1, 30, 0.2)
    there.proxy.clear()
    there.customer.post(f"/orders/{order['id']}/validate", {}, (200, 409))
    finish(there, order, archive)


# ---- the certificate

def swapped(there):
    """The certificate of another order of ours."""
    order, archive = acknowledged(there)
    other = there.customer.certificate(finish(there, order, archive))
    return other if isinstance(other, bytes) else other.encode()


@pytest.mark.rfc("8555 11.4#1", "our client takes no chain with anything else in it")
@pytest.mark.parametrize("what", ["another certificate", "HTML", "a root", "nothing"])
def test_a_wrong_certificate_is_never_stored(there, what):
    bodies = {"HTML": b"<html></html>", "nothing": b"", "a root": there.ca.roots.encode()}
    body = swapped(there) if what == "another certificate" else bodies[what]
    fault = there.proxy.add(faultproxy.status(200, body, "application/pem-certificate-chain"), "/certZ", times=2)
    order, archive = place(there, unique_name(), "far")
    if order["state"] == "validating":
        there.validate(there.customer, order)
    now = reason(there, order, "The slow CA sent", seconds=30)
    assert now["certificates"] == [] and fault.hits >= 1
    there.proxy.clear()
    now = finish(there, order, archive)
    assert len(now["certificates"]) == 1


def test_a_certificate_that_is_not_found_for_a_moment_is_asked_for_again(there):
    """The CA has issued: no second order."""
    name = unique_name()
    fault = there.proxy.add(faultproxy.status(404), "/certZ", times=2)
    order, archive = place(there, name, "far")
    if order["state"] == "validating":
        there.validate(there.customer, order)
    now = reason(there, order, "does not know it any more", seconds=30)
    assert now["upstream"]["step"] == "download" and now["upstream"]["refused"] == 0
    finish(there, order, archive)
    assert fault.hits == 2 and orders_placed(there, [name]) == 1


def test_an_alternate_chain_that_cannot_be_had_is_not_needed(there):
    there.operator.patch("/issuers/slow", {"preferred_chain": "Some other root"})
    default = []
    def with_alternate(handler, body):
        status, headers, data = handler.forward(body)
        default.append(handler.path)
        handler.reply(status, [*headers, ("Link", f'<{there.proxy.url}/gone/1>;rel="alternate"'), ("Link", f'<{there.proxy.url}/gone/2>;rel="alternate"')], data)
    there.proxy.add(with_alternate, "/certZ", times=None)
    gone = there.proxy.add(faultproxy.status(404), "/gone/", times=None)
    try:
        name = unique_name()
        order, archive = place(there, name, "far")
        if order["state"] == "validating":
            there.validate(there.customer, order)
        finish(there, order, archive)
    finally:
        there.operator.patch("/issuers/slow", {"preferred_chain": ""})
    assert gone.hits == 2 and len(default) == 2 and orders_placed(there, [name]) == 1


def test_a_refused_revocation_is_asked_for_again_and_a_reason_that_is_not_liked_left_out(there):
    order, archive = acknowledged(there)
    finish(there, order, archive)
    there.proxy.add(faultproxy.problem(403, "unauthorized", "not today"), "/revoke-cert", times=3)
    there.proxy.add(faultproxy.problem(400, "badRevocationReason", "no such reason here"), "/revoke-cert")
    there.customer.post(f"/orders/{order['id']}/revoke", {"reason": "superseded"})
    reason(there, order, "is not revoked at its CA", "not today")
    def told():
        now = there.customer.show(order)
        return now if "certificate.revoked-upstream" in [e["event"] for e in now["events"]] else None
    now = wait_for("the CA to say yes", told, 40, 0.3)
    assert now["waiting"] is None
    assert [e["event"] for e in now["events"]].count("certificate.not-revoked") == 1, "each thing that it says, once"
    assert ["reason" in json.loads(p) for p in payloads(there.proxy, "/revoke-cert")[-2:]] == [True, False]


def forged(names, use=None):
    """A CA's answer with the right key, and names and usages as given: a function of the one name of the order."""
    ca = OfflineCa("Forger")
    def act(handler, body):
        status, headers, data = handler.forward(body)
        leaf = crypto.certificates(data)[0]
        (name,) = crypto.sans(leaf)
        builder = (ca._builder(leaf.subject, leaf.public_key(), ca.issuing.subject, ca.key, -DAY / 24, 90 * DAY)
                   .add_extension(x509.BasicConstraints(False, None), True).add_extension(x509.SubjectAlternativeName(names(name)), False))
        if use:
            builder = builder.add_extension(x509.ExtendedKeyUsage([use]), False)
        handler.reply(status, headers, ca.chain(builder.sign(ca.key, hashes.SHA256())).encode())
    return act


@pytest.mark.parametrize("act,words", [
    (forged(lambda n: [x509.UniformResourceIdentifier(n)]), "does not name"),
    (forged(lambda n: [x509.DNSName(n), x509.UniformResourceIdentifier(n)]), "names URI:"),
    (forged(lambda n: [x509.DNSName(n), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]), "names 192.0.2.1"),
    (forged(lambda n: [x509.DNSName(n)], ExtendedKeyUsageOID.CLIENT_AUTH), "serverAuth"),
], ids=["a URI for a name", "a URI too", "an address too", "for clients"])
def test_names_of_another_type_and_other_uses_are_refused(there, act, words):
    there.proxy.add(act, "/certZ", times=2)
    order, archive = place(there, unique_name(), "far")
    if order["state"] == "validating":
        there.validate(there.customer, order)
    now = reason(there, order, "not accepted", words, seconds=30)
    assert now["certificates"] == []
    there.proxy.clear()
    finish(there, order, archive)


def test_the_certificate_of_before_is_refused_and_the_new_one_asked_for(there):
    """A CA that sends the old one again, to an order with the same key."""
    name, api = unique_name(), there.customer
    key = ec.generate_private_key(ec.SECP256R1())
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False).sign(key, hashes.SHA256())
    csr = csr.public_bytes(serialization.Encoding.PEM).decode()
    def through(order):
        def look():
            now = api.show(order)
            if now["state"] == "validating" and now["upstream"]["step"] == "prove":
                there.publish_http(now)
                api.post(f"/orders/{order['id']}/validate", {}, (200, 409))
            return now if now["state"] == "issued" else None
        return wait_for("the certificate", look, 60, 0.25)
    first = api.certificate(through(api.order([name], product="far", csr=csr)))
    fault = there.proxy.add(faultproxy.status(200, first if isinstance(first, bytes) else first.encode(), "application/pem-certificate-chain"), "/certZ", times=2)
    again = api.order([name], product="far", csr=csr)
    def refused():
        now = api.show(again)
        if now["state"] == "validating" and now["upstream"]["step"] == "prove":
            there.publish_http(now)
            api.post(f"/orders/{again['id']}/validate", {}, (200, 409))
        return "there already" in ((now["waiting"] or {}).get("reason") or "")
    wait_for("the refusal", refused, 40, 0.2)
    assert len(through(again)["certificates"]) == 1 and fault.hits == 2


# ---- killed

STEPS = [("/order-plz", "before"), ("/order-plz", "after"), ("/authZ", "after"), ("/chalZ", "before"), ("/chalZ", "after"),
         ("/finalize-order", "before"), ("/finalize-order", "after"), ("/my-order", "after"), ("/certZ", "before"), ("/certZ", "after")]


@pytest.mark.parametrize("role,path,when", [("core", *step) for step in STEPS] + [("courier", "/order-plz", "after"), ("courier", "/finalize-order", "after")])
def test_killed_anywhere_it_goes_on_without_a_second_order(there, role, path, when):
    """SIGKILL while the CA has not heard of it yet, and when it has done it and nobody here knows."""
    killed = []
    def act(handler, body):
        answer = handler.forward(body) if when == "after" else None
        os.kill(there.service.pid(role), signal.SIGKILL)
        killed.append(path)
        time.sleep(0.2)
        if answer is None:
            handler.close_connection = True
            handler.connection.close()
        else:
            handler.reply(*answer)
    name = unique_name()
    if path in ("/order-plz", "/authZ"):
        there.proxy.add(act, path)
        order, archive = acknowledged(there, names=name)
    else:
        order, archive = place(there, name, "far")
        there.proxy.add(act, path)
        if order["state"] == "validating":
            there.publish_http(order)
            there.customer.post(f"/orders/{order['id']}/validate", {}, (200, 409, 503))
    wait_for("the kill", lambda: killed, 30, 0.1)
    there.service.wait_ready(30)
    now = finish(there, order, archive)
    assert len(now["certificates"]) == 1
    most = 2 if (path, when) == ("/order-plz", "before") else 1
    assert orders_placed(there, [name]) <= most, "asked for once; or twice when the CA had not heard of it"
    assert sum("csr" in p and p.startswith("{") for p in payloads(there.proxy, now["upstream"]["url"].rsplit("/", 1)[1])) <= 2


def test_a_cancelled_order_lets_go_of_what_is_pending_there(there):
    order, _ = place(there, unique_name(), "far")
    if order["state"] != "validating":
        pytest.skip("Pebble had a valid authorization left")
    there.customer.post(f"/orders/{order['id']}/cancel", {})
    assert there.customer.show(order)["state"] == "cancelled"
    wait_for("the deactivation", lambda: '{"status":"deactivated"}' in payloads(there.proxy, "/authZ"), 20, 0.2)


def test_what_all_the_faults_left_can_be_true(there):
    Oracle(there).check()


# ---- when to renew (RFC 9773), which this Pebble does not have: the proxy plays it

@pytest.mark.rfc("9773 4.2", "our client keeps and shows the suggested window")
@pytest.mark.rfc("9773 4.1#1", "our client makes the id without padding")
def test_the_cas_renewal_window_is_kept_and_replaces_is_sent(there):
    directory = there.proxy.add(faultproxy.changed_json(lambda d: {**d, "renewalInfo": there.proxy.url + "/ari"}), "/dir", times=None)
    window = {"suggestedWindow": {"start": "2027-01-02T03:04:05.678Z", "end": "2027-01-03T03:04:05Z"}, "explanationURL": "https://ca.example/why"}
    there.proxy.add(faultproxy.status(200, json.dumps(window).encode(), "application/json", Retry_After="3600"), "/ari/", times=None)
    add_issuer(there, "modern", there.proxy.url + "/dir", there.ca.roots)
    add_product(there, "renewed", "modern")
    assert directory.hits >= 1
    name = unique_name()
    order, archive = acknowledged(there, "renewed", name)
    finish(there, order, archive)
    now = wait_for("the window", lambda: (o := there.customer.show(order))["renew_from"] and o, 20, 0.2)
    assert (now["renew_from"], now["renew_until"]) == ("2027-01-02T03:04:05Z", "2027-01-03T03:04:05Z")
    assert any("https://ca.example/why" in e["detail"] for e in now["events"] if e["event"] == "order.renewal-window")
    leaf = crypto.certificates(there.customer.certificate(now))[0]
    key_id = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1, "big")
    certid = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (key_id, serial))
    assert there.proxy.seen("/ari/")[0][1] == "/ari/" + certid, "the name of RFC 9773 4.1"
    there.proxy.add(faultproxy.problem(409, "alreadyReplaced", "another order replaces it"), "/order-plz")
    again = there.customer.post(f"/orders/{order['id']}/reissue", {}, 200)
    archive = there.customer.fetch_archive(again)
    there.customer.acknowledge(again, archive)
    finish(there, order, archive)
    sent = [json.loads(p).get("replaces") for p in payloads(there.proxy, "/order-plz") if name in p]
    assert sent == [None, certid, None], "said once; a CA that knows of another order is asked without"


# ---- another key for the account, and nobody knows whether the CA has taken it

def account_keys(world):
    return list((world.service.state / "signer").glob("acme-slow-*.key"))


@pytest.mark.parametrize("act", [faultproxy.cut, faultproxy.done_but_cut], ids=["not heard", "done"])
def test_a_change_of_the_key_whose_end_is_unknown_is_found_out(there, act):
    before = there.operator.get("/issuers/slow")["account"]["thumbprint"]
    there.proxy.add(act, "/rollover-account-key")
    there.proxy.add(faultproxy.cut, "/sign-me-up", times=None)
    answer = there.operator.post("/issuers/slow/account/key", {}, 502)
    assert "which key the account has is not known" in answer["detail"]
    there.proxy.add(faultproxy.problem(400, "malformed", "JWS verification error"), "/order-plz")
    order, archive = acknowledged(there)
    reason(there, order, "JWS verification error")  # not final: it may be the key
    there.proxy.clear()
    assert len(account_keys(there)) == 2, "while nobody knows which of them the account has"
    there.operator.post("/issuers/slow/account/key", {}, 200)
    assert there.operator.get("/issuers/slow")["account"]["thumbprint"] != before
    finish(there, order, archive)
    wait_for("the end of the old key", lambda: len(account_keys(there)) == 1, 20, 0.2)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_the_key_changes_it_finds_out_by_itself(there, when):
    """Nobody asks for the change again."""
    before = there.operator.get("/issuers/slow")["account"]["thumbprint"]
    killed = []
    def act(handler, body):
        if when == "after":
            handler.forward(body)
        os.kill(there.service.pid("core"), signal.SIGKILL)
        killed.append(when)
        handler.close_connection = True
        handler.connection.close()
    there.proxy.add(act, "/rollover-account-key")
    there.operator.post("/issuers/slow/account/key", {}, (500, 502, 503, 504))
    assert killed
    there.service.wait_ready(30)
    wait_for("the new key, found by the job", lambda: there.operator.get("/issuers/slow")["account"]["thumbprint"] != before, 90, 0.3)
    order, archive = acknowledged(there)
    finish(there, order, archive)


# ---- another issuer

def test_a_fallback_takes_over_from_a_ca_that_is_away_and_only_then(there):
    gone = FaultProxy(there.ca.port, there.ca.dir / "ca.pem", there.test_pki)
    add_issuer(there, "nobody", gone.url + "/dir", there.ca.roots)
    gone.stop()
    add_product(there, "with-fallback", "nobody", fallback_issuer="issuing-1", fallback_after=60)
    add_product(there, "keeps", "slow", fallback_issuer="issuing-1", fallback_after=60)
    there.operator.post("/issuers", {"name": "resting", "kind": "offline", "public": False, "active": False}, 201)
    add_product(there, "rests", "nobody", fallback_issuer="resting", fallback_after=60)
    away, _ = acknowledged(there, "with-fallback")
    stays, _ = acknowledged(there, "rests")
    own, own_archive = place(there, unique_name(), "keeps")
    reason(there, away, "nobody CA cannot be reached")
    sent, sent_archive = place(there, unique_name(), "keeps")
    trouble = there.proxy.add(faultproxy.problem(500, "serverInternal", "no certificates today"), "/certZ", times=None)
    if sent["state"] == "validating":
        there.validate(there.customer, sent)
    reason(there, sent, "no certificates today")
    there.customer.post(f"/orders/{own['id']}/validate", {}, (200, 409))
    there.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = "70"
    there.service.restart()
    def taken_over():
        now = there.customer.show(away)
        return now if now["issuer"] == "issuing-1" else None
    now = wait_for("the other issuer", taken_over, 30, 0.2)
    assert "order.fallback" in [e["event"] for e in now["events"]] and now["upstream"] is None
    there.validate(there.customer, now)
    now = there.customer.wait_state(away, "issued")
    assert "AutoCSR" in crypto.certificates(there.customer.certificate(now))[0].issuer.rfc4514_string()
    there.customer.post(f"/orders/{own['id']}/validate", {}, (200, 409))
    assert there.customer.show(own)["issuer"] == "slow", "that the customer has published nothing is not the CA's fault"
    hits = trouble.hits
    wait_for("another try", lambda: trouble.hits > hits, 60, 0.2)
    assert there.customer.show(sent)["issuer"] == "slow", "it has issued: nobody takes over"
    there.proxy.clear()
    finish(there, sent, sent_archive)
    finish(there, own, own_archive)
    assert there.customer.show(stays)["issuer"] == "nobody", "one that is switched off takes nothing over"


def test_an_order_that_stays_in_processing_ends_with_the_reason(there):
    """And lets go of nothing that it was asked for: the CA may still issue."""
    for_ever = there.proxy.add(faultproxy.changed_json(lambda o: {**o, "status": "processing"} if o.get("status") == "valid" and "finalize" in o else o),
                               when=lambda m, p, b: "/finalize-order" in p or "/my-order" in p, times=None)
    order, archive = place(there, unique_name(), "far")
    if order["state"] == "validating":
        there.validate(there.customer, order)
    reason(there, order, "is issuing the certificate")
    there.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = str(8 * 86400)
    there.service.restart()
    there.customer.login(there.customer.email)
    now = there.customer.wait_state(order, "failed", seconds=40)
    assert "has not come to an end" in now["waiting"]["reason"] and "may still do so" in now["waiting"]["reason"] and for_ever.hits
