"""What a customer does with the archive: open it with independent programs, compare key, CSR and certificate."""
import base64
import hashlib
import pathlib
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def run(*words, stdin=b"", ok=True):
    done = subprocess.run([str(w) for w in words], input=stdin, capture_output=True, timeout=60)
    if ok:
        assert done.returncode == 0, f"{words[0]} failed: {done.stderr.decode(errors='replace')[-800:]}"
    return done


def passphrase(code):
    """The passphrase out of a code as shown: groups joined, the check symbol is not part of it."""
    text = code["code"] if isinstance(code, dict) else code
    return text.replace("-", "").replace(" ", "")


def open_with_7z(archive, code):
    """The single entry as 7-Zip gives it, or None when it refuses."""
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d, "a.zip")
        path.write_bytes(archive)
        done = run("7z", "x", "-so", f"-p{passphrase(code)}", path, ok=False)
        return done.stdout if done.returncode == 0 else None


def open_with_bsdtar(archive, code):
    """The single entry as bsdtar gives it, or None when it refuses."""
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d, "a.zip")
        path.write_bytes(archive)
        done = run("bsdtar", "-xOf", path, "--passphrase", passphrase(code), ok=False)
        return done.stdout if done.returncode == 0 else None


def archive_entries(archive):
    """Names in the archive, from 7-Zip's listing."""
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d, "a.zip")
        path.write_bytes(archive)
        text = run("7z", "l", "-slt", path).stdout.decode()
    return [line[7:] for line in text.split("----------", 1)[1].splitlines() if line.startswith("Path = ")]


def open_archive(archive, code):
    """The key as PEM; 7-Zip and bsdtar must agree."""
    key = open_with_7z(archive, code)
    assert key, "7-Zip does not open the archive with the code"
    assert open_with_bsdtar(archive, code) == key
    return key


def spki(public):
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def spki_sha256(public):
    return hashlib.sha256(spki(public)).hexdigest()


def load_key(pem):
    return serialization.load_pem_private_key(pem, None)


def certificates(pem):
    """All certificates of a PEM text, leaf first."""
    out, text = [], pem if isinstance(pem, bytes) else pem.encode()
    for part in text.split(b"-----END CERTIFICATE-----")[:-1]:
        out.append(x509.load_pem_x509_certificate(part + b"-----END CERTIFICATE-----\n"))
    return out


def sans(cert_or_csr):
    names = cert_or_csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName) + [str(a) for a in names.get_values_for_type(x509.IPAddress)]


def verify_chain(fullchain, root_pem, host=None):
    """openssl verifies the leaf over the intermediate up to the root."""
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d, "chain.pem")
        path.write_bytes(fullchain)
        leaf = pathlib.Path(d, "leaf.pem")
        leaf.write_bytes(certificates(fullchain)[0].public_bytes(Encoding.PEM))
        host_args = ["-verify_hostname", host] if host else []
        run("openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", root_pem, "-untrusted", path,
            *host_args, leaf)


def check_all_match(key_pem, csr_pem, fullchain, root_pem, host=None):
    """key = CSR = certificate, the CSR verifies, the chain verifies; openssl and cryptography both judge."""
    key, csr, cert = load_key(key_pem), x509.load_pem_x509_csr(csr_pem), certificates(fullchain)[0]
    assert spki(key.public_key()) == spki(csr.public_key()) == spki(cert.public_key())
    assert csr.is_signature_valid
    run("openssl", "pkey", "-noout", "-check", stdin=key_pem)
    run("openssl", "req", "-noout", "-verify", stdin=csr_pem)
    verify_chain(fullchain, root_pem, host)
    return key, csr, cert


def private_values(key):
    """The private numbers of a key as big-endian bytes."""
    if not hasattr(key, "private_numbers"):
        return [key.private_bytes(Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())]
    n = key.private_numbers()
    numbers = [n.p, n.q, n.d, n.dmp1, n.dmq1, n.iqmp] if hasattr(n, "p") else [n.private_value]
    return [value.to_bytes((value.bit_length() + 7) // 8, "big") for value in numbers]


def secret_patterns(key_pem):
    """Byte strings that must appear nowhere but in the archive: pieces of the private numbers as bytes in both orders, as hex,
    and as they stand in the PEM, line by line. What is public is left out."""
    values = private_values(load_key(key_pem))
    out = [piece for raw in values for piece in (raw[:24], raw[-24:], raw[::-1][:24], raw.hex().encode()[:48])]
    lines = [li for li in key_pem.splitlines() if li and not li.startswith(b"-----")]
    der, in_pem = base64.b64decode(b"".join(lines)), 0
    for start in (der.index(v) for v in values if v in der):
        value = next(v for v in values if der[start:].startswith(v))
        first, last, at = -(-start // 3) * 4, (start + len(value)) // 3 * 4, 0
        for line in lines:
            piece = line[max(0, first - at):max(0, last - at)]
            if len(piece) >= 16:
                out.append(piece)
                in_pem += 1
            at += len(line)
    assert in_pem, "no part of the PEM was taken for private"
    return out
