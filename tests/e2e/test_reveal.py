"""Revealing the unlock code: who is told of it, and where the code itself never is."""
import sqlite3

from harness import crypto
from harness.api import unique_name
from harness.people import invited


def _order(api):
    order = api.order(unique_name(), key_type="ec:p256")
    api.acknowledge(order, api.fetch_archive(order))
    return order


def _told(world, email, order):
    return [m for m in world.smtp.to(email) if "was shown" in m.subject and order["id"] in m.text]


def test_the_owner_hears_of_a_colleagues_reveal_and_the_colleague_too(world, account):
    mate, second_owner = invited(world, account, "member"), invited(world, account, "owner")
    auditor, gone = invited(world, account, "auditor"), invited(world, account, "owner")
    account.patch(f"/users/{gone.user['id']}", {"disabled": True})
    order = _order(mate)
    mate.code(order)
    for who in (mate, account, second_owner):
        mail = world.smtp.wait(who.email, match="was shown")
        assert f"{mate.email} (from 127.0.0.1)" in " ".join(mail.text.split()) and order["id"] in mail.text
    mate.code(order)
    world.smtp.wait(account.email, n=2, match="was shown")
    assert not _told(world, auditor.email, order) and not _told(world, gone.email, order)


def test_the_owner_who_ordered_is_told_once_a_reveal(world, account):
    order = _order(account)
    account.code(order)
    world.smtp.wait(account.email, match="was shown")
    other = _order(account)
    account.code(other)
    world.smtp.wait(account.email, match=other["id"])  # mails go out in order
    assert len(_told(world, account.email, order)) == 1


def test_the_answer_is_not_to_be_stored(account):
    order = _order(account)
    answer = account.call("POST", f"/orders/{order['id']}/code", {"password": account.password})
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"


def test_the_code_is_nowhere_but_in_the_answer(new_world):
    """Not in mails, logs, the audit log, orders, lists, metrics, documents, nor in the clear in any file of the state."""
    world = new_world()
    account = world.register()
    order = _order(account)
    shown = account.code(order)
    account.code(order)
    code = crypto.passphrase(shown)
    forms = {code, shown["code"], code.lower(), "-".join(code[i:i + 5] for i in range(0, 26, 5)), code[:13], code[13:]}
    world.smtp.wait(account.email, match="was shown")
    places = {"log": world.service.log_text(all_runs=True)}
    for path in (f"/orders/{order['id']}", "/orders", "/audit?limit=500", "/account", "/users", "/tokens", "/session", "/passkeys"):
        places[path] = account.call("GET", path).text
    places["/audit?all"] = str(world.admin().whole_audit())
    places["metrics"] = account.http.get(world.service.url + "/metrics").text
    for mail in world.smtp.to(account.email):
        places[f"mail {mail.subject}"] = mail.decoded().decode("latin-1") + mail.text
    for path, data in world.service.state_contents():
        places[str(path)] = data.decode("latin-1")
    for database in world.service.state.rglob("*.db"):
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
            places[f"dump of {database.name}"] = "\n".join(db.iterdump())
    assert any("sqlite" in text[:20].lower() for text in places.values()), "the database was not among what was searched"
    for place, text in places.items():
        for form in forms:
            assert form not in text, place
