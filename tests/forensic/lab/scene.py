"""One service's day: orders of every key type and form, completed by download and by mail, abandoned, their worker killed. Copies of all
processes are taken one second after each delivery and at the end; what the customers then hold tells what to look for in them."""
import collections
import hashlib
import pathlib
import tempfile
import threading
import time

import requests
from harness import crypto
from harness.api import Refused, unique_name
from harness.fixtures import _new_services, base_config
from harness.flow import World
from harness.net import wait_for
from harness.service import merged
from harness.smtp import SmtpSink

from . import insider, loot, needles, snapshots
from .capture import Capture
from .image import Image
from .stepping import Stepper

KEY_TYPES = ["rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384", "ed25519"]
STATES = ["download", "mail", "abandoned", "killed"]
AFTER = 1.0  # seconds from delivery to the copy: the claim's own words

Case = collections.namedtuple("Case", "key_type form state")


class Scene:
    """`taken` is [(name, Snapshot, orders that were over by then)] in time; `delivered` is {Case: (archive, code, key PEM)}."""

    def __init__(self, e2e_dir, dns, web, test_pki, user=None, config=None, key_types=KEY_TYPES, states=STATES):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="scene-", dir=e2e_dir))
        self.dir.chmod(0o755)
        self.key_types, self.states = key_types, states
        self.smtp = SmtpSink(test_pki, starttls=False)
        self.image = Image(self.dir / "disk", self.dir / "service")
        wanted = merged(base_config(dns, self.smtp, web), {"mail": {"starttls": "off"}}, config or {})
        self.service = _new_services(self.dir, [])(wanted, user=user, directory=self.dir / "service")
        self.world, self.capture = World(self.service, dns, self.smtp, web), Capture()
        self.taken, self.over, self.delivered, self.orders = [], [], {}, {}
        self.needles, self.keys, self.spki, self.answers = needles.Needles(), {}, {}, []

    def close(self):
        if self.service.proc is not None:
            self.service.stop()
        self.smtp.close()
        self.image.close()

    # ---- the day

    def play(self):
        self.service.start()
        with self.capture:
            self.account = self.world.register()
            self.account.http.hooks["response"].append(lambda r, *a, **k: self.answers.append(r))
            for state in self.states:
                for key_type in self.key_types:
                    getattr(self, "_" + state)(Case(key_type, "zip", state))
                time.sleep(AFTER)
                self.look(state)
            self._reveal()
            time.sleep(AFTER)
            self.look("the end")
        self.image.sync()
        self._learn()

    def look(self, name):
        self.taken.append((name, snapshots.take(self.service, self.dir / f"copy-{len(self.taken)}"), set(self.over)))

    def _order(self, case, **fields):
        self.orders[case] = self.account.order(unique_name(), key_type=case.key_type, **fields)
        return self.orders[case]

    def _ended(self, case, archive, code=None, key=None):
        self.delivered[case] = (archive, code, key)
        self.over.append(case)

    def _download(self, case):
        order = self._order(case)
        archive = self.account.fetch_archive(order)
        self.account.acknowledge(order, archive)
        self._ended(case, archive)

    def _mail(self, case):
        order = self._order(case, delivery="email")
        self.account.wait_state(order, "validating", "issuing", "issued")
        digest = self.account.show(order)["archive"]["sha256"]
        def come():
            return [a for m in self.smtp.to(self.account.email) for _, a in m.attachments()
                    if hashlib.sha256(a).hexdigest() == digest]
        self._ended(case, wait_for("the mail with the archive", come)[0])

    def _abandoned(self, case):
        """Nobody fetches it; the order is cancelled. What it was, root reads from the pipe and the database meanwhile."""
        order = self._order(case)
        archive = wait_for("the archive in its pipe", lambda: insider.waiting_archives(self.service))[0]
        word = next(p.decode() for p in insider.unwrapped(self.service)[order["id"]] if loot.CODE.fullmatch(p))
        self.account.post(f"/orders/{order['id']}/cancel", {})
        self._ended(case, archive, word, crypto.open_archive(archive, word))

    def _killed(self, case):
        """SIGKILL where the worker holds archive and code and is about to write: a thief inside it finds the key at this moment."""
        warm = case.key_type == "rsa:2048" and self.service.workers()
        how = ("pid", min(self.service.workers())) if warm else ("child-of", self.service.pid("keymaker"))
        with Stepper(*how) as worker:
            customer = threading.Thread(target=self._order_that_fails, args=(case,))
            customer.start()
            worker.wait().until("write")
            inside = worker.copy(self.dir / f"worker-{case.key_type}".replace(":", "-"))
            worker.kill()
            customer.join(30)
        data = inside.written(worker.pid)
        found = loot.codes(data)
        archive = next(a for a in loot.archives(data) for c in found if loot.fits(a, c))
        code = next(c for c in found if loot.fits(archive, c))
        self._ended(case, archive, code, crypto.open_archive(archive, code))

    def _order_that_fails(self, case):
        try:
            self._order(case)
        except (Refused, requests.RequestException):
            pass

    # ---- afterwards

    def _reveal(self):
        """The customers of completed orders look at their codes, in a session of their own."""
        for case, (archive, code, _) in list(self.delivered.items()):
            if code is None:
                code = crypto.passphrase(self.account.code(self.orders[case]))
                self.delivered[case] = (archive, code, crypto.open_archive(archive, code))

    def _learn(self):
        for case, (archive, code, key) in self.delivered.items():
            order = self.orders.get(case)
            csr = self.account.call("GET", f"/orders/{order['id']}/csr").content if order else b""
            self.keys[case] = crypto.load_key(key)
            self.spki[case] = crypto.spki_sha256(self.keys[case].public_key())
            needles.of_delivery(self.needles, case, archive, code, self.keys[case], csr if csr.startswith(b"-----BEGIN") else None)

    # ---- the search

    def hits(self, name, kinds_left_out=()):
        """[Hit] in that copy, of orders that were over when it was taken."""
        _, snapshot, over = next(t for t in self.taken if t[0] == name)
        return snapshot.search(self.needles.only(over).without(*kinds_left_out))

    def table(self, hits):
        """The result as people read it: a line for each key type, a column for each state."""
        count = collections.Counter(h.order for h in hits)
        lines = ["key type   form  " + "".join(f"{s:>11}" for s in self.states)]
        for key_type in self.key_types:
            lines.append(f"{key_type:10} zip   " + "".join(f"{count[Case(key_type, 'zip', s)]:11d}" for s in self.states))
        return "\n".join(lines)
