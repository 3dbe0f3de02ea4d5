/* What the store promises about passkeys and challenges, without core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "store/accounts.h"
#include "store/passkeys.h"
#include "store/users.h"
#include "tempdb.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

static struct db *with_ann(void **state)
{
	const struct account a = { .id = "acc_1", .name = "Acme", .email = "ann@example.com" };
	const struct user u = { .id = "usr_1",
		.account_id = "acc_1",
		.email = "ann@example.com",
		.role = "owner",
		.password = "x" };

	OK(accounts_add(*state, &a, NULL));
	OK(users_add(*state, &u, NULL));
	return *state;
}

static void a_challenge_is_had_once_and_in_time(void **state)
{
	struct db *d = *state;
	struct challenge ch = { .hash = { 7 }, .purpose = "login", .user_id = "usr_1", .expires_at = 100 },
			 got;
	bool have;

	OK(challenges_add(d, &ch, NULL));
	OK(challenges_take(d, ch.hash, 99, &got, &have, NULL));
	assert_true(have);
	assert_string_equal(got.purpose, "login");
	assert_string_equal(got.user_id, "usr_1");
	OK(challenges_take(d, ch.hash, 99, &got, &have, NULL));
	assert_false(have);
	OK(challenges_add(d, &ch, NULL));
	OK(challenges_take(d, ch.hash, 100, &got, &have, NULL));
	assert_false(have);
	OK(challenges_take(d, ch.hash, 99, &got, &have, NULL)); /* too late used it up too */
	assert_false(have);
}

static void prune_drops_what_has_expired_and_nothing_else(void **state)
{
	struct db *d = *state;
	struct challenge early = { .hash = { 1 }, .purpose = "login", .expires_at = 100 };
	struct challenge late = { .hash = { 2 }, .purpose = "login", .expires_at = 101 };
	struct challenge got;
	bool have;

	OK(challenges_add(d, &early, NULL));
	OK(challenges_add(d, &late, NULL));
	OK(challenges_prune(d, 100, NULL));
	OK(challenges_take(d, early.hash, 0, &got, &have, NULL));
	assert_false(have);
	OK(challenges_take(d, late.hash, 0, &got, &have, NULL));
	assert_true(have);
}

static void add(struct db *d, const char *id, uint8_t credential, enum acsr_result want)
{
	struct passkey p = {
		.user_id = "usr_1", .credential_len = 16, .key_len = 64, .algorithm = -257, .name = "n"
	};
	struct acsr_err e;

	snprintf(p.id, sizeof(p.id), "%s", id);
	memset(p.credential, credential, 16);
	memset(p.key, 5, 64);
	assert_int_equal(passkeys_add(d, &p, &e), want);
	if (want != ACSR_OK)
		assert_string_equal(e.id, "object.exists");
}

static void a_credential_is_there_once_and_goes_with_its_user(void **state)
{
	struct db *d = with_ann(state);
	const uint8_t id[16] = { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 };
	struct passkey p;
	struct user u;
	bool have;

	add(d, "pk_1", 3, ACSR_OK);
	add(d, "pk_2", 3, ACSR_FAIL);
	add(d, "pk_3", 4, ACSR_OK);
	OK(users_by_id(d, "usr_1", &u, &have, NULL));
	assert_int_equal(u.passkeys, 2);
	OK(passkeys_by_credential(d, (struct bytes){ id, sizeof(id) }, &p, &have, NULL));
	assert_true(have);
	assert_string_equal(p.id, "pk_1");
	assert_int_equal(p.algorithm, -257);
	assert_int_equal(p.key_len, 64);
	OK(passkeys_find(d, "pk_1", "usr_2", &p, &have, NULL));
	assert_false(have);
	OK(users_delete(d, "usr_1", NULL));
	OK(passkeys_by_credential(d, (struct bytes){ id, sizeof(id) }, &p, &have, NULL));
	assert_false(have);
}

static void the_counter_only_grows_unless_there_is_none(void **state)
{
	static const struct {
		int64_t count;
		bool grown;
	} steps[] = { { 0, true }, { 0, true }, { 5, true }, { 5, false }, { 4, false }, { 0, false },
		{ 6, true }, { UINT32_MAX, true } };
	struct db *d = with_ann(state);
	bool grown;

	add(d, "pk_1", 3, ACSR_OK);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		OK(passkeys_used(d, "pk_1", steps[i].count, 50, &grown, NULL));
		assert_int_equal(grown, steps[i].grown);
	}
}

static void a_handle_stays_what_it_was_first(void **state)
{
	struct db *d = with_ann(state);
	const uint8_t first[PASSKEY_HANDLE] = { 1 }, second[PASSKEY_HANDLE] = { 2 };
	uint8_t got[PASSKEY_HANDLE];

	OK(passkeys_handle(d, "usr_1", first, got, NULL));
	OK(passkeys_handle(d, "usr_1", second, got, NULL));
	assert_memory_equal(got, first, sizeof(first));
	assert_int_equal(passkeys_handle(d, "usr_none", first, got, NULL), ACSR_FAIL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, tempdb_begin, tempdb_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_challenge_is_had_once_and_in_time),
		T(prune_drops_what_has_expired_and_nothing_else),
		T(a_credential_is_there_once_and_goes_with_its_user),
		T(the_counter_only_grows_unless_there_is_none),
		T(a_handle_stays_what_it_was_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
