"""A real authoritative DNS server (knot) for the zones of dnszones.py, signed by knot where they are to be good."""
import base64
import os
import pathlib
import subprocess

import dns.message
import dns.query
import dns.rcode
import dns.update

from . import dnszones
from .net import free_port_both, wait_for

CONF = """
server:
    listen: 127.0.0.1@{port}
    rundir: "{dir}"
    tcp-workers: 1
    udp-workers: 1
    background-workers: 1
log:
  - target: "{dir}/knot.log"
    any: info
database:
    storage: "{dir}/db"
key:
  - id: acme-key
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: keyed
    key: acme-key
    action: update
  - id: local
    address: 127.0.0.1
    action: update
policy:
  - id: test
    algorithm: ECDSAP256SHA256
    single-type-signing: on
    manual: on
    zone-max-ttl: 10
    dnskey-ttl: 1
template:
  - id: default
    storage: "{dir}/zones"
    acl: [local, keyed]
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
    semantic-checks: off
zone:
"""


class DnsServer:
    """`address` is what the service's resolver setting takes; `anchor_file` its trust anchor."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        for sub in ("db", "zones"):
            (self.dir / sub).mkdir(parents=True, exist_ok=True)
        self.port, self.proc = free_port_both(), None
        self.address, self.anchor_file = f"127.0.0.1:{self.port}", self.dir / "anchor.ds"
        self.secret = base64.b64encode(os.urandom(32)).decode()
        self.key_file = self.write_key("acme-key", self.secret)
        self._write()
        self.up()

    def write_key(self, name, secret):
        """A TSIG key as tsig-keygen writes it; acme-key may update every zone."""
        path = self.dir / f"{name}-{os.urandom(4).hex()}.key"
        path.write_text(f'key "{name}" {{\n\talgorithm hmac-sha256;\n\tsecret "{secret}";\n}};\n')
        path.chmod(0o600)
        return path

    def _conf(self):
        return str(self.dir / "knot.conf")

    def _keymgr(self, zone, *args):
        return subprocess.run(["keymgr", "-c", self._conf(), zone, *args], check=True, capture_output=True,
                              text=True, timeout=30).stdout

    def _write(self):
        static = dnszones.static_zones()
        zones = sorted({*dnszones.zone_texts(dict.fromkeys(dnszones.SIGNED, "")), *static, "servfail.test."})
        text = CONF.format(port=self.port, dir=self.dir, secret=self.secret)
        for zone in zones:
            signed = "    dnssec-signing: on\n    dnssec-policy: test\n" if zone in dnszones.SIGNED else ""
            text += f'  - domain: "{zone}"\n    file: "{self._file(zone)}"\n{signed}'
        pathlib.Path(self._conf()).write_text(text)
        ds = {z: s.ds() for z, s in static.items()}
        for zone in dnszones.SIGNED:
            self._keymgr(zone, "generate", "algorithm=ECDSAP256SHA256", "ksk=yes", "zsk=yes")
            lines = [li for li in self._keymgr(zone, "ds").splitlines() if li.split()[4] == "2"]
            ds[zone] = self._owner_first(zone, lines[0])
        good_ds = ds["wrongds.test."]
        ds["wrongds.test."] = good_ds[:-64] + good_ds[-64:][::-1]
        texts = {**dnszones.zone_texts(ds), **{z: s.text() for z, s in static.items()}}
        for zone, body in texts.items():
            (self.dir / "zones" / self._file(zone)).write_text(body)
        self.anchor_file.write_text(ds["."] + "\n")

    @staticmethod
    def _file(zone):
        return (zone.rstrip(".") or "root") + ".zone"

    @staticmethod
    def _owner_first(zone, line):
        """keymgr prints `OWNER DS tag alg type digest`; a master file also wants class or TTL in the middle."""
        parts = line.split()
        return f"{zone} IN DS " + " ".join(parts[parts.index("DS") + 1:])

    def up(self):
        if self.proc is not None:
            return
        self.proc = subprocess.Popen(["knotd", "-c", self._conf()], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
        wait_for("the DNS server", self._ready, 30)

    def _ready(self):
        try:
            zones = [("www.good.test", "A"), ("ns.test", "A"), ("allow.caa.test", "CAA"), ("www.unsigned.test", "A")]
            return all(self.ask(name, kind).answer for name, kind in zones)
        except Exception:
            return False

    def ask(self, name, kind="A"):
        query = dns.message.make_query(name, kind, want_dnssec=True)
        return dns.query.tcp(query, "127.0.0.1", port=self.port, timeout=10)

    def down(self):
        if self.proc is not None:
            self.proc.terminate()
            self.proc.wait(60)
            self.proc = None

    close = down

    def publish(self, name, kind, *values, zone=None):
        """Replaces the record set NAME KIND by these values (none: removes it)."""
        name = name.rstrip(".") + "."
        zone = zone or self._zone_of(name)
        change = dns.update.UpdateMessage(zone)
        change.delete(name, kind)
        for value in values:
            change.add(name, 1, kind, value)
        answer = dns.query.tcp(change, "127.0.0.1", port=self.port, timeout=5)
        assert answer.rcode() == dns.rcode.NOERROR, f"update of {name}: {dns.rcode.to_text(answer.rcode())}"

    def publish_txt(self, name, *values):
        self.publish(name, "TXT", *['"' + value + '"' for value in values])

    @staticmethod
    def _zone_of(name):
        zones = [z for z in dnszones.zone_texts(dict.fromkeys(dnszones.SIGNED, "")) if name.endswith("." + z) or name == z]
        return max(zones, key=len) if zones else "."
