"""Starts and stops the real `autocsrd` with a state directory of its own, and looks at its processes and log."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import requests

from .net import free_port, wait_for

REPO = pathlib.Path(__file__).resolve().parents[3]
# A build with the test clock where there is one: without it some tests cannot travel in time.
_usual = next((b for b in ("build-test", "build") if (REPO / b / "build.ninja").exists()), "build")
BUILD = pathlib.Path(os.environ.get("AUTOCSR_BUILD", REPO / _usual)).resolve()
ROLES = ["front", "core", "keymaker", "signer", "prober", "courier"]
SANITIZER = re.compile(r"\w+Sanitizer\b|: runtime error: ")


def program(name, build=BUILD):
    """The path of a built program: autocsrd, autocsr or autocsr-ROLE."""
    folder = {"autocsrd": "autocsrd", "autocsr": "cli"}.get(name, name.removeprefix("autocsr-"))
    return str(build / "src" / folder / name)


def build_for(user, directory):
    """Where that user can run the programs: the build, or a copy when a folder above the build is closed to others."""
    reaches = user is None or subprocess.run(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "test", "-x",
                                              program("autocsrd")], check=False).returncode == 0
    if reaches:
        return BUILD
    copy = pathlib.Path(directory) / "build"
    for name in ["autocsrd"] + ["autocsr-" + role for role in [*ROLES, "hook"]]:
        to = pathlib.Path(program(name, copy))
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(program(name), to)
    return copy


def merged(*configs):
    out = {}
    for config in configs:
        for section, keys in config.items():
            out.setdefault(section, {}).update(keys)
    return out


class Service:
    """One service. `config` is {section: {key: value}}, on top of what makes it run on loopback."""

    def __init__(self, directory, config=None, env=None, user=None):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.state, self.user, self.env = self.dir / "state", user, env or {}
        self.build = build_for(user, self.dir)
        self.port, self.http_port = free_port(), free_port()
        self.url, self.http_url = f"https://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.http_port}"
        self.config = merged({"server": {"listen": f"127.0.0.1:{self.port}", "state": self.state,
                                         "http_listen": f"127.0.0.1:{self.http_port}"}}, config or {})
        self.log_path, self.proc, self.log_from, self.started = self.dir / "log", None, 0, 0.0
        self.start_seconds = None
        self.verified = True  # not by a test whose service lives in another time: its certificate is not valid now

    @property
    def config_file(self):
        path = self.dir / "autocsrd.conf"
        sections = [f"[{s}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items() if v is not None)
                    for s, keys in self.config.items()]
        path.write_text("\n".join(sections))
        path.chmod(0o644)
        return path

    # ---- start and stop

    def command(self):
        words = [program("autocsrd", self.build), "--config", str(self.config_file)]
        if self.user is not None:
            words = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", *words]
        return words

    def spawn(self):
        """Starts it without waiting for readiness."""
        env = {**os.environ, **{k: str(v) for k, v in self.env.items()}}
        env.setdefault("ASAN_OPTIONS", "abort_on_error=0:detect_leaks=0:handle_abort=0")
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        self.log_from = self.log_path.stat().st_size if self.log_path.exists() else 0
        self.started = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.proc = subprocess.Popen(self.command(), stdout=log, stderr=log, env=env, cwd=self.dir,
                                         start_new_session=True)
        return self

    def start(self, seconds=60):
        self.spawn()
        self.wait_ready(seconds)
        self.start_seconds = time.monotonic() - self.started
        return self

    def wait_ready(self, seconds=60):
        try:
            wait_for("the service to be ready", self.ready, seconds)
        except AssertionError as e:
            raise AssertionError(f"{e}\n--- log ---\n{self.log_text()[-4000:]}") from None

    def ready(self):
        if self.proc.poll() is not None:
            raise AssertionError(f"autocsrd ended with {self.proc.returncode} at start:\n{self.log_text()[-4000:]}")
        try:
            return self.get("/readyz", timeout=2).status_code == 200
        except (requests.RequestException, OSError):
            return False

    def get(self, path, **kw):
        kw.setdefault("timeout", 30)
        return requests.get(self.url + path, verify=str(self.root_pem) if self.verified else False, **kw)

    def stop(self, seconds=60):
        """SIGTERM, and it has to end with 0 and leave no process behind."""
        if self.proc is None:
            return
        members = self.births()
        self.proc.send_signal(signal.SIGTERM)
        try:
            code = self.proc.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError(f"autocsrd did not stop on SIGTERM in {seconds} s:\n{self.log_text()[-3000:]}") from None
        self.proc = None
        wait_for("all roles to end", lambda: self.gone(members), 15)
        assert code == 0, f"autocsrd ended with {code}:\n{self.log_text()[-3000:]}"
        self.check_sanitizers()

    def kill_all(self):
        """kill -9 of the whole service at once: supervisor first, so that nothing is restarted."""
        members = self.births()
        for pid in [self.proc.pid, *members]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.proc.wait(60)
        self.proc = None
        wait_for("the killed processes to go", lambda: self.gone(members), 10)

    def restart(self, seconds=60):
        if self.proc is not None:
            self.stop()
        return self.start(seconds)

    def check_sanitizers(self):
        """Of every run so far: one that was killed had nobody who looked."""
        text = self.log_text(all_runs=True)
        found = SANITIZER.search(text)
        assert not found, "a sanitizer reported:\n" + text[max(0, found.start() - 200):found.start() + 3000]

    # ---- processes

    @staticmethod
    def _birth(pid):
        """When it was started, or None when it has ended. A process that ends loses its memory first (and the link to its program
        with it), then what it has open, ports too; only then is it a zombie without other threads."""
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            return None if fields[0] in "ZX" and len(os.listdir(f"/proc/{pid}/task")) < 2 else fields[19]
        except OSError:
            return None

    def births(self):
        """{pid: when it was started} of all that descend from autocsrd, for gone()."""
        return {pid: self._birth(pid) for pid in self.processes()}

    def gone(self, births):
        """Whether all of them have ended and closed what they had open."""
        return not any(born and self._birth(pid) == born for pid, born in births.items())

    def processes(self):
        """{pid: program name} of all that descend from autocsrd, itself left out."""
        parents, names = {}, {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    fields = pathlib.Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)
                    parents[int(entry)] = int(fields[1].split()[1])
                    names[int(entry)] = os.path.basename(os.readlink(f"/proc/{entry}/exe"))
                except (OSError, IndexError):
                    continue
        ours = {self.proc.pid}
        while True:
            more = {p for p, parent in parents.items() if parent in ours} - ours
            if not more:
                return {p: names.get(p, "?") for p in ours if p != self.proc.pid}
            ours |= more

    def pid(self, role):
        """The process of a role (of the keymaker its parent, not a worker)."""
        if role == "autocsrd":
            return self.proc.pid
        def mine():
            found = [p for p, name in self.processes().items()
                     if name == f"autocsr-{role}" and self._parent(p) == self.proc.pid]
            return found if len(found) == 1 else None
        return wait_for(f"one process of {role}", mine, 15)[0]

    @staticmethod
    def _parent(pid):
        if not pathlib.Path(f"/proc/{pid}/stat").exists():
            return 0
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])

    def workers(self):
        """The keymaker's workers."""
        parent = self.pid("keymaker")
        return [p for p in self.processes() if self._parent(p) == parent]

    def kill(self, role, sig=signal.SIGKILL):
        """Kills one role and waits until another process has taken its place and the service is ready."""
        old = self.pid(role)
        os.kill(old, sig)
        if role == "autocsrd":
            return
        def replaced():
            return [p for p, n in self.processes().items()
                    if n == f"autocsr-{role}" and p != old and self._parent(p) == self.proc.pid]
        wait_for(f"{role} to be restarted", replaced, 20)
        self.wait_ready(20)

    # ---- files and log

    @property
    def bootstrap(self):
        return self.state / "bootstrap"

    @property
    def root_pem(self):
        return self.bootstrap / "root.pem"

    def secret(self, name):
        """admin-token or admin-password of the first start."""
        return (self.bootstrap / name).read_text().strip()

    def log_text(self, all_runs=False):
        if not self.log_path.exists():
            return ""
        return self.log_path.read_bytes()[0 if all_runs else self.log_from:].decode("utf-8", "replace")

    def log_lines(self):
        """Every line of this run's log as an object; a line that is not JSON is a failure."""
        out = []
        for line in self.log_text().splitlines():
            try:
                out.append(json.loads(line))
            except ValueError:
                raise AssertionError(f"not a JSON line in the log: {line[:300]!r}") from None
        return out

    def state_files(self):
        return sorted(p for p in self.state.rglob("*") if p.is_file())

    def state_contents(self):
        """(path, bytes) of every state file; one that is renamed into place meanwhile is read under its new name or next time."""
        for path in self.state_files():
            try:
                yield path, path.read_bytes()
            except FileNotFoundError:
                pass
