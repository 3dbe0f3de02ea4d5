"""JSON Web Keys read: keys made by python3-cryptography, the JSON by hand, and one refusal per rule."""
import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from harness.cli import Cli
from test_toolkit_verify import Party

ENC = serialization.Encoding
CURVES = {"P-256": (ec.SECP256R1, 32), "P-384": (ec.SECP384R1, 48), "P-521": (ec.SECP521R1, 66)}
OKP = {"Ed25519": ed25519.Ed25519PrivateKey, "Ed448": ed448.Ed448PrivateKey}
KEYS = {"RSA": rsa.generate_private_key(65537, 2048)} | {c: ec.generate_private_key(v[0]()) for c, v in CURVES.items()} \
    | {c: v.generate() for c, v in OKP.items()}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def num(n, width=None):
    return b64(n.to_bytes(width or (n.bit_length() + 7) // 8, "big"))


def jwk(name, private=True):
    key = KEYS[name]
    if name == "RSA":
        p = key.private_numbers()
        out = {"kty": "RSA", "n": num(p.public_numbers.n), "e": num(p.public_numbers.e)}
        parts = {"d": p.d, "p": p.p, "q": p.q, "dp": p.dmp1, "dq": p.dmq1, "qi": p.iqmp}
        return out | ({k: num(v) for k, v in parts.items()} if private else {})
    if name in CURVES:
        p, width = key.private_numbers(), CURVES[name][1]
        out = {"kty": "EC", "crv": name, "x": num(p.public_numbers.x, width), "y": num(p.public_numbers.y, width)}
        return out | ({"d": num(p.private_value, width)} if private else {})
    out = {"kty": "OKP", "crv": name, "x": b64(key.public_key().public_bytes(ENC.Raw, serialization.PublicFormat.Raw))}
    raw = key.private_bytes(ENC.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    return out | ({"d": b64(raw)} if private else {})


def pkcs8(name):
    return KEYS[name].private_bytes(ENC.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def spki(name):
    return KEYS[name].public_key().public_bytes(ENC.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def here(tmp_path):
    return Cli(tmp_path)


def put(here, value, name="k.jwk"):
    (here.cwd / name).write_text(value if isinstance(value, str) else json.dumps(value))
    return name


@pytest.mark.parametrize("name", KEYS)
def test_every_command_takes_it(here, tmp_path, name):
    put(here, jwk(name))
    put(here, jwk(name, private=False), "p.jwk")
    (tmp_path / "k.pem").write_bytes(pkcs8(name))
    here.run("cert", "convert", "k.jwk", "--to", "pkcs8", "--no-passphrase", "--out", "out.pem")
    got = serialization.load_pem_private_key((tmp_path / "out.pem").read_bytes(), None)
    assert got.private_bytes(ENC.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) == pkcs8(name)
    here.run("cert", "convert", "p.jwk", "--to", "spki-der", "--out", "out.spki")
    assert (tmp_path / "out.spki").read_bytes() == spki(name)
    here.run("match", "k.jwk", "p.jwk", "k.pem")
    for file, private in (("k.jwk", True), ("p.jwk", False)):
        shown = here.run("key", "show", file, "--json").json
        assert shown["private"] is private and shown["form"] == "JWK" and shown["encrypted"] is False
        assert shown["spki_sha256"] == hashlib.sha256(spki(name)).hexdigest()
    here.run("key", "check", "k.jwk")
    here.run("csr", "new", "--policy", "private", "--host", "www.demo.test", "--existing-key", "k.jwk", "--out", "new.csr")
    here.run("match", "k.jwk", "new.csr")


@pytest.mark.parametrize("name", KEYS)
def test_what_we_write_we_read(here, tmp_path, name):
    (tmp_path / "k.pem").write_bytes(pkcs8(name))
    here.run("cert", "convert", "k.pem", "--to", "jwk-private", "--out", "k.jwk")
    here.run("cert", "convert", "k.jwk", "--to", "jwk-private", "--out", "again.jwk")
    assert (tmp_path / "again.jwk").read_bytes() == (tmp_path / "k.jwk").read_bytes()


def test_a_set_with_certificates(here, tmp_path):
    party = Party("www.demo.test", key=KEYS["RSA"])
    der = party.cert.public_bytes(ENC.DER)
    x5c = base64.b64encode(der).decode()
    first = jwk("RSA") | {"x5c": [x5c], "x5t#S256": b64(hashlib.sha256(der).digest()), "x5t": b64(hashlib.sha1(der).digest())}
    other = {"kty": "oct", "k": "AAAA"}
    text = json.dumps({"more": {"a": [1, -2.5e3, None]}, "keys": [first, other, jwk("P-256", False)]}).replace("/", "\\/")
    put(here, "﻿\n" + text)
    objects = here.run("show", "k.jwk", "--json", code=3).json["objects"]
    assert [o["kind"] for o in objects] == ["private-key", "certificate", "private-key", "public-key"]
    assert [o["kind"] for o in objects if "error" in o] == ["private-key"]
    put(here, {"keys": [first]})
    (tmp_path / "pass").write_text("horse")
    here.run("cert", "convert", "k.jwk", "--to", "p12", "--passphrase-file", "pass", "--out", "k.p12")
    (tmp_path / "c.pem").write_bytes(party.cert.public_bytes(ENC.PEM))
    here.run("match", "k.jwk", "c.pem")


def test_a_csr_is_wanted_and_a_private_jwk_given(here):
    put(here, jwk("P-256"))
    assert here.run("csr", "check", "k.jwk", "--json", code=3).problem == "input.private-key"


def without(name, *members):
    return {k: v for k, v in jwk(name).items() if k not in members}


def flipped(name, member):
    """Another number of the same length."""
    text = jwk(name)[member]
    raw = bytearray(base64.urlsafe_b64decode(text + "=="[: -len(text) % 4]))
    raw[len(raw) // 2] ^= 4
    return jwk(name) | {member: b64(bytes(raw))}


def with_cert(name, key, **more):
    der = Party("www.demo.test", key=KEYS[key]).cert.public_bytes(ENC.DER)
    return jwk(name) | {"x5c": [base64.b64encode(der).decode()]} | more


REFUSED = {
    "no JSON": ('{"kty":"RSA",}', "key.jwk"),
    "cut": (json.dumps(jwk("RSA"))[:-3], "key.jwk"),
    "more behind it": (json.dumps(jwk("RSA")) + "{}", "key.jwk"),
    "member twice": (json.dumps(jwk("P-256"))[:-1] + ',"kty":"EC"}', "key.jwk"),
    "unknown member twice": (json.dumps(jwk("P-256"))[:-1] + ',"z":1,"z":1}', "key.jwk"),
    "twice further in": (json.dumps(jwk("P-256"))[:-1] + ',"z":{"a":1,"a":2}}', "key.jwk"),
    "escaped name": (json.dumps(jwk("P-256"))[:-1] + ',"k\\u0074y":"EC"}', "key.jwk"),
    "too deep": (json.dumps(jwk("P-256"))[:-1] + ',"z":' + "[" * 40 + "]" * 40 + "}", "key.jwk"),
    "kty is a number": (jwk("RSA") | {"kty": 5}, "key.jwk"),
    "kty unknown": (jwk("RSA") | {"kty": "AKP"}, "key.jwk"),
    "symmetric": ({"kty": "oct", "k": "AAAA"}, "key.jwk"),
    "crv missing": (without("P-256", "crv"), "key.jwk"),
    "crv unknown": (jwk("P-256") | {"crv": "secp256k1"}, "key.jwk"),
    "X25519": (jwk("Ed25519") | {"crv": "X25519"}, "key.jwk"),
    "another curve": (jwk("P-256") | {"crv": "P-384"}, "key.jwk"),
    "padding": (jwk("Ed25519") | {"d": jwk("Ed25519")["d"] + "="}, "key.jwk"),
    "blank": (jwk("Ed25519") | {"d": jwk("Ed25519")["d"][:20] + " " + jwk("Ed25519")["d"][20:]}, "key.jwk"),
    "base64, not base64url": (jwk("RSA") | {"e": "A+/B"}, "key.jwk"),
    "stray bits": (jwk("RSA") | {"e": "AR"}, "key.jwk"),
    "leading zero": (jwk("RSA") | {"e": num(65537, 4)}, "key.jwk"),
    "empty number": (jwk("RSA") | {"e": ""}, "key.jwk"),
    "huge number": (jwk("RSA") | {"n": "A" * 4000}, "key.jwk"),
    "short x": (jwk("P-256") | {"x": num(5)}, "key.jwk"),
    "short d": (jwk("P-256") | {"d": num(5)}, "key.jwk"),
    "long d": (jwk("Ed448") | {"d": b64(bytes(58))}, "key.jwk"),
    "n missing": (without("RSA", "n"), "key.jwk"),
    "y missing": (without("P-256", "y"), "key.jwk"),
    "only d": (without("RSA", "p", "q", "dp", "dq", "qi"), "key.jwk"),
    "one part missing": (without("RSA", "dq"), "key.jwk"),
    "parts without d": (without("RSA", "d"), "key.jwk"),
    "three primes": (jwk("RSA") | {"oth": [{"r": "Aw", "d": "AQ", "t": "AQ"}]}, "key.jwk"),
    "y in OKP": (jwk("Ed25519") | {"y": jwk("P-256")["y"]}, "key.jwk"),
    "x in RSA": (jwk("RSA") | {"x": "AQ"}, "key.jwk"),
    "n in EC": (jwk("P-256") | {"n": "AQ"}, "key.jwk"),
    "k beside it": (jwk("P-256") | {"k": "AQ"}, "key.jwk"),
    "crv in RSA": (jwk("RSA") | {"crv": "P-256"}, "key.jwk"),
    "alg of another curve": (jwk("P-256") | {"alg": "ES384"}, "key.jwk"),
    "alg of another type": (jwk("RSA") | {"alg": "EdDSA"}, "key.jwk"),
    "alg of RSA": (jwk("P-256") | {"alg": "PS256"}, "key.jwk"),
    "wrong n": (flipped("RSA", "n"), "key.pair.modulus"),
    "wrong d": (flipped("RSA", "d"), "key.pair.exponent"),
    "wrong dp": (flipped("RSA", "dp"), "key.pair.crt"),
    "wrong dq": (flipped("RSA", "dq"), "key.pair.crt"),
    "wrong qi": (flipped("RSA", "qi"), "key.pair.crt"),
    "off the curve": (flipped("P-256", "y"), "key.ec.point"),
    "wrong EC d": (flipped("P-384", "d"), "key.pair.public"),
    "EC d is zero": (jwk("P-256") | {"d": num(0, 32)}, "key."),
    "EC d beyond the order": (jwk("P-256") | {"d": b64(b"\xff" * 32)}, "key."),
    "wrong Ed25519 d": (flipped("Ed25519", "d"), "key.pair.public"),
    "wrong Ed448 x": (flipped("Ed448", "x"), "key.pair.public"),
    "another key's certificate": (with_cert("P-256", "RSA"), "match.key"),
    "x5c empty": (jwk("P-256") | {"x5c": []}, "key.jwk"),
    "x5c text": (jwk("P-256") | {"x5c": "AAAA"}, "key.jwk"),
    "x5c number": (jwk("P-256") | {"x5c": [1]}, "key.jwk"),
    "x5c base64url": (jwk("P-256") | {"x5c": ["-_-_"]}, "key.jwk"),
    "x5c no certificate": (jwk("P-256") | {"x5c": ["MAA="]}, "cert."),
    "x5t": (with_cert("RSA", "RSA", x5t=b64(bytes(20))), "key.jwk"),
    "x5t#S256": (with_cert("RSA", "RSA", **{"x5t#S256": b64(bytes(32))}), "key.jwk"),
    "x5t too short": (jwk("RSA") | {"x5t": b64(bytes(19))}, "key.jwk"),
    "set of numbers": ({"keys": [1]}, "key.jwk"),
    "keys is text": ({"keys": "kty"}, "key.jwk"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(here, what):
    value, problem = REFUSED[what]
    put(here, value)
    got = here.run("cert", "convert", "k.jwk", "--to", "pkcs8", "--no-passphrase", "--out", "out.pem", "--json", code=1 if problem == "match.key" else 3)
    assert got.problem == problem or problem.endswith(".") and got.problem.startswith(problem), got.err
    secret = value.get("d") if isinstance(value, dict) else None
    assert not secret or len(secret) < 20 or secret not in got.text


def test_accepted_beside_the_rules(here):
    put(here, jwk("P-256") | {"alg": "mine", "kid": "\u00e4 \\ /", "use": "sig", "key_ops": ["sign"], "more": [{}, True, 0, 1e-3]})
    here.run("cert", "convert", "k.jwk", "--to", "pkcs8", "--no-passphrase", "--out", "out.pem")


def test_a_set_has_a_bound(here):
    keys = [jwk("Ed25519", False)] * 257
    put(here, {"keys": keys})
    objects = here.run("show", "k.jwk", "--json", code=3).json["objects"]
    assert len(objects) == 257 and "256" in objects[-1]["error"]["detail"]
    put(here, {"keys": keys[1:]})
    assert len(here.run("show", "k.jwk", "--json").json["objects"]) == 256


def test_a_pem_in_json_is_still_found(here):
    put(here, {"keys": "kty", "cert": Party("www.demo.test", key=KEYS["RSA"]).cert.public_bytes(ENC.PEM).decode()})
    here.run("cert", "show", "k.jwk")
