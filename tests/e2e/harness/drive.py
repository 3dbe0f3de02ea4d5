"""Carries an order to its certificate whatever state a fault has left it in, as a patient customer would."""
import hashlib
import time

import requests

from . import crypto, forms
from .api import Refused, order_id
from .net import PATIENCE, wait_for

ORDER_STATES = {"new", "handover", "validating", "vetting", "issuing", "issued", "cancelled", "failed", "revoked",
                "expired", "replaced"}
ARCHIVE_STATES = {"making", "waiting", "fetched", "acknowledged", "mailing", "mailed", "lost"}


def patient(call, seconds=30):
    """Repeats a call while the service says `not now` (503, 502, 429) or does not answer."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        try:
            return call()
        except Refused as e:
            if e.response.status_code not in (429, 502, 503) or time.monotonic() > end:
                raise
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):  # the last: cut off in the body
            if time.monotonic() > end:
                raise
        time.sleep(0.1)


def assert_legal(order):
    """The order is in one state that the contract knows, and its parts agree with it."""
    assert order["state"] in ORDER_STATES, order["state"]
    if order["archive"]:
        assert order["archive"]["state"] in ARCHIVE_STATES, order["archive"]
    valid = [c for c in order["certificates"] if c["state"] == "valid"]
    if order["state"] == "issued":
        assert valid
    if order["state"] in ("new", "handover") and order["archive"]:
        assert not [c for c in valid if c["spki_sha256"] == order["spki_sha256"]]


def hand_over(api, order):
    """Takes the archive and acknowledges it, with a new key when the old archive is lost. Returns (order, archive)."""
    for _ in range(60):
        now = patient(lambda: api.show(order))
        assert_legal(now)
        if now["state"] != "handover":
            return now, None
        if now["delivery"] == "email":
            time.sleep(0.3)
            continue
        try:
            if now["archive"]["state"] == "waiting" and now.get("archive_url"):
                archive = api.fetch_archive(now)
            else:
                new = patient(lambda: api.post(f"/orders/{order_id(order)}/archive", {}))
                if not new["archive_url"]:
                    time.sleep(0.2)
                    continue
                archive = api.fetch_archive(new)
            return api.acknowledge(order, archive), archive
        except (Refused, requests.RequestException):
            time.sleep(0.2)
    raise AssertionError(f"the order does not leave hand-over: {api.show(order)}")


def to_certificate(world, api, order, archive=None):
    """From anywhere to issued; key, CSR and certificate must fit. `archive` is the one acknowledged before, if any."""
    now, newer = hand_over(api, order)
    archive = newer or archive

    def step():
        now = patient(lambda: api.show(order))
        assert_legal(now)
        assert now["state"] not in ("failed", "cancelled"), now["events"][-3:]
        if now["state"] == "issued":
            return now
        if now["state"] == "handover":
            raise AssertionError(f"back in hand-over after the acknowledgement: {now['events']}")
        if now["state"] == "validating":
            world.publish_http(now)
            patient(lambda: api.post(f"/orders/{order_id(order)}/validate", {}, status=(200, 202, 409)))
        return None
    done = wait_for("the order to be issued", step, 60, 0.3)
    if archive is not None:
        assert done["archive"]["sha256"] == hashlib.sha256(archive).hexdigest()
        key = forms.OPENED_BY[done["hand_over"]["format"]](archive, patient(lambda: api.code(done)))
        crypto.check_all_match(key, api.get(f"/orders/{done['id']}/csr"), api.certificate(done), world.service.root_pem)
    return done
