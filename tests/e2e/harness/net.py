"""Loopback ports and waiting, in one place, so that no test invents its own."""
import random
import socket
import time


def _bindable(port, kind):
    with socket.socket(socket.AF_INET, kind) as s:
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_port(kinds=(socket.SOCK_STREAM,)):
    """A port that nobody listens on now, on 127.0.0.1. It lies below the range that outgoing connections take theirs from,
    so that it is still free when a server that was stopped starts again."""
    while True:
        port = random.randrange(12000, 32000)
        if all(_bindable(port, kind) for kind in kinds):
            return port


def free_port_both():
    """A port that is free for UDP and TCP alike (DNS needs both)."""
    return free_port((socket.SOCK_STREAM, socket.SOCK_DGRAM))


PATIENCE = 3  # how many times longer than a test thinks enough: machines are slow at times, and what comes costs no more


def wait_for(what, probe, seconds=20.0, step=0.05):
    """Calls probe until it returns something true and returns that; fails with `what` after PATIENCE times `seconds`."""
    seconds *= PATIENCE
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
