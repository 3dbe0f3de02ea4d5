"""No message carries a key, and code and archive never meet: seen by strace on the processes themselves."""
import pytest
from harness import crypto, trace
from harness.api import unique_name
from harness.net import wait_for
from harness.service import ROLES


@pytest.fixture(scope="module")
def traced(request, e2e_dir, dns, smtp, web, tmp_path_factory):
    """Orders of a private service with every role under strace: {role: bytes}, the orders, their codes."""
    if trace.available():
        pytest.skip(trace.available())
    from harness.fixtures import _new_services, base_config
    from harness.flow import World
    service = _new_services(e2e_dir, [])(base_config(dns, smtp, web)).start()
    request.addfinalizer(service.stop)
    world = World(service, dns, smtp, web)
    account = world.register()
    one = trace.Trace(service, ROLES, tmp_path_factory.mktemp("trace"))
    try:
        by_download = [account.order(unique_name(), key_type=k) for k in ("ec:p256", "rsa:2048")]
        archives = [account.fetch_archive(o) for o in by_download]
        by_mail = account.order(unique_name(), key_type="ec:p256", delivery="email")
        account.wait_state(by_mail, "validating")
    finally:
        one.stop()
    mail = wait_for("the mail", lambda: [m for m in smtp.to(account.email) if m.attachments()])[0]
    archives.append(mail.attachments()[0][1])
    for order, archive in zip(by_download, archives):
        account.acknowledge(order, archive)
    codes = [account.code(o) for o in [*by_download, by_mail]]
    keys = [crypto.open_archive(a, c) for a, c in zip(archives, codes)]
    return {role: one.bytes_of(role) for role in ROLES}, archives, codes, keys


def test_the_capture_sees_what_crosses(traced):
    """Control: the public key is seen in the core, the archive in front and courier."""
    seen, archives, _, keys = traced
    for key in keys:
        assert crypto.spki(crypto.load_key(key).public_key())[-32:] in seen["core"]
    assert archives[0][40:80] in seen["front"]
    assert seen["courier"]


@pytest.mark.parametrize("role", ROLES)
def test_no_message_carries_a_private_key(traced, role):
    """Not even the keymaker's parent reads or writes one: only the worker that ends with it."""
    seen, _, _, keys = traced
    for key in keys:
        assert not [p for p in crypto.secret_patterns(key) if p in seen[role]], role
    assert b"PRIVATE KEY" not in seen[role] or role in ("signer", "front")


@pytest.mark.parametrize("role", [r for r in ROLES if r != "core"])
def test_the_code_goes_to_the_core_alone(traced, role):
    seen, _, codes, _ = traced
    for code in codes:
        assert crypto.passphrase(code).encode() not in seen[role] and code["code"].encode() not in seen[role], role


@pytest.mark.parametrize("role", ["core", "signer", "prober"])
def test_the_archive_passes_the_core_by(traced, role):
    seen, archives, _, _ = traced
    for archive in archives:
        middle = archive[64:-64]
        assert not [1 for i in range(0, len(middle) - 24, 24) if middle[i:i + 24] in seen[role]], role
