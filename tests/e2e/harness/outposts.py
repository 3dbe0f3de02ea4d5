"""Remote perspectives: real `autocsr-prober --listen` processes, each with the DNS that it is given."""
import os
import pathlib
import signal
import subprocess

from .net import can_connect, free_port, wait_for
from .service import SANITIZER, program
from .testpki import TestPki


class Outpost:
    """One remote prober. `setting` is its entry of [perspectives] remotes."""

    def __init__(self, directory, pki, name, region, resolver, anchor, host="127.0.0.1", netns=None, options=()):
        self.dir, self.name, self.region, self.host, self.netns = pathlib.Path(directory), name, region, host, netns
        self.port, self.proc = free_port(), None
        self.log_path = self.dir / f"{name}.log"
        cert, key = pki.server_files(host)
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
            self.proc.wait(10)
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
    cert, key = pki.server_files("service.perspectives.test")
    return {"remotes": ", ".join(o.setting for o in outposts), "certificate": cert, "key": key, "ca_file": pki.ca_file,
            **more}
