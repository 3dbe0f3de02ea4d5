"""The Debian packaging keeps up with the tree, without building packages (`make test-deb` does that): every installed file
is in exactly one package, versions agree, the unit and the users are those of the program."""
import fnmatch
import json
import re
import shutil

import pytest
from harness.library import run
from harness.service import BUILD, REPO

DEBIAN = REPO / "debian"
UNIT_DIR = "usr/lib/systemd/system"
# debian/rules leaves the portal out of the command's package, which otherwise takes usr/share/autocsr whole.
LEFT_OUT = {"autocsr": "usr/share/autocsr/portal/"}
ROLES = ("front", "core", "keymaker", "signer", "prober", "courier", "hook")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `meson install` installs, as paths in a package (prefix /usr)."""
    root = tmp_path_factory.mktemp("installed")
    done = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root)
    assert done.returncode == 0, done.stderr
    options = json.loads(run("meson", "introspect", "--buildoptions", BUILD).stdout)
    prefix = next(o["value"] for o in options if o["name"] == "prefix").strip("/")
    files = [str(p.relative_to(root)) for p in root.rglob("*") if not p.is_dir()]
    moved = [re.sub(rf"^{re.escape(prefix)}/", "", f) for f in files]
    return [f if f.startswith("etc/") else "usr/" + f for f in moved]


def patterns():
    """(package, pattern) of every line of debian/PACKAGE.install."""
    for path in sorted(DEBIAN.glob("*.install")):
        for line in path.read_text().split():
            yield path.stem, line.replace("${env:UNIT_DIR}", UNIT_DIR)


def takes(package, pattern, file):
    if file.startswith(LEFT_OUT.get(package, "\0")):
        return False
    parts = pattern.count("/") + 1
    return fnmatch.fnmatch("/".join(file.split("/")[:parts]), pattern)


def test_every_installed_file_is_in_one_package(installed):
    assert len(installed) > 40
    for file in installed:
        found = {package for package, pattern in patterns() if takes(package, pattern, file)}
        assert len(found) == 1, f"{file} is in {sorted(found) or 'no package'}"


def test_every_line_of_the_packages_finds_files(installed):
    for package, pattern in patterns():
        if "portal" in pattern and not any("portal" in f for f in installed):
            continue  # built without npm
        assert any(takes(package, pattern, f) for f in installed), f"debian/{package}.install: {pattern} finds nothing"


def test_versions_agree():
    program = re.search(r"version: '([\d.]+)'", (REPO / "meson.build").read_text()).group(1)
    assert re.match(rf"autocsr \({re.escape(program)}\) ", (DEBIAN / "changelog").read_text())
    major = re.search(r"ACSR_VERSION_MAJOR (\d+)", (REPO / "include/autocsr/version.h").read_text()).group(1)
    control, symbols = (DEBIAN / "control").read_text(), (DEBIAN / f"libautocsr{major}.symbols").read_text()
    assert f"Package: libautocsr{major}\n" in control
    assert symbols.startswith(f"libautocsr.so.{major} libautocsr{major} ") and f"(symver)LIBAUTOCSR_{major} {program}" in symbols


def test_the_packages_are_built_with_what_the_tree_is_built_with():
    tree = re.search(r'^build="(.*?)"', (REPO / "tools/bootstrap").read_text(), re.M | re.S).group(1).split()
    package = set(re.findall(r"[\w.+-]+", re.search(r"Build-Depends:(.*?)\n\S", (DEBIAN / "control").read_text(), re.S).group(1)))
    assert {p for p in tree if re.fullmatch(r"lib\S+-dev", p)} - package == set()


def test_each_process_has_a_user_of_its_own():
    users = re.findall(r"^u (\S+)", (REPO / "packaging/autocsrd.sysusers").read_text(), re.M)
    assert sorted(users) == sorted(f"autocsr-{role}" for role in ROLES)
    assert all((REPO / "src" / role / "meson.build").exists() for role in ROLES)
    if shutil.which("systemd-sysusers"):
        done = run("systemd-sysusers", "--dry-run", REPO / "packaging/autocsrd.sysusers")
        assert done.returncode == 0 and "not a valid" not in done.stderr, done.stderr


def test_the_unit_is_valid_and_a_wall(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (REPO / "packaging/autocsrd.service.in").read_text().replace("@sbindir@/autocsrd", "/bin/true")
    unit = tmp_path / "autocsrd.service"
    unit.write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.M))
    done = run("systemd-analyze", "verify", unit)
    assert str(unit) not in done.stderr and "autocsrd.service" not in done.stderr, done.stderr
    judged = run("systemd-analyze", "security", "--offline=true", unit).stdout
    exposure = re.search(r"exposure level for autocsrd.service: ([\d.]+)", judged)
    if exposure is None:
        pytest.skip("this systemd-analyze does not judge units offline")
    assert float(exposure.group(1)) < 4


def test_the_first_configuration_is_good(tmp_path):
    conf = tmp_path / "autocsrd.conf"
    conf.write_text((REPO / "packaging/autocsrd.conf.in").read_text())
    done = run(f"{BUILD}/src/autocsrd/autocsrd", "--config", conf, "--check")
    assert done.returncode == 0, done.stderr
    conf.write_text(re.sub(r"^;(?=[a-z_]+ = )", "", conf.read_text(), flags=re.M))
    done = run(f"{BUILD}/src/autocsrd/autocsrd", "--config", conf, "--check")
    assert done.returncode == 0, "with every suggestion taken up: " + done.stderr


def test_an_installed_configuration_is_kept(tmp_path):
    (tmp_path / "new").write_text("new\n")
    words = [REPO / "packaging/install-conf", tmp_path / "new", tmp_path / "etc"]
    assert run(*words, env={"DESTDIR": "", "PATH": "/usr/bin:/bin"}).returncode == 0
    assert (tmp_path / "etc/autocsrd.conf").read_text() == "new\n"
    (tmp_path / "etc/autocsrd.conf").write_text("mine\n")
    assert run(*words, env={"DESTDIR": "", "PATH": "/usr/bin:/bin"}).returncode == 0
    assert (tmp_path / "etc/autocsrd.conf").read_text() == "mine\n"
