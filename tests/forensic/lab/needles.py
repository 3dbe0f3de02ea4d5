"""What would be a trace of one order's key: every private number in each form that programs keep it in, the PEM's private part,
the code, and the keys that the code becomes. Cut into 8-byte pieces, one every 4 bytes; what is public is dropped."""
import base64
import hashlib
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from harness import crypto

PIECE, STEP = 8, 4
OID_PBKDF2 = bytes.fromhex("2a864886f70d01050c")


class Needles:
    """{8 bytes: (order, kind)}. `order` names the order as the table of results does."""

    def __init__(self):
        self.known = {}

    def add(self, order, kind, data):
        for at in range(0, len(data) - PIECE + 1, STEP):
            piece = data[at:at + PIECE]
            if len(set(piece)) >= 4:
                self.known.setdefault(piece, (order, kind))

    def drop(self, public):
        for at in range(len(public) - PIECE + 1):
            self.known.pop(public[at:at + PIECE], None)

    def only(self, orders):
        """Those of these orders."""
        out = Needles()
        out.known = {piece: what for piece, what in self.known.items() if what[0] in orders}
        return out

    def without(self, *kinds):
        out = Needles()
        out.known = {piece: what for piece, what in self.known.items() if what[1] not in kinds}
        return out

    def kinds(self, order):
        return {kind for name, kind in self.known.values() if name == order}


# ---- the key

def numbers_of(key):
    """{name: big-endian bytes} of what is private."""
    def put(number, size=None):
        return number.to_bytes(size or (number.bit_length() + 7) // 8, "big")
    if isinstance(key, rsa.RSAPrivateKey):
        n = key.private_numbers()
        return {"p": put(n.p), "q": put(n.q), "d": put(n.d), "dp": put(n.dmp1), "dq": put(n.dmq1), "qi": put(n.iqmp)}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"scalar": put(key.private_numbers().private_value, (key.key_size + 7) // 8)}
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    wide = bytearray(hashlib.sha512(seed).digest())
    prefix = bytes(wide[32:])
    wide[0] &= 248
    wide[31] = wide[31] & 127 | 64
    return {"seed": seed, "scalar": bytes(wide[:32]), "prefix": prefix}


def pem_of(der):
    return serialization.load_der_private_key(der, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def private_text(der, numbers):
    """The base64 of the PKCS#8, as far as whole groups of it are private: [text]. A PEM breaks it every 64 characters, which is
    a multiple of 8, so a piece that one of its lines cuts in two is only every eighth one."""
    text, out = base64.b64encode(der), []
    for raw in numbers.values():
        start = der.find(raw)
        if start >= 0:
            out.append(text[-(-start // 3) * 4:(start + len(raw)) // 3 * 4])
    return out


def add_key(needles, order, key):
    """Limbs of 64 bits on a little-endian machine are the number backwards. BIGNUMs of DER are big-endian."""
    numbers = numbers_of(key)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    for name, raw in numbers.items():
        needles.add(order, f"{name}, DER", raw)
        needles.add(order, f"{name}, limbs", raw[::-1])
    for text in private_text(der, numbers):
        needles.add(order, "PEM", text)
    assert needles.kinds(order) >= {"PEM"} | {f"{name}, limbs" for name in numbers}
    for public in public_forms(key.public_key()):
        needles.drop(public)


def public_forms(public):
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield from (der, der[::-1])
    yield from (base64.b64encode(der[i:]) for i in range(3))


def drop_csr(needles, csr_pem):
    if csr_pem is None:
        return
    der = x509.load_pem_x509_csr(csr_pem).public_bytes(Encoding.DER)
    for form in (der, der[::-1], csr_pem):
        needles.drop(form)


# ---- the code, and what opens the archive

def data_at(archive):
    """Where the header of a ZIP's entry is over."""
    return 30 + int.from_bytes(archive[26:28], "little") + int.from_bytes(archive[28:30], "little")


def zip_keys(archive, code):
    """PBKDF2 as WinZip fixes it: AES key and HMAC key."""
    at = data_at(archive)
    derived = hashlib.pbkdf2_hmac("sha1", code.encode(), archive[at:at + 16], 1000, 66)
    return derived[:32], derived[32:64]


def _der_value(data, at, tag):
    """The value of the DER object at `at` and where the next begins; its tag must be this one."""
    assert data[at] == tag
    size, head = data[at + 1], 2
    if size & 0x80:
        head = 2 + (size & 0x7f)
        size = int.from_bytes(data[at + 2:at + head], "big")
    return data[at + head:at + head + size], at + head + size


def pbes2_keys(der, code):
    """The AES keys of every PBKDF2 in an encrypted PKCS#8 or a PKCS#12, whose parameters are in the clear."""
    for found in re.finditer(re.escape(OID_PBKDF2), der):
        parameters = _der_value(der, found.end(), 0x30)[0]
        salt, at = _der_value(parameters, 0, 0x04)
        rounds = int.from_bytes(_der_value(parameters, at, 0x02)[0], "big")
        prf = "sha256" if bytes.fromhex("2a864886f70d0209") in parameters else "sha1"
        yield hashlib.pbkdf2_hmac(prf, code.encode(), salt, rounds, 32)


def shown(code, separator="-"):
    """As people see it: groups of 5-5-5-5-6."""
    return separator.join([code[:5], code[5:10], code[10:15], code[15:20], code[20:]])


def age_file_key(archive, identity):
    """The age file's own key, as its X25519 recipient unwraps it (age-encryption.org/v1)."""
    secret = X25519PrivateKey.from_private_bytes(_bech32(identity))
    lines = archive.split(b"\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(b"-> X25519 "))
    share, body = (base64.b64decode(x + b"=" * (-len(x) % 4)) for x in (lines[at].split()[2], lines[at + 1]))
    shared = secret.exchange(X25519PublicKey.from_public_bytes(share))
    salt = share + secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    wrapping = HKDF(hashes.SHA256(), 32, salt, b"age-encryption.org/v1/X25519").derive(shared)
    return ChaCha20Poly1305(wrapping).decrypt(bytes(12), body, None)


def _bech32(text):
    """The bytes of AGE-SECRET-KEY-1…, its checksum not looked at."""
    bits = "".join(f"{'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.index(c):05b}" for c in text.strip().lower().rsplit("1", 1)[1][:-6])
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits) - len(bits) % 8, 8))


def cms_content_key(archive, key):
    """The AES key of a CMS message, by its RSA recipient: the octet string that this key decrypts."""
    for found in re.finditer(b"\\x04\\x82\\x01\\x00", archive):
        for how in (padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None), padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),
                    padding.PKCS1v15()):
            try:
                content = key.decrypt(archive[found.end():found.end() + 256], how)
            except ValueError:
                continue
            if len(content) == 32:
                return content
    raise AssertionError("this recipient cannot open it")


def add_content_key(needles, order, archive, recipient):
    text = recipient.file.read_text()
    if recipient.format == "cms":
        key = cms_content_key(archive, crypto.load_key(text.encode()))
    else:
        key = age_file_key(archive, next(line for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-")))
    needles.add(order, "content key", key)


def add_code(needles, order, code):
    """`code`: the passphrase, 26 characters."""
    needles.add(order, "code", code.encode())
    needles.add(order, "code", shown(code).encode())
    needles.add(order, "code", code.encode("utf-16-be"))


def add_archive_keys(needles, order, archive, code):
    if archive.startswith(b"PK\x03\x04"):
        aes, mac = zip_keys(archive, code)
        needles.add(order, "AES key", aes)
        for pad in (0, 0x36, 0x5c):
            needles.add(order, "HMAC key", bytes(b ^ pad for b in mac))
        return
    der = base64.b64decode(b"".join(archive.strip().splitlines()[1:-1])) if archive.startswith(b"-----") else archive
    for key in pbes2_keys(der, code):
        needles.add(order, "AES key", key)


def add_archive(needles, order, archive):
    """The archive itself: no key without the code, but the service keeps none after delivery. Also as a mail carries it."""
    inside = archive[data_at(archive):archive.rindex(b"PK\x01\x02")] if archive.startswith(b"PK\x03\x04") else archive[64:-64]
    needles.add(order, "archive", inside)
    text = base64.b64encode(archive)
    needles.add(order, "archive", text[120:-160])


def drop_form(needles, archives, before):
    """What every archive of a form has in common is no trace of one: pieces that another archive has too, or that stood in the memory
    of the service before the first order (`before`)."""
    texts = [form for archive in archives for form in (archive, base64.b64encode(archive))]
    for piece, (_, kind) in list(needles.known.items()):
        if kind == "archive" and (piece in before or sum(piece in text for text in texts) > 1):
            del needles.known[piece]


def of_delivery(needles, order, archive, key, csr_pem, code=None, recipient=None):
    """Everything about one delivered order. `code`: as shown or the passphrase; None when it is sealed to a recipient."""
    add_key(needles, order, key)
    if recipient is not None:
        add_content_key(needles, order, archive, recipient)
    if code is not None:
        add_code(needles, order, crypto.passphrase(code))
        add_archive_keys(needles, order, archive, crypto.passphrase(code))
    add_archive(needles, order, archive)
    drop_csr(needles, csr_pem)
