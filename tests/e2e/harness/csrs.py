"""CSRs as customers send them, good and hostile: by the cryptography package, and by hand where no library would."""
import base64
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from .crypto import spki

SHA256_RSA = bytes.fromhex("06092a864886f70d01010b0500")
SHA1_RSA = bytes.fromhex("06092a864886f70d0101050500")
MD5_RSA = bytes.fromhex("06092a864886f70d0101040500")
ECDSA_SHA256 = bytes.fromhex("06082a8648ce3d040302")
OID_EXTENSION_REQUEST = bytes.fromhex("06092a864886f70d01090e")
OID_SAN = bytes.fromhex("0603551d11")
OID_CN = bytes.fromhex("0603550403")

_rsa_keys = {}


def new_key(kind="ec:p256"):
    if kind.startswith("rsa:"):
        return rsa.generate_private_key(65537, int(kind[4:]))
    curves = {"ec:p256": ec.SECP256R1, "ec:p384": ec.SECP384R1, "ec:p521": ec.SECP521R1, "ec:k256": ec.SECP256K1}
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(curves[kind]())


def rsa_key(bits=2048):
    """An RSA key, made once per size; for tests where the key is not the point."""
    if bits not in _rsa_keys:
        _rsa_keys[bits] = new_key(f"rsa:{bits}")
    return _rsa_keys[bits]


def _san(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def own_csr(names, key=None, cn=None, subject=(), digest=hashes.SHA256(), extensions=()):
    """A CSR in PEM (str) for these names; returns (pem, key)."""
    key = key or new_key()
    names = [names] if isinstance(names, str) else names
    fields = [x509.NameAttribute(NameOID.COMMON_NAME, cn)] if cn else []
    fields += [x509.NameAttribute(oid, value) for oid, value in subject]
    b = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(fields))
    if names:
        b = b.add_extension(x509.SubjectAlternativeName([_san(n) for n in names]), False)
    for ext, critical in extensions:
        b = b.add_extension(ext, critical)
    signed = b.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else digest)
    return signed.public_bytes(Encoding.PEM).decode(), key


def to_der(pem):
    body = [li for li in pem.splitlines() if li and not li.startswith("-----")]
    return base64.b64decode("".join(body))


def to_pem(der):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE REQUEST-----", *lines, "-----END CERTIFICATE REQUEST-----", ""])


# ---- DER by hand

def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def seq(*parts):
    return tlv(0x30, *parts)


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def common_name(value, tag=0x0C):
    return seq(tlv(0x31, seq(OID_CN, tlv(tag, value)))) if value is not None else seq()


def dns_names(*names):
    """The GeneralNames of a SAN from raw bytes."""
    return seq(*[tlv(0x82, n) for n in names])


def extension(oid, value, critical=False):
    return seq(oid, *([tlv(1, b"\xff")] if critical else []), tlv(4, value))


def extension_request(*extensions):
    return seq(OID_EXTENSION_REQUEST, tlv(0x31, seq(*extensions)))


def san_request(*names):
    return extension_request(extension(OID_SAN, dns_names(*names)))


def raw_csr(attributes=(), name=None, key=None, version=b"\x02\x01\x00", public=None, algorithm=SHA256_RSA,
            digest=None, spoil=False, signature=None):
    """A CSR in DER from raw parts, really signed by an RSA (or EC) key unless spoilt."""
    key = key or rsa_key()
    info = seq(version, name if name is not None else seq(), public or spki(key.public_key()), tlv(0xA0, *attributes))
    if signature is None:
        if isinstance(key, rsa.RSAPrivateKey):
            signature = key.sign(info, padding.PKCS1v15(), digest or hashes.SHA256())
        else:
            algorithm = ECDSA_SHA256
            signature = key.sign(info, ec.ECDSA(digest or hashes.SHA256()))
    if spoil:
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    return seq(info, seq(algorithm), tlv(3, b"\0", signature))


def rsa_spki(n, e):
    """A SubjectPublicKeyInfo with any modulus and exponent."""
    key = seq(integer(n), integer(e))
    return seq(seq(bytes.fromhex("06092a864886f70d010101"), b"\x05\x00"), tlv(3, b"\0", key))


def private_pem(key):
    return key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def wrappings(pem):
    """{what: text} of one CSR as people paste it."""
    body = "".join(li for li in pem.splitlines() if not li.startswith("-----"))
    new = pem.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
    return {
        "pem": pem,
        "new-pem": new,
        "crlf": pem.replace("\n", "\r\n"),
        "cr-only": pem.replace("\n", "\r"),
        "no-final-newline": pem.rstrip("\n"),
        "no-begin-end": "\n".join(pem.splitlines()[1:-1]),
        "one-line": body,
        "one-line-with-begin-end": f"-----BEGIN CERTIFICATE REQUEST-----{body}-----END CERTIFICATE REQUEST-----",
        "wrapped-at-76": "\n".join(body[i:i + 76] for i in range(0, len(body), 76)),
        "wrapped-at-20": "\n".join(body[i:i + 20] for i in range(0, len(body), 20)),
        "indented": "\n".join("    " + li for li in pem.splitlines()),
        "blank-lines": pem.replace("\n", "\n\n"),
        "spaces-in-body": " ".join(body[i:i + 64] for i in range(0, len(body), 64)),
        "trailing-spaces": pem.replace("\n", "  \n"),
        "text-before": "Certificate Request:\n    Data:\n        Version: 1 (0x0)\n" + pem,
        "tabs": pem.replace("\n", "\n\t"),
        "byte-order-mark": "\ufeff" + pem,
    }
