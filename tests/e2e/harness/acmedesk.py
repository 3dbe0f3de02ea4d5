"""What the tests of refusals stand on: two accounts at the default directory, with objects in all the states they need."""
import functools

from .acme import Acme, Key, ident, token
from .api import unique_name
from .crypto import certificates
from .csrs import own_csr, to_der

GOOD = "good.test"


class Desk:
    """`a` is the account under test, `b` somebody else. What takes time to make is made when it is first asked for."""

    def __init__(self, world):
        self.world = world
        self.root, self.url = world.service.root_pem, world.service.url + "/acme/directory"
        self.a, self.b = self.new_account(), self.new_account()
        self.base = self.a.directory["newOrder"].removesuffix("/new-order")

    def client(self, key=None, url=None):
        return Acme(url or self.url, self.root, key)

    def new_account(self, key=None, url=None, **fields):
        return self.client(key, url).register(**fields)

    def wish(self, *names, **fields):
        """The payload of a newOrder."""
        return {"identifiers": [ident(n) for n in names or (unique_name(),)], **fields}

    def new_order(self, *names, **fields):
        """Account a asks for an order; the answer as it comes."""
        return self.a.post(self.a.directory["newOrder"], self.wish(*names, **fields))

    # ---- objects of account a

    @functools.cached_property
    def pending(self):
        """(URL, order) that nobody has validated."""
        return self.a.order(unique_name())

    @functools.cached_property
    def ready(self):
        """(URL, order, name) that waits for a CSR that it never gets."""
        name = unique_name()
        return (*self.a.ready(self.world, name), name)

    @functools.cached_property
    def issued(self):
        """(order, PEM chain, key) of account a."""
        return self.a.issue(self.world, unique_name())

    @functools.cached_property
    def invalid(self):
        """(URL, order) whose only authorization failed."""
        url, order = self.a.order(unique_name())
        challenge = self.a.challenge(order["authorizations"][0])
        self.a.post(challenge["url"], {})
        return url, self.a.until(url, "invalid")

    @functools.cached_property
    def certificate(self):
        return certificates(self.issued[1])[0]

    @functools.cached_property
    def closed(self):
        """An account that was deactivated."""
        account = self.new_account()
        order = account.order(unique_name())[0]
        account.old_order = order
        assert account.post(account.kid, {"status": "deactivated"}).status_code == 200
        return account

    def finalize(self, names=None, key=None, der=None, **how):
        """Account a sends a CSR for its ready order."""
        _, order, name = self.ready
        der = der or to_der(own_csr([name] if names is None else names, key, **how)[0])
        return self.a.finalize(order, der)

    def absent(self, kind):
        """The URL of an object that does not exist."""
        return f"{self.base}/{kind}/{token()}"


def spoiled(text, at=-1):
    """base64url text with another character at a place; the last but one by default, whose bits all count."""
    at = len(text) - 2 if at == -1 else at
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]


__all__ = ["GOOD", "Desk", "Key", "spoiled"]
