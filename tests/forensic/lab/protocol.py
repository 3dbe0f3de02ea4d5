"""The messages of src/ipc/messages.def, read and spoken without src/ipc; and the real keymaker among parties that are all played."""
import fcntl
import itertools
import os
import re
import select
import socket
import stat
import struct
import subprocess

from harness.net import wait_for
from harness.service import REPO, program

ROLES = ["ANY", "AUTOCSRD", "FRONT", "CORE", "KEYMAKER", "SIGNER", "PROBER", "COURIER", "HOOK"]
LIMITS = {"UINT32_MAX": 2**32 - 1, "UINT64_MAX": 2**64 - 1, "INT64_MAX": 2**63 - 1, "INT32_MAX": 2**31 - 1}
HEADER = 16


class Message:
    def __init__(self, name, number, sender, receiver, fds):
        self.name, self.number, self.sender, self.receiver, self.fds = name, int(number, 16), sender, receiver, int(fds)
        self.fields = []  # (name, kind, greatest value or length)


def messages():
    """{name: Message}"""
    text = (REPO / "src/ipc/messages.def").read_text()
    text, out = re.sub(r"/\*.*?\*/", "", text, flags=re.S), {}
    for kind, arguments in re.findall(r"^(MESSAGE|FIELD)\((.*?)\)", text, re.M | re.S):
        words = [w.strip() for w in arguments.split(",")]
        if kind == "MESSAGE":
            out[words[0]] = Message(*words)
        else:
            out[words[0]].fields.append((words[2], words[1], LIMITS.get(words[3]) or int(words[3])))
    return out


def version():
    return int(re.search(r"IPC_VERSION = (\d+)", (REPO / "src/ipc/messages.h").read_text()).group(1))


def _sized(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


def encode_field(kind, value):
    if kind == "U64":
        return struct.pack(">Q", value)
    if kind == "LIST":
        return struct.pack(">I", len(value)) + b"".join(_sized(v) for v in value)
    return _sized(value)


def nothing(kind):
    return {"U64": 0, "LIST": []}.get(kind, b"")


def encode(message, number, values):
    """A frame; a field that is not named is empty."""
    body = b"".join(encode_field(kind, values.get(name, nothing(kind))) for name, kind, _ in message.fields)
    return frame(message.number, number, body)


def frame(kind, number, body):
    rest = struct.pack(">HHQ", version(), kind, number) + body
    return struct.pack(">I", len(rest)) + rest


def settings():
    """What autocsrd would tell the keymaker: every key of its own, with the preset."""
    text = (REPO / "src/ipc/conf_keys.def").read_text()
    for section, name, kind, preset, roles in re.findall(r'^KEY\((\w+), (\w+), (\w+), "([^"]*)", ([^,]*)', text, re.M):
        if "R_KEYMAKER" in roles:
            yield f"{section}.{name}=" + (preset.split("|")[0] if kind == "CHOICE" else preset)


class Party:
    """One peer of the keymaker, played: all that it ever received, on its channel and on the pipes that came over it."""

    def __init__(self):
        self.sock, self.frames, self.rest, self.pipes, self.open, self.closed = None, [], b"", [], [], True

    def everything(self):
        return b"\n".join([*(f for _, _, f in self.frames), self.rest, *self.pipes])


class Keymaker:
    """The real executable. Use as a context."""

    def __init__(self, log, **overrides):
        self.known, self.log = messages(), log
        self.names = {m.number: n for n, m in self.known.items()}
        self.parties = {role: Party() for role in ROLES[1:] if role != "KEYMAKER"}
        self.overrides, self.numbers, self.proc = overrides, itertools.count(100), None
        self.odd_descriptors = []

    def __enter__(self):
        ours, theirs = socket.socketpair()
        self.proc = subprocess.Popen(["/usr/bin/python3", "-c", "import os, sys; os.dup2(int(sys.argv[2]), 3); os.execv(sys.argv[1], sys.argv[1:2])",
                                      program("autocsr-keymaker"), str(theirs.fileno())], pass_fds=(theirs.fileno(),), stderr=self.log,
                                     env={**os.environ, "LD_BIND_NOW": "1"})
        theirs.close()
        self._take("AUTOCSRD", ours)
        keys = [f"{k.split('=')[0]}={self.overrides.get(k.split('=')[0].split('.')[1], k.split('=', 1)[1])}" for k in settings()]
        self.send("AUTOCSRD", "config", {"keys": keys})
        wait_for("the keymaker to be ready", lambda: self.pump(0.05) or self.got("AUTOCSRD", "ready"), 30)
        return self

    def __exit__(self, *_):
        self.parties["AUTOCSRD"].sock.close()
        assert self.proc.wait(10) is not None

    def _take(self, role, sock):
        sock.setblocking(False)
        party = self.parties[role]
        if party.sock is not None:
            party.sock.close()
        party.sock, party.closed, party.rest = sock, False, b""

    def connect(self, role):
        """A channel between the keymaker and that party, which may be any."""
        ours, theirs = socket.socketpair()
        self.send("AUTOCSRD", "peer", {"role": ROLES.index(role)}, theirs.fileno())
        theirs.close()
        self._take(role, ours)

    # ---- out

    def send(self, role, name, values, fd=None, number=None):
        self.send_raw(role, encode(self.known[name], number or next(self.numbers), values), fd)

    def send_raw(self, role, data, fd=None):
        """Whether the keymaker took it is its business: it may have hung up."""
        sock = self.parties[role].sock
        try:
            if fd is not None:
                socket.send_fds(sock, [data[:1]], [fd])
                data = data[1:]
            while data:
                try:
                    data = data[sock.send(data):]
                except BlockingIOError:
                    self.pump(0.01)
        except (BrokenPipeError, ConnectionResetError):
            self.parties[role].closed = True

    # ---- in

    def got(self, role, name):
        return [f for n, _, f in self.parties[role].frames if n == name]

    def pump(self, seconds):
        """Reads what there is for anybody. True never: so that it can stand in a condition."""
        sources = {p.sock: p for p in self.parties.values() if p.sock is not None and not p.closed}
        sources |= {fd: p for p in self.parties.values() for fd in p.open}
        for source in select.select(list(sources), [], [], seconds)[0]:
            party = sources[source]
            if isinstance(source, int):
                self._read_pipe(party, source)
            else:
                self._read_channel(party)
        return None

    def _read_pipe(self, party, fd):
        data = os.read(fd, 65536)
        party.pipes[party.open.index(fd)] += data
        if not data:  # its place stays, so that pipes keep their order
            at = party.open.index(fd)
            os.close(fd)
            party.pipes.append(party.pipes.pop(at))
            party.open.pop(at)

    def _read_channel(self, party):
        try:
            data, fds, _, _ = socket.recv_fds(party.sock, 65536, 8)
        except ConnectionResetError:
            data, fds = b"", []
        for fd in fds:
            mode = os.fstat(fd).st_mode
            if not stat.S_ISFIFO(mode) or fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
                self.odd_descriptors.append(mode)
            party.open.insert(0, fd)
            party.pipes.insert(0, b"")
        if not data:
            party.closed = True
            return
        party.rest += data
        while len(party.rest) >= HEADER:
            size = 4 + struct.unpack(">I", party.rest[:4])[0]
            if len(party.rest) < size:
                break
            whole, party.rest = party.rest[:size], party.rest[size:]
            number, request = struct.unpack(">HQ", whole[6:16])
            party.frames.append((self.names.get(number, hex(number)), request, whole))

    def settle(self, done, seconds=30):
        """Reads until done() or the time is over; True when done."""
        waited = 0.0
        while not done() and waited < seconds:
            self.pump(0.02)
            waited += 0.02
        return bool(done())
