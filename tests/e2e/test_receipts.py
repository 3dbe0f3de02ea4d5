"""Receipts, judged by cryptography, openssl and jq, not by our own code alone."""
import base64
import hashlib
import html
import json
import re
import shutil
import sqlite3
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from harness.api import order_id, unique_name
from harness.net import wait_for

PREFIX = b"AutoCSR receipt v1\n"


def placed(account, **fields):
    """An order that is handed over, and its archive."""
    order = account.order([unique_name()], key_type="ec:p256", **fields)
    archive = account.fetch_archive(order)
    account.acknowledge(order, archive)
    return order, archive


def signed(account, order, part="hand-over", seconds=30):
    """The receipt's answer, once it is there."""
    def look():
        answer = account.call("GET", f"/orders/{order_id(order)}/receipt?part={part}")
        return answer if answer.status_code == 200 else None
    return wait_for(f"the {part} receipt of {order_id(order)}", look, seconds, 0.2)


def canonical(receipt):
    """RFC 8785 of what has no floats and no exotic names."""
    return json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def public_key(service):
    return serialization.load_pem_public_key(service.get("/api/v1/receipt-key?format=pem").content)


def check(service, document):
    """The receipt of a document that the published key has signed."""
    both = json.loads(document)
    assert set(both) == {"receipt", "signature"}
    public_key(service).verify(base64.b64decode(both["signature"]["value"]), PREFIX + canonical(both["receipt"]))
    return both["receipt"]


def test_the_receipt_of_an_archive_under_a_code(world, account):
    order, archive = placed(account)
    receipt = check(world.service, signed(account, order).content)
    now = account.show(order)
    csr = x509.load_pem_x509_csr(account.call("GET", f"/orders/{order['id']}/csr").content)
    spki = csr.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert receipt["format"] == "autocsr-receipt-v1" and receipt["part"] == "hand-over"
    assert receipt["order"] == order["id"] and receipt["account"] == now["account_id"]
    assert receipt["names"] == now["names"] and receipt["product"] == "dv"
    assert receipt["key"] == {"made_by": "service", "type": "ec:p256", "spki_sha256": hashlib.sha256(spki).hexdigest()}
    assert receipt["archive"] == {"sha256": hashlib.sha256(archive).hexdigest(), "size": len(archive)}
    assert receipt["hand_over"] == {"grade": "code", "format": "zip", "delivery": "download", "recipient": None,
                                    "recipient_sha256": None}
    times = receipt["times"]
    assert times["made"] <= times["worker_gone"] <= receipt["signed_at"] and times["made"] <= times["handed_over"]
    assert times["code_destroyed"] is None
    assert receipt["sandbox"] and receipt["software"].startswith("autocsr ")
    assert receipt["issuer"]["kind"] == "private" and receipt["statement"] is None
    assert receipt["authorised"]["by"] == account.email and receipt["authorised"]["kind"] == "session"
    assert receipt["authorised"]["network"] == "127.0.0.0/24" and receipt["authorised"]["token"] is None
    assert now["receipt"]["state"] == "hand-over" and now["authorised"]["by"] == account.email
    assert account.call("GET", now["receipt"]["url"].removeprefix("/api/v1")).content == signed(account, order).content
