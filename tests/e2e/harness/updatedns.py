"""Real primary DNS servers that take updates signed by TSIG: Knot and BIND, on loopback."""
import base64
import os
import pathlib
import shutil
import subprocess

import dns.message
import dns.query
import dns.rdatatype
import dns.tsigkeyring
import dns.update
import pytest

from .net import free_port_both, wait_for

ZONES = ["example.test", "acme.test", "sub.example.test", "refused.test"]
HEAD = "$TTL 1\n@ SOA ns hostmaster 1 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n* A 127.0.0.1\n@ A 127.0.0.1\n"

KNOT = """
server:
    listen: 127.0.0.1@{port}
    rundir: "{dir}"
    tcp-workers: 1
    udp-workers: 1
    background-workers: 1
log:
  - target: "{dir}/log"
    any: info
database:
    storage: "{dir}/db"
key:
  - id: {name}
    algorithm: {algorithm}
    secret: {secret}
acl:
  - id: update
    key: {name}
    action: update
    update-type: [TXT]
template:
  - id: default
    storage: "{dir}"
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
zone:
"""

BIND = """
options {{
    directory "{dir}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file "{dir}/pid";
    recursion no; dnssec-validation no; session-keyfile "{dir}/session.key"; {lock}
}};
controls {{ }};
key "{name}" {{ algorithm {algorithm}; secret "{secret}"; }};
"""


class UpdateDns:
    """key_file is what the service takes; values(name) what the server says."""

    program = None

    def __init__(self, directory, algorithm="hmac-sha256", name="acme-key"):
        path = next((p for d in ("/usr/sbin", "/usr/local/sbin") if os.access(p := f"{d}/{self.program}", os.X_OK)), shutil.which(self.program))
        if path is None:
            pytest.skip(f"{self.program} is not installed")
        self.path, self.dir, self.algorithm, self.name = path, pathlib.Path(directory), algorithm, name
        (self.dir / "db").mkdir(parents=True, exist_ok=True)
        self.secret = base64.b64encode(os.urandom(32)).decode()
        self.port, self.proc = free_port_both(), None
        self.address = f"127.0.0.1:{self.port}"
        self.key_file = self.write_key()
        for zone in ZONES:
            (self.dir / f"{zone}.zone").write_text(HEAD + (
                "sub NS ns\n_acme-challenge.alias CNAME label.acme.test.\n_acme-challenge.away CNAME x.elsewhere.org.\n"
                "_acme-challenge.loop CNAME _acme-challenge.loop2\n_acme-challenge.loop2 CNAME _acme-challenge.loop\n"
                if zone == "example.test" else ""))
        self.configure()
        self.up()

    def write_key(self, secret=None, name=None, algorithm=None, form="bind"):
        path = self.dir / f"key-{os.urandom(4).hex()}"
        values = {"name": name or self.name, "algorithm": algorithm or self.algorithm, "secret": secret or self.secret}
        if form == "bind":
            text = 'key "{name}" {{\n\talgorithm {algorithm};\n\tsecret "{secret}";\n}};\n'
        else:
            text = "# {algorithm}:{name}:{secret}\nkey:\n  - id: {name}\n    algorithm: {algorithm}\n    secret: {secret}\n"
        path.write_text(text.format(**values))
        path.chmod(0o600)
        return path

    def up(self):
        with open(self.dir / "out", "ab") as out:
            self.proc = subprocess.Popen(self.command(), stdout=out, stderr=out)
        wait_for("the DNS server", self.ready, 20)

    def ready(self):
        assert self.proc.poll() is None, (self.dir / "out").read_text()[-2000:]
        try:
            return all(self.ask(z, "SOA").answer for z in ZONES)
        except Exception:
            return False

    def down(self):
        if self.proc is not None:
            self.proc.kill()
            self.proc.wait(60)
            self.proc = None

    def ask(self, name, kind):
        return dns.query.tcp(dns.message.make_query(name, kind), "127.0.0.1", port=self.port, timeout=10)

    def values(self, name):
        """The TXT values at that very name, sorted."""
        out = []
        for rrset in self.ask(name, "TXT").answer:
            if rrset.rdtype == dns.rdatatype.TXT and rrset.name.to_text(True) == name:
                out += [b"".join(r.strings).decode() for r in rrset]
        return sorted(out)

    def put(self, zone, name, kind, value):
        change = dns.update.UpdateMessage(zone, keyring=dns.tsigkeyring.from_text({self.name: (self.algorithm, self.secret)}))
        change.add(name + ".", 1, kind, value)
        assert dns.query.tcp(change, "127.0.0.1", port=self.port, timeout=10).rcode() == 0

    def settings(self, **more):
        return {"publish.dns_server": self.address, "publish.dns_zones": "example.test acme.test refused.test",
                "publish.dns_key": str(self.key_file), **{f"publish.{k}": v for k, v in more.items()}}


class Knot(UpdateDns):
    program = "knotd"

    def version(self):
        """(3, 2) for 3.2.6."""
        said = subprocess.run([self.path, "-V"], capture_output=True, text=True, check=True, timeout=20).stdout
        return tuple(int(n) for n in said.split()[-1].split(".")[:2])

    def configure(self):
        text = KNOT.format(**vars(self))
        for zone in ZONES:
            text += f'  - domain: {zone}\n    file: "{zone}.zone"\n' + ("" if zone == "refused.test" else "    acl: update\n")
        (self.dir / "knot.conf").write_text(text)

    def command(self):
        return [self.path, "-c", str(self.dir / "knot.conf")]


class Bind(UpdateDns):
    program = "named"

    def configure(self):
        version = subprocess.run([self.path, "-v"], capture_output=True, text=True, check=True).stdout
        # Before 9.20 there was one lock for all of a machine's servers.
        text = BIND.format(**vars(self), lock="lock-file none;" if "BIND 9.1" in version else "")
        for zone in ZONES:
            grant = "" if zone == "refused.test" else f"update-policy {{ grant {self.name} subdomain {zone} TXT; }};"
            text += f'zone "{zone}" {{ type primary; file "{zone}.zone"; {grant} }};\n'
        (self.dir / "named.conf").write_text(text)

    def command(self):
        return [self.path, "-f", "-c", str(self.dir / "named.conf")]
