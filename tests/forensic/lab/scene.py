"""One service's day: orders of every key type and form, completed by download and by mail, abandoned, their worker killed. Copies of all
processes are taken one second after each delivery and at the end; what the customers then hold tells what to look for in them."""
import collections
import hashlib
import os
import pathlib
import tempfile
import threading
import time

import requests
from harness import crypto, forms
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
# Every key type in the default form through every state; PKCS#12 of every key type; each other form by download and by mail.
CASES = [Case(k, "zip", s) for s in STATES for k in KEY_TYPES] + [Case(k, "p12", "download") for k in KEY_TYPES]
CASES += [Case("rsa:2048", "p12", "abandoned"), Case("ec:p256", "p12", "mail")]
CASES += [Case(k, f, s) for f in ("pkcs8", "p12-legacy", "age", "cms") for k, s in (("rsa:2048", "download"), ("ec:p256", "mail"))]
RECIPIENTS = {"age": "age", "cms": "cert:rsa:2048"}


class Scene:
    """`taken` is [(name, Snapshot, orders that were over by then)] in time; `delivered` is {Case: (archive, code, key PEM)}."""

    def __init__(self, e2e_dir, dns, web, test_pki, user=None, config=None, cases=CASES):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="scene-", dir=e2e_dir))
        self.dir.chmod(0o755)
        self.cases = [c for c in cases if c.form not in RECIPIENTS or not forms.missing(RECIPIENTS[c.form])]
        self.recipients = {f: forms.Recipient(self.dir, RECIPIENTS[f]) for f in {c.form for c in self.cases} & set(RECIPIENTS)}
        self.smtp = SmtpSink(test_pki, starttls=False)
        self.image = Image(self.dir / "disk", self.dir / "service")
        if user is not None:
            os.chown(self.dir / "service", user, user)
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
        wait_for("the keymaker to be warm", self.service.workers, 30)
        self.before = snapshots.take(self.service, self.dir / "before")
        with self.capture:
            self.account = self.world.register()
            self.account.http.hooks["response"].append(lambda r, *a, **k: self.answers.append(r))
            for state in STATES:
                for case in (c for c in self.cases if c.state == state):
                    getattr(self, "_" + state)(case)
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
        if case.form in self.recipients:
            wish = {"grade": "sealed", "recipient": self.recipients[case.form].text}
        else:
            wish = {"grade": "code", "format": case.form}
        self.orders[case] = self.account.order(unique_name(), key_type=case.key_type, hand_over=wish, **fields)
        return self.orders[case]

    def _open(self, case, archive, code):
        key = self.recipients[case.form].open(archive) if case.form in self.recipients else forms.OPENED_BY[case.form](archive, code)
        assert key, f"{case} does not open"
        return key

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
        self._ended(case, archive, word, self._open(case, archive, word))

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
            if code is None and case.form not in self.recipients:
                code = crypto.passphrase(self.account.code(self.orders[case]))
                self.delivered[case] = (archive, code, None)
        for case, (archive, code, key) in self.delivered.items():
            self.delivered[case] = (archive, code, key or self._open(case, archive, code))

    def _learn(self):
        for case, (archive, code, key) in self.delivered.items():
            order = self.orders.get(case)
            csr = self.account.call("GET", f"/orders/{order['id']}/csr").content if order else b""
            self.keys[case] = crypto.load_key(key)
            self.spki[case] = crypto.spki_sha256(self.keys[case].public_key())
            needles.of_delivery(self.needles, case, archive, self.keys[case], csr if csr.startswith(b"-----BEGIN") else None, code,
                                self.recipients.get(case.form))

        known = {h.piece for h in self.before.search(self.needles)}
        needles.drop_form(self.needles, [archive for archive, _, _ in self.delivered.values()], known)

    # ---- the search

    def hits(self, name, kinds_left_out=()):
        """[Hit] in that copy, of orders that were over when it was taken."""
        _, snapshot, over = next(t for t in self.taken if t[0] == name)
        return snapshot.search(self.needles.only(over).without(*kinds_left_out))

    def table(self, hits):
        """The result as people read it: a line for each key type and form, a column for each state; "-": not done."""
        count = collections.Counter(h.order for h in hits)
        lines = ["key type   form       " + "".join(f"{s:>11}" for s in STATES)]
        for key_type, form in dict.fromkeys((c.key_type, c.form) for c in self.cases):
            cells = (count[c] if c in self.delivered else "-" for c in (Case(key_type, form, s) for s in STATES))
            lines.append(f"{key_type:10} {form:10} " + "".join(f"{cell!s:>11}" for cell in cells))
        return "\n".join(lines)
