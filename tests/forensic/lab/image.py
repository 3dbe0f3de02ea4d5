"""A file system of its own in one file, so that what was deleted from it can be searched too."""
import pathlib
import subprocess


class Image:
    """An ext4 image mounted at `mountpoint`, where the machine can do that; else a plain folder, and `why_not` says why."""

    def __init__(self, path, mountpoint, megabytes=96):
        self.path, self.mountpoint, self.why_not = pathlib.Path(path), pathlib.Path(mountpoint), None
        self.mountpoint.mkdir(parents=True, exist_ok=True)
        with self.path.open("wb") as f:
            f.truncate(megabytes << 20)
        for words in (["mkfs.ext4", "-q", "-F", "-E", "nodiscard", self.path], ["mount", "-o", "loop,nodiscard", self.path, self.mountpoint]):
            try:
                done = subprocess.run(words, capture_output=True, text=True, check=False)
            except OSError as e:
                self.why_not = str(e)
                return
            if done.returncode != 0:
                self.why_not = f"{words[0]}: {done.stderr.strip()}"
                return
        self.mountpoint.chmod(0o755)

    def sync(self):
        subprocess.run(["sync", "-f", self.mountpoint], check=True)

    def close(self):
        if self.why_not is None:
            subprocess.run(["umount", "-l", self.mountpoint], check=False)
