"""Somebody else's CA, with a root and an intermediate of its own, that signs the CSRs people bring to it."""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
DAY = datetime.timedelta(days=1)


def _name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


class OfflineCa:
    def __init__(self, title="Offline"):
        self.root_key, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = self._ca(_name(title + " Root"), self.root_key, _name(title + " Root"), self.root_key)
        self.issuing = self._ca(_name(title + " Issuing"), self.key, _name(title + " Root"), self.root_key)
        self.root_pem, self.issuing_pem = (c.public_bytes(PEM).decode() for c in (self.root, self.issuing))

    def _builder(self, subject, public, issuer, signer, begin, end, serial=None):
        now = datetime.datetime.utcnow().replace(microsecond=0)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
                .serial_number(serial or x509.random_serial_number()).not_valid_before(now + begin).not_valid_after(now + end)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False))

    def _ca(self, subject, key, issuer, signer):
        return (self._builder(subject, key.public_key(), issuer, signer, -DAY, 3000 * DAY)
                .add_extension(x509.BasicConstraints(True, None), True)
                .add_extension(x509.KeyUsage(*[i in (0, 5, 6) for i in range(9)]), True).sign(signer, hashes.SHA256()))

    def sign(self, csr, names=None, begin=-DAY / 24, end=90 * DAY, serial=None, signer=None, public=None, ca=False, extra=()):
        """The certificate for a CSR (PEM); what is given instead makes a wrong one."""
        csr = x509.load_pem_x509_csr(csr if isinstance(csr, bytes) else csr.encode())
        san = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value if names is None else \
            x509.SubjectAlternativeName([x509.DNSName(n) for n in names])
        public = public or csr.public_key()
        b = (self._builder(csr.subject, public, self.issuing.subject, signer or self.key, begin, end, serial)
             .add_extension(x509.BasicConstraints(ca, None), True)
             .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
             .add_extension(x509.KeyUsage(*[i == 0 for i in range(9)]), True))
        if len(list(san)):
            b = b.add_extension(san, False)
        for extension, critical in extra:
            b = b.add_extension(extension, critical)
        return b.sign(signer or self.key, hashes.SHA256())

    def pem(self, *certs):
        return "".join(c.public_bytes(PEM).decode() for c in certs)

    def chain(self, leaf):
        return self.pem(leaf, self.issuing)

    def p7b(self, *certs, encoding=PEM):
        return pkcs7.serialize_certificates(list(certs), encoding)
