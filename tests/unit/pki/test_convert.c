/* PKCS#12, JWK, the order of bundles, what servers want, and objects grouped by key. */
#include "ca.h"

#include "autocsr/bundle.h"
#include "autocsr/contents.h"
#include "autocsr/jwk.h"
#include "autocsr/match.h"
#include "autocsr/pkcs12.h"
#include "autocsr/server.h"

static struct ca ca;
static struct acsr_blob leaf;

static struct acsr_secret *secret(const char *s)
{
	struct acsr_secret *out = NULL;

	OK(acsr_secret_new(&out, s, strlen(s), &e));
	return out;
}

static void ordered(void **state)
{
	struct acsr_blob mess[] = { ca.root, ca.intermediate, leaf, ca.intermediate };
	size_t *order = NULL, n = 0;

	(void)state;
	OK(acsr_bundle_order(mess, 4, NULL, &order, &n, &e));
	assert_int_equal(n, 2); /* no root, nothing twice */
	assert_int_equal(order[0], 2);
	assert_true(order[1] == 1 || order[1] == 3);
	free(order);
	OK(acsr_bundle_order(mess, 4, a_key("rsa:2048"), &order, &n, &e));
	assert_int_equal(order[0], 2);
	free(order);
	OK(acsr_bundle_order(mess, 1, NULL, &order, &n, &e)); /* a root alone is a leaf */
	assert_int_equal(n, 1);
	free(order);
	FAILS("match.key", acsr_bundle_order(mess, 4, a_key("ed25519"), &order, &n, &e));
	FAILS("match.key", acsr_bundle_order(mess, 4, a_key("ec:p256"), &order, &n, &e)); /* the CA's */
	FAILS("input.several", acsr_bundle_order(mess, 0, NULL, &order, &n, &e));
	mess[0].len--;
	FAILS("cert.der", acsr_bundle_order(mess, 4, NULL, &order, &n, &e));
}

static void pkcs12(void **state)
{
	struct acsr_blob certs[] = { leaf, ca.intermediate }, der = { 0 };
	struct acsr_secret *right = secret("h\xc3\xb6rse"), *wrong = secret("horse");
	struct acsr_pkcs12_spec spec = {
		.key = a_key("rsa:2048"), .certs = certs, .n_certs = 2, .passphrase = right
	};
	struct acsr_pkcs12 *p = NULL;

	(void)state;
	for (int legacy = 0; legacy < 2; legacy++) {
		spec.legacy = legacy != 0;
		OK(acsr_pkcs12_write(&spec, &der, &e));
		OK(acsr_pkcs12_read(&p, der.p, der.len, right, &e));
		assert_int_equal(p->n_keys, 1);
		assert_int_equal(p->n_certs, 2);
		assert_true(acsr_key_same(p->keys[0], spec.key));
		assert_int_equal(p->certs[0].len, leaf.len);
		assert_memory_equal(p->certs[0].p, leaf.p, leaf.len);
		acsr_pkcs12_free(p);
		FAILS("match.passphrase", acsr_pkcs12_read(&p, der.p, der.len, wrong, &e));
		FAILS("input.passphrase", acsr_pkcs12_read(&p, der.p, der.len, NULL, &e));
		FAILS("input.pkcs12", acsr_pkcs12_read(&p, der.p, der.len / 2, right, &e));
		acsr_blob_free(&der);
	}
	FAILS("input.pkcs12", acsr_pkcs12_read(&p, leaf.p, leaf.len, right, &e));
	FAILS("input.pkcs12", acsr_pkcs12_read(&p, leaf.p, 0, right, &e));
	spec.key = a_key("ec:p256");
	FAILS("match.key", acsr_pkcs12_write(&spec, &der, &e));
	acsr_secret_free(right);
	acsr_secret_free(wrong);
}

static void jwk(void **state)
{
	struct acsr_blob json = { 0 };
	struct acsr_key *public = NULL;
	struct acsr_blob spki = { 0 };
	struct acsr_secret *out = NULL;
	char kid[44], again[44];

	(void)state;
	OK(acsr_jwk_public(a_key("rsa:2048"), &leaf, 1, &json, &e));
	assert_int_equal(json.p[json.len - 1], '\n');
	assert_int_equal(strlen((const char *)json.p), json.len);
	assert_null(strstr((const char *)json.p, "\"d\""));
	assert_non_null(strstr((const char *)json.p, "\"x5c\":["));
	acsr_blob_free(&json);
	FAILS("match.key", acsr_jwk_public(a_key("ec:p256"), &leaf, 1, &json, &e));
	OK(acsr_key_spki(a_key("ed25519"), &spki, &e));
	OK(acsr_key_load_spki(&public, spki.p, spki.len, &e));
	FAILS("key.parse", acsr_jwk_private(public, NULL, 0, &out, &e));
	OK(acsr_jwk_thumbprint(public, kid, &e));
	OK(acsr_jwk_thumbprint(a_key("ed25519"), again, &e));
	assert_string_equal(kid, again);
	assert_int_equal(strlen(kid), 43);
	acsr_key_free(public);
	acsr_blob_free(&spki);
}

static void jwk_read(void **state)
{
	static const char *const types[] = { "rsa:2048", "ec:p256", "ec:p521", "ed25519", "ed448" };
	struct acsr_secret *text = NULL;
	struct acsr_blob json = { 0 };
	struct acsr_key *k = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		OK(acsr_jwk_private(a_key(types[i]), NULL, 0, &text, &e));
		OK(acsr_jwk_read(&k, acsr_secret_bytes(text), acsr_secret_len(text), &e));
		assert_true(acsr_key_same(k, a_key(types[i])));
		OK(acsr_key_check_pair(k, NULL, &e));
		acsr_key_free(k);
		OK(acsr_key_load_private(&k, acsr_secret_bytes(text), acsr_secret_len(text), NULL, &e));
		acsr_key_free(k);
		FAILS("key.jwk", acsr_jwk_read(&k, acsr_secret_bytes(text), acsr_secret_len(text) - 2, &e));
		acsr_secret_free(text);
	}
	OK(acsr_jwk_public(a_key("rsa:2048"), &leaf, 1, &json, &e));
	OK(acsr_jwk_read(&k, json.p, json.len, &e));
	acsr_key_free(k);
	FAILS("key.parse", acsr_key_load_private(&k, json.p, json.len, NULL, &e));
	acsr_blob_free(&json);
	FAILS("key.jwk", acsr_jwk_read(&k, (const uint8_t *)"{\"keys\":[]}", 11, &e));
	FAILS("key.jwk", acsr_jwk_read(&k, (const uint8_t *)"{\"a\":1}", 7, &e));
	FAILS("key.jwk", acsr_jwk_read(&k, NULL, 0, &e));
}

static void servers(void **state)
{
	const struct acsr_server *s;
	size_t n = 0;

	(void)state;
	for (; (s = acsr_server_at(n)) != NULL; n++) {
		const struct acsr_server *found = NULL;
		bool key = false;

		OK(acsr_server_find(&found, s->name, &e));
		assert_ptr_equal(found, s);
		assert_non_null(strstr(s->config, "%1"));
		assert_int_equal(strstr(s->config, "%2") != NULL, s->files[1].part != 0);
		assert_int_equal(s->config[strlen(s->config) - 1], '\n');
		for (size_t i = 0; i < 2; i++)
			key |= s->files[i].part != 0 && acsr_server_secret(&s->files[i]);
		assert_true(key);
	}
	assert_int_equal(n, 11);
	FAILS("usage.server", acsr_server_find(&s, "nginks", &e));
}

static enum acsr_result count_unreadable(
	void *arg, const struct acsr_match_item *item, const struct acsr_err *why, struct acsr_err *e)
{
	int *n = arg;

	(void)e;
	assert_true((item == NULL) == (why != NULL));
	*n += item == NULL;
	return ACSR_OK;
}

static void groups(void **state)
{
	static const char broken[] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
	struct acsr_matcher *m = NULL;
	struct acsr_secret *key = NULL;
	struct acsr_blob full = { 0 };
	struct acsr_match_group g;
	struct acsr_match_item item;
	int unreadable = 0;

	(void)state;
	OK(acsr_matcher_new(&m, &e));
	OK(acsr_bundle(ACSR_FORMAT_FULLCHAIN, &leaf, &ca.intermediate, 1, &full, &e));
	OK(acsr_key_pkcs8_pem(a_key("rsa:2048"), &key, &e));
	OK(acsr_matcher_add(m, "full", full.p, full.len, NULL, NULL, NULL, &e));
	OK(acsr_matcher_add(m, "key", acsr_secret_bytes(key), acsr_secret_len(key), NULL, NULL, NULL, &e));
	OK(acsr_matcher_add(m, "broken", (const uint8_t *)broken, strlen(broken), NULL, count_unreadable,
		&unreadable, &e));
	FAILS("input.empty",
		acsr_matcher_add(m, "none", key ? (const uint8_t *)"" : NULL, 0, NULL, NULL, NULL, &e));
	OK(acsr_matcher_group(m, &e));
	assert_int_equal(unreadable, 1);
	assert_int_equal(acsr_match_items(m), 3);
	assert_int_equal(acsr_match_groups(m), 2);
	assert_true(acsr_match_together(m)); /* the CA's certificate is part of the chain */
	acsr_match_group_at(m, 0, &g);
	assert_true(g.private_key && g.cert && !g.csr && !g.issuer && g.n == 2);
	acsr_match_item_at(m, g.first + 1, &item);
	assert_string_equal(item.name, "key");
	OK(acsr_matcher_add(m, "root", ca.root.p, ca.root.len, NULL, NULL, NULL, &e));
	OK(acsr_matcher_group(m, &e));
	assert_false(acsr_match_together(m)); /* by itself it is just another key */
	acsr_matcher_free(m);
	acsr_secret_free(key);
	acsr_blob_free(&full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordered),
		cmocka_unit_test(pkcs12),
		cmocka_unit_test(jwk),
		cmocka_unit_test(jwk_read),
		cmocka_unit_test(servers),
		cmocka_unit_test(groups),
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
