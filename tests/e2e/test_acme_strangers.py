"""Whom an ACME directory is for, and what strangers cannot do to it: other tenants' directories, terms that have changed,
looking at one victim for ever, other people's authorizations, accounts without end."""
import secrets

import pytest
import requests
from harness.acme import Acme, eab, ident, problem
from harness.api import unique_name
from harness.fixtures import private_world
from harness.people import invited

DAY = 86400


@pytest.fixture(scope="module")
def town(e2e_dir, dns, smtp, web):
    """A world of this file's own, whose failures of a domain are soon too many."""
    world = private_world(e2e_dir, dns, smtp, web, {"acme": {"domain_failures_per_hour": "3"}})
    world.operator = world.admin()
    yield world
    world.service.stop()


def client(world, directory="", key=None):
    base = world.service.url + "/acme" + (f"/{directory}" if directory else "")
    return Acme(base + "/directory", world.service.root_pem, key)


def directory(world, **fields):
    """A new one; its name."""
    name = "d-" + secrets.token_hex(4)
    world.operator.post("/acme/directories", {"name": name, "title": name, "products": ["dv", "dv-wildcard"], **fields}, 201)
    return name


def new_key(person, name, **fields):
    return person.post("/acme/eab-keys", {"title": "test", "directory": name, **fields}, 201)


def ask_account(who, key=None, **fields):
    url = who.directory["newAccount"]
    binding = {"externalAccountBinding": eab(key["kid"], key["hmac_key"], who.key.jwk(), url)} if key else {}
    return who.post(url, {"termsOfServiceAgreed": True, **binding, **fields}, jwk=True)


def bound(world, name, key):
    who = client(world, name)
    answer = ask_account(who, key)
    assert answer.status_code == 201, answer.text
    who.kid = answer.headers["Location"]
    return who


def wish(who, *names):
    return who.post(who.directory["newOrder"], {"identifiers": [ident(n) for n in names]})


# ---- whose a directory is

def listed(person):
    return [d["name"] for d in person.get("/acme/directories")["directories"]]


def test_a_directory_is_for_the_members_of_its_account(town):
    other = town.register()
    name = directory(town, account_id=town.customer.user["account_id"])
    assert name in listed(town.customer) and name in listed(town.operator) and name not in listed(other)
    bound(town, name, new_key(town.customer, name))
    refused = other.call("POST", "/acme/eab-keys", {"title": "x", "directory": name})
    unknown = other.call("POST", "/acme/eab-keys", {"title": "x", "directory": "d-none"})
    assert (refused.status_code, unknown.status_code) == (422, 422)
    assert refused.json()["detail"] == unknown.json()["detail"].replace("d-none", name), "the same as one that does not exist"
    assert town.operator.call("POST", "/acme/eab-keys", {"title": "x", "directory": name}).status_code == 422, "certificates of others are not in it"


def test_the_default_directory_is_open_and_new_ones_are_not(town):
    name = directory(town)
    shown = {d["name"]: d["open"] for d in town.operator.get("/acme/directories")["directories"]}
    assert shown["default"] is True and shown[name] is False and name not in listed(town.customer)
    new_key(town.customer, "default")


def test_a_directory_is_opened_and_closed(town):
    name, other = directory(town, open=True), town.register()
    key = new_key(other, name)
    who = bound(town, name, key)
    town.operator.patch(f"/acme/directories/{name}", {"open": False})
    assert name not in listed(other)
    problem(ask_account(client(town, name), key), 403, "unauthorized")
    assert wish(who, unique_name()).status_code == 201, "what is there goes on"
    town.operator.patch(f"/acme/directories/{name}", {"account_id": other.user["account_id"]})
    bound(town, name, key)


def test_a_key_ends_with_the_user_who_made_it(town):
    owner = town.register()
    mate = invited(town, owner, "member")
    key = new_key(mate, "default")
    bound(town, "", key)
    owner.patch(f"/users/{mate.user['id']}", {"disabled": True})
    problem(ask_account(client(town), key), 403, "unauthorized")
    owner.patch(f"/users/{mate.user['id']}", {"disabled": False})
    bound(town, "", key)


# ---- terms that change

def agree(world, link, agreed=True, status=200):
    answer = requests.post(world.service.url + "/api/v1/acme/terms", json={"token": link.rsplit("/", 1)[1], "agreed": agreed},
                           verify=str(world.service.root_pem), timeout=10)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.rfc("8555 7.3.3#1", "an account that agreed to earlier terms: 403, userActionRequired")
@pytest.mark.rfc("8555 7.3.3#2", "with a link to the latest terms")
@pytest.mark.rfc("8555 7.3.3#3", "and where a person agrees to them")
def test_changed_terms_are_asked_of_those_who_have_accounts(town):
    first, second = "https://terms.test/1", "https://terms.test/2"
    name = directory(town, eab="off", terms=first)
    who = client(town, name).register()
    url, _ = who.order(unique_name())
    town.operator.patch(f"/acme/directories/{name}", {"terms": second})
    assert wish(who, unique_name()).status_code == 201, "new terms alone are not asked of those who are there"
    town.operator.patch(f"/acme/directories/{name}", {"ask_again": True})
    refused = [wish(who, unique_name()), who.post(who.directory["newAuthz"], {"identifier": ident(unique_name())})]
    for answer in refused:
        body = problem(answer, 403, "userActionRequired")
        assert f'<{second}>;rel="terms-of-service"' in answer.headers["Link"]
        assert body["instance"].startswith(town.service.url + "/#/acme-terms/aca_") and body["instance"] in body["detail"]
    assert who.show(url)["status"] == "pending" and who.show(who.kid)["status"] == "valid", "what is there is shown"
    assert client(town, name).register().order(unique_name()), "who comes now agrees to what is there now"
    who.post(who.kid, {"termsOfServiceAgreed": True})
    problem(wish(who, unique_name()), 403, "userActionRequired")
    link = body["instance"]
    assert agree(town, link, False) == {"account": who.kid.rsplit("/", 1)[1], "directory": name, "title": name, "terms": second, "agreed": False}
    problem(wish(who, unique_name()), 403, "userActionRequired")
    assert agree(town, link)["agreed"] is True and agree(town, link)["agreed"] is True
    assert wish(who, unique_name()).status_code == 201
    assert [e["action"] for e in town.operator.whole_audit() if e["object"] == who.kid.rsplit("/", 1)[1]].count("acme.terms-agreed") == 1
    town.operator.patch(f"/acme/directories/{name}", {"ask_again": True})
    agree(town, link, status=404)
    problem(wish(who, unique_name()), 403, "userActionRequired")


def test_a_link_that_nobody_was_told(town):
    name = directory(town, eab="off", terms="https://terms.test/1")
    one, two = (client(town, name).register() for _ in range(2))
    town.operator.patch(f"/acme/directories/{name}", {"ask_again": True})
    link = wish(one, unique_name()).json()["instance"]
    ours, theirs = (w.kid.rsplit("/", 1)[1] for w in (one, two))
    for bad in (link.replace(ours, theirs), link[:-1] + ("A" if link[-1] != "A" else "B"), link[:-1], link.split(".")[0], "x/", "x/.", "x/" + "a." * 40):
        agree(town, bad if len(bad.rsplit("/", 1)[1]) <= 100 else bad[:90], status=404)
    problem(wish(two, unique_name()), 403, "userActionRequired")
    assert town.operator.call("PATCH", "/acme/directories/default", {"ask_again": True}).status_code == 422, "there are no terms to agree to"


# ---- one victim

def fail(who, name):
    """An order whose only name is looked at, in vain."""
    url, order = who.order(name)
    who.post(who.challenge(order["authorizations"][0])["url"], {})
    assert who.until(url, "invalid")
    return url


def test_nobody_has_us_look_at_one_victim_for_ever(town):
    victim = f"v{secrets.token_hex(4)}.test"
    stranger, again = client(town).register(), client(town).register()
    _, early = again.order(f"early.{victim}")
    for i in range(3):
        fail(stranger if i < 2 else again, f"a{i}.{victim}")
    for who in (stranger, again, client(town).register()):
        answer = wish(who, f"a9.{victim}")
        body = problem(answer, 429, "rateLimited")
        assert victim in body["detail"] and "network" in body["detail"] and 0 < int(answer.headers["Retry-After"]) <= 3600
    problem(again.post(again.challenge(early["authorizations"][0])["url"], {}), 429, "rateLimited")
    problem(wish(again, f"*.{victim}"), 429, "rateLimited")
    assert wish(again, "192.0.2.9").status_code in (201, 400), "elsewhere nothing is counted"
    ours = bound(town, "", new_key(town.customer, "default"))
    assert wish(ours, f"b.{victim}").status_code == 201, "a customer is not counted with the strangers of their network"


def test_a_customer_has_one_count_for_all_accounts(town):
    person = town.register()
    victim = f"v{secrets.token_hex(4)}.test"
    key = new_key(person, "default")
    for i in range(3):
        fail(bound(town, "", key), f"a{i}.{victim}")
    body = problem(wish(bound(town, "", new_key(person, "default")), f"b.{victim}"), 429, "rateLimited")
    assert "your accounts" in body["detail"]


# ---- other people's authorizations

def test_a_pending_authorization_is_nobody_elses(town):
    """Whoever else orders the same name, with whatever binding, gets one of their own, with a token of its own."""
    key, name = new_key(town.customer, "default"), unique_name()
    alice = bound(town, "", key)
    others = [bound(town, "", key), client(town, key=alice.key), client(town, directory(town, eab="off"), key=alice.key)]
    others[1].kid = alice.kid
    _, mine = alice.order(name)
    pending = alice.show(mine["authorizations"][0])
    others[2].register()
    tokens, urls = {pending["challenges"][0]["token"]}, {mine["authorizations"][0]}
    for who in others:
        _, theirs = who.order(name)
        urls.add(theirs["authorizations"][0])
        tokens.add(who.show(theirs["authorizations"][0])["challenges"][0]["token"])
    assert len(tokens) == 4 and len(urls) == 4, "not even the same account shares what is pending"
    for who in (others[0], others[2]):
        assert who.post(mine["authorizations"][0]).status_code in (404, 403, 400)
        assert who.post(pending["challenges"][0]["url"], {}).status_code in (404, 403, 400)
    assert alice.prove(town, mine["authorizations"][0])["status"] == "valid"
    _, after = others[0].order(name)
    assert others[0].show(after["authorizations"][0])["status"] == "pending", "the same customer's other account proves it itself"
    _, own = alice.order(name)
    assert own["authorizations"] == mine["authorizations"]


# ---- accounts without end

def test_accounts_that_came_to_nothing_are_forgotten(new_world):
    world = new_world(config={"acme": {"unused_accounts_kept": "2d", "order_lifetime": "1h"}})
    key = world.admin().post("/acme/eab-keys", {"title": "kept"}, 201)
    idle, ordered, ended, issued = (client(world).register() for _ in range(4))
    with_key = bound(world, "", key)
    ordered.order(unique_name())
    issued.issue(world, unique_name())
    ended.post(ended.kid, {"status": "deactivated"})
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = str(3 * DAY)
    world.service.restart()
    known = lambda who: (who.nonces.clear(), ask_account(who, onlyReturnExisting=True))[1]
    problem(known(idle), 400, "accountDoesNotExist")
    problem(known(ended), 401, "unauthorized")
    assert [known(w).status_code for w in (ordered, issued, with_key)] == [200, 200, 200]
    entries = [e for e in world.admin().whole_audit() if e["action"] == "acme.accounts-forgotten"]
    assert len(entries) == 1 and entries[0]["detail"].startswith("1 ")
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = str(40 * DAY)
    world.service.restart()
    problem(known(ordered), 400, "accountDoesNotExist")
    assert [known(w).status_code for w in (issued, with_key)] == [200, 200], "who had a certificate, and who was let in, stays"
