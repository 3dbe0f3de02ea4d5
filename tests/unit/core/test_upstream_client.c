/* What binds us as a client of other CAs: the nonce of a refusal, the form of tokens, and when to ask about a renewal
 * (RFC 9773), with a CA that says what no decent one says. */
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
#define RENEW(column) world_number(w, "SELECT COALESCE(" column ", 0) FROM orders WHERE id = 'ord_a'")

/* The clock goes on while a test runs. */
#define ABOUT(pause, call) assert_in_range((call), (pause)-8, pause)

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

/* --- nonces and tokens --- */

/* rfc: 8555 6.5#7: the next request has the nonce of the refusal, whatever other nonces there are */
static void the_nonce_of_a_refusal_is_the_next(void **state)
{
	struct world *w = *state;

	ca_order(w, &ann, "ord_a", "a.example.com"); /* leaves nonces of other answers */
	DOES(new_order, "badNonce");
	ca.new_order.asked = 0;
	ca.new_order.times = 2;
	ca_order(w, &ann, "ord_b", "b.example.com");
	assert_int_equal(ca.new_order.asked, 3);
	assert_string_equal(ca.new_order.nonce, ca.new_order.refused);
	assert_string_equal(ca_step(w, "ord_b"), "prove");
}

/* rfc: 8555 8.3#5: what is no base64url of a sane length is never published */
static void tokens_of_another_form_are_not_answered(void **state)
{
	static const char *const bad[] = { "", "short",
		"a-token-of-enough-length=", "a/token/of/enough/length", "../../../etc/passwd-and-more",
		"a token of enough length", "a-token-of-enough-length\n", "a-t\xc3\xb6ken-of-enough-length",
		"a+token+of+enough+length.x" };
	struct world *w = *state;
	char id[20], name[40];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(ca.token, sizeof(ca.token), "%s", bad[i]);
		snprintf(id, sizeof(id), "ord_%zu", i);
		snprintf(name, sizeof(name), "n%zu.example.com", i);
		ca_order(w, &ann, id, name);
		if (strstr(ca_reason(w, id), "offers no way to show control") == NULL)
			fail_msg("\"%s\": %s", bad[i], ca_reason(w, id));
	}
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM validations WHERE token <> ''"), 0);
	assert_int_equal(ca.challenge.asked, 0);
	snprintf(ca.token, sizeof(ca.token), "a-token_of-enough-length-0001");
	ca_order(w, &ann, "ord_good", "good.example.com");
	assert_string_equal(ca_step(w, "ord_good"), "prove");
}

/* --- renewal information --- */

static void window(int64_t from, int64_t until)
{
	char a[21], b[21];

	clock_rfc3339(from, a);
	clock_rfc3339(until, b);
	snprintf(ca.window, sizeof(ca.window), "{\"suggestedWindow\":{\"start\":\"%s\",\"end\":\"%s\"}}", a,
		b);
}

static void retry_after(const char *value)
{
	snprintf(ca.retry_after, sizeof(ca.retry_after), "%s", value);
}

/* An issued order whose renewal was asked about once, with a window in 60 days. */
static void asked_once(struct world *w, int64_t lives)
{
	window(clock_now() + 60 * DAY, clock_now() + 62 * DAY);
	ca_order(w, &ann, "ord_a", "a.example.com");
	ca_certify(w, "ord_a", lives);
	world_open(w, clock_now());
	OK(core_want_job(&w->c, "upstream-ari", "ord_a", clock_now(), NULL));
	world_close(w);
	ca_work(w);
	assert_int_equal(ca.renewal.asked, 1);
}

/* rfc: 9773 4.1#1: neither part of the identifier that we ask with is padded */
static void a_window_is_asked_for_and_kept(void **state)
{
	struct world *w = *state;
	const char *certid;

	asked_once(w, 90 * DAY);
	assert_true(strncmp(ca.renewal_path, "https://ca.test/renewal-info/", 29) == 0);
	certid = ca.renewal_path + 29;
	assert_true(strlen(certid) > 40 && strchr(certid, '.') != NULL);
	assert_null(strpbrk(certid, "=/+"));
	assert_true(RENEW("renew_from") > clock_now() + 59 * DAY);
	assert_int_equal(RENEW("renew_until - renew_from"), 2 * DAY);
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM audit WHERE action = 'order.renewal-window'"), 1);
}

/* rfc: 9773 4.2#3: a window that ends before it begins changes nothing, and is asked for again after six hours */
static void a_window_that_is_none_counts_as_no_answer(void **state)
{
	static const char *const bad[] = {
		"{\"suggestedWindow\":{\"start\":\"2040-01-02T00:00:00Z\",\"end\":\"2040-01-01T00:00:00Z\"}}",
		"{\"suggestedWindow\":{\"start\":\"2040-01-01T00:00:00Z\",\"end\":\"2040-01-01T00:00:00Z\"}}",
		"{\"suggestedWindow\":{\"start\":\"2040-01-01T00:00:00+01:00\",\"end\":\"2039-12-31T23:00:"
		"00Z\"}}",
		"{\"suggestedWindow\":{\"start\":\"2040-01-01T00:00:00Z\"}}",
		"{\"suggestedWindow\":{\"end\":\"2040-01-01T00:00:00Z\"}}",
		"{\"suggestedWindow\":{\"start\":\"soon\",\"end\":\"later\"}}",
		"{\"suggestedWindow\":{\"start\":2208988800,\"end\":2209075200}}",
		"{\"suggestedWindow\":[]}",
		"{\"suggestedWindow\":null}",
		"{}",
		"[]",
		"no JSON",
	};
	struct world *w = *state;
	int64_t from, until;

	asked_once(w, 90 * DAY);
	from = RENEW("renew_from");
	until = RENEW("renew_until");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(ca.window, sizeof(ca.window), "%s", bad[i]);
		ABOUT(6 * HOUR, ca_next(w, "upstream-ari"));
		if (RENEW("renew_from") != from || RENEW("renew_until") != until)
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(ca.renewal.asked, 1 + sizeof(bad) / sizeof(bad[0]));
}

/* rfc: 9773 4.3#1: neither when the question is due after the end, nor when it was due before and the service was down */
static void nothing_is_asked_about_an_expired_certificate(void **state)
{
	struct world *w = *state;

	asked_once(w, 6 * HOUR + MINUTE);
	ca_wait(w, 7 * HOUR); /* the question was due before the end of the certificate */
	assert_int_equal(ca.renewal.asked, 1);
	assert_string_equal(ca_state(w, "ord_a"), "expired");
	ca_wait(w, 7 * DAY);
	assert_int_equal(ca.renewal.asked, 1);
}

/* rfc: 9773 4.3#2: from the reissue on only about the new certificate, and a late answer about the old one is not its window */
static void nothing_is_asked_about_a_replaced_certificate(void **state)
{
	struct world *w = *state;
	char old[300];

	asked_once(w, 90 * DAY);
	snprintf(old, sizeof(old), "%s", ca.renewal_path);
	world_exec(w, "UPDATE orders SET state = 'validating', renew_from = NULL, renew_until = NULL");
	ca_begin_anew(w, "ord_a", 2);
	ca_wait(w, 7 * HOUR);
	ca_wait(w, 2 * DAY);
	assert_int_equal(ca.renewal.asked, 1);
	ca_certify(w, "ord_a", 90 * DAY);
	world_open(w, clock_now());
	OK(core_want_job(&w->c, "upstream-ari", "ord_a", clock_now(), NULL));
	world_close(w);
	ca_work(w);
	assert_int_equal(ca.renewal.asked, 2);
	assert_string_not_equal(ca.renewal_path, old);
	ca_wait(w, 7 * HOUR);
	assert_int_equal(ca.renewal.asked, 3);
	assert_string_not_equal(ca.renewal_path, old);
}

static void a_window_that_comes_too_late_is_of_no_order(void **state)
{
	struct world *w = *state;

	asked_once(w, 90 * DAY);
	window(clock_now() + 20 * DAY, clock_now() + 21 * DAY);
	ca.renewal.hook = "UPDATE orders SET state = 'validating', round = round + 1, renew_from = NULL, "
			  "renew_until = NULL";
	ca_wait(w, 7 * HOUR);
	assert_int_equal(ca.renewal.asked, 2);
	assert_int_equal(RENEW("renew_from"), 0);
}

#define NOTICES world_number(w, "SELECT COUNT(*) FROM audit WHERE action = 'order.renewal-due'")
#define PLANNED world_number(w, "SELECT COALESCE(MIN(due_at), 0) FROM jobs WHERE kind = 'renewal-notice'")

static int mails(struct world *w)
{
	return (int)world_number(w, "SELECT COUNT(*) FROM mails WHERE subject = 'The certificate for "
				    "a.example.com expires soon'");
}

static void the_customer_is_told_at_a_moment_within_the_window(void **state)
{
	struct world *w = *state;
	int64_t before, moved, until;

	asked_once(w, 90 * DAY);
	before = PLANNED;
	assert_in_range(before, RENEW("renew_from"), RENEW("renew_until"));
	window(clock_now() + 70 * DAY, clock_now() + 80 * DAY); /* later than it was */
	(void)ca_next(w, "upstream-ari");
	moved = PLANNED;
	until = RENEW("renew_until");
	assert_in_range(moved, RENEW("renew_from"), until);
	assert_int_equal(NOTICES, 0);
	ca_wait(w, moved - clock_now() - HOUR);
	assert_int_equal(NOTICES, 0);
	ca_wait(w, 2 * HOUR);
	assert_int_equal(NOTICES, 1);
	assert_int_equal(mails(w), 1);
	/* the CA changes its mind, again and again */
	for (int i = 1; i < 4; i++) {
		window(clock_now() - i * DAY, clock_now() - i * HOUR);
		ca_wait(w, 7 * HOUR);
	}
	assert_int_equal(mails(w), 1);
	ca_wait(w, 90 * DAY);
	assert_int_equal(mails(w), 1);
	assert_int_equal(PLANNED, 0);
}

static void a_window_that_is_over_is_told_at_once_and_each_certificate_has_its_own(void **state)
{
	struct world *w = *state;

	asked_once(w, 90 * DAY);
	window(clock_now() - 2 * DAY, clock_now() - DAY);
	(void)ca_next(w, "upstream-ari");
	assert_int_equal(mails(w), 1);
	world_exec(w, "UPDATE orders SET state = 'validating', renew_from = NULL, renew_until = NULL");
	ca_begin_anew(w, "ord_a", 2);
	window(clock_now() + 5 * DAY, clock_now() + 6 * DAY);
	ca_certify(w, "ord_a", 90 * DAY);
	world_open(w, clock_now());
	OK(core_want_job(&w->c, "upstream-ari", "ord_a", clock_now(), NULL));
	world_close(w);
	ca_work(w);
	assert_int_equal(mails(w), 1);
	ca_wait(w, 7 * DAY);
	assert_int_equal(mails(w), 2);
}

static void nobody_is_told_about_what_was_renewed(void **state)
{
	struct world *w = *state;

	asked_once(w, 90 * DAY);
	world_exec(w, "UPDATE orders SET state = 'validating', renew_from = NULL, renew_until = NULL");
	ca_begin_anew(w, "ord_a", 2);
	snprintf(ca.window, sizeof(ca.window), "{}"); /* none for the new one yet */
	ca_certify(w, "ord_a", 90 * DAY);
	ca_wait(w, 65 * DAY);
	assert_int_equal(NOTICES, 0);
	assert_int_equal(PLANNED, 0);
}

static void a_notice_that_failed_is_tried_again(void **state)
{
	struct world *w = *state;

	asked_once(w, 90 * DAY);
	world_exec(w, "CREATE TRIGGER full BEFORE INSERT ON mails BEGIN SELECT RAISE(ABORT, 'full'); END");
	window(clock_now() - 2 * DAY, clock_now() - DAY);
	(void)ca_next(w, "upstream-ari");
	ca_wait(w, 2);
	assert_int_equal(mails(w), 0);
	assert_int_equal(NOTICES, 0);
	world_exec(w, "DROP TRIGGER full");
	ca_wait(w, HOUR);
	assert_int_equal(mails(w), 1);
	assert_int_equal(NOTICES, 1);
	ca_wait(w, 80 * DAY);
	assert_int_equal(mails(w), 1);
}

/* Nor too late, when the window is after the end. */
static void the_customer_is_told_before_the_certificate_ends(void **state)
{
	struct world *w = *state;
	int64_t end;

	asked_once(w, 90 * DAY);
	end = clock_now() + 90 * DAY;
	window(end + 5 * DAY, end + 9 * DAY);
	(void)ca_next(w, "upstream-ari");
	assert_in_range(PLANNED, end - 2 * DAY, end - DAY + HOUR);
	ca_wait(w, PLANNED - clock_now() + HOUR);
	assert_int_equal(mails(w), 1);
}

/* The version before kept windows, and told nobody. */
static void a_window_that_was_known_already_is_told_of(void **state)
{
	struct world *w = *state;

	asked_once(w, 90 * DAY);
	world_exec(w, "DELETE FROM jobs WHERE kind = 'renewal-notice'");
	ca_wait(w, 7 * HOUR);
	assert_in_range(PLANNED, RENEW("renew_from"), RENEW("renew_until"));
	ca_wait(w, PLANNED - clock_now() + HOUR);
	assert_int_equal(mails(w), 1);
}

/* rfc: 9773 4.3.2#1: the next question is due exactly then, said in seconds or as a date */
static void the_next_question_is_when_the_ca_says(void **state)
{
	struct world *w = *state;
	char date[30];

	retry_after("7200");
	asked_once(w, 90 * DAY);
	retry_after("21601");
	ABOUT(7200, ca_next(w, "upstream-ari"));
	clock_http(clock_now() + 21601 + 5000, date);
	retry_after(date);
	ABOUT(21601, ca_next(w, "upstream-ari"));
	retry_after("");
	ABOUT(5000, ca_next(w, "upstream-ari"));
	ABOUT(6 * HOUR, ca_next(w, "upstream-ari"));
}

/* rfc: 9773 4.3.2#2: never sooner than a minute, never later than a day */
static void the_ca_cannot_have_us_ask_always_or_never(void **state)
{
	static const struct {
		const char *said;
		int64_t pause;
	} cases[] = {
		{ "1", MINUTE },
		{ "50", MINUTE },
		{ "90", 90 },
		{ "86300", 86300 },
		{ "86500", DAY },
		{ "31536000", DAY },
		{ "99999999999999999999999", DAY },
		{ "Fri, 01 Jan 2100 00:00:00 GMT", DAY },
		{ "-5", 6 * HOUR },
		{ "soon", 6 * HOUR },
		{ "0", 6 * HOUR },
	};
	struct world *w = *state;

	asked_once(w, 900 * DAY);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t pause;

		retry_after(cases[i].said);
		(void)ca_next(w, "upstream-ari");
		pause = ca_next(w, "upstream-ari");
		if (pause > cases[i].pause || pause < cases[i].pause - 8)
			fail_msg("%s: %lld", cases[i].said, (long long)pause);
	}
}

/* rfc: 9773 4.3.3#2: whatever the error is, the next question comes six hours later */
static void after_an_error_six_hours_pass(void **state)
{
	static const char *const errors[] = { "malformed", "404", "403", "unauthorized", "302" };
	struct world *w = *state;

	asked_once(w, 90 * DAY);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		int asked = ca.renewal.asked;

		DOES(renewal, errors[i]);
		(void)ca_next(w, "upstream-ari");
		assert_int_equal(ca.renewal.asked, asked + 1);
		ca_wait(w, 6 * HOUR - MINUTE);
		assert_int_equal(ca.renewal.asked, asked + 1);
		ca_wait(w, 2 * MINUTE);
		assert_int_equal(ca.renewal.asked, asked + 2);
	}
	assert_int_equal(RENEW("renew_until - renew_from"), 2 * DAY);
}

/* rfc: 9773 4.3.3#1: one try, and then a passing error counts as a lasting one */
static void a_passing_error_counts_as_a_lasting_one(void **state)
{
	static const char *const errors[] = { "500", "502", "net.connect", "net.resolve", "net.timeout",
		"net.tls" };
	struct world *w = *state;

	asked_once(w, 90 * DAY);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		int asked;

		DOES(renewal, errors[i]);
		(void)ca_next(w, "upstream-ari");
		asked = ca.renewal.asked;
		ABOUT(6 * HOUR, ca_next(w, "upstream-ari"));
		assert_int_equal(ca.renewal.asked, asked + 1);
	}
	DOES(renewal, "");
	window(clock_now() + 5 * DAY, clock_now() + 6 * DAY);
	(void)ca_next(w, "upstream-ari");
	assert_int_equal(RENEW("renew_until - renew_from"), DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, ca_begin, world_end)
		T(the_nonce_of_a_refusal_is_the_next),
		T(tokens_of_another_form_are_not_answered),
		T(a_window_is_asked_for_and_kept),
		T(a_window_that_is_none_counts_as_no_answer),
		T(nothing_is_asked_about_an_expired_certificate),
		T(nothing_is_asked_about_a_replaced_certificate),
		T(a_window_that_comes_too_late_is_of_no_order),
		T(the_customer_is_told_at_a_moment_within_the_window),
		T(a_window_that_is_over_is_told_at_once_and_each_certificate_has_its_own),
		T(nobody_is_told_about_what_was_renewed),
		T(a_notice_that_failed_is_tried_again),
		T(the_customer_is_told_before_the_certificate_ends),
		T(a_window_that_was_known_already_is_told_of),
		T(the_next_question_is_when_the_ca_says),
		T(the_ca_cannot_have_us_ask_always_or_never),
		T(after_an_error_six_hours_pass),
		T(a_passing_error_counts_as_a_lasting_one),
	};

	if (!ca_has_clock())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
