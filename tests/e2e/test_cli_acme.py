"""ACME directories, binding keys and accounts from the command line, and what they mean for a client."""
import stat

import pytest
from harness.acme import Acme, MacKey, jws, problem, unb64
from harness.api import unique_name
from harness.cli import Cli


def by_token(directory, service, token):
    directory.mkdir(exist_ok=True)
    return Cli(directory, {"AUTOCSR_SERVER": service.url, "AUTOCSR_TOKEN": token, "AUTOCSR_CA_FILE": str(service.root_pem)})


@pytest.fixture
def operator(tmp_path, world):
    return by_token(tmp_path / "operator", world.service, world.service.secret("admin-token"))


@pytest.fixture
def customer(tmp_path, world, account):
    return by_token(tmp_path / "customer", world.service, account.token_client("cli").token)


def named():
    return unique_name().split(".")[0].lower().replace("_", "-")[:30]


def test_a_directory_from_its_making_to_its_end(operator, customer, world):
    name = named()
    made = operator.run("acme", "directory", "add", name, "--title", "Our devices", "--product", "dv", "--challenge", "dns-01", "--challenge",
                        "http-01", "--terms", "https://a.test/terms", "--open", "--json").json
    assert (made["products"], made["challenges"], made["eab"]) == (["dv"], ["dns-01", "http-01"], "required")
    assert made["url"] == f"{world.service.url}/acme/{name}/directory"
    assert operator.run("acme-directory", "show", name, "--json").json == made
    assert name in customer.run("acme-directory", "list").text
    assert "exclude each other" in operator.run("acme-directory", "change", name, "--open", "--own", code=2).text
    closed = operator.run("acme-directory", "change", name, "--own", "--ask-again", "--json").json
    assert closed["open"] is False and closed["terms_at"] and name not in customer.run("acme-directory", "list").text
    changed = operator.run("acme", "directory", "change", name, "--eab", "off", "--terms", "", "--product", "dv-wildcard", "--json").json
    assert (changed["eab"], changed["terms"], changed["products"]) == ("off", None, ["dv-wildcard"])
    Acme(made["url"], world.service.root_pem).register()
    assert "switch" in operator.run("acme", "directory", "remove", name, code=4).text
    assert "(off)" in operator.run("acme", "directory", "change", name, "--off").text
    assert name not in customer.run("acme", "directory", "list").text
    customer.run("acme", "directory", "show", name, code=3)


def test_a_directory_without_accounts_can_go(operator):
    name = named()
    operator.run("acme", "directory", "add", name, "--title", "x", "--product", "dv")
    assert operator.run("acme", "directory", "remove", name, "--json").json == {"removed": name}
    operator.run("acme", "directory", "show", name, code=3)


@pytest.mark.parametrize("words, code", [(["add", "new-order", "--title", "x", "--product", "dv"], 3), (["add", "x"], 3),
                                         (["add", "x", "--title", "x", "--product", "ev"], 3), (["change", "default"], 2),
                                         (["change", "default", "--on", "--off"], 2), (["change", "nothing", "--on"], 3), (["remove", "nothing"], 3),
                                         (["show", "../x"], 3), (["nothing"], 2), (["add", "x", "--eab", "maybe"], 3)], ids=str)
def test_what_is_refused(operator, words, code):
    operator.run("acme", "directory", *words, code=code)


def test_members_may_not(customer):
    customer.run("acme", "directory", "add", "mine", "--title", "x", "--product", "dv", code=4)
    customer.run("acme", "directory", "change", "default", "--off", code=4)


def test_a_key_and_the_account_that_it_makes(customer, world, tmp_path):
    key = customer.run("acme", "eab", "new", "hall 3", "--name", "eab.good.test", "--name", "192.0.2.9", "--max-accounts", "1", "--json").json
    assert key["names"] == ["eab.good.test", "192.0.2.9"] and len(unb64(key["hmac_key"])) == 32
    who = Acme(key["directory_url"], world.service.root_pem)
    url = who.directory["newAccount"]
    who.register(externalAccountBinding=jws(MacKey(key["hmac_key"]), {"alg": "HS256", "kid": key["kid"], "url": url}, who.key.jwk()))
    listed = customer.run("acme", "eab", "list").text
    assert key["kid"] in listed and "used" in listed and "eab.good.test" in listed and key["hmac_key"] not in listed
    account = who.kid.rsplit("/", 1)[1]
    assert account in customer.run("acme", "account", "list").text and account in str(customer.run("acme-account", "list", "--json").json)
    customer.run("acme", "eab", "revoke", key["kid"])
    assert who.show(who.kid)["status"] == "valid", "a revoked key ends no account"
    customer.run("acme", "account", "deactivate", account)
    problem(who.post(who.kid), 401, "unauthorized")
    assert "revoked" in customer.run("acme", "account", "list").text


def test_a_key_goes_into_a_file_unseen(customer):
    done = customer.run("acme", "eab", "new", "x", "--out", "mac.key", "--json").json
    path = customer.cwd / "mac.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and len(unb64(path.read_text().strip())) == 32
    assert done["hmac_key_file"] == "mac.key" and "hmac_key" not in done


def test_everybodys_accounts_are_the_operators_to_see(operator, customer):
    kid = customer.run("acme", "eab", "new", "x", "--json").json["kid"]
    assert kid in operator.run("acme", "eab", "list", "--all").text and kid not in operator.run("acme", "eab", "list").text
    operator.run("acme", "account", "list", "--all")


def test_the_noun_may_be_two_words(customer):
    assert customer.run("acme", "directory", "--help").text == customer.run("acme-directory", "--help").text
    assert customer.run("help", "acme", "eab", "new").text == customer.run("acme-eab", "new", "--help").text
    assert customer.run("acme", "directory", code=2).text == customer.run("acme-directory", code=2).text
    assert "acme-directory, acme-eab, acme-account" in customer.run("acme", code=2).text
