/* The slowing of guesses: who shares a bucket with whom, how the pauses grow, and what ends them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/device.h"
#include "core/throttle.h"
#include "core_world.h"

static struct request asker(const char *remote)
{
	struct request q = { 0 };

	q.m.remote = (char *)(uintptr_t)remote;
	return q;
}

#define OK(call) assert_int_equal((call), ACSR_OK)

/* The value of "Set-Cookie: NAME=VALUE; …". */
static struct acsr_secret *cookie_of(const char *header)
{
	const char *v = strchr(header, '=') + 1;
	struct acsr_secret *s;

	OK(acsr_secret_new(&s, v, strcspn(v, ";"), NULL));
	return s;
}

/* One wrong attempt at this time; the pause that it met, 0 when it was let through. */
static int64_t wrong(struct world *w, const char *remote, const char *user_id, int64_t now)
{
	struct request q = asker(remote);
	struct throttle t;
	int64_t wait;

	w->c.now = now;
	assert_int_equal(throttle_begin(&w->c, &q, "ann@example.com", user_id, &t, &wait, NULL), ACSR_OK);
	return wait;
}

static void right(struct world *w, const char *remote, const char *user_id, int64_t now)
{
	struct request q = asker(remote);
	struct throttle t;
	int64_t wait;

	w->c.now = now;
	assert_int_equal(throttle_begin(&w->c, &q, "ann@example.com", user_id, &t, &wait, NULL), ACSR_OK);
	assert_int_equal(wait, 0);
	assert_int_equal(throttle_right(&w->c, &t, NULL), ACSR_OK);
}

static void networks_are_24_and_64(void **state)
{
	static const char *const table[][2] = { { "198.51.100.77", "198.51.100.0/24" },
		{ "::ffff:198.51.100.77", "198.51.100.0/24" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" }, { "::1", "::/64" }, { "", "unknown" },
		{ "nonsense", "unknown" } };
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		throttle_network(table[i][0], out);
		assert_string_equal(out, table[i][1]);
	}
}

static void five_wrong_then_growing_pauses(void **state)
{
	struct world *w = *state;

	world_open(w, 1000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1000), 0);
	assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1000), 5);
	assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1004), 1);
	assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1005), 0);
	assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1005), 10);
	assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1015), 0);
	assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1015), 20);
	world_close(w);
}

static void the_pause_has_a_longest(void **state)
{
	struct world *w = *state;
	int64_t now = 1000, wait = 0, longest = 0;

	world_open(w, now);
	for (int i = 0; i < 60; i++) {
		wait = wrong(w, "192.0.2.1", "usr_a", now);
		longest = wait > longest ? wait : longest;
		now += wait;
	}
	assert_int_equal(longest, 900);
	/* The clock went back by a year: nobody waits a year, not even in pieces of 15 minutes. */
	assert_int_equal(wrong(w, "192.0.2.1", "usr_a", now - 86400 * 365), 0);
	world_close(w);
}

static void an_hour_of_quiet_forgets(void **state)
{
	struct world *w = *state;

	world_open(w, 1000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1000), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1000 + 3600), 0);
	assert_true(wrong(w, "192.0.2.1", "usr_a", 1000 + 3600) > 0);
	world_close(w);
}

static void other_networks_share_the_strangers_bucket(void **state)
{
	struct world *w = *state;
	char remote[32];

	world_open(w, 1000);
	for (int i = 0; i < 5; i++) {
		snprintf(remote, sizeof(remote), "198.51.%d.9", i);
		assert_int_equal(wrong(w, remote, "usr_a", 1000), 0);
	}
	assert_true(wrong(w, "203.0.113.1", "usr_a", 1000) > 0);
	world_close(w);
}

static void unknown_addresses_are_slowed_the_same(void **state)
{
	struct world *w = *state;

	world_open(w, 1000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(wrong(w, "192.0.2.1", NULL, 1000), 0);
	assert_int_equal(wrong(w, "192.0.2.1", NULL, 1000), 5);
	world_close(w);
}

static void a_known_network_is_not_locked_out_by_strangers(void **state)
{
	struct world *w = *state;

	world_open(w, 1000);
	right(w, "192.0.2.1", "usr_a", 1000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(wrong(w, "203.0.113.1", "usr_a", 1000), 0);
	assert_true(wrong(w, "203.0.113.1", "usr_a", 1000) > 0);
	right(w, "192.0.2.77", "usr_a", 1000);
	/* but it is not free of limits itself */
	for (int i = 0; i < 5; i++)
		assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1000), 0);
	assert_true(wrong(w, "192.0.2.1", "usr_a", 1000) > 0);
	world_close(w);
}

static void a_session_of_the_user_has_its_own_bucket(void **state)
{
	struct world *w = *state;
	struct request q = asker("203.0.113.1");
	struct throttle t;
	int64_t wait;

	q.who = (struct who){ .kind = WHO_SESSION, .user_id = "usr_a" };
	world_open(w, 1000);
	for (int i = 0; i < 6; i++)
		(void)wrong(w, "203.0.113.1", "usr_a", 1000);
	assert_true(wrong(w, "203.0.113.1", "usr_a", 1000) > 0);
	assert_int_equal(throttle_begin(&w->c, &q, "ann@example.com", "usr_a", &t, &wait, NULL), ACSR_OK);
	assert_int_equal(wait, 0);
	/* somebody else's session is nobody's */
	snprintf(q.who.user_id, sizeof(q.who.user_id), "usr_b");
	assert_int_equal(throttle_begin(&w->c, &q, "ann@example.com", "usr_a", &t, &wait, NULL), ACSR_OK);
	assert_true(wait > 0);
	world_close(w);
}

/* Strangers in the owner's own network do not slow the device that the owner has logged in with. */
static void a_known_device_has_its_own_bucket(void **state)
{
	struct world *w = *state;
	struct person ann, bob;
	struct request q = asker("203.0.113.1"), later = asker("203.0.113.1");
	struct throttle t;
	int64_t wait;

	world_register(w, "ann@example.com", &ann);
	world_register(w, "bob@example.com", &bob);
	assert_int_equal(device_note(&w->c, &q, ann.id, NULL), ACSR_OK);
	assert_int_equal(q.headers.n, 1);
	later.m.device = cookie_of(q.headers.v[0]);
	for (int i = 0; i < 6; i++)
		(void)wrong(w, "203.0.113.1", ann.id, w->c.now);
	assert_true(wrong(w, "203.0.113.1", ann.id, w->c.now) > 0);
	for (int i = 0; i < 5; i++) {
		OK(throttle_begin(&w->c, &later, "ann@example.com", ann.id, &t, &wait, NULL));
		assert_int_equal(wait, 0);
	}
	OK(throttle_begin(&w->c, &later, "ann@example.com", ann.id, &t, &wait, NULL));
	assert_true(wait > 0); /* a stolen cookie does not guess without end either */
	OK(throttle_begin(&w->c, &later, "bob@example.com", bob.id, &t, &wait, NULL));
	assert_string_equal(t.device, ""); /* it is not bob's */
	OK(device_forget(&w->c, &later, ann.id, false, NULL));
	OK(throttle_begin(&w->c, &later, "ann@example.com", ann.id, &t, &wait, NULL));
	assert_string_equal(t.device, "");
	strv_free(&q.headers);
	acsr_secret_free(later.m.device);
}

/* A cookie that nobody is known by is replaced; one that another user of the browser is known by is shared. */
static void a_planted_device_cookie_is_not_taken_over(void **state)
{
	struct world *w = *state;
	struct person ann, bob;
	struct request q = asker("203.0.113.1");

	world_register(w, "ann@example.com", &ann);
	world_register(w, "bob@example.com", &bob);
	OK(acsr_secret_new(&q.m.device, "planted", 7, NULL));
	OK(device_note(&w->c, &q, ann.id, NULL));
	acsr_secret_free(q.m.device);
	q.m.device = cookie_of(q.headers.v[0]);
	assert_int_equal(acsr_secret_len(q.m.device), 43);
	strv_free(&q.headers);
	OK(device_note(&w->c, &q, bob.id, NULL));
	assert_memory_equal(strchr(q.headers.v[0], '=') + 1, acsr_secret_bytes(q.m.device), 43);
	assert_int_equal(world_number(w, "SELECT COUNT(DISTINCT hash) FROM devices WHERE name = ''"), 1);
	strv_free(&q.headers);
	acsr_secret_free(q.m.device);
}

static void a_network_that_tries_many_addresses_is_slowed(void **state)
{
	struct world *w = *state;
	struct request q = asker("203.0.113.1");
	struct throttle t;
	int64_t wait = 0;
	int passed = 0;

	world_open(w, 1000);
	for (; passed < 100 && wait == 0; passed += wait == 0) {
		char email[40];

		snprintf(email, sizeof(email), "u%d@example.com", passed);
		assert_int_equal(throttle_begin(&w->c, &q, email, NULL, &t, &wait, NULL), ACSR_OK);
	}
	assert_int_equal(passed, 5);
	assert_int_equal(wrong(w, "203.0.114.1", NULL, 1000), 0);
	world_close(w);
}

static void what_was_neither_right_nor_wrong_does_not_count_and_resets_nothing(void **state)
{
	struct world *w = *state;
	struct request q = asker("192.0.2.1");
	struct throttle t;
	int64_t wait;

	world_open(w, 1000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1000), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(
			throttle_begin(&w->c, &q, "ann@example.com", "usr_a", &t, &wait, NULL), ACSR_OK);
		assert_int_equal(wait, 0);
		assert_int_equal(throttle_undo(&w->c, &t, NULL), ACSR_OK);
	}
	assert_int_equal(wrong(w, "192.0.2.1", "usr_a", 1000), 0);
	assert_true(wrong(w, "192.0.2.1", "usr_a", 1000) > 0);
	world_close(w);
}

static void strangers_do_not_fill_the_audit_log(void **state)
{
	struct world *w = *state;
	uint64_t untold;
	int told = 0;

	w->c.now = 100000;
	for (int i = 0; i < 1000; i++) {
		told += throttle_tell_stranger(&w->c, &untold);
		assert_int_equal(untold, 0);
	}
	assert_int_equal(told, 20);
	w->c.now += 60;
	assert_true(throttle_tell_stranger(&w->c, &untold));
	assert_int_equal(untold, 980);
	assert_true(throttle_tell_stranger(&w->c, &untold));
	assert_int_equal(untold, 0);
}

static void other_things_are_counted_by_the_hour(void **state)
{
	struct world *w = *state;
	bool ok;

	world_open(w, 1000);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(throttle_allow(&w->c, "mail:a", 3, &ok, NULL), ACSR_OK);
		assert_int_equal(ok, i < 3);
	}
	w->c.now += 3600;
	assert_int_equal(throttle_allow(&w->c, "mail:a", 3, &ok, NULL), ACSR_OK);
	assert_true(ok);
	world_close(w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_are_24_and_64),
		T(five_wrong_then_growing_pauses),
		T(the_pause_has_a_longest),
		T(an_hour_of_quiet_forgets),
		T(other_networks_share_the_strangers_bucket),
		T(unknown_addresses_are_slowed_the_same),
		T(a_known_network_is_not_locked_out_by_strangers),
		T(a_session_of_the_user_has_its_own_bucket),
		T(a_known_device_has_its_own_bucket),
		T(a_planted_device_cookie_is_not_taken_over),
		T(a_network_that_tries_many_addresses_is_slowed),
		T(what_was_neither_right_nor_wrong_does_not_count_and_resets_nothing),
		T(strangers_do_not_fill_the_audit_log),
		T(other_things_are_counted_by_the_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
