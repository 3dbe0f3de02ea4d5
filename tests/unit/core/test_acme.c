/* Inside of the ACME server: nonces, which names a binding key covers, what a directory may be called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/acme/acme_int.h"
#include "core_world.h"

enum { NOW = 1795000000 };

static int begin(void **state)
{
	struct acsr_err e;
	struct world *w;

	if (world_begin(state) != 0)
		return -1;
	w = *state;
	world_open(w, NOW);
	return acme_settle(&w->c, &e) == ACSR_OK ? 0 : -1;
}

static int end(void **state)
{
	struct world *w = *state;

	world_close(w);
	return world_end(state);
}

/* "" when it was good. */
static const char *spend(struct world *w, const char *nonce)
{
	static struct acsr_err e;

	e.id[0] = '\0';
	return nonce_spend(&w->c, nonce, &e) == ACSR_OK ? "" : e.id;
}

static void make(struct world *w, char nonce[ACME_NONCE_TEXT])
{
	struct acsr_err e;

	assert_int_equal(nonce_make(&w->c, nonce, &e), ACSR_OK);
}

static void test_once(void **state)
{
	struct world *w = *state;
	char a[ACME_NONCE_TEXT], b[ACME_NONCE_TEXT];

	make(w, a);
	make(w, b);
	assert_string_not_equal(a, b);
	assert_string_equal(spend(w, a), "");
	assert_string_equal(spend(w, a), "acme.nonce");
	assert_string_equal(spend(w, b), "");
}

static void test_time(void **state)
{
	struct world *w = *state;
	char nonces[4][ACME_NONCE_TEXT];

	for (int i = 0; i < 4; i++)
		make(w, nonces[i]);
	w->c.now = NOW + ACME_NONCE_SECONDS;
	assert_string_equal(spend(w, nonces[0]), "");
	w->c.now = NOW + ACME_NONCE_SECONDS + 1;
	assert_string_equal(spend(w, nonces[1]), "acme.nonce");
	w->c.now = NOW - 60; /* another node's clock may be a little behind */
	assert_string_equal(spend(w, nonces[2]), "");
	w->c.now = NOW - 61;
	assert_string_equal(spend(w, nonces[3]), "acme.nonce");
}

/* No octet of it can be changed. */
static void test_every_octet(void **state)
{
	struct world *w = *state;
	CLEANUP_BUF struct buf raw = { 0 };
	char nonce[ACME_NONCE_TEXT], bad[ACME_NONCE_TEXT];
	struct acsr_err e;

	buf_init(&raw, 100);
	make(w, nonce);
	assert_int_equal(b64_decode(nonce, strlen(nonce), true, &raw, &e), ACSR_OK);
	for (size_t i = 0; i < raw.len; i++) {
		raw.p[i] ^= 1;
		b64_encode(raw.p, raw.len, true, bad);
		assert_string_equal(spend(w, bad), "acme.nonce");
		raw.p[i] ^= 1;
	}
	assert_string_equal(spend(w, nonce), "");
	assert_string_equal(spend(w, "AAAA="), "jws.malformed");
	assert_string_equal(spend(w, "a+b/"), "jws.malformed");
	assert_string_equal(spend(w, ""), "acme.nonce");
}

/* The same key after a restart; used ones stay used. */
static void test_restart(void **state)
{
	struct world *w = *state;
	char used[ACME_NONCE_TEXT], kept[ACME_NONCE_TEXT];
	struct acsr_err e;

	make(w, used);
	make(w, kept);
	assert_string_equal(spend(w, used), "");
	acsr_secret_free(w->c.acme->nonce_key);
	w->c.acme->nonce_key = NULL;
	assert_int_equal(nonce_open(&w->c, &e), ACSR_OK);
	assert_string_equal(spend(w, used), "acme.nonce");
	assert_string_equal(spend(w, kept), "");
}

/* Those that are too old anyway are forgotten as others come; none that could still be good is. */
static void test_forgotten(void **state)
{
	struct world *w = *state;
	char nonce[ACME_NONCE_TEXT];

	for (int64_t t = NOW; t <= NOW + 2 * ACME_NONCE_SECONDS; t += 600) {
		w->c.now = t;
		make(w, nonce);
		assert_string_equal(spend(w, nonce), "");
		assert_string_equal(spend(w, nonce), "acme.nonce");
	}
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM acme_nonces"), ACME_NONCE_SECONDS / 600 + 1);
}

static void test_covers(void **state)
{
	static const struct {
		const char *names, *name;
		bool yes;
	} all[] = {
		{ "example.com", "example.com", true },
		{ "example.com", "a.b.example.com", true },
		{ "example.com", "*.example.com", true },
		{ "example.com", "*.a.example.com", true },
		{ "example.com", "notexample.com", false },
		{ "example.com", "example.com.other.test", false },
		{ "example.com", "com", false },
		{ "example.com", "*.com", false },
		{ "a.test example.com b.test", "x.example.com", true },
		{ "a.test example.com b.test", "b.test", true },
		{ "a.test example.com b.test", "c.test", false },
		{ "192.0.2.7", "192.0.2.7", true },
		{ "0.2.7", "192.0.2.7", false },
		{ "2001:db8::1", "2001:db8::1", true },
		{ "", "example.com", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (eab_covers(all[i].names, all[i].name) != all[i].yes)
			fail_msg("%s in %s", all[i].name, all[i].names);
}

static void test_directory_names(void **state)
{
	static const char *const good[] = { "devices", "a", "0", "team-7", "new-orders" };
	static const char *const bad[] = { "", "-a", "A", "a_b", "a b", "a/b", "a.b", "new-order",
		"directory", "acct", "cert", "authz", "chall", "renewal-info",
		"abcdefghijklmnopqrstuvwxyz0123456" };
	struct acsr_err e;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(directory_name_check(good[i], &e), ACSR_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(directory_name_check(bad[i], &e), ACSR_FAIL);
}

static void test_words(void **state)
{
	(void)state;
	assert_true(word_is_in("dv dv-wildcard", "dv"));
	assert_true(word_is_in("dv dv-wildcard", "dv-wildcard"));
	assert_true(word_is_in("dv-wildcard dv", "dv"));
	assert_false(word_is_in("dv-wildcard", "dv"));
	assert_false(word_is_in("dv dv-wildcard", "dv dv-wildcard"));
	assert_false(word_is_in("dv", ""));
	assert_false(word_is_in("", "dv"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_once, begin, end),
		cmocka_unit_test_setup_teardown(test_time, begin, end),
		cmocka_unit_test_setup_teardown(test_every_octet, begin, end),
		cmocka_unit_test_setup_teardown(test_restart, begin, end),
		cmocka_unit_test_setup_teardown(test_forgotten, begin, end), cmocka_unit_test(test_covers),
		cmocka_unit_test(test_directory_names), cmocka_unit_test(test_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
