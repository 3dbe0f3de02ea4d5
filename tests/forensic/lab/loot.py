"""The thief: given any bytes, finds what looks like an archive and what looks like a code, and tries each code on each archive."""
import functools
import hashlib
import re

from cryptography.hazmat.primitives import serialization
from harness import crypto

from .needles import data_at

SYMBOL = b"[0-9A-HJKMNP-TV-Z]"
CODE = re.compile(SYMBOL + b"{26}")
RUN = re.compile(b"(?<![0-9A-Za-z-])[0-9A-HJKMNP-TV-Z-]{26,31}(?![0-9A-Za-z-])")
WIDE = re.compile(b"(?:\0" + SYMBOL + b"){26}")
HEAD, END = b"PK\x03\x04", b"PK\x05\x06"
KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----.{50,8000}?-----END (?:[A-Z]+ )?PRIVATE KEY-----", re.S)


def codes(data):
    """Every text of 26 Crockford characters, however it is written."""
    out = {m.group(0).replace(b"-", b"") for m in RUN.finditer(data)}
    out |= {m.group(0)[1::2] for m in WIDE.finditer(data)}
    return {c.decode() for c in out if CODE.fullmatch(c)}


def archives(data):
    """Every whole AE-2 archive."""
    out, at = set(), data.find(HEAD)
    while at >= 0:
        end = data.find(END, at)
        if 0 <= end - at < 32768 and data[at + 8:at + 10] == b"\x63\x00":
            out.add(data[at:end + 22])
        at = data.find(HEAD, at + 4)
    return out


def clear_keys(data):
    return {m.group(0) for m in KEY.finditer(data)}


@functools.lru_cache(None)
def fits(archive, code):
    """The two bytes by which the format tells a wrong passphrase, so that 7-Zip runs only where it may open."""
    at = data_at(archive)
    return hashlib.pbkdf2_hmac("sha1", code.encode(), archive[at:at + 16], 1000, 66)[64:] == archive[at + 16:at + 18]


class Loot:
    """What a thief finds in some bytes; `a + b` is what he has with both."""

    def __init__(self, *stolen):
        self.codes = set().union(*(codes(data) for data in stolen))
        self.archives = set().union(*(archives(data) for data in stolen))
        self.pems = set().union(*(clear_keys(data) for data in stolen))

    def __add__(self, other):
        both = Loot()
        both.codes, both.archives, both.pems = self.codes | other.codes, self.archives | other.archives, self.pems | other.pems
        return both

    def open(self):
        """The keys, as PEM, that he gets by trying each code on each archive."""
        opened = {crypto.open_with_7z(a, c) for a in self.archives for c in self.codes if fits(a, c)} - {None}
        return {p for p in self.pems | opened if loads(p)}

    def keys(self):
        """SPKI SHA-256 of each."""
        return {crypto.spki_sha256(serialization.load_pem_private_key(p, None).public_key()) for p in self.open()}


def loads(pem):
    try:
        serialization.load_pem_private_key(pem, None)
        return True
    except (ValueError, TypeError):
        return False
