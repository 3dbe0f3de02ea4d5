"""An HTTPS server on loopback for test_https.c: the path says how it answers. usage: https_server.py DIR; prints PORT N; ends with its input."""
import datetime
import http.server
import ipaddress
import ssl
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def self_signed(directory, name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost")] + ([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))] if name == "good" else [])
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName(names), False).add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    pem = cert.public_bytes(serialization.Encoding.PEM)
    with open(f"{directory}/{name}.pem", "wb") as f:
        f.write(pem)
    with open(f"{directory}/{name}.key", "wb") as f:
        f.write(pem + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/echo":
            told = "|".join([self.command, self.headers.get("Content-Type", ""), self.headers.get("Accept", ""), self.headers.get("User-Agent", ""),
                             self.headers.get("Cookie", ""), body.decode()])
            self.answer(200, [("Content-Type", "text/plain"), ("Replay-Nonce", "n0nce"), ("X-Secret", "not asked for"), ("Set-Cookie", "a=b"),
                              ("Link", '<https://x/>;rel="a"'), ("Link", '<https://y/>;rel="b"')], told.encode())
        elif self.path == "/redirect":
            self.answer(302, [("Location", "/echo")], b"")
        elif self.path == "/large":
            self.send_response(200)
            self.send_header("Content-Length", str(10 << 30))
            self.end_headers()
            for _ in range(1024):
                self.wfile.write(b"x" * 65536)
        elif self.path == "/headers":
            self.answer(200, [(f"X-{i}", "y" * 1000) for i in range(90)], b"")
        elif self.path == "/odd":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: a\xff\xfeb\r\nReplay-Nonce: \x01\x02\r\nLocation: https://ok/\r\nContent-Length: 0\r\n\r\n")
        elif self.path == "/cut":
            self.close_connection = True
        elif self.path == "/slow":
            threading.Event().wait(30)

    do_GET = do_HEAD = do_POST = handle_one

    def log_message(self, *_):
        pass


def serve(directory, name):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/{name}.key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server.server_address[1]


for one in ("good", "stranger"):
    self_signed(sys.argv[1], one)
print("PORT", serve(sys.argv[1], "good"), flush=True)
sys.stdin.read()
