"""The `autocsr` command against a service that misbehaves: lost answers, busy, hostile answers, wrong certificates."""
import hashlib
import http.server
import json
import re
import ssl
import stat
import subprocess
import threading

import pytest
from harness.cli import Cli
from harness.service import program

ORDER = {"id": "ord_1", "state": "handover", "product": "dv", "names": ["www.example.com"], "key_source": "autocsr", "key_type": "ec:p256",
         "delivery": "download", "spki_sha256": "00", "archive": {"state": "waiting"}, "code": None, "validations": [], "waiting": None,
         "certificates": [], "events": [], "next": "", "created_at": "2026-11-23T08:00:00Z"}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        fake = self.server.fake
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fake.requests.append((self.command, self.path, dict(self.headers), body))
        queue = fake.answers.get((self.command, self.path.split("?")[0]), [])
        answer = queue.pop(0) if len(queue) > 1 else queue[0] if queue else (404, {"type": "urn:autocsr:error:object.absent", "detail": "absent"}, {})
        if answer == "drop":
            self.close_connection = True
            self.connection.close()
            return
        status, data, headers = (*answer, {})[:3]
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class Fake:
    """Answers by (method, path): a list, the last of which stays. An answer is (status, JSON or bytes[, headers]) or "drop"."""

    def __init__(self, test_pki, host="127.0.0.1", tls=ssl.TLSVersion.TLSv1_2):
        self.answers, self.requests = {}, []
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.fake = self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*test_pki.server_files(host))
        if tls < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version, context.maximum_version = tls, tls
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def says(self, method, path, *answers):
        self.answers[(method, "/api/v1" + path if not path.startswith("/crl") else path)] = list(answers)

    def seen(self, method, path):
        return [(h, b) for m, p, h, b in self.requests if m == method and p.split("?")[0] == "/api/v1" + path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def fake(test_pki):
    server = Fake(test_pki)
    yield server
    server.close()


@pytest.fixture
def cli(tmp_path, fake, test_pki):
    return Cli(tmp_path, {"AUTOCSR_SERVER": fake.url, "AUTOCSR_TOKEN": "acsr_secret", "AUTOCSR_CA_FILE": str(test_pki.ca_file)})


@pytest.fixture
def archive(tmp_path):
    """A real archive, made by the toolkit."""
    path = tmp_path / "made.zip"
    subprocess.run([program("autocsr"), "csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--archive", path, "--code-file",
                    tmp_path / "made.code", "--out", tmp_path / "made.csr"], check=True, capture_output=True)
    return path.read_bytes()


def order_with(data, **more):
    return {**ORDER, "archive_url": "/api/v1/archives/tic_1", "archive": {"state": "waiting", "sha256": hashlib.sha256(data).hexdigest()}, **more}


def hand_over(fake, data):
    """The service's part of an order up to the acknowledgement."""
    fake.says("POST", "/orders", (201, order_with(data)))
    fake.says("GET", "/archives/tic_1", (200, data, {"X-Archive-SHA256": hashlib.sha256(data).hexdigest()}))
    fake.says("POST", "/orders/ord_1/archive/ack", (200, {**ORDER, "state": "issued"}))


NEW = ["order", "new", "--product", "dv", "--host", "www.example.com", "--archive", "a.zip"]


def test_the_archive_is_saved_before_it_is_acknowledged(cli, fake, archive, tmp_path):
    hand_over(fake, archive)
    order = cli.ask(*NEW)
    assert order["archive_file"] == "a.zip" and "archive_url" not in order
    assert (tmp_path / "a.zip").read_bytes() == archive and stat.S_IMODE((tmp_path / "a.zip").stat().st_mode) == 0o600
    [(headers, body)] = fake.seen("POST", "/orders/ord_1/archive/ack")
    assert json.loads(body) == {"sha256": hashlib.sha256(archive).hexdigest()}
    assert headers["Authorization"] == "Bearer acsr_secret" and "Origin" not in headers


@pytest.mark.parametrize("words, hand_over_of", [
    (["--seal-to", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"], None),
    (["--seal-to", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"], {"grade": "code", "format": "zip", "recipient": None}),
    (["--format", "p12"], {"grade": "code", "format": "zip", "recipient": None}),
], ids=str)
def test_a_service_that_gives_another_form_is_not_believed(cli, fake, archive, tmp_path, words, hand_over_of):
    hand_over(fake, archive)
    fake.says("POST", "/orders", (201, order_with(archive, **({"hand_over": hand_over_of} if hand_over_of else {}))))
    done = cli.run(*NEW, *words, "--json", code=5)
    assert done.problem == "net.answer" and not (tmp_path / "a.zip").exists()
    assert not fake.seen("GET", "/archives/tic_1") and not fake.seen("POST", "/orders/ord_1/archive/ack")


@pytest.mark.parametrize("format", ["age", "cms", "p12", "pkcs8"])
def test_a_file_of_another_form_than_the_order_says_is_not_acknowledged(cli, fake, archive, tmp_path, format):
    hand_over(fake, archive)
    order = order_with(archive, hand_over={"grade": "code", "format": format, "recipient": None})
    fake.says("POST", "/orders", (201, order))
    fake.says("POST", "/orders/ord_1/archive", (200, order))
    assert cli.run(*NEW, "--json", code=None).problem == "archive.damaged"
    assert not (tmp_path / "a.zip").exists() and not fake.seen("POST", "/orders/ord_1/archive/ack")


def test_a_lost_answer_is_asked_for_again_with_the_same_key(cli, fake, archive):
    hand_over(fake, archive)
    fake.says("POST", "/orders", "drop", (503, {"type": "urn:autocsr:error:busy.x", "detail": "busy"}, {"Retry-After": "1"}), (201, order_with(archive)))
    cli.run(*NEW)
    keys = [h["Idempotency-Key"] for h, _ in fake.seen("POST", "/orders")]
    assert len(keys) == 3 and len(set(keys)) == 1 and len(keys[0]) > 20
    assert len({b for _, b in fake.seen("POST", "/orders")}) == 1


def test_what_may_not_be_repeated_is_not(cli, fake):
    fake.says("POST", "/orders/ord_1/revoke", "drop", (200, ORDER))
    assert cli.run("order", "revoke", "ord_1", "--json", code=5).problem == "net.io"
    assert len(fake.seen("POST", "/orders/ord_1/revoke")) == 1


def test_an_acknowledgement_whose_answer_was_lost_is_looked_up(cli, fake, archive):
    hand_over(fake, archive)
    fake.says("POST", "/orders/ord_1/archive/ack", "drop")
    fake.says("GET", "/orders/ord_1", (200, {**ORDER, "state": "validating", "archive": {"state": "acknowledged"}}))
    assert cli.ask(*NEW)["state"] == "validating"
    assert len(fake.seen("POST", "/orders/ord_1/archive/ack")) == 1


def test_a_broken_archive_is_not_acknowledged_and_a_new_one_is_asked_for(cli, fake, archive, tmp_path):
    hand_over(fake, archive)
    fake.says("GET", "/archives/tic_1", (200, archive[:-20]), (200, b"<html>"), (200, archive))
    fake.says("POST", "/orders/ord_1/archive", (200, order_with(archive)))
    cli.run(*NEW)
    assert len(fake.seen("POST", "/orders/ord_1/archive")) == 2 and (tmp_path / "a.zip").read_bytes() == archive


@pytest.mark.parametrize("url", ["https://evil.example/x", "//evil.example/x", "/api/v1/../x", "/other", "", "/api/v1/archives/a b"])
def test_an_archive_elsewhere_is_not_fetched(cli, fake, archive, url, tmp_path):
    hand_over(fake, archive)
    fake.says("POST", "/orders", (201, order_with(archive, archive_url=url)))
    fake.says("POST", "/orders/ord_1/archive", (200, order_with(archive, archive_url=url)))
    assert cli.run(*NEW, "--json", code=5).problem == "net.answer"
    assert not (tmp_path / "a.zip").exists() and not fake.seen("POST", "/orders/ord_1/archive/ack")
    assert {p for _, p, _, _ in fake.requests} <= {"/api/v1/orders", "/api/v1/orders/ord_1/archive"}


def test_a_hash_that_does_not_fit_is_not_acknowledged(cli, fake, archive):
    hand_over(fake, archive)
    wrong = {**order_with(archive), "archive": {"state": "waiting", "sha256": "0" * 64}}
    fake.says("POST", "/orders", (201, wrong))
    fake.says("POST", "/orders/ord_1/archive", (200, wrong))
    assert cli.run(*NEW, "--json", code=3).problem == "archive.damaged"
    assert not fake.seen("POST", "/orders/ord_1/archive/ack")


def test_nothing_is_ordered_when_it_could_not_be_saved(cli, fake, archive, tmp_path):
    hand_over(fake, archive)
    (tmp_path / "a.zip").write_text("mine")
    assert cli.run(*NEW, "--json", code=3).problem == "object.exists"
    assert cli.run(*NEW[:-1], "absent/a.zip", "--json", code=3).problem == "input.path"
    assert cli.run(*NEW[:-1], "-", "--json", code=2).problem == "usage.archive"
    busy = fake.server.server_address[1]
    assert cli.run(*NEW[:-1], "b.zip", "--standalone", f"127.0.0.1:{busy}", "--json", code=5).problem == "net.listen"
    cli.run(*NEW[:-1], "b.zip", "--standalone", "here", code=2)
    assert not fake.requests and (tmp_path / "a.zip").read_text() == "mine" and not (tmp_path / "b.zip").exists()


def test_standalone_serves_what_the_order_asks_for_and_waits(cli, fake, archive, tmp_path):
    import urllib.error
    import urllib.request
    from harness.net import free_port
    port, got = free_port(), []
    files = [("/.well-known/pki-validation/a.txt", "content-a"), ("/.well-known/pki-validation/b.txt", "content-b")]
    waiting = {**ORDER, "state": "validating", "archive": {"state": "acknowledged"},
               "validations": [{"name": "x", "state": "pending", "method": "http", "http": {"url": "http://x" + p, "path": p, "content": c}} for p, c in files]}

    class Look:
        def __iter__(self):
            for path, _ in files:
                got.append(urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read().decode())
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/other", timeout=5)
            except urllib.error.HTTPError as e:
                got.append(e.code)
            return iter((200, waiting))
    hand_over(fake, archive)
    fake.says("POST", "/orders/ord_1/archive/ack", (200, waiting))
    fake.says("POST", "/orders/ord_1/validate", Look())
    fake.says("GET", "/orders/ord_1", (200, waiting), (200, {**ORDER, "state": "issuing"}), (200, {**ORDER, "state": "issued"}))
    assert cli.ask(*NEW, "--standalone", f"127.0.0.1:{port}")["state"] == "issued"
    assert got == ["content-a", "content-b", 404]


def test_a_validation_that_was_faster_than_the_question_is_no_failure(cli, fake, archive):
    from harness.net import free_port
    hand_over(fake, archive)
    fake.says("POST", "/orders/ord_1/archive/ack", (200, {**ORDER, "state": "validating"}))
    fake.says("POST", "/orders/ord_1/validate", (409, {"type": "urn:autocsr:error:state.not-validating", "detail": "it is issuing"}))
    fake.says("GET", "/orders/ord_1", (200, {**ORDER, "state": "issuing"}), (200, {**ORDER, "state": "issued"}))
    assert cli.ask(*NEW, "--standalone", f"127.0.0.1:{free_port()}")["state"] == "issued"


def test_waiting_ends_with_the_order(cli, fake):
    fake.says("POST", "/orders", (201, {**ORDER, "state": "validating", "key_source": "csr"}))
    csr = subprocess.run([program("autocsr"), "csr", "new", "--host", "www.example.com", "--key", "ec:p256", "--keyout", cli.cwd / "k", "--no-passphrase"],
                         check=True, capture_output=True).stdout
    (cli.cwd / "c").write_bytes(csr)
    words = ["order", "new", "--product", "dv", "--csr", "c"]
    assert cli.ask(*words)["state"] == "validating"
    fake.says("GET", "/orders/ord_1", (200, {**ORDER, "state": "failed", "events": [{"detail": "CAA\u001b[2J forbids it"}]}))
    done = cli.run(*words, "--wait", code=4)
    assert "CAA" in done.err.decode() and "forbids it" in done.err.decode() and b"\x1b" not in done.err
    fake.says("GET", "/orders/ord_1", (200, {**ORDER, "state": "validating"}))
    assert cli.run(*words, "--timeout", "1", "--wait", "--json", code=5).problem == "request.timeout"
    cli.run(*words, "--timeout", "soon", "--wait", code=2)


def test_a_key_is_never_sent_as_a_csr(cli, fake):
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519"], check=True, capture_output=True).stdout
    assert cli.run("order", "new", "--product", "dv", "--csr", "-", "--json", stdin=key, code=3).problem == "input.private-key"
    assert not fake.requests


# ---- answers that are not what they should be

@pytest.mark.parametrize("status,body,problem,code", [
    (422, {"type": "urn:autocsr:error:name.suffix", "detail": "a bare suffix", "field": "names[0]", "source": "BR 3.2.2.6"}, "name.suffix", 3),
    (403, {"type": "urn:autocsr:error:auth.forbidden", "detail": "no"}, "auth.forbidden", 4),
    (409, {"type": "urn:autocsr:error:state.x", "detail": "no"}, "state.x", 4), (404, b"<html>", "object.absent", 3), (302, b"", "request.status", 3),
    (500, b"", "net.status", 5), (200, b"{", "net.answer", 5), (200, b"[]", "net.answer", 5), (200, b'{"a":1,"a":2}', "net.answer", 5),
    (200, b"\xff", "net.answer", 5), (200, b" " * (9 << 20), "net.large", 5)],
    ids=lambda v: str(v)[:30])
def test_answers_become_exit_codes(cli, fake, status, body, problem, code):
    fake.says("GET", "/orders/ord_1", (status, body, {"Location": "https://127.0.0.1:1/"} if status == 302 else {}))
    done = cli.run("order", "show", "ord_1", "--json", code=code)
    assert done.problem == problem
    if problem == "name.suffix":
        assert done.json["field"] == "names[0]" and done.json["source"] == "BR 3.2.2.6"
        text = cli.run("order", "show", "ord_1", code=3).err.decode()
        assert "a bare suffix" in text and "field   names[0]" in text and "source  BR 3.2.2.6" in text


def test_control_characters_of_a_service_never_reach_the_terminal(cli, fake):
    evil = "x\x1b[2J\x07\r\n\u202eevil"
    fake.says("GET", "/orders/ord_1", (200, {**ORDER, "id": evil, "next": evil, "names": [evil], "events": [{"at": evil, "event": evil, "by": evil, "detail": evil}],
                                             "validations": [{"name": evil, "state": "pending", "method": evil, "error": evil, "http": {"url": evil, "content": evil},
                                                              "dns": {"record": evil, "type": evil, "value": evil}}]}))
    fake.says("GET", "/users", (200, {"users": [{"id": evil, "email": evil, "role": evil}]}))
    fake.says("GET", "/audit/verify", (200, {"ok": False, "why": evil, "root": evil}))
    for words, code in ((["order", "show", "ord_1"], 0), (["user", "list"], 0), (["audit", "verify"], 1)):
        out = cli.run(*words, code=code)
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", out.out + out.err) and "\u202e" not in out.text and "\\u001b" in out.text


@pytest.mark.parametrize("body", [b"rubbish", b"-----BEGIN PRIVATE KEY-----\n", b"-----BEGIN CERTIFICATE-----\n\x1b[2J\n"])
def test_what_is_no_certificate_is_not_printed(cli, fake, body):
    fake.says("GET", "/orders/ord_1/certificate", (200, body))
    assert cli.run("order", "cert", "ord_1", "--json", code=5).problem == "net.answer"


@pytest.mark.parametrize("id_", ["../users", "a/b", "a?b", "", "x\x1b[2J", "%2e%2e"])
def test_ids_do_not_leave_their_path(cli, fake, id_):
    assert cli.run("order", "show", id_, "--json", code=3).problem == "input.id"
    assert not fake.requests


# ---- who is being talked to

@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_only_trusted_certificates_and_modern_tls(cli, fake, test_pki, tmp_path):
    del cli.env["AUTOCSR_CA_FILE"]
    assert cli.run("account", "show", "--json", code=5).problem == "net.certificate"
    (tmp_path / "rubbish.pem").write_text("x")
    assert cli.run("account", "show", "--ca-file", "rubbish.pem", "--json", code=3).problem == "input.ca-file"
    # A system whose own settings allow old TLS: the program still does not.
    (tmp_path / "ssl.cnf").write_text("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1\n"
                                      "CipherString = ALL:@SECLEVEL=0\n")
    cli.env["OPENSSL_CONF"] = str(tmp_path / "ssl.cnf")
    other = Fake(test_pki, host="other.example")
    old = Fake(test_pki, tls=ssl.TLSVersion.TLSv1_1)
    try:
        assert cli.run("account", "show", "--ca-file", test_pki.ca_file, "--server", other.url, "--json", code=5).problem == "net.certificate"
        assert cli.run("account", "show", "--ca-file", test_pki.ca_file, "--server", old.url, "--json", code=5).problem == "net.tls"
        assert not other.requests and not old.requests
    finally:
        other.close()
        old.close()
    for server in ("http://127.0.0.1:1", "ftp://x", "file:///etc/passwd", "https://u:p@x"):
        assert cli.run("account", "show", "--server", server, "--json", code=3).problem == "input.server"


def test_no_service_is_5(cli):
    from harness.net import free_port
    assert cli.run("audit", "verify", "--server", f"https://127.0.0.1:{free_port()}", "--json", code=5).problem == "net.connect"


def test_a_token_file_that_cannot_be_one(cli, tmp_path):
    for text in ("", "\n", "two words\n", "x\x01\n"):
        (tmp_path / "t").write_text(text)
        assert cli.run("account", "show", "--token-file", "t", "--json", code=3).problem.startswith("input.")


# ---- login

def test_login_keeps_a_token_and_forgets_the_password(cli, fake, tmp_path, test_pki):
    for name in ("AUTOCSR_SERVER", "AUTOCSR_TOKEN", "AUTOCSR_CA_FILE"):
        del cli.env[name]
    (tmp_path / "p").write_text('pass"word\\\n')
    user = {"email": "ann@example.com", "role": "owner"}
    fake.says("POST", "/session", (200, {"user": user, "csrf_token": "csrf-1"}, {"Set-Cookie": "__Host-autocsr=s1; Path=/; Secure; HttpOnly; SameSite=Strict"}))
    fake.says("POST", "/tokens", (201, {"id": "tok_1", "token": "acsr_new"}))
    fake.says("DELETE", "/session", (204, b""))
    done = cli.run("login", "--server", fake.url + "/", "--ca-file", test_pki.ca_file, "--email", "ann@example.com", "--password-file", "p", "--json")
    assert done.json["user"]["email"] == "ann@example.com" and "acsr_new" not in done.text and "pass" not in done.text
    assert json.loads(fake.seen("POST", "/session")[0][1]) == {"email": "ann@example.com", "password": 'pass"word\\'}
    headers, _ = fake.seen("POST", "/tokens")[0]
    assert headers["X-CSRF-Token"] == "csrf-1" and headers["Cookie"] == "__Host-autocsr=s1" and "Authorization" not in headers
    assert len(fake.seen("DELETE", "/session")) == 1
    folder = tmp_path / ".config/autocsr"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in folder.iterdir())
    assert {f.name for f in folder.iterdir()} == {"login.json", "token", "ca.pem"}
    assert b"pass" not in b"".join(f.read_bytes() for f in folder.iterdir())

    fake.says("GET", "/account", (200, {"id": "acc_1", "users": 1}))
    assert cli.ask("account", "show")["id"] == "acc_1"
    assert fake.seen("GET", "/account")[0][0]["Authorization"] == "Bearer acsr_new"
    # Another server gets nothing of it.
    assert cli.run("account", "show", "--server", "https://127.0.0.1:1", "--json", code=2).problem == "usage.token"

    fake.says("DELETE", "/tokens/tok_1", (204, b""))
    assert cli.ask("logout")["token_deleted"] and not list(folder.iterdir())
    assert cli.run("account", "show", "--json", code=2).problem == "usage.server"


def test_login_refused_stores_nothing(cli, fake, tmp_path):
    (tmp_path / "p").write_text("wrong\n")
    for problem in ("auth.wrong", "auth.totp"):
        fake.says("POST", "/session", (401, {"type": f"urn:autocsr:error:{problem}", "detail": "no"}))
        assert cli.run("login", "--email", "a@b.example", "--password-file", "p", "--json", code=4).problem == problem
    assert cli.run("login", "--email", "a@b.example", "--json", code=2).problem == "usage.terminal"
    assert not (tmp_path / ".config").exists()


# ---- the code

def test_code_by_file_and_bare(cli, fake, tmp_path):
    shown = {"code": "ABCDE-FGHJK-MNPQR-STVWX-YZ0123", "check": "", "order_id": "ord_1"}
    fake.says("POST", "/orders/ord_1/code", (200, shown))
    (tmp_path / "p").write_text("password\n")
    done = cli.run("order", "code", "ord_1", "--password-file", "p", "--totp", "123456")
    assert done.out.decode().strip() == shown["code"].replace("-", "")
    assert json.loads(fake.seen("POST", "/orders/ord_1/code")[0][1]) == {"password": "password", "totp": "123456"}
    done = cli.run("order", "code", "ord_1", "--password-file", "p", "--out", "code", "--json")
    assert "ABCDE" not in done.text and (tmp_path / "code").read_text() == "ABCDEFGHJKMNPQRSTVWXYZ0123\n"
    assert stat.S_IMODE((tmp_path / "code").stat().st_mode) == 0o600
    fake.says("POST", "/orders/ord_1/code", (410, {"type": "urn:autocsr:error:code.gone", "detail": "the window is over"}))
    assert cli.run("order", "code", "ord_1", "--password-file", "p", "--json", code=4).problem == "code.gone"


def test_an_owner_is_invited_with_the_password(cli, fake, tmp_path):
    fake.says("POST", "/users", (201, {"id": "usr_1", "email": "ann@example.com", "role": "owner"}))
    (tmp_path / "p").write_text("password\n")
    who = {"email": "ann@example.com", "role": "owner"}
    assert b"is invited as owner" in cli.run("user", "invite", "ann@example.com", "--role", "owner", "--password-file", "p", "--totp", "123456").out
    assert json.loads(fake.seen("POST", "/users")[0][1]) == {**who, "password": "password", "totp": "123456"}
    assert cli.run("user", "invite", "ann@example.com", "--role", "owner", "--json", code=2).problem == "usage.terminal"
    cli.ask("user", "invite", "ann@example.com", "--role", "auditor")
    assert json.loads(fake.seen("POST", "/users")[-1][1]) == {**who, "role": "auditor"}


def test_secrets_are_in_no_argument_and_no_trace(cli, fake, tmp_path):
    """What other users of the machine can see while it runs, and what a trace of its writes shows."""
    (tmp_path / "p").write_text("hunter2hunter2\n")
    (tmp_path / "t").write_text("acsr_filetoken\n")
    fake.says("POST", "/orders/ord_1/code", (200, {"code": "ABCDE-FGHJK-MNPQR-STVWX-YZ0123", "check": ""}))
    words = cli.command("order", "code", "ord_1", "--password-file", "p", "--token-file", "t", "--out", "c")
    assert not any("hunter2" in w or "acsr_" in w for w in words)
    done = subprocess.run(["strace", "-f", "-qq", "-s", "200", "-e", "trace=execve,openat,write", *words], cwd=tmp_path, env={**cli.env, "ASAN_OPTIONS": "detect_leaks=0"},
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    writes = [li for li in done.stderr.decode().splitlines() if "hunter2" in li or "acsr_filetoken" in li]
    assert not writes
