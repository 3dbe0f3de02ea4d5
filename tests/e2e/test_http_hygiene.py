"""The front door at the level of bytes: what HTTP parsers disagree on is refused, slow and huge clients are bounded."""
import socket
import ssl
import threading
import time

import pytest
import requests
from harness.api import unique_name
from harness.net import wait_for
from harness.rawhttp import Raw

GET = "GET /api/v1/products HTTP/1.1"
POST = "POST /api/v1/csr/show HTTP/1.1"
JSON = "Content-Type: application/json"


@pytest.fixture
def raw(service):
    made = []

    def make(**kw):
        made.append(Raw(service, **kw))
        return made[-1]
    yield make
    for one in made:
        one.close()


REFUSED = {
    "two-content-lengths": ([POST, "Host: {host}", JSON, "Content-Length: 2", "Content-Length: 30"], b"{}"),
    "same-content-length-twice": ([POST, "Host: {host}", JSON, "Content-Length: 2", "Content-Length: 2"], b"{}"),
    "content-length-list": ([POST, "Host: {host}", JSON, "Content-Length: 2, 2"], b"{}"),
    "content-length-and-chunked": ([POST, "Host: {host}", JSON, "Content-Length: 7", "Transfer-Encoding: chunked"],
                                   b"2\r\n{}\r\n0\r\n\r\n"),
    "content-length-signed": ([POST, "Host: {host}", JSON, "Content-Length: +2"], b"{}"),
    "content-length-negative": ([POST, "Host: {host}", JSON, "Content-Length: -2"], b"{}"),
    "content-length-huge": ([POST, "Host: {host}", JSON, "Content-Length: 99999999999999999999999"], b"{}"),
    "chunked-twice": ([POST, "Host: {host}", JSON, "Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
                      b"2\r\n{}\r\n0\r\n\r\n"),
    "unknown-transfer-encoding": ([POST, "Host: {host}", JSON, "Transfer-Encoding: xchunked"], b"2\r\n{}\r\n0\r\n\r\n"),
    "no-host": ([GET], b""),
    "two-hosts": ([GET, "Host: {host}", "Host: evil.example"], b""),
    "same-host-twice": ([GET, "Host: {host}", "Host: {host}"], b""),
    "two-authorizations": ([GET, "Host: {host}", "Authorization: Bearer acsr_a", "Authorization: Bearer acsr_b"], b""),
    "space-before-colon": ([GET, "Host: {host}", "Content-Length : 0"], b""),
    "bad-method": (["G@T /api/v1/products HTTP/1.1", "Host: {host}"], b""),
    "no-version": (["GET /api/v1/products"], b""),
}


@pytest.mark.parametrize("what", REFUSED)
def test_ambiguous_requests_are_refused(raw, what):
    lines, body = REFUSED[what]
    assert raw().send(*lines, body=body).status() in (0, 400, 401, 405, 411, 413, 501, 505)


@pytest.mark.parametrize("what", ["content-length-and-chunked", "two-content-lengths", "chunked-twice"])
def test_nothing_after_an_ambiguous_request_is_served(raw, what):
    """A smuggled second request on the same connection must not be answered."""
    lines, body = REFUSED[what]
    one = raw()
    one.send(*lines, body=body + f"GET /healthz HTTP/1.1\r\nHost: {one.host}\r\n\r\n".encode())
    assert one.answer().count(b"HTTP/1.1 200") == 0
    assert one.closed_within(10)


def test_an_honest_request_is_served(raw):
    """The control of the table above."""
    assert raw().send(GET, "Host: {host}", "Connection: close").status() in (200, 401)
    assert raw().send(POST, "Host: {host}", JSON, "Content-Length: 2", "Connection: close", body=b"{}").status() in (400, 422)


def test_big_headers_are_refused(raw):
    assert raw().send(GET, "Host: {host}", "X-Big: " + "a" * 40000).status() in (0, 400, 413, 431)
    many = [f"X-{i}: b" for i in range(3000)]
    assert raw().send(GET, "Host: {host}", *many).status() in (0, 400, 413, 431)
    assert raw().send("GET /" + "a" * 40000 + " HTTP/1.1", "Host: {host}").status() in (0, 400, 404, 414, 431)


def test_big_bodies_are_refused_while_they_arrive(raw):
    one = raw().send(POST, "Host: {host}", JSON, "Content-Length: 100000000")
    assert one.status() in (0, 401, 413)
    chunked = raw().send(POST, "Host: {host}", JSON, "Transfer-Encoding: chunked")
    for _ in range(64):
        chunked.raw(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
    assert chunked.status() in (0, 413)


@pytest.mark.parametrize("kind", ["headers", "body"])
def test_a_byte_a_second_does_not_stay_for_ever(raw, kind):
    """The deadline is for the whole, not for each byte."""
    one = raw()
    if kind == "headers":
        one.raw(f"{GET}\r\nHost: {one.host}\r\nX-Slow: ".encode())
    else:
        one.send(POST, "Host: {host}", JSON, "Content-Length: 1000")
    stop = threading.Event()

    def drip():
        while not stop.wait(1.0):
            one.raw(b"a")
    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        assert one.closed_within(20), "still open after 20 s; request_timeout is 6 s"
    finally:
        stop.set()
        thread.join()


def test_one_address_gets_only_so_many_connections(service, raw):
    """Idle connections from one address; another address is still served."""
    held, refused = [], 0
    try:
        for _ in range(400):
            try:
                s = socket.create_connection(("127.0.0.1", service.port), 5, source_address=("127.0.0.9", 0))
                s.settimeout(0.02)
                held.append(s)
                refused += s.recv(1) == b""
            except socket.timeout:
                continue
            except OSError:
                refused += 1
        assert refused > 0, "400 connections of one address were all accepted"
        assert raw(source="127.0.0.10").send(GET, "Host: {host}", "Connection: close").status() in (200, 401)
    finally:
        for s in held:
            s.close()
    wait_for("the service after the flood", service.ready, 20)


def test_security_headers(service, account):
    page = service.get("/")
    for answer in (page, account.call("GET", "/products")):
        h = answer.headers
        assert "max-age=" in h["Strict-Transport-Security"]
        assert h["X-Content-Type-Options"] == "nosniff"
        assert h.get("Referrer-Policy") in ("no-referrer", "same-origin")
        assert h.get("X-Frame-Options") == "DENY" or "frame-ancestors 'none'" in h.get("Content-Security-Policy", "")
        assert "libmicrohttpd" not in str(h).lower()
    csp = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in csp or "default-src 'self'" in csp
    assert "unsafe-inline" not in csp and "unsafe-eval" not in csp and "*" not in csp
    assert account.call("GET", "/orders").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd",
                                  "/assets/../../../etc/passwd", "/.git/config", "/%00", "/index.html%00.txt"])
def test_static_files_do_not_leave_their_folder(raw, path):
    got = raw().send(f"GET {path} HTTP/1.1", "Host: {host}", "Connection: close").answer()
    assert b"root:" not in got and b"[core]" not in got


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_tls_is_refused(service, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = getattr(ssl.TLSVersion, version)
    with socket.create_connection(("127.0.0.1", service.port), 5) as plain:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(plain)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_current_tls_is_served(raw, version):
    one = raw(version=getattr(ssl.TLSVersion, version))
    assert one.send(GET, "Host: {host}", "Connection: close").status() in (200, 401)


def test_plain_http_on_the_tls_port_gets_nothing(service):
    with socket.create_connection(("127.0.0.1", service.port), 5) as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        s.settimeout(10)
        try:
            assert b" 200 " not in s.recv(4096)
        except OSError:
            pass


def test_http_listener_serves_only_public_files(service, account):
    """CRLs and issuer certificates go over plain HTTP; logins and the API do not."""
    for path in ("/api/v1/products", "/api/v1/session", "/", "/metrics"):
        answer = requests.get(service.http_url + path, timeout=5, allow_redirects=False)
        assert answer.status_code in (301, 302, 307, 308, 400, 403, 404), path
    assert requests.post(service.http_url + "/api/v1/session", json={"email": "a@b.test", "password": "x"}, timeout=5,
                         allow_redirects=False).status_code in (307, 308, 400, 403, 404, 405)


def test_health_ready_metrics(service, world):
    assert service.get("/healthz").status_code == 200
    assert service.get("/readyz").status_code == 200
    metrics = service.get("/metrics")
    assert metrics.status_code == 200 and metrics.headers["Content-Type"].startswith("text/plain")
    for line in metrics.text.splitlines():
        assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) >= 0, line
    assert "autocsr_" in metrics.text


def test_a_burst_of_clients_is_all_answered(world, account):
    """Eight callers at once; each answer is the order or an honest 429/503."""
    import concurrent.futures
    tokens = [account.token_client(f"t{i}") for i in range(8)]
    start = time.monotonic()

    def one(i):
        return tokens[i % 8].call("POST", "/orders", {"product": "dv", "names": [unique_name()], "key_type": "ec:p256"})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(48)))
    assert {a.status_code for a in answers} <= {201, 429, 503}, {a.status_code: a.text for a in answers}
    assert all("Retry-After" in a.headers for a in answers if a.status_code != 201)
    made = sum(a.status_code == 201 for a in answers)
    assert made >= 8 and time.monotonic() > start
    assert len(account.get("/orders?limit=100")["orders"]) == made
