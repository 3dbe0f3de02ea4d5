"""A customer's TLS server that answers tls-alpn-01 (RFC 8737), rightly or as a test wants it."""
import datetime
import hashlib
import ipaddress
import pathlib
import socket
import ssl
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from .csrs import new_key

ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")


def certificate(name, authorization, critical=True):
    """(certificate, key) in PEM: self-signed, for this name or address and the digest of the key authorization."""
    key = new_key()
    try:
        san = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        san = x509.DNSName(name)
    now = datetime.datetime.utcnow()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    digest = b"\x04\x20" + hashlib.sha256(authorization.encode()).digest()
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1)).add_extension(x509.SubjectAlternativeName([san]), False)
            .add_extension(x509.UnrecognizedExtension(ACME_IDENTIFIER, digest), critical).sign(key, hashes.SHA256()))
    return cert.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class AlpnServer:
    """Listens on a port of its own; `serve` sets what is shown from then on. `seen` holds (SNI, ALPN) of each handshake."""

    def __init__(self, address=("127.0.0.1", 0)):
        self.listener = socket.create_server(address)
        self.port = self.listener.getsockname()[1]
        self.context, self.seen, self._sni = None, [], None
        threading.Thread(target=self._run, daemon=True).start()

    def serve(self, name, authorization, protocols=("acme-tls/1",), **how):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        with tempfile.TemporaryDirectory() as d:
            path = pathlib.Path(d, "both.pem")
            path.write_bytes(certificate(name, authorization, **how))
            context.load_cert_chain(path)
        context.sni_callback = lambda sock, sni, ctx: setattr(self, "_sni", sni)
        self.context = context

    def _run(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            try:
                plain.settimeout(5)
                with self.context.wrap_socket(plain, server_side=True) as tls:
                    self.seen.append((self._sni, tls.selected_alpn_protocol()))
                    tls.recv(1)
            except (OSError, AttributeError):
                plain.close()

    def close(self):
        self.listener.close()
