"""Codes in a database file of their own: one stolen file is not enough, no crash separates a code from its request."""
import pathlib
import shutil
import sqlite3
import subprocess
import time

import pytest
import requests
from harness import crypto, trace
from harness.api import Refused, unique_name
from harness.codes import database, files_with, request_of, wrapped
from harness.net import wait_for
from harness.service import program


@pytest.fixture
def store(tmp_path):
    tmp_path.chmod(0o755)
    return tmp_path / "codes.db"


def _config(store, state=None):
    return {"database": {"code_store": store, "code_store_state": state}}


def _order(account, **fields):
    order = account.order(unique_name(), key_type="ec:p256", **fields)
    archive = account.fetch_archive(order)
    return account.acknowledge(order, archive), archive


def _rows(path, sql):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def _again(world, **settings):
    """Stop; start with other settings of the database; None takes one away."""
    if world.service.proc is not None:
        world.service.stop()
    world.service.config["database"].update(settings)
    world.service.start()


def _refused(world, **settings):
    """What the log says when it does not start with these settings."""
    if world.service.proc is not None:
        world.service.stop()
    world.service.config["database"].update(settings)
    world.service.spawn()
    wait_for("core to refuse", lambda: '"role":"core","event":"role.failed"' in world.service.log_text(), 20)
    world.service.kill_all()
    return world.service.log_text()


def test_the_main_database_has_no_code_and_the_store_nothing_else(new_world, store):
    world = new_world(_config(store))
    account = world.register()
    order, archive = _order(account)
    request = request_of(world.service, order)
    blob = wrapped(store, request)
    assert blob and not wrapped(database(world.service), request)
    assert files_with([store], blob) and not files_with([database(world.service)], blob)
    assert (store.stat().st_mode & 0o777) == 0o600
    assert {t for t, in _rows(store, "SELECT name FROM sqlite_master WHERE type = 'table'")} == {
        "codes", "code_stores", "schema_migrations"}
    assert crypto.open_archive(archive, account.code(order))


def test_the_main_database_is_no_store_of_codes(new_world):
    world = new_world({"database": {}})
    account = world.register()
    order, archive = _order(account)
    assert "main database's own file" in _refused(world, code_store=database(world.service))
    _again(world, code_store=None)
    account.login(account.email, account.password)
    assert crypto.open_archive(archive, account.code(order))


def test_a_destroyed_code_leaves_no_trace_in_the_store(new_world, store):
    world = new_world(_config(store))
    account = world.register()
    world.admin().post("/products", {"id": "once", "title": "Once", "level": "dv", "profile": "dv", "code_reveals": 1}, 201)
    order, _ = _order(account, product="once")
    blob = wrapped(store, request_of(world.service, order))
    account.code(order)
    assert account.show(order)["code"]["state"] == "destroyed"
    wait_for("its traces to go", lambda: not files_with([store, database(world.service)], blob), 10)
    assert _rows(store, "SELECT COUNT(*) FROM codes") == [(0,)]


def test_codes_move_when_the_setting_comes_and_go_back_when_it_goes(new_world, store):
    world = new_world({"database": {}})
    account = world.register()
    order, archive = _order(account)
    request = request_of(world.service, order)
    blob = wrapped(database(world.service), request)

    _again(world, code_store=store)
    assert wrapped(store, request) == blob and not wrapped(database(world.service), request)
    wait_for("its traces to go", lambda: not files_with([database(world.service)], blob), 10)
    account.login(account.email, account.password)
    assert crypto.open_archive(archive, account.code(order))
    assert "codes.moved" in world.service.log_text()

    said = _refused(world, code_store=None)
    assert "config.code-store" in said and "retired" in said

    _again(world, code_store=store, code_store_state="retired")
    assert wrapped(database(world.service), request) == blob
    assert not files_with([store], blob), "the store is empty now, its log too"
    _again(world, code_store=None, code_store_state=None)
    account.login(account.email, account.password)
    assert crypto.open_archive(archive, account.code(order))
    moved = [e for e in world.admin().whole_audit() if e["action"] == "codes.moved"]
    assert [e["detail"].rsplit(" in ", 1)[1] for e in moved] == ["a store of their own now", "the main database now"]


def test_another_or_an_empty_store_is_refused_until_it_is_called_lost(new_world, store):
    world = new_world(_config(store))
    account = world.register()
    order, _ = _order(account)
    other = store.with_name("other.db")
    said = _refused(world, code_store=other)
    assert "config.code-store" in said and "mounted" in said
    _again(world, code_store=store)  # nothing was harmed
    account.login(account.email, account.password)
    assert account.code(order)["code"]
    _again(world, code_store=store.with_name("third.db"), code_store_state="lost")
    account.login(account.email, account.password)
    now = account.show(order)["code"]
    assert now["state"] == "destroyed" and "missing" in now["reason"]
    assert account.post(f"/orders/{order['id']}/code", {"password": account.password}, 410)
    fresh, archive = _order(account)
    assert crypto.open_archive(archive, account.code(fresh))


def test_the_store_of_another_service_is_not_taken_over(new_world, store):
    world = new_world(_config(store))
    _order(world.register())
    world.service.stop()
    before = _rows(store, "SELECT * FROM codes")
    stranger = new_world(_config(store), start=False)
    assert "another database" in _refused(stranger)
    assert _rows(store, "SELECT * FROM codes") == before != []


def test_a_store_restored_from_an_old_backup_says_which_codes_are_missing(new_world, store):
    world = new_world(_config(store))
    account = world.register()
    old, archive = _order(account)
    backup = store.with_name("backup.db")
    with sqlite3.connect(store) as source, sqlite3.connect(backup) as copy:
        source.backup(copy)
    new, _ = _order(account)
    world.service.stop()
    for name in ("codes.db", "codes.db-wal", "codes.db-shm"):
        pathlib.Path(store.parent, name).unlink(missing_ok=True)
    shutil.copy(backup, store)
    world.service.start()
    account.login(account.email, account.password)
    assert crypto.open_archive(archive, account.code(old))
    assert "missing" in account.show(new)["code"]["reason"]
    assert "codes.missing" in world.service.log_text()


def test_the_setting_is_checked_before_anything_starts(new_world, tmp_path):
    world = new_world({"database": {}}, start=False)
    for settings, said in (({"code_store": tmp_path / "no" / "such" / "folder.db"}, "no folder"),
                           ({"code_store": tmp_path / "c.db", "code_store_state": "perhaps"}, "used|retired|lost"),
                           ({"code_store_state": "retired"}, "belong together")):
        world.service.config["database"] = settings
        done = subprocess.run([program("autocsrd"), "--config", world.service.config_file, "--check"],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 3 and said in done.stderr, settings


# ---- crashes between the two commits

def _together(world, store):
    """After a start: each request that has a code has it in the store, and nothing else is there."""
    wanted = {r for r, in _rows(database(world.service), "SELECT id FROM requests WHERE has_code = 1")}
    there = {r for r, in _rows(store, "SELECT request_id FROM codes")}
    assert there == wanted
    assert _rows(database(world.service), "SELECT COUNT(*) FROM codes") == [(0,)]
    assert _rows(database(world.service), "SELECT COUNT(*) FROM requests WHERE code_reason LIKE '%missing%'") == [(0,)]


def _kill_at(pid, call, k):
    proc = subprocess.Popen(["strace", "-qq", "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:signal=SIGKILL:when={k}",
                             "-o", "/dev/null", "-p", str(pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("strace", lambda: trace.Trace._traced(pid) or proc.poll() is not None, 10)
    return proc


@pytest.mark.skipif(trace.available() is not None, reason=str(trace.available()))
def test_killed_at_writes_of_keeping_and_destroying(new_world, store):
    """A kill leaves what was written: so it is the writes, not the syncs, between which it must come."""
    world = new_world(_config(store))
    account = world.register()
    world.admin().post("/products", {"id": "once", "title": "Once", "level": "dv", "profile": "dv", "code_reveals": 1}, 201)
    died = 0
    for destroying, k in [(False, k) for k in (8, 20, 32)] + [(True, k) for k in (1, 3, 6, 10, 15, 21, 28, 36)]:
        core = world.service.pid("core")
        order = _order(account, product="once")[0] if destroying else None
        proc = _kill_at(core, "pwrite64", k)
        try:
            account.code(order or _order(account, product="once")[0])
        except (Refused, requests.RequestException):
            pass
        finally:
            proc.terminate()
            proc.wait(10)
        world.service.wait_ready(20)
        died += world.service.pid("core") != core
        wait_for("the sweep", lambda: _settled(world, store), 10)
        _together(world, store)
    assert died >= 6, f"core was killed {died} times only"


def _settled(world, store):
    """Deletions follow the answer; a moment later there is no difference."""
    try:
        _together(world, store)
        return True
    except AssertionError:
        time.sleep(0.1)
        return False
