"""What the test's DNS says: a signed root, `test.`, and below it good, unsigned and deliberately broken zones.

Every TTL is one second, so that a test may change a record and look again. Names that tests rely on:

  *.good.test        127.0.0.1, signed              *.unsigned.test   127.0.0.1, insecure delegation
  *.wrongds.test     the parent's DS fits no key    www.expired.test  the address's signature has run out
  www.caabogus.test  the CAA's signature is wrong   www.servfail.test answers, but its parent zone does not
  NAME.caa.test      the CAA cases of CAA below     loop1.good.test   CNAMEs in a circle
  ADDRESSES below    addresses that nobody may be sent to (meta.good.test and so on)
"""
import time

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec

SIGNED = [".", "test.", "good.test.", "caa.test.", "wrongds.test."]
HEAD = "$TTL 1\n@ 1 SOA ns.test. hostmaster.test. 1 3600 600 86400 1\n@ 1 NS ns.test.\n"
IDENTITY = "ca.test"

ADDRESSES = {
    "meta": "A 169.254.169.254", "linklocal": "A 169.254.7.7", "private": "A 10.1.2.3", "zero": "A 0.0.0.0",
    "broadcast": "A 255.255.255.255", "multicast": "A 224.0.0.1", "v6loop": "AAAA ::1", "v6link": "AAAA fe80::1",
    "mapped": "AAAA ::ffff:169.254.169.254", "nat64": "AAAA 64:ff9b::a9fe:a9fe", "ula": "AAAA fd00::1",
    "cgnat": "A 100.64.0.1",
}

CAA = {
    "allow": ['0 issue "ca.test"'],
    "forbid": ['0 issue ";"'],
    "other": ['0 issue "other.example"'],
    "both": ['0 issue "other.example"', '0 issue "ca.test"'],
    "nowild": ['0 issue "ca.test"', '0 issuewild ";"'],
    "wildonly": ['0 issue ";"', '0 issuewild "ca.test"'],
    "critical": ['0 issue "ca.test"', '128 tbs "unknown"'],
    "noncritical": ['0 issue "ca.test"', '0 tbs "unknown"'],
    "iodef": ['0 iodef "mailto:security@caa.test"'],
    "case": ['0 ISSUE "CA.test"'],
    "spaces": ['0 issue "  ca.test  ; policy=ev"'],
    "garbage": ['0 issue "%%%%%"'],
    "dnsonly": ['0 issue "ca.test; validationmethods=dns-01"'],
    "httponly": ['0 issue "ca.test; validationmethods=http-01"'],
    "account": ['0 issue "ca.test; accounturi=https://ca.test/account/none"'],
}


def _root(ds):
    return HEAD + f"test. NS ns.test.\n{ds['test.']}\nns.test. A 127.0.0.1\n"


def _test(ds):
    children = ["good", "unsigned", "caa", "wrongds", "expired", "caabogus", "servfail"]
    lines = [HEAD, "ns A 127.0.0.1\n"]
    for child in children:
        lines.append(f"{child} NS ns.test.\n{ds.get(child + '.test.', '')}\n")
    lines.append("*.demo A 127.0.0.1\ndemo A 127.0.0.1\n")
    return "".join(lines)


def _good():
    odd = "".join(f"{name} {record}\n" for name, record in ADDRESSES.items())
    return (HEAD + "@ A 127.0.0.1\n* A 127.0.0.1\nalias CNAME target\ntarget A 127.0.0.1\n"
            "loop1 CNAME loop2\nloop2 CNAME loop1\noutside CNAME www.unsigned.test.\nempty TXT \"no address\"\n" + odd)


def _caa():
    lines = [HEAD, "@ A 127.0.0.1\n"]
    for name, records in CAA.items():
        lines.append(f"{name} A 127.0.0.1\nsub.{name} A 127.0.0.1\n")
        lines += [f"{name} CAA {r}\n" for r in records]
    lines.append("alias CNAME forbid\n")
    return "".join(lines)


def zone_texts(ds):
    """{zone: master file}; `ds` gives the DS lines of the signed children by zone."""
    plain = HEAD + "@ A 127.0.0.1\n* A 127.0.0.1\n"
    return {".": _root(ds), "test.": _test(ds), "good.test.": _good(), "unsigned.test.": plain, "caa.test.": _caa(),
            "wrongds.test.": plain, "www.servfail.test.": HEAD + "@ A 127.0.0.1\n"}


class StaticZone:
    """A zone signed by hand, so that single signatures can be wrong. Positive answers only: it has no NSEC."""

    def __init__(self, zone):
        self.zone, self.key = dns.name.from_text(zone), ec.generate_private_key(ec.SECP256R1())
        self.dnskey = dns.dnssec.make_dnskey(self.key.public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, flags=257)
        self.lines = ["$TTL 1\n"]

    def ds(self):
        return f"{self.zone} 1 DS {dns.dnssec.make_ds(self.zone, self.dnskey, 'SHA256').to_text()}"

    def add(self, name, kind, *values, age=0, spoil=False):
        """Adds a record set and its signature, ended `age` seconds ago, or with one bit wrong."""
        owner = self.zone if name == "@" else dns.name.from_text(name, self.zone)
        rrset = dns.rrset.from_text(owner, 1, "IN", kind, *values)
        now = int(time.time())
        end = now - age if age else now + 864000
        sig = dns.dnssec.sign(rrset, self.key, self.zone, self.dnskey, inception=end - 1728000, expiration=end)
        if spoil:
            sig = sig.replace(signature=bytes([sig.signature[0] ^ 1]) + sig.signature[1:])
        self.lines += [rrset.to_text() + "\n", f"{owner} 1 IN RRSIG {sig.to_text()}\n"]

    def base(self):
        self.add("@", "SOA", "ns.test. hostmaster.test. 1 3600 600 86400 1")
        self.add("@", "NS", "ns.test.")
        self.add("@", "DNSKEY", self.dnskey.to_text())
        return self

    def text(self):
        return "".join(self.lines)


def static_zones():
    """{zone: StaticZone} of the zones with wrong signatures."""
    expired = StaticZone("expired.test.").base()
    expired.add("www", "A", "127.0.0.1", age=86400)
    bogus = StaticZone("caabogus.test.").base()
    bogus.add("www", "A", "127.0.0.1")
    bogus.add("www", "CAA", '0 issue "ca.test"', spoil=True)
    return {"expired.test.": expired, "caabogus.test.": bogus}
