"""A soft WebAuthn authenticator with its browser: answers the service's questions, and lies in any one detail."""
import base64
import datetime
import hashlib
import json
import os
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

UP, UV, AT, ED = 0x01, 0x04, 0x40, 0x80


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value):
    """RFC 8949: what CTAP2 needs of it. A dict keeps its order."""
    def head(major, n):
        for limit, info, form in ((24, None, ""), (1 << 8, 24, ">B"), (1 << 16, 25, ">H"), (1 << 32, 26, ">I")):
            if n < limit:
                return bytes([major << 5 | (n if info is None else info)]) + (struct.pack(form, n) if form else b"")
        return bytes([major << 5 | 27]) + struct.pack(">Q", n)
    if value is True or value is False:
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def number(n, size):
    return n.to_bytes(size, "big")


class Key:
    """A key pair of one COSE algorithm: -7 ES256, -8 EdDSA, -257 RS256."""

    def __init__(self, alg=-7, bits=2048):
        self.alg = alg
        self.private = {-7: lambda: ec.generate_private_key(ec.SECP256R1()), -8: ed25519.Ed25519PrivateKey.generate,
                        -257: lambda: rsa.generate_private_key(65537, bits)}[alg]()

    def cose(self):
        public = self.private.public_key()
        if self.alg == -7:
            n = public.public_numbers()
            return {1: 2, 3: -7, -1: 1, -2: number(n.x, 32), -3: number(n.y, 32)}
        if self.alg == -8:
            return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw() if hasattr(public, "public_bytes_raw") else self._raw(public)}
        n = public.public_numbers()
        return {1: 3, 3: -257, -1: number(n.n, (n.n.bit_length() + 7) // 8), -2: b"\x01\x00\x01"}

    @staticmethod
    def _raw(public):
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        return public.public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, data):
        if self.alg == -7:
            return self.private.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.alg == -8:
            return self.private.sign(data)
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())


class Authenticator:
    """One credential, once `make` has been called. Keyword arguments of `make` and `get` replace what an honest one says."""

    def __init__(self, service, alg=-7, counts=True):
        self.origin = service.url.replace("127.0.0.1", "localhost")
        self.rp, self.alg, self.counts = "localhost", alg, counts
        self.key = self.id = self.handle = None
        self.count = 0

    def client(self, kind, challenge, *, type=None, origin=None, cross=False, extra=None, client=None):
        if client is not None:
            return client(challenge) if callable(client) else client
        data = {"type": type or kind, "challenge": challenge, "origin": origin or self.origin, "crossOrigin": cross, **(extra or {})}
        return json.dumps({k: v for k, v in data.items() if v is not None}, separators=(",", ":")).encode()

    def authdata(self, flags, tail=b"", rp=None, count=None):
        if count is None:
            self.count += self.counts
            count = self.count
        return hashlib.sha256((rp or self.rp).encode()).digest() + bytes([flags]) + struct.pack(">I", count) + tail

    # ---- registration

    def make(self, question, *, fmt="none", flags=UP | UV, challenge=None, rp=None, cose=None, id=None, statement=None,
             count=None, extensions=None, object=None, tail=b"", sign_with=None, named_alg=None, **client):
        options = question["public_key"]
        assert options["rp"]["id"] == self.rp and {"type": "public-key", "alg": self.alg} in options["pubKeyCredParams"]
        self.key, self.handle = Key(self.alg), unb64(options["user"]["id"])
        self.id = id if id is not None else os.urandom(32)
        told = self.client("webauthn.create", challenge or options["challenge"], **client)
        attested = b"\0" * 16 + struct.pack(">H", len(self.id)) + self.id + cbor(self.key.cose() if cose is None else cose) + tail
        more = flags | AT | (ED if extensions else 0)
        data = self.authdata(more, attested + (cbor(extensions) if extensions else b""), rp, count)
        signed = data + hashlib.sha256(told).digest()
        stated = statement if statement is not None else self._statement(fmt, signed, sign_with or self.key, named_alg)
        whole = cbor({"fmt": "packed" if fmt == "x5c" else fmt, "attStmt": stated, "authData": data}) if object is None else object
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "clientExtensionResults": {},
                "response": {"clientDataJSON": b64(told), "attestationObject": b64(whole), "transports": ["internal", "hybrid"]}}

    def _statement(self, fmt, signed, key, named_alg):
        if fmt == "none":
            return {}
        if fmt == "packed":
            return {"alg": named_alg or self.alg, "sig": key.sign(signed)}
        maker = Key(-7)
        return {"alg": -7, "sig": (key if key is not self.key else maker).sign(signed), "x5c": [certificate(maker.private)]}

    # ---- assertion

    def get(self, question, *, flags=UP | UV, challenge=None, rp=None, count=None, signature=None, id=None, handle=False,
            tail=b"", **client):
        options = question["public_key"]
        assert options["rpId"] == self.rp
        told = self.client("webauthn.get", challenge or options["challenge"], **client)
        data = self.authdata(flags, tail, rp, count)
        made = self.key.sign(data + hashlib.sha256(told).digest()) if signature is None else signature
        response = {"clientDataJSON": b64(told), "authenticatorData": b64(data), "signature": b64(made)}
        if handle is False:
            handle = self.handle
        if handle is not None:
            response["userHandle"] = b64(handle)
        whole = b64(self.id if id is None else id)
        return {"id": whole, "rawId": whole, "type": "public-key", "clientExtensionResults": {}, "response": response}


def certificate(private):
    """A maker's certificate for packed attestation, as DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
                      x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Authenticator Attestation"),
                      x509.NameAttribute(NameOID.COMMON_NAME, "Soft")])
    now = datetime.datetime(2026, 1, 1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key()).serial_number(7)
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=3650))
    made = made.add_extension(x509.BasicConstraints(False, None), True).sign(private, hashes.SHA256())
    from cryptography.hazmat.primitives.serialization import Encoding
    return made.public_bytes(Encoding.DER)


def enrol(api, name="laptop", alg=-7, **kw):
    """A new passkey for this session's user, which must be fresh. Returns (authenticator, answer)."""
    made = Authenticator(api.service, alg, **({"counts": kw.pop("counts")} if "counts" in kw else {}))
    question = api.post("/passkeys/options", {}, 200)
    answer = api.post("/passkeys", {"name": name, "response": made.make(question, **kw)}, 201)
    return made, answer


def use(api, authenticator):
    """The member `passkey` that proves this session's user in another call."""
    return authenticator.get(api.post("/passkeys/challenge", {}, 200))


def passkey_login(api, authenticator, status=200, **kw):
    """Logs in with the passkey alone."""
    api.csrf = None
    question = api.post("/session/passkey/options", {}, 200)
    session = api.post("/session/passkey", {"response": authenticator.get(question, **kw)}, status)
    if status == 200:
        api.csrf, api.user, api.email = session["csrf_token"], session["user"], session["user"]["email"]
    return session
