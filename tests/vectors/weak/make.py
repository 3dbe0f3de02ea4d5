#!/usr/bin/env python3
"""Writes rsa.json: RSA keys that are weak in one known way each, and what `autocsr key check` must say of them.

The same numbers every time: they come from SHA-256 of a name and a counter. The entries "published: …" are not made here: they were
published by others as examples of the flaw, and stand for it in a way that a key made by the same hands as the test could not.
"""
import hashlib
import json
import math
import pathlib

OUT = pathlib.Path(__file__).with_name("rsa.json")


def draw(name, bits):
    """`bits` bits that depend on the name, the two highest set, odd."""
    data = b"".join(hashlib.sha256(f"{name} {i}".encode()).digest() for i in range(bits // 256 + 1))
    return int.from_bytes(data, "big") >> (8 * len(data) - bits) | 3 << (bits - 2) | 1


def is_prime(n):
    if any(n % p == 0 and n != p for p in range(3, 2000, 2)):
        return False
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29):
        x = pow(base, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(name, bits=1024):
    return next_prime(draw(name, bits))


def next_prime(n):
    n |= 1
    while not is_prime(n):
        n += 2
    return n


def roca_prime(name, bits=1024):
    """k M + (65537^a mod M), M the product of the first primes (Nemec et al. 2017): 126 of them for 1024 bits."""
    small = [v for v in range(2, 702 if bits == 1024 else 168) if all(v % d for d in range(2, v))]
    m = math.prod(small)
    k, a = draw(name, bits - m.bit_length()), draw(name + " a", 256)
    while True:
        k, a = k + 1, a + 1
        p = k * m + pow(65537, a, m)
        if p.bit_length() == bits and is_prime(p):
            return p


def with_factor(f):
    """2048 bits, f times a prime."""
    return f * next_prime((3 << 2046) // f | 1)


def keys():
    p, q = prime("p"), prime("q")
    yield "good", p * q, 65537, []
    yield "good, e = 3", p * q, 3, ["warn key.rsa.exponent.low"]
    yield "1024 bits", prime("a", 512) * prime("b", 512), 65537, ["fail key.rsa.bits"]
    yield "2047 bits", prime("c", 1023) * prime("q") if (prime("c", 1023) * prime("q")).bit_length() == 2047 else None, 65537, \
        ["fail key.rsa.bits", "fail key.rsa.bits8"]
    yield "2050 bits", prime("d", 1026) * prime("q"), 65537, ["fail key.rsa.bits8"]
    yield "even", p * q - 1, 65537, ["fail key.rsa.even"]
    yield "e even", p * q, 65538, ["fail key.rsa.exponent"]
    yield "e of 257 bits", p * q, 2**256 + 1, ["fail key.rsa.exponent"]
    yield "factor 3", with_factor(3), 65537, ["fail key.rsa.factor", "warn key.rsa.factor.small"]
    yield "factor 751", with_factor(751), 65537, ["fail key.rsa.factor", "warn key.rsa.factor.small"]
    yield "factor 757", with_factor(757), 65537, ["warn key.rsa.factor.small"]
    yield "factor 65521", with_factor(65521), 65537, ["warn key.rsa.factor.small"]
    yield "factor 65537", with_factor(65537), 65537, []
    yield "prime modulus", prime("e", 2048), 65537, ["fail key.rsa.prime"]
    yield "square", p * p, 65537, ["fail key.rsa.fermat"]
    yield "cube", prime("f", 683) ** 3, 65537, ["fail key.rsa.bits8", "fail key.rsa.power"]
    yield "seventh power", prime("g", 293) ** 7, 65537, ["fail key.rsa.bits8", "fail key.rsa.power"]
    yield "roca", roca_prime("h") * roca_prime("i"), 65537, ["fail key.rsa.roca"]
    yield "roca in one prime only", roca_prime("h") * q, 65537, []
    yield "fermat, the next prime", p * next_prime(p + 2), 65537, ["fail key.rsa.fermat"]
    for rounds in (0, 1, 99, 100):
        n, found = at_round(p, rounds)
        yield f"fermat, found in round {found + 1}", n, 65537, ["fail key.rsa.fermat"] if found < 100 else []


def at_round(p, want):
    """A product that Fermat's method splits after exactly so many failures, or a few more."""
    gap = math.isqrt(8 * want * p) if want else 2**100
    while True:
        q = next_prime(p + gap)
        n = p * q
        root = math.isqrt(n)
        found = (p + q) // 2 - (root + (root * root < n))
        if found >= want:
            return n, found
        gap += 2**500


PUBLISHED = {
    # badkeys' test data: a key of a machine that had CVE-2008-0166
    "published: Debian weak key": ("debianweak", ["fail key.debian"]),
    # badkeys' test data: made by a flawed chip
    "published: ROCA": ("roca", ["fail key.rsa.roca"]),
}


def main():
    found = [{"name": name, "e": str(e), "n": f"{n:x}", "expect": expect} for name, n, e, expect in keys() if n]
    for name, (file, expect) in PUBLISHED.items():
        n = int(pathlib.Path(__file__).with_name(f"published-{file}.txt").read_text().split()[-1], 16)
        found.append({"name": name, "e": "65537", "n": f"{n:x}", "expect": expect})
    OUT.write_text("[\n" + ",\n".join(json.dumps(k) for k in found) + "\n]\n")


main()
