"""Passkeys (WebAuthn): every rule of registration and use broken once, by a soft authenticator that lies."""
import json
import os

import pytest
from harness.api import unique_name
from harness.cli import Cli
from harness.passkey import AT, ED, UP, UV, Authenticator, Key, b64, cbor, enrol, passkey_login, unb64, use
from harness.people import invited
from harness.totp import enable_totp, totp_now

PREFIX = "urn:autocsr:error:"


def _order(account):
    order = account.order(unique_name(), key_type="ec:p256")
    account.acknowledge(order, account.fetch_archive(order))
    return order


def _audit(account, action):
    return [e for e in account.get("/audit?limit=500")["entries"] if e["action"] == action]


# ---- adding

@pytest.mark.parametrize("alg", [-7, -8, -257])
@pytest.mark.parametrize("fmt", ["none", "packed", "x5c"])
def test_each_key_type_and_statement_is_taken_and_logs_in(account, alg, fmt):
    passkey, answer = enrol(account, "my phone", alg, fmt=fmt)
    assert answer["id"].startswith("pk_") and answer["name"] == "my phone" and len(answer["recovery_codes"]) == 10
    other = account.another()
    assert passkey_login(other, passkey)["user"]["id"] == account.user["id"]
    listed = other.get("/passkeys")
    assert [p["name"] for p in listed["passkeys"]] == ["my phone"] and listed["passkeys"][0]["last_used_at"]
    assert listed["possible"] and listed["rp_id"] == "localhost" and listed["recovery_codes_left"] == 10
    assert listed["origin"] == account.service.url.replace("127.0.0.1", "localhost")


@pytest.mark.parametrize("fmt", ["packed", "x5c"])
def test_a_statement_over_extensions_that_nobody_asked_for_verifies(account, fmt):
    enrol(account, fmt=fmt, extensions={"credProtect": 2})
    assert len(account.get("/passkeys")["passkeys"]) == 1


def test_the_options_ask_for_what_we_judge(account):
    options = account.post("/passkeys/options", {}, 200)["public_key"]
    assert options["attestation"] == "none" and [p["alg"] for p in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert len(unb64(options["challenge"])) == 32 and options["excludeCredentials"] == []
    handle = unb64(options["user"]["id"])
    assert len(handle) == 32 and account.user["id"].encode() not in handle
    passkey, _ = enrol(account)
    account.login(account.email, totp=_recovery(account, passkey))
    again = account.post("/passkeys/options", {}, 200)["public_key"]
    assert again["user"]["id"] == options["user"]["id"] and again["challenge"] != options["challenge"]
    assert [c["id"] for c in again["excludeCredentials"]] == [b64(passkey.id)]
    assert again["excludeCredentials"][0]["transports"] == ["internal", "hybrid"]


def _recovery(account, passkey):
    return account.post("/recovery-codes", {"passkey": use(account, passkey)}, 200)["recovery_codes"][0]


def _curve_lie(key):
    return {**key.cose(), -3: b"\x01" * 32}


REGISTRATION_LIES = {
    "another site's origin": ({"origin": "https://localhost.evil.test"}, "passkey.origin"),
    "the origin by address": ({"origin": "https://127.0.0.1:8443"}, "passkey.origin"),
    "the origin without TLS": ({"origin": "http://localhost"}, "passkey.origin"),
    "another host's hash": ({"rp": "evil.test"}, "passkey.site"),
    "type of a login": ({"type": "webauthn.get"}, "passkey.type"),
    "type in capitals": ({"type": "WebAuthn.Create"}, "passkey.type"),
    "from another site's frame": ({"cross": True}, "passkey.cross-origin"),
    "crossOrigin that is no boolean": ({"cross": "false"}, "passkey.cross-origin"),
    "a topOrigin": ({"extra": {"topOrigin": "https://evil.test"}}, "passkey.cross-origin"),
    "a challenge of its own": ({"challenge": b64(b"\x01" * 32)}, "passkey.challenge"),
    "a short challenge": ({"challenge": b64(b"\x01" * 31)}, "passkey.challenge"),
    "nobody there": ({"flags": UV}, "passkey.presence"),
    "a point off the curve": ({"cose": _curve_lie(Key())}, "passkey.key"),
    "an unknown algorithm": ({"cose": {**Key().cose(), 3: -35}}, "passkey.key"),
    "another algorithm than its key": ({"cose": {**Key(-8).cose(), 3: -7}}, "passkey.key"),
    "RSA of 1024 bits": ({"cose": Key(-257, 1024).cose()}, "passkey.key"),
    "RS1": ({"cose": {**Key(-257).cose(), 3: -65535}}, "passkey.key"),
    "a self-signature by another key": ({"fmt": "packed", "sign_with": Key()}, "passkey.signature"),
    "a self-signature that names another algorithm": ({"fmt": "packed", "named_alg": -8}, "passkey.signature"),
    "a certificate of another key": ({"fmt": "x5c", "sign_with": Key()}, "passkey.signature"),
    "a certificate that is none": ({"fmt": "packed", "statement": {"alg": -7, "sig": b"x" * 70, "x5c": [b"none"]}}, "passkey.signature"),
    "none with a statement": ({"statement": {"alg": -7}}, "passkey.format"),
    "a format that is not read": ({"fmt": "android-safetynet"}, "passkey.format"),
    "an empty id": ({"id": b""}, "passkey.format"),
    "bytes behind the key": ({"tail": b"\x00"}, "passkey.format"),
    "an object that is no CBOR": ({"object": b"\xff\xff\xff"}, "passkey.format"),
    "an object without authData": ({"object": cbor({"fmt": "none", "attStmt": {}})}, "passkey.format"),
    "an object with a key twice": ({"object": b"\xa3" + 3 * (cbor("fmt") + cbor("none"))}, "passkey.format"),
    "an array that claims 2^60 entries": ({"object": b"\xa1" + cbor("attStmt") + b"\x9b" + b"\x10" + b"\0" * 7}, "passkey.format"),
    "a map of indefinite length": ({"object": b"\xbf" + cbor("fmt") + cbor("none") + b"\xff"}, "passkey.format"),
    "a deep nest": ({"object": b"\x81" * 500 + b"\x00"}, "passkey.format"),
    "an object too large": ({"object": cbor(b"x" * 40000)}, "passkey.format"),
    "client data that is no JSON": ({"client": b"nothing"}, "passkey.format"),
    "client data that is a list": ({"client": b"[]"}, "passkey.format"),
    "client data too large": ({"extra": {"x": "y" * 5000}}, "passkey.format"),
}


@pytest.fixture(scope="module")
def applicant(world):
    """Somebody without passkeys whom no test below gives one."""
    return world.register()


def _question(account):
    return account.post("/passkeys/options", {"password": account.password}, 200)


@pytest.mark.parametrize("lie", REGISTRATION_LIES)
def test_a_registration_with_one_lie_is_refused(applicant, lie):
    changes, rule = REGISTRATION_LIES[lie]
    made = Authenticator(applicant.service)
    problem = applicant.post("/passkeys", {"name": "x", "response": made.make(_question(applicant), **changes)}, 422)
    assert problem["type"] == PREFIX + rule and problem["field"] == "response", problem
    assert applicant.get("/passkeys")["passkeys"] == []


def test_an_answer_that_names_another_credential_than_it_holds_is_refused(applicant):
    made = Authenticator(applicant.service)
    answer = made.make(_question(applicant))
    answer["id"] = answer["rawId"] = b64(b"\x01" * 32)
    assert applicant.post("/passkeys", {"name": "x", "response": answer}, 422)["type"] == PREFIX + "passkey.format"


def test_duplicate_members_in_client_data_are_refused(applicant):
    made = Authenticator(applicant.service)
    def twice(challenge):
        return (b'{"type":"webauthn.create","challenge":"%s","origin":"https://evil.test","origin":"%s"}'
                % (challenge.encode(), made.origin.encode()))
    question = _question(applicant)
    assert applicant.post("/passkeys", {"name": "x", "response": made.make(question, client=twice)}, 422)["type"] == PREFIX + "passkey.format"


@pytest.mark.parametrize("change", [{"type": "password"}, {"id": "!!!"}, {"rawId": b64(b"other")}, {"id": None}, {"response": {}},
                                    {"response": None}])
def test_a_frame_that_is_not_webauthn_is_refused(applicant, change):
    made = Authenticator(applicant.service)
    answer = {**made.make(_question(applicant)), **change}
    assert applicant.post("/passkeys", {"name": "x", "response": answer}, 422)["type"] == PREFIX + "passkey.format"


def test_a_challenge_is_good_once_and_only_for_its_purpose_and_user(world, account):
    mate = invited(world, account, "member")
    question = account.post("/passkeys/options", {}, 200)
    made = Authenticator(account.service)
    wrong = made.make(question, origin="https://evil.test")
    account.post("/passkeys", {"name": "x", "response": wrong}, 422)
    # A refused answer before the challenge was looked at leaves it; one that reached it has used it up.
    assert mate.post("/passkeys", {"name": "x", "response": made.make(question)}, 422)["type"] == PREFIX + "passkey.challenge"
    assert account.post("/passkeys", {"name": "x", "response": made.make(question)}, 422)["type"] == PREFIX + "passkey.challenge"
    login = account.post("/session/passkey/options", {}, 200)["public_key"]["challenge"]
    assert account.post("/passkeys", {"name": "x", "response": made.make(question, challenge=login)}, 422)["type"] == PREFIX + "passkey.challenge"


def test_a_refused_signature_uses_its_challenge_up(account):
    question = account.post("/passkeys/options", {}, 200)
    made = Authenticator(account.service)
    account.post("/passkeys", {"name": "x", "response": made.make(question, fmt="packed", sign_with=Key())}, 422)
    assert account.post("/passkeys", {"name": "x", "response": made.make(question)}, 422)["type"] == PREFIX + "passkey.challenge"


def test_a_credential_is_registered_once_whoever_asks(world, account, other_account):
    passkey, _ = enrol(account)
    made = Authenticator(other_account.service)
    question = other_account.post("/passkeys/options", {}, 200)
    body = {"name": "x", "response": made.make(question, id=passkey.id)}
    assert other_account.post("/passkeys", body, 409)["type"] == PREFIX + "object.exists"
    assert other_account.get("/passkeys")["passkeys"] == []


def test_nobody_has_more_than_twenty(account):
    passkey, _ = enrol(account, counts=False)
    for i in range(19):
        made = Authenticator(account.service)
        question = account.post("/passkeys/options", {"passkey": use(account, passkey)} if i == 0 else {}, 200)
        account.post("/passkeys", {"name": f"number {i}", "response": made.make(question)}, 201)
    assert account.post("/passkeys/options", {}, 429)["type"] == PREFIX + "limit.passkeys"


def test_mails_and_audit_tell_of_adding_and_removing(world, account):
    passkey, made = enrol(account, "blue <key>")
    assert "blue <key>" in world.smtp.wait(account.email, match="was added").text
    account.delete(f"/passkeys/{made['id']}", {"passkey": use(account, passkey)})
    assert "blue <key>" in world.smtp.wait(account.email, match="was removed").text
    assert [len(_audit(account, a)) for a in ("passkey.added", "passkey.removed")] == [1, 1]
    assert account.get("/passkeys")["recovery_codes_left"] == 0
    account.another().login(account.email)


# ---- logging in

LOGIN_LIES = {
    "another site's origin": ({"origin": "https://evil.test"}, "passkey.origin"),
    "another port": ({"origin": "https://localhost:1"}, "passkey.origin"),
    "another host's hash": ({"rp": "evil.test"}, "passkey.site"),
    "type of a registration": ({"type": "webauthn.create"}, "passkey.type"),
    "from another site's frame": ({"cross": True}, "passkey.cross-origin"),
    "a challenge of its own": ({"challenge": b64(b"\x02" * 32)}, "passkey.challenge"),
    "nobody there": ({"flags": UV}, "passkey.presence"),
    "nobody verified": ({"flags": UP}, "passkey.verification"),
    "a bad signature": ({"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"}, "passkey.signature"),
    "no signature": ({"signature": b"\x00"}, "passkey.signature"),
    "an unknown credential": ({"id": b"\x05" * 32}, "passkey.unknown"),
    "no user handle": ({"handle": None}, "passkey.unknown"),
    "another user handle": ({"handle": b"\x07" * 32}, "passkey.unknown"),
    "a new credential in it": ({"flags": UP | UV | AT, "tail": b"\0" * 17 + b"\x01a" + cbor(Key().cose())}, "passkey.format"),
    "bytes behind": ({"tail": b"\x00"}, "passkey.format"),
    "extensions that are cut off": ({"flags": UP | UV | ED, "tail": b"\xa1"}, "passkey.format"),
    "a counter that stands still": ({"count": 1}, "passkey.counter"),
    "a counter that is gone": ({"count": 0}, "passkey.counter"),
    "oversized data": ({"tail": b"x" * 5000}, "passkey.format"),
}


@pytest.fixture(scope="module")
def enrolled(world):
    account = world.register()
    passkey, made = enrol(account)
    account.codes = made["recovery_codes"]
    return account, passkey


@pytest.mark.parametrize("lie", LOGIN_LIES)
def test_a_login_with_one_lie_is_refused(enrolled, lie):
    account, passkey = enrolled
    changes, rule = LOGIN_LIES[lie]
    problem = passkey_login(account.another(), passkey, 401, **changes)
    assert problem["type"] == PREFIX + "auth.passkey" and problem["source"] == rule, problem
    assert problem["field"] == "response"
    assert passkey_login(account.another(), passkey)["user"]["id"] == account.user["id"]


def test_duplicate_members_in_a_login_are_refused(enrolled):
    account, passkey = enrolled
    def twice(challenge):
        return b'{"type":"webauthn.get","challenge":"%s","origin":"x","origin":"%s"}' % (challenge.encode(), passkey.origin.encode())
    assert passkey_login(account.another(), passkey, 401, client=twice)["source"] == "passkey.format"


def test_an_answer_works_once(enrolled):
    account, passkey = enrolled
    anyone = account.another()
    answer = passkey.get(anyone.post("/session/passkey/options", {}, 200))
    anyone.post("/session/passkey", {"response": answer}, 200)
    assert anyone.another().post("/session/passkey", {"response": answer}, 401)["source"] == "passkey.challenge"


def test_a_challenge_of_another_purpose_does_not_log_in(world):
    account = world.register()
    passkey, _ = enrol(account)
    question = account.post("/passkeys/challenge", {}, 200)
    problem = account.another().post("/session/passkey", {"response": passkey.get(question)}, 401)
    assert problem["source"] == "passkey.challenge"


def test_a_signature_over_another_users_data_is_refused(enrolled, other_account):
    account, passkey = enrolled
    theirs, _ = enrol(other_account)
    stolen = theirs.get(account.another().post("/session/passkey/options", {}, 200))
    stolen["id"] = stolen["rawId"] = b64(passkey.id)
    assert account.another().post("/session/passkey", {"response": stolen}, 401)["source"] == "passkey.unknown"
    stolen = theirs.get(account.another().post("/session/passkey/options", {}, 200), handle=passkey.handle)
    stolen["id"] = stolen["rawId"] = b64(passkey.id)
    assert account.another().post("/session/passkey", {"response": stolen}, 401)["source"] == "passkey.signature"


def test_a_counter_that_went_back_is_in_the_audit_log(world):
    account = world.register()
    passkey, made = enrol(account)
    passkey_login(account.another(), passkey, count=9)
    passkey_login(account.another(), passkey, 401, count=9)
    passkey_login(account.another(), passkey, 401, count=3)
    told = [e for e in world.admin().whole_audit() if e["action"] == "passkey.counter" and e["object"] == made["id"]]
    assert ["stored 9, shown 9" in e["detail"] or "stored 9, shown 3" in e["detail"] for e in told] == [True, True]
    assert [e for e in _audit(account, "auth.failed") if "passkey.counter" in e["detail"]]
    passkey_login(account.another(), passkey, count=10)


def test_an_authenticator_that_never_counts_goes_on_working(account):
    passkey, _ = enrol(account, counts=False)
    for _ in range(2):
        passkey_login(account.another(), passkey)
    passkey_login(account.another(), passkey, count=5)
    assert passkey_login(account.another(), passkey, 401, count=0)["source"] == "passkey.counter"


def test_a_disabled_user_does_not_log_in(world, account):
    mate = invited(world, account, "member")
    passkey, _ = enrol(mate)
    account.patch(f"/users/{mate.user['id']}", {"disabled": True})
    assert passkey_login(account.another(), passkey, 401)["source"] == "passkey.disabled"
    account.patch(f"/users/{mate.user['id']}", {"disabled": False})
    passkey_login(account.another(), passkey)


def test_strangers_fill_neither_challenges_nor_the_audit_log(new_world):
    """600 of each half of a login in an hour from one network; then 429, and nothing is written any more."""
    world = new_world()
    stranger = world.anonymous()
    for path, body in (("/session/passkey/options", {}), ("/session/passkey", {"response": {}})):
        answers = [stranger.call("POST", path, body) for _ in range(603)]
        assert [a.status_code for a in answers[-3:]] == [429] * 3 and answers[599].status_code != 429
        assert answers[-1].json()["type"] == PREFIX + "limit.passkeys" and int(answers[-1].headers["Retry-After"]) >= 1
    entries = world.admin().whole_audit()
    assert 1 <= len([e for e in entries if e["action"] == "auth.failed"]) < 600


def test_a_removed_passkey_and_a_removed_user_do_not_log_in(world, account):
    mate = invited(world, account, "member")
    passkey, made = enrol(mate)
    mate.delete(f"/passkeys/{made['id']}", {"passkey": use(mate, passkey)})
    assert passkey_login(account.another(), passkey, 401)["source"] == "passkey.unknown"
    passkey, _ = enrol(mate)
    account.delete(f"/users/{mate.user['id']}")
    assert passkey_login(account.another(), passkey, 401)["source"] == "passkey.unknown"


def test_expired_challenges_do_not_count(new_world):
    world = new_world()
    account = world.register()
    passkey, _ = enrol(account)
    late = account.post("/session/passkey/options", {}, 200)
    adding = account.post("/passkeys/options", {"passkey": use(account, passkey)}, 200)
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = 301
    world.service.start()
    assert account.another().post("/session/passkey", {"response": passkey.get(late)}, 401)["source"] == "passkey.challenge"
    made = Authenticator(world.service)
    assert account.post("/passkeys", {"name": "x", "response": made.make(adding)}, 422)["type"] == PREFIX + "passkey.challenge"


def test_a_service_known_by_address_only_says_so(new_world):
    world = new_world(config={"server": {"public_url": "https://192.0.2.7:8443"}})
    account = world.register()
    listed = account.get("/passkeys")
    assert listed["possible"] is False and "public_url" in listed["why"]
    for path in ("/passkeys/options", "/session/passkey/options"):
        assert account.post(path, {}, 409)["type"] == PREFIX + "passkey.host"


# ---- as the second factor

def test_the_password_alone_is_asked_for_the_passkey(enrolled):
    account, passkey = enrolled
    anyone = account.another()
    problem = anyone.login(account.email, status=401)
    assert problem["type"] == PREFIX + "auth.second-factor" and problem["methods"] == ["passkey", "recovery"]
    assert [c["id"] for c in problem["public_key"]["allowCredentials"]] == [b64(passkey.id)]
    # With the password it is enough that somebody touched it, and a roaming key sends no handle.
    body = {"email": account.email, "password": account.password, "passkey": passkey.get(problem, flags=UP, handle=None)}
    assert anyone.post("/session", body, 200)["user"]["id"] == account.user["id"]


def test_with_an_app_and_a_passkey_either_will_do(world):
    account = world.register()
    passkey, made = enrol(account)
    secret = account.post("/totp", {"password": account.password, "passkey": use(account, passkey)}, 200)["secret"]
    codes = account.post("/totp/confirm", {"code": totp_now(secret)}, 200)["recovery_codes"]
    problem = account.another().login(account.email, status=401)
    assert problem["type"] == PREFIX + "auth.totp" and problem["methods"] == ["totp", "passkey", "recovery"]
    account.another().post("/session", {"email": account.email, "password": account.password, "passkey": passkey.get(problem)}, 200)
    account.another().login(account.email, totp=codes[0])
    assert account.another().login(account.email, totp=made["recovery_codes"][0], status=401)["type"] == PREFIX + "auth.totp"
    account.delete("/totp", {"password": account.password, "totp": codes[1]})
    account.another().login(account.email, totp=codes[2])


def test_another_users_passkey_is_no_second_factor(enrolled, other_account):
    account, passkey = enrolled
    theirs, _ = enrol(other_account)
    anyone = account.another()
    body = {"email": account.email, "password": account.password}
    for lie in (theirs.get(anyone.login(account.email, status=401)),
                theirs.get(anyone.login(account.email, status=401), id=passkey.id),
                passkey.get(other_account.post("/passkeys/challenge", {}, 200))):
        problem = anyone.post("/session", {**body, "passkey": lie}, 401)
        assert problem["type"] == PREFIX + "auth.passkey", problem
    assert anyone.post("/session", {**body, "password": "wrong password", "passkey": use(account, passkey)}, 401)["type"] == PREFIX + "auth.wrong"


def test_a_totp_that_was_never_confirmed_is_no_second_factor(world):
    """Where only passkeys are set up, the key of an app that is still to be confirmed counts for nothing."""
    account = world.register()
    passkey, _ = enrol(account)
    secret = account.post("/totp", {"password": account.password, "passkey": use(account, passkey)}, 200)["secret"]
    assert account.another().login(account.email, totp=totp_now(secret), status=401)["type"] == PREFIX + "auth.second-factor"


def test_recovery_codes_work_once_and_can_be_renewed(world):
    account = world.register()
    passkey, made = enrol(account)
    first, second = made["recovery_codes"][:2]
    account.another().login(account.email, totp=first)
    account.another().login(account.email, totp=first, status=401)
    assert account.get("/passkeys")["recovery_codes_left"] == 9
    fresh = account.post("/recovery-codes", {"passkey": use(account, passkey)}, 200)["recovery_codes"]
    account.another().login(account.email, totp=second, status=401)
    account.another().login(account.email, totp=fresh[0])


def test_recovery_codes_without_a_second_factor_are_refused(account):
    assert account.post("/recovery-codes", {}, 409)["type"] == PREFIX + "state.second-factor"


# ---- the unlock code

def test_a_session_from_before_the_second_factor_is_not_fresh(account):
    order = _order(account)
    assert account.post(f"/orders/{order['id']}/code", {}, 200)["code"]
    passkey, _ = enrol(account)
    problem = account.post(f"/orders/{order['id']}/code", {}, 403)
    assert problem["type"] == PREFIX + "auth.reauth" and problem["methods"] == ["password", "passkey", "recovery"]
    problem = account.post(f"/orders/{order['id']}/code", {"password": account.password}, 401)
    assert problem["type"] == PREFIX + "auth.second-factor"
    assert account.post(f"/orders/{order['id']}/code", {"password": account.password, "passkey": passkey.get(problem, flags=UP)}, 200)["code"]
    # Now it was shown, and the session is fresh.
    assert account.post(f"/orders/{order['id']}/code", {}, 200)["code"]
    assert account.show(order)["code"]["reveals"] == 3


def test_a_session_from_before_totp_is_not_fresh(account):
    order = _order(account)
    _, codes = enable_totp(account)
    assert account.post(f"/orders/{order['id']}/code", {}, 403)["methods"] == ["password", "totp", "recovery"]
    assert account.post(f"/orders/{order['id']}/code", {"password": account.password, "totp": codes[0]}, 200)["code"]
    assert account.post(f"/orders/{order['id']}/code", {}, 200)["code"]


def test_a_login_by_passkey_is_a_fresh_one(world):
    account = world.register()
    passkey, _ = enrol(account)
    order = _order(account)
    other = account.another()
    passkey_login(other, passkey)
    assert other.post(f"/orders/{order['id']}/code", {}, 200)["code"]


def test_a_passkey_alone_reveals_when_it_verified_its_user(new_world):
    """Six minutes after the login, and by a token, which is never fresh."""
    world = new_world()
    account = world.register()
    passkey, made = enrol(account)
    order = _order(account)
    token = account.token_client()
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = 360
    world.service.start()
    path = f"/orders/{order['id']}/code"
    for who in (account, token):
        assert who.post(path, {}, 403)["type"] == PREFIX + "auth.reauth"
        weak = passkey.get(who.post("/passkeys/challenge", {}, 200), flags=UP)
        assert who.post(path, {"passkey": weak}, 401)["source"] == "passkey.verification"
        assert who.post(path, {"passkey": use(who, passkey)}, 200)["code"]
    assert account.post(path, {}, 200)["code"]
    assert token.post(path, {}, 403)["type"] == PREFIX + "auth.reauth"
    assert token.post(path, {"password": account.password, "totp": made["recovery_codes"][3]}, 200)["code"]
    assert token.post(path, {"password": account.password, "totp": made["recovery_codes"][3]}, 401)["type"] == PREFIX + "auth.second-factor"


def test_the_command_takes_a_recovery_code_where_there_are_only_passkeys(world, account, tmp_path):
    order = _order(account)
    token = account.token_client()
    _, made = enrol(account)
    (tmp_path / "p").write_text(account.password + "\n")
    cli = Cli(tmp_path, {"AUTOCSR_SERVER": world.service.url, "AUTOCSR_TOKEN": token.token, "AUTOCSR_CA_FILE": str(world.service.root_pem)})
    words = ["order", "code", order["id"], "--password-file", "p"]
    refused = cli.run(*words, "--json", code=4)
    assert refused.problem == "auth.second-factor" and "recovery code" in refused.json["detail"]
    assert cli.ask(*words, "--totp", made["recovery_codes"][0])["code"]


def test_a_second_step_question_alone_does_not_reveal(world):
    """It was asked without user verification, so its answer needs the password beside it."""
    account = world.register()
    passkey, _ = enrol(account)
    order = _order(account)
    question = account.another().login(account.email, status=401)
    assert account.post(f"/orders/{order['id']}/code", {"passkey": passkey.get(question)}, 401)["source"] == "passkey.challenge"


def test_managing_passkeys_needs_a_fresh_login(account):
    passkey, made = enrol(account)
    calls = [("POST", "/passkeys/options", {}), ("PATCH", f"/passkeys/{made['id']}", {"name": "x"}),
             ("DELETE", f"/passkeys/{made['id']}", None), ("POST", "/recovery-codes", {})]
    for method, path, body in calls:
        assert account.call(method, path, body).json()["type"] == PREFIX + "auth.reauth", path
    passkey_login(account, passkey)
    assert account.patch(f"/passkeys/{made['id']}", {"name": "the red one"})["name"] == "the red one"
    assert account.patch(f"/passkeys/{made['id']}", {"name": "x" * 65}, 422)["field"] == "name"
    account.delete(f"/passkeys/{made['id']}")
    account.delete(f"/passkeys/{made['id']}", status=404)


def test_who_manages_the_account_removes_a_lost_second_factor(world, account):
    mate = invited(world, account, "member")
    passkey, _ = enrol(mate)
    assert mate.post("/totp", {"password": mate.password, "passkey": use(mate, passkey)}, 200)["secret"]
    path = f"/users/{mate.user['id']}/second-factor"
    mate.delete(path, status=403)
    assert account.delete(f"/users/{account.user['id']}/second-factor", status=409)["type"] == PREFIX + "state.own-second-factor"
    world.register().delete(path, status=404)
    token = account.token_client()
    assert token.delete(path, status=403)["type"] == PREFIX + "auth.reauth"
    account.delete(path, {"password": account.password}, 204)
    assert account.email in world.smtp.wait(mate.email, match="second factor at AutoCSR was removed").text
    assert mate.call("GET", "/session").status_code == 401
    assert passkey_login(account.another(), passkey, 401)["source"] == "passkey.unknown"
    mate.login(mate.email)
    assert mate.user["passkeys"] == 0 and mate.get("/passkeys")["recovery_codes_left"] == 0
    assert len(_audit(account, "user.second-factor-removed")) == 1


def test_the_last_second_factor_stays_where_the_account_always_wants_one(account):
    passkey, made = enrol(account)
    account.patch("/account", {"always_second": True})
    path = f"/passkeys/{made['id']}"
    assert account.delete(path, {"passkey": use(account, passkey)}, 409)["type"] == PREFIX + "state.always-second"
    secret = account.post("/totp", {"password": account.password, "passkey": use(account, passkey)}, 200)["secret"]
    codes = account.post("/totp/confirm", {"code": totp_now(secret)}, 200)["recovery_codes"]
    account.delete(path, {"passkey": use(account, passkey)}, 204)
    off = {"password": account.password, "totp": codes[0]}
    assert account.delete("/totp", off, 409)["type"] == PREFIX + "state.always-second"
    account.another().login(account.email, totp=codes[1])


def test_passkeys_of_others_are_absent(account, other_account):
    _, made = enrol(account)
    assert other_account.patch(f"/passkeys/{made['id']}", {"name": "x"}, 404)["type"] == PREFIX + "object.absent"
    other_account.delete(f"/passkeys/{made['id']}", status=404)
    assert other_account.get("/passkeys")["passkeys"] == []


def test_nothing_that_signs_or_opens_is_told(world, account):
    """The log and the audit log name passkeys, and never challenges or credentials."""
    passkey, made = enrol(account)
    question = account.post("/session/passkey/options", {}, 200)
    account.another().post("/session/passkey", {"response": passkey.get(question)}, 200)
    said = world.service.log_text() + json.dumps(account.get("/audit?limit=500")) + json.dumps(account.get("/passkeys"))
    for secret in (question["public_key"]["challenge"], b64(passkey.id), made["recovery_codes"][0], b64(passkey.handle)):
        assert secret not in said
    raw = unb64(question["public_key"]["challenge"])
    for path, data in world.service.state_contents():
        assert raw not in data and made["recovery_codes"][0].encode() not in data, path


def test_random_answers_never_crash(account):
    """Bytes from nowhere in each part; core answers every time and is the same process afterwards."""
    before = account.service.processes()
    for i in range(12):
        response = {"id": b64(os.urandom(16)), "type": "public-key",
                    "response": {"clientDataJSON": b64(os.urandom(i + 1)), "attestationObject": b64(os.urandom(i * 150 + 1)),
                                 "authenticatorData": b64(os.urandom(i + 1)), "signature": b64(os.urandom(i + 1))}}
        assert account.call("POST", "/passkeys", {"name": "x", "response": response}).status_code == 422
        assert account.another().call("POST", "/session/passkey", {"response": response}).status_code == 401
    assert account.service.processes() == before


def test_refused_passkeys_do_not_fill_the_audit_log(world):
    """Nobody guesses a passkey, so nobody is slowed down; but only so many refusals an hour have an entry of their own."""
    account = world.register()
    for _ in range(70):
        account.post("/passkeys", {"name": "x", "response": {"id": "AA"}}, 422)
    told = [e["detail"] for e in account.get("/audit?limit=500")["entries"] if e["action"] == "passkey.refused"]
    assert len(told) == 61 and "more than 60" in told[-1] and not any("more than" in t for t in told[:-1])
    made = Authenticator(world.service)
    account.post("/passkeys", {"name": "phone", "response": made.make(account.post("/passkeys/options", {"password": account.password}, 200))}, 201)
