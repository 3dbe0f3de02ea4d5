"""The manual: a page or section for every command that names all its options, no fault that mandoc finds, every page installed."""
import re
import shutil
import subprocess

import pytest
from harness.cli import Cli
from harness.service import REPO

PAGES = sorted((REPO / "docs/man").glob("*.[1-8]"))
# What talks to a service is described in autocsr(1) itself; every toolkit command has a page of its own.
SERVICE = {"acme-account", "acme-directory", "acme-eab", "login", "logout", "order", "product", "issuer", "organisation", "account", "user", "token", "ca", "audit", "status"}


def commands(tmp_path):
    """Each command and its options."""
    found = [(c["command"], [o["option"] for o in c["options"]]) for c in Cli(tmp_path).run("--json").json["commands"]]
    assert len(found) > 30
    return found


def plain(text):
    """What a page says about options, however it is marked up."""
    return text.replace("\\-", "-").replace("Fl -", "Fl --")


def page_of(command):
    path = REPO / "docs/man" / f"autocsr-{command.replace(' ', '-')}.1"
    if path.exists():
        return plain(path.read_text())
    assert command.split()[0] in SERVICE, f"there is no {path.name}"
    manual = (REPO / "docs/man/autocsr.1").read_text()
    section = re.search(rf"^\.Ss autocsr {command}\b.*?(?=^\.S[sh] )", manual, re.M | re.S)
    assert section, f"{command} is not in autocsr(1)"
    return plain(section.group(0))


def test_every_command_has_its_manual(tmp_path):
    for command, options in commands(tmp_path):
        text = page_of(command)
        for option in options:
            if option not in ("--json", "--help", "--server", "--token-file", "--ca-file"):
                assert re.search(rf"Fl {option}\b(?!-)", text), f"{command} {option} is not in its manual"


def test_no_manual_names_an_option_that_is_gone(tmp_path):
    for command, options in commands(tmp_path):
        path = REPO / "docs/man" / f"autocsr-{command.replace(' ', '-')}.1"
        if path.exists():
            for option in re.findall(r"^\.It Fl (--[a-z0-9-]+)", plain(path.read_text()), re.M):
                assert option in options, f"{path.name} names {option}"


def test_every_page_of_a_command_has_examples(tmp_path):
    for command, _ in commands(tmp_path):
        path = REPO / "docs/man" / f"autocsr-{command.replace(' ', '-')}.1"
        if path.exists():
            text = path.read_text().replace("\\-", "-").replace("\\e\n", "")
            assert f"autocsr {command}" in text.split(".Sh EXAMPLES")[1], path.name


@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")
@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_mandoc_finds_no_fault(page):
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True, timeout=30)
    faults = [line for line in done.stdout.splitlines() if "new sentence, new line" not in line]
    assert not faults, "\n".join(faults)


def test_every_page_is_installed_and_listed():
    build = "".join(p.read_text() for p in (REPO / "src").rglob("meson.build"))
    overview = (REPO / "docs/man/autocsr.1").read_text()
    for page in PAGES:
        assert f"docs/man/{page.name}" in build, f"{page.name} is not installed"
        assert page.stem == "autocsr" or f"Xr {page.stem} {page.suffix[1:]}" in overview, f"autocsr(1) does not refer to {page.name}"
