"""HYGIENE's point 7: workers are forks of one parent; if they shared randomness, their keys would share primes. Every modulus is new,
and no two have a common factor. `FORENSIC_KEYS=10000 tools/test --only e2e tests/forensic/test_many_keys.py` looks at so many."""
import itertools
import math
import os
import time

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from lab import protocol

BLOCK = 200


def shared_factors(moduli):
    """[common factor > 1 of two of them]. By products of blocks, so that 10,000 take minutes and not hours."""
    out, blocks = [], [moduli[i:i + BLOCK] for i in range(0, len(moduli), BLOCK)]
    products = [math.prod(b) for b in blocks]
    for block, product in zip(blocks, products):
        out += [g for n in block if (g := math.gcd(n, product // n)) > 1]
    out += [g for a, b in itertools.combinations(products, 2) if (g := math.gcd(a, b)) > 1]
    return out


def csr_of(result):
    """The first field of a key_result frame: its length and the DER."""
    size = int.from_bytes(result[protocol.HEADER:protocol.HEADER + 4], "big")
    return x509.load_der_x509_csr(result[protocol.HEADER + 4:protocol.HEADER + 4 + size])


def results(keymaker, enough):
    """key_result frames of orders for RSA-2048, four at a time, until enough(how many were asked for)."""
    core, asked = keymaker.parties["CORE"], 0
    keymaker.connect("CORE")
    keymaker.connect("FRONT")
    while not enough(asked):
        keymaker.send("CORE", "key_make", {"ticket": f"t{asked}", "deliver": protocol.ROLES.index("FRONT"), "key_type": "rsa:2048",
                                           "subject": ["CN=www.example.com"], "sans": ["DNS:www.example.com"], "ekus": ["serverAuth"],
                                           "entry_name": "k.key", "form": "zip"})
        asked += 1
        assert keymaker.settle(lambda: len(keymaker.got("CORE", "key_gone")) > asked - 4, 60)
    assert keymaker.settle(lambda: len(keymaker.got("CORE", "key_gone")) == asked and not core.open, 120)
    return core.pipes


def enough():
    """As many as the environment says; else 200, or what a slow machine makes in half a minute."""
    start, wanted = time.monotonic(), int(os.environ.get("FORENSIC_KEYS", "0"))
    return lambda n: n >= wanted if wanted else n >= 200 or n >= 40 and time.monotonic() > start + 25


def test_every_key_is_new_and_shares_no_factor(tmp_path):
    with open(tmp_path / "log", "wb") as log, protocol.Keymaker(log, warm_workers="0") as keymaker:
        moduli = [csr_of(r).public_key().public_numbers().n for r in results(keymaker, enough())]
    assert len(moduli) >= 40 and all(n.bit_length() == 2048 for n in moduli)
    assert len(set(moduli)) == len(moduli)
    assert not shared_factors(moduli)


def test_a_shared_prime_is_found():
    """Control: within a block, and across two."""
    one, two, three = (rsa.generate_private_key(65537, 2048).private_numbers() for _ in range(3))
    bad = one.p * two.q
    others = [three.p * three.q]
    assert shared_factors([one.p * one.q, *others, bad]) == [one.p, one.p]
    assert one.p in shared_factors([one.p * one.q] + [1] * (BLOCK - 1) + [bad])
    assert not shared_factors([one.p * one.q, three.p * three.q])
