"""Copies of the memory and registers of all processes of a service, and the search in them."""
import collections
import pathlib
import subprocess
import tempfile

from harness.service import BUILD

TOOLS = BUILD / "tests" / "forensic"

Segment = collections.namedtuple("Segment", "at length address permissions name")
Hit = collections.namedtuple("Hit", "process where address order kind piece")


def find_pieces(needles, files):
    """[(file index, offset, piece)] of the needles in these files."""
    pieces = list(needles.known)
    with tempfile.NamedTemporaryFile() as f:
        f.write(b"".join(pieces))
        f.flush()
        done = subprocess.run([TOOLS / "pieces", f.name, *map(str, files)], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[-1] == "done"
    return [(int(a), int(b), pieces[int(c)]) for a, b, c in (line.split() for line in lines[:-1])]


class Snapshot:
    """A directory with the copies of some processes. `names` is {pid: name}."""

    def __init__(self, directory, names):
        self.dir, self.names = pathlib.Path(directory), dict(names)
        self.pids = [p for p in self.names if (self.dir / f"{p}.bin").exists()]

    def segments(self, pid):
        """Pieces that were copied, in the order of the file."""
        return [s for s in self._lines(pid) if s.at is not None]

    def unreadable(self, pid):
        return [s for s in self._lines(pid) if s.at is None]

    def _lines(self, pid):
        for line in (self.dir / f"{pid}.map").read_text(errors="replace").splitlines():
            at, length, address, permissions, name = line.split(" ", 4)
            yield Segment(None if at == "-" else int(at), int(length), int(address, 16), permissions, name)

    def written(self, pid):
        """What the process itself can have put there: registers and writable pages, without those that are all zero."""
        data, pages = self.contents(pid), []
        for s in self.segments(pid):
            if s.permissions == "-" or "w" in s.permissions:
                pages += [p for p in (data[i:i + 4096] for i in range(s.at, s.at + s.length, 4096)) if p.strip(b"\0")]
                pages.append(b"\0" * 8)
        return b"".join(pages)

    def contents(self, pid):
        return (self.dir / f"{pid}.bin").read_bytes()

    def search(self, needles):
        """[Hit]"""
        out = []
        for index, offset, piece in find_pieces(needles, [self.dir / f"{p}.bin" for p in self.pids]):
            pid = self.pids[index]
            s = next(s for s in self.segments(pid) if s.at <= offset < s.at + s.length)
            order, kind = needles.known[piece]
            out.append(Hit(f"{self.names[pid]} {pid}", s.name, s.address + offset - s.at, order, kind, piece))
        return out


def take(service, directory, inside=(), also=()):
    """Of autocsrd and everything below it, or of the processes `also` alone. `inside`: those that copy out for us what only they
    can read."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    names = {p: also[p] for p in also} if also else {service.proc.pid: "autocsrd", **service.processes()}
    for words, pids in (([], [p for p in names if p not in inside]), (["--inside"], [p for p in names if p in inside])):
        if pids:
            done = subprocess.run([TOOLS / "snapshot", *words, str(directory), *map(str, pids)], capture_output=True, text=True,
                                  check=False)
            assert done.returncode == 0, done.stderr
    return Snapshot(directory, names)


def describe(hits):
    """What was found, where, how often: for the message of a failure."""
    groups = collections.Counter((h.process, h.where, h.order, h.kind) for h in hits)
    return "\n".join(f"{n:6d} pieces of {kind} of [{order}] in {process}, {where}"
                     for (process, where, order, kind), n in groups.most_common(60))
