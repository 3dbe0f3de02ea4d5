"""HTTP byte by byte over TLS, for requests that no honest client would send."""
import socket
import ssl
import time


class Raw:
    """One TLS connection to the service. `source` is the loopback address it comes from."""

    def __init__(self, service, source="127.0.0.1", version=None, timeout=10):
        context = ssl.create_default_context(cafile=str(service.root_pem))
        if version:
            context.minimum_version = context.maximum_version = version
        plain = socket.create_connection(("127.0.0.1", service.port), timeout, source_address=(source, 0))
        self.sock = context.wrap_socket(plain, server_hostname="127.0.0.1")
        self.host = f"127.0.0.1:{service.port}"

    def send(self, *lines, body=b""):
        """Sends these header lines, a blank line and a body. `{host}` stands for the service's own."""
        text = "\r\n".join(li.replace("{host}", self.host) for li in lines) + "\r\n\r\n"
        self.raw(text.encode("latin1") + body)
        return self

    def raw(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass
        return self

    def answer(self, timeout=20):
        """Everything until the peer closes or the response is complete; b"" when it just closes."""
        self.sock.settimeout(timeout)
        got = b""
        try:
            while not complete(got):
                part = self.sock.recv(65536)
                if not part:
                    break
                got += part
        except (ConnectionResetError, ssl.SSLError, BrokenPipeError):
            pass
        return got

    def status(self, timeout=20):
        """The status code, or 0 when the connection was closed without an answer."""
        got = self.answer(timeout)
        return int(got.split(b" ", 2)[1]) if got.startswith(b"HTTP/") else 0

    def closed_within(self, seconds):
        """Whether the peer ends the connection within this time (an answer may come first)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.sock.settimeout(max(0.1, end - time.monotonic()))
            try:
                if not self.sock.recv(65536):
                    return True
            except socket.timeout:
                return False
            except OSError:
                return True
        return False

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass


def complete(got):
    """Whether this is a whole response with Content-Length."""
    head, gap, body = got.partition(b"\r\n\r\n")
    if not gap:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return len(body) >= int(value)
    return b" 204 " in head.split(b"\r\n")[0]
