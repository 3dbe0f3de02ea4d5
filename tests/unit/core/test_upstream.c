/* Orders at another CA: how long is waited for what, who takes over, and what is let go of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/accounts.h"
#include "upstream_world.h"

#define OK(call) assert_int_equal((call), ACSR_OK)
#define DOES(part, what) snprintf(ca.part.does, sizeof(ca.part.does), "%s", what)
#define AUDITS(action) world_number(w, "SELECT COUNT(*) FROM audit WHERE action = '" action "'")

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static void assert_says(struct world *w, const char *id, const char *words)
{
	if (strstr(ca_reason(w, id), words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, ca_reason(w, id));
}

/* `kind` runs until the order has left this state or so much time is over. */
static void until_left(struct world *w, const char *id, const char *state, const char *kind, int64_t most)
{
	int64_t begun = clock_now();

	while (strcmp(ca_state(w, id), state) == 0 && clock_now() - begun < most)
		(void)ca_next(w, kind);
}

static void fall_back(struct world *w)
{
	world_exec(w,
		"UPDATE products SET fallback_issuer = 'issuing-1', fallback_after = 7200 WHERE id = 'dv'");
}

/* --- the way --- */

static void an_order_is_placed_and_proven(void **state)
{
	struct world *w = *state;

	ca_order(w, &ann, "ord_a", "a.example.com");
	assert_string_equal(ca_step(w, "ord_a"), "prove");
	assert_int_equal(ca.challenge.asked, 0); /* we have not seen it */
	assert_says(w, "ord_a", "there is no such file");
	ca.seen = true;
	(void)ca_next(w, "validate");
	assert_int_equal(ca.challenge.asked, 1);
	assert_string_equal(ca_state(w, "ord_a"), "issuing");
	assert_int_equal(AUDITS("name.validated"), 1);
}

/* --- fallback --- */

/* All but the URLs of challenges works: that the authorization can be read is no sign of health. */
static void a_ca_whose_challenges_alone_are_down_loses_the_order(void **state)
{
	struct world *w = *state;

	fall_back(w);
	DOES(challenge, "500");
	ca.seen = true;
	ca_order(w, &ann, "ord_a", "a.example.com");
	(void)ca_next(w, "validate");
	assert_says(w, "ord_a", "status 500");
	for (int i = 0; i < 40 && strcmp(ca_issuer(w, "ord_a"), "ca") == 0; i++) {
		assert_true(ca_detail(w, "ord_a", "fault_since") > 0);
		(void)ca_next(w, "validate");
	}
	assert_string_equal(ca_issuer(w, "ord_a"), "issuing-1");
	assert_true(ca.challenge.asked > 2 && ca.authz.asked > 2);
}

static void a_challenge_that_works_again_takes_the_fault_away(void **state)
{
	struct world *w = *state;

	fall_back(w);
	DOES(challenge, "net.connect");
	ca.seen = true;
	snprintf(ca.authz_status, sizeof(ca.authz_status), "pending");
	snprintf(ca.challenge_status, sizeof(ca.challenge_status),
		"pending"); /* as some CAs say while they look */
	ca_order(w, &ann, "ord_a", "a.example.com");
	(void)ca_next(w, "validate");
	assert_true(ca_detail(w, "ord_a", "fault_since") > 0);
	DOES(challenge, "");
	(void)ca_next(w, "validate");
	assert_int_equal(ca_detail(w, "ord_a", "fault_since"), -1);
	assert_says(w, "ord_a", "is looking at it");
	for (int i = 0; i < 30; i++)
		(void)ca_next(w, "validate");
	ca_wait(w, 3 * HOUR);
	assert_string_equal(ca_issuer(w, "ord_a"), "ca");
}

/* One name's trouble is not over because another name does well. */
static void a_fault_is_of_the_name_that_has_it(void **state)
{
	struct world *w = *state;
	CLEANUP_ERRAND struct errand x = { 0 };
	bool have;

	ca_order(w, &ann, "ord_a", "a.example.com");
	world_open(w, clock_now());
	OK(errand_load(&w->c, "ord_a", &x, &have, NULL));
	OK(errand_trouble(&w->c, &x, "validate", "val_one",
		&(struct acsr_err){ .id = "upstream.down", .text = "no" }, 0, NULL));
	OK(errand_well(&w->c, &x, "val_two", NULL));
	assert_true(errand_has_fault(&x, "val_one"));
	OK(errand_well(&w->c, &x, "val_one", NULL));
	assert_false(errand_has_fault(&x, "val_one"));
	world_close(w);
}

/* --- what is let go of after a fallback --- */

static void what_a_fallback_leaves_is_let_go_of_when_the_ca_is_back(void **state)
{
	struct world *w = *state;

	fall_back(w);
	DOES(challenge, "net.connect");
	DOES(deactivate, "net.connect");
	ca.seen = true;
	ca_order(w, &ann, "ord_a", "a.example.com");
	for (int i = 0; i < 40 && strcmp(ca_issuer(w, "ord_a"), "ca") == 0; i++)
		(void)ca_next(w, "validate");
	assert_string_equal(ca_issuer(w, "ord_a"), "issuing-1");
	assert_int_equal(ca.deactivate.asked, 1);
	assert_int_equal(ca_detail(w, "ord_a", "leaving"), 1);
	(void)ca_next(w, "upstream-tidy");
	(void)ca_next(w, "upstream-tidy");
	assert_int_equal(ca.deactivate.asked, 3);
	DOES(deactivate, "");
	(void)ca_next(w, "upstream-tidy");
	assert_int_equal(ca.deactivate.asked, 4);
	assert_int_equal(ca_detail(w, "ord_a", "leaving"), -1);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'upstream-tidy'"), 0);
}

static void letting_go_has_an_end(void **state)
{
	struct world *w = *state;

	DOES(deactivate, "net.connect");
	ca_order(w, &ann, "ord_a", "a.example.com");
	assert_int_equal(world_as(w, &ann, "POST", "/orders/ord_a/cancel", "{}"), 200);
	ca_work(w);
	assert_int_equal(ca_detail(w, "ord_a", "leaving"), 1);
	ca_wait(w, 8 * DAY);
	assert_int_equal(ca_detail(w, "ord_a", "leaving"), -1);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'upstream-tidy'"), 0);
}

/* A row is found by the word in its text, which may be another member's. */
static void a_list_that_is_none_ends_the_letting_go(void **state)
{
	static const char *const kinds[] = { "{\"a\":{\"leaving\":[\"x\"]}}", "{\"leaving\":{\"a\":1}}",
		"[\"leaving\"]" };
	struct world *w = *state;

	ca_order(w, &ann, "ord_a", "a.example.com");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		world_open(w, clock_now());
		OK(db_exec(w->c.db, NULL, "UPDATE upstream_orders SET detail = $1",
			DB_ARGS(DB_TEXT(kinds[i])), NULL));
		OK(core_want_job(&w->c, "upstream-tidy", "ord_a", clock_now(), NULL));
		world_close(w);
		ca_work(w);
		assert_int_equal(
			world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'upstream-tidy'"), 0);
	}
	assert_int_equal(ca.deactivate.asked, 0);
}

/* One customer's two orders may have one authorization there: the second still needs it. */
static void what_another_order_needs_is_kept(void **state)
{
	struct world *w = *state;

	snprintf(ca.gives, sizeof(ca.gives), "same");
	ca_order(w, &ann, "ord_a", "a.example.com");
	ca_order(w, &ann, "ord_b", "a.example.com");
	assert_string_equal(ca_step(w, "ord_b"), "prove");
	assert_int_equal(world_as(w, &ann, "POST", "/orders/ord_a/cancel", "{}"), 200);
	ca_work(w);
	assert_int_equal(ca.deactivate.asked, 0);
	assert_int_equal(ca_detail(w, "ord_a", "leaving"), -1);
	assert_int_equal(world_as(w, &ann, "POST", "/orders/ord_b/cancel", "{}"), 200);
	ca_work(w);
	assert_int_equal(ca.deactivate.asked, 1);
}

/* --- waiting for the operator --- */

static void an_order_waits_for_an_issuer_that_is_off_without_an_end(void **state)
{
	struct world *w = *state;

	ca_order(w, &ann, "ord_a", "a.example.com");
	world_exec(w, "UPDATE issuers SET active = 0");
	for (int day = 0; day < 40; day += 4) {
		ca_wait(w, 4 * DAY);
		assert_string_equal(ca_state(w, "ord_a"), "validating");
	}
	assert_says(w, "ord_a", "has switched The CA off");
	assert_int_equal(ca.new_order.asked, 1);
	world_exec(w, "UPDATE issuers SET active = 1");
	(void)ca_next(w, "validate");
	assert_int_equal(ca_detail(w, "ord_a", "held_since"), -1);
	assert_string_equal(ca_state(w, "ord_a"), "validating"); /* its days were not used up meanwhile */
	assert_says(w, "ord_a", "there is no such file");
	ca.seen = true;
	(void)ca_next(w, "validate");
	assert_string_equal(ca_state(w, "ord_a"), "issuing");
}

static void an_order_that_was_sent_the_csr_waits_too(void **state)
{
	struct world *w = *state;

	snprintf(ca.order_status, sizeof(ca.order_status), "ready");
	DOES(finalize, "500");
	ca.seen = true;
	ca_order(w, &ann, "ord_a", "a.example.com");
	assert_string_equal(ca_state(w, "ord_a"), "issuing");
	assert_true(ca_detail(w, "ord_a", "sent_at") > 0);
	fall_back(w);
	world_exec(w, "UPDATE issuers SET active = 0");
	ca_wait(w, 20 * DAY);
	assert_string_equal(ca_state(w, "ord_a"), "issuing");
	assert_string_equal(ca_issuer(w, "ord_a"), "ca"); /* it may issue: nobody takes over */
	world_exec(w, "UPDATE issuers SET active = 1");
	(void)ca_next(w, "issue");
	assert_string_equal(ca_state(w, "ord_a"), "issuing");
}

static void an_issuer_that_is_off_gives_its_orders_to_the_fallback(void **state)
{
	struct world *w = *state;

	fall_back(w);
	ca_order(w, &ann, "ord_a", "a.example.com");
	world_exec(w, "UPDATE issuers SET active = 0");
	ca_wait(w, 30 * MINUTE);
	assert_says(w, "ord_a", "has switched The CA off");
	ca_wait(w, HOUR);
	assert_string_equal(ca_issuer(w, "ord_a"), "ca");
	ca_wait(w, HOUR);
	assert_string_equal(ca_issuer(w, "ord_a"), "issuing-1");
}

/* --- terms --- */

static void operator(struct world *w)
{
	world_exec(w, "UPDATE users SET role = 'admin' WHERE email = 'bob@example.com'");
}

static void new_terms_hold_the_orders_and_the_operator_agrees(void **state)
{
	struct world *w = *state;

	operator(w);
	snprintf(ca.instance, sizeof(ca.instance), "https://ca.test/agree/here");
	DOES(new_order, "userActionRequired");
	ca_order(w, &ann, "ord_a", "a.example.com");
	assert_says(w, "ord_a", "The CA has new terms of service; the order goes on when the operator");
	assert_int_equal(AUDITS("issuer.terms"), 1);
	assert_int_equal(ca.mails, 1);
	assert_string_equal(ca.mail_to, "bob@example.com");
	assert_non_null(strstr(ca.mail, "https://ca.test/agree/here"));
	assert_non_null(strstr(ca.mail, "autocsr issuer register ca"));
	ca_wait(w, 20 * DAY);
	assert_int_equal(ca.new_order.asked, 1); /* nobody asks before */
	assert_string_equal(ca_state(w, "ord_a"), "validating");
	ca_order(w, &ann, "ord_b", "b.example.com");
	assert_int_equal(ca.new_order.asked, 1);
	assert_int_equal(AUDITS("issuer.terms"), 1);

	world_login(w, "bob@example.com", WORLD_PASSWORD, &bob);
	assert_int_equal(world_as(w, &bob, "GET", "/issuers/ca", NULL), 200);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(w->answer, "account"), "terms_wanted")),
		"https://ca.test/agree/here");
	assert_int_equal(world_as(w, &bob, "POST", "/issuers/ca/account", "{}"), 422);
	assert_string_equal(world_problem(w), "upstream.terms");
	assert_non_null(strstr(w->text, "https://ca.test/agree/here"));
	snprintf(ca.terms, sizeof(ca.terms), "https://ca.test/terms-2");
	DOES(new_order, "");
	assert_int_equal(world_as(w, &bob, "POST", "/issuers/ca/account", "{\"agree_terms\":true}"), 200);
	ca_work(w);
	assert_string_equal(ca_step(w, "ord_a"), "prove");
	assert_string_equal(ca_step(w, "ord_b"), "prove");
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM issuers WHERE terms_wanted = '' AND terms_agreed = "
				"'https://ca.test/terms-2'"),
		1);
}

static void terms_that_only_change_in_the_directory_are_told(void **state)
{
	struct world *w = *state;

	ca_order(w, &ann, "ord_a", "a.example.com");
	snprintf(ca.terms, sizeof(ca.terms), "https://ca.test/terms-2");
	ca_wait(w, 2 * DAY);
	ca_order(w, &ann, "ord_b", "b.example.com");
	assert_string_equal(ca_step(w, "ord_b"), "prove");
	assert_int_equal(AUDITS("issuer.terms"), 1);
	ca_wait(w, 2 * DAY);
	ca_order(w, &ann, "ord_c", "c.example.com");
	assert_int_equal(AUDITS("issuer.terms"), 1); /* once */
}

/* --- ends --- */

static void nothing_but_trouble_ends(void **state)
{
	struct world *w = *state;

	DOES(new_order, "net.connect");
	ca_order(w, &ann, "ord_a", "a.example.com");
	ca_wait(w, 6 * DAY + 20 * HOUR);
	assert_string_equal(ca_state(w, "ord_a"), "validating");
	until_left(w, "ord_a", "validating", "upstream", DAY);
	assert_string_equal(ca_state(w, "ord_a"), "failed");
	assert_says(w, "ord_a", "cannot be reached");
}

/* Growing, from first_retry to half an hour. */
static void pauses_grow(void **state)
{
	struct world *w = *state;
	int64_t last = 0, pause = 0;

	DOES(new_order, "net.connect");
	ca_order(w, &ann, "ord_a", "a.example.com");
	for (int i = 0; i < 5; i++) {
		pause = ca_next(w, "upstream");
		assert_true(pause >= (int64_t)MINUTE << i && pause <= ((int64_t)MINUTE << i) * 5 / 4 + 1);
		assert_true(pause > last);
		last = pause;
	}
	for (int i = 0; i < 3; i++)
		pause = ca_next(w, "upstream");
	assert_true(pause >= 30 * MINUTE && pause <= 38 * MINUTE);
}

/* The customer takes four days first, which are no refusal; and each try waits longer than the one before. */
static void refusals_end_counted_from_the_first(void **state)
{
	struct world *w = *state;
	int64_t first, pause, last = 0;
	int tries = 0;

	ca_order(w, &ann, "ord_a", "a.example.com");
	ca_wait(w, 4 * DAY);
	ca.seen = true;
	snprintf(ca.verdict, sizeof(ca.verdict), "invalid");
	first = clock_now();
	(void)ca_next(w, "validate");
	assert_string_equal(ca_step(w, "ord_a"), "failed");
	assert_says(w, "ord_a", "or when you ask for it");
	while (strcmp(ca_state(w, "ord_a"), "validating") == 0 && tries++ < 40) {
		pause = ca_next(w, "upstream");
		assert_true(pause >= 15 * MINUTE && (pause > last || pause >= DAY));
		last = pause;
	}
	assert_string_equal(ca_state(w, "ord_a"), "failed");
	assert_true(clock_now() - first > 7 * DAY && clock_now() - first < 9 * DAY);
	assert_int_equal(ca.new_order.asked, tries + 1);
}

static void a_new_round_counts_its_own_refusals(void **state)
{
	struct world *w = *state;

	ca_order(w, &ann, "ord_a", "a.example.com");
	ca.seen = true;
	snprintf(ca.verdict, sizeof(ca.verdict), "invalid");
	(void)ca_next(w, "validate");
	for (int64_t begun = clock_now(); clock_now() - begun < 5 * DAY;)
		(void)ca_next(w, "upstream");
	assert_string_equal(ca_state(w, "ord_a"), "validating");
	ca_begin_anew(w, "ord_a", 2);
	assert_int_equal(ca_detail(w, "ord_a", "failures"), 1);
	for (int64_t begun = clock_now(); clock_now() - begun < 3 * DAY;)
		(void)ca_next(w, "upstream");
	assert_string_equal(ca_state(w, "ord_a"), "validating");
}

/* A CA that never comes to a verdict is asked for another order. */
static void a_proof_that_stays_pending_is_begun_again(void **state)
{
	struct world *w = *state;

	ca.seen = true;
	snprintf(ca.authz_status, sizeof(ca.authz_status), "pending");
	snprintf(ca.challenge_status, sizeof(ca.challenge_status), "processing");
	ca_order(w, &ann, "ord_a", "a.example.com");
	assert_says(w, "ord_a", "is looking at it");
	ca_wait(w, 6 * DAY);
	assert_string_equal(ca_step(w, "ord_a"), "prove");
	ca_wait(w, DAY + HOUR);
	assert_string_equal(ca_step(w, "ord_a"), "failed");
	assert_says(w, "ord_a", "does not say what it has seen");
	(void)ca_next(w, "upstream");
	assert_int_equal(ca.new_order.asked, 2);
	assert_string_equal(ca_step(w, "ord_a"), "prove"); /* its days begin anew */
	assert_string_equal(ca_state(w, "ord_a"), "validating");
}

/* --- whose proof it is --- */

/* The CA gives bob what ann is about to prove: he must not have it by her proof. */
static void what_another_customer_is_proving_is_not_taken(void **state)
{
	struct world *w = *state;

	snprintf(ca.gives, sizeof(ca.gives), "same");
	ca_order(w, &ann, "ord_a", "a.example.com");
	ca_order(w, &bob, "ord_b", "a.example.com");
	assert_string_equal(ca_step(w, "ord_b"), "failed");
	assert_says(w, "ord_b", "another customer of this service has already");
	assert_int_equal(ca.deactivate.asked, 0); /* she may be just about to */
	(void)ca_next(w, "upstream");
	assert_true(ca.deactivate.asked >= 1);
	assert_string_equal(
		ca_step(w, "ord_b"), "failed"); /* the CA gives the same again and again: bounded */
	assert_true(ca.deactivate.asked <= 3);
	ca.gives[0] = '\0';
	(void)ca_next(w, "upstream");
	assert_string_equal(ca_step(w, "ord_b"), "prove");
	assert_string_equal(ca_state(w, "ord_b"), "validating");
}

static void a_record_of_the_shared_account_is_offered_for_vouched_names_only(void **state)
{
	struct strv vouched = { (char *[]){ (char *)(uintptr_t) "example.com" }, 1 };
	struct world *w = *state;

	snprintf(ca.types, sizeof(ca.types), "dns-persist-01");
	ca_order(w, &ann, "ord_a", "a.example.com");
	assert_says(w, "ord_a", "offers no way to show control");
	world_open(w, clock_now());
	OK(preauthorised_set(w->c.db, bob.account, &vouched, NULL));
	world_close(w);
	ca_order(w, &bob, "ord_b", "b.example.com");
	assert_string_equal(ca_step(w, "ord_b"), "prove");
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM validations WHERE method = 'dns-persist' AND record = "
				"'_validation-persist.b.example.com'"),
		1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, ca_begin, world_end)
		T(an_order_is_placed_and_proven),
		T(a_ca_whose_challenges_alone_are_down_loses_the_order),
		T(a_challenge_that_works_again_takes_the_fault_away),
		T(a_fault_is_of_the_name_that_has_it),
		T(what_a_fallback_leaves_is_let_go_of_when_the_ca_is_back),
		T(letting_go_has_an_end),
		T(a_list_that_is_none_ends_the_letting_go),
		T(what_another_order_needs_is_kept),
		T(an_order_waits_for_an_issuer_that_is_off_without_an_end),
		T(an_order_that_was_sent_the_csr_waits_too),
		T(an_issuer_that_is_off_gives_its_orders_to_the_fallback),
		T(new_terms_hold_the_orders_and_the_operator_agrees),
		T(terms_that_only_change_in_the_directory_are_told),
		T(nothing_but_trouble_ends),
		T(pauses_grow),
		T(refusals_end_counted_from_the_first),
		T(a_new_round_counts_its_own_refusals),
		T(a_proof_that_stays_pending_is_begun_again),
		T(what_another_customer_is_proving_is_not_taken),
		T(a_record_of_the_shared_account_is_offered_for_vouched_names_only),
	};

	if (!ca_has_clock())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
