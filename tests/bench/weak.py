"""What the gate for weak keys costs, and a run over many keys. usage: weak.py [KEYS]      (at most 28,000)

The moduli of the run are numbers of 2048 bits without small or common factors: to make thousands of real keys would take long, and
neither the gate nor the comparison takes another time for them.
"""
import base64
import itertools
import math
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AUTOCSR_BUILD", REPO / "build"))
LIST = REPO / "data/weak-keys/weak-keys.awl"
HEAD = bytes.fromhex("30820122300d06092a864886f70d01010105000382010f003082010a028201"
                     "0100")


def gate():
    times = {}
    for line in subprocess.run([BUILD / "tests/bench/keygate", LIST], capture_output=True, text=True, check=True).stdout.splitlines():
        name, key, us = line.split()
        times[name, key] = float(us)
    print(f"weak keys: list of {LIST.stat().st_size} bytes opened and checked in {times['open-list', '-'] / 1000:.1f} ms")
    for key in ("rsa:2048", "rsa:4096", "ec:p256"):
        print(f"  {key:9} gate {times['gate', key] / 1000:7.3f} ms   thorough {times['thorough', key] / 1000:7.3f} ms   "
              f"EVP_PKEY_public_check {times['openssl', key] / 1000:7.3f} ms   ratio {times['openssl', key] / times['gate', key]:.1f}")
    assert times["gate", "rsa:2048"] < 1000, "the gate takes more than a millisecond"


def pem(der):
    text = base64.b64encode(der)
    lines = (text[i:i + 64] + b"\n" for i in range(0, len(text), 64))
    return b"-----BEGIN PUBLIC KEY-----\n" + b"".join(lines) + b"-----END PUBLIC KEY-----\n"


def primes_below(top, width):
    """The primes from top down to top - width, by a sieve over the interval."""
    bottom, limit = top - width, math.isqrt(top)
    small = bytearray([1]) * (limit + 1)
    flags = bytearray([1]) * width
    for p in range(2, limit + 1):
        if small[p]:
            small[p * p::p] = bytes(len(range(p * p, limit + 1, p)))
            start = -bottom % p
            flags[start::p] = bytes(len(range(start, width, p)))
    at = flags.rfind(1)
    while at >= 0:
        yield bottom + at
        at = flags.rfind(1, 0, at)


def stream(path, count):
    """Each number is the product of 64 primes just below 2^32 that no other number has: 2048 bits."""
    primes = primes_below(2**32, count * 64 * 23)
    with open(path, "wb") as f:
        for _ in range(count):
            n = math.prod(itertools.islice(primes, 64))
            f.write(pem(HEAD + n.to_bytes(256, "big") + bytes.fromhex("0203010001")))


def run(path, *words):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    start = time.monotonic()
    with open(path, "rb") as f:
        done = subprocess.run([BUILD / "src/cli/autocsr", "key", "check", "-", *words], stdin=f, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return time.monotonic() - start, max(before, after) // 1024, done.stdout.splitlines()[-4]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    gate()
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d, "keys.pem")
        stream(path, count)
        for words in (("--no-compare",), ()):
            seconds, mib, said = run(path, *words)
            print(f"  {count} RSA-2048 keys {' '.join(words) or 'with comparison':16} {seconds:6.1f} s   {count / seconds:7.0f}/s   at most {mib} MiB   ({said})")


main()
