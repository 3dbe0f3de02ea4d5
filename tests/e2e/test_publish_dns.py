"""Records published by RFC 2136: the real courier against Knot and BIND with TSIG, and against servers that do not keep to it."""
import socket
import threading

import pytest
from harness.part import Part, Refused
from harness.updatedns import Bind, Knot

NAME = "_acme-challenge.www.example.test"
SERVERS = [(Knot, "hmac-sha256"), (Knot, "hmac-sha512"), (Bind, "hmac-sha256"), (Bind, "hmac-sha384")]


@pytest.fixture(scope="module", params=SERVERS, ids=lambda p: f"{p[0].__name__}-{p[1]}")
def server(request, tmp_path_factory):
    kind, algorithm = request.param
    running = kind(tmp_path_factory.mktemp("dns"), algorithm)
    yield running
    running.down()


@pytest.fixture(scope="module")
def courier(server, tmp_path_factory):
    with Part("courier", tmp_path_factory.mktemp("courier"), server.settings()) as part:
        yield part


@pytest.fixture(scope="module")
def knot(tmp_path_factory):
    running = Knot(tmp_path_factory.mktemp("knot"))
    yield running
    running.down()


def change(courier, name, value, remove=0, seconds=30):
    return courier.ask("publish", {"way": "dns-update", "remove": remove, "name": name, "value": value}, seconds)


def refused(part, name=NAME, value="v", remove=0):
    with pytest.raises(Refused) as why:
        change(part, name, value, remove)
    return why.value


def with_settings(tmp_path, settings, env=None):
    return Part("courier", tmp_path, settings, env)


# ---- the way it should be

def test_only_our_value_comes_and_goes(server, courier):
    server.put("example.test", NAME, "TXT", '"somebody else\'s"')
    said = change(courier, NAME, "one")
    assert said["name"] == NAME and server.address in said["detail"] and "example.test" in said["detail"]
    change(courier, NAME, "two")
    change(courier, NAME, "one")  # again
    assert server.values(NAME) == ["one", "somebody else's", "two"]
    change(courier, NAME, "one", remove=1)
    change(courier, NAME, "one", remove=1)
    assert server.values(NAME) == ["somebody else's", "two"]
    change(courier, NAME, "two", remove=1)
    assert server.values(NAME) == ["somebody else's"]


def test_the_zone_is_where_the_server_says(server, courier):
    for name in ("_acme-challenge.a.b.c.example.test", "_acme-challenge.www.sub.example.test", "_acme-challenge.example.test"):
        zone = "sub.example.test" if "sub" in name else "example.test"
        assert f"in the zone {zone}" in change(courier, name, "deep")["detail"]
        assert server.values(name) == ["deep"]
        change(courier, name, "deep", remove=1)
        assert server.values(name) == []


def test_a_cname_is_followed_and_what_was_published_is_found_again(server, courier):
    said = change(courier, "_acme-challenge.alias.example.test", "led")
    assert said["name"] == "label.acme.test"
    assert server.values("label.acme.test") == ["led"]
    change(courier, said["name"], "led", remove=1)
    assert server.values("label.acme.test") == []


def test_many_at_once_for_one_name(server, courier):
    numbers = [courier.tell("publish", {"way": "dns-update", "name": "_many.example.test", "value": f"value-{i:02}"}) for i in range(30)]
    for number in numbers:
        courier.wait(number)
    assert server.values("_many.example.test") == [f"value-{i:02}" for i in range(30)]
    # An addition and its removal, told in one breath, end with nothing there.
    numbers = [courier.tell("publish", {"way": "dns-update", "remove": r, "name": "_many.example.test", "value": f"value-{i:02}"})
               for i in range(30) for r in (0, 1)]
    for number in numbers:
        courier.wait(number)
    assert server.values("_many.example.test") == []


def test_long_values_and_names(server, courier):
    name = "_acme-challenge." + ".".join(["a" * 60] * 3) + ".example.test"
    value = "x" * 700
    change(courier, name, value)
    assert server.values(name) == [value]
    change(courier, name, value, remove=1)
    assert server.values(name) == []


# ---- what is wrong, in words

def test_a_zone_that_takes_no_updates(server, courier):
    why = refused(courier, "_acme-challenge.www.refused.test")
    assert why.id in ("publish.dns-refused", "publish.dns-key") and "key" in why.text  # Knot: BADKEY, as the zone does not list it


def test_names_that_may_not_be_changed(server, courier):
    for name in ("_acme-challenge.www.elsewhere.org", "_acme-challenge.example.testy"):
        why = refused(courier, name)
        assert why.id == "publish.dns-zone" and "no zone that may be changed" in why.text
    assert refused(courier, "_acme-challenge.away.example.test").id == "publish.dns-zone"
    why = refused(courier, "_acme-challenge.loop.example.test")
    assert why.id in ("publish.dns-cname", "publish.dns-refused")  # BIND finds the circle itself
    for name in ("a b.example.test", "", ".example.test", "x..example.test", "ä.example.test", "a\\.example.test", "l" * 64 + ".example.test"):
        assert refused(courier, name).id in ("dns.name", "publish.dns-zone")


def test_a_server_that_has_no_such_zone(server, tmp_path):
    with with_settings(tmp_path, server.settings(dns_zones="other.test")) as part:
        why = refused(part, "_acme-challenge.other.test")
        assert why.id in ("publish.dns-zone", "publish.dns-refused")


def test_a_key_with_another_secret(server, tmp_path):
    key = server.write_key(secret="A" * 43 + "=")
    with with_settings(tmp_path, server.settings(dns_key=str(key))) as part:
        why = refused(part)
        assert why.id == "publish.dns-key" and "BADSIG" in why.text and server.name in why.text


def is_about_the_key(server, why, name):
    """RFC 8945 5.2.1 asks for BADKEY in a TSIG record; Knot 3.4 says NOTAUTH and no more, to an unknown key."""
    if why.id == "publish.dns-refused" and isinstance(server, Knot) and server.version() >= (3, 4):
        return "NOTAUTH" in why.text and "does not know the key" in why.text
    return why.id == "publish.dns-key" and "BADKEY" in why.text and name in why.text


def test_a_key_that_the_server_does_not_know(server, tmp_path):
    key = server.write_key(name="stranger")
    with with_settings(tmp_path, server.settings(dns_key=str(key))) as part:
        assert is_about_the_key(server, refused(part), "stranger")


@pytest.mark.parametrize("offset", [-4000, 4000])
def test_a_wrong_clock_is_said_to_be_one(server, tmp_path, offset):
    with with_settings(tmp_path, server.settings(), {"AUTOCSR_TEST_CLOCK_OFFSET": str(offset)}) as part:
        why = refused(part)
        assert why.id == "publish.dns-clock" and "clock" in why.text
        assert server.values(NAME + "x") == []


def test_without_a_key_nothing_is_permitted(server, tmp_path):
    with with_settings(tmp_path, server.settings(dns_key="")) as part:
        assert refused(part).id == "publish.dns-refused"


def test_both_formats_of_keys_and_a_choice_of_several(server, tmp_path):
    other = server.write_key(name="first", form="knot").read_text()
    key = server.write_key(form="knot")
    key.write_text(other + key.read_text())
    zones = f"example.test={server.address},{server.name} acme.test"
    with with_settings(tmp_path, server.settings(dns_key=str(key), dns_zones=zones)) as part:
        change(part, NAME, "by the second key")
        assert "by the second key" in server.values(NAME)
        change(part, NAME, "by the second key", remove=1)
        assert is_about_the_key(server, refused(part, "x.acme.test"), "first")


def test_any_zone_of_the_server_when_none_is_named(server, tmp_path):
    with with_settings(tmp_path, server.settings(dns_zones="")) as part:
        change(part, "_acme-challenge.x.acme.test", "any")
        assert server.values("_acme-challenge.x.acme.test") == ["any"]
        change(part, "_acme-challenge.x.acme.test", "any", remove=1)


@pytest.mark.parametrize("text,says", [
    ("", "no TSIG key"), ('key "a" { algorithm hmac-md5; secret "AAAA"; };', "not used any more"),
    ('key "a" { algorithm hmac-sha256; };', "no secret"), ('key "a" { algorithm hmac-sha256; secret "!!"; };', "no base64"),
    ('key "a" { algorithm hmac-sha256; secret "AAAA"; };', "too short"), ("key: [ {id: 'b c'} ]", "")])
def test_key_files_that_are_none(tmp_path, text, says):
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    part = with_settings(tmp_path, {"publish.dns_key": str(path)})
    with pytest.raises(AssertionError) as why:
        part.start()
    assert "config.tsig" in str(why.value) and says in str(why.value) and "AAAA" not in str(why.value)


def test_a_key_file_that_others_can_read(tmp_path, knot):
    path = knot.write_key()
    path.chmod(0o640)
    with pytest.raises(AssertionError, match="chmod 0600"):
        with_settings(tmp_path, {"publish.dns_key": str(path)}).start()


# ---- servers that are down, slow or hostile

def test_a_server_that_is_down_and_comes_back(tmp_path, knot):
    with with_settings(tmp_path, knot.settings(dns_timeout="3s")) as part:
        knot.down()
        try:
            assert refused(part).id == "publish.dns-unreachable"
        finally:
            knot.up()
        change(part, NAME, "back")
        assert knot.values(NAME) == ["back"]
        change(part, NAME, "back", remove=1)


class Odd:
    """A TCP server on loopback that answers DNS messages as `reply(wire)` says: bytes, or None for silence."""

    def __init__(self, reply):
        self.sock, self.reply, self.got = socket.create_server(("127.0.0.1", 0)), reply, []
        self.address = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.open = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(conn,), daemon=True).start()

    def _talk(self, conn):
        self.open.append(conn)
        data = b""
        while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2]):
            more = conn.recv(65536)
            if not more:
                return
            data += more
        self.got.append(data[2:])
        answer = self.reply(data[2:])
        if answer is not None:
            conn.sendall(answer)

    def close(self):
        self.sock.close()
        for conn in self.open:
            conn.close()


def framed(wire):
    return len(wire).to_bytes(2) + wire


def bare(wire, **change):
    """A yes without a signature, that says what the question wants."""
    header = wire[:2] + bytes([0x84 | (wire[2] & 0x78), change.get("rcode", 0)]) + b"\0\1\0\0\0\1\0\0"
    end = wire.index(b"\0", 12) + 5
    question = wire[12:end]
    soa = b"\x07example\x04test\0" + b"\0\6\0\1\0\0\0\1\0\x16" + b"\0\0" + b"\0" * 20
    return framed(header + question + soa)


ODD = {
    "silent": lambda w: None, "empty": lambda w: b"\0\0", "short": lambda w: framed(b"abc"), "garbage": lambda w: framed(b"\xff" * 300),
    "other id": lambda w: framed(bytes([w[0] ^ 1]) + bare(w)[3:]), "a question": lambda w: framed(w), "unsigned yes": bare,
    "unsigned refusal": lambda w: bare(w, rcode=5), "longer than said": lambda w: framed(b"x" * 20) + b"y" * 70000,
    "half": lambda w: b"\xff\xff" + b"x" * 100,
    "many pointers": lambda w: framed(bare(w)[2:14] + b"\xc0\x0c" * 100),
    "counts that lie": lambda w: framed(w[:2] + b"\x84\0" + b"\xff\xff" * 4 + w[12:]),
}


@pytest.mark.parametrize("what", ODD)
def test_odd_servers(tmp_path, knot, what):
    odd = Odd(ODD[what])
    with with_settings(tmp_path, knot.settings(dns_server=odd.address, dns_timeout="1s")) as part:
        why = refused(part)
        assert why.id.startswith("publish.") and odd.got
        if what == "unsigned yes":
            assert why.id == "publish.dns-key" and "not signed" in why.text
        odd.reply = lambda w: None
        assert refused(part).id.startswith("publish.")  # it lives
    odd.close()


class Middle(Odd):
    """Between the courier and a real server; `spoil(wire, n)` may change the n-th answer, or keep it."""

    def __init__(self, server, spoil):
        self.server, self.spoil, self.n = server, spoil, 0
        super().__init__(self._pass)

    def _pass(self, wire):
        with socket.create_connection(("127.0.0.1", self.server.port)) as to:
            to.sendall(framed(wire))
            data = b""
            while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2]):
                data += to.recv(65536)
        self.n += 1
        return self.spoil(data[2:], self.n)


def test_an_answer_that_was_changed_on_its_way(tmp_path, knot):
    for spoil in (lambda w, n: framed(w[:-1] + bytes([w[-1] ^ 1])), lambda w, n: framed(w[:40] + bytes([w[40] ^ 1]) + w[41:]),
                  lambda w, n: framed(w[:3] + bytes([w[3] ^ 0x20]) + w[4:])):
        middle = Middle(knot, spoil)
        with with_settings(tmp_path, knot.settings(dns_server=middle.address)) as part:
            assert refused(part).id.startswith("publish.dns-")
        middle.close()
    assert knot.values(NAME) == []


def test_an_update_whose_answer_is_lost_is_not_known_to_have_failed(tmp_path, knot):
    middle = Middle(knot, lambda w, n: framed(w) if n == 1 else None)
    with with_settings(tmp_path, knot.settings(dns_server=middle.address, dns_timeout="1s")) as part:
        assert refused(part, value="lost").id == "publish.unknown"
        assert knot.values(NAME) == ["lost"]
        middle.n = 0
        assert refused(part, value="lost", remove=1).id == "publish.unknown"
        assert knot.values(NAME) == []
    middle.close()


def test_yesterdays_answer_is_none_today(tmp_path, knot):
    """A recorded yes of the server, played back to another update, is not signed for this one."""
    kept = []
    middle = Middle(knot, lambda w, n: (kept.append(w), framed(w))[1])
    with with_settings(tmp_path, knot.settings(dns_server=middle.address)) as part:
        change(part, NAME, "first")
        change(part, NAME, "first", remove=1)
        answer = kept[1]
        middle.n, middle.spoil = 0, lambda w, n: framed(w) if n == 1 else framed(w[:2] + answer[2:])
        why = refused(part, value="second")
        assert why.id == "publish.dns-key"
    middle.close()
    assert knot.values(NAME) == ["second"]


def test_what_core_asked_before_it_died_is_done_before_what_the_next_one_asks(tmp_path, knot):
    with with_settings(tmp_path, knot.settings()) as part:
        for _ in range(5):
            part.tell("publish", {"way": "dns-update", "name": NAME, "value": "orphan"})
            part.connect()
            change(part, NAME, "orphan", remove=1)
            assert "orphan" not in knot.values(NAME)
