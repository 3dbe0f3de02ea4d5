"""Compares our ACME server with Pebble, the small CA of Let's Encrypt: the same closed-loop client (acme_client.c), the same
names, real http-01 on loopback, a new P-256 key for each certificate, in turns within one run; tools/bench runs it.

Ours is as durable as it always is (what is answered is on the disk: SQLite, a signed log of issuance, audit log); Pebble keeps all in
memory and is given its best case: no pauses before validations, no nonce rejected, not strict. Pebble asks for no CAA.

usage: acme.py [SECONDS [MANY]]: SECONDS of each run; MANY certificates before memory is looked at.
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.net import free_port, wait_for  # noqa: E402
from harness.service import BUILD, Service  # noqa: E402

CLIENT = BUILD / "tests" / "bench" / "acme_client"
# An anchor for a zone that nobody asks for: what lies below bench.test is then unsigned, and the resolver knows it.
ANCHOR = "signed.invalid. IN DS 1 13 2 " + "00" * 32 + "\n"
ACCOUNTS, ROUNDS, OPEN, TRIES = 4, 3, 10_000, 6


class Ports:
    def __init__(self):
        self.web, self.dns = free_port(), free_port()


class Ours:
    name = "AutoCSR"

    def __init__(self, folder, ports):
        anchor = pathlib.Path(folder, "anchor.txt")
        anchor.write_text(ANCHOR)
        anchor.chmod(0o644)
        self.service = Service(pathlib.Path(folder, "ours"), {
            "orders": {"new_per_hour": "0"}, "ca": {"key_type": "ec:p256"}, "acme": {"new_accounts_per_hour": "0", "new_orders_per_hour": "0"},
            "validation": {"resolver": f"127.0.0.1:{ports.dns}", "trust_anchor_file": anchor, "http_port": ports.web,
                           "allow_networks": "127.0.0.0/8"}})

    def start(self):
        self.service.start()
        self.directory, self.ca = self.service.url + "/acme/directory", self.service.root_pem

    def stop(self):
        self.service.stop()

    def pids(self):
        return list(self.service.processes())


class Pebble:
    name = "Pebble"

    def __init__(self, folder, ports):
        self.dir, self.ports, self.proc = pathlib.Path(folder, "pebble"), ports, None
        self.dir.mkdir()
        self.ca = self.dir / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.dir / "key.pem",
                        "-out", self.ca, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)

    def start(self):
        port = free_port()
        self.directory = f"https://127.0.0.1:{port}/dir"
        (self.dir / "pebble.json").write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{port}", "managementListenAddress": f"127.0.0.1:{free_port()}", "certificate": "cert.pem", "privateKey": "key.pem",
            "httpPort": self.ports.web, "tlsPort": free_port(), "ocspResponderURL": "", "externalAccountBindingRequired": False}}))
        env = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        self.proc = subprocess.Popen(["pebble", "-config", "pebble.json", "-dnsserver", f"127.0.0.1:{self.ports.dns}"], cwd=self.dir, env=env,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("Pebble", lambda: subprocess.run(["curl", "-s", "-o", "/dev/null", "--cacert", self.ca, self.directory], check=False).returncode == 0, 20)

    def stop(self):
        self.proc.kill()
        self.proc.wait()

    def pids(self):
        return [self.proc.pid]


def cpu(server):
    """Seconds of processor time that the server's processes have used."""
    spent = 0
    for pid in server.pids():
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            continue
        spent += int(fields[11]) + int(fields[12])
    return spent / os.sysconf("SC_CLK_TCK")


def drive(server, ports, *options):
    """One run of the client, as it reports it."""
    tag, before = f"-{time.time_ns():x}", cpu(server)
    done = subprocess.run([str(CLIENT), "-w", str(ports.web), "-d", str(ports.dns), "-t", tag, *options, server.directory, str(server.ca)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print("  " + done.stderr.strip()[-300:])
        return None
    got = json.loads(done.stdout)
    return {**got, "cpu_ms": (cpu(server) - before) / got["certificates"] * 1e3}


def drive_pebble(pebble, ports, *options):
    """A new Pebble each time: version 2.4 now and then answers nobody any more (all its requests wait for a lock)."""
    for _ in range(TRIES):
        pebble.start()
        got = drive(pebble, ports, *options)
        pebble.stop()
        if got is not None:
            return got
    return None


def say(name, r):
    print(f"  {name}: {r['per_second']:.0f} certificates/s, p50 {r['p50_ms']:.1f} ms, p99 {r['p99_ms']:.1f} ms; "
          + ", ".join(f"{k} {v:.2f}" for k, v in r["steps_ms"].items()) + f" ms; {r['polls']:.1f} polls; processor time {r['cpu_ms']:.2f} ms for one")


def compare(ours, pebble, ports, seconds):
    print(f"ACME, {ACCOUNTS} accounts, http-01, P-256, {seconds} s a run:")
    a, b = [], []
    for _ in range(ROUNDS):
        a.append(drive(ours, ports, "-a", str(ACCOUNTS), "-s", str(seconds)))
        say("AutoCSR", a[-1])
        if pebble is None:
            continue
        b.append(drive_pebble(pebble, ports, "-a", str(ACCOUNTS), "-s", str(seconds)))
        if b[-1] is not None:
            say("Pebble ", b[-1])
    mid = statistics.median(r["per_second"] for r in a)
    print(f"  AutoCSR: {mid:.0f} certificates/s (mark: 400), p99 {statistics.median(r['p99_ms'] for r in a):.1f} ms (target: under 50)")
    b = [r for r in b if r is not None]
    if b:
        rates = [r["per_second"] for r in b]
        spent = [statistics.median(r["cpu_ms"] for r in runs) for runs in (a, b)]
        print(f"  ratio to Pebble: {mid / statistics.median(rates):.2f} (target: 2); to its best run {mid / max(rates):.2f}; "
              f"processor time for a certificate {spent[0]:.2f} ms, of Pebble {spent[1]:.2f} ms")


def with_open_orders(ours, ports, seconds):
    """The account without them is asked before and after: a machine has moods."""
    one = ("-a", "1", "-s", str(seconds))
    before, many, after = drive(ours, ports, *one), drive(ours, ports, *one, "-o", str(OPEN)), drive(ours, ports, *one)
    few = statistics.mean(r["per_second"] for r in (before, after))
    print(f"one account: {before['per_second']:.0f} and {after['per_second']:.0f} certificates/s; with {OPEN:,} open orders {many['per_second']:.0f} "
          f"(ratio {many['per_second'] / few:.2f}); they were opened at {many['open_per_second']:.0f}/s")


def memory(ours, ports, many):
    before = resident(ours)
    done = drive(ours, ports, "-a", str(ACCOUNTS), "-n", str(many))
    after = resident(ours)
    total = sum(after.values())
    db = sum(p.stat().st_size for p in (ours.service.state / "core").glob("autocsr.db*"))
    print(f"RSS of all processes after {done['certificates']:,} more certificates: {total:.0f} MB, {sum(before.values()):.0f} before (target: under 120 after 100,000); "
          f"{done['per_second']:.0f}/s, p99 {done['p99_ms']:.1f} ms; database {db / 1e6:,.0f} MB")
    print("  " + ", ".join(f"{k} {v:.0f}" for k, v in after.items()) + " MB")


def resident(ours):
    out = {}
    for pid in ours.service.processes():
        status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        name = status["Name"].strip()
        out[name] = out.get(name, 0) + int(status["VmRSS"].split()[0]) / 1000
    return out


def main(seconds=5, many=3000):
    with tempfile.TemporaryDirectory(prefix="autocsr-bench-") as d:
        pathlib.Path(d).chmod(0o755)
        ports = Ports()
        ours = Ours(d, ports)
        pebble = Pebble(d, ports) if shutil.which("pebble") else None
        if pebble is None:
            print("pebble is not installed: no ratio")
        ours.start()
        try:
            compare(ours, pebble, ports, seconds)
            with_open_orders(ours, ports, seconds)
            memory(ours, ports, many)
        finally:
            ours.stop()


if __name__ == "__main__":
    main(*[int(w) for w in sys.argv[1:]])
