"""One real process of the service alone: the test speaks autocsrd's and core's messages to it."""
import itertools
import os
import re
import socket
import struct
import subprocess
import sys

from .net import wait_for
from .service import REPO, SANITIZER, program

sys.path.append(str(REPO / "tests/forensic"))
from lab import protocol  # noqa: E402


def presets(role):
    """Every key of conf_keys.def that this role is told, with its preset."""
    text = (REPO / "src/ipc/conf_keys.def").read_text()
    for section, name, kind, preset, roles in re.findall(r'^KEY\((\w+), (\w+), (\w+), "([^"]*)", ([^,]*)', text, re.M):
        if f"R_{role.upper()}" in roles:
            yield f"{section}.{name}", preset.split("|")[0] if kind == "CHOICE" else preset


class Refused(Exception):
    """A `failed` answer."""

    def __init__(self, id, text):
        super().__init__(f"{id}: {text}")
        self.id, self.text = id, text


class Part:
    """role: courier, hook … ; settings by "section.key". Use as a context."""

    def __init__(self, role, directory, settings=None, env=None):
        self.role, self.settings, self.env = role, settings or {}, env or {}
        self.known = protocol.messages()
        self.names = {m.number: n for n, m in self.known.items()}
        self.numbers, self.log_path = itertools.count(100), directory / f"{role}.log"
        self.proc = self.control = self.core = None
        self.answers, self.rest = {}, b""

    def __enter__(self):
        return self.start()

    def start(self):
        ours, theirs = socket.socketpair()
        with open(self.log_path, "ab") as log:
            self.proc = subprocess.Popen(
                ["/usr/bin/python3", "-c", "import os, sys; os.dup2(int(sys.argv[2]), 3); os.execv(sys.argv[1], sys.argv[1:2])",
                 program(f"autocsr-{self.role}"), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),), stderr=log, env={**os.environ, **self.env})
        theirs.close()
        self.control = ours
        keys = [f"{k}={self.settings.get(k, preset)}" for k, preset in presets(self.role)]
        ours.sendall(protocol.encode(self.known["config"], 1, {"keys": keys}))
        ours.settimeout(60)
        answer = ours.recv(65536)
        assert answer, "it did not start:\n" + self.log()
        self.connect()
        return self

    def connect(self):
        """As a core that has just started."""
        ours, theirs = socket.socketpair()
        data = protocol.encode(self.known["peer"], 2, {"role": protocol.ROLES.index("CORE")})
        socket.send_fds(self.control, [data[:1]], [theirs.fileno()])
        self.control.sendall(data[1:])
        theirs.close()
        if self.core is not None:
            self.core.close()
        self.core, self.rest = ours, b""

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.proc.poll() is None:
            self.control.sendall(protocol.encode(self.known["stop"], 3, {}))
            assert self.proc.wait(60) is not None
        self.control.close()
        self.core.close()
        assert not SANITIZER.search(self.log()), self.log()

    def log(self):
        return self.log_path.read_text(errors="replace")

    # ---- asking

    def tell(self, name, values):
        number = next(self.numbers)
        self.core.sendall(protocol.encode(self.known[name], number, values))
        return number

    def wait(self, number, seconds=30):
        """The fields of the answer; Refused when it is `failed`."""
        wait_for(f"an answer to {number}", lambda: self._pump() or number in self.answers, seconds)
        name, values = self.answers.pop(number)
        if name == "failed":
            raise Refused(values["id"], values["text"])
        return values

    def ask(self, name, values, seconds=30):
        return self.wait(self.tell(name, values), seconds)

    def _pump(self):
        self.core.settimeout(0.05)
        try:
            data = self.core.recv(65536)
        except TimeoutError:
            return
        assert data, "it hung up:\n" + self.log()
        self.rest += data
        while len(self.rest) >= 4 and len(self.rest) >= 4 + struct.unpack(">I", self.rest[:4])[0]:
            size = 4 + struct.unpack(">I", self.rest[:4])[0]
            whole, self.rest = self.rest[:size], self.rest[size:]
            kind, number = struct.unpack(">HQ", whole[6:16])
            message = self.known[self.names[kind]]
            self.answers[number] = message.name, self._fields(message, whole[16:])

    @staticmethod
    def _fields(message, body):
        out = {}
        for name, kind, _ in message.fields:
            if kind == "U64":
                out[name], body = struct.unpack(">Q", body[:8])[0], body[8:]
            else:
                size = struct.unpack(">I", body[:4])[0]
                out[name], body = body[4:4 + size].decode(), body[4 + size:]
        return out
