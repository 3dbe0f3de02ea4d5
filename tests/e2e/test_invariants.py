"""The eight invariants of the design, one named test each, that try to break them."""
import hashlib

import pytest
from harness import crypto
from harness.api import PASSWORD, unique_name
from harness.net import wait_for
from oracle import Oracle


def _everywhere(world):
    """(where, bytes) of all that the service keeps or said: state files, log, mails."""
    for path, data in world.service.state_contents():
        yield str(path), data
    yield "log", world.service.log_text(all_runs=True).encode()
    for mail in list(world.smtp.mails):
        yield f"mail {mail.subject!r}", mail.decoded()


def assert_nowhere(world, needles, what, skip_mail=False):
    for where, data in _everywhere(world):
        if skip_mail and where.startswith("mail"):
            continue
        found = [n for n in needles if n in data]
        assert not found, f"{what} found in {where}"


@pytest.mark.parametrize("key_type", ["rsa:2048", "ec:p256", "ed25519"])
def test_invariant_1_the_key_is_on_no_disk_in_no_database_log_or_mail(world, account, key_type):
    issued = world.issue(account, key_type=key_type)
    assert_nowhere(world, crypto.secret_patterns(issued.key), "a piece of the private key")


def test_invariant_1_the_search_would_find_a_key(world, account):
    """Control: the certificate's public parts, stored by intent, are found by the same search."""
    issued = world.issue(account, key_type="rsa:2048")
    modulus = issued.cert.public_key().public_numbers().n.to_bytes(256, "big")
    assert [w for w, data in _everywhere(world) if modulus[:64] in data], "the search is blind"


def test_invariant_1_no_response_but_the_archive_carries_a_key(world, account):
    issued = world.issue(account, key_type="ec:p256")
    patterns = crypto.secret_patterns(issued.key) + [b"PRIVATE KEY"]
    for path in (f"/orders/{issued.id}", f"/orders/{issued.id}/csr", "/orders", "/audit?limit=500",
                 *(f"/orders/{issued.id}/certificate?format={f}" for f in ("leaf", "chain", "fullchain", "der", "p7b"))):
        assert not [p for p in patterns if p in account.call("GET", path).content], path
    for odd in ("key", "pkcs12", "p12", "pfx", "pem-with-key"):
        answer = account.call("GET", f"/orders/{issued.id}/certificate?format={odd}")
        assert answer.status_code in (400, 404, 422) and b"PRIVATE KEY" not in answer.content


def test_invariant_2_a_csr_is_submitted_only_after_hand_over(new_world):
    """Everything is ready for issuance but the acknowledgement: nothing is signed."""
    world = new_world()
    account = world.register()
    world.preauthorise(account, "good.test")
    untouched = account.order(unique_name(), key_type="ec:p256")
    fetched = account.order(unique_name(), key_type="ec:p256")
    archive = account.fetch_archive(fetched)
    for order in (untouched, fetched):
        account.call("POST", f"/orders/{order['id']}/validate", {})
        account.call("POST", f"/orders/{order['id']}/archive/ack", {"sha256": "f" * 64})
    control = world.issue(account, key_type="ec:p256")
    for order in (untouched, fetched):
        assert account.show(order)["state"] == "handover" and account.show(order)["certificates"] == []
    oracle = Oracle(world)
    oracle.check()
    assert oracle.signed_for(control.id) == 1 and oracle.signed_for(untouched["id"]) == 0 == oracle.signed_for(fetched["id"])
    account.acknowledge(fetched, archive)
    account.wait_state(fetched, "issued")


def test_invariant_3_the_archive_is_never_stored_and_only_it_is_lost(new_world):
    world = new_world()
    account = world.register()
    first = account.order(unique_name(), key_type="ec:p256")
    archive = account.fetch_archive(first)
    second = account.order(unique_name(), key_type="ec:p256")
    inside = archive[64:archive.rindex(b"PK\x01\x02")]  # without the directory, which may be that of a mailed archive too
    pieces = [inside[i:i + 32] for i in range(0, len(inside) - 32, 32)]
    assert_nowhere(world, pieces, "a piece of the archive")
    world.service.kill_all()
    assert_nowhere(world, pieces, "a piece of the archive")
    world.service.start()
    lost = account.show(second)
    assert lost["archive"]["state"] == "lost" and lost["state"] == "handover"
    assert lost["names"] == second["names"] and lost["created_at"] == second["created_at"]
    new = account.post(f"/orders/{second['id']}/archive", {})
    assert new["spki_sha256"] != second["spki_sha256"]
    fresh = account.fetch_archive(new)
    world.finish(account, account.acknowledge(new, fresh), fresh)


def test_invariant_4_the_code_never_travels_with_the_archive(world, account):
    """Not in the archive's response, not in its mail, not at rest in the clear; only the account reveals it."""
    order = account.order(unique_name(), key_type="ec:p256")
    answer = account.call("GET", order["archive_url"])
    acknowledged = account.acknowledge(order, answer.content)
    mailed = account.order(unique_name(), delivery="email", key_type="ec:p256")
    account.wait_state(mailed, "validating")
    for one, texts in ((order, [answer.content, str(answer.headers).encode(), str(order).encode(), str(acknowledged).encode()]),
                       (mailed, [m.decoded() for m in world.smtp.to(account.email)])):
        shown = account.code(one)
        needles = [crypto.passphrase(shown).encode(), shown["code"].encode()]
        assert not [n for n in needles for t in texts if n in t]
        assert_nowhere(world, needles, "the unlock code")


def test_invariant_4_revealing_needs_a_fresh_login_and_is_audited(account):
    order = account.order(unique_name(), key_type="ec:p256")
    account.acknowledge(order, account.fetch_archive(order))
    token = account.token_client()
    assert token.call("POST", f"/orders/{order['id']}/code", {}).status_code == 403
    assert token.code(order, password=PASSWORD)["code"]
    reveals = [e for e in account.get("/audit?limit=500")["entries"] if "reveal" in e["action"] and order["id"] in str(e)]
    assert len(reveals) == 1


def test_invariant_5_a_key_serves_one_order_and_a_reissue_makes_a_new_one(world, account):
    keys = set()
    for _ in range(3):
        issued = world.issue(account, key_type="ec:p256")
        keys.add(issued.order["spki_sha256"])
    for _ in range(2):
        order = account.post(f"/orders/{issued.id}/reissue", {})
        archive = account.fetch_archive(order)
        keys.add(world.finish(account, account.acknowledge(order, archive), archive).order["spki_sha256"])
    assert len(keys) == 5
    csr = account.get(f"/orders/{issued.id}/csr").decode()
    answer = account.call("POST", "/orders", {"product": "dv", "csr": csr})
    assert answer.status_code == 422 and answer.json()["type"] == "urn:autocsr:error:key.reused"


def test_invariant_6_what_was_answered_survives_kill_minus_9(new_world):
    """Each answer left after its commit, with its audit entry: nothing answered is missing afterwards."""
    world = new_world()
    account = world.register()
    for round_ in range(3):
        order = account.order(unique_name(), key_type="ec:p256")
        archive = account.fetch_archive(order)
        account.acknowledge(order, archive)
        world.service.kill_all()
        world.service.start()
        now = account.show(order)
        assert now["state"] in ("validating", "issuing", "issued") and now["archive"]["state"] == "acknowledged"
        events = [e["event"] for e in now["events"]]
        assert events[0] == "order.created" and len(events) >= 2
        text = str(account.get("/audit?limit=500")["entries"])
        assert text.count(order["id"]) >= 2
        assert hashlib.sha256(archive).hexdigest() == now["archive"]["sha256"]
    assert world.admin().get("/audit/verify")["ok"] is True
    Oracle(world).check()


def test_invariant_6_a_changed_audit_row_is_found(new_world):
    """The audit chain is worth something only if a change in the database breaks it."""
    world = new_world()
    account = world.register()
    account.order(unique_name(), key_type="ec:p256")
    world.service.stop()
    Oracle(world, stopped=True).tamper_with_audit()
    world.service.spawn()
    try:
        wait_for("the service", world.service.ready, 20)
        answer = world.admin().get("/audit/verify")
        assert answer["ok"] is False and answer["first_bad_seq"] is not None
    except AssertionError:
        assert "audit" in world.service.log_text(), "neither refused to start because of the audit log nor told of it"
        raise


def test_invariant_7_every_certificate_is_traceable_to_its_evidence(new_world):
    world = new_world()
    account = world.register()
    issued = world.issue(account, key_type="ec:p256")
    oracle = Oracle(world)
    oracle.check()
    line = oracle.log_line_of(issued.cert.serial_number)
    assert issued.id in line and issued.order["names"][0] in line
    evidence = oracle.evidence_of(issued.id)
    assert evidence and all(e for e in evidence)


def test_invariant_7_the_signer_refuses_what_the_profile_does_not_allow(world, account):
    """An own CSR that asks for more than the profile gives gets the profile, or a refusal; never its wish."""
    from cryptography import x509
    from harness import csrs
    name = unique_name()
    pem, _ = csrs.own_csr(name, extensions=[(x509.BasicConstraints(True, None), True)])
    answer = account.call("POST", "/orders", {"product": "dv", "names": [name], "csr": pem})
    if answer.status_code == 201:
        world.validate(account, answer.json())
        order = account.wait_state(answer.json(), "issued")
        cert = crypto.certificates(account.certificate(order))[0]
        assert not cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    else:
        assert answer.status_code == 422


@pytest.mark.parametrize("statement,allowed", [(None, False), ("true", True)])
def test_invariant_8_a_public_issuer_makes_no_keys_without_the_statement(new_world, statement, allowed):
    """BR 6.1.1.3"""
    world = new_world({"ca": {"kind": "public", **({"operator_is_not_ca": statement} if statement else {})}})
    account = world.register()
    name = unique_name("autocsr-test.org")
    answer = account.call("POST", "/orders", {"product": "dv", "names": [name], "key_type": "ec:p256"})
    if allowed:
        assert answer.status_code == 201, answer.text
    else:
        assert answer.status_code == 422 and answer.json()["type"].startswith("urn:autocsr:error:policy.")
        assert "6.1.1.3" in answer.text
        from harness import csrs
        sealed = {"grade": "sealed", "recipient": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}
        assert account.call("POST", "/orders", {"product": "dv", "names": [name], "hand_over": sealed}).json()["type"] == answer.json()["type"]
        assert account.call("POST", "/orders", {"product": "dv", "csr": csrs.own_csr(name)[0]}).status_code == 201
        browser = {"product": "dv", "csr": csrs.own_csr(name)[0], "hand_over": {"grade": "browser"}}
        assert account.call("POST", "/orders", browser).status_code == 201, "whoever makes the key in their own browser makes it themselves"
