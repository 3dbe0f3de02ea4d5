"""What the portal gives to paste is run as it stands: certbot, lego, acme.sh and Caddy. cert-manager needs a cluster: its YAML is held
against the fields that its own definitions (cert-manager.io/v1) have, and its library is test_acme_libraries.py's.

A shim before each program on the PATH adds what only this machine needs: ports above 1024, directories of the test's own.
"""
import base64
import binascii
import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess

import jsonschema
import pytest
from harness import crypto
from harness.acmeclients import end_group, run
from harness.api import unique_name
from harness.fixtures import private_world
from harness.net import can_connect, free_port, wait_for
from harness.service import REPO

yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed")

SHIMS = {
    "certbot": 'exec /usr/bin/certbot "$@" -n --agree-tos -m you@example.com --no-eff-email --http-01-port {http} '
               "--http-01-address 127.0.0.1 --config-dir {dir}/c --work-dir {dir}/w --logs-dir {dir}/l",
    "lego": 'exec /usr/bin/lego --path {dir}/state --http.port 127.0.0.1:{http} "$@"',
    "acme.sh": 'exec /usr/bin/acme.sh "$@" --home {dir}/acme --httpport {http} --local-address 127.0.0.1',
}


@pytest.fixture(scope="module")
def paste_world(e2e_dir, dns, smtp, web):
    """The directory is one that wants a binding, and the key is the customer's."""
    ports = {"http_port": free_port(), "tls_alpn_port": free_port()}
    world = private_world(e2e_dir, dns, smtp, web, {"validation": ports, "acme": {"challenge_tries": "3"}})
    world.ports = ports
    world.admin().post("/acme/directories", {"name": "paste", "title": "Paste", "products": ["dv"], "eab": "required", "open": True},
                       201)
    world.key = world.customer.post("/acme/eab-keys", {"directory": "paste", "title": "paste"}, 201)
    yield world
    world.service.stop()


def texts(world, host, key=True):
    """{client: what the portal shows} for that host."""
    if not (REPO / "portal/node_modules/esbuild").is_dir() or shutil.which("node") is None:
        pytest.skip("the portal's packages are not installed")
    words = [world.key["directory_url"], *([world.key["kid"], world.key["hmac_key"]] if key else ["", ""]), host]
    done = subprocess.run(["node", REPO / "portal/test/print-clients.mjs", *words], check=True, capture_output=True, text=True, timeout=60)
    return {c["id"]: c["text"] for c in json.loads(done.stdout)}


def ordered(world, name):
    """The customer's order for this name: its certificate is there."""
    return next(o for o in world.customer.get("/orders?limit=100")["orders"] if o["names"] == [name])


def paste(world, where, program, host):
    if not os.access(f"/usr/bin/{program}", os.X_OK):
        pytest.skip(f"{program} is not installed")
    shim = where / program
    shim.write_text("#!/bin/sh\n" + SHIMS[program].format(dir=where, http=world.ports["http_port"]) + "\n")
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    shutil.copyfile(world.service.root_pem, where / "root.pem")
    text = texts(world, host)[program.replace(".", "")]
    env = {"PATH": f"{where}:{os.environ['PATH']}", "HOME": str(where), "LANG": "C.UTF-8", "no_proxy": "*"}
    done = run(["sh", "-ec", text], where, env, 120)
    assert done.code == 0, done.text[-4000:]


@pytest.mark.parametrize("program", SHIMS)
def test_pasted_into_a_shell(paste_world, tmp_path, program):
    name = unique_name()
    paste(paste_world, tmp_path, program, name)
    assert ordered(paste_world, name)["state"] == "issued"


# ---- Caddy


def caddyfile(world, where, host):
    """The portal's, with the test's ports and directory among the global options."""
    root = where / "root.pem"
    shutil.copyfile(world.service.root_pem, root)
    text = texts(world, host)["caddy"]
    assert text.startswith("{\n") and "/etc/caddy/root.pem" in text
    own = f"admin off\n  storage file_system {where}/store\n  http_port {world.ports['http_port']}\n  https_port {world.ports['tls_alpn_port']}"
    (where / "Caddyfile").write_text(text.replace("{\n", f"{{\n  {own}\n", 1).replace("/etc/caddy/root.pem", str(root)) + "\n")
    return where / "Caddyfile"


def served(port, name, root):
    context = ssl.create_default_context(cafile=str(root))
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
            return crypto.x509.load_der_x509_certificate(tls.getpeercert(True))
    except OSError:
        return None


def test_caddy_serves_what_it_fetched(paste_world, tmp_path):
    if shutil.which("caddy") is None:
        pytest.skip("caddy is not installed")
    name, port = unique_name(), paste_world.ports["tls_alpn_port"]
    config = caddyfile(paste_world, tmp_path, name)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "no_proxy": "*"}
    with open(tmp_path / "output", "wb") as out:
        proc = subprocess.Popen(["caddy", "run", "--config", config, "--adapter", "caddyfile"], env=env, cwd=tmp_path,
                                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    try:
        cert = wait_for("Caddy to serve our certificate", lambda: can_connect(port) and served(port, name, tmp_path / "root.pem"), 60, 0.2)
        assert crypto.sans(cert) == [name] and ordered(paste_world, name)["state"] == "issued"
    except AssertionError as e:
        raise AssertionError(f"{e}\n{(tmp_path / 'output').read_text()[-4000:]}") from None
    finally:
        proc.send_signal(signal.SIGTERM)
        end_group(proc)


# ---- cert-manager


def only(required, **optional):
    """An object with these members and no others: cert-manager drops what it does not know without a word."""
    return {"type": "object", "required": list(required), "properties": {**required, **optional}, "additionalProperties": False}


TEXT = {"type": "string", "minLength": 1}
NAME = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"}
SECRET = only({"name": NAME}, key=TEXT)
ISSUER = only({"apiVersion": {"const": "cert-manager.io/v1"}, "kind": {"enum": ["ClusterIssuer", "Issuer"]}, "metadata": only({"name": NAME}),
               "spec": only({"acme": only(
                   {"server": {"type": "string", "pattern": "^https://"}, "privateKeySecretRef": SECRET,
                    "solvers": {"type": "array", "minItems": 1, "items": only({"http01": only({"ingress": only(
                        {}, ingressClassName=TEXT, serviceType=TEXT)})}, selector={"type": "object"})}},
                   caBundle=TEXT, email=TEXT, profile=TEXT, preferredChain=TEXT,
                   externalAccountBinding=only({"keyID": TEXT, "keySecretRef": only({"name": NAME, "key": TEXT})}))})})
CERTIFICATE = only({"apiVersion": {"const": "cert-manager.io/v1"}, "kind": {"const": "Certificate"}, "metadata": only({"name": NAME}, namespace=NAME),
                    "spec": only({"secretName": NAME, "dnsNames": {"type": "array", "minItems": 1, "items": TEXT},
                                  "issuerRef": only({"name": NAME}, kind={"enum": ["ClusterIssuer", "Issuer"]}, group=TEXT)})})


@pytest.mark.parametrize("host", ["www.example.com", "*.example.com"])
@pytest.mark.parametrize("key", [True, False], ids=["bound", "open"])
def test_cert_managers_yaml(paste_world, host, key):
    text = texts(paste_world, host, key)["certmanager"]
    issuer, certificate = yaml.safe_load_all(text)
    jsonschema.validate(issuer, ISSUER)
    jsonschema.validate(certificate, CERTIFICATE)
    acme = issuer["spec"]["acme"]
    assert acme["server"] == paste_world.key["directory_url"]
    assert certificate["spec"]["dnsNames"] == [host]
    assert certificate["spec"]["issuerRef"] == {"name": issuer["metadata"]["name"], "kind": issuer["kind"]}
    assert ("externalAccountBinding" in acme) == key
    if key:
        check_binding(paste_world.key, acme["externalAccountBinding"], text)


def check_binding(key, binding, text):
    """The secret that the comment makes is the one that is named, and holds the key as cert-manager reads it: base64url, no padding."""
    assert binding["keyID"] == key["kid"]
    made = re.match(r"# kubectl -n cert-manager create secret generic (\S+) --from-literal=(\S+?)=(\S+)\n", text)
    assert made.groups() == (binding["keySecretRef"]["name"], binding["keySecretRef"]["key"], key["hmac_key"])
    assert "=" not in key["hmac_key"]
    assert len(base64.urlsafe_b64decode(key["hmac_key"] + "=" * (-len(key["hmac_key"]) % 4))) >= 32


def test_a_wrong_field_would_be_seen(paste_world):
    issuer = next(yaml.safe_load_all(texts(paste_world, "www.example.com")["certmanager"].replace("keyID:", "keyId:")))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(issuer, ISSUER)


def test_the_root_fits_where_its_place_is(paste_world):
    """caBundle is base64 of PEM: what the note says to put there."""
    bundle = base64.b64encode(paste_world.service.root_pem.read_bytes()).decode()
    assert b"BEGIN CERTIFICATE" in binascii.a2b_base64(bundle) and "\n" not in bundle


def test_no_key_begins_with_a_dash(paste_world):
    """certbot takes `--eab-hmac-key -x…` for two options. One random key in 64 would."""
    owner = paste_world.register()
    for _ in range(300):
        key = owner.post("/acme/eab-keys", {"directory": "paste", "title": "one of many"}, 201)
        assert not key["hmac_key"].startswith("-") and not key["kid"].startswith("-")
        owner.delete(f"/acme/eab-keys/{key['kid']}")
