"""BR 6.1.1.3: for a public issuer the service makes keys only while its operator states that it is neither the CA nor its
affiliate. The statement, its author and its time are in the audit log and on the receipt."""
import os
import signal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from harness import csrs
from harness.api import unique_name
from harness.cli import Cli
from harness.net import wait_for
from test_receipts import check, placed, signed

PUBLIC = {"ca": {"kind": "public"}}
ZONE = "autocsr-test.org"
WORDS = "We host.\nWe are no CA <b>& own none</b>."


@pytest.fixture(scope="module")
def public(e2e_dir, dns, smtp, web):
    """One public world for this file; each test withdraws what it has stated."""
    from harness.fixtures import _new_services, base_config, merged
    from harness.flow import World
    service = _new_services(e2e_dir, [])(merged(base_config(dns, smtp, web), PUBLIC)).start()
    world = World(service, dns, smtp, web)
    world.operator, world.customer = world.admin_session(), world.register()
    yield world
    service.stop()


def issuer_of(world):
    return next(i["name"] for i in world.anonymous().get("/ca")["issuers"] if not i["root"])


def path_of(world):
    return f"/issuers/{issuer_of(world)}/statement"


def try_order(api, **fields):
    return api.call("POST", "/orders", {"product": "dv", "names": [unique_name(ZONE)], "key_type": "ec:p256", **fields})


def placed_publicly(api):
    order = api.order([unique_name(ZONE)], key_type="ec:p256")
    archive = api.fetch_archive(order)
    api.acknowledge(order, archive)
    return order


def actions(world, api=None):
    return [e for e in (api or world.operator).whole_audit() if e["action"].startswith("statement.")]


def test_what_is_not_for_public_certificates_is_not_offered(public):
    """BR 6.1.5: RSA and the NIST curves; so nobody gets a key that no certificate will be issued for."""
    product = next(p for p in public.customer.get("/products")["products"] if p["id"] == "dv")
    assert set(product["key_types"]) == {"rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384", "ec:p521"}
    public.operator.post(path_of(public), {"author": "Ann Jones, Example Hosting Ltd"}, 201)
    refused = try_order(public.customer, key_type="ed25519")
    assert refused.status_code == 422 and refused.json()["field"] == "key_type", refused.text
    name = unique_name(ZONE)
    pasted = public.customer.call("POST", "/orders", {"product": "dv", "names": [name], "csr": csrs.own_csr(name, Ed25519PrivateKey.generate())[0]})
    assert pasted.status_code == 422, pasted.text
    public.operator.delete(path_of(public), status=(200, 204))


def test_refused_allowed_and_refused_again(public):
    api, path = public.operator, path_of(public)
    before = api.get(path)
    assert (before["kind"], before["autocsr"], before["statement"]) == ("public", False, None)
    refused = try_order(public.customer)
    assert refused.status_code == 422 and refused.json()["type"] == "urn:autocsr:error:policy.autocsr" and "6.1.1.3" in refused.text
    made = api.post(path, {"author": "Ann Jones, Example Hosting Ltd", "statement": WORDS}, 201)
    assert made["autocsr"] and made["statement"]["author"] == "Ann Jones, Example Hosting Ltd" and made["statement"]["statement"] == WORDS
    order = placed_publicly(public.customer)
    receipt = check(public.service, signed(public.customer, order).content)
    assert receipt["issuer"] == {"kind": "public", "name": issuer_of(public)}
    assert receipt["statement"] == {"at": made["statement"]["at"], "author": "Ann Jones, Example Hosting Ltd", "text": WORDS}
    page = public.customer.call("GET", f"/orders/{order['id']}/receipt?format=html").text
    assert "no CA &#60;b&#62;&#38; own none" in page and "<b>" not in page
    entry = actions(public)[-1]
    assert entry["action"] == "statement.made" and entry["actor"] == api.email and "Ann Jones" in entry["detail"]
    assert api.post(path, {"author": "Somebody else"}, 409)["type"].endswith("object.exists")
    gone = api.delete(path)
    assert not gone["autocsr"] and gone["statement"] is None
    assert gone["statements"][-1]["withdrawn_by"] == api.email and gone["statements"][-1]["withdrawn_at"]
    assert actions(public)[-1]["action"] == "statement.withdrawn"
    assert try_order(public.customer).status_code == 422
    assert api.delete(path, status=404)["type"].endswith("object.absent")
    # what was stated when the key was made stays on its receipt
    assert check(public.service, signed(public.customer, order).content)["statement"]["author"].startswith("Ann Jones")


def test_own_and_browsers_keys_need_no_statement(public):
    own = {"product": "dv", "csr": csrs.own_csr(unique_name(ZONE))[0]}
    public.customer.post("/orders", own, 201)
    browser = {"product": "dv", "csr": csrs.own_csr(unique_name(ZONE))[0], "hand_over": {"grade": "browser"}}
    order = public.customer.post("/orders", browser, 201)
    receipt = check(public.service, signed(public.customer, order, "final").content)
    assert receipt["issuer"]["kind"] == "public" and receipt["statement"] is None and receipt["authorised"] is None


def test_withdrawn_while_an_order_is_under_way(public):
    """A new archive is a new key; and so is a reissue."""
    api, path = public.operator, path_of(public)
    api.post(path, {"author": "Ann"}, 201)
    order = public.customer.order([unique_name(ZONE)], key_type="ec:p256")
    api.delete(path)
    again = public.customer.call("POST", f"/orders/{order['id']}/archive", {})
    assert again.status_code == 422 and again.json()["type"] == "urn:autocsr:error:policy.autocsr"
    public.customer.acknowledge(order, public.customer.fetch_archive(order))  # the key that was made may still be handed over


def test_who_may_state_it(public, world):
    path = path_of(public)
    for api, status in ((public.customer, 403), (public.anonymous(), 401), (public.customer.token_client(), 403)):
        assert api.call("POST", path, {"author": "Me"}).status_code == status
        assert api.call("DELETE", path).status_code == status
    assert public.operator.call("POST", "/issuers/nobody/statement", {"author": "Me"}).status_code == 404
    token = public.operator.token_client()
    assert token.post(path, {"author": "Me"}, 403)["type"].endswith("auth.reauth"), "a token alone is not enough"
    assert token.post(path, {"author": "Me", "password": "quite another one"}, (401, 403))["type"].endswith("auth.wrong")
    assert public.operator.get(path)["statement"] is None
    token.post(path, {"author": "Me", "password": public.operator.password}, 201)
    assert token.delete(path, {"password": public.operator.password})["statement"] is None
    assert public.customer.get(path)["autocsr"] is False, "customers may read it"


@pytest.mark.parametrize("body", [{}, {"author": ""}, {"author": "  "}, {"author": "x" * 201}, {"author": "A", "statement": ""},
                                  {"author": "A", "statement": " \n"}, {"author": "A", "statement": "tab\there"}, {"author": "A\nB"},
                                  {"author": "A", "statement": "x" * 4001}, {"author": "A", "more": 1}, {"author": "A\u202e"}])
def test_what_is_no_statement(public, body):
    answer = public.operator.call("POST", path_of(public), body)
    assert answer.status_code in (400, 422) and answer.json()["type"].startswith("urn:autocsr:error:request.field."), answer.text
    assert public.operator.get(path_of(public))["statement"] is None


def test_by_the_command_line(public, tmp_path):
    (tmp_path / "password").write_text(public.operator.password + "\n")
    (tmp_path / "words").write_text("Quoted \"words\".\nTwo lines.\n")
    cli = Cli(tmp_path, {"AUTOCSR_SERVER": public.service.url, "AUTOCSR_CA_FILE": str(public.service.root_pem),
                         "AUTOCSR_TOKEN": public.service.secret("admin-token")})
    name = issuer_of(public)
    assert b"no: nothing is stated" in cli.run("ca", "statement", name).out
    said = cli.ask("ca", "statement", name, "--author", "Ann \"A\" Jones", "--text-file", "words", "--password-file", "password")
    assert said["statement"]["author"] == 'Ann "A" Jones' and said["statement"]["statement"] == "Quoted \"words\".\nTwo lines."
    assert try_order(public.customer).status_code == 201
    shown = cli.run("ca", "statement", name).out.decode()
    assert 'Ann "A" Jones' in shown and "makes keys       yes" in shown
    cli.run("ca", "statement", name, "--author", "B", "--withdraw", code=2)
    cli.run("ca", "statement", name, "--text-file", "words", code=2)
    cli.run("ca", "statement", name, "--author", "B", "--password-file", "password", code=3)
    assert cli.ask("ca", "statement", name, "--withdraw", "--password-file", "password")["statement"] is None
    cli.run("ca", "statement", "nobody", code=3)
    assert try_order(public.customer).status_code == 422


def test_the_configuration_file_states_it(new_world):
    """Noted once, with the time when it was first seen; withdrawn when the file says it no more."""
    world = new_world({"ca": {"kind": "public", "operator_is_not_ca": "true"}})
    account, operator = world.register(), world.admin_session()
    path = path_of(world)
    order = placed_publicly(account)
    receipt = check(world.service, signed(account, order).content)
    assert receipt["statement"]["author"] == "configuration file" and "neither the CA" in receipt["statement"]["text"]
    stated = operator.get(path)["statement"]
    assert stated["source"] == "configuration" and stated["at"] == receipt["statement"]["at"]
    assert operator.delete(path, status=409)["type"].endswith("state.statement")
    world.service.restart()
    operator = world.admin_session()
    assert [e["action"] for e in actions(world, operator)] == ["statement.made"], "once"
    world.service.config["ca"]["operator_is_not_ca"] = "false"
    assert world.service.config_file.exists()
    os.kill(world.service.proc.pid, signal.SIGHUP)
    wait_for("the statement to go", lambda: operator.get(path)["statement"] is None, 20, 0.2)
    assert [e["action"] for e in actions(world, operator)] == ["statement.made", "statement.withdrawn"]
    assert try_order(account).status_code == 422
    operator.post(path, {"author": "Ann", "password": operator.password}, 201)
    assert try_order(account).status_code == 201


def test_a_private_issuer_needs_none(world, account, admin):
    state = admin.get(path_of(world))
    assert (state["kind"], state["autocsr"], state["statement"]) == ("private", True, None)
    order, _ = placed(account)
    assert check(world.service, signed(account, order).content)["statement"] is None


def test_withdrawn_while_a_mail_waits(new_world, dns, web, test_pki):
    """An order by mail whose mail never left is given up: it would need another key."""
    from harness.smtp import SmtpSink
    sink = SmtpSink(test_pki)
    world = new_world(PUBLIC, smtp=sink)
    operator, account = world.admin_session(), world.register()
    operator.post(path_of(world), {"author": "Ann"}, 201)
    sink.close()
    order = account.order([unique_name(ZONE)], key_type="ec:p256", delivery="email")
    operator.delete(path_of(world))
    failed = account.wait_state(order, "failed", seconds=60)
    assert "has not stated" in str(failed["waiting"]) and failed["receipt"] is None
