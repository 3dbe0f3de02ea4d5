"""Pebble, the small CA of Let's Encrypt, as somebody else's ACME CA on loopback."""
import json
import pathlib
import shutil
import subprocess

import pytest
import requests

from .net import free_port, wait_for

EAB_KID, EAB_KEY = "kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"  # as Pebble's own documentation has them


class Pebble:
    def __init__(self, directory, test_pki, dns=None, http_port=None, tls_port=None, eab=False, reject_nonces=5, env=None, **config):
        if shutil.which("pebble") is None:
            pytest.skip("pebble is not installed")
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.port, self.admin_port = free_port(), free_port()
        self.cert, self.key = test_pki.server_files("127.0.0.1", "localhost")
        self.roots = pathlib.Path(test_pki.ca_file).read_text()
        self.config = {"pebble": {"listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.admin_port}",
                                  "certificate": self.cert, "privateKey": self.key, "httpPort": http_port or free_port(),
                                  "tlsPort": tls_port or free_port(), "ocspResponderURL": "", "externalAccountBindingRequired": eab,
                                  **({"externalAccountMACKeys": {EAB_KID: EAB_KEY}} if eab else {}), **config}}
        self.dns, self.reject, self.env, self.proc = dns, reject_nonces, env or {}, None

    @property
    def directory_url(self):
        return f"https://127.0.0.1:{self.port}/dir"

    def start(self):
        path = self.dir / "pebble.json"
        path.write_text(json.dumps(self.config))
        words = ["pebble", "-config", str(path), "-strict"] + (["-dnsserver", self.dns] if self.dns else [])
        env = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": str(self.reject), "PATH": "/usr/bin:/bin", **self.env}
        with open(self.dir / "log", "ab") as log:
            self.proc = subprocess.Popen(words, stdout=log, stderr=log, env=env, cwd=self.dir)
        wait_for("Pebble to answer", self.answers, 20)
        return self

    def answers(self):
        assert self.proc.poll() is None, (self.dir / "log").read_text()[-2000:]
        try:
            return requests.get(self.directory_url, verify=str(self.cert and self._ca()), timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def _ca(self):
        path = self.dir / "ca.pem"
        path.write_text(self.roots)
        return path

    def stop(self):
        if self.proc is not None:
            self.proc.terminate()
            self.proc.wait(60)
            self.proc = None
