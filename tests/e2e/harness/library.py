"""What the tests of the library look at: its headers as declarations, the built and the installed library."""
import json
import pathlib
import re
import subprocess

from harness.service import BUILD, REPO

HEADERS = sorted((REPO / "include" / "autocsr").glob("*.h"))
BUILT = pathlib.Path(BUILD) / "src" / "pki" / "library"
SHARED = BUILT / "libautocsr.so"
STATIC = BUILT / "libautocsr.a"
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
DECLARED = re.compile(r"\b(acsr_\w+)\(")


def run(*words, **more):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=120, **more)


def option(name):
    """A build option's value, such as b_sanitize."""
    done = run("meson", "introspect", "--buildoptions", BUILD)
    return next(o["value"] for o in json.loads(done.stdout) if o["name"] == name)


def paragraphs(text):
    """Runs of lines without an empty one between them; a comment with an empty line stays whole."""
    kept = COMMENT.sub(lambda m: m.group(0).replace("\n\n", "\n*\n"), text)
    return re.split(r"\n\s*\n", kept)


def declarations(text):
    """Every public function that a header's text declares, by name: whether a comment stands with it."""
    found = {}
    for paragraph in paragraphs(text):
        bare = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), paragraph)
        bare = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), bare, flags=re.M)
        bare = re.sub(r"^typedef\b[^;]*;", lambda m: re.sub(r"[^\n]", " ", m.group(0)), bare, flags=re.M)
        for match in DECLARED.finditer(bare):
            end = bare.find(";", match.start())
            line_end = paragraph.find("\n", end)
            upto = paragraph[:line_end if line_end >= 0 else len(paragraph)]
            found[match.group(1)] = COMMENT.search(upto) is not None
    return found


def symbols(path, *flags):
    """(name without version, type) of a file's symbols."""
    rows = (line.split() for line in run("nm", *flags, path).stdout.splitlines())
    return [(row[-1].split("@")[0], row[-2]) for row in rows if len(row) >= 2]
