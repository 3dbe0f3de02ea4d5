"""Walks the portal in a real Chromium against the real service. Each test is one file of scenarios/, run by run.mjs.

What a customer does outside the browser (reading mail, publishing a file, opening the archive) the scenario asks of
this side, one JSON line each way over the child's standard input and output.
"""
import base64
import hmac
import json
import os
import pathlib
import re
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time

import pytest
from cryptography import x509
from handover_errands import HandOverErrands
from harness import crypto
from harness.acme import Acme, eab, unb64
from harness.api import PASSWORD, unique_email, unique_name
from harness.fixtures import _new_services, base_config
from harness.flow import World
from harness.net import wait_for
from harness.offlineca import OfflineCa
from harness.pebble import EAB_KEY, EAB_KID, Pebble
from harness.service import merged

HERE = pathlib.Path(__file__).resolve().parent
ARTEFACTS = HERE.parents[1] / "artefacts" / "portal"
CHROMIUM = os.environ.get("AUTOCSR_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SLOW = os.environ.get("AUTOCSR_BROWSER_SLOW")  # lib/slow.mjs: late answers and a slow browser
LIMIT = 3600 if SLOW else 900  # seconds for one scenario, against a hung browser


def _node_version():
    node = shutil.which("node")
    if not node:
        return 0
    return int(re.match(r"v(\d+)", subprocess.run([node, "--version"], capture_output=True, text=True).stdout).group(1))


def _why_not():
    if not CHROMIUM:
        return "no Chromium found (package chromium)"
    if _node_version() < 20:
        return f"playwright-core needs nodejs 20, here is {_node_version() or 'none'}"
    return None


@pytest.fixture(scope="session")
def playwright():
    """playwright-core as the lock file names it; installed when it is missing."""
    why = _why_not()
    if why:
        pytest.skip(why)
    want = json.loads((HERE / "package-lock.json").read_text())["packages"]["node_modules/playwright-core"]["version"]
    have = HERE / "node_modules" / "playwright-core" / "package.json"
    if not have.exists() or json.loads(have.read_text())["version"] != want:
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip("playwright-core cannot be installed: " + done.stderr.strip()[-200:])
    return want


class Errands(HandOverErrands):
    """What the scenario may ask for. Every method's arguments and result are JSON."""

    def __init__(self, world, directory):
        self.world, self.dir, self.keys = world, directory, {}

    def new_name(self, zone="good.test"):
        return unique_name(zone)

    def new_person(self):
        return {"email": unique_email(), "password": PASSWORD}

    def mailed_token(self, email, what):
        return self.world.smtp.wait(email, match=f"/#/{what}/").token(what)

    def attachment(self, email):
        """The archive that came by mail, saved; and everything readable in the mail, to look for a code in it."""
        mail = self.world.smtp.wait(email, match=".zip") if self.world.smtp.to(email) == [] else next(
            m for m in self.world.smtp.to(email) if m.attachments())
        name, data = mail.attachments()[0]
        path = pathlib.Path(self.dir, name)
        path.write_bytes(data)
        return {"path": str(path), "text": mail.decoded().decode("latin-1")}

    def publish_file(self, url, content):
        host, path = re.match(r"http://([^/:]+)(?::\d+)?(/.*)", url).groups()
        self.world.web.publish(host, path, content)

    def publish_record(self, name, value):
        self.world.dns.publish_txt(name, value)

    def make_csr(self, names):
        """An own key and CSR, by openssl."""
        san = ",".join("DNS:" + n for n in names)
        key = pathlib.Path(self.dir, names[0] + ".own.key")
        done = crypto.run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", f"/CN={names[0]}",
                          "-addext", f"subjectAltName={san}")
        self.keys[names[0]] = key.read_bytes()
        return done.stdout.decode()

    def check_key(self, archive, code, csr, fullchain, host):
        """7-Zip and bsdtar open the archive with the code; key, CSR, certificate and chain belong together."""
        data = pathlib.Path(archive).read_bytes()
        key = crypto.open_archive(data, code)
        crypto.check_all_match(key, pathlib.Path(csr).read_bytes(), pathlib.Path(fullchain).read_bytes(), self.world.service.root_pem, host)
        assert crypto.open_with_7z(data, "A" * 26) is None
        return crypto.spki_sha256(crypto.load_key(key).public_key())

    def check_own(self, name, fullchain):
        cert = crypto.certificates(pathlib.Path(fullchain).read_bytes())[0]
        assert crypto.spki(cert.public_key()) == crypto.spki(crypto.load_key(self.keys[name]).public_key())
        crypto.verify_chain(pathlib.Path(fullchain).read_bytes(), self.world.service.root_pem, name)

    def check_formats(self, leaf, chain, fullchain, der, p7b):
        """The five downloads hold the same certificate."""
        read = lambda p: pathlib.Path(p).read_bytes()
        want = crypto.certificates(read(leaf))
        full = crypto.certificates(read(fullchain))
        assert len(want) == 1 and full == want + crypto.certificates(read(chain)) and len(full) > 1
        assert x509.load_der_x509_certificate(read(der)) == want[0]
        text = crypto.run("openssl", "pkcs7", "-print_certs", "-in", p7b, "-inform", "PEM" if read(p7b).startswith(b"-----") else "DER").stdout
        assert want[0] in crypto.certificates(text)
        assert b"PRIVATE KEY" not in b"".join(map(read, [leaf, chain, fullchain, der, p7b]))

    def revoked_by_crl(self, leaf):
        """Is this certificate in the published CRL?"""
        cert = crypto.certificates(pathlib.Path(leaf).read_bytes())[0]
        points = cert.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        path = "/crl/" + points[0].full_name[0].value.rsplit("/", 1)[1]
        data = self.world.service.get(path).content
        crl = x509.load_pem_x509_crl(data) if data.startswith(b"-----") else x509.load_der_x509_crl(data)
        found = crl.get_revoked_certificate_by_serial_number(cert.serial_number)
        return found is not None

    def totp(self, secret):
        return _totp(secret)

    def admin(self):
        api = self.world.admin_session()
        return {"email": api.email, "password": api.password}


def _totp(secret):
    """RFC 6238: what an authenticator app shows now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), "sha1").digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def walk(world, scenario, errands=Errands):
    """Runs one scenario to its end; its failure is this test's, with its log."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="autocsr-browser-") as d:
        errands = errands(world, d)
        env = {**os.environ, "BASE": world.service.url, "CHROMIUM": CHROMIUM, "WORK": d, "ARTEFACTS": str(ARTEFACTS)}
        child = subprocess.Popen(["node", str(HERE / "run.mjs"), scenario], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, env=env, cwd=HERE)
        guard = threading.Timer(LIMIT, child.kill)
        guard.start()
        log = []
        try:
            for line in child.stdout:
                if line.startswith('{"ask"'):
                    _answer(errands, json.loads(line), child, log)
                else:
                    log.append(line)
            code = child.wait(120)
        finally:
            guard.cancel()
            child.kill()
    assert code == 0, "the browser's walk failed:\n" + "".join(log)[:9000]


def _answer(errands, question, child, log):
    try:
        reply = {"result": getattr(errands, question["ask"])(*question["args"])}
    except Exception as e:  # an errand that fails is the scenario's failure: it reports it with the page's state
        log.append(f"errand {question['ask']}: {e!r}\n")
        reply = {"error": f"{type(e).__name__}: {e}"}
    child.stdin.write(json.dumps(reply) + "\n")
    child.stdin.flush()


OWN_WORLD = {"issuers"}  # a service of their own
SCENARIOS = sorted({p.stem for p in (HERE / "scenarios").glob("*.mjs")} - OWN_WORLD)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_portal(playwright, world, scenario):
    walk(world, scenario)


class IssuerErrands(Errands):
    """What another CA does: Pebble, one on paper, and an ACME client of the customer's."""
    ca, paper = None, OfflineCa()

    def pebble(self):
        return {"url": self.ca.directory_url, "roots": self.ca.roots, "kid": EAB_KID, "mac": EAB_KEY}

    def age_sessions(self):
        """Everybody logged in ten minutes ago: a fresh proof is asked for."""
        path = next(self.world.service.state.rglob("autocsr.db"))
        with sqlite3.connect(path, timeout=20) as db:
            db.execute("UPDATE sessions SET authenticated_at = authenticated_at - 600")

    def paper_signs(self, csr):
        return self.paper.chain(self.paper.sign(csr))

    def place(self, email, password, product, name, csr):
        api = self.world.anonymous()
        api.login(email, password)
        order = api.post("/orders", {"product": product, "names": [name], "csr": csr}, 201)
        return wait_for("the order to wait for its certificate", lambda: api.show(order)["waiting"] and order["id"], 60)

    def acme_account(self, kid, mac):
        client = Acme(self.world.service.url + "/acme/directory", self.world.service.root_pem)
        client.register(externalAccountBinding=eab(kid, unb64(mac), client.key.jwk(), client.directory["newAccount"]))


def test_issuers(playwright, e2e_dir, dns, smtp, web, test_pki):
    ca = Pebble(e2e_dir / "pebble-portal", test_pki, dns=dns.address, http_port=web.port, eab=True).start()
    service = _new_services(e2e_dir, [])(merged(base_config(dns, smtp, web), {"upstream": {"allow_networks": "127.0.0.0/8"}})).start()
    IssuerErrands.ca = ca
    try:
        walk(World(service, dns, smtp, web), "issuers", IssuerErrands)
    finally:
        service.stop()
        ca.stop()
