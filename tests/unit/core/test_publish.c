/* Proofs that are published: for whom, where, and that whatever may be out there is taken away again, whoever dies
 * meanwhile. The test stands in the place of courier and hook. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "core/publish.h"
#include "core_world.h"
#include "store/jobs.h"

#define OK(call) assert_int_equal((call), ACSR_OK)
#define NAME "www.example.com"
#define RECORD "_acme-challenge." NAME
#define COUNT(what) world_number(w, "SELECT COUNT(*) FROM publications" what)

/* --- courier and hook --- */

/* What is out there, as "NAME VALUE", and how the other side behaves. */
static struct outside {
	char there[16][1400];
	bool silent;          /* it does it, and says nothing */
	const char *refusal;  /* an error's id: it does not do it */
	const char *moved_to; /* a CNAME led there */
	int asked;
	struct chan *courier, *hook;
} outside;

static void change(bool remove, const char *name, const char *value)
{
	char pair[1400];

	snprintf(pair, sizeof(pair), "%s %s", name, value);
	for (size_t i = 0; i < 16; i++)
		if (strcmp(outside.there[i], pair) == 0)
			outside.there[i][0] = '\0';
	for (size_t i = 0; !remove && i < 16; i++) {
		if (outside.there[i][0] != '\0')
			continue;
		memcpy(outside.there[i], pair, sizeof(pair));
		break;
	}
}

static bool is_there(const char *name, const char *value)
{
	char pair[1400];

	snprintf(pair, sizeof(pair), "%s %s", name, value);
	for (size_t i = 0; i < 16; i++)
		if (strcmp(outside.there[i], pair) == 0)
			return true;
	return false;
}

static bool nothing_is_there(void)
{
	for (size_t i = 0; i < 16; i++)
		if (outside.there[i][0] != '\0')
			return false;
	return true;
}

static void refuse(struct chan *ch, uint64_t id)
{
	struct msg_failed m = { .id = (char *)(uintptr_t)outside.refusal,
		.text = (char *)(uintptr_t) "it is not wanted",
		.field = (char *)(uintptr_t) "",
		.source = (char *)(uintptr_t) "" };

	OK(chan_send(ch, MSG_failed, id, &m, -1, NULL));
}

static void courier_hears(void *arg, struct chan *ch, struct msg *m)
{
	const struct msg_publish *p = m->body;
	struct msg_published done = { .detail = (char *)(uintptr_t) "by the test" };

	(void)arg;
	if (m->type != MSG_publish)
		return;
	outside.asked++;
	done.name = (char *)(uintptr_t)(outside.moved_to != NULL && !p->remove ? outside.moved_to : p->name);
	if (outside.refusal != NULL) {
		refuse(ch, m->id);
		return;
	}
	change(p->remove, done.name, p->value);
	if (!outside.silent)
		OK(chan_send(ch, MSG_published, m->id, &done, -1, NULL));
}

static void hook_hears(void *arg, struct chan *ch, struct msg *m)
{
	const struct msg_hook_run *p = m->body;
	struct msg_hook_ran done = { .output = (char *)(uintptr_t) "" };

	(void)arg;
	outside.asked++;
	if (outside.refusal != NULL) {
		refuse(ch, m->id);
		return;
	}
	change(p->remove, p->name, p->value);
	OK(chan_send(ch, MSG_hook_ran, m->id, &done, -1, NULL));
}

/* --- the service --- */

static struct person ann, bob;

static int begin(void **state)
{
	struct world *w;

	if (world_begin(state) != 0)
		return -1;
	w = *state;
	outside = (struct outside){ 0 };
	world_register(w, "ann@example.com", &ann);
	world_register(w, "bob@example.com", &bob);
	world_exec(w, "INSERT INTO orders (id, account_id, user_id, product_id, state, names, subject, "
		      "delivery, email, method, "
		      "round, waiting_reason, created_at, updated_at) SELECT 'ord_' || email, account_id, "
		      "id, 'dv', 'validating', "
		      "'www.example.com', '{}', 'download', '', 'dns', 1, '', 0, 0 FROM users");
	world_exec(w, "INSERT INTO validations (id, order_id, name, wildcard, method, token, value, state, "
		      "error, evidence, attempts, "
		      "created_at) SELECT 'val_' || id, id, 'www.example.com', 0, 'dns', 't', 'v', "
		      "'pending', '', '', 0, 0 FROM orders");
	world_conf(w, "publish.dns_server", "127.0.0.1:53");
	world_conf(w, "publish.names", "any");
	outside.courier = world_join(w, ROLE_COURIER, courier_hears);
	outside.hook = world_join(w, ROLE_HOOK, hook_hears);
	return 0;
}

static struct publish wish(const struct person *p, const char *automation, const char *value)
{
	bool mine = p == &ann, dns = strcmp(automation, "dns-update") == 0 || strcmp(automation, "hook") == 0;

	return (struct publish){ .automation = automation,
		.account_id = p->account,
		.order_id = mine ? "ord_ann@example.com" : "ord_bob@example.com",
		.validation_id = mine ? "val_ord_ann@example.com" : "val_ord_bob@example.com",
		.method = dns ? "dns" : "http",
		.name = NAME,
		.where = dns ? RECORD : "/.well-known/acme-challenge/Token-1_",
		.value = value,
		.wake = "" };
}

static struct publish_state want_at(struct world *w, struct publish p, int64_t now)
{
	struct publish_state s = { 0 };

	world_open(w, now);
	OK(publish_want(&w->c, &p, &s, NULL));
	world_close(w);
	return s;
}

static struct publish_state want(
	struct world *w, const struct person *p, const char *automation, const char *value)
{
	return want_at(w, wish(p, automation, value), clock_now());
}

/* Whatever is due, until nothing is. */
static void work(struct world *w)
{
	for (int i = 0; i < 4; i++) {
		core_run_jobs(&w->c);
		world_turn(w);
	}
}

static void drop(struct world *w, const struct person *p)
{
	world_open(w, clock_now());
	OK(publish_drop(&w->c, wish(p, "", "").validation_id, NULL));
	world_close(w);
}

/* What waits for its next try waits no more. */
static void time_passes(struct world *w)
{
	world_exec(w, "UPDATE jobs SET due_at = 1, lease_until = 0 WHERE kind IN ('publish', 'unpublish')");
	work(w);
}

/* core was killed: it remembers what the database has. */
static void core_dies(struct world *w)
{
	call_peer_gone(&w->c, ROLE_COURIER); /* the questions go ... */
	while (w->c.steps != NULL)           /* ... and nobody hears of it */
		w->c.steps = NULL;
	w->c.steps_tail = &w->c.steps;
	world_open(w, clock_now());
	OK(jobs_free_leases(w->c.db, NULL));
	world_close(w);
}

/* --- tests --- */

static void what_is_wanted_is_published_and_what_was_is_removed(void **state)
{
	struct world *w = *state;

	assert_int_equal(want(w, &ann, "dns-update", "one").step, PUBLISH_UNDER_WAY);
	work(w);
	assert_true(is_there(RECORD, "one"));
	assert_int_equal(want(w, &ann, "dns-update", "one").step, PUBLISH_DONE);
	assert_int_equal(outside.asked, 1);
	drop(w, &ann);
	work(w);
	assert_true(nothing_is_there());
	assert_int_equal(COUNT(""), 0);
	drop(w, &ann); /* again */
	work(w);
	assert_int_equal(outside.asked, 2);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM audit WHERE action LIKE 'proof.%'"), 2);
}

static void another_value_takes_the_place_of_the_first(void **state)
{
	struct world *w = *state;

	(void)want(w, &ann, "dns-update", "one");
	work(w);
	(void)want(w, &ann, "dns-update", "two");
	work(w);
	assert_false(is_there(RECORD, "one"));
	assert_true(is_there(RECORD, "two"));
	(void)want(w, &ann, "", "two"); /* the issuer's automation was switched off */
	work(w);
	assert_true(nothing_is_there());
}

static void two_orders_have_two_values_side_by_side(void **state)
{
	struct world *w = *state;

	(void)want(w, &ann, "dns-update", "of ann");
	(void)want(w, &bob, "dns-update", "of bob");
	work(w);
	assert_true(is_there(RECORD, "of ann") && is_there(RECORD, "of bob"));
	drop(w, &ann);
	work(w);
	assert_true(!is_there(RECORD, "of ann") && is_there(RECORD, "of bob"));
}

/* A CA may give one authorization, and so one value, to two orders. */
static void what_two_share_goes_with_the_last(void **state)
{
	struct world *w = *state;

	(void)want(w, &ann, "dns-update", "shared");
	(void)want(w, &bob, "dns-update", "shared");
	work(w);
	drop(w, &ann);
	work(w);
	assert_true(is_there(RECORD, "shared"));
	drop(w, &bob);
	work(w);
	assert_true(nothing_is_there());
}

static void only_vouched_names_are_published_where_everybodys_are(void **state)
{
	static const char *const ways[] = { "dns-update", "hook", "responder", "directory" };
	struct world *w = *state;

	world_conf(w, "publish.names", "vouched");
	world_conf(w, "publish.hook", "/hook");
	world_conf(w, "publish.directory", "/directory");
	world_exec(w, "INSERT INTO preauthorised (account_id, name) SELECT account_id, 'example.com' FROM "
		      "users WHERE email = "
		      "'ann@example.com'");
	for (size_t i = 0; i < 4; i++) {
		struct publish_state s = want(w, &bob, ways[i], "v");

		assert_int_equal(s.step, PUBLISH_BY_HAND);
		assert_string_equal(s.why.id, "publish.not-vouched");
		assert_int_not_equal(want(w, &ann, ways[i], "v").step, PUBLISH_BY_HAND);
	}
	work(w);
	assert_int_equal(COUNT(" WHERE order_id = 'ord_bob@example.com'"), 0);
}

/* The label is the account's: what is published for another one is not where the name's CNAME leads. */
static void each_account_has_a_label_of_its_own(void **state)
{
	struct world *w = *state;
	struct publish_state a, b;

	world_conf(w, "publish.names", "vouched");
	world_conf(w, "publish.delegate_zone", "acme.example.net");
	a = want(w, &ann, "dns-update", "of ann");
	b = want(w, &bob, "dns-update", "of bob");
	assert_int_equal(a.step, PUBLISH_UNDER_WAY);
	assert_true(str_ends(a.cname, ".acme.example.net") && strlen(a.cname) == 26 + 17);
	assert_string_not_equal(a.cname, b.cname);
	work(w);
	assert_true(is_there(a.cname, "of ann") && is_there(b.cname, "of bob"));
	assert_false(is_there(a.cname, "of bob"));
	assert_string_equal(want(w, &ann, "dns-update", "next").cname, a.cname);
	/* In a zone of ours too, for those who are not vouched for. */
	world_conf(w, "publish.dns_zones", "example.com");
	assert_string_equal(want(w, &bob, "dns-update", "of bob").cname, b.cname);
	drop(w, &ann);
	drop(w, &bob);
	work(w);
	assert_true(nothing_is_there());
}

static void zones_of_our_own_need_no_cname(void **state)
{
	struct world *w = *state;
	struct publish_state s;

	world_conf(w, "publish.delegate_zone", "acme.example.net");
	world_conf(w, "publish.dns_zones", "other.org example.com=127.0.0.1:53");
	s = want(w, &ann, "dns-update", "v");
	assert_string_equal(s.cname, "");
	work(w);
	assert_true(is_there(RECORD, "v"));
	world_conf(w, "publish.dns_zones", "w.example.com xample.com");
	assert_string_not_equal(want(w, &ann, "dns-update", "v").cname, "");
	world_conf(w, "publish.delegate_zone", "");
	s = want(w, &ann, "dns-update", "v");
	assert_int_equal(s.step, PUBLISH_BY_HAND);
	assert_string_equal(s.why.id, "publish.zone");
	work(w);
	assert_true(nothing_is_there());
}

static void it_is_removed_from_where_a_cname_led(void **state)
{
	struct world *w = *state;

	outside.moved_to = "label.elsewhere.net";
	(void)want(w, &ann, "dns-update", "v");
	work(w);
	assert_true(is_there("label.elsewhere.net", "v"));
	outside.moved_to = "another.elsewhere.net"; /* the CNAME was changed */
	drop(w, &ann);
	work(w);
	assert_true(nothing_is_there());
}

static void refusals_are_told_and_tried_again(void **state)
{
	struct world *w = *state;
	struct publish_state s;

	outside.refusal = "publish.dns-refused";
	(void)want(w, &ann, "dns-update", "v");
	work(w);
	s = want(w, &ann, "dns-update", "v");
	assert_int_equal(s.step, PUBLISH_FAILING);
	assert_string_equal(s.why.id, "publish.dns-refused");
	assert_string_equal(s.why.text, "it is not wanted");
	assert_true(s.retry_at > clock_now());
	outside.refusal = NULL;
	time_passes(w);
	assert_int_equal(want(w, &ann, "dns-update", "v").step, PUBLISH_DONE);
	outside.refusal = "publish.dns-unreachable";
	drop(w, &ann);
	work(w);
	assert_int_equal(COUNT(" WHERE state = 'unwanted'"), 1);
	outside.refusal = NULL;
	time_passes(w);
	assert_true(nothing_is_there());
}

static void who_waits_is_woken(void **state)
{
	struct world *w = *state;
	struct publish p = wish(&ann, "dns-update", "v");

	p.wake = "expire";
	(void)want_at(w, p, clock_now());
	outside.refusal = "publish.dns-refused";
	world_exec(w, "INSERT INTO jobs (kind, object, due_at, lease_until, attempts, error) VALUES "
		      "('expire', 'val_ord_ann@example.com', "
		      "99999999999, 0, 0, '')");
	work(w);
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'expire' AND due_at > 9999999999"),
		0);
}

/* Its answer did not come, so it may yet take effect: it is removed, and once more later. */
static void what_may_come_late_is_removed_twice(void **state)
{
	struct world *w = *state;

	outside.silent = true;
	(void)want(w, &ann, "dns-update", "late");
	work(w);
	call_peer_gone(&w->c, ROLE_COURIER);
	outside.silent = false;
	world_turn(w);
	drop(w, &ann);
	work(w);
	assert_true(nothing_is_there());
	assert_int_equal(COUNT(""), 1);
	change(false, RECORD, "late");
	time_passes(w);
	assert_true(nothing_is_there());
	assert_int_equal(COUNT(""), 0);
}

static void a_removal_does_not_overtake(void **state)
{
	struct world *w = *state;
	int asked;

	outside.silent = true;
	(void)want(w, &ann, "dns-update", "v");
	work(w);
	asked = outside.asked;
	drop(w, &ann);
	work(w);
	assert_int_equal(outside.asked, asked); /* the answer is still out */
}

static void core_killed_at_each_step_leaves_nothing(void **state)
{
	struct world *w = *state;

	for (int step = 0; step < 4; step++) {
		outside = (struct outside){ .courier = outside.courier, .hook = outside.hook };
		(void)want(w, &ann, "dns-update", "v");
		if (step == 0)
			core_dies(w); /* wanted, nobody asked */
		outside.silent = step == 1;
		work(w);
		if (step == 1)
			core_dies(w); /* published, the answer lost */
		outside.silent = false;
		if (step == 2)
			core_dies(w);
		work(w);
		assert_true(is_there(RECORD, "v"));
		drop(w, &ann);
		outside.silent = step == 3;
		work(w);
		if (step == 3)
			core_dies(w); /* removed, the answer lost */
		outside.silent = false;
		work(w);
		time_passes(w);
		time_passes(w);
		assert_true(nothing_is_there());
		assert_int_equal(COUNT(""), 0);
	}
}

/* Nobody told us: the order was cancelled in some way that knows nothing of publications. */
static void an_order_that_is_gone_is_noticed(void **state)
{
	struct world *w = *state;

	(void)want(w, &ann, "dns-update", "v");
	(void)want(w, &bob, "responder", "v");
	work(w);
	world_exec(w, "DELETE FROM validations");
	time_passes(w);
	work(w);
	assert_true(nothing_is_there());
	assert_int_equal(COUNT(""), 0);
}

static void an_order_at_rest_has_nothing_published(void **state)
{
	struct world *w = *state;
	struct ask cancel = { "POST", "/api/v1/orders/ord_ann@example.com/cancel", .cookie = ann.cookie,
		.csrf = ann.csrf };

	(void)want(w, &ann, "dns-update", "v");
	work(w);
	assert_int_equal(world_ask(w, &cancel), 200);
	work(w);
	assert_true(nothing_is_there());
	assert_int_equal(COUNT(""), 0);
}

static void the_hook_is_asked_for_both(void **state)
{
	struct world *w = *state;
	struct publish p = wish(&ann, "hook", "content");

	world_conf(w, "publish.hook", "/hook");
	(void)want(w, &ann, "hook", "v");
	work(w);
	assert_true(is_there(RECORD, "v"));
	p.method = "http";
	p.where = "/.well-known/acme-challenge/Token-1_";
	(void)want_at(w, p, clock_now());
	work(w);
	assert_true(is_there("Token-1_", "content") && !is_there(RECORD, "v"));
	drop(w, &ann);
	work(w);
	assert_true(nothing_is_there());
}

static void our_web_server_answers_for_tokens(void **state)
{
	struct world *w = *state;

	assert_int_equal(want(w, &ann, "responder", "Token-1_.print").step, PUBLISH_DONE);
	assert_int_equal(world_get(w, "/.well-known/acme-challenge/Token-1_"), 200);
	assert_string_equal(w->text, "Token-1_.print");
	assert_int_equal(world_get(w, "/.well-known/acme-challenge/token-1_"), 404);
	assert_int_equal(world_get(w, "/.well-known/acme-challenge/"), 404);
	drop(w, &ann);
	assert_int_equal(world_get(w, "/.well-known/acme-challenge/Token-1_"), 404);
	assert_int_equal(outside.asked, 0);
}

static void what_was_published_otherwise_is_no_answer_of_ours(void **state)
{
	struct world *w = *state;

	world_conf(w, "publish.directory", "/directory");
	(void)want(w, &ann, "directory", "v");
	work(w);
	assert_true(is_there("Token-1_", "v"));
	assert_int_equal(world_get(w, "/.well-known/acme-challenge/Token-1_"), 404);
}

static void paths_and_tokens_are_checked(void **state)
{
	static const char *const bad[] = { "", "/", "/x", "/.well-known/acme-challenge/",
		"/.well-known/acme-challenge/../x", "/.well-known/acme-challenge/a.b",
		"/.well-known/pki-validation/x.txt", ".well-known/acme-challenge/a" };
	struct world *w = *state;
	struct publish p = wish(&ann, "responder", "v");

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p.where = bad[i];
		assert_int_equal(want_at(w, p, clock_now()).step, PUBLISH_BY_HAND);
	}
	assert_int_equal(COUNT(""), 0);
}

static void who_can_publish_what(void **state)
{
	struct world *w = *state;
	struct core *c = &w->c;

	assert_true(publish_can(c, "dns-update", "dns") && publish_can(c, "dns-update", "dns-account"));
	assert_false(publish_can(c, "dns-update", "http") || publish_can(c, "dns-update", "dns-persist"));
	assert_true(publish_can(c, "responder", "http"));
	assert_false(publish_can(c, "responder", "dns") || publish_can(c, "responder", "tls-alpn"));
	assert_false(publish_can(c, "hook", "dns") || publish_can(c, "directory", "http"));
	assert_false(publish_can(c, "", "dns") || publish_can(c, "magic", "dns"));
	world_conf(w, "publish.hook", "/hook");
	world_conf(w, "publish.directory", "/directory");
	world_conf(w, "publish.dns_server", "");
	assert_true(publish_can(c, "hook", "dns") && publish_can(c, "hook", "http") &&
		    publish_can(c, "directory", "http"));
	assert_false(publish_can(c, "hook", "tls-alpn") || publish_can(c, "dns-update", "dns"));
	assert_int_equal(want(w, &ann, "dns-update", "v").step, PUBLISH_BY_HAND);
}

static void removing_is_given_up_after_a_week(void **state)
{
	struct world *w = *state;

	(void)want(w, &ann, "dns-update", "v");
	work(w);
	outside.refusal = "publish.dns-unreachable";
	drop(w, &ann);
	work(w);
	world_exec(w, "UPDATE publications SET unwanted_at = unwanted_at - 604801");
	time_passes(w);
	assert_int_equal(COUNT(""), 0);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM audit WHERE action = 'proof.left'"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_wanted_is_published_and_what_was_is_removed),
		TEST(another_value_takes_the_place_of_the_first),
		TEST(two_orders_have_two_values_side_by_side),
		TEST(what_two_share_goes_with_the_last),
		TEST(only_vouched_names_are_published_where_everybodys_are),
		TEST(each_account_has_a_label_of_its_own),
		TEST(zones_of_our_own_need_no_cname),
		TEST(it_is_removed_from_where_a_cname_led),
		TEST(refusals_are_told_and_tried_again),
		TEST(who_waits_is_woken),
		TEST(what_may_come_late_is_removed_twice),
		TEST(a_removal_does_not_overtake),
		TEST(core_killed_at_each_step_leaves_nothing),
		TEST(an_order_that_is_gone_is_noticed),
		TEST(an_order_at_rest_has_nothing_published),
		TEST(the_hook_is_asked_for_both),
		TEST(our_web_server_answers_for_tokens),
		TEST(what_was_published_otherwise_is_no_answer_of_ours),
		TEST(paths_and_tokens_are_checked),
		TEST(who_can_publish_what),
		TEST(removing_is_given_up_after_a_week),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
