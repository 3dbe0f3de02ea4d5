"""tls-alpn-01 (RFC 8737, RFC 8738): a real prober looks at real TLS servers, right ones and all that must be refused."""
import datetime
import hashlib
import ipaddress
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from harness.api import unique_name
from harness.net import Trap, free_port
from harness.outposts import TLS_ALPN, Line, Outpost, perspectives_pki

DIGEST = hashlib.sha256(b"token.thumbprint").digest()
ACME_IDENTIFIER = "1.3.6.1.5.5.7.1.31"
GOOD = b"\x04\x20" + DIGEST


def certificate(names, value=GOOD, critical=True, oid=ACME_IDENTIFIER, key=None, signer=None, issuer=None, more=()):
    """(certificate, key) in PEM. names: subjectAltName entries, None for no such extension."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.utcnow()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tls-alpn-01")])
    b = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key.public_key())
         .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
         .not_valid_after(now + datetime.timedelta(days=7)))
    if names is not None:
        b = b.add_extension(x509.SubjectAlternativeName(names), False)
    if value is not None:
        b = b.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), critical)
    for extension in more:
        b = b.add_extension(extension, False)
    cert = b.sign(signer or key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return cert.public_bytes(serialization.Encoding.PEM), pem


class Server:
    """One TLS server at the port that the prober asks; what came is in `sni`, `after` and `connects`."""

    def __init__(self, port, tmp_path):
        self.port, self.tmp_path, self.stop = port, tmp_path, None

    def run(self, pems, alpn=("acme-tls/1",), least=None, most=None, raw=None, host="127.0.0.1", tickets=2):
        self.sni, self.after, self.connects = [], [], 0
        context = None
        if pems is not None:
            file = self.tmp_path / "server.pem"
            file.write_bytes(b"".join(pems))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.num_tickets = tickets
            context.minimum_version = least or ssl.TLSVersion.TLSv1
            context.maximum_version = most or ssl.TLSVersion.TLSv1_3
            context.load_cert_chain(file)
            if alpn:
                context.set_alpn_protocols(list(alpn))
            context.sni_callback = lambda s, name, c: self.sni.append(name)
        listener = socket.create_server((host, self.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.settimeout(0.05)
        done = threading.Event()

        def serve():
            while not done.is_set():
                try:
                    s = listener.accept()[0]
                except OSError:
                    continue
                self.connects += 1
                s.settimeout(6)
                try:
                    if context is None:
                        raw(s)
                    else:
                        tls = context.wrap_socket(s, server_side=True)
                        self.after.append(tls.recv(1000))
                        tls.close()
                except OSError as e:
                    self.after.append(repr(e))
                finally:
                    s.close()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        def stop():
            done.set()
            thread.join(10)
            listener.close()
        self.stop = stop
        return self

    def close(self):
        if self.stop:
            self.stop()
            self.stop = None


@pytest.fixture(scope="module")
def prober(e2e_dir, dns):
    where = e2e_dir / "tls-alpn"
    pki, port = perspectives_pki(where), free_port()
    outpost = Outpost(where, pki, "here", "ripe", dns.address, dns.anchor_file,
                      options=["--tls-alpn-port", port, "--timeout", "2s", "--allow-networks", "127.0.0.0/8, ::1/128"]).up()
    outpost.alpn_port, outpost.pki = port, pki
    yield outpost
    outpost.down()
    outpost.check_sanitizers()


@pytest.fixture
def server(prober, tmp_path):
    one = Server(prober.alpn_port, tmp_path)
    yield one
    one.close()


def look(prober, name):
    with Line(prober, prober.pki) as line:
        return line.ask(TLS_ALPN, name, DIGEST)


def refused(prober, name, error):
    got = look(prober, name)
    assert not got["ok"] and got["error"] == "validation.tls-alpn." + error, got
    assert got["text"] and got["evidence"]["result"] == got["error"]
    return got


@pytest.mark.rfc("8737 3#10", "a self-signed certificate with the one name and the digest of the key authorization is accepted")
@pytest.mark.parametrize("key", [None, rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1()),
                                 ed25519.Ed25519PrivateKey.generate()], ids=["p256", "rsa", "p384", "ed25519"])
def test_the_right_certificate_is_a_proof(prober, server, key):
    name = unique_name()
    server.run(certificate([x509.DNSName(name)], key=key))
    got = look(prober, name)
    assert got["ok"], got
    step = got["evidence"]["steps"][0]
    assert step["dialled"] == "127.0.0.1" and step["dnssec"] == "secure" and step["tls"] == "TLSv1.3"
    assert server.sni == [name]


@pytest.mark.rfc("8737 4#2", "nothing is sent after the handshake")
@pytest.mark.rfc("8737 3#9", "the SNI is the name that is validated; nothing is sent after the handshake, the connection is closed at once")
def test_nothing_but_the_handshake(prober, server):
    name = unique_name()
    # This server would rather speak something else, if that were offered too.
    # It sends no session tickets: we close without reading them, and its kernel would call that a reset or a broken pipe.
    server.run(certificate([x509.DNSName(name)]), alpn=("h2", "http/1.1", "acme-tls/1"), tickets=0)
    assert look(prober, name)["ok"]
    server.close()
    assert server.sni == [name] and server.connects == 1
    assert server.after == [b""]


@pytest.mark.rfc("8737 3#11", "names are compared whatever their case")
def test_case_of_names_does_not_matter(prober, server):
    name = unique_name()
    server.run(certificate([x509.DNSName(name.upper())]))
    assert look(prober, name)["ok"]


@pytest.mark.rfc("8737 4#3", "TLS 1.2 and newer are spoken, nothing older")
def test_versions_of_tls(prober, server):
    name = unique_name()
    pems = certificate([x509.DNSName(name)])
    server.run(pems, most=ssl.TLSVersion.TLSv1_2)
    assert look(prober, name)["ok"]
    server.close()
    server.run(pems, most=ssl.TLSVersion.TLSv1_1)
    assert "version" in refused(prober, name, "handshake")["text"]


@pytest.mark.rfc("8737 3#10", "the server must have chosen \"acme-tls/1\" by ALPN")
@pytest.mark.parametrize("alpn", [(), ("h2", "http/1.1"), ("acme-tls/2",), ("acme-tls",), ("ACME-TLS/1",)])
def test_the_protocol_must_be_chosen(prober, server, alpn):
    name = unique_name()
    server.run(certificate([x509.DNSName(name)]), alpn=alpn)
    refused(prober, name, "protocol")


def _names(name):
    other = unique_name()
    return {
        "other": ([x509.DNSName(other)], "name"), "parent": ([x509.DNSName(name.split(".", 1)[1])], "name"),
        "below": ([x509.DNSName("a." + name)], "name"), "wildcard": ([x509.DNSName("*." + name.split(".", 1)[1])], "name"),
        "dot": ([x509.DNSName(name + ".")], "name"), "nul": ([x509.DNSName(name + "\x00.example")], "name"),
        "ip": ([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))], "name"), "uri": ([x509.UniformResourceIdentifier(name)], "name"),
        "two": ([x509.DNSName(name), x509.DNSName(other)], "names"), "twice": ([x509.DNSName(name), x509.DNSName(name)], "names"),
        "mail too": ([x509.DNSName(name), x509.RFC822Name("a@" + name)], "names"), "none": (None, "san")}


@pytest.mark.rfc("8737 3#10", "subjectAltName holds exactly the one dNSName that is validated, and no other entry")
@pytest.mark.parametrize("case", list(_names("a.b")))
def test_the_names_must_be_the_one_name(prober, server, case):
    name = unique_name()
    names, error = _names(name)[case]
    server.run(certificate(names))
    refused(prober, name, error)


VALUES = {
    "absent": (None, True, ACME_IDENTIFIER, "extension"), "not critical": (GOOD, False, ACME_IDENTIFIER, "critical"),
    "early draft's OID": (GOOD, True, "1.3.6.1.5.5.7.1.30.1", "extension"), "next OID": (GOOD, True, "1.3.6.1.5.5.7.1.32", "extension"),
    "other digest": (b"\x04\x20" + bytes(32), True, ACME_IDENTIFIER, "digest"),
    "no octet string": (DIGEST, True, ACME_IDENTIFIER, "value"), "empty": (b"", True, ACME_IDENTIFIER, "value"),
    "short": (b"\x04\x1f" + DIGEST[:31], True, ACME_IDENTIFIER, "value"), "long": (b"\x04\x21" + DIGEST + b"\0", True, ACME_IDENTIFIER, "value"),
    "trailing": (GOOD + b"\0", True, ACME_IDENTIFIER, "value"), "not DER": (b"\x04\x81\x20" + DIGEST, True, ACME_IDENTIFIER, "value"),
    "twice wrapped": (b"\x04\x22" + GOOD, True, ACME_IDENTIFIER, "value"), "bit string": (b"\x03\x20" + DIGEST, True, ACME_IDENTIFIER, "value"),
    "length lies": (b"\x04\x1f" + DIGEST, True, ACME_IDENTIFIER, "value"), "hex": (b"\x04\x40" + DIGEST.hex().encode(), True, ACME_IDENTIFIER, "value"),
}


@pytest.mark.rfc("8737 3#10", "acmeIdentifier (1.3.6.1.5.5.7.1.31) is critical, and exactly an OCTET STRING of the 32-byte digest")
@pytest.mark.parametrize("case", list(VALUES))
def test_the_extension_must_be_exact(prober, server, case):
    value, critical, oid, error = VALUES[case]
    name = unique_name()
    server.run(certificate([x509.DNSName(name)], value, critical, oid))
    refused(prober, name, error)


@pytest.mark.rfc("8737 3", "the certificate is self-signed")
def test_what_somebody_else_signed_is_no_proof(prober, server):
    name, signer = unique_name(), ec.generate_private_key(ec.SECP256R1())
    server.run(certificate([x509.DNSName(name)], signer=signer))
    refused(prober, name, "self-signed")
    server.close()
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody else")])
    server.run(certificate([x509.DNSName(name)], issuer=issuer))
    refused(prober, name, "self-signed")


def test_other_extensions_do_not_matter(prober, server):
    name = unique_name()
    server.run(certificate([x509.DNSName(name)], more=[x509.BasicConstraints(False, None),
                                                       x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])]))
    assert look(prober, name)["ok"]


@pytest.mark.rfc("8738 6#2", "for an address the SNI is its name in the reverse tree, and the certificate holds it as iPAddress")
@pytest.mark.parametrize("address,sni", [("127.0.0.1", "1.0.0.127.in-addr.arpa"), ("::1", "1." + "0." * 31 + "ip6.arpa")])
def test_addresses(prober, server, address, sni):
    server.run(certificate([x509.IPAddress(ipaddress.ip_address(address))]), host=address)
    got = look(prober, address)
    assert got["ok"], got
    assert server.sni == [sni]


@pytest.mark.rfc("8738 6", "an address as dNSName, another address, or its reverse name in the certificate is no proof")
@pytest.mark.parametrize("entry", [x509.DNSName("127.0.0.1"), x509.IPAddress(ipaddress.ip_address("127.0.0.2")),
                                   x509.IPAddress(ipaddress.ip_address("::ffff:127.0.0.1")), x509.DNSName("1.0.0.127.in-addr.arpa")])
def test_addresses_must_be_exact(prober, server, entry):
    server.run(certificate([entry]))
    refused(prober, "127.0.0.1", "name")


def test_servers_that_are_none(prober, server):
    name = unique_name()
    refused(prober, name, "connect")
    server.run(None, raw=lambda s: s.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    refused(prober, name, "handshake")
    server.close()
    server.run(None, raw=lambda s: s.recv(1000))
    refused(prober, name, "handshake")
    server.close()
    server.run(None, raw=lambda s: (s.recv(1000), threading.Event().wait(3)))
    refused(prober, name, "timeout")


@pytest.mark.parametrize("name", ["meta.good.test", "private.good.test", "mapped.good.test", "nat64.good.test", "v6link.good.test",
                                  "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "fe80::1"])
def test_no_name_leads_inside(prober, name):
    trap = Trap()
    try:
        refused(prober, name, "address")
        assert trap.connects() == 0
    finally:
        trap.close()


@pytest.mark.parametrize("name,error", [("www.wrongds.test", "dns.bogus"), ("www.expired.test", "dns.bogus"), ("www.nosuch.test", "dns.nxdomain"),
                                        ("loop1.good.test", "dns.loop"), ("a b.good.test", "dns.name"), ("127.1", "dns."), ("", "dns.name")])
def test_dns_trouble(prober, name, error):
    got = look(prober, name)
    assert not got["ok"] and got["error"].startswith(error), got
