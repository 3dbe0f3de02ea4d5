"""Domain validation against a real signed DNS and a real web server, and all that must not count as a proof."""
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from harness.api import PASSWORD, unique_name
from harness.net import Trap, wait_for
from harness.web import Answer


@pytest.fixture
def trap():
    one = Trap()
    yield one
    one.close()


def begin(account, name, **fields):
    """An acknowledged order, waiting for its validation."""
    order = account.order(name, key_type="ec:p256", **fields)
    return account.acknowledge(order, account.fetch_archive(order))


def look(account, order, method="http", times=1):
    """Asks for a check now and returns the order when the check has been made."""
    for _ in range(times):
        before = account.show(order)["validations"][0]["checked_at"]
        account.post(f"/orders/{order['id']}/validate", {"method": method})
        def checked():
            now = account.show(order)
            v = now["validations"][0]
            done = v["state"] in ("valid", "failed") or (v["error"] and v["checked_at"] != before)
            return now if done or now["state"] in ("failed", "issued") else None
        now = wait_for("the check", checked, 40, 0.1)
    return now


def assert_not_issued(account, order, *words):
    now = account.show(order)
    assert now["state"] in ("validating", "failed", "issuing") and now["certificates"] == [], now
    text = str(now["validations"]) + str(now["waiting"]) + str(now["events"])
    for word in words:
        assert word.lower() in text.lower(), text


def test_wrong_content_is_no_proof(world, account):
    order = begin(account, unique_name())
    v = order["validations"][0]
    world.web.publish(order["names"][0], v["http"]["path"], v["http"]["content"][:-1])
    look(account, order)
    assert_not_issued(account, order)
    world.publish_http(order)
    account.post(f"/orders/{order['id']}/validate", {})
    account.wait_state(order, "issued")


@pytest.mark.parametrize("status", [404, 500, 204, 403])
def test_only_a_200_is_a_proof(world, account, status):
    order = begin(account, unique_name())
    v = order["validations"][0]["http"]
    world.web.set(order["names"][0], v["path"], Answer(v["content"].encode(), status))
    look(account, order)
    assert_not_issued(account, order)


def test_content_of_another_order_is_no_proof(world, account, other_account):
    name = unique_name()
    mine, theirs = begin(account, name), begin(other_account, name)
    assert mine["validations"][0]["http"]["content"] != theirs["validations"][0]["http"]["content"]
    world.web.publish(name, theirs["validations"][0]["http"]["path"], mine["validations"][0]["http"]["content"])
    world.dns.publish_txt("_autocsr." + name, mine["validations"][0]["dns"]["value"])
    look(other_account, theirs)
    assert_not_issued(other_account, theirs)


def test_txt_of_the_parent_is_no_proof(world, account):
    name = "deep." + unique_name()
    order = begin(account, name, validation="dns")
    world.dns.publish_txt("_autocsr." + name.split(".", 1)[1], order["validations"][0]["dns"]["value"])
    look(account, order, "dns")
    assert_not_issued(account, order)


def test_one_proof_is_not_a_proof_for_all_names(world, account):
    names = [unique_name(), unique_name()]
    order = begin(account, names)
    one = {**order, "validations": order["validations"][:1]}
    world.publish_http(one)
    account.post(f"/orders/{order['id']}/validate", {})
    wait_for("the first name", lambda: account.show(order)["validations"][0]["state"] == "valid", 30)
    assert_not_issued(account, order)


def test_evidence_is_reused_within_its_time(world, account):
    name = unique_name()
    world.issue(account, name, key_type="ec:p256")
    asked = len(world.web.seen(name))
    order = account.order(name, key_type="ec:p256")
    account.acknowledge(order, account.fetch_archive(order))
    now = account.show(order)
    if now["validations"][0]["state"] == "valid":
        account.wait_state(order, "issued")
        assert len(world.web.seen(name)) == asked


def test_preauthorised_names_need_no_check(world, account):
    name = unique_name("pre.test")
    world.preauthorise(account, "pre.test")
    order = begin(account, name)
    assert account.wait_state(order, "issued")["validations"][0]["state"] == "preauthorised"


def test_caa_binds_preauthorised_names_too(world, account):
    world.preauthorise(account, "caa.test")
    order = begin(account, "forbid.caa.test")
    wait_for("the CAA refusal", lambda: "caa.forbidden" in str(account.show(order)["validations"]), 30)
    assert_not_issued(account, order)


# ---- DNSSEC and DNS

@pytest.mark.parametrize("name", ["www.expired.test", "www.wrongds.test"])
def test_bogus_dnssec_is_refused(world, account, name):
    order = begin(account, name)
    world.publish_http(order)
    look(account, order)
    assert_not_issued(account, order)
    assert world.web.seen(name) == [], "a bogus address must not even be dialled"


def test_bogus_txt_is_no_proof(world, account):
    order = begin(account, "www.wrongds.test", validation="dns")
    v = order["validations"][0]["dns"]
    world.dns.publish(v["record"], "TXT", f'"{v["value"]}"', zone="wrongds.test.")
    look(account, order, "dns")
    assert_not_issued(account, order)


def test_unsigned_zone_is_fine(world, account):
    assert world.issue(account, unique_name("unsigned.test"), key_type="ec:p256").order["state"] == "issued"


@pytest.mark.parametrize("name", ["loop1.good.test", "empty.good.test", "www.nosuch.test"])
def test_names_without_address(world, account, name):
    order = begin(account, name)
    look(account, order)
    assert_not_issued(account, order)


@pytest.mark.parametrize("name", ["alias.good.test", "outside.good.test"])
def test_cname_is_followed(world, account, name):
    assert world.issue(account, name, key_type="ec:p256").order["state"] == "issued"


# ---- CAA

# Our methods are not the ACME ones that RFC 8657 names, so a list of those permits none of ours.
ALLOWING = ["allow", "both", "noncritical", "iodef", "case", "spaces"]
FORBIDDING = ["forbid", "httponly", "other", "critical", "garbage", "sub.forbid", "alias", "wildonly", "dnsonly", "account", "sub.critical"]


@pytest.mark.parametrize("name", ALLOWING)
def test_caa_that_allows(world, account, name):
    assert world.issue(account, name + ".caa.test", key_type="ec:p256").order["state"] == "issued"


@pytest.mark.parametrize("name", FORBIDDING)
def test_caa_that_forbids(world, account, name):
    order = begin(account, name + ".caa.test")
    world.publish_http(order)
    look(account, order)
    wait_for("the CAA refusal", lambda: "caa" in str(account.show(order)).lower().replace("caa.test", ""), 30)
    assert_not_issued(account, order)


@pytest.mark.parametrize("name,allowed", [("*.allow", True), ("*.wildonly", True), ("*.nowild", False), ("*.forbid", False),
                                          ("*.critical", False)])
def test_caa_issuewild(world, account, name, allowed):
    order = begin(account, name + ".caa.test", product="dv-wildcard")
    world.publish_dns(order)
    account.post(f"/orders/{order['id']}/validate", {"method": "dns"})
    if allowed:
        account.wait_state(order, "issued")
    else:
        wait_for("the CAA refusal", lambda: "caa" in str(account.show(order)).lower().replace("caa.test", ""), 30)
        assert_not_issued(account, order)


def test_every_name_of_an_order_is_checked_for_caa(world, account):
    """Not one name N times (the mistake of 2020)."""
    order = begin(account, ["allow.caa.test", "forbid.caa.test"])
    world.publish_http(order)
    account.post(f"/orders/{order['id']}/validate", {})
    wait_for("the CAA refusal", lambda: "forbid.caa.test" in str(account.show(order)["waiting"]) + str(
        account.show(order)["events"]) + str([v["error"] for v in account.show(order)["validations"]]), 30)
    assert_not_issued(account, order)


def own_csr_order(account, names):
    """An order with a CSR of the customer's own, proven by TXT records."""
    key = ec.generate_private_key(ec.SECP256R1())
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False).sign(key, hashes.SHA256())
    return account.post("/orders", {"product": "dv", "validation": "dns", "csr":
                                    csr.public_bytes(serialization.Encoding.PEM).decode()}, 201)


def look_until(account, order, wanted):
    """Asks for checks until `wanted` of the order is true."""
    def done():
        now = account.show(order)
        if not wanted(now) and now["state"] == "validating":
            account.post(f"/orders/{order['id']}/validate", {"method": "dns"}, (200, 409))
        return now if wanted(now) else None
    return wait_for("the checks", done, 40, 0.5)


@pytest.mark.rfc("8659 3#3", "CAA is asked of every name of an order: one that forbids us stops it, wherever it stands")
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_one_forbidden_name_stops_the_order_at_every_position(world, account, n):
    cases = []
    for position in range(n):
        names = [unique_name() for _ in range(n)]
        world.dns.publish(names[position], "CAA", '0 issue "other.example"')
        order = own_csr_order(account, names)
        world.publish_dns(order)
        cases.append((names[position], order))
    for forbidden, order in cases:
        now = look_until(account, order, lambda now, bad=forbidden: all(
            (v["error"] or {}).get("id") == "caa.forbidden" if v["name"] == bad else v["state"] == "valid" for v in now["validations"]))
        assert now["state"] == "validating" and now["certificates"] == [], now
    # Nothing else was in the way.
    forbidden, order = cases[-1]
    world.dns.publish(forbidden, "CAA")
    look_until(account, order, lambda now: now["state"] == "issued")


@pytest.mark.parametrize("n", [2, 4])
def test_one_unproven_name_stops_the_order_at_every_position(world, account, n):
    cases = []
    for position in range(n):
        order = own_csr_order(account, [unique_name() for _ in range(n)])
        missing = order["validations"][position]["name"]
        world.publish_dns({"validations": [v for v in order["validations"] if v["name"] != missing]})
        cases.append((missing, order))
    for missing, order in cases:
        now = look_until(account, order, lambda now, bad=missing: all(
            (v["error"] or {}).get("id", "").startswith("dns.") if v["name"] == bad else v["state"] == "valid" for v in now["validations"]))
        assert now["state"] == "validating" and now["certificates"] == [], now


def test_a_portal_account_and_its_methods_have_names_in_caa(world, account):
    """RFC 8657: the account's URI, and labels of our own for ways that are not ACME's."""
    uri = f"{world.service.url}/accounts/{account.get('/account')['id']}"
    good, bad = unique_name(), unique_name()
    world.dns.publish(good, "CAA", f'0 issue "ca.test; accounturi={uri}; validationmethods=ca-website,ca-dns"')
    world.dns.publish(bad, "CAA", f'0 issue "ca.test; accounturi={uri}x; validationmethods=ca-dns"')
    first, second = own_csr_order(account, [good]), own_csr_order(account, [bad])
    for order in (first, second):
        world.publish_dns(order)
    look_until(account, first, lambda now: now["state"] == "issued")
    now = look_until(account, second, lambda now: (now["validations"][0]["error"] or {}).get("id") == "caa.forbidden")
    assert f"accounturi={uri}" in now["validations"][0]["error"]["text"], now["validations"]
    assert now["certificates"] == []


def test_only_our_own_two_ways_prove_a_name(world, account):
    """Who runs one port of a host does not run the names below it, and what no order of ours shows is no proof of ours."""
    name = unique_name()
    plain, wild = begin(account, name), begin(account, "*." + name, product="dv-wildcard", validation="dns")
    for order, methods in ((plain, ()), (wild, ("http",))):
        before = account.show(order)["validations"][0]["method"]
        for method in ("tls-alpn", "dns-account", "dns-persist", *methods):
            assert account.call("POST", f"/orders/{order['id']}/validate", {"name": order["names"][0], "method": method}).status_code == 422, method
        assert account.show(order)["validations"][0]["method"] == before
        assert_not_issued(account, order)


def test_another_method_has_to_prove_itself(world, account):
    """What was shown by http counts neither for the record nor for what CAA says about records (RFC 8657 4)."""
    name = unique_name()
    world.dns.publish(name, "A", "127.0.0.1")
    world.dns.publish(name, "CAA", '0 issue "ca.test; validationmethods=ca-dns"')
    order = begin(account, name)
    world.publish_http(order)
    now = look(account, order)
    assert now["validations"][0]["error"]["id"] == "caa.forbidden", now["validations"]
    now = look(account, order, "dns")
    assert now["validations"][0]["state"] == "pending" and now["validations"][0]["error"]["id"] != "caa.forbidden", now["validations"]
    assert_not_issued(account, order)


def test_caa_is_asked_again_with_the_same_account_and_method(new_world):
    """Eight hours later at issuance (BR 3.2.2.8): what was permitted may be no more, and the words of RFC 8657 count again."""
    world = new_world()
    account, admin, name = world.register(), world.admin(), unique_name()
    uri = f"{world.service.url}/accounts/{account.get('/account')['id']}"
    organisation = account.post("/organisations", {
        "name": "Example GmbH", "street": "Hauptstraße 1", "locality": "Berlin", "state": "Berlin", "postal_code": "10115", "country": "DE",
        "registration_number": "HRB 12345", "business_category": "Private Organization", "jurisdiction_country": "DE",
        "jurisdiction_state": "Berlin", "phone": "+49 30 1234567"}, 201)["id"]
    order = account.order(name, product="ov", organisation_id=organisation, key_type="ec:p256", validation="dns")
    account.acknowledge(order, account.fetch_archive(order))
    order = account.show(order)
    world.publish_dns(order)
    look_until(account, order, lambda now: now["state"] == "vetting")
    world.service.stop()
    world.service.env["AUTOCSR_TEST_CLOCK_OFFSET"] = str(9 * 3600)
    world.dns.publish(name, "CAA", f'0 issue "ca.test; accounturi={uri}; validationmethods=ca-website"')
    world.service.start()
    admin.post(f"/orders/{order['id']}/vetting", {"decision": "approve", "evidence": "register extract"}, 200)
    account.login(account.email, PASSWORD)
    now = wait_for("the refusal", lambda: (lambda o: o if "validationmethods" in str(o["waiting"]) else None)(account.show(order)), 30)
    assert now["state"] == "issuing" and now["certificates"] == [], now
    world.dns.publish(name, "CAA", f'0 issue "ca.test; accounturi={uri}; validationmethods=ca-dns"')
    account.wait_state(order, "issued", seconds=60)


@pytest.mark.parametrize("name", ["www.caabogus.test", "www.servfail.test"])
def test_servfail_or_bogus_caa_is_not_permission(world, account, name):
    order = begin(account, name)
    world.publish_http(order)
    account.post(f"/orders/{order['id']}/validate", {})
    wait_for("a reason", lambda: (lambda o: o["waiting"] or o["validations"][0]["error"])(account.show(order)), 40)
    assert_not_issued(account, order)


# ---- SSRF

@pytest.mark.parametrize("name", ["meta", "linklocal", "private", "zero", "broadcast", "multicast", "v6loop", "v6link",
                                  "mapped", "nat64", "ula", "cgnat"])
def test_addresses_that_nobody_may_be_sent_to(world, account, name):
    order = begin(account, name + ".good.test")
    look(account, order)
    assert_not_issued(account, order)


def _redirected(world, account, target, **kw):
    name = unique_name()
    order = begin(account, name)
    v = order["validations"][0]["http"]
    world.web.redirect(name, v["path"], target.format(name=name, path=v["path"], web=world.web.port, **kw))
    look(account, order)
    return order


@pytest.mark.parametrize("target", [
    "http://127.0.0.1:{trap}/", "http://localhost:{trap}/", "http://{name}:{trap}{path}", "https://{name}:{trap}{path}",
    "http://[::ffff:127.0.0.1]:{trap}/", "http://2130706433:{trap}/", "http://0x7f000001:{trap}/", "http://0177.0.0.1:{trap}/",
    "http://127.1:{trap}/", "http://0.0.0.0:{trap}/", "http://user:pass@{name}:{trap}/", "gopher://127.0.0.1:{trap}/x",
    "ftp://127.0.0.1:{trap}/x", "file:///etc/passwd", "dict://127.0.0.1:{trap}/", "ldap://127.0.0.1:{trap}/",
    "telnet://127.0.0.1:{trap}", "//{name}:{trap}/"])
def test_redirects_lead_nowhere(world, account, trap, target):
    order = _redirected(world, account, target, trap=trap.port)
    assert trap.connects() == 0
    assert_not_issued(account, order)


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://10.0.0.1/",
                                    "http://meta.good.test/", "http://metadata/", "http:///", "http://", "\\\\evil\\x",
                                    "http://[::1]:{web}/"])
def test_redirects_to_forbidden_addresses_are_refused(world, account, target):
    assert_not_issued(account, _redirected(world, account, target))


def test_eleven_redirects_are_too_many(world, account):
    name = unique_name()
    order = begin(account, name)
    v = order["validations"][0]["http"]
    world.web.redirect(name, v["path"], f"http://{name}/hop1")
    for i in range(1, 12):
        world.web.redirect(name, f"/hop{i}", f"http://{name}/hop{i + 1}")
    world.web.publish(name, "/hop12", v["content"])
    look(account, order)
    assert_not_issued(account, order)
    assert "/hop12" not in world.web.seen(name)


def test_endless_body_is_cut_off(world, account):
    name = unique_name()
    order = begin(account, name)
    world.web.set(name, order["validations"][0]["http"]["path"], Answer(endless=True))
    look(account, order)
    assert_not_issued(account, order)


def test_a_slow_server_does_not_hold_others_up(world, account):
    slow = begin(account, unique_name())
    v = slow["validations"][0]["http"]
    world.web.set(slow["names"][0], v["path"], Answer(v["content"].encode(), slow=8))
    account.post(f"/orders/{slow['id']}/validate", {})
    other = world.issue(account, key_type="ec:p256")
    assert other.order["state"] == "issued"
