"""What really crosses between processes: strace on the running roles, every byte that they read and write."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from .net import wait_for

CALLS = "read,write,readv,writev,pread64,pwrite64,recvfrom,sendto,recvmsg,sendmsg,splice,sendfile,recvmmsg,sendmmsg"


def available():
    """Why it cannot be used, or None."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    if os.geteuid() != 0:
        return "tracing processes of other users needs root"
    return None


class Trace:
    """Traces these roles of a service; `bytes_of(role)` is all that went in and out of it, in order."""

    def __init__(self, service, roles, directory):
        self.files, self.procs = {}, []
        for role in roles:
            out = pathlib.Path(directory, f"trace-{role}")
            # The keymaker's workers are left alone: they are where the key may be. Others may have threads.
            follow = [] if role == "keymaker" else ["-f"]
            self.files[role] = out
            self.procs.append(subprocess.Popen(["strace", *follow, "-xx", "-s", "300000", "-e", f"trace={CALLS}", "-o", str(out), "-p",
                                                str(service.pid(role))], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        for role, proc in zip(roles, self.procs):
            pid = service.pid(role)
            wait_for(f"strace on {role}", lambda: self._traced(pid, "-f" in proc.args) or proc.poll() is not None, 20)
            assert proc.poll() is None, proc.stderr.read().decode()
        time.sleep(0.2)  # attached is not yet interrupted: from the next call on all is seen

    @staticmethod
    def _traced(pid, threads=False):
        """True also of a process that is gone: an injected kill can be that quick."""
        try:
            of = os.listdir(f"/proc/{pid}/task") if threads else [pid]
            return all("TracerPid:\t0" not in pathlib.Path(f"/proc/{pid}/task/{t}/status").read_text() for t in of)
        except (FileNotFoundError, ProcessLookupError):
            return True

    def stop(self):
        for proc in self.procs:
            proc.send_signal(signal.SIGINT)
        for proc in self.procs:
            proc.wait(60)
            proc.stderr.close()

    def bytes_of(self, role):
        text = self.files[role].read_text()
        return b"\n".join(bytes.fromhex(m.replace("\\x", "")) for m in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', text))
