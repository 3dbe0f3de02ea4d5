"""Loopback ports and waiting, in one place, so that no test invents its own."""
import socket
import time


def free_port(kind=socket.SOCK_STREAM):
    """A port that nobody listens on now, on 127.0.0.1."""
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def free_port_both():
    """A port that is free for UDP and TCP alike (DNS needs both)."""
    while True:
        port = free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_for(what, probe, seconds=20.0, step=0.05):
    """Calls probe until it returns something true and returns that; fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        got = probe()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:g} s in vain for: {what}" + (f" (last: {got!r})" if got is not None else ""))
        time.sleep(step)


def can_connect(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), 1).close()
        return True
    except OSError:
        return False


class Trap:
    """A listener that nobody may connect to; it counts those who do."""

    def __init__(self, host="127.0.0.1"):
        self.sock = socket.socket()
        self.sock.bind((host, 0))
        self.sock.listen(16)
        self.sock.setblocking(False)
        self.port = self.sock.getsockname()[1]

    def connects(self):
        """How many connections arrived since the last call."""
        n = 0
        while True:
            try:
                self.sock.accept()[0].close()
                n += 1
            except BlockingIOError:
                return n

    def close(self):
        self.sock.close()
