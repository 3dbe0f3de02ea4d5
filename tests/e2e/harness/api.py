"""A small client of the REST API, by token or by session, and the whole order in one call."""
import hashlib
import itertools
import secrets

import requests

from .net import wait_for

PREFIX = "/api/v1"
PASSWORD = "correct horse battery staple"
FORM_TYPES = {"zip": "application/zip", "pkcs8": "application/x-pem-file", "p12": "application/x-pkcs12", "p12-legacy": "application/x-pkcs12",
              "age": "application/octet-stream", "cms": "application/pkcs7-mime; smime-type=authEnveloped-data"}
_numbers = itertools.count(1)


class Refused(AssertionError):
    """An answer that the caller did not expect; holds it."""

    def __init__(self, response, wanted):
        self.response = response
        super().__init__(f"{response.request.method} {response.request.url}: {response.status_code}, "
                         f"wanted {wanted}: {response.text[:600]}")


class Api:
    """One caller. `call` returns the response; get, post … check the status and return the JSON."""

    def __init__(self, service, token=None):
        self.service, self.token, self.csrf = service, token, None
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = str(service.root_pem)
        self.email = self.password = self.user = None

    # ---- requests

    def call(self, method, path, body=None, headers=None, **kw):
        """`path` below /api/v1, or a whole path when it starts with one of the service's other roots."""
        head = {}
        if self.token:
            head["Authorization"] = "Bearer " + self.token
        elif self.csrf and method not in ("GET", "HEAD"):
            head["X-CSRF-Token"] = self.csrf
        head.update(headers or {})
        if body is not None:
            kw["json"] = body
        url = self.service.url + (path if path.startswith(PREFIX + "/") else PREFIX + path)
        kw.setdefault("timeout", 30)
        response = self.http.request(method, url, headers=head, **kw)
        told = response.headers.get("Content-Length")
        if told is not None and method != "HEAD" and int(told) != len(response.content):
            raise requests.ConnectionError(f"cut off after {len(response.content)} of {told} bytes")
        return response

    def _checked(self, method, path, body, status, **kw):
        response = self.call(method, path, body, **kw)
        wanted = (status,) if isinstance(status, int) else status
        if response.status_code not in wanted:
            raise Refused(response, status)
        if response.content and "json" in response.headers.get("Content-Type", ""):
            return response.json()
        return response.content

    def get(self, path, status=200, **kw):
        return self._checked("GET", path, None, status, **kw)

    def post(self, path, body=None, status=(200, 201, 202, 204), **kw):
        return self._checked("POST", path, body, status, **kw)

    def put(self, path, body=None, status=(200, 204), **kw):
        return self._checked("PUT", path, body, status, **kw)

    def patch(self, path, body=None, status=200, **kw):
        return self._checked("PATCH", path, body, status, **kw)

    def delete(self, path, body=None, status=(200, 204), **kw):
        return self._checked("DELETE", path, body, status, **kw)

    # ---- who

    def login(self, email, password=PASSWORD, totp=None, status=200):
        body = {"email": email, "password": password, **({"totp": totp} if totp else {})}
        self.csrf = None
        session = self.post("/session", body, status)
        if status == 200:
            self.email, self.password = email, password
            self.csrf, self.user = session["csrf_token"], session["user"]
        return session

    def another(self, token=None):
        """Another caller of the same service, with nothing remembered."""
        return Api(self.service, token)

    def fresh_session(self):
        """A second session of the same user."""
        other = self.another()
        other.login(self.email, self.password)
        return other

    def token_client(self, name="test", **fields):
        """A caller with an API token that this session's user makes."""
        made = self.post("/tokens", {"name": name, **fields}, 201)
        other = self.another(made["token"])
        other.token_id, other.email, other.password, other.user = made["id"], self.email, self.password, self.user
        return other

    # ---- orders

    def order(self, names, status=201, headers=None, **fields):
        names = [names] if isinstance(names, str) else names
        return self.post("/orders", {"product": "dv", "names": names, **fields}, status, headers=headers)

    def whole_audit(self):
        """Every entry of the audit log, oldest first; of all accounts, so for the operator."""
        entries, after = [], 0
        while after is not None:
            page = self.get(f"/audit?all=1&limit=1000&after={after}")
            entries, after = entries + page["entries"], page["next_after"]
        return entries

    def show(self, order):
        return self.get(f"/orders/{order_id(order)}")

    def fetch_archive(self, order):
        """The archive's bytes; they have the hash that the header and the order name."""
        response = self.call("GET", order["archive_url"])
        if response.status_code != 200:
            raise Refused(response, 200)
        assert response.headers["Content-Type"] == FORM_TYPES[order["hand_over"]["format"]]
        digest = hashlib.sha256(response.content).hexdigest()
        assert response.headers["X-Archive-SHA256"] == digest
        return response.content

    def acknowledge(self, order, archive):
        return self.post(f"/orders/{order_id(order)}/archive/ack", {"sha256": hashlib.sha256(archive).hexdigest()})

    def code(self, order, **body):
        """The unlock code's answer; the password goes along unless told otherwise."""
        return self.post(f"/orders/{order_id(order)}/code", body or {"password": self.password})

    def wait_state(self, order, *states, seconds=30):
        """The order once it is in one of these states; fails at once in a final state that is not wanted."""
        final = {"failed", "cancelled", "issued", "revoked"} - set(states)
        def look():
            now = self.show(order)
            assert now["state"] not in final, f"order ended in {now['state']}: {now.get('waiting')} {now['events'][-3:]}"
            return now if now["state"] in states else None
        try:
            return wait_for(f"order to be {'/'.join(states)}", look, seconds, 0.1)
        except AssertionError as e:
            raise AssertionError(f"{e}; now {self.show(order)}") from None

    def certificate(self, order, format="fullchain", **params):
        query = "&".join(f"{k}={v}" for k, v in {"format": format, **params}.items())
        return self.get(f"/orders/{order_id(order)}/certificate?{query}")


def order_id(order):
    return order if isinstance(order, str) else order["id"]


def unique_name(zone="good.test"):
    """A host name that no other test uses; all below good.test resolve to 127.0.0.1."""
    return f"h{next(_numbers)}-{secrets.token_hex(4)}.{zone}"


def unique_email():
    return f"user-{secrets.token_hex(6)}@mail.test"
