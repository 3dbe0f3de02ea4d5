"""Measures AutoCSR orders, from POST /orders to the archive in hand, on a service of its own; tools/bench runs it.

Closed loop over keep-alive connections. The peer in the same run is what people do by hand: openssl makes key and CSR,
7-Zip encrypts the key, as processes. Figures are printed as ratios too, because machines differ.
"""
import http.client
import json
import pathlib
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness.service import Service  # noqa: E402

WARM_PAUSE = 0.6
PEER_KEYS = {"ec:p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
             "rsa:2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]}


class Client:
    """One connection; raw http.client, so that the client's own time is small."""

    def __init__(self, service):
        context = ssl.create_default_context(cafile=str(service.root_pem))
        self.http = http.client.HTTPSConnection("127.0.0.1", service.port, context=context, timeout=60)
        self.head = {"Authorization": "Bearer " + service.secret("admin-token"), "Content-Type": "application/json"}
        self.n = 0

    def ask(self, method, path, body=None):
        self.http.request(method, path, json.dumps(body) if body is not None else None, self.head)
        answer = self.http.getresponse()
        return answer.status, answer.read()

    def order(self, key_type):
        """Seconds from the request to the archive in hand, or None when the service said `not now`."""
        self.n += 1
        body = {"product": "dv", "names": [f"bench{self.n}-{id(self)}.demo.test"], "key_type": key_type}
        start = time.perf_counter()
        status, text = self.ask("POST", "/api/v1/orders", body)
        if status == 503:
            return None
        assert status == 201, (status, text[:300])
        status, archive = self.ask("GET", json.loads(text)["archive_url"])
        took = time.perf_counter() - start
        assert status == 200 and archive[:2] == b"PK", (status, archive[:100])
        return took


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))]


def paced(service, key_type, count, pause):
    """One client, with a pause between orders so that a warm worker waits for each."""
    client, took = Client(service), []
    client.order(key_type)
    for _ in range(count):
        time.sleep(pause)
        seconds = client.order(key_type)
        if seconds is not None:
            took.append(seconds)
    return took


def saturated(service, key_type, clients, seconds):
    """(orders a second, latencies, refusals) of several clients without pause."""
    took, refused, end, lock = [], [0], time.monotonic() + seconds, threading.Lock()

    def run():
        client = Client(service)
        while time.monotonic() < end:
            one = client.order(key_type)
            with lock:
                if one is None:
                    refused[0] += 1
                else:
                    took.append(one)
            if one is None:
                time.sleep(0.05)
    threads = [threading.Thread(target=run) for _ in range(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return len(took) / seconds, took, refused[0]


def peer(key_type, count):
    """The same by hand: openssl genpkey, openssl req, 7z with AES-256, each a process."""
    took = []
    with tempfile.TemporaryDirectory() as d:
        for i in range(count):
            start = time.perf_counter()
            for words in (["openssl", "genpkey", *PEER_KEYS[key_type], "-out", f"{d}/k{i}"],
                          ["openssl", "req", "-new", "-key", f"{d}/k{i}", "-subj", "/CN=www.demo.test", "-addext",
                           "subjectAltName=DNS:www.demo.test", "-out", f"{d}/c{i}"],
                          ["7z", "a", "-tzip", "-mem=AES256", "-pABCDEFGHJKMNPQRSTVWXYZ2345", f"{d}/a{i}.zip", f"{d}/k{i}"]):
                subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            took.append(time.perf_counter() - start)
    return took


def memory(service):
    """[(program, pid, resident, proportional)] in KiB of every process of the service."""
    out = []
    for pid, name in {service.proc.pid: "autocsrd", **service.processes()}.items():
        values = {}
        try:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
                key, _, value = line.partition(":")
                values[key] = int(value.split()[0])
        except (OSError, ValueError):
            continue
        out.append((name, pid, values.get("Rss", 0), values.get("Pss", 0)))
    return sorted(out)


def print_memory(title, table):
    print(f"\n{title}\n{'process':<22}{'RSS KiB':>10}{'PSS KiB':>10}")
    for name, _, rss, pss in table:
        print(f"{name:<22}{rss:>10}{pss:>10}")
    print(f"{'all together':<22}{sum(t[2] for t in table):>10}{sum(t[3] for t in table):>10}")


def print_row(name, took, rate=None):
    extra = f"{rate:>12.1f}" if rate is not None else f"{'':>12}"
    print(f"{name:<34}{len(took):>7}{extra}{percentile(took, 50) * 1000:>11.2f}{percentile(took, 99) * 1000:>11.2f}")


def measure(service, count):
    print(f"{'AutoCSR order to archive in hand':<34}{'orders':>7}{'orders/s':>12}{'p50 ms':>11}{'p99 ms':>11}")
    ratios = []
    for key_type, pause in (("ec:p256", 0.02), ("rsa:2048", WARM_PAUSE)):
        warm = paced(service, key_type, count if key_type == "ec:p256" else count // 4, pause)
        print_row(f"{key_type}, one at a time, warm", warm)
        rate, busy, refused = saturated(service, key_type, 4, 5)
        print_row(f"{key_type}, 4 clients without pause", busy, rate)
        if refused:
            print(f"{'':<34}{refused:>7} times `not now` (503)")
        by_hand = peer(key_type, 20)
        print_row(f"{key_type}, openssl and 7z by hand", by_hand, 1 / statistics.mean(by_hand))
        ratios.append((key_type, percentile(warm, 50), percentile(by_hand, 50)))
    print()
    for key_type, ours, theirs in ratios:
        print(f"{key_type}: p50 {ours * 1000:.2f} ms, {theirs / ours:.1f} times as fast as by hand "
              f"(target: under {10 if key_type == 'ec:p256' else 25} ms)")


def main(count=200):
    with tempfile.TemporaryDirectory(prefix="autocsr-bench-") as d:
        pathlib.Path(d).chmod(0o755)
        service = Service(d, {"orders": {"new_per_hour": "0"}}).start()
        first = service.start_seconds
        try:
            service.restart()
            time.sleep(3)
            idle = memory(service)
            print(f"start to ready: {first:.2f} s the first time, {service.start_seconds:.2f} s after that (target: under 2 s)\n")
            measure(service, count)
            print_memory("idle, before the orders (target: under 60 MB together)", idle)
            print_memory("after the orders", memory(service))
        finally:
            service.stop()


if __name__ == "__main__":
    main(*[int(w) for w in sys.argv[1:]])
