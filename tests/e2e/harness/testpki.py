"""A small CA of the test's own, for the mail server's certificate: the service's CA must not vouch for it."""
import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def _san(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class TestPki:
    __test__ = False

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("Test mail CA")
        self.cert = self._build(self.name, self.key.public_key(), x509.BasicConstraints(True, None), [])
        self.ca_file = self.dir / "mail-ca.pem"
        self.ca_file.write_bytes(self.cert.public_bytes(serialization.Encoding.PEM))
        self.ca_file.chmod(0o644)

    def _build(self, subject, public, constraints, san):
        now = datetime.datetime.utcnow()
        b = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
             .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=400))
             .not_valid_after(now + datetime.timedelta(days=4000)).add_extension(constraints, True)
             .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
             .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False))
        if constraints.ca:  # Python 3.13 insists
            b = b.add_extension(x509.KeyUsage(*[i in (5, 6) for i in range(9)]), True)
        if san:
            b = b.add_extension(x509.SubjectAlternativeName([_san(h) for h in san]), False)
        return b.sign(self.key, hashes.SHA256())

    def server_files(self, *hosts):
        """Paths of certificate and key (PEM) for these host names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert = self._build(_name(hosts[0]), key.public_key(), x509.BasicConstraints(False, None), hosts)
        stem = "server-" + hosts[0].replace("*", "_")
        c, k = self.dir / f"{stem}.pem", self.dir / f"{stem}.key"
        c.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        k.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption()))
        return str(c), str(k)
