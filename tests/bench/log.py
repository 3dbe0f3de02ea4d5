"""Measures what the Merkle tree over the audit log costs at a million entries; tools/bench runs it.

Orders with a CSR of their own, so that no key is made and the database is what takes time: the worst case for the log's share.
The tree's share is reckoned twice: orders a second on a long log against an empty one, and the time of one append with and
without the tree at that length, against the time of an order.
"""
import http.client
import json
import pathlib
import random
import sqlite3
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.service import BUILD, Service  # noqa: E402

FILL = BUILD / "tests" / "bench" / "auditfill"
CLIENTS, SECONDS, ROUNDS, PROOFS = 4, 4, 3, 500


class Client:
    def __init__(self, service):
        context = ssl.create_default_context(cafile=str(service.root_pem))
        self.http = http.client.HTTPSConnection("127.0.0.1", service.port, context=context, timeout=60)
        self.head = {"Authorization": "Bearer " + service.secret("admin-token"), "Content-Type": "application/json"}

    def ask(self, method, path, body=None):
        self.http.request(method, path, json.dumps(body) if body is not None else None, self.head)
        answer = self.http.getresponse()
        return answer.status, answer.read()


def csrs(count):
    """PEM CSRs, each with a key of its own: one key in two orders is refused."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    out = []
    for i in range(count):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"b{i}.demo.test")])
        csr = x509.CertificateSigningRequestBuilder().subject_name(name).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(f"b{i}.demo.test")]), False).sign(key, hashes.SHA256())
        out.append(csr.public_bytes(serialization.Encoding.PEM).decode())
    return out


def cpu(service):
    """Seconds of processor time that core has used."""
    fields = pathlib.Path(f"/proc/{service.pid('core')}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def orders_a_second(service, pile):
    """And core's processor time for one."""
    before = cpu(service)
    done, end, lock = [0], time.monotonic() + SECONDS, threading.Lock()

    def run():
        client = Client(service)
        while time.monotonic() < end:
            with lock:
                csr = pile.pop()
            status, text = client.ask("POST", "/api/v1/orders", {"product": "dv", "csr": csr})
            assert status == 201, (status, text[:300])
            with lock:
                done[0] += 1
    threads = [threading.Thread(target=run) for _ in range(CLIENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return done[0] / SECONDS, (cpu(service) - before) / done[0]


def entries_of_an_order(db):
    with sqlite3.connect(db) as d:
        return d.execute("SELECT COUNT(*) * 1.0 / COUNT(DISTINCT object) FROM audit WHERE object LIKE 'ord_%' AND object <> 'ord_bench'"
                         ).fetchone()[0]


def proofs(service, size):
    client, took = Client(service), {"proof": [], "account": []}
    end = time.monotonic() + 60
    while json.loads(client.ask("GET", "/api/v1/audit/checkpoint")[1]).get("size", 0) < size:
        assert time.monotonic() < end, "no checkpoint over the long log"
        time.sleep(0.5)
    for _ in range(PROOFS):
        # In turns with the smallest of all requests: what that takes is the machine, not the proof.
        for kind, path in (("proof", f"/api/v1/audit/inclusion?seq={random.randrange(1, size)}&size=99999999"), ("account", "/api/v1/account")):
            start = time.perf_counter()
            status, _ = client.ask("GET", path)
            took[kind].append(time.perf_counter() - start)
            assert status == 200
    return took


def say_proofs(when, took):
    def at(kind, share):
        return sorted(took[kind])[int(PROOFS * share)] * 1e3
    print(f"inclusion proof over HTTPS, {when}: p50 {at('proof', .5):.2f} ms, p99 {at('proof', .99):.2f} ms (target: under 5 ms); "
          f"GET /account meanwhile: p50 {at('account', .5):.2f} ms, p99 {at('account', .99):.2f} ms")


def verdict(service):
    """Seconds for the whole log, and the slowest of the requests that were served meanwhile."""
    client, others, done, slowest = Client(service), Client(service), threading.Event(), 0.0
    start = time.perf_counter()

    def judge():
        assert json.loads(client.ask("GET", "/api/v1/audit/verify")[1])["ok"]
        done.set()
    thread = threading.Thread(target=judge)
    thread.start()
    while not done.is_set():
        one = time.perf_counter()
        others.ask("GET", "/api/v1/account")
        slowest = max(slowest, time.perf_counter() - one)
    thread.join()
    return time.perf_counter() - start, slowest


def main(entries=1_000_000):
    with tempfile.TemporaryDirectory(prefix="autocsr-bench-") as d:
        pathlib.Path(d).chmod(0o755)
        services = []
        for name in ("empty", "long"):
            services.append(Service(pathlib.Path(d, name), {"orders": {"new_per_hour": "0"}}).start())
        empty, long = services
        try:
            long.stop()
            db = long.state / "core" / "autocsr.db"
            start = time.perf_counter()
            subprocess.run([str(FILL), str(db), str(entries)], check=True)
            print(f"{entries:,} entries made in {time.perf_counter() - start:.0f} s; the database is {db.stat().st_size / 1e6:,.0f} MB")
            each = json.loads(subprocess.run([str(FILL), str(db), "measure", "20000"], check=True, capture_output=True).stdout)
            long.start()
            say_proofs("nothing else to do", proofs(long, entries))
            pile = csrs(48000)
            rates = [(orders_a_second(empty, pile), orders_a_second(long, pile)) for _ in range(ROUNDS)]
            a, b = (statistics.median(r[i][0] for r in rates) for i in (0, 1))
            cpu_a, cpu_b = (statistics.median(r[i][1] for r in rates) * 1e6 for i in (0, 1))
            n = entries_of_an_order(db)
            share = n * (each["with_us"] - each["without_us"])
            print(f"orders with an own CSR, {CLIENTS} clients: {a:.0f}/s on an empty log, {b:.0f}/s on the long one; core's processor time for one: {cpu_a:.0f} and {cpu_b:.0f} us")
            print(f"one append: {each['with_us']:.1f} us with the tree, {each['without_us']:.1f} us as a plain row; {n:.1f} entries an order: "
                  f"the tree takes {share * b / 1e4:.1f} % of an order's time, {share / cpu_b * 100:.1f} % of its processor time (target: under 5 %)")
            # The orders' validations go on all the while: a proof that meets one of their commits waits for the disk.
            say_proofs("while those orders are validated", proofs(long, entries))
            seconds, slowest = verdict(long)
            print(f"audit verify of it all: {seconds:.1f} s; the slowest other request meanwhile took {slowest * 1e3:.0f} ms")
        finally:
            for s in services:
                if s.proc is not None:
                    s.stop()


if __name__ == "__main__":
    main(*[int(w) for w in sys.argv[1:]])
