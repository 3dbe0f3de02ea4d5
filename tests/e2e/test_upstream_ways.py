"""Ways to an order at another CA that Pebble can judge: tls-alpn-01 from what the customer is shown, files in a directory, profiles, and an
account that was bound and then given another key."""
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading

import pytest
from harness import crypto, faultproxy
from harness.api import unique_name
from harness.faultproxy import FaultProxy
from harness.net import free_port, wait_for
from harness.pebble import EAB_KEY, EAB_KID, Pebble
from test_upstream_faults import acknowledged, payloads, reason
from test_upstream_orders import add_issuer, add_product, issued, place, upstream_world

CHALLENGES = "/.well-known/acme-challenge/"
PROFILES = {"classic": "as ever", "shortlived": "six days"}


def with_profiles(directory):
    directory["meta"]["profiles"] = PROFILES


class Files(http.server.BaseHTTPRequestHandler):
    """A web server that shows one directory below /.well-known/acme-challenge/, as an operator's does."""

    def do_GET(self):
        path = self.server.directory / self.path.removeprefix(CHALLENGES)
        good = self.path.startswith(CHALLENGES) and "/" not in self.path.removeprefix(CHALLENGES) and path.is_file()
        body = path.read_bytes() if good else b""
        self.server.asked.append((self.headers["Host"], good))
        self.send_response(200 if good else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def there(e2e_dir, dns, smtp, web, test_pki):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="challenges-", dir=e2e_dir))
    directory.chmod(0o777)
    files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    files.directory, files.asked = directory, []
    threading.Thread(target=files.serve_forever, args=(0.05,), daemon=True).start()
    port, tls_port = files.server_address[1], free_port()
    ca = Pebble(e2e_dir / "pebble-ways", test_pki, dns=dns.address, http_port=port, tls_port=tls_port, eab=True, reject_nonces=10).start()
    proxy = FaultProxy(ca.port, ca.dir / "ca.pem", test_pki)
    world = upstream_world(e2e_dir, dns, smtp, web, {"validation": {"http_port": port, "tls_alpn_port": tls_port},
                                                     "upstream": {"first_retry": "1s"}, "publish": {"directory": directory, "names": "any"}})
    world.ca, world.proxy, world.files, world.tls_port = ca, proxy, files, tls_port
    eab = {"kid": EAB_KID, "hmac_key": EAB_KEY}
    add_issuer(world, "tls", ca.directory_url, ca.roots, eab=eab, challenges=["tls-alpn-01"])
    add_issuer(world, "files", ca.directory_url, ca.roots, eab=eab, automation="directory", challenges=["http-01"])
    add_product(world, "by-tls", "tls")
    add_product(world, "by-files", "files")
    proxy.add(faultproxy.changed_json(with_profiles), "/dir", times=None)
    add_issuer(world, "profiled", proxy.url + "/dir", ca.roots, eab=eab, automation="directory", challenges=["http-01"], profile="shortlived")
    add_product(world, "by-profile", "profiled")
    yield world
    world.service.stop()
    proxy.stop()
    ca.stop()
    files.shutdown()
    files.server_close()


# ---- tls-alpn-01: nobody but whoever runs the TLS server can answer, so what they are shown must be enough

def certificate_of(way, tmp_path):
    """Made by openssl from the order's own words, and nothing else."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=" + way["host"],
                    "-addext", "subjectAltName=DNS:" + way["host"], "-addext", way["extension"], "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
                   check=True, capture_output=True)


def serve(there, way, tmp_path):
    certificate_of(way, tmp_path)
    return subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{there.tls_port}", "-alpn", way["protocol"], "-quiet", "-cert", tmp_path / "cert.pem",
                             "-key", tmp_path / "key.pem"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.rfc("8737 3", "what our client has the customer serve is what Pebble takes")
def test_the_certificate_that_the_customer_is_shown_is_what_the_ca_takes(there, tmp_path):
    name = unique_name()
    order, archive = place(there, name, "by-tls")
    (v,) = order["validations"]
    (way,) = [w for w in v["publish"] if w["challenge"] == "tls-alpn-01"]
    assert v["method"] == "tls-alpn" and way["host"] == name and way["protocol"] == "acme-tls/1"
    wrong = {**way, "extension": way["extension"][:-2] + ("00" if not way["extension"].endswith("00") else "01")}
    server = serve(there, wrong, tmp_path)
    def judged():
        now = there.customer.show(order)["validations"][0]
        if (now["error"] or {}).get("id") == "validation.tls-alpn.digest":
            return now
        there.customer.post(f"/orders/{order['id']}/validate", {}, (200, 409))
    now = wait_for("our own look at the certificate, not only at a port that was closed", judged, 20, 0.5)
    assert now["told_at"] is None, "a certificate of another order is not worth the CA's look"
    server.kill()
    server.wait()
    server = serve(there, way, tmp_path)
    try:
        there.customer.post(f"/orders/{order['id']}/validate", {}, (200, 409))
        order, key, chain = issued(there, order, archive, None)
    finally:
        server.kill()
        server.wait()
    assert crypto.sans(chain[0]) == [name] and order["validations"][0]["method"] == "tls-alpn" and order["validations"][0]["told_at"]


# ---- files in a directory that the operator's web server shows

def test_a_file_in_the_directory_is_all_that_is_needed(there):
    name = unique_name()
    order, archive = acknowledged(there, "by-files", name)
    order = there.customer.wait_state(order, "issued", seconds=60)
    hosts = [host.split(":")[0] for host, good in there.files.asked if good]
    assert hosts.count(name) >= 2, "we looked, and the CA did"
    wait_for("the file's end", lambda: not list(there.files.directory.iterdir()), 20, 0.2)
    events = [e["event"] for e in order["events"]]
    assert "proof.published" in events


# ---- an account that is bound, and then has another key

def test_a_bound_account_orders_on_with_another_key(there):
    before = there.operator.get("/issuers/files")["account"]
    after = there.operator.post("/issuers/files/account/key", {}, 200)["account"]
    assert after["url"] == before["url"] and after["thumbprint"] != before["thumbprint"]
    order, archive = acknowledged(there, "by-files", unique_name())
    there.customer.wait_state(order, "issued", seconds=60)
    def keys():
        return list((there.service.state / "signer").glob("acme-files-*.key"))
    wait_for("the end of the old key", lambda: len(keys()) == 1, 20, 0.2)


def test_what_is_to_be_published_follows_the_accounts_key(there, tmp_path):
    """An order that waits for its customer while the key changes: the key authorization names the key."""
    order, archive = place(there, unique_name(), "by-tls")
    def way(now):
        return next((w for w in now["validations"][0]["publish"] if w["method"] == "tls-alpn"), None)
    shown = way(order)["extension"]
    there.operator.post("/issuers/tls/account/key", {}, 200)
    def another():
        now = there.customer.show(order)
        return now if now["upstream"]["step"] == "prove" and way(now) and way(now)["extension"] != shown else None
    now = wait_for("what the new key has the customer publish", another, 20, 0.2)
    server = serve(there, way(now), tmp_path)
    try:
        there.customer.post(f"/orders/{order['id']}/validate", {}, (200, 409))
        issued(there, now, archive, None)
    finally:
        server.kill()
        server.wait()


# ---- profiles, which this Pebble does not have: the proxy plays them

def test_a_profile_is_asked_for_by_name_and_shown_with_what_the_ca_says_of_it(there):
    assert there.operator.get("/issuers/profiled")["directory"]["profiles"] == PROFILES
    there.proxy.add(faultproxy.changed_json(lambda o: {**o, "profile": "shortlived"}), "/order-plz")
    order, archive = acknowledged(there, "by-profile", unique_name())
    there.customer.wait_state(order, "issued", seconds=60)
    assert {json.loads(p).get("profile") for p in payloads(there.proxy, "/order-plz")} == {"shortlived"}, "once, and again after each refused nonce"


def test_a_profile_that_the_ca_does_not_have_any_more_fails_the_order_with_its_words(there):
    there.proxy.add(faultproxy.problem(400, "invalidProfile", "there is no profile shortlived"), "/order-plz")
    order, _ = acknowledged(there, "by-profile", unique_name())
    now = there.customer.wait_state(order, "failed", seconds=30)
    assert "The profiled CA says: there is no profile shortlived" in now["waiting"]["reason"]


# ---- terms that have changed (RFC 8555 7.3.3), which Pebble never does: the proxy plays it

@pytest.mark.rfc("8555 7.3.3", "our client waits for the operator to agree to changed terms")
def test_changed_terms_hold_the_orders_until_the_operator_has_agreed(there):
    there.proxy.add(faultproxy.status(403, json.dumps({"type": "urn:ietf:params:acme:error:userActionRequired", "detail": "the terms have changed",
                                                       "instance": "https://ca.example/agree/7"}).encode(), "application/problem+json",
                                      Link='<https://ca.example/terms/2>;rel="terms-of-service"'), "/order-plz")
    order, archive = acknowledged(there, "by-profile", unique_name())
    now = reason(there, order, "The profiled CA has new terms of service", "when the operator has agreed")
    assert now["state"] == "validating" and now["upstream"]["held"] == "terms"
    assert now["next"] == "wait: the operator has to agree to new terms of service of The profiled CA"
    issuer = there.operator.get("/issuers/profiled")
    assert issuer["account"]["terms_wanted"] == "https://ca.example/agree/7"
    answer = there.operator.post("/issuers/profiled/account", {}, 422)
    assert answer["type"].endswith("upstream.terms") and "https://ca.example/agree/7" in answer["detail"]
    there.operator.post("/issuers/profiled/account", {"agree_terms": True}, 200)
    there.customer.wait_state(order, "issued", seconds=60)
    assert there.operator.get("/issuers/profiled")["account"]["terms_wanted"] is None


def test_an_order_at_an_issuer_that_is_switched_off_goes_on_as_soon_as_it_is_on(there):
    name = unique_name()
    fault = there.proxy.add(faultproxy.problem(500, "serverInternal", "not now"), "/order-plz", times=1)
    order, archive = acknowledged(there, "by-profile", name)
    wait_for("the first try", lambda: fault.hits, 20, 0.1)
    there.operator.patch("/issuers/profiled", {"active": False})
    now = reason(there, order, "has switched The profiled CA off")
    assert now["upstream"]["held"] == "issuer-off" and now["state"] == "validating"
    assert now["next"] == "wait: the operator has switched The profiled CA off"
    there.operator.patch("/issuers/profiled", {"active": True})
    now = there.customer.wait_state(order, "issued", seconds=20)
    assert now["upstream"]["held"] is None
