#!/usr/bin/env python3
"""csr new against openssl req, P-256 key and CSR in files: wall time from start to end, the two taken in turns, so that what else
the machine does meets both. In memory, and on the disk, where csr new waits until the files are there to stay (fsync) and openssl
req does not. usage: new.py [RUNS]"""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("AUTOCSR_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 100


def seconds(command, cwd):
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main(cwd, where):
    ours = [BUILD / "src/cli/autocsr", "csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--out", "a.csr", "--keyout",
            "a.key", "--no-passphrase", "--force"]
    openssl = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "o.key", "-out",
               "o.csr", "-subj", "/CN=www.example.com", "-addext", "subjectAltName=DNS:www.example.com"]
    pairs = [(seconds(ours, cwd), seconds(openssl, cwd)) for _ in range(RUNS)]
    mine, theirs = (statistics.median(column) for column in zip(*pairs))
    print(f"  {where:10} median of {RUNS}   {theirs * 1000:6.1f} ms openssl req   {mine * 1000:6.1f} ms csr new   ratio {mine / theirs:.2f}"
          f"   fastest {min(p[1] for p in pairs) * 1000:.1f} and {min(p[0] for p in pairs) * 1000:.1f} ms")


print("A P-256 key and its CSR")
for where, folder in (("in memory", "/dev/shm"), ("on disk", None)):
    with tempfile.TemporaryDirectory(dir=folder) as name:
        main(name, where)
