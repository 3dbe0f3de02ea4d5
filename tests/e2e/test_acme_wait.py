"""What an ACME server knows within moments, it answers at once: nobody has to ask again."""
import time

import pytest
from harness.acme import Acme
from harness.api import unique_name
from harness.csrs import own_csr, to_der
from harness.fixtures import private_world
from harness.web import Answer


@pytest.fixture(scope="module")
def town(e2e_dir, dns, smtp, web):
    world = private_world(e2e_dir, dns, smtp, web)
    world.alice = Acme(world.service.url + "/acme/directory", world.service.root_pem).register()
    yield world
    world.service.stop()


def first_answers(town):
    """What a new order's challenge and finalize answer at once."""
    name = unique_name()
    url, order = town.alice.order(name)
    challenge = town.alice.publish(town, order["authorizations"][0])
    said = town.alice.post(challenge["url"], {}).json()
    town.alice.until(order["authorizations"][0], "valid")
    pem, _ = own_csr([name])
    return said, town.alice.finalize({**order, "url": url}, to_der(pem)).json()


def test_a_challenge_and_a_certificate_are_told_in_the_first_answer(town):
    """On a machine that is busy with something else a check may take longer than the answer waits: never all of them."""
    for _ in range(5):
        said, done = first_answers(town)
        assert said["status"] in ("valid", "processing") and done["status"] in ("valid", "processing"), (said, done)
        if (said["status"], done["status"]) == ("valid", "valid"):
            break
    assert said["status"] == "valid" and said["validated"], said
    assert done["status"] == "valid" and done["certificate"], done


def test_a_refusal_is_told_in_the_first_answer(town):
    _, order = town.alice.order(unique_name())
    answer = town.alice.post(town.alice.challenge(order["authorizations"][0])["url"], {})
    said = answer.json()
    assert said["status"] in ("processing", "invalid") and said["error"]["detail"], said


def test_what_takes_long_keeps_nobody(town):
    """The name's web server is slow: the client hears "processing" after two or three seconds, before the check knows its error."""
    name = unique_name()
    _, order = town.alice.order(name)
    challenge = town.alice.challenge(order["authorizations"][0])
    town.web.set(name, f"/.well-known/acme-challenge/{challenge['token']}", Answer(b"x", slow=4.5))
    start = time.monotonic()
    answer = town.alice.post(challenge["url"], {})
    assert answer.json()["status"] == "processing" and "error" not in answer.json() and answer.headers["Retry-After"]
    assert time.monotonic() - start > 1.5
