"""A mail server for the unit tests: real SMTP with TLS, and bad manners on demand.

sink.py DIR MODE... : makes DIR/ca.pem, prints "PORT n", then "MAIL n" for each mail that arrived whole, which is
then in DIR/n.eml behind three lines "TLS yes|no", "FROM address", "TO addresses". Ends with its standard input.
"""
import datetime
import ipaddress
import os
import socket
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

where, modes = sys.argv[1], set(sys.argv[2:])


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, key, issuer, issuer_key, ca, alt=()):
    now = datetime.datetime.utcnow()
    b = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
    b = b.public_key(key.public_key()).serial_number(x509.random_serial_number())
    b = b.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
    b = b.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if alt:
        b = b.add_extension(x509.SubjectAlternativeName(alt), critical=False)
    return b.sign(issuer_key, hashes.SHA256())


def pem(path, *parts):
    with open(os.path.join(where, path), "wb") as f:
        f.write(b"".join(parts))
    return os.path.join(where, path)


def context():
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = certificate("sink CA", ca_key, "sink CA", ca_key, True)
    alt = [x509.DNSName("elsewhere.test")] if "wrong-name" in modes else \
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = certificate("sink", key, "sink CA", ca_key, False, alt)
    public = serialization.Encoding.PEM
    pem("ca.pem", ca.public_bytes(public))
    chain = pem("server.pem", leaf.public_bytes(public), key.private_bytes(
        public, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    c = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    c.load_cert_chain(chain)
    return c


class Handler:
    count = 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        if "later" in modes:
            return "451 4.3.0 come back later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "no-mailbox" in modes:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "drop" in modes:
            server.transport.abort()
            return "250 OK"
        if "no-spam" in modes:
            return "554 5.7.1 looks like spam"
        Handler.count += 1
        head = f"TLS {'yes' if session.ssl else 'no'}\nFROM {envelope.mail_from}\nTO {' '.join(envelope.rcpt_tos)}\n"
        pem(f"{Handler.count}.eml", head.encode(), envelope.content)
        print(f"MAIL {Handler.count}", flush=True)
        return "250 2.0.0 queued as sink-1"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"ann" and data.password == b"s3cret", handled=False)


class Server(Controller):
    def factory(self):
        extra = {}
        if "starttls" in modes:
            extra.update(tls_context=CONTEXT, require_starttls=True)
        if "login" in modes:
            extra.update(authenticator=authenticate, auth_required=True, auth_require_tls=False)
        return SMTP(self.handler, hostname="localhost", data_size_limit=1 << 22, **extra)


CONTEXT = context()
if "silent" in modes:
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(8)
    port = s.getsockname()[1]
else:
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    server = Server(Handler(), hostname="127.0.0.1", port=port,
                    ssl_context=CONTEXT if "smtps" in modes else None)
    server.start()
sys.stderr = open(os.devnull, "w")  # what broken handshakes make it print
print(f"PORT {port}", flush=True)
sys.stdin.read()
os._exit(0)
