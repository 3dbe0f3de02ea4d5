/*
 * 10,000 open orders of one account do not slow it: a request of its client runs the same statements, and SQLite does the
 * same work for them, whether it has a hundred or ten thousand. Counted, not timed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/acme/acme_int.h"
#include "core/acme/orders.h"
#include "core/acme/outcome.h"
#include "core_world.h"
#include "sqlwatch.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

enum { NOW = 1795000000 };

static int begin(void **state)
{
	struct world *w;

	sqlwatch_begin();
	if (world_begin(state) != 0)
		return -1;
	w = *state;
	world_open(w, NOW);
	OK(acme_settle(&w->c, NULL));
	world_close(w);
	world_exec(w, "INSERT INTO accounts (id, name, email, created_at) VALUES ('acc', 'x', '', 1)");
	world_exec(w, "INSERT INTO acme_accounts (id, directory, account_id, eab_kid, thumbprint, jwk, "
		      "status, contacts, "
		      "created_at, last_seen_at) VALUES ('acct', '', 'acc', 'kid', 't', '{}', 'valid', '[]', "
		      "1, 1)");
	world_conf(w, "acme.same_names_per_day", "50");
	return 0;
}

/* As many open orders as the table n says, all for one name and one of their own, none of it shown. */
#define N "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
#define FILL(w, count)                                                                                     \
	do {                                                                                               \
		world_exec(w,                                                                              \
			N #count ") INSERT INTO acme_orders (id, acme_account_id, product_id, profile, "   \
				 "status, identifiers, replaces, error, serial, created_at, expires_at, "  \
				 "names_hash) SELECT 'o' || i, 'acct', 'dv', '', 'pending', "              \
				 "'n.example.com m' || i || '.example.com', '', '', '', 1794999000 + i "   \
				 "/ 100, 1795500000, 'h' || i FROM n WHERE 1 ON CONFLICT DO NOTHING");     \
		world_exec(w,                                                                              \
			N #count ") INSERT INTO acme_authzs (id, acme_account_id, name, wildcard, "        \
				 "status, token, types, type, attempts, error, evidence, created_at, "     \
				 "expires_at) SELECT 'z' || i, 'acct', 'n.example.com', 0, 'pending', "    \
				 "'t', 'http-01', '', 0, '', '', 1, 1795500000 FROM n WHERE 1 ON "         \
				 "CONFLICT DO NOTHING");                                                   \
		world_exec(w, N #count ") INSERT INTO acme_order_authzs SELECT 'o' || i, 'z' || i FROM n " \
				       "WHERE 1 ON CONFLICT DO NOTHING");                                  \
	} while (0)

/* --- requests --- */

static const struct errand {
	const char *what;
	acme_handler_fn *handler;
	const char *param, *payload; /* NULL: POST-as-GET */
	unsigned most;               /* statements */
} errands[] = {
	{ "newOrder", acme_order_new, "",
		"{\"identifiers\":[{\"type\":\"dns\",\"value\":\"n.example.com\"},"
		"{\"type\":\"dns\",\"value\":\"fresh.example.com\"}]}",
		18 },
	{ "newAuthz", acme_authz_new, "", "{\"identifier\":{\"type\":\"dns\",\"value\":\"n.example.com\"}}",
		12 },
	{ "order", acme_order_show, "o7", NULL, 1 },
	{ "authorization", acme_authz_show, "z7", NULL, 1 },
	{ "challenge", acme_challenge, "z7.http-01", NULL, 1 },
	{ "account", acme_account_update, "acct", NULL, 1 },
	{ "orders", acme_account_orders, "acct", NULL, 1 },
	{ "deactivated authorization", acme_authz_show, "z8", "{\"status\":\"deactivated\"}", 5 },
	{ NULL, NULL, NULL, NULL, 0 },
};

static void prepare(struct world *w, const struct errand *x, struct request *q, struct acme_request *a)
{
	bool have;

	*q = (struct request){ .own = { .p = a } };
	q->m.remote = (char *)(uintptr_t) "192.0.2.1";
	q->m.query = (char *)(uintptr_t) "";
	buf_init(&q->raw, 4000000);
	*a = (struct acme_request){ .c = &w->c, .q = q, .base = "https://certs.test/acme" };
	OK(acme_directory_find(w->c.db, "", &a->dir, &have, NULL));
	snprintf(a->dir.products, sizeof(a->dir.products), "dv");
	snprintf(a->dir.challenges, sizeof(a->dir.challenges), "http-01");
	OK(acme_account_load(w->c.db, "acct", &a->account, &have, NULL));
	snprintf(a->param[0], sizeof(a->param[0]), "%s", x->param);
	a->payload = x->payload != NULL ? json_loads(x->payload, 0, NULL) : NULL;
}

static struct sqlwatch run(struct world *w, const struct errand *x)
{
	struct acme_request a;
	struct acsr_err e = { 0 };
	struct sqlwatch seen;
	struct request q;

	world_open(w, NOW);
	prepare(w, x, &q, &a);
	sqlwatch_zero();
	if (x->handler(&w->c, &a, &e) != ACSR_OK)
		fail_msg("%s: %s", x->what, e.text);
	seen = sqlwatch;
	json_decref(a.payload);
	json_decref(q.answer);
	free(a.eab_names);
	strv_free(&q.headers);
	buf_free(&q.raw);
	db_rollback(w->c.db);
	return seen;
}

static void ten_thousand_open_orders_slow_nothing(void **state)
{
	struct sqlwatch few[sizeof(errands) / sizeof(errands[0])], many;
	struct world *w = *state;

	FILL(w, 600);
	for (size_t i = 0; errands[i].what != NULL; i++)
		few[i] = run(w, &errands[i]);
	FILL(w, 10600);
	for (size_t i = 0; errands[i].what != NULL; i++) {
		many = run(w, &errands[i]);
		print_message("%-26s %2u statements, %5ld steps (%ld)\n", errands[i].what, many.statements,
			many.steps, few[i].steps);
		assert_int_equal(many.scanned, few[i].scanned);
		assert_int_equal(many.statements, few[i].statements);
		assert_true(many.statements <= errands[i].most);
		/* A list ends within a page, at another place of it. */
		assert_true(many.steps <= few[i].steps + few[i].steps / 10);
	}
}

/* --- what is tidied --- */

static struct sqlwatch tidy(struct world *w)
{
	struct sqlwatch seen;

	world_open(w, NOW + 600 * 86400);
	w->c.acme->authzs_at = w->c.acme->accounts_at = (struct acme_cursor){ 0 };
	sqlwatch_zero();
	OK(acme_tidy_job(&w->c, "", 0, NULL));
	seen = sqlwatch;
	db_rollback(w->c.db);
	return seen;
}

/* Authorizations whose orders are still needed are passed over a page at a time. */
static void tidying_looks_at_one_page(void **state)
{
	struct world *w = *state;
	struct sqlwatch few, many;

	FILL(w, 600);
	world_exec(w, "UPDATE acme_orders SET status = 'valid', expires_at = 1900000000");
	few = tidy(w);
	FILL(w, 20600);
	world_exec(w, "UPDATE acme_orders SET status = 'valid', expires_at = 1900000000");
	many = tidy(w);
	assert_int_equal(many.statements, few.statements);
	assert_int_equal(many.scanned, few.scanned);
	assert_true(many.steps <= few.steps + few.steps / 10);
}

/* A page that deletes nothing is followed by the next, up to the end; then it begins anew. */
static void the_walk_comes_to_its_end(void **state)
{
	struct world *w = *state;
	struct acme_cursor at = { 0 };
	int pages = 0;

	FILL(w, 1200);
	world_exec(w, "DELETE FROM acme_order_authzs WHERE authz_id IN ('z1', 'z600', 'z1200')");
	world_open(w, NOW);
	do {
		OK(acme_authzs_prune(w->c.db, &at, 1795500001, 500, NULL));
		pages++;
	} while (at.at != 0);
	world_close(w);
	assert_int_equal(pages, 3);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM acme_authzs"), 1197);
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM acme_authzs WHERE id IN ('z1', 'z600', 'z1200')"), 0);
	world_open(w, NOW);
	OK(acme_authzs_prune(w->c.db, &at, 1795500000, 500, NULL));
	world_close(w);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM acme_authzs"), 1197);
}

/* --- accounts of strangers --- */

static void accounts_that_came_to_nothing_go_sooner_when_they_are_many(void **state)
{
	struct world *w = *state;

	world_exec(w, N "100002) INSERT INTO acme_accounts (id, directory, account_id, eab_kid, thumbprint, "
			"jwk, status, "
			"contacts, created_at, last_seen_at) SELECT 's' || i, '', 'acc', '', 's' || i, '{}', "
			"'valid', "
			"'[]', 1, CASE WHEN i <= 300 THEN 1794800000 ELSE 1794990000 END FROM n");
	world_open(w, NOW);
	OK(acme_tidy_job(&w->c, "", 0, NULL));
	world_close(w);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM acme_accounts"), 100003 - 300);
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM acme_accounts WHERE last_seen_at = 1794800000"), 0);
	world_exec(w, "UPDATE acme_accounts SET last_seen_at = 1794800000 WHERE id IN ('s400', 's401')");
	world_open(w, NOW);
	OK(acme_tidy_job(&w->c, "", 0, NULL));
	world_close(w);
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM acme_accounts WHERE last_seen_at = 1794800000"), 2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ten_thousand_open_orders_slow_nothing),
		TEST(tidying_looks_at_one_page),
		TEST(the_walk_comes_to_its_end),
		TEST(accounts_that_came_to_nothing_go_sooner_when_they_are_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
