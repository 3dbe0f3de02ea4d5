"""Measures what the keymaker's hardening costs, against the same program without it; tools/bench runs it.

Two services side by side, one with tests/bench/harden_none.c in its keymaker. They take turns, so that whatever else the
machine does meets both.
"""
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness.service import BUILD, ROLES, Service, program  # noqa: E402
from orders import Client, saturated  # noqa: E402

TURNS, SECONDS, ONE_BY_ONE = 6, 10, 200


def plain_build(directory):
    """The programs with the keymaker that is not hardened in the place of ours."""
    copy = pathlib.Path(directory) / "plain"
    for name in ["autocsrd"] + ["autocsr-" + role for role in ROLES]:
        to = pathlib.Path(program(name, copy))
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(BUILD / "tests/bench/autocsr-keymaker-plain" if name == "autocsr-keymaker" else program(name), to)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o755)
    return copy


def one_by_one(ours, plain):
    """Median seconds of a P-256 order of each, in turns."""
    took = ([], [])
    clients = [Client(ours), Client(plain)]
    for _ in range(ONE_BY_ONE):
        for client, out in zip(clients, took):
            out.append(client.order("ec:p256"))
            time.sleep(0.01)
    return [statistics.median(t) for t in took]


def in_turns(ours, plain, key_type):
    """Orders a second of each, all turns together."""
    done = [0.0, 0.0]
    for turn in range(TURNS):
        for i in (0, 1) if turn % 2 == 0 else (1, 0):
            done[i] += saturated((ours, plain)[i], key_type, 4, SECONDS)[0] / TURNS
    return done


def main():
    with tempfile.TemporaryDirectory(prefix="autocsr-bench-") as d:
        pathlib.Path(d).chmod(0o755)
        config = {"orders": {"new_per_hour": "0"}}
        ours, plain = Service(d + "/ours", config), Service(d + "/without", config)
        plain.build = plain_build(d)
        try:
            ours.start()
            plain.start()
            time.sleep(2)
            p256 = one_by_one(ours, plain)
            rsa = in_turns(ours, plain, "rsa:2048")
        finally:
            ours.stop()
            plain.stop()
    print(f"\nhardening: a P-256 order takes {p256[0] * 1000:.2f} ms, without it {p256[1] * 1000:.2f}: "
          f"{(p256[0] - p256[1]) * 1000:+.2f} ms (target: under 2)")
    print(f"hardening: {rsa[0]:.1f} RSA-2048 orders/s, without it {rsa[1]:.1f}: "
          f"{(1 - rsa[0] / rsa[1]) * 100:+.1f} % (target: under 5)")


if __name__ == "__main__":
    main()
