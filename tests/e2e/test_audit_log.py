"""The audit log as a Merkle tree with signed checkpoints, judged by hashlib and cryptography, not by our own code."""
import base64
import hashlib
import json
import sqlite3

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from harness.api import unique_name
from harness.cli import Cli
from harness.net import wait_for

INTERVAL = 40  # seconds: a checkpoint comes within 15, and the machine may be slow


def by_token(directory, service, token):
    directory.mkdir(exist_ok=True)
    return Cli(directory, {"AUTOCSR_SERVER": service.url, "AUTOCSR_TOKEN": token, "AUTOCSR_CA_FILE": str(service.root_pem)})


def leaf(entry):
    at = sqlite3.connect(":memory:").execute("SELECT strftime('%s', ?)", (entry["at"],)).fetchone()[0]
    fields = [entry["seq"], at, *(entry[k] for k in ("actor", "account_id", "action", "object", "detail"))]
    return hashlib.sha256(b"\0" + b"".join(str(f).encode() + b"\0" for f in fields)).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node(root_of(leaves[:k]), root_of(leaves[k:]))


def read_note(checkpoint):
    """origin, size and root of a checkpoint whose signature is good."""
    name, key_id, key = checkpoint["verifier"].split("+", 2)
    raw = base64.b64decode(key)
    assert raw[0] == 1 and hashlib.sha256(f"{name}\n".encode() + raw).hexdigest()[:8] == key_id
    text, signature = checkpoint["note"].rsplit("\n\n", 1)
    dash, signer, token = signature.rstrip("\n").split(" ")
    assert (dash, signer) == ("\u2014", name)
    blob = base64.b64decode(token)
    assert blob[:4].hex() == key_id
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(blob[4:], (text + "\n").encode())
    origin, size, root = text.split("\n")
    return origin, int(size), base64.b64decode(root)


def climb(entry, size, path):
    """RFC 9162 2.1.3.2."""
    at, last, value = entry["seq"] - 1, size - 1, leaf(entry)
    for one in map(bytes.fromhex, path):
        if at & 1 or at == last:
            value = node(one, value)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node(value, one)
        at, last = at >> 1, last >> 1
    return value if last == 0 else None


def signed_up_to(client, size):
    """The newest checkpoint, once one covers that many entries."""
    def look():
        answer = client.call("GET", "/audit/checkpoint")
        return answer.json() if answer.status_code == 200 and answer.json()["size"] >= size else None
    return wait_for(f"a checkpoint over {size} entries", look, INTERVAL, 0.2)


@pytest.fixture
def audited(new_world):
    """A service with some history: (world, customer, operator, entries)."""
    world = new_world()
    account = world.register()
    world.issue(account, key_type="ec:p256")
    admin = world.admin()
    return world, account, admin, admin.whole_audit()


def test_checkpoints_and_proofs_satisfy_another_implementation(audited):
    world, account, admin, entries = audited
    first = signed_up_to(admin, len(entries))
    origin, size, root = read_note(first)
    assert origin.endswith("/audit") and size == first["size"] and root.hex() == first["root"]
    entries = admin.whole_audit()
    assert [bytes.fromhex(e["hash"]) for e in entries] == [leaf(e) for e in entries]
    assert root_of([leaf(e) for e in entries[:size]]) == root
    mine = [e for e in account.get("/audit?limit=500")["entries"] if e["seq"] <= size]
    assert mine
    for entry in (mine[0], mine[-1]):
        proof = account.get(f"/audit/inclusion?seq={entry['seq']}&size={size}")
        assert proof["entry"] == entry and read_note(proof["checkpoint"])[1:] == (size, root)
        assert climb(entry, size, proof["path"]) == root
        assert climb({**entry, "detail": entry["detail"] + "x"}, size, proof["path"]) != root
    account.order(unique_name(), key_type="ec:p256")
    later = signed_up_to(admin, size + 1)
    proof = admin.get(f"/audit/consistency?from={size}&to={later['size']}")
    assert grown(size, root, later["size"], read_note(later)[2], proof["path"])
    assert not grown(size, b"x" * 32, later["size"], read_note(later)[2], proof["path"])
    forged = {**later, "note": later["note"].replace(str(later["size"]), str(later["size"] + 1), 1)}
    with pytest.raises(InvalidSignature):
        read_note(forged)


def grown(size, root, size2, root2, path):
    """RFC 9162 2.1.4.2."""
    path = [bytes.fromhex(p) for p in path]
    if size & (size - 1) == 0:
        path.insert(0, root)
    at, last = size - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for one in path[1:]:
        if at & 1 or at == last:
            old, new = node(one, old), node(one, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, one)
        at, last = at >> 1, last >> 1
    return (old, new, last) == (root, root2, 0)


def test_what_is_not_ones_own_is_not_proven(audited):
    world, account, admin, entries = audited
    size = signed_up_to(admin, len(entries))["size"]
    mine = {e["seq"] for e in account.get("/audit?limit=500")["entries"]}
    other = next(e["seq"] for e in entries if e["seq"] not in mine)
    assert account.call("GET", f"/audit/inclusion?seq={other}").status_code == 404
    assert admin.get(f"/audit/inclusion?seq={other}")["entry"]["seq"] == other
    assert account.call("GET", "/audit/inclusion?seq=0").status_code == 404
    assert account.call("GET", f"/audit/inclusion?seq={size + 1000}").status_code == 409
    for words in ("from=0&to=1", f"from=1&to={size + 1000}", "from=3&to=2", "from=x"):
        assert admin.call("GET", f"/audit/consistency?{words}").status_code == 422, words


def exported(admin_cli, name):
    done = admin_cli.ask("audit", "export", "--out", f"{name}.jsonl", "--checkpoint", f"{name}.txt")
    return admin_cli.cwd / f"{name}.jsonl", admin_cli.cwd / f"{name}.txt", done["verifier"]


def test_an_exported_log_is_judged_without_the_service(audited, tmp_path):
    world, account, admin, entries = audited
    signed_up_to(admin, len(entries))
    cli = by_token(tmp_path / "op", world.service, world.service.secret("admin-token"))
    log1, note1, key = exported(cli, "january")
    account.order(unique_name(), key_type="ec:p256")
    signed_up_to(admin, len(entries) + 1)
    log, note, _ = exported(cli, "february")
    world.service.stop()
    alone = Cli(tmp_path / "op", {})
    words = ["audit", "verify", "--log", log, "--verifier", key, "--checkpoint", note, note1]
    good = alone.ask(*words)
    lines = log.read_text().splitlines()
    assert good["ok"] and good["entries"] == len(lines) and [c["ok"] for c in good["checkpoints"]] == [True, True]
    assert alone.run(*words).out.startswith(f"yes: {len(lines)} entries, {len(lines)} of them under".encode())

    def judged(changed, code=1):
        log.write_text("".join(line + "\n" for line in changed))
        return alone.run(*words, "--json", code=code).json

    def rehash(entry):
        return json.dumps({**entry, "hash": leaf(entry).hex()})
    changed = json.loads(lines[4]) | {"actor": "nobody@example.com"}
    assert judged([*lines[:4], json.dumps(changed), *lines[5:]])["first_bad_seq"] == 5
    assert "not those that were signed" in judged([*lines[:4], rehash(changed), *lines[5:]])["why"]
    assert judged([*lines[:6], *lines[7:]])["first_bad_seq"] == 7
    assert judged([*lines[:2], lines[3], lines[2], *lines[4:]])["first_bad_seq"] == 3
    assert "the log ends at" in judged(lines[:-1])["why"]
    assert judged([*lines[:3], "{}", *lines[3:]], code=3)["type"].endswith("input.audit")
    log.write_text("\n".join(lines))
    assert alone.run("audit", "verify", "--log", log, "--json", code=2).problem == "usage.value"
    other = "x" + key
    assert alone.run("audit", "verify", "--log", log, "--checkpoint", note, "--verifier", other, "--json", code=3).problem == "note.verifier"
    note.write_text(note.read_text().replace("\n", "\n ", 1))
    assert alone.run(*words, "--json", code=1).problem == "note.signature"


def rewrite(path, change):
    """What somebody with the database can do: change rows and make every hash anew."""
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    change(db)
    db.execute("DELETE FROM audit_nodes")
    row = []
    for r in db.execute("SELECT * FROM audit ORDER BY seq").fetchall():
        fields = [r[k] for k in ("seq", "at", "actor", "account_id", "action", "object", "detail")]
        row.append(hashlib.sha256(b"\0" + b"".join(str(f).encode() + b"\0" for f in fields)).digest())
        db.execute("UPDATE audit SET hash = ? WHERE seq = ?", (row[-1].hex(), r["seq"]))
    level = 0
    while len(row) > 1:
        level, row = level + 1, [node(a, b) for a, b in zip(row[::2], row[1::2])]
        db.executemany("INSERT INTO audit_nodes VALUES (?, ?, ?)", [(level, i, v.hex()) for i, v in enumerate(row)])
    db.commit()
    db.close()


def trouble(admin):
    return wait_for("the signer's refusal", lambda: admin.get("/admin/status")["audit"]["trouble"], INTERVAL, 0.3)


def test_whoever_rewrites_the_database_is_found_and_gets_no_signature(audited):
    world, account, admin, entries = audited
    size = signed_up_to(admin, len(entries))["size"]
    db = next(p for p in world.service.state_files() if p.name == "autocsr.db")
    world.service.stop()
    rewrite(db, lambda d: d.execute("UPDATE audit SET actor = 'nobody@example.com' WHERE seq = 3"))
    world.service.start()
    verdict = admin.get("/audit/verify")
    assert not verdict["ok"] and verdict["first_bad_seq"] is None and verdict["first_bad_checkpoint"] <= size
    assert "rewritten after it had been signed" in verdict["why"]
    account.order(unique_name(), key_type="ec:p256")
    assert "changed, removed or reordered" in trouble(admin)
    world.service.stop()
    rewrite(db, lambda d: (d.execute("DELETE FROM audit WHERE seq > 4"), d.execute("DELETE FROM audit_checkpoints")))
    world.service.start()
    assert "has signed" in admin.get("/audit/verify")["why"] or "cut off" in admin.get("/audit/verify")["why"]
    assert "audit log has" in trouble(admin)
    world.service.stop()
