"""Other people's ACME libraries in a process of their own: acmelibs/driver.go and driver.rb do what a test asks, by JSON lines.

A driver holds one account key. What a library cannot do skips the test that asks for it; what the CA refuses raises Refused.
"""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess

import pytest

from .acme import ERROR
from .service import BUILD

DRIVERS = pathlib.Path(__file__).resolve().parents[1] / "acmelibs"
GO_PATH = pathlib.Path("/usr/share/gocode")  # where Debian puts the sources of Go's libraries


class Refused(Exception):
    """`kind` is the ACME error without its prefix."""

    def __init__(self, told):
        super().__init__(told)
        self.kind, self.detail = told["error"].removeprefix(ERROR), told.get("detail", "")


def go_driver():
    """The words that start the Go driver; it is compiled with Debian's compiler and libraries, without a network."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    for name in ("crypto", "net"):  # Debian 13's crypto does not bring net, which autocert wants
        if not (GO_PATH / "src/golang.org/x" / name).is_dir():
            pytest.skip(f"golang-golang-x-{name}-dev is not installed")
    out = BUILD / "acmelibs" / "driver"
    out.parent.mkdir(exist_ok=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(out.parent), "GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOFLAGS": "",
           "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOCACHE": str(out.parent / "gocache")}
    subprocess.run(["go", "build", "-o", out, DRIVERS / "driver.go"], env=env, check=True, timeout=300)
    return [out]


def ruby_driver():
    if shutil.which("ruby") is None or subprocess.run(["ruby", "-e", "require 'acme-client'"], capture_output=True).returncode:
        pytest.skip("ruby-acme-client is not installed")
    return ["ruby", DRIVERS / "driver.rb"]


LIBRARIES = {"go": go_driver, "ruby": ruby_driver}


class Library:
    """One account of one library at the directory of a Ca (harness/acmeclients.py)."""

    def __init__(self, words, ca):
        self.ca = ca
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "no_proxy": "*", "HOME": "/nonexistent"}
        self.proc = subprocess.Popen([*map(str, words), ca.directory, str(ca.tls_root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     text=True, bufsize=1, env=env)

    def ask(self, what, **more):
        self.proc.stdin.write(json.dumps({"Do": what, **more}) + "\n")
        self.proc.stdin.flush()
        assert select.select([self.proc.stdout], [], [], 60)[0], f"{what}: no answer for a minute"
        line = self.proc.stdout.readline()
        assert line, f"{what}: the driver ended with {self.proc.wait(60)}"
        answer = json.loads(line)
        if "cannot" in answer:
            pytest.skip(answer["cannot"])
        if "error" in answer:
            raise Refused(answer)
        return answer

    def register(self, **more):
        if self.ca.eab:
            more |= {"Kid": self.ca.eab[0], "Mac": self.ca.eab[1]}
        return self.ask("register", Contact="mailto:ann@good.test", **more)

    def finalize(self, order, csr):
        """csr: DER."""
        return self.ask("finalize", URL=order["url"], Csr=base64.b64encode(csr).decode())

    def revoke(self, der, reason, key=""):
        """By the account, or with the PEM of the certificate's key."""
        return self.ask("revoke", Cert=base64.b64encode(der).decode(), Reason=reason, Key=key)

    def close(self):
        self.proc.stdin.close()
        try:
            self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait(60)
        self.proc.stdout.close()
