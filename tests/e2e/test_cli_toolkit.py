"""The toolkit of the `autocsr` command, offline, against openssl, 7-Zip and bsdtar: results, exit codes, bad input."""
import base64
import hashlib
import re
import stat
import subprocess

import pytest
from harness.cli import CODE, Cli

TERMINAL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


@pytest.fixture
def d(tmp_path):
    return tmp_path


def openssl(*words, stdin=None, ok=True, cwd=None):
    done = subprocess.run(["openssl", *map(str, words)], input=stdin, capture_output=True, cwd=cwd, timeout=60)
    assert not ok or done.returncode == 0, done.stderr.decode()
    return done.stdout


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def make(cli, d, name="www", *words, hosts=("www.example.com",)):
    """A key in NAME.key and a CSR in NAME.csr."""
    cli.run("csr", "new", "--host", *hosts, "--keyout", d / f"{name}.key", "--no-passphrase", "--out", d / f"{name}.csr",
            *(words or ("--key", "ec:p256")))
    return d / f"{name}.key", d / f"{name}.csr"


# ---- the screens that teach

def test_alone_it_teaches(cli):
    done = cli.run()
    for word in (b"csr new", b"order new", b"autocsr login", b"exit: 0 done"):
        assert word in done.out
    assert cli.run("--help").out == done.out == cli.run("help").out


def test_topics_teach(cli):
    topics = re.search(r"^topics: autocsr help (.*)$", cli.run().out.decode(), re.M).group(1).split(" | ")
    assert len(topics) > 3
    for topic in topics:
        text = cli.run("help", topic).out.decode()
        assert len(text) > 200 and "$" not in text and max(map(len, text.splitlines())) < 112
        assert cli.run("help", topic, "--json").json == {"topic": topic, "text": text}
    listed = cli.run("help", "keys").out.decode()
    assert "Here: rsa:2048" in listed and all(k in listed for k in KEYS)
    assert "for example:\n  autocsr csr new" in cli.run("csr", code=2).err.decode()


def test_every_line_that_the_screens_teach_is_one(cli):
    """Nouns, verbs and options of every example exist."""
    every = {c["command"]: {o["option"] for o in c["options"]} for c in cli.run("--json").json["commands"]}
    texts = [cli.run().out.decode(), *(cli.run("help", t).out.decode() for t in ("keys", "names", "places", "requests"))]
    texts += [cli.run(*c.split(), "--help").out.decode().split("\noptions:")[0] for c in every]
    examples = [m for t in texts for m in re.findall(r"^  autocsr ((?:.*\\\n)*.*)$", t, re.M)]
    assert len(examples) > 40
    for example in examples:
        words = example.split()
        command = " ".join(words[:2]) if " ".join(words[:2]) in every else words[0]
        assert command in every, example
        for option in re.findall(r"(?<=\s)--[a-z0-9-]+", example.split(" | ")[0]):
            assert option in every[command], example


def test_every_command_has_help(cli):
    screen = cli.run().out.decode()
    commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +\S", screen, re.M)
    assert len(commands) > 30
    for command in commands:
        text = cli.run(*command.split(), "--help").out.decode()
        assert text.startswith(f"usage: autocsr {command}") and "--json" in text
        assert cli.run("help", *command.split()).out.decode() == text
    assert b"usage: autocsr csr VERB" in cli.run("csr", "--help").out


def test_help_is_json_when_asked_for(cli):
    everything = cli.run("--json").json["commands"]
    assert everything == cli.run("help", "--json").json["commands"] and len(everything) > 30
    new = next(c for c in everything if c["command"] == "csr new")
    assert {"option": "--host", "value": "NAME", "repeatable": True, "help": "DNS name or IP address, wildcards too"} in new["options"]
    assert cli.run("csr", "new", "--help", "--json").json == cli.run("help", "csr", "new", "--json").json == {"commands": [new]}
    assert [c["command"] for c in cli.run("csr", "--help", "--json").json["commands"]] == ["csr new", "csr show", "csr check"]
    assert cli.run("--version", "--json").json["version"] in cli.run("--version").out.decode()


@pytest.mark.parametrize("words,said", [
    (["csr"], "usage: autocsr csr VERB"), (["crs", "new"], "did you mean csr"), (["csr", "nwe"], "did you mean new"), (["verify", "x"], "did you mean autocsr cert verify?"),
    (["csr", "show"], "needs FILE"), (["cert", "verify", "a", "b"], "no place for"), (["csr", "show", "--bad", "x"], "unknown option"),
    (["csr", "check", "x", "--hots", "y"], "did you mean --host"), (["csr", "new"], "--archive FILE.zip or --keyout FILE"),
    (["csr", "new", "--archive", "a.zip"], "--host"), (["csr", "new", "--host", "a.b", "--archive", "a", "--keyout", "b"], "in one way"),
    (["csr", "new", "--host", "a.b", "--keyout", "-", "--no-passphrase"], "never written to standard output"),
    (["csr", "new", "--host", "a.b", "--keyout", "k"], "no terminal"),
    (["csr", "new", "--host", "a.b", "--archive", "a.zip", "--no-passphrase"], "belong to --keyout"),
    (["match"], "needs FILE, DIR"), (["cert", "convert", "x"], "--to"), (["cert", "convert", "x", "--p12", "old"], "modern or legacy"),
    (["order", "list"], "no service"), (["order", "list", "--server", "https://x"], "no API token"), (["login"], "--server")])
def test_wrong_usage_is_2_and_says_what_to_do(cli, words, said):
    done = cli.run(*words, code=2)
    assert said in done.err.decode() and not done.out
    assert cli.run("--json", *words, code=2).problem.startswith("usage.")


# ---- csr new

KEYS = ["rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384", "ec:p521", "ed25519", "ed448"]


@pytest.mark.parametrize("key", KEYS)
def test_every_key_type_makes_a_csr_that_openssl_verifies(cli, d, key):
    k, c = make(cli, d, "k", "--key", key)
    assert mode(k) == 0o600
    openssl("req", "-in", c, "-noout", "-verify")
    assert openssl("pkey", "-in", k, "-pubout") == openssl("req", "-in", c, "-noout", "-pubkey")
    assert cli.ask("csr", "show", c)["key_type"] == key


@pytest.mark.parametrize("key", ["ml-dsa-44", "slh-dsa-sha2-128f"])
def test_a_key_type_that_openssl_lacks_is_a_clear_error(cli, d, key):
    done = cli.run("csr", "new", "--host", "a.example.com", "--key", key, "--keyout", d / "k", "--no-passphrase", code=None)
    if done.code != 0:
        family = "SLH-DSA" if key.startswith("slh") else "ML-DSA"
        assert done.code == 5 and re.search(rf"this OpenSSL \(3\.[0-4]\.\d+\) has no {family}; 3\.5 or newer does", done.text)
        assert not (d / "k").exists()


@pytest.mark.parametrize("opener", ["7z", "bsdtar", "autocsr"])
def test_the_archive_opens_with_its_code_and_no_other(cli, d, opener):
    new = cli.ask("csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--archive", d / "a.zip", "--code-file", d / "code")
    code = (d / "code").read_text().strip()
    assert re.fullmatch(CODE, code) and mode(d / "code") == mode(d / "a.zip") == 0o600
    assert code not in str(new) and new["archive_sha256"] == hashlib.sha256((d / "a.zip").read_bytes()).hexdigest()
    (d / "csr").write_text(new["csr"])

    def opened(with_code):
        if opener == "autocsr":
            (d / "typed").write_text(with_code)
            return cli.run("archive", "open", d / "a.zip", "--code-file", d / "typed", "--out", "-", code=None)
        words = ["7z", "x", "-so", f"-p{with_code}", d / "a.zip"] if opener == "7z" else ["bsdtar", "-xOf", d / "a.zip", "--passphrase", with_code]
        return subprocess.run(words, capture_output=True, timeout=60)
    done = opened(code)
    key = done.out if opener == "autocsr" else done.stdout
    assert openssl("pkey", "-pubout", stdin=key) == openssl("req", "-in", d / "csr", "-noout", "-pubkey")
    wrong = opened(("A" if code[0] != "A" else "B") + code[1:])
    assert (wrong.code if opener == "autocsr" else wrong.returncode) == (1 if opener == "autocsr" else wrong.returncode) != 0


def test_the_code_is_never_on_standard_output(cli, d):
    done = cli.run("csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--archive", d / "a.zip")
    code = re.search(rb"unlock code +([0-9A-Z-]{30})", done.err).group(1)
    assert code not in done.out and done.out.startswith(b"-----BEGIN CERTIFICATE REQUEST-----")
    (d / "typed").write_bytes(code.lower())
    cli.run("archive", "open", d / "a.zip", "--code-file", d / "typed", "--out", d / "k")
    assert mode(d / "k") == 0o600


def test_every_kind_of_name(cli, d):
    out = cli.ask("csr", "new", "--host", "b\u00fccher.example", "*.example.com", "2001:db8::1", "--ip", "192.0.2.1", "--email", "a@example.com",
                  "--uri", "https://example.com/x", "--upn", "ann@corp.example", "--subject", r"O=Demo\, Inc,C=DE,CN=www.example.com",
                  "--eku", "serverAuth", "clientAuth", "--must-staple", "--key", "ec:p256", "--keyout", d / "k", "--no-passphrase")
    view = cli.ask("csr", "show", "-", stdin=out["csr"].encode())
    assert view["sans"] == ["DNS:xn--bcher-kva.example", "DNS:*.example.com", "IP:2001:db8::1", "IP:192.0.2.1", "email:a@example.com",
                            "URI:https://example.com/x", "UPN:ann@corp.example"]
    assert view["subject"] == {"O": "Demo, Inc", "C": "DE", "CN": "www.example.com"}
    assert view["extended_key_usage"] == ["serverAuth", "clientAuth"] and view["must_staple"]
    text = openssl("req", "-noout", "-text", stdin=out["csr"].encode()).decode()
    assert "DNS:xn--bcher-kva.example" in text and re.search(r'O ?= ?"?Demo, Inc', text) and "TLS Web Server Authentication" in text


@pytest.mark.parametrize("words,problem,code", [
    (["--host", "a_b.example.com"], "name.underscore", 3), (["--host", "*.co.uk"], "name.wildcard.suffix", 3),
    (["--host", "www.example.com."], "name.trailing-dot", 3), (["--host", "https://x.example"], "name.", 3),
    (["--host", "x\x1b[2J.example"], "name.control", 3), (["--ip", "1.2.3"], "name.ip", 3),
    (["--host", "a.example.com", "--subject", "CN"], "subject.", 3), (["--host", "a.example.com", "--subject", "C=12"], "subject.country", 3),
    (["--host", "a.example.com", "--key", "rsa:1024"], "key.type", 3), (["--host", "a.example.com", "--key", "ed25519", "--policy", "public"], "policy.key-type", 4),
    (["--host", "host.internal", "--policy", "public"], "name.", 3),
    (["--host", *[f"h{i}.example.com" for i in range(101)]], "csr.sans.many", 3)])
def test_what_csr_new_refuses_leaves_no_file(cli, d, words, problem, code):
    done = cli.run("csr", "new", *words, "--keyout", d / "k", "--no-passphrase", "--json", code=code)
    assert done.problem.startswith(problem) and not list(d.iterdir())


def test_nothing_is_overwritten_without_force(cli, d):
    make(cli, d)
    before = (d / "www.key").read_bytes()
    words = ["csr", "new", "--host", "a.example.com", "--key", "ec:p256", "--keyout", d / "www.key", "--no-passphrase", "--out", d / "new.csr"]
    assert cli.run(*words, "--json", code=3).problem == "object.exists"
    assert (d / "www.key").read_bytes() == before and not (d / "new.csr").exists()
    cli.run(*words, "--force")
    assert (d / "www.key").read_bytes() != before


def test_an_encrypted_key_needs_its_passphrase(cli, d):
    (d / "p").write_text("correct horse\n")
    (d / "wrong").write_text("battery staple\n")
    cli.run("csr", "new", "--host", "a.example.com", "--keyout", d / "k.key", "--passphrase-file", d / "p", "--out", d / "k.csr")
    assert b"ENCRYPTED PRIVATE KEY" in (d / "k.key").read_bytes() and mode(d / "k.key") == 0o600
    openssl("pkey", "-in", d / "k.key", "-passin", "pass:correct horse", "-noout")
    assert cli.ask("match", d / "k.key", d / "k.csr", "--passphrase-file", d / "p")["match"]
    assert cli.run("match", d / "k.key", d / "k.csr", "--passphrase-file", d / "wrong", "--json", code=3).json["locked"] == 1
    assert cli.run("match", d / "k.key", d / "k.csr", "--json", code=3).json["locked"] == 1


# ---- csr show and check

def test_forms_of_a_csr(cli, d):
    _, c = make(cli, d)
    pem = c.read_text()
    body = "".join(pem.splitlines()[1:-1])
    der = base64.b64decode(body)
    want = cli.ask("csr", "show", c)
    for form in (pem.replace("\n", "\r\n").encode(), der, body.encode(), b"text before\n" + pem.encode() + b"text after\n",
                 "\n".join(body[i:i + 20] for i in range(0, len(body), 20)).encode(),
                 pem.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST").encode()):
        assert cli.ask("csr", "show", "-", stdin=form) == want


def test_what_is_no_csr_is_bad_input(cli, d):
    k, c = make(cli, d)
    der = base64.b64decode("".join(c.read_text().splitlines()[1:-1]))
    cases = [(b"", "input.empty"), (b"hello", "input."), (k.read_bytes(), "input.private-key"),
             (der[:-3], "csr.der"), (b"\0" * 5000, "input."), (b"\x30" * 70000, "csr."),
             (b"\xff" * 2_000_000, "input.too-large")]
    for data, problem in cases:
        assert cli.run("csr", "check", "-", "--json", stdin=data, code=3).problem.startswith(problem), data[:20]
    for data in (b"", b"hello", k.read_bytes(), der[:-3], b"\0" * 5000, b"\x30" * 70000, b"\xff" * 2_000_000):
        assert cli.run("csr", "show", "-", "--json", stdin=data, code=3).problem.startswith(("input.", "csr.der", "csr.too")), data[:20]
    assert cli.run("csr", "show", "-", "--json", stdin=k.read_bytes(), code=3).problem == "input.private-key"
    assert cli.run("csr", "show", d / "absent", "--json", code=3).problem == "input.open"


def test_a_broken_signature_is_a_verdict(cli, d):
    _, c = make(cli, d)
    der = bytearray(base64.b64decode("".join(c.read_text().splitlines()[1:-1])))
    der[-1] ^= 1
    done = cli.run("csr", "check", "-", "--json", stdin=bytes(der), code=1).json
    assert not done["ok"] and [x["id"] for x in done["checks"] if x["result"] == "fail"] == ["csr.signature"]
    shown = cli.ask("csr", "show", "-", stdin=bytes(der))  # it is shown, and the fact said
    assert shown["signature_valid"] is False and "csr.signature" in [p["id"] for p in shown["problems"]]


def test_check_says_every_rule_with_source_and_remedy(cli, d):
    _, c = make(cli, d, hosts=("www.example.com", "example.com"))
    done = cli.ask("csr", "check", c, "--policy", "public")
    assert done["ok"] and len(done["checks"]) > 10
    for check in done["checks"]:
        assert check["id"] and check["text"] and check["result"] in ("pass", "info", "warn", "fail")
        assert check["result"] in ("pass", "info") or check["remedy"]
    text = cli.run("csr", "check", c).out.decode()
    assert "pass  csr.signature" in text and "[BR 6.1.5]" in text and "0 failed" in text


def test_check_covers_hosts(cli, d):
    _, c = make(cli, d, hosts=("*.example.com", "www.example.org"))
    assert cli.ask("csr", "check", c, "--host", "a.example.com", "www.example.org")["ok"]
    done = cli.run("csr", "check", c, "--host", "a.example.com", "example.com", "a.b.example.com", "--json", code=1).json
    assert [x["field"] for x in done["checks"] if x["id"] == "host.not-covered"] == ["example.com", "a.b.example.com"]
    assert "remedy:" in cli.run("csr", "check", c, "--host", "example.com", code=1).out.decode()


def test_policies(cli, d):
    _, c = make(cli, d, "ed", "--key", "ed25519")
    assert cli.ask("csr", "check", c)["ok"]
    assert not cli.run("csr", "check", c, "--policy", "public", "--json", code=1).json["ok"]
    (d / "p.json").write_text('{"key_types": ["ec:p256"], "suffixes": ["example.org"], "subject_required": ["O"], "max_names": 1}')
    done = cli.run("csr", "check", c, "--policy", d / "p.json", "--json", code=1).json
    failed = {x["id"] for x in done["checks"] if x["result"] == "fail"}
    assert failed == {"policy.key-type", "policy.suffix", "policy.subject"}
    (d / "p.json").write_text('{"key_typs": []}')
    assert cli.run("csr", "check", c, "--policy", d / "p.json", "--json", code=3).problem == "input.policy"


def test_weak_keys_are_verdicts(cli, d):
    openssl("req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", d / "weak.key", "-subj", "/CN=a.example.com", "-addext",
            "subjectAltName=DNS:a.example.com", "-out", d / "weak.csr")
    done = cli.run("csr", "check", d / "weak.csr", "--json", code=1).json
    assert "key.rsa.bits" in [x["id"] for x in done["checks"] if x["result"] == "fail"]
    assert not cli.run("key", "check", d / "weak.key", "--json", code=1).json["ok"]
    assert cli.run("key", "check", d / "weak.csr", code=1).out.decode().count("fail  key.rsa.bits") == 1


def test_control_characters_never_reach_the_terminal(cli, d):
    """A CSR is refused for them; a certificate is shown, and harmless."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", d / "k", "-days", "1", "-utf8", "-subj",
            "/CN=evil\x1b[2J\x07\u202egpj", "-out", d / "evil.pem")
    done = cli.run("cert", "show", d / "evil.pem", code=None)
    assert not TERMINAL.search(done.out + done.err) and "\u202e" not in done.text
    openssl("req", "-new", "-key", d / "k", "-utf8", "-subj", "/CN=evil\x1b[2J", "-out", d / "evil.csr")
    done = cli.run("csr", "check", d / "evil.csr", code=1)
    assert not TERMINAL.search(done.out + done.err)
    done = cli.run("csr", "show", "no\x1b[2J\u202esuch", code=3)
    assert not TERMINAL.search(done.out + done.err) and "\u202e" not in done.text


# ---- key check

def test_key_check_looks_into_everything(cli, d):
    k, c = make(cli, d)
    openssl("req", "-x509", "-key", k, "-subj", "/CN=x", "-days", "2", "-out", d / "cert.pem")
    (d / "pub.pem").write_bytes(openssl("pkey", "-in", k, "-pubout"))
    (d / "pub.der").write_bytes(openssl("pkey", "-in", k, "-pubout", "-outform", "DER"))
    for f in (k, c, d / "cert.pem", d / "pub.pem", d / "pub.der"):
        assert cli.ask("key", "check", f, "--policy", "public")["ok"], f
    ed, _ = make(cli, d, "ed", "--key", "ed25519")
    assert cli.ask("key", "check", ed)["ok"]
    assert not cli.run("key", "check", ed, "--policy", "public", "--json", code=1).json["ok"]
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-out", d / "k256")
    assert cli.run("key", "check", d / "k256", "--json", code=1).json["checks"]


# ---- archives

def test_archive_show_and_damage(cli, d):
    cli.run("csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--archive", d / "a.zip", "--code-file", d / "code", "--out", d / "c")
    info = cli.ask("archive", "show", d / "a.zip")
    assert info["name"] == "www.example.com.key" and info["bits"] == 256 and "AE-2" in info["encryption"]
    data = bytearray((d / "a.zip").read_bytes())
    data[len(data) // 2] ^= 1
    (d / "bad.zip").write_bytes(data)
    assert cli.run("archive", "open", d / "bad.zip", "--code-file", d / "code", "--out", d / "k", "--json", code=3).problem == "archive.damaged"
    assert not (d / "k").exists()
    for junk in (b"PK\x03\x04", b"x" * 100, bytes(data) + b"appended", bytes(data[:50])):
        (d / "junk.zip").write_bytes(junk)
        assert cli.run("archive", "show", d / "junk.zip", "--json", code=3).problem.startswith("archive.")
    (d / "big.zip").write_bytes(b"\0" * 70000)
    assert cli.run("archive", "show", d / "big.zip", "--json", code=3).problem == "archive.too-large"


def test_archive_open_takes_the_entry_name_only_when_it_is_harmless(cli, d):
    cli.run("csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--archive", d / "a.zip", "--code-file", d / "code", "--out", d / "c")
    assert cli.ask("archive", "open", d / "a.zip", "--code-file", d / "code")["file"] == "www.example.com.key"
    assert mode(d / "www.example.com.key") == 0o600
    assert cli.run("archive", "open", d / "a.zip", "--code-file", d / "code", "--json", code=3).problem == "object.exists"
    before = sorted(d.rglob("*"))
    for name in (b"../www.exampl.e.key", b".ww.example.com.key", b"-ww.example.com.key", b"w\\w.example.com.key", b"www.examp\x1b[2J.key"):
        (d / "a.zip").with_name("c").write_bytes((d / "a.zip").read_bytes().replace(b"www.example.com.key", name))
        assert cli.run("archive", "open", d / "c", "--code-file", d / "code", "--json", code=3).problem.startswith("archive."), name
        assert sorted(d.rglob("*")) == before and not (d.parent / "www.exampl.e.key").exists()


@pytest.mark.parametrize("typed", ["", "ABC", "U" * 26, "!" * 26, "0" * 26, "0" * 26 + "1"])
def test_codes_that_do_not_fit_are_a_no(cli, d, typed):
    cli.run("csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--archive", d / "a.zip", "--code-file", d / "code", "--out", d / "c")
    (d / "typed").write_text(typed)
    done = cli.run("archive", "open", d / "a.zip", "--code-file", d / "typed", "--out", d / "k", "--json", code=1 if typed else 3)
    assert done.problem.startswith("archive.code" if typed else "input.empty") and not (d / "k").exists()


def test_a_key_does_not_go_into_json(cli, d):
    cli.run("csr", "new", "--host", "a.example.com", "--key", "ec:p256", "--archive", d / "a.zip", "--code-file", d / "code", "--out", d / "c")
    assert cli.run("archive", "open", d / "a.zip", "--code-file", d / "code", "--out", "-", "--json", code=2).problem == "usage.key"


# ---- certificates

class Ca:
    """Root, intermediate and leaf by openssl."""

    def __init__(self, d):
        self.d = d
        ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *ec, "-keyout", d / "root.key", "-subj", "/CN=Test root", "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                "-out", d / "root.pem")
        self.sign("ca", "/CN=Test CA", "root", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n")
        self.sign("leaf", "/CN=www.example.com", "ca",
                  "basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:www.example.com,IP:192.0.2.1\nextendedKeyUsage=serverAuth\n")
        (d / "full.pem").write_bytes((d / "leaf.pem").read_bytes() + (d / "ca.pem").read_bytes())

    def sign(self, name, subject, issuer, ext):
        d = self.d
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", d / f"{name}.key", "-subj", subject,
                "-out", d / f"{name}.csr")
        (d / "ext").write_text(ext + "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        openssl("x509", "-req", "-in", d / f"{name}.csr", "-CA", d / f"{issuer}.pem", "-CAkey", d / f"{issuer}.key", "-CAcreateserial", "-days", "20",
                "-extfile", d / "ext", "-out", d / f"{name}.pem")

    def crl(self, name, *revoked):
        d = self.d
        (d / "index.txt").write_text("")
        (d / "crlnumber").write_text("01\n")
        (d / "ca.cnf").write_text(f"[ca]\ndefault_ca=x\n[x]\ndatabase={d}/index.txt\ncrlnumber={d}/crlnumber\ndefault_md=sha256\ndefault_crl_days=5\n")
        signer = ["ca", "-config", d / "ca.cnf", "-cert", d / "ca.pem", "-keyfile", d / "ca.key"]
        for cert in revoked:
            openssl(*signer, "-revoke", cert)
        openssl(*signer, "-gencrl", "-out", d / name)
        return d / name


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Ca(tmp_path_factory.mktemp("ca"))


def test_cert_show_in_every_form(cli, d, ca):
    shown = cli.ask("cert", "show", ca.d / "full.pem")["certificates"]
    assert [c["subject_text"] for c in shown] == ["CN=www.example.com", "CN=Test CA"]
    assert shown[0]["sans"] == ["DNS:www.example.com", "IP:192.0.2.1"] and not shown[0]["ca"] and shown[1]["path_length"] == 0
    der = openssl("x509", "-in", ca.d / "leaf.pem", "-outform", "DER")
    assert shown[0]["sha256"] == hashlib.sha256(der).hexdigest()
    assert cli.ask("cert", "show", "-", stdin=der)["certificates"] == shown[:1]
    for form in ("PEM", "DER"):
        p7 = openssl("crl2pkcs7", "-nocrl", "-certfile", ca.d / "full.pem", "-outform", form)
        assert {c["sha256"] for c in cli.ask("cert", "show", "-", stdin=p7)["certificates"]} == {c["sha256"] for c in shown}
    text = cli.run("cert", "show", ca.d / "leaf.pem").out.decode()
    assert "CN=Test CA" in text and "serverAuth" in text


@pytest.mark.parametrize("data", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30\x82\xff\xff",
                                  b"-----BEGIN CERTIFICATE-----\n" + b"A" * 300000 + b"\n-----END CERTIFICATE-----\n"],
                         ids=["empty", "rubbish", "short", "der", "long"])
def test_what_is_no_certificate_is_bad_input(cli, data):
    cli.run("cert", "show", "-", "--json", stdin=data, code=3)
    cli.run("cert", "verify", "-", "--json", stdin=data, code=3)
    cli.run("cert", "convert", "-", "--to", "der", "--json", stdin=data, code=3)


def test_cert_verify(cli, ca):
    full, root = ca.d / "full.pem", ca.d / "root.pem"
    assert cli.ask("cert", "verify", full, "--root", root, "--host", "www.example.com", "192.0.2.1", "--eku", "serverAuth")["ok"]
    assert cli.run("cert", "verify", ca.d / "leaf.pem", "--chain", ca.d / "ca.pem", "--root", root).out.endswith(
        b"yes: the certificate verifies\nnot checked: revocation (--crl), names (--host), purpose (--eku)\n")

    def no(problem, *words):
        done = cli.run("cert", "verify", *words, "--json", code=1).json
        assert not done["ok"] and done["error"] == problem, done
    no("verify.issuer", ca.d / "leaf.pem", "--root", root)
    no("verify.name", full, "--root", root, "--host", "other.example.com")
    no("verify.expired", full, "--root", root, "--at", "2099-01-01T00:00:00Z")
    no("verify.not-yet", full, "--root", root, "--at", "2001-01-01T00:00:00Z")
    no("verify.purpose", full, "--root", root, "--eku", "clientAuth")
    assert not cli.run("cert", "verify", full, "--json", code=1).json["ok"]
    assert "no: " in cli.run("cert", "verify", full, "--root", root, "--host", "x.example.org", code=1).out.decode()
    cli.run("cert", "verify", full, "--root", root, "--at", "yesterday", code=2)
    cli.run("cert", "verify", full, "--root", ca.d / "absent", code=3)


def test_cert_verify_against_crls(cli, ca):
    clean, revoked = ca.crl("clean.crl"), ca.crl("revoked.crl", ca.d / "leaf.pem")
    words = ["cert", "verify", ca.d / "full.pem", "--root", ca.d / "root.pem", "--crl"]
    assert cli.ask(*words, clean)["ok"]
    assert cli.run(*words, revoked, "--json", code=1).json["error"] == "verify.revoked"
    (ca.d / "r.der").write_bytes(openssl("crl", "-in", revoked, "-outform", "DER"))
    assert cli.run(*words, ca.d / "r.der", "--json", code=1).json["error"] == "verify.revoked"
    cli.run(*words, ca.d / "leaf.pem", code=3)


def test_cert_convert(cli, d, ca):
    full = ca.d / "full.pem"
    assert cli.run("cert", "convert", full, "--to", "leaf").out == openssl("x509", "-in", ca.d / "leaf.pem")
    assert cli.run("cert", "convert", full, "--to", "chain").out == openssl("x509", "-in", ca.d / "ca.pem")
    assert cli.run("cert", "convert", full, "--to", "der").out == openssl("x509", "-in", ca.d / "leaf.pem", "-outform", "DER")
    cli.run("cert", "convert", full, "--to", "p7b", "--out", d / "x.p7b")
    listed = openssl("pkcs7", "-in", d / "x.p7b", "-print_certs", "-noout").decode()
    assert "www.example.com" in listed and "Test CA" in listed
    back = cli.ask("cert", "convert", d / "x.p7b", "--to", "pem")
    assert back["pem"].count("BEGIN CERTIFICATE") == 2
    assert base64.b64decode(cli.ask("cert", "convert", full, "--to", "der")["base64"]) == openssl("x509", "-in", ca.d / "leaf.pem", "-outform", "DER")
    cli.run("cert", "convert", full, "--to", "jks", code=2)


def test_pkcs12_modern_and_legacy(cli, d, ca):
    (d / "p").write_text("swordfish\n")
    (d / "wrong").write_text("wrong\n")
    words = ["cert", "convert", ca.d / "full.pem", "--key", ca.d / "leaf.key", "--passphrase-file", d / "p"]
    cli.run(*words, "--p12", "modern", "--out", d / "m.p12", "--name", "www")
    assert mode(d / "m.p12") == 0o600
    info = subprocess.run(["openssl", "pkcs12", "-in", d / "m.p12", "-passin", "pass:swordfish", "-info", "-noout"], capture_output=True, timeout=60)
    text = info.stderr.decode()
    assert info.returncode == 0 and "PBES2" in text and "AES-256-CBC" in text and "hmacWithSHA256" in text and "MAC: sha256" in text
    assert all(int(n) > 100000 for n in re.findall(r"Iteration (\d+)", text))
    done = cli.run(*words, "--p12", "legacy", "--out", d / "l.p12")
    assert "weak" in done.err.decode()
    text = subprocess.run(["openssl", "pkcs12", "-in", d / "l.p12", "-passin", "pass:swordfish", "-info", "-noout"], capture_output=True,
                          timeout=60).stderr.decode()
    assert "MAC: sha1" in text and "3-KeyTripleDES" in text
    for p12 in ("m.p12", "l.p12"):
        cli.run("cert", "convert", d / p12, "--passphrase-file", d / "p", "--to", "fullchain", "--out", d / "back.pem", "--keyout", d / "back.key",
                "--no-passphrase", "--force")
        assert cli.ask("match", d / "back.pem", d / "back.key")["match"] and mode(d / "back.key") == 0o600
        assert cli.run("cert", "show", d / p12, "--passphrase-file", d / "wrong", "--json", code=1).problem == "match.passphrase"
        assert cli.run("cert", "show", d / p12, "--json", code=3).problem == "input.passphrase"
    assert cli.run(*words[:3], "--key", ca.d / "ca.key", "--passphrase-file", d / "p", "--p12", "modern", "--out", d / "no.p12", "--json",
                   code=1).problem == "match.key"
    assert not (d / "no.p12").exists()
    cli.run(*words, "--p12", "modern", code=2)


def test_a_full_disk_is_an_error_and_leaves_nothing(cli, d, ca):
    done = cli.run("cert", "convert", ca.d / "full.pem", "--to", "pem", "--out", "/dev/full", "--force", code=3)
    assert "not a regular file" in done.text
    done = subprocess.run(f"{' '.join(cli.command('cert', 'show', ca.d / 'full.pem'))} >/dev/full", shell=True, capture_output=True, timeout=60)
    assert done.returncode == 5 and b"cannot write" in done.stderr
