/* Chains: one broken chain a cause, and the certificate that is blamed. */
#include "ca.h"

#include "autocsr/chain.h"
#include "autocsr/crl.h"

static struct ca ca;
static struct acsr_blob leaf;

static struct acsr_chain good(void)
{
	return (struct acsr_chain){ .leaf = &leaf,
		.intermediates = &ca.intermediate,
		.n_intermediates = 1,
		.roots = &ca.root,
		.n_roots = 1,
		.at = NOW,
		.eku = "serverAuth" };
}

static void blames(const struct acsr_chain *c, const char *id, const char *field)
{
	struct acsr_err e = { 0 };

	assert_int_equal(acsr_chain_verify(c, &e), ACSR_FAIL);
	assert_string_equal(e.id, id);
	assert_string_equal(e.field, field);
}

static void verified(void **state)
{
	const char *const names[] = { "www.demo.test", "DEMO.test", "192.0.2.1" };
	struct acsr_chain c = good();

	(void)state;
	c.names = names;
	c.n_names = 3;
	OK(acsr_chain_verify(&c, &e));
	c.eku = NULL;
	OK(acsr_chain_verify(&c, &e));
}

static void times(void **state)
{
	struct acsr_chain c = good();
	struct acsr_cert_view *v;

	(void)state;
	OK(acsr_cert_parse(&v, leaf.p, leaf.len, &e));
	c.at = v->not_after;
	OK(acsr_chain_verify(&c, &e));
	c.at = v->not_after + 1;
	blames(&c, "verify.expired", "leaf");
	c.at = v->not_before;
	OK(acsr_chain_verify(&c, &e));
	c.at = v->not_before - 1;
	blames(&c, "verify.not-yet", "leaf");
	acsr_cert_view_free(v);
}

static void paths(void **state)
{
	struct acsr_chain c = good();
	struct acsr_blob tampered = { 0 };

	(void)state;
	c.n_intermediates = 0;
	blames(&c, "verify.issuer", "leaf");
	c = good();
	c.n_roots = 0;
	blames(&c, "verify.issuer", "intermediates[0]");
	c = good();
	c.leaf = &ca.root;
	c.eku = NULL;
	c.n_roots = 0;
	blames(&c, "verify.untrusted", "leaf");
	c = good();
	c.eku = "clientAuth";
	blames(&c, "verify.purpose", "leaf");
	c.eku = "nonsense";
	blames(&c, "usage.purpose", "");

	OK(acsr_blob_copy(&tampered, leaf.p, leaf.len, &e));
	tampered.p[tampered.len - 1] ^= 1;
	c = good();
	c.leaf = &tampered;
	blames(&c, "verify.signature", "leaf");
	tampered.len--;
	blames(&c, "cert.der", "leaf");
	c = good();
	c.intermediates = &tampered;
	blames(&c, "cert.der", "intermediates[0]");
	acsr_blob_free(&tampered);
}

/* A leaf that plays CA. */
static void leaf_as_issuer(void **state)
{
	struct acsr_dn d = dn("CN=www.demo.test");
	struct acsr_sans n = sans("dns:evil.test", NULL);
	struct acsr_cert_spec fake_ca = { .subject = &d,
		.subject_key = a_key("rsa:2048"),
		.ca = true,
		.path_len = -1,
		.ku = ACSR_KU_KEY_CERT_SIGN };
	struct acsr_cert_spec s = { .subject = &d, .sans = &n, .subject_key = a_key("ed25519") };
	struct acsr_blob issuer = { 0 }, evil, both[2];
	struct acsr_chain c = good();

	(void)state;
	OK(acsr_cert_serial(&fake_ca, &e));
	fake_ca.not_before = NOW - 100 * DAY;
	fake_ca.not_after = NOW + 1000 * DAY;
	OK(acsr_cert_sign(&fake_ca, a_key("rsa:2048"), &issuer, &e)); /* the same name and key as the leaf */
	s.issuer_der = issuer.p;
	s.issuer_len = issuer.len;
	evil = issue(&s, "dv", NOW, a_key("rsa:2048"));
	both[0] = leaf;
	both[1] = ca.intermediate;
	c.leaf = &evil;
	c.intermediates = both;
	c.n_intermediates = 2;
	blames(&c, "verify.ca", "intermediates[0]");
	acsr_blob_free(&issuer);
	acsr_blob_free(&evil);
	acsr_dn_free(&d);
	acsr_sans_free(&n);
}

static void names(void **state)
{
	const char *const other[] = { "www.demo.test", "mail.demo.test" }, *const ip[] = { "192.0.2.2" };
	struct acsr_chain c = good();

	(void)state;
	c.names = other;
	c.n_names = 2;
	blames(&c, "verify.name", "names[1]");
	c.names = ip;
	c.n_names = 1;
	blames(&c, "verify.name", "names[0]");
}

static void revocation(void **state)
{
	struct acsr_crl_spec s = { .number = 1,
		.this_update = NOW - 10,
		.next_update = NOW + DAY,
		.issuer_der = ca.intermediate.p,
		.issuer_len = ca.intermediate.len };
	struct acsr_crl_entry it = { .revoked_at = NOW - 5 };
	struct acsr_chain c = good();
	struct acsr_cert_view *v;
	struct acsr_blob crl = { 0 };

	(void)state;
	OK(acsr_crl_sign(&s, a_key("ec:p256"), &crl, &e));
	c.crls = &crl;
	c.n_crls = 1;
	OK(acsr_chain_verify(&c, &e));
	c.at = NOW + 2 * DAY;
	blames(&c, "verify.crl", "leaf");
	acsr_blob_free(&crl);

	OK(acsr_cert_parse(&v, leaf.p, leaf.len, &e));
	memcpy(it.serial, v->serial, sizeof(it.serial));
	it.serial_len = v->serial_len;
	s.entries = &it;
	s.n_entries = 1;
	OK(acsr_crl_sign(&s, a_key("ec:p256"), &crl, &e));
	c.at = NOW;
	blames(&c, "verify.revoked", "leaf");
	crl.len = 5;
	blames(&c, "verify.crl", "crls[0]");
	acsr_blob_free(&crl);
	acsr_cert_view_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verified),
		cmocka_unit_test(times),
		cmocka_unit_test(paths),
		cmocka_unit_test(leaf_as_issuer),
		cmocka_unit_test(names),
		cmocka_unit_test(revocation),
	};
	struct acsr_cert_spec s;
	int failed;

	ca = make_ca();
	s = leaf_spec(&ca, a_key("rsa:2048"));
	leaf = issue(&s, "dv", NOW, a_key("ec:p256"));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	acsr_blob_free(&leaf);
	free_ca(&ca);
	return failed;
}
