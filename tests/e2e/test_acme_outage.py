"""The signer is away for days while an ACME order is being issued."""
import os
import signal

from harness.acme import Acme
from harness.api import unique_name
from harness.crypto import certificates
from harness.csrs import own_csr, to_der
from oracle import Oracle

HOUR = 3600


def rows(world, order):
    """serial → state of the certificates of an order."""
    return {r["serial"]: r["state"] for r in Oracle(world).rows("SELECT serial, state FROM certificates WHERE order_id = ?", order)}


def test_after_sixty_hours_the_times_are_reserved_anew(new_world):
    """What was reserved cannot be signed any more (BR 7.1.2.7: notBefore within 48 hours): other times, another serial."""
    world = new_world()
    client = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    url, order = client.ready(world, name := unique_name())
    os.kill(world.service.pid("signer"), signal.SIGSTOP)
    pem, _ = own_csr([name])
    assert client.finalize(order, to_der(pem)).json()["status"] == "processing"
    order_id = url.rsplit("/", 1)[1]
    (reserved, state), = rows(world, order_id).items()
    assert state == "signing"
    world.service.kill_all()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = str(60 * HOUR)
    world.service.start()
    client.nonces.clear()
    done = client.until(url, "valid", "invalid", seconds=60)
    assert done["status"] == "valid", done
    cert = certificates(client.post(done["certificate"]).text)[0]
    after = rows(world, order_id)
    assert after.pop(reserved) == "failed" and list(after.values()) == ["valid"]
    assert int(next(iter(after)), 16) == cert.serial_number
    Oracle(world).check()
