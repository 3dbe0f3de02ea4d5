"""The pytest fixtures: one shared world per session, private ones for tests that break things."""
import pathlib
import signal
import tempfile

import pytest

from .dnsserver import DnsServer
from .dnszones import IDENTITY
from .flow import World
from .service import Service, merged
from .smtp import SmtpSink
from .testpki import TestPki
from .web import Web

__all__ = ["e2e_dir", "test_pki", "dns", "smtp", "web", "world", "service", "new_service", "new_world", "admin",
           "account", "other_account"]

# Started in the background of a shell, every program here would ignore the Ctrl-C that tests send.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def e2e_dir():
    """A directory that other users may enter (the roles run under ids of their own)."""
    with tempfile.TemporaryDirectory(prefix="autocsr-e2e-") as d:
        pathlib.Path(d).chmod(0o755)
        yield pathlib.Path(d)


@pytest.fixture(scope="session")
def test_pki(e2e_dir):
    return TestPki(e2e_dir)


@pytest.fixture(scope="session")
def dns(e2e_dir):
    server = DnsServer(e2e_dir / "dns")
    yield server
    server.close()


@pytest.fixture(scope="session")
def smtp(test_pki):
    sink = SmtpSink(test_pki)
    yield sink
    sink.close()


@pytest.fixture(scope="session")
def web():
    server = Web()
    yield server
    server.close()


def base_config(dns, smtp, web):
    """The configuration that puts a service among the test's servers; pauses are short so that tests are."""
    return {
        "server": {"request_timeout": "6s"},
        "orders": {"new_per_hour": "0"},
        "validation": {"resolver": dns.address, "trust_anchor_file": dns.anchor_file, "http_port": web.port,
                       "allow_networks": "127.0.0.0/8", "first_retry": "2s", "timeout": "5s"},
        "mail": {"smtp": f"smtp://127.0.0.1:{smtp.port}", "starttls": "required", "ca_file": smtp.ca_file,
                 "from": "ca@ca.test", "retry": "1s", "timeout": "5s"},
        "ca": {"caa_identity": IDENTITY},
        "acme": {"challenge_tries": "1"},
    }


def _new_services(e2e_dir, made):
    def make(config, env=None, user=None, directory=None):
        where = directory or tempfile.mkdtemp(prefix="svc-", dir=e2e_dir)
        pathlib.Path(where).chmod(0o755)
        made.append(Service(where, config, env, user))
        return made[-1]
    return make


def private_world(e2e_dir, dns, smtp, web, config=None):
    """A started world for the fixture of a whole file, with one `customer`; the caller stops its service. `config` is put on top."""
    world = World(_new_services(e2e_dir, [])(merged(base_config(dns, smtp, web), config or {})).start(), dns, smtp, web)
    world.customer = world.register()
    return world


@pytest.fixture
def new_service(e2e_dir):
    """Makes private services (not started); they are stopped, and their stopping checked, after the test."""
    made = []
    yield _new_services(e2e_dir, made)
    for one in made:
        if one.proc is not None:
            one.stop()


@pytest.fixture(scope="session")
def world(e2e_dir, dns, smtp, web):
    """The shared world: the service runs for the whole session. Tests use unique names and accounts in it."""
    made = []
    service = _new_services(e2e_dir, made)(base_config(dns, smtp, web))
    service.start()
    yield World(service, dns, smtp, web)
    service.stop()


@pytest.fixture
def service(world):
    """The shared service."""
    return world.service


@pytest.fixture
def new_world(new_service, dns, smtp, web):
    """Makes private worlds: new_world(config=…, smtp=…, dns=…, start=False). The servers are the shared ones unless given."""
    def make(config=None, start=True, dns=dns, smtp=smtp, web=web, **kw):
        service = new_service(merged(base_config(dns, smtp, web), config or {}), **kw)
        if start:
            service.start()
        return World(service, dns, smtp, web)
    return make


@pytest.fixture
def admin(world):
    """The operator, by token, on the shared service."""
    return world.admin()


@pytest.fixture
def account(world):
    """A session of the owner of a new account on the shared service."""
    return world.register()


@pytest.fixture
def other_account(world):
    return world.register()
