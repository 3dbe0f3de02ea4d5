/* Proofs of names of our own orders: which ways count, and for how long. The test stands in the place of the prober. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	return 0;
}

static void evidence(struct world *w, const char *name, const char *method, int64_t at)
{
	struct validation v = {
		.wildcard = name[0] == '*', .evidence = (char *)(uintptr_t) "{}", .proved_at = at
	};

	snprintf(v.name, sizeof(v.name), "%s", name);
	snprintf(v.method, sizeof(v.method), "%s", method);
	OK(evidence_put(w->c.db, ann.account, &v, NULL));
}

/* Is what was shown `age` seconds ago by this method taken for a new order? *until (NULL: not wanted): how long. */
static bool is_reused(struct world *w, const char *name, const char *method, int64_t age, int64_t *until)
{
	struct order o = {
		.names = (char *)(uintptr_t)name, .subject = (char *)(uintptr_t) "{}", .round = 1
	};
	struct product p;
	struct validation *v;
	size_t n;
	bool yes;

	world_open(w, NOW);
	snprintf(o.id, sizeof(o.id), "ord_test");
	snprintf(o.account_id, sizeof(o.account_id), "%s", ann.account);
	snprintf(o.product_id, sizeof(o.product_id), "dv");
	snprintf(o.method, sizeof(o.method), "http");
	snprintf(o.state, sizeof(o.state), "validating");
	OK(order_insert(w->c.db, &o, NULL));
	evidence(w, name, method, NOW - age);
	OK(products_load(w->c.db, "dv", &p, NULL));
	OK(validate_prepare(&w->c, &o, &p, NULL));
	OK(validations_of(w->c.db, o.id, &v, &n, NULL));
	assert_int_equal(n, 1);
	yes = v[0].proved_at != 0;
	assert_string_equal(v[0].method, yes ? method : v[0].wildcard ? "dns" : "http");
	assert_int_equal(yes, v[0].evidence[0] != '\0');
	if (until != NULL)
		*until = v[0].valid_until;
	validations_free(v, n);
	world_close(w);
	world_exec(w, "DELETE FROM validations");
	world_exec(w, "DELETE FROM orders");
	return yes;
}

static void what_was_shown_is_used_again_within_its_time(void **state)
{
	struct world *w = *state;
	int64_t life = acsr_rule_value("dv.reuse.max", NOW, 0), until;

	assert_true(is_reused(w, "a.example.com", "http", DAY, &until));
	assert_int_equal(until, NOW - DAY + life);
	assert_true(is_reused(w, "a.example.com", "dns", life - 1, NULL));
	assert_false(is_reused(w, "a.example.com", "dns", life, NULL));
	assert_true(is_reused(w, "*.example.com", "dns", DAY, NULL));
}

/* BR 3.2.2.4.18: a file shows nothing of the names below. */
static void what_is_no_way_of_ours_is_not_used_again(void **state)
{
	struct world *w = *state;

	assert_false(is_reused(w, "*.example.com", "http", DAY, NULL));
	assert_false(is_reused(w, "*.example.com", "tls-alpn", DAY, NULL));
	assert_false(is_reused(w, "a.example.com", "tls-alpn", DAY, NULL));
	assert_false(is_reused(w, "a.example.com", "dns-account", DAY, NULL));
	assert_false(is_reused(w, "a.example.com", "dns-persist", DAY, NULL));
}

static void ways(void **state)
{
	const struct acsr_method *way;
	struct acsr_err e;

	(void)state;
	OK(validate_way(&way, "http", false, NOW, &e));
	OK(validate_way(&way, "dns", false, NOW, &e));
	OK(validate_way(&way, "dns", true, NOW, &e));
	assert_int_equal(validate_way(&way, "http", true, NOW, &e), ACSR_FAIL);
	assert_string_equal(e.id, "policy.method-wildcard");
	assert_int_equal(validate_way(&way, "tls-alpn", false, NOW, &e), ACSR_FAIL);
	assert_string_equal(e.id, "validation.method");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_was_shown_is_used_again_within_its_time, begin, world_end),
		cmocka_unit_test_setup_teardown(what_is_no_way_of_ours_is_not_used_again, begin, world_end),
		cmocka_unit_test(ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
