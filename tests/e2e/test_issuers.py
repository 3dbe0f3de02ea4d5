"""Other people's CAs as the operator sets them: what may be said of one, what it changes for products, who may look."""
import pytest
from harness.api import unique_name
from harness.fixtures import private_world
from harness.offlineca import OfflineCa

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
    site.operator.patch(f"/issuers/{public['name']}", {"public": False})
    order = site.customer.order([unique_name(ZONE)], product=made["id"], key_type="ec:p256")
    site.customer.post(f"/orders/{order['id']}/cancel")
