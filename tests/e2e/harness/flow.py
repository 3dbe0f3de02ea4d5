"""The customer's errands that need more than the API: confirming by mail, publishing validation, a whole order."""
from . import crypto
from .api import PASSWORD, Api, unique_email, unique_name


class Issued:
    """What a customer holds after an AutoCSR order."""

    def __init__(self, order, archive, code, key, csr, fullchain):
        self.order, self.archive, self.code, self.key = order, archive, code, key
        self.csr, self.fullchain = csr, fullchain
        self.cert = crypto.certificates(fullchain)[0]
        self.id = order["id"]


class World:
    """A service and the servers around it. Every test's first fixture."""

    def __init__(self, service, dns, smtp, web):
        self.service, self.dns, self.smtp, self.web = service, dns, smtp, web

    # ---- people

    def admin(self):
        return Api(self.service, self.service.secret("admin-token"))

    def anonymous(self):
        return Api(self.service)

    def admin_session(self, totp=None):
        """A session of the first administrator."""
        api = Api(self.service)
        users = self.admin().get("/users?all=1")["users"]
        email = next(u["email"] for u in users if u["role"] == "admin")
        api.login(email, self.service.secret("admin-password"), totp)
        return api

    def register(self, email=None, password=PASSWORD, name=None):
        """A new account through the front door: form, mailed link, log in. A session of its owner."""
        email = email or unique_email()
        api = Api(self.service)
        api.post("/register", {"email": email, "password": password, "account_name": name or "Test " + email}, 202)
        mail = self.smtp.wait(email, match="/#/confirm/")
        api.post("/register/confirm", {"token": mail.token("confirm")}, 200)
        api.login(email, password)
        return api

    def preauthorise(self, api, *names):
        """The operator lets this account order these domains without validation."""
        account = api.get("/account")["id"]
        self.admin().put(f"/admin/accounts/{account}/preauthorised", {"names": list(names)})

    # ---- validation

    def publish_http(self, order):
        """Puts the files that the order asks for on the web server."""
        for v in order["validations"]:
            if v["state"] == "pending" and v["http"]:
                host = v["http"]["url"].split("/")[2].split(":")[0]
                self.web.publish(host, v["http"]["path"], v["http"]["content"])

    def publish_dns(self, order):
        """Puts the TXT records that the order asks for into the zone."""
        for v in order["validations"]:
            if v["state"] == "pending":
                self.dns.publish_txt(v["dns"]["record"], v["dns"]["value"])

    def validate(self, api, order, method="http", name=None):
        """Publishes, and asks the service to look now; 409 when it has looked already and gone on."""
        (self.publish_dns if method == "dns" else self.publish_http)(order)
        body = {"method": method, **({"name": name} if name else {})}
        return api.post(f"/orders/{order['id']}/validate", body, (200, 409))

    # ---- whole orders

    def issue(self, api, names=None, method="http", **fields):
        """An AutoCSR order from start to certificate, checked on the way. Returns Issued."""
        names = [names] if isinstance(names, str) else names or [unique_name()]
        order = api.order(names, **({"validation": method} if method == "dns" else {}), **fields)
        archive = api.fetch_archive(order)
        now = api.acknowledge(order, archive)
        return self.finish(api, now, archive, method)

    def finish(self, api, order, archive, method="http"):
        """From the acknowledged archive to the certificate."""
        if order["state"] == "validating":
            self.validate(api, order, method)
        order = api.wait_state(order, "issued")
        code = api.code(order)
        key = crypto.open_archive(archive, code)
        csr = api.get(f"/orders/{order['id']}/csr")
        fullchain = api.certificate(order)
        issued = Issued(order, archive, code, key, csr, fullchain)
        crypto.check_all_match(key, csr, fullchain, self.service.root_pem)
        return issued

    def issue_csr(self, api, csr, names=None, method="http", **fields):
        """An own-CSR order from start to certificate. Returns the order and the full chain."""
        body = {"product": "dv", "names": names or [], "csr": csr, **fields}
        if not names:
            del body["names"]
        order = api.post("/orders", body, 201)
        if order["state"] == "validating":
            self.validate(api, order, method)
        return api.wait_state(order, "issued"), api.certificate(order)
