"""libautocsr as a product: headers that stand alone, exports that are declared and documented, no state, no output."""
import re
import shutil

import pytest
from harness.library import BUILT, COMMENT, HEADERS, SHARED, STATIC, declarations, option, run, symbols
from harness.service import REPO

COMPILERS = [("c11", ["gcc", "-std=c11"]), ("c++17", ["g++", "-std=c++17"]),
             ("c11 clang", ["clang", "-std=c11"]), ("c++17 clang", ["clang++", "-std=c++17"])]
STRICT = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-Wundef", "-fsyntax-only"]

# A library reports to its caller. It writes to nobody's terminal or log, ends nobody's program, reads and changes nothing
# that belongs to the whole process, and does not depend on the locale.
NEVER = {
    "prints": """printf fprintf vprintf vfprintf dprintf vdprintf puts putchar putc fputs fputc fwrite perror psignal
        stdout stderr syslog vsyslog __printf_chk __fprintf_chk __vprintf_chk __vfprintf_chk __dprintf_chk""",
    "ends the program": """exit _exit _Exit quick_exit abort raise kill __assert_fail __assert errx err verrx error""",
    "uses process-wide state": """getenv secure_getenv setenv putenv unsetenv setlocale chdir umask signal sigaction fork
        vfork system popen strtok gmtime localtime ctime asctime rand srand random srandom readdir getpwnam strsignal
        atexit on_exit pthread_atfork OPENSSL_init_crypto OPENSSL_atexit ERR_print_errors_fp ERR_print_errors""",
    "depends on the locale": """strcasecmp strncasecmp strcasestr strcoll isalpha isalnum toupper tolower __ctype_b_loc
        __ctype_toupper_loc __ctype_tolower_loc strtod localeconv strftime strptime""",
}
# What memory is written, each word once, to what all threads then read: the list of suffixes, a library context without
# algorithms, and a public key of each curve that others are copied from.
STATE = {"the_list", "keyless", "model_keys"}
OF_THE_COMPILER = re.compile(r"completed\.\d+|__dso_handle|_edata|__bss_start|_end|__TMC_END__|\.data|\.bss")


def plain_build():
    if option("b_sanitize") != "none":
        pytest.skip("a sanitizer's build brings imports and variables of its own")


@pytest.mark.parametrize("header", HEADERS, ids=lambda h: h.name)
def test_a_header_stands_alone(header):
    for name, compiler in COMPILERS:
        if shutil.which(compiler[0]) is None:
            continue
        language = "c++" if name.startswith("c++") else "c"
        done = run(*compiler, *STRICT, "-x", language, "-I", REPO / "include", 
                   "-include", f"autocsr/{header.name}", "-", input="extern int acsr_test;\n")
        assert done.returncode == 0, f"{name}: {done.stderr}"


def test_headers_include_only_their_own_kind_and_the_standard_library():
    allowed = {"stddef.h", "stdint.h", "stdbool.h"}
    for header in HEADERS:
        for what in re.findall(r'^\s*#\s*include\s+[<"]([^">]+)', header.read_text(), re.M):
            assert what in allowed or (REPO / "include" / what).exists() and what.startswith("autocsr/"), f"{header.name}: {what}"


def test_headers_name_only_what_their_reader_can_see():
    for header in HEADERS:
        hidden = re.findall(r"\bLIMIT_\w+|\bsrc/[\w/]+|\bbase/\w+\.h|\bpki/\w+\.h", header.read_text())
        assert not hidden, f"{header.name} speaks of {hidden[0]}, which is not installed"


def test_exports_are_the_declared_and_documented_functions():
    declared = {}
    for header in HEADERS:
        declared |= declarations(header.read_text())
    exported = {name for name, kind in symbols(SHARED, "-D", "--defined-only") if kind in "TDBRVW"}
    assert exported - declared.keys() == set(), "exported, but in no public header"
    assert declared.keys() - exported == set(), "declared, but not exported"
    assert sorted(name for name, told in declared.items() if not told) == [], "without a comment"


def test_the_parser_of_headers_finds_what_is_undocumented():
    text = "/* One. */\nint acsr_a(int);\nint acsr_b(void);\n\nint acsr_c(\n\tint x);\nint acsr_d(void); /* d */\n\n#define X(y) acsr_e(y)\ntypedef int acsr_f(\n\tint);\n"
    assert declarations(text) == {"acsr_a": True, "acsr_b": True, "acsr_c": False, "acsr_d": True}


@pytest.mark.parametrize("what", NEVER)
def test_the_library_never(what):
    plain_build()
    imported = {name for name, kind in symbols(SHARED, "-D", "--undefined-only")}
    assert sorted(imported & set(NEVER[what].split())) == []
    assert {"malloc", "memcpy"} <= imported, "this test would find nothing"


def test_the_library_has_no_variables():
    plain_build()
    table = run("objdump", "-t", SHARED).stdout
    variables = set()
    for line in table.splitlines():
        found = re.match(r"[0-9a-f]+ .{7} (\.data|\.bss|\.tdata|\.tbss|\*COM\*)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$", line)
        if found and not OF_THE_COMPILER.fullmatch(found.group(3)):
            variables.add(found.group(3))
    assert variables == STATE


def test_the_static_library_hides_its_own_names():
    exported = {name for name, kind in symbols(SHARED, "-D", "--defined-only") if kind in "TDBRVW"}
    visible = {name for name, kind in symbols(STATIC, "-g", "--defined-only")}
    assert visible == exported


def test_the_shared_library_says_its_version_and_binds_everything_at_start():
    text = (REPO / "include/autocsr/version.h").read_text()
    numbers = [re.search(rf"define ACSR_VERSION_{part} (\d+)", text).group(1) for part in ("MAJOR", "MINOR", "PATCH")]
    dynamic = run("readelf", "-Wd", SHARED).stdout
    assert f"[libautocsr.so.{numbers[0]}]" in dynamic and "NOW" in dynamic and "TEXTREL" not in dynamic
    assert (BUILT / f"libautocsr.so.{'.'.join(numbers)}").exists()
    assert all(version == f"LIBAUTOCSR_{numbers[0]}" or version.startswith(f"LIBAUTOCSR_{numbers[0]}.")
               for version in re.findall(r"acsr_\w+@@(\S+)", run("nm", "-D", "--defined-only", SHARED).stdout))


def test_names_that_headers_mention_exist():
    texts = {header.name: header.read_text() for header in HEADERS}
    code = " ".join(COMMENT.sub(" ", text) for text in texts.values())
    known = set(re.findall(r"\b(?:acsr|ACSR)_\w+", code))
    for name, text in texts.items():
        for word in re.findall(r"\b(?:acsr|ACSR)_\w*[A-Za-z0-9]\b(?![_…*])", " ".join(COMMENT.findall(text))):
            assert word in known, f"{name} speaks of {word}, which does not exist"


def test_errors_that_headers_promise_exist():
    families = set(re.findall(r'^\t\{ "([a-z]+)\.', (REPO / "src/base/errtab.c").read_text(), re.M)) | {"sys"}
    sources = "".join(path.read_text() for path in (*(REPO / "src/pki").rglob("*.c"), *(REPO / "src/base").glob("*.c")))
    count, broken = 0, []
    for header in HEADERS:
        comments = "".join(COMMENT.findall(header.read_text()))
        for name in re.findall(rf'(?<![\w.":/-])((?:{"|".join(families)})\.[a-z0-9][a-z0-9.-]*[a-z0-9])(?![\w(/*"])', comments):
            if name.endswith((".h", ".c")) or header.name in ("rules.h", "finding.h", "err.h"):
                continue
            count += 1
            last = name.rsplit(".", 1)[-1]  # some are put together: "%s.indefinite" behind the kind of object
            if not any(word in sources for word in (f'"{name}"', f'.{last}"', f'"{last}"')):
                broken.append(f"{header.name}: {name}")
    assert broken == [], "headers promise errors that nothing returns"
    assert count > 100
