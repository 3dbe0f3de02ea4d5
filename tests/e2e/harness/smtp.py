"""A real SMTP server with STARTTLS that keeps what it receives, and has bad days on demand."""
import asyncio
import email
import email.policy
import re
import socket
import ssl
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from .net import free_port, wait_for


class Mail:
    """One accepted message: envelope, whether TLS was on, and the parsed text."""

    def __init__(self, envelope, tls):
        self.sender, self.recipients = envelope.mail_from, list(envelope.rcpt_tos)
        self.raw, self.tls = envelope.content, tls
        self.message = email.message_from_bytes(self.raw, policy=email.policy.default)
        self.subject = str(self.message["Subject"])

    def part(self, kind):
        body = self.message.get_body(preferencelist=(kind,))
        return body.get_content() if body is not None else ""

    @property
    def text(self):
        return self.part("plain")

    @property
    def html(self):
        return self.part("html")

    def attachments(self):
        """[(file name, bytes)]"""
        return [(p.get_filename(), p.get_content()) for p in self.message.iter_attachments()]

    def decoded(self):
        """Everything that a reader or a thief can see, transfer encodings undone."""
        leaves = [p.get_payload(decode=True) or b"" for p in self.message.walk() if not p.is_multipart()]
        return b"\n".join([self.raw, self.subject.encode(), *leaves])

    def token(self, what):
        """The token of a link PUBLIC_URL/#/what/TOKEN."""
        found = re.search(rf"/#/{what}/([A-Za-z0-9_.~-]+)", self.text)
        assert found, f"no {what} link in: {self.text}"
        return found.group(1)


class _Handler:
    def __init__(self, sink):
        self.sink = sink

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.sink.attempts += 1
        if self.sink.mode == "refuse-4xx":
            return "451 4.3.0 come back later"
        if self.sink.mode == "refuse-5xx":
            return "554 5.7.1 not today"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.lower() in self.sink.refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = Mail(envelope, session.ssl is not None)
        with self.sink.lock:
            self.sink.mails.append(mail)
        if self.sink.mode == "drop-after-data":
            server.transport.abort()
            return "250 OK"
        if self.sink.mode == "slow":
            await asyncio.sleep(self.sink.slow_seconds)
        return "250 OK"


class _Controller(Controller):
    def __init__(self, sink, port, context):
        self.context_for_starttls, self.sink = context, sink
        super().__init__(_Handler(sink), hostname="127.0.0.1", port=port)

    def factory(self):
        return SMTP(self.handler, tls_context=self.context_for_starttls, hostname="localhost",
                    require_starttls=self.context_for_starttls is not None, data_size_limit=1 << 22)


class SmtpSink:
    """`mode`: ok, refuse-4xx, refuse-5xx, slow, drop-after-data. `down()` and `up()` keep the port."""

    def __init__(self, pki, starttls=True):
        self.lock, self.mails, self.refused = threading.Lock(), [], set()
        self.mode, self.slow_seconds, self.attempts = "ok", 2.0, 0
        self.port = free_port()
        self.context = None
        if starttls:
            cert, key = pki.server_files("localhost", "127.0.0.1")
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(cert, key)
        self.ca_file = pki.ca_file
        self.controller = None
        self.up()

    def up(self):
        if self.controller is None:
            self.controller = _Controller(self, self.port, self.context)
            self.controller.start()

    def down(self):
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    def to(self, address):
        with self.lock:
            return [m for m in self.mails if address.lower() in [r.lower() for r in m.recipients]]

    def wait(self, address, n=1, match=None, seconds=20):
        """The n-th mail to this address (whose text or subject holds `match`), waiting for it."""
        def enough():
            got = [m for m in self.to(address) if match is None or match in m.text or match in m.subject]
            return got if len(got) >= n else None
        return wait_for(f"mail {n} to {address} with {match!r}", enough, seconds)[n - 1]

    close = down


def silent_listener():
    """A mail server that accepts and then says nothing."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(8)
    return s
