"""Whole commands with one allocation failing, each in turn: none crashes, leaves half of its files, keeps memory or gives a
verdict that it could not reach. Of the allocations in OpenSSL and of long runs of ours a sample; NOMEM_ALL=1 takes all."""
import os
import pathlib
import re
import subprocess

import pytest
from harness.cli import Cli
from harness.service import BUILD

SHIM = BUILD / "tests/e2e/harness/failmalloc.so"
VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
pytestmark = pytest.mark.skipif(not SHIM.exists(), reason="a build with sanitizers has an allocator of its own")
EVERY = os.environ.get("NOMEM_ALL") == "1"
RANDOM = re.compile(rb"[0-9a-f]{24,}|[A-Za-z0-9+/]{40,}={0,2}|[0-9A-F]{2}(?::[0-9A-F]{2}){10,}|\d+ \w+ ago|in \d+ \w+")
HEAD = re.compile(rb"run (-?\d+) status (\d+) hit \d out (\d+) err (\d+) files (\d+) held (-?\d+)\n")


class Run:
    def __init__(self, n, status, out, err, files, held):
        self.n, self.code, self.out, self.err, self.held = n, os.waitstatus_to_exitcode(status), out, err, held
        self.files = [line.split()[0] for line in files.decode().splitlines()]

    def same(self, other):
        return (self.code, sorted(self.files)) == (other.code, sorted(other.files)) and all(
            RANDOM.sub(b"X", a) == RANDOM.sub(b"X", b) for a, b in ((self.out, other.out), (self.err, other.err)))

    def __str__(self):
        return f"allocation {self.n}: exit {self.code}, files {self.files}\n{self.out[-800:].decode()}\n{self.err[-800:].decode()}"


def read(report):
    at, runs = 0, []
    while at < len(report):
        head = HEAD.match(report, at)
        n, status, *lengths, held = map(int, head.groups())
        at, parts = head.end(), []
        for length in lengths:
            parts.append(report[at:at + length])
            at += length
        places = {}
        for _ in range(max(held, 0)):
            end = report.index(b"\n", at)
            where, count, _size = report[at:end].split()
            places[where], at = int(count), end + 1
        runs.append(Run(n, status, *parts, places if held >= 0 else None))
    return runs


def torture(tmp_path, kind, growth, *words):
    """The undisturbed run, and the others."""
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    report = tmp_path / "report"
    cli = Cli(cwd, {"LD_PRELOAD": str(SHIM), "FAILMALLOC_REPORT": str(report), "FAILMALLOC_CLASS": kind, "HOME": str(tmp_path),
                    "FAILMALLOC_GROWTH": str(0 if EVERY else growth)})
    subprocess.run(cli.command(*words), cwd=cwd, env=cli.env, stdin=subprocess.DEVNULL, check=True, timeout=3600)
    runs = read(report.read_bytes())
    assert len(runs) > 20, "next to nothing failed"
    return runs[0], runs[1:]


def judge(base, runs):
    assert base.held is not None and base.code in (0, 1), base
    for run in runs:
        if run.held is None:  # before OpenSSL has started, it ends at once
            assert (run.code, run.out, run.err, run.files) == (5, b"", b"autocsr: out of memory\n", []), run
            continue
        if run.code == base.code:
            assert run.same(base), f"{run}\nis not what the undisturbed run says:\n{base}"
        else:
            assert run.code in (3, 5), f"{run}\na verdict or a crash"
            assert run.err.startswith(b"autocsr: ") and len(run.err) > 12 or b'"detail": "' in run.out, run
            assert run.files == [], run
        for place, count in run.held.items():
            assert count <= base.held.get(place, 0), f"{run}\nblocks from {place.decode()} are not freed"


def verdicts(runs):
    return [r for r in runs if b"out of memory" in r.err + r.out]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A chain, a CRL and a PKCS#12 file."""
    d = tmp_path_factory.mktemp("nomem")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=d, check=True, capture_output=True)
    (d / "ca.cnf").write_text("[ca]\ndefault_ca=x\n[x]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=3000\n")
    (d / "index").write_text("")
    (d / "number").write_text("01\n")
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
    openssl(*new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Root", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k.key", "-out", "k.csr",
            "-subj", "/CN=www.example.com")
    (d / "ext").write_text("subjectAltName=DNS:www.example.com\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "k.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "300", "-out", "leaf.pem", "-extfile", "ext")
    openssl("ca", "-config", "ca.cnf", "-gencrl", "-cert", "ca.pem", "-keyfile", "ca.key", "-out", "ca.crl")
    openssl("pkcs12", "-export", "-inkey", "k.key", "-in", "leaf.pem", "-passout", "pass:horse", "-iter", "10", "-out", "k.p12")
    (d / "pass").write_text("horse\n")
    return d


def commands(d):
    csr = VECTORS / "csr/go-ec.der"
    return {
        "new": ["csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--out", "www.csr", "--keyout", "www.key",
                "--no-passphrase"],
        "check": ["csr", "check", csr, "--policy", "private", "--at", "2026-11-23"],
        "check-json": ["csr", "check", csr, "--policy", "private", "--at", "2026-11-23", "--json"],
        "show-csr": ["show", VECTORS / "csr/windows-iis.der"],
        "show-json": ["show", VECTORS / "csr/openssl-bmp.der", "--json"],
        "show-cert": ["show", d / "leaf.pem"],
        "show-crl": ["show", d / "ca.crl"],
        "show-p12": ["show", d / "k.p12", "--passphrase-file", d / "pass"],
        "verify": ["cert", "verify", d / "leaf.pem", "--root", d / "ca.pem", "--crl", d / "ca.crl", "--host", "www.example.com"],
    }


NAMES = sorted(commands(pathlib.Path("/")))


@pytest.mark.parametrize("name", NAMES)
def test_each_allocation_of_the_program_fails_once(tmp_path, made, name):
    base, runs = torture(tmp_path, "ours", 30, *commands(made)[name])
    judge(base, runs)
    assert len(verdicts(runs)) > len(runs) / 4
    assert all(b"out of memory" in r.err + r.out for r in runs if r.code != base.code), "an answer that is not why"


@pytest.mark.parametrize("name", NAMES)
def test_allocations_of_openssl_fail_once(tmp_path, made, name):
    judge(*torture(tmp_path, "openssl", 30, *commands(made)[name]))
