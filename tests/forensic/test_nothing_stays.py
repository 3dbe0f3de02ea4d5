"""The claim: no readable copy of a subscriber's key in any process memory, register set, file, database, log or mail of the service
one second after delivery. HYGIENE's points 1, 3 and 4, and what a thief can make of what he copies. All about one service's day
(lab/scene.py): six key types, each completed by download and by mail, abandoned, and with its worker killed."""
import base64
import functools
import os
import pathlib

import pytest
from harness.service import REPO, ROLES
from lab import insider, loot, needles, snapshots
from lab.scene import STATES, Case, Scene

pytestmark = pytest.mark.forensic
PROGRAMS = ["autocsrd", *("autocsr-" + r for r in ROLES)]
LOOKED = [*STATES, "the end"]
OF_FORM = {"zip": {"code", "AES key", "HMAC key"}, "pkcs8": {"code", "AES key"}, "p12": {"code", "AES key"}, "p12-legacy": {"code"},
           "age": {"content key"}, "cms": {"content key"}}


def assert_none(scene, hits, what):
    assert not hits, f"{what}\n{scene.table(hits)}\n{snapshots.describe(hits)}"


# ---- 1. memory and registers

@pytest.mark.parametrize("when", LOOKED)
def test_no_process_holds_a_piece_one_second_after_delivery(scene, when):
    """Keys, codes, what opens an archive, and the archive itself; `the end` is after every code was revealed."""
    assert_none(scene, scene.hits(when), f"found at the look after {when}")


def test_the_result_is_told_as_a_table(scene):
    """artefacts/forensic.txt: what was searched, what was found."""
    hits = [h for when in LOOKED for h in scene.hits(when)]
    out = REPO / "artefacts" / "forensic.txt"
    out.parent.mkdir(exist_ok=True)
    size = sum(s.length for _, snapshot, _ in scene.taken for p in snapshot.pids for s in snapshot.segments(p))
    out.write_text(f"pieces found in memory and registers, of {len(scene.needles.known)} looked for in {size >> 20} MiB of "
                   f"{len(scene.taken)} copies:\n{scene.table(hits)}\n")
    assert len(scene.table(hits).splitlines()) == 1 + len({(c.key_type, c.form) for c in scene.cases})


def test_every_order_was_looked_for_in_every_form(scene):
    """Control: a search that has no needles finds nothing."""
    for case in scene.delivered:
        kinds, key = scene.needles.kinds(case), scene.keys[case]
        wanted = {"archive", "PEM"} | OF_FORM[case.form]
        wanted |= {f"{n}, {form}" for n in needles.numbers_of(key) for form in ("DER", "limbs")}
        assert kinds >= wanted, (case, wanted - kinds)
        assert case.key_type in {f"rsa:{getattr(key, 'key_size', 0)}", f"ec:p{getattr(key, 'key_size', 0)}", "ed25519"}
    assert set(scene.delivered) == set(scene.cases) and len(scene.cases) >= 24


def test_the_copies_are_whole(scene):
    """Every process, every mapping that has a page, every thread's registers in full width; only secret pages cannot be read."""
    for _, snapshot, _ in scene.taken:
        assert set(snapshot.pids) == set(snapshot.names), "a process was not copied"
        assert {"autocsrd", *("autocsr-" + r for r in ROLES)} <= set(snapshot.names.values())
        for pid in snapshot.pids:
            segments = snapshot.segments(pid)
            registers = [s for s in segments if s.name.startswith("[registers")]
            assert {s.name for s in snapshot.unreadable(pid)} <= {"/secretmem (deleted)"}
            assert {s.name for s in segments} >= {"[stack]", "[heap]"} and registers
            widest = max(s.length for s in registers)
            if "avx512f" in pathlib.Path("/proc/cpuinfo").read_text():
                assert widest >= 2432, "without zmm16 to zmm31"


# ---- 3. disk

def test_no_piece_in_any_file(scene):
    """Database and its log, issuance log, the service's log, whatever else the state directory holds; deleted files that are open."""
    files = [*scene.service.state_files(), scene.service.log_path]
    for pid in [scene.service.proc.pid, *scene.service.processes()]:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            path = pathlib.Path(f"/proc/{pid}/fd/{fd}")
            if path.is_file():
                files.append(path)
    found = snapshots.find_pieces(scene.needles, files)
    assert not found, {(str(files[i]), scene.needles.known[piece]) for i, _, piece in found[:20]}
    for path in files:
        assert not loot.clear_keys(path.read_bytes()) or any(f in str(path) for f in ("/signer/", "/front/", "/fd/")), path


def test_no_piece_in_the_raw_file_system(scene):
    """What was deleted from it included."""
    if scene.image.why_not:
        pytest.skip(f"no file system of its own here ({scene.image.why_not}); its files are searched")
    found = snapshots.find_pieces(scene.needles, [scene.image.path])
    assert not found, {(at, scene.needles.known[piece]) for _, at, piece in found[:20]}


def test_the_search_finds_a_deleted_file_in_the_raw_file_system(scene):
    """Control."""
    if scene.image.why_not:
        pytest.skip(f"no file system of its own here ({scene.image.why_not})")
    secret, wanted = os.urandom(6000), needles.Needles()
    wanted.add("control", "deleted file", secret[:64])
    path = scene.image.mountpoint / "deleted"
    with path.open("wb") as f:
        f.write(secret)
        os.fsync(f.fileno())
    path.unlink()
    scene.image.sync()
    assert snapshots.find_pieces(wanted, [scene.image.path])


def test_the_search_finds_what_is_in_the_database(scene):
    """Control: the public key's hash, stored by intent."""
    wanted = needles.Needles()
    for order in scene.orders.values():
        wanted.add("control", "SPKI SHA-256", (order["spki_sha256"] or "").encode())
    assert snapshots.find_pieces(wanted, scene.service.state_files())


# ---- 4. network

def test_the_network_carries_no_key_and_no_code(scene, tmp_path):
    """All of loopback: HTTPS, plain HTTP, SMTP without TLS, DNS of the probes."""
    files = []
    for n, stream in enumerate(scene.capture.streams().values()):
        files.append(tmp_path / str(n))
        files[-1].write_bytes(stream)
    assert len(files) > 20
    found = snapshots.find_pieces(scene.needles.without("archive"), files)
    assert not found, {scene.needles.known[piece] for _, _, piece in found}


def test_the_capture_sees_the_archives_that_were_mailed(scene):
    """Control: the channel without TLS shows what goes over it."""
    seen = b"".join(s for (_, to), s in scene.capture.streams().items() if to[1] == scene.smtp.port).replace(b"\r\n", b"")
    for case, (archive, _, _) in scene.delivered.items():
        text = base64.b64encode(archive)
        assert (text in seen) == (case.state == "mail"), case


def test_code_and_archive_came_by_channels_of_their_own(scene, tmp_path):
    """As the customer saw it, TLS undone: the code in no answer but its own, the archive in no answer but its own, the key in none."""
    files = [tmp_path / str(n) for n in range(len(scene.answers))]
    for path, answer in zip(files, scene.answers):
        path.write_bytes(str(answer.headers).encode() + answer.content)
    seen = {(*scene.needles.known[piece], scene.answers[index].request.path_url) for index, _, piece in
            snapshots.find_pieces(scene.needles, files)}
    for case, kind, path in seen:
        own = f"/orders/{scene.orders[case]['id']}/code"
        assert kind == "code" and path.endswith(own) or kind == "archive" and "/archives/" in path, (case, kind, path)
    delivered = {case for case in scene.delivered if case.state == "download"}
    assert delivered <= {case for case, kind, _ in seen if kind == "archive"}, "control"
    assert {case for case in delivered if scene.delivered[case][1]} <= {case for case, kind, _ in seen if kind == "code"}, "control"


def test_no_mail_has_a_code_or_a_key(scene, tmp_path):
    files = [tmp_path / str(n) for n in range(len(scene.smtp.mails))]
    for path, mail in zip(files, scene.smtp.mails):
        path.write_bytes(mail.decoded())
    found = {scene.needles.known[piece] for _, _, piece in snapshots.find_pieces(scene.needles, files)}
    assert {kind for _, kind in found} == {"archive"} and {case.state for case, _ in found} == {"mail"}, found
    assert not mails(scene).codes, "a code that is nobody's, even"


# ---- theft: what can be made of what was copied

@functools.lru_cache(None)
def memory(scene, when, role):
    """What the memory and registers of this program's processes give."""
    snapshot = next(t[1] for t in scene.taken if t[0] == when)
    return loot.Loot(*(snapshot.written(p) for p in snapshot.pids if snapshot.names[p] == role))


def all_memory(scene, when):
    return functools.reduce(lambda a, b: a + b, (memory(scene, when, role) for role in PROGRAMS))


@functools.lru_cache(None)
def state_directory(scene):
    return loot.Loot(*(data for _, data in scene.service.state_contents()))


@functools.lru_cache(None)
def kek_and_database(scene):
    return loot.Loot(b"\n".join(p for all_of in insider.unwrapped(scene.service).values() for p in all_of))


@functools.lru_cache(None)
def mails(scene):
    return loot.Loot(*(m.decoded() for m in scene.smtp.mails), *(a for m in scene.smtp.mails for _, a in m.attachments()))


def spki_of(scene, *states, form=None):
    return {scene.spki[case] for case in scene.delivered if case.state in states and form in (None, case.form)}


def subscriber_keys(scene, stolen):
    """Keys of customers that this loot opens. (The service has keys of its own: the CA's, its TLS certificate's.)"""
    return stolen.keys() & spki_of(scene, *STATES)


@pytest.mark.parametrize("when", LOOKED)
def test_all_memory_but_the_worker_s_opens_nothing(scene, when):
    assert not subscriber_keys(scene, all_memory(scene, when))


def test_all_memory_the_state_directory_and_the_kek_together_open_nothing(scene):
    """Everything that the machine has after delivery, but the customers' mailboxes."""
    stolen = functools.reduce(lambda a, b: a + b, (all_memory(scene, when) for when in LOOKED))
    assert not subscriber_keys(scene, stolen + kek_and_database(scene) + state_directory(scene))


@pytest.mark.parametrize("role", ROLES)
def test_one_process_and_the_customers_mail_open_nothing(scene, role):
    """Who reads the mail has archives: no process but a worker has a code one second after it was made."""
    for when in LOOKED:
        assert not subscriber_keys(scene, memory(scene, when, f"autocsr-{role}") + mails(scene)), when


def test_the_whole_state_directory_with_the_kek_opens_nothing(scene):
    """A stolen backup: every code that is still kept comes to light, and no archive to use it on."""
    stolen = kek_and_database(scene)
    assert {code for _, code, _ in scene.delivered.values()} & stolen.codes, "control: the KEK unwraps codes"
    assert not subscriber_keys(scene, stolen + state_directory(scene))


def test_the_database_without_the_kek_has_no_code(scene):
    database = loot.Loot(*(p.read_bytes() for p in scene.service.state_files() if ".db" in p.name))
    assert not database.codes & {code for _, code, _ in scene.delivered.values()}
    assert not subscriber_keys(scene, database + mails(scene)), "a stolen database and the mail"


def test_the_mail_alone_opens_nothing(scene):
    assert mails(scene).archives, "control: archives are in the mails"
    assert not subscriber_keys(scene, mails(scene))


def test_mail_and_codes_together_open_what_was_mailed_and_no_more(scene):
    """Control of the thief (he tries ZIPs), and an honest limit: who reads the mail and has database and KEK has both channels."""
    assert subscriber_keys(scene, mails(scene) + kek_and_database(scene)) == spki_of(scene, "mail", form="zip")


@pytest.mark.parametrize("key_type", ["rsa:2048", "ec:p256", "ed25519"])
def test_the_worker_s_memory_opens_its_key(scene, key_type):
    """Control of the thief: the one process in which archive and code meet, copied before it wrote them."""
    folder = scene.dir / f"worker-{key_type}".replace(":", "-")
    assert scene.spki[Case(key_type, "zip", "killed")] in loot.Loot(next(folder.glob("*.bin")).read_bytes()).keys()


def test_the_orders_whose_workers_were_killed_are_not_lost(scene):
    """Each can be ordered anew; nothing of the dead worker is in the order."""
    for order in scene.account.get("/orders?limit=100")["orders"]:
        now = scene.account.show(order["id"])
        assert now["state"] in ("new", "handover", "validating", "issuing", "issued", "cancelled", "failed"), now["state"]
    fresh = scene.account.order(f"after.{order['names'][0]}", key_type="ec:p256")
    assert scene.account.fetch_archive(fresh)


# ---- started by an ordinary user

def test_nothing_stays_in_the_service_of_an_ordinary_user(e2e_dir, dns, web, test_pki):
    """All roles as one user, who is not root: memory, registers, files, mails."""
    cases = [Case("rsa:2048", "zip", "download"), Case("ec:p256", "p12", "mail"), Case("ed25519", "zip", "abandoned"), Case("ec:p256", "zip", "killed")]
    scene = Scene(e2e_dir, dns, web, test_pki, user=65534, cases=cases)
    try:
        scene.play()
        assert {os.stat(f"/proc/{p}").st_uid for p in scene.service.processes()} <= {0, 65534}
        assert all("Uid:\t65534" in pathlib.Path(f"/proc/{p}/status").read_text() for p in scene.service.processes())
        assert set(scene.delivered) == set(cases)
        for when in LOOKED:
            assert_none(scene, scene.hits(when), f"found at the look after {when}")
        found = snapshots.find_pieces(scene.needles, [*scene.service.state_files(), scene.service.log_path])
        assert not found, {scene.needles.known[piece] for _, _, piece in found}
    finally:
        scene.close()
