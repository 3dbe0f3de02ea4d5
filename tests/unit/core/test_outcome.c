/* How orders of the ACME server end: what is tidied away and what is not, and how long is waited. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "core/acme/acme_int.h"
#include "core/acme/orders.h"
#include "core/acme/outcome.h"
#include "core/order.h"
#include "core_world.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

enum { NOW = 1795000000, DAY = 86400 };

static struct person ann;

static int begin(void **state)
{
	if (world_begin(state) != 0)
		return -1;
	world_register(*state, "ann@example.com", &ann);
	world_exec(*state,
		"INSERT INTO acme_accounts SELECT 'acct', '', id, '', '', 't', '{}', 'valid', '[]', "
		"NULL, 0, 0, '', 0 FROM accounts LIMIT 1");
	return 0;
}

/* An order that is being issued; acme_orders knows it unless `until` is 0. */
static void issuing(struct world *w, const char *status, int64_t until)
{
	struct order o = {
		.names = (char *)(uintptr_t) "a.example.com", .subject = (char *)(uintptr_t) "{}", .round = 1
	};
	struct acme_order ao = { .identifiers = o.names, .created_at = NOW, .expires_at = until };
	struct csr_request r = { .made_at = NOW };

	snprintf(o.id, sizeof(o.id), "ord_test");
	snprintf(o.account_id, sizeof(o.account_id), "%s", ann.account);
	snprintf(o.product_id, sizeof(o.product_id), "dv");
	snprintf(o.method, sizeof(o.method), "acme");
	snprintf(o.state, sizeof(o.state), "issuing");
	snprintf(o.request_id, sizeof(o.request_id), "req_test");
	OK(order_insert(w->c.db, &o, NULL));
	snprintf(r.id, sizeof(r.id), "req_test");
	snprintf(r.order_id, sizeof(r.order_id), "%s", o.id);
	snprintf(r.key_source, sizeof(r.key_source), "own-csr");
	OK(csr_request_insert(w->c.db, &r, (struct bytes){ (const uint8_t *)"x", 1 }, NULL, NULL));
	snprintf(ao.id, sizeof(ao.id), "%s", o.id);
	snprintf(ao.acme_account_id, sizeof(ao.acme_account_id), "acct");
	snprintf(ao.status, sizeof(ao.status), "%s", status);
	if (until != 0)
		OK(acme_order_insert(w->c.db, &ao, NULL));
}

static const char *state_of(struct world *w)
{
	static char state[16];
	CLEANUP_ORDER struct order o = { 0 };

	OK(order_load(w->c.db, "ord_test", NULL, &o, NULL));
	snprintf(state, sizeof(state), "%s", o.state);
	return state;
}

static void what_is_being_issued_is_not_tidied_away(void **state)
{
	static const struct {
		const char *status;
		int64_t pruned;
	} cases[] = { { "processing", 0 }, { "valid", 1 }, { "pending", 1 }, { "invalid", 1 } };
	struct world *w = *state;
	int64_t n;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_open(w, NOW);
		issuing(w, cases[i].status, NOW - 100 * DAY);
		OK(acme_orders_prune(w->c.db, NOW - 30 * DAY, 10, &n, NULL));
		assert_int_equal(n, cases[i].pruned);
		world_close(w);
		world_exec(w, "DELETE FROM acme_orders");
		world_exec(w, "DELETE FROM requests");
		world_exec(w, "DELETE FROM orders");
	}
}

static void an_order_that_is_gone_stops_nothing(void **state)
{
	struct world *w = *state;
	CLEANUP_ORDER struct order o = { 0 };
	struct certificate cert = { 0 };
	struct acsr_err why, e;
	int64_t from = 1, to = 1;
	bool expired = true;

	world_open(w, NOW);
	issuing(w, "", 0);
	OK(order_load(w->c.db, "ord_test", NULL, &o, NULL));
	(void)err_set(&why, "caa.forbidden", "no");
	OK(acme_outcome_times(&w->c, &o, &from, &to, &e));
	assert_true(from == 0 && to == 0);
	OK(acme_outcome_issued(&w->c, &o, &cert, &e));
	OK(acme_outcome_failed(&w->c, &o, &why, &e));
	OK(acme_outcome_expired(&w->c, &o, &expired, &e));
	assert_false(expired);
	world_close(w);
}

static void a_signer_that_is_down_is_waited_for_as_long_as_the_client_does(void **state)
{
	struct world *w = *state;
	CLEANUP_ACME_ORDER struct acme_order ao = { 0 };
	struct acsr_err e;

	world_open(w, NOW);
	OK(acme_settle(&w->c, &e));
	issuing(w, "processing", NOW + DAY);
	OK(issue_job(&w->c, "ord_test", 0, &e));
	assert_string_equal(state_of(w), "issuing");
	world_close(w);
	world_open(w, NOW + DAY - 1);
	OK(issue_job(&w->c, "ord_test", 1, &e));
	assert_string_equal(state_of(w), "issuing");
	world_close(w);
	world_open(w, NOW + DAY);
	OK(issue_job(&w->c, "ord_test", 2, &e));
	assert_string_equal(state_of(w), "failed");
	OK(acme_order_load(w->c.db, "ord_test", "", &ao, NULL));
	assert_string_equal(ao.status, "invalid");
	assert_non_null(strstr(ao.error, "serverInternal"));
	world_close(w);
}

static void an_order_of_the_portal_waits_for_the_signer(void **state)
{
	struct world *w = *state;
	struct acsr_err e;

	world_open(w, NOW);
	issuing(w, "", 0);
	world_close(w);
	world_exec(w, "UPDATE orders SET method = 'http'");
	for (int day = 0; day < 30; day += 10) {
		world_open(w, NOW + (int64_t)day * DAY);
		OK(issue_job(&w->c, "ord_test", 1, &e));
		assert_string_equal(state_of(w), "issuing");
		world_close(w);
	}
}

/* --- CAA, asked again (RFC 8659; BR 3.2.2.8) --- */

static struct chan *prober;
static uint64_t asked; /* the id of the last question; 0: there was none */

static void prober_hears(void *arg, struct chan *ch, struct msg *m)
{
	(void)arg;
	(void)ch;
	assert_int_equal(m->type, MSG_probe_caa);
	asked = m->id;
}

/* Its CAA was asked for nine hours ago, so it is asked again. */
static void with_old_caa(struct world *w)
{
	struct validation v = { .evidence = (char *)(uintptr_t) "{}",
		.account_uri = (char *)(uintptr_t) "",
		.proved_at = NOW - 10 * 3600,
		.caa_at = NOW - 9 * 3600,
		.created_at = NOW,
		.valid_until = NOW + DAY };

	asked = 0;
	prober = world_join(w, ROLE_PROBER, prober_hears);
	world_open(w, NOW);
	OK(acme_settle(&w->c, NULL));
	issuing(w, "processing", clock_now() + DAY);
	snprintf(v.id, sizeof(v.id), "val_test");
	snprintf(v.order_id, sizeof(v.order_id), "ord_test");
	snprintf(v.name, sizeof(v.name), "a.example.com");
	snprintf(v.method, sizeof(v.method), "http");
	snprintf(v.state, sizeof(v.state), "valid");
	OK(validation_insert(w->c.db, &v, NULL));
	OK(issue_job(&w->c, "ord_test", 0, NULL));
	world_close(w);
	call_flush(&w->c);
	world_turn(w);
	assert_int_not_equal(asked, 0);
}

static void answer_caa(struct world *w, bool ok)
{
	struct msg_probe_result r = { .ok = ok,
		.error_id = (char *)(uintptr_t)(ok ? "" : "caa.forbidden"),
		.error_text = (char *)(uintptr_t)(ok ? "" : "no"),
		.evidence = (char *)(uintptr_t) "{}",
		.ttl = 60 };

	OK(chan_send(prober, MSG_probe_result, asked, &r, -1, NULL));
	world_turn(w);
}

/* What the answer is good for depends on what became of the order meanwhile. */
static void caa_that_comes_too_late_changes_nothing(void **state)
{
	struct world *w = *state;

	for (int ok = 0; ok < 2; ok++) {
		with_old_caa(w);
		world_exec(w, "UPDATE orders SET state = 'cancelled', method = 'http'");
		world_exec(w, "DELETE FROM jobs WHERE kind = 'issue'");
		answer_caa(w, ok);
		assert_string_equal(state_of(w), "cancelled");
		assert_int_equal(world_number(w, "SELECT caa_at FROM validations"), NOW - 9 * 3600);
		assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'issue'"), 0);
		assert_int_equal(world_number(w, "SELECT COUNT(*) FROM certificates"), 0);
		world_exec(w, "DELETE FROM validations");
		world_exec(w, "DELETE FROM acme_orders");
		world_exec(w, "DELETE FROM requests");
		world_exec(w, "DELETE FROM orders");
	}
}

static void caa_that_comes_in_time_counts(void **state)
{
	struct world *w = *state;

	with_old_caa(w);
	answer_caa(w, true);
	assert_string_equal(state_of(w), "issuing");
	assert_true(world_number(w, "SELECT caa_at FROM validations") > NOW - 9 * 3600);
}

static int64_t life(struct world *w, const char *type, bool wildcard)
{
	struct acme_authz z = { .wildcard = wildcard };

	snprintf(z.type, sizeof(z.type), "%s", type);
	return acme_proof_life_of(&w->c, &z);
}

static void each_challenge_has_its_own_time(void **state)
{
	struct world *w = *state;

	world_open(w, NOW);
	assert_int_equal(life(w, "dns-01", true), acme_proof_life(&w->c));
	assert_int_equal(life(w, "http-01", false), acme_proof_life(&w->c));
	assert_int_equal(life(w, "http-01", true), 0);
	assert_int_equal(life(w, "dns-persist-01", true), 10 * DAY);
	assert_int_equal(life(w, "", false), 0);
	world_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_being_issued_is_not_tidied_away, begin, world_end),
		cmocka_unit_test_setup_teardown(an_order_that_is_gone_stops_nothing, begin, world_end),
		cmocka_unit_test_setup_teardown(
			a_signer_that_is_down_is_waited_for_as_long_as_the_client_does, begin, world_end),
		cmocka_unit_test_setup_teardown(
			an_order_of_the_portal_waits_for_the_signer, begin, world_end),
		cmocka_unit_test_setup_teardown(caa_that_comes_too_late_changes_nothing, begin, world_end),
		cmocka_unit_test_setup_teardown(caa_that_comes_in_time_counts, begin, world_end),
		cmocka_unit_test_setup_teardown(each_challenge_has_its_own_time, begin, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
