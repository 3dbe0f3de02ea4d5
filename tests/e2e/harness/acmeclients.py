"""Other people's ACME clients, as a customer would run them, but on loopback and each in a directory of its own.

Every run is bounded in time: a client that hangs is ended with its whole process group and started once more. Each client
trusts the CA that it talks to by its own means, and nobody else. Challenges: http-01 by the client's own server or a directory
that `webroot` serves, both on the CA's port; dns-01 by harness/acmehook.py in the test's DNS; tls-alpn-01 by the client's own
server, by ualpn, or by AlpnServer.
"""
import contextlib
import dataclasses
import functools
import http.server
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import threading

import requests

from .net import can_connect, wait_for

HOOK = pathlib.Path(__file__).with_name("acmehook.py")
DAYS_LEFT = "10000"  # more than any certificate has: "renew if fewer days are left" is then always true


@dataclasses.dataclass
class Ca:
    """What a client has to know of a CA."""
    directory: str          # URL
    tls_root: pathlib.Path  # who vouches for the CA's own HTTPS
    http_port: int          # where the CA looks for http-01
    tls_port: int           # and for tls-alpn-01
    dns: object             # the test's DnsServer
    eab: tuple = None       # (kid, key in base64url)

    def at(self, directory, eab=None):
        """The same CA by another directory of it."""
        return dataclasses.replace(self, directory=directory, eab=eab)


@dataclasses.dataclass
class Done:
    code: int
    text: str


@dataclasses.dataclass
class Files:
    """What a client holds after it got a certificate."""
    fullchain: pathlib.Path
    key: pathlib.Path


def run(words, cwd, env, seconds=60):
    """Runs a program to its end; one that hangs is killed with all it started, and tried once more."""
    for _ in range(2):
        with open(cwd / "output", "w+b") as out:
            proc = subprocess.Popen([str(w) for w in words], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=out, start_new_session=True)
            try:
                proc.wait(seconds)
                return Done(proc.returncode, (cwd / "output").read_text(errors="replace"))
            except subprocess.TimeoutExpired:
                end_group(proc)
    raise AssertionError(f"hung twice for {seconds} s: {words}\n{(cwd / 'output').read_text(errors='replace')[-3000:]}")


def end_group(proc):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(proc.pid, signal.SIGKILL)
    proc.wait(60)


@contextlib.contextmanager
def webroot(ca, directory):
    """Serves a directory by HTTP on the port that the CA asks."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass
    http.server.ThreadingHTTPServer.allow_reuse_address = True
    server = http.server.ThreadingHTTPServer(("127.0.0.1", ca.http_port), functools.partial(Quiet, directory=str(directory)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


class AlpnServer:
    """Answers tls-alpn-01 from the files NAME.crt.pem and NAME.key.pem of a directory."""

    def __init__(self, port, directory):
        self.dir = pathlib.Path(directory)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_alpn_protocols(["acme-tls/1"])
        self.context.sni_callback = self._choose
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), None)
        self.server.finish_request = self._shake
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def _choose(self, sock, name, _):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["acme-tls/1"])
        context.load_cert_chain(self.dir / f"{name}.crt.pem", self.dir / f"{name}.key.pem")
        sock.context = context

    def _shake(self, request, _):
        request.settimeout(10)
        with self.context.wrap_socket(request, server_side=True) as tls:
            tls.recv(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Client:
    """A directory for one client and its account. `program` is what has to be installed."""
    program = None

    def __init__(self, ca, directory):
        self.ca, self.dir = ca, pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.dir.chmod(0o755)
        self.prepare()

    def prepare(self):
        pass

    def env(self):
        """Nothing of the caller's but PATH; the CA's root for everything that reads one from the environment."""
        root = str(self.ca.tls_root)
        anchors = ("REQUESTS_CA_BUNDLE", "LEGO_CA_CERTIFICATES", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        return {"PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(self.dir), "LANG": "C.UTF-8", "no_proxy": "*",
                "ACME_DNS": str(self.ca.dns.port), "ACME_WEBROOT": str(self.dir / "web"), **dict.fromkeys(anchors, root)}

    def run(self, *words, code=0, seconds=60, **env):
        done = run(words, self.dir, {**self.env(), **env}, seconds)
        if code is not None:
            assert done.code == code, f"{words[0]} ended with {done.code}, not {code}:\n{done.text[-4000:]}"
        return done

    def hook(self, client):
        """An executable that publishes challenges for this client; a copy, for who runs it may not enter this folder."""
        path, script = self.dir / "hook", self.dir / HOOK.name
        shutil.copyfile(HOOK, script)
        script.chmod(0o644)
        path.write_text(f'#!/bin/sh\nexec {sys.executable} {script} {client} "$@"\n')
        path.chmod(0o755)
        return path

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], cwd=self.dir, check=True, capture_output=True, timeout=60)


class Certbot(Client):
    program = "certbot"

    def certbot(self, *words, code=0):
        folders = [f"--{what}-dir={self.dir / what}" for what in ("config", "work", "logs")]
        return self.run("certbot", *words, "--server", self.ca.directory, "-n", *folders, code=code)

    def account(self):
        eab = ["--eab-kid", self.ca.eab[0], "--eab-hmac-key", self.ca.eab[1]] if self.ca.eab else []
        return ["--agree-tos", "-m", "webmaster@good.test", "--no-eff-email", *eab]

    def issue(self, *names, how="http-01", options=(), code=0):
        if how == "http-01":
            way = ["--standalone", "--http-01-port", self.ca.http_port, "--http-01-address", "127.0.0.1"]
        else:
            hook = self.hook("certbot")
            way = ["--manual", "--preferred-challenges", "dns", "--manual-auth-hook", hook, "--manual-cleanup-hook", hook]
        wanted = [word for name in names for word in ("-d", name)]
        self.certbot("certonly", *way, *self.account(), "--cert-name", "mine", *wanted, *options, code=code)
        return self.files()

    def files(self):
        live = self.dir / "config" / "live" / "mine"
        return Files(live / "fullchain.pem", live / "privkey.pem")

    def renew(self):
        self.certbot("renew", "--force-renewal", "--no-random-sleep-on-renew")
        return self.files()

    def revoke(self, *how, code=0):
        """By the account, or by `--key-path` with the certificate's key."""
        return self.certbot("revoke", "--cert-path", self.files().fullchain, "--no-delete-after-revoke", *how, code=code)


class Lego(Client):
    program = "lego"

    def lego(self, *words, names, how="http-01", options=(), code=0):
        way = {"http-01": ["--http", "--http.port", f"127.0.0.1:{self.ca.http_port}"],
               "tls-alpn-01": ["--tls", "--tls.port", f"127.0.0.1:{self.ca.tls_port}"],
               "dns-01": ["--dns", "exec", "--dns.disable-cp", "--dns.resolvers", self.ca.dns.address]}[how]
        eab = ["--eab", "--kid", self.ca.eab[0], "--hmac", self.ca.eab[1]] if self.ca.eab else []
        wanted = [word for name in names for word in ("-d", name)]
        return self.run("lego", "--server", self.ca.directory, "--path", self.dir / "lego", "--email", "webmaster@good.test",
                        "--accept-tos", *eab, *way, *wanted, *options, *words, code=code,
                        EXEC_PATH=str(self.hook("lego")), EXEC_SEQUENCE_INTERVAL="0", EXEC_POLLING_INTERVAL="1")

    def issue(self, *names, how="http-01", options=(), code=0):
        self.lego("run", names=names, how=how, options=options, code=code)
        return self.files(names)

    def files(self, names):
        stem = self.dir / "lego" / "certificates" / names[0].replace("*", "_")
        return Files(stem.with_name(stem.name + ".crt"), stem.with_name(stem.name + ".key"))

    def renew(self, *names, how="http-01"):
        self.lego("renew", "--days", DAYS_LEFT, "--no-random-sleep", names=names, how=how)
        return self.files(names)

    def revoke(self, *names):
        return self.lego("revoke", "--keep", names=names)


class Dehydrated(Client):
    program = "dehydrated"

    def prepare(self):
        for folder in ("web/.well-known/acme-challenge", "alpn"):
            (self.dir / folder).mkdir(parents=True, exist_ok=True)
        eab = f'EAB_KID="{self.ca.eab[0]}"\nEAB_HMAC_KEY="{self.ca.eab[1]}"\n' if self.ca.eab else ""
        (self.dir / "config").write_text(
            f'CA="{self.ca.directory}"\nBASEDIR="{self.dir}"\nWELLKNOWN="{self.dir}/web/.well-known/acme-challenge"\n'
            f'ALPNCERTDIR="{self.dir}/alpn"\nCONTACT_EMAIL=webmaster@good.test\n{eab}')

    def dehydrated(self, *words, code=0):
        return self.run("dehydrated", "--config", self.dir / "config", *words, code=code)

    def register(self, code=0):
        return self.dehydrated("--register", "--accept-terms", code=code)

    def issue(self, *names, how="http-01", options=(), code=0):
        hook = ["--hook", self.hook("dehydrated")] if how == "dns-01" else []
        with webroot(self.ca, self.dir / "web") if how == "http-01" else contextlib.nullcontext(), \
                AlpnServer(self.ca.tls_port, self.dir / "alpn") if how == "tls-alpn-01" else contextlib.nullcontext():
            self.dehydrated("--cron", "--alias", "mine", "--domain", " ".join(names), "--challenge", how, *hook, *options, code=code)
        return Files(self.dir / "certs" / "mine" / "fullchain.pem", self.dir / "certs" / "mine" / "privkey.pem")

    def renew(self, *names, how="http-01"):
        return self.issue(*names, how=how, options=["--force"])

    def revoke(self):
        return self.dehydrated("--revoke", self.dir / "certs" / "mine" / "cert.pem")


class Uacme(Client):
    """It trusts only what the system trusts, so it gets a mount of its own over the system's file."""
    program = "uacme"
    SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"

    def prepare(self):
        (self.dir / "web/.well-known/acme-challenge").mkdir(parents=True, exist_ok=True)

    def uacme(self, *words, code=0, **env):
        mount = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "sh", "-c",
                 f'mount --bind "$0" {self.SYSTEM_ROOTS} && exec "$@"', self.ca.tls_root]
        eab = ["--eab", ":".join(self.ca.eab)] if self.ca.eab else []
        return self.run(*mount, "uacme", "-v", "--acme-url", self.ca.directory, "--confdir", self.dir / "uacme", "--yes", "--no-ocsp",
                        *eab, *words, code=code, **env)

    def register(self, code=0):
        return self.uacme("new", "webmaster@good.test", code=code)

    def issue(self, *names, how="http-01", options=(), code=0):
        hook, more = self.hook("uacme"), {"ACME_TYPE": how}
        serve, alpn = contextlib.nullcontext(), contextlib.nullcontext()
        if how == "http-01":
            serve = webroot(self.ca, self.dir / "web")
        if how == "tls-alpn-01":
            hook, alpn = "/usr/share/uacme/ualpn.sh", self.ualpn()
        with serve, alpn:
            self.uacme("--type", "EC", "--hook", hook, *options, "issue", *names, code=code, **more)
        stem = names[0].removeprefix("*.")
        return Files(self.dir / "uacme" / stem / "cert.pem", self.dir / "uacme" / "private" / stem / "key.pem")

    @contextlib.contextmanager
    def ualpn(self):
        """Debian's responder, which ualpn.sh talks to by the usual socket; ended by its process."""
        words = ["ualpn", "-v", "-b", f"127.0.0.1@{self.ca.tls_port}", "-c", "127.0.0.1@1", "-n", "1"]
        with open(self.dir / "ualpn.log", "wb") as log:
            proc = subprocess.Popen(words, cwd=self.dir, env=self.env(), stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for("ualpn", lambda: can_connect(self.ca.tls_port) or proc.poll() is not None, 10)
            yield
        finally:
            end_group(proc)

    def renew(self, *names, how="http-01"):
        return self.issue(*names, how=how, options=["--force"])

    def revoke(self, files, *key):
        return self.uacme("revoke", files.fullchain, *key)


class AcmeTiny(Client):
    """It brings neither keys nor a CSR."""
    program = "acme-tiny"

    def prepare(self):
        (self.dir / "web/.well-known/acme-challenge").mkdir(parents=True, exist_ok=True)
        if not (self.dir / "account.key").exists():
            self.openssl("genrsa", "-out", "account.key", "2048")

    def issue(self, *names, code=0):
        san = ",".join(f"DNS:{n}" for n in names)
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "mine.key",
                     "-out", "mine.csr", "-subj", "/", "-addext", f"subjectAltName={san}")
        with webroot(self.ca, self.dir / "web"):
            done = self.run("acme-tiny", "--account-key", "account.key", "--csr", "mine.csr", "--acme-dir",
                            "web/.well-known/acme-challenge", "--directory-url", self.ca.directory, "--disable-check",
                            "--contact", "mailto:webmaster@good.test", code=code)
        (self.dir / "mine.pem").write_text(done.text[done.text.find("-----BEGIN"):])
        return Files(self.dir / "mine.pem", self.dir / "mine.key")


class Acmetool(Client):
    program = "acmetool"

    def prepare(self):
        web = self.dir / "web/.well-known/acme-challenge"
        for folder in (web, self.dir / "state/conf", self.dir / "hooks"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.dir / "state/conf/target").write_text(
            f'request:\n  provider: {self.ca.directory}\n  challenge:\n    webroot-paths:\n      - {web}\n    http-self-test: false\n'
            '  key:\n    type: ecdsa\n')
        meta = requests.get(self.ca.directory, verify=str(self.ca.tls_root), timeout=10).json().get("meta", {})
        terms = f'"acme-agreement:{meta["termsOfService"]}": true\n' if "termsOfService" in meta else ""
        (self.dir / "responses").write_text(f'"acme-enter-email": "webmaster@good.test"\n{terms}')

    def acmetool(self, *words, code=0):
        return self.run("acmetool", "--state", self.dir / "state", "--hooks", self.dir / "hooks", "--batch", "--response-file",
                        self.dir / "responses", "--xlog.severity=debug", *words, code=code)

    def issue(self, *names, how="http-01", code=0):
        if how == "dns-01":
            shutil.copy(self.hook("acmetool"), self.dir / "hooks" / "dns")
        with webroot(self.ca, self.dir / "web"):
            self.acmetool("want", *names, code=code)
        live = self.dir / "state" / "live" / names[0]
        return Files(live / "fullchain", live / "privkey")
