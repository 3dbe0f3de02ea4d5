"""A service whose keymaker has faults built in (altered/altered.c), beside copies of the other programs."""
import pathlib
import shutil

from harness.service import BUILD, ROLES, program


def build(directory):
    """A build tree in which autocsrd finds the altered keymaker."""
    copy = pathlib.Path(directory) / "altered"
    for name in ["autocsrd"] + ["autocsr-" + role for role in ROLES]:
        to = pathlib.Path(program(name, copy))
        to.parent.mkdir(parents=True, exist_ok=True)
        source = BUILD / "tests/forensic/autocsr-keymaker-altered" if name == "autocsr-keymaker" else program(name)
        shutil.copy2(source, to)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o755)
    return copy
