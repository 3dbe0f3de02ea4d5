"""`autocsr cert convert`: every form read back by somebody else's program, and the files of every server by the server where it is there."""
import base64
import hashlib
import json
import re
import shutil
import stat
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from harness.cli import Cli
from test_toolkit_verify import Party

SERVERS = ["nginx", "apache", "haproxy", "caddy", "lighttpd", "postfix", "dovecot", "exim", "postgresql", "iis", "tomcat"]
ENC = serialization.Encoding
KEYS = {"rsa": lambda: rsa.generate_private_key(65537, 2048), "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()), "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate, "ed448": ed448.Ed448PrivateKey.generate}


def pem_key(key, passphrase=None):
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(ENC.PEM, serialization.PrivateFormat.PKCS8, how)


def spki(key):
    return key.public_bytes(ENC.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pem_certs(data):
    return [x509.load_pem_x509_certificate(b) for b in re.findall(rb"-----BEGIN CERT.*?-----END CERTIFICATE-----\n", data, re.S)]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def run(*words, cwd, stdin=None, ok=True):
    done = subprocess.run([str(w) for w in words], cwd=cwd, input=stdin, capture_output=True, timeout=120)
    assert not ok or done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done


def need(program):
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    d = tmp_path_factory.mktemp("convert")

    class World:
        root = Party("Test root", key=rsa.generate_private_key(65537, 2048))
        upper = Party("Upper CA", root)
        inter = Party("Test CA", upper)
        leaf = Party("www.example.com", inter, key=rsa.generate_private_key(65537, 2048), ca=False, usage=None,
                     sans=("www.example.com", "example.com"))
        path = d
    w = World
    (d / "www.key").write_bytes(pem_key(w.leaf.key))
    (d / "locked.key").write_bytes(pem_key(w.leaf.key, b"horse"))
    (d / "other.key").write_bytes(pem_key(w.inter.key))
    (d / "www.pem").write_bytes(w.leaf.pem)
    (d / "mess.pem").write_bytes(w.root.pem + w.inter.pem + Party("Stranger").pem + w.leaf.pem + w.upper.pem)
    (d / "full.pem").write_bytes(w.leaf.pem + w.inter.pem + w.upper.pem)
    (d / "horse").write_text("horse\n")
    (d / "cow").write_text("cow\n")
    return w


@pytest.fixture
def cli(world):
    return Cli(world.path)


@pytest.fixture
def convert(cli):
    def call(*words, **kw):
        return cli.run("cert", "convert", *words, **kw)
    return call


# ---- order

def test_the_chain_is_put_in_order_and_the_root_left_out(convert, world):
    want = world.leaf.pem + world.inter.pem + world.upper.pem
    assert convert("mess.pem", "--to", "fullchain").out == want
    assert convert("mess.pem", "--to", "chain").out == world.inter.pem + world.upper.pem
    assert convert("mess.pem", "--to", "leaf").out == world.leaf.pem
    assert convert("mess.pem", "--to", "pem").out.count(b"BEGIN") == 5
    assert convert("www.pem", "--chain", "mess.pem", "--to", "fullchain").out == want
    p7 = run("openssl", "crl2pkcs7", "-nocrl", "-certfile", "mess.pem", cwd=world.path).stdout
    assert convert("-", "--to", "fullchain", stdin=p7).out == want


def test_alias(cli, convert):
    assert cli.run("convert", "full.pem", "--to", "der").out == convert("full.pem", "--to", "der").out


# ---- for a server

@pytest.mark.parametrize("server", SERVERS)
def test_every_server_gets_key_and_chain(convert, cli, world, tmp_path, server):
    words = ["cert", "convert", "mess.pem", "--key", "www.key", "--for", server, "--out", tmp_path / "www", "--passphrase-file", "horse"]
    done = cli.ask(*words)
    assert [f["file"] for f in done["files"]] == [str(p) for p in sorted(tmp_path.iterdir(), key=lambda p: p.suffix != ".pem")]
    key, certs = None, []
    for f in done["files"]:
        path = tmp_path / f["file"]
        assert mode(path) == int(f["mode"], 8) == (0o600 if "private key" in f["holds"] else 0o644) and f["file"] in "\n".join(done["configuration"])
        data = path.read_bytes()
        if path.suffix in (".pfx", ".p12"):
            bag = pkcs12.load_pkcs12(data, b"horse")
            key, certs = bag.key, [bag.cert.certificate, *[c.certificate for c in bag.additional_certs]]
            assert bag.cert.friendly_name == (b"tomcat" if server == "tomcat" else None)
        else:
            key = key or (serialization.load_pem_private_key(data[data.index(b"-----BEGIN PRIVATE"):], None) if b"PRIVATE" in data else None)
            certs += pem_certs(data)
            if server == "postfix":
                assert data.startswith(b"-----BEGIN PRIVATE KEY")
    assert spki(key.public_key()) == spki(world.leaf.key.public_key())
    assert certs == [world.leaf.cert, world.inter.cert, world.upper.cert]
    assert cli.run(*words, "--json", code=3).problem == "object.exists"
    text = cli.run(*words, "--force").out.decode()
    assert "for its configuration:" in text and str(tmp_path / "www") in text and "\\u" not in text


def test_what_does_not_fit_leaves_no_file(convert, cli, world, tmp_path):
    def no(problem, code, *words):
        assert cli.run("cert", "convert", *words, "--out", tmp_path / "x", "--json", code=code).problem == problem
        assert not list(tmp_path.iterdir())
    no("match.key", 1, "www.pem", "--key", "other.key", "--for", "nginx")
    no("match.key", 1, "www.pem", "--key", "other.key", "--p12", "modern", "--passphrase-file", "horse")
    no("match.key", 1, "full.pem", "--key", "other.key", "--for", "nginx")  # the key of a CA in the bundle
    no("usage.key", 2, "www.pem", "--for", "nginx")
    no("input.no-certificate", 3, "www.key", "--for", "nginx")
    no("usage.server", 2, "www.pem", "--key", "www.key", "--for", "nginks")
    no("usage.value", 2, "www.pem", "--key", "www.key", "--for", "nginx", "--to", "pem")
    no("key.passphrase.wrong", 3, "www.pem", "--key", "locked.key", "--key-passphrase-file", "cow", "--for", "nginx")
    no("usage.terminal", 2, "www.pem", "--key", "locked.key", "--for", "nginx")
    (tmp_path / "x.key").write_text("mine")
    assert cli.run("cert", "convert", "www.pem", "--key", "www.key", "--for", "nginx", "--out", tmp_path / "x", "--json", code=3).problem == "object.exists"
    assert [p.name for p in tmp_path.iterdir()] == ["x.key"] and (tmp_path / "x.key").read_text() == "mine"


def test_it_says_when_the_intermediate_is_missing(cli, tmp_path, world):
    words = ["--key", world.path / "locked.key", "--key-passphrase-file", world.path / "horse", "--for", "nginx"]
    here = Cli(tmp_path)
    done = here.ask("cert", "convert", world.path / "www.pem", *words)
    assert any("no intermediate" in n for n in done["notes"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["www.example.com.key", "www.example.com.pem"]
    assert not any("no intermediate" in n for n in here.ask("cert", "convert", world.path / "full.pem", *words, "--force")["notes"])


@pytest.mark.parametrize("name", ["../../etc/passwd", ".hidden.example", "-rf.example"])
def test_a_hostile_name_makes_no_file_name(cli, world, tmp_path, name):
    leaf = Party("x", ca=False, usage=None, sans=(name,))
    (tmp_path / "c.pem").write_bytes(leaf.pem)
    (tmp_path / "c.key").write_bytes(pem_key(leaf.key))
    assert Cli(tmp_path).run("cert", "convert", "c.pem", "--key", "c.key", "--for", "nginx", "--json", code=2).problem == "usage.value"
    assert len(list(tmp_path.iterdir())) == 2


def test_nginx_takes_it(cli, world, tmp_path):
    nginx = need("nginx")
    done = cli.ask("cert", "convert", "mess.pem", "--key", "www.key", "--for", "nginx", "--out", tmp_path / "www")
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; server {{ listen 127.0.0.1:8999 ssl;\n"
                                         f"{' '.join(done['configuration'])} }} }}\n")
    run(nginx, "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf", "-p", tmp_path, cwd=tmp_path)


def test_haproxy_takes_it(cli, world, tmp_path):
    haproxy = need("haproxy")
    done = cli.ask("cert", "convert", "mess.pem", "--key", "www.key", "--for", "haproxy", "--out", tmp_path / "www")
    (tmp_path / "h.cfg").write_text("defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nfrontend f\n "
                                    + "\n".join(done["configuration"]).replace(":443", "127.0.0.1:8998") + "\n")
    run(haproxy, "-c", "-f", tmp_path / "h.cfg", cwd=tmp_path)


def test_apache_takes_it(cli, world, tmp_path):
    need("apache2")
    done = cli.ask("cert", "convert", "mess.pem", "--key", "www.key", "--for", "apache", "--out", tmp_path / "www")
    modules = "/usr/lib/apache2/modules"
    load = "".join(f"LoadModule {m}_module {modules}/mod_{m}.so\n" for m in ("mpm_event", "ssl", "socache_shmcb"))
    (tmp_path / "a.conf").write_text(f"ServerRoot {tmp_path}\nPidFile {tmp_path}/pid\nErrorLog {tmp_path}/log\n{load}ServerName x\nListen 127.0.0.1:8997\n"
                                     + "\n".join(done["configuration"]))
    run(need("apache2"), "-t", "-f", tmp_path / "a.conf", cwd=tmp_path)


def test_keytool_opens_the_tomcat_keystore(cli, world, tmp_path):
    need("keytool")
    cli.run("cert", "convert", "mess.pem", "--key", "www.key", "--for", "tomcat", "--out", tmp_path / "www", "--passphrase-file", "horse")
    text = run("keytool", "-list", "-v", "-keystore", tmp_path / "www.p12", "-storepass", "horse", cwd=tmp_path).stdout.decode()
    assert "Alias name: tomcat" in text and "PrivateKeyEntry" in text and "chain length: 3" in text


@pytest.mark.parametrize("kind", ["modern", "legacy"])
def test_nss_opens_the_pfx(cli, world, tmp_path, kind):
    need("pk12util")
    cli.run("cert", "convert", "mess.pem", "--key", "www.key", "--for", "iis", "--p12", kind, "--out", tmp_path / "www", "--passphrase-file", "horse")
    run("certutil", "-N", "-d", tmp_path, "--empty-password", cwd=tmp_path)
    run("pk12util", "-i", tmp_path / "www.pfx", "-d", tmp_path, "-W", "horse", cwd=tmp_path)
    assert b"u,u,u" in run("certutil", "-L", "-d", tmp_path, cwd=tmp_path).stdout


# ---- PKCS#12

def test_a_wrong_passphrase_is_told_from_an_algorithm_that_is_missing(convert, cli, world, tmp_path):
    d = world.path
    for words, name in (([], "new"), (["-legacy"], "old"), (["-nomac"], "nomac")):
        run("openssl", "pkcs12", "-export", "-inkey", "www.key", "-in", "full.pem", "-passout", "pass:horse", *words, "-out", tmp_path / f"{name}.p12", cwd=d)
        done = cli.run("cert", "convert", tmp_path / f"{name}.p12", "--to", "leaf", "--passphrase-file", "cow", "--json", code=1)
        assert done.problem == "match.passphrase", name
        assert convert(tmp_path / f"{name}.p12", "--to", "fullchain", "--passphrase-file", "horse").out == (d / "full.pem").read_bytes()
        assert cli.run("cert", "convert", tmp_path / f"{name}.p12", "--to", "leaf", "--json", code=None).problem in ("input.passphrase", "match.passphrase")
    data = (tmp_path / "new.p12").read_bytes()
    sha256, unknown = bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040263")
    assert data.count(sha256) == 1
    (tmp_path / "x.p12").write_bytes(data.replace(sha256, unknown))  # a MAC with a digest that nobody has
    done = cli.run("cert", "convert", tmp_path / "x.p12", "--to", "leaf", "--passphrase-file", "horse", "--json", code=5)
    assert done.problem == "openssl.unsupported" and "2.16.840.1.101.3.4.2.99" in done.json["detail"] and "passphrase may well be right" in done.json["detail"]
    aes, strange = bytes.fromhex("060960864801650304012a"), bytes.fromhex("0609608648016503040163")
    run("openssl", "pkcs12", "-export", "-inkey", "www.key", "-in", "full.pem", "-passout", "pass:horse", "-nomac", "-out", tmp_path / "n.p12", cwd=d)
    (tmp_path / "y.p12").write_bytes((tmp_path / "n.p12").read_bytes().replace(aes, strange))
    assert cli.run("cert", "convert", tmp_path / "y.p12", "--to", "leaf", "--passphrase-file", "horse", "--json", code=5).problem == "openssl.unsupported"
    for cut in (50, len(data) - 40):
        (tmp_path / "cut.p12").write_bytes(data[:cut])
        cli.run("cert", "convert", tmp_path / "cut.p12", "--to", "leaf", "--passphrase-file", "horse", "--json", code=3)


def test_empty_and_absent_passphrases(convert, world, tmp_path):
    for words in (["-passout", "pass:"],):
        run("openssl", "pkcs12", "-export", "-inkey", "www.key", "-in", "www.pem", *words, "-out", tmp_path / "e.p12", cwd=world.path)
        assert convert(tmp_path / "e.p12", "--to", "leaf").out == world.leaf.pem


# ---- keys

@pytest.mark.parametrize("kind", KEYS)
def test_jwk(cli, tmp_path, kind):
    key = KEYS[kind]()
    party = Party("x", key=key, ca=False, usage=None) if kind not in ("ed25519", "ed448") else None
    (tmp_path / "k").write_bytes(pem_key(key))
    here = Cli(tmp_path)
    public = json.loads(here.run("cert", "convert", "k", "--to", "jwk").out)

    def number(s):
        return int.from_bytes(base64.urlsafe_b64decode(s + "=="), "big")
    here.run("cert", "convert", "k", "--to", "jwk-private", "--out", "k.jwk")
    private = json.loads((tmp_path / "k.jwk").read_text())
    assert mode(tmp_path / "k.jwk") == 0o600 and {k: private[k] for k in public} == public and "d" not in public
    if kind == "rsa":
        n = key.private_numbers()
        assert (number(public["n"]), number(public["e"])) == (n.public_numbers.n, 65537)
        assert [number(private[m]) for m in ("d", "p", "q", "dp", "dq", "qi")] == [n.d, n.p, n.q, n.dmp1, n.dmq1, n.iqmp]
        members = ("e", "kty", "n")
    elif kind.startswith("p"):
        n, size = key.private_numbers(), (key.curve.key_size + 7) // 8
        assert (number(public["x"]), number(public["y"]), number(private["d"])) == (n.public_numbers.x, n.public_numbers.y, n.private_value)
        assert all(len(base64.urlsafe_b64decode(private[m] + "==")) == size for m in "xyd")
        assert (public["kty"], public["crv"]) == ("EC", f"P-{key.curve.key_size}")
        members = ("crv", "kty", "x", "y")
    else:
        assert base64.urlsafe_b64decode(public["x"] + "==") == key.public_key().public_bytes_raw() if hasattr(key.public_key(), "public_bytes_raw") else True
        raw = key.private_bytes(ENC.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
        assert base64.urlsafe_b64decode(private["d"] + "==") == raw and public["kty"] == "OKP" and public["alg"] == public["crv"]
        members = ("crv", "kty", "x")
    thumb = hashlib.sha256(json.dumps({m: public[m] for m in members}, separators=(",", ":"), sort_keys=True).encode()).digest()
    assert public["kid"] == base64.urlsafe_b64encode(thumb).rstrip(b"=").decode()
    if party:
        (tmp_path / "c.pem").write_bytes(party.pem)
        with_cert = json.loads(here.run("cert", "convert", "c.pem", "--to", "jwk").out)
        der = party.cert.public_bytes(ENC.DER)
        assert base64.b64decode(with_cert["x5c"][0]) == der
        assert with_cert["x5t#S256"] == base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
        assert with_cert["kid"] == public["kid"]


def test_rfc_7638_thumbprint(tmp_path):
    """The example of RFC 7638 3.1."""
    n = ("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93"
         "lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPk"
         "sINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw")
    key = rsa.RSAPublicNumbers(65537, int.from_bytes(base64.urlsafe_b64decode(n + "=="), "big")).public_key()
    (tmp_path / "k").write_bytes(key.public_bytes(ENC.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    assert json.loads(Cli(tmp_path).run("cert", "convert", "k", "--to", "jwk").out)["kid"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_keys_in_every_form(convert, cli, world, tmp_path):
    want = spki(world.leaf.key.public_key())
    assert convert("www.key", "--to", "spki-der").out == want == convert("full.pem", "--to", "spki-der").out
    assert spki(serialization.load_pem_public_key(convert("www.pem", "--to", "spki").out)) == want
    convert("www.key", "--to", "pkcs8", "--key-passphrase-file", "horse", "--out", tmp_path / "k.pem")
    assert mode(tmp_path / "k.pem") == 0o600
    assert spki(serialization.load_pem_private_key((tmp_path / "k.pem").read_bytes(), b"horse").public_key()) == want
    convert("locked.key", "--to", "pkcs8-der", "--key-passphrase-file", "horse", "--no-passphrase", "--out", tmp_path / "k.der")
    assert spki(serialization.load_der_private_key((tmp_path / "k.der").read_bytes(), None).public_key()) == want
    for to in ("pkcs8", "pkcs8-der", "jwk-private", "p12"):
        assert cli.run("cert", "convert", "www.key", "--to", to, "--no-passphrase", "--json", code=2).problem == "usage.key"
        assert cli.run("cert", "convert", "www.key", "--to", to, "--no-passphrase", "--out", "-", "--json", code=2).problem == "usage.key"
    assert cli.run("cert", "convert", "www.key", "--to", "pkcs8", "--out", tmp_path / "no", "--json", code=2).problem == "usage.key"
    run("openssl", "ecparam", "-name", "secp256k1", "-genkey", "-noout", "-out", tmp_path / "k1", cwd=tmp_path)
    assert cli.run("cert", "convert", tmp_path / "k1", "--to", "jwk", "--json", code=3).problem == "key.jwk"


def test_csrs(convert, world):
    pem = run("openssl", "req", "-new", "-key", "www.key", "-subj", "/CN=x", cwd=world.path).stdout
    der = convert("-", "--to", "der", stdin=pem).out
    assert x509.load_der_x509_csr(der).subject == x509.load_pem_x509_csr(pem).subject
    assert convert("-", "--to", "pem", stdin=der).out == pem
    assert convert("-", "--to", "spki-der", stdin=der).out == spki(world.leaf.key.public_key())


def test_pkcs7_is_read_by_others(convert, world):
    certs = pkcs7.load_pem_pkcs7_certificates(convert("mess.pem", "--to", "p7b").out)
    assert sorted(c.serial_number for c in certs) == sorted(p.cert.serial_number for p in (world.leaf, world.inter, world.upper))
    done = subprocess.run(["certtool", "--p7-info"], input=convert("mess.pem", "--to", "p7b").out, capture_output=True, timeout=60) if shutil.which(
        "certtool") else None
    assert done is None or len(re.findall(rb"Subject: ", done.stdout)) + done.stdout.count(b"Number of certificates: 3") >= 1
