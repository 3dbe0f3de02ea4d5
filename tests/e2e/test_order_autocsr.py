"""The main job over REST: order without a CSR, take the archive, prove the name, get certificate and code."""
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from harness import crypto
from harness.api import unique_name

KEY_TYPES = ["rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384", "ec:p521", "ed25519"]


def key_type_of(key):
    if isinstance(key, rsa.RSAPrivateKey):
        return f"rsa:{key.key_size}"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"secp256r1": "ec:p256", "secp384r1": "ec:p384", "secp521r1": "ec:p521"}[key.curve.name]
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return "ed25519"


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_full_order_of_each_key_type(world, account, key_type):
    name = unique_name()
    got = world.issue(account, name, key_type=key_type)
    key = crypto.load_key(got.key)
    assert key_type_of(key) == key_type == got.order["key_type"]
    assert crypto.sans(got.cert) == [name]
    assert got.order["spki_sha256"] == crypto.spki_sha256(key.public_key())


def test_the_default_key_type_is_rsa_2048(world, account):
    got = world.issue(account)
    assert key_type_of(crypto.load_key(got.key)) == "rsa:2048" == got.order["key_type"]
    assert got.order["key_source"] == "autocsr"


def test_order_with_dns_validation(world, account):
    name = unique_name()
    got = world.issue(account, name, method="dns")
    assert crypto.sans(got.cert) == [name]
    assert [v["method"] for v in got.order["validations"]] == ["dns"]


def test_order_of_many_names(world, account):
    names = [unique_name() for _ in range(4)]
    got = world.issue(account, names, key_type="ec:p256")
    assert sorted(crypto.sans(got.cert)) == sorted(names)
    assert all(v["state"] == "valid" for v in got.order["validations"])


def test_wildcard_order_by_dns(world, account):
    name = "*." + unique_name()
    got = world.issue(account, name, method="dns", product="dv-wildcard", key_type="ec:p256")
    assert crypto.sans(got.cert) == [name]


def test_csr_has_what_was_ordered(world, account):
    name = unique_name()
    got = world.issue(account, name, key_type="ec:p256")
    csr = x509.load_pem_x509_csr(got.csr)
    assert crypto.sans(csr) == [name]
    assert csr.signature_hash_algorithm.name in ("sha256", "sha384", "sha512")
    eku = csr.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert x509.oid.ExtendedKeyUsageOID.SERVER_AUTH in eku


def test_organisation_details_of_a_dv_order_stay_in_the_csr(world, account):
    got = world.issue(account, key_type="ec:p256", subject={"O": "Demo Ltd", "C": "DE"})
    names = {a.rfc4514_attribute_name: a.value for a in x509.load_pem_x509_csr(got.csr).subject}
    assert names["O"] == "Demo Ltd" and names["C"] == "DE"
    assert [a.rfc4514_attribute_name for a in got.cert.subject] == ["CN"]


def test_archive_has_exactly_one_entry_and_refuses_a_wrong_code(world, account):
    got = world.issue(account, key_type="ec:p256")
    assert crypto.archive_entries(got.archive) == [got.order["archive"]["key_filename"]]
    code = crypto.passphrase(got.code)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert crypto.open_with_7z(got.archive, wrong) is None
    assert crypto.open_with_bsdtar(got.archive, wrong) is None
    assert crypto.open_with_7z(got.archive, code.lower()) is None


def test_archive_is_ae2_aes256_stored(world, account):
    """APPNOTE and WinZip: method 99, flag bit 0, extra 0x9901 of AE-2, strength 3, stored, CRC 0."""
    raw = world.issue(account, key_type="ec:p256").archive
    assert raw[:4] == b"PK\x03\x04"
    assert int.from_bytes(raw[6:8], "little") & 1
    assert int.from_bytes(raw[8:10], "little") == 99
    assert raw[14:18] == b"\0\0\0\0"
    extra = raw.index(b"\x01\x99\x07\x00")
    assert raw[extra + 4:extra + 11] == b"\x02\x00AE\x03\x00\x00"


def test_code_is_26_crockford_characters_and_a_check_symbol(world, account):
    got = world.issue(account, key_type="ec:p256")
    code = crypto.passphrase(got.code)
    assert len(code) == 26 and set(code) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    value = 0
    for c in code:
        value = value * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(c)
    assert got.code["check"] == "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"[value % 37]
    assert got.code["order_id"] == got.id and got.code["spki_sha256"] == got.order["spki_sha256"]
    assert got.code["archive_sha256"] == hashlib.sha256(got.archive).hexdigest()


def test_archive_hash_and_size_stand_in_the_order(world, account):
    got = world.issue(account, key_type="ec:p256")
    assert got.order["archive"]["sha256"] == hashlib.sha256(got.archive).hexdigest()
    assert got.order["archive"]["size"] == len(got.archive)
    assert got.order["archive"]["state"] == "acknowledged"


def test_certificate_in_every_format(world, account):
    got = world.issue(account, key_type="ec:p256")
    leaf = account.certificate(got.order, "leaf")
    chain = account.certificate(got.order, "chain")
    full = account.certificate(got.order, "fullchain")
    assert [c.subject for c in crypto.certificates(full)] == [c.subject for c in crypto.certificates(leaf + chain)]
    assert len(crypto.certificates(leaf)) == 1
    root = crypto.certificates(world.service.root_pem.read_bytes())[0]
    assert root.fingerprint(x509.base.hashes.SHA256()) not in [
        c.fingerprint(x509.base.hashes.SHA256()) for c in crypto.certificates(chain)]
    der = account.certificate(got.order, "der")
    assert x509.load_der_x509_certificate(der) == crypto.certificates(leaf)[0]
    p7b = account.certificate(got.order, "p7b")
    inform = "PEM" if p7b.startswith(b"-----") else "DER"
    text = crypto.run("openssl", "pkcs7", "-inform", inform, "-print_certs", stdin=p7b).stdout
    assert crypto.certificates(leaf)[0] in crypto.certificates(text)
    for answer in (leaf, chain, full, der, p7b):
        assert b"PRIVATE KEY" not in answer


def test_certificate_keeps_its_profile(world, account):
    got = world.issue(account, key_type="rsa:2048")
    cert = got.cert
    ext = {e.oid.dotted_string: e for e in cert.extensions}
    eku = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [o.dotted_string for o in eku] == ["1.3.6.1.5.5.7.3.1"]
    assert not cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "2.5.29.31" in ext and "2.5.29.35" in ext and "2.5.29.32" in ext
    assert cert.serial_number.bit_length() >= 64
    assert cert.signature_hash_algorithm.name in ("sha256", "sha384", "sha512")
    seconds = (cert.not_valid_after - cert.not_valid_before).total_seconds() + 1
    assert seconds <= 200 * 86400
    issuer = crypto.certificates(got.fullchain)[1]
    assert cert.not_valid_after <= issuer.not_valid_after
    cn = cert.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert not cn or cn[0].value in crypto.sans(cert)


def test_order_tells_what_happened_and_what_to_do(world, account):
    order = account.order(unique_name())
    assert order["state"] == "handover" and order["next"] and order["archive_url"].startswith("/api/v1/archives/")
    assert order["archive"]["state"] in ("making", "waiting")
    v = order["validations"][0]
    assert v["http"]["url"] == f"http://{order['names'][0]}{v['http']['path']}" and v["http"]["content"]
    assert v["dns"]["record"] == "_autocsr." + order["names"][0] and len(v["dns"]["value"]) >= 22
    assert [e["event"] for e in order["events"]][0] == "order.created"


def test_reference_to_unknown_product_is_refused(account):
    assert account.order(unique_name(), status=(404, 422), product="nothing")["type"].startswith("urn:autocsr:error:")


def test_key_type_that_the_product_does_not_allow_is_refused(account):
    problem = account.order(unique_name(), status=(400, 422), key_type="rsa:1024")
    assert problem["type"].startswith("urn:autocsr:error:")
    assert account.get("/orders")["orders"] == []


def test_listing_pages_filters_and_sorts(world, account):
    world.preauthorise(account, "good.test")
    made = [account.order(unique_name(), key_type="ec:p256")["id"] for _ in range(5)]
    first = account.get("/orders?limit=2")
    second = account.get(f"/orders?limit=2&cursor={first['next_cursor']}")
    third = account.get(f"/orders?limit=2&cursor={second['next_cursor']}")
    ids = [o["id"] for page in (first, second, third) for o in page["orders"]]
    assert sorted(ids) == sorted(made) and third["next_cursor"] is None
    assert account.get("/orders?state=issued")["orders"] == []
    one = account.show(made[0])["names"][0]
    assert [o["id"] for o in account.get(f"/orders?q={one.split('.')[0]}")["orders"]] == [made[0]]
