/* The CA's own certificates: made, found again, and finished after every way of stopping half-way. */
#include "issuers.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "autocsr/cert.h"
#include "ca_world.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	ca_world_dir(dir);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	ca_world_remove(dir);
	return 0;
}

static struct acsr_cert_view *view(const struct issuer *i)
{
	struct acsr_cert_view *v;

	assert_int_equal(ACSR_OK, acsr_cert_parse(&v, i->der.p, i->der.len, NULL));
	return v;
}

static void test_root_and_intermediate(void **state)
{
	struct ca ca;
	struct acsr_cert_view *root, *sub;

	(void)state;
	ca_world_open(&ca, dir);
	assert_int_equal(2, ca.a.issuers.n);
	root = view(issuers_find(&ca.a.issuers, "root"));
	sub = view(issuers_find(&ca.a.issuers, "issuing-1"));
	assert_true(root->ca && root->path_len == 1 && root->self_issued);
	assert_true(sub->ca && sub->path_len == 0 && !sub->self_issued);
	assert_int_equal(ACSR_KU_KEY_CERT_SIGN | ACSR_KU_CRL_SIGN, sub->ku & ~ACSR_KU_DIGITAL_SIGNATURE);
	assert_string_equal("Example CA", acsr_dn_get(&root->subject, "O"));
	assert_string_equal("Example CA Root", acsr_dn_get(&root->subject, "CN"));
	assert_string_equal("Example CA Issuing-1", acsr_dn_get(&sub->subject, "CN"));
	assert_int_equal(7305LL * 86400 - 1, root->not_after - root->not_before);
	assert_int_equal(3652LL * 86400 - 1, sub->not_after - sub->not_before);
	assert_string_equal("http://127.0.0.1:8080/crl/root.crl", sub->crl_urls[0]);
	assert_string_equal("http://127.0.0.1:8080/ca/root.cer", sub->issuer_urls[0]);
	assert_int_equal(0, ca_world_run(dir, "openssl verify -x509_strict -CAfile root.pem issuing-1.pem"));
	acsr_cert_view_free(root);
	acsr_cert_view_free(sub);
	ca_world_close(&ca);
}

/* Remove what had not been written yet at each point of the first start; the rest must be kept. */
static void test_a_start_goes_on_where_it_stopped(void **state)
{
	static const char *const stop[] = {
		"rm issuing-1.pem",                                    /* signed and logged */
		"rm issuing-1.pem && sed -i 4d issuance.log",          /* about to be signed */
		"rm issuing-1.pem && sed -i 3,4d issuance.log",        /* the key only */
		"rm issuing-1.* && sed -i 3,4d issuance.log",          /* the root only */
		"rm issuing-1.* root.pem && sed -i 3,4d issuance.log", /* the root's certificate in the log */
		"rm issuing-1.* root.pem && sed -i 2,4d issuance.log", /* about to be signed */
		"rm issuing-1.* root.pem && rm issuance.log",          /* the root's key only */
		"rm issuing-1.* root.* && rm issuance.log",            /* nothing */
		"cp root.key root.key.new && cp root.pem issuing-2.pem.new",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(stop) / sizeof(stop[0]); i++) {
		struct ca ca;

		ca_world_open(&ca, dir);
		ca_world_close(&ca);
		assert_int_equal(0, ca_world_run(dir, "cp issuing-1.pem old.pem && cp root.pem oldroot.pem"));
		assert_int_equal(0, ca_world_run(dir, stop[i]));
		ca_world_open(&ca, dir);
		assert_int_equal(2, ca.a.issuers.n);
		assert_non_null(ca.a.issuers.v[0].key);
		assert_non_null(ca.a.issuers.v[1].key);
		ca_world_close(&ca);
		assert_int_equal(
			0, ca_world_run(dir, "openssl verify -x509_strict -CAfile root.pem issuing-1.pem"));
		if (i == 0) /* the one that is in the log, not another */
			assert_int_equal(0, ca_world_run(dir, "cmp old.pem issuing-1.pem"));
		if (i <= 4)
			assert_int_equal(0, ca_world_run(dir, "cmp oldroot.pem root.pem"));
		assert_int_equal(0, ca_world_run(dir, "rm -f *.pem *.key *.new issuance.log"));
	}
}

static void test_started_again_nothing_changes(void **state)
{
	struct ca ca;

	(void)state;
	ca_world_open(&ca, dir);
	ca_world_close(&ca);
	assert_int_equal(0, ca_world_run(dir, "sha256sum *.key *.pem *.log > sums"));
	ca_world_open(&ca, dir);
	ca_world_close(&ca);
	assert_int_equal(0, ca_world_run(dir, "sha256sum -c sums"));
}

static void test_an_offline_root(void **state)
{
	struct ca ca;

	(void)state;
	ca_world_open(&ca, dir);
	ca_world_close(&ca);
	assert_int_equal(0, ca_world_run(dir, "rm root.key"));
	ca_world_open(&ca, dir);
	assert_null(issuers_find(&ca.a.issuers, "root")->key);
	assert_non_null(issuers_find(&ca.a.issuers, "issuing-1")->key);
	ca_world_close(&ca);
	assert_int_equal(0, ca_world_run(dir, "rm issuing-1.pem issuance.log"));
	ca_world_refused(dir, "config.ca");
}

static void test_a_key_of_another(void **state)
{
	struct ca ca;

	(void)state;
	ca_world_open(&ca, dir);
	ca_world_close(&ca);
	assert_int_equal(0, ca_world_run(dir, "cp root.key issuing-1.key"));
	ca_world_refused(dir, "cert.issuer-key");
}

static void test_a_broken_certificate(void **state)
{
	struct ca ca;

	(void)state;
	ca_world_open(&ca, dir);
	ca_world_close(&ca);
	assert_int_equal(
		0, ca_world_run(
			   dir, "cp root.pem keep && cat root.pem issuing-1.pem > both && mv both root.pem"));
	ca_world_refused(dir, "cert.parse");
}

static void test_a_second_intermediate(void **state)
{
	struct ca ca;

	(void)state;
	ca_world_open(&ca, dir);
	ca_world_close(&ca);
	assert_int_equal(
		0, ca_world_run(dir, "cp issuing-1.pem issuing-2.pem && cp -p issuing-1.key issuing-2.key"));
	ca_world_open(&ca, dir);
	assert_int_equal(3, ca.a.issuers.n);
	assert_non_null(issuers_find(&ca.a.issuers, "issuing-2"));
	assert_null(issuers_find(&ca.a.issuers, "issuing-3"));
	ca_world_close(&ca);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_root_and_intermediate),
		T(test_a_start_goes_on_where_it_stopped), T(test_started_again_nothing_changes),
		T(test_an_offline_root), T(test_a_key_of_another), T(test_a_broken_certificate),
		T(test_a_second_intermediate) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
