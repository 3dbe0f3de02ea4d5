"""Remote perspectives: real `autocsr-prober --listen` processes, each with the DNS that it is given."""
import json
import os
import pathlib
import signal
import socket
import ssl
import struct
import subprocess

from .net import can_connect, free_port, wait_for
from .service import REPO, SANITIZER, program
from .testpki import TestPki


SERVICE_NAME = "service.perspectives.test"


class Outpost:
    """One remote prober. `setting` is its entry of [perspectives] remotes."""

    def __init__(self, directory, pki, name, region, resolver, anchor, host="127.0.0.1", netns=None, options=()):
        self.dir, self.name, self.region, self.host, self.netns = pathlib.Path(directory), name, region, host, netns
        self.port, self.proc = free_port(), None
        self.log_path = self.dir / f"{name}.log"
        cert, key = pki.server_files(host)
        if not {"--client-name", "--any-client"} & set(options):
            options = ["--client-name", SERVICE_NAME, *options]
        self.words = [program("autocsr-prober"), "--listen", f"{host}:{self.port}", "--cert", cert, "--key", key,
                      "--client-ca", str(pki.ca_file), "--resolver", resolver, "--trust-anchor", str(anchor),
                      "--allow-networks", "127.0.0.0/8", "--timeout", "5s", *map(str, options)]

    @property
    def setting(self):
        return f"{self.name}={self.host}:{self.port}/{self.region}"

    def up(self):
        if self.proc is None:
            prefix = ["ip", "netns", "exec", self.netns] if self.netns else []
            with open(self.log_path, "ab") as log:
                self.proc = subprocess.Popen(prefix + self.words, stdout=log, stderr=log)
            wait_for(f"the perspective {self.name}", lambda: self._listening(), 20)
        return self

    def _listening(self):
        assert self.proc.poll() is None, self.log_text()
        return "prober.listening" in self.log_text() and (self.netns or can_connect(self.port, self.host))

    def down(self):
        if self.proc is not None:
            self.proc.send_signal(signal.SIGTERM)
            self.proc.wait(60)
            self.proc = None
            self.log_path.rename(self.log_path.with_suffix(f".{os.urandom(3).hex()}.log"))

    def log_text(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def check_sanitizers(self):
        for log in self.dir.glob(f"{self.name}*.log"):
            assert not SANITIZER.search(log.read_text()), log.read_text()[-3000:]


def perspectives_pki(directory):
    """A CA that vouches for the services and the outposts, and for nobody else."""
    where = pathlib.Path(directory)
    where.mkdir(parents=True, exist_ok=True)
    where.chmod(0o755)
    return TestPki(where)


def perspectives_config(pki, outposts, **more):
    """The [perspectives] section of a service that asks these."""
    cert, key = pki.server_files(SERVICE_NAME)
    return {"remotes": ", ".join(o.setting for o in outposts), "certificate": cert, "key": key, "ca_file": pki.ca_file,
            **more}


# ---- speaking to an outpost as a service does (src/ipc/messages.def), without any of our code

HTTP, DNS, CAA, RESULT, TLS_ALPN, PERSIST, FAILED = 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x10


def question(kind, *fields, version=None, number=7):
    """A frame. Fields: text and bytes with their length before them, numbers as eight bytes."""
    text = (REPO / "src/ipc/messages.h").read_text()
    version = version or int(text.split("IPC_VERSION = ")[1].split(",")[0])
    body = struct.pack(">HHQ", version, kind, number)
    for field in fields:
        raw = field.encode() if isinstance(field, str) else field
        body += struct.pack(">Q", raw) if isinstance(raw, int) else struct.pack(">I", len(raw)) + raw
    return struct.pack(">I", len(body)) + body


class Line:
    """A service's connection to an outpost."""

    def __init__(self, outpost, pki, trust=None, name=SERVICE_NAME):
        context = ssl.create_default_context(cafile=str((trust or pki).ca_file))
        if pki is not None:
            context.load_cert_chain(*pki.server_files(name))
        raw = socket.create_connection((outpost.host, outpost.port), 5)
        self.tls, self.seen = context.wrap_socket(raw, server_hostname=outpost.host), b""
        self.tls.settimeout(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tls.close()

    def send(self, frame):
        self.tls.sendall(frame)

    def refused(self):
        """The other side hangs up without a byte (in TLS 1.3 a client learns only by reading that it was refused)."""
        try:
            return self.tls.recv(100) == b""
        except (ssl.SSLError, ConnectionError):
            return True

    def _take(self, n):
        while len(self.seen) < n:
            more = self.tls.recv(65536)
            assert more, "the outpost hung up"
            self.seen += more
        head, self.seen = self.seen[:n], self.seen[n:]
        return head

    def answer(self):
        """The next answer: {number, ok, error, text, evidence, ttl}."""
        body = self._take(struct.unpack(">I", self._take(4))[0])
        _, kind, number = struct.unpack(">HHQ", body[:12])
        assert kind == RESULT, (kind, body)
        at, texts = 20, []
        for _ in range(3):
            size = struct.unpack(">I", body[at:at + 4])[0]
            texts.append(body[at + 4:at + 4 + size].decode())
            at += 4 + size
        return {"number": number, "ok": body[19] == 1, "error": texts[0], "text": texts[1], "evidence": json.loads(texts[2]),
                "ttl": struct.unpack(">Q", body[at:at + 8])[0]}

    def ask(self, kind, *fields):
        self.send(question(kind, *fields))
        return self.answer()
