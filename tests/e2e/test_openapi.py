"""The OpenAPI document, docs/API.md and the running service say the same."""
import re

import pytest
from harness.routes import METHODS, PUBLIC, all_routes, documented_routes, every_route


@pytest.fixture(scope="module")
def document(world):
    return world.anonymous().get("/openapi.json")


@pytest.fixture(scope="module")
def routes(world):
    return all_routes(world.anonymous())


def test_document_is_well_formed(document):
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"] and document["info"]["version"]
    ids = []
    for path, item in document["paths"].items():
        assert path.startswith("/")
        for method, op in item.items():
            if method not in METHODS:
                assert method in ("parameters", "summary", "description", "servers")
                continue
            ids.append(op["operationId"])
            declared = {p["name"] for p in resolve_all(document, op.get("parameters", []) + item.get("parameters", []))
                        if p["in"] == "path"}
            assert declared == set(re.findall(r"\{([^}]+)\}", path)), path
            assert op["responses"] and all(re.fullmatch(r"[1-5](\d\d|XX)|default", c) for c in op["responses"])
            assert all("description" in r for r in resolve_all(document, op["responses"].values()))
    assert len(ids) == len(set(ids))


def resolve_all(document, things):
    return [resolve(document, t) for t in things]


def resolve(document, thing):
    """Follows a local $ref."""
    while "$ref" in thing:
        assert thing["$ref"].startswith("#/")
        target = document
        for step in thing["$ref"][2:].split("/"):
            target = target[step]
        thing = target
    return thing


def test_every_reference_resolves(document):
    def walk(node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                resolve(document, node)
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)
    walk(document)


def test_docs_and_document_name_the_same_routes(routes):
    served = {r.normal for r in routes} - {"GET /openapi.json"}
    written = {r.normal for r in documented_routes()}
    assert served - written == set(), "served, but not in docs/API.md"
    assert written - served == set(), "in docs/API.md, but not served"


def test_every_documented_route_answers(world):
    """Without login: 401 where one is needed, and never `no such route` or `method not allowed`."""
    for route in every_route(world.anonymous()):
        answer = world.anonymous().call(route.method, route.at("ord_aaaaaaaaaaaaaaaa"), route.body)
        if route.key == "POST /session":
            assert answer.json()["type"] == "urn:autocsr:error:auth.wrong"
        elif route.key == "POST /session/passkey":
            assert answer.json()["type"] == "urn:autocsr:error:auth.passkey"
        elif route.key in PUBLIC:
            assert answer.status_code not in (401, 403, 404, 405, 500, 501), (route, answer.text)
        elif route.path.startswith(("/products", "/ca")) and route.method == "GET":
            assert answer.status_code in (200, 401), route
        else:
            assert answer.status_code == 401, (route, answer.status_code, answer.text[:200])


def test_unknown_routes_and_methods_are_refused(world, account):
    assert account.call("GET", "/nothing/here").status_code == 404
    answer = account.call("PUT", "/orders", {})
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]


def test_unknown_and_duplicate_members_are_refused(account):
    assert account.call("POST", "/orders", {"product": "dv", "names": ["a.good.test"], "nmaes": []}).status_code in (400, 422)
    raw = '{"product": "dv", "names": ["a.good.test"], "product": "ov"}'
    assert account.call("POST", "/orders", data=raw, headers={"Content-Type": "application/json"}).status_code == 400
    assert account.get("/orders")["orders"] == []


@pytest.mark.parametrize("raw", ["", "{", "[]", "null", "1", '"x"', '{"a":1}x', "{'a':1}", '{"names":NaN}', "\xff\xfe",
                                 '{"product":"dv\\u0000"}', "[" * 5000, '{"names":' + "[" * 200 + "]" * 200 + "}"])
def test_bad_json_is_a_problem_document(account, raw):
    answer = account.call("POST", "/orders", data=raw.encode("latin1"), headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), (raw[:40], answer.text[:200])
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["type"].startswith("urn:autocsr:error:") and answer.json()["status"] == answer.status_code


@pytest.mark.parametrize("field,value", [("names", "a.good.test"), ("names", []), ("names", [1]), ("names", None),
                                         ("product", 1), ("csr", 5), ("key_type", []), ("delivery", "fax"),
                                         ("validation", "phone"), ("subject", "CN=x"), ("organisation_id", "org_none"),
                                         ("names", [f"a{i}.good.test" for i in range(200)])])
def test_fields_of_the_wrong_kind_are_named(account, field, value):
    product = "ov" if field == "organisation_id" else "dv"
    answer = account.call("POST", "/orders", {"product": product, "names": ["a.good.test"], field: value})
    assert answer.status_code in (400, 404, 422), answer.text
    assert field.rstrip("s") in answer.text
    assert account.get("/orders")["orders"] == []


def test_problem_documents_have_all_members(account):
    answer = account.call("GET", "/orders/ord_none")
    problem = answer.json()
    assert answer.status_code == 404 and problem["status"] == 404
    assert problem["type"] == "urn:autocsr:error:object.absent"
    assert problem["title"] and problem["detail"] and problem["instance"].startswith("req_")
