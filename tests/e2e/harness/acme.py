"""An ACME client that does as it is told, wrong things too: each part of a request can be set, left out or spoiled.

Acme is one key, and the account it has, at one directory. It keeps the nonces that come and says no more than asked; it
retries nothing. Shares no code with the service: requests and python3-cryptography only.
"""
import base64
import hashlib
import hmac
import json
import re
import secrets

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from .csrs import own_csr, to_der
from .net import wait_for

ERROR = "urn:ietf:params:acme:error:"
CURVES = {"ES256": (ec.SECP256R1, "P-256", hashes.SHA256), "ES384": (ec.SECP384R1, "P-384", hashes.SHA384),
          "ES512": (ec.SECP521R1, "P-521", hashes.SHA512)}
NONCE = re.compile(r"[A-Za-z0-9_-]{16,}")


def b64(data):
    """base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


class Key:
    """A signing key: ES256 ES384 ES512 RS256."""

    def __init__(self, alg="ES256", private=None):
        self.alg = alg
        self.private = private or (rsa.generate_private_key(65537, 2048) if alg == "RS256" else ec.generate_private_key(CURVES[alg][0]()))

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        if self.alg == "RS256":
            return {"kty": "RSA", "n": b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
                    "e": b64(numbers.e.to_bytes(3, "big"))}
        size = (self.private.key_size + 7) // 8
        return {"kty": "EC", "crv": CURVES[self.alg][1], "x": b64(numbers.x.to_bytes(size, "big")), "y": b64(numbers.y.to_bytes(size, "big"))}

    def thumbprint(self):
        """RFC 7638."""
        return b64(hashlib.sha256(compact(self.jwk()).encode()).digest())

    def sign(self, data):
        if self.alg == "RS256":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        size = (self.private.key_size + 7) // 8
        r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(CURVES[self.alg][2]())))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


class MacKey:
    """An external account's key, HS256; without a JWK."""
    alg = "HS256"

    def __init__(self, secret):
        self.secret = unb64(secret) if isinstance(secret, str) else secret

    def sign(self, data):
        return hmac.new(self.secret, data, "sha256").digest()


def jws(key, protected, payload):
    """The flattened JSON serialization. `protected` and `payload` may be dicts, or text that goes in as it stands."""
    texts = [v if isinstance(v, (str, bytes)) else compact(v) for v in (protected, payload)]
    head, body = b64(texts[0]), b64(texts[1])
    return {"protected": head, "payload": body, "signature": b64(key.sign(f"{head}.{body}".encode()))}


def eab(kid, secret, jwk, url, **changes):
    """externalAccountBinding (RFC 8555 7.3.4); `changes` replace members of its header, None removes one."""
    head = {"alg": "HS256", "kid": kid, "url": url, **changes}
    return jws(MacKey(secret), {k: v for k, v in head.items() if v is not None}, jwk)


def ident(name):
    """An ACME identifier for a name or an address."""
    kind = "ip" if re.fullmatch(r"[0-9.]+|.*:.*", name) else "dns"
    return {"type": kind, "value": name}


def cert_id(cert):
    """RFC 9773 4.1 of an x509.Certificate."""
    aki = cert.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    serial = cert.serial_number.to_bytes(cert.serial_number.bit_length() // 8 + 1, "big")
    return b64(aki) + "." + b64(serial)


class Acme:
    """One key at one directory. `answers` are requests.Response objects; nothing raises by status."""

    def __init__(self, directory, root, key=None):
        self.url, self.key, self.kid = directory, key or Key(), None
        self.http = requests.Session()
        self.http.verify, self.http.trust_env = str(root), False
        self.nonces, self.seen = [], set()
        self._directory = None

    @property
    def directory(self):
        if self._directory is None:
            self._directory = self.get(self.url).json()
        return self._directory

    def get(self, url, **kw):
        return self._keep(self.http.get(url, timeout=30, allow_redirects=False, **kw))

    def nonce(self):
        if not self.nonces:
            self._keep(self.http.head(self.directory["newNonce"], timeout=30))
        return self.nonces.pop()

    def _keep(self, answer):
        fresh = answer.headers.get("Replay-Nonce")
        if fresh:
            assert NONCE.fullmatch(fresh), f"a nonce that is no base64url: {fresh!r}"
            assert fresh not in self.seen, "a nonce that was given before"
            self.seen.add(fresh)
            self.nonces.append(fresh)
        return answer

    # ---- requests

    def signed(self, where, payload="", /, key=None, kid=None, jwk=False, **head):
        """The JWS of a request as a dict. `head` replaces members of the protected header; None removes one."""
        key = key or self.key
        who = {"jwk": key.jwk()} if jwk or not (kid or self.kid) else {"kid": kid or self.kid}
        full = {"alg": key.alg, "url": where, **who, **head}
        if "nonce" not in full:
            full["nonce"] = self.nonce()
        elif full["nonce"] in self.nonces:
            self.nonces.remove(full["nonce"])
        return jws(key, {k: v for k, v in full.items() if v is not None}, payload)

    def post(self, where, payload="", /, **how):
        """A signed POST; payload "" is POST-as-GET (RFC 8555 6.3)."""
        return self.send(where, self.signed(where, payload, **how))

    def send(self, url, body, content_type="application/jose+json", method="POST"):
        """Sends a body as it is: a dict, text or bytes."""
        data = json.dumps(body) if isinstance(body, dict) else body
        headers = {"Content-Type": content_type} if content_type else {}
        return self._keep(self.http.request(method, url, data=data, headers=headers, timeout=30, allow_redirects=False))

    # ---- a good client's errands

    def register(self, **fields):
        answer = self.post(self.directory["newAccount"], {"termsOfServiceAgreed": True, **fields}, jwk=True)
        assert answer.status_code in (200, 201), answer.text
        self.kid = answer.headers["Location"]
        return self

    def order(self, *names, **fields):
        """newOrder → (URL, order)."""
        answer = self.post(self.directory["newOrder"], {"identifiers": [ident(n) for n in names], **fields})
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"], answer.json()

    def show(self, url):
        answer = self.post(url)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def challenge(self, authz, kind="http-01"):
        return next(c for c in self.show(authz)["challenges"] if c["type"] == kind)

    def key_authorization(self, token):
        return f"{token}.{self.key.thumbprint()}"

    def dns_value(self, token):
        return b64(hashlib.sha256(self.key_authorization(token).encode()).digest())

    def publish(self, world, authz, kind="http-01"):
        """Puts what the challenge asks for on the test's servers; returns the challenge."""
        full = self.show(authz)
        challenge = next(c for c in full["challenges"] if c["type"] == kind)
        name, token = full["identifier"]["value"], challenge["token"]
        if kind == "http-01":
            world.web.publish(name, f"/.well-known/acme-challenge/{token}", self.key_authorization(token))
        else:
            world.dns.publish_txt(f"_acme-challenge.{name}", self.dns_value(token))
        return challenge

    def until(self, url, *states, seconds=30):
        """Polls an object until it is in one of the states."""
        return wait_for(f"{url} to be {' or '.join(states)}",
                        lambda: (lambda o: o if o["status"] in states else None)(self.show(url)), seconds, 0.05)

    def prove(self, world, authz, kind="http-01"):
        if self.show(authz)["status"] != "valid":
            challenge = self.publish(world, authz, kind)
            assert self.post(challenge["url"], {}).status_code == 200
            self.until(authz, "valid", "invalid")
        return self.show(authz)

    def ready(self, world, *names, kind="http-01", **fields):
        """An order whose authorizations are all valid → (URL, order)."""
        url, order = self.order(*names, **fields)
        for authz in order["authorizations"]:
            assert self.prove(world, authz, kind)["status"] == "valid", self.show(authz)
        return url, self.until(url, "ready")

    def finalize(self, order, der):
        return self.post(order["finalize"], {"csr": b64(der)})

    def issue(self, world, *names, kind="http-01", key=None, **fields):
        """A whole order → (order, PEM chain, key of the certificate)."""
        url, order = self.ready(world, *names, kind=kind, **fields)
        pem, key = own_csr(names, key)
        answer = self.finalize(order, to_der(pem))
        assert answer.status_code == 200, answer.text
        done = self.until(url, "valid", "invalid")
        assert done["status"] == "valid", done
        return {"url": url, **done}, self.post(done["certificate"]).text, key


def token():
    """A path segment that names nothing."""
    return b64(secrets.token_bytes(16))


def problem(answer, status, kind):
    """The answer is this ACME problem (RFC 8555 6.7), and brings a nonce; returns the document."""
    assert answer.status_code == status, f"{answer.status_code}, not {status}: {answer.text[:600]}"
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json", answer.headers
    body = answer.json()
    assert body["type"] == ERROR + kind, f"{body['type']}, not {kind}: {body.get('detail')}"
    assert body["status"] == status and body["detail"], body
    assert NONCE.fullmatch(answer.headers.get("Replay-Nonce", "")), f"no nonce with {status} {kind}"
    assert "identifier" not in body, "6.7.1: not at the top"
    return body
