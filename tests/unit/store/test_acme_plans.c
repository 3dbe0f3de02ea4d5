/* Each query of src/store/acme_*.c finds its rows by an index: none reads a table whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/str.h"
#include "sqlwatch.h"
#include "store/acme_account.h"
#include "store/acme_authz.h"
#include "store/acme_directory.h"
#include "store/acme_eab.h"
#include "store/acme_order.h"
#include "store/acme_prune.h"
#include "tempdb.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

static int begin(void **state)
{
	sqlwatch_begin();
	return tempdb_begin(state);
}

/* --- everything once --- */

static enum acsr_result no_account(void *arg, const struct acme_account *a, struct acsr_err *e)
{
	(void)arg, (void)a, (void)e;
	return ACSR_OK;
}

static enum acsr_result no_key(void *arg, const struct acme_eab *k, struct acsr_err *e)
{
	(void)arg, (void)k, (void)e;
	return ACSR_OK;
}

static enum acsr_result no_directory(void *arg, const struct acme_directory *a, struct acsr_err *e)
{
	(void)arg, (void)a, (void)e;
	return ACSR_OK;
}

static void accounts(struct db *d)
{
	struct acme_account a = {
		.id = "a", .account_id = "acc", .thumbprint = "t", .jwk = "{}", .contacts = "[]"
	};
	struct acme_listed after = { .created_at = INT64_MAX }, page[5];
	CLEANUP_STR char *text = NULL;
	uint8_t nonce[ACME_NONCE_RAW] = { 0 };
	size_t n;
	bool is;

	snprintf(a.status, sizeof(a.status), "valid");
	OK(acme_account_insert(d, &a, NULL));
	OK(acme_account_load(d, "a", &a, &is, NULL));
	OK(acme_account_by_key(d, "", "t", &a, &is, NULL));
	OK(acme_account_key_known(d, "t", &is, NULL));
	OK(acme_account_save(d, &a, NULL));
	OK(acme_account_bind(d, "a", "{}", NULL));
	OK(acme_account_binding(d, "a", &text, NULL));
	OK(acme_account_seen(d, "a", 2, NULL));
	OK(acme_account_finalized(d, "a", NULL));
	OK(acme_account_each(d, "acc", INT64_MAX, "", 10, no_account, NULL, NULL));
	OK(acme_account_each(d, "", INT64_MAX, "", 10, no_account, NULL, NULL));
	OK(acme_account_listed(d, "a", &after, page, 5, &n, NULL));
	OK(acme_account_drop_open(d, "a", NULL));
	OK(acme_nonce_spend(d, nonce, &is, NULL));
	OK(acme_nonces_prune(d, 5, 5, NULL));
}

static void keys(struct db *d)
{
	struct acme_eab k = {
		.kid = "k", .account_id = "acc", .user_id = "u", .title = "t", .created_at = 1
	};
	char names[4000];
	int64_t n;
	bool is;

	OK(acme_eab_insert(d, &k, (struct bytes){ (const uint8_t *)"x", 1 }, NULL));
	OK(acme_eab_load(d, "k", &k, &is, NULL, NULL));
	OK(acme_eab_names(d, "k", names, NULL));
	OK(acme_eab_each(d, "acc", no_key, NULL, NULL));
	OK(acme_eab_each(d, "", no_key, NULL, NULL));
	OK(acme_eab_used(d, "k", 2, NULL));
	OK(acme_eab_load(d, "k", &k, &is, NULL, NULL));
	assert_int_equal(k.accounts, 1);
	OK(acme_eab_revoke(d, "k", 3, NULL));
	OK(acme_eab_count(d, "acc", 4, &n, NULL));
}

static void orders(struct db *d)
{
	struct acme_authz z = { .id = "z", .acme_account_id = "a", .name = "n.test", .status = "pending" };
	struct acme_order o = { .id = "o",
		.acme_account_id = "a",
		.product_id = "dv",
		.status = "pending",
		.identifiers = (char *)(uintptr_t) "n.test",
		.names_hash = "h",
		.created_at = 1,
		.expires_at = 2 };
	struct acme_order_authz *list;
	struct acme_authz *all;
	int64_t at;
	char id[40];
	size_t n;
	bool is;

	OK(acme_authz_insert(d, &z, NULL));
	OK(acme_order_insert(d, &o, NULL));
	OK(acme_order_link(d, "o", "z", NULL));
	z = (struct acme_authz){ 0 };
	o = (struct acme_order){ 0 };
	OK(acme_authz_load(d, "z", "a", &z, NULL));
	OK(acme_authz_save(d, &z, NULL));
	OK(acme_authz_find(d, "a", "n.test", false, "http-01", 1, 0, id, &at, NULL));
	OK(acme_authzs_of(d, "o", &all, &n, NULL));
	acme_authzs_free(all, n);
	OK(acme_order_load(d, "o", "a", &o, NULL));
	OK(acme_order_save(d, &o, NULL));
	OK(acme_order_same(d, "a", "h", 0, 1, &at, NULL));
	assert_int_equal(at, 1);
	OK(acme_order_replaced(d, "x.y", 1, &is, NULL));
	OK(acme_orders_fail(d, "z", NULL));
	acme_order_clear(&o);
	OK(acme_order_by_serial(d, "ff", &o, &is, NULL));
	OK(acme_order_load_with(d, "o", "a", &o, &list, &n, NULL));
	free(list);
	acme_order_clear(&o);
	acme_authz_clear(&z);
}

static void tidying(struct db *d)
{
	struct acme_cursor at = { 0 };
	int64_t n;
	bool are;

	OK(acme_authzs_prune(d, &at, 5, 5, NULL));
	OK(acme_accounts_prune(d, &at, 5, 5, &n, NULL));
	OK(acme_accounts_many(d, 5, &are, NULL));
	OK(acme_orders_prune(d, 5, 5, &n, NULL));
}

static void everything(struct db *d)
{
	struct acme_directory dir = { .account_id = "acc" };
	bool have;

	OK(db_script(
		d, "INSERT INTO accounts (id, name, email, created_at) VALUES ('acc', 'x', '', 1)", NULL));
	sqlwatch_zero();
	OK(acme_directory_put(d, &dir, NULL));
	OK(acme_directory_find(d, "", &dir, &have, NULL));
	OK(acme_directory_each(d, no_directory, NULL, NULL));
	accounts(d);
	keys(d);
	orders(d);
	tidying(d);
}

/* --- the plans --- */

/* Directories are few, and listed whole. Two lists begin at their newest or oldest and end at a LIMIT. */
static bool is_fine(const char *line)
{
	static const char *const fine[] = { "SCAN acme_directories",
		"SCAN acme_eab_keys USING INDEX acme_eab_keys_created",
		"SCAN acme_accounts USING INDEX acme_accounts_unused", "SCAN CONSTANT ROW" };

	if (!str_starts(line, "SCAN"))
		return true;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (str_starts(line, fine[i]))
			return true;
	return false;
}

static void no_query_reads_a_table_whole(void **state)
{
	char plan[4000], *rest = NULL;

	everything(*state);
	assert_true(sqlwatch_count() > 40);
	for (size_t i = 0; i < sqlwatch_count(); i++) {
		sqlwatch_plan(sqlwatch_text(i), plan, sizeof(plan));
		for (char *line = strtok_r(plan, "\n", &rest); line != NULL;
			line = strtok_r(NULL, "\n", &rest))
			if (!is_fine(line))
				fail_msg("%s\nof: %s", line, sqlwatch_text(i));
	}
}

/* The watch itself must see one. */
static void a_scan_is_seen(void **state)
{
	char plan[400];

	(void)state;
	sqlwatch_plan("SELECT id FROM acme_orders WHERE identifiers = $1", plan, sizeof(plan));
	assert_false(is_fine(plan));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_query_reads_a_table_whole, begin, tempdb_end),
		cmocka_unit_test_setup_teardown(a_scan_is_seen, begin, tempdb_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
