"""`autocsr issuer`, `order import` and what orders of other CAs look like on a terminal, against the service, Pebble and a CA on paper."""
import json

import pytest
from harness import crypto
from harness.api import unique_name
from harness.cli import Cli
from harness.csrs import own_csr
from harness.fixtures import _new_services, base_config
from harness.flow import World
from harness.net import wait_for
from harness.offlineca import DER, OfflineCa
from harness.pebble import EAB_KEY, EAB_KID, Pebble
from harness.service import merged


@pytest.fixture(scope="module")
def site(e2e_dir, dns, smtp, web, test_pki):
    ca = Pebble(e2e_dir / "pebble-cli", test_pki, eab=True).start()
    service = _new_services(e2e_dir, [])(merged(base_config(dns, smtp, web), {"upstream": {"allow_networks": "127.0.0.0/8"}})).start()
    world = World(service, dns, smtp, web)
    world.pebble, world.ca, world.customer = ca, OfflineCa(), world.register()
    yield world
    service.stop()
    ca.stop()


@pytest.fixture
def cli(tmp_path, site):
    (tmp_path / "pebble.pem").write_text(site.pebble.roots)
    return Cli(tmp_path, {"AUTOCSR_SERVER": site.service.url, "AUTOCSR_TOKEN": site.service.secret("admin-token"),
                          "AUTOCSR_CA_FILE": str(site.service.root_pem)})


def test_from_nothing_to_an_account_and_away_again(tmp_path, cli, site):
    made = cli.run("issuer", "add", "peb", "--directory", site.pebble.directory_url, "--roots", "pebble.pem", "--private", "--title", "Pebble",
                   "--contact", "ca@example.org", "--key", "ec:p256", "--key", "rsa:2048", "--challenge", "dns-01", "--orders-per-hour", "20").text
    assert "next: autocsr issuer register peb" in made and "account" in made
    shown = cli.ask("issuer", "show", "peb")
    assert (shown["key_types"], shown["challenges"], shown["orders_per_hour"], shown["public"]) == (["ec:p256", "rsa:2048"], ["dns-01"], 20, False)
    listed = cli.run("issuer", "list").text.splitlines()
    assert "private" in listed[0] and any(line.startswith("peb ") and "not registered" in line for line in listed)
    no_terms = cli.run("issuer", "register", "peb", code=2)
    assert "--agree-terms" in no_terms.text and "terms of service" in no_terms.text
    no_binding = cli.run("issuer", "register", "peb", "--agree-terms", code=4)
    assert "key id and a MAC key" in no_binding.text
    cli.run("issuer", "register", "peb", "--agree-terms", "--eab-kid", EAB_KID, code=2)
    (tmp_path / "mac").write_text(EAB_KEY + "\n")
    done = cli.run("issuer", "register", "peb", "--agree-terms", "--eab-kid", EAB_KID, "--eab-key-file", "mac")
    assert "valid" in done.text and EAB_KEY not in done.text
    before = cli.ask("issuer", "show", "peb")["account"]
    rolled = cli.ask("issuer", "roll", "peb")["account"]
    assert rolled["url"] == before["url"] and rolled["thumbprint"] != before["thumbprint"]
    changed = cli.ask("issuer", "change", "peb", "--off", "--key", "", "--automation", "none")
    assert not changed["active"] and changed["key_types"] == [] and changed["automation"] is None
    assert "switched off" in cli.run("issuer", "list").text
    assert "deactivate" in cli.run("issuer", "remove", "peb", code=4).text
    assert "deactivated" in cli.run("issuer", "deactivate", "peb").text
    assert cli.run("issuer", "remove", "peb").text.strip() == "removed peb"
    assert cli.run("issuer", "show", "peb", code=3)


def test_well_known_cas_have_names(cli):
    made = cli.run("issuer", "add", "--ca", "letsencrypt", "--contact", "ca@example.org")
    assert "https://acme-v02.api.letsencrypt.org/directory" in made.text and "publicly trusted" in made.text and "ca statement" in made.text
    other = cli.run("issuer", "add", "z", "--ca", "zerossl", "--title", "Mine")
    assert "--eab-kid KID" in other.text and cli.ask("issuer", "show", "z")["title"] == "Mine"
    staging = cli.ask("issuer", "add", "--ca", "letsencrypt-staging")
    assert staging["public"] is False
    for name in ("letsencrypt", "z", "letsencrypt-staging"):
        cli.run("issuer", "remove", name)
    wrong = cli.run("issuer", "add", "--ca", "letsencrpyt", code=2)
    assert "zerossl" in wrong.text and "--directory" in wrong.text


@pytest.mark.parametrize("words,said", [
    (["add"], "--ca"), (["add", "x"], "--offline"), (["add", "x", "--offline", "--ca", "google"], "no ACME directory"),
    (["add", "x", "--ca", "google", "--public", "--private"], "exclude"), (["change", "x"], "what to change"),
    (["change", "x", "--on", "--off"], "exclude"), (["add", "x", "--ca", "google", "--orders-per-hour", "many"], "a number"),
])
def test_wrong_usage_is_explained(cli, words, said):
    assert said in cli.run("issuer", *words, code=2).text


def paper_order(cli, site):
    """An order that waits for its certificate, and what the CA makes of its CSR."""
    names = [unique_name("autocsr-test.org")]
    order = site.customer.post("/orders", {"product": "paper", "names": names, "csr": own_csr(names)[0]}, 201)
    wait_for("the order to wait", lambda: cli.ask("order", "show", order["id"])["waiting"], 10)
    csr = cli.run("order", "csr", order["id"]).text
    return order, site.ca.sign(csr[csr.index("-----BEGIN"):])


def test_products_are_added_and_shown(cli, site):
    made = cli.ask("product", "add", "gadgets", "--title", "Our gadgets", "--key", "ec:p384", "--key", "rsa:3072", "--validity", "30d", "--names", "3",
                   "--wildcard", "--csr-only", "--code-reveals", "2", "--withdrawn")
    assert set(made["key_types"]) == {"ec:p384", "rsa:3072"}
    assert (made["default_key_type"], made["validity_seconds"], made["max_names"], made["code_reveals"]) == ("ec:p384", 30 * 86400, 3, 2)
    assert (made["wildcard"], made["autocsr"], made["active"], made["preauthorised"], made["level"]) == (True, False, False, False, "dv")
    shown = cli.run("product", "show", "gadgets").text
    for words in ("Our gadgets (not on offer)", "up to 3 names, wildcards: yes", "valid for 30 days", "ec:p384 when nothing is said", "without a CSR: no", "shown 2 times at most"):
        assert words in shown, shown
    assert not any(p["id"] == "gadgets" for p in site.customer.get("/products")["products"])
    assert "there is a product" in cli.run("product", "add", "gadgets", code=3).text
    assert cli.ask("product", "add", "bare", "--preauthorised") == cli.ask("product", "show", "bare")
    for words, code in ((["--level", "xv"], 3), (["--validity", "soon"], 2), (["--names", "many"], 2), (["--issuer", "nobody"], 3), (["--key", "dsa:1024"], 3), (["--validity", "9999d"], 3)):
        cli.run("product", "add", "wrong", *words, code=code)


def test_a_certificate_comes_in_an_envelope(tmp_path, cli, site):
    cli.run("issuer", "add", "paper", "--offline", "--private", "--title", "The paper CA", "--validation", "ca")
    site.admin().post("/products", {"id": "paper", "title": "On paper", "level": "dv", "profile": "dv"}, 201)
    changed = cli.run("product", "change", "paper", "--issuer", "paper", "--fallback-issuer", site.admin().get("/issuers")["issuers"][0]["name"],
                      "--fallback-after", "2h")
    assert "issued by paper" in changed.text and "after 2 hours in vain" in changed.text
    cli.run("product", "change", "paper", "--fallback-issuer", "")
    order, leaf = paper_order(cli, site)
    shown = cli.run("order", "show", order["id"]).text
    assert "issuer           paper" in shown and "The paper CA, offline: import" in shown and "left to the CA" in shown
    (tmp_path / "answer.der").write_bytes(leaf.public_bytes(DER))
    done = cli.run("order", "import", order["id"], "answer.der")
    assert f"{order['id']} is issued" in done.text and "warning: no certificate of its issuer" in done.text
    orders = [paper_order(cli, site) for _ in range(2)]
    (tmp_path / "all.p7b").write_bytes(site.ca.p7b(*(leaf for _, leaf in orders), site.ca.issuing, encoding=DER))
    stranger = site.ca.sign(own_csr([unique_name("autocsr-test.org")])[0])
    (tmp_path / "other.pem").write_text(site.ca.pem(stranger))
    done = cli.run("order", "import", "all.p7b", "other.pem", code=1)
    assert all(o["id"] in done.text for o, _ in orders) and "REFUSED" in done.text and "another service" in done.text
    for o, leaf in orders:
        assert crypto.certificates(site.customer.certificate(o)) == [leaf, site.ca.issuing]
    (tmp_path / "nothing.txt").write_text("the CA says no")
    assert "not a certificate" in cli.run("order", "import", "nothing.txt", code=3).text
    cli.run("order", "import", "ord_1a2b3c", code=2)


def test_json_everywhere(cli):
    for words in (("issuer", "list"), ("issuer", "show", "paper")):
        assert json.loads(cli.run(*words, "--json").out)


def test_making_a_public_ca_private_takes_the_password(tmp_path, cli, site):
    cli.run("issuer", "add", "grave", "--directory", "https://acme.example.org/directory")
    (tmp_path / "pw").write_text(site.service.secret("admin-password") + "\n")
    (tmp_path / "wrong").write_text("not this\n")
    assert cli.ask("issuer", "change", "grave", "--title", "Grave")["public"], "what is harmless takes none"
    cli.run("issuer", "change", "grave", "--private", "--password-file", "wrong", code=4)
    assert not cli.ask("issuer", "change", "grave", "--private", "--password-file", "pw")["public"]
    cli.run("issuer", "remove", "grave")
