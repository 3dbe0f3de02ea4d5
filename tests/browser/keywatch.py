"""Looks for pieces of a private key and of its code: on the wire, in what a browser stores, in what the service keeps.

A piece is 8 bytes of a private number (at every place, of RSA numbers at every 4th) or 8 characters of the code, in the forms in which it could travel: as it
is, backwards, as hex, base64 at each alignment, decimal list, UTF-8 and UTF-16. What is public is no piece.
"""
import base64
import pathlib
import socket
import ssl
import threading

from harness import crypto

WINDOW = 8


def _base64(window):
    """The characters that belong to the window alone, at the three places where it can begin in a longer text."""
    out = []
    for before in range(3):
        text = base64.b64encode(b"\0" * before + window)
        first, last = -(-before * 8 // 6), (before + len(window)) * 8 // 6
        out += [text[first:last], text[first:last].translate(bytes.maketrans(b"+/", b"-_"))]
    return out


def forms(window):
    """Every form of one window of bytes."""
    plain = window.decode("latin-1")
    return {window, window[::-1], window.hex().encode(), window.hex().upper().encode(), *_base64(window),
            ",".join(map(str, window)).encode(), ", ".join(map(str, window)).encode(), plain.encode(), plain.encode("utf-16-le")}


def windows(raw, every):
    return [raw[i:i + WINDOW] for i in range(0, len(raw) - WINDOW + 1, every)]


def pieces(key_pem, code=None):
    """All forms of all windows of the key's private numbers, and of the code."""
    out = set()
    for raw in crypto.private_values(crypto.load_key(key_pem)):
        for window in windows(raw, 4 if len(raw) > 100 else 1):
            out |= forms(window)
    if code:
        for window in windows(code.encode(), 1):
            out |= forms(window)
        groups = [code[i:i + 5] for i in (0, 5, 10, 15)] + [code[20:]]
        out |= {sep.join(groups).encode()[:9] for sep in "- "}
    return out


def hits(data, wanted):
    """How many of the pieces stand in these bytes."""
    return sum(1 for piece in wanted if piece in data)


def folder_hits(folder, wanted):
    """{file: hits} of everything below a folder, files that are still open included."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        try:
            n = hits(path.read_bytes(), wanted) if path.is_file() else 0
        except OSError:  # sockets, or gone meanwhile
            continue
        if n:
            found[str(path)] = n
    return found


class Tap:
    """A TLS proxy in front of the service that keeps every byte which the browser sent. Loopback only."""

    def __init__(self, port, directory):
        self.upstream, self.sent, self.lock, self.open = port, [], threading.Lock(), True
        pem = pathlib.Path(directory, "tap.pem")
        crypto.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pem,
                   "-out", str(pem) + ".crt", "-subj", "/CN=127.0.0.1", "-days", "2")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(str(pem) + ".crt", pem)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.open = False
        self.server.close()

    def wire(self):
        with self.lock:
            return b"\n".join(bytes(part) for part in self.sent)

    def forget(self):
        """What was sent so far is not looked at any more."""
        with self.lock:
            for part in self.sent:
                part.clear()

    def _serve(self):
        while self.open:
            try:
                raw, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(raw,), daemon=True).start()

    def _one(self, raw):
        try:
            raw.settimeout(120)
            near = self.context.wrap_socket(raw, server_side=True)
            plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            plain.check_hostname, plain.verify_mode = False, ssl.CERT_NONE
            far = plain.wrap_socket(socket.create_connection(("127.0.0.1", self.upstream), timeout=120))
        except OSError:
            raw.close()
            return
        seen = bytearray()
        with self.lock:
            self.sent.append(seen)
        back = threading.Thread(target=_pump, args=(far, near, None), daemon=True)
        back.start()
        _pump(near, far, seen)
        back.join(10)


def _pump(source, sink, keep):
    try:
        while data := source.recv(65536):
            if keep is not None:
                keep += data
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
