/* What the store promises about people, links, sessions, mails and wrapped values, without core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "store/accounts.h"
#include "store/attempts.h"
#include "store/audit_pages.h"
#include "store/mail_tokens.h"
#include "store/mails.h"
#include "store/organisation.h"
#include "store/rewrap.h"
#include "store/second_factor.h"
#include "store/sessions.h"
#include "store/tokens.h"
#include "store/users.h"
#include "tempdb.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

static const uint8_t hash1[32] = { 1 }, hash2[32] = { 2 };

static void add_account(struct db *d, const char *id)
{
	struct account a = { .name = "Acme", .email = "ann@example.com", .created_at = 10 };

	snprintf(a.id, sizeof(a.id), "%s", id);
	OK(accounts_add(d, &a, NULL));
}

static void add_user(struct db *d, const char *account, const char *id, const char *email, const char *role)
{
	struct user u = { .password = "$argon2id$", .created_at = 10 };

	snprintf(u.account_id, sizeof(u.account_id), "%s", account);
	snprintf(u.id, sizeof(u.id), "%s", id);
	snprintf(u.email, sizeof(u.email), "%s", email);
	snprintf(u.role, sizeof(u.role), "%s", role);
	OK(users_add(d, &u, NULL));
}

static struct db *with_ann(void **state)
{
	add_account(*state, "acc_1");
	add_user(*state, "acc_1", "usr_1", "ann@example.com", "owner");
	return *state;
}

static void users_are_found_by_address_and_id(void **state)
{
	struct db *d = with_ann(state);
	struct user u,
		again = { .account_id = "acc_1", .id = "usr_2", .email = "ann@example.com", .role = "owner" };
	struct acsr_err e;
	bool have;

	OK(users_by_email(d, "ann@example.com", &u, &have, NULL));
	assert_true(have);
	assert_string_equal(u.account_name, "Acme");
	assert_int_equal(u.last_login_at, 0);
	OK(users_by_email(d, "bob@example.com", &u, &have, NULL));
	assert_false(have);
	assert_int_equal(users_add(d, &again, &e), ACSR_FAIL);
	assert_string_equal(e.id, "object.exists");
	OK(users_logged_in(d, "usr_1", 77, NULL));
	OK(users_by_id(d, "usr_1", &u, &have, NULL));
	assert_int_equal(u.last_login_at, 77);
}

static void only_people_who_can_act_are_counted(void **state)
{
	struct db *d = with_ann(state);
	int64_t n;

	add_user(d, "acc_1", "usr_2", "bob@example.com", "owner");
	add_user(d, "acc_1", "usr_3", "eve@example.com", "owner");
	OK(users_set_password(d, "usr_2", "", NULL));
	OK(users_set_disabled(d, "usr_3", true, NULL));
	OK(users_count_role(d, "acc_1", "owner", &n, NULL));
	assert_int_equal(n, 1);
	OK(users_count(d, &n, NULL));
	assert_int_equal(n, 3);
}

static void with_a_user_goes_all_that_is_theirs(void **state)
{
	struct db *d = with_ann(state);
	struct session s = { .hash = { 1 }, .user_id = "usr_1", .expires_at = 100 }, found;
	struct token t = { .id = "tok_1", .hash = { 1 }, .user_id = "usr_1", .account_id = "acc_1" }, token;
	struct mail_token m = { .hash = { 1 }, .purpose = "reset", .user_id = "usr_1", .expires_at = 100 },
			  link;
	bool have;

	OK(sessions_add(d, &s, NULL));
	OK(tokens_add(d, &t, NULL));
	OK(mail_tokens_add(d, &m, NULL));
	OK(recovery_add(d, "usr_1", hash1, NULL));
	OK(users_delete(d, "usr_1", NULL));
	OK(sessions_find(d, hash1, &found, &have, NULL));
	assert_false(have);
	OK(tokens_by_hash(d, hash1, &token, &have, NULL));
	assert_false(have);
	OK(mail_tokens_find(d, "reset", hash1, 1, &link, &have, NULL));
	assert_false(have);
	OK(recovery_use(d, "usr_1", hash1, 1, &have, NULL));
	assert_false(have);
}

static void sessions_end_alone_together_or_by_age(void **state)
{
	struct db *d = with_ann(state);
	struct session s = { .user_id = "usr_1", .expires_at = 100 };
	bool have;

	for (uint8_t i = 1; i <= 5; i++) {
		s.hash[0] = i;
		s.created_at = i;
		OK(sessions_add(d, &s, NULL));
	}
	OK(sessions_keep_newest(d, "usr_1", 3, NULL));
	OK(sessions_find(d, hash2, &s, &have, NULL));
	assert_false(have);
	s.hash[0] = 4;
	OK(sessions_end_all(d, "usr_1", s.hash, NULL));
	OK(sessions_find(d, (uint8_t[32]){ 5 }, &s, &have, NULL));
	assert_false(have);
	OK(sessions_find(d, (uint8_t[32]){ 4 }, &s, &have, NULL));
	assert_true(have);
	OK(sessions_prune(d, 99, NULL));
	OK(sessions_find(d, (uint8_t[32]){ 4 }, &s, &have, NULL));
	assert_true(have);
	OK(sessions_prune(d, 100, NULL));
	OK(sessions_find(d, (uint8_t[32]){ 4 }, &s, &have, NULL));
	assert_false(have);
}

static void a_link_is_taken_once_for_its_purpose_in_its_time(void **state)
{
	struct db *d = *state;
	struct mail_token m = {
		.hash = { 1 }, .purpose = "reset", .email = "a@b.de", .data = "{}", .expires_at = 100
	};
	struct mail_token out;
	bool have;

	OK(mail_tokens_add(d, &m, NULL));
	OK(mail_tokens_take(d, "confirm", hash1, 50, &out, &have, NULL));
	assert_false(have);
	OK(mail_tokens_take(d, "reset", hash1, 100, &out, &have, NULL));
	assert_false(have);
	OK(mail_tokens_find(d, "reset", hash1, 99, &out, &have, NULL));
	assert_true(have);
	OK(mail_tokens_take(d, "reset", hash1, 99, &out, &have, NULL));
	assert_true(have);
	assert_string_equal(out.email, "a@b.de");
	OK(mail_tokens_take(d, "reset", hash1, 99, &out, &have, NULL));
	assert_false(have);
}

static void a_time_step_and_a_recovery_code_are_used_once(void **state)
{
	struct db *d = with_ann(state);
	bool fresh;

	OK(second_factor_use_step(d, "usr_1", 10, &fresh, NULL));
	assert_true(fresh);
	OK(second_factor_use_step(d, "usr_1", 10, &fresh, NULL));
	assert_false(fresh);
	OK(second_factor_use_step(d, "usr_1", 9, &fresh, NULL));
	assert_false(fresh);
	OK(recovery_add(d, "usr_1", hash1, NULL));
	OK(recovery_use(d, "usr_2", hash1, 5, &fresh, NULL));
	assert_false(fresh);
	OK(recovery_use(d, "usr_1", hash1, 5, &fresh, NULL));
	assert_true(fresh);
	OK(recovery_use(d, "usr_1", hash1, 6, &fresh, NULL));
	assert_false(fresh);
}

static void old_buckets_go_and_known_networks_stay_longer(void **state)
{
	static const char *const buckets[] = { "password:x", "seen:usr_1:n" };
	const struct attempts old = { .count = 3, .since = 100 };
	struct db *d = *state;
	struct attempts a;

	for (size_t i = 0; i < 2; i++)
		OK(attempts_put(d, buckets[i], &old, NULL));
	OK(attempts_prune(d, 200, "seen:", 100, NULL));
	OK(attempts_get(d, "password:x", &a, NULL));
	assert_int_equal(a.count, 0);
	OK(attempts_get(d, "seen:usr_1:n", &a, NULL));
	assert_int_equal(a.count, 3);
	OK(attempts_prune(d, 200, "seen:", 101, NULL));
	OK(attempts_get(d, "seen:usr_1:n", &a, NULL));
	assert_int_equal(a.count, 0);
}

static void a_mail_that_has_ended_has_no_text(void **state)
{
	struct db *d = *state;
	struct mail_row m = { .id = "mail_1",
		.recipient = "a@b.de",
		.subject = (char *)(uintptr_t) "s",
		.text = (char *)(uintptr_t) "secret link",
		.html = (char *)(uintptr_t) "<p>",
		.created_at = 10 };
	struct mail_row out = { 0 };
	int64_t n;
	bool have;

	OK(mails_add(d, &m, NULL));
	OK(mails_queued(d, &n, NULL));
	assert_int_equal(n, 1);
	OK(mails_find(d, "mail_1", &out, &have, NULL));
	assert_string_equal(out.text, "secret link");
	mail_row_free(&out);
	OK(mails_end(d, "mail_1", "sent", "250", 20, NULL));
	OK(mails_find(d, "mail_1", &out, &have, NULL));
	assert_string_equal(out.state, "sent");
	assert_string_equal(out.text, "");
	assert_string_equal(out.html, "");
	mail_row_free(&out);
	OK(mails_queued(d, &n, NULL));
	assert_int_equal(n, 0);
	OK(mails_prune(d, 11, NULL));
	OK(mails_find(d, "mail_1", &out, &have, NULL));
	assert_false(have);
}

static void organisations_belong_to_one_account(void **state)
{
	struct db *d = with_ann(state);
	struct organisation o = { .id = "org_1", .account_id = "acc_1", .created_at = 5 }, out;
	struct acsr_err e;

	for (int i = 0; i < ORGANISATION_FIELDS; i++)
		snprintf(o.field[i], sizeof(o.field[i]), "%s", organisation_field_names[i]);
	OK(organisation_put(d, &o, NULL));
	OK(organisation_load(d, "org_1", "acc_1", &out, NULL));
	assert_string_equal(out.name, "name");
	assert_string_equal(out.country, "country");
	assert_string_equal(out.phone, "phone");
	for (int i = 0; i < ORGANISATION_FIELDS; i++)
		assert_string_equal(out.field[i], organisation_field_names[i]);
	assert_int_equal(organisation_load(d, "org_1", "acc_2", &out, &e), ACSR_FAIL);
	assert_string_equal(e.id, "object.absent");
}

struct seen {
	int n;
	char last[64];
};

static enum acsr_result wrap_second(
	void *arg, const char *owner, struct bytes wrapped, struct buf *fresh, struct acsr_err *e)
{
	struct seen *s = arg;

	s->n++;
	snprintf(s->last, sizeof(s->last), "%s", owner);
	assert_int_equal(wrapped.len, 3);
	return strcmp(owner, "usr_2") == 0 ? buf_put(fresh, "newer", 5, e) : ACSR_OK;
}

static void wrapped_values_are_replaced_one_by_one(void **state)
{
	struct db *d = with_ann(state);
	struct seen s = { 0 };
	CLEANUP_BUF struct buf now = { 0 };
	int64_t changed = 0;

	add_user(d, "acc_1", "usr_2", "bob@example.com", "owner");
	add_user(d, "acc_1", "usr_3", "eve@example.com", "owner");
	OK(second_factor_set(d, "usr_1", (struct bytes){ (const uint8_t *)"old", 3 }, NULL));
	OK(second_factor_set(d, "usr_2", (struct bytes){ (const uint8_t *)"old", 3 }, NULL));
	OK(wrapped_each(d, WRAPPED_TOTP, wrap_second, &s, &changed, NULL));
	assert_int_equal(s.n, 2);
	assert_int_equal(changed, 1);
	buf_init(&now, 100);
	OK(second_factor_get(d, "usr_2", &now, NULL));
	assert_string_equal(buf_cstr(&now), "newer");
}

static enum acsr_result note_entry(
	void *arg, const struct audit_entry *a, const char *hash, struct acsr_err *e)
{
	struct seen *s = arg;

	(void)e;
	assert_int_equal(strlen(hash), 64);
	s->n++;
	snprintf(s->last, sizeof(s->last), "%s", a->object);
	return ACSR_OK;
}

static void the_audit_log_has_pages_by_account(void **state)
{
	struct db *d = *state;
	struct seen s = { 0 };

	for (int i = 0; i < 6; i++) {
		struct audit_entry a = { .at = i,
			.actor = "x",
			.account_id = i % 2 == 0 ? "acc_1" : "acc_2",
			.action = "a.b",
			.object = i % 2 == 0 ? "one" : "two",
			.detail = "" };

		OK(audit_append(d, &a, NULL));
	}
	OK(audit_page(d, NULL, 0, 100, note_entry, &s, NULL));
	assert_int_equal(s.n, 6);
	s.n = 0;
	OK(audit_page(d, "acc_1", 1, 100, note_entry, &s, NULL));
	assert_int_equal(s.n, 2);
	assert_string_equal(s.last, "one");
	s.n = 0;
	OK(audit_page(d, NULL, 4, 1, note_entry, &s, NULL));
	assert_int_equal(s.n, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, tempdb_begin, tempdb_end)
	const struct CMUnitTest tests[] = {
		T(users_are_found_by_address_and_id),
		T(only_people_who_can_act_are_counted),
		T(with_a_user_goes_all_that_is_theirs),
		T(sessions_end_alone_together_or_by_age),
		T(a_link_is_taken_once_for_its_purpose_in_its_time),
		T(a_time_step_and_a_recovery_code_are_used_once),
		T(old_buckets_go_and_known_networks_stay_longer),
		T(a_mail_that_has_ended_has_no_text),
		T(organisations_belong_to_one_account),
		T(wrapped_values_are_replaced_one_by_one),
		T(the_audit_log_has_pages_by_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
