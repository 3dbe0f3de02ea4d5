"""`autocsr match`: what belongs together, in any form and any number; openssl, keytool and hashlib as judges."""
import hashlib
import json
import resource
import shutil
import subprocess

import pytest
from harness.cli import Cli
from harness.library import option


def openssl(*words, cwd, stdin=None):
    done = subprocess.run(["openssl", *map(str, words)], cwd=cwd, input=stdin, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """a.* and b.* of two keys, and a CA with a leaf for key a."""
    d = tmp_path_factory.mktemp("match")
    for n in "ab":
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{n}.key", cwd=d)
        openssl("pkey", "-in", f"{n}.key", "-pubout", "-out", f"{n}.pub", cwd=d)
        openssl("req", "-new", "-key", f"{n}.key", "-subj", f"/CN={n}.example.com", "-out", f"{n}.csr", cwd=d)
        openssl("req", "-x509", "-key", f"{n}.key", "-subj", f"/CN={n}", "-days", "9", "-out", f"{n}.pem", cwd=d)
        openssl("pkey", "-in", f"{n}.key", "-aes256", "-passout", "pass:horse", "-out", f"{n}.locked", cwd=d)
        openssl("pkcs12", "-export", "-inkey", f"{n}.key", "-in", f"{n}.pem", "-passout", "pass:horse", "-out", f"{n}.p12", cwd=d)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-subj", "/CN=CA", "-days", "9",
            "-out", "ca.pem", cwd=d)
    openssl("x509", "-req", "-in", "a.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "5", "-out", "leaf.pem", cwd=d)
    (d / "full.pem").write_bytes((d / "leaf.pem").read_bytes() + (d / "ca.pem").read_bytes())
    (d / "haproxy.pem").write_bytes((d / "full.pem").read_bytes() + (d / "a.key").read_bytes())
    openssl("crl2pkcs7", "-nocrl", "-certfile", "full.pem", "-out", "full.p7b", cwd=d)
    (d / "horse").write_text("horse\n")
    (d / "cow").write_text("cow\n")
    return d


@pytest.fixture
def cli(made):
    return Cli(made)


def hash_of(d, name):
    return hashlib.sha256(openssl("pkey", "-in", f"{name}.key", "-pubout", "-outform", "DER", cwd=d)).hexdigest()


def test_everything_of_one_key(cli, made):
    done = cli.ask("match", "a.key", "a.csr", "a.pem", "a.pub", "haproxy.pem")
    assert done["match"] and done["different_keys"] == 1 and done["unreadable"] == []
    group, chain = done["groups"]
    assert group["spki_sha256"] == hash_of(made, "a") and group["verdict"] == "complete" and chain["issuer"]
    assert [(i["file"], i["object"], i["kind"]) for i in group["items"]] == [
        ("a.key", 1, "private key"), ("a.csr", 1, "CSR"), ("a.pem", 1, "certificate"), ("a.pub", 1, "public key"),
        ("haproxy.pem", 1, "certificate"), ("haproxy.pem", 3, "private key")]
    assert "yes: all of them" in cli.run("match", "a.key", "a.csr").out.decode()


@pytest.mark.parametrize("words", [["a.key", "full.pem"], ["a.key", "full.p7b"], ["haproxy.pem"], ["a.key", "a.p12", "--passphrase-file", "horse"],
                                   ["a.locked", "a.pem", "--passphrase-file", "horse"], ["a.p12", "--passphrase-file", "horse"]])
def test_bundles_count_object_by_object_and_a_chain_belongs_to_its_leaf(cli, words):
    assert cli.ask("match", *words)["match"]


@pytest.mark.parametrize("words", [["a.key", "b.csr"], ["a.key", "b.pem", "a.csr"], ["b.key", "full.pem"], ["a.key", "ca.pem"],
                                   ["a.p12", "b.key", "--passphrase-file", "horse"], ["a.pub", "b.pub"]])
def test_two_keys_are_a_no(cli, words):
    assert not cli.run("match", *words, "--json", code=1).json["match"]
    assert "no: not all" in cli.run("match", *words, code=1).out.decode()


def test_it_says_what_is_missing(cli, made):
    done = cli.run("match", "a.key", "b.pem", "ca.key", "ca.pem", "--json", code=1).json
    assert {g["spki_sha256"]: g["verdict"] for g in done["groups"]} == {
        hash_of(made, "a"): "private key without certificate", hash_of(made, "b"): "certificate without private key", hash_of(made, "ca"): "complete"}
    assert (done["keys_without_certificate"], done["certificates_without_key"], done["complete"]) == (1, 1, 1)
    assert [g["verdict"] for g in done["groups"]][-1] == "complete"  # what needs somebody comes first
    assert cli.run("match", "a.key", "a.csr", "--json").json["groups"][0]["verdict"] == "private key and CSR, no certificate"
    assert cli.run("match", "b.csr", "--json").json["groups"][0]["verdict"] == "CSR without private key"


def test_a_locked_key_is_locked_and_the_rest_is_shown(cli):
    done = cli.run("match", "a.locked", "a.csr", "a.pem", "--json", code=3).json
    assert [(u["file"], u["locked"], u["error"]) for u in done["unreadable"]] == [("a.locked", True, "key.passphrase.needed")]
    assert done["locked"] == 1 and len(done["groups"][0]["items"]) == 2 and not done["match"]
    done = cli.run("match", "a.locked", "a.p12", "a.csr", "--passphrase-file", "cow", "--json", code=3).json
    assert [u["error"] for u in done["unreadable"]] == ["key.passphrase.wrong", "match.passphrase"]
    text = cli.run("match", "a.locked", "a.csr", code=3).out.decode()
    assert "locked      a.locked: " in text and "could not be compared" in text


def test_what_cannot_be_read_does_not_hide_the_rest(cli, made, tmp_path):
    (tmp_path / "junk").write_bytes(b"nothing of ours")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "broken.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n" + (made / "a.pem").read_bytes())
    done = cli.run("match", "a.key", tmp_path / "junk", tmp_path / "empty", tmp_path / "absent", tmp_path / "broken.pem", "--json", code=3).json
    assert len(done["unreadable"]) == done["unreadable_files"] == 4 and len(done["groups"]) == 1 and len(done["groups"][0]["items"]) == 2
    assert cli.run("match", tmp_path / "absent", "--json", code=3).json["groups"] == []


def test_directories_lists_and_standard_input(cli, made, tmp_path):
    deep = tmp_path / "x" / "y"
    deep.mkdir(parents=True)
    for n in ("a.key", "a.pem"):
        shutil.copy(made / n, deep / n)
    (tmp_path / "README").write_text("not one of them")
    done = cli.ask("match", tmp_path)
    assert done["match"] and done["files"] == 3 and done["ignored"] == 1
    names = "a.key\n\na.csr\r\nb.csr\n".encode()
    assert cli.run("match", "--files-from", "-", "--json", stdin=names, code=1).json["objects"] == 3
    (tmp_path / "list").write_bytes(b"a.key\na.csr\n")
    assert cli.ask("match", "--files-from", tmp_path / "list")["match"]
    assert cli.ask("match", "-", "a.csr", stdin=(made / "a.key").read_bytes())["match"]
    cli.run("match", "--files-from", tmp_path / "none", code=3)
    cli.run("match", code=2)


def test_lines(cli):
    lines = [json.loads(x) for x in subprocess.run(cli.command("match", "a.key", "b.csr", "a.locked", "--json", "--lines"), cwd=cli.cwd, env=cli.env,
                                                   capture_output=True, timeout=60, start_new_session=True).stdout.splitlines()]
    assert [sorted(x)[:2] for x in lines[:3]] == [["file", "kind"], ["file", "kind"], ["detail", "error"]]
    assert [x["verdict"] for x in lines[3:5]] and lines[5]["match"] is False and lines[5]["objects"] == 2


def test_names_of_files_cannot_repaint_the_terminal(cli, made, tmp_path):
    shutil.copy(made / "a.key", tmp_path / "k\x1b[2J\u202e")
    (tmp_path / "n\x1b[2J").write_bytes(b"x")
    for words in ([tmp_path], [tmp_path, "--json"], [*tmp_path.iterdir()]):
        done = cli.run("match", *words, code=None)
        assert "\x1b" not in done.text and "\u202e" not in done.text


def test_keytool_agrees(cli, made, tmp_path):
    if shutil.which("keytool") is None:
        pytest.skip("keytool is not installed")
    subprocess.run(["keytool", "-genkeypair", "-alias", "x", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=x", "-keystore", tmp_path / "k.p12",
                    "-storetype", "PKCS12", "-storepass", "horse1"], check=True, capture_output=True, timeout=120)
    csr = subprocess.run(["keytool", "-certreq", "-alias", "x", "-keystore", tmp_path / "k.p12", "-storepass", "horse1"], check=True, capture_output=True,
                         timeout=120).stdout
    (tmp_path / "pass").write_text("horse1")
    (tmp_path / "x.csr").write_bytes(csr)
    done = cli.ask("match", tmp_path / "k.p12", tmp_path / "x.csr", "--passphrase-file", tmp_path / "pass")
    assert done["match"] and [i["kind"] for i in done["groups"][0]["items"]] == ["private key", "certificate", "CSR"]


def test_many_files_in_little_memory(cli, made, tmp_path):
    """4,000 files under a limit of address space that a document in memory would break (tools/bench does 100,000)."""
    pem = (made / "a.pub").read_text()
    for i in range(4000):
        (tmp_path / f"{i:05}.pem").write_text(pem if i else (made / "b.pub").read_text())
    done = subprocess.run(cli.command("match", tmp_path, "--json"), cwd=cli.cwd, env=cli.env, capture_output=True, timeout=120, start_new_session=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (24 << 20, 24 << 20)) if option("b_sanitize") == "none" else None)
    assert done.returncode == 1, done.stderr
    doc = json.loads(done.stdout)
    assert doc["objects"] == 4000 and [len(g["items"]) for g in doc["groups"]] in ([1, 3999], [3999, 1])
