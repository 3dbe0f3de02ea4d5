"""Wrapped unlock codes as a thief of files sees them: where they are, and what the key-encryption key makes of them."""
import sqlite3

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .api import order_id


def database(service):
    return service.state / "core" / "autocsr.db"


def wrapped(path, request_id):
    """The wrapped code in that database, or None."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        row = db.execute("SELECT code FROM codes WHERE request_id = ?", (request_id,)).fetchone()
    db.close()
    return row and row[0]


def request_of(service, order):
    """The id of the order's current request."""
    db = sqlite3.connect(f"file:{database(service)}?mode=ro", uri=True)
    try:
        return db.execute("SELECT request_id FROM orders WHERE id = ?", (order_id(order),)).fetchone()[0]
    finally:
        db.close()


def unwrap(kek, request_id, blob):
    """The code, by core/kek.h: version, key id (4), nonce (12), ciphertext and tag; the row's id goes along."""
    assert blob[0] == 1
    return AESGCM(kek).decrypt(blob[5:17], blob[17:], request_id.encode()).decode()


def files_with(paths, blob):
    """Which of these files, and of their logs, hold eight bytes in a row of the ciphertext?"""
    pieces = [blob[i:i + 8] for i in range(17, len(blob) - 8, 4)]
    found = []
    for path in paths:
        for file in (path, path.with_name(path.name + "-wal")):
            if file.exists() and any(p in file.read_bytes() for p in pieces):
                found.append(file.name)
    return found
