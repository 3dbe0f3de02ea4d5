"""What ACME clients call to have a challenge published: acmehook.py CLIENT ARGUMENTS… in the words of each client.

dns-01 goes by a dynamic update to the test's DNS server at port $ACME_DNS, one value at a time, so that a name and its wildcard
may stand side by side; http-01 goes to a file below $ACME_WEBROOT.
"""
import os
import pathlib
import sys

import dns.query
import dns.rcode
import dns.update

ZONES = ("good.test.", "unsigned.test.", "caa.test.", "test.")


def txt(name, value, add):
    name = name.rstrip(".") + "."
    change = dns.update.UpdateMessage(next(z for z in ZONES if name.endswith("." + z)))
    if add:
        change.add(name, 1, "TXT", f'"{value}"')
    else:
        change.delete(name, "TXT", f'"{value}"')
    answer = dns.query.tcp(change, "127.0.0.1", port=int(os.environ["ACME_DNS"]), timeout=10)
    if answer.rcode() != dns.rcode.NOERROR:
        sys.exit(f"the update of {name} was answered with {dns.rcode.to_text(answer.rcode())}")


def challenge_of(domain, value, add=True):
    txt("_acme-challenge." + domain.removeprefix("*."), value, add)


def certbot():
    challenge_of(os.environ["CERTBOT_DOMAIN"], os.environ["CERTBOT_VALIDATION"], "CERTBOT_AUTH_OUTPUT" not in os.environ)


def lego(action, name, value):
    txt(name, value, action == "present")


def dehydrated(action, *args):
    if action in ("deploy_challenge", "clean_challenge"):
        challenge_of(args[0], args[2], action == "deploy_challenge")


def uacme(action, kind, name, token, value):
    if kind != os.environ["ACME_TYPE"]:
        sys.exit(1)  # uacme then offers the next challenge
    if kind == "dns-01":
        challenge_of(name, value, action == "begin")
        return
    file = pathlib.Path(os.environ["ACME_WEBROOT"], ".well-known/acme-challenge", token)
    file.write_text(value) if action == "begin" else file.unlink(missing_ok=True)


def acmetool(action, *args):
    if action not in ("challenge-dns-start", "challenge-dns-stop"):
        sys.exit(42)  # what acmetool calls "not for this hook"
    challenge_of(args[0], args[2], action.endswith("start"))


def modmd(action, name, value=None):
    if value is not None:
        challenge_of(name, value, action == "setup")


if __name__ == "__main__":
    {"certbot": certbot, "lego": lego, "dehydrated": dehydrated, "uacme": uacme, "acmetool": acmetool,
     "modmd": modmd}[sys.argv[1]](*sys.argv[2:])
