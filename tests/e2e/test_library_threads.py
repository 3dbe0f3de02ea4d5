"""No state: many threads under ThreadSanitizer, and locales that change what letters are."""
import concurrent.futures
import json
import pathlib
import shlex
import shutil
import subprocess

import pytest
from harness.library import BUILT, option, run
from harness.service import BUILD, REPO

PROGRAMS = REPO / "tests" / "library"
# libcrypto is not built with ThreadSanitizer, which therefore does not see what orders its threads.
SUPPRESSIONS = "called_from_lib:libcrypto.so\nrace:libcrypto.so\n"
LIBRARIES = ["-lcrypto", "-lidn2", "-lpsl", "-ljansson", "-lp11-kit", "-lgmp", "-pthread"]


def library_commands():
    """How the build compiles what the library is made of: (command, source)."""
    for entry in json.loads(pathlib.Path(BUILD, "compile_commands.json").read_text()):
        if entry["output"].startswith(("src/pki/", "src/base/libbase")) and ".a.p/" in entry["output"]:
            yield shlex.split(entry["command"]), entry["output"]


def compile_anew(command, output, to):
    """The build's own command with ThreadSanitizer and another place for the result."""
    out = to / output.replace("/", "_")
    words = command[:command.index("-MD")] + ["-O1", "-fsanitize=thread", "-w", "-o", str(out), "-c", command[-1]]
    done = subprocess.run(words, cwd=BUILD, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory):
    """The library with ThreadSanitizer, as an archive."""
    if option("b_sanitize") != "none":
        pytest.skip("another sanitizer's build")
    where = tmp_path_factory.mktemp("threads")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(lambda c: compile_anew(*c, where), library_commands()))
    assert len(objects) > 60
    assert run("ar", "rcs", where / "library.a", *objects).returncode == 0
    return where


def threads(sanitized, *defines):
    program = sanitized / ("threads" + "".join(defines))
    done = run("cc", "-g", "-O1", "-fsanitize=thread", *defines, "-I", REPO / "include", PROGRAMS / "threads.c",
               sanitized / "library.a", "-o", program, *LIBRARIES)
    assert done.returncode == 0, done.stderr
    (sanitized / "suppressions").write_text(SUPPRESSIONS)
    options = f"suppressions={sanitized}/suppressions:exitcode=66:halt_on_error=0"
    # Where addresses are too random for this sanitizer, they are made less so.
    words = ["setarch", "-R", str(program)] if shutil.which("setarch") else [str(program)]
    return run(*words, env={"TSAN_OPTIONS": options, "PATH": "/usr/bin:/bin"})


def test_threads_do_not_disturb_each_other(sanitized):
    done = threads(sanitized)
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("ThreadSanitizer does not run on this kernel")
    assert done.returncode == 0, done.stderr[:4000]
    assert "8 threads" in done.stdout and "WARNING" not in done.stderr


def test_the_sanitizer_finds_a_race(sanitized):
    done = threads(sanitized, "-DRACE")
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("ThreadSanitizer does not run on this kernel")
    assert done.returncode == 66 and "data race" in done.stderr


def test_the_locale_changes_nothing(tmp_path):
    if option("b_sanitize") != "none":
        pytest.skip("another sanitizer's build")
    if shutil.which("localedef") is None or not pathlib.Path("/usr/share/i18n/locales/tr_TR").exists():
        pytest.skip("the package locales is not installed")
    done = run("cc", "-I", REPO / "include", PROGRAMS / "locale.c", "-o", tmp_path / "locale", "-L", BUILT, "-lautocsr")
    assert done.returncode == 0, done.stderr
    env = {"LD_LIBRARY_PATH": str(BUILT), "LOCPATH": str(tmp_path)}
    usual = run(tmp_path / "locale", env=env)
    assert usual.returncode == 0 and "istanbul.idi.example.com" in usual.stdout and "has it\n" in usual.stdout
    for charset in ("UTF-8", "ISO-8859-9"):
        run("localedef", "-i", "tr_TR", "-f", charset, tmp_path / f"tr_TR.{charset}")
        turkish = run(tmp_path / "locale", f"tr_TR.{charset}", env=env)
        assert turkish.returncode == 0, turkish.stderr
        assert turkish.stdout == usual.stdout
        assert turkish.stderr == "1\n", "in this locale strcasecmp would have been right as well"
