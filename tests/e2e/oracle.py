"""The oracle: walks database, issuance log and files of a service and says whether what it finds can be true.

It reads with its own eyes (sqlite3, cryptography, hashlib) and shares no code with the service. What it holds to be true:
every signed serial is in the database · every order is in exactly one legal state · nothing is issued twice · no key made by
the service is certified before its archive was handed over · every name of a certificate has evidence · the audit chain
verifies · an ACME order that is valid has one certificate, for its identifiers, each with an authorization that was proven ·
no key, archive or code is in the clear in any file of the state directory.
"""
import contextlib
import datetime
import hashlib
import pathlib
import re
import shutil
import sqlite3
import tempfile

from cryptography import x509
from harness import crypto
from harness.drive import ARCHIVE_STATES, ORDER_STATES

CERTIFICATE_STATES = {"signing", "valid", "replaced", "revoked", "failed", "expired"}
LOCKED = {"zip", "pkcs8", "p12", "p12-legacy"}
FORMATS = {"browser": {"zip", "pkcs8"}, "sealed": {"age", "cms"}, "code": LOCKED, "own-csr": {"zip"}}
SIGNED = ("valid", "replaced", "revoked", "expired")
ACME_ORDERS = {"pending", "processing", "valid", "invalid"}
ACME_AUTHZS = {"pending", "valid", "invalid", "deactivated", "revoked"}
FIRST_PREV = "0" * 64
KEY_FOLDERS = ("signer", "front", "secrets")


class Oracle:
    """`stopped`: the service is down; its files are then read from a copy, so that none is touched."""

    def __init__(self, world, stopped=False):
        self.world, self.state, self.stopped = world, world.service.state, stopped

    # ---- reading

    @contextlib.contextmanager
    def database(self):
        path = next(p for p in self.state.rglob("*.db"))
        with tempfile.TemporaryDirectory() as d:
            if self.stopped:
                for suffix in ("", "-wal"):
                    source = pathlib.Path(str(path) + suffix)
                    if source.exists():
                        shutil.copy(source, pathlib.Path(d, "copy.db" + suffix))
                connection = sqlite3.connect(pathlib.Path(d, "copy.db"))
            else:
                connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
            connection.row_factory = sqlite3.Row
            try:
                yield connection
            finally:
                connection.close()

    def rows(self, sql, *args):
        with self.database() as d:
            return [dict(r) for r in d.execute(sql, args)]

    def issuance_lines(self):
        """The signer's own log as lists of fields, its hash chain checked (src/signer/issuance_log.h)."""
        files = [p for p in self.state.rglob("issuance*") if p.is_file()]
        assert len(files) == 1, f"the issuance log: {files}"
        out, chain = [], bytes(32)
        for number, line in enumerate(files[0].read_bytes().split(b"\n")[:-1], 1):
            body, _, stated = line.rpartition(b"\t")
            chain = hashlib.sha256(chain + body).digest()
            assert chain.hex().encode() == stated, f"line {number} of the issuance log does not fit its chain"
            out.append(body.decode().split("\t"))
            assert out[-1][0] == str(number), f"line {number} of the issuance log is numbered {out[-1][0]}"
        return out

    def issued_serials(self):
        """Serial (as a number) → the `sign` line, of all that the signer signed for others than its own CA."""
        begun, done = {}, set()
        for line in self.issuance_lines():
            if line[2] == "sign":
                assert int(line[3], 16) not in begun, f"serial {line[3]} begun twice"
                begun[int(line[3], 16)] = line
            elif line[2] == "issued":
                assert int(line[3], 16) in begun and int(line[3], 16) not in done, f"serial {line[3]} signed twice"
                done.add(int(line[3], 16))
        return {s: line for s, line in begun.items() if s in done and not line[5].startswith("ca-")}

    def log_line_of(self, serial):
        return "\t".join(self.issued_serials()[serial])

    def signed_for(self, order):
        """How many certificates the signer signed for this order."""
        return sum(line[6] == order for line in self.issued_serials().values())

    def evidence_of(self, order):
        return [r["evidence"] for r in self.rows("SELECT evidence FROM validations WHERE order_id = ?", order)]

    # ---- judging

    def check(self):
        self.check_audit()
        self.check_orders()
        self.check_certificates()
        self.check_serials()
        self.check_hand_over()
        self.check_evidence()
        self.check_acme()
        self.check_upstream()
        self.check_files()

    def check_audit(self):
        """Each row's leaf hash, and the stored hashes above (RFC 9162 2.1.1), of one moment: jobs go on writing."""
        with self.database() as d:
            d.isolation_level = None
            d.execute("BEGIN")
            entries, nodes = (d.execute(f"SELECT * FROM {t}").fetchall() for t in ("audit ORDER BY seq", "audit_nodes"))
        leaves = []
        for r in entries:
            fields = [r["seq"], r["at"], r["actor"], r["account_id"], r["action"], r["object"], r["detail"]]
            digest = hashlib.sha256(b"\0" + b"".join(str(f).encode() + b"\0" for f in fields))
            leaves.append(digest.digest())
            assert r["seq"] == len(leaves) and r["hash"] == digest.hexdigest(), f"audit row {r['seq']} does not fit"
        assert leaves, "the audit log is empty"
        stored = {(r["level"], r["pos"]): r["hash"] for r in nodes}
        level, row = 0, leaves
        while len(row) > 1:
            level, row = level + 1, [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(row[::2], row[1::2])]
            for pos, value in enumerate(row):
                assert stored.pop((level, pos)) == value.hex(), f"audit node {level}/{pos} does not fit"
        assert not stored, "audit nodes that belong to no entry"

    def check_orders(self):
        audited = {r["object"] for r in self.rows("SELECT DISTINCT object FROM audit")}
        for o in self.rows("SELECT * FROM orders"):
            assert o["state"] in ORDER_STATES, o
            assert o["id"] in audited, f"{o['id']} has no audit entry"
            states = [c["state"] for c in self.rows("SELECT state FROM certificates WHERE order_id = ?", o["id"])]
            assert set(states) <= CERTIFICATE_STATES
            if o["state"] == "issued":
                assert "valid" in states, f"{o['id']} is issued without a valid certificate"
            if o["state"] == "revoked":
                assert "valid" not in states and "revoked" in states, o
            if o["state"] in ("new", "handover"):
                request = self.rows("SELECT * FROM requests WHERE id = ?", o["request_id"])
                assert not request or not self.rows("SELECT 1 FROM certificates WHERE request_id = ?", o["request_id"]), o
        for r in self.rows("SELECT * FROM requests"):
            assert r["archive_state"] in ARCHIVE_STATES | {""}, r["archive_state"]
            assert (r["key_source"] == "autocsr") == (r["archive_state"] != ""), r["id"]
            grades = {"autocsr": ("sealed", "code")}.get(r["key_source"], (r["key_source"],))
            assert r["grade"] in grades and r["format"] in FORMATS[r["grade"]], f"{r['id']}: {r['key_source']} {r['grade']} {r['format']}"
            assert (r["grade"] == "sealed") == (r["recipient"] != "") == (r["recipient_name"] != ""), r["id"]
            assert r["grade"] == "code" or not r["has_code"], f"{r['id']} has a code that nobody needs"

    def check_certificates(self):
        for c in self.rows("SELECT * FROM certificates WHERE der IS NOT NULL"):
            cert = x509.load_der_x509_certificate(c["der"])
            assert cert.serial_number == int(c["serial"].split("-")[0], 16) and c["state"] in SIGNED, c["serial"]
            assert crypto.spki_sha256(cert.public_key()) == c["spki_sha256"]
            epoch = datetime.datetime(1970, 1, 1)
            assert (cert.not_valid_before - epoch).total_seconds() == c["not_before"]
            assert (cert.not_valid_after - epoch).total_seconds() == c["not_after"]
            if c["order_id"]:
                names = self.rows("SELECT names FROM orders WHERE id = ?", c["order_id"])[0]["names"].split()
                assert sorted(crypto.sans(cert)) == sorted(names), c["order_id"]
                assert c["issuer"] in self.others() or c["not_after"] - c["not_before"] + 1 <= 200 * 86400

    def others(self):
        """The issuers that are other people's CAs: nothing of theirs is in our signer's log."""
        return {r["name"] for r in self.rows("SELECT name FROM issuers")}

    def check_upstream(self):
        """An order at another CA is known by one URL, which no other order of ours has; its certificate came from that order."""
        urls = [r["url"] for r in self.rows("SELECT url FROM upstream_orders WHERE url <> ''")]
        assert len(urls) == len(set(urls)), "two orders of ours have one order there"
        for r in self.rows("SELECT o.id, u.step FROM orders o JOIN upstream_orders u ON u.order_id = o.id AND u.round = o.round AND u.issuer = o.issuer "
                           "WHERE o.state = 'issued'"):
            assert r["step"] == "done", r

    def check_serials(self):
        known = {int(r["serial"], 16): r for r in self.rows("SELECT * FROM certificates") if r["issuer"] not in self.others()}
        logged = self.issued_serials()
        for serial in logged:
            assert serial in known, f"signed serial {serial:x} is not in the database"
        for serial, c in known.items():
            assert c["state"] not in SIGNED or serial in logged, f"{serial:x} is not in the issuance log"
        self.check_crl_numbers()
        twice = self.rows("SELECT request_id, COUNT(*) AS n FROM certificates WHERE request_id IS NOT NULL AND state IN "
                          "('valid','replaced','revoked','expired') GROUP BY request_id HAVING n > 1")
        assert not twice, f"issued twice: {twice}"
        shared = self.rows("SELECT spki_sha256, COUNT(DISTINCT order_id) AS n FROM requests WHERE spki_sha256 != '' "
                           "GROUP BY spki_sha256 HAVING n > 1 AND SUM(key_source != 'own-csr') > 0")
        assert not shared, f"one key for two orders: {shared}"

    def check_crl_numbers(self):
        last = {}
        for line in self.issuance_lines():
            if line[2] == "crl":
                assert int(line[4]) > last.get(line[3], -1), f"CRL number {line[4]} of {line[3]} came after {last[line[3]]}"
                last[line[3]] = int(line[4])

    def check_hand_over(self):
        """Invariant 2: no certificate, and no signature begun, for a key that was not handed over."""
        for r in self.rows("SELECT r.*, c.created_at AS asked_at FROM certificates c JOIN requests r ON r.id = c.request_id "
                           "WHERE r.key_source = 'autocsr'"):
            assert r["archive_state"] in ("acknowledged", "mailed"), f"certified before hand-over: {r['id']} {r['archive_state']}"
            assert r["handed_over_at"] is not None and r["handed_over_at"] <= r["asked_at"]

    def check_evidence(self):
        """Invariant 7: every name of a certificate was validated for that order, or the account was trusted with it."""
        for c in self.rows("SELECT * FROM certificates WHERE order_id IS NOT NULL AND state IN ('valid','replaced','revoked')"):
            valid = {("*." if v["wildcard"] and not v["name"].startswith("*.") else "") + v["name"]: v
                     for v in self.rows("SELECT * FROM validations WHERE order_id = ?", c["order_id"])}
            for name in crypto.sans(x509.load_der_x509_certificate(c["der"])):
                v = valid.get(name) or valid.get(name.removeprefix("*."))
                assert v and v["state"] in ("valid", "preauthorised"), (c["order_id"], name, v)
                assert v["state"] == "preauthorised" or v["evidence"], f"no evidence for {name}"

    def check_acme(self):
        """Orders and authorizations of ACME clients, of one moment."""
        with self.database() as d:
            d.isolation_level = None
            d.execute("BEGIN")
            orders, authzs, links, certificates = (
                [dict(r) for r in d.execute(f"SELECT * FROM {t}")] for t in (
                    "acme_orders", "acme_authzs", "acme_order_authzs", "certificates WHERE order_id IN (SELECT id FROM acme_orders)"))
        for z in authzs:
            assert z["status"] in ACME_AUTHZS, z
            assert z["status"] != "valid" or (z["proved_at"] and z["evidence"]), f"valid, and never proven: {z['id']}"
        proven = {z["id"]: ("*." if z["wildcard"] else "") + z["name"] for z in authzs if z["proved_at"]}
        for o in orders:
            assert o["status"] in ACME_ORDERS, o
            signed = [c for c in certificates if c["order_id"] == o["id"] and c["state"] in SIGNED]
            assert len(signed) <= 1, f"{o['id']} has {len(signed)} certificates"
            assert not signed or o["status"] in ("valid", "processing"), f"{o['id']} is {o['status']} and has a certificate"
            if o["status"] == "valid":
                assert [c["serial"] for c in signed] == [o["serial"]], f"{o['id']} is valid without its certificate"
                shown = {proven.get(li["authz_id"]) for li in links if li["acme_order_id"] == o["id"]}
                assert set(o["identifiers"].split()) <= shown, f"{o['id']}: {o['identifiers']}, of which {shown} were proven"

    def check_files(self, secrets=()):
        """No file holds a key in PEM but where CA and TLS keys live; none holds an archive; none holds these secrets."""
        for path, data in self.world.service.state_contents():
            if path.relative_to(self.state).parts[0] not in KEY_FOLDERS:
                assert b"PRIVATE KEY-----" not in data, f"a private key in {path}"
            assert not re.search(rb"PK\x03\x04.{4}\x63\x00", data, re.S), f"an encrypted archive in {path}"
            assert not [s for s in secrets if s in data], f"a secret in {path}"

    # ---- spoiling, for the tests of the guards

    def tamper_with_audit(self):
        """Changes one row in place, as somebody with the file could; the service must be down."""
        assert self.stopped
        path = next(p for p in self.state.rglob("*.db"))
        owner = path.stat()
        connection = sqlite3.connect(path)
        connection.execute("UPDATE audit SET actor = 'somebody else' WHERE seq = (SELECT MAX(seq) - 1 FROM audit)")
        connection.commit()
        connection.close()
        for one in path.parent.iterdir():
            if one.name.startswith(path.name):
                shutil.chown(one, owner.st_uid, owner.st_gid)
