"""Other people's CAs as the operator sets them: what may be said of one, what it changes for products, who may look."""
import base64

import pytest
from harness.api import unique_name
from harness.fixtures import _new_services, base_config, private_world
from harness.flow import World
from harness.net import free_port
from harness.offlineca import OfflineCa
from harness.pebble import EAB_KEY, EAB_KID, Pebble
from harness.service import merged

ACME = {"kind": "acme", "directory_url": "https://acme.example.org/directory"}
ZONE = "autocsr-test.org"


@pytest.fixture(scope="module")
def site(e2e_dir, dns, smtp, web):
    world = private_world(e2e_dir, dns, smtp, web)
    world.operator = world.admin()
    yield world
    world.service.stop()


@pytest.fixture
def issuer(site):
    """Adds issuers with a name of their own; what nothing uses any more is removed."""
    made = []

    def add(status=201, **fields):
        name = unique_name("x").split(".")[0].replace("_", "-")
        answer = site.operator.post("/issuers", {"name": name, **ACME, **fields}, status)
        made.append(name)
        return answer
    yield add
    for name in made:
        site.operator.call("DELETE", f"/issuers/{name}")


def refused(answer, id, field=None, words=""):
    assert answer["type"].endswith(id), answer
    assert field is None or answer.get("field") == field, answer
    assert words in answer["detail"], answer


def test_ours_come_first_and_are_only_shown(site):
    first = site.operator.get("/issuers")["issuers"][0]
    assert first["kind"] == "private" and first["can_sign"] and first["autocsr"] and not first["public"]
    assert site.operator.get(f"/issuers/{first['name']}") == first
    for method in ("PATCH", "DELETE"):
        answer = site.operator.call(method, f"/issuers/{first['name']}", {})
        assert answer.status_code == 409 and "[ca]" in answer.json()["detail"]


def test_everything_that_is_set_is_shown_and_changed(site, issuer):
    given = {"title": "Example CA", "public": False, "active": True, "roots": "junk before\n" + OfflineCa().root_pem, "contacts": ["ann@example.org", "mailto:bob@example.org"],
             "profile": "shortlived", "preferred_chain": "Example Root X2", "key_types": ["ec:p256", "rsa:2048"], "challenges": ["dns-01", "http-01"],
             "automation": "hook", "orders_per_hour": 50}
    made = issuer(**given)
    for key, value in given.items():
        if key not in ("roots", "contacts"):
            assert made[key] == value, key
    assert made["contacts"] == ["mailto:ann@example.org", "mailto:bob@example.org"]
    assert made["roots"].startswith("-----BEGIN CERTIFICATE-----") and made["roots"].count("BEGIN") == 1
    assert made["directory"] is None and made["account"] is None and made["uses"] == {"products": 0, "orders": 0}
    assert made["validation"] == "ca"
    path = f"/issuers/{made['name']}"
    changed = site.operator.patch(path, {"title": "Other", "challenges": [], "roots": "", "orders_per_hour": 0, "active": False})
    assert (changed["title"], changed["challenges"], changed["roots"], changed["orders_per_hour"], changed["active"]) == ("Other", [], None, 0, False)
    assert changed["key_types"] == given["key_types"], "what was not said stays"
    assert site.operator.get(path) == changed
    entry = [e for e in site.operator.whole_audit() if e["object"] == made["name"]]
    assert [e["action"] for e in entry] == ["issuer.added", "issuer.changed"] and "title challenges" in entry[1]["detail"]


@pytest.mark.parametrize("fields,id,field,words", [
    ({"name": "Let's Encrypt"}, "request.field.name", "name", "small letters"),
    ({"name": "issuing-7"}, "request.field.name", "name", "own CAs"),
    ({"name": "root"}, "request.field.name", "name", "own CAs"),
    ({"kind": "private"}, "request.field.kind", "kind", "signer"),
    ({"directory_url": "http://acme.example.org/directory"}, "request.field.directory_url", "directory_url", "https://"),
    ({"directory_url": "https://u:p@acme.example.org/"}, "request.field.directory_url", "directory_url", "password"),
    ({"directory_url": ""}, "request.field.directory_url", "directory_url", "ACME directory"),
    ({"roots": "hello"}, "input.unknown", "roots", "certificate"),
    ({"contacts": ["nobody"]}, "request.field.contacts", "contacts", "e-mail"),
    ({"contacts": ["a@b.c,d@e.f"]}, "request.field.contacts", "contacts", "e-mail"),
    ({"contacts": ["a@b.c?subject=x"]}, "request.field.contacts", "contacts", "e-mail"),
    ({"key_types": ["rsa:17"]}, "key.type", "key_types", ""),
    ({"challenges": ["smoke-01"]}, "request.field.challenges", "challenges", "dns-persist-01"),
    ({"automation": "magic"}, "request.field.automation", "automation", "hook"),
    ({"validation": "service"}, "request.field.validation", "validation", "ACME"),
    ({"orders_per_hour": -1}, "request.field.orders_per_hour", "orders_per_hour", "no limit"),
    ({"kind": "offline", "validation": "nobody", "directory_url": ""}, "request.field.validation", "validation", "service"),
    ({"kind": "offline"}, "request.field.kind", "kind", "directory_url"),
    ({"colour": "red"}, "request.field.unknown", None, "colour"),
])
def test_what_is_refused(site, issuer, fields, id, field, words):
    answer = site.operator.call("POST", "/issuers", {"name": "wrong", **ACME, **fields})
    assert answer.status_code in (400, 422), answer.text
    refused(answer.json(), id, field, words)
    assert site.operator.call("GET", "/issuers/wrong").status_code == 404


def test_names_are_taken_once(site, issuer):
    made = issuer()
    refused(site.operator.post("/issuers", {"name": made["name"], **ACME}, 409), "object.exists", "name")
    ours = site.operator.get("/issuers")["issuers"][0]["name"]
    assert site.operator.call("POST", "/issuers", {"name": ours, **ACME}).status_code in (409, 422)
    for field, value in (("name", "other"), ("kind", "offline")):
        answer = site.operator.call("PATCH", f"/issuers/{made['name']}", {field: value})
        assert answer.status_code == 422 and "cannot be changed" in answer.json()["detail"]


def test_only_the_operator_looks(site):
    for method, path in (("GET", "/issuers"), ("POST", "/issuers"), ("GET", "/issuers/issuing-1"), ("PATCH", "/issuers/issuing-1"),
                         ("DELETE", "/issuers/issuing-1")):
        assert site.customer.call(method, path, {} if method != "GET" else None).status_code == 403, (method, path)


def product(site, **fields):
    id = "p-" + unique_name("x").split(".")[0]
    return site.operator.post("/products", {"id": id, "title": id, "level": "dv", "profile": "dv", **fields}, 201)


def test_products_name_issuers_and_their_fallback(site, issuer):
    one, two = issuer(key_types=["ec:p256", "ec:p384"]), issuer()
    made = product(site, issuer=one["name"], default_key_type="rsa:2048", fallback_issuer=two["name"], fallback_after=3600)
    assert made["issuer"] == one["name"] and made["fallback_issuer"] == two["name"] and made["fallback_after"] == 3600
    listed = next(p for p in site.customer.get("/products")["products"] if p["id"] == made["id"])
    assert listed["key_types"] == ["ec:p256", "ec:p384"] and listed["default_key_type"] == "ec:p256"
    refused(site.customer.post("/orders", {"product": made["id"], "names": [unique_name(ZONE)], "key_type": "rsa:2048"}, 422), "policy.autocsr")
    for bad, field in (({"issuer": "nobody"}, "issuer"), ({"fallback_issuer": "nobody"}, "fallback_issuer"), ({"fallback_issuer": one["name"]}, "fallback_issuer"),
                       ({"fallback_after": 0}, "fallback_after"), ({"fallback_after": 5}, "fallback_after")):
        answer = site.operator.call("PATCH", f"/products/{made['id']}", bad)
        assert answer.status_code == 422 and answer.json()["field"] == field, bad
    answer = site.operator.call("DELETE", f"/issuers/{two['name']}")
    assert answer.status_code == 409 and answer.json()["type"].endswith("state.issuer-used") and "1 product" in answer.json()["detail"]
    assert site.operator.get(f"/issuers/{one['name']}")["uses"]["products"] == 1
    back = site.operator.patch(f"/products/{made['id']}", {"issuer": "", "fallback_issuer": ""})
    assert back["fallback_issuer"] is None and back["fallback_after"] == 0 and "rsa:2048" in back["key_types"]
    site.operator.delete(f"/issuers/{two['name']}", status=204)
    assert site.operator.call("GET", f"/issuers/{two['name']}").status_code == 404


def test_no_public_issuer_takes_what_browsers_refuse(site, issuer):
    made = product(site, issuer=issuer(public=True)["name"])
    assert not any(t.startswith(("ed", "ml-")) for t in made["key_types"]) and "ec:p256" in made["key_types"]
    own = product(site, issuer=issuer(public=False)["name"])
    assert "ed25519" in own["key_types"]
    nothing = site.operator.call("PATCH", f"/products/{made['id']}", {"key_types": ["ed25519"], "default_key_type": "ed25519"})
    assert nothing.status_code == 422 and nothing.json()["field"] == "key_types"
    answer = site.customer.call("POST", "/orders", {"product": made["id"], "names": ["intranet"]})
    assert answer.status_code == 422


def test_the_statement_is_about_each_issuer(site, issuer):
    """BR 6.1.1.3: keys for a public CA only with the operator's word, whatever our own CA is."""
    session = site.admin_session()
    public, private = issuer(public=True), issuer(public=False)
    assert not public["autocsr"] and private["autocsr"]
    made, other = product(site, issuer=public["name"]), product(site, issuer=private["name"], fallback_issuer=public["name"], fallback_after=600)
    for p in (made, other):
        answer = site.customer.post("/orders", {"product": p["id"], "names": [unique_name(ZONE)]}, 422)
        refused(answer, "policy.autocsr", "csr", public["name"])
    path = f"/issuers/{public['name']}/statement"
    assert site.customer.get(path)["kind"] == "public"
    session.post(path, {"author": "Ann Jones, Example Hosting Ltd"}, 201)
    assert site.operator.get(f"/issuers/{public['name']}")["autocsr"]
    for p in (made, other):
        order = site.customer.order([unique_name(ZONE)], product=p["id"], key_type="ec:p256")
        assert order["key_source"] == "autocsr"
        site.customer.post(f"/orders/{order['id']}/cancel")
    session.delete(path)
    assert site.customer.call("POST", "/orders", {"product": made["id"], "names": [unique_name(ZONE)]}).status_code == 422
    session.patch(f"/issuers/{public['name']}", {"public": False})
    order = site.customer.order([unique_name(ZONE)], product=made["id"], key_type="ec:p256")
    site.customer.post(f"/orders/{order['id']}/cancel")


def test_a_public_ca_becomes_another_thing_with_a_proof_only(site, issuer):
    """BR 6.1.1.3: private: keys are made for it; a stolen token must not switch that guard off."""
    made = issuer(public=True)
    path = f"/issuers/{made['name']}"
    for change in ({"public": False}, {"roots": OfflineCa().root_pem}, {"directory_url": "https://other.example.org/dir"}):
        answer = site.operator.call("PATCH", path, {"title": "Changed", **change})
        assert answer.status_code == 403 and answer.json()["type"].endswith("auth.reauth"), answer.text
        assert site.operator.call("PATCH", path, {**change, "password": "not the password"}).status_code in (401, 403)
    assert site.operator.get(path) == made
    assert site.operator.patch(path, {"title": "Changed"})["title"] == "Changed", "what is harmless needs none"
    session = site.admin_session()
    now = session.patch(path, {"public": False, "directory_url": "https://other.example.org/dir"})
    assert not now["public"] and now["autocsr"]
    entry = [e for e in site.operator.whole_audit() if e["object"] == made["name"]][-1]
    assert "public is now private" in entry["detail"] and ACME["directory_url"] + " is now https://other.example.org/dir" in entry["detail"]
    assert site.operator.patch(path, {"public": True})["public"], "the other way is always open"


def test_what_browsers_trust_is_never_private(site, issuer):
    known = {"name": "le", "kind": "acme", "directory_url": "https://ACME-v02.api.letsencrypt.org/directory"}
    refused(site.operator.call("POST", "/issuers", {**known, "public": False}).json(), "policy.issuer-public", "public", "statement")
    made = issuer(directory_url=known["directory_url"])
    refused(site.admin_session().call("PATCH", f"/issuers/{made['name']}", {"public": False}).json(), "policy.issuer-public", "public")
    assert not issuer(directory_url="https://acme-staging-v02.api.letsencrypt.org/directory", public=False)["public"]


# ---- accounts at a CA

@pytest.fixture(scope="module")
def there(e2e_dir, dns, smtp, web, test_pki):
    """A world that may reach a CA on loopback, and two CAs: one that anybody may register at, one that wants a binding."""
    open_ca = Pebble(e2e_dir / "pebble-open", test_pki).start()
    bound_ca = Pebble(e2e_dir / "pebble-bound", test_pki, eab=True).start()
    service = _new_services(e2e_dir, [])(merged(base_config(dns, smtp, web), {"upstream": {"allow_networks": "127.0.0.0/8"}})).start()
    world = World(service, dns, smtp, web)
    world.operator = world.admin()
    for name, ca in (("open", open_ca), ("bound", bound_ca)):
        world.operator.post("/issuers", {"name": name, "kind": "acme", "title": f"The {name} CA", "directory_url": ca.directory_url,
                                         "roots": ca.roots, "contacts": ["ca@example.org"], "public": False}, 201)
    yield world
    service.stop()
    open_ca.stop()
    bound_ca.stop()


def test_terms_are_shown_before_they_are_agreed_to(there):
    answer = there.operator.post("/issuers/open/account", {}, 422)
    terms = answer["directory"]["terms_of_service"]
    assert answer["type"].endswith("upstream.terms") and terms and terms in answer["detail"]
    assert there.operator.get("/issuers/open")["account"] is None


def test_an_account_is_made_found_again_rekeyed_and_ended(there):
    api = there.operator
    made = api.post("/issuers/open/account", {"agree_terms": True}, 200)
    account = made["account"]
    assert account["status"] == "valid" and account["url"].startswith("https://127.0.0.1") and account["terms_agreed"]
    assert made["directory"]["external_account_required"] is False
    again = api.post("/issuers/open/account", {"agree_terms": True, "contacts": ["new@example.org"]}, 200)
    assert again["account"]["url"] == account["url"] and again["contacts"] == ["mailto:new@example.org"]
    rolled = api.post("/issuers/open/account/key", {}, 200)
    assert rolled["account"]["url"] == account["url"] and rolled["account"]["thumbprint"] != account["thumbprint"]
    refused(api.call("PATCH", "/issuers/open", {"directory_url": "https://elsewhere.example.org/"}).json(), "state.issuer-account", "directory_url")
    refused(api.call("DELETE", "/issuers/open").json(), "state.issuer-account", None, "deactivate")
    ended = api.delete("/issuers/open/account", {}, 200)
    assert ended["account"]["status"] == "deactivated"
    for method, path in (("DELETE", "/issuers/open/account"), ("POST", "/issuers/open/account/key")):
        refused(api.call(method, path, {}).json(), "upstream.account")
    fresh = api.post("/issuers/open/account", {"agree_terms": True}, 200)
    assert fresh["account"]["status"] == "valid" and fresh["account"]["url"] != account["url"]
    actions = [e["action"] for e in api.whole_audit() if e["object"] == "open"]
    assert [actions.count("issuer." + a) for a in ("registered", "key-changed", "deactivated")] == [3, 1, 1]


def test_a_binding_is_asked_for_and_its_key_kept_nowhere(there):
    api = there.operator
    refused(api.post("/issuers/bound/account", {"agree_terms": True}, 422), "upstream.eab")
    wrong = {"kid": EAB_KID, "hmac_key": "A" * 43}
    answer = api.call("POST", "/issuers/bound/account", {"agree_terms": True, "eab": wrong})
    assert answer.status_code in (422, 502) and answer.json()["type"].startswith("urn:autocsr:error:upstream."), answer.text
    for bad in ({"kid": EAB_KID}, {"kid": "", "hmac_key": EAB_KEY}, {"kid": EAB_KID, "hmac_key": "!!"}, {"kid": EAB_KID, "hmac_key": EAB_KEY, "x": 1}):
        assert api.call("POST", "/issuers/bound/account", {"agree_terms": True, "eab": bad}).status_code == 422, bad
    made = api.post("/issuers/bound/account", {"agree_terms": True, "eab": {"kid": EAB_KID, "hmac_key": EAB_KEY}}, 200)
    assert made["account"]["status"] == "valid" and made["directory"]["external_account_required"]
    raw = base64.urlsafe_b64decode(EAB_KEY)
    for path in there.service.state.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert EAB_KEY.encode() not in data and raw not in data, path
    assert EAB_KEY not in there.service.log_text()


def test_profiles_are_those_that_the_ca_offers(there):
    there.operator.post("/issuers/open/account", {"agree_terms": True}, 200)
    offered = there.operator.get("/issuers/open")["directory"]["profiles"]
    answer = there.operator.call("PATCH", "/issuers/open", {"profile": "no-such-profile"})
    assert answer.status_code == 422 and answer.json()["field"] == "profile"
    for name in offered:
        assert there.operator.patch("/issuers/open", {"profile": name})["profile"] == name
        assert name in answer.json()["detail"]


def test_a_ca_that_is_not_there(there):
    there.operator.post("/issuers", {"name": "away", "kind": "acme", "directory_url": f"https://127.0.0.1:{free_port()}/dir"}, 201)
    answer = there.operator.call("POST", "/issuers/away/account", {"agree_terms": True})
    assert answer.status_code in (502, 503) and answer.json()["type"].split(":")[-1].startswith(("net.", "upstream.")), answer.text
    there.operator.delete("/issuers/away", status=204)


def test_no_account_where_none_is_needed(there):
    there.operator.post("/issuers", {"name": "paper", "kind": "offline"}, 201)
    for name in ("paper", there.operator.get("/issuers")["issuers"][0]["name"]):
        for method, path in (("POST", "account"), ("DELETE", "account"), ("POST", "account/key")):
            answer = there.operator.call(method, f"/issuers/{name}/{path}", {})
            assert answer.status_code == 409 and answer.json()["type"].endswith("upstream.kind"), (name, path)
    assert there.operator.call("POST", "/issuers/nobody/account", {}).status_code == 404
