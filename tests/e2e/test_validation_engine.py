"""What the validation engine does with DNS that is hostile or just large, with dns-persist-01 records, with CAA parameters and
with addresses as names: asked directly, as a service asks a prober elsewhere."""
import ctypes
import http.server
import socket
import socketserver
import struct
import threading

import dns.flags
import dns.message
import dns.rrset
import pytest
from harness.api import unique_name
from harness.net import free_port_both, wait_for
from harness.outposts import CAA, DNS, HTTP, PERSIST, Line, Outpost, perspectives_pki

IDENTITY, ACCOUNT = "ca.test", "https://ca.test/acme/acct/17"


# ---- a DNS server with bad manners

class Hostile:
    """Answers by `records`: (name, type) → a function of how often that was asked (from 0) that gives the values."""

    def __init__(self):
        self.port, self.asked, self.tcp, self.records, self.made = free_port_both(), {}, 0, {}, {}
        hostile = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                sock.sendto(hostile.answer(data, 1200), self.client_address)

        class Tcp(socketserver.BaseRequestHandler):
            def handle(self):
                hostile.tcp += 1
                size = struct.unpack(">H", self.request.recv(2))[0]
                out = hostile.answer(self.request.recv(size), 65535)
                self.request.sendall(struct.pack(">H", len(out)) + out)
        self.servers = [socketserver.ThreadingUDPServer(("127.0.0.1", self.port), Udp),
                        socketserver.ThreadingTCPServer(("127.0.0.1", self.port), Tcp)]
        for s in self.servers:
            s.daemon_threads = True
            threading.Thread(target=s.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, data, most):
        query = dns.message.from_wire(data)
        q = query.question[0]
        key = (q.name.to_text().lower().rstrip("."), dns.rdatatype.to_text(q.rdtype))
        n = self.asked[key] = self.asked.get(key, -1) + 1
        values = self.records.get(key, lambda _: [])(n)
        # Large answers are made once: this server is to be hostile, not slow.
        body = self.made.get((key, tuple(values)))
        if body is None:
            reply = dns.message.make_response(query, recursion_available=True)
            if values:
                reply.answer = [dns.rrset.from_text_list(q.name, 1, "IN", key[1], values)]
            body = self.made[(key, tuple(values))] = reply.to_wire(max_size=65535)[2:]
        if len(body) + 2 > most:
            cut = dns.message.make_response(query, recursion_available=True)
            cut.flags |= dns.flags.TC
            return cut.to_wire()
        return data[:2] + body

    def count(self, name, kind):
        return self.asked.get((name, kind), -1) + 1

    def close(self):
        for s in self.servers:
            s.shutdown()
            s.server_close()


@pytest.fixture(scope="module")
def hostile():
    one = Hostile()
    yield one
    one.close()


class Looker:
    def __init__(self, outpost, pki):
        self.outpost, self.pki = outpost, pki

    def ask(self, *question):
        with Line(self.outpost, self.pki) as line:
            return line.ask(*question)


def _outpost(where, name, resolver, anchor, port):
    pki = perspectives_pki(where)
    one = Outpost(where, pki, name, "ripe", resolver, anchor, options=[
        "--http-port", port, "--timeout", "10s", "--allow-networks", "127.0.0.0/8, ::1/128"]).up()
    return Looker(one, pki)


@pytest.fixture(scope="module")
def misled(e2e_dir, hostile, web):
    """A prober whose resolver is the hostile one; its trust anchor is for a zone that nobody asks for."""
    where = e2e_dir / "misled"
    where.mkdir()
    anchor = where / "anchor"
    anchor.write_text("signed.example. IN DS 1 13 2 " + "ab" * 32 + "\n")
    one = _outpost(where, "misled", f"127.0.0.1:{hostile.port}", anchor, web.port)
    yield one
    one.outpost.down()
    one.outpost.check_sanitizers()


@pytest.fixture(scope="module")
def looker(e2e_dir, dns, web):
    one = _outpost(e2e_dir / "looker", "looker", dns.address, dns.anchor_file, web.port)
    yield one
    one.outpost.down()
    one.outpost.check_sanitizers()


def test_dns_rebinding_is_of_no_use(misled, hostile, web):
    """The answer that was checked is the address that is dialled; nobody asks again and gets another one."""
    hostile.records[("rebind.test", "A")] = lambda n: ["127.0.0.1"] if n == 0 else ["10.0.0.1"]
    web.publish("rebind.test", "/token", "right")
    got = misled.ask(HTTP, "rebind.test", "/token", "right")
    assert got["ok"] and hostile.count("rebind.test", "A") == 1, got
    assert got["evidence"]["steps"][0]["addresses"] == ["127.0.0.1"]
    got = wait_for("the other answer", lambda: (lambda g: None if g["ok"] else g)(misled.ask(HTTP, "rebind.test", "/token", "right")), 10, 0.5)
    assert got["error"] == "validation.http.address", got


def test_the_second_hop_is_resolved_and_checked_anew(misled, hostile, web):
    hostile.records[("hop.test", "A")] = lambda n: ["127.0.0.1"]
    hostile.records[("inside.test", "A")] = lambda n: ["169.254.169.254"]
    web.redirect("hop.test", "/token", f"http://inside.test:{web.port}/token")
    got = misled.ask(HTTP, "hop.test", "/token", "right")
    assert got["error"] == "validation.http.address" and hostile.count("inside.test", "A") == 1, got


@pytest.mark.parametrize("good", [True, False])
def test_thousands_of_addresses_are_not_thousands_of_dials(misled, hostile, web, good):
    name = f"many-{good}.test".lower()
    values = [f"10.{i >> 8}.{i & 255}.1" for i in range(2000)] + (["127.0.0.1"] if good else [])
    hostile.records[(name, "A")] = lambda n: values
    # Our own server of such answers is slow on a busy machine; that is not what is tested.
    got = wait_for("an answer of DNS", lambda: (lambda g: g if g["error"] != "dns.timeout" else None)(misled.ask(HTTP, name, "/token", "right")), 60)
    assert not got["ok"] and got["error"] in ("validation.http.address", "validation.http.status"), got
    assert len(got["evidence"]["steps"][0]["addresses"]) <= 8


def unbound_version():
    """Of the library that the prober runs with: (1, 17) for 1.17.1."""
    version = ctypes.CDLL("libunbound.so.8").ub_version
    version.restype = ctypes.c_char_p
    return tuple(int(n) for n in version().decode().split(".")[:2])


def test_thousands_of_texts_are_bounded(misled, hostile):
    hostile.records[("_x.texts.test", "TXT")] = lambda n: [f'"value {i}"' for i in range(2500)]
    got = misled.ask(DNS, "_x.texts.test", "not there")
    # Debian 12's unbound (1.17) reads them all; Debian 13's (1.22) takes no answer of that size.
    wanted = ["validation.dns.absent"] + (["dns.servfail"] if unbound_version() > (1, 17) else [])
    assert got["error"] in wanted and len(str(got["evidence"])) < 8192, got


def test_an_answer_that_is_too_large_for_a_datagram_comes_by_tcp(misled, hostile):
    hostile.records[("_x.tcp.test", "TXT")] = lambda n: [f'"{"x" * 200} {i}"' for i in range(20)] + ['"wanted"']
    before = hostile.tcp
    assert misled.ask(DNS, "_x.tcp.test", "wanted")["ok"]
    assert hostile.tcp > before


@pytest.mark.rfc("8659 3#2", "records that could forbid it and are too many to be read are no permission")
def test_too_many_caa_records_are_no_permission(misled, hostile):
    hostile.records[("full.test", "CAA")] = lambda n: [f'0 issue "ca.test; n={i}"' for i in range(150)]
    assert misled.ask(CAA, "full.test", 0, IDENTITY, "", "http-01")["error"] == "caa.malformed"
    hostile.records[("full2.test", "CAA")] = lambda n: [f'0 issue "ca.test; n={i}"' for i in range(90)]
    assert misled.ask(CAA, "full2.test", 0, IDENTITY, "", "http-01")["ok"]


# ---- CAA: RFC 8657

def caa(looker, name, account=ACCOUNT, method="http-01", wildcard=0):
    return looker.ask(CAA, name, wildcard, IDENTITY, account, method)


@pytest.mark.rfc("8657 3", "accounturi permits that account only, and validationmethods those methods only, as they stand in DNS")
def test_account_and_method_must_fit(looker, dns):
    name = unique_name()
    dns.publish(name, "CAA", f'0 issue "ca.test; accounturi={ACCOUNT}; validationmethods=dns-01,http-01"')
    assert wait_for("the records", lambda: caa(looker, name)["ok"], 5)
    got = caa(looker, name)
    assert got["evidence"]["account_uri"] == ACCOUNT and got["evidence"]["method"] == "http-01"
    assert caa(looker, name, method="dns-01")["ok"]
    for account, method in [(ACCOUNT + "8", "http-01"), ("", "http-01"), (ACCOUNT, "tls-alpn-01"), (ACCOUNT, ""), (ACCOUNT, "ca-dns")]:
        got = caa(looker, name, account, method)
        assert got["error"] == "caa.forbidden", (account, method, got)


@pytest.mark.rfc("8659 3#1", "the records of the nearest name that has any decide; those above it do not matter")
def test_the_tree_is_climbed(looker, dns):
    parent = unique_name()
    name = "a.b." + parent
    dns.publish(parent, "CAA", '0 issue "other.example"')
    wait_for("the records", lambda: not caa(looker, parent)["ok"], 5)
    got = caa(looker, name)
    assert got["error"] == "caa.forbidden" and got["evidence"]["decided_at"] == parent
    dns.publish("b." + parent, "CAA", '0 issue "ca.test"')
    wait_for("the nearer records", lambda: caa(looker, name)["ok"], 5)


@pytest.mark.rfc("8659 3#2", "a CAA look-up follows CNAME, and does not climb at the target; SERVFAIL, a forged answer and a loop are no permission")
@pytest.mark.parametrize("name,error", [("alias.caa.test", "caa.forbidden"), ("www.servfail.test", "caa.lookup"), ("www.caabogus.test", "caa.lookup"),
                                        ("loop1.good.test", "caa.lookup"), ("www.wrongds.test", "caa.lookup")])
def test_no_answer_is_no_permission(looker, name, error):
    assert caa(looker, name)["error"] == error


# ---- dns-persist-01

def persist(looker, name, wildcard=0, account=ACCOUNT, identity=IDENTITY):
    return looker.ask(PERSIST, name, wildcard, identity, account)


def published(dns, *texts):
    name = unique_name()
    dns.publish("_validation-persist." + name, "TXT", *['"' + t + '"' for t in texts])
    return name


GOOD = f"{IDENTITY}; accounturi={ACCOUNT}"


@pytest.mark.parametrize("texts,plain,wild", [
    ([GOOD], True, False), ([GOOD + "; policy=wildcard"], True, True), ([GOOD + "; POLICY=WildCard"], True, True),
    ([GOOD + "; policy=other"], True, False), ([GOOD + "; persistUntil=4102444800"], True, False),
    ([GOOD + "; persistUntil=1000000000"], False, False), (["v=spf1 -all", GOOD], True, False),
    ([f"other.example; accounturi={ACCOUNT}", GOOD + "; policy=wildcard"], True, True), ([f"{IDENTITY}; accounturi={ACCOUNT}0"], False, False),
    ([IDENTITY], False, False), ([f"{IDENTITY}; accounturi={ACCOUNT}; accounturi={ACCOUNT}"], False, False)])
def test_persistent_records(looker, dns, texts, plain, wild):
    name = published(dns, *texts)
    wait_for("the records", lambda: persist(looker, name)["error"] not in ("dns.nxdomain", "dns.nodata"), 5)
    got = persist(looker, name)
    assert got["ok"] == plain, got
    assert persist(looker, name, 1)["ok"] == wild
    if not plain:
        assert got["error"] == "validation.persist.absent" and f"{IDENTITY}; accounturi={ACCOUNT}" in got["text"]


def test_a_persistent_record_is_only_for_its_own_name(looker, dns):
    name = published(dns, GOOD + "; policy=wildcard")
    wait_for("the record", lambda: persist(looker, name)["ok"], 5)
    assert not persist(looker, "below." + name)["ok"] and not persist(looker, name.split(".", 1)[1])["ok"]
    assert persist(looker, name, identity="")["error"] == "validation.persist.identity"
    assert persist(looker, name, account="")["error"] == "validation.persist.identity"


# ---- addresses as names

class V6Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


@pytest.mark.rfc("8738 4", "an address is asked at that address, with the address as Host (in brackets for IPv6)")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_address_is_asked_by_http(looker, web, address):
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.headers["Host"], self.path))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"right")

        def log_message(self, *_):
            pass
    if address == "127.0.0.1":
        web.publish(address, "/token", "right")
        assert looker.ask(HTTP, address, "/token", "right")["ok"]
        assert web.requests[-1][2]["Host"] == f"127.0.0.1:{web.port}"
        return
    server = V6Server(("::1", web.port), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        assert looker.ask(HTTP, address, "/token", "right")["ok"]
        assert seen == [(f"[::1]:{web.port}", "/token")]
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("address", ["10.0.0.1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "0x7f.1", "2130706433"])
def test_an_address_inside_is_not_asked(looker, address):
    got = looker.ask(HTTP, address, "/token", "right")
    assert got["error"] in ("validation.http.address", "validation.http.name"), got
