"""Our ACME server with python3-acme, certbot's library: it keeps to RFC 8555 by itself, and knows our problems by their types."""
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from harness import crypto
from harness.api import unique_name
from harness.csrs import own_csr

josepy = pytest.importorskip("josepy", reason="python3-acme is not installed")
pytest.importorskip("acme.client", reason="python3-acme is not installed")
from acme import challenges, client, errors, messages  # noqa: E402


def new_client(world):
    key = josepy.JWKRSA(key=rsa.generate_private_key(65537, 2048))
    net = client.ClientNetwork(key, user_agent="autocsr-test", verify_ssl=str(world.service.root_pem))
    net.session.trust_env = False  # or the environment's roots win
    directory = client.ClientV2.get_directory(world.service.url + "/acme/directory", net)
    return client.ClientV2(directory, net)


@pytest.fixture(scope="module")
def python(world):
    made = new_client(world)
    made.new_account(messages.NewRegistration.from_data(email="ann@good.test", terms_of_service_agreed=True))
    return made


def answered(world, python, name):
    """An order whose http-01 challenge is published and answered."""
    order = python.new_order(own_csr([name])[0].encode())
    body = next(c for c in order.authorizations[0].body.challenges if isinstance(c.chall, challenges.HTTP01))
    response, validation = body.response_and_validation(python.net.key)
    world.web.publish(name, body.chall.path, validation)
    python.answer_challenge(body, response)
    return order


def as_library_wants(pem):
    """The certificate to be revoked: josepy before 2.0 (Debian 12) wraps those of pyOpenSSL."""
    if not hasattr(josepy, "ComparableX509"):
        return crypto.certificates(pem)[0]
    from OpenSSL import crypto as openssl
    return josepy.ComparableX509(openssl.load_certificate(openssl.FILETYPE_PEM, pem))


def test_an_order_and_its_revocation(world, python):
    name = unique_name()
    done = python.poll_and_finalize(answered(world, python, name))
    crypto.verify_chain(done.fullchain_pem.encode(), world.service.root_pem, name)
    cert = as_library_wants(done.fullchain_pem)
    python.revoke(cert, 4)
    with pytest.raises(messages.Error) as refused:
        python.revoke(cert, 4)
    assert refused.value.code == "alreadyRevoked"


@pytest.mark.rfc("8555 6.5#6", "python3-acme repeats its request with the nonce of the refusal")
def test_a_nonce_that_is_not_ours(world, python):
    python.net._nonces = {b"this nonce is from elsewhere"}
    assert python.query_registration(python.net.account).body.status == "valid"


@pytest.mark.rfc("8555 7.3.1#1", "a second registration is answered with the first one's URL")
def test_a_second_registration(world, python):
    again = client.ClientV2(python.directory, python.net)
    before, python.net.account = python.net.account, None
    with pytest.raises(errors.ConflictError) as conflict:
        again.new_account(messages.NewRegistration.from_data(email="bob@good.test", terms_of_service_agreed=True))
    python.net.account = before
    assert conflict.value.location == before.uri


@pytest.mark.parametrize("name,code", [("*.com", "rejectedIdentifier"), ("a_b.good.test", "malformed")])
def test_a_name_that_is_refused(world, python, name, code):
    with pytest.raises(messages.Error) as refused:
        python.new_order(own_csr([name])[0].encode())
    assert refused.value.code == code and refused.value.detail


def test_a_validation_that_fails(world, python):
    order = python.new_order(own_csr([unique_name()])[0].encode())
    body = next(c for c in order.authorizations[0].body.challenges if isinstance(c.chall, challenges.HTTP01))
    python.answer_challenge(body, body.response(python.net.key))
    with pytest.raises(errors.ValidationError) as failed:
        python.poll_and_finalize(order)
    problem = next(c.error for z in failed.value.failed_authzrs for c in z.body.challenges if c.error)
    assert problem.code == "incorrectResponse" and "404" in problem.detail


def test_deactivation(world):
    mine = new_client(world)
    account = mine.new_account(messages.NewRegistration.from_data(terms_of_service_agreed=True))
    mine.deactivate_registration(account)
    with pytest.raises(messages.Error) as refused:
        mine.new_order(own_csr([unique_name()])[0].encode())
    assert refused.value.code == "unauthorized"
