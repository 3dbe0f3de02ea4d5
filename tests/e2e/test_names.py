"""Exact verdicts for names through the public face: what is accepted and in which form, and which rule refuses the rest.

The service under test has a private CA (special top-level domains are fine); the rules are those of RULES and RFC 5890,
1123, 9525, BR 7.1.2.7.12 and 4.2.2. The value is the canonical name, or the error id after `name.`.
"""
import pytest
from harness.api import unique_name

L63 = "a" * 63
LONG = ".".join(["a" * 49] * 5)  # 249 characters

ACCEPTED = {
    "www.good.test": None, "good.test": None, "a.b.c.d.e.good.test": None, "1.good.test": None, "0x1.good.test": None,
    "1e5.good.test": None, "a-b.good.test": None, "a--b.good.test": None, "abc--d.good.test": None, "3com.good.test": None,
    f"{L63}.good.test": None, f"{LONG}.com": None, "localhost.good.test": None, "WWW.Good.Test": "www.good.test",
    "GOOD.TEST": "good.test", "WwW.eXaMpLe.CoM": "www.example.com", "example.co.uk": None, "a.example.co.uk": None,
    "bücher.good.test": "xn--bcher-kva.good.test", "BÜCHER.good.test": "xn--bcher-kva.good.test",
    "xn--bcher-kva.good.test": None, "XN--BCHER-KVA.good.test": "xn--bcher-kva.good.test",
    "faß.good.test": "xn--fa-hia.good.test", "点看.good.test": "xn--3pxu8k.good.test", "пример.good.test": "xn--e1afmkfd.good.test",
    "مثال.good.test": "xn--mgbh0fb.good.test", "例え.jp": "xn--r8jz45g.jp", "www.demo.test": None, "host.internal": None,
    "printer.local": None, "a.b.lan": None, "github.io.good.test": None, "example.com": None, "m.xn--p1ai": None,
    "192.0.2.1": None, "10.0.0.1": None, "127.0.0.1": None, "2001:db8::1": None, "2001:DB8:0:0::1": "2001:db8::1",
    "2001:db8:0:0:0:0:0:1": "2001:db8::1", "::1": None, "fd00::1": None,
}

WILDCARDS = {
    "*.good.test": None, "*.a.b.good.test": None, "*.GOOD.test": "*.good.test", "*.bücher.good.test": "*.xn--bcher-kva.good.test",
    "*.example.com": None, "*.example.co.uk": None, "*.github.io": None,
}

REFUSED = {
    "": "empty", " ": "space empty", ".": "", "..": "", "a..good.test": "label.empty", ".good.test": "label.empty",
    "www.good.test.": "trailing-dot", "good.test..": "", " www.good.test": "space", "www.good.test ": "space",
    "www good.test": "space", "www\tgood.test": "control space", "www.good.test\n": "control space",
    "www\r\n.good.test": "control space", "www\x00.good.test": "control", "\x1b[0m.good.test": "control",
    "www\u202e.good.test": "control idna", "www\u200b.good.test": "control idna", "\u2066a.good.test": "control idna",
    "\ufeffwww.good.test": "control idna", "a_b.good.test": "underscore", "_dmarc.good.test": "underscore",
    "_.good.test": "underscore", "-a.good.test": "ldh hyphens", "a-.good.test": "ldh hyphens", "-.good.test": "ldh hyphens",
    "a.-b.test": "ldh hyphens", "ab--cd.good.test": "hyphens", "xx--a.good.test": "hyphens",
    "a!b.good.test": "ldh", "a@b.good.test": "url ldh", "a/b.good.test": "url ldh", "a\\b.good.test": "ldh url", "a:b": "url ldh ip",
    "a'b.good.test": "ldh", 'a"b.good.test': "ldh", "a;b.good.test": "ldh", "a&b.good.test": "ldh", "a%00.good.test": "ldh",
    "a,b.good.test": "ldh", "a+b.good.test": "ldh", "a(b).good.test": "ldh", "a<b>.good.test": "ldh", "a|b.good.test": "ldh",
    "a$b.good.test": "ldh", "a#b.good.test": "ldh url", "a?b.good.test": "ldh url", "$(id).good.test": "ldh", "`id`.good.test": "ldh",
    f"a{L63}.good.test": "label.length", f"{'a' * 200}.test": "label.length", f"aaaaa.{LONG}.com": "length",
    f"{'ü' * 62}.good.test": "label.length idna", "a" * 5000: "length label.length",
    "xn--.good.test": "alabel idna hyphens ldh", "xn--a.good.test": "alabel idna", "xn--bcher-kv.good.test": "alabel idna",
    "xn--zzzzzzzz.good.test": "alabel idna", "xn--WWW-.good.test": "alabel idna ldh hyphens", "☃.good.test": "idna", "💥.good.test": "idna",
    "a\u0301\u0301\u034f.good.test": "idna control", "\u0300a.good.test": "idna", "a\u0640b.good.test": "idna",
    "http://www.good.test": "url", "https://www.good.test/": "url", "www.good.test/path": "url", "www.good.test:443": "url",
    "user@good.test": "url", "//good.test": "url", "mailto:a@good.test": "url",
    "*": "wildcard", "*.": "", "*.test": "wildcard.suffix suffix", "*.com": "wildcard.suffix", "*.co.uk": "wildcard.suffix",
    "*.*.good.test": "wildcard.position", "w*.good.test": "wildcard.position", "*w.good.test": "wildcard.position",
    "www.*.good.test": "wildcard.position", "good.*": "wildcard.position", "**.good.test": "wildcard.position",
    "*.*": "wildcard.position wildcard.suffix", "xn--*.good.test": "wildcard.position", "*.192.0.2.1": "", "*..good.test": "",
    "*good.test": "wildcard.position", "a.*": "wildcard.position",
    "com": "suffix", "co.uk": "suffix", "uk": "suffix", "org.uk": "suffix", "xn--p1ai": "suffix", "kobe.jp": "suffix",
    "1.2.0.192.in-addr.arpa": "reverse", "a.ip6.arpa": "reverse", "in-addr.arpa": "",
    "192.0.2": "numeric-tld ip", "192.0.2.1.2": "numeric-tld ip", "192.0.2.256": "numeric-tld ip", "0192.0.2.1": "numeric-tld ip",
    "0x7f.0.0.1": "numeric-tld ip", "2130706433": "numeric-tld ip", "127.1": "numeric-tld ip", "host.123": "numeric-tld ip",
    "2001:db8::g": "ip url", "[2001:db8::1]": "", "2001:db8::1%eth0": "ip ldh url", ":::": "ip url", "1.2.3.4/24": "ip url",
}


@pytest.fixture(scope="module")
def customer(world):
    return world.register()


def _post(customer, name, product="dv"):
    return customer.call("POST", "/orders", {"product": product, "names": [name], "key_type": "ec:p256"})


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_in_canonical_form(customer, name):
    answer = _post(customer, name)
    assert answer.status_code == 201, answer.text
    assert answer.json()["names"] == [ACCEPTED[name] or name]
    customer.post(f"/orders/{answer.json()['id']}/cancel", {})


@pytest.mark.parametrize("name", WILDCARDS)
def test_wildcard_accepted_only_by_a_wildcard_product_and_dns(customer, name):
    answer = _post(customer, name, "dv-wildcard")
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert order["names"] == [WILDCARDS[name] or name]
    assert [(v["method"], v["wildcard"]) for v in order["validations"]] == [("dns", True)]
    assert order["validations"][0]["http"] is None
    customer.post(f"/orders/{order['id']}/cancel", {})
    assert _post(customer, name, "dv").status_code == 422


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_rule(customer, name):
    answer = _post(customer, name, "dv-wildcard" if "*" in name else "dv")
    assert answer.status_code in (400, 422), answer.text
    problem = answer.json()
    ids = tuple("urn:autocsr:error:name." + word for word in REFUSED[name].split()) or "urn:autocsr:error:name."
    if "\x00" in name or len(name) > 1000:
        ids = ("urn:autocsr:error:name.", "urn:autocsr:error:request.")
    assert problem["type"].startswith(ids), problem
    assert problem["detail"] and problem.get("field", "names").startswith("names")


def test_the_table_has_at_least_a_hundred_rows():
    assert len(ACCEPTED) + len(WILDCARDS) + len(REFUSED) >= 150


def test_idn_is_shown_in_both_forms(customer):
    order = _post(customer, "bücher.good.test").json()
    assert order["names"] == ["xn--bcher-kva.good.test"] and order["names_unicode"] == ["bücher.good.test"]


def test_nothing_is_stored_for_a_refused_name(world):
    fresh = world.register()
    for name in list(REFUSED)[::7]:
        _post(fresh, name)
    answer = fresh.call("POST", "/orders", {"product": "dv", "names": [unique_name(), "a_b.good.test"]})
    assert answer.status_code == 422 and fresh.get("/orders")["orders"] == []


@pytest.mark.parametrize("names", [["a.good.test", "a.good.test"], ["a.good.test", "A.GOOD.TEST"],
                                   ["bücher.good.test", "xn--bcher-kva.good.test"]])
def test_the_same_name_twice_is_one_name_or_refused(customer, names):
    answer = customer.call("POST", "/orders", {"product": "dv", "names": names, "key_type": "ec:p256"})
    assert answer.status_code == 422 or len(answer.json()["names"]) == 1


def test_wildcard_is_never_proven_by_http(world, customer):
    name = unique_name()
    order = customer.post("/orders", {"product": "dv-wildcard", "names": ["*." + name], "validation": "http", "key_type": "ec:p256"})
    order = customer.acknowledge(order, customer.fetch_archive(order))
    answer = customer.call("POST", f"/orders/{order['id']}/validate", {"method": "http"})
    assert answer.status_code in (409, 422) or customer.show(order)["validations"][0]["method"] == "dns"
    assert customer.show(order)["state"] == "validating"


def test_a_wildcard_does_not_cover_the_name_below_which_it_stands(world, customer):
    name = unique_name()
    issued = world.issue(customer, ["*." + name], method="dns", product="dv-wildcard", key_type="ec:p256")
    from harness import crypto
    assert crypto.sans(issued.cert) == ["*." + name]


def test_names_that_fill_one_csr(customer):
    """A hundred names of 149 bytes make a key; one byte more each, and the CSR could not be read again."""
    def names(length):
        tail = "." + "l" * 60 + ".good.test"
        return [f"{i:02}{'n' * 40}.".ljust(length - len(tail), "m") + tail for i in range(100)]
    assert {len(n) for n in names(149)} == {149}
    order = customer.order(names(149), key_type="ec:p256")
    customer.acknowledge(order, customer.fetch_archive(order))
    refused = customer.call("POST", "/orders", {"product": "dv", "names": names(150), "key_type": "ec:p256"})
    assert refused.status_code == 422 and refused.json()["type"] == "urn:autocsr:error:name.size" and "two orders" in refused.text
    assert customer.call("POST", "/orders", {"product": "dv", "names": names(149), "key_type": "rsa:4096"}).json()["type"].endswith("name.size")
