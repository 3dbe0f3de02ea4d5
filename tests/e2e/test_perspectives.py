"""Several perspectives (BR 3.2.2.9): real remote probers that see different DNS, and what their disagreement does."""
import json
import pathlib
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from harness.api import unique_name
from harness.dnsserver import DnsServer
from harness.fixtures import base_config, merged
from harness.flow import World
from harness.net import wait_for
from harness.outposts import DNS, RESULT, SERVICE_NAME, Line, Outpost, perspectives_config, perspectives_pki, question
from harness.service import Service

MEMORY = 1.5  # seconds, in which a perspective surely forgets that there was nothing


class Scene:
    """A service with three perspectives: eu-1 has DNS of its own, us-1 and ap-1 share another; the service asks a third."""

    def __init__(self, e2e_dir, dns, smtp, web):
        self.dir = e2e_dir / "perspectives"
        self.pki = perspectives_pki(self.dir)
        self.here, self.eu_dns, self.far_dns = dns, DnsServer(self.dir / "dns-eu"), DnsServer(self.dir / "dns-far")
        ports = ["--http-port", web.port]
        self.eu, self.us, self.ap = self.outposts = [
            Outpost(self.dir, self.pki, name, region, server.address, server.anchor_file, options=ports).up()
            for name, region, server in [("eu-1", "ripe", self.eu_dns), ("us-1", "arin", self.far_dns),
                                         ("ap-1", "apnic", self.far_dns)]]
        config = merged(base_config(dns, smtp, web), {"perspectives": perspectives_config(self.pki, self.outposts)})
        self.service = Service(self.dir / "service", config).start()
        self.world = World(self.service, dns, smtp, web)
        self.account = self.world.register()
        self.wait_up(3)

    def wait_up(self, n):
        wait_for("the perspectives", lambda: self.service.log_text().count('"perspective.up"') >= n, 20)

    def publish(self, order, *servers):
        for v in order["validations"]:
            for server in servers:
                server.publish_txt(v["dns"]["record"], v["dns"]["value"])

    def order(self, name=None):
        key = ec.generate_private_key(ec.SECP256R1())
        name = name or unique_name()
        csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), False).sign(key, hashes.SHA256())
        return self.account.post("/orders", {"product": "dv", "validation": "dns", "csr":
                                             csr.public_bytes(serialization.Encoding.PEM).decode()}, 201)

    def look(self, order):
        self.account.post(f"/orders/{order['id']}/validate", {"method": "dns"}, (200, 409))

    def refused(self, order, wanted, *words, without="\0"):
        """Looks until the reason is this one: the service looks by itself too, before or while something is published, and
        a perspective may remember for a second that there was nothing."""
        last = [None]

        def reason():
            self.look(order)
            now = self.account.show(order)
            assert now["state"] == "validating", now
            last[0] = error = now["validations"][0]["error"]
            return error and error["id"].startswith(wanted) and all(w in error["text"] for w in words) and without not in error["text"]
        try:
            wait_for("the refusal " + wanted, reason, 30, 0.5)
        except AssertionError as e:
            raise AssertionError(f"{e}; wanted {words}, not {without!r}; last was {last[0]}") from e
        return last[0]["text"]

    def issued(self, order):
        """Looks until it is (an answer from before a record was published may still be remembered for a second)."""
        def done():
            now = self.account.show(order)
            if now["state"] == "validating":
                self.look(order)
            return now["state"] == "issued"
        wait_for("the certificate", done, 30, 0.5)

    def evidence(self, order):
        path = next(self.service.state.rglob("autocsr.db"))
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20) as db:
            return json.loads(db.execute("SELECT evidence FROM validations WHERE order_id = ?", (order["id"],)).fetchone()[0])

    def close(self):
        self.service.stop()
        for one in self.outposts:
            one.down()
            one.check_sanitizers()
        self.eu_dns.close()
        self.far_dns.close()


@pytest.fixture(scope="module")
def scene(e2e_dir, dns, smtp, web):
    one = Scene(e2e_dir, dns, smtp, web)
    yield one
    one.close()


def test_all_agree_and_the_evidence_keeps_what_each_saw(scene):
    order = scene.order()
    scene.publish(order, scene.eu_dns, scene.far_dns)
    time.sleep(MEMORY)  # the service looks by itself too: two who see the record already would do without the third
    scene.publish(order, scene.here)
    scene.issued(order)
    got = scene.evidence(order)
    assert got["quorum"] == {"asked": 3, "agreed": 3, "regions": 3, "may_disagree": 1}
    assert [(p["name"], p["region"], p["ok"]) for p in got["perspectives"]] == [
        ("eu-1", "ripe", True), ("us-1", "arin", True), ("ap-1", "apnic", True)]
    value = order["validations"][0]["dns"]["value"]
    assert all(value in str(p["evidence"]["steps"]) for p in got["perspectives"])


def test_the_hijack_of_one_remote_perspective_does_not_matter(scene):
    order = scene.order()
    scene.publish(order, scene.here, scene.far_dns)
    scene.issued(order)
    got = scene.evidence(order)
    assert got["quorum"]["agreed"] == 2 and not got["perspectives"][0]["ok"]


def test_the_hijack_of_our_own_view_does_not_suffice(scene):
    order = scene.order()
    scene.publish(order, scene.here)
    scene.refused(order, "validation.quorum", *(f"{name} saw: asked for TXT" for name in ("eu-1", "us-1", "ap-1")))
    scene.publish(order, scene.eu_dns, scene.far_dns)
    scene.issued(order)


def test_two_of_three_that_disagree_are_too_many(scene):
    order = scene.order()
    scene.publish(order, scene.here, scene.eu_dns)
    scene.refused(order, "validation.quorum", "2 of 3", "us-1 saw", "ap-1 saw", without="eu-1 saw")


def test_what_only_the_others_see_is_no_proof_but_is_told(scene):
    order = scene.order()
    scene.publish(order, scene.eu_dns, scene.far_dns)
    scene.refused(order, "dns.", "while it is right from eu-1, us-1, ap-1")


@pytest.mark.parametrize("where,issued", [("eu_dns", True), ("far_dns", False)])
def test_caa_is_decided_by_quorum_too(scene, where, issued):
    name = unique_name()
    getattr(scene, where).publish(name, "CAA", '0 issue "other.example"')
    order = scene.order(name)
    scene.publish(order, scene.here, scene.eu_dns, scene.far_dns)
    if issued:
        scene.issued(order)
    else:
        scene.refused(order, "caa.quorum", "us-1 saw: the CAA issue records")


def test_one_that_cannot_be_reached_counts_as_one_that_disagrees(scene):
    scene.eu.down()
    try:
        first, second = scene.order(), scene.order()
        scene.publish(first, scene.here, scene.far_dns)
        scene.issued(first)
        got = scene.evidence(first)
        assert "cannot be reached" in got["perspectives"][0]["error_text"]
        scene.us.down()
        scene.publish(second, scene.here, scene.far_dns)
        scene.refused(second, "busy.perspectives", "eu-1 saw: this perspective cannot be reached")
    finally:
        ups = scene.service.log_text().count('"perspective.up"')
        scene.eu.up()
        scene.us.up()
        scene.wait_up(ups + 2)
    scene.publish(second, scene.eu_dns)
    scene.issued(second)


def test_perspectives_come_and_go_and_renew_their_files_on_sighup(scene, tmp_path):
    service, remotes = scene.service, scene.service.config["perspectives"]["remotes"]

    def reload(**perspectives):
        ups = service.log_text().count('"perspective.up"')
        service.config["perspectives"].update(perspectives)
        assert service.config_file
        service.proc.send_signal(signal.SIGHUP)
        wanted = len([r for r in service.config["perspectives"]["remotes"].split(",") if r])
        wait_for("the perspectives", lambda: service.log_text().count('"perspective.up"') >= ups + wanted, 20)

    def seen():
        order = scene.order()
        scene.publish(order, scene.here, scene.eu_dns, scene.far_dns)
        scene.issued(order)
        return [p["name"] for p in scene.evidence(order)["perspectives"]]

    refusals = service.log_text().count("reload.refused")
    try:
        service.config["perspectives"]["remotes"] = "nonsense"
        assert service.config_file
        service.proc.send_signal(signal.SIGHUP)
        wait_for("the refusal", lambda: service.log_text().count("reload.refused") > refusals, 10)
        assert seen() == ["eu-1", "us-1", "ap-1"], "what cannot be read changes nothing"
        reload(remotes=", ".join(o.setting for o in (scene.us, scene.ap)))
        assert seen() == ["us-1", "ap-1"]
        cert, key = scene.pki.server_files("elsewhere.test")  # a certificate that they do not serve, behind the same paths
        old = {k: pathlib.Path(service.config["perspectives"][k]).read_bytes() for k in ("certificate", "key")}
        try:
            for k, path in (("certificate", cert), ("key", key)):
                pathlib.Path(service.config["perspectives"][k]).write_bytes(pathlib.Path(path).read_bytes())
            refused = scene.us.log_text().count("is not for the name")
            service.proc.send_signal(signal.SIGHUP)
            wait_for("the other certificate to be shown", lambda: scene.us.log_text().count("is not for the name") > refused, 20)
        finally:
            for k, raw in old.items():
                pathlib.Path(service.config["perspectives"][k]).write_bytes(raw)
    finally:
        reload(remotes=remotes)
    assert seen() == ["eu-1", "us-1", "ap-1"]


@pytest.mark.parametrize("what", ["certificate", "ca_file"])
def test_a_renewal_that_is_half_done_leaves_us_our_own_view(scene, what):
    """A certificate without its key, or a CA file that is not there: orders wait, nothing crashes, and SIGHUP mends it."""
    service = scene.service
    path = pathlib.Path(service.config["perspectives"][what])
    old, before = path.read_bytes(), len(service.log_lines())
    restarts = {r["role"]: r["restarts"] for r in scene.world.admin().get("/admin/status")["roles"]}

    def lines(event):
        return [line for line in service.log_lines()[before:] if line["event"] == event]
    order, unproven = scene.order(), scene.order()
    try:
        if what == "certificate":
            path.write_bytes(pathlib.Path(scene.pki.server_files("half.test")[0]).read_bytes())
        else:
            path.unlink()
        service.proc.send_signal(signal.SIGHUP)
        said = wait_for("what is wrong", lambda: lines("perspectives.not-asked"), 20)[0]
        named = service.config["perspectives"]["key" if what == "certificate" else what]
        assert said["level"] == "error" and str(named) in said["text"], said
        scene.publish(order, scene.here, scene.eu_dns, scene.far_dns)
        scene.refused(order, "busy.perspectives", "eu-1 saw: this perspective cannot be reached: our certificate, key or CA file")
        scene.refused(unproven, "dns.")  # our own look goes on
    finally:
        path.write_bytes(old)
        service.proc.send_signal(signal.SIGHUP)
        wait_for("the perspectives", lambda: len(lines("perspective.up")) >= 3, 20)
    scene.issued(order)
    ends = lines("role.ended")
    assert [e["ended"] for e in ends].count("prober") == 2 and {e["level"] for e in ends} == {"info"}, ends
    assert restarts == {r["role"]: r["restarts"] for r in scene.world.admin().get("/admin/status")["roles"]}


GOOD = question(DNS, "www.good.test", "x")


def test_a_client_with_the_right_certificate_is_served(scene):
    with Line(scene.eu, scene.pki) as line:
        got = line.ask(DNS, "www.good.test", "x")
        assert got["number"] == 7 and got["error"] == "dns.nodata" and got["evidence"]["probe"] == "dns", got


def test_nobody_else_is_served(scene, tmp_path):
    stranger = perspectives_pki(tmp_path / "stranger")
    for pki in (None, stranger):
        refusals = scene.eu.log_text().count("client.refused")
        try:
            with Line(scene.eu, pki, trust=scene.pki) as line:
                line.send(GOOD)
                assert line.refused()
        except (ssl.SSLError, ConnectionError):
            pass
        wait_for("the refusal in the log", lambda: scene.eu.log_text().count("client.refused") > refusals, 10)


@pytest.mark.parametrize("frame", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", question(DNS, "www.good.test", "x", version=999), question(RESULT, "www.good.test", "x"),
    struct.pack(">IHHQ", 1 << 30, 5, DNS, 1), question(DNS, "a" * 400, "x"), question(DNS, "www.good.test", "x", "more"), question(0x23, "ticket")],
    ids=["garbage", "version", "answer", "huge", "long field", "trailing", "no question"])
def test_what_is_no_question_ends_the_connection(scene, frame):
    with Line(scene.eu, scene.pki) as line:
        line.send(frame)
        assert line.refused()
    with Line(scene.eu, scene.pki) as line:
        assert line.ask(DNS, "www.good.test", "x")["error"] == "dns.nodata"


def test_a_service_trusts_no_impostor(scene, tmp_path, dns, smtp, web):
    """A perspective whose certificate another CA made, and one whose certificate is for another host, count as absent."""
    stranger = perspectives_pki(tmp_path / "stranger")
    other_host = Outpost(tmp_path, scene.pki, "eu-9", "ripe", dns.address, dns.anchor_file)
    other_host.words[4:7:2] = scene.pki.server_files("elsewhere.test")
    impostor = Outpost(tmp_path, stranger, "us-9", "arin", dns.address, dns.anchor_file)
    try:
        config = perspectives_config(scene.pki, [impostor.up(), other_host.up()])
        service = Service(tmp_path / "service", merged(base_config(dns, smtp, web), {"perspectives": config})).start()
        try:
            text = wait_for("both refusals", lambda: (lambda t: t if t.count("perspective.down") >= 2 else "")(service.log_text()), 20)
            assert "perspective.up" not in text
            assert "certificate is refused: self-signed certificate" in text or "unable to get local issuer" in text, text
            assert "IP address mismatch" in text, text
        finally:
            service.stop()
    finally:
        impostor.down()
        other_host.down()


def test_a_perspective_serves_the_one_name_it_was_told(scene):
    with Line(scene.eu, scene.pki) as line:
        assert line.ask(DNS, "www.good.test", "x")["error"] == "dns.nodata"
    with Line(scene.eu, scene.pki, name="another.perspectives.test") as line:
        line.send(GOOD)
        assert line.refused()


def test_all_of_a_ca_are_served_only_where_that_was_said(scene, tmp_path, dns):
    def without(*words):
        kept = [w for w in scene.eu.words if w not in ("--client-name", SERVICE_NAME)]
        return subprocess.run([*kept, *words], capture_output=True, text=True, timeout=20)
    for words, said in [([], "--client-name is needed"), (["--client-name", ""], "has no name"),
                        (["--any-client", "--client-name", SERVICE_NAME], "exclude each other")]:
        done = without(*words)
        assert done.returncode == 2 and said in done.stderr, done
    kind = Outpost(tmp_path, scene.pki, "eu-8", "ripe", dns.address, dns.anchor_file, options=["--any-client"])
    try:
        kind.up()
        with Line(kind, scene.pki, name="another.perspectives.test") as line:
            assert line.ask(DNS, "www.good.test", "x")["error"] == "dns.nodata"
    finally:
        kind.down()


def test_who_shows_nothing_keeps_nobody_out(scene):
    """More half-open connections than are kept: the oldest goes, and a service gets in all the same."""
    refused = scene.eu.log_text().count("too many handshakes")
    idle = [socket.create_connection(("127.0.0.1", scene.eu.port), 5) for _ in range(70)]
    try:
        with Line(scene.eu, scene.pki) as line:
            assert line.ask(DNS, "www.good.test", "x")["error"] == "dns.nodata"
        assert idle[0].recv(1) == b"", "the oldest is let go of"
        assert scene.eu.log_text().count("too many handshakes") >= refused + 6
    finally:
        for one in idle:
            one.close()


def test_connections_of_services_are_bounded(scene):
    lines = []
    try:
        for _ in range(15):  # and the scene's own service
            lines.append(Line(scene.us, scene.pki))
            assert lines[-1].ask(DNS, "www.good.test", "x")["error"] == "dns.nodata"
        with Line(scene.us, scene.pki) as line:
            line.send(GOOD)
            assert line.refused()
        assert lines[0].ask(DNS, "www.good.test", "x")["error"] == "dns.nodata", "those before it are served"
    finally:
        for line in lines:
            line.tls.close()
    def served():
        with Line(scene.us, scene.pki) as line:
            line.send(GOOD)
            return not line.refused()
    wait_for("a place again", served, 10, 0.5)
