"""The operator's hook: the real autocsr-hook and commands that do what they should, and commands that do not."""
import os
import pathlib
import signal
import time

import pytest
from harness.net import wait_for
from harness.part import Part, Refused

NAME, VALUE = "_acme-challenge.www.example.test", "gfj9Xq...Rg85nM_-"


def script(tmp_path, text, mode=0o755):
    path = tmp_path / "hook"
    path.write_text(text)
    path.chmod(mode)
    return path


def hook(tmp_path, text, mode=0o755, **settings):
    path = script(tmp_path, text, mode)
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    return Part("hook", tmp_path, {"publish.hook": str(path), "publish.hook_paths": str(out),
                                   **{f"publish.{k}": v for k, v in settings.items()}})


def run(part, remove=0, kind="dns", name=NAME, value=VALUE):
    return part.ask("hook_run", {"remove": remove, "kind": kind, "name": name, "value": value})


def failed(part, **what):
    with pytest.raises(Refused) as why:
        run(part, **what)
    return why.value


def running(tag):
    """Processes whose command line has this."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if tag.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


# ---- the contract

def test_arguments_environment_and_everything_else_are_exact(tmp_path):
    text = f"""#!/usr/bin/python3
import json, os, resource, sys
print("done", "well")
json.dump({{"argv": sys.argv, "env": dict(os.environ), "cwd": os.getcwd(), "stdin": sys.stdin.read(), "fds": sorted(os.listdir("/proc/self/fd")),
           "umask": os.umask(0), "core": resource.getrlimit(resource.RLIMIT_CORE), "sid": os.getsid(0) == os.getpid(),
           "status": open("/proc/self/status").read(), "ignored": [s for s in range(1, 32) if __import__("signal").getsignal(s) == 1]}},
          open("{tmp_path}/out/" + sys.argv[1] + sys.argv[2], "w"))
"""
    import json
    with hook(tmp_path, text) as part:
        assert run(part)["output"] == "done well"
        run(part, remove=1)
        run(part, kind="http", name="tok-en_1", value="tok-en_1.thumb")
    got = json.loads((tmp_path / "out/adddns").read_text())
    assert got["argv"] == [str(tmp_path / "hook"), "add", "dns", NAME, VALUE]
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "AUTOCSR_ACTION": "add",
                   "AUTOCSR_KIND": "dns", "AUTOCSR_NAME": NAME, "AUTOCSR_VALUE": VALUE}
    assert {k: v for k, v in got["env"].items() if k != "LC_CTYPE"} == environment  # Python adds that one itself
    assert got["cwd"] == "/" and got["stdin"] == "" and got["umask"] == 0o22 and got["core"] == [0, 0] and got["sid"]
    assert len(got["fds"]) <= 4, "a descriptor of the service leaked"  # 0 1 2, and the one that lists them
    assert "NoNewPrivs:\t1" in got["status"] and "Seccomp:\t2" in got["status"]
    assert json.loads((tmp_path / "out/removedns").read_text())["argv"][1:3] == ["remove", "dns"]
    assert json.loads((tmp_path / "out/addhttp").read_text())["argv"][1:] == ["add", "http", "tok-en_1", "tok-en_1.thumb"]


ODD = ["$(touch /tmp/x)", "`id`", "a b", "'; rm -rf /", '"', "\\", "-n", "--", "a\nb", "ä€😀", "*", "%s%n", "x" * 1000]


def test_values_with_odd_characters_arrive_as_they_are(tmp_path):
    with hook(tmp_path, f'#!/bin/sh\nprintf "%s" "$4" > "{tmp_path}/out/four"\nprintf "%s" "$AUTOCSR_VALUE" > "{tmp_path}/out/env"\n') as part:
        for value in ODD:
            run(part, value=value)
            assert (tmp_path / "out/four").read_text() == value == (tmp_path / "out/env").read_text()


@pytest.mark.parametrize("code,id", [(75, "publish.hook-later"), (1, "publish.hook"), (2, "publish.hook"), (127, "publish.hook"), (255, "publish.hook")])
def test_exit_codes(tmp_path, code, id):
    with hook(tmp_path, f"#!/bin/sh\necho no such zone\necho and more >&2\nexit {code}\n") as part:
        why = failed(part)
        assert why.id == id and "no such zone / and more" in why.text and str(tmp_path / "hook") in why.text
        assert str(code) in why.text or code == 75


def test_what_it_says_cannot_act_on_a_terminal(tmp_path):
    with hook(tmp_path, "#!/bin/sh\nprintf 'a\\033[31mb\\000c\\342\\200\\256d\\n\\n\\n\\377\\n3\\n4\\n'; exit 1\n") as part:
        text = failed(part).text
        assert "a?[31mb?c" in text and "\033" not in text and "\u202e" not in text and text.endswith("3")


# ---- commands that do not keep to it

def test_ten_megabytes_of_output(tmp_path):
    with hook(tmp_path, "#!/bin/sh\nhead -c 10000000 /dev/zero | tr '\\0' x\necho >&2 end\n") as part:
        assert set(run(part)["output"]) == {"x"} and len(run(part)["output"]) <= 200
        rss = int(next(x for x in pathlib.Path(f"/proc/{part.proc.pid}/status").read_text().splitlines() if x.startswith("VmRSS")).split()[1])
        assert rss < 30000


@pytest.mark.parametrize("how", ["sleep 300.125", "trap '' TERM; sleep 300.125 & wait; sleep 300.125", "setsid sleep 300.125 & sleep 300.125",
                                 "while :; do :; done # 300.125"])
def test_one_that_hangs_is_killed_with_all_that_it_started(tmp_path, how):
    with hook(tmp_path, f"#!/bin/sh\necho so far\n{how}\n", hook_timeout="1s") as part:
        why = failed(part)
        assert why.id in ("publish.hook-slow", "publish.hook") and ("so far" in why.text)
        assert not running("300.125")
        assert part.proc.poll() is None


def test_what_it_leaves_in_the_background_ends_with_it(tmp_path):
    with hook(tmp_path, "#!/bin/sh\n(setsid setsid sleep 301.5 >/dev/null 2>&1 &) ; sleep 301.5 &\nexit 0\n") as part:
        run(part)
        assert not running("301.5")


def test_one_that_dies_by_a_signal(tmp_path):
    with hook(tmp_path, "#!/bin/sh\necho alas; kill -SEGV $$\n") as part:
        why = failed(part)
        assert why.id == "publish.hook" and f"signal {int(signal.SIGSEGV)}" in why.text and "alas" in why.text


@pytest.mark.parametrize("text,mode,says", [("#!/bin/sh\n", 0o644, "ermission denied"), ("#!/no/such/interpreter\n", 0o755, "No such file"),
                                            ("not a program", 0o755, "xec format error")])
def test_one_that_cannot_be_run(tmp_path, text, mode, says):
    with hook(tmp_path, text, mode) as part:
        why = failed(part)
        assert why.id == "publish.hook" and "cannot be run" in why.text and says.lower() in why.text.lower()


def test_one_at_a_time_and_not_too_many(tmp_path):
    text = f'#!/bin/sh\nmkdir "{tmp_path}/out/lock" || exit 9\nsleep 0.2\nrmdir "{tmp_path}/out/lock"\necho "$3" >> "{tmp_path}/out/order"\n'
    with hook(tmp_path, text) as part:
        numbers = [part.tell("hook_run", {"kind": "dns", "name": f"n{i}.test", "value": "v"}) for i in range(20)]
        results = []
        for number in numbers:
            try:
                part.wait(number)
                results.append("ok")
            except Refused as why:
                results.append(why.id)
        assert results[:9] == ["ok"] * 9 and set(results[9:]) <= {"ok", "busy.hook"} and "busy.hook" in results
        order = (tmp_path / "out/order").read_text().split()
        assert order == [f"n{i}.test" for i, r in enumerate(results) if r == "ok"]


# ---- the sandbox, which is the command's too

def test_what_the_command_cannot_touch(tmp_path):
    secret = tmp_path.parent / f"{tmp_path.name}-secret"
    secret.mkdir()
    (secret / "key").write_text("key")
    text = f"""#!/usr/bin/python3
import ctypes, os, sys
def can(what):
    try:
        what()
        return True
    except OSError:
        return False
libc = ctypes.CDLL(None, use_errno=True)
found = [can(lambda: open("{secret}/key")), can(lambda: os.listdir("{secret}")), can(lambda: open("{tmp_path}/hook", "a")),
         can(lambda: open("/etc/autocsr-test", "w")), can(lambda: os.kill({os.getpid()}, 0)), libc.unshare(0x10000000) == 0,
         libc.ptrace(16, {os.getpid()}, 0, 0) == 0, can(lambda: open("/proc/{os.getpid()}/mem", "rb").read(1))]
good = [can(lambda: open("{tmp_path}/out/x", "w")), can(lambda: open("/etc/passwd")), can(lambda: open("/dev/null", "w"))]
print(found, good)
"""
    with hook(tmp_path, text) as part:
        said = run(part)["output"]
    found, good = said.split("] ")
    assert good == "[True, True, True]", said
    held = [x.strip() == "True" for x in found.strip("[]").split(",")]
    assert not any(held[:4]) and not any(held[5:]), said  # signals to others (4) are refused by newer kernels only


def test_a_path_that_is_not_there(tmp_path):
    part = hook(tmp_path, "#!/bin/sh\n", hook_paths="/no/such/path")
    with pytest.raises(AssertionError, match="/no/such/path"):
        part.start()
    with pytest.raises(AssertionError, match="does not begin with a slash"):
        hook(tmp_path, "#!/bin/sh\n", hook_paths="relative").start()


# ---- ends

def test_a_stop_kills_what_runs(tmp_path):
    part = hook(tmp_path, "#!/bin/sh\ntrap '' TERM\nsleep 302.5\nsleep 302.5\n").start()
    part.tell("hook_run", {"kind": "dns", "name": NAME, "value": VALUE})
    wait_for("the hook to run", lambda: running("302.5"), 10)
    since = time.monotonic()
    part.stop()
    assert time.monotonic() - since < 8 and not running("302.5")


def test_kill_9_of_the_process_takes_the_command_along(tmp_path):
    part = hook(tmp_path, "#!/bin/sh\nexec sleep 303.5\n").start()
    part.tell("hook_run", {"kind": "dns", "name": NAME, "value": VALUE})
    wait_for("the hook to run", lambda: running("303.5"), 10)
    part.proc.kill()
    part.proc.wait()
    wait_for("the command to go", lambda: not running("303.5"), 5)
    part.control.close()
    part.core.close()


def test_a_new_core_waits_for_what_the_old_one_began(tmp_path):
    text = f'#!/bin/sh\necho "begin $1" >> "{tmp_path}/out/log"\nsleep 0.3\necho "end $1" >> "{tmp_path}/out/log"\n'
    with hook(tmp_path, text) as part:
        part.tell("hook_run", {"kind": "dns", "name": NAME, "value": VALUE})
        wait_for("it to begin", lambda: (tmp_path / "out/log").exists(), 10)
        part.connect()
        run(part, remove=1)
    assert (tmp_path / "out/log").read_text().split("\n") == ["begin add", "end add", "begin remove", "end remove", ""]
