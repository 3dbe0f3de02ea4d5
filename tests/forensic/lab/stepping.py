"""A worker of the keymaker, led from one system call to the next (tools/stepper.c)."""
import collections
import subprocess

from .snapshots import TOOLS, Snapshot

Call = collections.namedtuple("Call", "number args")

# What the tests speak of, by number (x86-64; the tests that need it skip elsewhere).
NAMES = {0: "read", 1: "write", 2: "open", 3: "close", 9: "mmap", 10: "mprotect", 11: "munmap", 12: "brk", 13: "rt_sigaction",
         14: "rt_sigprocmask", 16: "ioctl", 20: "writev", 25: "mremap", 28: "madvise", 32: "dup", 33: "dup2", 39: "getpid", 41: "socket",
         42: "connect", 44: "sendto", 46: "sendmsg", 56: "clone", 57: "fork", 58: "vfork", 59: "execve", 60: "exit", 72: "fcntl",
         77: "ftruncate", 85: "creat", 110: "getppid", 141: "setpriority", 149: "mlock", 151: "mlockall", 157: "prctl",
         160: "setrlimit", 186: "gettid", 202: "futex", 218: "set_tid_address", 228: "clock_gettime", 231: "exit_group", 257: "openat",
         262: "newfstatat", 273: "set_robust_list", 302: "prlimit64", 317: "seccomp", 318: "getrandom", 325: "mlock2", 334: "rseq",
         435: "clone3", 436: "close_range", 437: "openat2", 447: "memfd_secret"}


class Stepper:
    """Use as a context; `wait()` until a worker is caught, then `next()`."""

    def __init__(self, how, pid):
        self.proc = subprocess.Popen([TOOLS / "stepper", f"--{how}", str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid, self.calls, self.status = None, [], None
        assert self._line() == "waiting"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.stdin.close()
        if self.pid is None:
            self.proc.terminate()
        self.proc.wait(10)
        self.proc.stdout.close()

    def _line(self):
        return self.proc.stdout.readline().strip()

    def _ask(self, command):
        self.proc.stdin.write(command + "\n")
        self.proc.stdin.flush()
        return self._line()

    def wait(self):
        word, pid = self._line().split()
        assert word == "at"
        self.pid = int(pid)
        return self

    def next(self):
        """The call that it now stands before, or None when it has ended."""
        words = self._ask("next").split()
        if words[0] == "gone":
            self.status = int(words[1])
            return None
        self.calls.append(Call(NAMES.get(int(words[1]), words[1]), [int(w) for w in words[2:]]))
        return self.calls[-1]

    def until(self, name, n=1):
        """To before the n-th call of that name from here."""
        while n > 0:
            call = self.next()
            assert call is not None, f"the worker ended before {name}: {[c.number for c in self.calls]}"
            n -= call.number == name
        return call

    def copy(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        assert self._ask(f"copy {directory}") == "copied"
        return Snapshot(directory, {self.pid: "worker"})

    def kill(self):
        words = self._ask("kill").split()
        assert words[0] == "gone"
        self.status = int(words[1])

    def go(self):
        self.proc.stdin.write("go\n")
        self.proc.stdin.flush()
