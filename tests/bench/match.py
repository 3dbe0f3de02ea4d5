"""`autocsr match` over 100,000 files in one run: how fast, and how much memory. usage: match.py [FILES]"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("AUTOCSR_BUILD", "build"))
KEYS = 20  # files share them: making 100,000 keys is not what is measured


def make(d, count):
    """Keys, CSRs and certificates in turn."""
    kinds = []
    for i in range(KEYS):
        run = [["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{d}/k"],
               ["openssl", "req", "-new", "-key", f"{d}/k", "-subj", f"/CN=h{i}.example.com", "-out", f"{d}/c"],
               ["openssl", "req", "-x509", "-key", f"{d}/k", "-subj", f"/CN=h{i}.example.com", "-days", "9", "-out", f"{d}/x"]]
        for words in run:
            subprocess.run(words, check=True, capture_output=True)
        kinds.append([pathlib.Path(d, n).read_bytes() for n in ("k", "c", "x")])
    for n in ("k", "c", "x"):
        pathlib.Path(d, n).unlink()
    for i in range(count):
        pathlib.Path(d, f"{i:06}.pem").write_bytes(kinds[i % KEYS][i % 3])


def main(count=100_000):
    with tempfile.TemporaryDirectory(prefix="autocsr-bench-") as d:
        make(d, count)
        out = pathlib.Path(d + ".json")
        start = time.monotonic()
        with out.open("wb") as f:
            child = subprocess.Popen([BUILD / "src/cli/autocsr", "match", d, "--json"], stdout=f)
            _, status, used = os.wait4(child.pid, 0)
        took = time.monotonic() - start
        doc = json.loads(out.read_text())
        out.unlink()
        assert os.waitstatus_to_exitcode(status) == 1 and doc["objects"] == count and len(doc["groups"]) == KEYS
        print(f"match of {count:,} files: {took:.1f} s ({count / took:,.0f} files/s), {used.ru_maxrss / 1024:.0f} MB at most (target: under 64 MB)\n")


if __name__ == "__main__":
    main(*[int(w) for w in sys.argv[1:]])
