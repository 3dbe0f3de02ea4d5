"""Perspectives in network namespaces, each with an Internet of its own: the same names and addresses lead to different servers,
as they do when routes are hijacked. Needs root; skipped with the reason otherwise."""
import os
import shutil
import subprocess
import sys
import textwrap

import pytest
from harness.api import unique_name
from harness.fixtures import base_config, merged
from harness.flow import World
from harness.net import wait_for
from harness.outposts import HTTP, Line, Outpost, perspectives_config, perspectives_pki
from harness.service import Service

ADDRESS = "198.51.100.80"  # the customer's web server, wherever one asks from


def _why_not():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "network namespaces need root and ip(8)"
    name = f"acsr{os.getpid()}try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return "" if made.returncode == 0 else "no network namespaces here: " + made.stderr.strip()


# A web server that knows one answer, in another namespace than the test.
WEB = textwrap.dedent("""
    import http.server, sys
    class H(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                body = open(sys.argv[3] + self.path.replace("/", "_"), "rb").read()
            except OSError:
                self.send_error(404)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *a):
            pass
    http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), H).serve_forever()
""")


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True, text=True, timeout=20)


class Country:
    """A namespace joined to ours by one cable, with the customer's address inside, and a DNS relay to the test's server."""

    def __init__(self, number, directory, dns, web_port):
        self.name, self.number = f"acsr{os.getpid() % 10000}n{number}", number
        self.near, self.far = f"10.213.{number}.1", f"10.213.{number}.2"
        self.dir, self.procs = directory / f"web-{number}", []
        self.dir.mkdir()
        cable = f"acsr{os.getpid() % 10000}v{number}"
        ip("netns", "add", self.name)
        ip("link", "add", cable, "type", "veth", "peer", "name", "up0", "netns", self.name)
        ip("addr", "add", self.near + "/30", "dev", cable)
        ip("link", "set", cable, "up")
        for words in (["addr", "add", self.far + "/30", "dev", "up0"], ["link", "set", "up0", "up"], ["link", "set", "lo", "up"],
                      ["addr", "add", ADDRESS + "/32", "dev", "lo"]):
            ip("-n", self.name, *words)
        self.run(sys.executable, "-c", WEB, ADDRESS, str(web_port), str(self.dir) + "/")

    def run(self, *words):
        self.procs.append(subprocess.Popen(["ip", "netns", "exec", self.name, *words]))

    def publish(self, path, content):
        (self.dir / path.replace("/", "_")).write_text(content)

    def close(self):
        for p in self.procs:
            p.terminate()
            p.wait(10)
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)


class Globe:
    """Three countries with a perspective each, and the service at home, where the customer's address is ours too."""

    def __init__(self, e2e_dir, dns, smtp, web):
        self.dir = e2e_dir / "globe"
        self.dir.mkdir()
        self.dns, self.web, self.countries, self.relays, self.outposts = dns, web, [], [], []
        self.pki = perspectives_pki(self.dir / "pki")
        ip("addr", "add", ADDRESS + "/32", "dev", "lo")
        try:
            self._build(smtp)
        except BaseException:
            self.close()
            raise

    def _build(self, smtp):
        self.home = self.dir / "home"
        self.home.mkdir()
        self.home_web = subprocess.Popen([sys.executable, "-c", WEB, ADDRESS, str(self.web.port), str(self.home) + "/"])
        self.relays.append(self.home_web)
        for i, (name, region) in enumerate([("eu-1", "ripe"), ("us-1", "arin"), ("ap-1", "apnic")]):
            country = Country(i + 1, self.dir, self.dns, self.web.port)
            self.countries.append(country)
            # The zone is the same everywhere; each perspective reaches it over its own cable, at a port of its own.
            relay = subprocess.Popen([sys.executable, "-c", RELAY, country.near, "5353", str(self.dns.port)])
            self.relays.append(relay)
            one = Outpost(self.dir, self.pki, name, region, f"{country.near}:5353", self.dns.anchor_file, host=country.far,
                          netns=country.name, options=["--http-port", self.web.port])
            one.words[one.words.index("--allow-networks") + 1] = ADDRESS + "/32"
            self.outposts.append(one.up())
        config = merged(base_config(self.dns, smtp, self.web), {
            "validation": {"allow_networks": ADDRESS + "/32"}, "perspectives": perspectives_config(self.pki, self.outposts)})
        self.service = Service(self.dir / "service", config).start()
        self.world = World(self.service, self.dns, smtp, self.web)
        self.account = self.world.register()
        wait_for("the perspectives", lambda: self.service.log_text().count('"perspective.up"') >= 3, 30)

    def order(self):
        name = unique_name()
        self.dns.publish(name, "A", ADDRESS)
        order = self.account.order(name, key_type="ec:p256")
        return self.account.acknowledge(order, self.account.fetch_archive(order))

    def publish(self, order, home, *countries):
        v = order["validations"][0]["http"]
        if home:
            (self.home / v["path"].replace("/", "_")).write_text(v["content"])
        for i in countries:
            self.countries[i].publish(v["path"], v["content"])

    def look(self, order):
        self.account.post(f"/orders/{order['id']}/validate", {"method": "http"}, (200, 409))

    def close(self):
        if getattr(self, "service", None):
            self.service.stop()
        for one in self.outposts:
            one.down()
            one.check_sanitizers()
        for country in self.countries:
            country.close()
        for relay in self.relays:
            relay.terminate()
            relay.wait(10)
        subprocess.run(["ip", "addr", "del", ADDRESS + "/32", "dev", "lo"], check=False, capture_output=True)


RELAY = textwrap.dedent("""
    import socket, sys, threading
    here, port, to = sys.argv[1], int(sys.argv[2]), ("127.0.0.1", int(sys.argv[3]))
    def tcp():
        l = socket.create_server((here, port))
        while True:
            s, _ = l.accept()
            threading.Thread(target=pipe, args=(s,), daemon=True).start()
    def pipe(s):
        with s, socket.create_connection(to, 5) as t:
            size = s.recv(2)
            t.sendall(size + s.recv(int.from_bytes(size, "big")))
            while more := t.recv(65536):
                s.sendall(more)
    def one(data, who):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as t:
            t.settimeout(5)
            t.sendto(data, to)
            u.sendto(t.recv(65536), who)
    threading.Thread(target=tcp, daemon=True).start()
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind((here, port))
    while True:
        data, who = u.recvfrom(65536)
        threading.Thread(target=one, args=(data, who), daemon=True).start()
""")


@pytest.fixture(scope="module")
def globe(e2e_dir, dns, smtp, web):
    why = _why_not()
    if why:
        pytest.skip(why)
    one = Globe(e2e_dir, dns, smtp, web)
    yield one
    one.close()


def _issued(globe, order):
    def done():
        now = globe.account.show(order)
        if now["state"] == "validating":
            globe.look(order)
        return now["state"] == "issued"
    wait_for("the certificate", done, 30, 0.5)


def _refused(globe, order, wanted):
    def reason():
        globe.look(order)
        now = globe.account.show(order)
        assert now["state"] == "validating", now["state"]
        error = now["validations"][0]["error"]
        return error["text"] if error and error["id"].startswith(wanted) else None
    return wait_for("the refusal", reason, 30, 0.5)


def test_each_perspective_sees_its_own_internet(globe):
    """What this file rests on: one name, one address, four servers."""
    name = unique_name()
    globe.dns.publish(name, "A", ADDRESS)
    for i, one in enumerate(globe.outposts):
        globe.countries[i].publish("/who", f"country {i}")
        with Line(one, globe.pki) as line:
            wait_for("its own answer", lambda: line.ask(HTTP, name, "/who", f"country {i}")["ok"], 10, 0.5)
            assert line.ask(HTTP, name, "/who", "country 9")["error"] == "validation.http.content"


def test_a_server_that_all_reach_is_a_proof(globe):
    order = globe.order()
    globe.publish(order, True, 0, 1, 2)
    _issued(globe, order)


def test_a_route_that_is_hijacked_near_us_only_is_no_proof(globe):
    order = globe.order()
    globe.publish(order, True)
    text = _refused(globe, order, "validation.quorum")
    assert "eu-1 saw" in text and "us-1 saw" in text and "ap-1 saw" in text
    globe.publish(order, True, 0)
    text = _refused(globe, order, "validation.quorum")


def test_a_route_that_is_hijacked_near_one_perspective_does_not_matter(globe):
    order = globe.order()
    globe.publish(order, True, 0, 2)
    _issued(globe, order)


def test_a_cable_that_is_cut_counts_as_one_that_disagrees(globe):
    ip("-n", globe.countries[2].name, "link", "set", "up0", "down")
    try:
        order = globe.order()
        globe.publish(order, True, 0)
        text = _refused(globe, order, "busy.perspectives")
        assert "ap-1 saw: this perspective cannot be reached" in text, text
        globe.publish(order, True, 0, 1)
        _issued(globe, order)
    finally:
        ip("-n", globe.countries[2].name, "link", "set", "up0", "up")
