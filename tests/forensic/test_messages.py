"""A compromised core or front cannot obtain a subscriber's key by any message: every message that the protocol knows, with valid, boundary
and hostile fields, from everybody, to the only process that ever has a key. All that comes back, on channels and on pipes, is kept by
receiver and searched. And the list of messages itself, read."""
import functools
import re

import pytest
from harness import crypto, forms
from lab import loot, needles, protocol, snapshots

HOSTILE = ["CORE", "FRONT", "COURIER", "SIGNER", "PROBER", "HOOK"]
KNOWN = protocol.messages()
VALID = {"ticket": "t", "deliver": protocol.ROLES.index("FRONT"), "key_type": "ec:p256", "subject": ["CN=www.example.com"],
         "sans": ["DNS:www.example.com"], "ekus": ["serverAuth"], "entry_name": "www.example.com.key", "form": "zip", "recipient": ""}
WANTED_BACK = {"CORE": {"failed", "key_started", "key_gone"}, "FRONT": {"archive"}, "COURIER": {"archive"}, "SIGNER": set(), "PROBER": set(), "HOOK": set(),
               "AUTOCSRD": {"ready", "fault"}}


# ---- the list

def test_no_message_has_a_field_for_a_key():
    """What leaves the keymaker is named here, field by field; the key and the archive are not among it. Archives pass as pipes."""
    leaving = {(m.name, f) for m in KNOWN.values() for f, _, _ in m.fields if m.sender == "KEYMAKER"}
    assert leaving == {("key_result", "csr"), ("key_result", "archive_sha256"), ("key_result", "archive_size"), ("key_result", "code"),
                       ("key_result", "sandbox"), ("archive", "ticket"), ("key_gone", "ticket"), ("key_gone", "how")}
    assert {m.name for m in KNOWN.values() if m.sender == "KEYMAKER" and m.fds} == {"key_started", "archive"}
    for message in KNOWN.values():
        for field, _, _ in message.fields:
            assert not re.search(r"private|secret_key|(^|_)pem($|_)|prime|scalar|seed", field), (message.name, field)


def test_secrets_travel_only_where_they_must():
    """SECRET fields are wiped after use; the only one of an order is the code, from the dying worker to core."""
    about_orders = {(m.name, f) for m in KNOWN.values() for f, kind, _ in m.fields
                    if kind == "SECRET" and "KEYMAKER" in (m.sender, m.receiver)}
    assert about_orders == {("key_result", "code")}


# ---- every message

def of_kind(kind, most):
    """Boundary and hostile values of a field: [(what, value)]."""
    if kind == "U64":
        return [("zero", 0), ("greatest", most), ("beyond", min(most + 1, 2**64 - 1)), ("all ones", 2**64 - 1)]
    if kind == "LIST":
        return [("empty", []), ("full", ["CN=x"] * min(most, 300)), ("beyond", ["x"] * min(most + 1, 70000)), ("not text", [b"\xff\xfe", b"a\0b"])]
    size = min(most, 70000)
    return [("empty", b""), ("full", b"A" * size), ("beyond", b"A" * (size + 1)), ("not text", b"\xff\xfe\0\1"), ("path", b"../../proc/self/mem")]


def variants(message):
    """[(what, frame body values)]: each field by turns, and all at once."""
    yield "empty", {}
    yield "full", {f: dict(of_kind(kind, most))["greatest" if kind == "U64" else "full"] for f, kind, most in message.fields}
    for field, kind, most in message.fields:
        for what, value in of_kind(kind, most):
            yield f"{field} {what}", {**(VALID if message.name == "key_make" else {}), field: value}


def hostile_orders():
    """key_make as a core would send it that wants the key for itself."""
    for deliver in range(17):
        yield {**VALID, "deliver": deliver}
    for form in ("plain", "pem", "der", "none", "ZIP", "zip ", "pkcs8 ", "raw", "age", "cms", "\u200bzip", "p12\n"):
        yield {**VALID, "form": form}
    for recipient in ("age1", "-----BEGIN PRIVATE KEY-----", "/proc/self/mem", "http://127.0.0.1/", "ssh-ed25519 AAAA", "*"):
        yield {**VALID, "form": "age", "recipient": recipient}
        yield {**VALID, "form": "zip", "recipient": recipient}
    for key_type in ("", "none", "rsa:512", "rsa:1", "rsa:65536", "hmac", "rsa:2048 ", "ec:p224", "dsa:2048"):
        yield {**VALID, "key_type": key_type}
    for entry in ("", "/dev/stderr", "../x", "a\nb", "x" * 255):
        yield {**VALID, "entry_name": entry}


def good_orders(recipients):
    for key_type in ("ec:p256", "rsa:2048", "ed25519"):
        for form in ("zip", "pkcs8", "p12", "p12-legacy"):
            for deliver in ("FRONT", "COURIER"):
                yield {**VALID, "key_type": key_type, "form": form, "deliver": protocol.ROLES.index(deliver)}, None
    for recipient in recipients:
        yield {**VALID, "form": recipient.format, "recipient": recipient.text}, recipient


class Siege:
    """One keymaker, everything sent to it, and what everybody got."""

    def __init__(self, directory):
        self.recipients = [forms.Recipient(directory, kind) for kind in ("age", "cert:ec:p256") if not forms.missing(kind)]
        self.sent, self.delivered, self.restarts = 0, [], 0
        with open(directory / "log", "wb") as log, protocol.Keymaker(log, warm_workers="1") as self.keymaker:
            self._orders()
            self._everything()
            self._orders_again()

    def _connect_all(self):
        for role in HOSTILE:
            if self.keymaker.parties[role].closed:
                self.keymaker.connect(role)

    def _orders(self):
        """The good ones, one after the other: (archive as the deliverer got it, result as core got it, recipient)."""
        self._connect_all()
        for n, (values, recipient) in enumerate(good_orders(self.recipients)):
            self._order({**values, "ticket": f"good-{n}"}, recipient)

    def _order(self, values, recipient):
        core, deliverer = (self.keymaker.parties[r] for r in ("CORE", protocol.ROLES[values["deliver"]]))
        had = len(core.pipes), len(deliverer.pipes)
        self.keymaker.send("CORE", "key_make", values)
        assert self.keymaker.settle(lambda: len(core.pipes) > had[0] and len(deliverer.pipes) > had[1] and not core.open and not deliverer.open), values
        self.delivered.append((values["form"], deliverer.pipes[-1], core.pipes[-1], recipient))

    def _everything(self):
        for role in HOSTILE:
            for message in KNOWN.values():
                for _, values in variants(message):
                    self._hostile(role, protocol.encode(message, 7, values), message.fds)
            for number in (0, 0x03, 0x99, 0xffff):
                self._hostile(role, protocol.frame(number, 1, b"x" * 64), 0)
        for values in hostile_orders():
            self._hostile("CORE", protocol.encode(KNOWN["key_make"], 8, values), 0)

    def _hostile(self, role, data, fds):
        """One at a time, each over an open channel; what it leads to is waited for: an answer, a complaint to autocsrd, the end of channel and pipes."""
        self._connect_all()
        keymaker, party = self.keymaker, self.keymaker.parties[role]
        boss, self.sent = keymaker.parties["AUTOCSRD"], self.sent + 1
        had = len(party.frames), len(boss.frames)
        if fds:
            with open("/dev/null", "rb") as null:
                keymaker.send_raw(role, data, null.fileno())
        else:
            keymaker.send_raw(role, data)
        done = keymaker.settle(lambda: party.closed or (len(party.frames), len(boss.frames)) != had, 5)
        keymaker.settle(lambda: not any(p.open for p in keymaker.parties.values()), 10)
        assert done and keymaker.proc.poll() is None, (role, data[:200])

    def _orders_again(self):
        """After all that it works as before."""
        self._connect_all()
        self._order({**VALID, "ticket": "last"}, None)


@pytest.fixture(scope="module")
def siege(tmp_path_factory):
    return Siege(tmp_path_factory.mktemp("siege"))


@functools.lru_cache(None)
def opened(siege):
    """[(archive, code or None, key PEM)] as a customer who holds both."""
    out = []
    for form, archive, result, recipient in siege.delivered:
        code = None if recipient else max(loot.codes(result), key=len)
        key = recipient.open(archive) if recipient else forms.OPENED_BY[form](archive, code)
        assert key, f"{form} does not open"
        out.append((archive, code, key))
    return out


@functools.lru_cache(None)
def got(siege, role):
    return loot.Loot(siege.keymaker.parties[role].everything())


def test_every_message_was_sent_by_everybody(siege):
    """Control, of the siege itself."""
    assert siege.sent > 5 * sum(len(list(variants(m))) for m in KNOWN.values())
    assert len(siege.delivered) >= 25 and not siege.keymaker.odd_descriptors


def test_nobody_gets_a_message_that_is_not_his(siege):
    for role, party in siege.keymaker.parties.items():
        assert {name for name, _, _ in party.frames} <= WANTED_BACK[role], role


def test_nobody_receives_a_private_key_in_the_clear(siege, tmp_path):
    """Neither as PEM, nor a piece of any of the delivered keys in any form, on any channel or pipe, nor in the keymaker's log."""
    wanted, files = needles.Needles(), []
    for n, (_, _, key) in enumerate(opened(siege)):
        needles.add_key(wanted, n, crypto.load_key(key))
    for role, party in siege.keymaker.parties.items():
        data = party.everything()
        assert b"PRIVATE KEY-----" not in data.replace(b"ENCRYPTED PRIVATE KEY", b""), role
        files.append(tmp_path / role)
        files[-1].write_bytes(data)
    files.append(siege.keymaker.log.name)
    if not (snapshots.TOOLS / "pieces").exists():
        pytest.skip("the search is not built in a sanitizer's build")
    found = snapshots.find_pieces(wanted, files)
    assert not found, {(str(files[i]), wanted.known[piece]) for i, _, piece in found}


def test_no_party_receives_archive_and_code(siege):
    """core has the codes, front and courier have the archives, nobody has both; the rest have nothing."""
    codes = {code for _, code, _ in opened(siege) if code}
    archives = [archive for archive, _, _ in opened(siege)]
    for role, party in siege.keymaker.parties.items():
        data = party.everything()
        assert not got(siege, role).keys(), role
        assert bool(got(siege, role).codes & codes) == (role == "CORE"), role
        assert any(a[len(a) // 3:len(a) // 3 + 64] in data for a in archives) == (role in ("FRONT", "COURIER")), role


def test_together_they_could(siege):
    """Control of the thief, and the limit that docs/THREATS.md states: core and the deliverer in one hand open what was made meanwhile."""
    together = got(siege, "CORE") + got(siege, "FRONT") + got(siege, "COURIER")
    zips = {crypto.spki_sha256(crypto.load_key(key).public_key()) for (form, *_), (_, _, key) in zip(siege.delivered, opened(siege)) if form == "zip"}
    assert together.keys() >= zips and len(zips) == 7


def test_a_sealed_key_has_no_code_and_opens_for_its_recipient_alone(siege):
    sealed = [d for d in siege.delivered if d[3]]
    if not sealed:
        pytest.skip("neither age nor openssl is here")
    for _, archive, result, recipient in sealed:
        assert not loot.codes(result)
        for other in siege.recipients:
            assert bool(other is recipient and other.open(archive)) == (other is recipient)
