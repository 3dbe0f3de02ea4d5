"""The oracle itself: a guard that cannot say no is none. Each kind of damage, done to a copy, must be found."""
import shutil
import sqlite3
import types

import pytest
from harness.acme import Acme
from harness.api import unique_name
from oracle import Oracle

DAMAGE = {
    "audit-row-changed": "UPDATE audit SET detail = detail || 'x' WHERE seq = 2",
    "audit-row-missing": "DELETE FROM audit WHERE seq = 2",
    "illegal-state": "UPDATE orders SET state = 'lost'",
    "issued-without-certificate": "DELETE FROM certificates",
    "serial-forgotten": "DELETE FROM certificates WHERE order_id IS NOT NULL",
    "certified-before-hand-over": "UPDATE requests SET archive_state = 'fetched'",
    "hand-over-later-than-the-certificate": "UPDATE requests SET handed_over_at = handed_over_at + 100000",
    "issued-twice": "UPDATE certificates SET request_id = (SELECT request_id FROM certificates WHERE request_id IS NOT NULL LIMIT 1)"
                    " WHERE order_id IS NOT NULL",
    "another-grade": "UPDATE requests SET grade = 'browser'",
    "a-format-of-another-grade": "UPDATE requests SET format = 'age'",
    "sealed-to-nobody": "UPDATE requests SET grade = 'sealed', format = 'age', has_code = 0",
    "a-code-for-a-sealed-key": "UPDATE requests SET grade = 'sealed', format = 'age', recipient = 'x', recipient_name = 'x', has_code = 1",
    "one-key-for-two-orders": "UPDATE requests SET spki_sha256 = (SELECT spki_sha256 FROM requests LIMIT 1)",
    "no-evidence": "UPDATE validations SET state = 'pending'",
    "other-names": "UPDATE orders SET names = 'other.good.test'",
    "acme-valid-without-certificate": "UPDATE acme_orders SET serial = '00'",
    "acme-certificate-of-an-order-that-failed": "UPDATE acme_orders SET status = 'invalid'",
    "acme-other-identifiers": "UPDATE acme_orders SET identifiers = 'other.good.test'",
    "acme-authorization-never-proven": "UPDATE acme_authzs SET proved_at = NULL",
    "acme-authorization-of-another-name": "UPDATE acme_authzs SET name = 'other.good.test'",
}


@pytest.fixture(scope="module")
def sample(e2e_dir, dns, smtp, web):
    """A stopped service's state with two issued orders, and one of an ACME client."""
    from harness.fixtures import _new_services, base_config
    from harness.flow import World
    service = _new_services(e2e_dir, [])(base_config(dns, smtp, web)).start()
    world = World(service, dns, smtp, web)
    account = world.register()
    for _ in range(2):
        world.issue(account, unique_name(), key_type="ec:p256")
    Acme(service.url + "/acme/directory", service.root_pem).register().issue(world, unique_name())
    service.stop()
    return service


def copy_of(sample, tmp_path):
    state = tmp_path / "state"
    shutil.copytree(sample.state, state)
    service = types.SimpleNamespace(state=state, state_contents=lambda: [(p, p.read_bytes()) for p in state.rglob("*") if p.is_file()])
    return Oracle(types.SimpleNamespace(service=service), stopped=True), state


def test_an_undamaged_state_is_accepted(sample, tmp_path):
    copy_of(sample, tmp_path)[0].check()


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_found(sample, tmp_path, what):
    oracle, state = copy_of(sample, tmp_path)
    connection = sqlite3.connect(next(state.rglob("*.db")))
    connection.execute("PRAGMA foreign_keys = OFF")
    assert connection.execute(DAMAGE[what]).rowcount > 0
    connection.commit()
    connection.close()
    with pytest.raises(AssertionError):
        oracle.check()


@pytest.mark.parametrize("text", [b"-----BEGIN PRIVATE KEY-----\n", b"PK\x03\x04\x33\x00\x01\x00\x63\x00rest"])
def test_a_key_or_an_archive_on_the_disk_is_found(sample, tmp_path, text):
    oracle, state = copy_of(sample, tmp_path)
    (state / "left-behind").write_bytes(b"junk " + text)
    with pytest.raises(AssertionError):
        oracle.check_files()
