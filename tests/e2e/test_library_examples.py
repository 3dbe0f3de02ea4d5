"""The examples, as a user of the installed library builds and runs them: through pkg-config, shared and static."""
import functools
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from harness.library import HEADERS, option, run
from harness.service import BUILD, REPO

EXAMPLES = sorted((REPO / "examples").glob("*.c"))
PACKAGES = {"shared": "libautocsr", "static": "libautocsr-static"}
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Library and headers in a directory of their own, and the environment that finds them there."""
    root = tmp_path_factory.mktemp("installed")
    done = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root, "--tags", "runtime,devel")
    assert done.returncode == 0, done.stderr
    config = next(root.rglob("libautocsr.pc"))
    return {**os.environ, "PKG_CONFIG_PATH": str(config.parent), "PKG_CONFIG_SYSROOT_DIR": str(root),
            "LD_LIBRARY_PATH": str(config.parent.parent)}


@functools.cache
def asked(words, environment):
    done = run("pkg-config", *words, env=dict(environment))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def flags(installed, *words, package="libautocsr"):
    return asked((*words, package), tuple(sorted(installed.items())))


@functools.cache
def sanitizer():
    which = option("b_sanitize")
    return [] if which == "none" else [f"-fsanitize={which}"]


@pytest.fixture(scope="module")
def built(installed, tmp_path_factory):
    """Every example, compiled once and linked both ways."""
    where = tmp_path_factory.mktemp("examples")
    compile_with = ["cc", "-c", *STRICT, *sanitizer(), *flags(installed, "--cflags")]
    for kind in PACKAGES:
        (where / kind).mkdir()
    for source in EXAMPLES:
        program = where / f"{source.stem}.o"
        done = run(*compile_with, source, "-o", program, env=installed)
        assert done.returncode == 0, done.stderr
        for kind, libraries in ((k, flags(installed, "--libs", package=p)) for k, p in PACKAGES.items()):
            done = run("cc", *sanitizer(), program, "-o", where / kind / source.stem, *libraries, *flags(installed, "--libs", package="libcrypto"))
            assert done.returncode == 0, done.stderr
    return where


def told(source):
    """What the example's own comment says: how to run it, and what it then prints ("…" is anything)."""
    comment = source.read_text().split("*/", 1)[0]
    command = re.search(r"^ \* Run: (.+)$", comment, re.M)
    return command and command.group(1), re.findall(r"^ \* Prints: (.+)$", comment, re.M)


def as_pattern(text):
    return ".*".join(re.escape(part) for part in text.split("…"))


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_examples_print_what_they_say(kind, built, installed, tmp_path):
    """cert and csr come first: the others use the files that they write."""
    ran = 0
    for source in sorted(EXAMPLES, key=lambda s: (s.stem not in ("cert", "csr"), s.stem)):
        command, lines = told(source)
        if command is None:
            continue
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60,
                              env={**installed, "PATH": f"{built / kind}:{os.environ['PATH']}"})
        assert done.returncode == 0, f"{command}: {done.stderr}"
        output = done.stdout + (tmp_path / command.split(">")[1].strip()).read_text() if ">" in command else done.stdout
        for line in lines:
            assert re.search(as_pattern(line), output), f"{command} does not print {line!r} but {output[:400]!r}"
        assert lines, f"{source.name} says nothing of what it prints"
        ran += 1
    assert ran == len(EXAMPLES) - 1, "all but token.c, which needs a token"


def test_there_is_an_example_for_every_header():
    assert {e.stem for e in EXAMPLES} == {h.stem for h in HEADERS}
    for source in EXAMPLES:
        assert f"<autocsr/{source.stem}.h>" in source.read_text()


def test_the_static_example_needs_no_shared_library_of_ours(built):
    assert "libautocsr" in run("readelf", "-d", built / "shared" / "csr").stdout
    assert "libautocsr" not in run("readelf", "-d", built / "static" / "csr").stdout


def test_the_example_with_a_token(built, installed, tmp_path):
    module = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
    if not module.exists() or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM2 is not installed")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\n")
    (tmp_path / "pin").write_text("1234\n")
    env = {**installed, "SOFTHSM2_CONF": str(tmp_path / "softhsm.conf")}
    assert run("softhsm2-util", "--init-token", "--free", "--label", "shop", "--so-pin", "1234", "--pin", "1234", env=env).returncode == 0
    key = tmp_path / "key.pem"
    assert run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key).returncode == 0
    done = run("softhsm2-util", "--import", key, "--token", "shop", "--label", "www", "--id", "01", "--pin", "1234", env=env)
    assert done.returncode == 0, done.stderr
    made = run(built / "shared" / "token", "pkcs11:token=shop;object=www", module, tmp_path / "pin", env=env)
    assert made.returncode == 0, made.stderr
    assert "verify OK" in (lambda d: d.stdout + d.stderr)(run("openssl", "req", "-verify", "-noout", input=made.stdout))


def test_a_program_in_cplusplus(installed, tmp_path):
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    (tmp_path / "p.cc").write_text("""#include <autocsr/name.h>
#include <autocsr/version.h>
#include <cstdio>
#include <string>
int main()
{
	std::string given = "WWW.Example.com";
	acsr_name name;
	if (acsr_name_check(given.data(), given.size(), ACSR_NAMES_PUBLIC, &name, nullptr) != ACSR_OK)
		return 1;
	std::printf("%s %s\\n", name.ascii, acsr_version());
}
""")
    done = run("g++", "-std=c++17", "-Wall", "-Wextra", "-pedantic", "-Werror", *sanitizer(), *flags(installed, "--cflags"),
               tmp_path / "p.cc", "-o", tmp_path / "p", *flags(installed, "--libs"))
    assert done.returncode == 0, done.stderr
    assert run(tmp_path / "p", env=installed).stdout.startswith("www.example.com 1.")
