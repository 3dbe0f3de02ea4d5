/* The account at another CA: its keys, of which one is destroyed when the CA has the other, and its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "upstream_world.h"

#define OK(call) assert_int_equal((call), ACSR_OK)
#define DOES(part, what) snprintf(ca.part.does, sizeof(ca.part.does), "%s", what)

enum { MINUTE = 60, HOUR = 3600 };

static void operator(struct world *w)
{
	world_exec(w, "UPDATE users SET role = 'admin' WHERE email = 'bob@example.com'");
}

static unsigned roll(struct world *w)
{
	return world_as(w, &bob, "POST", "/issuers/ca/account/key", "{}");
}

#define ACCOUNT(what) world_number(w, "SELECT COUNT(*) FROM issuers WHERE " what)

static void the_old_key_is_destroyed_when_the_ca_has_the_new_one(void **state)
{
	struct world *w = *state;

	operator(w);
	assert_int_equal(roll(w), 200);
	ca_work(w);
	assert_string_equal(ca.forgotten, "ca-key");
	assert_int_equal(ACCOUNT("account_key <> 'ca-key' AND next_key = ''"), 1);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'upstream-forget'"), 0);
}

/* What is to be published names the account's key (RFC 8555 8.1). */
static void what_is_to_be_published_follows_the_key(void **state)
{
	struct world *w = *state;

	operator(w);
	ca_order(w, &ann, "ord_a", "a.example.com");
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM validations WHERE value LIKE '%.abcdef%'"), 1);
	assert_int_equal(roll(w), 200);
	ca_work(w);
	assert_string_equal(ca_step(w, "ord_a"), "prove");
	assert_int_equal(
		world_number(w,
			"SELECT COUNT(*) FROM validations WHERE value LIKE '%.NEWdef%' AND offers LIKE "
			"'%.NEWdef%'"),
		1);
	ca.seen = true;
	(void)ca_next(w, "validate");
	assert_string_equal(ca_state(w, "ord_a"), "issuing");
}

static void neither_key_goes_while_nobody_knows(void **state)
{
	struct world *w = *state;
	char next[65];

	operator(w);
	DOES(key_change, "net.timeout");
	DOES(new_account, "net.timeout");
	assert_int_equal(roll(w), 502);
	snprintf(next, sizeof(next), "%s", ca.made);
	ca_wait(w, 5 * MINUTE);
	ca_wait(w, HOUR);
	assert_string_equal(ca.forgotten, "");
	assert_int_equal(ACCOUNT("account_key = 'ca-key' AND next_key <> ''"), 1);
	DOES(new_account, "accountDoesNotExist"); /* it has not got it ... */
	DOES(key_change, "malformed"); /* ... and will not have it: perhaps it has got it after all */
	(void)ca_next(w, "upstream-roll");
	assert_int_equal(ACCOUNT("account_key = 'ca-key' AND next_key = ''"), 1);
	assert_string_equal(ca.forgotten, "");
}

static void a_key_that_was_refused_at_once_goes(void **state)
{
	struct world *w = *state;

	operator(w);
	DOES(key_change, "badPublicKey");
	assert_int_equal(roll(w), 422);
	ca_work(w);
	assert_int_equal(ACCOUNT("account_key = 'ca-key' AND next_key = ''"), 1);
	assert_string_not_equal(ca.forgotten, "");
	assert_string_not_equal(ca.forgotten, "ca-key");
}

static void the_signers_absence_only_delays_the_end_of_a_key(void **state)
{
	struct world *w = *state;

	operator(w);
	world_exec(w,
		"INSERT INTO jobs (kind, object, due_at, lease_until, attempts, error) VALUES "
		"('upstream-forget', 'old-key', 1, 0, 0, ''), ('upstream-forget', 'ca-key', 1, 0, 0, '')");
	ca.signer_away = true;
	ca_work(w);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'upstream-forget'"), 1);
	ca.signer_away = false;
	(void)ca_next(w, "upstream-forget");
	assert_string_equal(ca.forgotten, "old-key"); /* and never the one that the account has */
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'upstream-forget'"), 0);
}

static unsigned deactivate(struct world *w)
{
	return world_as(w, &bob, "DELETE", "/issuers/ca/account", "{}");
}

static void an_account_that_is_gone_already_is_deactivated(void **state)
{
	struct world *w = *state;

	operator(w);
	DOES(account, "unauthorized");
	assert_int_equal(deactivate(w), 200);
	assert_int_equal(ACCOUNT("account_status = 'deactivated'"), 1);
	assert_int_equal(ca.account.asked, 1);
}

/* While a roll-over has no end, "unauthorized" may mean the key only. */
static void with_two_keys_both_are_tried_before_the_account_is_gone(void **state)
{
	struct world *w = *state;

	operator(w);
	world_exec(w, "UPDATE issuers SET next_key = 'next'");
	DOES(account, "malformed");
	assert_int_equal(deactivate(w), 422);
	assert_string_equal(ca.signed_by, "next");
	assert_int_equal(ACCOUNT("account_status = 'valid' AND next_key = 'next'"), 1);
	DOES(account, "unauthorized");
	assert_int_equal(deactivate(w), 200); /* it takes neither */
	assert_int_equal(ca.account.asked, 4);
	ca_work(w);
	assert_string_equal(ca.forgotten, "next");
}

#define T(f) cmocka_unit_test_setup_teardown(f, ca_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_old_key_is_destroyed_when_the_ca_has_the_new_one),
		T(what_is_to_be_published_follows_the_key),
		T(neither_key_goes_while_nobody_knows),
		T(a_key_that_was_refused_at_once_goes),
		T(the_signers_absence_only_delays_the_end_of_a_key),
		T(an_account_that_is_gone_already_is_deactivated),
		T(with_two_keys_both_are_tried_before_the_account_is_gone),
	};

	if (!ca_has_clock())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
