"""A run of the `autocsr` program on a terminal of its own."""
import os
import pty
import re
import select
import subprocess
import termios
import time

from .net import PATIENCE


class Terminal:
    """One run with a terminal of its own. `expect` waits for text, `type` answers."""

    def __init__(self, cli, *words):
        self.master, slave = pty.openpty()
        self.proc = subprocess.Popen(["setsid", "--ctty", *cli.command(*words)], cwd=cli.cwd, env=cli.env, stdin=slave, stdout=slave,
                                     stderr=slave)
        self.slave, self.seen = slave, b""

    def expect(self, pattern, seconds=20):
        end = time.monotonic() + seconds * PATIENCE
        while not re.search(pattern, self.seen):
            left = end - time.monotonic()
            assert left > 0 and select.select([self.master], [], [], left)[0], f"no {pattern!r} in {self.seen!r}"
            self.seen += os.read(self.master, 4096)
        return re.search(pattern, self.seen)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self, code=0):
        os.close(self.slave)
        try:
            while select.select([self.master], [], [], 20 * PATIENCE)[0]:
                self.seen += os.read(self.master, 4096)
        except OSError:
            pass
        assert self.proc.wait(20 * PATIENCE) == code, self.seen
        os.close(self.master)
        return self.seen
