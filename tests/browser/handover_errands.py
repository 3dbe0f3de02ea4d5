"""Errands of the hand-over: opening each kind of key file with other programs, recipients to seal to, looking for pieces of a key."""
import base64
import json
import pathlib
import subprocess

import keywatch
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key
from harness import crypto
from harness.api import Api
from harness.service import program


class HandOverErrands:
    """Mixed into Errands; `self.world` and `self.dir` are its."""

    def preauthorise(self, email, names):
        """The operator vouches for these names in this person's account: an order is issued without validation."""
        admin = self.world.admin()
        account = next(u["account_id"] for u in admin.get("/users?all=1")["users"] if u["email"] == email)
        admin.put(f"/admin/accounts/{account}/preauthorised", {"names": names})

    # ---- opening files; each returns the SPKI SHA-256 of the key inside

    def _opened(self, pem):
        spki = crypto.spki_sha256(crypto.load_key(pem).public_key())
        self.keys[spki] = pem
        return spki

    def open_zip(self, path, code):
        """7-Zip, bsdtar and our own command, with groups and check symbol, agree."""
        data = pathlib.Path(path).read_bytes()
        key = crypto.open_archive(data, code)
        assert crypto.open_with_7z(data, "A" * 26) is None
        own = pathlib.Path(self.dir, "own.key")
        own.unlink(missing_ok=True)
        typed = pathlib.Path(self.dir, "typed.code")
        typed.write_text(code + "\n")
        typed.chmod(0o600)
        crypto.run(program("autocsr"), "archive", "open", path, "--code-file", typed, "--out", own)
        assert own.read_bytes() == key
        listing = crypto.run("7z", "l", "-slt", path).stdout.decode()
        assert "Method = AES-256 Store" in listing and "CRC = \n" in listing
        return self._opened(key)

    def _openssl(self, *words):
        out = pathlib.Path(self.dir, "opened.key")
        out.unlink(missing_ok=True)
        crypto.run("openssl", *words, "-out", out)
        text = out.read_text()
        return self._opened(text[text.index("-----BEGIN"):].encode())

    def open_pkcs8(self, path, code):
        assert crypto.run("openssl", "pkcs8", "-in", path, "-passin", "pass:" + "A" * 26, ok=False).returncode != 0
        return self._openssl("pkcs8", "-in", path, "-passin", f"pass:{code}")

    def open_p12(self, path, code, legacy):
        words = ["pkcs12", "-in", path, "-nocerts", "-nodes", "-passin", f"pass:{code}"]
        how = crypto.run("openssl", *words, "-info").stderr.decode()
        assert ("3-KeyTripleDES" in how) == legacy and ("AES-256-CBC" in how) != legacy, how
        return self._openssl(*words)

    def open_age(self, path, kind):
        return self._opened(crypto.run("age", "-d", "-i", self.identities[kind], path).stdout)

    def open_cms(self, path, kind):
        return self._openssl("cms", "-decrypt", "-inform", "DER", "-in", path, "-recip", str(self.identities[kind]) + ".pem",
                             "-inkey", self.identities[kind])

    # ---- recipients

    identities = None

    def have(self, tool):
        return subprocess.run(["sh", "-c", f"command -v {tool}"], capture_output=True).returncode == 0

    def recipient(self, kind):
        """A new key pair of this kind; its public half as its owner would paste it."""
        self.identities = self.identities or {}
        path = self.identities[kind] = pathlib.Path(self.dir, f"identity-{kind}")
        if kind == "age":
            crypto.run("age-keygen", "-o", path)
            return crypto.run("age-keygen", "-y", path).stdout.decode().strip()
        if kind.startswith("ssh-"):
            crypto.run("ssh-keygen", "-q", "-t", kind[4:], "-N", "", "-C", "me@test", "-f", path)
            return pathlib.Path(str(path) + ".pub").read_text()
        crypto.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path, "-out", str(path) + ".pem",
                   "-subj", "/CN=Ann Example", "-days", "2")
        return pathlib.Path(str(path) + ".pem").read_text()

    # ---- comparing

    def check_fits(self, spki, fullchain, host):
        """The opened key belongs to the issued certificate, which the chain and the name verify."""
        data = pathlib.Path(fullchain).read_bytes()
        assert crypto.spki_sha256(crypto.certificates(data)[0].public_key()) == spki
        assert crypto.spki_sha256(crypto.load_key(self.keys[spki]).public_key()) == spki
        crypto.verify_chain(data, self.world.service.root_pem, host)

    def csr_shape(self, path):
        """All of a CSR but key and signature."""
        csr = x509.load_pem_x509_csr(pathlib.Path(path).read_bytes())
        assert csr.is_signature_valid
        return {"subject": csr.subject.public_bytes().hex(), "signature": csr.signature_algorithm_oid.dotted_string,
                "extensions": [[e.oid.dotted_string, e.critical, e.value.public_bytes().hex()] for e in csr.extensions],
                "attributes": [a.oid.dotted_string for a in csr.attributes]}

    def check_receipt(self, path, spki, grade):
        """The receipt is signed by the key that the service publishes, and tells of this key; returns what it authorises."""
        lines = pathlib.Path(path).read_text().splitlines()
        document = json.loads("\n".join(lines))
        signature = document["signature"]
        key = load_der_public_key(base64.b64decode(signature["public_key"]))
        key.verify(base64.b64decode(signature["value"]), b"AutoCSR receipt v1\n" + lines[1].rstrip(",").encode())
        assert self.world.anonymous().get("/receipt-key")["key_id"] == signature["key_id"]
        pem = pathlib.Path(self.dir, "receipt-key.pem")
        pem.write_text(self.world.anonymous().get("/receipt-key")["public_key_pem"])
        crypto.run(program("autocsr"), "receipt", "verify", path, "--key", pem)
        receipt = document["receipt"]
        assert receipt["key"]["spki_sha256"] == spki and receipt["hand_over"]["grade"] == grade
        return {"part": receipt["part"], "made_by": receipt["key"]["made_by"], "wording": (receipt["authorised"] or {}).get("wording")}

    def add_organisation(self, email, password):
        api = Api(self.world.service)
        api.login(email, password)
        return api.post("/organisations", {
            "name": "Käserei \"Größe\" & Co, eG", "street": "Weg 1", "locality": "Köln", "state": "NRW", "postal_code": "50667", "country": "DE",
            "registration_number": "GnR 7", "business_category": "Private Organization", "jurisdiction_country": "DE",
            "jurisdiction_state": "NRW", "phone": "+49 221 1"}, 201)["id"]

    def forbid_autocsr(self, product, forbid):
        self.world.admin().patch(f"/products/{product}", {"autocsr": not forbid})

    def limit_reveals(self, product, most):
        self.world.admin().patch(f"/products/{product}", {"code_reveals": most})

    def remembered(self, email, password):
        api = Api(self.world.service)
        api.login(email, password)
        return api.get("/session")["hand_over"]

    # ---- watching

    tap = None

    def tap_start(self):
        """The address of a proxy that keeps all that the browser sends."""
        self.tap = keywatch.Tap(self.world.service.port, self.dir)
        return f"https://127.0.0.1:{self.tap.port}"

    def tap_stop(self):
        self.tap.close()

    def watch_for(self, spki, code):
        """From here on these are the pieces; how many there are, and one of the key as hex and base64 to plant."""
        self.pieces = keywatch.pieces(self.keys[spki], code)
        raw = crypto.private_values(crypto.load_key(self.keys[spki]))[0][8:20]
        return {"count": len(self.pieces), "hex": raw.hex(), "base64": next(iter(keywatch._base64(raw))).decode(), "code": code[3:15]}

    def look_at(self, texts):
        """{where: hits} for texts by name."""
        found = {where: keywatch.hits(text.encode(), self.pieces) for where, text in texts.items()}
        return {where: n for where, n in found.items() if n}

    def look_on_wire(self):
        sent = self.tap.wire()
        assert b"POST /api/v1/orders" in sent, "the tap saw no order"
        return keywatch.hits(sent, self.pieces)

    def forget_wire(self):
        self.tap.forget()

    def look_in_folder(self, folder):
        return keywatch.folder_hits(folder, self.pieces)

    def look_in_service(self):
        """State directory (database, WAL, audit, bootstrap …) and log, as they are on the disk now."""
        return keywatch.folder_hits(self.world.service.dir, self.pieces)

    def plant_in_service(self, email, text):
        """Control: a piece reaches the database, as the name of this person's account."""
        admin = self.world.admin()
        account = next(u["account_id"] for u in admin.get("/users?all=1")["users"] if u["email"] == email)
        admin.put(f"/admin/accounts/{account}/preauthorised", {"names": [text + ".test"]})
