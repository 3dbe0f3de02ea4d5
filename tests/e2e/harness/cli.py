"""Runs the `autocsr` program as a script would, and checks what holds for every command on the way."""
import json
import os
import subprocess

from . import schema
from .service import SANITIZER, program

CODE = r"[0-9A-HJKMNP-TV-Z]{26}"


class Done:
    """What one run left behind."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def text(self):
        return self.out.decode() + self.err.decode()

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        """Of a batch: a document a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def problem(self):
        """The last part of the problem document's type."""
        assert self.json["type"].startswith("urn:autocsr:error:"), self.json
        return self.json["type"].removeprefix("urn:autocsr:error:")


class Cli:
    """`cwd` is where it runs and HOME; no terminal, and no environment but what is given."""

    def __init__(self, cwd, env=None):
        self.cwd, self.env = cwd, {"PATH": os.environ["PATH"], "HOME": str(cwd), **(env or {})}
        self.env |= {k: v for k, v in os.environ.items() if k.startswith(("ASAN", "UBSAN"))}

    def command(self, *words):
        return [program("autocsr"), *map(str, words)]

    def start(self, *words):
        return subprocess.Popen(self.command(*words), cwd=self.cwd, env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def run(self, *words, stdin=b"", code=0):
        """Runs it, expects this exit code (None: any), and no key and no crash in what it says."""
        done = Done(subprocess.run(self.command(*words), cwd=self.cwd, env=self.env, input=stdin,
                                   capture_output=True, timeout=120, start_new_session=True))
        assert code is None or done.code == code, f"{words}: exit {done.code}\n{done.text}"
        assert done.code in range(6), done.text
        assert not SANITIZER.search(done.err.decode("utf-8", "replace")), done.text
        if "--out" not in words or words[words.index("--out") + 1] != "-":
            assert b"PRIVATE KEY-----" not in done.out + done.err
        if "--json" in words:
            documents = done.lines if done.out.startswith(b'{"') else [done.json]
            assert documents and documents[0] is not None
            for document in documents:
                schema.conforms_to_command(words, document)
        return done

    def ask(self, *words, **kw):
        """The same with --json; returns the document."""
        return self.run(*words, "--json", **kw).json
