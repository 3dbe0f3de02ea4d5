"""The route table as the service tells it: every path and method of the OpenAPI document, with values to call it."""
import re
import secrets

from .service import REPO

METHODS = ("get", "post", "put", "patch", "delete")

BODIES = {
    "POST /register": {"email": "routes@mail.test", "password": "long enough words", "account_name": "Routes"},
    "POST /register/confirm": {"token": "A" * 43},
    "POST /session": {"email": "routes@mail.test", "password": "long enough words"},
    "POST /password/reset": {"email": "routes@mail.test"},
    "POST /password/reset/confirm": {"token": "A" * 43, "password": "long enough words"},
    "POST /password": {"current": "long enough words", "new": "other enough words"},
    "PATCH /account": {"name": "Routes"},
    "POST /users": {"email": "routes2@mail.test", "role": "member"},
    "POST /users/accept": {"token": "A" * 43, "password": "long enough words"},
    "PATCH /users/{id}": {"role": "member"},
    "POST /tokens": {"name": "routes"},
    "POST /totp": {"password": "long enough words"},
    "POST /totp/confirm": {"code": "000000"},
    "DELETE /totp": {"password": "long enough words", "totp": "000000"},
    "POST /session/passkey": {"response": {}},
    "POST /passkeys": {"name": "routes", "response": {}},
    "PATCH /passkeys/{id}": {"name": "routes"},
    "POST /products": {"id": "routes", "title": "Routes", "level": "dv"},
    "PATCH /products/{id}": {"title": "Routes"},
    "POST /organisations": {"name": "Routes Ltd", "locality": "Town", "country": "DE"},
    "PATCH /organisations/{id}": {"name": "Routes Ltd"},
    "POST /orders": {"product": "dv", "names": ["routes.good.test"]},
    "POST /orders/{id}/archive/ack": {"sha256": "0" * 64},
    "POST /orders/{id}/code": {"password": "long enough words"},
    "POST /orders/{id}/vetting": {"decision": "approve", "evidence": "none"},
    "POST /issuers/{name}/statement": {"author": "Routes Ltd"},
    "POST /csr/check": {"csr": "AAAA"},
    "POST /csr/show": {"csr": "AAAA"},
    "PUT /admin/accounts/{id}/preauthorised": {"names": ["routes.good.test"]},
}

PUBLIC = {"POST /register", "POST /register/confirm", "POST /session", "POST /session/passkey",
          "POST /session/passkey/options", "POST /password/reset",
          "POST /password/reset/confirm", "POST /users/accept", "POST /csr/check", "POST /csr/show",
          "GET /openapi.json", "GET /receipt-key", "POST /acme/terms"}


class Route:
    """One operation; `key` is as docs/API.md writes it, for example `POST /orders/{id}/code`."""

    def __init__(self, method, path, operation):
        self.method, self.path, self.operation = method.upper(), path, operation
        self.key = f"{self.method} {path}"
        self.params = re.findall(r"\{([^}]+)\}", path)
        self.normal = f"{self.method} " + re.sub(r"\{[^}]+\}", "{}", path)
        self.public = self.key in PUBLIC
        self.changes = self.method != "GET"

    def at(self, value):
        """The path with its parameters replaced."""
        return re.sub(r"\{[^}]+\}", value, self.path)

    @property
    def body(self):
        """A body that is well-formed for this route; None where a GET takes none."""
        if self.key in BODIES:
            return BODIES[self.key]
        return {} if self.method in ("POST", "PUT", "PATCH") else None

    def __repr__(self):
        return self.key


def all_routes(api):
    """Every operation of the document, with paths below /api/v1."""
    document = api.get("/openapi.json")
    base = "/api/v1"
    prefix = "" if any(base in s.get("url", "") for s in document.get("servers", [])) else base
    out = []
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and path.startswith(prefix):
                out.append(Route(method, path.removeprefix(base), item[method]))
    return out


def documented_routes():
    """Every call that docs/API.md names, as routes."""
    text, out = (REPO / "docs" / "API.md").read_text(), {}
    pattern = r"`((?:GET|POST|PUT|PATCH|DELETE)(?:\|(?:GET|POST|PUT|PATCH|DELETE))*) (/[A-Za-z0-9_{}/.-]+)"
    text = text.replace("`GET /organisations` · `POST` ·", "`GET|POST /organisations` ·")
    for methods, path in re.findall(pattern, text):
        if not path.startswith("/api/v1/"):
            out.update({f"{m} {path}": Route(m, path, {}) for m in methods.split("|")})
    return list(out.values())


def every_route(api):
    """Those of the OpenAPI document and of docs/API.md together: what only one of them knows is tried too."""
    found = {r.normal: r for r in [*documented_routes(), *all_routes(api)]}
    assert len(found) >= 50, sorted(found)
    return list(found.values())


def absent_id(like):
    """An id of the same shape that never existed."""
    head, _, tail = like.rpartition("_")
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    made = "".join(secrets.choice(alphabet) for _ in tail)
    return (head + "_" if head else "") + made
