"""Keys as they are handed over, opened by other people's programs."""
import datetime
import pathlib
import shutil
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from . import crypto, csrs


def _in_file(data, name, run):
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d, name)
        path.write_bytes(data)
        done = subprocess.run([str(w) for w in run(path)], capture_output=True, timeout=60)
        return done.stdout if done.returncode == 0 and b"PRIVATE KEY" in done.stdout else None


def _pem(out):
    """The key's PEM out of what openssl prints around it."""
    return out and b"-----BEGIN" + out.split(b"-----BEGIN", 1)[1]


OPENED_BY = {
    "zip": crypto.open_with_7z,
    "pkcs8": lambda data, code: _in_file(data, "k.pem", lambda p: ["openssl", "pkey", "-in", p, "-passin", "pass:" + crypto.passphrase(code)]),
    "p12": lambda data, code: _pem(_in_file(data, "k.p12", lambda p: ["openssl", "pkcs12", "-in", p, "-nocerts", "-noenc", "-passin",
                                                                     "pass:" + crypto.passphrase(code)])),
}
OPENED_BY["p12-legacy"] = OPENED_BY["p12"]


class Recipient:
    """Somebody's key pair: the text that they give away, and the file that opens what is sealed to it."""

    def __init__(self, directory, kind):
        self.kind, self.file = kind, pathlib.Path(directory, "identity-" + kind.replace(":", ""))
        self.format = "cms" if kind.startswith("cert:") else "age"
        if kind == "age":
            crypto.run("age-keygen", "-o", self.file)
            self.text = crypto.run("age-keygen", "-y", self.file).stdout.decode().strip()
            self.name = self.text
        elif self.format == "age":
            crypto.run("ssh-keygen", "-q", "-t", kind.removeprefix("ssh-"), "-N", "", "-C", "ann@example.com", "-f", self.file)
            public = pathlib.Path(str(self.file) + ".pub")
            self.text, self.name = public.read_text(), crypto.run("ssh-keygen", "-l", "-f", public).stdout.decode().split()[1]
        else:
            key = csrs.new_key(kind.removeprefix("cert:"))
            self.file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            cert = certificate(key)
            self.text, self.name = cert.public_bytes(Encoding.PEM).decode(), cert.fingerprint(hashes.SHA256()).hex()
        self.file.chmod(0o600)

    def open(self, data):
        """The key as PEM, or None when the program refuses."""
        if self.format == "age":
            return _in_file(data, "k.age", lambda p: ["age", "-d", "-i", self.file, p])
        return _in_file(data, "k.p7m", lambda p: ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", p, "-inkey", self.file])


def certificate(key, start=-1, days=30, usage=None):
    """A certificate of this key for itself, in force from `start` for `days` days from now, or with one bit of key usage."""
    now = datetime.datetime.utcnow()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Ann Recipient")])
    b = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
         .not_valid_before(now + datetime.timedelta(days=start)).not_valid_after(now + datetime.timedelta(days=days)))
    if usage:
        flags = dict.fromkeys(["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                               "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False)
        b = b.add_extension(x509.KeyUsage(**{**flags, usage: True}), True)
    return b.sign(key, hashes.SHA256())


RECIPIENTS = ["age", "ssh-ed25519", "ssh-rsa", "cert:rsa:2048", "cert:ec:p256", "cert:ec:p384"]


def missing(kind):
    """Why what is sealed to this kind of key cannot be opened here, or None."""
    tool = "age" if kind == "age" or kind.startswith("ssh") else "openssl"
    return None if shutil.which(tool) else f"{tool} is not installed"
