/* Revocation lists: contents, and each refusal. */
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "autocsr/crl.h"
#include "ca_world.h"

static char dir[64];
static struct ca ca;

static int open_world(void **state)
{
	(void)state;
	ca_world_dir(dir);
	ca_world_open(&ca, dir);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	ca_world_close(&ca);
	ca_world_remove(dir);
	return 0;
}

static struct msg_sign_crl request(uint64_t number)
{
	static char issuer[] = "issuing-1";

	return (struct msg_sign_crl){
		.issuer = issuer, .number = number, .this_update = 1800000000, .next_update = 1800600000
	};
}

static void add(struct msg_sign_crl *m, const char *entry)
{
	assert_int_equal(ACSR_OK, strv_add(&m->entries, entry, NULL));
}

static void refused(struct msg_sign_crl *m, const char *id)
{
	struct acsr_blob der = { 0 };
	struct acsr_err e = { 0 };

	assert_int_equal(ACSR_FAIL, certify_crl(&ca.a, m, &der, &e));
	if (strcmp(e.id, id) != 0)
		fail_msg("%s: %s, expected %s", e.id, e.text, id);
	assert_null(der.p);
	strv_free(&m->entries);
}

static void test_a_list(void **state)
{
	struct msg_sign_crl m = request(7);
	struct acsr_blob der;
	struct acsr_crl_view *v;
	struct acsr_err e = { 0 };

	(void)state;
	add(&m, "400102030405060708 1799999999 keyCompromise");
	add(&m, "410102030405060708 1799999998 0");
	add(&m, "420102030405060708 1799999997 4");
	if (certify_crl(&ca.a, &m, &der, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
	assert_int_equal(ACSR_OK, acsr_crl_parse(&v, der.p, der.len, ca.a.issuers.v[1].key, NULL));
	assert_int_equal(7, v->number);
	assert_int_equal(1800000000, v->this_update);
	assert_int_equal(1800600000, v->next_update);
	assert_int_equal(3, v->n_entries);
	assert_int_equal(1, acsr_crl_find(v, (const uint8_t *)"\x40\1\2\3\4\5\6\7\x08", 9)->reason);
	assert_int_equal(
		1799999998, acsr_crl_find(v, (const uint8_t *)"\x41\1\2\3\4\5\6\7\x08", 9)->revoked_at);
	assert_int_equal(4, acsr_crl_find(v, (const uint8_t *)"\x42\1\2\3\4\5\6\7\x08", 9)->reason);
	acsr_crl_view_free(v);
	acsr_blob_free(&der);
	strv_free(&m.entries);
}

static void test_bad_entries_are_refused(void **state)
{
	static const char *const bad[] = { "", "4001", "4001 5", "xy 5 0", " 5 0", "4001 -5 0", "4001 5.5 0",
		"400 5 0", "010203040506070809101112131415161718192021 5 0" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct msg_sign_crl m = request(1);

		add(&m, bad[i]);
		refused(&m, "cert.crl.entry");
	}
}

static void test_bad_reasons_are_refused(void **state)
{
	static const char *const bad[] = { "4001 5 nonsense", "4001 5 7", "4001 5 ", "4001 5 certificateHold",
		"4001 5 removeFromCRL", "4001 5 11" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct msg_sign_crl m = request(1);

		add(&m, bad[i]);
		refused(&m, "cert.reason");
	}
}

static void test_bad_lists_are_refused(void **state)
{
	char other[] = "issuing-7";
	struct msg_sign_crl m = request(1);

	(void)state;
	m.issuer = other;
	refused(&m, "cert.issuer");
	m = request(1);
	m.next_update = m.this_update;
	refused(&m, "cert.crl.times");
	m = request(0);
	refused(&m, "cert.crl.number");
	m = request(1);
	add(&m, "4001 5 0");
	add(&m, "4001 6 1");
	refused(&m, "cert.crl.duplicate");
}

/* A list that could not be signed has not used up its number. */
static void test_a_refused_list_may_be_mended(void **state)
{
	struct msg_sign_crl m = request(1);
	struct acsr_blob der;

	(void)state;
	add(&m, "4001 5 0");
	add(&m, "4001 6 1");
	refused(&m, "cert.crl.duplicate");
	assert_int_equal(ACSR_OK, certify_crl(&ca.a, &m, &der, NULL));
	acsr_blob_free(&der);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_a_list), T(test_bad_entries_are_refused),
		T(test_bad_reasons_are_refused), T(test_bad_lists_are_refused),
		T(test_a_refused_list_may_be_mended) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
