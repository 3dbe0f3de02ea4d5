"""Every route × method with another account's ids answers exactly as with ids that never existed."""
import pytest
from harness.acme import Acme, eab
from harness.api import unique_name
from harness.passkey import enrol
from harness.people import invited
from harness.routes import METHODS, absent_id, every_route


@pytest.fixture(scope="module")
def mine(world):
    """An account with one object of every kind. (api, {first path segment: id})"""
    api = world.register()
    order = api.order(unique_name(), key_type="ec:p256")
    org = api.post("/organisations", {"name": "Mine Ltd", "street": "1 Way", "locality": "Town", "state": "Land",
                                      "postal_code": "12345", "country": "DE", "registration_number": "HRB 1",
                                      "business_category": "Private Organization", "jurisdiction_country": "DE",
                                      "phone": "+49 30 1"}, 201)
    member = invited(world, api, "member")
    token = api.post("/tokens", {"name": "mine"}, 201)
    _, passkey = enrol(api)
    key = api.post("/acme/eab-keys", {"title": "mine"}, 201)
    client = Acme(key["directory_url"], world.service.root_pem)
    client.register(externalAccountBinding=eab(key["kid"], key["hmac_key"], client.key.jwk(), client.directory["newAccount"]))
    return api, {"orders": order["id"], "archives": order["archive_url"].rsplit("/", 1)[1], "organisations": org["id"],
                 "users": member.user["id"], "tokens": token["id"], "devices": api.get("/devices")["devices"][0]["id"],
                 "passkeys": passkey["id"], "accounts": api.get("/account")["id"],
                 "eab-keys": key["kid"], "acme accounts": client.kid.rsplit("/", 1)[1]}


@pytest.fixture(scope="module")
def routes(world):
    """Products, issuers and ACME directories are everybody's."""
    shared = {"products", "issuers", "directories"}
    return [r for r in every_route(world.anonymous()) if r.params and not shared & set(r.path.split("/"))]


def _id_for(route, ids):
    parts = route.path.split("/")
    if route.path.startswith("/acme/accounts"):
        return ids["acme accounts"]
    return ids[parts[next(i for i, p in enumerate(parts) if p.startswith("{")) - 1]]


def _comparable(answer):
    body = answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.text
    return answer.status_code, {k: v for k, v in body.items() if k != "instance"} if isinstance(body, dict) else body


def _snapshot(api, ids):
    return [api.get(f"/orders/{ids['orders']}"), api.get("/users"), api.get("/organisations"),
            [t["id"] for t in api.get("/tokens")["tokens"]], api.get("/passkeys"), api.get("/account"), api.get("/acme/eab-keys"), api.get("/acme/accounts")]


def test_another_accounts_objects_are_as_absent_as_those_that_never_were(world, mine, routes):
    owner, ids = mine
    stranger = world.register()
    callers = {"session": stranger, "token": stranger.token_client()}
    before = _snapshot(owner, ids)
    for route in routes:
        theirs = _id_for(route, ids)
        body = {**route.body, "password": stranger.password} if route.path.endswith("/code") else route.body
        for how, caller in callers.items():
            real = _comparable(caller.call(route.method, route.at(theirs), body))
            absent = _comparable(caller.call(route.method, route.at(absent_id(theirs)), body))
            real_text = str(real).replace(theirs, "ID")
            assert real_text == str(absent).replace(absent_id(theirs), "ID") or real == absent, (route, how)
            assert real[0] == (403 if route.path.startswith("/admin") or route.path.endswith("/vetting")
                                   or route.key == "POST /orders/{id}/certificate" else 404), (
                route, how, real)
    assert _snapshot(owner, ids) == before, "a stranger changed something"


def test_methods_that_a_route_does_not_have_do_not_tell_either(world, mine, routes):
    _, ids = mine
    stranger = world.register()
    paths = {r.path: r for r in routes}
    for path, route in paths.items():
        there = {r.method for r in routes if r.path == path}
        theirs = _id_for(route, ids)
        for method in {m.upper() for m in METHODS} - there:
            real = _comparable(stranger.call(method, route.at(theirs), {}))
            absent = _comparable(stranger.call(method, route.at(absent_id(theirs)), {}))
            assert real == absent and real[0] in (404, 405), (method, path)


def test_lists_show_only_what_is_ones_own(world, mine):
    _, ids = mine
    stranger = world.register()
    for path in ("/orders", "/orders?all=1", f"/orders?q={ids['orders']}", "/users", "/users?all=1", "/tokens",
                 "/organisations", "/audit", "/audit?all=1", "/acme/eab-keys", "/acme/eab-keys?all=1", "/acme/accounts", "/acme/accounts?all=1",
                 f"/users?account={ids['accounts']}"):
        answer = stranger.call("GET", path)
        assert answer.status_code in (200, 403, 404), path
        assert not [i for i in ids.values() if i in answer.text], path


def test_strangers_objects_cannot_be_used_in_an_own_order(world, mine):
    _, ids = mine
    stranger = world.register()
    answer = stranger.call("POST", "/orders", {"product": "ov", "names": [unique_name()],
                                               "organisation_id": ids["organisations"]})
    absent = stranger.call("POST", "/orders", {"product": "ov", "names": [unique_name()],
                                               "organisation_id": absent_id(ids["organisations"])})
    assert _comparable(answer)[0] == _comparable(absent)[0] and answer.status_code in (404, 422)
    assert answer.json()["type"] == absent.json()["type"]


def test_operator_routes_are_closed_to_accounts(world, mine):
    owner, ids = mine
    for method, path, body in [("GET", "/admin/status", None), ("POST", "/admin/crl", {}), ("GET", "/audit/verify", None),
                               ("POST", "/products", {"id": "x", "title": "x", "level": "dv"}),
                               ("PATCH", "/products/dv", {"title": "x"}),
                               ("PUT", f"/admin/accounts/{ids['accounts']}/preauthorised", {"names": ["a.test"]}),
                               ("POST", f"/orders/{ids['orders']}/vetting", {"decision": "approve", "evidence": "x"})]:
        assert owner.call(method, path, body).status_code == 403, path


@pytest.mark.parametrize("bad", ["..", ".", "%2e%2e", "ord_%00", "ord_'; DROP TABLE orders; --", "a" * 2000, "%", "ord_\u202e",
                                 "..%2f..%2fetc%2fpasswd", "<script>"])
def test_odd_ids_are_only_absent(account, bad):
    answer = account.call("GET", f"/orders/{bad}")
    assert answer.status_code in (400, 404, 414, 431)
    assert "<script>" not in answer.text
